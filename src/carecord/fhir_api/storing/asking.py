"""Freshening for those who wait for an answer, bounded in time; and for a whole database."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from carecord.fhir_api.storing.freshening import AT_ONCE, Freshened, freshen, note_due
from carecord.fhir_api.storing.rows import queries
from carecord.kernel.errors import Unavailable
from carecord.kernel.local_time import now as uk_now

PATIENCE_S = 4.0
"""How long a caller waits for resources to be made before it is told to come again."""

_IN_ONE_GO = 50
"""Records of one transaction while a caller waits."""

_RETRY_AFTER_S = 5

_BUSY = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
)

_whole: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
"""Of one process, one call makes all that is stale; the others wait, and find it made."""


class Turns:
    """What reads otherwise because a day has passed; in each process an hour's first call looks for it."""

    def __init__(self) -> None:
        self._hour: datetime | None = None

    async def look(self, writing_pool: ConnectionPool[Any]) -> None:
        hour = uk_now().replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            await asyncio.to_thread(_note_due, writing_pool)
            self._hour = hour


def _note_due(writing_pool: ConnectionPool[Any]) -> None:
    with writing_pool.connection() as connection:
        note_due(connection)


async def freshen_asked(writing_pool: ConnectionPool[Any], patient_detail_ids: Sequence[int] | None) -> None:
    """Make anew what is stale of these records (None: of all); Unavailable where there is too much of it.

    What was made until then stays made: who asks again finds less to do.
    """
    until = time.monotonic() + PATIENCE_S
    if patient_detail_ids is not None:
        await asyncio.to_thread(_freshen_until, writing_pool, patient_detail_ids, until)
        return
    turn = _whole.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await turn.acquire()
    except TimeoutError as error:
        raise _too_much() from error
    try:
        await asyncio.to_thread(_freshen_until, writing_pool, None, until)
    finally:
        turn.release()


def freshen_all(writing_pool: ConnectionPool[Any]) -> Iterator[Freshened]:
    """Make anew all that is stale, in transactions of several hundred records; tells of each."""
    while True:
        with writing_pool.connection() as connection:
            made = _freshen_next(connection)
        yield made
        if made.is_all:
            return


def freshen_whole(connection: Connection[Any]) -> Iterator[Freshened]:
    """The same on a connection of one's own."""
    while True:
        made = _freshen_next(connection)
        yield made
        if made.is_all:
            return


def _freshen_next(connection: Connection[Any]) -> Freshened:
    try:
        with connection.transaction():
            return freshen(connection, None)
    except psycopg.errors.DeadlockDetected:
        # A client's transaction, which takes its records as they come, goes first; nothing was made.
        return Freshened(is_all=False)


def _freshen_until(writing_pool: ConnectionPool[Any], ids: Sequence[int] | None, until: float) -> None:
    most = AT_ONCE if ids is not None else _IN_ONE_GO
    with writing_pool.connection() as connection:
        while True:
            patience_ms = max(1, round((until - time.monotonic()) * 1000))
            try:
                with connection.transaction():
                    # Who holds a record for longer than a caller would wait is not waited for.
                    connection.execute(queries.limit_waiting, {"patience": f"{patience_ms}ms"})
                    made = freshen(connection, ids, most=most)
            except _BUSY as error:
                raise _too_much() from error
            if made.is_all:
                return
            if time.monotonic() > until:
                raise _too_much()


def _too_much() -> Unavailable:
    return Unavailable(
        "More of the record has changed than could be made into resources while you wait; ask again.",
        headers={"Retry-After": str(_RETRY_AFTER_S)},
        reason="resources_stale",
    )
