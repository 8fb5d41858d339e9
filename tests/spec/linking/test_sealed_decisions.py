"""Sealed decisions: adoption, gender reassignment and protection. Who lacks the right never meets them."""

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from carecord.kernel.errors import CareRecordError, Conflict, NotAllowed, NotFound
from carecord.patient_index import links, source_decisions
from carecord.patient_index.explaining import explain
from carecord.patient_index.history import read_history
from carecord.patient_index.linking import relink
from carecord.patient_index.links import Word
from carecord.patient_index.reviewing import Signed, answer_task, count_waiting
from carecord.patient_index.seeing import Viewer
from carecord.patient_index.submitting import count_possible
from tests.support.sandpit import Sandpit
from tests.support.stewards import AISHA, ANOTHER_NUMBER, DORIS, JONES, ONE_NUMBER, Index

LEAD = Signed(decided_by="lead", reason="adoption", may_see_sealed=True)
SEALING = Signed(decided_by="lead", reason="adoption", may_see_sealed=True, sealed=True)
COLLEAGUE = Signed(decided_by="smith", reason="other handwriting")


@pytest.fixture
def index(sandpit: Sandpit, connection: psycopg.Connection[Any]) -> Index:
    return Index(sandpit, connection)


@pytest.fixture
def sealed(index: Index) -> Word:
    """Two records that agree in all, which a sealed decision keeps apart."""
    index.load(a1=DORIS, b2=DORIS, other3=AISHA)
    return index.answer(("a1", "b2"), "different", SEALING)


def refusal(attempt: Callable[[], object]) -> tuple[type[CareRecordError], str, str | None]:
    """The whole answer to what is refused, the numbers of records and decisions left out."""
    with pytest.raises(CareRecordError) as raised:
        attempt()
    error = raised.value
    return type(error), re.sub(r"[0-9]+", "n", error.detail), error.reason


def test_to_seal_needs_the_right() -> None:
    with pytest.raises(NotAllowed):
        Signed(decided_by="jones", reason="adoption", sealed=True)


def test_no_load_and_no_relink_brings_together_what_a_sealed_decision_parts(
    index: Index, sealed: Word
) -> None:
    index.load(a1=DORIS | {"Title": "Mrs"}, b2=DORIS | {"Title": "Mrs"}, c3=DORIS)
    with index.connection.transaction():
        relink(index.connection, index.ids("a1", "b2", "c3"))

    assert {"a1", "b2", "other3"} <= index.persons()


def test_a_refused_link_sounds_the_same_whoever_barred_it(index: Index, sealed: Word) -> None:
    index.load(c3=AISHA | {"Surname": "Barley"}, d4={"Surname": "Quill", "DateOfBirth": "1931-01-09"})
    index.answer(("c3", "d4"), "different", COLLEAGUE)

    over_sealed = refusal(lambda: index.answer(("a1", "b2"), "same"))
    over_colleague = refusal(lambda: index.answer(("c3", "d4"), "same"))

    assert over_sealed == over_colleague
    assert over_sealed[0] is Conflict
    assert "a1 b2" not in index.persons()


def test_a_source_that_links_hears_the_same_whoever_barred_it(index: Index, sealed: Word) -> None:
    index.load(c3=AISHA | {"Surname": "Barley"}, d4={"Surname": "Quill", "DateOfBirth": "1931-01-09"})
    index.answer(("c3", "d4"), "different", COLLEAGUE)

    def link(a: str, b: str) -> None:
        with index.connection.transaction():
            source_decisions.link_records(
                index.connection, index.id(a), index.id(b), decided_by="client engine", reason=None
            )

    assert refusal(lambda: link("a1", "b2")) == refusal(lambda: link("c3", "d4"))


def test_a_source_that_unlinks_hears_the_same_as_of_two_that_nobody_parted(
    index: Index, sealed: Word
) -> None:
    def unlink(a: str, b: str) -> None:
        with index.connection.transaction():
            source_decisions.unlink_records(
                index.connection, index.id(a), index.id(b), decided_by="client engine", reason=None
            )

    assert refusal(lambda: unlink("a1", "b2")) == refusal(lambda: unlink("a1", "other3"))


def test_a_source_that_links_and_a_steward_that_links_hear_the_same(index: Index, sealed: Word) -> None:
    def link() -> None:
        with index.connection.transaction():
            source_decisions.link_records(
                index.connection, *index.ids("a1", "b2"), decided_by="client engine", reason=None
            )

    assert refusal(link) == refusal(lambda: index.answer(("a1", "b2"), "same"))


def test_a_source_that_unlinks_hears_the_same_whether_a_steward_parted_two_openly_or_not(
    index: Index, sealed: Word
) -> None:
    index.load(c3=AISHA | {"Surname": "Barley"}, d4={"Surname": "Quill", "DateOfBirth": "1931-01-09"})
    index.answer(("c3", "d4"), "different", COLLEAGUE)

    def unlink(a: str, b: str) -> None:
        with index.connection.transaction():
            source_decisions.unlink_records(
                index.connection, index.id(a), index.id(b), decided_by="client engine", reason=None
            )

    assert refusal(lambda: unlink("a1", "b2")) == refusal(lambda: unlink("c3", "d4"))


def test_no_explanation_of_a_third_record_gives_away_that_two_are_parted(index: Index, sealed: Word) -> None:
    index.load(c3=DORIS)
    a, b, c = (index.id(key) for key in ("a1", "b2", "c3"))

    told = [explain(index.connection, c, one) for one in (a, b)]
    in_full = [explain(index.connection, c, one, viewer=Viewer(may_see_sealed=True)) for one in (a, b)]

    assert [[why.name for why in one.why] for one in told] == [["at_the_next_change"]] * 2
    assert [one.decisions for one in told] == [(), ()]
    for one in in_full:
        assert [why.name for why in one.why] == ["waiting", "no_clear_lead"]
        assert all(why.pairs for why in one.why)
        assert [decision.decision for decision in one.decisions] == ["possible"]


def test_a_reason_that_stands_on_records_which_the_viewer_may_not_know_of_is_not_told(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    index.answer(("a1", "b2"), "different")
    index.load(c3=DORIS)

    (waiting,) = explain(index.connection, *index.ids("a1", "c3"), viewer=Viewer(tenancies=(1, 3))).why
    in_full = explain(index.connection, *index.ids("a1", "c3"), viewer=Viewer(tenancies=(1, 2, 3))).why

    assert (waiting.name, waiting.pairs) == ("waiting", (index.ids("a1", "c3"),))
    assert [why.name for why in in_full] == ["waiting", "no_clear_lead"]


@pytest.mark.parametrize("asked", ["a1", "b2", "c3"])
def test_no_history_tells_of_a_question_beside_a_sealed_decision(
    index: Index, sealed: Word, asked: str
) -> None:
    index.load(c3=DORIS)

    told = read_history(index.connection, index.id(asked))
    in_full = read_history(index.connection, index.id(asked), viewer=Viewer(may_see_sealed=True))

    assert "possible" not in {event.what for step in told.steps for event in step.events}
    assert "possible" in {event.what for step in in_full.steps for event in step.events}


@pytest.mark.parametrize("asked", ["a1", "b2", "c3"])
def test_a_source_is_not_told_how_many_questions_a_sealed_decision_hides(
    index: Index, sealed: Word, asked: str
) -> None:
    index.load(c3=DORIS)
    assert len(index.tasks(may_see_sealed=True)) == 2

    assert count_possible(index.connection, index.id(asked), tenancies=None) == 0


def test_a_newcomer_that_agrees_with_both_sides_is_a_task_for_those_with_the_right_alone(
    index: Index, sealed: Word
) -> None:
    index.load(c3=DORIS)

    assert index.tasks() == []
    assert count_waiting(index.connection)["possible"] == 0
    hidden = index.tasks(may_see_sealed=True)
    assert {task.records for task in hidden} == {index.ids("a1", "c3"), index.ids("b2", "c3")}
    assert all(task.sealed for task in hidden)
    assert count_waiting(index.connection, may_see_sealed=True)["possible"] == 2


def test_of_a_hidden_task_one_hears_what_one_hears_of_a_task_that_is_done(index: Index) -> None:
    index.load(a1=ONE_NUMBER, b2=ANOTHER_NUMBER, c3=DORIS, d4=DORIS)
    (done,) = index.tasks()
    index.answer(done.task_id, "different", COLLEAGUE)
    index.answer(("c3", "d4"), "different", SEALING)
    index.load(other3=DORIS)
    hidden = index.tasks(may_see_sealed=True)[0]

    assert refusal(lambda: index.answer(hidden.task_id, "same")) == refusal(
        lambda: index.answer(done.task_id, "same")
    )
    word = index.answer(hidden.task_id, "same", LEAD)
    assert set(hidden.records) <= set(word.together)


def test_the_number_of_a_sealed_decision_is_nothing_to_who_lacks_the_right(
    index: Index, sealed: Word
) -> None:
    (number,) = sealed.decisions

    assert refusal(lambda: index.withdraw(number)) == refusal(lambda: index.withdraw(999_999))
    with pytest.raises(NotFound):
        answer_task(index.connection, f"L{number}", "same", JONES)


def test_words_of_others_go_on_as_if_nothing_were_sealed(index: Index) -> None:
    """Seen by who lacks the right, their own "different people" is said, taken back, and obeyed."""
    index.load(a1=DORIS, b2=DORIS)
    before = index.answer(("a1", "b2"), "different")
    index.answer(("a1", "b2"), "different", SEALING)

    taken_back = index.withdraw(before.decisions[0])
    again = index.answer(("a1", "b2"), "different")

    assert taken_back.decisions == before.decisions
    assert taken_back.overridden == again.overridden == ()
    assert index.persons() == {"a1", "b2"}
    open_ones = index.connection.execute(
        "SELECT decision, superseded_at IS NULL, superseded_by, withdrawn_by"
        " FROM patient_index.link_decision WHERE rule = 'steward' AND NOT sealed ORDER BY decision_id"
    ).fetchall()
    assert open_ones == [("not linked", False, None, "smith"), ("not linked", True, None, None)]


def test_ones_own_open_word_does_not_open_a_sealed_one(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    index.answer(("a1", "b2"), "different")
    index.answer(("a1", "b2"), "different", SEALING)

    with pytest.raises(Conflict):
        index.answer(("a1", "b2"), "same")
    assert index.persons() == {"a1", "b2"}


def test_a_sealed_decision_leaves_no_open_word_that_names_it(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS, c3=DORIS, d4=DORIS)
    index.answer(("a1", "b2"), "same")

    word = index.unlink("b2", "c3", by="lead", sealed=True)

    assert index.persons() == {"a1 d4", "b2 c3"}
    rows = index.connection.execute(
        "SELECT decision, decided_by, reason, superseded_at IS NULL, superseded_by"
        " FROM patient_index.link_decision WHERE rule = 'steward' AND NOT sealed ORDER BY decision_id"
    ).fetchall()
    # Of those who left it is told openly that they belong together, and nothing else.
    assert rows == [
        ("linked", "jones", "asked the surgery", False, None),
        ("linked", "lead", None, True, None),
    ]
    assert len(word.decisions) == 5


def test_the_lead_links_over_a_sealed_decision_and_sees_what_that_overrides(
    index: Index, sealed: Word
) -> None:
    word = index.answer(("a1", "b2"), "same", LEAD)

    assert [(one.decision_id, one.sealed) for one in word.overridden] == [(sealed.decisions[0], True)]
    assert index.persons() == {"a1 b2", "other3"}


def test_a_sealed_decision_taken_back_leaves_the_two_to_the_weights(index: Index, sealed: Word) -> None:
    index.withdraw(sealed.decisions[0], may_see_sealed=True)

    assert index.persons() == {"a1 b2", "other3"}


def test_a_proposal_about_a_person_on_a_sealed_side_is_shown_to_those_with_the_right_alone(
    index: Index, sealed: Word
) -> None:
    task_id = index.propose("link", "a1", "other3")

    assert index.tasks() == []
    assert [task.task_id for task in index.tasks(may_see_sealed=True)] == [task_id]


def test_a_proposal_that_a_sealed_word_answers_does_not_tell_the_word(index: Index) -> None:
    index.load(a1=DORIS, b2=DORIS)
    index.propose("unlink", "a1", "b2")

    index.answer(("a1", "b2"), "different", SEALING)

    outcome = index.connection.execute("SELECT outcome FROM patient_index.proposal").fetchall()
    assert outcome == [("withdrawn",)]


def test_links_are_refused_to_groups_that_a_sealed_decision_parts_by_any_of_their_records(
    index: Index, sealed: Word
) -> None:
    index.load(c3={"Surname": "Quill", "DateOfBirth": "1931-01-09"})
    index.answer(("c3", "a1"), "same")

    with pytest.raises(Conflict):
        index.answer(("c3", "b2"), "same", COLLEAGUE)
    with pytest.raises(Conflict), index.connection.transaction():
        links.link(index.connection, index.id("b2"), index.id("c3"), decided_by="client engine", reason=None)
    assert "a1 c3" in index.persons()
