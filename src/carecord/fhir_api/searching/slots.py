"""The values that a search gathers while it is parsed, and what its parts may raise."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from carecord.fhir_api.searching.model import Slot


class UnknownParameter(ValueError):
    """No such parameter of the type: its text names both."""


class UnknownModifier(ValueError):
    """The parameter does not take this modifier."""


class Slots:
    """Values, each under the name of its parameter in the statement."""

    def __init__(self, *, prefix: str, now: datetime, base: str) -> None:
        self.values: dict[Slot, Any] = {}
        self.now = now
        self.base = base
        """The address of this server: references that begin with it are its own."""
        self.followed = 0
        """References that chains and `_has` follow, in all of the search."""
        self._prefix = prefix

    def add(self, value: Any) -> Slot:
        name = f"{self._prefix}{len(self.values)}"
        self.values[name] = value
        return name

    def add_tokens(self, tokens: Iterable[int]) -> Slot:
        return self.add(tuple(dict.fromkeys(tokens)))
