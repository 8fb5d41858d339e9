"""Several who file and decide at once: no half of a person is missed, and nobody locks the others out."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import Connection

from carecord.db.connect import Database
from carecord.patient_index import links
from carecord.patient_index.demographics import SourceRecord, parse_patient
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy


def record(key: str, nhs_number: str = "9990123454", **more: str) -> SourceRecord:
    item = {"PatientNumber": key, "Surname": "Heritage", "NhsNumber": nhs_number, "DateOfBirth": "1946-05-17"}
    return parse_patient(msgspec.json.encode(item | more), source_key=key, today="2026-11-01")


def at_once(database: Database, *works: Callable[[Connection[Any]], object]) -> None:
    """Each work in a transaction of its own connection; all start at the same moment."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[Connection[Any]], object]) -> None:
        with database.connect() as connection:
            barrier.wait()
            with connection.transaction():
                work(connection)

    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(run, works))


@pytest.fixture
def two_sources(connection: Connection[Any]) -> Connection[Any]:
    for tenancy_id in (1, 2):
        set_tenancy(connection, Tenancy(tenancy_id, f"Source {tenancy_id}", "GP"))
    return connection


def persons(connection: Connection[Any]) -> list[list[str]]:
    rows = connection.execute(
        "SELECT array_agg(source_key ORDER BY source_key) FROM patient_index.patient_record"
        " GROUP BY person_id ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


def test_two_loads_of_the_two_halves_at_once_make_one_person(
    database: Database, two_sources: Connection[Any]
) -> None:
    numbers = ("9990123454", "9991002006", "9992311886", "9994040405")
    for number in numbers:
        at_once(
            database,
            lambda c, n=number: file_records(c, 1, [record(f"g{n}", n)]),  # type: ignore[misc]
            lambda c, n=number: file_records(c, 2, [record(f"a{n}", n)]),  # type: ignore[misc]
        )

    assert persons(two_sources) == sorted([f"a{number}", f"g{number}"] for number in numbers)


def test_two_loads_of_one_source_at_once_make_each_record_once(
    database: Database, two_sources: Connection[Any]
) -> None:
    records = [record(f"g{number}") for number in range(20)]

    at_once(
        database,
        lambda c: file_records(c, 1, records),
        lambda c: file_records(c, 1, records[::-1]),
    )

    assert persons(two_sources) == [sorted(one.source_key for one in records)]


def test_loads_that_change_each_others_persons_do_not_lock_each_other_out(
    database: Database, two_sources: Connection[Any]
) -> None:
    """Each changes its own rows, then moves the other's into another person."""
    sources = ((1, "g"), (2, "a"))
    for number in ("9990123454", "9991002006") * 4:
        batches = [(t, [record(f"{key}{n}", number) for n in range(10)]) for t, key in sources]
        at_once(database, *(lambda c, b=batch: file_records(c, *b) for batch in batches))  # type: ignore[misc]

    assert len(persons(two_sources)) == 1


def test_a_steward_and_a_load_at_once_leave_what_the_steward_said(
    database: Database, two_sources: Connection[Any]
) -> None:
    with two_sources.transaction():
        file_records(two_sources, 1, [record("g")])
        file_records(two_sources, 2, [record("a")])
    (g,) = two_sources.execute("SELECT min(patient_detail_id) FROM patient_index.patient_record").fetchall()

    at_once(
        database,
        lambda c: links.unlink(c, g, decided_by="steward", reason=None),
        lambda c: file_records(c, 2, [record("a", Title="Mrs"), record("b")]),
    )

    assert ["g"] in persons(two_sources)


def test_two_batches_of_one_transaction_are_each_filed_under_their_own_source(
    two_sources: Connection[Any],
) -> None:
    with two_sources.transaction():
        file_records(two_sources, 1, [record(f"g{n}") for n in range(21)])
        file_records(two_sources, 2, [record(f"a{n}") for n in range(21)])

    counted = two_sources.execute(
        "SELECT tenancy_id, count(*) FROM patient_index.patient_record GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert counted == [(1, 21), (2, 21)]


def test_a_failed_load_leaves_nothing_behind(two_sources: Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation), two_sources.transaction():
        file_records(two_sources, 9, [record("g")])

    assert persons(two_sources) == []
