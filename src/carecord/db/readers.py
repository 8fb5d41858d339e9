"""The connections that answer short reads: a few of them, held open, shared by all calls of a process."""

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import psycopg
from psycopg.pq.abc import PGresult

from carecord.db.direct import Connect, DirectConnection, Question


class Readers:
    """So many connections of one event loop. The last used is used first; who finds none waits in turn."""

    def __init__(self, connect: Connect, *, most: int, timeout_s: float) -> None:
        self._all = [DirectConnection(connect, timeout_s=timeout_s) for _ in range(most)]
        self._free = list(self._all)
        self._waiting: deque[asyncio.Future[DirectConnection]] = deque()

    async def ask(self, question: Question, values: Sequence[bytes | None]) -> PGresult:
        """The rows, in text form; raises psycopg.Error."""
        reader = self._free.pop() if self._free else await self._wait()
        try:
            return await reader.ask(question, values)
        except psycopg.errors.ConnectionTimeout as error:
            # Those behind would only learn the same, one patience later.
            self._send_away(error)
            raise
        finally:
            self._give_back(reader)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._all:
            reader.close()

    async def _wait(self) -> DirectConnection:
        turn: asyncio.Future[DirectConnection] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give_back(turn.result())
            raise

    def _give_back(self, reader: DirectConnection) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(reader)
                return
        self._free.append(reader)

    def _send_away(self, error: psycopg.errors.ConnectionTimeout) -> None:
        waiting, self._waiting = self._waiting, deque()
        for turn in waiting:
            if not turn.done():
                turn.set_exception(error)
