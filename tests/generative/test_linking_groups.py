"""Whatever agrees and whatever stewards say: who is parted stays apart, and nothing that agrees is lost."""

from itertools import combinations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from carecord.patient_index.groups import Pair, connected_parts, decide, pair

RECORDS = range(1, 10)

records = st.sampled_from(RECORDS)
pairs = st.builds(pair, records, records).filter(lambda two: two[0] != two[1])
few_pairs = st.sets(pairs, max_size=5)


@st.composite
def agreements(draw: st.DrawFn) -> list[list[int]]:
    """Each record has one key or none; the lists hold those of one key."""
    keys = draw(st.lists(st.sampled_from("abc-"), min_size=len(RECORDS), max_size=len(RECORDS)))
    by_key: dict[str, list[int]] = {}
    for record, key in zip(RECORDS, keys, strict=True):
        by_key.setdefault(key, []).append(record)
    by_key.pop("-", None)
    return list(by_key.values())


@given(agreements(), few_pairs)
def test_without_a_bar_all_that_agree_are_one_person(agreeing: list[list[int]], joined: set[Pair]) -> None:
    links = decide(agreeing, joined=joined, barred=())

    person = connected_parts(RECORDS, links.linked | joined)
    assert all(len({person[record] for record in some}) == 1 for some in agreeing)
    assert links.possible == frozenset()


@given(agreements(), few_pairs, few_pairs)
def test_no_barred_pair_is_one_person_unless_a_steward_joined_it(
    agreeing: list[list[int]], joined: set[Pair], barred: set[Pair]
) -> None:
    links = decide(agreeing, joined=joined, barred=barred)

    by_stewards = connected_parts(RECORDS, joined)
    person = connected_parts(RECORDS, links.linked | joined)
    together = {p for p in barred if person[p[0]] == person[p[1]]}
    assert all(by_stewards[a] == by_stewards[b] for a, b in together)


@given(agreements(), few_pairs, few_pairs)
def test_two_that_agree_are_one_person_or_parted_or_possible(
    agreeing: list[list[int]], joined: set[Pair], barred: set[Pair]
) -> None:
    links = decide(agreeing, joined=joined, barred=barred)

    person = connected_parts(RECORDS, links.linked | joined)
    parted = {pair(person[a], person[b]) for a, b in barred}
    possible = {pair(person[a], person[b]) for a, b in links.possible}
    for some in agreeing:
        for a, b in combinations(some, 2):
            two = pair(person[a], person[b])
            assert two[0] == two[1] or two in parted or two in possible


@given(agreements(), few_pairs, few_pairs, st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_does_not_matter(
    agreeing: list[list[int]], joined: set[Pair], barred: set[Pair], random: Random
) -> None:
    links = decide(agreeing, joined=joined, barred=barred)

    shuffled = [[*some] for some in agreeing]
    for some in shuffled:
        random.shuffle(some)
    random.shuffle(shuffled)
    assert decide(shuffled, joined=sorted(joined), barred=sorted(barred, reverse=True)) == links


@given(agreements(), few_pairs)
def test_a_bar_between_strangers_changes_nothing(agreeing: list[list[int]], joined: set[Pair]) -> None:
    links = decide(agreeing, joined=joined, barred=())
    person = connected_parts(RECORDS, links.linked | joined)
    strangers = {p for p in combinations(RECORDS, 2) if person[p[0]] != person[p[1]]}

    assert decide(agreeing, joined=joined, barred=strangers) == links
