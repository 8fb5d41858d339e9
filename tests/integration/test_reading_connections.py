"""Short reads: each question gets its own answer, whatever becomes of callers, connections and the server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from carecord.db.connect import Database
from carecord.db.direct import Question, number_parameters
from carecord.db.readers import Readers

ECHO = Question(b"SELECT $1::text, pg_backend_pid()", stays=True)
ECHO_ONCE = Question(b"SELECT $1::text, pg_backend_pid()", stays=False)
SLEEP = Question(b"SELECT pg_sleep($1::float8)", stays=True)
WRITE = Question(b"CREATE TABLE written ()", stays=False)
LONG = Question(b"SELECT length($1), repeat($1, 3)", stays=True)
END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def read(
    database: Database, act: Callable[[Readers], Awaitable[None]], *, most: int = 2, timeout_s: float = 10.0
) -> None:
    async def run() -> None:
        async with database.open_readers(most=most, statement_timeout_s=timeout_s) as readers:
            await act(readers)

    asyncio.run(run())


async def echo(readers: Readers, text: str, question: Question = ECHO) -> str:
    found = await readers.ask(question, [text.encode()])
    value = found.get_value(0, 0)
    assert value is not None
    return bytes(value).decode()


@pytest.mark.parametrize("question", [ECHO, ECHO_ONCE])
def test_many_at_once_each_get_their_own_answer(database: Database, question: Question) -> None:
    async def act(readers: Readers) -> None:
        asked = [str(number) for number in range(200)]
        assert await asyncio.gather(*(echo(readers, one, question) for one in asked)) == asked

    read(database, act)


def test_a_caller_that_goes_away_leaves_its_answer_to_nobody(database: Database) -> None:
    async def act(readers: Readers) -> None:
        for delay in (0.0, 0.001, 0.01):
            leaving = [asyncio.create_task(echo(readers, f"left {number}")) for number in range(20)]
            leaving.append(asyncio.create_task(readers.ask(SLEEP, [b"0.05"])))  # type: ignore[arg-type]
            await asyncio.sleep(delay)
            for task in leaving[::2]:
                task.cancel()
            stayed = await asyncio.gather(*(echo(readers, f"stays {number}") for number in range(20)))
            assert stayed == [f"stays {number}" for number in range(20)]
            await asyncio.gather(*leaving, return_exceptions=True)

    read(database, act)


def test_an_error_is_its_callers_alone(database: Database) -> None:
    async def act(readers: Readers) -> None:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            await readers.ask(SLEEP, [b"no number"])
        assert await echo(readers, "next") == "next"

    read(database, act, most=1)


def test_a_reader_changes_nothing(database: Database) -> None:
    async def act(readers: Readers) -> None:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await readers.ask(WRITE, [])

    read(database, act)


def test_a_question_that_takes_too_long_is_given_up(database: Database) -> None:
    async def act(readers: Readers) -> None:
        with pytest.raises(psycopg.errors.QueryCanceled):
            await readers.ask(SLEEP, [b"5"])
        assert await echo(readers, "next") == "next"

    read(database, act, most=1, timeout_s=0.2)


def test_connections_lost_while_idle_cost_nobody_an_answer(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(readers: Readers) -> None:
        await asyncio.gather(*(echo(readers, "before") for _ in range(4)))
        connection.execute(END_OTHERS)
        await asyncio.sleep(0.1)
        assert await asyncio.gather(*(echo(readers, "after") for _ in range(4))) == ["after"] * 4

    read(database, act)


def test_a_connection_lost_during_a_question_fails_that_question(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(readers: Readers) -> None:
        waiting = asyncio.create_task(readers.ask(SLEEP, [b"30"]))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        connection.execute(END_OTHERS)
        with pytest.raises(psycopg.OperationalError):
            await waiting
        assert await echo(readers, "next") == "next"

    read(database, act)


def test_a_value_larger_than_the_network_takes_at_once_arrives_whole(database: Database) -> None:
    async def act(readers: Readers) -> None:
        text = b"x" * 8_000_000
        found = await readers.ask(LONG, [text])
        assert found.get_value(0, 0) == b"8000000"
        assert found.get_value(0, 1) == text * 3

    read(database, act)


def test_a_silent_server_is_given_up_and_those_behind_are_not_kept_waiting(database: Database) -> None:
    async def connect() -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(database.url, autocommit=True)

    async def act() -> None:
        async with Readers(connect, most=1, timeout_s=0.2) as readers:
            await echo(readers, "before")
            asked = [asyncio.create_task(readers.ask(SLEEP, [b"2"])) for _ in range(5)]  # type: ignore[arg-type]
            await asyncio.sleep(0)
            failed = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 1.0)
            assert [type(error) for error in failed] == [psycopg.errors.ConnectionTimeout] * 5
            assert await echo(readers, "after") == "after"

    asyncio.run(act())


def test_parameters_are_numbered_in_the_order_they_first_stand() -> None:
    text = "SELECT %(a)s, %(b)s::int WHERE %(a)s"
    assert number_parameters(text) == (b"SELECT $1, $2::int WHERE $1", ("a", "b"))


def test_a_connection_keeps_so_many_statements_prepared_and_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carecord.db.direct._MOST_PREPARED", 3)
    questions = [Question(b"SELECT $1::text, %d" % number, stays=True) for number in range(8)]
    count = Question(b"SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'q%'", stays=False)

    async def act(readers: Readers) -> None:
        for _ in range(2):
            for number, question in enumerate(questions):
                assert await echo(readers, f"of {number}", question) == f"of {number}"
        assert (await readers.ask(count, [])).get_value(0, 0) == b"3"

    read(database, act, most=1)
