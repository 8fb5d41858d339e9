"""Review: what waits for stewards, what they say of it, and what they alone see who have the right to."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from carecord.kernel.errors import BadRequest, Conflict, NotFound
from carecord.patient_index import links, reviewing, source_decisions
from carecord.patient_index.links import Word
from carecord.patient_index.reviewing import ReviewTask, Signed
from carecord.patient_index.scoring import load_model
from carecord.patient_index.side_by_side import WITHHELD, set_side_by_side
from tests.support.sandpit import Sandpit, patient_line, tenancy_line
from tests.support.stewards import AISHA, ANOTHER_NUMBER, DORIS, JONES, MARIA, ONE_NUMBER, Index

SMITH = Signed(decided_by="smith", reason="saw the letters")


@pytest.fixture
def index(sandpit: Sandpit, connection: psycopg.Connection[Any]) -> Index:
    return Index(sandpit, connection)


@pytest.fixture
def waiting(index: Index) -> ReviewTask:
    """Two records that agree in all but their NHS numbers, both verified: a possible link."""
    index.load(a1=ONE_NUMBER, b2=ANOTHER_NUMBER, other3=DORIS)
    (task,) = index.tasks()
    return task


def test_a_possible_link_waits_with_its_records_weights_and_why(index: Index, waiting: ReviewTask) -> None:
    assert (waiting.kind, waiting.asks, waiting.records) == ("possible", "link", index.ids("a1", "b2"))
    assert (waiting.sources, waiting.fellows) == (("Source 1", "Source 2"), (0, 0))
    assert waiting.task_id.startswith("L")
    assert "each has a verified NHS number, and they differ" in waiting.words
    assert reviewing.count_waiting(index.connection) == {"possible": 1, "overlay": 0, "proposal": 0}


def test_a_task_says_nothing_of_what_the_patient_is_called_or_where(waiting: ReviewTask) -> None:
    said = repr(waiting).casefold()
    assert not any(value.casefold() in said for value in ONE_NUMBER.values() if len(value) > 2)


def test_same_person_on_a_task_links_for_good(index: Index, waiting: ReviewTask) -> None:
    word = index.answer(waiting.task_id, "same")
    index.load(b2=ANOTHER_NUMBER | {"Forename": "Edith"})

    assert word.together == index.ids("a1", "b2")
    assert word.apart == ()
    assert index.persons() == {"a1 b2", "other3"}
    assert index.tasks() == []


def test_different_people_on_a_task_parts_for_good(index: Index, waiting: ReviewTask) -> None:
    word = index.answer(waiting.task_id, "different")
    # Now all agrees: without the word it would be linked.
    index.load(b2=ONE_NUMBER)

    assert (word.together, word.apart) == (index.ids("a1"), index.ids("b2"))
    assert index.persons() == {"a1", "b2", "other3"}
    assert index.tasks() == []


def test_a_word_bears_its_name_and_its_reason(index: Index, waiting: ReviewTask) -> None:
    word = index.answer(waiting.task_id, "different")

    rows = index.connection.execute(
        "SELECT decision, rule, decided_by, reason, sealed FROM patient_index.link_decision"
        " WHERE decision_id = ANY (%s)",
        ([*word.decisions],),
    ).fetchall()
    assert rows == [("not linked", "steward", "jones", "asked the surgery", False)]
    assert word.touched == index.ids("a1", "b2")


@pytest.mark.parametrize(("by", "reason"), [("jones", " "), ("", "asked")])
def test_no_word_without_a_name_and_a_reason(by: str, reason: str) -> None:
    with pytest.raises(BadRequest):
        Signed(decided_by=by, reason=reason)


def test_of_two_stewards_on_one_task_the_second_hears_that_it_is_done(
    index: Index, waiting: ReviewTask
) -> None:
    index.answer(waiting.task_id, "different", JONES)

    with pytest.raises(Conflict, match="no longer waits"):
        index.answer(waiting.task_id, "same", SMITH)
    with pytest.raises(Conflict, match=r"said already, in L\d+ by jones"):
        index.answer(("b2", "a1"), "different", SMITH)
    assert index.persons() == {"a1", "b2", "other3"}


def test_a_task_that_never_was_is_not_found(index: Index) -> None:
    for task_id in ("L999", "O1", "P1"):
        with pytest.raises(NotFound):
            index.answer(task_id, "same")
    with pytest.raises(BadRequest):
        index.answer("X12", "same")


def test_different_people_said_of_two_that_are_linked_leaves_the_rest_to_the_weights(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS, other3=AISHA)

    word = index.answer(("a1", "b2"), "different")
    index.load(c3=DORIS)

    # The newcomer agrees with both alike: a steward must say whose it is.
    assert word.apart == index.ids("b2")
    assert index.persons() == {"a1", "b2", "c3", "other3"}
    assert {task.records for task in index.tasks()} == {index.ids("a1", "c3"), index.ids("b2", "c3")}


def test_no_path_brings_together_whom_a_steward_has_told_apart(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    index.answer(("a1", "b2"), "different")
    index.load(c3=DORIS)

    index.answer(("c3", "a1"), "same", SMITH)
    index.load(d4=DORIS, c3=DORIS | {"Title": "Mrs"}, b2=DORIS | {"Title": "Mrs"})

    person_of_a, person_of_b = (
        next(person for person in index.persons() if key in person) for key in ("a1", "b2")
    )
    assert "c3" in person_of_a
    assert person_of_a != person_of_b


def test_two_that_words_on_others_hold_together_are_told_apart_only_when_these_are_taken_back(
    index: Index,
) -> None:
    index.load(a1=DORIS, b2=AISHA, c3={"Surname": "Third", "DateOfBirth": "1933-01-05"})
    index.answer(("a1", "c3"), "same")
    held_by = index.answer(("c3", "b2"), "same").decisions[0]

    with pytest.raises(Conflict, match=f"L{held_by}"):
        index.answer(("a1", "b2"), "different")
    index.withdraw(held_by)
    index.answer(("a1", "b2"), "different")

    assert index.persons() == {"a1 c3", "b2"}


def test_a_link_over_ones_own_unlink_shows_what_it_overrides(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    barred = index.answer(("a1", "b2"), "different")

    word = index.answer(("a1", "b2"), "same")

    assert [one.decision_id for one in word.overridden] == [*barred.decisions]
    assert [(one.decision, one.decided_by, one.reason) for one in word.overridden] == [
        ("not linked", "jones", "asked the surgery")
    ]
    assert index.persons() == {"a1 b2"}


def test_a_word_taken_back_leaves_the_two_to_the_weights_and_stays_in_the_history(
    index: Index, waiting: ReviewTask
) -> None:
    word = index.answer(waiting.task_id, "same")

    taken_back = index.withdraw(word.decisions[0])

    assert (taken_back.together, taken_back.apart) == (index.ids("a1"), index.ids("b2"))
    assert index.persons() == {"a1", "b2", "other3"}
    assert [task.records for task in index.tasks()] == [waiting.records]
    rows = index.connection.execute(
        "SELECT decision, decided_by, reason, superseded_at IS NULL, withdrawn_by, withdrawal_reason"
        " FROM patient_index.link_decision WHERE rule = 'steward'"
    ).fetchall()
    assert rows == [("linked", "jones", "asked the surgery", False, "smith", "was mistaken")]


def test_an_unlink_taken_back_is_taken_back_whole(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS, c3=DORIS, d4=DORIS)
    word = index.unlink("a1", "d4")
    apart = index.persons()

    taken_back = index.withdraw(word.decisions[-1])

    assert apart == {"a1 d4", "b2 c3"}
    assert set(taken_back.decisions) == set(word.decisions)
    assert index.persons() == {"a1 b2 c3 d4"}


def test_what_a_word_overrode_does_not_come_back_when_it_is_taken_back(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    barred = index.answer(("a1", "b2"), "different")
    linked = index.answer(("a1", "b2"), "same")

    taken_back = index.withdraw(linked.decisions[0])

    assert [one.decision_id for one in taken_back.overridden] == [*barred.decisions]
    assert index.persons() == {"a1 b2"}


def test_only_a_word_in_force_can_be_taken_back(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    (by_weights,) = index.connection.execute("SELECT decision_id FROM patient_index.link_decision").fetchall()
    word = index.answer(("a1", "b2"), "different")
    index.withdraw(word.decisions[0])

    with pytest.raises(Conflict, match="no longer in force"):
        index.withdraw(word.decisions[0])
    with pytest.raises(NotFound):
        index.withdraw(by_weights[0])


def test_what_a_merge_rests_on_is_not_parted_before_the_merge_is_undone(index: Index) -> None:
    index.load(a1=DORIS)
    index.sandpit.load(tenancy_line(1), patient_line("a1b", **AISHA))
    a, b = index.id("a1"), index.sandpit.detail_id(1, "a1b")
    with index.connection.transaction():
        source_decisions.merge_records(
            index.connection, a, b, tenancy_id=1, decided_by="client", reason="duplicate"
        )
    (joined,) = index.connection.execute(
        "SELECT decision_id FROM patient_index.link_decision WHERE rule = 'steward'"
    ).fetchall()

    attempts: list[Callable[[], Word]] = [
        lambda: index.withdraw(joined[0]),
        lambda: links.unlink(index.connection, [b], decided_by="jones", reason="test"),
        lambda: links.tell_apart(index.connection, a, b, decided_by="jones", reason="test"),
    ]
    for attempt in attempts:
        with pytest.raises(Conflict, match="merge"):
            attempt()


def test_a_record_that_turned_into_somebody_else_waits_first_and_is_decided(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    index.load(c3=MARIA | {"NhsNumber": "9992001003"}, d4=MARIA | {"NhsNumber": "9992001011"})
    index.load(b2=AISHA)

    first, second = index.tasks()
    assert (first.kind, first.asks, first.records) == ("overlay", "overlay", index.ids("b2"))
    assert second.kind == "possible"
    word = index.answer(first.task_id, "different")

    assert (word.together, word.apart) == (index.ids("b2"), index.ids("a1"))
    assert len(word.decisions) == 1
    assert [task.kind for task in index.tasks()] == ["possible"]
    with pytest.raises(Conflict):
        index.answer(first.task_id, "same")


def test_a_record_that_words_hold_to_its_former_patient_is_told_apart_when_these_are_taken_back(
    index: Index,
) -> None:
    index.load(a1=DORIS, b2=DORIS, other3=AISHA)
    index.answer(("b2", "other3"), "same")
    held_by = index.answer(("other3", "a1"), "same").decisions[0]
    index.load(b2=AISHA)
    (task,) = index.tasks(kind="overlay")

    with pytest.raises(Conflict, match=f"L{held_by}"):
        index.answer(task.task_id, "different")
    assert [one.task_id for one in index.tasks()] == [task.task_id]
    index.withdraw(held_by)
    index.answer(task.task_id, "different")

    assert index.persons() == {"a1", "b2 other3"}


def test_a_record_that_is_said_to_be_the_patients_it_was_is_linked_by_weight_again(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    index.load(b2=AISHA, other3=AISHA)
    (task,) = index.tasks(kind="overlay")

    word = index.answer(task.task_id, "same")

    assert word.together == index.ids("b2", "other3")


@pytest.mark.parametrize(("answer", "persons"), [("same", {"a1 b2"}), ("different", {"a1", "b2"})])
def test_a_proposal_to_unlink_is_answered_either_way(
    index: Index, answer: reviewing.Answer, persons: set[str]
) -> None:
    index.load(a1=DORIS, b2=DORIS)
    task_id = index.propose("unlink", "a1", "b2")
    (task,) = index.tasks()

    index.answer(task.task_id, answer)

    assert (task.task_id, task.asks) == (task_id, "unlink")
    assert index.persons() == persons
    assert index.tasks() == []
    outcome = index.connection.execute(
        "SELECT outcome, closed_at IS NULL FROM patient_index.proposal"
    ).fetchone()
    assert outcome == ("linked" if answer == "same" else "not linked", False)
    stands = index.connection.execute(
        "SELECT rule FROM patient_index.link_decision WHERE superseded_at IS NULL"
    ).fetchall()
    assert stands == [("steward",)]


def test_a_proposal_that_something_else_has_answered_no_longer_waits(index: Index) -> None:
    index.load(a1=DORIS, b2=AISHA, c3=DORIS)
    link = index.propose("link", "a1", "b2")
    index.propose("unlink", "a1", "c3")
    assert [task.asks for task in index.tasks()] == ["unlink", "link"]

    index.answer(("b2", "c3"), "different")
    assert [task.asks for task in index.tasks()] == ["unlink"]
    with pytest.raises(Conflict, match="no longer waits"):
        index.answer(link, "same")
    index.answer(("a1", "c3"), "different")
    # Now that the third is out of the way the other is a question again.
    assert [task.task_id for task in index.tasks()] == [link]


def test_pages_show_every_task_once_those_nearest_to_a_link_first(index: Index) -> None:
    keys = [f"k{place}x{source}" for place in range(7) for source in (1, 2)]
    for year, key in enumerate(keys, start=1931):
        # Nobody is like anybody else: only the proposals are tasks.
        index.load(
            **{key: {"Surname": chr(year % 26 + 65) * 5, "DateOfBirth": f"{year}-{year % 12 + 1:02}-17"}}
        )
    for place, weight in enumerate([3.0, 18.0, 7.0, 7.0, -2.0, 11.0, 7.0]):
        index.propose("link", f"k{place}x1", f"k{place}x2", weight=weight)
    everything = index.tasks(limit=100)

    pages, after = [], None
    while page := index.tasks(limit=2, after=after):
        pages.append(page)
        after = page[-1].task_id
        # A task of the page before is decided meanwhile.
        index.connection.execute(
            "UPDATE patient_index.proposal SET closed_at = now(), outcome = 'withdrawn'"
            " WHERE proposal_id = %s",
            (int(after[1:]),),
        )

    assert [task for page in pages for task in page] == everything
    bars = load_model().thresholds
    strengths = [
        min(task.weight - bars.join, task.relative_weight - bars.relative_join)
        for task in everything
        if task.weight is not None and task.relative_weight is not None
    ]
    assert len(strengths) == 7
    assert strengths == sorted(strengths, reverse=True)


def test_a_task_is_set_side_by_side_with_what_it_adds_up_to(index: Index, waiting: ReviewTask) -> None:
    sides = set_side_by_side(index.connection, waiting)

    lines = {line.trait: line for line in sides.lines}
    assert {sides.headings[0].splitlines()[0], sides.headings[1].splitlines()[0]} == {
        str(one) for one in waiting.records
    }
    assert (lines["NHS number"].left, lines["NHS number"].right) == (
        "9990123454, present and verified",
        "9991002006, present and verified",
    )
    assert lines["NHS number"].differs
    assert not lines["date of birth"].differs
    assert lines["gender"].left == "female"
    assert sides.explained.weight == pytest.approx(waiting.weight, abs=0.01)


def test_where_a_protected_patient_lives_is_withheld_from_a_task(index: Index, waiting: ReviewTask) -> None:
    index.load(a1=ONE_NUMBER | {"SensitiveAddress": "Yes", "MobileTelephone": "07700900123"})
    (task,) = index.tasks()

    lines = {line.trait: line for line in set_side_by_side(index.connection, task).lines}

    left = [lines[trait].left for trait in ("address", "postcode", "mobile")]
    assert left == [WITHHELD] * 3
    assert lines["forename"].left == "Maria"


def test_it_is_withheld_too_where_another_record_of_the_patient_asks_for_it(
    index: Index, waiting: ReviewTask
) -> None:
    index.load(c3=ONE_NUMBER | {"SensitiveAddress": "Yes"})
    assert "a1 c3" in index.persons()
    (task,) = (one for one in index.tasks() if index.id("a1") in one.records)

    lines = {line.trait: line for line in set_side_by_side(index.connection, task).lines}

    assert WITHHELD in (lines["postcode"].left, lines["postcode"].right)
    assert {lines["postcode"].left, lines["postcode"].right} == {WITHHELD, "XX1 1AA"}


def test_an_overlay_is_set_beside_what_the_record_was(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    index.load(b2=AISHA)
    (task,) = index.tasks(kind="overlay")

    sides = set_side_by_side(index.connection, task)

    lines = {line.trait: line for line in sides.lines}
    assert (lines["forename"].left, lines["forename"].right) == ("Doris", "Aisha")
    assert "before" in sides.headings[0]
