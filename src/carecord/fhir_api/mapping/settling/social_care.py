"""Social care."""

from carecord.catalogue.social_care import (
    SOCIAL_CARE_CARE_PLANS,
    SOCIAL_CARE_CASE_WORKERS,
    SOCIAL_CARE_CLASSIFICATIONS,
    SOCIAL_CARE_DISABILITIES,
    SOCIAL_CARE_RELATED_PERSONS,
    SOCIAL_CARE_RISKS,
)
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import concept
from carecord.fhir_api.mapping.settling.registering import is_past, settles
from carecord.fhir_api.mapping.systems import CODED


def _is_active(item: Item) -> bool:
    """Rows stand in a section of the whole view: `ActiveCaseWorkers`, `InactiveCaseWorkers`."""
    return (item.get("Section") or "").startswith("Active")


@settles(SOCIAL_CARE_CASE_WORKERS)
def settle_case_worker(team: Json, item: Item, about: About) -> bool:
    team["status"] = "active" if _is_active(item) else "inactive"
    if item.get("KeyWorkerIndicator") == "Yes":
        member = team.setdefault("participant", [{}])[0]
        member.setdefault("role", []).append({"text": "Key worker"})
    return True


@settles(SOCIAL_CARE_RELATED_PERSONS)
def settle_related_person(person: Json, item: Item, about: About) -> bool:
    person["active"] = _is_active(item)
    return True


@settles(SOCIAL_CARE_CLASSIFICATIONS)
def settle_classification(flag: Json, item: Item, about: About) -> bool:
    flag["status"] = "active" if _is_active(item) else "inactive"
    return True


@settles(SOCIAL_CARE_RISKS)
def settle_risk(flag: Json, item: Item, about: About) -> bool:
    flag["status"] = "inactive" if is_past(item.get("EndDate"), about) else "active"
    return True


@settles(SOCIAL_CARE_DISABILITIES)
def settle_disability(condition: Json, item: Item, about: About) -> bool:
    status = "inactive" if item.get("EndDate") else "active"
    condition["clinicalStatus"] = concept(CODED["Condition.clinicalStatus"], status)
    return True


@settles(SOCIAL_CARE_CARE_PLANS)
def settle_plan(plan: Json, item: Item, about: About) -> bool:
    if item.get("Status") == "Active":
        plan["status"] = "active"
    else:
        plan["status"] = "completed" if is_past(item.get("EndDate"), about) else "draft"
    return True
