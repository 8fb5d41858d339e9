"""A row in the making: filled from a resource by marks and by hand, never with what a field cannot hold."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from carecord.catalogue.checks import checks_of
from carecord.catalogue.model import Holds, Kind, Leaf, Operation
from carecord.catalogue.shapes import CONTENT_LIMIT, SERVER_OWNED, TEXT_LIMIT
from carecord.catalogue.value_lists import YES_NO, ValueList
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.marks import marks_of, value_at
from carecord.fhir_api.incoming.pieces import decimal_text, identifier_values, listed
from carecord.fhir_api.incoming.times import first_day, is_part_of_date, local_day, local_time
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.paths import Step

_LARGEST = 2**31 - 1


class Draft:
    """An item of one operation. What its fields have no place for goes to its notes, where it has any."""

    def __init__(
        self, operation: Operation, resource: Json, *, leave: tuple[str, ...] = (), notes: str | None = None
    ) -> None:
        """`leave` names fields that their marks say too little of; `notes` the field that takes notes."""
        self.operation = operation
        self.resource = resource
        self.item: dict[str, Any] = {}
        self.further: tuple[Filing, ...] = ()
        self._leaves = _leaves_by_name(operation)
        self._fits = fits_by_name(operation)
        self._notes_field, marked = _marked(operation, leave, notes)
        self._said: list[str] = []
        placed = set()
        for name, steps in marked:
            said = value_at(resource, steps)
            if said is not None and self.put(name, said) and steps[0].name == "note":
                placed.add(steps[0].selector)
        for position, note in enumerate(listed(resource.get("note"))):
            if note.get("text") and str(position) not in placed:
                self._said.append(str(note["text"]))

    @property
    def has_notes(self) -> bool:
        return self._notes_field is not None

    def put(self, name: str, value: Any) -> bool:
        """Set the field where it can hold the value, and say whether it could. What is set already stays.

        A text too long for its field has no place at all: the row would say less, and not that it does.
        """
        if value is None or self.get(name) is not None:
            return False
        leaf = self._leaves[name]
        if isinstance(value, str) and len(value) > _longest(leaf):
            raise NoPlace(f"it says more than {name} of {self.operation.title} holds")
        fitting = self._fits[name](value)
        if fitting is None:
            return False
        node = self.item
        for part in leaf.path[:-1]:
            node = node.setdefault(part.name, {})
        node[leaf.field.name] = fitting
        return True

    def replace(self, name: str, value: Any) -> None:
        """Set the field anew; with None, to nothing."""
        *above, last = name.split(".")
        node = self.item
        for part in above:
            node = node.get(part, {})
        node.pop(last, None)
        self.put(name, value)

    def get(self, name: str) -> Any:
        if "." not in name:
            return self.item.get(name)
        node: Any = self.item
        for part in name.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        return node

    def note(self, label: str, said: str | None) -> None:
        """Say it in the notes."""
        if said:
            self._said.append(f"{label}: {said}")

    def put_or_note(self, name: str, value: str | None, label: str) -> None:
        """Set the field, or say it in the notes where the field cannot hold it."""
        if value is not None and not self.put(name, value):
            self.note(label, value)

    def when(self, name: str, *told: Any) -> None:
        """The first of these times. Of a year or a month its start, only where the notes can say so."""
        for said in told:
            if not isinstance(said, str):
                continue
            if self.put(name, said):
                return
            if is_part_of_date(said) and self.has_notes and self.put(name, first_day(said)):
                self.note("Date as given", said)
                return

    def identify(self, name: str) -> None:
        """An identifier of the resource, else its id: the field must name it."""
        for value in [*identifier_values(self.resource), self.resource.get("id")]:
            if value and self.put(name, value):
                return

    def need(self, name: str, because: str) -> None:
        if self.get(name) is None:
            raise NoPlace(because)

    def filing(self) -> Filing:
        """The item; raises NoPlace where a field that must be given is not."""
        if self._notes_field and self._said:
            self.put(self._notes_field, "\n".join(self._said))
        for name in _needed(self.operation):
            if self.get(name) is None:
                raise NoPlace(f"nothing in it says {name} of {self.operation.title}")
        return Filing(self.operation, self.item, further=self.further)


@cache
def _leaves_by_name(operation: Operation) -> Mapping[str, Leaf]:
    return MappingProxyType({leaf.name: leaf for leaf in operation.leaves if not leaf.in_list})


@cache
def _marked(
    operation: Operation, leave: tuple[str, ...], notes: str | None
) -> tuple[str | None, tuple[tuple[str, tuple[Step, ...]], ...]]:
    """The field that takes notes, and the paths that the others are read from."""
    leaves = _leaves_by_name(operation)
    notes = notes or next((name for name in ("Notes", "Comments") if name in leaves), None)
    marked = [(leaf.name, steps) for leaf, steps in marks_of(operation)]
    return notes, tuple((name, steps) for name, steps in marked if name not in (*leave, notes))


@cache
def fits_by_name(operation: Operation) -> Mapping[str, Callable[[Any], Any]]:
    """By field: what gives a value as the field holds it, None where it cannot."""
    return MappingProxyType({leaf.name: _fitting(leaf) for leaf in operation.leaves if not leaf.in_list})


@cache
def _needed(operation: Operation) -> tuple[str, ...]:
    """The fields that must be given."""
    return tuple(name for name, leaf in _leaves_by_name(operation).items() if _must_be_given(leaf))


def _must_be_given(leaf: Leaf) -> bool:
    field = leaf.field
    return not (field.nullable or field.name in SERVER_OWNED or field.name == "TotalItemCount")


def _fitting(leaf: Leaf) -> Callable[[Any], Any]:
    field = leaf.field
    if field.kind is Kind.INTEGER:
        return _integer
    if field.kind is Kind.BOOLEAN:
        return lambda value: value if isinstance(value, bool) else None
    held = field.holds or field.kind
    as_text: Callable[[Any], str | None] = _text
    if held in (Holds.DECIMAL, Holds.DECIMAL_OR_TEXT):
        as_text = _decimal
    elif held in (Holds.DAY, Kind.DAY):
        as_text = _day
    elif held in (Holds.LOCAL_DATE_TIME, Kind.LOCAL_DATE_TIME):
        as_text = _moment
    elif field.values is not None:
        values = field.values
        as_text = lambda value: listed_value(values, value)  # noqa: E731
    checks = checks_of(field)
    limit = _longest(leaf)

    def fit(value: Any) -> str | None:
        said = as_text(value)
        if not said or len(said) > limit:
            return None
        for check in checks:
            if check(said) is not None:
                return None
        return said

    return fit


def _longest(leaf: Leaf) -> int:
    """Of a text, in characters."""
    return CONTENT_LIMIT if leaf.field.name == "Content" else TEXT_LIMIT


def _integer(value: Any) -> int | None:
    said = str(value)
    digits = said[1:] if said.startswith("-") else said
    if isinstance(value, bool) or not (digits.isascii() and digits.isdigit()) or len(digits) > 10:
        return None
    return int(said) if -_LARGEST - 1 <= int(said) <= _LARGEST else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else decimal_text(value)


def _decimal(value: Any) -> str | None:
    return decimal_text(value) or (value if isinstance(value, str) else None)


def _day(value: Any) -> str | None:
    return local_day(value) if isinstance(value, str) else None


def _moment(value: Any) -> str | None:
    return local_time(value) if isinstance(value, str) else None


def listed_value(values: ValueList, said: Any) -> str | None:
    """The code of the list that this is, by the code or by what it means."""
    if isinstance(said, bool):
        said = ("Yes" if said else "No") if values is YES_NO else None
    if not isinstance(said, str):
        return None
    if said in values:
        return said
    folded = said.casefold()
    return next(
        (code for code, meaning in values.meanings.items() if folded in (code.casefold(), meaning)), None
    )
