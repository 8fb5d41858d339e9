"""Whatever happened: what a group was at any time, and what its history tells of it, is what was so then."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecord.kernel.errors import Conflict, NotFound
from carecord.patient_index.explaining import explain
from carecord.patient_index.history import read_group_at, read_history
from carecord.patient_index.seeing import Viewer
from tests.generative.test_linking_history import (
    KEYS,
    Sent,
    Word,
    file,
    on_postgresql,
    say,
    sent,
    start_anew,
    words,
)
from tests.generative.test_sound_histories import Deletion, delete, deletions

Happened = list[Sent | Word | Deletion]
happenings = st.lists(st.one_of(words, deletions, *[sent(key) for key in KEYS]), min_size=3, max_size=15)
EVERYTHING = Viewer(may_see_sealed=True)
Groups = dict[int, frozenset[int]]


def befall(connection: psycopg.Connection[Any], event: Sent | Word | Deletion) -> None:
    if isinstance(event, Sent):
        file(connection, event)
    elif isinstance(event, Deletion):
        delete(connection, event)
    else:
        with suppress(Conflict):
            say(connection, event)


def groups_now(connection: psycopg.Connection[Any]) -> Groups:
    """The group of each record, as reads see it."""
    rows = connection.execute(
        "SELECT r.patient_detail_id, array_agg(o.patient_detail_id) FROM patient_index.patient_record r"
        " JOIN patient_index.patient_record o USING (person_id) GROUP BY 1"
    )
    return {row[0]: frozenset(row[1]) for row in rows}


def time_now(connection: psycopg.Connection[Any]) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def groups_at(connection: psycopg.Connection[Any], at: datetime, records: Groups) -> Groups:
    return {
        record: frozenset(
            one.patient_detail_id for one in read_group_at(connection, record, at, viewer=EVERYTHING).records
        )
        for record in records
    }


@on_postgresql
@given(happened=happenings)
def test_groups_as_of_every_time_are_those_of_that_time(
    connection: psycopg.Connection[Any], happened: Happened
) -> None:
    start_anew(connection)
    recorded: list[tuple[datetime, Groups]] = []
    for event in happened:
        befall(connection, event)
        recorded.append((time_now(connection), groups_now(connection)))

    assert [groups_at(connection, at, then) for at, then in recorded] == [then for _, then in recorded]
    for record in recorded[-1][1]:
        steps = read_history(connection, record, viewer=EVERYTHING).steps
        for at, then in recorded:
            if record in then:
                told = [frozenset(step.group) for step in steps if step.at <= at]
                assert told[-1] == then[record]


@on_postgresql
@given(happened=happenings)
def test_no_instant_shows_a_group_that_never_was(
    connection: psycopg.Connection[Any], happened: Happened
) -> None:
    """What one transaction decides and ends happens at once: there is nothing between before and after."""
    start_anew(connection)
    were: dict[int, set[frozenset[int]]] = {}
    for event in happened:
        befall(connection, event)
        for record, group in groups_now(connection).items():
            were.setdefault(record, {frozenset({record})}).add(group)

    instants = connection.execute(
        "SELECT DISTINCT at FROM patient_index.link_decision,"
        " unnest(ARRAY[decided_at, superseded_at]) AS at WHERE at IS NOT NULL"
    ).fetchall()
    came = dict(
        connection.execute(
            "SELECT patient_detail_id, created_at FROM patient_index.patient_record"
        ).fetchall()
    )
    for (at,) in instants:
        there: Groups = {record: frozenset() for record, created_at in came.items() if created_at <= at}
        for record, group in groups_at(connection, at, there).items():
            assert group in were[record]


@on_postgresql
@given(happened=happenings)
def test_who_may_not_see_sealed_decisions_is_told_nothing_of_whom_they_keep_apart(
    connection: psycopg.Connection[Any], happened: Happened
) -> None:
    start_anew(connection)
    for event in happened:
        befall(connection, event)

    bars = connection.execute(
        "SELECT record_a, record_b FROM patient_index.link_decision"
        " WHERE sealed AND decision = 'not linked' AND superseded_at IS NULL"
    ).fetchall()
    now = time_now(connection)
    persons = groups_now(connection)
    for bar in bars:
        for one, other in (bar, bar[::-1]):
            told = read_history(connection, one)
            assert persons[other].isdisjoint(told.sources)
            assert not told.shows_sealed
            assert persons[other].isdisjoint(
                r.patient_detail_id for r in read_group_at(connection, one, now).records
            )
            with pytest.raises(NotFound):
                explain(connection, one, other)
            assert explain(connection, one, other, viewer=EVERYTHING).why
