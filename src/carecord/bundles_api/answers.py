"""Stored rows become the JSON that the catalogue declares: exposed fields in order, nulls, the source."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import msgspec

from carecord.catalogue.model import Operation, Part
from carecord.catalogue.shapes import TENANCY_DESCRIPTION, Shape, answer_shape

_encoder = msgspec.json.Encoder()


class Rows:
    """Reads stored rows of an operation, and leaves out of them what a composed view does not show."""

    def __init__(self, operation: Operation, leave_out: tuple[str, ...] = ()) -> None:
        shape = answer_shape(operation, leave_out)
        self._decode = msgspec.json.Decoder(list[shape]).decode  # type: ignore[valid-type]
        self._name_source = _source_namer(operation.item)

    def read(self, items: bytes | str, descriptions: Sequence[str]) -> list[Shape]:
        """The rows of a JSON array, each told the name of its source."""
        rows: list[Shape] = self._decode(items)
        name = self._name_source
        for row, description in zip(rows, descriptions, strict=True):
            name(row, description)
        return rows


@cache
def rows_of(operation: Operation, leave_out: tuple[str, ...] = ()) -> Rows:
    return Rows(operation, leave_out)


def encode_list(operation: Operation, rows: Sequence[Any], total: int) -> bytes:
    """The envelope: the collection's name with the rows, and how many there are in all."""
    return _encoder.encode({operation.collection: rows, "TotalItemCount": total})


def encode_row(row: Any) -> bytes:
    """One row without envelope."""
    return _encoder.encode(row)


def _source_namer(part: type[Part]) -> Callable[[Any, str], None]:
    own = [f.attribute for f in part.fields if f.name == TENANCY_DESCRIPTION]
    below = [
        (f.attribute, f.repeats, _source_namer(f.part))
        for f in part.fields
        if f.part and any(leaf.field.name == TENANCY_DESCRIPTION for leaf in f.part.leaves())
    ]
    if own and not below:
        attribute = own[0]
        return lambda row, description: setattr(row, attribute, description)

    def name(row: Any, description: str) -> None:
        for attribute in own:
            setattr(row, attribute, description)
        for attribute, repeats, name_inner in below:
            inner = getattr(row, attribute)
            for one in inner if repeats else (inner,):
                name_inner(one, description)

    return name
