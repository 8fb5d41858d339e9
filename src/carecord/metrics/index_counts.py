"""The counts of the index, held by a process and taken again when a scrape finds them old."""

import asyncio
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

import psycopg
import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from carecord.metrics.families import metrics_of
from carecord.patient_index.counting import Counts, count

log = structlog.get_logger()

COUNT_EVERY_S = 60
_SHARE = 20
"""Counting that takes long is done so much more seldom: it has a twentieth of one connection's time."""
COUNT_TIMEOUT_S = 30.0
WAIT_S = 2.0
"""A scrape waits so long for new counts, and then answers with the old."""


class IndexCounts(Collector):
    """The counts of the index, taken again when a scrape finds them old, while it is answered."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        *,
        clock: Callable[[], float] = time.time,
        wait_s: float = WAIT_S,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._wait_s = wait_s
        self._counts: Counts | None = None
        self._counted_at = 0.0
        self._took_s = 0.0
        self._due_at = 0.0
        self._counting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.wait([self._counting])

    async def refresh(self) -> None:
        """Count again where it is time to; whoever waits, waits a moment at most."""
        if self._counting is None and self._clock() >= self._due_at:
            self._counting = asyncio.create_task(self._count(), name="counting the index")
        if self._counting is not None:
            await asyncio.wait([self._counting], timeout=self._wait_s)

    async def _count(self) -> None:
        started = self._clock()
        try:
            async with self._pool.connection() as connection:
                counts = await count(connection, timeout_s=COUNT_TIMEOUT_S)
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("index_count_failed", error=type(error).__name__)
        else:
            self._counts, self._counted_at = counts, started
            self._took_s = self._clock() - started
        finally:
            self._due_at = started + max(COUNT_EVERY_S, _SHARE * (self._clock() - started))
            self._counting = None

    def collect(self) -> Iterable[Metric]:
        if self._counts is not None:
            yield from metrics_of(self._counts, counted_at=self._counted_at, took_s=self._took_s)
