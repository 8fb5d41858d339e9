"""Words of the catalogue as codes of FHIR, by the element that they go to."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from carecord.fhir_api.mapping import values

WORDS: Mapping[str, Mapping[str, str | int]] = MappingProxyType(
    {
        "Patient.gender": {"1": "male", "2": "female", "9": "other", "X": "unknown"},
        "RelatedPerson.gender": {"1": "male", "2": "female", "9": "other", "X": "unknown"},
        "extension[UKCore-BirthSex].valueCodeableConcept.coding.code": {
            "1": "M",
            "2": "F",
            "9": "UN",
        },
        "Patient.address.use": {
            "Home": "home",
            "Temporary": "temp",
            "Correspondence": "billing",
            "Previous": "old",
        },
        "Patient.identifier.use": {"Yes": "old", "No": "usual"},
        "AllergyIntolerance.category": {"Drug": "medication"},
        "AllergyIntolerance.clinicalStatus.coding.code": {
            "Active": "active",
            "Inactive": "inactive",
            "Resolved": "resolved",
        },
        "AllergyIntolerance.verificationStatus.coding.code": {
            "Confirmed": "confirmed",
            "Likely": "unconfirmed",
            "Possible": "unconfirmed",
            "Refuted": "refuted",
        },
        "AllergyIntolerance.reaction.severity": {
            "Mild": "mild",
            "Moderate": "moderate",
            "Severe": "severe",
            "Life threatening": "severe",
        },
        "Appointment.status": {
            "0": "booked",
            "2": "cancelled",
            "3": "noshow",
            "4": "cancelled",
            "5": "fulfilled",
            "6": "fulfilled",
            "7": "noshow",
        },
        # iCalendar's scale: 1 is the highest, 5 the middle.
        "Appointment.priority": {"1": 5, "2": 1, "3": 3},
        "CarePlan.status": {
            "Draft": "draft",
            "Active": "active",
            "On hold": "on-hold",
            "Completed": "completed",
            "Superseded": "completed",
            "Cancelled": "revoked",
        },
        "CarePlan.activity.detail.status": {
            "Proposed": "scheduled",
            "Provisioned": "in-progress",
            "Suggested": "not-started",
            "In progress": "in-progress",
            "Done": "completed",
            "Stopped": "stopped",
        },
        "CareTeam.status": {"Yes": "active", "No": "inactive"},
        "Composition.status": {"Draft": "preliminary", "Final": "final", "Amended": "amended"},
        "Condition.verificationStatus.coding.code": {
            "Confirmed": "confirmed",
            "Suspected": "provisional",
            "Provisional": "provisional",
            "Working": "provisional",
            "Refuted": "refuted",
        },
        "Consent.provision.type": {
            "Agreed": "permit",
            "Not recorded": "permit",
            "Refused": "deny",
            "Withdrawn": "deny",
            "Yes": "permit",
            "No": "deny",
        },
        "DiagnosticReport.status": {
            "P": "preliminary",
            "F": "final",
            "C": "corrected",
            "X": "cancelled",
            "Preliminary": "preliminary",
            "Final": "final",
            "Amended": "amended",
            "Cancelled": "cancelled",
            "Examined not reported": "registered",
        },
        "DocumentReference.docStatus": {
            "Draft": "preliminary",
            "Final": "final",
            "Amended": "amended",
            "Withdrawn": "entered-in-error",
        },
        "DocumentReference.securityLabel.coding.code": {
            "Normal": "N",
            "Restricted": "R",
            "Not for patient": "NOPAT",
        },
        "Encounter.status": {
            "Planned": "planned",
            "Admitted": "in-progress",
            "On leave": "onleave",
            "Discharged": "finished",
            "Cancelled": "cancelled",
            "Attended": "finished",
            "Did not attend": "cancelled",
            "Yes": "in-progress",
            "No": "finished",
        },
        "EpisodeOfCare.status": {
            "Registered": "active",
            "Applied": "planned",
            "Deducted": "finished",
            "Deceased": "finished",
            "Current": "active",
            "Ended": "finished",
            "Transferred": "finished",
            "Yes": "active",
            "No": "finished",
        },
        "Flag.status": {
            "Active": "active",
            "Inactive": "inactive",
            "Completed": "inactive",
            "Ended": "inactive",
            "Entered in error": "entered-in-error",
        },
        "Immunization.status": {"Given": "completed", "Not given": "not-done"},
        "extension[prescription-type].valueCodeableConcept.coding.code": {
            "Acute": "A",
            "Repeat": "R",
            "Repeat dispensing": "D",
        },
        # Plain radiography is none of DICOM's for certain: it may be CR, DX or RG.
        "ImagingStudy.modality.code": {
            "Computed tomography": "CT",
            "CT": "CT",
            "Fluoroscopy": "RF",
            "Magnetic resonance imaging": "MR",
            "Mammography": "MG",
            "MRI": "MR",
            "Nuclear medicine": "NM",
            "Positron emission tomography": "PT",
            "Ultrasound": "US",
        },
        "MedicationStatement.category.coding.code": {
            "Inpatient": "inpatient",
            "Discharge": "discharge",
            "Leave": "leave",
        },
        "MedicationStatement.status": {
            "Active": "active",
            "Stopped": "stopped",
            "Completed": "completed",
            "On hold": "on-hold",
            "Not given": "not-taken",
        },
        "Observation.status": {"P": "preliminary", "F": "final", "C": "corrected", "X": "cancelled"},
        "QuestionnaireResponse.status": {
            "In progress": "in-progress",
            "Completed": "completed",
            "Amended": "amended",
        },
        "ServiceRequest.priority": {
            "1": "routine",
            "2": "urgent",
            "3": "asap",
            "Routine": "routine",
            "Urgent": "urgent",
            "Stat": "stat",
        },
        "ServiceRequest.status": {
            "Sent": "active",
            "Seen": "completed",
            "Closed": "completed",
            "Rejected": "revoked",
            "Cancelled": "revoked",
            "Due": "active",
            "Overdue": "active",
            "Done": "completed",
            "Waiting": "active",
            "Active": "active",
            "Requested": "active",
            "In progress": "active",
            "Booked": "active",
            "Examined": "completed",
            "Reported": "completed",
            "Completed": "completed",
        },
        "Task.status": {
            "Planned": "requested",
            "In progress": "in-progress",
            "Completed": "completed",
            "Cancelled": "cancelled",
        },
    }
)
"""By the element, then by the catalogue's word. A word that is not here gives no code."""


def element_of(words: tuple[str, ...]) -> str:
    """The element that the steps lead to, without its slices: `Patient.address.use`.

    It starts anew at a contained resource and at an extension: `extension[UKCore-X].valueCodeableConcept`.
    """
    named: list[str] = []
    for word in words:
        name, _, selector = word.rstrip("]").partition("[")
        if name == "contained":
            named = [selector]
        elif name == "extension":
            named = [word]
        else:
            named.append(name)
    return ".".join(named)


def codes_for(words: tuple[str, ...]) -> Callable[[Any], Any] | None:
    """How the field's words become codes of the element; None where they are taken as they are."""
    table = WORDS.get(element_of(words))
    if table is None:
        return None
    by_word = {word.casefold(): code for word, code in table.items()}
    return lambda word: by_word.get((values.code(word) or "").casefold())
