"""Documents: letters, summaries and scans from every source."""

from typing import Annotated

from carecord.catalogue.code_systems import LOCAL, SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    KEY,
    NEWEST_FIRST,
    NOT_FUTURE,
    SORT,
    Bundle,
    Entry,
    Fhir,
    Holds,
    ListOperation,
    LocalDateTime,
    Resource,
    SingleOperation,
    Store,
)
from carecord.catalogue.value_lists import YES_NO

BUNDLE = Bundle(
    name="Documents",
    slug="documents",
    tagline="Letters, summaries and scans from every source",
    scope="documents.read",
)


class Document(Entry):
    """Index of all documents of a patient."""

    document_id: Annotated[str, KEY, FILTER, Fhir("masterIdentifier.value")]
    document_date: Annotated[
        LocalDateTime, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("context.period.start")
    ]
    creation_date: Annotated[LocalDateTime | None, SORT, Fhir("date")]
    last_updated_date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("meta.lastUpdated")]
    document_type_code: Annotated[str | None, FILTER, LOCAL, Fhir("type.coding[local].code")]
    document_type_snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("type.coding[snomed].code")]
    document_type_desc: Annotated[str, SORT, FILTER, Fhir("type.text")]
    category: Annotated[str | None, SORT, FILTER, Fhir("category[0].text")]
    title: Annotated[str | None, SORT, FILTER, Fhir("description")]
    specialty_desc: Annotated[str | None, SORT, FILTER, Fhir("context.practiceSetting.text")]
    author_name: Annotated[str | None, SORT, FILTER, Fhir("author[0].display")]
    author_role: str | None
    recipients: Annotated[str | None, FILTER]
    event_id: Annotated[str | None, FILTER, Fhir("context.encounter[0].identifier.value")]
    """Spell, appointment or attendance it is about."""
    status: Annotated[str, SORT, FILTER, Fhir("docStatus")]
    """Draft = preliminary, Final, Amended, Withdrawn = entered-in-error."""
    confidentiality: Annotated[str | None, FILTER, Fhir("securityLabel[0].coding[0].code")]
    """Normal = N, Restricted = R, Not for patient = NOPAT."""
    mime_type: Annotated[str | None, FILTER, Fhir("content[0].attachment.contentType")]
    file_name: Annotated[str | None, FILTER, Fhir("content[0].attachment.title")]
    size_bytes: Annotated[int | None, SORT, Fhir("content[0].attachment.size")]
    sha1: Annotated[str | None, Fhir("content[0].attachment.hash")]
    """Base64."""
    version_number: int | None
    replaces_document_id: Annotated[str | None, Fhir("relatesTo[0].target.identifier.value")]
    has_content: Annotated[str, FILTER, YES_NO]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


DOCUMENTS_LIST = ListOperation(
    bundle=BUNDLE,
    operation_id="Documents_GetDocumentsByPatientDetailId",
    title="Documents - List",
    path="/documents/patients/{patientDetailId}/documents",
    summary="Index of all documents of a patient.",
    item=Document,
    source=DESIGNED,
    collection="DocumentsList",
    store=Store("document"),
    submitted=True,
    fhir=(
        Resource(
            "DocumentReference",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-DocumentReference",
            status="current; superseded when a later row names it in ReplacesDocumentId; entered-in-error when Withdrawn",
        ),
    ),
    hl7v2=(
        "MDM^T02/T04/T06/T08/T10/T11 TXA-2 -> type",
        "TXA-4/TXA-6 -> DocumentDate, CreationDate",
        "TXA-9 -> AuthorName",
        "TXA-12/TXA-13 -> DocumentId, ReplacesDocumentId",
        "TXA-16 -> FileName",
        "TXA-17/TXA-18 -> Status, Confidentiality",
        "OBX-5 (ED/RP) -> content",
    ),
    other_feeds=("MESH / Kettering XML", "ITK3 FHIR documents"),
    note="Also shows gp_document rows (DocumentDate = Date, DocumentTypeDesc = Rubric) and discharge_summary rows; Restricted rows need documents.restricted.",
)


class DocumentContent(Entry):
    """One document with its bytes."""

    document_id: Annotated[str, KEY, Fhir("id")]
    title: str | None
    mime_type: Annotated[str, Fhir("contentType")]
    file_name: str | None
    size_bytes: int
    content: Annotated[str, Holds.BASE64, Fhir("data")]
    """Base64."""
    sha1: str | None
    """Base64 of the bytes."""
    last_updated_date: Annotated[LocalDateTime, Fhir("meta.lastUpdated")]
    tenancy_description: Annotated[str, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


DOCUMENT_CONTENT = SingleOperation(
    bundle=BUNDLE,
    operation_id="Documents_GetDocumentContentByPatientDetailId",
    title="Documents - Content",
    path="/documents/patients/{patientDetailId}/documents/{documentId}/content",
    summary="One document with its bytes.",
    item=DocumentContent,
    source=DESIGNED,
    store=Store("document_content"),
    submitted=True,
    path_parameters={"documentId": "DocumentId of Documents - List"},
    fhir=(Resource("Binary", status="none"),),
    hl7v2=("MDM^T02 OBX-5 (ED) -> Content",),
    note="Accept: */* other than JSON returns the bytes themselves with their media type.",
)
