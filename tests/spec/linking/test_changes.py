"""What changes at a source: who is one person before and after; no ID and no clinical row changes."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

DORIS = {
    "NhsNumber": "9990123454",
    "DateOfBirth": "1946-05-17",
    "Forename": "Doris",
    "Surname": "Heritage",
    "PostCode": "XX1 1AA",
    "AddressLine1": "12 Mill Lane",
}
AISHA = {
    "NhsNumber": "9991002006",
    "DateOfBirth": "1975-02-03",
    "Forename": "Aisha",
    "Surname": "Khan",
    "PostCode": "XX9 9ZZ",
    "AddressLine1": "1 High Street",
}
SENNA = {"Date": "2021-11-04T00:00:00", "Rubric": "SENNA tabs 7.5mg"}


@dataclass(frozen=True)
class Case:
    """Other sources hold `b` (Doris) and `c` (Aisha). This one sends `a` as `before`, then as `after`."""

    before: dict[str, Any]
    before_persons: str
    after: dict[str, Any]
    after_persons: str
    minor_numbers: tuple[str, ...] = ()


CASES = {
    "the local number changed": Case(
        DORIS, "a b | c", DORIS | {"PatientNumber": "N-2"}, "a b | c", minor_numbers=("N-a",)
    ),
    "moved house": Case(
        DORIS, "a b | c", DORIS | {"PostCode": "XX2 2BB", "AddressLine1": "9 Elm Row"}, "a b | c"
    ),
    "married and moved": Case(
        DORIS,
        "a b | c",
        DORIS | {"Surname": "Archer", "PostCode": "XX2 2BB", "AddressLine1": None},
        "a b | c",
    ),
    "a title corrected": Case(DORIS, "a b | c", DORIS | {"Title": "Mrs"}, "a b | c"),
    "a slip in the date of birth corrected": Case(
        DORIS | {"DateOfBirth": "1946-05-16"}, "a b | c", DORIS, "a b | c"
    ),
    "a wrong date of birth corrected": Case(
        DORIS | {"DateOfBirth": "1951-11-28"}, "a | b | c", DORIS, "a b | c"
    ),
    "a wrong number corrected": Case(
        DORIS | {"NhsNumber": None, "DateOfBirth": None, "Forename": None}, "a | b | c", DORIS, "a b | c"
    ),
    "a number, thought to be right, taken back": Case(
        DORIS | {"AddressLine1": None, "PostCode": None, "Forename": "D"},
        "a b | c",
        DORIS
        | {"AddressLine1": None, "PostCode": None, "Forename": "D", "NhsNumberVerificationStatus": "05"},
        "a b | c",
    ),
    "a number of somebody else corrected": Case(
        DORIS | {"NhsNumber": AISHA["NhsNumber"]}, "a b | c", DORIS, "a b | c"
    ),
    "details of nobody filled in": Case({"Surname": "Unknown"}, "a | b | c", DORIS, "a b | c"),
    "details taken back": Case(DORIS, "a b | c", {"Surname": "Unknown"}, "a | b | c"),
    "turned into somebody else": Case(DORIS, "a b | c", AISHA, "a | b | c"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_moves_a_record_where_it_belongs_and_nothing_else(sandpit: Sandpit, case: Case) -> None:
    sandpit.load(tenancy_line(2), patient_line("b", **DORIS))
    sandpit.load(tenancy_line(3), patient_line("c", **AISHA))
    sandpit.load(
        tenancy_line(1), patient_line("a", **case.before), entry_line("a", "GpRepeatMedicationsList", SENNA)
    )
    before = _ids(sandpit), _clinical_rows(sandpit)
    assert _persons(sandpit) == case.before_persons

    sandpit.load(tenancy_line(1), patient_line("a", **case.after))

    assert _persons(sandpit) == case.after_persons
    assert (_ids(sandpit), _clinical_rows(sandpit)) == before
    assert _minor_numbers(sandpit) == case.minor_numbers


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_taken_back_leaves_all_as_it_was(sandpit: Sandpit, case: Case) -> None:
    sandpit.load(tenancy_line(2), patient_line("b", **DORIS))
    sandpit.load(tenancy_line(3), patient_line("c", **AISHA))
    for sent in (case.before, case.after, case.before):
        sandpit.load(tenancy_line(1), patient_line("a", **sent))

    assert _persons(sandpit) == case.before_persons


def _rows(sandpit: Sandpit, sql: str) -> list[Any]:
    with sandpit.database.connect() as connection:
        return connection.execute(sql).fetchall()  # type: ignore[call-overload, no-any-return]


def _persons(sandpit: Sandpit) -> str:
    rows = _rows(
        sandpit,
        "SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM patient_index.patient_record"
        " GROUP BY person_id ORDER BY 1",
    )
    return " | ".join(row[0] for row in rows)


def _ids(sandpit: Sandpit) -> list[Any]:
    return _rows(sandpit, "SELECT source_key, patient_detail_id FROM patient_index.patient_record ORDER BY 1")


def _clinical_rows(sandpit: Sandpit) -> list[Any]:
    return _rows(sandpit, "SELECT e.xmin, e.ctid, e.* FROM clinical_store.entry e")


def _minor_numbers(sandpit: Sandpit) -> tuple[str, ...]:
    rows = _rows(sandpit, "SELECT number FROM patient_index.patient_number WHERE is_minor ORDER BY 1")
    return tuple(row[0] for row in rows)
