"""Community and mental health care: referrals, contacts, teams, assessments, diagnoses, risks."""

from carecord.catalogue.community_mental_health import (
    CASELOAD,
    COMMUNITY_ASSESSMENTS,
    COMMUNITY_CONTACTS,
    COMMUNITY_REFERRALS,
    MENTAL_HEALTH_ACT_PERIODS,
    MENTAL_HEALTH_DIAGNOSES,
    MENTAL_HEALTH_RISKS,
)
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.displays import coding
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import concept, name_questionnaire, number_items
from carecord.fhir_api.mapping.settling.registering import settles
from carecord.fhir_api.mapping.systems import CODED

_EPISODE_STATUS = {"Waiting": "waitlist", "Active": "active"}
_REMOTE = frozenset({"telephone", "video", "text", "email", "e-mail"})
_HIGH = ("High", "Very high")


@settles(COMMUNITY_REFERRALS, key="EpisodeOfCare")
def settle_episode(episode: Json, item: Item, about: About) -> bool:
    episode["status"] = _EPISODE_STATUS.get(item.get("Status") or "", "finished")
    return bool(item.get("AcceptedDate"))


@settles(COMMUNITY_CONTACTS)
def settle_contact(encounter: Json, item: Item, about: About) -> bool:
    mechanism = (item.get("MechanismDesc") or "").casefold()
    if mechanism in _REMOTE:
        code = "VR"
    else:
        code = "HH" if "home" in (item.get("LocationDesc") or "").casefold() else "AMB"
    encounter["class"] = coding(CODED["Encounter.class"], code) | encounter.get("class", {})
    return True


@settles(CASELOAD)
def settle_team(team: Json, item: Item, about: About) -> bool:
    if item.get("IsCareCoordinator") == "Yes":
        member = team.setdefault("participant", [{}])[0]
        member.setdefault("role", []).append({"text": "Care coordinator"})
    return True


@settles(COMMUNITY_ASSESSMENTS)
def settle_assessment(response: Json, item: Item, about: About) -> bool:
    name_questionnaire(response, item.get("AssessmentType") or "")
    number_items(response)
    return True


@settles(COMMUNITY_ASSESSMENTS, key="Observation")
def settle_score(observation: Json, item: Item, about: About) -> bool:
    return item.get("Score") not in (None, "")


@settles(MENTAL_HEALTH_DIAGNOSES)
def settle_diagnosis(condition: Json, item: Item, about: About) -> bool:
    condition["clinicalStatus"] = concept(CODED["Condition.clinicalStatus"], "active")
    condition["verificationStatus"] = concept(CODED["Condition.verificationStatus"], "confirmed")
    return True


@settles(MENTAL_HEALTH_RISKS, key="Flag")
def settle_risk_flag(flag: Json, item: Item, about: About) -> bool:
    """A high risk that stands warns whoever opens the record."""
    return item.get("IsCurrent") == "Yes" and item.get("RiskLevel") in _HIGH


@settles(MENTAL_HEALTH_ACT_PERIODS)
def settle_detention(encounter: Json, item: Item, about: About) -> bool:
    encounter.setdefault("status", "finished" if item.get("EndDate") else "in-progress")
    return True
