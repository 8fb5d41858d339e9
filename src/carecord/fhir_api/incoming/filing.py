"""What becomes of a resource that is sent: a row of the catalogue, or none and the reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carecord.catalogue.model import Operation
from carecord.catalogue.submission import Row


@dataclass(frozen=True, slots=True)
class Filing:
    """An item to file under an operation of the catalogue; by JSON names, as a source would submit it."""

    operation: Operation
    item: Mapping[str, Any]
    source_item_id: str | None = None
    """None: whoever files it names it after the resource."""
    further: tuple["Filing", ...] = ()
    """Rows that come and go with this one, such as the bytes of a document."""
    row: Row | None = field(default=None, compare=False)
    """The item as it is stored, once the catalogue has taken it; its key is still to be given."""


class NoPlace(Exception):
    """The catalogue cannot hold it without error: it is kept as FHIR alone. The text holds no value."""
