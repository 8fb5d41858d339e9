"""The organisations of the region, their source systems, and who works in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

PEOPLE_PER_PRACTICE = 8_000
FEWEST_PRACTICES = 3
FIRST_FURTHER_PRACTICE = 20
"""Tenancies 1 to 12 are fixed; the second practice and those after it start here."""


@dataclass(frozen=True, slots=True)
class SourceSystem:
    """One source system of an organisation: a tenancy, and a feed file."""

    tenancy_id: int
    description: str
    kind: str
    organisation_code: str
    slug: str
    prefix: str
    """What its local numbers start with."""

    @property
    def file_name(self) -> str:
        return f"{self.tenancy_id:02}-{self.slug}.ndjson"

    def tenancy(self) -> dict[str, Any]:
        """The first line of its feed."""
        return {
            "Tenancy": {
                "TenancyId": self.tenancy_id,
                "TenancyDescription": self.description,
                "SystemKind": self.kind,
                "OrganisationCode": self.organisation_code,
            }
        }


@dataclass(frozen=True, slots=True)
class Clinician:
    """Someone who signs entries."""

    code: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Practice:
    """A GP practice and its system."""

    system: SourceSystem
    name: str
    telephone: str
    address: str
    doctors: tuple[Clinician, ...]
    nurse: Clinician
    pharmacy_code: str
    pharmacy: str

    @property
    def code(self) -> str:
        return self.system.organisation_code


@dataclass(frozen=True, slots=True)
class Consultant:
    """A consultant with the specialty, ward and hospital that go with the name."""

    code: str
    name: str
    specialty_code: str
    specialty: str
    ward_code: str
    ward: str
    site_code: str
    site: str
    trust: SourceSystem


@dataclass(frozen=True, slots=True)
class Region:
    """Every source system of a population."""

    practices: tuple[Practice, ...]

    def systems(self) -> Iterator[SourceSystem]:
        """In the order of their tenancies."""
        found = [*fixed_systems().values(), *(practice.system for practice in self.practices)]
        yield from sorted(found, key=lambda system: system.tenancy_id)


@cache
def _lists() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(
        (files(__package__) / "organisations.json").read_text(encoding="utf-8")
    )
    return loaded


@cache
def fixed_systems() -> dict[int, SourceSystem]:
    """The systems that every population has beside the practices, by tenancy."""
    return {row["tenancy_id"]: SourceSystem(**row) for row in _lists()["systems"]}


def region(people: int) -> Region:
    """The region that so many people need: a practice for every eight thousand."""
    count = max(FEWEST_PRACTICES, -(-people // PEOPLE_PER_PRACTICE))
    return Region(practices=tuple(_practice(number) for number in range(count)))


def _practice(number: int) -> Practice:
    lists = _lists()
    names = lists["practice_names"]
    name = names[number % len(names)]
    if number >= len(names):
        name = f"{name} {number // len(names) + 1}"
    code = f"Y{99901 + number:05}"
    pharmacy = number % len(lists["pharmacies"])
    return Practice(
        system=SourceSystem(
            tenancy_id=1 if number == 0 else FIRST_FURTHER_PRACTICE + number - 1,
            description=f"{name} (GP record)",
            kind="GP",
            organisation_code=code,
            slug=name.lower().replace("'", "").replace(" ", "-"),
            prefix="G",
        ),
        name=name,
        telephone="01999 555100" if number == 0 else f"01632 960{100 + number % 800:03}",
        address="1 Mill Road, Eastvale, ZZ99 3CZ" if number == 0 else f"{number + 2} Station Road, Eastvale",
        doctors=tuple(_doctor(number, place) for place in range(4)),
        nurse=Clinician(f"N{9999220 + number}", f"Nurse {'DKLM'[number % 4]} Cole", "Practice nurse"),
        pharmacy_code=f"F{'Z' if pharmacy == 0 else 'X'}Z{99 - pharmacy}",
        pharmacy=lists["pharmacies"][pharmacy],
    )


def _doctor(practice: int, place: int) -> Clinician:
    lists = _lists()
    surnames, initials = lists["gp_surnames"], lists["gp_initials"]
    at = practice * 4 + place
    name = f"Dr {initials[(at * 7) % len(initials)]} {surnames[at % len(surnames)]}"
    code = "G9999101" if at == 0 else f"G9{980_000 + at:06}"
    return Clinician(code, name, "Partner" if place < 2 else "Salaried GP")


@cache
def consultant(specialty_code: str, side: str) -> Consultant:
    """The consultant of a specialty in the trust that a side of the region looks to."""
    lists = _lists()
    tenancy_id = 11 if side == "Netherby" else 2
    specialty, site = lists["specialties"][specialty_code], lists["sites"][str(tenancy_id)]
    code, name = specialty[str(tenancy_id)]
    ward_code, ward = specialty["ward"]
    return Consultant(
        code=code,
        name=name,
        specialty_code=specialty_code,
        specialty=specialty["name"],
        ward_code=ward_code,
        ward=ward,
        site_code=site["code"],
        site=site["name"],
        trust=fixed_systems()[tenancy_id],
    )
