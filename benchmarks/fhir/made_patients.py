"""Made-up patients to measure with: a Patient and twelve Observations each, sent as one transaction of 13."""

from collections.abc import Iterator
from typing import Any

import msgspec
from stdnum.gb import nhs

NUMBERS = "https://fhir.example/made-up-numbers"
OBSERVATIONS = 12
SAME_NAMED = 10
"""Patients that share a family name; one of them was born on BIRTH_DATE."""
BIRTH_DATE = "1980-01-01"
SAME_POSTCODED = 30
_HOUSEHOLD = 2
"""Of those of one name so many share a home."""
_STREET = 10
"""Postcodes that the names of one neighbourhood are spread over."""
_SYLLABLES = (
    *("Ba", "Che", "Di", "Fol", "Gra", "Hu", "Jen", "Kli", "Lo", "Mur"),
    *("Nes", "Pri", "Qua", "Ros", "Sut", "Ti", "Vok", "Wre", "Ya", "Zin"),
)
_FORENAMES = 97

CODES = (
    ("8867-4", "Heart rate", "/min", 72),
    ("8310-5", "Body temperature", "Cel", 36.7),
    ("29463-7", "Body weight", "kg", 71.5),
)


def family(place: int) -> str:
    """Its first letters differ from name to name, as those of real names do, and so does its sound.

    Were names a letter apart, the index would take all of a postcode for possible doubles of one another.
    """
    return f"{place}son{_word(place).lower()}"


def _word(place: int) -> str:
    """Three syllables, none of them those of its neighbours."""
    count = len(_SYLLABLES)
    mixed = place * 2991 % count**3
    return "".join(_SYLLABLES[mixed // count**power % count] for power in range(3)).capitalize()


def nhs_numbers() -> Iterator[str]:
    """Those of the test range, in order."""
    for place in range(10_000_000):
        if nhs.is_valid(number := f"999{place:07d}"):
            yield number


def transaction(n: int, nhs_number: str) -> bytes:
    """The Bundle of the n-th patient, from 0."""
    patient = f"urn:uuid:00000000-0000-4000-8000-{n:012d}"
    entries = [_entry(_patient(n, nhs_number), patient)]
    entries += [_entry(_observation(n, place, patient), None) for place in range(OBSERVATIONS)]
    return msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def _entry(resource: dict[str, Any], address: str | None) -> dict[str, Any]:
    entry = {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
    return entry | ({"fullUrl": address} if address else {})


def _patient(n: int, nhs_number: str) -> dict[str, Any]:
    day = n // SAME_NAMED % 28 + 1
    return {
        "resourceType": "Patient",
        "identifier": [
            {"system": NUMBERS, "value": str(n + 1)},
            {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs_number},
        ],
        "active": True,
        "name": [
            {
                "use": "official",
                "family": family(n // SAME_NAMED + 1),
                "given": [_word(n % _FORENAMES)],
            }
        ],
        "gender": "female" if n % 2 else "male",
        "birthDate": BIRTH_DATE if n % SAME_NAMED == 0 else f"19{30 + n % 60}-{n % 12 + 1:02d}-{day:02d}",
        "address": [
            {"use": "home", "line": [f"{n // _HOUSEHOLD % 200 + 1} Made-up Road"], "postalCode": _postcode(n)}
        ],
    }


def _postcode(n: int) -> str:
    """In a district that there is not, of as many as share a real one: all others there are compared."""
    names, person = divmod(n, SAME_NAMED)
    neighbourhood = n // (SAME_POSTCODED * _STREET)
    place = neighbourhood * _STREET + person // _HOUSEHOLD * 2 + names % 2
    return f"ZZ{place % 99 + 1} {place // 99 % 9 + 1}{chr(65 + place // 891 % 26)}Z"


def _observation(n: int, place: int, patient: str) -> dict[str, Any]:
    code, display, unit, value = CODES[place % len(CODES)]
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "vital-signs",
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": display}]},
        "subject": {"reference": patient},
        "effectiveDateTime": f"2026-{place + 1:02d}-{n % 28 + 1:02d}T09:30:00Z",
        "valueQuantity": {
            "value": value + n % 10,
            "unit": unit,
            "system": "http://unitsofmeasure.org",
            "code": unit,
        },
    }
