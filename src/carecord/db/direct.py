"""Statements at the least cost: straight to libpq, prepared in connections that stay open, in one round trip.

psycopg's cursors and pool take four to five times the processor time of the libpq that they stand on, which
is most of what a short statement costs. What is asked often, in one statement and outside any transaction,
goes this way; everything else goes through psycopg. Decision 0012 has the measurements.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]

_PARAMETER = re.compile(r"%\((\w+)\)s")
_MOST_PREPARED = 200
"""Statements that one connection keeps prepared: their plans take memory of the server."""

_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A statement whose parameters are `$1`, `$2` …; `stays` prepared in each connection that has run it."""

    text: bytes
    stays: bool


def number_parameters(text: str) -> tuple[bytes, tuple[str, ...]]:
    """The same statement with `$1`, `$2` … for its `%(name)s`, and the names in that order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", text).encode(), names


class DirectConnection:
    """One connection, opened when it is first asked, and again after a failure; for one question at a time.

    It notices by itself when its server goes away, and gives up a server that is silent for `timeout_s`.
    """

    def __init__(self, connect: Connect, *, timeout_s: float) -> None:
        self._connect = connect
        self._timeout_s = timeout_s
        self._loop = asyncio.get_running_loop()
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._libpq: PGconn
        self._socket = -1
        # The one that was asked last is last.
        self._prepared: dict[Question, bytes] = {}
        self._named = 0
        self._answer: asyncio.Future[PGresult] | None = None
        self._last: PGresult | None = None

    async def ask(self, question: Question, values: Sequence[bytes | None]) -> PGresult:
        """The rows, in text form; raises psycopg.Error, and then the next question finds a new connection."""
        try:
            if self._connection is None:
                await self._open()
            name = self._prepared.pop(question, None)
            if name is None and question.stays:
                name = await self._prepare(question)
            if name is not None:
                self._prepared[question] = name
                self._libpq.send_query_prepared(name, values)
            else:
                self._libpq.send_query_params(question.text, values)
            return await self._await_answer()
        except BaseException:
            # Whatever ended this, be it a caller that went away: no later question may meet its answer.
            self.close()
            raise

    def close(self, error: psycopg.Error | None = None) -> None:
        """Close it; whoever still waits for an answer gets the error."""
        if self._connection is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._libpq.finish()
            self._connection = None
            self._prepared.clear()
            self._last = None
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error or psycopg.OperationalError("the connection was closed"))

    async def _open(self) -> None:
        self._connection = await self._connect()
        self._libpq = self._connection.pgconn
        self._libpq.nonblocking = 1
        self._socket = self._libpq.socket
        self._loop.add_reader(self._socket, self._receive)

    async def _await_answer(self) -> PGresult:
        answer: asyncio.Future[PGresult] = self._loop.create_future()
        self._answer = answer
        if self._libpq.flush():
            self._loop.add_writer(self._socket, self._send_rest)
        patience = self._loop.call_later(self._timeout_s, self._give_up)
        try:
            result = await answer
        finally:
            patience.cancel()
        if result.status not in _DONE:
            raise psycopg.errors.error_from_result(result)
        return result

    async def _prepare(self, question: Question) -> bytes:
        """The name of the statement, prepared; the one that was not asked for longest makes room."""
        if len(self._prepared) >= _MOST_PREPARED:
            oldest = self._prepared.pop(next(iter(self._prepared)))
            self._libpq.send_query_params(b"DEALLOCATE %b" % oldest, None)
            await self._await_answer()
        self._named += 1
        name = b"q%d" % self._named
        self._libpq.send_prepare(name, question.text)
        await self._await_answer()
        return name

    def _send_rest(self) -> None:
        try:
            if not self._libpq.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.OperationalError as error:
            self.close(error)

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
            self.close(error)
            return
        result, self._last = self._last, None
        if self._answer is None or result is None:
            # Nobody asked: it is the server's last word before it closes the connection.
            self.close()
            return
        answer, self._answer = self._answer, None
        if not answer.done():
            answer.set_result(result)

    def _give_up(self) -> None:
        self.close(psycopg.errors.ConnectionTimeout("the server is silent"))
