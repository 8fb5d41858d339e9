"""A PostgreSQL for the tests: one server a session, one migrated template, a fresh copy for each test."""

import itertools
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from carecord.db.connect import Database
from carecord.db.embedded import Held
from carecord.db.migrate import migrate
from carecord.db.programs import find_programs

TEMPLATE = "migrated"
_VACUUM_S = 30
_numbers = itertools.count(1)


def make_template(server: Held) -> None:
    """A database with the whole schema and no rows, to copy from."""
    _run(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(url_of(server, TEMPLATE))


@contextmanager
def new_database(server: Held, *, template: str = TEMPLATE) -> Iterator[Database]:
    """A database of its own, dropped at the end with whoever is still connected."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
    _run(server, sql.SQL("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy").format(**names))
    try:
        yield Database(url_of(server, name))
    finally:
        _drop(server, sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


def _drop(server: Held, statement: sql.Composed) -> None:
    """Drop a database. The server's own vacuuming may be in it, which we may not end but only wait for."""
    until = time.monotonic() + _VACUUM_S
    while True:
        try:
            _run(server, statement)
            return
        except psycopg.errors.InsufficientPrivilege:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def url_of(server: Held, database: str) -> str:
    return urlsplit(server.url)._replace(path=f"/{database}").geturl()


def dump_schema(url: str) -> str:
    """All that pg_catalog holds of a database's schema, as pg_dump writes it, without Alembic's own table."""
    program = str(find_programs(None).folder / "pg_dump")
    command = [program, "--schema-only", "--exclude-table=public.alembic_version", f"--dbname={url}"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # \restrict and \unrestrict carry a random word.
    return "\n".join(line for line in text.splitlines() if line and not line.startswith(("--", "\\")))


def _run(server: Held, statement: sql.Composed) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(statement)
