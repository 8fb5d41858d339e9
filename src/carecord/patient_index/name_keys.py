"""Keys to find people by: names without case, accents, apostrophes, hyphens and spaces."""

import re
from functools import lru_cache

from anyascii import anyascii

_NOT_KEY = re.compile(r"[^A-Z0-9]+")

KEY_END = "~"
"""Sorts after every character of a key: `key >= prefix and key < prefix || '~'` is "starts with"."""


@lru_cache(maxsize=65_536)
def name_key(name: str) -> str:
    """`O'Brien-Núñez` is `OBRIENNUNEZ`; any script is written in Latin letters first."""
    return _NOT_KEY.sub("", anyascii(name).upper())


@lru_cache(maxsize=65_536)
def postcode_key(postcode: str) -> str:
    """`zz99 3cz` is `ZZ993CZ`."""
    return _NOT_KEY.sub("", postcode.upper())
