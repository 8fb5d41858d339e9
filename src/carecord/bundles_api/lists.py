"""Lists: what a collection holds of everyone linked with a patient detail ID."""

from carecord.bundles_api.answers import encode_list, rows_of
from carecord.bundles_api.face import Answer, Call, unknown_patient
from carecord.bundles_api.parameters import read_list_request
from carecord.clinical_store.reading import Page, read_page


async def answer_list(call: Call) -> Answer:
    """A page of rows in the operation's envelope, with the total of all pages."""
    request = read_list_request(call.operation, call.query)
    page = await read_page(
        call.readers,
        request.selection,
        call.patient_detail_id,
        tenancies=call.caller.tenancies,
        limit=request.page_size,
        offset=request.offset,
        values=request.values,
    )
    page = known(page)
    rows = rows_of(call.operation).read(page.items, await call.tenancies.describe(page.tenancies))
    return Answer(encode_list(call.operation, rows, page.total), tenancies=page.seen_tenancies)


def known(page: Page | None) -> Page:
    """The page, or NotFound where the caller may not know of the patient detail ID."""
    if page is None:
        raise unknown_patient()
    return page
