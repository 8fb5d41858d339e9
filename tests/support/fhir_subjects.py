"""Whom a resource is about, changed: examples of HL7 pointed at a patient of the tests' own."""

from collections.abc import Mapping

from carecord.fhir_api.json_text import encode
from carecord.fhir_api.kept import Json

SUBJECT: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    (
        *("CarePlan", "CareTeam", "Communication", "Composition", "Condition", "DiagnosticReport"),
        *("DocumentReference", "Encounter", "Flag", "Goal", "ImagingStudy", "List"),
        *("MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement"),
        *("Observation", "Procedure", "QuestionnaireResponse", "RiskAssessment", "ServiceRequest"),
        "Specimen",
    ),
    ("subject",),
) | {
    "AllergyIntolerance": ("patient",),
    "Appointment": ("participant", "actor"),
    "AppointmentResponse": ("actor",),
    "Consent": ("patient",),
    "Device": ("patient",),
    "EpisodeOfCare": ("patient",),
    "FamilyMemberHistory": ("patient",),
    "Immunization": ("patient",),
    "Provenance": ("target",),
    "RelatedPerson": ("patient",),
    "Schedule": ("actor",),
    "Task": ("for",),
}
"""By type: the path to the reference that says whom a resource is about."""


def about(resource: Json, patient_id: str) -> Json:
    """The same about this patient; what is about no patient stays as it is."""
    reference = {"reference": f"Patient/{patient_id}"}
    path = SUBJECT.get(resource["resourceType"])
    if path is None:
        return resource
    found = resource.get(path[0])
    if len(path) == 2:
        rows = [
            row | {path[1]: reference} if _names_a_patient(row.get(path[1], {})) else row
            for row in found or ()
        ]
        return resource | {path[0]: rows}
    if isinstance(found, list):
        return resource | {path[0]: [reference if _names_a_patient(one) else one for one in found]}
    if found is None or not _may_be_a_patient(found):
        return resource
    return _without_contained(resource, found) | {path[0]: reference}


def _names_a_patient(reference: Json) -> bool:
    return "Patient/" in reference.get("reference", "")


def _may_be_a_patient(reference: Json) -> bool:
    """Contained, in words alone, or by reference; and not a group, a device or a place."""
    where: str = reference.get("reference", "")
    return not where or where.startswith("#") or "Patient/" in where


def _without_contained(resource: Json, subject: Json) -> Json:
    """Without the contained patient, unless something else points at it."""
    where = subject.get("reference", "")
    rest = {name: value for name, value in resource.items() if value is not subject}
    if not where.startswith("#") or encode(where) in encode(rest):
        return resource
    left = [one for one in resource["contained"] if f"#{one['id']}" != where]
    del rest["contained"]
    return rest | {"contained": left} if left else rest
