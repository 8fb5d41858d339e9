"""Changes: one transaction for what is written and for the audit of it, off the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from psycopg import Connection
from psycopg import errors as postgres_errors

from carecord.access.audit import AuditEvent, record
from carecord.fhir_api.auditing import audit_event
from carecord.fhir_api.calls import Call, Reply
from carecord.kernel.errors import Conflict

Made = TypeVar("Made")

_ATTEMPTS = 4
_COLLISIONS = (postgres_errors.DeadlockDetected, postgres_errors.SerializationFailure)


@dataclass(slots=True)
class Change:
    """The answer to a change. `events` is what the audit is told, if it is more than of the call itself."""

    reply: Reply
    events: Sequence[AuditEvent] = field(default_factory=tuple)


async def change(call: Call, work: Callable[[Connection[Any]], Change]) -> Reply:
    """Do the work in one transaction with its audit rows; what it raises undoes it.

    Two changes that stand in each other's way are tried again, one after the other.
    """

    def run() -> Reply:
        with call.parts.writing_pool.connection() as connection, connection.transaction():
            made = work(connection)
            record(connection, *(made.events or [audit_event(call, made.reply)]))
            return made.reply

    for attempt in range(_ATTEMPTS):
        try:
            reply = await asyncio.to_thread(run)
        except _COLLISIONS as error:
            if attempt == _ATTEMPTS - 1:
                raise Conflict(
                    "Another change of the same record stood in the way; send it again.", reason="collision"
                ) from error
            await asyncio.sleep(0.02 * 2**attempt)
        else:
            reply.audited = True
            return reply
    raise AssertionError("unreachable")
