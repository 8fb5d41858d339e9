"""Links: made when records arrive and agree, undone when they no longer do, and by stewards for good."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import Connection

from carecord.kernel.errors import Conflict, NotFound
from carecord.patient_index import links
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}
AISHA = {"NhsNumber": "9991002006", "DateOfBirth": "1975-02-03", "Surname": "Heritage", "Forename": "Aisha"}
NAMESAKE = AISHA | {"Forename": "Doris"}


def load(sandpit: Sandpit, tenancy_id: int, **patients: dict[str, Any]) -> None:
    """A feed of one source; each patient by its source's own key."""
    lines = [patient_line(key, **demographics) for key, demographics in patients.items()]
    assert sandpit.load(tenancy_line(tenancy_id), *lines).rejected == 0


def persons(sandpit: Sandpit) -> set[frozenset[str]]:
    """Who is one person: the source keys of their records."""
    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT array_agg(source_key) FROM patient_index.patient_record GROUP BY person_id"
        ).fetchall()
    return {frozenset(row[0]) for row in rows}


def grouped(*persons: str) -> set[frozenset[str]]:
    return {frozenset(person.split()) for person in persons}


def possible(sandpit: Sandpit) -> set[frozenset[str]]:
    """The pairs that wait for a steward."""
    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT a.source_key, b.source_key FROM patient_index.link_decision d"
            " JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a"
            " JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b"
            " WHERE d.superseded_at IS NULL AND d.decision = 'possible'"
        ).fetchall()
    return {frozenset(row) for row in rows}


@contextmanager
def steward(sandpit: Sandpit) -> Iterator[Connection[Any]]:
    with sandpit.database.connect() as connection, connection.transaction():
        yield connection


def unlink(sandpit: Sandpit, *records: tuple[int, str]) -> None:
    with steward(sandpit) as connection:
        ids = [sandpit.detail_id(*record) for record in records]
        links.unlink(connection, ids, decided_by="steward", reason="test")


def link(sandpit: Sandpit, a: tuple[int, str], b: tuple[int, str]) -> None:
    with steward(sandpit) as connection:
        links.link(
            connection, sandpit.detail_id(*a), sandpit.detail_id(*b), decided_by="steward", reason="test"
        )


def test_records_with_equal_nhs_number_and_date_of_birth_are_one_person(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS, other=AISHA)
    load(sandpit, 2, a=DORIS, a2=DORIS)
    load(sandpit, 3, c=DORIS)

    assert persons(sandpit) == grouped("g a a2 c", "other")


@pytest.mark.parametrize(
    "difference",
    [
        {"NhsNumber": "9991002006"},
        {"DateOfBirth": "1951-11-28"},
        {"Forename": "Edith", "NhsNumber": None},
        {"NhsNumber": None, "DateOfBirth": None},
    ],
)
def test_records_whose_difference_weighs_more_than_what_agrees_are_not_linked(
    sandpit: Sandpit, difference: dict[str, Any]
) -> None:
    load(sandpit, 1, g=DORIS | difference)
    load(sandpit, 2, a=DORIS)

    assert persons(sandpit) == grouped("g", "a")


def test_a_correction_moves_a_record_from_one_person_to_another_and_back(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS, h=NAMESAKE)
    load(sandpit, 2, a=DORIS)
    ids = {key: sandpit.detail_id(*key) for key in ((1, "g"), (1, "h"), (2, "a"))}

    load(sandpit, 1, g=NAMESAKE)
    assert persons(sandpit) == grouped("g h", "a")
    load(sandpit, 1, g=DORIS)
    assert persons(sandpit) == grouped("g a", "h")

    assert {key: sandpit.detail_id(*key) for key in ids} == ids


def test_when_the_record_that_the_others_were_linked_to_leaves_they_stay_together(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS)
    load(sandpit, 2, a=DORIS)
    load(sandpit, 3, c=DORIS)

    load(sandpit, 1, g=AISHA)

    assert persons(sandpit) == grouped("g", "a c")


def test_an_unlink_lasts_through_every_later_load(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS)
    load(sandpit, 2, a=DORIS)
    load(sandpit, 3, c=DORIS)

    unlink(sandpit, (1, "g"))
    assert persons(sandpit) == grouped("g", "a c")
    for tenancy_id, key in ((1, "g"), (2, "a"), (3, "c")):
        load(sandpit, tenancy_id, **{key: DORIS | {"Title": "Mrs"}})

    assert persons(sandpit) == grouped("g", "a c")
    assert possible(sandpit) == set()


def test_an_unlink_lasts_when_a_record_leaves_and_comes_back(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS)
    load(sandpit, 2, a=DORIS)
    unlink(sandpit, (1, "g"))

    load(sandpit, 1, g=AISHA)
    load(sandpit, 1, g=DORIS)

    assert persons(sandpit) == grouped("g", "a")


def test_records_that_leave_together_stay_together(sandpit: Sandpit) -> None:
    for tenancy_id in (1, 2, 3, 4):
        load(sandpit, tenancy_id, **{f"r{tenancy_id}": DORIS})

    unlink(sandpit, (3, "r3"), (1, "r1"))

    assert persons(sandpit) == grouped("r1 r3", "r2 r4")


def test_a_third_record_that_agrees_with_both_halves_is_a_possible_link_of_each(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS)
    load(sandpit, 2, a=DORIS)
    unlink(sandpit, (1, "g"))

    load(sandpit, 3, c=DORIS)

    assert persons(sandpit) == grouped("g", "a", "c")
    assert possible(sandpit) == grouped("g c", "a c")
    link(sandpit, (3, "c"), (2, "a"))
    assert persons(sandpit) == grouped("g", "a c")
    assert possible(sandpit) == set()


def test_a_link_by_a_steward_holds_though_nothing_agrees(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS)
    load(sandpit, 2, a=AISHA)
    load(sandpit, 3, c=AISHA)

    link(sandpit, (1, "g"), (2, "a"))
    load(sandpit, 2, a=AISHA | {"Surname": "Hall"})

    assert persons(sandpit) == grouped("g a c")


def test_a_relink_undoes_an_unlink_and_lasts_too(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS)
    load(sandpit, 2, a=DORIS, b=DORIS)
    unlink(sandpit, (1, "g"))

    link(sandpit, (1, "g"), (2, "a"))
    load(sandpit, 1, g=DORIS | {"Title": "Mrs"})

    assert persons(sandpit) == grouped("g a b")


def test_agreement_never_brings_together_by_way_of_others_whom_a_steward_has_parted(
    sandpit: Sandpit,
) -> None:
    """A steward linked c with a and parted a from b; c agrees with b, and so would lead a to b."""
    load(sandpit, 1, a=AISHA, b=AISHA)
    load(sandpit, 2, c=DORIS)
    unlink(sandpit, (1, "a"))
    link(sandpit, (2, "c"), (1, "a"))

    load(sandpit, 1, b=DORIS)

    assert persons(sandpit) == grouped("a c", "b")


def test_a_change_sees_also_what_only_decisions_tie_to_it(sandpit: Sandpit) -> None:
    """b and d are parted; c agrees with both. When its fellow a changes, c still joins neither."""
    load(sandpit, 1, b=DORIS, d=DORIS)
    unlink(sandpit, (1, "b"))
    load(sandpit, 2, c=DORIS)
    load(sandpit, 3, a=AISHA)
    link(sandpit, (3, "a"), (2, "c"))
    before = persons(sandpit)

    load(sandpit, 3, a=AISHA | {"DateOfBirth": "1975-02-04"})

    assert before == persons(sandpit) == grouped("a c", "b", "d")
    assert possible(sandpit) == grouped("b c", "c d")


def test_no_decision_is_overwritten(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS)
    load(sandpit, 2, a=DORIS)
    unlink(sandpit, (1, "g"))
    link(sandpit, (1, "g"), (2, "a"))

    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT decision, decided_by, superseded_at IS NULL, superseded_by IS NULL"
            " FROM patient_index.link_decision ORDER BY decision_id"
        ).fetchall()

    assert rows == [
        ("linked", "carecord", False, False),
        ("not linked", "steward", False, False),
        ("linked", "steward", True, True),
    ]


def test_after_an_unlink_and_a_relink_every_id_is_what_it_was(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS)
    load(sandpit, 2, a=DORIS)
    medicine = {"Date": "2021-11-04T00:00:00", "ReadCode": "bu23.", "Rubric": "ASPIRIN disp tabs 75mg"}
    sandpit.load(tenancy_line(1), entry_line("g", "GpRepeatMedicationsList", medicine))

    def everything() -> list[Any]:
        with sandpit.database.connect() as connection:
            return connection.execute(
                "SELECT patient_detail_id, collection, entry_id, version FROM clinical_store.entry"
            ).fetchall()

    before = everything()
    unlink(sandpit, (1, "g"))
    apart = everything()
    link(sandpit, (1, "g"), (2, "a"))

    assert len(before) == 1
    assert before == apart == everything()


def test_a_steward_cannot_part_what_is_not_together(sandpit: Sandpit) -> None:
    load(sandpit, 1, g=DORIS, h=AISHA)
    load(sandpit, 2, a=DORIS)

    with pytest.raises(Conflict):
        unlink(sandpit, (1, "g"), (1, "h"))
    with pytest.raises(Conflict):
        unlink(sandpit, (1, "h"))
    with pytest.raises(Conflict):
        link(sandpit, (1, "g"), (1, "g"))
    with steward(sandpit) as connection, pytest.raises(NotFound):
        links.link(connection, sandpit.detail_id(1, "g"), 999_999, decided_by="steward", reason=None)
    assert persons(sandpit) == grouped("g a", "h")


def test_a_minor_number_that_is_sent_twice_counts_once(sandpit: Sandpit) -> None:
    line = patient_line("g", **DORIS) | {"MinorNumbers": ["M1", "M1", "N-g"]}

    assert sandpit.load(tenancy_line(1), line).rejected == 0

    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT number, is_minor FROM patient_index.patient_number ORDER BY number"
        ).fetchall()
    assert rows == [("M1", True), ("N-g", False)]


@pytest.mark.parametrize("digit", "019")
def test_a_number_that_stands_for_none_links_nobody(sandpit: Sandpit, digit: str) -> None:
    nobody = {"NhsNumber": digit * 10, "DateOfBirth": "1900-01-01"}

    load(sandpit, 1, a=nobody | {"Surname": "Archer"}, b=nobody | {"Surname": "Heritage"})
    load(sandpit, 2, c=nobody | {"Surname": "Marsh"})

    assert persons(sandpit) == grouped("a", "b", "c")
