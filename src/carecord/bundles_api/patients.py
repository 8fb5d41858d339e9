"""Patient - Demographics and Patient - Linked Records: one source record, and its person's others."""

from datetime import datetime
from typing import Any

import msgspec

from carecord.bundles_api.answers import encode_list, encode_row
from carecord.bundles_api.face import Answer, Call, unknown_patient
from carecord.bundles_api.parameters import check_no_parameters, read_list_request
from carecord.bundles_api.rows_in_memory import choose
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS, LINKED_RECORDS, WITHHELD
from carecord.catalogue.shapes import Shape, answer_shape
from carecord.patient_index.linked_records import LinkedRecord, LinkType, read_linked_records
from carecord.patient_index.linking import NUMBER_RULE, RULE, STEWARD
from carecord.patient_index.reading import read_record


def withhold(row: Shape) -> None:
    """Leave out what is withheld of a protected person, as far as the row has it."""
    for attribute in WITHHELD:
        if hasattr(row, attribute):
            setattr(row, attribute, None)


_details: Any = answer_shape(DEMOGRAPHICS_DETAILS)
_decode_details = msgspec.json.Decoder(_details).decode


async def answer_details(call: Call) -> Answer:
    """All demographics of the one source record that the path names, as its source has them."""
    check_no_parameters(call.query)
    async with call.pool.connection() as connection:
        record = await read_record(connection, call.patient_detail_id, tenancies=call.caller.tenancies)
    if record is None:
        raise unknown_patient()
    row: Any = _decode_details(record.demographics)
    row.patient_detail_id = str(call.patient_detail_id)
    row.tenancy_id = record.tenancy_id
    (row.tenancy_description,) = await call.tenancies.describe([record.tenancy_id])
    row.last_updated_date = _as_text(record.updated_at)
    if record.merged:
        row.record_status = "Merged"
    if record.is_protected:
        # The source may not know it: whoever asks learns why the rest is not there.
        row.sensitive_address = "Yes"
        withhold(row)
    return Answer(encode_row(row), tenancies=[record.tenancy_id])


def _as_text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")


_linked: Any = answer_shape(LINKED_RECORDS)
_decode_linked = msgspec.json.Decoder(_linked).decode
_METHODS = {NUMBER_RULE: "NHS number", RULE: "Matched", STEWARD: "By hand"}
_MATCHED = "Matched"
_MERGED = "Source merge"
_TYPES = {LinkType.LINKED: "Linked", LinkType.MAJOR: "Major", LinkType.MINOR: "Minor"}


async def answer_linked_records(call: Call) -> Answer:
    """A page of the records linked with the one that the path names, each with how and when it was linked.

    `LinkType` says what the record of the path is to the row's, as FHIR's Patient.link does: Major where it
    replaces the row's, Minor where it was replaced by it.
    """
    request = read_list_request(call.operation, call.query)
    async with call.pool.connection() as connection:
        found = await read_linked_records(connection, call.patient_detail_id, tenancies=call.caller.tenancies)
    if found is None:
        raise unknown_patient()
    descriptions = await call.tenancies.describe([one.record.tenancy_id for one in found.others])
    rows = [_linked_row(one, name) for one, name in zip(found.others, descriptions, strict=True)]
    if found.is_protected:
        for row in rows:
            withhold(row)
    chosen = choose(rows, request)
    seen: list[Any] = chosen.rows
    return Answer(
        encode_list(call.operation, chosen.rows, chosen.total),
        patient_detail_ids=[call.patient_detail_id, *(int(row.patient_detail_id) for row in seen)],
        tenancies=sorted({found.tenancy_id, *(row.tenancy_id for row in seen)}),
    )


def _linked_row(linked: LinkedRecord, tenancy_description: str) -> Any:
    record, link = linked.record, linked.link
    row: Any = _decode_linked(record.demographics)
    row.patient_detail_id = str(record.patient_detail_id)
    row.link_type = _TYPES[linked.type]
    row.linked_date = link.decided_at
    row.link_method = _MERGED if linked.type is not LinkType.LINKED else _METHODS.get(link.rule, _MATCHED)
    row.linked_by = link.decided_by
    row.tenancy_id = record.tenancy_id
    row.tenancy_description = tenancy_description
    return row
