"""Arrivals at the same moment, each on its own connection: nobody waits for strangers, no half is missed."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import Connection

from carecord.db.connect import Database
from carecord.patient_index import deciding
from carecord.patient_index.demographics import SourceRecord, parse_patient
from carecord.patient_index.scoring import load_model
from carecord.patient_index.source_records import Tenancy, file_and_commit, file_records, set_tenancy

WORKERS = 3
PEOPLE = (
    ("9990123454", "Heritage", "Doris", "1946-05-17"),
    ("9991002006", "Testperson", "Amara", "1975-02-03"),
    (None, "Samplewood", "Iwan", "2001-11-30"),
    (None, "Madeupton", "Zofia", "1988-08-08"),
)


def record(person: int, key: str, **more: str | None) -> SourceRecord:
    number, surname, forename, born = PEOPLE[person]
    item = {
        "PatientNumber": key,
        "NhsNumber": number,
        "Surname": surname,
        "Forename": forename,
        "DateOfBirth": born,
        "PostCode": f"XX{person} 1AA",
        "AddressLine1": f"{person} Made-up Street",
    }
    return parse_patient(msgspec.json.encode(item | more), source_key=key, today="2026-11-01")


@pytest.fixture
def sources(connection: Connection[Any]) -> Connection[Any]:
    for tenancy_id in range(1, WORKERS + 1):
        set_tenancy(connection, Tenancy(tenancy_id, f"Source {tenancy_id}", "GP"))
    return connection


def groups(connection: Connection[Any]) -> set[frozenset[str]]:
    rows = connection.execute(
        "SELECT array_agg(source_key) FROM patient_index.patient_record GROUP BY person_id"
    )
    return {frozenset(row[0]) for row in rows}


def file_all(database: Database, shares: Sequence[Sequence[tuple[int, SourceRecord]]]) -> None:
    """Each share on a connection of its own, one record a transaction; all start at the same moment."""
    barrier = threading.Barrier(len(shares))

    def file(share: Sequence[tuple[int, SourceRecord]]) -> None:
        with database.connect() as connection:
            barrier.wait()
            for tenancy_id, one in share:
                file_and_commit(connection, tenancy_id, [one])

    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(file, shares))


@pytest.mark.parametrize("attempt", range(3))
def test_workers_that_file_parts_of_the_same_people_at_once_make_each_person_once(
    database: Database, sources: Connection[Any], attempt: int
) -> None:
    shares = [
        [(worker, record(person % 4, f"{worker} {person}")) for person in range(attempt, attempt + 12)]
        for worker in range(1, WORKERS + 1)
    ]

    file_all(database, shares)

    whole = {
        frozenset(
            f"{w} {n}" for w in range(1, WORKERS + 1) for n in range(attempt, attempt + 12) if n % 4 == person
        )
        for person in range(4)
    }
    assert groups(sources) == whole


def test_records_that_change_into_each_others_persons_at_once_end_where_one_by_one_they_would(
    database: Database, sources: Connection[Any]
) -> None:
    file_all(database, [[(w, record(w, f"{w} {n}")) for n in range(6)] for w in (1, 2, 3)])
    married = {"Surname": "Newname"}

    file_all(database, [[(w, record(w, f"{w} {n}", **married)) for n in range(6)] for w in (1, 2, 3)])

    assert groups(sources) == {frozenset(f"{w} {n}" for n in range(6)) for w in (1, 2, 3)}


def test_the_other_half_of_a_person_waits_until_the_first_is_stored(
    database: Database, sources: Connection[Any]
) -> None:
    def file_other_half() -> None:
        with database.connect() as connection, connection.transaction():
            file_records(connection, 2, [record(0, "second half")])

    with ThreadPoolExecutor(1) as pool:
        with sources.transaction():
            file_records(sources, 1, [record(0, "first half")])
            second = pool.submit(file_other_half)
            # Were it not made to wait, it would not see the first half, and be done long before.
            assert not wait([second], timeout=1).done
        second.result()

    assert groups(sources) == {frozenset({"first half", "second half"})}


def test_two_that_link_with_one_person_by_different_keys_are_decided_one_after_the_other(
    database: Database, sources: Connection[Any]
) -> None:
    """They share no blocking key: it is the person that they have in common."""
    by_number = {"Surname": "Newname", "PostCode": None, "AddressLine1": None}
    by_name = {"NhsNumber": None, "DateOfBirth": None}
    with sources.transaction():
        file_records(sources, 1, [record(0, "known")])

    def file_by_name() -> None:
        with database.connect() as connection:
            file_and_commit(connection, 3, [record(0, "by name", **by_name)])

    with ThreadPoolExecutor(1) as pool:
        with sources.transaction():
            file_records(sources, 2, [record(0, "by number", **by_number)])
            second = pool.submit(file_by_name)
            assert not wait([second], timeout=1).done
        second.result()

    assert any({"known", "by number"} <= group for group in groups(sources))


def test_an_arrival_does_not_wait_for_one_that_it_has_nothing_to_do_with(
    database: Database, sources: Connection[Any]
) -> None:
    with sources.transaction(), database.connect() as other:
        file_records(sources, 1, [record(0, "open")])
        other.execute("SET statement_timeout = '3s'")
        with other.transaction():
            file_records(other, 1, [record(1, "beside")])

        (count,) = other.execute("SELECT count(*) FROM patient_index.patient_record").fetchone() or (0,)
        assert count == 1


def test_a_new_record_is_linked_with_one_that_the_same_batch_makes_its_like(
    sources: Connection[Any],
) -> None:
    file_and_commit(sources, 1, [record(0, "known"), record(1, "other")])

    filed = file_and_commit(
        sources, 1, [record(2, "new"), record(2, "known"), record(1, "other"), record(3, "third")]
    )

    assert filed.made_or_changed == 3
    (waiting,) = sources.execute("SELECT count(*) FROM patient_index.overlay").fetchone() or (None,)
    assert waiting == 1, "one that turns into somebody else waits for a steward"
    assert groups(sources) == {frozenset({one}) for one in ("known", "new", "other", "third")}


def test_a_new_record_finds_one_that_the_same_batch_corrects(sources: Connection[Any]) -> None:
    unlike = {"NhsNumber": None, "PostCode": "XX9 9ZZ", "AddressLine1": None, "Surname": "Misspelt"}
    file_and_commit(sources, 1, [record(0, "known", **unlike)])

    file_and_commit(sources, 1, [record(0, "new"), record(0, "known")])

    assert groups(sources) == {frozenset({"known", "new"})}


def test_what_the_database_refuses_leaves_nothing_behind_and_the_connection_whole(
    sources: Connection[Any],
) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        file_and_commit(sources, 9, [record(0, "of no source")])
    file_and_commit(sources, 1, [record(0, "first")])

    assert groups(sources) == {frozenset({"first"})}


def test_keys_that_too_many_share_still_find_those_of_one_birth_date_and_name(
    sources: Connection[Any],
) -> None:
    model = replace(load_model(), hot=3)
    shared = {"MobileTelephone": "07700 900123"}
    strangers = [
        record(person, f"{person} {n}", NhsNumber=None, Forename=f"{name}", **shared)
        for person, name in ((1, "Amara"), (2, "Iwan"), (3, "Zofia"))
        for n in range(2)
    ]
    for one in strangers:
        with sources.transaction():
            file_records(sources, 1, [one], model=model)

    with sources.transaction():
        file_records(sources, 2, [record(2, "last", **shared)], model=model)

    assert frozenset({"2 0", "2 1", "last"}) in groups(sources)
    rules = {row[0] for row in sources.execute("SELECT rule FROM patient_index.hot_key")}
    assert rules == {"telephone"}


def test_of_too_many_records_that_hang_together_none_is_linked_anew(
    sources: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with sources.transaction():
        file_records(sources, 1, [record(0, str(n)) for n in range(4)])
    monkeypatch.setattr(deciding, "LARGEST_PART", 4)

    with sources.transaction():
        file_records(sources, 2, [record(0, "one too many")])

    assert groups(sources) == {frozenset("0123"), frozenset({"one too many"})}
