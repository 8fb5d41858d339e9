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
from carecord.catalogue import OPERATIONS
from carecord.catalogue.adt import CURRENT_INPATIENT_STATUS
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS, FIND_PATIENT, LINKED_RECORDS
from carecord.catalogue.documents import DOCUMENT_CONTENT, DOCUMENTS_LIST
from carecord.catalogue.gp import GP_SUMMARY
from carecord.catalogue.model import ListOperation, Operation
from carecord.catalogue.pathology import ORDER_DETAILS, ORDERS_SUMMARY
from carecord.catalogue.social_care import SOCIAL_CARE_RECORD

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
