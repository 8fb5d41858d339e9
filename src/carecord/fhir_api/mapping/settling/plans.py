"""Care plans: end of life, about me, universal."""

from carecord.catalogue.care_plans import ABOUT_ME, END_OF_LIFE_PLANS, UNIVERSAL_CARE_PLANS
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import name_questionnaire, settle_consent
from carecord.fhir_api.mapping.settling.registering import settles

_CONSENT_DOCUMENT = {
    "coding": [{"system": "http://loinc.org", "code": "59284-0", "display": "Consent Document"}]
}


@settles(END_OF_LIFE_PLANS, key="Flag")
def settle_cpr(flag: Json, item: Item, about: About) -> bool:
    """The decision on resuscitation, as long as the plan holds."""
    flag["status"] = "active" if item.get("Status") == "Active" else "inactive"
    return bool(item.get("CprDecision"))


@settles(END_OF_LIFE_PLANS, key="Consent")
def settle_sharing(consent: Json, item: Item, about: About) -> bool:
    consent["category"] = [_CONSENT_DOCUMENT]
    return settle_consent(consent, is_current=True) and bool(item.get("ConsentToShare"))


@settles(END_OF_LIFE_PLANS, key="Observation")
def settle_findings(observation: Json, item: Item, about: About) -> bool:
    return "component" in observation


@settles(ABOUT_ME)
def settle_about_me(response: Json, item: Item, about: About) -> bool:
    name_questionnaire(response, "About me")
    return True


@settles(UNIVERSAL_CARE_PLANS)
def settle_agreement(plan: Json, item: Item, about: About) -> bool:
    """A plan that the person agreed is theirs too."""
    if item.get("AgreedWithPerson") == "Yes":
        plan["contributor"] = [{"reference": f"Patient/{about.patient_detail_id}"}]
    else:
        plan.pop("contributor", None)
    return True
