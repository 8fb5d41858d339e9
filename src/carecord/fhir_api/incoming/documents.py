"""Documents with their bytes, and discharge summaries."""

import base64
import binascii
import hashlib

from carecord.catalogue.acute import ACUTE_DISCHARGE_SUMMARIES
from carecord.catalogue.documents import DOCUMENT_CONTENT, DOCUMENTS_LIST
from carecord.fhir_api.incoming.drafts import Draft
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.pieces import codes, concept_text, first_text, joined, objects, reference_text
from carecord.fhir_api.kept import Json

_STATUSES = {None: "Final", "final": "Final", "preliminary": "Draft", "amended": "Amended"}


def file_document(resource: Json) -> Filing:
    if resource.get("status") == "entered-in-error" or resource.get("docStatus") not in _STATUSES:
        raise NoPlace("it is entered in error: a list would show it as a document")
    draft = Draft(DOCUMENTS_LIST, resource, leave=("SizeBytes", "Sha1", "Confidentiality"))
    attachment = _attachment(resource)
    context = resource.get("context") or {}
    draft.identify("DocumentId")
    draft.put("Confidentiality", _confidentiality(resource))
    draft.when(
        "DocumentDate",
        (context.get("period") or {}).get("start"),
        resource.get("date"),
        attachment.get("creation"),
    )
    draft.put("DocumentTypeDesc", joined(map(concept_text, objects(resource.get("category")))))
    draft.put("DocumentTypeDesc", resource.get("description"))
    draft.put("AuthorName", first_text(resource, resource.get("author")))
    draft.put("Status", _STATUSES[resource.get("docStatus")])
    for field, said in (("MimeType", "contentType"), ("FileName", "title")):
        draft.replace(field, attachment.get(said))
    content = _bytes_of(attachment)
    draft.put("HasContent", "No" if content is None or not attachment.get("contentType") else "Yes")
    draft.put("SizeBytes", attachment.get("size") if content is None else len(content))
    draft.put("Sha1", attachment.get("hash"))
    if content is not None and draft.get("HasContent") == "Yes":
        draft.further = (_content(draft, attachment, content),)
    return draft.filing()


_CONFIDENTIALITIES = {"V": "Restricted", "R": "Restricted", "NOPAT": "Not for patient", "N": "Normal"}


def _confidentiality(resource: Json) -> str | None:
    """The strictest of its labels."""
    labels = {"coding": objects((resource.get("meta") or {}).get("security"))}
    said = codes(labels, resource.get("securityLabel"))
    return next((word for code, word in _CONFIDENTIALITIES.items() if code in said), None)


def _attachment(resource: Json) -> Json:
    """The first that brings its bytes, else the first."""
    told = [one.get("attachment") or {} for one in objects(resource.get("content"))]
    return next((one for one in told if one.get("data")), told[0] if told else {})


def _bytes_of(attachment: Json) -> bytes | None:
    try:
        return base64.b64decode(attachment["data"], validate=True)
    except (KeyError, binascii.Error, ValueError):
        return None


def _content(draft: Draft, attachment: Json, content: bytes) -> Filing:
    row = Draft(DOCUMENT_CONTENT, {})
    told = {
        "DocumentId": draft.get("DocumentId"),
        "Title": draft.get("Title"),
        "MimeType": attachment["contentType"],
        "FileName": attachment.get("title"),
        "SizeBytes": len(content),
        "Content": attachment["data"],
        "Sha1": base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode(),
        "LastUpdatedDate": draft.get("CreationDate") or draft.get("DocumentDate"),
    }
    for field, value in told.items():
        row.put(field, value)
    # The draft of the document has its date already in local time: midnight where it had none.
    row.item["LastUpdatedDate"] = told["LastUpdatedDate"]
    return row.filing()


_DISCHARGE_SUMMARY = "373942005"
_SUMMARY_STATUSES = {"preliminary": "Draft", "final": "Final", "amended": "Amended"}


def file_composition(resource: Json) -> Filing:
    status = _SUMMARY_STATUSES.get(str(resource.get("status")))
    if status is None or _DISCHARGE_SUMMARY not in codes(resource.get("type")):
        raise NoPlace("it is no discharge summary")
    draft = Draft(ACUTE_DISCHARGE_SUMMARIES, resource)
    draft.identify("DocumentId")
    draft.put("Status", status)
    draft.put("HasContent", "No")
    draft.put("ConsultantName", _attester(resource))
    return draft.filing()


def _attester(resource: Json) -> str | None:
    return next(
        (
            said
            for one in objects(resource.get("attester"))
            if (said := reference_text(resource, one.get("party")))
        ),
        None,
    )
