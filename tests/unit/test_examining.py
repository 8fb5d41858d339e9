"""What may be wrong within one group: its parts, its bridges, and who speaks against whom."""

from itertools import combinations

import pytest

from carecord.patient_index.examining import Group, Member, judge_pairs, parts, speaking_against, weak_bridges
from carecord.patient_index.groups import Pair
from carecord.patient_index.normalise import Identity, identity_of
from carecord.patient_index.scoring import load_model

GRACE = identity_of(
    {
        "Forename": "Grace",
        "Surname": "Testperson",
        "DateOfBirth": "1982-05-17",
        "Gender": "2",
        "PostCode": "XX1 1AA",
        "AddressLine1": "1 High Street",
    }
)
EDITH = identity_of({"Forename": "Edith", "Surname": "Stranger", "DateOfBirth": "1951-11-02", "Gender": "2"})
NUMBER = "9990123454"
MARRIED = identity_of(
    {
        "Forename": "Grace",
        "Surname": "Newname",
        "DateOfBirth": "1982-05-17",
        "Gender": "2",
        "PostCode": "YY9 9ZZ",
        "AddressLine1": "70 Mill Lane",
    }
)


def with_number(identity: Identity, number: str = NUMBER) -> Identity:
    return Identity(
        **{name: getattr(identity, name) for name in identity.__struct_fields__} | {"nhs_number": number}
    )


def group(*identities: Identity, by_weight: set[Pair], by_stewards: frozenset[Pair] = frozenset()) -> Group:
    """Records 1, 2, 3 and so on."""
    members = tuple(Member(number, identity) for number, identity in enumerate(identities, 1))
    return Group(members, by_weight=frozenset(by_weight), by_stewards=by_stewards)


def against(group: Group) -> list[Pair]:
    return speaking_against(group, judge_pairs(load_model(), group))


def test_links_that_do_not_reach_all_records_leave_parts() -> None:
    four = group(GRACE, GRACE, GRACE, GRACE, by_weight={(1, 2)}, by_stewards=frozenset({(3, 4)}))

    assert sorted(parts(four)) == [[1, 2], [3, 4]]


def test_records_of_one_person_speak_for_each_other() -> None:
    assert against(group(GRACE, with_number(GRACE), GRACE, by_weight={(1, 2), (2, 3)})) == []


def test_a_stranger_in_the_group_speaks_against_every_record() -> None:
    assert against(group(GRACE, GRACE, EDITH, by_weight={(1, 2), (2, 3)})) == [(1, 3), (2, 3)]


def test_whom_a_steward_has_joined_speaks_with_one_voice() -> None:
    three = group(GRACE, GRACE, EDITH, by_weight={(1, 2)}, by_stewards=frozenset({(2, 3)}))

    assert against(three) == []


def test_a_steward_for_one_pair_does_not_speak_for_another_record() -> None:
    three = group(GRACE, EDITH, EDITH, by_weight={(2, 3)}, by_stewards=frozenset({(1, 2)}))
    four = group(GRACE, EDITH, EDITH, GRACE, by_weight={(2, 3), (1, 4)}, by_stewards=frozenset({(1, 2)}))

    assert against(three) == []
    assert against(four) == [(3, 4)]


OLD_AND_NEW = (GRACE, with_number(GRACE), with_number(MARRIED), MARRIED)
"""Two records of a patient before she moved and married, two after; one of each has her NHS number."""


def test_the_one_pair_between_two_parts_is_a_bridge() -> None:
    four = group(*OLD_AND_NEW, by_weight={(1, 2), (2, 3), (3, 4)})
    verdicts = judge_pairs(load_model(), four)

    (bridge,) = weak_bridges(four, verdicts, bits=100)

    assert (bridge.pair, bridge.sides) == ((2, 3), (2, 2))
    assert bridge.strength == verdicts[2, 3].strength
    assert weak_bridges(four, verdicts, bits=bridge.strength) == []


def test_a_single_record_at_the_end_of_a_link_is_no_part() -> None:
    three = group(*OLD_AND_NEW[:3], by_weight={(1, 2), (2, 3)})

    assert weak_bridges(three, judge_pairs(load_model(), three), bits=100) == []


def test_what_a_steward_has_linked_is_no_bridge() -> None:
    four = group(*OLD_AND_NEW, by_weight={(1, 2), (3, 4)}, by_stewards=frozenset({(2, 3)}))

    assert weak_bridges(four, judge_pairs(load_model(), four), bits=100) == []


@pytest.mark.parametrize("links", [{(1, 2), (2, 3), (3, 4)}, {(1, 3), (2, 3), (2, 4)}])
def test_links_that_were_not_needed_count_as_well(links: set[Pair]) -> None:
    four = group(*[with_number(one) for one in OLD_AND_NEW], by_weight=links)
    verdicts = judge_pairs(load_model(), four)

    assert {verdicts[p].outcome for p in combinations(range(1, 5), 2)} == {"link"}
    assert weak_bridges(four, verdicts, bits=100) == []
