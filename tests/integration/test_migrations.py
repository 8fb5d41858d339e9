"""Migrations build exactly schema.sql, once, whoever runs them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

import carecord.db
from carecord.db.connect import Database
from carecord.db.embedded import Held
from carecord.db.migrate import MigrationWaited, UnknownRevision, migrate, status
from tests.support.postgres import dump_schema, new_database

REVISIONS = Path(carecord.db.__file__).parent / "migrations" / "versions"


@pytest.fixture
def empty(postgres: Held) -> Iterator[Database]:
    with new_database(postgres, template="template0") as database:
        yield database


def test_migrations_build_exactly_schema_sql(database: Database, empty: Database) -> None:
    with empty.connect() as connection:
        connection.execute(files("carecord.db").joinpath("schema.sql").read_text("utf-8"))

    assert dump_schema(database.url) == dump_schema(empty.url)


def test_the_comparison_sees_a_difference(database: Database, empty: Database) -> None:
    with empty.connect() as connection:
        connection.execute(files("carecord.db").joinpath("schema.sql").read_text("utf-8"))
        connection.execute("COMMENT ON SCHEMA ingest IS 'something else'")

    assert dump_schema(database.url) != dump_schema(empty.url)


def test_status_of_an_empty_database_names_every_revision(empty: Database) -> None:
    before = status(empty.url)

    assert before.current is None
    assert list(before.pending) == sorted(file.stem for file in REVISIONS.glob("*.sql"))
    assert before.pending[-1] == before.head


def test_migrating_leaves_nothing_pending_and_again_changes_nothing(empty: Database) -> None:
    after = migrate(empty.url)
    schema = dump_schema(empty.url)

    assert (after.current, after.pending) == (after.head, ())
    assert migrate(empty.url) == status(empty.url) == after
    assert dump_schema(empty.url) == schema


def test_two_that_migrate_at_once_take_turns(empty: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(migrate, [empty.url] * 4))

    assert all(answer.pending == () for answer in answers)


def test_a_database_of_a_newer_carecord_is_left_alone(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("UPDATE public.alembic_version SET version_num = '9999_tomorrow'")

    with pytest.raises(UnknownRevision, match="9999_tomorrow"):
        migrate(database.url)


def test_a_migration_that_waits_too_long_for_a_lock_changes_nothing(empty: Database) -> None:
    first = status(empty.url).pending[0]
    with empty.connect() as other, other.transaction():
        # Another session is making the same schema and has not finished.
        other.execute("CREATE SCHEMA access")

        with pytest.raises(MigrationWaited):
            migrate(empty.url)
        assert status(empty.url).pending[0] == first


def test_every_revision_is_a_module_and_its_sql() -> None:
    assert {file.stem for file in REVISIONS.glob("*.py")} == {file.stem for file in REVISIONS.glob("*.sql")}


def test_there_is_one_line_of_revisions(empty: Database) -> None:
    # Alembic refuses two heads; naming the head proves that there is one.
    assert status(empty.url).head == max(file.stem for file in REVISIONS.glob("*.sql"))


def test_carecord_needs_no_superuser(connection: psycopg.Connection) -> None:
    assert connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("off",)
