"""Made-up people by the million, and the records that sources keep of them, with their mistakes.

Names are as unevenly spread as real ones: the lists of made-up populations, and made-up names behind them.
A home has one postcode and address, families a surname, children the telephone of a parent; some are twins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any

from carecord.population import names, places
from carecord.population.mistakes import RATES, Rates, mistyped, swapped

SOURCES = {1: "GP", 2: "Acute", 3: "Pathology", 4: "Community", 5: "Mental health", 6: "Adult social care"}
"""Kinds of source systems, by tenancy."""
KEPT = {1: 0.95, 2: 0.45, 3: 0.28, 4: 0.15, 5: 0.07, 6: 0.06}
"""How many people each has a record of: two records a person in all."""

SURNAMES, FORENAMES = 90_000, 2_500
HOMES_TO_A_POSTCODE = 15
HOME_SIZES = {1: 30, 2: 34, 3: 16, 4: 13, 5: 7}
TWINS = 0.016
MARRIED_NAME = 0.25
MOVED = 0.3
AS_AT = date(2026, 11, 1)
_SYLLABLES = (
    *("an", "be", "cor", "dal", "el", "far", "gin", "hol", "is", "jor", "kin", "lam", "mor"),
    *("nes", "or", "per", "quil", "ros", "sten", "tor", "ul", "ver", "win", "yar", "zel"),
)


@dataclass(frozen=True, slots=True)
class MadePerson:
    """Who somebody is. `number` is the truth, and stands at the start of the source key of every record."""

    number: int
    nhs_number: str
    forename: str
    middle: str | None
    surname: str
    former_surname: str | None
    sex: str
    born: date
    home: int
    former_home: int | None
    mobile: str


@dataclass(frozen=True, slots=True)
class MadeRecord:
    """What one source system says of a person, as Patient - Demographics names it."""

    tenancy_id: int
    source_key: str
    sent: dict[str, Any]


def people(first: int, count: int, *, homes: int, seed: int) -> Iterator[MadePerson]:
    """So many people, the first of that number, home by home. `homes` is how many homes there are in all."""
    rng = Random(f"{seed} {first}")
    number, last = first, first + count
    while number < last:
        home = rng.randrange(homes)
        (size,) = rng.choices(list(HOME_SIZES), cum_weights=list(accumulate(HOME_SIZES.values())))
        yield from _members(number, min(size, last - number), home, homes, rng)
        number += min(size, last - number)


def _members(first: int, size: int, home: int, homes: int, rng: Random) -> list[MadePerson]:
    family = _name(_surnames(), rng)
    oldest = AS_AT - timedelta(days=rng.randrange(18 * 365, 95 * 365))
    members: list[MadePerson] = []
    for place in range(size):
        adult = place < 2
        if adult:
            born = oldest + timedelta(days=rng.randrange(-1800, 1800)) if place else oldest
        elif place > 2 and rng.random() < TWINS:
            born = members[-1].born
        else:
            # No day has more births than others: an agreeing one must be worth what it is in life.
            until = min(42 * 365, (AS_AT - oldest).days)
            born = oldest + timedelta(days=rng.randrange(17 * 365, until))
        sex = rng.choice("MF")
        own = family if not place or not adult or rng.random() < 0.7 else _name(_surnames(), rng)
        married = adult and sex == "F" and rng.random() < MARRIED_NAME
        members.append(
            MadePerson(
                number=first + place,
                nhs_number=nhs_number(first + place),
                forename=_name(_forenames(sex), rng),
                middle=_name(_forenames(sex), rng) if rng.random() < 0.7 else None,
                surname=own,
                former_surname=_name(_surnames(), rng) if married else None,
                sex=sex,
                born=born,
                home=home,
                former_home=rng.randrange(homes) if rng.random() < MOVED else None,
                mobile=members[0].mobile if not adult else f"07700 900{rng.randrange(10**8):08}",
            )
        )
    return members


def records(person: MadePerson, rng: Random) -> Iterator[MadeRecord]:
    """What each source that knows the person keeps; a few keep two records."""
    for tenancy_id, kind in SOURCES.items():
        if rng.random() >= KEPT[tenancy_id]:
            continue
        rates = RATES[kind]
        for copy in range(2 if rng.random() < rates.duplicate else 1):
            source_key = f"{person.number}-{copy}"
            yield MadeRecord(tenancy_id, source_key, _sent(person, source_key, rates, rng))


def _sent(person: MadePerson, number: str, rates: Rates, rng: Random) -> dict[str, Any]:
    told = _misremembered(person, rates, rng)
    unknown = rng.random() < rates.missing_nhs_number
    address, postcode = _home(told.home)
    forename, surname = told.forename, told.surname
    if rng.random() < rates.names_swapped:
        forename, surname = surname, forename
    sent = {
        "NhsNumber": None if unknown else person.nhs_number,
        "NhsNumberVerificationStatus": "07" if unknown else "02" if rng.random() < 0.02 else "01",
        "PatientNumber": number,
        "Forename": forename,
        "MiddleNames": None if rng.random() < rates.no_middle_name else person.middle,
        "Surname": surname,
        "DateOfBirth": told.born.isoformat(),
        "Gender": "1" if person.sex == "M" else "2",
        "MobileTelephone": None if rng.random() < rates.no_telephone else person.mobile,
        "AddressLine1": address,
        "PostCode": postcode,
    }
    return {name: value for name, value in sent.items() if value is not None}


def _misremembered(person: MadePerson, rates: Rates, rng: Random) -> MadePerson:
    """The person as a source with so many mistakes has them."""
    told = person
    if rng.random() < rates.nickname:
        told = replace(told, forename=names.nickname(person.forename.title(), rng) or person.forename)
    if person.former_surname and rng.random() < rates.former_surname:
        told = replace(told, surname=person.former_surname)
    if rng.random() < rates.surname_typing:
        told = replace(told, surname=mistyped(told.surname, rng))
    if rng.random() < rates.forename_typing:
        told = replace(told, forename=mistyped(told.forename, rng))
    if rng.random() < rates.birth_day_and_month_swapped:
        told = replace(told, born=min(swapped(person.born), AS_AT))
    elif rng.random() < rates.birth_date_typing:
        told = replace(told, born=min(person.born + timedelta(days=rng.choice((-10, -1, 1, 10))), AS_AT))
    if person.former_home is not None and rng.random() < rates.former_address:
        told = replace(told, home=person.former_home)
    return told


def nhs_number(person: int) -> str:
    """A number of its own, with a true check digit: of the 999 range, then of the next below it.

    No number that begins with 9 is any patient's.
    """
    for serial in range(3 * person, 3 * person + 3):
        digits = f"{999_999_900 - serial:09}"
        check = -sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
        if check < 10:
            return f"{digits}{check}"
    raise AssertionError("of three serial numbers in a row one has a check digit")


def _home(home: int) -> tuple[str, str]:
    """The address and postcode of a home. No post town is called X."""
    postcode, door = divmod(home, HOMES_TO_A_POSTCODE)
    district, inward = divmod(postcode, 600)
    area, district = divmod(district, 99)
    letters = places.INWARD_LETTERS
    sector, unit = inward % 10, inward // 10
    street = _streets()[postcode % len(_streets())]
    return (
        f"{postcode * 7 % 160 + 2 * door + 1} {street}",
        f"X{letters[area % 20]}{district + 1} {sector}{letters[unit % 20]}{letters[unit // 20]}",
    )


@cache
def _streets() -> list[str]:
    lists = places._lists()
    return [f"{name} {kind}" for kind in lists["street_kinds"] for name in lists["street_names"]]


@cache
def _surnames() -> tuple[list[str], list[float]]:
    known = [name for of_origin in names._lists()["surnames"].values() for name in of_origin]
    return _with_frequencies(known, SURNAMES, Random("surnames"), flat=8)


@cache
def _forenames(sex: str) -> tuple[list[str], list[float]]:
    lists = names._lists()
    known = [name for some in lists["forenames_by_birth_year"].values() for name in some[sex]]
    known += [name for some in lists["forenames_by_origin"].values() for name in some[sex]]
    return _with_frequencies(known, FORENAMES, Random(sex), flat=12)


def _with_frequencies(
    known: Sequence[str], count: int, rng: Random, *, flat: int
) -> tuple[list[str], list[float]]:
    """The known names in any order, made-up ones behind them; the first is borne by one in some sixty."""
    chosen = dict.fromkeys(rng.sample(known, len(known)))
    while len(chosen) < count:
        chosen["".join(rng.choices(_SYLLABLES, k=rng.choice((2, 3, 3, 4)))).title()] = None
    return list(chosen), list(accumulate(1 / (rank + flat) for rank in range(count)))


def _name(names_and_weights: tuple[list[str], list[float]], rng: Random) -> str:
    some, weights = names_and_weights
    return rng.choices(some, cum_weights=weights)[0]
