"""Contacts, registration with a practice, needs, consent and legal information."""

from carecord.catalogue.demographics import (
    COMMUNICATION_NEEDS,
    LEGAL_INFORMATION,
    PATIENT_CONTACTS,
    PATIENT_GP_REGISTRATIONS,
    SHARING_STATUS,
)
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import concept, settle_consent, use_contained_organization
from carecord.fhir_api.mapping.settling.registering import is_past, settles, years_after
from carecord.fhir_api.mapping.systems import CODED

_OF_THE_PATIENT = ("Language", "Contact preference")


@settles(PATIENT_CONTACTS)
def settle_contact(person: Json, item: Item, about: About) -> bool:
    person["active"] = not is_past(item.get("EndDate"), about)
    return True


@settles(PATIENT_GP_REGISTRATIONS)
def settle_registration(episode: Json, item: Item, about: About) -> bool:
    use_contained_organization(episode)
    return True


@settles(COMMUNICATION_NEEDS)
def settle_need(flag: Json, item: Item, about: About) -> bool:
    """A language or a way of making contact is the Patient's, not a flag."""
    review = item.get("ReviewDate")
    flag["status"] = "inactive" if review and is_past(years_after(review, 1), about) else "active"
    return item.get("Category") not in _OF_THE_PATIENT


@settles(SHARING_STATUS)
def settle_sharing(consent: Json, item: Item, about: About) -> bool:
    return settle_consent(consent, is_current=not is_past(item.get("ExpiryDate"), about))


@settles(LEGAL_INFORMATION)
def settle_legal(consent: Json, item: Item, about: About) -> bool:
    advance = (item.get("LegalType") or "").startswith("Advance")
    consent["scope"] = concept(CODED["Consent.scope"], "adr" if advance else "treatment")
    if source := consent.get("sourceReference"):
        source.setdefault("type", "DocumentReference")
    return settle_consent(consent, is_current=not is_past(item.get("EndDate"), about))
