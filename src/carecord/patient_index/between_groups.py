"""Why two records stand in one group or in two, whatever the pair alone is worth."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from carecord.kernel.sql import load_queries
from carecord.patient_index.deciding import LARGEST_PART, NO_CLEAR_LEAD, Outcome, judge
from carecord.patient_index.groups import Pair, pair
from carecord.patient_index.linking import STEWARD, read_identity
from carecord.patient_index.scoring import Model
from carecord.patient_index.seeing import SeenRecord, Viewer, see, without_questions

queries = load_queries(__package__, "explaining.sql")

_MOST_PAIRS = 10
"""Pairs that are named as an example of what holds two groups apart."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link in force, one step on the way between two records."""

    record_a: int
    record_b: int
    rule: str
    decided_by: str
    decided_at: datetime
    weight: float | None


@dataclass(frozen=True, slots=True)
class Why:
    """One reason, by its constant name and in words, and the pairs that it stands on."""

    name: str
    words: str
    pairs: tuple[Pair, ...] = ()


def explain_together(
    connection: Connection[Any], a: SeenRecord, b: SeenRecord, viewer: Viewer, *, outcome: Outcome
) -> tuple[tuple[Why, ...], tuple[Link, ...]]:
    """Why two records are one person, and the links that lead from one to the other.

    No link is told that leads over a record which the viewer may not know of.
    """
    rows = connection.execute(queries.links_of_person, {"person": a.person_id}).fetchall()
    path = find_path([Link(*row) for row in rows], a.patient_detail_id, b.patient_detail_id)
    if len(path) == 1:
        by_steward = path[0].rule == STEWARD
        return ((_LINKED_BY_STEWARD if by_steward else _LINKED_BY_WEIGHT),), path
    over = {record for link in path for record in (link.record_a, link.record_b)}
    if over - see(connection, viewer, a.patient_detail_id, others=over).keys():
        path = ()
    why = [Why("by_way_of_others", "records between them hold them together", _pairs(path))]
    if outcome != "link":
        why.append(Why("not_by_itself", "by their own weight these two would not be linked"))
    return tuple(why), path


_LINKED_BY_STEWARD = Why("linked_by_steward", "somebody has decided that they are one person")
_LINKED_BY_WEIGHT = Why("linked_by_weight", "enough agrees, and nothing speaks against it")


def find_path(links: Iterable[Link], start: int, end: int) -> tuple[Link, ...]:
    """The shortest way from one record to another; nothing where there is none."""
    from_record: dict[int, list[Link]] = {}
    for link in links:
        from_record.setdefault(link.record_a, []).append(link)
        from_record.setdefault(link.record_b, []).append(link)
    came_by: dict[int, Link | None] = {start: None}
    waiting = deque([start])
    while waiting and end not in came_by:
        here = waiting.popleft()
        for link in from_record.get(here, []):
            there = link.record_b if link.record_a == here else link.record_a
            if there not in came_by:
                came_by[there] = link
                waiting.append(there)
    path: list[Link] = []
    here, link_back = end, came_by.get(end)
    while link_back is not None:
        path.append(link_back)
        here = link_back.record_b if link_back.record_a == here else link_back.record_a
        link_back = came_by[here]
    return tuple(reversed(path))


def explain_apart(
    connection: Connection[Any],
    a: SeenRecord,
    b: SeenRecord,
    viewer: Viewer,
    model: Model,
    *,
    outcome: Outcome,
) -> tuple[Why, ...]:
    """Why two records are not one person. Only pairs that the viewer may know of are named."""
    asked = pair(a.patient_detail_id, b.patient_detail_id)
    persons = {"persons": [a.person_id, b.person_id]}
    between = [
        ((row[0], row[1]), row[2], row[3]) for row in connection.execute(queries.decisions_between, persons)
    ]
    barred = [p for p, decision, _ in between if decision == "not linked"]
    tasks = [(p, guards) for p, decision, guards in between if decision == "possible"]
    if without_questions(connection, viewer, asked):
        tasks = []
    why: list[Why] = []
    if barred:
        why.append(Why("barred", "somebody has decided that they are different people", tuple(barred)))
    why += _held(connection, asked)
    if tasks:
        why.append(
            Why("waiting", "a steward is asked whether they are one person", tuple(p for p, _ in tasks))
        )
    if outcome == "apart":
        why.append(Why("too_little_agrees", "too little agrees for a link, or for a question to a steward"))
    elif outcome == "review":
        why.append(Why("not_enough", "not enough agrees for a link, or a guard stops it"))
    else:
        why += _refused(connection, a, b, viewer, model, tasks=tasks)
        if not why and not _meet(connection, asked):
            why.append(
                Why(
                    "never_compared",
                    "they share no blocking key, so that they were never compared on arrival",
                )
            )
    return _only_seen(connection, viewer, a, why) or (_UNTOLD,)


_UNTOLD = Why(
    "at_the_next_change",
    "nothing that can be told stands against it now: the next change of a record decides anew,"
    " and so does a relink",
)


def _held(connection: Connection[Any], records: Pair) -> list[Why]:
    """What keeps either record from being linked by any weight."""
    rows = connection.execute(queries.pair_compared, {"ids": list(records)}).fetchall()
    found = []
    if any(row[5] for row in rows):
        found.append(Why("held", "one turned into somebody else: no weight links it until a steward decides"))
    if any(row[4] for row in rows):
        found.append(Why("deleted", "its source has deleted one of them"))
    return found


def _meet(connection: Connection[Any], records: Pair) -> bool:
    """Whether the two share a blocking key."""
    rows = connection.execute(queries.pair_compared, {"ids": list(records)}).fetchall()
    return not set(rows[0][3]).isdisjoint(rows[1][3])


def _refused(
    connection: Connection[Any],
    a: SeenRecord,
    b: SeenRecord,
    viewer: Viewer,
    model: Model,
    *,
    tasks: Sequence[tuple[Pair, Sequence[str]]],
) -> list[Why]:
    """Why the groups are not linked though the pair is worth it."""
    persons = {"persons": [a.person_id, b.person_id]}
    rows = connection.execute(queries.members_compared, persons).fetchall()
    ours = [(row[0], read_identity(row[2])) for row in rows if row[1] == a.person_id]
    theirs = [(row[0], read_identity(row[2])) for row in rows if row[1] == b.person_id]
    found = []
    if len(rows) <= LARGEST_PART:
        against = tuple(
            pair(x, y) for x, one in ours for y, other in theirs if not judge(model, one, other).compatible
        )
        if against:
            found.append(Why("not_compatible", "records of the two groups speak against each other", against))
    if any(NO_CLEAR_LEAD in guards for _, guards in tasks):
        words = "somebody else, who cannot be the same person, comes as close"
        beside = [(row[0], row[1]) for row in connection.execute(queries.questions_beside, persons)]
        untold = without_questions(connection, viewer, {record for p in beside for record in p})
        rivals = tuple(p for p in beside if untold.isdisjoint(p))
        if rivals:
            found.append(Why("no_clear_lead", words, rivals))
    return found


def _only_seen(
    connection: Connection[Any], viewer: Viewer, asked: SeenRecord, why: Sequence[Why]
) -> tuple[Why, ...]:
    """The reasons with the pairs that the viewer may know of; one that stands on no other is left out."""
    named = {record for one in why for p in one.pairs for record in p}
    seen = see(connection, viewer, asked.patient_detail_id, others=named).keys()
    shown = (
        Why(one.name, one.words, tuple(p for p in one.pairs if seen >= set(p))[:_MOST_PAIRS]) for one in why
    )
    return tuple(told for one, told in zip(why, shown, strict=True) if told.pairs or not one.pairs)


def _pairs(path: Sequence[Link]) -> tuple[Pair, ...]:
    return tuple((link.record_a, link.record_b) for link in path)
