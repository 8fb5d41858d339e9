"""Making resources anew of what has changed in the record since they were last made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from carecord.fhir_api.mapping.parts import PATIENT_STORES
from carecord.fhir_api.storing import letters
from carecord.fhir_api.storing.course import Course
from carecord.fhir_api.storing.entries import Workings, make_entries, queries, read_sources
from carecord.fhir_api.storing.patients import make_patients, read_records
from carecord.fhir_api.storing.rows import Key, Place, Row
from carecord.fhir_api.storing.rows import queries as row_queries
from carecord.kernel.local_time import now as uk_now

AT_ONCE = 300
"""Records of one transaction: who reads or writes one of them waits for no more than these."""


@dataclass(frozen=True, slots=True)
class Freshened:
    """How many records and entries were looked at, how many resources changed, and whether that was all."""

    records: int = 0
    entries: int = 0
    resources: int = 0
    is_all: bool = True


def freshen(
    connection: Connection[Any], patient_detail_ids: Sequence[int] | None, *, most: int = AT_ONCE
) -> Freshened:
    """Make anew what is stale of these records, or of any, of so many at most; in the caller's transaction.

    Who writes through FHIR, or makes anew, waits for the other, record by record.
    """
    ids = _stale(connection, patient_detail_ids, most)
    if not ids:
        return Freshened()
    connection.execute(row_queries.lock_records, {"ids": ids})
    # In this order: what changes after the notes were read leaves notes that stay.
    noted = _Noted.of(connection.execute(queries.noted, {"ids": ids}).fetchall())
    entries, resources = _make(connection, noted) if noted.seqs else (0, 0)
    connection.execute(queries.forget, {"seqs": noted.seqs})
    return Freshened(len(ids), entries, resources, is_all=len(ids) < most)


def note_due(connection: Connection[Any]) -> None:
    """What reads otherwise from today on, because a date has passed, is to be made anew."""
    connection.execute(queries.note_due, {"today": uk_now().date()})


def count_stale(connection: Connection[Any], *, most: int) -> int:
    """How many records have something to be made anew, counted up to `most`."""
    row = connection.execute(queries.count_stale, {"most": most}).fetchone()
    assert row is not None
    found: int = row[0]
    return found


def note_all(connection: Connection[Any]) -> None:
    """Everything is to be made anew."""
    connection.execute(queries.note_all)


def analyze(connection: Connection[Any]) -> None:
    """Let the planner know of what a large making has changed; outside any transaction."""
    connection.execute(queries.analyze)


def moment(connection: Connection[Any]) -> datetime:
    """The time that a change bears."""
    row = connection.execute(queries.moment).fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def row_of(found: tuple[Any, ...]) -> Row:
    """A row of `in_force` and its like."""
    type_name, id, version, last_updated, *place, body, link_sources = found
    return Row(
        type_name,
        id,
        version,
        last_updated,
        Place(*place),
        None if body is None else body.encode(),
        None if link_sources is None else tuple(link_sources),
    )


class _Noted(NamedTuple):
    """What was noted as stale: stores of records, and records whose Patients are."""

    seqs: list[int]
    pairs: list[tuple[int, str]]
    patients: list[int]

    @classmethod
    def of(cls, notes: Sequence[tuple[int, int, str | None]]) -> "_Noted":
        pairs: dict[tuple[int, str], None] = {}
        patients: dict[int, None] = {}
        for _, record, store in notes:
            if store is None or store in PATIENT_STORES:
                patients[record] = None
            if store in letters.STORES:
                pairs |= dict.fromkeys((record, one) for one in letters.STORES)
            elif store is not None:
                pairs[record, store] = None
        return cls([seq for seq, _, _ in notes], list(pairs), list(patients))


def _stale(connection: Connection[Any], ids: Sequence[int] | None, most: int) -> list[int]:
    if ids is None:
        found = connection.execute(queries.stale_records, {"most": most})
    else:
        found = connection.execute(queries.stale_of_records, {"ids": list(ids), "most": most})
    return [row[0] for row in found]


def _make(connection: Connection[Any], noted: _Noted) -> tuple[int, int]:
    ids = sorted({*noted.patients, *(record for record, _ in noted.pairs)})
    workings = Workings(read_sources(connection, ids), uk_now().date(), moment(connection))
    stores = {"ids": [record for record, _ in noted.pairs], "stores": [store for _, store in noted.pairs]}
    found = connection.execute(queries.in_force, stores).fetchall() if noted.pairs else []
    if noted.patients:
        found += connection.execute(queries.patients_in_force, {"ids": noted.patients}).fetchall()
    in_force: dict[Key, Row] = {row.key: row for row in map(row_of, found)}
    ended = {row.key: row for row in map(row_of, connection.execute(queries.ended, {"ids": ids}))}
    course = Course(in_force, ended)
    entries = 0
    if noted.patients:
        make_patients(connection, course, read_records(connection, noted.patients), ended, workings)
    if noted.pairs:
        entries = make_entries(connection, course, noted.pairs, ended, workings)
        _keep_turns(connection, workings)
    return entries, course.write(connection)


def _keep_turns(connection: Connection[Any], workings: Workings) -> None:
    if workings.turns:
        connection.execute(
            queries.keep_turns,
            {
                "days": list(workings.turns.values()),
                "ids": [record for record, _ in workings.turns],
                "stores": [store for _, store in workings.turns],
            },
        )
