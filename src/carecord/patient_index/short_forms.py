"""Short and familiar forms of forenames: Bill for William."""

from functools import cache, lru_cache
from importlib.resources import files

from nicknames import name_triplets


@cache
def _full_forms() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for triplet in name_triplets():
        full, short = (_key(str(name)) for name in (triplet.name1, triplet.name2))
        if full and short and full != short:
            found.setdefault(short, set()).add(full)
    return {short: frozenset(full) for short, full in found.items()}


def _key(name: str) -> str:
    return "".join(letter for letter in name.upper() if letter.isalpha())


@cache
def _known_names() -> frozenset[str]:
    """Of the list of short forms; and the common ones of `uk_100k` (ONS baby names, OGL v3)."""
    common = (files(__package__) / "forenames.txt").read_text(encoding="ascii").split()
    return frozenset(common).union(_full_forms(), *_full_forms().values())


def is_known(forename: str) -> bool:
    """Whether it is a name that people are given, and so hardly a slip in another."""
    return forename in _known_names()


@lru_cache(maxsize=65_536)
def forms(forename: str) -> frozenset[str]:
    """The name itself and the full names that it is a short form of."""
    return _full_forms().get(forename, frozenset()) | {forename}


@lru_cache(maxsize=65_536)
def full_form(forename: str) -> str:
    """One full name for a name and its short forms, the first where it could be several."""
    return min(_full_forms().get(forename, frozenset()), default=forename)
