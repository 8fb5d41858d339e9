"""A scratch database: made beside carecord's own, with the whole schema and no rows, dropped after use."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import Connection, sql

from carecord.db.connect import Database
from carecord.db.migrate import migrate
from carecord.kernel.errors import SetUpError
from carecord.kernel.sql import load_queries

PREFIX = "carecord_scratch_"

_QUERIES = load_queries(__package__, "scratch.sql")


class ScratchRefused(SetUpError):
    """The role of DATABASE_URL may not make a database; give it CREATEDB, or unset DATABASE_URL."""


@contextmanager
def scratch_database(beside: Database) -> Iterator[Database]:
    """A database on the same server, under a name of its own. What a killed run has left is dropped too."""
    name = f"{PREFIX}{uuid4().hex[:12]}"
    with closing(beside.connect()) as owner:
        # As long as its owner is connected, nobody takes it for one that was left behind.
        owner.execute(_QUERIES.hold_scratch, {"name": name})
        for left in _left_behind(owner):
            _drop(owner, left)
        try:
            # Here, not before: an interrupt may come when the server has made it already.
            _create(owner, name)
            scratch = Database(urlsplit(beside.url)._replace(path=f"/{name}").geturl())
            migrate(scratch.url)
            yield scratch
        finally:
            _drop(owner, name)


def _left_behind(owner: Connection[Any]) -> list[str]:
    return [row[0] for row in owner.execute(_QUERIES.scratch_left_behind, {"prefix": PREFIX})]


def _create(owner: Connection[Any], name: str) -> None:
    try:
        owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise ScratchRefused from error


def _drop(owner: Connection[Any], name: str) -> None:
    owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
