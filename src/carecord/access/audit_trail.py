"""The audit trail of a serving process: a row is on disk before the answer that it tells of leaves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
import structlog

from carecord.access.audit import AuditEvent, Chain, encode_event, utc_now
from carecord.db.direct import Connect, DirectConnection, Question, number_parameters
from carecord.kernel.errors import Unavailable
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)
log = structlog.get_logger()

_insert, _INSERT_PARAMETERS = number_parameters(queries.insert_audit_events)
_INSERT = Question(_insert, stays=True)
_MOST_IN_ONE_COMMIT = 1_000
_MOST_WAITING = 20_000


class _Waiting(NamedTuple):
    at: datetime
    body: bytes
    written: asyncio.Future[None]


class AuditTrail:
    """Writes audit rows, each commit for all who waited while the one before ran; there is no fixed delay.

    The rows of a process are one chain. After a failure it starts another, because nobody can know whether
    the last commit came through: a row too many is a look that was not answered, which does no harm.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        timeout_s: float,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._timeout_s = timeout_s
        self._clock = clock
        self._connection = DirectConnection(connect, timeout_s=timeout_s)
        self._chain = Chain()
        self._waiting: list[_Waiting] = []
        self._wanted = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def record(self, event: AuditEvent) -> None:
        """Return when the row is on disk. `Unavailable` when it is not: then the answer must not be sent."""
        if self._closed or len(self._waiting) >= _MOST_WAITING:
            raise _unavailable()
        body = encode_event(event)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_until_closed(), name="audit writer")
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(self._clock(), body, written))
        self._wanted.set()
        await written

    async def close(self) -> None:
        """Write what waits, then stop."""
        self._closed = True
        self._wanted.set()
        if self._writer is not None:
            await asyncio.wait([self._writer])
        self._connection.close()

    async def _write_until_closed(self) -> None:
        batch: list[_Waiting] = []
        try:
            while self._waiting or not self._closed:
                await self._wanted.wait()
                # Whoever is ready in this turn of the loop joins; under load that is half as many commits.
                await asyncio.sleep(0)
                batch, self._waiting = (
                    self._waiting[:_MOST_IN_ONE_COMMIT],
                    self._waiting[_MOST_IN_ONE_COMMIT:],
                )
                if not self._waiting:
                    self._wanted.clear()
                if batch:
                    await self._write_or_fail(batch)
        finally:
            # Somebody waits here only when this task was killed, and nobody may wait for ever.
            _fail([*batch, *self._waiting])
            self._waiting = []

    async def _write_or_fail(self, batch: Sequence[_Waiting]) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._write(batch)
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.error("audit_write_failed", rows=len(batch), error=type(error).__name__)
            if isinstance(error, psycopg.DataError) and len(batch) > 1:
                # A row that cannot be written costs its own caller, and not all who share the commit.
                for waiting in batch:
                    await self._write_or_fail([waiting])
            else:
                _fail(batch)
        else:
            for waiting in batch:
                if not waiting.written.done():
                    waiting.written.set_result(None)

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        # Taken away until the commit is known: whatever ends this early leaves a new chain to the next batch.
        chain, self._chain = self._chain, Chain()
        rows = b",".join([chain.append(waiting.at, waiting.body) for waiting in batch])
        values = {"chain_id": str(chain.chain_id).encode(), "rows": b"[%b]" % rows}
        await self._connection.ask(_INSERT, [values[name] for name in _INSERT_PARAMETERS])
        self._chain = chain


def _fail(batch: Sequence[_Waiting]) -> None:
    for waiting in batch:
        if not waiting.written.done():
            waiting.written.set_exception(_unavailable())


def _unavailable() -> Unavailable:
    return Unavailable(reason="audit_unavailable")


@contextlib.asynccontextmanager
async def open_trail(
    url: str, *, timeout_s: float = 10.0, clock: Callable[[], datetime] = utc_now
) -> AsyncIterator[AuditTrail]:
    """The audit trail of this process, on a connection of its own that opens with the first event."""

    async def connect() -> psycopg.AsyncConnection[Any]:
        connection = await psycopg.AsyncConnection.connect(
            url, autocommit=True, application_name="carecord audit"
        )
        await connection.execute(
            queries.set_up_audit_connection, {"statement_timeout": f"{timeout_s * 1000:.0f}ms"}
        )
        return connection

    trail = AuditTrail(connect, timeout_s=timeout_s, clock=clock)
    try:
        yield trail
    finally:
        await trail.close()
