"""Why two records are linked, or are not: what each comparison added, what stopped it, who decided when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import NotFound
from carecord.kernel.sql import load_queries
from carecord.patient_index.comparing import COMPARISONS, NOTHING
from carecord.patient_index.deciding import Outcome, judge
from carecord.patient_index.groups import pair
from carecord.patient_index.linking import read_identity
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model, load_model, rarity

queries = load_queries(__package__)


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
class PairExplained:
    """The verdict of a model on two identities, taken apart."""

    model: str
    prior: float
    contributions: tuple[Contribution, ...]
    weight: float
    relative_weight: float
    join: float
    relative_join: float
    guards: tuple[str, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision on the pair, in force or superseded."""

    decision: str
    rule: str
    decided_by: str
    decided_at: datetime
    reason: str | None
    model: str | None
    weight: float | None
    guards: tuple[str, ...]
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is to say of two records: the weights as they are now, and every decision, newest first."""

    patient_detail_ids: tuple[int, int]
    one_person: bool
    pair: PairExplained
    decisions: tuple[StoredDecision, ...]


def explain(connection: Connection[Any], a: int, b: int, *, model: Model | None = None) -> Explanation:
    """Explain two records of the index; NotFound where there is no such record."""
    low, high = pair(a, b)
    rows = connection.execute(queries.compared, {"ids": [low, high]}).fetchall()
    found = {row[0]: row for row in rows}
    for one in (low, high):
        if one not in found:
            raise NotFound(f"There is no patient detail ID {one}.")
    decisions = connection.execute(queries.decisions_of_pair, {"record_a": low, "record_b": high}).fetchall()
    return Explanation(
        patient_detail_ids=(low, high),
        one_person=found[low][1] == found[high][1],
        pair=explain_pair(model or load_model(), read_identity(found[low][2]), read_identity(found[high][2])),
        decisions=tuple(_decision(row) for row in decisions),
    )


def _decision(row: Sequence[Any]) -> StoredDecision:
    decision, rule, decided_by, decided_at, reason, model, weight, guards, superseded_at = row
    return StoredDecision(
        decision, rule, decided_by, decided_at, reason, model, weight, tuple(guards or ()), superseded_at
    )


def explain_pair(model: Model, a: Identity, b: Identity) -> PairExplained:
    """Take apart the verdict on two identities. Holds degrees of agreement, no values of the patients'."""
    verdict = judge(model, a, b)
    return PairExplained(
        model=f"{model.name} {model.version}",
        prior=model.prior,
        contributions=tuple(
            _contribution(model, place, level, a)
            for place, level in enumerate(verdict.score.levels)
            if level != NOTHING
        ),
        weight=verdict.score.weight,
        relative_weight=verdict.score.relative_weight,
        join=model.thresholds.join,
        relative_join=model.thresholds.relative_join,
        guards=tuple(guard.words for guard in verdict.guards),
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


_BAR, _GAP, _LEFT, _RIGHT, _SCALE = 22, 8, 330, 70, 9.0


def waterfall(explained: PairExplained) -> str:
    """The weights of a pair as a waterfall, an SVG that needs nothing beside it."""
    steps = [("before anything is compared", explained.prior)]
    steps += [(one.found, one.weight) for one in explained.contributions]
    ends = [0.0]
    for _, weight in steps:
        ends.append(ends[-1] + weight)
    low, high = min(*ends, 0.0), max(*ends, explained.join)
    width = _LEFT + (high - low) * _SCALE + _RIGHT
    height = (len(steps) + 1) * (_BAR + _GAP) + 40

    def x(weight: float) -> float:
        return round(_LEFT + (weight - low) * _SCALE, 1)

    rows = []
    for place, (label, weight) in enumerate([*steps, ("weight", ends[-1])]):
        total = place == len(steps)
        start, end = (0.0, ends[-1]) if total else (ends[place], ends[place + 1])
        y = 10 + place * (_BAR + _GAP)
        colour = "#425563" if total else "#00703c" if weight >= 0 else "#b10e1e"
        rows.append(
            f'<text x="{_LEFT - 10}" y="{y + 16}" text-anchor="end">{label}</text>'
            f'<rect x="{x(min(start, end))}" y="{y}" width="{max(abs(end - start) * _SCALE, 1):.1f}" '
            f'height="{_BAR}" fill="{colour}"/>'
            f'<text x="{x(max(start, end)) + 5}" y="{y + 16}">{weight:+.1f}</text>'
        )
    line = x(explained.join)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>What each comparison added, in bits</title>'
        f'<rect width="100%" height="100%" fill="white"/>{"".join(rows)}'
        f'<line x1="{line}" y1="4" x2="{line}" y2="{height - 24}" stroke="#212b32" stroke-dasharray="4 3"/>'
        f'<text x="{line}" y="{height - 8}" text-anchor="middle">linked from {explained.join:g}</text></svg>'
    )
