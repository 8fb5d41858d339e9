"""What has been read of one resource so far."""

from collections.abc import Callable
from typing import Any, TypeVar

from carecord.fhir_api.fhirpath import Node

T = TypeVar("T")


class Reading:
    """Tokens and values as they come together; what several parameters need of one element is made once."""

    __slots__ = ("_made", "base", "tokens", "values")

    def __init__(self, base: str) -> None:
        self.base = base
        """Our own FHIR address, which references may begin with."""
        self.tokens: set[int] = set()
        self.values: dict[str, Any] = {}
        self._made: dict[Any, Any] = {}

    def once(self, what: str, node: Node, make: Callable[[Node], T]) -> T:
        """What `make` makes of this element of the resource; `what` names it."""
        place = (what, id(node[0]))
        made: T | None = self._made.get(place)
        if made is None:
            made = self._made[place] = make(node)
        return made
