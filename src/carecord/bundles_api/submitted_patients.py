"""Data Submission - Create Patient and Update Patient: one source record's demographics."""

import uuid
from typing import Any

import msgspec
from psycopg import Connection

from carecord.bundles_api.data_submission import (
    Change,
    change,
    encode_reply,
    own_record,
    read_body,
    uk_today,
)
from carecord.bundles_api.face import Answer, Call
from carecord.catalogue.data_submission import CREATE_PATIENT, UPDATE_PATIENT
from carecord.catalogue.model import WriteOperation
from carecord.catalogue.submission import InvalidItem
from carecord.kernel.errors import Conflict, FieldError, NotAllowed, Unprocessable
from carecord.patient_index.submitting import (
    Outcome,
    check_number_is_free,
    count_possible,
    find_by_number,
    find_description,
    find_linked,
    find_own_record,
    submit_record,
)


async def create_patient(call: Call) -> Answer:
    """Make a source record, or replace the demographics of the one that has this number now."""
    body = await read_body(call)
    return await change(call, lambda connection: _create(connection, call, body))


async def update_patient(call: Call) -> Answer:
    """Replace the demographics of one source record; its local number may change."""
    body = await read_body(call)
    return await change(call, lambda connection: _update(connection, call, body))


def _create(connection: Connection[Any], call: Call, body: Any) -> Change:
    tenancy_id = body.tenancy_id
    own = call.caller.tenancies
    if own is not None and tenancy_id not in own:
        rule = FieldError("TenancyId", "must be a source that the client may write for")
        raise NotAllowed(
            "The client may not write for this source.", errors=[rule], reason="tenancy_not_allowed"
        )
    description = find_description(connection, tenancy_id)
    if description is None:
        rule = FieldError("TenancyId", "is no source system that is known here")
        raise Unprocessable("The source is not known.", errors=[rule], reason="unknown_tenancy")
    found = find_by_number(connection, tenancy_id, body.patient_number)
    return _submit(connection, call, CREATE_PATIENT, tenancy_id, description, found, body)


def _update(connection: Connection[Any], call: Call, body: Any) -> Change:
    asked = own_record(connection, call)
    if asked.tenancy_id != body.tenancy_id:
        raise Conflict(
            "A record stays with its source.",
            errors=[FieldError("TenancyId", "must be the source of the record")],
            reason="tenancy_changed",
        )
    check_number_is_free(connection, asked.tenancy_id, body.patient_number, own=asked.patient_detail_id)
    return _submit(
        connection,
        call,
        UPDATE_PATIENT,
        asked.tenancy_id,
        asked.tenancy_description,
        asked.patient_detail_id,
        body,
    )


def _submit(
    connection: Connection[Any],
    call: Call,
    operation: WriteOperation,
    tenancy_id: int,
    description: str,
    patient_detail_id: int | None,
    body: Any,
) -> Change:
    if patient_detail_id is not None:
        _check_not_merged(connection, patient_detail_id)
    demographics = msgspec.to_builtins(body)
    del demographics["TenancyId"], demographics["SourceUpdatedDate"]
    try:
        patient_detail_id, outcome = submit_record(
            connection,
            tenancy_id,
            patient_detail_id,
            demographics,
            source_updated_at=body.source_updated_date,
            today=uk_today(),
        )
    except InvalidItem as invalid:
        raise Unprocessable("A field breaks a rule.", errors=invalid.errors, reason="invalid") from None
    linked = find_linked(connection, patient_detail_id, tenancies=call.caller.tenancies)
    reply = encode_reply(
        operation,
        {
            "PatientDetailId": str(patient_detail_id),
            "Outcome": outcome,
            "LinkedPatientDetailIds": [str(one) for one in linked],
            "PossibleMatches": count_possible(connection, patient_detail_id, tenancies=call.caller.tenancies),
            "SubmissionId": str(uuid.uuid4()),
            "TenancyDescription": description,
        },
    )
    return Change(
        reply,
        [patient_detail_id],
        [tenancy_id],
        status=201 if outcome is Outcome.CREATED else 200,
        reason=outcome.lower(),
    )


def _check_not_merged(connection: Connection[Any], patient_detail_id: int) -> None:
    found = find_own_record(connection, patient_detail_id, tenancies=None)
    if found is not None and found.merged_into is not None:
        raise Conflict("The record is merged into another; update that one.", reason="merged")
