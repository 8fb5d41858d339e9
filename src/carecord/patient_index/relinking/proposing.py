"""What linking anew would change of who is one person: found for a part, kept as proposals."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg import Connection

from carecord.kernel.sql import load_queries
from carecord.patient_index.deciding import NOT_COMPATIBLE, Settled, Verdict, judge
from carecord.patient_index.deletion import WORDS_AT_ODDS
from carecord.patient_index.groups import Pair, pair
from carecord.patient_index.guards import certain
from carecord.patient_index.linking import lock_index
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model

queries = load_queries(__package__)

Kind = Literal["link", "unlink"]

CERTAIN = "number_and_birth_date_agree"
ENOUGH = "agree_well_enough"
TOO_LITTLE = "agree_too_little"


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """A source record, as it was when the index was read."""

    person_id: int
    version: int
    name: tuple[int, str]
    """Source system and key."""
    identity: Identity


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two records whose persons would be joined or parted, and why."""

    kind: Kind
    pair: Pair
    verdict: Verdict
    reasons: tuple[str, ...]


_Candidate = tuple[float, Pair, Verdict]
"""How strong a pair is, the pair, and what the weights say of it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a run's proposals: written, open as before, closed, left to the next run."""

    made: int
    unchanged: int
    withdrawn: int
    overtaken: int


def changes(
    model: Model,
    records: Mapping[int, OpenRecord],
    settled: Settled,
    *,
    linked: Collection[Pair],
    held: Collection[int] = (),
) -> list[Proposal]:
    """What a part as settled would change, of two groups once; `linked` are its live links by weight.

    Of several links between two groups the strongest speaks for joining them, the weakest for parting them.
    """
    joins: dict[Pair, list[_Candidate]] = defaultdict(list)
    for (a, b), verdict in settled.links.items():
        between = pair(records[a].person_id, records[b].person_id)
        joins[between].append((verdict.strength, (a, b), verdict))
    parts: dict[Pair, list[_Candidate]] = defaultdict(list)
    for a, b in linked:
        between = pair(settled.group[a], settled.group[b])
        if between[0] != between[1] and a not in held and b not in held:
            verdict = judge(model, records[a].identity, records[b].identity, linked=True)
            parts[between].append((verdict.strength, (a, b), verdict))
    joining = [max(some, key=_rank) for (x, y), some in joins.items() if x != y]
    parting = [min(some, key=_rank) for some in parts.values()]
    return [
        *(Proposal("link", p, verdict, _why_linked(verdict)) for _, p, verdict in joining),
        *(Proposal("unlink", p, verdict, _why_parted(settled, p, verdict)) for _, p, verdict in parting),
    ]


def _rank(candidate: _Candidate) -> tuple[float, Pair]:
    return candidate[:2]


def _why_linked(verdict: Verdict) -> tuple[str, ...]:
    return (CERTAIN if certain(verdict.score) else ENOUGH,)


def _why_parted(settled: Settled, p: Pair, verdict: Verdict) -> tuple[str, ...]:
    """Of the pair itself first; where it is worth a link, what stands between the two groups."""
    if verdict.guards:
        return tuple(guard.name for guard in verdict.guards)
    if verdict.outcome != "link":
        return (TOO_LITTLE,)
    groups = {settled.group[one] for one in p}
    between = (task for task in settled.tasks.values() if {settled.group[one] for one in task.pair} == groups)
    task = next(between, None)
    return task.reasons if task and task.reasons else (NOT_COMPATIBLE,)


def keep(
    connection: Connection[Any],
    proposals: Sequence[Proposal],
    records: Mapping[int, OpenRecord],
    *,
    model: Model,
    engine: str,
    newest_decision: int,
) -> Kept:
    """Make these the open proposals, in the caller's transaction. Those open already stay as they are."""
    names = {"model": f"{model.name} {model.version}", "engine": engine, "words_at_odds": WORDS_AT_ODDS}
    lock_index(connection)
    connection.execute(queries.stage_proposals)
    with connection.cursor() as cursor, cursor.copy(queries.copy_proposals) as copy:
        for proposal in proposals:
            copy.write_row(_staged(proposal, records))
    overtaken = connection.execute(queries.leave_out_overtaken, {"newest_decision": newest_decision}).rowcount
    withdrawn = _count(connection, queries.withdraw_proposals, names)
    made = _count(connection, queries.insert_proposals, names)
    return Kept(
        made=made,
        unchanged=len(proposals) - overtaken - made,
        withdrawn=withdrawn,
        overtaken=overtaken,
    )


def _staged(proposal: Proposal, records: Mapping[int, OpenRecord]) -> tuple[Any, ...]:
    (a, b), score = proposal.pair, proposal.verdict.score
    return (
        *(proposal.kind, a, b, round(score.weight, 3), round(score.relative_weight, 3)),
        *(list(score.levels), list(proposal.reasons)),
        *(records[a].person_id, records[b].person_id, records[a].version, records[b].version),
    )


def _count(connection: Connection[Any], query: Any, names: Mapping[str, str]) -> int:
    row = connection.execute(query, names).fetchone()
    return int(row[0]) if row else 0
