"""A model learnt from records: without labels, by expectation maximisation, or from known persons."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import log2
from random import Random
from typing import Any

from carecord.patient_index.as_splink import LEAST_FREQUENCY, splink_settings
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.comparing import COMPARISONS, NOTHING, Levels, compare
from carecord.patient_index.expectation import LEAST, Mixture, Probabilities, separate
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model, Thresholds

UNSEEN = 0.01
"""The share of true pairs that we believe to be spread evenly over the levels, whatever the sample shows: in
no sample is everything wrong that goes wrong in life."""
RARE = 3
STRANGERS = 600_000
"""Pairs drawn at random, which tell how often strangers agree."""
SAMPLE = 300_000
"""Pairs compared of one sort, at most."""
LARGEST_BLOCK = 100
FEWEST = 100
"""Pairs, or expected matches of a level's comparison, from which something is learnt."""
MOST_NAMESAKES = 0.2
"""Of the relatives in a home, those that may have one forename."""
TURNS = 4
"""Each turn takes out of the strangers the pairs of one person that chance has put there."""

Progress = Callable[[str, int, int], None]
"""Told of a stage, how much of it is done, and how much there is."""


def _silent(stage: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Slice:
    """Records that share a value are of one person often. What it takes for given, it cannot teach."""

    name: str
    value: Callable[[Identity], Hashable | None]
    takes_for_given: frozenset[str]


SLICES = (
    Slice("NHS number", lambda one: one.nhs_number, frozenset({"nhs_number"})),
    Slice("date of birth", lambda one: one.birth, frozenset({"birth"})),
    Slice(
        "forename and surname",
        lambda one: (one.forename, one.surname) if one.forename and one.surname else None,
        frozenset({"forename", "surname"}),
    ),
    Slice("postcode", lambda one: one.postcode, frozenset({"home"})),
)
SLICES_AMONG_FAMILIES = SLICES[:-1]
"""Of families, who shares a postcode is a relative often, and would pass for the same person."""
HOME = Slice(
    "home",
    lambda one: (one.postcode, one.address) if one.postcode and one.address else None,
    frozenset({"home", "places"}),
)
"""Who shares a home is one person or a relative: here the others are learnt too."""

_PLACES = {comparison.name: place for place, comparison in enumerate(COMPARISONS)}
_EVEN = [[1 / len(one.levels)] * len(one.levels) for one in COMPARISONS]
_MOSTLY_AGREEING = [[0.9] + [0.1 / (len(one.levels) - 1)] * (len(one.levels) - 1) for one in COMPARISONS]


@dataclass(frozen=True, slots=True)
class Learnt:
    """How often each level is met: by two records of one person, of two strangers, of two relatives."""

    m: Probabilities
    u: Probabilities
    relatives: Probabilities | None
    prior: float
    """How likely two records drawn at random are one person's."""


def train(
    identities: Sequence[Identity],
    *,
    base: Model,
    name: str | None = None,
    version: str = "trained",
    learn_prior: bool = True,
    on_progress: Progress = _silent,
) -> dict[str, Any]:
    """A model document learnt from these records, nobody telling who is who; `read_model` reads it.

    Thresholds, blocking rules and guards are those of `base`, and so is what these records cannot teach.
    Of a part of the records, `learn_prior` should be false: in all of them, strangers are far more.
    """
    learnt = learn(identities, base=base, on_progress=on_progress)
    prior = learnt.prior if learn_prior else 2**base.prior / (1 + 2**base.prior)
    return document(
        base,
        Learnt(learnt.m, learnt.u, learnt.relatives, prior),
        names=term_frequencies(identities),
        name=name or base.name,
        version=version,
    )


def learn(identities: Sequence[Identity], *, base: Model, on_progress: Progress = _silent) -> Learnt:
    """Weights without labels: each slice teaches what it does not take for given."""
    drawn = _counted(identities, _strangers(len(identities)), "Strangers", on_progress)
    seen = shares_of(drawn)
    slices = [
        (one, _patterns(identities, _sharing(identities, one), one.name, on_progress))
        for one in (SLICES if _relatives_of(base) is None else SLICES_AMONG_FAMILIES)
    ]
    sample, of_all = compared_pairs(identities, base, most=SAMPLE)
    blocked = _patterns(identities, sample, "Compared pairs", on_progress)
    pairs = len(identities) * (len(identities) - 1) / 2
    m, u, prior = _MOSTLY_AGREEING, seen, 1 / max(len(identities), 2)
    for _ in range(TURNS):
        m = _matching(slices, m, u, otherwise=m_of(base))
        for _ in range(TURNS):
            prior = max(_expected(blocked, m, u, prior) * of_all, 1) / pairs
        u = [
            _normal([max(s - prior * one, s / 10, LEAST) for s, one in zip(*both, strict=True)])
            for both in zip(seen, m, strict=True)
        ]
    relatives = _relatives(identities, base, m, on_progress)
    return Learnt(m, _taught(u, drawn, otherwise=u_of(base)), relatives, prior)


def learn_from_persons(
    identities: Sequence[Identity],
    persons: Sequence[Hashable],
    households: Sequence[Hashable],
    *,
    prior: float,
) -> Learnt:
    """Weights of records whose persons are known, and who lives with whom."""
    strangers = (p for p in _strangers(len(identities)) if persons[p[0]] != persons[p[1]])
    kin = (p for p in _together(households) if persons[p[0]] != persons[p[1]])
    return Learnt(
        m=[smoothed(one) for one in shares_of(_count(identities, _together(persons)))],
        u=shares_of(_count(identities, strangers)),
        relatives=shares_of(_count(identities, kin)),
        prior=prior,
    )


def untrained(
    name: str, thresholds: Thresholds, *, blocking: Sequence[str], hot: int, guards: Sequence[str]
) -> Model:
    """A model to learn from: its agreement says nothing yet."""
    nothing = tuple(tuple(0.0 for _ in one.levels) for one in COMPARISONS)
    settings = splink_settings(0.5)
    for comparison, even in zip(settings["comparisons"], _EVEN, strict=True):
        for level, m in zip(comparison["comparison_levels"][1:], even, strict=True):
            level["m_probability"] = level["u_probability"] = m
    return Model(
        name=name,
        version="untrained",
        thresholds=thresholds,
        prior=0.0,
        weights=nothing,
        relative_weights=nothing,
        agreement_u=tuple(log2(even[0]) for even in _EVEN),
        frequencies=tuple(None for _ in COMPARISONS),
        least_frequency=LEAST_FREQUENCY,
        blocking=tuple(blocking),
        hot=hot,
        guards=tuple(guards),
        settings=settings,
    )


def document(
    base: Model, learnt: Learnt, *, names: Mapping[str, Mapping[str, float]], name: str, version: str
) -> dict[str, Any]:
    """The model file: Splink settings with what was learnt, and all else from `base`."""
    settings = splink_settings(float(f"{learnt.prior:.4g}"))
    for place, comparison in enumerate(settings["comparisons"]):
        levels = comparison["comparison_levels"][1:]
        for level, m, u in zip(levels, learnt.m[place], learnt.u[place], strict=True):
            level["m_probability"], level["u_probability"] = float(f"{m:.5g}"), float(f"{u:.5g}")
    relatives = learnt.relatives or []
    return {
        "name": name,
        "version": version,
        "splink": settings,
        "relatives": {
            one.name: [float(f"{u:.5g}") for u in of]
            for one, of in zip(COMPARISONS, relatives, strict=bool(relatives))
        },
        "term_frequencies": names,
        "least_frequency": LEAST_FREQUENCY,
        "blocking": list(base.blocking),
        "hot": base.hot,
        "guards": list(base.guards),
        "thresholds": asdict(base.thresholds),
    }


def term_frequencies(identities: Iterable[Identity]) -> dict[str, dict[str, float]]:
    """How often each name occurs, of records that have one; names met hardly ever are left out."""
    identities = list(identities)
    found = {}
    for term in (comparison.term for comparison in COMPARISONS if comparison.term):
        counts = Counter(value for one in identities if (value := getattr(one, term)))
        total = sum(counts.values())
        found[term] = {
            name: float(f"{n / total:.3g}")
            for name, n in sorted(counts.items())
            if n > RARE and n / total > LEAST_FREQUENCY
        }
    return found


def smoothed(shares: Sequence[float]) -> list[float]:
    return [(1 - UNSEEN) * share + UNSEEN / len(shares) for share in shares]


def shares_of(counts: Sequence[Sequence[float]]) -> Probabilities:
    """Of each comparison, the share of each level; half a pair is added to each, so that none is nothing."""
    return [
        _normal([one + 0.5 for one in of]) if sum(of) else even
        for of, even in zip(counts, _EVEN, strict=True)
    ]


def _normal(values: Sequence[float]) -> list[float]:
    return [value / sum(values) for value in values]


def _matching(
    slices: Iterable[tuple[Slice, Counter[Levels]]],
    m: Probabilities,
    u: Probabilities,
    *,
    otherwise: Probabilities,
) -> Probabilities:
    """How often one person's records agree, of all slices, each by the matches it is expected to hold."""
    sums = [[0.0] * len(one.levels) for one in COMPARISONS]
    for one, patterns in slices:
        if patterns.total() >= FEWEST:
            given = frozenset(_PLACES[name] for name in one.takes_for_given)
            _add(sums, separate(patterns, m=m, u=u, without=given), given)
    return [
        smoothed(_normal(of)) if sum(of) >= FEWEST else before
        for of, before in zip(sums, otherwise, strict=True)
    ]


def _add(sums: list[list[float]], found: Mixture, given: frozenset[int]) -> None:
    for place, of in enumerate(sums):
        if place not in given:
            for level, share in enumerate(found.m[place]):
                of[level] += share * found.matches[place]


def _expected(patterns: Mapping[Levels, int], m: Probabilities, u: Probabilities, prior: float) -> float:
    """How many of these pairs are expected to be one person's."""
    weights = [
        [log2(x / max(y, LEAST)) for x, y in zip(*both, strict=True)] for both in zip(m, u, strict=True)
    ]
    odds = log2(prior / (1 - prior))
    expected = 0.0
    for levels, count in patterns.items():
        bits = odds + sum(weights[place][level] for place, level in enumerate(levels) if level != NOTHING)
        expected += count / (1 + 2 ** min(-bits, 500))
    return expected


def _relatives(
    identities: Sequence[Identity], base: Model, m: Probabilities, on_progress: Progress
) -> Probabilities | None:
    """How often relatives agree, learnt from records of one home; what a home takes for given, by `base`."""
    known = _relatives_of(base)
    if known is None:
        return None
    patterns = _patterns(identities, _sharing(identities, HOME), HOME.name, on_progress)
    given = frozenset(_PLACES[name] for name in HOME.takes_for_given)
    if patterns.total() < FEWEST:
        return known
    found = separate(patterns, m=m, u=known, without=given, learn_u=True)
    others = patterns.total() * (1 - found.share)
    if found.u[_PLACES["forename"]][0] > MOST_NAMESAKES:
        # They are no relatives but the same people: this index holds hardly any families.
        return known
    return [
        known[place]
        if place in given
        else _normal([others * u + FEWEST * k for u, k in zip(found.u[place], known[place], strict=True)])
        for place in range(len(COMPARISONS))
    ]


def m_of(model: Model) -> Probabilities:
    """How often one person's records agree, by a model."""
    return _probabilities(model, "m_probability")


def u_of(model: Model) -> Probabilities:
    """How often strangers agree, by a model."""
    return _probabilities(model, "u_probability")


def _probabilities(model: Model, kind: str) -> Probabilities:
    return [
        [float(level[kind]) for level in comparison["comparison_levels"][1:]]
        for comparison in model.settings["comparisons"]
    ]


def _relatives_of(model: Model) -> Probabilities | None:
    """How often relatives agree by a model; none where it takes them for strangers."""
    if model.relative_weights == model.weights:
        return None
    return [
        [m / 2**weight for m, weight in zip(*both, strict=True)]
        for both in zip(m_of(model), model.relative_weights, strict=True)
    ]


def _taught(u: Probabilities, drawn: Sequence[Sequence[float]], *, otherwise: Probabilities) -> Probabilities:
    """What was seen, where there was anything to see."""
    return [of if sum(counts) else before for of, counts, before in zip(u, drawn, otherwise, strict=True)]


def _strangers(records: int) -> Iterator[tuple[int, int]]:
    """Pairs of places, at random, the same each time."""
    rng = Random(1)  # noqa: S311 - a sample, no secret
    for _ in range(min(STRANGERS, records * (records - 1) // 2)):
        a, b = rng.randrange(records), rng.randrange(records)
        if a != b:
            yield min(a, b), max(a, b)


def _together(names: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """The pairs of places that have one name."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[name].append(place)
    for some in places.values():
        yield from combinations(some, 2)


def _sharing(identities: Sequence[Identity], of: Slice) -> list[tuple[int, int]]:
    """Pairs that share the value of a slice, of values taken at random until there are enough."""
    sharing: dict[Hashable, list[int]] = defaultdict(list)
    for place, one in enumerate(identities):
        if (value := of.value(one)) is not None:
            sharing[value].append(place)
    blocks = [some for some in sharing.values() if 1 < len(some) <= LARGEST_BLOCK]
    Random(1).shuffle(blocks)  # noqa: S311 - a sample, no secret
    pairs: list[tuple[int, int]] = []
    for some in blocks:
        pairs += combinations(some, 2)
        if len(pairs) > SAMPLE:
            break
    return pairs


def compared_pairs(
    identities: Sequence[Identity], model: Model, *, most: int
) -> tuple[list[tuple[int, int]], float]:
    """A sample of the pairs that blocking keys bring together; and how many times as many there are."""
    sharing: dict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(identities):
        for key in blocking_keys(one, model.blocking):
            sharing[key].append(place)
    blocks = (some for some in sharing.values() if 1 < len(some) <= model.hot)
    pairs = sorted({p for some in blocks for p in combinations(some, 2)})
    sample = Random(1).sample(pairs, min(most, len(pairs)))  # noqa: S311 - a sample, no secret
    return sample, len(pairs) / max(len(sample), 1)


def _patterns(
    identities: Sequence[Identity], pairs: Sequence[tuple[int, int]], stage: str, on_progress: Progress
) -> Counter[Levels]:
    found: Counter[Levels] = Counter()
    for done, (a, b) in enumerate(pairs):
        found[compare(identities[a], identities[b])] += 1
        if not done % 10_000:
            on_progress(stage, done, len(pairs))
    on_progress(stage, len(pairs), len(pairs))
    return found


def _counted(
    identities: Sequence[Identity], pairs: Iterable[tuple[int, int]], stage: str, on_progress: Progress
) -> list[list[int]]:
    listed = list(pairs)
    return _levels_of(_patterns(identities, listed, stage, on_progress))


def _count(identities: Sequence[Identity], pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    return _levels_of(Counter(compare(identities[a], identities[b]) for a, b in pairs))


def _levels_of(patterns: Mapping[Levels, int]) -> list[list[int]]:
    counts = [[0] * len(one.levels) for one in COMPARISONS]
    for levels, count in patterns.items():
        for place, level in enumerate(levels):
            if level != NOTHING:
                counts[place][level] += count
    return counts
