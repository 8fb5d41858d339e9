"""Which records are one person: the connected parts of the links, no pair that a steward barred in one part.

Every function here gives the same whatever the order of what it is given.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

Pair = tuple[int, int]
"""Two patient detail IDs, the lower first."""


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs to link because the records agree, and pairs that agree but that a steward must look at."""

    linked: frozenset[Pair]
    possible: frozenset[Pair] = frozenset()


def pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def connected_parts(records: Iterable[int], links: Iterable[Pair]) -> dict[int, int]:
    """The person of each record: the lowest patient detail ID of its connected part."""
    parent = {record: record for record in records}

    def root(record: int) -> int:
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    for a, b in links:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {record: root(record) for record in parent}


def decide(agreeing: Collection[list[int]], *, joined: Collection[Pair], barred: Collection[Pair]) -> Links:
    """What to link, where each list of `agreeing` holds records that agree with each other.

    Stewards have said of the pairs `joined` that they are one person, and of those `barred` that they are
    not. Records that agree are linked unless that would bring a barred pair together, at once or by way of
    others. Then those that a steward has parted stay apart, each with the records that lead to it alone; a
    record that leads to several of them is a possible link of each.
    """
    if not barred:
        return Links(frozenset(_star(agreeing)))
    records = {record for some in (*agreeing, *joined, *barred) for record in some}
    unit_of = connected_parts(records, joined)
    side_of = _sides(
        units=set(unit_of.values()),
        groups=[sorted({unit_of[record] for record in some}) for some in agreeing],
        # A steward who has joined two since they were parted has the last word.
        barred={pair(unit_of[a], unit_of[b]) for a, b in barred if unit_of[a] != unit_of[b]},
    )
    linked: set[Pair] = set()
    possible: set[Pair] = set()
    parted = {pair(side_of[unit_of[a]], side_of[unit_of[b]]) for a, b in barred}
    for some in agreeing:
        members: dict[int, list[int]] = {}
        for record in some:
            members.setdefault(side_of[unit_of[record]], []).append(record)
        linked.update(_star(members.values()))
        possible.update(
            pair(min(members[a]), min(members[b]))
            for a, b in combinations(sorted(members), 2)
            if (a, b) not in parted
        )
    return Links(frozenset(linked), frozenset(possible))


def _star(groups: Iterable[Collection[int]]) -> Iterator[Pair]:
    """Links that join each group: all to its lowest."""
    for group in groups:
        first = min(group, default=0)
        yield from ((first, other) for other in group if other != first)


def _sides(units: set[int], groups: Collection[list[int]], barred: set[Pair]) -> dict[int, int]:
    """The side of each unit. A unit is what stewards have joined; units of one group agree."""
    whole = _parts(units, groups)
    against: dict[int, set[int]] = {}
    for a, b in barred:
        # A bar counts only where agreement would bring the two together.
        if whole[a] == whole[b]:
            against.setdefault(a, set()).add(b)
            against.setdefault(b, set()).add(a)
    # Units that are parted from the same others stand together, as they did when a steward parted them.
    fellows: dict[frozenset[int], set[int]] = {}
    for unit, others in against.items():
        fellows.setdefault(frozenset(others), set()).add(unit)
    side_of: dict[int, int] = {}
    for some in fellows.values():
        side_of |= _parts(some, groups)
    rest = _parts(units - against.keys(), groups)
    leads_to: dict[int, set[int]] = {part: set() for part in rest.values()}
    for group in groups:
        sides = {side_of[unit] for unit in group if unit in side_of}
        for unit in group:
            if unit in rest:
                leads_to[rest[unit]] |= sides
    for unit, part in rest.items():
        side_of[unit] = min(leads_to[part]) if len(leads_to[part]) == 1 else part
    return side_of


def _parts(units: Collection[int], groups: Iterable[list[int]]) -> dict[int, int]:
    """The connected parts of these units, by the groups that they share; others do not count."""
    return connected_parts(units, _star([unit for unit in group if unit in units] for group in groups))
