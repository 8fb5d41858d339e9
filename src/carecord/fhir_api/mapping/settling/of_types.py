"""What resources of one type need, whichever collection they come from."""

from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.displays import coding
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.systems import QUESTIONNAIRES

_ALLERGY_STATUS = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
_ALLERGY_CERTAINTY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"


def concept(system: str, code: str) -> Json:
    return {"coding": [coding(system, code)]}


def settle_allergy(allergy: Json, *, clinical: str | None, in_error: bool = False) -> bool:
    """An allergy has a clinical status, unless it was entered in error (ait-1, ait-2)."""
    if in_error:
        allergy["verificationStatus"] = concept(_ALLERGY_CERTAINTY, "entered-in-error")
        allergy.pop("clinicalStatus", None)
        return True
    status = allergy.setdefault("clinicalStatus", {})
    if clinical or "coding" not in status:
        status["coding"] = [coding(_ALLERGY_STATUS, clinical or "active")]
    return True


def settle_document(document: Json, item: Item, about: About) -> bool:
    """The status of the reference, and where the content is."""
    document["status"] = "entered-in-error" if item.get("Status") == "Withdrawn" else "current"
    content = document.setdefault("content", [{}])
    attachment = content[0].setdefault("attachment", {})
    if about.content is not None:
        # What the bytes are, they themselves say; a list of letters may say what they were sent as.
        told = {"contentType": about.content.mime_type, "size": about.content.size_bytes}
        attachment |= {name: value for name, value in told.items() if value is not None}
        attachment["url"] = f"Binary/{about.content.entry_id}"
    elif not attachment:
        attachment["title"] = "Not held"
    return True


def use_contained_organization(resource: Json) -> None:
    """Point to the contained organisation, where there is more to it than its code and name (dom-3)."""
    contained = [one for one in resource.get("contained", ()) if one["resourceType"] == "Organization"]
    if not contained:
        return
    if contained[0].keys() & {"telecom", "address"}:
        resource.setdefault("managingOrganization", {})["reference"] = "#organization"
        known = resource["managingOrganization"].get("identifier")
        if known and "name" not in contained[0]:  # org-1
            contained[0]["identifier"] = [known]
    else:
        del resource["contained"]


def settle_consent(consent: Json, *, is_current: bool) -> bool:
    """Whether it is in force, and the policy that says so in short (ppc-1)."""
    consent["status"] = "active" if is_current else "inactive"
    if "policyRule" not in consent:
        denied = consent.get("provision", {}).get("type") == "deny"
        consent["policyRule"] = concept(
            "http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTOUT" if denied else "OPTIN"
        )
    return True


def name_questionnaire(response: Json, name: str) -> None:
    """The canonical of the tool, beside its name."""
    slug = "-".join("".join(letter if letter.isalnum() else " " for letter in name.casefold()).split())
    response["questionnaire"] = f"{QUESTIONNAIRES}/{slug or 'unnamed'}"


def number_items(response: Json) -> None:
    """Items that are rows of a list are linked by their place."""
    for number, item in enumerate(response.get("item", ()), 1):
        item.setdefault("linkId", f"answers.{number}")
        item.pop("_linkId", None)


def name_vaccine(immunization: Json) -> None:
    """Where the row names no vaccine, the words of the procedure say what was given, or was to be."""
    vaccine = immunization.setdefault("vaccineCode", {})
    said = [one.get("valueCodeableConcept", {}).get("text") for one in immunization.get("extension", ())]
    if "text" not in vaccine and any(said):
        vaccine["text"] = next(filter(None, said))


def refer_to_contained(resource: Json, type_name: str, element: str) -> bool:
    """Point from the element to what is contained of this type."""
    contained = [one for one in resource.get("contained", ()) if one["resourceType"] == type_name]
    if contained:
        resource.setdefault(element, [{}])[0]["reference"] = f"#{contained[0]['id']}"
    return True
