"""Precision and recall over pairs of records, counted by group and never pair by pair."""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from carecord.patient_index.groups import Pair


class Names:
    """A name for each record of a set, and how many records have it."""

    def __init__(self, names: Iterable[Hashable]) -> None:
        self.of = list(names)
        self.counts = Counter(self.of)

    @cached_property
    def pairs(self) -> int:
        """How many pairs have one name."""
        return sum(map(_pairs, self.counts.values()))


@dataclass(frozen=True)
class Outcome:
    """What became of a set. A record is its place in it; each sequence of names has one for every place."""

    persons: Sequence[Hashable]
    """Whom they truly are of."""
    groups: Sequence[Hashable]
    """With whom they were put together."""
    reviewed: Sequence[Hashable]
    """With whom they are together once stewards have settled the tasks rightly."""
    tasks: Sequence[Pair]
    never_met: Collection[Pair]
    """Pairs of one person that blocking kept apart."""

    @cached_property
    def true(self) -> Names:
        return Names(self.persons)

    @cached_property
    def linked(self) -> Names:
        return Names(self.groups)

    @cached_property
    def right(self) -> Names:
        """One name for what is truly together and was put together."""
        return Names(zip(self.persons, self.groups, strict=True))

    @cached_property
    def right_in_the_end(self) -> Names:
        return Names(zip(self.persons, self.reviewed, strict=True))

    @cached_property
    def mixed(self) -> list[list[int]]:
        """The groups with records of several people."""
        members: dict[Hashable, list[int]] = defaultdict(list)
        for place, name in enumerate(self.groups):
            members[name].append(place)
        return [some for some in members.values() if len({self.persons[place] for place in some}) > 1]


class Stratum(ABC):
    """Some of the pairs of a set."""

    records: int

    @abstractmethod
    def count(self, names: Names) -> int:
        """How many of the pairs have one name."""

    @abstractmethod
    def has(self, pair: Pair) -> bool: ...


class AllPairs(Stratum):
    def __init__(self, records: int) -> None:
        self.records = records

    def count(self, names: Names) -> int:
        return names.pairs

    def has(self, pair: Pair) -> bool:
        return True


class PairsTouching(Stratum):
    """Those with at least one record that is in the stratum."""

    def __init__(self, places: Collection[int]) -> None:
        self.records = len(places)
        self._places = frozenset(places)

    def count(self, names: Names) -> int:
        inside = Counter(map(names.of.__getitem__, self._places))
        return sum(
            _pairs(names.counts[name]) - _pairs(names.counts[name] - many) for name, many in inside.items()
        )

    def has(self, pair: Pair) -> bool:
        return pair[0] in self._places or pair[1] in self._places


class PairsNotAgreeing(Stratum):
    """Those whose values differ, or where one has none."""

    def __init__(self, values: Sequence[str | None]) -> None:
        self.records = len(values)
        self._values = values

    def count(self, names: Names) -> int:
        valued = zip(names.of, self._values, strict=True)
        return names.pairs - Names(both for both in valued if both[1] is not None).pairs

    def has(self, pair: Pair) -> bool:
        value = self._values[pair[0]]
        return value is None or value != self._values[pair[1]]


@dataclass(frozen=True, slots=True)
class Figures:
    """How well the pairs of a stratum were linked. Tasks are told for each 100,000 of its records."""

    records: int
    true_pairs: int
    precision: float
    recall: float
    f1: float
    false_links: int
    mixed_groups: int
    recall_with_review: float
    blocking_recall: float
    review_per_100k: float

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def figures(outcome: Outcome, stratum: Stratum) -> Figures:
    true, linked = stratum.count(outcome.true), stratum.count(outcome.linked)
    right, reviewed = stratum.count(outcome.right), stratum.count(outcome.right_in_the_end)
    return Figures(
        records=stratum.records,
        true_pairs=true,
        precision=_share(right, linked),
        recall=_share(right, true),
        f1=_share(2 * right, true + linked),
        false_links=linked - right,
        mixed_groups=sum(_mixes(outcome, group, stratum) for group in outcome.mixed),
        recall_with_review=_share(reviewed, true),
        blocking_recall=_share(true - sum(map(stratum.has, outcome.never_met)), true),
        review_per_100k=round(sum(map(stratum.has, outcome.tasks)) * 1e5 / max(stratum.records, 1), 1),
    )


def _pairs(many: int) -> int:
    return many * (many - 1) // 2


def _mixes(outcome: Outcome, group: Sequence[int], stratum: Stratum) -> bool:
    return any(
        outcome.persons[pair[0]] != outcome.persons[pair[1]] and stratum.has(pair)
        for pair in combinations(group, 2)
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0
