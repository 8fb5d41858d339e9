"""Fixtures for every test: a real PostgreSQL, and a database of its own for each test that asks."""

import os

# A run on several cores sets it, and tables would be as wide as its terminal. Before any import of ours.
os.environ.pop("COLUMNS", None)

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from carecord.db import embedded
from carecord.db.connect import Database
from tests.support import postgres as test_postgres
from tests.support.sandpit import Sandpit, open_sandpit


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Held]:
    """The session's server."""
    with embedded.hold(tmp_path_factory.mktemp("carecord"), durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_template(postgres: embedded.Held) -> embedded.Held:
    """The session's server, with the template that each test's database is copied from."""
    test_postgres.make_template(postgres)
    return postgres


@pytest.fixture
def database(migrated_template: embedded.Held) -> Iterator[Database]:
    """A database with the whole schema and no rows."""
    with test_postgres.new_database(migrated_template) as database:
        yield database


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection]:
    """A connection to the test's database; each statement commits."""
    with database.connect() as connection:
        yield connection


@pytest.fixture
def sandpit(database: Database, tmp_path: Path) -> Iterator[Sandpit]:
    """The application over the test's database, and a client that may read everything."""
    with open_sandpit(database, tmp_path) as opened:
        yield opened
