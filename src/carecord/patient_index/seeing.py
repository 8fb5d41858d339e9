"""Which records somebody who asks about links may know of."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import NotFound
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "seeing.sql")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: `tenancies` None is all sources. The default is a steward at the machine itself."""

    tenancies: Sequence[int] | None = None
    may_see_sealed: bool = False
    shows_deleted: bool = True


STEWARD_AT_THE_MACHINE = Viewer()


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record that the viewer may know of, its person as of now, and its source."""

    patient_detail_id: int
    person_id: int
    tenancy_id: int
    source: str


@contextmanager
def reading_at_once(connection: Connection[Any]) -> Iterator[None]:
    """A transaction in which everything that is read is of one instant."""
    with connection.transaction():
        connection.execute(queries.read_at_once)
        yield


def see(
    connection: Connection[Any], viewer: Viewer, asked: int, *, others: Iterable[int] = ()
) -> dict[int, SeenRecord]:
    """The record asked for and, of the others, those that the viewer may know of when asking for it.

    NotFound where the one asked for is none of them. A record that a sealed decision keeps apart from it is
    not there for a viewer without the right to sealed ones: the answer is that for an ID nobody has.
    """
    rows = connection.execute(
        queries.records_seen,
        {
            "asked": asked,
            "ids": [asked, *others],
            "tenancies": None if viewer.tenancies is None else list(viewer.tenancies),
            "may_see_sealed": viewer.may_see_sealed,
            "shows_deleted": viewer.shows_deleted,
        },
    )
    seen = {row[0]: SeenRecord(*row) for row in rows}
    if asked not in seen:
        raise unknown_record(asked)
    return seen


def without_questions(connection: Connection[Any], viewer: Viewer, ids: Iterable[int]) -> frozenset[int]:
    """Of these records those whose questions to stewards the viewer may not know of.

    They are of a person on a side of a sealed decision. A third record that agrees with both
    sides has two questions, which together would give the pair away.
    """
    if viewer.may_see_sealed:
        return frozenset()
    return frozenset(row[0] for row in connection.execute(queries.sealed_sides, {"ids": list(ids)}))


def unknown_record(patient_detail_id: int) -> NotFound:
    """The same for a record that is not there and one that the viewer may not know of."""
    return NotFound(f"There is no patient detail ID {patient_detail_id}.", reason="unknown_patient")
