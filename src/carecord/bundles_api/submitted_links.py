"""Data Submission - Link, Unlink and Merge Patients: what a source decides of its records."""

from typing import Any

from psycopg import Connection

from carecord.bundles_api.data_submission import (
    REASON_LIMIT,
    Change,
    change,
    check_text,
    decided_by,
    encode_reply,
    naming,
    own_record,
    parse_id,
    read_body,
)
from carecord.bundles_api.face import Answer, Call, unknown_patient
from carecord.bundles_api.parameters import check_no_parameters
from carecord.catalogue.model import WriteOperation
from carecord.kernel.errors import BadRequest, Conflict, FieldError, NotFound, Unprocessable
from carecord.patient_index.source_decisions import (
    find_merge_minor,
    link_records,
    merge_records,
    unlink_records,
)
from carecord.patient_index.submitting import OwnRecord, find_linked

_LINKED = "LinkedPatientDetailId"
_MINOR_ID = "MinorPatientDetailId"
_MINOR_NUMBER = "MinorPatientNumber"


async def link_patients(call: Call) -> Answer:
    """Say that two source records are one patient's: a lasting decision."""
    body = await read_body(call)
    check_text("Reason", body.reason, REASON_LIMIT)
    other_id = parse_id(body.linked_patient_detail_id, _LINKED, unknown_patient)

    def work(connection: Connection[Any]) -> Change:
        record = own_record(connection, call)
        other = _own(connection, call, other_id, _LINKED)
        _check_differ(record, other, _LINKED)
        link_records(
            connection,
            record.patient_detail_id,
            other.patient_detail_id,
            decided_by=decided_by(call),
            reason=body.reason,
        )
        return _decided(connection, call, record, other, "Linked")

    return await change(call, work)


async def unlink_patients(call: Call) -> Answer:
    """Say that two source records are different patients': a lasting decision."""
    check_no_parameters(call.query)
    name = "linkedPatientDetailId"
    other_id = parse_id(call.path_values[name], name, unknown_patient)

    def work(connection: Connection[Any]) -> Change:
        record = own_record(connection, call)
        other = _own(connection, call, other_id, name)
        _check_differ(record, other, name)
        unlink_records(
            connection,
            record.patient_detail_id,
            other.patient_detail_id,
            decided_by=decided_by(call),
            reason=None,
        )
        return _decided(connection, call, record, other, "Unlinked")

    return await change(call, work)


async def merge_patients(call: Call) -> Answer:
    """Merge a record of a source into another of the same source: no ID changes, no entry moves."""
    body = await read_body(call)
    check_text("Reason", body.reason, REASON_LIMIT)
    check_text(_MINOR_NUMBER, body.minor_patient_number, 200)
    if (body.minor_patient_detail_id is None) == (body.minor_patient_number is None):
        rule = f"one of {_MINOR_ID} and {_MINOR_NUMBER} must be given"
        raise BadRequest("The body breaks a rule.", errors=[FieldError(_MINOR_ID, rule)])
    by_id = body.minor_patient_detail_id is not None
    minor_id = parse_id(body.minor_patient_detail_id, _MINOR_ID, unknown_patient) if by_id else None
    name = _MINOR_ID if by_id else _MINOR_NUMBER

    def work(connection: Connection[Any]) -> Change:
        major = own_record(connection, call)
        found = minor_id
        if found is None:
            found = find_merge_minor(
                connection, major.tenancy_id, major.patient_detail_id, body.minor_patient_number
            )
        minor = _own(connection, call, found, name)
        _check_differ(major, minor, name)
        if minor.tenancy_id != major.tenancy_id:
            raise Conflict(
                "Only records of one source can be merged.",
                errors=[FieldError(name, "must be of the source of the major record")],
                reason="other_tenancy",
            )
        merge_records(
            connection,
            major.patient_detail_id,
            minor.patient_detail_id,
            tenancy_id=major.tenancy_id,
            decided_by=decided_by(call),
            reason=body.reason,
        )
        return _decided(connection, call, major, minor, "Merged")

    return await change(call, work)


def _own(connection: Connection[Any], call: Call, patient_detail_id: int | None, name: str) -> OwnRecord:
    """The other record; NotFound names the field it was given in."""
    try:
        if patient_detail_id is None:
            raise unknown_patient()
        return own_record(connection, call, patient_detail_id)
    except NotFound as error:
        raise naming(error, name) from None


def _check_differ(record: OwnRecord, other: OwnRecord, name: str) -> None:
    if record.patient_detail_id == other.patient_detail_id:
        rule = FieldError(name, "must be another record than that of the path")
        raise Unprocessable("A record cannot be set against itself.", errors=[rule], reason="same_record")


def _decided(
    connection: Connection[Any], call: Call, record: OwnRecord, other: OwnRecord, outcome: str
) -> Change:
    assert isinstance(call.operation, WriteOperation)
    both = (record.patient_detail_id, other.patient_detail_id)
    linked = find_linked(connection, record.patient_detail_id, tenancies=call.caller.tenancies, named=both)
    reply = encode_reply(
        call.operation,
        {
            "PatientDetailId": str(record.patient_detail_id),
            "LinkedPatientDetailId": str(other.patient_detail_id),
            "Outcome": outcome,
            "LinkedRecordCount": 1 + len(linked),
            "TenancyDescription": record.tenancy_description,
        },
    )
    return Change(reply, both, sorted({record.tenancy_id, other.tenancy_id}))
