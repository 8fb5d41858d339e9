"""The systems that codes and identifiers are of: HL7's, NHS England's and UK Core's, and the source's own."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from carecord.catalogue.code_systems import DMD, ICD10, LOINC, NICIP, OPCS4, READ2, SNOMED, SPECIALTY
from carecord.fhir_api.definitions.extension_urls import PRESCRIPTION_TYPE, PRESCRIPTION_TYPE_SYSTEM
from carecord.fhir_api.mapping.parts import Source

_OURS = "https://fhir.graphnethealth.com"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_HL7_EXTENSION = "http://hl7.org/fhir/StructureDefinition"
_UK_CORE = "https://fhir.hl7.org.uk/CodeSystem/UKCore"
_UK_CORE_EXTENSION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-"

TENANCIES = f"{_OURS}/CodeSystem-Tenancies"
CONFIDENTIALITY = f"{_HL7}/v3-Confidentiality"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
QUESTIONNAIRES = f"{_OURS}/Questionnaire"
DATA_ABSENT_REASON = f"{_HL7_EXTENSION}/data-absent-reason"
DATA_ABSENT_REASONS = f"{_HL7}/data-absent-reason"


@lru_cache(maxsize=4096)
def local_identifiers(source: Source) -> str:
    """The system of the numbers that the source itself gives."""
    return f"{_OURS}/Id/Local-Identifiers-{source.organisation_code or source.tenancy_id}"


@lru_cache(maxsize=4096)
def local_codes(source: Source) -> str:
    """The system of the codes that only the source knows."""
    return f"{_OURS}/CodeSystem-Local-{source.organisation_code or source.tenancy_id}"


IDENTIFIERS: Mapping[str, str] = MappingProxyType(
    {
        "nhsNumber": NHS_NUMBER,
        "ods": "https://fhir.nhs.uk/Id/ods-organization-code",
        "gmp": "https://fhir.hl7.org.uk/Id/gmp-number",
        "consultant": "https://fhir.hl7.org.uk/Id/consultant-code",
        "ubrn": "https://fhir.nhs.uk/Id/UBRN",
    }
)
"""By the slice of a mark: what an identifier is of. Any other is the source's own."""

CODES: Mapping[str, str] = MappingProxyType(
    {
        # dm+d codes are SNOMED CT codes, and FHIR in the UK writes them as such.
        DMD.name: SNOMED.uri,
        **{system.name: system.uri for system in (SNOMED, READ2, ICD10, OPCS4, LOINC, NICIP, SPECIALTY)},
    }
)
"""By the slice of a mark: what a coding is of. `local` is the source's own."""

EXTENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "display": f"{_HL7_EXTENSION}/display",
        "statusReason": f"{_HL7_EXTENSION}/request-statusReason",
        "prescription-type": PRESCRIPTION_TYPE,
    }
)


def extension_url(name: str) -> str:
    """The URL of an extension by its name in a mark: `UKCore-X`, `Graphnet-X`, or one of HL7's."""
    if name.startswith("UKCore-"):
        return f"{_UK_CORE_EXTENSION}{name}"
    if name.startswith("Graphnet-"):
        return f"{_OURS}/R4/StructureDefinition/Extension-{name.removeprefix('Graphnet-')}"
    return EXTENSIONS.get(name) or f"{_HL7_EXTENSION}/{name}"


_IN_EXTENSIONS = {
    "UKCore-NHSNumberVerificationStatus": f"{_UK_CORE}-NHSNumberVerificationStatusEngland",
    "deathNotificationStatus": f"{_UK_CORE}-DeathNotificationStatus",
    "UKCore-BirthSex": f"{_HL7}/v3-AdministrativeGender",
    "UKCore-EthnicCategory": f"{_UK_CORE}-EthnicCategoryEngland",
    "UKCore-AdmissionMethod": f"{_UK_CORE}-AdmissionMethodEngland",
    "UKCore-DischargeMethod": f"{_UK_CORE}-DischargeMethodEngland",
    "UKCore-OutcomeOfAttendance": f"{_UK_CORE}-OutcomeOfAttendanceEngland",
    "UKCore-DeliveryChannel": f"{_UK_CORE}-DeliveryChannel",
    "legalStatusClassification": f"{_UK_CORE}-LegalStatusClassificationEngland",
    "legalStatusContext": f"{_UK_CORE}-LegalStatusContext",
    "prescription-type": PRESCRIPTION_TYPE_SYSTEM,
}

CODED: Mapping[str, str] = MappingProxyType(
    {
        **{f"extension[{name}].valueCodeableConcept": uri for name, uri in _IN_EXTENSIONS.items()},
        "Patient.maritalStatus": f"{_UK_CORE}-PersonMaritalStatusEngland",
        "Patient.communication.language": "urn:ietf:bcp:47",
        "Encounter.hospitalization.admitSource": f"{_UK_CORE}-SourceOfAdmissionEngland",
        "Encounter.hospitalization.dischargeDisposition": f"{_UK_CORE}-DischargeDestinationEngland",
        "AllergyIntolerance.clinicalStatus": f"{_HL7}/allergyintolerance-clinical",
        "AllergyIntolerance.verificationStatus": f"{_HL7}/allergyintolerance-verification",
        "Condition.clinicalStatus": f"{_HL7}/condition-clinical",
        "Condition.verificationStatus": f"{_HL7}/condition-ver-status",
        "Condition.category": f"{_HL7}/condition-category",
        "Observation.category": f"{_HL7}/observation-category",
        "DiagnosticReport.category": f"{_HL7}/v2-0074",
        "Observation.interpretation": f"{_HL7}/v3-ObservationInterpretation",
        "Observation.component.interpretation": f"{_HL7}/v3-ObservationInterpretation",
        "Encounter.class": f"{_HL7}/v3-ActCode",
        "MedicationRequest.category": f"{_UK_CORE}-MedicationRequestCategory",
        "MedicationRequest.courseOfTherapyType": f"{_HL7}/medicationrequest-course-of-therapy",
        "MedicationStatement.category": f"{_HL7}/medication-statement-category",
        "ImagingStudy.modality": "http://dicom.nema.org/resources/ontology/DCM",
        "Consent.scope": f"{_HL7}/consentscope",
        "DocumentReference.securityLabel": CONFIDENTIALITY,
        "Encounter.type": "https://www.datadictionary.nhs.uk/data_elements/patient_classification_code.html",
        "Appointment.appointmentType": "https://www.datadictionary.nhs.uk/data_elements/first_attendance_code.html",
    }
)
"""What a code is of where its slice does not say, by the element that holds it: see `codes.element_of`."""
