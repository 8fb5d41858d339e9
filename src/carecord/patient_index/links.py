"""What stewards decide of links: for ever, until another steward decides otherwise."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import Conflict, NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index.groups import Pair, pair
from carecord.patient_index.linking import STEWARD, Decision, decisions_on, relink

queries = load_queries(__package__)


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
        for d in decisions_on(connection, ours)
        if d.decision == "not linked" and any(x in ours and y in theirs for x, y in (d.pair, d.pair[::-1]))
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


def _columns(decisions: dict[Pair, Decision]) -> dict[str, list[Any]]:
    return {
        "record_a": [a for a, _ in decisions],
        "record_b": [b for _, b in decisions],
        "decision": list(decisions.values()),
    }
