"""The face itself: a call is routed, asked for its right, answered, and audited on disk before the answer."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from psycopg import OperationalError
from psycopg import errors as postgres_errors
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout
from starlette.types import Receive, Scope, Send

from carecord.access.audit import AuditEvent, EventName, Outcome
from carecord.access.audit_trail import AuditTrail
from carecord.access.gate import Caller, Gate
from carecord.bundles_api.router import Router
from carecord.catalogue.model import Operation
from carecord.db.readers import Readers
from carecord.kernel.errors import (
    BadRequest,
    BodyTooLarge,
    CareRecordError,
    FieldError,
    NotFound,
    Unavailable,
    UnsupportedMediaType,
)
from carecord.kernel.faults import log_fault
from carecord.kernel.problem import MEDIA_TYPE as PROBLEM
from carecord.kernel.problem import encode_problem
from carecord.patient_index.tenancies import Tenancies

log = structlog.get_logger()

JSON = "application/json; charset=utf-8"
PATIENT_DETAIL_ID = "patientDetailId"
_LARGEST_ID = 2**63 - 1


@dataclass(slots=True)
class Call:
    """One call, past the gate: who asks for what, and the parts that answer it."""

    operation: Operation
    caller: Caller
    readers: Readers
    pool: AsyncConnectionPool[Any]
    tenancies: Tenancies
    query: bytes
    path_values: Mapping[str, str]
    headers: Mapping[bytes, bytes]
    read_body: Callable[[], Awaitable[bytes]]
    writing_pool: ConnectionPool[Any]
    trace_id: str
    browse_by_surname: bool = False

    @property
    def patient_detail_id(self) -> int:
        """The ID of the path; NotFound where it can be no ID at all."""
        return parse_patient_detail_id(self.path_values[PATIENT_DETAIL_ID])

    def holds_scope(self, scope: str) -> bool:
        return scope in self.caller.scopes


@dataclass(slots=True)
class Answer:
    """What goes back, and what the audit must know of it: whose records were shown, of which sources."""

    body: bytes
    status: int = 200
    media_type: str | None = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    patient_detail_ids: Sequence[int] = ()
    tenancies: Sequence[int] = ()
    audited: bool = False
    """A change whose audit row was written in its own transaction."""
    restricted: bool = False
    """Whether rows were shown that need the bundle's restricted scope, though the operation does not."""


Handler = Callable[[Call], Awaitable[Answer]]


def parse_patient_detail_id(text: str) -> int:
    """A patient detail ID is a string of decimal digits; raises BadRequest or NotFound."""
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(
            "The path breaks a rule.", errors=[FieldError(PATIENT_DETAIL_ID, "must be decimal digits")]
        )
    if len(text) > 19 or int(text) > _LARGEST_ID:
        raise unknown_patient()
    return int(text)


def unknown_patient() -> NotFound:
    """The same for a record that is not there and one that the caller may not know of."""
    return NotFound("There is no such patient detail ID.", reason="unknown_patient")


class BundlesFace:
    """An ASGI application over all operations that have a handler."""

    def __init__(
        self,
        handlers: Mapping[Operation, Handler],
        *,
        gate: Gate,
        trail: AuditTrail,
        readers: Readers,
        pool: AsyncConnectionPool[Any],
        writing_pool: ConnectionPool[Any],
        tenancies: Tenancies,
        body_limit_bytes: int,
        submission_limit_bytes: int,
        browse_by_surname: bool,
    ) -> None:
        self.handlers = handlers
        self._router = Router(handlers)
        self._gate = gate
        self._trail = trail
        self._readers = readers
        self._pool = pool
        self._writing_pool = writing_pool
        self._tenancies = tenancies
        self._body_limit_bytes = body_limit_bytes
        self._submission_limit_bytes = submission_limit_bytes
        self._browse_by_surname = browse_by_surname

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trace_id = os.urandom(16).hex()
        try:
            answer = await self._answer(scope, receive, trace_id)
        except CareRecordError as error:
            await send_problem(send, error, instance=scope["path"], trace_id=trace_id)
            return
        except (OperationalError, PoolTimeout, postgres_errors.QueryCanceled) as error:
            log.warning("database_unavailable", trace_id=trace_id, kind=type(error).__name__)
            await send_problem(send, Unavailable(), instance=scope["path"], trace_id=trace_id)
            return
        except Exception as error:  # noqa: BLE001  The last to catch: whoever calls gets one shape of error.
            # The text of the error may hold a value: only its kind and place are logged.
            log_fault(error, trace_id)
            await send_problem(send, CareRecordError(), instance=scope["path"], trace_id=trace_id)
            return
        await send_answer(send, answer)

    async def _answer(self, scope: Scope, receive: Receive, trace_id: str) -> Answer:
        # HEAD is GET whose body the server keeps back: it asks for the same right and leaves the same trace.
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        found = self._router.find(method, scope["path"])
        if found is None:
            raise NotFound("There is no such operation.")
        operation, path_values = found
        headers: dict[bytes, bytes] = dict(scope["headers"])
        authorization = headers.get(b"authorization")
        key = headers.get(b"ocp-apim-subscription-key")
        asked_for = _ids_in_path(path_values)
        caller = await self._gate.check(
            authorization.decode("latin-1") if authorization is not None else None,
            key.decode("latin-1") if key is not None else None,
            operation,
            patient_detail_ids=asked_for,
            trace_id=trace_id,
        )
        body_limit = self._submission_limit_bytes if operation.writes else self._body_limit_bytes
        call = Call(
            operation=operation,
            caller=caller,
            readers=self._readers,
            pool=self._pool,
            tenancies=self._tenancies,
            query=scope["query_string"],
            path_values=path_values,
            headers=headers,
            read_body=lambda: read_json_body(receive, headers, body_limit),
            writing_pool=self._writing_pool,
            trace_id=trace_id,
            browse_by_surname=self._browse_by_surname,
        )
        try:
            _check_path_values(path_values)
            answer = await self.handlers[operation](call)
        except CareRecordError as refusal:
            await self._trail.record(audit_event(call, asked_for, (), refusal=refusal))
            raise
        if not answer.audited:
            ids = answer.patient_detail_ids or asked_for
            event = audit_event(call, ids, answer.tenancies, restricted=answer.restricted)
            await self._trail.record(event)
        return answer


def audit_event(
    call: Call,
    patient_detail_ids: Sequence[int],
    tenancies: Sequence[int],
    *,
    refusal: CareRecordError | None = None,
    reason: str | None = None,
    restricted: bool = False,
) -> AuditEvent:
    """What the audit is told of a call; `restricted` of one that its operation alone does not make so."""
    outcome = Outcome.ALLOWED
    if refusal is not None:
        outcome = Outcome.NOT_FOUND if isinstance(refusal, NotFound) else Outcome.REFUSED
        reason = refusal.reason or refusal.issue_code
    return AuditEvent(
        event=EventName(call.operation.event),
        client_id=call.caller.client_id,
        user_id=call.caller.user_id,
        operation_id=call.operation.operation_id,
        patient_detail_ids=patient_detail_ids,
        tenancies=tenancies,
        outcome=outcome,
        reason=reason,
        restricted=restricted or call.operation.restricted,
        trace_id=call.trace_id,
    )


def _check_path_values(path_values: Mapping[str, str]) -> None:
    """BadRequest where a value holds the one character that PostgreSQL does not."""
    errors = [
        FieldError(name, "must not hold the character U+0000")
        for name, value in path_values.items()
        if "\0" in value
    ]
    if errors:
        raise BadRequest("The path breaks a rule.", errors=errors)


def _ids_in_path(path_values: Mapping[str, str]) -> tuple[int, ...]:
    text = path_values.get(PATIENT_DETAIL_ID, "")
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= _LARGEST_ID:
        return (int(text),)
    return ()


async def read_json_body(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """The body of a request; raises UnsupportedMediaType or BodyTooLarge."""
    media_type = headers.get(b"content-type", b"application/json").split(b";")[0].strip().lower()
    if media_type != b"application/json" and not media_type.endswith(b"+json"):
        raise UnsupportedMediaType()
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The body broke off.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.")
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


async def send_answer(send: Send, answer: Answer) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode()), (b"cache-control", b"no-store")]
    if answer.media_type is not None and answer.body:
        headers.append((b"content-type", answer.media_type.encode()))
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def send_problem(send: Send, error: CareRecordError, *, instance: str, trace_id: str) -> None:
    """Send an error in the one shape that all have."""
    body = encode_problem(error, instance=instance, trace_id=trace_id)
    await send_answer(send, Answer(body, status=error.status, media_type=PROBLEM, headers=error.headers))
