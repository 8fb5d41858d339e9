"""Plans, teams and assessments: what was planned with somebody, by whom, and what was asked of them."""

from collections.abc import Iterator
from typing import Any

from carecord.catalogue.care_plans import UNIVERSAL_CARE_PLANS
from carecord.catalogue.community_mental_health import CASELOAD, COMMUNITY_ASSESSMENTS, COMMUNITY_CARE_PLANS
from carecord.fhir_api.incoming.drafts import Draft
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.pieces import (
    codes,
    concept_text,
    first_text,
    joined,
    objects,
    reference_text,
    value_text,
    words,
)
from carecord.fhir_api.kept import Json

_END_OF_LIFE = "736373009"
_CARE_PLAN = "734163000"
_PLAN_STATUSES = {
    "draft": "Draft",
    "active": "Active",
    "on-hold": "On hold",
    "completed": "Completed",
    "revoked": "Cancelled",
}
_STAGES = {
    "not-started": "Suggested",
    "scheduled": "Suggested",
    "in-progress": "In progress",
    "completed": "Done",
    "stopped": "Stopped",
}


def file_care_plan(resource: Json) -> Filing:
    status = _PLAN_STATUSES.get(str(resource.get("status")))
    if status is None or resource.get("intent") != "plan":
        raise NoPlace("it is no plan that lists show")
    if _END_OF_LIFE in codes(resource.get("category")):
        raise NoPlace(
            "its decisions at the end of life must each stand in a field, and it does not name them"
        )
    if any(one.get("detail", {}).get("doNotPerform") for one in objects(resource.get("activity"))):
        raise NoPlace("it says what must not be done: the list would show it as something to do")
    setting = _care_setting(resource)
    in_community = setting is not None or "community" in words(resource.get("category"))
    operation = COMMUNITY_CARE_PLANS if in_community else UNIVERSAL_CARE_PLANS
    identity, kind = ("CarePlanId", "CarePlanType") if in_community else ("PlanId", "PlanType")
    draft = Draft(operation, resource, leave=(kind, "CareSetting" if in_community else "AgreedWithPerson"))
    draft.identify(identity)
    draft.put(kind, _kind(resource) or resource.get("title") or "Not stated")
    draft.put("Status", status)
    draft.when("CreatedDate", (resource.get("period") or {}).get("start"))
    if in_community:
        draft.put("CareSetting", setting or "Community")
        draft.item["Problems"] = {"Problem": [*_problems(resource)]}
    else:
        draft.item["Needs"] = {"Need": [*_needs(resource)]}
    return draft.filing()


def _needs(resource: Json) -> Iterator[dict[str, Any]]:
    """Rows of what it says: nothing in it tells which need a goal or an action is for."""
    for field, told in (("Description", "addresses"), ("Goal", "goal")):
        for one in objects(resource.get(told)):
            if said := _named(resource, one):
                yield {field: said}
    for one in objects(resource.get("activity")):
        detail = one.get("detail") or {}
        row = {
            "Action": _action(resource, one),
            "ActionBy": first_text(resource, detail.get("performer")),
            "ActionWhen": detail.get("scheduledString") or value_text(detail, "scheduled"),
            "Stage": _STAGES.get(str(detail.get("status"))),
            "Outcome": joined(note.get("text") for note in objects(one.get("progress"))),
        }
        if row["Action"]:
            yield row


def _problems(resource: Json) -> Iterator[dict[str, Any]]:
    for row in _needs(resource):
        told = {
            "Description": row.get("Description"),
            "Goal": row.get("Goal"),
            "Intervention": row.get("Action"),
            "Responsible": row.get("ActionBy"),
            "Outcome": row.get("Outcome"),
        }
        yield {name: value for name, value in told.items() if value}


def _action(resource: Json, activity: Json) -> str | None:
    detail = activity.get("detail") or {}
    said = detail.get("description") or concept_text(detail.get("code"))
    return said or reference_text(resource, activity.get("reference"))


def _named(resource: Json, reference: Json) -> str | None:
    """What a condition or a goal is called: a contained goal by its description."""
    target = reference.get("reference")
    for one in objects(resource.get("contained")):
        if isinstance(target, str) and target == f"#{one.get('id')}" and one.get("description"):
            return concept_text(one["description"])
    return reference_text(resource, reference)


_CARE_SETTINGS = ("Community", "Mental health")


def _care_setting(resource: Json) -> str | None:
    """What it says itself; rows of mental health are restricted."""
    told = map(concept_text, objects(resource.get("category")))
    return next((one for one in told if one in _CARE_SETTINGS), None)


def _kind(resource: Json) -> str | None:
    """What kind it is in words: of its categories, the first that is more than a code and no care setting.

    That it is a care plan says nothing more of it: any other words come first.
    """
    told = [one for one in objects(resource.get("category")) if words(one)]
    told.sort(key=lambda one: "text" not in one and _CARE_PLAN in codes(one))
    return next((said for one in told if (said := concept_text(one)) not in _CARE_SETTINGS), None)


_COORDINATOR = "coordinator"


def file_care_team(resource: Json) -> Filing:
    status = resource.get("status")
    if status not in ("active", "inactive", "suspended"):
        raise NoPlace("its status is not one that the list shows")
    draft = Draft(CASELOAD, resource, leave=("CareSetting", "TeamType"))
    draft.put("TeamType", _kind(resource))
    draft.put("CareSetting", _care_setting(resource) or "Community")
    draft.identify("TeamCode")
    draft.put("TeamDesc", first_text(resource, resource.get("managingOrganization")))
    roles = [one.get("role") for one in objects(resource.get("participant"))[:1]]
    draft.put("IsCareCoordinator", "Yes" if any(_COORDINATOR in words(one) for one in roles) else "No")
    draft.put("Active", "Yes" if status == "active" else "No")
    return draft.filing()


_RESPONSE_STATUSES = {"in-progress": "In progress", "completed": "Completed", "amended": "Amended"}


def file_response(resource: Json) -> Filing:
    status = _RESPONSE_STATUSES.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("its status is not one that the list shows")
    if "subject" not in resource:
        raise NoPlace("it does not say whom it is about")
    draft = Draft(COMMUNITY_ASSESSMENTS, resource)
    # Mental health rows are restricted; who sends one says so by meta.security, and it is kept as FHIR alone.
    draft.put("CareSetting", "Community")
    draft.identify("AssessmentId")
    draft.put("AssessmentType", _questionnaire(resource) or "Not stated")
    draft.put("Status", status)
    draft.item["Answers"] = {"Answer": [*_answers(resource)]}
    return draft.filing()


def _questionnaire(resource: Json) -> str | None:
    """What the questionnaire is called: its display, else the end of its address."""
    for one in objects((resource.get("_questionnaire") or {}).get("extension")):
        if one.get("url") == "http://hl7.org/fhir/StructureDefinition/display" and one.get("valueString"):
            return str(one["valueString"])
    url = str(resource.get("questionnaire") or "").partition("|")[0]
    return url.rstrip("/").rpartition("/")[2] or None


_OWN_FIELDS = frozenset(["score", "interpretation", "summary"])


def _answers(node: Json) -> Iterator[dict[str, Any]]:
    """Every question that was answered, those within groups and answers too."""
    for one in objects(node.get("item")):
        said = [value_text(answer) for answer in objects(one.get("answer"))]
        if any(said) and one.get("linkId") not in _OWN_FIELDS:
            yield {"Question": one.get("text") or one.get("linkId"), "Answer": joined(said)}
        yield from _answers(one)
        for answer in objects(one.get("answer")):
            yield from _answers(answer)
