"""Changes that come while others are at work: none is missed, and none is made twice."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec
import psycopg
import pytest

from carecord.db.connect import Database
from carecord.kernel.errors import Conflict
from carecord.patient_index import aliases, deletion, overlays
from carecord.patient_index.demographics import SourceRecord, parse_patient
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy

OLD, NEW = "9990123454", "9991002006"
DORIS = {"Forename": "Doris", "Surname": "Heritage", "DateOfBirth": "1946-05-17", "NhsNumber": OLD}
AISHA = {"Forename": "Aisha", "Surname": "Khan", "DateOfBirth": "1975-02-03", "NhsNumber": NEW}
WAITS_S = 0.5

Connection = psycopg.Connection[Any]


def sent(key: str, demographics: dict[str, Any], *, on: str | None = None) -> SourceRecord:
    item = demographics | {"PatientNumber": key}
    return parse_patient(msgspec.json.encode(item), source_key=key, source_updated_at=on, today="2026-11-01")


@pytest.fixture
def two(database: Database) -> tuple[int, int]:
    """A patient whom two sources know, by one number."""
    with database.connect() as connection:
        for tenancy_id in (1, 2, 3):
            set_tenancy(connection, Tenancy(tenancy_id, f"Source {tenancy_id}", "GP"))
        for tenancy_id in (1, 2):
            with connection.transaction():
                file_records(connection, tenancy_id, [sent(f"p{tenancy_id}", DORIS)])
        rows = connection.execute(
            "SELECT patient_detail_id FROM patient_index.patient_record ORDER BY source_key"
        ).fetchall()
    return rows[0][0], rows[1][0]


def while_other(
    database: Database, first: Callable[[Connection], Any], second: Callable[[Connection], Any]
) -> tuple[bool, "Future[Any]"]:
    """Do the first and leave its transaction open while another connection does the second.

    Whether the second waited for the first, and what came of it.
    """

    def do_second() -> Any:
        with database.connect() as connection, connection.transaction():
            return second(connection)

    with ThreadPoolExecutor(max_workers=1) as pool, database.connect() as connection:
        with connection.transaction():
            first(connection)
            doing = pool.submit(do_second)
            try:
                doing.exception(timeout=WAITS_S)
                waited = False
            except TimeoutError:
                waited = True
        doing.exception()
    return waited, doing


def persons(database: Database) -> set[str]:
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM patient_index.patient_record"
            " WHERE deleted_at IS NULL GROUP BY person_id"
        ).fetchall()
    return {row[0] for row in rows}


def test_a_record_that_arrives_while_its_number_is_superseded_is_compared_by_the_current(
    database: Database, two: tuple[int, int]
) -> None:
    late = sent("late", DORIS | {"Surname": "Marsh", "NhsNumber": NEW})

    waited, _ = while_other(
        database,
        lambda connection: aliases.note_all_superseded(
            connection, [(OLD, NEW)], told_by="steward", reason=None
        ),
        lambda connection: file_records(connection, 3, [late]),
    )

    assert waited
    assert persons(database) == {"late p1 p2"}


def test_a_number_that_is_superseded_while_a_record_with_it_arrives_reaches_that_too(
    database: Database, two: tuple[int, int]
) -> None:
    late = sent("late", DORIS | {"Surname": "Marsh", "NhsNumber": NEW})

    waited, told = while_other(
        database,
        lambda connection: file_records(connection, 3, [late]),
        lambda connection: aliases.note_all_superseded(
            connection, [(NEW, OLD)], told_by="steward", reason=None
        ),
    )

    assert (waited, len(told.result().patient_detail_ids)) == (True, 1)
    assert persons(database) == {"late p1 p2"}


@pytest.mark.parametrize("deleted_first", [True, False])
@pytest.mark.parametrize(
    ("sent_on", "there"), [("2026-01-01T09:00:00", False), ("2026-01-03T09:00:00", True)]
)
def test_of_a_deletion_and_a_record_at_once_the_later_dated_counts(
    database: Database, two: tuple[int, int], sent_on: str, *, there: bool, deleted_first: bool
) -> None:
    def delete(connection: Connection) -> None:
        one = deletion.Deletion("p1", "2026-01-02T09:00:00")
        deletion.delete_records(connection, 1, [one], deleted_by="feed")

    def send(connection: Connection) -> None:
        file_records(connection, 1, [sent("p1", DORIS | {"Title": "Mrs"}, on=sent_on)])

    waited, _ = while_other(database, *((delete, send) if deleted_first else (send, delete)))

    assert waited
    assert persons(database) == ({"p1 p2"} if there else {"p2"})


def test_of_two_stewards_at_once_one_decides(database: Database, two: tuple[int, int]) -> None:
    with database.connect() as connection, connection.transaction():
        file_records(connection, 1, [sent("p1", AISHA)])

    def decide(connection: Connection) -> list[int]:
        return overlays.decide(connection, two[0], "another person", decided_by="steward", reason="x")

    waited, second = while_other(database, decide, decide)

    assert waited
    assert isinstance(second.exception(), Conflict)


def test_a_record_that_two_workers_bring_back_at_once_is_back_once(
    database: Database, two: tuple[int, int]
) -> None:
    with database.connect() as connection, connection.transaction():
        deletion.delete_records(connection, 1, [deletion.Deletion("p1")], deleted_by="feed")

    def send(connection: Connection) -> None:
        file_records(connection, 1, [sent("p1", DORIS)])

    waited, second = while_other(database, send, send)

    assert (waited, second.exception()) == (True, None)
    assert persons(database) == {"p1 p2"}
