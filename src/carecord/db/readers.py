"""Reading at the least cost: connections that stay open, statements that stay prepared, one round trip each.

psycopg's pool and cursors take four to five times the processor time of the libpq that they stand on. That
time is most of a short read's, so a question of one statement, outside any transaction, goes to libpq here;
everything else goes through psycopg. Decision 0012 has the measurements.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A statement whose parameters are `$1`, `$2` …; `stays` prepared in each connection that has run it."""

    text: bytes
    stays: bool


class Reader:
    """One connection. It answers one question at a time, and notices by itself when its server goes away."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._owner = connection
        self._libpq: PGconn = connection.pgconn
        self._loop = asyncio.get_running_loop()
        self._prepared: dict[Question, bytes] = {}
        self._answer: asyncio.Future[PGresult] | None = None
        self._last: PGresult | None = None
        self._libpq.nonblocking = 1
        self._socket = self._libpq.socket
        self._loop.add_reader(self._socket, self._receive)
        self.is_open = True

    async def ask(self, question: Question, values: Sequence[bytes | None]) -> PGresult:
        """The rows, in text form. After an exception the reader must be closed: an answer may still come."""
        name = self._prepared.get(question)
        if name is not None:
            self._libpq.send_query_prepared(name, values)
        elif question.stays:
            name = b"q%d" % len(self._prepared)
            self._libpq.send_prepare(name, question.text)
            await self._await_answer()
            self._prepared[question] = name
            self._libpq.send_query_prepared(name, values)
        else:
            self._libpq.send_query_params(question.text, values)
        return await self._await_answer()

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._libpq.finish()

    async def _await_answer(self) -> PGresult:
        self._answer = self._loop.create_future()
        if self._libpq.flush():
            self._loop.add_writer(self._socket, self._send_rest)
        result = await self._answer
        if result.status not in _DONE:
            raise psycopg.errors.error_from_result(result)
        return result

    def _send_rest(self) -> None:
        try:
            if not self._libpq.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as error:
            self._end(error)

    def _receive(self) -> None:
        try:
            self._libpq.consume_input()
            while not self._libpq.is_busy():
                result = self._libpq.get_result()
                if result is None:
                    break
                self._last = result
            else:
                return
        except psycopg.OperationalError as error:
            self._end(error)
            return
        result, self._last = self._last, None
        answer, self._answer = self._answer, None
        if answer is None or result is None:
            # Nobody asked: it is the server's last word before it closes the connection.
            self._end(psycopg.OperationalError("the server closed the connection"))
        elif not answer.done():
            answer.set_result(result)

    def _end(self, error: psycopg.OperationalError) -> None:
        answer, self._answer = self._answer, None
        self.close()
        if answer is not None and not answer.done():
            answer.set_exception(error)


class Readers:
    """So many readers of one event loop, each opened when it is first needed; the last used is used first."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[psycopg.AsyncConnection[Any]]],
        *,
        most: int,
        timeout_s: float,
    ) -> None:
        self._connect = connect
        self._timeout_s = timeout_s
        self._idle: list[Reader] = []
        self._free = asyncio.Semaphore(most)

    async def ask(self, question: Question, values: Sequence[bytes | None]) -> PGresult:
        """The rows, in text form; raises psycopg.Error, and ConnectionTimeout when nobody answers in time."""
        try:
            async with asyncio.timeout(self._timeout_s), self._free:
                reader = await self._next()
                try:
                    result = await reader.ask(question, values)
                except BaseException:
                    reader.close()
                    raise
                self._idle.append(reader)
                return result
        except TimeoutError:
            raise psycopg.errors.ConnectionTimeout("no reader answered in time") from None

    async def _next(self) -> Reader:
        while self._idle:
            reader = self._idle.pop()
            if reader.is_open:
                return reader
        return Reader(await self._connect())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for reader in self._idle:
            reader.close()
        self._idle.clear()
