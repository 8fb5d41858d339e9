"""Medicines: what somebody takes or took, in the community or in hospital, and what was prescribed."""

from carecord.catalogue.acute import ACUTE_MEDICATIONS
from carecord.catalogue.gp import GP_ISSUED_MEDICATIONS, GP_PAST_MEDICATIONS, GP_REPEAT_MEDICATIONS
from carecord.catalogue.model import Operation
from carecord.fhir_api.definitions.extension_urls import (
    LAST_ISSUE_DATE,
    PRESCRIPTION_TYPE,
    PRESCRIPTION_TYPE_SYSTEM,
)
from carecord.fhir_api.incoming.drafts import Draft
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.pieces import (
    code_of,
    codes,
    concept_text,
    contained,
    joined,
    objects,
    quantity_text,
    reference_text,
)
from carecord.fhir_api.kept import Json

_IN_HOSPITAL = {"inpatient": "Inpatient", "discharge": "Discharge", "leave": "Leave"}
_HOSPITAL_STATUSES = {
    "active": "Active",
    "stopped": "Stopped",
    "completed": "Completed",
    "on-hold": "On hold",
    "not-taken": "Not given",
}


def file_statement(resource: Json) -> Filing:
    context = next(
        (_IN_HOSPITAL[one] for one in codes(resource.get("category")) if one in _IN_HOSPITAL), None
    )
    if context:
        return _in_hospital(resource, context)
    if _prescription_type(resource) == "A":
        raise NoPlace("it is an acute medicine: the lists of courses are of repeat medicines")
    if "patientspecified" in codes(resource.get("category")):
        raise NoPlace("the patient takes it on their own: the lists are of what the GP prescribed")
    match resource.get("status"):
        case "active":
            draft = _course(GP_REPEAT_MEDICATIONS, resource)
            if "end" in (resource.get("effectivePeriod") or {}):
                raise NoPlace("it is active, and has an end: the list of courses would show it as past")
        case "completed" | "stopped":
            draft = _course(GP_PAST_MEDICATIONS, resource)
            draft.need(
                "EndDate", "it has ended, and does not say on which day: a list would show it as current"
            )
        case _:
            raise NoPlace("its status is not one that the lists of courses show")
    return draft.filing()


def _course(operation: Operation, resource: Json) -> Draft:
    draft = Draft(operation, _with_medicine(resource))
    draft.when("Date", resource.get("effectiveDateTime"), resource.get("dateAsserted"))
    draft.put("LastIssuedDate", _extension(resource, LAST_ISSUE_DATE).get("valueDateTime"))
    draft.replace("Dosage", _dosage(resource.get("dosage")))
    draft.need("Rubric", "it does not name the medicine")
    return draft


def _in_hospital(resource: Json, context: str) -> Filing:
    status = _HOSPITAL_STATUSES.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("its status is not one that the list shows")
    draft = Draft(ACUTE_MEDICATIONS, _with_medicine(resource), leave=("MedicationContext", "ChangeReason"))
    draft.put("MedicationContext", context)
    draft.put("Status", status)
    if draft.get("SnomedCTCode") == draft.get("DMDCode"):
        # In FHIR both are codes of SNOMED CT: a medicine's is taken as that of the dm+d.
        draft.replace("SnomedCTCode", None)
    draft.when("StartDate", resource.get("effectiveDateTime"), resource.get("dateAsserted"))
    draft.replace("DosageText", _dosage(resource.get("dosage")))
    return draft.filing()


_ISSUED = ("active", "completed")
_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
_PRESCRIPTION_TYPES = {"A": "Acute", "R": "Repeat", "D": "Repeat dispensing"}
_COURSES = {"acute": "Acute", "repeat": "Repeat", "repeat-dispensing": "Repeat dispensing"}


def file_request(resource: Json) -> Filing:
    if resource.get("doNotPerform"):
        raise NoPlace("it asks that the medicine not be given")
    if resource.get("status") not in _ISSUED or resource.get("intent") not in _ORDERS:
        raise NoPlace("it is no prescription that was issued")
    if "inpatient" in codes(resource.get("category")):
        raise NoPlace("it is an order for the ward: the list is of prescriptions issued")
    draft = Draft(GP_ISSUED_MEDICATIONS, _with_medicine(resource), leave=("PrescriptionType",))
    draft.replace("Dosage", _dosage(resource.get("dosageInstruction")))
    draft.put("PrescriptionType", _PRESCRIPTION_TYPES.get(_prescription_type(resource) or ""))
    for one in codes(resource.get("courseOfTherapyType")):
        draft.put("PrescriptionType", _COURSES.get(one))
    draft.put("PrescriptionType", (resource.get("courseOfTherapyType") or {}).get("text"))
    draft.need("Rubric", "it does not name the medicine")
    return draft.filing()


def _with_medicine(resource: Json) -> Json:
    """The resource with its medicine as a concept, also where it refers to a contained one."""
    if "medicationReference" not in resource:
        return resource
    reference = resource["medicationReference"]
    concept = dict((contained(resource, reference) or {}).get("code") or {})
    said = concept_text(concept) or reference_text(resource, reference)
    return resource | {"medicationCodeableConcept": concept | ({"text": said} if said else {})}


def _prescription_type(resource: Json) -> str | None:
    concept = _extension(resource, PRESCRIPTION_TYPE).get("valueCodeableConcept")
    return code_of(concept, PRESCRIPTION_TYPE_SYSTEM)


def _extension(resource: Json, url: str) -> Json:
    return next((one for one in objects(resource.get("extension")) if one.get("url") == url), {})


def _dosage(dosages: object) -> str | None:
    return joined(map(_dosage_text, objects(dosages)))


def _dosage_text(dosage: Json) -> str | None:
    """The words of who prescribed it, else the parts of the dosage in words."""
    if dosage.get("text"):
        return str(dosage["text"])
    dose = next((one for one in objects(dosage.get("doseAndRate"))), {})
    parts = [
        quantity_text(dose.get("doseQuantity") or {}),
        concept_text(dosage.get("route")),
        concept_text((dosage.get("timing") or {}).get("code")),
        "as required"
        if dosage.get("asNeededBoolean")
        else concept_text(dosage.get("asNeededCodeableConcept")),
        dosage.get("patientInstruction"),
    ]
    return joined(parts, ", ")
