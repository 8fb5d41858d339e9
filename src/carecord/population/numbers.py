"""Numbers that belong to nobody: NHS numbers of the 999 range, local numbers, telephones kept for fiction."""

from collections.abc import Collection, Iterator
from random import Random

from stdnum.gb import nhs

from carecord.population.chance import seeded

MOST_PEOPLE = 900_000
"""How many people the 999 range has numbers for, with room for the known ones."""

_STEP = 618_033
"""Coprime to a million, so that its multiples visit every six digits once."""

_LOCAL_STEP = 7_368_787
_LOCAL_RANGE = 10_000_000


def nhs_numbers(seed: int, taken: Collection[str]) -> Iterator[str]:
    """Every NHS number of the 999 range with a valid check digit, each once, in an order the seed gives."""
    at = seeded(seed, "nhs numbers").randrange(1_000_000)
    for _ in range(1_000_000):
        at = (at + _STEP) % 1_000_000
        body = f"999{at:06}"
        check = -nhs.checksum(f"{body}0") % 11
        number = f"{body}{check}"
        if check < 10 and number not in taken:
            yield number


def scattered(number: int, *, by: int) -> int:
    """Seven digits that differ for every number below ten million and share no order with another `by`."""
    return (number * _LOCAL_STEP + by * 1_299_709) % _LOCAL_RANGE


def home_telephone(rng: Random) -> str:
    """Ofcom: numbers for use in drama, no area."""
    return f"01632 960{int(rng.random() * 1000):03}"


def mobile_telephone(rng: Random) -> str:
    """Ofcom: numbers for use in drama, mobile."""
    return f"07700 900{int(rng.random() * 1000):03}"


def london_telephone(rng: Random) -> str:
    """Ofcom: numbers for use in drama, London."""
    return f"020 7946 0{int(rng.random() * 1000):03}"
