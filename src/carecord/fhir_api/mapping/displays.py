"""What codes that the mapping itself gives are called: apps show a coding by its display."""

from collections.abc import Mapping
from types import MappingProxyType

from carecord.catalogue.code_systems import LOINC, SNOMED
from carecord.fhir_api.kept import Json

_HL7 = "http://terminology.hl7.org/CodeSystem"
_UK_CORE = "https://fhir.hl7.org.uk/CodeSystem/UKCore"

DISPLAYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        f"{_HL7}/allergyintolerance-clinical": {
            "active": "Active",
            "inactive": "Inactive",
            "resolved": "Resolved",
        },
        f"{_HL7}/allergyintolerance-verification": {
            "unconfirmed": "Unconfirmed",
            "confirmed": "Confirmed",
            "refuted": "Refuted",
            "entered-in-error": "Entered in Error",
        },
        f"{_HL7}/condition-category": {
            "problem-list-item": "Problem List Item",
            "encounter-diagnosis": "Encounter Diagnosis",
        },
        f"{_HL7}/condition-clinical": {"active": "Active", "inactive": "Inactive", "resolved": "Resolved"},
        f"{_HL7}/condition-ver-status": {
            "unconfirmed": "Unconfirmed",
            "provisional": "Provisional",
            "confirmed": "Confirmed",
            "refuted": "Refuted",
            "entered-in-error": "Entered in Error",
        },
        f"{_HL7}/consentscope": {
            "adr": "Advanced Care Directive",
            "patient-privacy": "Privacy Consent",
            "treatment": "Treatment",
        },
        f"{_HL7}/location-physical-type": {"wa": "Ward", "ro": "Room", "bd": "Bed"},
        f"{_HL7}/medication-statement-category": {"inpatient": "Inpatient"},
        f"{_HL7}/medicationrequest-course-of-therapy": {"continuous": "Continuous long term therapy"},
        f"{_HL7}/observation-category": {
            "exam": "Exam",
            "laboratory": "Laboratory",
            "social-history": "Social History",
            "survey": "Survey",
            "vital-signs": "Vital Signs",
        },
        f"{_HL7}/v2-0074": {"LAB": "Laboratory", "RAD": "Radiology"},
        f"{_HL7}/v3-ActCode": {
            "AMB": "ambulatory",
            "EMER": "emergency",
            "HH": "home health",
            "IMP": "inpatient encounter",
            "OPTIN": "opt-in",
            "OPTOUT": "opt-out",
            "VR": "virtual",
        },
        f"{_HL7}/v3-Confidentiality": {"N": "normal", "R": "restricted", "V": "very restricted"},
        f"{_HL7}/v3-ObservationInterpretation": {
            "A": "Abnormal",
            "H": "High",
            "HH": "Critical high",
            "I": "Intermediate",
            "L": "Low",
            "LL": "Critical low",
            "N": "Normal",
            "R": "Resistant",
            "S": "Susceptible",
        },
        f"{_UK_CORE}-NHSNumberVerificationStatusEngland": {
            "01": "Number present and verified",
            "02": "Number present but not traced",
            "03": "Trace required",
            "04": "Trace attempted - No match or multiple match found",
            "05": "Trace needs to be resolved - (NHS Number or patient detail conflict)",
            "06": "Trace in progress",
            "07": "Number not present and trace not required",
            "08": "Trace postponed (baby under six weeks old)",
        },
        LOINC.uri: {
            "29463-7": "Body weight",
            "8302-2": "Body height",
            "85354-9": "Blood pressure panel with all children optional",
            "9843-4": "Head Occipital-frontal circumference",
        },
        SNOMED.uri: {
            "310000008": "Accident and Emergency service",
            "373942005": "Discharge summary",
            "714088003": "Midwifery service",
            "734163000": "Care plan",
            "736373009": "End of life care plan",
            "788007007": "General practice service",
        },
    }
)
"""By system and code, in the words of the system. Other codes have what their source calls them."""


def display_of(system: str | None, code: str) -> str | None:
    return DISPLAYS.get(system or "", {}).get(code)


def coding(system: str, code: str) -> Json:
    """The coding with its display, if it is one of these."""
    display = display_of(system, code)
    made = {"system": system, "code": code}
    return made if display is None else made | {"display": display}
