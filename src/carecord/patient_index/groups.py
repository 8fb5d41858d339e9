"""Which records are one person: the connected parts of the links, no pair that a steward barred in one part.

Every function here gives the same whatever the order of what it is given.
"""

from collections.abc import Iterable

Pair = tuple[int, int]
"""Two patient detail IDs, the lower first."""


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
