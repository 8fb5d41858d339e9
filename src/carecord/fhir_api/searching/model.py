"""What a search asks, apart from the values it asks with: equal shapes make one SQL text.

A caller's values never stand here: a slot is the name of a parameter of the statement, and `Search.values`
holds what goes into it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Slot = str

_PATIENT_DETAIL_ID = re.compile(r"\d{1,18}", re.ASCII)


class Prefix(StrEnum):
    """How a range compares with the value searched for (R4 search, §3.1.1.4.5)."""

    EQUAL = "eq"
    NOT_EQUAL = "ne"
    GREATER = "gt"
    LESS = "lt"
    GREATER_OR_EQUAL = "ge"
    LESS_OR_EQUAL = "le"
    STARTS_AFTER = "sa"
    ENDS_BEFORE = "eb"
    ABOUT = "ap"


class Match(StrEnum):
    """How a text compares with the one searched for."""

    STARTS = "starts"
    EXACT = "exact"
    CONTAINS = "contains"
    WORD_STARTS = "word starts"


@dataclass(frozen=True, slots=True)
class Never:
    """What no resource matches."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    terms: "tuple[Term, ...]"


@dataclass(frozen=True, slots=True)
class AllOf:
    terms: "tuple[Term, ...]"


@dataclass(frozen=True, slots=True)
class Tokens:
    """One of these tokens is the resource's; or, negated, none is."""

    slot: Slot
    negated: bool = False
    broad: bool = False
    """It is likely to leave many: a status, a category, a gender."""


@dataclass(frozen=True, slots=True)
class Ids:
    slot: Slot


@dataclass(frozen=True, slots=True)
class People:
    """It is in the record of one of these patients, or of anyone linked with one."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class PeopleNamed:
    """It refers to one of these patients or to anyone linked with one, such as by Provenance.patient."""

    stem: str
    """What its tokens begin with: `Provenance|patient=Patient/`."""
    slot: Slot


@dataclass(frozen=True, slots=True)
class Links:
    """A Patient that names another as itself: one of these, or any. Only those count that may be known of."""

    tokens: Slot
    named: Slot | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Texts:
    parameter: str
    match: Match
    slot: Slot
    narrowing: Slot | None = None
    """Tokens of which a resource that matches must have one."""


@dataclass(frozen=True, slots=True)
class Range:
    """A prefix with the ends of the value's range; `exact` is a number as it was written."""

    prefix: Prefix
    low: Slot
    high: Slot
    exact: Slot | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """What a quantity's unit must be."""

    system_and_code: Slot | None = None
    system: Slot | None = None
    code: Slot | None = None


@dataclass(frozen=True, slots=True)
class Dates:
    parameter: str
    ranges: tuple[Range, ...]
    narrowing: Slot | None = None


@dataclass(frozen=True, slots=True)
class Updated:
    ranges: tuple[Range, ...]
    of_patients: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    parameter: str
    ranges: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Quantities:
    parameter: str
    ranges: tuple[tuple[Range, Unit], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of a composite must be, by its parameter type; `system` is a token of any code."""

    kind: str
    slot: Slot | None = None
    range: Range | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Composites:
    parameter: str
    alternatives: tuple[tuple[Part, ...], ...]
    narrowing: Slot | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """It refers, through the parameter, to a resource that matches."""

    type: str
    parameter: str
    target: str
    inner: "Term"
    of_person: bool
    """The reference is whose record it is: any record of the person may match."""


@dataclass(frozen=True, slots=True)
class Having:
    """A resource that matches refers to it through the parameter (`_has`)."""

    type: str
    source: str
    parameter: str
    inner: "Term"
    of_person: bool


Term = (
    Never
    | AnyOf
    | AllOf
    | Tokens
    | Ids
    | People
    | PeopleNamed
    | Links
    | Texts
    | Dates
    | Updated
    | Numbers
    | Quantities
    | Composites
    | Chain
    | Having
)


@dataclass(frozen=True, slots=True)
class SortKey:
    """What to order by: the first parameter that a resource has a value of, or all of them together."""

    parameters: tuple[str, ...]
    kind: str
    descending: bool = False
    together: bool = False


class Total(StrEnum):
    NONE = "none"
    ESTIMATE = "estimate"
    ACCURATE = "accurate"


class Summary(StrEnum):
    TRUE = "true"
    TEXT = "text"
    DATA = "data"
    COUNT = "count"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` or `_revinclude`: a type, a reference parameter of it or `*`, and the type referred to."""

    source: str
    parameter: str
    target: str | None = None
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """Which resources, in which order."""

    type: str
    terms: tuple[Term, ...]
    sort: tuple[SortKey, ...]
    all_linked: bool = False
    """Patients that match, and everyone linked with one that does."""

    @property
    def names_people(self) -> bool:
        return any(isinstance(term, People) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Search:
    """A search as parsed: its shape, its values, and what of it the answer shows."""

    shape: Shape
    values: Mapping[Slot, Any]
    count: int
    total: Total | None = None
    summary: Summary = Summary.FALSE
    elements: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    used: tuple[tuple[str, str], ...] = ()
    """The parameters that it heeds, as sent: for the self link."""
    warnings: tuple[str, ...] = field(default=())
    """A line for each parameter that it leaves out, by name."""

    @property
    def type(self) -> str:
        return self.shape.type

    @property
    def only_count(self) -> bool:
        return self.summary is Summary.COUNT or self.count == 0

    @property
    def cuts(self) -> bool:
        """Whether resources are shown in part."""
        return bool(self.elements) or self.summary in (Summary.TRUE, Summary.TEXT, Summary.DATA)

    @property
    def patients(self) -> tuple[int, ...] | None:
        """The patient detail IDs that it names; None where it names none, and asks of all."""
        named = [
            self.values[term.slot]
            for term in self.shape.terms
            if isinstance(term, People) or (isinstance(term, Ids) and self.type == "Patient")
        ]
        if not named:
            return None
        return tuple(
            sorted({int(one) for ids in named for one in ids if _PATIENT_DETAIL_ID.fullmatch(str(one))})
        )
