"""The catalogue as FHIR: entries and source records become resources, by what the declarations say."""

from carecord.fhir_api.mapping.entries import resources_of
from carecord.fhir_api.mapping.parts import (
    PATIENT_STORES,
    About,
    Content,
    Item,
    Made,
    PatientLink,
    PatientParts,
    Source,
)
from carecord.fhir_api.mapping.patients import patient_of

__all__ = [
    "PATIENT_STORES",
    "About",
    "Content",
    "Item",
    "Made",
    "PatientLink",
    "PatientParts",
    "Source",
    "patient_of",
    "resources_of",
]
