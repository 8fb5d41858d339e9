"""What the source systems know of one person: entries by system, with ids that are theirs alone."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from carecord.population.organisations import Practice, SourceSystem, fixed_systems
from carecord.population.people import Household, Person

Item = dict[str, Any]

ENTRIES_PER_PERSON = 1024
"""Room that the ids of one person's entries have before they reach the next person's."""

ACUTE_TRUST = {"Eastvale": 2, "Netherby": 11}
MENTAL_HEALTH = {"Eastvale": 3, "Netherby": 12}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a feed, but for whose it is."""

    collection: str
    source_item_id: str
    updated: str | None
    item: Item | None
    """None where the source system takes the entry back."""


@dataclass(slots=True)
class History:
    """One person's entries while they are being told."""

    person: Person
    household: Household
    rng: Random
    entries: dict[SourceSystem, list[Entry]] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """The stories that this person has."""
    _last: int = 0

    def add(
        self,
        system: SourceSystem,
        collection: str,
        item: Item,
        *,
        key: str | None = None,
        updated: str | None = None,
    ) -> str:
        """Write an entry, nulls left out, and give back its source item id."""
        key = key or f"{collection[:2].upper()}{self.number()}"
        kept = {name: value for name, value in item.items() if value is not None}
        self.entries.setdefault(system, []).append(Entry(collection, key, updated, kept))
        return key

    def take_back(self, system: SourceSystem, collection: str, key: str) -> None:
        """Write that an entry was deleted in its source system."""
        self.entries.setdefault(system, []).append(Entry(collection, key, None, None))

    def number(self) -> int:
        """A number that no other entry of the population has."""
        self._last += 1
        return self.person.number * ENTRIES_PER_PERSON + self._last % ENTRIES_PER_PERSON

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    @property
    def practice(self) -> Practice:
        return self.person.practice

    @property
    def gp(self) -> SourceSystem:
        return self.person.practice.system

    @property
    def acute(self) -> SourceSystem:
        return fixed_systems()[ACUTE_TRUST[self.person.address.side]]

    @property
    def mental_health(self) -> SourceSystem:
        return fixed_systems()[MENTAL_HEALTH[self.person.address.side]]

    @property
    def community(self) -> SourceSystem:
        return fixed_systems()[3]

    @property
    def adult_social_care(self) -> SourceSystem:
        return fixed_systems()[4]

    @property
    def childrens_services(self) -> SourceSystem:
        return fixed_systems()[5]

    @property
    def pathology(self) -> SourceSystem:
        return fixed_systems()[6]

    @property
    def radiology(self) -> SourceSystem:
        return fixed_systems()[7]

    @property
    def maternity(self) -> SourceSystem:
        return fixed_systems()[8]

    @property
    def child_health(self) -> SourceSystem:
        return fixed_systems()[9]

    @property
    def care_plans(self) -> SourceSystem:
        return fixed_systems()[10]
