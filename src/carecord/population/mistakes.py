"""The mistakes that real feeds make, how often, and how each changes a record."""

from dataclasses import dataclass
from datetime import date
from random import Random

from carecord.population import names
from carecord.population.dates import AS_AT, age_on, plus
from carecord.population.history import Item
from carecord.population.people import Person

BABY_NAMES = ("TWIN ONE", "TWIN TWO")


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each mistake is made, of the records of one kind of system."""

    missing_nhs_number: float
    unverified_nhs_number: float = 0.02
    nickname: float = 0.03
    surname_typing: float = 0.008
    forename_typing: float = 0.01
    birth_day_and_month_swapped: float = 0.003
    birth_date_typing: float = 0.003
    birth_date_missing: float = 0.001
    former_surname: float = 0.12
    """Of those who took a new one."""
    former_address: float = 0.06
    """Of those who moved."""
    names_swapped: float = 0.001
    no_middle_name: float = 0.4
    no_telephone: float = 0.1
    baby_placeholder: float = 0.0
    """Of records of children under a year."""
    duplicate: float = 0.004
    number_changed: float = 0.003
    merged: float = 0.003
    sensitive_address: float = 0.002
    """No mistake, but as rare as one."""
    entry_taken_back: float = 0.004
    result_corrected: float = 0.01


RATES = {
    "GP": Rates(
        missing_nhs_number=0.004,
        unverified_nhs_number=0.003,
        nickname=0.01,
        former_surname=0.05,
        former_address=0.03,
        no_middle_name=0.1,
        duplicate=0.001,
        number_changed=0.002,
        merged=0.001,
    ),
    "Acute": Rates(missing_nhs_number=0.03, baby_placeholder=0.5, duplicate=0.008, merged=0.006),
    "Community": Rates(missing_nhs_number=0.05, nickname=0.05),
    "Mental health": Rates(missing_nhs_number=0.06, nickname=0.06, former_address=0.12),
    "Adult social care": Rates(
        missing_nhs_number=0.3, nickname=0.1, former_surname=0.2, former_address=0.12, surname_typing=0.02
    ),
    "Children's social care": Rates(
        missing_nhs_number=0.4, nickname=0.08, former_address=0.2, surname_typing=0.02
    ),
    "Pathology": Rates(missing_nhs_number=0.06, surname_typing=0.01, no_telephone=0.9, duplicate=0.01),
    "Radiology": Rates(missing_nhs_number=0.04, no_telephone=0.8),
    "Maternity": Rates(missing_nhs_number=0.02, former_surname=0.3),
    "Child health": Rates(missing_nhs_number=0.01, baby_placeholder=0.15),
    "Care plans": Rates(missing_nhs_number=0.02, nickname=0.08),
}


def with_mistakes(patient: Item, person: Person, rates: Rates, rng: Random, *, twins: int = 1) -> Item:
    """The record with what this system got wrong, forgot or never heard of."""
    item = dict(patient)
    _names(item, person, rates, rng)
    _birth_date(item, person, rates, rng)
    if rng.random() < rates.missing_nhs_number:
        item["NhsNumber"], item["NhsNumberVerificationStatus"] = None, "07"
    elif rng.random() < rates.unverified_nhs_number:
        item["NhsNumberVerificationStatus"] = "02"
    if person.previous_address and rng.random() < rates.former_address:
        item |= person.previous_address.lines()
    if rng.random() < rates.sensitive_address:
        item["SensitiveAddress"] = "Yes"
    if rng.random() < rates.no_telephone:
        item["HomeTelephone"] = item["MobileTelephone"] = None
    if age_on(AS_AT, person.born) < 1 and rng.random() < rates.baby_placeholder:
        item["Forename"] = BABY_NAMES[min(person.birth_order, 2) - 1] if twins > 1 else "BABY"
        item["MiddleNames"] = item["PreferredName"] = None
    return item


def _names(item: Item, person: Person, rates: Rates, rng: Random) -> None:
    if rng.random() < rates.nickname:
        item["Forename"] = names.nickname(person.forename, rng) or person.forename
    if rng.random() < rates.no_middle_name:
        item["MiddleNames"] = None
    if person.previous_surname and rng.random() < rates.former_surname:
        item["Surname"], item["PreviousSurname"] = person.previous_surname, None
    if rng.random() < rates.surname_typing:
        item["Surname"] = mistyped(item["Surname"], rng)
    if rng.random() < rates.forename_typing:
        item["Forename"] = mistyped(item["Forename"], rng)
    if rng.random() < rates.names_swapped:
        item["Forename"], item["Surname"] = item["Surname"], item["Forename"]


def _birth_date(item: Item, person: Person, rates: Rates, rng: Random) -> None:
    roll = rng.random()
    wrong: date | None = person.born
    if roll < rates.birth_day_and_month_swapped:
        wrong = swapped(person.born)
    elif roll < rates.birth_day_and_month_swapped + rates.birth_date_typing:
        wrong = plus(person.born, days=rng.choice((-10, -1, 1, 10)))
    elif roll < rates.birth_day_and_month_swapped + rates.birth_date_typing + rates.birth_date_missing:
        wrong = None
    if wrong is None or wrong < plus(AS_AT, days=-1):
        item["DateOfBirth"] = wrong.isoformat() if wrong else None


def swapped(day: date) -> date:
    """Day for month, where that is a day at all."""
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else day


def mistyped(name: str, rng: Random) -> str:
    """Two letters swapped, one left out, or one struck twice."""
    if len(name) < 4:
        return name
    at = 1 + int(rng.random() * (len(name) - 2))
    roll = rng.random()
    if roll < 0.4:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if roll < 0.7:
        return name[:at] + name[at + 1 :]
    return name[: at + 1] + name[at:]
