"""Figures counted by group are those that counting pair by pair gives."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from carecord.patient_index.pair_figures import (
    AllPairs,
    Outcome,
    PairsNotAgreeing,
    PairsTouching,
    Stratum,
    figures,
)

RECORD = st.tuples(
    st.integers(0, 3), st.integers(0, 3), st.integers(0, 2), st.none() | st.sampled_from("ab"), st.booleans()
)
"""Person, group, which groups a review joins, a number, and whether it is in a stratum."""


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0


@given(st.lists(RECORD, min_size=1, max_size=12), st.data())
def test_counting_by_group_is_counting_pair_by_pair(
    records: list[tuple[int, int, int, str | None, bool]], drawn: st.DataObject
) -> None:
    persons, groups = [one[0] for one in records], [one[1] for one in records]
    reviewed = [group // (one[2] + 1) for group, one in zip(groups, records, strict=True)]
    numbers, inside = [one[3] for one in records], {place for place, one in enumerate(records) if one[4]}
    pairs = list(combinations(range(len(records)), 2))
    some = st.lists(st.sampled_from(pairs), unique=True) if pairs else st.just([])
    tasks, kept_apart = drawn.draw(some), drawn.draw(some)
    never_met = [(a, b) for a, b in kept_apart if persons[a] == persons[b]]
    outcome = Outcome(persons, groups, reviewed, tasks, never_met)
    strata: list[tuple[Stratum, set[tuple[int, int]]]] = [
        (AllPairs(len(records)), set(pairs)),
        (PairsTouching(inside), {p for p in pairs if set(p) & inside}),
        (
            PairsNotAgreeing(numbers),
            {(a, b) for a, b in pairs if numbers[a] is None or numbers[a] != numbers[b]},
        ),
    ]
    for stratum, chosen in strata:
        true = {(a, b) for a, b in chosen if persons[a] == persons[b]}
        linked = {(a, b) for a, b in chosen if groups[a] == groups[b]}
        settled = {(a, b) for a, b in true if reviewed[a] == reviewed[b]}

        found = figures(outcome, stratum)

        assert found.true_pairs == len(true)
        assert found.precision == _share(len(true & linked), len(linked))
        assert found.recall == _share(len(true & linked), len(true))
        assert found.f1 == _share(2 * len(true & linked), len(true) + len(linked))
        assert found.false_links == len(linked - true)
        assert found.mixed_groups == len({groups[a] for a, _ in linked - true})
        assert found.recall_with_review == _share(len(settled), len(true))
        assert found.blocking_recall == _share(len(true - set(never_met)), len(true))
        waiting = len(chosen.intersection(tasks))
        assert found.review_per_100k == round(waiting * 1e5 / max(stratum.records, 1), 1)
