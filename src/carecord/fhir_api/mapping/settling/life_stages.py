"""Maternity and child health."""

from carecord.catalogue.child_health import CHILD_HEALTH_IMMUNISATIONS, CHILD_HEALTH_REVIEWS, CHILD_SCREENING
from carecord.catalogue.maternity import MATERNITY_CONTACTS, MATERNITY_DELIVERIES, MATERNITY_PREGNANCIES
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import name_questionnaire, name_vaccine
from carecord.fhir_api.mapping.settling.registering import settles

_SPECIMEN_RECEIVED = "01"


@settles(MATERNITY_PREGNANCIES)
def settle_pregnancy(episode: Json, item: Item, about: About) -> bool:
    episode.setdefault("status", "finished" if item.get("DischargeDate") else "active")
    return True


@settles(MATERNITY_PREGNANCIES, key="Observation")
def settle_due_date(observation: Json, item: Item, about: About) -> bool:
    return bool(item.get("EstimatedDeliveryDate"))


@settles(MATERNITY_PREGNANCIES, key="Summary")
@settles(MATERNITY_CONTACTS, key="Observation")
@settles(MATERNITY_CONTACTS, key="Findings")
@settles(MATERNITY_DELIVERIES, key="Labour")
def settle_findings(observation: Json, item: Item, about: About) -> bool:
    """Its components are what it says: without any there is no such observation."""
    return "component" in observation


@settles(MATERNITY_DELIVERIES, key="Baby")
def settle_baby(observation: Json, baby: Item, about: About) -> bool:
    if known := baby.get("BabyPatientDetailId"):
        focus = observation.setdefault("focus", [{}])[0]
        focus["reference"] = f"Patient/{known}"
    return True


@settles(CHILD_SCREENING)
def settle_screening(observation: Json, item: Item, about: About) -> bool:
    observation["status"] = "registered" if item.get("OutcomeCode") == _SPECIMEN_RECEIVED else "final"
    return True


@settles(CHILD_HEALTH_IMMUNISATIONS)
def settle_immunisation(immunization: Json, item: Item, about: About) -> bool:
    """One that is only due is no immunisation yet."""
    name_vaccine(immunization)
    return item.get("GivenStatus") != "Scheduled"


@settles(CHILD_HEALTH_REVIEWS)
def settle_review(response: Json, item: Item, about: About) -> bool:
    name_questionnaire(response, item.get("ReviewType") or "")
    return True


@settles(CHILD_HEALTH_REVIEWS, key="Observation")
@settles(CHILD_HEALTH_REVIEWS, key="Length")
@settles(CHILD_HEALTH_REVIEWS, key="Head")
def settle_measurement(observation: Json, item: Item, about: About) -> bool:
    return "valueQuantity" in observation or "valueString" in observation
