"""Encounters, appointments and registrations: where somebody was seen, will be seen, or is registered."""

from datetime import datetime

from carecord.catalogue.acute import ACUTE_ED_ATTENDANCES, ACUTE_OUTPATIENT_APPOINTMENTS
from carecord.catalogue.adt import ADT_ADMISSIONS
from carecord.catalogue.demographics import PATIENT_GP_REGISTRATIONS
from carecord.catalogue.gp import GP_ENCOUNTERS
from carecord.fhir_api.incoming.drafts import Draft
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.pieces import codes, concept_text, first_text, joined, objects
from carecord.fhir_api.incoming.times import local_time
from carecord.fhir_api.kept import Json

_STAYS = frozenset(["IMP", "ACUTE", "NONAC", "SS", "OBSENC"])
_LEGAL_STATUS = "Extension-UKCore-LegalStatus"


def file_encounter(resource: Json) -> Filing:
    if any(str(one.get("url", "")).endswith(_LEGAL_STATUS) for one in objects(resource.get("extension"))):
        raise NoPlace("it tells of a detention, which the catalogue holds as restricted and with more facts")
    kind = (resource.get("class") or {}).get("code")
    if kind in _STAYS:
        return _stay(resource)
    if kind == "EMER":
        return _emergency(resource)
    if kind == "PRENC":
        raise NoPlace("it is planned only")
    return _contact(resource)


_STAY_STATUSES = {
    "planned": "Planned",
    "arrived": "Admitted",
    "triaged": "Admitted",
    "in-progress": "Admitted",
    "onleave": "On leave",
    "finished": "Discharged",
    "cancelled": "Cancelled",
}
_PLACES = {"wa": "WardDesc", "ro": "Bay", "bd": "Bed"}


def _stay(resource: Json) -> Filing:
    """A stay in hospital is a spell; episodes of consultants within it are not told apart in FHIR."""
    status = _STAY_STATUSES.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("its status is not one that admissions have")
    draft = Draft(ADT_ADMISSIONS, resource, leave=("WardCode", "WardDesc", "Bay", "Bed"))
    draft.identify("SpellNumber")
    draft.put("Status", status)
    _put_places(draft, resource)
    draft.put("AdmissionReason", first_text(resource, _conditions(resource)))
    return draft.filing()


def _put_places(draft: Draft, resource: Json) -> None:
    """Ward, bay and bed where the patient is now, or was last."""
    told = [one for one in objects(resource.get("location")) if one.get("location")]
    present = [one for one in told if one.get("status") in (None, "active")]
    for one in present or reversed(told):
        kinds = codes(one.get("physicalType"))
        field = next((_PLACES[kind] for kind in kinds if kind in _PLACES), None if kinds else "WardDesc")
        if field and draft.put(field, first_text(resource, one["location"])) and field == "WardDesc":
            draft.put("WardCode", (one["location"].get("identifier") or {}).get("value"))


def _emergency(resource: Json) -> Filing:
    if resource.get("status") not in ("arrived", "triaged", "in-progress", "onleave", "finished"):
        raise NoPlace("nobody has attended, or not for certain")
    draft = Draft(ACUTE_ED_ATTENDANCES, resource)
    draft.identify("AttendanceId")
    qualifier = draft.get("DiagnosisQualifier")
    draft.replace("DiagnosisQualifier", qualifier and qualifier.capitalize())
    draft.put("ChiefComplaintDesc", first_text(resource, _conditions(resource)))
    if resource["status"] == "finished":
        draft.need("DepartureDate", "it is finished, and does not say when: a list would show it as open")
    return draft.filing()


def _contact(resource: Json) -> Filing:
    status = resource.get("status")
    if status not in ("arrived", "triaged", "in-progress", "onleave", "finished"):
        raise NoPlace("nobody has been seen, or not for certain: the list shows encounters that took place")
    draft = Draft(GP_ENCOUNTERS, resource)
    draft.put("Rubric", first_text(resource, _conditions(resource)))
    draft.put("Rubric", concept_text(resource.get("type")))
    draft.when("Date", (resource.get("period") or {}).get("start"))
    if not any(draft.get(name) for name in ("Date", "Rubric", "Type")):
        raise NoPlace("it says neither when it took place nor what it was about")
    if status != "finished":
        draft.note("Status", status)
    draft.note("Ended", (resource.get("period") or {}).get("end") and _end_told(resource))
    draft.note("Further reasons", joined(map(concept_text, objects(resource.get("reasonCode"))[1:])))
    return draft.filing()


def _end_told(resource: Json) -> str | None:
    """The end, where it is on another day than the start."""
    start, end = (resource["period"].get(one) for one in ("start", "end"))
    return end if str(start)[:10] != str(end)[:10] else None


def _conditions(resource: Json) -> list[Json]:
    return objects(resource.get("reasonReference"))


_ATTENDED = {"fulfilled": "5", "noshow": "3"}
_ATTENDED_WORDS = {
    "booked": "Booked",
    "pending": "Pending",
    "arrived": "Arrived",
    "checked-in": "Arrived",
    "fulfilled": "Attended",
    "noshow": "Did not attend",
    "cancelled": "Cancelled",
}
_CANCELLED_BY = {"pat": "2", "prov": "4"}


def file_appointment(resource: Json) -> Filing:
    status = str(resource.get("status"))
    if status not in _ATTENDED_WORDS:
        raise NoPlace("it is no appointment that was made")
    draft = Draft(ACUTE_OUTPATIENT_APPOINTMENTS, resource, leave=("PriorityCode", "AttendedCode"))
    draft.identify("AppointmentId")
    draft.put("AttendedCode", _ATTENDED.get(status))
    for one in codes(resource.get("cancelationReason")):
        draft.put("AttendedCode", _CANCELLED_BY.get(one.partition("-")[0]))
    draft.put("AttendedDesc", _ATTENDED_WORDS[status])
    draft.put("DurationMinutes", _minutes(resource))
    draft.put("Reason", first_text(resource, _conditions(resource)))
    draft.note("Instruction", resource.get("patientInstruction"))
    return draft.filing()


def _minutes(resource: Json) -> int | None:
    start, end = (local_time(str(resource.get(one))) for one in ("start", "end"))
    if start is None or end is None:
        return None
    return int((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() // 60)


_IS_CURRENT = {"active": "Yes", "finished": "No"}


def file_episode(resource: Json) -> Filing:
    current = _IS_CURRENT.get(str(resource.get("status")))
    kinds = {concept_text(one) for one in objects(resource.get("type"))}
    if "GP registration" not in kinds or current is None:
        raise NoPlace("it is no registration with a practice")
    draft = Draft(PATIENT_GP_REGISTRATIONS, resource)
    draft.put("IsCurrent", current)
    return draft.filing()
