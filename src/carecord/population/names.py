"""What people are called, by sex, year of birth and where their family's names come from."""

import json
from bisect import bisect
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Any

ORIGIN_OF_ETHNIC_CATEGORY = {
    "A": ("british", "british", "british", "british", "british", "british", "scottish", "irish"),
    "B": ("irish",),
    "C": ("polish", "european"),
    "D": ("caribbean", "british"),
    "E": ("african", "british"),
    "F": ("indian", "british"),
    "G": ("european", "british"),
    "H": ("indian",),
    "J": ("pakistani",),
    "K": ("bangladeshi",),
    "L": ("indian", "arabic", "chinese"),
    "M": ("caribbean",),
    "N": ("african",),
    "P": ("caribbean", "african"),
    "R": ("chinese",),
    "S": ("arabic", "european"),
}


@cache
def _lists() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((files(__package__) / "names.json").read_text(encoding="utf-8"))
    return loaded


@cache
def _weights(count: int) -> tuple[float, ...]:
    """The first of a list is met most; the rest thin out, as name frequencies do."""
    return tuple(accumulate(1 / (rank + 6) for rank in range(count)))


def by_rank(names: list[str], rng: Random) -> str:
    """One of a list that has the commonest first."""
    weights = _weights(len(names))
    return names[bisect(weights, rng.random() * weights[-1])]


def forename(*, sex: str, born: int, origin: str, rng: Random) -> str:
    """A forename for a sex (1 male, 2 female), a year of birth and an origin."""
    letter = "F" if sex == "2" else "M"
    lists = _lists()
    of_origin = lists["forenames_by_origin"].get(origin)
    # A family's own names give way to those of the country, more with each generation.
    if of_origin and rng.random() < (0.9 if born < 1980 else 0.75):
        return by_rank(of_origin[letter], rng)
    start = max((start for start in lists["forenames_by_birth_year"] if int(start) <= born), default="1900")
    return by_rank(lists["forenames_by_birth_year"][start][letter], rng)


def surname(origin: str, rng: Random) -> str:
    """A surname of an origin; a few are two joined by a hyphen."""
    names = _lists()["surnames"][origin]
    first = by_rank(names, rng)
    if origin == "british" and rng.random() < 0.02:
        second = by_rank(names, rng)
        return f"{first}-{second}" if second != first else first
    return first


def nickname(forename: str, rng: Random) -> str | None:
    """A short or familiar form, where the name has one."""
    known = _lists()["nicknames"].get(forename)
    return known[int(rng.random() * len(known))] if known else None
