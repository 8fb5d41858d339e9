"""Superseded NHS numbers: a record that holds one is compared by the number that took its place."""

from typing import Any

import pytest

from carecord.kernel.errors import Conflict, NotFound, Unprocessable
from carecord.patient_index import aliases
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

FIRST, SECOND, THIRD, OTHER = "9990123454", "9991002006", "9990548463", "9990014450"
DORIS = {"Forename": "Doris", "Surname": "Heritage", "DateOfBirth": "1946-05-17", "NhsNumber": FIRST}
MOVED = DORIS | {"Surname": "Archer", "PostCode": "XX9 9ZZ", "NhsNumber": SECOND}


def load(sandpit: Sandpit, tenancy_id: int, **patients: dict[str, Any]) -> None:
    lines = [patient_line(key, **demographics) for key, demographics in patients.items()]
    assert sandpit.load(tenancy_line(tenancy_id), *lines).rejected == 0


def persons(sandpit: Sandpit) -> set[str]:
    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM patient_index.patient_record"
            " GROUP BY person_id"
        ).fetchall()
    return {row[0] for row in rows}


def supersede(sandpit: Sandpit, *pairs: tuple[str, str]) -> aliases.Noted:
    with sandpit.database.connect() as connection, connection.transaction():
        return aliases.note_all_superseded(connection, pairs, told_by="steward", reason="told by PDS")


@pytest.fixture
def apart(sandpit: Sandpit) -> Sandpit:
    """One patient whom two sources know by two numbers, and by two surnames."""
    load(sandpit, 1, old=DORIS)
    load(sandpit, 2, new=MOVED)
    assert persons(sandpit) == {"old", "new"}
    return sandpit


def test_records_of_a_superseded_and_the_current_number_are_one_person(apart: Sandpit) -> None:
    noted = supersede(apart, (FIRST, SECOND))

    assert noted == aliases.Noted(1, [apart.detail_id(1, "old")])
    assert persons(apart) == {"new old"}


def test_what_the_source_sent_stays_as_it_sent_it(apart: Sandpit) -> None:
    supersede(apart, (FIRST, SECOND))

    answer = apart.get(f"/demographics/patients/{apart.detail_id(1, 'old')}/details")
    assert answer.json()["NhsNumber"] == FIRST


def test_chains_lead_to_their_end_in_whatever_order_they_are_told(apart: Sandpit) -> None:
    load(apart, 2, new=MOVED | {"NhsNumber": THIRD})

    supersede(apart, (SECOND, THIRD))
    supersede(apart, (FIRST, SECOND))

    assert persons(apart) == {"new old"}
    with apart.database.connect() as connection:
        assert aliases.current_numbers(connection, [FIRST, SECOND, THIRD, OTHER]) == {
            FIRST: THIRD,
            SECOND: THIRD,
        }


def test_a_record_that_arrives_with_a_superseded_number_is_compared_by_the_current(apart: Sandpit) -> None:
    supersede(apart, (FIRST, SECOND))

    load(apart, 3, late=DORIS | {"Surname": "Marsh", "PostCode": "XX5 5AA"})

    assert persons(apart) == {"late new old"}


def test_told_again_it_changes_nothing(apart: Sandpit) -> None:
    supersede(apart, (FIRST, SECOND))

    assert supersede(apart, (FIRST, SECOND), (FIRST, SECOND)) == aliases.Noted(0, [])


def test_an_alias_told_by_mistake_is_taken_back(apart: Sandpit) -> None:
    supersede(apart, (FIRST, SECOND))

    with apart.database.connect() as connection, connection.transaction():
        aliases.forget_superseded(connection, FIRST, SECOND)

    assert persons(apart) == {"new", "old"}
    with apart.database.connect() as connection, pytest.raises(NotFound):
        aliases.forget_superseded(connection, FIRST, SECOND)


def test_a_number_whose_trace_failed_does_not_begin_to_count(sandpit: Sandpit) -> None:
    load(sandpit, 1, old=DORIS | {"NhsNumberVerificationStatus": "05"})
    load(sandpit, 2, new=MOVED)

    assert supersede(sandpit, (FIRST, SECOND)).patient_detail_ids == []
    assert persons(sandpit) == {"old", "new"}


@pytest.mark.parametrize(
    ("told", "more"),
    [
        ([(FIRST, SECOND)], [(SECOND, FIRST)]),
        ([(FIRST, SECOND), (SECOND, THIRD)], [(THIRD, FIRST)]),
        ([(FIRST, SECOND)], [(FIRST, THIRD)]),
        ([], [(FIRST, FIRST)]),
        ([], [(FIRST, SECOND), (SECOND, FIRST)]),
    ],
    ids=["a circle of two", "a circle of three", "superseded by another", "by itself", "a circle in one go"],
)
def test_numbers_that_contradict_each_other_are_refused(
    sandpit: Sandpit, told: list[tuple[str, str]], more: list[tuple[str, str]]
) -> None:
    supersede(sandpit, *told)

    with pytest.raises(Conflict) as refused:
        supersede(sandpit, *more)

    assert not any(number in str(refused.value.errors) for number in (FIRST, SECOND, THIRD))
    with sandpit.database.connect() as connection:
        stored = connection.execute(
            "SELECT superseded, current FROM patient_index.nhs_number_alias"
        ).fetchall()
    assert sorted(stored) == sorted(told)


@pytest.mark.parametrize("number", ["9990123455", "999 012 3454", "9999999999", "", "x"])
def test_what_is_no_nhs_number_is_refused(sandpit: Sandpit, number: str) -> None:
    with pytest.raises(Unprocessable):
        supersede(sandpit, (number, FIRST))
    with pytest.raises(Unprocessable):
        supersede(sandpit, (FIRST, number))
