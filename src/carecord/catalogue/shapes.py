"""The shapes that declarations give: what a submission must look like, and what an answer looks like."""

from functools import cache
from typing import Annotated, Any, cast

import msgspec

from carecord.catalogue.model import Field, Kind, Operation, Part

TENANCY_DESCRIPTION = "TenancyDescription"
"""Named on every item and never stored: it is the name of the row's source at the time of reading."""

TEXT_LIMIT = 65_536
CONTENT_LIMIT = 32 * 1024 * 1024
"""Longest text of a field, and of the base64 content of a document, in characters."""

SERVER_OWNED = frozenset({TENANCY_DESCRIPTION, "PatientDetailId"})
"""Fields of items that no source may send: the server sets them."""


class Shape(msgspec.Struct, kw_only=True, gc=False):
    """An item in memory; its attributes are those of the declaration, its JSON names the catalogue's."""


@cache
def answer_shape(operation: Operation, leave_out: tuple[str, ...] = ()) -> type[Shape]:
    """The exposed fields in their order. What a stored row lacks is null, an empty list or an empty object.

    A field of carecord's own is left out until it is set.
    """
    return _answer(operation.item, operation.item.__name__, frozenset(leave_out))


@cache
def part_shape(part: type[Part]) -> type[Shape]:
    """An object of an answer by itself, for an answer that is put together of such."""
    return _answer(part, part.__name__)


@cache
def submission_shape(
    part: type[Part],
    server_owned: frozenset[str],
    defaults: tuple[tuple[str, str], ...] = (),
    *,
    keeps_nulls: bool = True,
) -> type[Shape]:
    """What a source may send: hidden fields too, the server's own left out, nothing unknown.

    `defaults` gives values, by attribute, to fields that the declaration demands and sources leave out.
    Without `keeps_nulls` its JSON leaves out what has no value.
    """
    return _submission(part, part.__name__, server_owned, dict(defaults), keeps_nulls)


@cache
def body_shape(body: type[Part]) -> type[Shape]:
    """The JSON body of a request; every field may be left out that may be null."""
    return _submission(body, body.__name__, frozenset(), {}, True)


def body_fields_needed(body: type[Part]) -> frozenset[str]:
    """The names of the fields that a body of this shape cannot leave out."""
    return frozenset(f.name for f in body.fields if _cannot_be_left_out(f, frozenset()))


def _answer(part: type[Part], name: str, leave_out: frozenset[str] = frozenset()) -> type[Shape]:
    fields: list[Any] = []
    names: dict[str, str] = {}
    for f in part.fields:
        if not f.exposed or f.name in leave_out:
            continue
        names[f.attribute] = f.name
        inner: Any = _answer(f.part, f"{name}{f.name}") if f.part else _plain(f.kind)
        if f.ours:
            fields.append((f.attribute, inner | msgspec.UnsetType, msgspec.UNSET))
        elif f.repeats:
            fields.append((f.attribute, list[inner], msgspec.field(default_factory=list)))
        elif f.part:
            fields.append((f.attribute, inner, msgspec.field(default_factory=inner)))
        else:
            fields.append((f.attribute, inner | None, None))
    shape = msgspec.defstruct(name, fields, bases=(Shape,), rename=names, kw_only=True, gc=False)
    return cast(type[Shape], shape)


def _submission(
    part: type[Part], name: str, owned: frozenset[str], defaults: dict[str, str], keeps_nulls: bool
) -> type[Shape]:
    fields: list[Any] = []
    names: dict[str, str] = {}
    for f in part.fields:
        if f.name in owned:
            continue
        names[f.attribute] = f.name
        inner: Any = _submission(f.part, f"{name}{f.name}", owned, {}, keeps_nulls) if f.part else _strict(f)
        if f.repeats:
            fields.append((f.attribute, list[inner], msgspec.field(default_factory=list)))
        elif f.part and not f.nullable and not _requires(f.part, owned):
            fields.append((f.attribute, inner, msgspec.field(default_factory=inner)))
        elif f.attribute in defaults:
            fields.append((f.attribute, inner, defaults[f.attribute]))
        elif f.nullable or (f.part is None and f.name == "TotalItemCount"):
            fields.append((f.attribute, inner | None, None))
        else:
            fields.append((f.attribute, inner))
    shape = msgspec.defstruct(
        name,
        fields,
        bases=(Shape,),
        rename=names,
        kw_only=True,
        gc=False,
        forbid_unknown_fields=True,
        omit_defaults=not keeps_nulls,
    )
    return cast(type[Shape], shape)


def _requires(part: type[Part], owned: frozenset[str]) -> bool:
    """Whether an object of this part cannot be left out, because a field in it must be given."""
    return any(_cannot_be_left_out(f, owned) for f in part.fields)


def _cannot_be_left_out(f: Field, owned: frozenset[str]) -> bool:
    return (
        not f.nullable
        and not f.repeats
        and f.name not in owned
        and f.name != "TotalItemCount"
        and (f.part is None or _requires(f.part, owned))
    )


def _plain(kind: Kind) -> Any:
    return _PLAIN.get(kind, str)


_PLAIN: dict[Kind, Any] = {
    Kind.INTEGER: int,
    Kind.NUMBER: float,
    Kind.BOOLEAN: bool,
    Kind.PAIR_OF_IDS: list[str],
}


def _strict(f: Field) -> Any:
    if f.holds and f.holds.value == "object":
        return msgspec.Raw
    if f.kind is Kind.INTEGER:
        return Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
    if f.kind is Kind.BOOLEAN:
        return bool
    return Annotated[str, msgspec.Meta(max_length=CONTENT_LIMIT if f.name == "Content" else TEXT_LIMIT)]
