"""How a group came to be is told from the decisions, and what it was at any time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection

from carecord.kernel.errors import BadRequest, NotFound
from carecord.patient_index import links, overlays
from carecord.patient_index.deletion import delete_record
from carecord.patient_index.history import GroupAt, History, read_group_at, read_history
from carecord.patient_index.instants import parse_instant, tell_instant
from carecord.patient_index.seeing import Viewer
from carecord.patient_index.source_decisions import merge_records, unmerge_records
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}
NAMESAKE = DORIS | {"NhsNumber": "9991002006", "DateOfBirth": "1975-02-03"}
"""Another of the same name: a record that turns into her is taken to have been corrected."""
AISHA = {"NhsNumber": "9991002006", "DateOfBirth": "1975-02-03", "Surname": "Testperson", "Forename": "Aisha"}


def load(sandpit: Sandpit, tenancy_id: int, **patients: dict[str, Any]) -> list[int]:
    """A feed of one source; gives the patient detail IDs."""
    lines = [patient_line(key, **demographics) for key, demographics in patients.items()]
    assert sandpit.load(tenancy_line(tenancy_id), *lines).rejected == 0
    return [sandpit.detail_id(tenancy_id, key) for key in patients]


def now(sandpit: Sandpit) -> datetime:
    with sandpit.database.connect() as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def history(sandpit: Sandpit, record: int, **viewer: Any) -> History:
    with sandpit.database.connect() as connection:
        return read_history(connection, record, viewer=Viewer(**viewer))


def group(sandpit: Sandpit, record: int, at: datetime, **viewer: Any) -> list[int]:
    return [one.patient_detail_id for one in group_at(sandpit, record, at, **viewer).records]


def group_at(sandpit: Sandpit, record: int, at: datetime, **viewer: Any) -> GroupAt:
    with sandpit.database.connect() as connection:
        return read_group_at(connection, record, at, viewer=Viewer(**viewer))


def steward(sandpit: Sandpit) -> Connection[Any]:
    return sandpit.database.connect()


def unlink(sandpit: Sandpit, *records: int, reason: str, sealed: bool = False) -> None:
    with steward(sandpit) as connection, connection.transaction():
        links.unlink(connection, records, decided_by="steward", reason=reason, sealed=sealed)


def story(found: History) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """What happened to which records, and the group after it."""
    return [(event.what, event.records, step.group) for step in found.steps for event in step.events]


def test_a_history_tells_who_came_and_who_left_and_by_what(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    load(sandpit, 2, b=NAMESAKE)

    found = history(sandpit, a)

    assert story(found) == [
        ("came", (a,), (a,)),
        ("came", (b,), (a,)),
        ("linked", (a, b), (a, b)),
        ("details changed", (b,), (a, b)),
        ("link ended", (a, b), (a,)),
    ]
    linked, ended = found.steps[2], found.steps[4]
    assert (linked.came, linked.left, ended.came, ended.left) == ((b,), (), (), (b,))
    assert linked.events[0].rule == "NHS number and date of birth"
    assert linked.events[0].weight is not None


def test_a_stewards_word_stands_in_the_history_with_name_and_reason(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    unlink(sandpit, b, reason="two sisters")

    last = history(sandpit, a).steps[-1]

    assert [(event.what, event.by, event.reason) for event in last.events] == [
        ("not linked", "steward", "two sisters")
    ]
    assert (last.group, last.left) == ((a,), (b,))


def test_one_transaction_is_one_step(sandpit: Sandpit) -> None:
    """A record that leaves one person for another is never told to have been of none, or of both."""
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=NAMESAKE)
    (c,) = load(sandpit, 3, c=DORIS)
    load(sandpit, 3, c=NAMESAKE)

    found = history(sandpit, c)

    assert [step.group for step in found.steps if step.came or step.left] == [(a, c), (b, c)]
    moved = next(step for step in found.steps if step.group == (b, c))
    assert {event.what for event in moved.events} == {"link ended", "linked"}
    with steward(sandpit) as connection:
        instants = connection.execute(
            "SELECT count(DISTINCT at) FROM patient_index.link_decision,"
            " unnest(ARRAY[decided_at, superseded_at]) AS at"
            " WHERE %s IN (record_a, record_b) AND at IS NOT NULL",
            (c,),
        ).fetchone()
    assert instants == (2,)


def test_who_decides_last_is_the_later_step_though_his_transaction_began_first(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    with steward(sandpit) as connection, connection.transaction():
        connection.execute("SELECT")
        (b,) = load(sandpit, 2, b=DORIS)
        together = now(sandpit)
        links.unlink(connection, [b], decided_by="steward", reason="two sisters")

    assert [step.group for step in history(sandpit, a).steps if step.came or step.left] == [(a, b), (a,)]
    assert group(sandpit, a, together) == [a, b]


def test_a_group_as_of_a_time_is_what_it_was_then(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    alone = now(sandpit)
    (b,) = load(sandpit, 2, b=DORIS)
    (c,) = load(sandpit, 3, c=DORIS)
    together = now(sandpit)
    unlink(sandpit, b, reason="two sisters")

    assert group(sandpit, a, alone) == [a]
    assert group(sandpit, a, together) == group(sandpit, b, together) == [a, b, c]
    assert group(sandpit, a, now(sandpit)) == [a, c]
    assert group(sandpit, b, now(sandpit)) == [b]
    held = group_at(sandpit, a, together).links
    assert {one.rule for one in held} == {"NHS number and date of birth"}
    assert len(held) == 2


def test_a_time_before_the_record_came_or_yet_to_come_is_refused(sandpit: Sandpit) -> None:
    before = now(sandpit)
    (a,) = load(sandpit, 1, a=DORIS)

    with pytest.raises(NotFound, match="not there yet"):
        group(sandpit, a, before)
    with pytest.raises(BadRequest, match="yet to come"):
        group(sandpit, a, now(sandpit) + timedelta(minutes=1))
    with pytest.raises(NotFound):
        group(sandpit, 999_999, now(sandpit))


def told(sandpit: Sandpit, record: int) -> list[tuple[Any, ...]]:
    """What happened to which records, by whom and why."""
    steps = history(sandpit, record).steps
    return [(one.what, one.records, one.by, one.reason) for step in steps for one in step.events]


def test_a_merge_and_its_end_stand_in_the_history(sandpit: Sandpit) -> None:
    a, b = load(sandpit, 1, a=DORIS, b=NAMESAKE)
    with steward(sandpit) as connection:
        with connection.transaction():
            merge_records(connection, a, b, tenancy_id=1, decided_by="clerk", reason="registered twice")
        with connection.transaction():
            unmerge_records(connection, a, b, undone_by="lead", reason="two sisters")

    assert [one for one in told(sandpit, a) if one[0] != "came"] == [
        ("merged", (b, a), "clerk", "registered twice"),
        ("linked", (a, b), "clerk", "registered twice"),
        ("merge undone", (b, a), "lead", "two sisters"),
        ("link ended", (a, b), "lead", "two sisters"),
    ]
    assert [step.group for step in history(sandpit, a).steps if step.came or step.left] == [(a, b), (a,)]


def test_a_record_that_turned_into_somebody_else_is_told_with_what_was_decided(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    load(sandpit, 2, b=AISHA)
    with steward(sandpit) as connection, connection.transaction():
        overlays.decide(connection, b, "another person", decided_by="lead", reason="wrong number used")

    happened = told(sandpit, a)

    assert ("turned into somebody else", (b,), None, None) in happened
    assert ("overlay: another person", (b,), "lead", "wrong number used") in happened
    assert ("not linked", (a, b), "lead", "wrong number used") in happened
    assert history(sandpit, a).steps[-1].group == (a,)


def test_a_deletion_stands_in_the_history_of_those_who_stay(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    together = now(sandpit)
    with steward(sandpit) as connection, connection.transaction():
        delete_record(connection, b, as_of="2026-11-01T00:00:00", deleted_by="clerk", reason="test record")

    assert told(sandpit, a)[-2:] == [
        ("deleted", (b,), "clerk", "test record"),
        ("link ended", (a, b), None, None),
    ]
    assert history(sandpit, a).steps[-1].left == (b,)
    assert group(sandpit, a, together) == [a, b]
    assert group(sandpit, a, together, shows_deleted=False) == [a]


def test_a_record_set_apart_by_a_sealed_decision_was_never_there(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    together = now(sandpit)
    unlink(sandpit, b, reason="adoption", sealed=True)

    hidden = history(sandpit, a)
    sealed = history(sandpit, a, may_see_sealed=True)

    assert story(hidden) == [("came", (a,), (a,))]
    assert b not in hidden.sources
    assert group(sandpit, a, together) == [a]
    assert group_at(sandpit, a, together).links == ()
    assert group(sandpit, a, together, may_see_sealed=True) == [a, b]
    assert sealed.steps[-1].left == (b,)
    assert (sealed.steps[-1].events[0].reason, sealed.shows_sealed) == ("adoption", True)


def test_what_a_sealed_decision_keeps_apart_is_not_told_by_way_of_a_third_record(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    (c,) = load(sandpit, 3, c=DORIS)
    together = now(sandpit)
    load(sandpit, 3, c=NAMESAKE)
    unlink(sandpit, b, reason="adoption", sealed=True)

    assert group(sandpit, c, together) == [c]
    assert {one.patient_detail_id for one in history(sandpit, c).sources.values()} == {c}
    assert group(sandpit, c, together, may_see_sealed=True) == [a, b, c]


def test_records_of_sources_that_the_viewer_may_not_see_are_left_out(sandpit: Sandpit) -> None:
    (a,) = load(sandpit, 1, a=DORIS)
    (b,) = load(sandpit, 2, b=DORIS)
    (c,) = load(sandpit, 1, c=DORIS)

    found = history(sandpit, a, tenancies=(1,))

    assert found.steps[-1].group == (a, c)
    assert not any(b in event.records for step in found.steps for event in step.events)
    assert group(sandpit, a, now(sandpit), tenancies=(1,)) == [a, c]
    with pytest.raises(NotFound):
        history(sandpit, b, tenancies=(1,))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-03-01T10:30:00", datetime(2024, 3, 1, 10, 30, tzinfo=UTC)),
        ("2024-07-01 10:30", datetime(2024, 7, 1, 9, 30, tzinfo=UTC)),
        ("2024-07-01", datetime(2024, 6, 30, 23, 0, tzinfo=UTC)),
        ("2024-07-01T10:30:00Z", datetime(2024, 7, 1, 10, 30, tzinfo=UTC)),
        ("2024-07-01T10:30:00+01:00", datetime(2024, 7, 1, 9, 30, tzinfo=UTC)),
        ("2024-07-01T10:30:00 01:00", datetime(2024, 7, 1, 9, 30, tzinfo=UTC)),
        ("2024-10-27T01:30:00+00:00", datetime(2024, 10, 27, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_uk_local_unless_it_says_otherwise(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant
    assert parse_instant(tell_instant(instant)) == instant


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("yesterday", "must be a time"),
        ("2024-02-30", "must be a time"),
        ("0001-01-01", "must be a time"),
        ("2024-03-31T01:30:00", "left out"),
        ("2024-10-27T01:30:00", "comes twice"),
    ],
)
def test_a_time_that_is_none_or_two_is_refused(text: str, rule: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_instant(text)

    assert rule in refused.value.errors[0].message
