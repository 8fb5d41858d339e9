"""A sample of each operation: an item as it is answered, and a body where it takes one. All people are made up."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from carecord.catalogue.model import Bundle, Operation


@dataclass(frozen=True, slots=True)
class Sample:
    """An item of the operation, and the body it may be asked with."""

    item: dict[str, Any]
    body: dict[str, Any] | None


def sample_of(operation: Operation) -> Sample:
    """The sample of the operation, from the file of its bundle."""
    found = _samples(operation.bundle)[operation.operation_id]
    return Sample(found["item"], found.get("body"))


def sample_answer(operation: Operation) -> dict[str, Any]:
    """The whole body of an answer with the sample in it."""
    item = sample_of(operation).item
    if operation.collection is not None:
        return {operation.collection: [item], "TotalItemCount": 1}
    return item


@cache
def _samples(bundle: Bundle) -> dict[str, Any]:
    file = files(__package__).joinpath("sample_files", f"{bundle.slug.replace('-', '_')}.json")
    found: dict[str, Any] = msgspec.json.decode(file.read_bytes())
    return found
