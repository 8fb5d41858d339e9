"""An item that a source sends becomes a row to store, or a list of the fields and rules that stand against it."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from msgspec.structs import astuple

from carecord.catalogue import operations_of_store
from carecord.catalogue.checks import Check, checks_of, comes_before, keeps_empty
from carecord.catalogue.model import Differs, Equals, Flag, IsNotNull, IsNull, Kind, Leaf, Operation, Part
from carecord.catalogue.shapes import SERVER_OWNED, Shape, submission_shape
from carecord.kernel.errors import FieldError


class InvalidItem(Exception):
    """The item breaks rules of the catalogue; `errors` names each field and its rule."""

    def __init__(self, errors: list[FieldError]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors))


class ItemReader:
    """Reads the items of one operation: decodes, checks every rule of the declaration, and normalises."""

    def __init__(
        self,
        operation: Operation,
        *,
        server_owned: frozenset[str] = SERVER_OWNED,
        defaults: Mapping[str, str] | None = None,
        keeps_nulls: bool = True,
    ) -> None:
        given = tuple((defaults or {}).items())
        shape = submission_shape(operation.item, server_owned, given, keeps_nulls=keeps_nulls)  # type: ignore[arg-type]
        self._decoder = msgspec.json.Decoder(shape)
        self._check = _part_check(operation.item, shape)
        self._check_rows = _rows_check(operation)

    def read(self, raw: bytes | msgspec.Raw, *, today: str) -> Shape:
        """The item as a shape; raises InvalidItem. `today` is UK local: what has happened cannot lie after it."""
        try:
            item = self._decoder.decode(raw)
        except msgspec.ValidationError as error:
            raise InvalidItem([structural_error(error)]) from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InvalidItem([FieldError("Item", "must be JSON")]) from None
        errors: list[FieldError] = []
        self._check(item, "", today, errors)
        self._check_rows(item, errors)
        if errors:
            raise InvalidItem(errors)
        return item


class Row(msgspec.Struct, frozen=True, gc=False):
    """An item that keeps every rule, ready to be stored.

    `item` is its JSON. `occurred_at` is the text its collection is ordered by, where that is a time.
    `shared` rows belong to a store that several collections submit to: they set only their own fields.
    """

    store: str
    shared: bool
    item: bytes
    key: str
    occurred_at: str | None


def parse_item(
    operation: Operation, raw: bytes | msgspec.Raw, *, source_item_id: str | None, today: str
) -> Row:
    """Check an item of the operation's collection against its declaration; raises InvalidItem."""
    submitted = _submitted(operation)
    item = submitted.reader.read(raw, today=today)
    return Row(
        store=submitted.store,
        shared=submitted.shared,
        item=submitted.encode(item),
        key=source_item_key(source_item_id) if source_item_id else submitted.natural_key(item),
        occurred_at=submitted.occurred_at(item),
    )


def source_item_key(source_item_id: str) -> str:
    """What identifies a row within its source record when the source names it."""
    return f"id:{source_item_id}"


PartCheck = Callable[[Any, str, str, list[FieldError]], None]


@dataclass(frozen=True, slots=True)
class _Submitted:
    """All that storing one collection's items needs, worked out once."""

    store: str
    shared: bool
    reader: ItemReader
    encode: Callable[[Any], bytes]
    natural_key: Callable[[Shape], str]
    occurred_at: Callable[[Shape], str | None]


@cache
def _submitted(operation: Operation) -> _Submitted:
    assert operation.store is not None, operation.operation_id
    shared = len([o for o in operations_of_store(operation.store.name) if o.submitted]) > 1
    return _Submitted(
        store=operation.store.name,
        shared=shared,
        reader=ItemReader(operation, keeps_nulls=shared),
        encode=_merging_encoder(operation) if shared else _encoder.encode,
        natural_key=_natural_key(operation),
        occurred_at=_occurred_at(operation),
    )


_encoder = msgspec.json.Encoder()


def _merging_encoder(operation: Operation) -> Callable[[Any], bytes]:
    """A row of a shared store also says what its collection's rule implies, such as that it has not ended."""
    assert operation.store is not None
    rows = operation.store.rows
    own = {leaf.name for leaf in operation.leaves}
    if not isinstance(rows, IsNull) or rows.field in own:
        return _encoder.encode
    implied = b',"' + rows.field.encode() + b'":null}'
    return lambda item: _encoder.encode(item)[:-1] + implied


_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")


def structural_error(
    error: msgspec.ValidationError, *, whole: str = "Item", unknown: str = "is no field of this collection"
) -> FieldError:
    """msgspec's words, `Expected …, got … - at `$.Field``, as a field and a rule that hold no value.

    What stands where a field's name should may be a value: it is repeated only where it looks like a name.
    """
    text = str(error)
    rule, _, at = text.partition(" - at `$")
    field = at.rstrip("`").lstrip(".").replace("[...]", "[]")
    for name in re.findall(r"unknown field `(.*)`", rule, re.DOTALL):
        if _FIELD_NAME.fullmatch(name):
            return FieldError(f"{field}.{name}".lstrip("."), unknown)
        return FieldError(field or whole, f"has a name that {unknown}")
    for missing in re.findall(r"missing required field `(.*)`", rule):
        return FieldError(f"{field}.{missing}".lstrip("."), "must be given")
    if rule.startswith("Invalid enum value"):
        return FieldError(field or whole, "is none of the values that this field takes")
    return FieldError(field or whole, rule[0].lower() + rule[1:])


def _part_check(part: type[Part], shape: type[Shape]) -> PartCheck:
    given = {f.name for f in msgspec.structs.fields(shape)}
    texts: list[tuple[str, str, bool, bool]] = []
    checked: list[tuple[str, str, bool, tuple[Check, ...]]] = []
    parts: list[tuple[str, str, bool, PartCheck]] = []
    pairs: list[tuple[str, str, str, str]] = []
    counted: tuple[str, str] | None = None
    by_attribute = {f.attribute: f for f in part.fields}
    field_types = {f.name: f for f in msgspec.structs.fields(shape)}
    for f in part.fields:
        if f.attribute not in given:
            continue
        if f.part is not None:
            parts.append(
                (f.attribute, f.name, f.repeats, _part_check(f.part, _inner(field_types[f.attribute].type)))
            )
        elif f.repeats or f.kind in (Kind.INTEGER, Kind.BOOLEAN):
            pass
        else:
            texts.append((f.attribute, f.name, f.nullable, keeps_empty(f)))
            not_future, checks = Flag.NOT_FUTURE in f.flags, checks_of(f)
            if not_future or checks:
                checked.append((f.attribute, f.name, not_future, checks))
        if f.not_before and f.not_before in given:
            pairs.append((f.attribute, f.name, f.not_before, by_attribute[f.not_before].name))
        if f.name == "TotalItemCount":
            counted = (f.attribute, next(o.attribute for o in part.fields if o.repeats))

    def check(item: Any, above: str, today: str, errors: list[FieldError]) -> None:
        broken = len(errors)
        # Few items hold an empty text: to look for one at all is quicker than to look at each field.
        if "" in astuple(item):
            for attribute, name, nullable, keeps in texts:
                if getattr(item, attribute) == "":
                    if not nullable:
                        errors.append(FieldError(above + name, "must not be empty"))
                    elif not keeps:
                        setattr(item, attribute, None)
        for attribute, name, not_future, checks in checked:
            value = getattr(item, attribute)
            if not value:
                continue
            for keeps_rule in checks:
                rule = keeps_rule(value)
                if rule is not None:
                    errors.append(FieldError(above + name, rule))
                    break
            else:
                if not_future and value[:10] > today:
                    errors.append(FieldError(above + name, "must not lie in the future"))
        if len(errors) == broken:
            for attribute, name, start, start_name in pairs:
                ended, started = getattr(item, attribute), getattr(item, start)
                if ended and started and comes_before(ended, started):
                    errors.append(FieldError(above + name, f"must not lie before {start_name}"))
        for attribute, name, repeats, inner in parts:
            below = getattr(item, attribute)
            if repeats:
                for position, one in enumerate(below):
                    inner(one, f"{above}{name}[{position}].", today, errors)
            else:
                inner(below, f"{above}{name}.", today, errors)
        if counted is not None:
            setattr(item, counted[0], len(getattr(item, counted[1])))

    return check


def _inner(annotation: Any) -> type[Shape]:
    """The shape inside `list[Shape]`, or the shape itself."""
    arguments = getattr(annotation, "__args__", None)
    inner: type[Shape] = arguments[0] if arguments else annotation
    return inner


def _rows_check(operation: Operation) -> Callable[[Shape, list[FieldError]], None]:
    """A row sent to a collection must be one that the collection shows."""
    assert operation.store is not None
    rows = operation.store.rows
    attributes = {leaf.name: leaf.field.attribute for leaf in operation.leaves if len(leaf.path) == 1}
    if rows is None or rows.field not in attributes:
        return lambda item, errors: None
    attribute, name = attributes[rows.field], rows.field

    def check(item: Shape, errors: list[FieldError]) -> None:
        value = getattr(item, attribute)
        if isinstance(rows, Equals) and value != rows.value:
            errors.append(FieldError(name, f"must be {rows.value} in this collection"))
        elif isinstance(rows, Differs) and value == rows.value:
            errors.append(FieldError(name, f"must not be {rows.value} in this collection"))
        elif isinstance(rows, IsNotNull) and value is None:
            errors.append(FieldError(name, "must be given in this collection"))
        elif isinstance(rows, IsNull) and value is not None:
            errors.append(FieldError(name, "must be null in this collection"))

    return check


def _value_at(leaf: Leaf) -> Callable[[Any], Any]:
    """What stands at the leaf; a list of what stands there where the way goes through a list."""
    path = leaf.path

    def value(item: Any, depth: int = 0) -> Any:
        for position in range(depth, len(path)):
            item = getattr(item, path[position].attribute)
            if path[position].repeats and position + 1 < len(path):
                return [value(one, position + 1) for one in item]
        return item

    return value


def _natural_key(operation: Operation) -> Callable[[Shape], str]:
    getters = [_value_at(leaf) for leaf in operation.key]

    def key(item: Shape) -> str:
        values = _encoder.encode([get(item) for get in getters])
        return "key:" + hashlib.blake2b(values, digest_size=16).hexdigest()

    return key


def _occurred_at(operation: Operation) -> Callable[[Shape], str | None]:
    leaf = occurrence_of(operation)
    return _value_at(leaf) if leaf else lambda item: None


@cache
def occurrence_of(operation: Operation) -> Leaf | None:
    """The leaf that says when a row of the operation's store happened: what the store's first collection is ordered by."""
    assert operation.store is not None
    for first in operations_of_store(operation.store.name):
        for ordered, _ in first.order:
            if is_time(ordered):
                return next((leaf for leaf in operation.leaves if leaf.name == ordered.name), None)
    return None


def is_time(leaf: Leaf) -> bool:
    """Whether the leaf's text is a day or a time."""
    field = leaf.field
    held = field.holds.value if field.holds else field.kind.value
    return held in (Kind.DAY.value, Kind.LOCAL_DATE_TIME.value)
