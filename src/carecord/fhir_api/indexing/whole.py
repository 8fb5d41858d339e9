"""The search values of a whole resource."""

from typing import Any

from carecord.fhir_api.fhirpath import Nodes
from carecord.fhir_api.indexing.composites import add_composites
from carecord.fhir_api.indexing.exact import add_references, add_tokens, add_uris
from carecord.fhir_api.indexing.parameters import Indexed, plan_of
from carecord.fhir_api.indexing.ranges import add_dates, add_numbers, add_quantities
from carecord.fhir_api.indexing.words import add_texts
from carecord.fhir_api.kept import Json, SearchValues


def search_values(resource: Json, *, base: str = "") -> SearchValues:
    """What a resource is found by; `base` is our own FHIR address, which references may begin with."""
    plan = plan_of(resource["resourceType"])
    tokens: set[int] = set()
    values: dict[str, Any] = {}
    wanted = dict.fromkeys(plan.always)
    for name in resource:
        if name in plan.by_name:
            wanted.update(dict.fromkeys(plan.by_name[name]))
    for one in wanted:
        nodes = [node for node in one.find(resource) if node[0] is not None]
        if nodes:
            _add(one, nodes, tokens, values, base)
    return SearchValues(tuple(sorted(tokens)), values)


def _add(one: Indexed, nodes: Nodes, tokens: set[int], values: dict[str, Any], base: str) -> None:
    match one.type:
        case "token":
            add_tokens(one, nodes, tokens, values)
        case "reference":
            add_references(one, nodes, tokens, values, base)
        case "date":
            add_dates(one, nodes, tokens, values)
        case "string":
            add_texts(one, nodes, tokens, values)
        case "uri":
            add_uris(one, nodes, tokens, values)
        case "quantity":
            add_quantities(one, nodes, values)
        case "number":
            add_numbers(one, nodes, values)
        case "composite":
            add_composites(one, nodes, values, base)
            if one.code not in values:
                return
    tokens.add(one.presence)
