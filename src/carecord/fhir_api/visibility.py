"""Which resources a caller may see: the condition that every statement holds, so that nothing can leak."""

from carecord.fhir_api.searching.sight import Visible, values_of, visible

__all__ = ["Visible", "values_of", "visible"]
