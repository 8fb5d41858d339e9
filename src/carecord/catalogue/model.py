"""What a declaration is made of: entries with typed fields, operations, bundles; wrong ones fail at import."""

import ast
import inspect
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, cached_property
from itertools import pairwise
from typing import Annotated, Any, ClassVar, NewType, Union, get_args, get_origin

from carecord.catalogue.code_systems import CodeSystem
from carecord.catalogue.value_lists import ValueList

Day = NewType("Day", str)
"""A day as text, `YYYY-MM-DD`."""

LocalDateTime = NewType("LocalDateTime", str)
"""UK local time as text, `YYYY-MM-DDTHH:MM:SS`, no offset, up to three decimals of a second."""

Instant = NewType("Instant", str)
"""An instant as text: UK local time with its offset."""

PairOfIds = NewType("PairOfIds", list[str])
"""Two IDs, the lower first."""

WORDS = {"gp": "GP", "ct": "CT", "icd10": "ICD10", "opcs4": "OPCS4", "dmd": "DMD", "acrs": "ACRS"}
"""Words of attribute names that the API writes in capitals; every other word only starts with one."""


class CatalogueError(Exception):
    """A declaration contradicts itself; the text names it."""


class Source(Enum):
    """Where a fact comes from: `known` facts of the CCAPI are kept to the letter, `designed` ones may be bettered."""

    KNOWN = "known"
    DESIGNED = "designed"


KNOWN, DESIGNED = Source.KNOWN, Source.DESIGNED


class Flag(Enum):
    """What else a field is, written beside its type."""

    SORT = "accepts Sort<Field>"
    FILTER = "accepts Filter<Field>"
    HIDDEN = "stored and submitted, never in the bundles API's JSON: a known item must not grow"
    KEY = "part of what identifies a row of one source record when no SourceItemId is given"
    NEWEST_FIRST = "rows come in descending order of this field unless the caller sorts"
    FIRST_FIRST = "rows come in ascending order of this field unless the caller sorts"
    NOT_FUTURE = "cannot lie in the future when it is submitted"
    KEEP_EMPTY = "an empty text stays empty, where others are stored as null"
    OURS = "carecord's own, not in the reference: left out of an answer unless the call asks for it"


SORT, FILTER, HIDDEN, KEY = Flag.SORT, Flag.FILTER, Flag.HIDDEN, Flag.KEY
NEWEST_FIRST, FIRST_FIRST = Flag.NEWEST_FIRST, Flag.FIRST_FIRST
NOT_FUTURE, KEEP_EMPTY, OURS = Flag.NOT_FUTURE, Flag.KEEP_EMPTY, Flag.OURS


class Holds(Enum):
    """What a text holds whose JSON type is string because the known samples say so."""

    DECIMAL = "decimal"
    DECIMAL_OR_TEXT = "decimal or text"
    DAY = "date"
    LOCAL_DATE_TIME = "datetime"
    OBJECT = "object"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Named:
    """The JSON name, where it is not the attribute's words put together."""

    name: str


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The NHS Data Dictionary item with the same meaning."""

    item: str


@dataclass(frozen=True, slots=True)
class NotBefore:
    """This end cannot lie before that start (an attribute of the same entry)."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Fhir:
    """Where the field goes: a path in the operation's resource, or in `on`, one of the others it makes."""

    path: str
    on: str | None = None


class Kind(Enum):
    """The JSON type of a field."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DAY = "date"
    LOCAL_DATE_TIME = "datetime"
    INSTANT = "instant"
    PAIR_OF_IDS = "pair"
    OBJECT = "object"


_KINDS: dict[Any, Kind] = {
    str: Kind.STRING,
    int: Kind.INTEGER,
    float: Kind.NUMBER,
    bool: Kind.BOOLEAN,
    Day: Kind.DAY,
    LocalDateTime: Kind.LOCAL_DATE_TIME,
    Instant: Kind.INSTANT,
    PairOfIds: Kind.PAIR_OF_IDS,
}


@dataclass(frozen=True)
class Field:
    """One field of an entry: all that the catalogue knows of it."""

    owner: "type[Part]"
    attribute: str
    name: str
    kind: Kind
    nullable: bool
    repeats: bool = False
    part: "type[Part] | None" = None
    flags: frozenset[Flag] = frozenset()
    holds: Holds | None = None
    code_system: CodeSystem | None = None
    values: ValueList | None = None
    dictionary: str | None = None
    not_before: str | None = None
    fhir: tuple[Fhir, ...] = ()
    source: Source | None = None

    @property
    def sortable(self) -> bool:
        return Flag.SORT in self.flags

    @property
    def filterable(self) -> bool:
        return Flag.FILTER in self.flags

    @property
    def exposed(self) -> bool:
        return Flag.HIDDEN not in self.flags

    @property
    def ours(self) -> bool:
        return Flag.OURS in self.flags

    @property
    def description(self) -> str | None:
        """The text under the attribute in its declaration."""
        return self.owner.descriptions().get(self.attribute)


@dataclass(frozen=True)
class Leaf:
    """A field that holds a value, with its way from the item: `Specimen.Type.Code`, `PatientNumbers[].IsMinor`."""

    path: tuple[Field, ...]

    @property
    def field(self) -> Field:
        return self.path[-1]

    @cached_property
    def name(self) -> str:
        return ".".join(f.name + ("[]" if f.repeats else "") for f in self.path)

    @property
    def in_list(self) -> bool:
        return any(f.repeats for f in self.path)

    @cached_property
    def parameter(self) -> str:
        """The name in `Sort…` and `Filter…`: dots are left out."""
        return "".join(f.name for f in self.path)

    @property
    def exposed(self) -> bool:
        return all(f.exposed for f in self.path)


class Part:
    """An object of named fields. Subclasses only declare; they are never made into instances."""

    fields: ClassVar[tuple[Field, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = tuple(_field(cls, attribute, hint) for attribute, hint in inspect.get_annotations(cls).items())
        cls.fields = own
        names = [f.name for f in own]
        if len(set(names)) != len(names):
            raise CatalogueError(f"{cls.__qualname__}: a field name stands twice")
        attributes = {f.attribute for f in own}
        for f in own:
            if f.not_before and f.not_before not in attributes:
                raise CatalogueError(f"{cls.__qualname__}.{f.attribute}: there is no {f.not_before}")

    @classmethod
    def leaves(cls, above: tuple[Field, ...] = ()) -> Iterator[Leaf]:
        """Every field that holds a value, in order, parts opened."""
        for f in cls.fields:
            if f.part is not None:
                yield from f.part.leaves((*above, f))
            else:
                yield Leaf((*above, f))

    @classmethod
    def descriptions(cls) -> dict[str, str]:
        """The text under each attribute, by attribute; read from the source when it is first asked for."""
        cached = cls.__dict__.get("_descriptions")
        if cached is None:
            cached = _attribute_docstrings(cls)
            cls._descriptions = cached  # type: ignore[attr-defined]
        found: dict[str, str] = cached
        return found


class Entry(Part):
    """One clinical fact of a collection, or one row of an answer: the item of an operation."""


def _field(owner: type[Part], attribute: str, hint: Any) -> Field:
    place = f"{owner.__qualname__}.{attribute}"
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        if len(options) != 1:
            raise CatalogueError(f"{place}: one type, or one type and None")
        nullable, hint = True, options[0]
    repeats = get_origin(hint) is list
    if repeats:
        (hint,) = get_args(hint)
    part = hint if isinstance(hint, type) and issubclass(hint, Part) else None
    if part is None and hint not in _KINDS:
        raise CatalogueError(f"{place}: {hint!r} is no type of the catalogue")
    kind = Kind.OBJECT if part is not None else _KINDS[hint]
    one_of: dict[type, Any] = {}
    fhir: list[Fhir] = []
    flags: set[Flag] = set()
    for mark in marks:
        if isinstance(mark, Flag):
            flags.add(mark)
        elif isinstance(mark, Fhir):
            fhir.append(mark)
        elif isinstance(mark, Named | Dictionary | NotBefore | Holds | CodeSystem | ValueList | Source):
            if type(mark) in one_of:
                raise CatalogueError(f"{place}: two {type(mark).__name__}")
            one_of[type(mark)] = mark
        else:
            raise CatalogueError(f"{place}: {mark!r} says nothing to the catalogue")
    named = one_of.get(Named)
    dictionary = one_of.get(Dictionary)
    not_before = one_of.get(NotBefore)
    return Field(
        owner=owner,
        attribute=attribute,
        name=named.name if named else json_name(attribute),
        kind=kind,
        nullable=nullable,
        repeats=repeats,
        part=part,
        flags=frozenset(flags),
        holds=one_of.get(Holds),
        code_system=one_of.get(CodeSystem),
        values=one_of.get(ValueList),
        dictionary=dictionary.item if dictionary else None,
        not_before=not_before.attribute if not_before else None,
        fhir=tuple(fhir),
        source=one_of.get(Source),
    )


def json_name(attribute: str) -> str:
    """`last_issued_date` is `LastIssuedDate`, `gp_code` is `GPCode`."""
    return "".join(WORDS.get(word, word.capitalize()) for word in attribute.split("_"))


def _attribute_docstrings(cls: type) -> dict[str, str]:
    return _docstrings_of_module(cls.__module__).get(cls.__qualname__, {})


@cache
def _docstrings_of_module(name: str) -> dict[str, dict[str, str]]:
    """The texts of every class of a module by its qualified name: one look at the source for all of them."""
    found: dict[str, dict[str, str]] = {}

    def look(body: list[ast.stmt], above: str) -> None:
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                qualified = f"{above}{statement.name}"
                found[qualified] = _texts_below(statement.body)
                look(statement.body, f"{qualified}.")

    look(ast.parse(inspect.getsource(sys.modules[name])).body, "")
    return found


def _texts_below(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, below in pairwise(body):
        if (
            isinstance(line, ast.AnnAssign)
            and isinstance(line.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            found[line.target.id] = inspect.cleandoc(below.value.value)
    return found


# Which rows of a store an operation, or a section of a composed view, shows.


@dataclass(frozen=True, slots=True)
class IsNull:
    """Rows in which the field has no value."""

    field: str


@dataclass(frozen=True, slots=True)
class IsNotNull:
    """Rows in which the field has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class Equals:
    """Rows in which the field is this text."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Differs:
    """Rows in which the field is anything but this text."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class WithinMonths:
    """Rows in which the field lies at most so many months back."""

    field: str
    months: int


Rows = IsNull | IsNotNull | Equals | Differs | WithinMonths


@dataclass(frozen=True, slots=True)
class Store:
    """Where the rows of an operation are kept, and which of them it shows. Operations may share a store."""

    name: str
    rows: Rows | None = None
    of_unprotected: bool = False
    """Whether the rows tell where the patient is: then none is shown of a person with a sensitive address."""


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One FHIR resource that a row becomes; the fields' own `Fhir` marks say which goes where."""

    type: str
    key: str = ""
    """What `Fhir(on=…)` names it by; empty for the operation's main resource."""
    profile: str | None = None
    status: str | None = None
    """How the status is found, in words."""
    when: str | None = None
    """When the row becomes this resource too, in words."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None


class Sensitivity(Enum):
    """Who may see: any authorised user, or one with the bundle's extra scope, written to the privacy audit."""

    STANDARD = "standard"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A family of operations that a product holds as a whole."""

    name: str
    slug: str
    tagline: str
    scope: str
    restricted: str = "restricted"
    """What the scope alone does not show, and the last word of the scope that shows it too."""

    @property
    def restricted_scope(self) -> str:
        return f"{self.slug}.{self.restricted}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """One call of the bundles API."""

    kind: ClassVar[str]

    bundle: Bundle
    operation_id: str
    title: str
    path: str
    summary: str
    item: type[Entry]
    source: Source
    method: str = "GET"
    collection: str | None = None
    store: Store | None = None
    sensitivity: Sensitivity = Sensitivity.STANDARD
    shows_refused: bool = False
    """Whether a patient's refusal to share leaves it readable: the list that tells of the refusal."""
    submitted: bool = False
    """Whether a feed or Data Submission may send rows of it."""
    fhir: tuple[Resource, ...] = ()
    hl7v2: tuple[str, ...] = ()
    """HL7 v2 fields that can feed the row, `MESSAGE SEG-n -> Field`."""
    other_feeds: tuple[str, ...] = ()
    known_parts: tuple[str, ...] = ()
    evidence: str | None = None
    note: str | None = None
    path_parameters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = self.operation_id
        if not self.path.startswith(f"/{self.bundle.slug}"):
            raise CatalogueError(f"{place}: its path does not start with its bundle")
        if self.submitted and self.store is None:
            raise CatalogueError(f"{place}: submitted, but stored nowhere")
        if self.submitted and not any(Flag.KEY in leaf.field.flags for leaf in self.leaves):
            raise CatalogueError(f"{place}: submitted, but no field is its key")
        keys = {resource.key for resource in self.fhir}
        if len(keys) != len(self.fhir):
            raise CatalogueError(f"{place}: two FHIR resources with one key")
        for leaf in self.leaves:
            for mark in leaf.field.fhir:
                if (mark.on or "") not in keys:
                    raise CatalogueError(f"{place}: {leaf.name} goes to {mark.on}, which it does not make")
            if leaf.in_list and (leaf.field.sortable or leaf.field.filterable):
                raise CatalogueError(f"{place}: {leaf.name} is in a list and cannot have parameters")
        if len(self.order) > 1:
            raise CatalogueError(f"{place}: rows come in one order")

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        return tuple(self.item.leaves())

    @cached_property
    def order(self) -> tuple[tuple[Leaf, bool], ...]:
        """The field that rows are ordered by when the caller does not sort, and whether newest first."""
        return tuple(
            (leaf, Flag.NEWEST_FIRST in leaf.field.flags)
            for leaf in self.leaves
            if leaf.field.flags & {Flag.NEWEST_FIRST, Flag.FIRST_FIRST}
        )

    @cached_property
    def key(self) -> tuple[Leaf, ...]:
        """What identifies a row of one source record when it comes without a SourceItemId."""
        return tuple(leaf for leaf in self.leaves if Flag.KEY in leaf.field.flags)

    @property
    def scope(self) -> str:
        return self.bundle.scope

    @property
    def restricted(self) -> bool:
        return self.sensitivity is Sensitivity.RESTRICTED

    @property
    def restricted_scope(self) -> str:
        return self.bundle.restricted_scope

    @property
    def target(self) -> str:
        """The name a feed sends rows under: the collection, or the last word of the path of a single row."""
        return self.collection or [word for word in self.path.split("/") if not word.startswith("{")][-1]

    @property
    def writes(self) -> bool:
        return False

    @property
    def event(self) -> str:
        """What the audit calls a call of it."""
        return "patient.read"


@dataclass(frozen=True, kw_only=True, eq=False)
class ListOperation(Operation):
    """Rows of a patient in an envelope: `{<collection>: […], TotalItemCount: n}`."""

    kind: ClassVar[str] = "list"


@dataclass(frozen=True, kw_only=True, eq=False)
class SingleOperation(Operation):
    """One row as a JSON object without envelope; 204 where the patient has none."""

    kind: ClassVar[str] = "single"


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """An array of a composed view, filled from another operation: `{name: {array: […], TotalItemCount: n}}`."""

    name: str
    array: str
    of: Operation
    where: Rows | None = None
    limit: int | None = None
    leave_out: tuple[str, ...] = ()
    """Fields of the other operation's item that this section does not show."""
    null_when_empty: bool = False
    """A section that does not apply to a person is null."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ComposedOperation(Operation):
    """One JSON object of its own fields and of sections filled from other operations."""

    kind: ClassVar[str] = "object"

    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchOperation(Operation):
    """Criteria in the body of a POST; answers like a list."""

    kind: ClassVar[str] = "search"

    method: str = "POST"
    body: type[Entry]
    body_example: Mapping[str, Any] = field(default_factory=dict)

    @property
    def event(self) -> str:
        return "patient.searched"


@dataclass(frozen=True, kw_only=True, eq=False)
class WriteOperation(Operation):
    """Changes what is stored; the item describes the reply."""

    kind: ClassVar[str] = "write"

    change: str
    """What becomes of the record, in one word for the audit."""
    body: type[Entry] | None = None
    body_example: Mapping[str, Any] = field(default_factory=dict)

    @property
    def event(self) -> str:
        return f"record.{self.change}"

    @property
    def writes(self) -> bool:
        return True
