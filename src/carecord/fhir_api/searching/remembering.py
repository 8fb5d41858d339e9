"""What is made once for each shape or each set of scopes, as much of it as fits into so many bytes."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
S = TypeVar("S")

MOST_BYTES = 8 * 1024 * 1024
"""Of the texts of all that one function remembers, and of what it was asked with."""


class Remembering(Generic[P, S]):
    """A function that makes statements or parts of them, and gives those again that were asked for last.

    Its arguments must be hashable. Written out as `repr` they count too: scopes and searches are of any
    length. `size_of` gives the bytes of what was made. One may take an eighth of the room; larger ones are
    made anew.
    """

    def __init__(
        self, make: Callable[P, S], size_of: Callable[[S], int], *, most_bytes: int = MOST_BYTES
    ) -> None:
        self._make = make
        self._size_of = size_of
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[object, ...], tuple[S, int]] = OrderedDict()
        self._bytes = 0
        self._turn = Lock()

    @property
    def size(self) -> int:
        """Bytes of what is remembered."""
        return self._bytes

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> S:
        key = (args, *sorted(kwargs.items()))
        with self._turn:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        made = self._make(*args, **kwargs)
        size = self._size_of(made) + len(repr(key))
        with self._turn:
            if key not in self._kept and size * 8 <= self._most_bytes:
                self._kept[key] = made, size
                self._bytes += size
                while self._bytes > self._most_bytes:
                    self._bytes -= self._kept.popitem(last=False)[1][1]
        return made


def remembering(size_of: Callable[[S], int]) -> Callable[[Callable[P, S]], Remembering[P, S]]:
    """The function remembers what it makes, of these sizes."""
    return lambda make: Remembering(make, size_of)
