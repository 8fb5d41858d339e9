"""Search as R4 defines it: from parameters to one statement that holds what may be seen, and nothing else."""

from carecord.fhir_api.indexing import parameters_of
from carecord.fhir_api.searching.finding import Found, find, match_ids
from carecord.fhir_api.searching.model import Search
from carecord.fhir_api.searching.parsing import parse
from carecord.fhir_api.searching.trimming import trim

__all__ = ["Found", "Search", "find", "match_ids", "parameters_of", "parse", "trim"]
