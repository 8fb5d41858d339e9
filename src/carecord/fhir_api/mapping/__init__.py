"""The catalogue as FHIR: entries and source records become resources, by what the declarations say."""

from carecord.fhir_api.mapping.entries import resources_of

__all__ = ["resources_of"]
