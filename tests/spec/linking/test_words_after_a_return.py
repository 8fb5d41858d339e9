"""Words of stewards when records are deleted and sent again: each stands by itself, none returns unasked."""

from itertools import permutations
from typing import Any

import psycopg
import pytest

from carecord.kernel.errors import Conflict
from carecord.patient_index import links, source_decisions
from carecord.patient_index.deciding import settle
from carecord.patient_index.groups import pair
from carecord.patient_index.links import Word
from carecord.patient_index.normalise import Identity
from carecord.patient_index.reviewing import Signed
from carecord.patient_index.scoring import load_model
from tests.support.sandpit import Sandpit, patient_line, tenancy_line
from tests.support.stewards import MARIA, Index

LEAD = Signed(decided_by="lead", reason="asked the parents", may_see_sealed=True, sealed=True)


def person(surname: str, forename: str, born: str) -> dict[str, Any]:
    return {"Surname": surname, "Forename": forename, "DateOfBirth": born, "Gender": "2"}


ANN, DOT = person("Archer", "Ann", "1950-01-02"), person("Dunne", "Dot", "1951-07-08")
BEA, CAT = person("Marsh", "Bea", "1960-03-04"), person("Gill", "Cat", "1970-05-06")
SAME = MARIA | {"NhsNumber": "9990123454"}


@pytest.fixture
def index(sandpit: Sandpit, connection: psycopg.Connection[Any]) -> Index:
    """Four women in whom nothing agrees."""
    index = Index(sandpit, connection)
    feed(index, 1, r1=ANN, q1=DOT)
    index.load(a2=BEA, b3=CAT)
    return index


def feed(index: Index, source: int, **patients: dict[str, Any]) -> None:
    lines = [patient_line(key, **demographics) for key, demographics in patients.items()]
    assert index.sandpit.load(tenancy_line(source), *lines).rejected == 0


def delete(index: Index, *keys: str) -> None:
    """In one feed file of their source."""
    gone = [{"SourcePatientId": key, "Deleted": True} for key in keys]
    assert index.sandpit.load(tenancy_line(int(keys[0][-1])), *gone).rejected == 0


def link(index: Index, a: str, b: str) -> Word:
    with index.connection.transaction():
        return links.link(index.connection, index.id(a), index.id(b), decided_by="jones", reason="test")


def word_on(index: Index, a: str, b: str) -> int:
    """The steward's decision in force on two records."""
    ((decision,),) = index.connection.execute(
        "SELECT decision_id FROM patient_index.link_decision WHERE superseded_at IS NULL AND rule = 'steward'"
        " AND record_a = %s AND record_b = %s",
        index.ids(a, b),
    ).fetchall()
    return int(decision)


def merge(index: Index, major: str, minor: str) -> None:
    with index.connection.transaction():
        source_decisions.merge_records(
            index.connection,
            index.id(major),
            index.id(minor),
            tenancy_id=1,
            decided_by="source",
            reason="duplicate",
        )


def unmerge(index: Index, major: str, minor: str) -> None:
    with index.connection.transaction():
        source_decisions.unmerge_records(
            index.connection, index.id(major), index.id(minor), undone_by="operator", reason="two sisters"
        )


# Each word by itself


def test_a_word_taken_back_leaves_others_that_came_back_with_it(index: Index) -> None:
    link(index, "r1", "a2")
    link(index, "q1", "b3")
    delete(index, "r1", "q1")
    feed(index, 1, r1=ANN, q1=DOT)

    index.withdraw(word_on(index, "r1", "a2"))

    assert index.persons() == {"r1", "a2", "b3 q1"}


def test_a_sealed_word_outlives_an_open_one_that_came_back_with_it(index: Index) -> None:
    feed(index, 1, m1=SAME)
    index.load(n3=SAME)
    index.answer(("r1", "a2"), "same", Signed(decided_by="lead", reason="seen"))
    index.unlink("m1", by="lead", sealed=True)
    delete(index, "r1", "m1")
    feed(index, 1, r1=ANN, m1=SAME)

    index.withdraw(word_on(index, "r1", "a2"), may_see_sealed=True)

    assert index.persons() == {"r1", "a2", "q1", "b3", "m1", "n3"}


def test_of_words_carried_in_one_feed_each_is_taken_back_by_itself(index: Index) -> None:
    index.load(c2=person("Frost", "Eva", "1961-09-10"), d3=person("Yates", "Fay", "1971-11-12"))
    for a, b in (("r1", "a2"), ("r1", "b3"), ("q1", "c2"), ("q1", "d3")):
        link(index, a, b)
    delete(index, "r1", "q1")

    index.withdraw(word_on(index, "a2", "b3"))

    assert index.persons() == {"r1", "q1", "a2", "b3", "c2 d3"}


def test_a_word_of_several_pairs_is_one_word_also_after_a_return(index: Index) -> None:
    index.load(x2=SAME, y3=SAME)
    feed(index, 1, z1=SAME)
    index.unlink("z1")
    delete(index, "z1")
    feed(index, 1, z1=SAME)

    index.withdraw(word_on(index, "z1", "x2"))

    assert "x2 y3 z1" in index.persons()


# No bar is undone by a return


OPEN = Signed(decided_by="jones", reason="two women")


@pytest.mark.parametrize("signed", [OPEN, LEAD], ids=["open", "sealed"])
def test_whom_a_word_parted_meanwhile_no_returning_record_joins(index: Index, signed: Signed) -> None:
    link(index, "r1", "a2")
    link(index, "r1", "b3")
    delete(index, "r1")
    index.answer(("a2", "b3"), "different", signed)

    feed(index, 1, r1=ANN)

    assert index.persons() == {"r1", "a2", "b3", "q1"}
    asked = {task.records for task in index.tasks(may_see_sealed=True)}
    assert asked == {index.ids("r1", "a2"), index.ids("r1", "b3")}
    assert [task.records for task in index.tasks()] == ([] if signed.sealed else sorted(asked))


def test_of_words_at_odds_the_bar_holds_whatever_the_order_of_ids() -> None:
    model, nobody = load_model(), Identity()
    keys = "abc"
    groups = set()
    for ids in permutations((1, 2, 3)):
        by_key = dict(zip(keys, ids, strict=True))
        settled = settle(
            model,
            dict.fromkeys(ids, nobody),
            names={number: (1, key) for key, number in by_key.items()},
            joined=[pair(by_key["a"], by_key["b"]), pair(by_key["b"], by_key["c"])],
            barred=[pair(by_key["a"], by_key["c"])],
        )
        parts = {frozenset(k for k in keys if settled.group[by_key[k]] == g) for g in settled.group.values()}
        groups.add(frozenset(parts))

    assert groups == {frozenset({frozenset("ab"), frozenset("c")})}


def test_a_merge_is_not_undone_into_words_at_odds(index: Index) -> None:
    link(index, "r1", "q1")
    index.unlink("q1", by="source")
    with index.connection.transaction():
        index.connection.execute(
            "UPDATE patient_index.link_decision SET decided_by = 'source' WHERE rule = 'steward'"
        )
    merge(index, "r1", "q1")
    link(index, "r1", "a2")
    link(index, "q1", "a2")

    with pytest.raises(Conflict) as refused:
        unmerge(index, "r1", "q1")

    assert refused.value.reason == "held_by_words"
    assert index.persons() == {"a2 q1 r1", "b3"}


# Words on a record that is deleted


def test_what_stood_for_words_of_a_deleted_record_ends_when_it_is_back(index: Index) -> None:
    link(index, "r1", "a2")
    link(index, "r1", "b3")
    delete(index, "r1")
    feed(index, 1, r1=ANN)
    assert "a2 b3 r1" in index.persons()

    index.withdraw(word_on(index, "r1", "b3"))

    assert index.persons() == {"a2 r1", "b3", "q1"}


def test_what_is_taken_back_while_a_record_is_deleted_does_not_come_back_with_it(index: Index) -> None:
    link(index, "r1", "a2")
    link(index, "r1", "b3")
    delete(index, "r1")
    index.withdraw(word_on(index, "a2", "b3"))

    feed(index, 1, r1=ANN)

    assert index.persons() == {"r1", "a2", "b3", "q1"}


def test_a_word_on_a_deleted_record_can_be_taken_back(index: Index) -> None:
    link(index, "r1", "a2")
    (word,) = link(index, "r1", "b3").decisions
    delete(index, "r1")

    index.withdraw(word)
    away = index.persons()
    feed(index, 1, r1=ANN)

    assert away == {"r1", "a2", "b3", "q1"}
    assert index.persons() == {"a2 r1", "b3", "q1"}


def test_a_word_taken_back_cannot_be_taken_back_again(index: Index) -> None:
    (word,) = link(index, "r1", "a2").decisions
    delete(index, "r1")
    index.withdraw(word)

    with pytest.raises(Conflict) as refused:
        index.withdraw(word)

    assert refused.value.reason == "not_in_force"


def test_who_was_parted_from_a_deleted_record_stays_parted_from_its_fellows(index: Index) -> None:
    index.load(m2=SAME, n3=SAME)
    feed(index, 1, s1=MARIA)
    assert "m2 n3 s1" in index.persons()
    index.answer(("s1", "m2"), "different")
    assert {"s1", "m2 n3"} <= index.persons()

    delete(index, "m2")
    away = index.persons()
    index.load(m2=SAME)

    assert {"s1", "n3"} <= away
    assert {"s1", "m2 n3"} <= index.persons()


# Un-merging after a deletion


@pytest.mark.parametrize("gone", ["r1", "q1"])
@pytest.mark.parametrize("away", [False, True], ids=["back", "away"])
def test_an_unmerge_is_obeyed_after_a_deletion(index: Index, gone: str, *, away: bool) -> None:
    merge(index, "r1", "q1")
    delete(index, gone)
    if away:
        unmerge(index, "r1", "q1")
    feed(index, 1, **{gone: {"r1": ANN, "q1": DOT}[gone]})
    if not away:
        unmerge(index, "r1", "q1")

    assert index.persons() == {"r1", "q1", "a2", "b3"}


def test_a_number_that_the_major_record_has_had_since_a_merge_stays_its_own(index: Index) -> None:
    feed(index, 1, r1=ANN | {"PatientNumber": "100"}, q1=DOT | {"PatientNumber": "200"})
    merge(index, "r1", "q1")
    for number in ("200", "300"):
        feed(index, 1, r1=ANN | {"PatientNumber": number})

    unmerge(index, "r1", "q1")

    rows = index.connection.execute(
        "SELECT number FROM patient_index.patient_number WHERE patient_detail_id = %s", index.ids("r1")
    ).fetchall()
    assert {row[0] for row in rows} >= {"100", "200", "300"}
