"""Statements made once for each shape, as many as fit into so many bytes of their text."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, ParamSpec, TypeVar

from carecord.db.direct import Question

P = ParamSpec("P")
S = TypeVar("S")

MOST_BYTES = 8 * 1024 * 1024
"""Of the texts of all statements that one function remembers."""


class Remembering(Generic[P, S]):
    """A function that makes statements, and gives those again that were asked for last.

    Its arguments must be hashable. One statement may take an eighth of the room; larger ones are made anew.
    """

    def __init__(
        self, make: Callable[P, S], question_of: Callable[[S], Question], *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._make = make
        self._question_of = question_of
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[object, ...], S] = OrderedDict()
        self._bytes = 0
        self._turn = Lock()

    @property
    def size(self) -> int:
        """Bytes of the texts that are remembered."""
        return self._bytes

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> S:
        key = (args, *sorted(kwargs.items()))
        with self._turn:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._make(*args, **kwargs)
        size = self._size(made)
        with self._turn:
            if key in self._kept or size * 8 > self._most_bytes:
                return self._kept.get(key, made)
            self._kept[key] = made
            self._bytes += size
            while self._bytes > self._most_bytes:
                self._bytes -= self._size(self._kept.popitem(last=False)[1])
        return made

    def _size(self, made: S) -> int:
        return len(self._question_of(made).text)
