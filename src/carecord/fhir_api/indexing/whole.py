"""The search values of a whole resource."""

from carecord.fhir_api.indexing.composites import add_composites
from carecord.fhir_api.indexing.exact import add_references, add_tokens, add_uris
from carecord.fhir_api.indexing.parameters import parameters_read
from carecord.fhir_api.indexing.ranges import add_dates, add_numbers, add_quantities
from carecord.fhir_api.indexing.reading import Reading
from carecord.fhir_api.indexing.words import add_texts
from carecord.fhir_api.kept import Json, SearchValues

_ADD = {
    "composite": add_composites,
    "date": add_dates,
    "number": add_numbers,
    "quantity": add_quantities,
    "reference": add_references,
    "string": add_texts,
    "token": add_tokens,
    "uri": add_uris,
}


def search_values(resource: Json, *, base: str = "") -> SearchValues:
    """What a resource is found by; `base` is our own FHIR address, which references may begin with."""
    read = Reading(base)
    for one in parameters_read(resource["resourceType"], tuple(resource)):
        nodes = one.find(resource)
        if nodes:
            _ADD[one.type](one, nodes, read)
            if one.type != "composite" or one.code in read.values:
                read.tokens.add(one.presence)
    return SearchValues(tuple(read.tokens), read.values)
