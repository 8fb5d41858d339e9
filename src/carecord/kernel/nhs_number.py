"""NHS numbers: ten digits, the last a modulus-11 check digit (NHS Data Dictionary: NHS NUMBER)."""

from functools import lru_cache

from nhs_number.validate import is_valid


@lru_cache(maxsize=65_536)
def is_nhs_number(text: str) -> bool:
    """Whether the text is ten digits, without spaces, whose check digit holds."""
    return len(text) == 10 and text.isascii() and text.isdigit() and bool(is_valid(text))


def is_placeholder(number: str) -> bool:
    """Whether the number is one that systems write where they know none, such as `9999999999`.

    Many of ten equal digits keep the rule of the check digit.
    """
    return len(set(number)) == 1


def without_spaces(text: str) -> str:
    """The number as people write it, `999 012 3454`, without its spaces and hyphens."""
    return text.replace(" ", "").replace("-", "")
