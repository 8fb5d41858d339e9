"""Why two records are linked, or are not: what each comparison added, what stopped it, who decided when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import BadRequest
from carecord.kernel.sql import load_queries
from carecord.patient_index.between_groups import Link, Why, explain_apart, explain_together
from carecord.patient_index.comparing import COMPARISONS, NOTHING
from carecord.patient_index.deciding import NO_CLEAR_LEAD, NOT_COMPATIBLE, Outcome, judge
from carecord.patient_index.groups import pair
from carecord.patient_index.guards import GUARDS, certain
from carecord.patient_index.linking import STEWARD, read_identity
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model, Thresholds, model_in_force, rarity
from carecord.patient_index.seeing import (
    STEWARD_AT_THE_MACHINE,
    SeenRecord,
    Viewer,
    see,
    unknown_record,
    without_questions,
)

queries = load_queries(__package__, "explaining.sql")


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one comparison found, and the bits that it added: in all, and against a relative."""

    trait: str
    found: str
    weight: float
    rarity: float
    """The part of `weight` that the rarity of the value added or took."""
    relative_weight: float


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard that fired: its constant name, and what a steward reads."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class PairExplained:
    """The verdict of a model on two identities, taken apart."""

    model: str
    prior: float
    contributions: tuple[Contribution, ...]
    not_compared: tuple[str, ...]
    """Traits that one of the two says nothing of: they add nothing."""
    weight: float
    relative_weight: float
    thresholds: Thresholds
    certain: bool
    """Whether the rule before all weights holds: NHS number and date of birth agree."""
    guards: tuple[Guard, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision on the pair, in force or superseded, as it was made then."""

    decision_id: int
    decision: str
    rule: str
    decided_by: str
    decided_at: datetime
    reason: str | None
    model: str | None
    weight: float | None
    relative_weight: float | None
    found: tuple[str, ...]
    """What the comparisons found at the time."""
    guards: tuple[Guard, ...]
    superseded_at: datetime | None
    superseded_by: int | None
    withdrawn_by: str | None
    withdrawal_reason: str | None
    sealed: bool

    @property
    def in_force(self) -> bool:
        return self.superseded_at is None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is to say of two records: the weights of now, why the groups are as they are, every decision."""

    records: tuple[SeenRecord, SeenRecord]
    one_person: bool
    pair: PairExplained
    why: tuple[Why, ...]
    """Why they are one person, or are not: what counts most comes first."""
    path: tuple[Link, ...]
    """The links in force that lead from one to the other; none where they are two persons."""
    decisions: tuple[StoredDecision, ...]
    """Every decision on the pair, the newest first."""

    @property
    def patient_detail_ids(self) -> tuple[int, int]:
        return self.records[0].patient_detail_id, self.records[1].patient_detail_id

    @property
    def shows_sealed(self) -> bool:
        return any(one.sealed for one in self.decisions)


def explain(
    connection: Connection[Any],
    a: int,
    b: int,
    *,
    viewer: Viewer = STEWARD_AT_THE_MACHINE,
    model: Model | None = None,
) -> Explanation:
    """Explain two records of the index; NotFound where the viewer may know of no such record."""
    if a == b:
        raise BadRequest("Two different records are needed.")
    seen = see(connection, viewer, a, others=[b])
    if b not in seen:
        raise unknown_record(b)
    model = model or model_in_force()
    ours, theirs = seen[pair(a, b)[0]], seen[pair(a, b)[1]]
    decisions = _decisions(connection, ours, theirs, viewer)
    rows = connection.execute(queries.pair_compared, {"ids": [a, b]}).fetchall()
    identities = {row[0]: read_identity(row[2]) for row in rows}
    explained = explain_pair(
        model,
        identities[ours.patient_detail_id],
        identities[theirs.patient_detail_id],
        linked=any(one.in_force and one.decision == "linked" and one.rule != STEWARD for one in decisions),
    )
    one_person = ours.person_id == theirs.person_id
    if one_person:
        why, path = explain_together(connection, ours, theirs, viewer, outcome=explained.outcome)
    else:
        why, path = explain_apart(connection, ours, theirs, viewer, model, outcome=explained.outcome), ()
    return Explanation((ours, theirs), one_person, explained, why, path, decisions)


def _decisions(
    connection: Connection[Any], a: SeenRecord, b: SeenRecord, viewer: Viewer
) -> tuple[StoredDecision, ...]:
    rows = connection.execute(
        queries.decisions_of_pair,
        {
            "record_a": a.patient_detail_id,
            "record_b": b.patient_detail_id,
            "may_see_sealed": viewer.may_see_sealed,
        },
    )
    found = [_decision(row) for row in rows]
    if without_questions(connection, viewer, (a.patient_detail_id, b.patient_detail_id)):
        found = [one for one in found if one.decision != "possible"]
    told = {one.decision_id for one in found}
    return tuple(one if one.superseded_by in told else replace(one, superseded_by=None) for one in found)


def _decision(row: Sequence[Any]) -> StoredDecision:
    found, guards = _found(row[9]), guards_in_words(row[10])
    columns: Sequence[Any] = (*row[:9], found, guards, *row[11:])
    return StoredDecision(*columns)


def _found(levels: Sequence[int]) -> tuple[str, ...]:
    """The words of stored levels; none where a later version compares other traits."""
    if len(levels) != len(COMPARISONS):
        return ()
    places = zip(COMPARISONS, levels, strict=True)
    return tuple(of.levels[level].label for of, level in places if NOTHING < level < len(of.levels))


_WORDS = {guard.name: guard.words for guard in GUARDS} | {
    NOT_COMPATIBLE: "records that are linked with them already speak against each other",
    NO_CLEAR_LEAD: "somebody else, who cannot be the same person, comes as close",
}


def guards_in_words(names: Sequence[str]) -> tuple[Guard, ...]:
    """What kept a pair from being linked by its weight; a guard that is no more has its name for words."""
    return tuple(Guard(name, _WORDS.get(name, name.replace("_", " "))) for name in names)


def explain_pair(model: Model, a: Identity, b: Identity, *, linked: bool = False) -> PairExplained:
    """Take apart the verdict on two identities. Holds degrees of agreement, no values of the patients'."""
    verdict = judge(model, a, b, linked=linked)
    compared = [(place, level) for place, level in enumerate(verdict.score.levels) if level != NOTHING]
    return PairExplained(
        model=f"{model.name} {model.version}",
        prior=model.prior,
        contributions=tuple(_contribution(model, place, level, a) for place, level in compared),
        not_compared=tuple(
            of.name for of, level in zip(COMPARISONS, verdict.score.levels, strict=True) if level == NOTHING
        ),
        weight=verdict.score.weight,
        relative_weight=verdict.score.relative_weight,
        thresholds=model.thresholds,
        certain=certain(verdict.score),
        guards=guards_in_words([guard.name for guard in verdict.guards]),
        outcome=verdict.outcome,
    )


def _contribution(model: Model, place: int, level: int, a: Identity) -> Contribution:
    comparison = COMPARISONS[place]
    rare = rarity(model, place, a) if level == 0 else 0.0
    return Contribution(
        trait=comparison.name,
        found=comparison.levels[level].label,
        weight=model.weights[place][level] + rare,
        rarity=rare,
        relative_weight=model.relative_weights[place][level],
    )
