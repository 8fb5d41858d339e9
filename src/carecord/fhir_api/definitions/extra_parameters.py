"""Search parameters beyond R4's, as callers of the CareCentric API know them."""

from collections.abc import Mapping
from types import MappingProxyType

from carecord.fhir_api.definitions import Parameter
from carecord.fhir_api.definitions.extension_urls import (
    LAST_ISSUE_DATE,
    NHS_NUMBER_VERIFICATION_STATUS,
    PRESCRIPTION_TYPE,
    VACCINATION_PROCEDURE,
)

_URL = "https://fhir.graphnethealth.com/R4/SearchParameter/"


def _parameter(code: str, kind: str, url: str, expression: str, about: str) -> Parameter:
    return Parameter(code=code, type=kind, url=f"{_URL}{url}", expression=expression, about=about)


EXTRA_PARAMETERS: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        type_name: MappingProxyType({one.code: one for one in parameters})
        for type_name, parameters in {
            "Patient": (
                _parameter(
                    "nhsNumberVerificationStatus",
                    "token",
                    "Patient-nhsNumberVerificationStatus",
                    f"Patient.identifier.extension('{NHS_NUMBER_VERIFICATION_STATUS}').value",
                    "Whether the NHS number was verified",
                ),
            ),
            "Flag": (
                _parameter("category", "token", "Flag-category", "Flag.category", "What kind of flag it is"),
                _parameter("code", "token", "Flag-code", "Flag.code", "What it warns of"),
            ),
            "Immunization": (
                _parameter(
                    "immunization-procedure",
                    "token",
                    "Immunization-immunization-procedure",
                    f"Immunization.extension('{VACCINATION_PROCEDURE}').value",
                    "The act of vaccinating",
                ),
            ),
            "MedicationRequest": (
                _parameter(
                    "prescription-type",
                    "token",
                    "MedicationRequest-prescription-type",
                    f"MedicationRequest.extension('{PRESCRIPTION_TYPE}').value",
                    "Repeat, acute or repeat dispensed",
                ),
            ),
            "MedicationStatement": (
                _parameter(
                    "prescription-type",
                    "token",
                    "MedicationStatement-prescription-type",
                    f"MedicationStatement.extension('{PRESCRIPTION_TYPE}').value",
                    "Repeat, acute or repeat dispensed",
                ),
                _parameter(
                    "last-issued",
                    "date",
                    "MedicationStatement-last-issued",
                    f"MedicationStatement.extension('{LAST_ISSUE_DATE}').value",
                    "When the medicine was last issued",
                ),
            ),
        }.items()
    }
)
"""By type and code. `getAllLinkedPatients` is an option of a search, and not here."""
