"""Where people live: towns, streets and postcodes that do not exist."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from random import Random
from typing import Any

INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
"""No C, I, K, M, O or V: PAF, postcode format."""


@dataclass(frozen=True, slots=True)
class Address:
    """One dwelling, in the lines that the catalogue has."""

    line1: str
    line2: str | None
    line3: str
    line4: str | None
    post_code: str
    side: str
    """Which of the two acute trusts the town looks to: Eastvale or Netherby."""

    def lines(self) -> dict[str, str | None]:
        """The address as the fields of an item."""
        return {
            "AddressLine1": self.line1,
            "AddressLine2": self.line2,
            "AddressLine3": self.line3,
            "AddressLine4": self.line4,
            "PostCode": self.post_code,
        }

    @property
    def text(self) -> str:
        return ", ".join(part for part in (self.line1, self.line2, self.line3, self.post_code) if part)


@cache
def _lists() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((files(__package__) / "places.json").read_text(encoding="utf-8"))
    return loaded


@cache
def outward_codes() -> frozenset[str]:
    """The outward codes of the invented towns."""
    return frozenset(code for town in _lists()["towns"] for code in town["outward"])


@cache
def _town_weights() -> list[float]:
    return list(accumulate(town["weight"] for town in _lists()["towns"]))


def address(rng: Random, *, care_home: bool = False) -> Address:
    """A house, sometimes a flat, in one of the towns; or a care home."""
    lists = _lists()
    (town,) = rng.choices(lists["towns"], cum_weights=_town_weights())
    street = _street(rng)
    post_code = (
        f"{rng.choice(town['outward'])} {int(rng.random() * 10)}"
        f"{rng.choice(INWARD_LETTERS)}{rng.choice(INWARD_LETTERS)}"
    )
    number = 1 + int(rng.random() ** 2 * 180)
    if care_home:
        line1, line2 = rng.choice(lists["care_homes"]), f"{number} {street}"
    elif rng.random() < 0.12:
        line1, line2 = f"Flat {1 + int(rng.random() * 24)}", f"{number} {street}"
    else:
        line1, line2 = f"{number} {street}", None
    district = town["district"]
    return Address(
        line1=line1,
        line2=line2 or district,
        line3=town["town"],
        line4=district if line2 else None,
        post_code=post_code,
        side=town["side"],
    )


def _street(rng: Random) -> str:
    lists = _lists()
    name = lists["street_names"][int(rng.random() ** 1.4 * len(lists["street_names"]))]
    kind = lists["street_kinds"][int(rng.random() ** 1.6 * len(lists["street_kinds"]))]
    return f"{name} {kind}"
