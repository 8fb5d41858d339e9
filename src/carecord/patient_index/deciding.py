"""What follows for a pair, and for all records that hang together: who is one person, what stewards must see.

The result is a function of the set of records and of what stands decided, never of the order they came in.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal

from carecord.patient_index.groups import Pair, pair
from carecord.patient_index.guards import Guard, certain, divided, guards_against
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model, Score, score

Outcome = Literal["link", "review", "apart"]

LARGEST_PART = 100
"""More records than these, all hanging together, are no person or family: what they have in common is some
default. Nothing is linked by weight among them; what is linked stays."""

NOT_COMPATIBLE = "not_compatible"
NO_CLEAR_LEAD = "no_clear_lead"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the weights and guards say of one pair."""

    outcome: Outcome
    score: Score
    guards: tuple[Guard, ...]
    strength: float
    """How far above the bar, the lower of the two weights deciding."""
    compatible: bool
    """Whether the two may stand in one group that others hold together."""


@dataclass(frozen=True, slots=True)
class Task:
    """Two groups that may be one person; the pair that speaks most for it, and why it was not linked."""

    pair: Pair
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Settled:
    """The groups that records fall into, the links that hold them together, and the tasks between them."""

    group: dict[int, int] = field(default_factory=dict)
    links: dict[Pair, Verdict] = field(default_factory=dict)
    tasks: dict[Pair, Task] = field(default_factory=dict)


def judge(model: Model, a: Identity, b: Identity, *, linked: bool = False) -> Verdict:
    """The verdict on a pair; one that is `linked` already need only be worth staying so."""
    scored = score(model, a, b)
    bars = model.thresholds
    strength = min(scored.weight - bars.join, scored.relative_weight - bars.relative_join)
    compatible = (
        scored.weight >= bars.compatible
        and scored.relative_weight >= bars.relative_compatible
        and not divided(model.guards, a, b, scored)
    )
    if scored.weight < bars.review or scored.relative_weight < bars.relative_review:
        return Verdict("apart", scored, (), strength, compatible)
    against = guards_against(model.guards, a, b, scored)
    if any(guard.effect == "apart" for guard in against):
        return Verdict("apart", scored, against, strength, compatible=False)
    if not against and certain(scored):
        strength = max(strength, 0.0)
    enough = strength >= 0 or (
        linked and scored.weight >= bars.stay and scored.relative_weight >= bars.relative_stay
    )
    outcome: Outcome = "link" if enough and not against else "review"
    return Verdict(outcome, scored, against, strength, compatible)


def settle(
    model: Model,
    identities: Mapping[int, Identity],
    *,
    names: Mapping[int, tuple[int, str]],
    linked: Collection[Pair] = (),
    joined: Collection[Pair] = (),
    barred: Collection[Pair] = (),
    held: Collection[int] = (),
) -> Settled:
    """Settle records that hang together. `names` are source system and key: they, not the ids, break ties.

    `linked` pairs are linked now by weight; a steward has `joined` some and `barred` others for ever. Those
    `held` are linked by no weight. Of more than LARGEST_PART records only what is linked can stay linked.
    """
    records = sorted(identities, key=names.__getitem__)
    verdicts = _Verdicts(model, identities, linked=linked, held=held)
    too_many = len(records) > LARGEST_PART
    worth_judging = linked if too_many else [pair(a, b) for a, b in combinations(records, 2)]
    groups = _Groups(records, verdicts, joined=joined, barred=frozenset(barred))
    settled = Settled()
    rank = {record: place for place, record in enumerate(records)}
    linkable = sorted(
        (p for p in worth_judging if verdicts[p].outcome == "link"),
        key=lambda p: (-verdicts[p].strength, *sorted((rank[p[0]], rank[p[1]]))),
    )
    refused: dict[Pair, str] = {}
    for a, b in linkable:
        if groups.of(a) == groups.of(b) or groups.barred(a, b):
            continue
        if not groups.compatible(a, b):
            refused[a, b] = NOT_COMPATIBLE
        elif not too_many and groups.rival(a, b, lead=model.thresholds.lead):
            refused[a, b] = NO_CLEAR_LEAD
        else:
            groups.unite(a, b)
            settled.links[a, b] = verdicts[a, b]
    settled.group = {record: groups.of(record) for record in records}
    settled.tasks = {} if too_many else _tasks(groups, verdicts, refused, rank)
    return settled


class _Verdicts(dict[Pair, Verdict]):
    """The verdict on each pair, judged when it is first asked for."""

    def __init__(
        self,
        model: Model,
        identities: Mapping[int, Identity],
        *,
        linked: Collection[Pair],
        held: Collection[int],
    ) -> None:
        super().__init__()
        self._model = model
        self._identities = identities
        self._linked = linked
        self._held = held

    def __missing__(self, p: Pair) -> Verdict:
        a, b = p
        verdict = judge(self._model, self._identities[a], self._identities[b], linked=p in self._linked)
        if a in self._held or b in self._held:
            verdict = replace(verdict, outcome="apart", compatible=False)
        self[p] = verdict
        return verdict


def _tasks(
    groups: "_Groups", verdicts: Mapping[Pair, Verdict], refused: Mapping[Pair, str], rank: Mapping[int, int]
) -> dict[Pair, Task]:
    best: dict[Pair, Pair] = {}
    for (a, b), verdict in verdicts.items():
        if verdict.outcome == "apart" or groups.of(a) == groups.of(b) or groups.barred(a, b):
            continue
        between = pair(groups.of(a), groups.of(b))
        before = best.get(between)
        if before is None or _prior(verdicts, rank, (a, b)) < _prior(verdicts, rank, before):
            best[between] = (a, b)
    return {
        p: Task(
            p,
            verdicts[p],
            tuple(guard.name for guard in verdicts[p].guards) + ((refused[p],) if p in refused else ()),
        )
        for p in best.values()
    }


def _prior(verdicts: Mapping[Pair, Verdict], rank: Mapping[int, int], p: Pair) -> tuple[float, ...]:
    return (-verdicts[p].strength, *sorted((rank[p[0]], rank[p[1]])))


class _Groups:
    """Records in groups that grow, and what stands between two of them."""

    def __init__(
        self,
        records: Sequence[int],
        verdicts: Mapping[Pair, Verdict],
        *,
        joined: Collection[Pair],
        barred: frozenset[Pair],
    ) -> None:
        self._members = {record: [record] for record in records}
        self._group = {record: record for record in records}
        self._verdicts = verdicts
        self._bars = barred
        rank = {record: place for place, record in enumerate(records)}
        for a, b in sorted(joined, key=lambda p: sorted((rank[p[0]], rank[p[1]]))):
            # Words that contradict each other: who has been parted stays so.
            if not self.barred(a, b):
                self.unite(a, b)
        self._unit = dict(self._group)

    def of(self, record: int) -> int:
        return self._group[record]

    def unite(self, a: int, b: int) -> None:
        keep, give = self._group[a], self._group[b]
        if keep == give:
            return
        for record in self._members[give]:
            self._group[record] = keep
        self._members[keep] += self._members.pop(give)

    def barred(self, a: int, b: int) -> bool:
        return bool(self._bars) and any(pair(x, y) in self._bars for x, y in self._across(a, b))

    def compatible(self, a: int, b: int) -> bool:
        """Whether no member speaks against another. Those that a steward has joined speak with one voice."""
        across = self._across(a, b)
        if all(self._verdicts[pair(x, y)].compatible for x, y in across):
            return True
        agreeing = {
            (self._unit[x], self._unit[y]) for x, y in across if self._verdicts[pair(x, y)].compatible
        }
        return all((self._unit[x], self._unit[y]) in agreeing for x, y in across)

    def rival(self, a: int, b: int, *, lead: float) -> bool:
        """Whether another group, which cannot be this person too, comes close to either side."""
        least = self._verdicts[pair(a, b)].strength - lead
        return self._has_rival(a, b, least) or self._has_rival(b, a, least)

    def _has_rival(self, a: int, b: int, least: float) -> bool:
        ours = {self._group[a], self._group[b]}
        return any(
            verdict.strength >= least and not self._may_be_one(c, b)
            for c, group in self._group.items()
            if group not in ours and self._may_be_one(c, a)
            for mine in self._members[self._group[a]]
            if (verdict := self._verdicts[pair(mine, c)]).outcome != "apart"
        )

    def _may_be_one(self, a: int, b: int) -> bool:
        return self.compatible(a, b) and not self.barred(a, b)

    def _across(self, a: int, b: int) -> list[Pair]:
        return [(x, y) for x in self._members[self._group[a]] for y in self._members[self._group[b]]]
