"""Which function answers which operation: the kinds answer alike, and what does not fit has its own."""

from collections.abc import Mapping

from carecord.bundles_api.composed import answer_gp_summary, answer_social_care_record
from carecord.bundles_api.documents import answer_content, answer_documents
from carecord.bundles_api.face import Handler
from carecord.bundles_api.find_patient import find_patient
from carecord.bundles_api.inpatient import answer_current_status
from carecord.bundles_api.lists import answer_list
from carecord.bundles_api.orders import answer_order, answer_orders
from carecord.bundles_api.patients import answer_details, answer_linked_records
from carecord.bundles_api.single_rows import NEWEST_BY, answer_newest
from carecord.bundles_api.submitted_items import delete_item, submit_items
from carecord.bundles_api.submitted_links import link_patients, merge_patients, unlink_patients
from carecord.bundles_api.submitted_patients import create_patient, update_patient
from carecord.bundles_api.worklists import answer_behaviour, answer_rows, answer_worklists
from carecord.catalogue import OPERATIONS
from carecord.catalogue.adt import CURRENT_INPATIENT_STATUS
from carecord.catalogue.data_submission import (
    CREATE_PATIENT,
    DELETE_ITEM,
    LINK_PATIENTS,
    MERGE_PATIENTS,
    SUBMIT_ITEMS,
    UNLINK_PATIENTS,
    UPDATE_PATIENT,
)
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS, FIND_PATIENT, LINKED_RECORDS
from carecord.catalogue.documents import DOCUMENT_CONTENT, DOCUMENTS_LIST
from carecord.catalogue.gp import GP_SUMMARY
from carecord.catalogue.model import ListOperation, Operation
from carecord.catalogue.pathology import ORDER_DETAILS, ORDERS_SUMMARY
from carecord.catalogue.social_care import SOCIAL_CARE_RECORD
from carecord.catalogue.worklists import WORKLIST_BEHAVIOUR, WORKLIST_DATA, WORKLISTS_LIST

_OWN: Mapping[Operation, Handler] = {
    FIND_PATIENT: find_patient,
    DEMOGRAPHICS_DETAILS: answer_details,
    LINKED_RECORDS: answer_linked_records,
    GP_SUMMARY: answer_gp_summary,
    CURRENT_INPATIENT_STATUS: answer_current_status,
    ORDERS_SUMMARY: answer_orders,
    ORDER_DETAILS: answer_order,
    DOCUMENTS_LIST: answer_documents,
    DOCUMENT_CONTENT: answer_content,
    SOCIAL_CARE_RECORD: answer_social_care_record,
    WORKLISTS_LIST: answer_worklists,
    WORKLIST_BEHAVIOUR: answer_behaviour,
    WORKLIST_DATA: answer_rows,
    CREATE_PATIENT: create_patient,
    UPDATE_PATIENT: update_patient,
    SUBMIT_ITEMS: submit_items,
    DELETE_ITEM: delete_item,
    LINK_PATIENTS: link_patients,
    UNLINK_PATIENTS: unlink_patients,
    MERGE_PATIENTS: merge_patients,
}


def handlers() -> dict[Operation, Handler]:
    """Every operation that the bundles API answers, with its handler."""
    found: dict[Operation, Handler] = dict(_OWN)
    for operation in OPERATIONS:
        if operation in found or not operation.submitted:
            continue
        if isinstance(operation, ListOperation):
            found[operation] = answer_list
        elif operation in NEWEST_BY:
            found[operation] = answer_newest
    return found
