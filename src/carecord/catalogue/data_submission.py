"""Data Submission: restricted writes: create patients, add and remove their data, link records."""

from typing import Annotated

from carecord.catalogue.model import (
    DESIGNED,
    Bundle,
    Day,
    Entry,
    Holds,
    LocalDateTime,
    Part,
    Store,
    WriteOperation,
)
from carecord.catalogue.value_lists import ETHNIC_CATEGORY, GENDER, MARITAL_STATUS, NHS_NUMBER_STATUS, YES_NO

BUNDLE = Bundle(
    name="Data Submission",
    slug="data-submission",
    tagline="Restricted writes: create patients, add and remove their data, link records",
    scope="data-submission.write",
)


class PatientSubmitted(Entry):
    """Creates a source record, or updates the one with the same number."""

    patient_detail_id: str
    outcome: str
    """Created (never of an update), Updated, Unchanged, Ignored."""
    linked_patient_detail_ids: list[str]
    """Records the matcher linked it to."""
    possible_matches: int
    """Candidates left for a person to decide."""
    submission_id: str
    tenancy_description: str
    """Display name of the contributing source."""


class PatientBody(Entry):
    """What CREATE_PATIENT and UPDATE_PATIENT are asked with."""

    tenancy_id: int
    """Must be one the client may write."""
    patient_number: str
    """Main local number; natural key with TenancyId."""
    nhs_number: str | None
    """Check digit verified."""
    nhs_number_verification_status: Annotated[str | None, NHS_NUMBER_STATUS]
    title: str | None
    forename: str | None
    middle_names: str | None
    surname: str
    preferred_name: str | None
    date_of_birth: Day
    date_of_death: Day | None
    gender: Annotated[str | None, GENDER]
    ethnic_category_code: Annotated[str | None, ETHNIC_CATEGORY]
    marital_status_code: Annotated[str | None, MARITAL_STATUS]
    preferred_language_code: str | None
    interpreter_required: Annotated[str | None, YES_NO]
    address_line1: str | None
    address_line2: str | None
    address_line3: str | None
    address_line4: str | None
    address_line5: str | None
    post_code: str | None
    home_telephone: str | None
    mobile_telephone: str | None
    email_address: str | None
    gp_code: str | None
    gp_practice_code: str | None
    sensitive_address: Annotated[str | None, YES_NO]
    source_updated_date: LocalDateTime | None
    """Older than the stored one = ignored, reply says so."""


CREATE_PATIENT = WriteOperation(
    bundle=BUNDLE,
    operation_id="DataSubmission_PostPatient",
    title="Data Submission - Create Patient",
    path="/data-submission/patients",
    summary="Creates a source record, or updates the one with the same number.",
    item=PatientSubmitted,
    source=DESIGNED,
    method="POST",
    change="submitted",
    store=Store("patient_record"),
    body=PatientBody,
    hl7v2=("same effect as ADT^A28/A31",),
    note="201 when created, 200 when found by TenancyId + PatientNumber and updated. Ability known from vendor prose; the operation is designed.",
)


UPDATE_PATIENT = WriteOperation(
    bundle=BUNDLE,
    operation_id="DataSubmission_PutPatient",
    title="Data Submission - Update Patient",
    path="/data-submission/patients/{patientDetailId}",
    summary="Replaces the demographics of one source record.",
    item=PatientSubmitted,
    source=DESIGNED,
    method="PUT",
    change="submitted",
    store=Store("patient_record"),
    body=PatientBody,
    hl7v2=("same effect as ADT^A31",),
    note="TenancyId must stay; PatientNumber may change (the old one becomes a minor number).",
)


class ItemResult(Entry):
    """Adds or replaces items of one collection for a source record."""

    class Error(Part):
        field: str | None
        message: str | None

    source_item_id: str | None
    item_id: str | None
    """Null when rejected; use it to delete."""
    outcome: str
    """Added, Replaced, Unchanged, Ignored, Rejected. Ignored = older than the stored one by SourceUpdatedDate."""
    errors: list[Error]
    tenancy_description: str
    """Display name of the contributing source."""


class SubmitItemsBody(Entry):
    """What SUBMIT_ITEMS is asked with."""

    class Item(Part):
        source_item_id: str | None
        """Id in the source; recommended."""
        source_updated_date: LocalDateTime | None
        item: Annotated[str, Holds.OBJECT]
        """An object in the collection's item shape, exposed: false fields allowed, TenancyDescription left out; not text."""

    submission_id: str | None
    """Client's id; the same id again gives the same reply."""
    replace_all: bool | None
    """True = items of this client in the collection that are not sent are deleted, if every item sent is accepted."""
    items: list[Item]


SUBMIT_ITEMS = WriteOperation(
    bundle=BUNDLE,
    operation_id="DataSubmission_PostItems",
    title="Data Submission - Submit Items",
    path="/data-submission/patients/{patientDetailId}/{bundle}/{collection}",
    summary="Adds or replaces items of one collection for a source record.",
    item=ItemResult,
    source=DESIGNED,
    method="POST",
    change="entries_submitted",
    collection="ItemResults",
    body=SubmitItemsBody,
    path_parameters={
        "bundle": "bundle slug",
        "collection": "collection name; for single operations the last path word of the read, e.g. about-me",
    },
    note="At most 500 items; partly valid submissions are accepted item by item, 422 when none is valid.",
)


class ItemDeleted(Entry):
    """Deletes one item the client submitted."""

    item_id: str
    outcome: str
    deleted_date: LocalDateTime
    tenancy_description: str
    """Display name of the contributing source."""


DELETE_ITEM = WriteOperation(
    bundle=BUNDLE,
    operation_id="DataSubmission_DeleteItem",
    title="Data Submission - Delete Item",
    path="/data-submission/patients/{patientDetailId}/items/{itemId}",
    summary="Deletes one item the client submitted.",
    item=ItemDeleted,
    source=DESIGNED,
    method="DELETE",
    change="entry_deleted",
    path_parameters={"itemId": "ItemId of a submission reply"},
    note="The row is kept for audit and no longer shown; 403 for another client's item.",
)


class LinkChange(Entry):
    """What a link, an un-link or a merge made of two source records."""

    patient_detail_id: str
    linked_patient_detail_id: str
    outcome: str
    linked_record_count: int
    """Records of the person after the change."""
    tenancy_description: str
    """Display name of the contributing source."""


class LinkPatientsBody(Entry):
    """What LINK_PATIENTS is asked with."""

    linked_patient_detail_id: str
    reason: str | None


LINK_PATIENTS = WriteOperation(
    bundle=BUNDLE,
    operation_id="DataSubmission_PostLink",
    title="Data Submission - Link Patients",
    path="/data-submission/patients/{patientDetailId}/links",
    summary="Records that two source records are the same person.",
    item=LinkChange,
    source=DESIGNED,
    method="POST",
    change="linked",
    store=Store("patient_link"),
    body=LinkPatientsBody,
    hl7v2=("same effect as ADT^A24",),
    note="409 when the two are barred from being linked.",
)


UNLINK_PATIENTS = WriteOperation(
    bundle=BUNDLE,
    operation_id="DataSubmission_DeleteLink",
    title="Data Submission - Unlink Patients",
    path="/data-submission/patients/{patientDetailId}/links/{linkedPatientDetailId}",
    summary="Undoes a link; content ids do not move.",
    item=LinkChange,
    source=DESIGNED,
    method="DELETE",
    change="unlinked",
    store=Store("patient_link"),
    path_parameters={"linkedPatientDetailId": "the other source record"},
    hl7v2=("same effect as ADT^A37",),
    note="The pair is barred from automatic linking until linked again.",
)


class MergePatientsBody(Entry):
    """What MERGE_PATIENTS is asked with."""

    minor_patient_detail_id: str | None
    minor_patient_number: str | None
    """Either this or the id."""
    reason: str | None


MERGE_PATIENTS = WriteOperation(
    bundle=BUNDLE,
    operation_id="DataSubmission_PostMerge",
    title="Data Submission - Merge Patients",
    path="/data-submission/patients/{patientDetailId}/merge",
    summary="Merges a minor record of the same source into this major record.",
    item=LinkChange,
    source=DESIGNED,
    method="POST",
    change="merged",
    store=Store("patient_link"),
    body=MergePatientsBody,
    hl7v2=("same effect as ADT^A40",),
    note="Both records must be of one tenancy; the minor number stays findable with RetrieveMinorNumbers; undone by support only.",
)
