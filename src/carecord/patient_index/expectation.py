"""Expectation maximisation: from pairs alone, how often the same person's records agree, and two people's.

The algorithm of Splink and fastLink, on counts of equal patterns of levels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from carecord.patient_index.comparing import COMPARISONS, NOTHING, Levels

ROUNDS = 200
SETTLED = 1e-5
LEAST = 1e-9

Probabilities = list[list[float]]
"""For each comparison, of each of its levels."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a set of pairs consists of: so many of one person, agreeing so often; and the others."""

    share: float
    m: Probabilities
    u: Probabilities
    matches: list[float]
    """For each comparison, the pairs of one person, by expectation, that had something to compare."""


def separate(
    patterns: Mapping[Levels, int],
    *,
    m: Sequence[Sequence[float]],
    u: Sequence[Sequence[float]],
    without: frozenset[int] = frozenset(),
    share: float = 0.3,
    learn_u: bool = False,
) -> Mixture:
    """Tell pairs of one person from others, starting from `m` and `u`; comparisons `without` are left out."""
    places = [place for place in range(len(COMPARISONS)) if place not in without]
    now = Mixture(share, [list(one) for one in m], [list(one) for one in u], [0.0] * len(COMPARISONS))
    for _ in range(ROUNDS):
        following = _round(patterns, now, places, learn_u=learn_u)
        moved = max(
            abs(x - y) for place in places for x, y in zip(now.m[place], following.m[place], strict=True)
        )
        now = following
        if moved < SETTLED:
            break
    return now


def _round(patterns: Mapping[Levels, int], now: Mixture, places: list[int], *, learn_u: bool) -> Mixture:
    evidence = [
        [log(max(m, LEAST) / max(u, LEAST)) for m, u in zip(*both, strict=True)]
        for both in zip(now.m, now.u, strict=True)
    ]
    odds = log(max(now.share, LEAST) / max(1 - now.share, LEAST))
    ours = [[0.0] * len(one.levels) for one in COMPARISONS]
    others = [[0.0] * len(one.levels) for one in COMPARISONS]
    matches = pairs = 0.0
    for levels, count in patterns.items():
        bits = odds + sum(evidence[p][levels[p]] for p in places if levels[p] != NOTHING)
        likely = count / (1 + exp(-bits)) if bits > -700 else 0.0
        matches += likely
        pairs += count
        for p in places:
            if levels[p] != NOTHING:
                ours[p][levels[p]] += likely
                others[p][levels[p]] += count - likely
    return Mixture(
        matches / pairs if pairs else 0.0,
        [_shares(ours[p], now.m[p]) if p in places else now.m[p] for p in range(len(COMPARISONS))],
        [
            _shares(others[p], now.u[p]) if learn_u and p in places else now.u[p]
            for p in range(len(COMPARISONS))
        ],
        [sum(one) for one in ours],
    )


def _shares(counts: list[float], otherwise: list[float]) -> list[float]:
    total = sum(counts)
    return [one / total for one in counts] if total > 0 else otherwise
