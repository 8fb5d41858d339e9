"""A made-up person: the facts that every source system would agree on if none made mistakes."""

from dataclasses import dataclass
from datetime import date

from carecord.population.dates import AS_AT, age_on
from carecord.population.organisations import Clinician, Practice
from carecord.population.places import Address

MALE, FEMALE = "1", "2"

TITLES = {MALE: "Mr", FEMALE: "Mrs"}


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is; `number` names them in the truth, and no feed shows it."""

    number: int
    household: int
    role: str
    """adult, partner, child or resident."""
    sex: str
    born: date
    died: date | None
    title: str
    forename: str
    middle_names: str | None
    surname: str
    previous_surname: str | None
    preferred_name: str | None
    ethnic_category: str
    origin: str
    language: str
    religion: str | None
    marital_status: str
    address: Address
    moved_in: date
    previous_address: Address | None
    home_telephone: str | None
    mobile_telephone: str | None
    email: str | None
    nhs_number: str
    practice: Practice
    doctor: Clinician
    birth_order: int = 1
    """Among the children born to one mother on one day."""

    @property
    def age(self) -> int:
        return age_on(self.until, self.born)

    @property
    def until(self) -> date:
        """The last day something can have happened to them."""
        return self.died or AS_AT

    @property
    def female(self) -> bool:
        return self.sex == FEMALE

    @property
    def name(self) -> str:
        return f"{self.forename} {self.surname}"

    @property
    def titled_name(self) -> str:
        return f"{self.title} {self.forename[0]} {self.surname}"


@dataclass(frozen=True, slots=True)
class Household:
    """People at one address, parents before children."""

    number: int
    people: tuple[Person, ...]

    def children(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.role == "child")

    def mother(self) -> Person | None:
        """The woman whose children the children are."""
        return next((p for p in self.people if p.female and p.role in ("adult", "partner")), None)

    def partner_of(self, person: Person) -> Person | None:
        if person.role not in ("adult", "partner"):
            return None
        return next((p for p in self.people if p.role in ("adult", "partner") and p is not person), None)

    def twins_of(self, child: Person) -> int:
        """How many were born with this child, itself counted."""
        return sum(1 for other in self.children() if other.born == child.born)
