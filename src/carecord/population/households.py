"""Households, one after another: who lives together, how old they are and what they are called."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate
from random import Random

from carecord.population import names, numbers
from carecord.population.chance import seeded
from carecord.population.dates import AS_AT, between, plus, years_after
from carecord.population.organisations import Practice, Region
from carecord.population.people import FEMALE, MALE, Household, Person
from carecord.population.places import Address, address


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of household: how common (of a thousand), adults' ages, and how many children."""

    share: int
    adults: tuple[int, int]
    """How many, fewest and most."""
    ages: tuple[int, int]
    children: tuple[int, int] = (0, 0)
    child_ages: tuple[int, int] = (0, 17)
    couple: bool = False
    care_home: bool = False


# ONS, Families and households in the UK (2023), rounded; care homes as a share of households.
KINDS = (
    Kind(share=125, adults=(1, 1), ages=(65, 97)),
    Kind(share=160, adults=(1, 1), ages=(22, 64)),
    Kind(share=150, adults=(2, 2), ages=(63, 92), couple=True),
    Kind(share=185, adults=(2, 2), ages=(22, 64), couple=True),
    Kind(share=185, adults=(2, 2), ages=(24, 54), children=(1, 4), couple=True),
    Kind(share=65, adults=(2, 2), ages=(46, 66), children=(1, 2), child_ages=(16, 29), couple=True),
    Kind(share=95, adults=(1, 1), ages=(20, 54), children=(1, 3)),
    Kind(share=22, adults=(2, 5), ages=(18, 34)),
    Kind(share=6, adults=(8, 16), ages=(76, 101), care_home=True),
)
_SHARES = list(accumulate(kind.share for kind in KINDS))

# Census 2021, England, each of a thousand.
ETHNIC_CATEGORIES = {
    "A": 735, "B": 9, "C": 66, "D": 9, "E": 5, "F": 8, "G": 8, "H": 33, "J": 28,
    "K": 11, "L": 17, "M": 11, "N": 27, "P": 5, "R": 8, "S": 20,
}  # fmt: skip
_ETHNIC_SHARES = list(accumulate(ETHNIC_CATEGORIES.values()))

LANGUAGES = {
    "polish": "pl",
    "indian": "pa",
    "pakistani": "ur",
    "bangladeshi": "bn",
    "chinese": "zh",
    "arabic": "ar",
}
RELIGIONS = {
    "british": ("Church of England", None, None),
    "scottish": ("Church of Scotland", None, None),
    "irish": ("Roman Catholic", None),
    "polish": ("Roman Catholic",),
    "european": ("Roman Catholic", "Orthodox Christian", None),
    "indian": ("Hindu", "Sikh", "Christian"),
    "pakistani": ("Muslim",),
    "bangladeshi": ("Muslim",),
    "arabic": ("Muslim",),
    "african": ("Christian", "Muslim"),
    "caribbean": ("Christian", "Pentecostal", None),
    "chinese": (None, "Buddhist"),
}

TWINS = 0.016
"""Of births."""
CALLED_BY_NICKNAME = 0.18
KEPT_OWN_SURNAME = 0.25


def households(
    people: int, *, seed: int, region: Region, taken: frozenset[str], first: int
) -> Iterator[Household]:
    """Households until there are so many people; `first` is the number of the first person."""
    nhs_numbers = numbers.nhs_numbers(seed, taken)
    made = 0
    number = 0
    while made < people:
        number += 1
        rng = seeded(seed, "household", number)
        members = _members(number, rng, region, nhs_numbers, first + made)[: people - made]
        made += len(members)
        yield Household(number, tuple(members))


@dataclass(frozen=True, slots=True)
class _Home:
    """What the people of one household have in common."""

    number: int
    address: Address
    practice: Practice
    landline: str | None
    rng: Random

    def person(self, *, role: str, sex: str, born: date, surname: str, origin: str, category: str) -> Person:
        rng = self.rng
        adult = AS_AT.year - born.year >= 16
        elder = AS_AT.year - born.year >= 75
        forename = names.forename(sex=sex, born=born.year, origin=origin, rng=rng)
        middle = names.forename(sex=sex, born=born.year, origin=origin, rng=rng)
        return Person(
            number=0,
            household=self.number,
            role=role,
            sex=sex,
            born=born,
            died=_death(born, rng),
            title=_title(sex, adult=adult, single=role != "partner", child=role == "child", rng=rng),
            forename=forename,
            middle_names=middle if rng.random() < 0.7 and middle != forename else None,
            surname=surname,
            previous_surname=None,
            preferred_name=names.nickname(forename, rng) if rng.random() < CALLED_BY_NICKNAME else None,
            ethnic_category=category,
            origin=origin,
            language=LANGUAGES[origin] if origin in LANGUAGES and adult and rng.random() < 0.2 else "en",
            religion=rng.choice(RELIGIONS.get(origin, (None,))),
            marital_status="8" if not adult else _single_status(born, rng),
            address=self.address,
            moved_in=max(born, between(date(2004, 1, 1), date(2025, 12, 1), rng)),
            previous_address=address(rng) if adult and rng.random() < 0.45 else None,
            home_telephone=self.landline,
            mobile_telephone=numbers.mobile_telephone(rng)
            if adult and rng.random() < (0.6 if elder else 0.95)
            else None,
            email=f"{forename}.{surname}{int(rng.random() * 90) + 10}@post.example".lower().replace("'", "")
            if adult and surname.isascii() and rng.random() < (0.2 if elder else 0.55)
            else None,
            nhs_number="",
            practice=self.practice,
            doctor=self.practice.doctors[int(rng.random() * len(self.practice.doctors))],
        )


def _members(
    household: int, rng: Random, region: Region, nhs_numbers: Iterator[str], first: int
) -> list[Person]:
    (kind,) = rng.choices(KINDS, cum_weights=_SHARES)
    home = address(rng, care_home=kind.care_home)
    practice = _practice(home, region, rng)
    oldest = _adult_birth(kind, rng)
    (category,) = rng.choices(list(ETHNIC_CATEGORIES), cum_weights=_ETHNIC_SHARES)
    origin = rng.choice(names.ORIGIN_OF_ETHNIC_CATEGORY[category])
    landline = numbers.home_telephone(rng) if rng.random() < 0.6 else None

    at_home = _Home(household, home, practice, landline, rng)
    members: list[Person] = []
    surname = names.surname(origin, rng)
    for place in range(rng.randint(*kind.adults)):
        if kind.couple and place == 1:
            members = [*members, _partner(members[0], at_home, rng)]
            members[0] = replace(members[0], marital_status=members[1].marital_status)
            continue
        born = oldest if place == 0 else _adult_birth(kind, rng)
        if kind.children[1] and not kind.couple:
            sex = FEMALE if rng.random() < 0.88 else MALE
        else:
            sex = FEMALE if rng.random() < (0.5 if born.year > 1955 else 0.62) else MALE
        if place and not kind.couple:
            (category,) = rng.choices(list(ETHNIC_CATEGORIES), cum_weights=_ETHNIC_SHARES)
            origin = rng.choice(names.ORIGIN_OF_ETHNIC_CATEGORY[category])
            surname = names.surname(origin, rng)
        role = "resident" if kind.care_home or (place and not kind.couple) else "adult"
        members.append(
            at_home.person(role=role, sex=sex, born=born, surname=surname, origin=origin, category=category)
        )
    if kind.children[1]:
        members += _children(kind, members, at_home, rng)
    return [
        replace(member, number=first + place, nhs_number=next(nhs_numbers))
        for place, member in enumerate(members)
    ]


def _adult_birth(kind: Kind, rng: Random) -> date:
    youngest, oldest = kind.ages
    lean = 1.8 if 60 < youngest < 76 else 0.75
    age = youngest + int(rng.random() ** lean * (oldest - youngest + 1))
    return _birthday(age, rng)


def _birthday(age: int, rng: Random) -> date:
    last = years_after(AS_AT, -age)
    return plus(last, days=-1 - int(rng.random() * 365))


def _partner(first: Person, at_home: _Home, rng: Random) -> Person:
    same_sex = rng.random() < 0.02
    sex = first.sex if same_sex else (MALE if first.female else FEMALE)
    born = plus(first.born, days=int(rng.gauss(0, 1100)))
    if born > plus(years_after(AS_AT, -18), days=-1):
        born = first.born
    mixed = rng.random() < 0.08
    category = first.ethnic_category
    origin = first.origin
    if mixed:
        (category,) = rng.choices(list(ETHNIC_CATEGORIES), cum_weights=_ETHNIC_SHARES)
        origin = rng.choice(names.ORIGIN_OF_ETHNIC_CATEGORY[category])
    own = names.surname(origin, rng)
    married = rng.random() < 0.3 + 0.008 * (AS_AT.year - born.year)
    takes_name = married and rng.random() >= KEPT_OWN_SURNAME
    partner: Person = at_home.person(
        role="partner",
        sex=sex,
        born=born,
        surname=first.surname if takes_name else own,
        origin=origin,
        category=category,
    )
    return replace(
        partner,
        previous_surname=own if takes_name and own != first.surname and rng.random() < 0.8 else None,
        marital_status="M" if married else "S",
    )


def _children(kind: Kind, parents: list[Person], at_home: _Home, rng: Random) -> list[Person]:
    mother = next((p for p in parents if p.female), parents[0])
    father = next((p for p in parents if not p.female), mother)
    few, most = kind.children
    count = few + int(rng.random() ** 1.6 * (most - few + 1))
    youngest_age, oldest_age = kind.child_ages
    earliest = max(years_after(mother.born, 17), years_after(AS_AT, -oldest_age - 1))
    latest = min(years_after(mother.born, 43), years_after(AS_AT, -youngest_age), plus(AS_AT, days=-3))
    if latest <= earliest:
        return []
    children: list[Person] = []
    born = between(earliest, latest, rng)
    for _ in range(count):
        for order in range(2 if rng.random() < TWINS else 1):
            child: Person = at_home.person(
                role="child",
                sex=FEMALE if rng.random() < 0.488 else MALE,
                born=born,
                surname=father.surname,
                origin=father.origin,
                category=father.ethnic_category,
            )
            children.append(replace(child, birth_order=order + 1, died=None))
        born = plus(born, days=560 + int(rng.random() * 900))
        if born >= latest:
            break
    return children


def _title(sex: str, *, adult: bool, single: bool, child: bool, rng: Random) -> str:
    if sex == MALE:
        title = "Mr" if adult else "Master"
    elif not adult or child:
        title = "Miss"
    else:
        title = rng.choice(("Miss", "Ms", "Mrs") if single else ("Mrs", "Mrs", "Ms"))
    return "Dr" if adult and rng.random() < 0.01 else title


def _single_status(born: date, rng: Random) -> str:
    age = AS_AT.year - born.year
    if age >= 70 and rng.random() < 0.7:
        return "W"
    return "D" if age > 35 and rng.random() < 0.4 else "S"


def _death(born: date, rng: Random) -> date | None:
    age = AS_AT.year - born.year
    if age >= 60 and rng.random() < 0.00012 * 1.1 ** (age - 40):
        return between(date(2024, 11, 1), plus(AS_AT, days=-1), rng)
    return None


def _practice(home: Address, region: Region, rng: Random) -> Practice:
    """Practices are told to a side of the region, so that neighbours share them."""
    mine = [p for place, p in enumerate(region.practices) if (place % 3 == 2) == (home.side == "Netherby")]
    return mine[int(rng.random() * len(mine))]
