"""The names of source systems, remembered by each process for a short while."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from psycopg_pool import AsyncConnectionPool

from carecord.kernel.sql import load_queries

queries = load_queries(__package__)

REMEMBERED_S = 60
"""A source that is renamed shows its new name everywhere after so long."""


class Tenancies:
    """Answers a tenancy's description from memory; reads all anew when they are old or one is unknown."""

    def __init__(
        self, pool: AsyncConnectionPool[Any], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._descriptions: dict[int, str] = {}
        self._read_at = float("-inf")

    async def describe(self, tenancy_ids: Sequence[int]) -> list[str]:
        """The description of each, in step."""
        known = self._descriptions
        if self._clock() - self._read_at > REMEMBERED_S or any(one not in known for one in tenancy_ids):
            known = await self._read()
        return [known[one] for one in tenancy_ids]

    async def _read(self) -> dict[int, str]:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(queries.list_tenancies)).fetchall()
        self._descriptions = {row[0]: row[1] for row in rows}
        self._read_at = self._clock()
        return self._descriptions
