"""Which resources a caller may see: the condition that every statement holds, so that nothing can leak."""

from carecord.fhir_api.searching.conditions import known_update
from carecord.fhir_api.searching.sight import Visible, values_of, visible

__all__ = ["Visible", "known_update", "values_of", "visible"]
