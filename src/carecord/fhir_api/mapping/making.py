"""What resources are made with: small functions, one for each element, put together once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping import values
from carecord.fhir_api.mapping.displays import display_of
from carecord.fhir_api.mapping.units import UCUM, UCUM_CODES

Row = tuple[Any, ...]
"""About whom, the item, then a row of each list within it that is gone through: `(about, item, need)`."""

Make = Callable[[Row], Any]
"""Makes an element; None where the row has nothing for it."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A child that must be there under one of these names, and what stands for it."""

    names: frozenset[str]
    name: str
    stand_in: Any


def field(place: int, names: Sequence[str]) -> Make:
    """What the field holds: `names` leads to it from the row at `place`."""
    *way, last = names
    if not way:
        return lambda row: row[place].get(last)
    if len(way) == 1:
        (first,) = way
        return lambda row: (row[place].get(first) or {}).get(last)

    def deep(row: Row) -> Any:
        found = row[place]
        for name in way:
            found = found.get(name) or {}
        return found.get(last)

    return deep


def first_row(place: int, lists: Sequence[Sequence[str]], names: Sequence[str]) -> Make:
    """What the field holds in the first row of a list that has it, where the element can hold but one."""
    (first, *rest) = lists
    rows = field(place, first)
    inner = first_row(0, rest, names) if rest else field(0, names)

    def find(row: Row) -> Any:
        return next((found for one in rows(row) or () if (found := inner((one,))) is not None), None)

    return find


def value(get: Make, convert: Callable[[Any], Any]) -> Make:
    def make(row: Row) -> Any:
        found = get(row)
        return None if found is None or found == "" else convert(found)

    return make


def plain_value(place: int, name: str, convert: Callable[[Any], Any]) -> Make:
    """The value of a field right in the row: most fields, and so without a step between."""

    def make(row: Row) -> Any:
        found = row[place].get(name)
        return None if found is None or found == "" else convert(found)

    return make


def first_of(makers: Sequence[Make]) -> Make:
    """The first that has something: several fields may lead to one element."""
    if len(makers) == 1:
        return makers[0]
    return lambda row: next((found for make in makers if (found := make(row)) is not None), None)


def constant(what: Any) -> Make:
    return lambda _: what


def element(
    children: Sequence[tuple[str, Make]],
    *,
    fixed: Mapping[str, Any],
    brought: Sequence[tuple[str, Make]] = (),
    absent: Sequence["Absent"] = (),
) -> Make:
    """An object of these children. Where none has anything, nothing is made.

    `fixed` and `brought` stand beside what was made; `absent` for children that must be there and are not.
    """
    if len(children) == 1 and not (fixed or brought or absent):
        return _only_child(*children[0])

    def make(row: Row) -> Json | None:
        made: Json = {}
        for name, child in children:
            found = child(row)
            if found is not None:
                made[name] = found
        if not made:
            return None
        if fixed:
            made = {**fixed, **made}
        for name, bring in brought:
            if name not in made and (found := bring(row)) is not None:
                made[name] = found
        for one in absent:
            if one.names.isdisjoint(made):
                made[one.name] = one.stand_in
        return made

    return make


def coding(make: Make) -> Make:
    """A coding with the display of its code, where none is told; without a code it is of no system."""

    def make_coding(row: Row) -> Json | None:
        made: Json | None = make(row)
        if made is None:
            return None
        code = made.get("code")
        if code is None:
            made.pop("system", None)
        elif "display" not in made and (display := display_of(made.get("system"), code)) is not None:
            made["display"] = display
        return made

    return make_coding


def _only_child(name: str, child: Make) -> Make:
    def make(row: Row) -> Json | None:
        found = child(row)
        return None if found is None else {name: found}

    return make


def several(makers: Sequence[tuple[bool, Make]]) -> Make:
    """A list of those that have something; one marked True gives several itself."""
    if len(makers) == 1 and not makers[0][0]:
        only = makers[0][1]

        def make_one(row: Row) -> list[Any] | None:
            found = only(row)
            return None if found is None else [found]

        return make_one

    def make(row: Row) -> list[Any] | None:
        made: list[Any] = []
        for is_many, maker in makers:
            found = maker(row)
            if found is None:
                continue
            if is_many:
                made += found
            else:
                made.append(found)
        return made or None

    return make


def each(rows: Make, maker: Make) -> Make:
    """One for every row of the list that has something."""

    def make(row: Row) -> list[Any] | None:
        return [found for one in rows(row) or () if (found := maker((*row, one))) is not None] or None

    return make


def quantity(amount: Make, unit: Make | None, *, fixed: tuple[str, str] | None) -> Make:
    """A Quantity, its comparator and unit with it; None where the text is no number."""

    def make(row: Row) -> Json | None:
        said = amount(row)
        found = None if said is None else values.compared(said)
        if found is None:
            return None
        comparator, number = found
        made: Json = {"value": number}
        if comparator:
            made["comparator"] = comparator
        if fixed:
            made |= {"unit": fixed[0], "system": UCUM, "code": fixed[1]}
        elif unit is not None and (word := unit(row)):
            made["unit"] = word
            if ucum := UCUM_CODES.get(word):
                made |= {"system": UCUM, "code": ucum}
        return made

    return make


def words_instead(amount: Make) -> Make:
    """The text of a result that is no number."""

    def make(row: Row) -> str | None:
        said = amount(row)
        return None if said is None or values.compared(said) is not None else values.text(said)

    return make
