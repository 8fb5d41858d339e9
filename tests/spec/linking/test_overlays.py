"""Overlays: a source record that turns into somebody else waits for a steward, and whatever he says lasts."""

from typing import Any

import pytest

from carecord.kernel.errors import Conflict, NotFound
from carecord.patient_index import links, overlays, source_decisions
from carecord.patient_index.normalise import identity_of
from carecord.patient_index.scoring import load_model
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

HOME = {"PostCode": "XX1 1AA", "AddressLine1": "12 Mill Lane", "MobileTelephone": "07700 900123"}
DORIS = {
    "NhsNumber": "9990123454",
    "NhsNumberVerificationStatus": "01",
    "Forename": "Doris",
    "Surname": "Heritage",
    "DateOfBirth": "1946-05-17",
    "Gender": "2",
} | HOME
AISHA = {
    "NhsNumber": "9991002006",
    "NhsNumberVerificationStatus": "01",
    "Forename": "Aisha",
    "Surname": "Khan",
    "DateOfBirth": "1975-02-03",
    "Gender": "2",
    "PostCode": "XX9 9ZZ",
    "AddressLine1": "1 High Street",
}
NO_NUMBER = {"NhsNumber": None, "NhsNumberVerificationStatus": None}
DORIS_NUMBER = {"NhsNumber": DORIS["NhsNumber"]}
EMPTIED = {"Forename": None, "Surname": "Unknown", "DateOfBirth": None} | NO_NUMBER


def turns(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return overlays.turns_into_another(load_model(), identity_of(before), identity_of(after))


@pytest.mark.parametrize(
    "after",
    [
        AISHA,
        AISHA | NO_NUMBER,
        AISHA | HOME | {"Surname": "Heritage"},
        AISHA | {"DateOfBirth": "1946-05-03", "Gender": "1"},
        AISHA | {"DateOfBirth": None},
        DORIS | {"Forename": "Ivy", "NhsNumber": "9991002006"},
        AISHA | DORIS_NUMBER,
        AISHA | DORIS_NUMBER | HOME | {"Surname": "Heritage"},
    ],
    ids=[
        "all is another's",
        "another without a number",
        "a relative in one home",
        "another of one year and month",
        "another without a birth date",
        "a twin",
        "the first one's number is left standing",
        "a relative in one home, and the first one's number is left standing",
    ],
)
def test_a_change_that_leaves_nothing_of_the_patient_is_an_overlay(after: dict[str, Any]) -> None:
    assert turns(DORIS, after)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({}, {"Surname": "Archer", "PostCode": "XX9 9ZZ", "AddressLine1": "1 High Street"}),
        ({}, {"DateOfBirth": "1964-07-15"}),
        ({}, {"Forename": "Ivy"}),
        ({}, {"Gender": "1"}),
        ({}, {"NhsNumber": "9991002006"}),
        ({}, {"Forename": "Ivy", "DateOfBirth": "1946-05-03", "Surname": "Archer"}),
        (
            {},
            {
                "Surname": "Archer",
                "DateOfBirth": "1964-07-15",
                "PostCode": "XX9 9ZZ",
                "AddressLine1": "1 High Street",
            },
        ),
        (
            {},
            {"Forename": "Ivy", "Surname": "Archer", "PostCode": "XX9 9ZZ", "AddressLine1": "1 High Street"},
        ),
        ({}, {"Forename": "Ivy", "Surname": "Archer", "DateOfBirth": None, "PostCode": "XX9 9ZZ"}),
        (NO_NUMBER, {"NhsNumber": "9990123454", "Surname": "Archer"}),
        (
            NO_NUMBER | {"Forename": "Baby", "DateOfBirth": "2026-10-30"},
            {"Forename": "Ivy", "Surname": "Archer", "DateOfBirth": "2026-10-30"},
        ),
        (
            {},
            {"NhsNumber": "9991002006", "Surname": "Archer", "Forename": "Ivy", "AddressLine1": "2 Elm Row"},
        ),
        ({}, {"NhsNumber": "9991002006", "Forename": "Derek", "Gender": "1"}),
        ({"Forename": "Unknown", "Surname": "Unknown", "DateOfBirth": None} | NO_NUMBER, {}),
        ({}, {"Forename": None, "DateOfBirth": None} | NO_NUMBER),
        ({}, {"Forename": "Heritage", "Surname": "Doris", "DateOfBirth": "1964-07-15"} | NO_NUMBER),
    ],
    ids=[
        "marriage and a new home",
        "a birth date corrected",
        "a forename corrected",
        "a sex corrected",
        "a number corrected",
        "names and a part of the birth date corrected",
        "one number and forename, all else corrected",
        "one number and birth date, all else corrected",
        "one number, another name and no birth date",
        "a first number, and marriage",
        "a newborn is named",
        "adoption",
        "a change of gender",
        "a placeholder is filled",
        "details taken back",
        "names swapped and a birth date corrected",
    ],
)
def test_a_patient_who_changes_stays_one_patient(before: dict[str, Any], change: dict[str, Any]) -> None:
    assert not turns(DORIS | before, DORIS | before | change)


# In the index


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


def told(sandpit: Sandpit) -> list[tuple[str, str | None, str | None]]:
    """Of each overlay: the record, what was decided, by whom."""
    with sandpit.database.connect() as connection:
        return connection.execute(
            "SELECT r.source_key, o.decision, o.decided_by FROM patient_index.overlay o"
            " JOIN patient_index.patient_record r USING (patient_detail_id) ORDER BY o.overlay_id"
        ).fetchall()


def days_pass(sandpit: Sandpit) -> None:
    """All that was sent so far is two days older."""
    with sandpit.database.connect() as connection:
        connection.execute(
            "UPDATE patient_index.patient_record_version"
            " SET valid_from = valid_from - interval '2 days', valid_to = valid_to - interval '2 days'"
        )
        connection.execute(
            "UPDATE patient_index.overlay SET noticed_at = noticed_at - interval '2 days',"
            " decided_at = decided_at - interval '2 days'"
        )
        connection.execute(
            "UPDATE patient_index.link_decision SET decided_at = decided_at - interval '2 days',"
            " superseded_at = superseded_at - interval '2 days'"
        )


def decide(sandpit: Sandpit, record: tuple[int, str], decision: overlays.Decision) -> list[int]:
    with sandpit.database.connect() as connection, connection.transaction():
        return overlays.decide(
            connection, sandpit.detail_id(*record), decision, decided_by="steward", reason="asked the source"
        )


@pytest.fixture
def overlaid(sandpit: Sandpit) -> Sandpit:
    """Doris in three sources, Aisha in two; then the first source's Doris turns into Aisha."""
    load(sandpit, 1, d1=DORIS)
    load(sandpit, 2, d2=DORIS, a2=AISHA)
    load(sandpit, 3, d3=DORIS, a3=AISHA)
    assert persons(sandpit) == {"d1 d2 d3", "a2 a3"}
    load(sandpit, 1, d1=AISHA)
    return sandpit


def test_a_record_that_turns_into_somebody_else_stands_alone_and_waits(overlaid: Sandpit) -> None:
    assert persons(overlaid) == {"d1", "d2 d3", "a2 a3"}
    assert told(overlaid) == [("d1", None, None)]

    load(overlaid, 1, d1=AISHA | {"Title": "Mrs", "MiddleNames": "Noor"})
    load(overlaid, 4, a4=AISHA)

    assert persons(overlaid) == {"d1", "d2 d3", "a2 a3 a4"}
    assert told(overlaid) == [("d1", None, None)]


def test_same_person_lets_the_weights_decide(overlaid: Sandpit) -> None:
    decide(overlaid, (1, "d1"), "same person")

    assert persons(overlaid) == {"d2 d3", "a2 a3 d1"}
    assert told(overlaid) == [("d1", "same person", "steward")]


def test_another_person_bars_the_former_for_ever(overlaid: Sandpit) -> None:
    decide(overlaid, (1, "d1"), "another person")

    assert persons(overlaid) == {"d2 d3", "a2 a3 d1"}
    load(overlaid, 2, d2=DORIS | {"Title": "Mrs"})
    load(overlaid, 4, d4=DORIS)
    load(overlaid, 1, d1=DORIS)
    decide(overlaid, (1, "d1"), "same person")
    assert persons(overlaid) == {"d1", "d2 d3", "d4", "a2 a3"}


def test_a_former_person_that_grew_meanwhile_is_barred_whole(overlaid: Sandpit) -> None:
    load(overlaid, 4, d4=DORIS)

    bears_on = decide(overlaid, (1, "d1"), "another person")

    ids = [overlaid.detail_id(*one) for one in ((1, "d1"), (2, "d2"), (3, "d3"), (4, "d4"))]
    assert bears_on == ids
    with overlaid.database.connect() as connection:
        rows = connection.execute(
            "SELECT record_a, record_b FROM patient_index.link_decision"
            " WHERE rule = 'steward' AND decision = 'not linked' AND superseded_at IS NULL ORDER BY record_b"
        ).fetchall()
    assert rows == [(ids[0], other) for other in ids[1:]]


def test_the_task_closes_by_itself_where_the_source_sends_the_former_patient_again(overlaid: Sandpit) -> None:
    load(overlaid, 1, d1=DORIS | {"Title": "Mrs"})

    assert persons(overlaid) == {"d1 d2 d3", "a2 a3"}
    assert told(overlaid) == [("d1", "undone", "carecord")]


def test_a_record_that_turns_in_two_steps_is_noticed_all_the_same(sandpit: Sandpit) -> None:
    load(sandpit, 1, d1=DORIS)
    load(sandpit, 2, d2=DORIS)

    load(sandpit, 1, d1=DORIS | {"Forename": None, "DateOfBirth": None} | NO_NUMBER)
    assert told(sandpit) == []
    load(sandpit, 1, d1=AISHA)

    assert told(sandpit) == [("d1", None, None)]


def test_a_number_left_standing_brings_nobody_to_the_other_patient(sandpit: Sandpit) -> None:
    load(sandpit, 1, d1=DORIS)
    load(sandpit, 2, d2=DORIS, a2=AISHA | NO_NUMBER)

    load(sandpit, 1, d1=AISHA | DORIS_NUMBER)

    assert persons(sandpit) == {"d1", "d2", "a2"}
    assert told(sandpit) == [("d1", None, None)]


@pytest.mark.parametrize(
    "steps",
    [[EMPTIED], [{"DateOfBirth": None}, {"DateOfBirth": None, "Forename": None}, EMPTIED]],
    ids=["at once", "field by field"],
)
def test_a_record_that_is_emptied_is_held_to_what_it_last_said_however_long_ago(
    sandpit: Sandpit, steps: list[dict[str, Any]]
) -> None:
    load(sandpit, 1, d1=DORIS)
    load(sandpit, 2, d2=DORIS, a2=AISHA)
    for step in steps:
        load(sandpit, 1, d1=DORIS | step)
        days_pass(sandpit)
    assert told(sandpit) == []

    load(sandpit, 1, d1=AISHA)

    assert persons(sandpit) == {"d1", "d2", "a2"}
    assert told(sandpit) == [("d1", None, None)]


def test_another_person_bars_whom_an_emptied_record_was_linked_with(sandpit: Sandpit) -> None:
    load(sandpit, 1, d1=DORIS)
    load(sandpit, 2, d2=DORIS, a2=AISHA)
    load(sandpit, 1, d1=DORIS | EMPTIED)
    days_pass(sandpit)
    load(sandpit, 1, d1=AISHA)

    bears_on = decide(sandpit, (1, "d1"), "another person")

    assert bears_on == [sandpit.detail_id(1, "d1"), sandpit.detail_id(2, "d2")]
    assert persons(sandpit) == {"a2 d1", "d2"}
    load(sandpit, 1, d1=DORIS)
    decide(sandpit, (1, "d1"), "same person")
    assert persons(sandpit) == {"a2", "d1", "d2"}


def test_an_emptied_record_that_is_filled_with_its_own_patient_is_no_task(sandpit: Sandpit) -> None:
    load(sandpit, 1, d1=DORIS)
    load(sandpit, 1, d1=DORIS | EMPTIED)
    days_pass(sandpit)

    load(sandpit, 1, d1=DORIS | {"Surname": "Archer"})

    assert told(sandpit) == []


def test_what_a_record_said_before_somebody_decided_is_no_task_again(overlaid: Sandpit) -> None:
    decide(overlaid, (1, "d1"), "same person")
    days_pass(overlaid)
    load(overlaid, 1, d1=AISHA | EMPTIED)
    days_pass(overlaid)

    load(overlaid, 1, d1=AISHA)

    assert told(overlaid) == [("d1", "same person", "steward")]


def test_emptying_a_record_that_waits_closes_no_task(overlaid: Sandpit) -> None:
    load(overlaid, 1, d1=AISHA | EMPTIED)
    days_pass(overlaid)
    load(overlaid, 1, d1=AISHA)

    assert persons(overlaid) == {"d1", "d2 d3", "a2 a3"}
    assert told(overlaid) == [("d1", None, None)]


def test_a_second_turn_after_a_decision_is_a_task_of_its_own(overlaid: Sandpit) -> None:
    decide(overlaid, (1, "d1"), "same person")

    load(overlaid, 1, d1=DORIS)

    assert persons(overlaid) == {"d1", "d2 d3", "a2 a3"}
    assert told(overlaid) == [("d1", "same person", "steward"), ("d1", None, None)]


def test_a_steward_s_link_holds_while_the_task_waits_and_gives_way_to_another_person(
    sandpit: Sandpit,
) -> None:
    load(sandpit, 1, d1=DORIS)
    load(sandpit, 2, d2=DORIS)
    with sandpit.database.connect() as connection, connection.transaction():
        ids = sandpit.detail_id(1, "d1"), sandpit.detail_id(2, "d2")
        links.link(connection, *ids, decided_by="first", reason="one patient")

    load(sandpit, 1, d1=AISHA)
    assert persons(sandpit) == {"d1 d2"}
    decide(sandpit, (1, "d1"), "another person")

    assert persons(sandpit) == {"d1", "d2"}
    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT decision, decided_by, superseded_by IS NULL FROM patient_index.link_decision"
            " WHERE rule = 'steward' ORDER BY decision_id"
        ).fetchall()
    assert rows == [("linked", "first", False), ("not linked", "steward", True)]


def tell_apart(sandpit: Sandpit, a: tuple[int, str], b: tuple[int, str], *, sealed: bool = False) -> int:
    with sandpit.database.connect() as connection, connection.transaction():
        ids = sandpit.detail_id(*a), sandpit.detail_id(*b)
        word = links.tell_apart(connection, *ids, decided_by="first", reason="two people", sealed=sealed)
        return word.decisions[0]


@pytest.fixture
def barred(sandpit: Sandpit) -> Sandpit:
    """Doris in two sources, and one who may be her in a third."""
    load(sandpit, 1, d1=DORIS)
    load(sandpit, 2, d2=DORIS)
    load(sandpit, 3, other=DORIS | NO_NUMBER | {"PostCode": "XX9 9ZZ"})
    return sandpit


@pytest.mark.parametrize("sealed", [False, True], ids=["open", "sealed"])
def test_whom_a_record_was_parted_from_its_former_person_stays_parted_from(
    barred: Sandpit, sealed: bool
) -> None:
    tell_apart(barred, (1, "d1"), (3, "other"), sealed=sealed)
    assert persons(barred) == {"d1 d2", "other"}
    load(barred, 1, d1=AISHA)

    decide(barred, (1, "d1"), "another person")

    load(barred, 2, d2=DORIS | {"Title": "Mrs"})
    load(barred, 3, other=DORIS)
    assert persons(barred) == {"d1", "d2", "other"}
    with barred.database.connect() as connection:
        rows = connection.execute(
            "SELECT decided_by, reason, sealed FROM patient_index.link_decision"
            " WHERE record_a = %s AND record_b = %s AND superseded_at IS NULL AND rule = 'steward'",
            (barred.detail_id(2, "d2"), barred.detail_id(3, "other")),
        ).fetchall()
    assert rows == [("first", "two people", sealed)]


def test_same_person_leaves_a_bar_on_its_record_alone(barred: Sandpit) -> None:
    tell_apart(barred, (1, "d1"), (3, "other"))
    load(barred, 1, d1=AISHA)

    decide(barred, (1, "d1"), "same person")
    load(barred, 3, other=AISHA)

    assert "d1 other" not in persons(barred)
    with barred.database.connect() as connection:
        rows = connection.execute(
            "SELECT record_a, record_b FROM patient_index.link_decision"
            " WHERE rule = 'steward' AND superseded_at IS NULL"
        ).fetchall()
    assert rows == [(barred.detail_id(1, "d1"), barred.detail_id(3, "other"))]


def test_what_is_said_of_a_record_after_it_turned_is_not_said_of_its_former_person(barred: Sandpit) -> None:
    load(barred, 1, d1=AISHA)
    tell_apart(barred, (1, "d1"), (3, "other"))
    decide(barred, (1, "d1"), "another person")

    load(barred, 3, other=DORIS)

    assert persons(barred) == {"d1", "d2 other"}


def test_a_bar_that_is_taken_back_is_taken_back_from_the_former_person_too(barred: Sandpit) -> None:
    word = tell_apart(barred, (1, "d1"), (3, "other"))
    load(barred, 1, d1=AISHA)
    decide(barred, (1, "d1"), "another person")
    load(barred, 3, other=DORIS)
    assert persons(barred) == {"d1", "d2", "other"}

    with barred.database.connect() as connection, connection.transaction():
        links.withdraw(connection, word, withdrawn_by="first", reason="one woman", may_see_sealed=False)

    assert persons(barred) == {"d1", "d2 other"}


def test_a_merge_must_be_undone_before_its_record_is_another_person_s(sandpit: Sandpit) -> None:
    load(sandpit, 1, d1=DORIS, double=DORIS)
    major, minor = sandpit.detail_id(1, "d1"), sandpit.detail_id(1, "double")
    with sandpit.database.connect() as connection, connection.transaction():
        source_decisions.merge_records(
            connection, major, minor, tenancy_id=1, decided_by="source", reason=None
        )
    load(sandpit, 1, d1=AISHA)

    with pytest.raises(Conflict, match="merge"):
        decide(sandpit, (1, "d1"), "another person")

    assert told(sandpit) == [("d1", None, None)]


def test_a_task_is_decided_once(overlaid: Sandpit) -> None:
    decide(overlaid, (1, "d1"), "same person")

    with pytest.raises(Conflict, match="already"):
        decide(overlaid, (1, "d1"), "another person")
    with pytest.raises(Conflict, match="has not turned"):
        decide(overlaid, (2, "d2"), "same person")
    with overlaid.database.connect() as connection, pytest.raises(NotFound):
        overlays.decide(connection, 999_999, "same person", decided_by="steward", reason="x")


def test_every_earlier_version_of_a_record_is_kept(overlaid: Sandpit) -> None:
    load(overlaid, 1, d1=AISHA | {"Title": "Mrs"})

    with overlaid.database.connect() as connection:
        rows = connection.execute(
            "SELECT v.version, v.demographics->>'Forename', v.demographics->>'Title',"
            " v.valid_to >= v.valid_from FROM patient_index.patient_record_version v"
            " JOIN patient_index.patient_record r USING (patient_detail_id)"
            " WHERE r.source_key = 'd1' ORDER BY v.version"
        ).fetchall()
    assert rows == [(1, "Doris", None, True), (2, "Aisha", None, True)]
