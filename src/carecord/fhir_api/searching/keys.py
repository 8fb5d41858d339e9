"""What a resource is found by exactly: the tokens that indexing gives it, as search asks for them."""

from carecord.fhir_api.indexing import token

NARROWING_LETTERS = 3
"""Texts are narrowed by so many of their first letters."""


def token_of(type_name: str, parameter: str, rest: str = "") -> int:
    """The token of `Type|parameter` and what follows: `=system|code`, `~abc`, or nothing for any value."""
    return token(f"{type_name}|{parameter}{rest}")
