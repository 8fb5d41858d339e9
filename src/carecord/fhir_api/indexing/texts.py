"""How texts and numbers are made comparable: the same here, in SQL and in what is searched for."""

import math
from collections.abc import Callable
from decimal import Decimal, DecimalException
from functools import lru_cache
from hashlib import md5
from typing import TypeVar

from anyascii import anyascii

_R = TypeVar("_R")

LONGEST_KNOWN = 256
"""Characters of what is remembered: clients send texts of any length, and memory has an end."""


def remembering(make: Callable[..., _R]) -> Callable[..., _R]:
    """The same function of texts, that remembers what it made of the last short ones."""
    known = lru_cache(maxsize=65_536)(make)

    def made(*texts: str) -> _R:
        for text in texts:
            if len(text) > LONGEST_KNOWN:
                return make(*texts)
        return known(*texts)

    return made


def token(text: str) -> int:
    """The first eight bytes of the MD5, signed: the same as SQL's fhir_api.token(text)."""
    return int.from_bytes(md5(text.encode(), usedforsecurity=False).digest()[:8], "big", signed=True)


known_token = remembering(token)
"""For what many resources have, such as codes; not for what only one has."""


def fold(text: str) -> str:
    """Without accents, case and needless blanks."""
    if not text.isascii():
        text = anyascii(text)
    return " ".join(text.casefold().split())


known_fold = remembering(fold)
"""For what stands in many resources: displays, names, towns."""


def number_range(value: object) -> tuple[float, float, float] | None:
    """A number with what it may stand for: half of its last digit to either side, the upper end exclusive.

    `1.0` is (0.95, 1.05, 1.0), `100` is (99.5, 100.5, 100.0). None for what is no number, or out of range.
    """
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int):
            return None
        half = Decimal((0, (5,), exponent - 1))
        low, high, middle = float(number - half), float(number + half), float(number)
    except (DecimalException, OverflowError):
        return None
    return (low, high, middle) if math.isfinite(low) and math.isfinite(high) else None
