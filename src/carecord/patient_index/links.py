"""Links: decided by rule when records arrive, by stewards for ever; from them follow the persons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg import Connection

from carecord.kernel.errors import Conflict, NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index.groups import Pair, connected_parts, decide, pair

queries = load_queries(__package__)

RULE = "NHS number and date of birth"
STEWARD = "steward"

Decision = Literal["linked", "not linked", "possible"]


@dataclass(frozen=True, slots=True)
class Relinked:
    """What a run of the rule changed: pairs newly linked, pairs put before a steward, records that moved."""

    linked: int = 0
    possible: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class _Record:
    patient_detail_id: int
    person_id: int
    nhs_number: str | None
    date_of_birth: str | None


@dataclass(frozen=True, slots=True)
class _InForce:
    decision_id: int
    pair: Pair
    decision: Decision
    rule: str


def relink(connection: Connection[Any], patient_detail_ids: Sequence[int]) -> Relinked:
    """Decide anew for these records and all that they touch, in the caller's transaction.

    Equal NHS number and date of birth link two records; a steward's decision stands before the rule.
    """
    if not patient_detail_ids:
        return Relinked()
    connection.execute(queries.lock_links)
    records, in_force = _everything_around(connection, patient_detail_ids)
    agreeing: dict[tuple[str, str], list[int]] = {}
    for record in records.values():
        if record.nhs_number and record.date_of_birth:
            agreeing.setdefault((record.nhs_number, record.date_of_birth), []).append(
                record.patient_detail_id
            )
    by_steward = {d.pair: d.decision for d in in_force if d.rule == STEWARD}
    joined = {p for p, decision in by_steward.items() if decision == "linked"}
    links = decide(
        agreeing.values(),
        joined=joined,
        barred={p for p, decision in by_steward.items() if decision == "not linked"},
    )
    wanted: dict[Pair, Decision] = dict.fromkeys(links.possible, "possible")
    wanted.update((p, "linked") for p in links.linked)
    by_rule = {d.pair: d for d in in_force if d.rule == RULE}
    gone = [d.decision_id for p, d in by_rule.items() if wanted.get(p) != d.decision]
    if gone:
        connection.execute(queries.withdraw_decisions, {"decision_ids": gone})
    new: dict[Pair, Decision] = {
        p: decision
        for p, decision in wanted.items()
        if p not in by_steward and (p not in by_rule or by_rule[p].decision != decision)
    }
    _insert(connection, new, rule=RULE, decided_by="carecord", reason=None)
    moved = _set_persons(connection, records.values(), links.linked | joined)
    return Relinked(
        linked=sum(d == "linked" for d in new.values()),
        possible=sum(d == "possible" for d in new.values()),
        moved=moved,
    )


def _everything_around(
    connection: Connection[Any], patient_detail_ids: Sequence[int]
) -> tuple[dict[int, _Record], list[_InForce]]:
    """All that decides about these records: their persons, those they agree with, and the decisions on them.

    Where only the rule has spoken that is one step. A steward's word can tie in more, and that more again.
    """
    records: dict[int, _Record] = {}
    in_force: dict[int, _InForce] = {}
    asked: set[int] = set()
    asking = set(patient_detail_ids)
    while asking:
        found = connection.execute(queries.records_around, {"ids": list(asking)}).fetchall()
        new = [row[0] for row in found if row[0] not in records]
        records.update((row[0], _Record(*row)) for row in found)
        asked |= asking
        decisions = _decisions_on(connection, new)
        in_force.update((decision.decision_id, decision) for decision in decisions)
        asking = {
            end for d in decisions if (d.rule, d.decision) != (RULE, "linked") for end in d.pair
        } - asked
    return records, list(in_force.values())


def unlink(
    connection: Connection[Any], leaving: Sequence[int], *, decided_by: str, reason: str | None
) -> list[int]:
    """Take these records out of their person; they stay together as one. Gives back those left behind.

    A lasting decision: of each pair across the line a steward has said that they are different people.
    """
    leaving = list(dict.fromkeys(leaving))
    connection.execute(queries.lock_links)
    together = _person_of(connection, leaving[0])
    strangers = set(leaving) - set(together)
    if strangers:
        raise Conflict(f"Not of one person with {leaving[0]}: {', '.join(map(str, sorted(strangers)))}")
    staying = [record for record in together if record not in leaving]
    if not staying:
        raise Conflict("Nothing of the person would be left behind.")
    across: dict[Pair, Decision] = {pair(a, b): "not linked" for a in leaving for b in staying}
    within: dict[Pair, Decision] = {pair(leaving[0], b): "linked" for b in leaving[1:]}
    _supersede(connection, across | within, decided_by=decided_by, reason=reason)
    relink(connection, together)
    return staying


def link(connection: Connection[Any], a: int, b: int, *, decided_by: str, reason: str | None) -> list[int]:
    """Say that two records are one person's, and with them their persons. Gives back all linked records.

    A lasting decision. It supersedes every "different people" between the two persons.
    """
    if a == b:
        raise Conflict("A record cannot be linked with itself.")
    connection.execute(queries.lock_links)
    ours, theirs = _person_of(connection, a), _person_of(connection, b)
    barred = [
        d.pair
        for d in _decisions_on(connection, ours)
        if d.decision == "not linked" and (d.pair[0] in theirs or d.pair[1] in theirs)
    ]
    decisions: dict[Pair, Decision] = dict.fromkeys([*barred, pair(a, b)], "linked")
    _supersede(connection, decisions, decided_by=decided_by, reason=reason)
    relink(connection, ours + theirs)
    return _person_of(connection, a)


def _person_of(connection: Connection[Any], patient_detail_id: int) -> list[int]:
    rows = connection.execute(queries.person_of, {"patient_detail_id": patient_detail_id}).fetchall()
    if not rows:
        raise NotFound(f"There is no patient detail ID {patient_detail_id}.")
    return [row[0] for row in rows]


def _decisions_on(connection: Connection[Any], ids: list[int]) -> list[_InForce]:
    """The decisions in force that name any of these records."""
    rows = connection.execute(queries.decisions_on, {"ids": ids}).fetchall()
    return [_InForce(row[0], (row[1], row[2]), row[3], row[4]) for row in rows]


def _columns(decisions: dict[Pair, Decision]) -> dict[str, list[Any]]:
    return {
        "record_a": [a for a, _ in decisions],
        "record_b": [b for _, b in decisions],
        "decision": list(decisions.values()),
    }


def _insert(
    connection: Connection[Any],
    decisions: dict[Pair, Decision],
    *,
    rule: str,
    decided_by: str,
    reason: str | None,
) -> None:
    if decisions:
        connection.execute(
            queries.insert_decisions,
            _columns(decisions) | {"rule": rule, "decided_by": decided_by, "reason": reason},
        )


def _supersede(
    connection: Connection[Any], decisions: dict[Pair, Decision], *, decided_by: str, reason: str | None
) -> None:
    ended = connection.execute(queries.end_decisions, _columns(decisions)).fetchall()
    _insert(connection, decisions, rule=STEWARD, decided_by=decided_by, reason=reason)
    if ended:
        connection.execute(queries.point_to_successors, {"ended": [row[0] for row in ended]})


def _set_persons(connection: Connection[Any], records: Iterable[_Record], links: Iterable[Pair]) -> int:
    records = list(records)
    person = connected_parts((record.patient_detail_id for record in records), links)
    moved = [r for r in records if person[r.patient_detail_id] != r.person_id]
    if moved:
        connection.execute(
            queries.set_persons,
            {
                "ids": [r.patient_detail_id for r in moved],
                "persons": [person[r.patient_detail_id] for r in moved],
            },
        )
    return len(moved)
