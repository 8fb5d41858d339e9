"""The database of the settings: the embedded one by default, the server of DATABASE_URL instead."""

import asyncio
import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from carecord.db import embedded
from carecord.db.connect import Database, ServerTooOld, ServerUnreachable, check_server_version, database
from carecord.db.embedded import Held
from carecord.kernel.settings import Settings


def test_without_a_url_the_embedded_server_of_the_data_folder_is_held() -> None:
    # A short path: the socket of a longer one stands elsewhere.
    with tempfile.TemporaryDirectory(prefix="carecord-") as short:
        data = Path(short) / "data"
        with database(Settings(data=data, database_url=None)) as held:
            with held.connect() as connection:
                assert connection.execute("SELECT current_database()").fetchone() == ("carecord",)
            assert quote(short, safe="") in held.url

        assert not (data / "postgresql" / "cluster" / "postmaster.pid").exists()


def test_a_url_is_used_in_its_place_and_nothing_is_started(postgres: Held, tmp_path: Path) -> None:
    with database(Settings(data=tmp_path / "data", database_url=postgres.url)) as named:
        assert named == Database(postgres.url)
        with named.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)

    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "url", ["postgresql://carecord:sesame@/x?host=/nowhere", "postgresql://carecord:sesame@[::1"]
)
def test_a_server_that_does_not_answer_is_named_without_its_password(url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url=url)

    with pytest.raises(ServerUnreachable, match="DATABASE_URL") as refusal, database(settings):
        pass

    assert "sesame" not in str(refusal.value)


def test_a_server_older_than_15_is_refused() -> None:
    check_server_version(150_000)
    with pytest.raises(ServerTooOld, match="PostgreSQL 14; carecord needs 15"):
        check_server_version(140_012)


def test_each_statement_commits_unless_a_transaction_is_opened(database: Database) -> None:
    with database.connect() as first, database.connect() as second:
        first.execute("CREATE TABLE seen AS SELECT 1 AS number")
        assert second.execute("SELECT number FROM seen").fetchone() == (1,)


def test_a_pool_gives_up_a_statement_that_takes_too_long(database: Database) -> None:
    async def wait() -> None:
        async with (
            database.open_pool(min_size=1, max_size=1, statement_timeout_s=0.05) as pool,
            pool.connection() as connection,
        ):
            await connection.execute("SELECT pg_sleep(5)")

    with pytest.raises(psycopg.errors.QueryCanceled):
        asyncio.run(wait())


def test_a_writing_connection_that_the_server_has_ended_is_not_given_out_again(database: Database) -> None:
    with (
        database.open_writing_pool(max_size=1, statement_timeout_s=5) as pool,
        database.connect() as other,
    ):
        with pool.connection() as connection:
            before = connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
        with pool.connection() as connection:
            assert connection.execute("SELECT pg_backend_pid()").fetchone() != (before,)


def test_a_pool_finds_the_server_again_after_all_of_it_was_killed(tmp_path: Path) -> None:
    async def kill_and_ask(database: Database) -> None:
        async with database.open_pool(min_size=1, max_size=1) as pool:
            server, guardian = server_and_guardian(tmp_path)
            for process in (guardian, server):
                os.kill(process, signal.SIGKILL)
            for _ in range(200):
                # Between the two servers there is no pid file.
                with suppress(OSError, IndexError):
                    if await answers(pool) and server_and_guardian(tmp_path)[0] != server:
                        return
                await asyncio.sleep(0.05)
            pytest.fail("no answer from a new server within 10 s")

    with embedded.hold(tmp_path, durable=False) as held:
        asyncio.run(kill_and_ask(Database(held.url, held)))


async def answers(pool: AsyncConnectionPool) -> bool:
    try:
        async with pool.connection() as connection:
            return await (await connection.execute("SELECT 1")).fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def server_and_guardian(data_folder: Path) -> tuple[int, int]:
    server = (data_folder / "postgresql" / "cluster" / "postmaster.pid").read_text().splitlines()[0]
    status = Path(f"/proc/{server}/status").read_text().splitlines()
    return int(server), next(int(line.split()[1]) for line in status if line.startswith("PPid:"))
