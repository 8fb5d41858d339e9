"""Data Submission, what every write shares: its body, the record it may change, one audited transaction."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from psycopg import Connection

from carecord.access.audit import record
from carecord.bundles_api.bodies import read_body as read_json
from carecord.bundles_api.face import Answer, Call, audit_event, unknown_patient
from carecord.bundles_api.parameters import check_no_parameters
from carecord.catalogue.model import WriteOperation
from carecord.catalogue.shapes import answer_shape
from carecord.kernel.errors import BadRequest, CareRecordError, FieldError, NotFound
from carecord.patient_index.submitting import OwnRecord, find_own_record

REASON_LIMIT = 1_000
_LARGEST_ID = 2**63 - 1
_NUL_ESCAPED = re.compile(rb"(?<!\\)(\\\\)*\\u0000")
_LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class Change:
    """What a write did: the body of its reply, and what the audit is told."""

    reply: bytes
    patient_detail_ids: Sequence[int]
    tenancies: Sequence[int]
    status: int = 200
    reason: str | None = None
    restricted: bool = False


async def change(call: Call, work: Callable[[Connection[Any]], Change]) -> Answer:
    """Do the work in one transaction with its audit row, in a worker thread: both are kept, or neither.

    What the work raises undoes it. Then the face writes the refusal down.
    """

    def run() -> Change:
        with call.writing_pool.connection() as connection, connection.transaction():
            made = work(connection)
            record(
                connection,
                audit_event(
                    call,
                    made.patient_detail_ids,
                    made.tenancies,
                    reason=made.reason,
                    restricted=made.restricted,
                ),
            )
            return made

    made = await asyncio.to_thread(run)
    return Answer(
        made.reply,
        status=made.status,
        patient_detail_ids=made.patient_detail_ids,
        tenancies=made.tenancies,
        audited=True,
    )


async def read_body(call: Call) -> Any:
    """The body in the shape that the operation declares; raises BadRequest that names the field at fault."""
    check_no_parameters(call.query)
    assert isinstance(call.operation, WriteOperation)
    assert call.operation.body is not None
    raw = await call.read_body()
    if holds_nul(raw):
        rule = FieldError("body", "must not hold the character U+0000")
        raise BadRequest("The body breaks a rule.", errors=[rule])
    return read_json(call.operation.body, raw)


def holds_nul(raw: bytes | msgspec.Raw) -> bool:
    """Whether JSON holds the one character that PostgreSQL does not; an escaped backslash makes none."""
    return _NUL_ESCAPED.search(bytes(raw)) is not None


def own_record(connection: Connection[Any], call: Call, patient_detail_id: int | None = None) -> OwnRecord:
    """The record of the path, or the one named; NotFound where the caller may not write for its source."""
    wanted = call.patient_detail_id if patient_detail_id is None else patient_detail_id
    found = find_own_record(connection, wanted, tenancies=call.caller.tenancies)
    if found is None:
        raise unknown_patient()
    return found


def parse_id(text: str, name: str, unknown: Callable[[], NotFound]) -> int:
    """An ID as text; BadRequest where it is not digits, NotFound where it can be no ID."""
    if not (text.isascii() and text.isdigit()):
        raise BadRequest("An ID breaks a rule.", errors=[FieldError(name, "must be decimal digits")])
    if len(text) > 19 or int(text) > _LARGEST_ID:
        raise unknown()
    return int(text)


def check_text(name: str, text: str | None, limit: int) -> None:
    """BadRequest where a text that is kept as it came is empty, too long, or holds what PostgreSQL cannot."""
    if text is None:
        return
    if not text.strip() or len(text) > limit:
        rule = f"must have 1 to {limit} characters, or be null"
    elif "\0" in text:
        rule = "must not hold the character U+0000"
    else:
        return
    raise BadRequest("The body breaks a rule.", errors=[FieldError(name, rule)])


def encode_reply(operation: WriteOperation, item: dict[str, Any]) -> bytes:
    """The reply in the fields that the operation declares, in their order."""
    return msgspec.json.encode(msgspec.convert(item, answer_shape(operation)))


def decided_by(call: Call) -> str:
    """How a decision on links names the client that made it."""
    return f"client {call.caller.client_id}"


def uk_now() -> datetime:
    """UK local time, in which sources speak."""
    return datetime.now(_LONDON)


def uk_today() -> str:
    return uk_now().date().isoformat()


def naming(error: CareRecordError, name: str) -> CareRecordError:
    """The same error, with the field of the body that it is about."""
    return type(error)(error.detail, errors=[FieldError(name, error.detail)], reason=error.reason)
