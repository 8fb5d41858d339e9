"""Conditions, allergies, family history, flags, procedures and immunisations."""

from carecord.catalogue.acute import ACUTE_ALLERGIES, ACUTE_DIAGNOSES, ACUTE_PROCEDURES
from carecord.catalogue.alerts import ALERTS
from carecord.catalogue.demographics import COMMUNICATION_NEEDS
from carecord.catalogue.gp import (
    GP_ACTIVE_PROBLEMS,
    GP_ADDITIONAL_PROBLEMS,
    GP_ALLERGIES,
    GP_FAMILY_HISTORY,
    GP_IMMUNISATIONS,
    GP_PAST_PROBLEMS,
)
from carecord.catalogue.model import Operation
from carecord.fhir_api.incoming.drafts import Draft
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.pieces import (
    codes,
    concept_text,
    decimal_text,
    first_text,
    joined,
    objects,
    value_text,
)
from carecord.fhir_api.kept import Json

_DOUBTFUL = ("unconfirmed", "provisional", "differential")
_ACTIVE, _ENDED = {"active", "recurrence", "relapse"}, {"inactive", "remission", "resolved"}


def file_condition(resource: Json) -> Filing:
    verified = codes(resource.get("verificationStatus"))
    if verified & {"refuted", "entered-in-error"}:
        raise NoPlace("it is refuted or entered in error: a list would show it as true")
    if "encounter-diagnosis" in codes(resource.get("category")):
        draft = _diagnosis(resource)
    else:
        draft = _problem(resource)
    doubt = next((one for one in _DOUBTFUL if one in verified), None)
    if draft.get("DiagnosisType") != "Working":
        draft.note("Verification", doubt)
    draft.note("Severity", concept_text(resource.get("severity")))
    draft.note("Body site", joined(map(concept_text, objects(resource.get("bodySite")))))
    return draft.filing()


def _diagnosis(resource: Json) -> Draft:
    draft = Draft(ACUTE_DIAGNOSES, resource, leave=("DiagnosisType",))
    draft.when("DiagnosisDate", resource.get("recordedDate"), *_onset(resource))
    draft.put("DiagnosisType", _second_category(resource))
    if codes(resource.get("verificationStatus")) & {"provisional"}:
        draft.put("DiagnosisType", "Working")
    status = codes(resource.get("clinicalStatus"))
    draft.note("Clinical status", joined(sorted(status - {"active"})))
    draft.note("Ended", value_text(resource, "abatement"))
    return draft


def _problem(resource: Json) -> Draft:
    status = codes(resource.get("clinicalStatus"))
    ended = bool(status & _ENDED) or any(name.startswith("abatement") for name in resource)
    if ended:
        draft = _dated_problem(GP_PAST_PROBLEMS, resource)
        period = resource.get("abatementPeriod") or {}
        draft.when("EndDate", resource.get("abatementDateTime"), period.get("end"), period.get("start"))
        draft.need("EndDate", "it has ended, and does not say on which day: a list would show it as active")
        draft.need("Date", "it has ended, and has no date")
        draft.note("Clinical status", joined(sorted(status - {"resolved"})))
        return draft
    if status & _ACTIVE:
        draft = _dated_problem(GP_ACTIVE_PROBLEMS, resource)
        draft.note("Clinical status", joined(sorted(status - {"active"})))
        if draft.get("Date") is not None:
            return draft
    # What has no date, or does not say that it is active, stands beside the two lists of problems.
    draft = _dated_problem(GP_ADDITIONAL_PROBLEMS, resource)
    draft.note("Clinical status", joined(sorted(status - {"active"})))
    return draft


def _dated_problem(operation: Operation, resource: Json) -> Draft:
    draft = Draft(operation, resource)
    draft.when("Date", *_onset(resource), resource.get("recordedDate"))
    if "onsetDateTime" not in resource and "onsetPeriod" not in resource:
        draft.note("Onset", value_text(resource, "onset"))
    return draft


def _onset(resource: Json) -> tuple[str | None, str | None]:
    return resource.get("onsetDateTime"), (resource.get("onsetPeriod") or {}).get("start")


def _second_category(resource: Json) -> str | None:
    categories = objects(resource.get("category"))
    return concept_text(categories[1]) if len(categories) > 1 else None


_ALLERGY_TYPES = {"medication": "Drug", "food": "Non Drug", "environment": "Non Drug"}


def file_allergy(resource: Json) -> Filing:
    verified = codes(resource.get("verificationStatus"))
    if verified & {"refuted", "entered-in-error"}:
        raise NoPlace("it is refuted or entered in error: a list would show it as an allergy")
    status = codes(resource.get("clinicalStatus"))
    dates = (resource.get("recordedDate"), resource.get("onsetDateTime"))
    draft = Draft(GP_ALLERGIES, resource, leave=("Certainty", "AllergyType"))
    draft.when("Date", *dates)
    name = "Rubric"
    if status != {"active"} or draft.get("Date") is None:
        # Only the hospital's list says that an allergy is no longer active, or holds one without a date.
        draft = Draft(ACUTE_ALLERGIES, resource, leave=("Certainty", "AllergyType", "Status"))
        draft.when("AllergyDate", *dates)
        draft.put("Status", joined(sorted(one.capitalize() for one in status)))
        if draft.get("DMDCode") == draft.get("SnomedCTCode"):
            # In FHIR both are codes of SNOMED CT: an allergy's is a disorder's or a substance's.
            draft.replace("DMDCode", None)
        name = "Allergen"
    reactions = objects(resource.get("reaction"))
    draft.put(name, next((concept_text(one.get("substance")) for one in reactions), None))
    kinds = {_ALLERGY_TYPES.get(str(one)) for one in resource.get("category", ())}
    draft.put("AllergyType", kinds.pop() if len(kinds) == 1 else None)
    draft.put("Certainty", joined(sorted(one.capitalize() for one in verified)))
    if resource.get("type") == "intolerance":
        draft.note("Type", "intolerance")
    draft.note("Criticality", resource.get("criticality"))
    manifestations = [one for reaction in reactions for one in objects(reaction.get("manifestation"))]
    draft.note("Further reactions", joined(map(concept_text, manifestations[1:])))
    return draft.filing()


def file_family_history(resource: Json) -> Filing:
    if resource.get("status") not in ("completed", "partial"):
        raise NoPlace("its status is not one that the list shows")
    conditions = objects(resource.get("condition"))
    if not conditions:
        raise NoPlace("it names no condition")
    draft = Draft(GP_FAMILY_HISTORY, resource, leave=("AgeAtOnset",))
    draft.when("Date", resource.get("date"))
    age = conditions[0].get("onsetAge") or {}
    if age.get("code") == "a" or age.get("unit") in ("a", "years", "year", "yr"):
        draft.put("AgeAtOnset", decimal_text(age.get("value")))
    if draft.get("AgeAtOnset") is None:
        draft.note("Onset", value_text(conditions[0], "onset"))
    for note in objects(conditions[0].get("note")):
        draft.note("On the condition", note.get("text"))
    draft.note("Outcome", concept_text(conditions[0].get("outcome")))
    draft.note("Further conditions", joined(concept_text(one.get("code")) for one in conditions[1:]))
    draft.note("Died", value_text(resource, "deceased"))
    return draft.filing()


_FLAG_STATUSES = {"active": "Active", "inactive": "Inactive"}
_FLAG_TYPES = {"drug": "Drug", "clinical": "Clinical", "admin": "Administrative", "social": "Social"}


def file_flag(resource: Json) -> Filing:
    status = _FLAG_STATUSES.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("it is entered in error: a list would show it as a warning")
    if _ADJUSTMENT in {concept_text(one) for one in objects(resource.get("category"))}:
        return _adjustment(resource, status)
    draft = Draft(ALERTS, resource)
    if draft.get("Category") == "Allergies":
        raise NoPlace("the catalogue holds allergies as AllergyIntolerance")
    draft.put("Category", "Not stated")
    for comment, told in (("CategoryComments", "Category"), ("AlertTypeComments", "AlertType")):
        if draft.get(comment) in (draft.get(told), _second_category(resource)):
            draft.replace(comment, None)
    kinds = {_FLAG_TYPES[one] for one in codes(resource.get("category")) if one in _FLAG_TYPES}
    draft.put("AlertType", kinds.pop() if len(kinds) == 1 else None)
    draft.put("Status", status)
    return draft.filing()


_ADJUSTMENT = "Reasonable adjustment and communication"
_TOLD_IN_THE_PATIENT = ("Language", "Contact preference")


def _adjustment(resource: Json, status: str) -> Filing:
    draft = Draft(COMMUNICATION_NEEDS, resource)
    if status != "Active" or draft.get("Category") in (*_TOLD_IN_THE_PATIENT, _ADJUSTMENT):
        raise NoPlace("it is no adjustment that the list shows, or one that no longer holds")
    return draft.filing()


_SIDES = ("left", "right", "bilateral", "both")


def file_procedure(resource: Json) -> Filing:
    if resource.get("status") != "completed":
        raise NoPlace("it is not completed: the list shows what was done")
    draft = Draft(ACUTE_PROCEDURES, resource, leave=("Laterality",))
    for site in map(concept_text, objects(resource.get("bodySite"))):
        is_side = any(side in (site or "").lower().split() for side in _SIDES)
        if not (is_side and draft.put("Laterality", site)):
            draft.note("Body site", site)
    period = resource.get("performedPeriod") or {}
    draft.when("ProcedureDate", resource.get("performedDateTime"), period.get("start"))
    draft.note("Until", period.get("end"))
    performers = [one.get("actor") for one in objects(resource.get("performer"))]
    draft.put("SurgeonName", first_text(resource, performers[:1]))
    return draft.filing()


_GIVEN = {"completed": "Given", "not-done": "Not given"}


def file_immunisation(resource: Json) -> Filing:
    status = _GIVEN.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("it is entered in error: the list would show it as given")
    draft = Draft(GP_IMMUNISATIONS, resource)
    draft.put("GivenStatus", status)
    draft.when("Date", resource.get("occurrenceDateTime"))
    draft.put("Rubric", concept_text(resource.get("vaccineCode")))
    doses = objects(resource.get("protocolApplied"))
    draft.put_or_note("DoseNumber", doses[0].get("doseNumberString") if doses else None, "Dose")
    if resource.get("primarySource") is False:
        draft.note("Source", concept_text(resource.get("reportOrigin")) or "not who gave it")
    if resource.get("isSubpotent"):
        draft.note("Potency", concept_text(resource.get("subpotentReason")) or "below what is needed")
    return draft.filing()
