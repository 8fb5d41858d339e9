"""Bring a database's schema forward, revision by revision, and say where it stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from carecord.kernel.errors import SetUpError
from carecord.kernel.sql import load_queries

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

# Alembic and SQLAlchemy take longer to import than all else together: only here, only when called.

_QUERIES = load_queries(__package__)
_REVISIONS = Path(__file__).parent / "migrations"


class UnknownRevision(SetUpError):
    """The database was migrated by a newer carecord than this one."""


class MigrationWaited(SetUpError):
    """A migration waited too long for a lock and changed nothing; run it again when less is going on."""


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where a database stands: its revision (None when empty), ours, and what lies between, oldest first."""

    current: str | None
    head: str
    pending: tuple[str, ...]


def migrate(url: str) -> MigrationStatus:
    """Apply every pending revision, each in its own transaction. Processes that do it at once take turns."""
    from alembic import command

    with _connected(url) as connection:
        # Waiting for one's turn may take as long as the other's migration; locks on tables may not.
        _execute(connection, _QUERIES.lock_set_up)
        _execute(connection, _QUERIES.limit_migration)
        _status(connection)
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled) as error:
            raise MigrationWaited from error
        return _status(connection)


def status(url: str) -> MigrationStatus:
    """Where the database stands; changes nothing."""
    with _connected(url) as connection:
        return _status(connection)


def is_current(url: str) -> bool:
    """Whether the database stands at our newest revision; asked without Alembic, which is slow to import."""
    newest = max(file.stem for file in (_REVISIONS / "versions").glob("*.sql"))
    with psycopg.connect(url) as connection:
        try:
            row = connection.execute(_QUERIES.revision).fetchone()
        except psycopg.errors.UndefinedTable:
            return False
    return row == (newest,)


def apply_sql_of(revision_file: str) -> None:
    """Run the `.sql` file beside a revision, as it stands."""
    from alembic import op

    sql = Path(revision_file).with_suffix(".sql").read_text("utf-8")
    # The driver's own connection: SQLAlchemy would take colons and per cent signs for parameters.
    _execute(op.get_bind(), sql)


def _status(connection: "Connection") -> MigrationStatus:
    from alembic.migration import MigrationContext

    script = _script()
    head = script.get_current_head()
    if head is None:
        raise RuntimeError("carecord has no migrations")
    current = MigrationContext.configure(connection).get_current_revision()
    connection.commit()
    revisions = [revision.revision for revision in script.walk_revisions()]
    if current is not None and current not in revisions:
        raise UnknownRevision(f"The database is at revision {current}, which this carecord does not know.")
    behind = revisions[: revisions.index(current)] if current else revisions
    return MigrationStatus(current, head, tuple(reversed(behind)))


@contextmanager
def _connected(url: str) -> Iterator["Connection"]:
    from sqlalchemy import NullPool, create_engine

    # SQLAlchemy gets a connection, not the URL: it would read libpq's URLs in its own way.
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _execute(connection: "Connection", sql: str) -> None:
    driver_connection = connection.connection.driver_connection
    if driver_connection is None:
        raise RuntimeError("the connection is closed")
    driver_connection.execute(sql)


def _script() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_REVISIONS).replace("%", "%%"))
    return config
