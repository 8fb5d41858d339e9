"""Related persons, and what somebody decided or agreed to."""

from carecord.catalogue.demographics import LEGAL_INFORMATION, PATIENT_CONTACTS, SHARING_STATUS
from carecord.fhir_api.incoming.drafts import Draft
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.pieces import codes, concept_text, name_text, objects
from carecord.fhir_api.kept import Json


def file_related_person(resource: Json) -> Filing:
    draft = Draft(PATIENT_CONTACTS, resource)
    if resource.get("active") is False:
        draft.need("EndDate", "it is no longer active, and has no end: the list would show it as a contact")
    draft.put("ContactRole", "Not stated")
    names = objects(resource.get("name"))
    if names and draft.get("Surname") is None and draft.get("Forename") is None:
        draft.put("Surname", name_text(names[0]))
    draft.note("Relationship", _further_relationships(resource))
    draft.note("Until", (resource.get("period") or {}).get("end") if draft.get("EndDate") is None else None)
    return draft.filing()


def _further_relationships(resource: Json) -> str | None:
    return "; ".join(filter(None, map(concept_text, objects(resource.get("relationship"))[2:]))) or None


_SHARING = frozenset(["local shared record", "summary care record", "secondary use", "specific section"])
"""The kinds of sharing that the catalogue knows."""
_QUALIFIED = frozenset(
    ["actor", "action", "securityLabel", "purpose", "class", "data", "dataPeriod", "provision"]
)
"""What narrows a provision: a decision with one of these is not on the whole of something."""


def file_consent(resource: Json) -> Filing:
    """A decision on sharing takes hold of what is shown: only one that is beyond doubt is filed as one."""
    scope = codes(resource.get("scope"))
    if resource.get("status") != "active":
        raise NoPlace("it is not in force")
    if "patient-privacy" in scope:
        return _sharing(resource)
    if scope & {"adr", "treatment"}:
        return _legal(resource)
    raise NoPlace("its scope is none that the catalogue holds")


_DECISIONS = {"permit": "Agreed", "deny": "Refused"}


def _sharing(resource: Json) -> Filing:
    provision = resource.get("provision") or {}
    decision = _DECISIONS.get(str(provision.get("type")))
    draft = Draft(SHARING_STATUS, resource, leave=("Status",))
    kind = draft.get("SharingType") or ""
    narrowed = _QUALIFIED & provision.keys() or "start" in (provision.get("period") or {})
    if decision is None or narrowed or kind.strip().lower() not in _SHARING or len(_scopes(resource)) > 1:
        raise NoPlace("it does not say in the catalogue's words what may be shared or not")
    if draft.get("StatusDate") is None:
        raise NoPlace("it does not say on which day it was decided: which word is the last could not be told")
    if "end" in (provision.get("period") or {}) and draft.get("ExpiryDate") is None:
        raise NoPlace("it does not say until which day it holds")
    draft.put("Status", decision)
    return draft.filing()


def _scopes(resource: Json) -> list[Json]:
    return objects((resource.get("provision") or {}).get("code"))


def _legal(resource: Json) -> Filing:
    draft = Draft(LEGAL_INFORMATION, resource)
    if "end" in ((resource.get("provision") or {}).get("period") or {}):
        draft.need("EndDate", "it does not say on which day it ends: the list would show it as in force")
    return draft.filing()
