"""How a record's group came to be, and what it was at any time: told from the decisions, for all are kept."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import BadRequest, Conflict, FieldError, NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index.between_groups import Link
from carecord.patient_index.explaining import Guard, guards_in_words
from carecord.patient_index.groups import Pair, connected_parts
from carecord.patient_index.seeing import STEWARD_AT_THE_MACHINE, SeenRecord, Viewer, see, without_questions

queries = load_queries(__package__, "history.sql")

MOST_RECORDS = 1_000
"""More records that were ever linked with each other, at once or by way of others, have no history told."""

_CAME = "came"
_ENDED = {"linked": "link ended", "not linked": "different people: taken back", "possible": "question closed"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that befell the records of a group: a decision, its end, or a change of a record itself."""

    at: datetime
    what: str
    records: tuple[int, ...]
    by: str | None = None
    reason: str | None = None
    rule: str | None = None
    model: str | None = None
    weight: float | None = None
    relative_weight: float | None = None
    guards: tuple[Guard, ...] = ()
    decision_id: int | None = None
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What happened at one instant, and the group of the record from then on: none before it came."""

    at: datetime
    events: tuple[Event, ...]
    group: tuple[int, ...]
    came: tuple[int, ...]
    left: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class History:
    """The steps in order of time. `sources` are of every record that a step names."""

    record: SeenRecord
    steps: tuple[Step, ...]
    sources: Mapping[int, SeenRecord]

    @property
    def shows_sealed(self) -> bool:
        return any(event.sealed for step in self.steps for event in step.events)


@dataclass(frozen=True, slots=True)
class GroupAt:
    """The group of a record at an instant, and the links that held it together then."""

    record: SeenRecord
    at: datetime
    records: tuple[SeenRecord, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class _Decision:
    """A decision as it is stored."""

    decision_id: int
    record_a: int
    record_b: int
    decision: str
    rule: str
    decided_by: str
    decided_at: datetime
    reason: str | None
    model: str | None
    weight: float | None
    relative_weight: float | None
    guards: Sequence[str]
    superseded_at: datetime | None
    withdrawn_by: str | None
    withdrawal_reason: str | None
    sealed: bool

    @property
    def pair(self) -> Pair:
        return self.record_a, self.record_b

    @property
    def ever_in_force(self) -> bool:
        """Not one that its own transaction made and ended."""
        return self.superseded_at is None or self.superseded_at > self.decided_at


def read_history(
    connection: Connection[Any], patient_detail_id: int, *, viewer: Viewer = STEWARD_AT_THE_MACHINE
) -> History:
    """Every decision on the records that were ever of this one's group, and what befell them, step by step.

    NotFound where the viewer may not know of the record; records and decisions that he may not know of are
    left out. Conflict where more than MOST_RECORDS were ever linked with each other.
    """
    see(connection, viewer, patient_detail_id)
    once_linked = _once_linked(connection, patient_detail_id)
    decisions = _decisions(connection, once_linked)
    groups = dict(_groups(patient_detail_id, decisions))
    members = {patient_detail_id}.union(*groups.values())
    told = [
        one
        for one in decisions
        if (one.record_a in members or one.record_b in members) and (viewer.may_see_sealed or not one.sealed)
    ]
    asked = {record for one in told if one.decision == "possible" for record in one.pair}
    untold = without_questions(connection, viewer, asked)
    told = [one for one in told if one.decision != "possible" or untold.isdisjoint(one.pair)]
    events = [*_events_of_records(connection, members), *_events_of_decisions(told)]
    named = members.union(*(event.records for event in events))
    seen = see(connection, viewer, patient_detail_id, others=named)
    shown = [event for event in events if seen.keys() >= set(event.records)]
    return History(
        seen[patient_detail_id],
        tuple(_steps(patient_detail_id, shown, groups, seen)),
        seen,
    )


def read_group_at(
    connection: Connection[Any],
    patient_detail_id: int,
    at: datetime,
    *,
    viewer: Viewer = STEWARD_AT_THE_MACHINE,
) -> GroupAt:
    """The group of a record at an instant; of its records those that the viewer may know of.

    NotFound before the record came; BadRequest where the instant is yet to come.
    """
    see(connection, viewer, patient_detail_id)
    times = connection.execute(queries.record_times, {"patient_detail_id": patient_detail_id}).fetchone()
    assert times is not None
    created_at, now = times
    if at > now:
        raise BadRequest(
            "That time is yet to come.", errors=[FieldError("time", "must not lie in the future")]
        )
    if at < created_at:
        raise NotFound("The record was not there yet at that time.", reason="not_there_yet")
    rows = connection.execute(queries.links_of_a_time, {"patient_detail_id": patient_detail_id, "at": at})
    links = [Link(*row[1:]) for row in rows]
    members = {patient_detail_id}.union(*((link.record_a, link.record_b) for link in links))
    seen = see(connection, viewer, patient_detail_id, others=members)
    return GroupAt(
        record=seen[patient_detail_id],
        at=at,
        records=tuple(seen[one] for one in sorted(seen)),
        links=tuple(link for link in links if seen.keys() >= {link.record_a, link.record_b}),
    )


def _once_linked(connection: Connection[Any], patient_detail_id: int) -> list[int]:
    asked = {"patient_detail_id": patient_detail_id, "most": MOST_RECORDS}
    found = [row[0] for row in connection.execute(queries.once_linked, asked)]
    if len(found) > MOST_RECORDS:
        raise Conflict(
            f"More than {MOST_RECORDS} records were linked with each other at some time;"
            " ask for the group as of a time."
        )
    return found


def _decisions(connection: Connection[Any], ids: Sequence[int]) -> list[_Decision]:
    rows = connection.execute(queries.decisions_ever, {"ids": list(ids)})
    return [one for one in (_Decision(*row) for row in rows) if one.ever_in_force]


def _groups(record: int, decisions: Iterable[_Decision]) -> Iterator[tuple[datetime, frozenset[int]]]:
    """The group of the record from each instant on at which a link was made or ended, in order."""
    links = [one for one in decisions if one.decision == "linked"]
    changes = [(one.decided_at, one, True) for one in links]
    changes += [(one.superseded_at, one, False) for one in links if one.superseded_at is not None]
    changes.sort(key=lambda change: change[0])
    in_force: dict[int, Pair] = {}
    for at, of_instant in groupby(changes, key=lambda change: change[0]):
        for _, link, made in of_instant:
            if made:
                in_force[link.decision_id] = link.pair
            else:
                in_force.pop(link.decision_id, None)
        yield at, _group_of(record, in_force.values())


def _group_of(record: int, links: Iterable[Pair]) -> frozenset[int]:
    links = list(links)
    part = connected_parts({record}.union(*links), links)
    return frozenset(one for one, root in part.items() if root == part[record])


def _events_of_decisions(decisions: Iterable[_Decision]) -> Iterator[Event]:
    """Each decision when it was made; and when it ended, unless another took its place at that instant."""
    decisions = list(decisions)
    made = {(one.pair, one.decided_at) for one in decisions}
    for one in decisions:
        yield Event(
            at=one.decided_at,
            what=one.decision,
            records=one.pair,
            by=one.decided_by,
            reason=one.reason,
            rule=one.rule,
            model=one.model,
            weight=one.weight,
            relative_weight=one.relative_weight,
            guards=guards_in_words(one.guards),
            decision_id=one.decision_id,
            sealed=one.sealed,
        )
        if one.superseded_at is not None and (one.pair, one.superseded_at) not in made:
            yield Event(
                at=one.superseded_at,
                what=_ENDED[one.decision],
                records=one.pair,
                by=one.withdrawn_by,
                reason=one.withdrawal_reason,
                rule=one.rule,
                decision_id=one.decision_id,
                sealed=one.sealed,
            )


def _events_of_records(connection: Connection[Any], members: Iterable[int]) -> Iterator[Event]:
    """What befell the records themselves."""
    for row in connection.execute(queries.changes_of_records, {"ids": sorted(members)}):
        at, what, record, other, by, reason = row
        yield Event(at, what, (record,) if other is None else (record, other), by=by, reason=reason)


def _steps(
    record: int,
    events: Sequence[Event],
    groups: Mapping[datetime, frozenset[int]],
    seen: Mapping[int, SeenRecord],
) -> Iterator[Step]:
    """The events by instant with the group from then on. What the viewer may not know of leaves no step."""
    by_instant: dict[datetime, list[Event]] = {at: [] for at in groups}
    for event in events:
        by_instant.setdefault(event.at, []).append(event)
    before: frozenset[int] = frozenset()
    for at in sorted(by_instant):
        now = groups[at] & seen.keys() if at in groups else before
        if any(event.what == _CAME and event.records == (record,) for event in by_instant[at]):
            now = now or frozenset({record})
        if by_instant[at] or now != before:
            yield Step(
                at=at,
                events=tuple(by_instant[at]),
                group=tuple(sorted(now)),
                came=tuple(sorted(now - before - {record})),
                left=tuple(sorted(before - now)),
            )
        before = now
