"""Laboratory orders: a summary row for each, and one in full."""

import re

from carecord.bundles_api.answers import encode_list, encode_row, rows_of
from carecord.bundles_api.face import Answer, Call
from carecord.bundles_api.lists import known
from carecord.bundles_api.parameters import check_no_parameters, read_list_request
from carecord.bundles_api.single_rows import leaf_of
from carecord.catalogue.pathology import ORDER_DETAILS
from carecord.clinical_store.reading import read_page
from carecord.clinical_store.statements import Condition, Selection, Test, queries
from carecord.clinical_store.whole_person import read_view
from carecord.kernel.errors import NotFound

_BY_DOCUMENT_ID = Selection(
    ORDER_DETAILS,
    (Condition(leaf_of(ORDER_DETAILS, "DocumentInformation.DocumentId"), Test.EQUALS),),
    ((leaf_of(ORDER_DETAILS, "DocumentInformation.LastUpdatedDate"), True),),
)
_LARGEST_DOCUMENT_ID = 2**31 - 1


async def answer_orders(call: Call) -> Answer:
    """A page of orders, each with the report that answers it."""
    request = read_list_request(call.operation, call.query)
    async with call.pool.connection() as connection:
        page = known(
            await read_view(
                connection,
                request.selection,
                queries.all_orders,
                call.patient_detail_id,
                tenancies=call.caller.tenancies,
                limit=request.page_size,
                offset=request.offset,
                values=request.values,
            )
        )
    rows = rows_of(call.operation).read(page.items, await call.tenancies.describe(page.tenancies))
    return Answer(encode_list(call.operation, rows, page.total), tenancies=page.seen_tenancies)


async def answer_order(call: Call) -> Answer:
    """The order that the path names; NotFound where the patient has none of this id."""
    check_no_parameters(call.query)
    document_id = call.path_values["documentId"]
    may_be = re.fullmatch("[0-9]{1,10}", document_id) and int(document_id) <= _LARGEST_DOCUMENT_ID
    page = known(
        await read_page(
            call.readers,
            _BY_DOCUMENT_ID,
            call.patient_detail_id,
            tenancies=call.caller.tenancies,
            limit=1,
            values=(int(document_id) if may_be else -1,),
        )
    )
    rows = rows_of(call.operation).read(page.items, await call.tenancies.describe(page.tenancies))
    if not rows:
        raise NotFound("The patient has no such order.", reason="unknown_order")
    return Answer(encode_row(rows[0]), tenancies=page.seen_tenancies)
