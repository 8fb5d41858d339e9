"""Which records are one person: the connected parts of the links in force, no barred pair in one part."""

from collections.abc import Iterable

Pair = tuple[int, int]
"""Two patient detail IDs, the lower first."""


def pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def connected_parts(records: Iterable[int], links: Iterable[Pair]) -> dict[int, int]:
    """The person of each record: the lowest patient detail ID of its connected part.

    The lowest is taken so that the result does not depend on the order of the links.
    """
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


def link_agreeing(
    agreeing: Iterable[list[int]], *, barred: frozenset[Pair], linked_by_steward: frozenset[Pair]
) -> tuple[set[Pair], set[Pair]]:
    """Pairs to link because the records agree, and pairs that a steward must look at.

    Each list of `agreeing` holds the records that agree with each other; they are linked to the lowest of
    them. Where a steward has said of some that they are different people, those stay apart, and a record that
    agrees with both sides is linked to neither: it is a possible link of each.
    """
    linked: set[Pair] = set()
    possible: set[Pair] = set()
    for records in agreeing:
        against = _against(records, barred)
        if not against:
            first = min(records)
            linked |= {pair(first, other) for other in records if other != first}
            continue
        sides = _sides(records, against, linked_by_steward)
        placed = {record for side in sides for record in side}
        for side in sides:
            first = min(side)
            linked |= {pair(first, other) for other in side if other != first}
        possible |= {pair(min(side), record) for record in records if record not in placed for side in sides}
    return linked, possible


def _against(records: list[int], barred: frozenset[Pair]) -> dict[int, frozenset[int]]:
    """For each record that a bar names, the others of the list that it is barred from."""
    found: dict[int, frozenset[int]] = {}
    if not barred:
        return found
    for record in records:
        others = frozenset(other for other in records if other != record and pair(record, other) in barred)
        if others:
            found[record] = others
    return found


def _sides(
    records: list[int], against: dict[int, frozenset[int]], linked_by_steward: frozenset[Pair]
) -> list[list[int]]:
    """The sides of the steward's line: records barred from the same others stand together.

    A record that no bar names joins the one side that a steward has linked it to.
    """
    sides: dict[frozenset[int], list[int]] = {}
    for record in records:
        if record in against:
            sides.setdefault(against[record], []).append(record)
    person = connected_parts(records, [p for p in linked_by_steward if p[0] in records and p[1] in records])
    for record in records:
        if record not in against:
            homes = [side for side in sides.values() if any(person[one] == person[record] for one in side)]
            if len(homes) == 1:
                homes[0].append(record)
    return list(sides.values())
