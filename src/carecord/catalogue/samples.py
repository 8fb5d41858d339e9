"""A sample of each operation: an item as it is answered, and a body where it takes one. All people are made up."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from carecord.catalogue.model import Bundle, Operation


@dataclass(frozen=True, slots=True)
class Sample:
    """An item of the operation, the body it may be asked with, and words of the path where they matter."""

    item: dict[str, Any]
    body: dict[str, Any] | None
    path: dict[str, str]


@dataclass(frozen=True, slots=True)
class FurtherSample:
    """Another way to ask an operation, and the item that it answers with then."""

    title: str
    body: dict[str, Any]
    item: dict[str, Any]


def sample_of(operation: Operation) -> Sample:
    """The sample of the operation, from the file of its bundle; the caller's own, to change as it likes."""
    found = deepcopy(_samples(operation.bundle)[operation.operation_id])
    return Sample(found["item"], found.get("body"), found.get("path", {}))


def further_samples(operation: Operation) -> list[FurtherSample]:
    """Other ways to ask it; the file has of each item what it has more than the sample's."""
    found = deepcopy(_samples(operation.bundle)[operation.operation_id])
    return [
        FurtherSample(further["title"], further["body"], found["item"] | further["item_has_more"])
        for further in found.get("further", [])
    ]


def sample_answer(operation: Operation, item: dict[str, Any] | None = None) -> dict[str, Any]:
    """The whole body of an answer with the sample in it, or with another item."""
    item = sample_of(operation).item if item is None else item
    if operation.collection is not None:
        return {operation.collection: [item], "TotalItemCount": 1}
    return item


@cache
def _samples(bundle: Bundle) -> dict[str, Any]:
    file = files(__package__).joinpath("sample_files", f"{bundle.slug.replace('-', '_')}.json")
    found: dict[str, Any] = msgspec.json.decode(file.read_bytes())
    return found
