"""Requests for a service: tests, images, referrals, recalls."""

from carecord.catalogue.code_systems import LOINC
from carecord.catalogue.gp import GP_RECALLS, GP_REFERRALS
from carecord.catalogue.pathology import ORDER_DETAILS
from carecord.catalogue.radiology import RADIOLOGY_ORDERS
from carecord.fhir_api.incoming.drafts import Draft
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.numbers import document_number
from carecord.fhir_api.incoming.pieces import (
    code_of,
    codes,
    concept_text,
    first_text,
    joined,
    objects,
    value_text,
    words,
)
from carecord.fhir_api.kept import Json

_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
_LABORATORY = {"108252007", "LAB", "laboratory"}
_IMAGING = {"363679005", "394914008", "RAD", "imaging"}
_REFERRAL = {"3457005", "306206005", "referral"}

_ORDER_STATUSES = {
    "active": "Requested",
    "on-hold": "On hold",
    "completed": "Completed",
    "revoked": "Cancelled",
}
_IMAGING_STATUSES = _ORDER_STATUSES | {"completed": "Examined"}
_REFERRAL_STATUSES = {"active": "Sent", "on-hold": "On hold", "completed": "Closed", "revoked": "Cancelled"}
_RECALL_STATUSES = {"active": "Due", "completed": "Done", "revoked": "Cancelled"}
_PRIORITIES = {"routine": "Routine", "urgent": "Urgent", "asap": "As soon as possible", "stat": "Stat"}


def file_service_request(resource: Json) -> Filing:
    if resource.get("doNotPerform"):
        raise NoPlace("it asks that the service not be given")
    if resource.get("intent") == "plan":
        return _recall(resource)
    if resource.get("intent") not in _ORDERS:
        raise NoPlace("it is no order")
    category = resource.get("category")
    said, told = codes(category), words(category)
    if said & _LABORATORY or "laborator" in told or "patholog" in told:
        return _laboratory_order(resource)
    if said & _IMAGING or "imaging" in told or "radiolog" in told:
        return _imaging_order(resource)
    if said & _REFERRAL or "referral" in told:
        return _referral(resource)
    if not category and (code_of(resource.get("code"), LOINC.uri) or "specimen" in resource):
        return _laboratory_order(resource)
    raise NoPlace("its category is none of laboratory, imaging and referral")


def _status(resource: Json, statuses: dict[str, str]) -> str:
    status = statuses.get(str(resource.get("status")))
    if status is None:
        raise NoPlace("its status is not one that the list shows")
    return status


def _laboratory_order(resource: Json) -> Filing:
    draft = Draft(ORDER_DETAILS, resource, leave=("DocumentInformation.DocumentId",), notes="ClinicalInfo")
    if resource.get("status") != "unknown":
        draft.put("Status", _status(resource, _ORDER_STATUSES))
    draft.put("PriorityDesc", _PRIORITIES.get(str(resource.get("priority"))))
    draft.put("DocumentInformation.DocumentId", document_number(resource))
    draft.put("DocumentInformation.IsMedway", value=False)
    draft.put("DocumentInformation.ACRSCanCancel", value=False)
    draft.put("Observation.DateTime", resource.get("occurrenceDateTime"))
    draft.put("Request.RelevantClinicalDetails", first_text(resource, resource.get("reasonReference")))
    _note_more(draft, resource)
    draft.need("Request.TypeOfRequest.Description", "it does not say what is asked for")
    return draft.filing()


def _imaging_order(resource: Json) -> Filing:
    draft = Draft(RADIOLOGY_ORDERS, resource)
    draft.identify("OrderId")
    draft.put("Status", _status(resource, _IMAGING_STATUSES))
    draft.put("PriorityDesc", _PRIORITIES.get(str(resource.get("priority"))))
    draft.put("ClinicalDetails", first_text(resource, resource.get("reasonReference")))
    return draft.filing()


def _referral(resource: Json) -> Filing:
    # Whether "as soon as possible" is a two week wait, nobody has said.
    asap = resource.get("priority") in ("asap", "stat")
    draft = Draft(GP_REFERRALS, resource, leave=("PriorityCode",) if asap else ())
    draft.put("Status", _status(resource, _REFERRAL_STATUSES))
    draft.put("PriorityDesc", _PRIORITIES.get(str(resource.get("priority"))))
    draft.when("Date", resource.get("authoredOn"))
    draft.note("Reason", joined([*_reasons(resource), first_text(resource, resource.get("reasonReference"))]))
    _note_more(draft, resource)
    return draft.filing()


def _recall(resource: Json) -> Filing:
    draft = Draft(GP_RECALLS, resource)
    draft.put("Status", _status(resource, _RECALL_STATUSES))
    draft.put("DueDate", (resource.get("occurrencePeriod") or {}).get("start"))
    draft.note("Reason", joined(_reasons(resource)))
    _note_more(draft, resource)
    return draft.filing()


def _reasons(resource: Json) -> list[str | None]:
    return [concept_text(one) for one in objects(resource.get("reasonCode"))]


def _note_more(draft: Draft, resource: Json) -> None:
    draft.note("Quantity", value_text(resource, "quantity"))
    draft.note("Instruction", resource.get("patientInstruction"))
    draft.note("Body site", joined(map(concept_text, objects(resource.get("bodySite")))))
