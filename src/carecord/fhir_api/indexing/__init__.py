"""What a resource is found by: exact things as numbers, and values for ranges, words and sorting."""

from carecord.fhir_api.indexing.derived import both_of, either_of
from carecord.fhir_api.indexing.parameters import parameters_of
from carecord.fhir_api.indexing.texts import fold, number_range, token
from carecord.fhir_api.indexing.whole import search_values

__all__ = ["both_of", "either_of", "fold", "number_range", "parameters_of", "search_values", "token"]
