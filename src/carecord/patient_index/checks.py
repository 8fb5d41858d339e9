"""What the index is looked over for, from where something is too much, and what a look found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import LiteralString

from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "doctoring.sql")


def whole(query: LiteralString) -> LiteralString:
    """The query with what it shares with others written out."""
    return query.replace("{stands}", queries.stands).replace("{sealed_record}", queries.sealed_record)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look for. Where one that `breaks` is found, the index is not what it must be."""

    name: str
    words: str
    breaks: bool = False
    query: LiteralString | None = None
    """Gives how many there are, the patient detail IDs of each, and a note; None where Python looks."""


LINKS_ACROSS = Check("links_across", "links between two persons", True, whole(queries.links_across))
NOT_HELD_TOGETHER = Check("not_held_together", "persons whose records no links hold together", True)
BARS_INSIDE = Check(
    "bars_inside", "persons of whom a steward has parted records", True, whole(queries.bars_inside)
)
BARS_OF_DELETED = Check(
    "bars_of_deleted",
    "records linked with whom a steward parted from a deleted one of their source",
    query=queries.bars_of_deleted,
)
HELD_LINKED = Check(
    "held_but_linked", "links of records that no weight may link", True, queries.held_but_linked
)
STALE_KEYS = Check("stale_keys", "records that their blocking keys do not find, of a sample", True)
TWO_NUMBERS = Check("two_verified_numbers", "persons with several verified NHS numbers")
MIXED = Check("mixed_suspects", "persons whose records speak against each other")
BRIDGES = Check("weak_bridges", "pairs that alone, and weakly, hold two parts of a person together")
LARGE = Check("large_groups", "persons of very many records", query=queries.large_groups)
ONE_SOURCE = Check(
    "many_of_one_source", "persons of many records of one source", query=queries.many_of_one_source
)
MERGES_APART = Check("merges_apart", "merged records that are two persons", query=whole(queries.merges_apart))
ALIASES = Check("aliases_not_applied", "records compared by a superseded NHS number")
HELD = Check(
    "held_long", "records that turned into somebody else, long undecided", query=whole(queries.held_long)
)
WAITING = Check(
    "waiting_long", "pairs that have waited long for a steward", query=whole(queries.waiting_long)
)
HOT_KEYS = Check("hot_keys", "blocking keys that too many records share")

CHECKS = (
    LINKS_ACROSS,
    NOT_HELD_TOGETHER,
    BARS_INSIDE,
    HELD_LINKED,
    STALE_KEYS,
    TWO_NUMBERS,
    MIXED,
    BRIDGES,
    LARGE,
    ONE_SOURCE,
    MERGES_APART,
    BARS_OF_DELETED,
    ALIASES,
    HELD,
    WAITING,
    HOT_KEYS,
)
"""In the order they are shown. Their names are those of options and metrics: they stay."""

CHECKS_BY_NAME: Mapping[str, Check] = {check.name: check for check in CHECKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where something is too much, too long or too weak."""

    largest: int = 12
    """Records of one person."""
    of_one_source: int = 2
    """Records of one person in one source."""
    bridge_bits: float = 5.0
    """A bridge that is worth so much more than a link must be, is none to worry about."""
    days_held: int = 7
    days_waiting: int = 28
    sample: int = 2_000
    """Records whose blocking keys are made anew."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where something was found: the records, and a note without any value of a patient's."""

    patient_detail_ids: tuple[int, ...]
    note: str | None = None


@dataclass(slots=True)
class Found:
    """How often a check found something, and the first of it."""

    count: int = 0
    first: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Examination:
    """What there is in the index, and what was found, by the names of the checks."""

    model: str
    records: int
    persons: int
    found: Mapping[str, Found]

    @property
    def broken(self) -> bool:
        """Whether the index is not what it must be."""
        return any(check.breaks and self.found[check.name].count for check in CHECKS)
