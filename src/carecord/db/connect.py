"""Connections to the database: the embedded one, or the server that DATABASE_URL names."""

import math
import select
import time
from asyncio import to_thread
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from carecord.db import embedded
from carecord.db.programs import OLDEST_MAJOR
from carecord.db.readers import Readers
from carecord.kernel.errors import SetUpError
from carecord.kernel.settings import Settings
from carecord.kernel.sql import load_queries

_QUERIES = load_queries(__package__)
_CONNECT_TIMEOUT_S = 10
_TRUSTED_S = 1.0
"""A connection that was taken so lately is taken again without a question to the server."""


class ServerUnreachable(SetUpError):
    """The server of DATABASE_URL does not answer."""


class ServerTooOld(SetUpError):
    """The server of DATABASE_URL is older than carecord supports."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where the record is stored. Every connection commits each statement unless a transaction is opened."""

    url: str
    held: embedded.Held | None = None

    def connect(self) -> psycopg.Connection[TupleRow]:
        """One connection, for a command or a loading process; the caller closes it."""
        self._ensure_server()
        return psycopg.connect(self.url, autocommit=True, **_options())

    def open_pool(
        self, *, min_size: int, max_size: int, statement_timeout_s: float | None = None
    ) -> AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]:
        """A pool for one event loop, opened by `async with`. Statements are prepared at their second use."""
        return AsyncConnectionPool(
            self.url if self.held is None else self._url_of_running_server,
            kwargs={"autocommit": True, "prepare_threshold": 1, **_options()},
            min_size=min_size,
            max_size=max_size,
            timeout=_CONNECT_TIMEOUT_S,
            configure=_limit_statements(statement_timeout_s),
            name="carecord",
            open=False,
        )

    def open_readers(self, *, most: int, statement_timeout_s: float) -> Readers:
        """Readers of one event loop, for short questions that are asked often; closed by `async with`."""

        async def connect() -> psycopg.AsyncConnection[TupleRow]:
            connection = await psycopg.AsyncConnection.connect(
                await self._url_of_running_server(), autocommit=True, **_options()
            )
            await connection.execute(
                _QUERIES.set_up_reader, {"timeout_ms": str(round(statement_timeout_s * 1000))}
            )
            return connection

        # The server's own limit comes first; this one is for a server that is silent.
        return Readers(connect, most=most, timeout_s=statement_timeout_s + _CONNECT_TIMEOUT_S)

    def open_writing_pool(
        self, *, max_size: int, statement_timeout_s: float
    ) -> ConnectionPool[psycopg.Connection[TupleRow]]:
        """A pool for worker threads that change the record, opened by `with`; idle, it holds no connection.

        A commit is on disk when it returns, whatever the server's own default is.
        """

        def set_up(connection: psycopg.Connection[TupleRow]) -> None:
            connection.execute(
                _QUERIES.set_up_writing, {"timeout_ms": str(round(statement_timeout_s * 1000))}
            )

        return ConnectionPool(
            self._url_of_server,
            kwargs={"autocommit": True, **_options()},
            min_size=0,
            max_size=max_size,
            timeout=_CONNECT_TIMEOUT_S,
            configure=set_up,
            check=_check_of_idle(),
            name="carecord writing",
            num_workers=1,
            open=False,
        )

    def _url_of_server(self) -> str:
        self._ensure_server()
        return self.url

    async def _url_of_running_server(self) -> str:
        await to_thread(self._ensure_server)
        return self.url

    def _ensure_server(self) -> None:
        if self.held is not None:
            self.held.ensure_server()


@contextmanager
def database(settings: Settings) -> Iterator[Database]:
    """The database of these settings, of a version we support; an embedded server is held meanwhile."""
    if settings.database_url is None:
        with embedded.hold(settings.data) as held:
            yield Database(held.url, held)
    else:
        _check_server(settings.database_url)
        yield Database(settings.database_url)


def check_server_version(version: int) -> None:
    """Refuse a server older than we support. The version is libpq's number, 150004 for 15.4."""
    if version < OLDEST_MAJOR * 10_000:
        major = version // 10_000
        raise ServerTooOld(f"The server is PostgreSQL {major}; carecord needs {OLDEST_MAJOR} or later.")


def _check_server(url: str) -> None:
    try:
        with psycopg.connect(url, **_options()) as connection:
            check_server_version(connection.info.server_version)
    except psycopg.OperationalError as error:
        # libpq names host, user and database in its message, never the password.
        raise ServerUnreachable(f"The server of DATABASE_URL does not answer: {error}") from error
    except psycopg.ProgrammingError as error:
        # This one may repeat what it could not read, password and all.
        raise ServerUnreachable("DATABASE_URL is not a PostgreSQL URL.") from error


def _limit_statements(
    timeout_s: float | None,
) -> Callable[[psycopg.AsyncConnection[TupleRow]], Awaitable[None]] | None:
    if timeout_s is None:
        return None

    async def limit(connection: psycopg.AsyncConnection[TupleRow]) -> None:
        await connection.execute(_QUERIES.limit_statements, {"timeout_ms": str(round(timeout_s * 1000))})

    return limit


def _check_of_idle() -> Callable[[psycopg.Connection[TupleRow]], None]:
    """Whether a connection still answers, asked of one that has been idle or that its server has written to.

    A server that ends a connection says so. Only one that is gone without a word is found by asking.
    """
    taken_at: WeakKeyDictionary[psycopg.Connection[TupleRow], float] = WeakKeyDictionary()

    def check(connection: psycopg.Connection[TupleRow]) -> None:
        now = time.monotonic()
        is_idle = now - taken_at.get(connection, -math.inf) > _TRUSTED_S
        if is_idle or _has_been_written_to(connection):
            ConnectionPool.check_connection(connection)
        taken_at[connection] = now

    return check


def _has_been_written_to(connection: psycopg.Connection[TupleRow]) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _options() -> dict[str, Any]:
    return {"fallback_application_name": "carecord", "connect_timeout": _CONNECT_TIMEOUT_S}
