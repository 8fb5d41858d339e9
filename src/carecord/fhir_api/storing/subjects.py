"""In whose record a resource belongs that a client sends: its own one of the patient who is named."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from carecord.fhir_api.definitions.served import FROM_THE_CATALOGUE, KEPT_AS_SENT, POINTING
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.systems import NHS_NUMBER
from carecord.fhir_api.outcomes import InvalidResource, Issue
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "writing.sql")

_PATIENT = re.compile(r"Patient/(\d{1,18})(?:/_history/\d+)?", re.ASCII)
_TYPE = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[^/]+)?$")
_ANY_PATIENT = re.compile(r"(?:^|/)Patient(?:/|\?|$)")
_OTHER = re.compile(r"(?!Patient/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/\d+)?", re.ASCII)

_ELEMENTS: Mapping[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("patient",),
    "Appointment": ("participant", "actor"),
    "AppointmentResponse": ("actor",),
    "Binary": ("securityContext",),
    "Consent": ("patient",),
    "Device": ("patient",),
    "EpisodeOfCare": ("patient",),
    "FamilyMemberHistory": ("patient",),
    "Immunization": ("patient",),
    "Provenance": ("target",),
    "RelatedPerson": ("patient",),
    "Schedule": ("actor",),
    "Task": ("for",),
}
_SEVERAL = frozenset({"Appointment", "AppointmentResponse", "Binary", "Provenance", "Schedule"})
"""Types whose elements name others than patients too: the first patient counts, and none is no error."""
_STORED = frozenset({*FROM_THE_CATALOGUE, *KEPT_AS_SENT})
_NOBODY = frozenset(
    {
        "Group",
        "HealthcareService",
        "Location",
        "Medication",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Questionnaire",
        "Slot",
    }
)


@dataclass(frozen=True, slots=True)
class Named:
    """The patient that a resource names: by a patient detail ID, or by NHS number. `at` is where."""

    at: str
    patient_detail_id: int | None = None
    nhs_number: str | None = None


def named_in(resource: Json, *, base: str = "") -> Named | None:
    """The patient that it is about; None where it is about none. InvalidResource where none can tell."""
    type_name = resource["resourceType"]
    if type_name in _NOBODY:
        return None
    path = _ELEMENTS.get(type_name, ("subject",))
    at = ".".join((type_name, *path))
    references = [one for one in _values(resource, path) if isinstance(one, dict)]
    for reference in references:
        found = _read(reference, at, base)
        if found is not None:
            return found
    # Of one that names a patient, and nobody can tell whom, it would be wrong to say that it is about none.
    told_otherwise = _names_no_patient if type_name in _SEVERAL else _is_of_another_type
    if not all(map(told_otherwise, references)):
        raise unknown(at)
    return None


def pointed_at(resource: Json, *, base: str = "") -> Iterator[tuple[str, str]]:
    """Type and id of what such a resource points at here, patients apart."""
    if resource["resourceType"] in POINTING:
        for reference in _values(resource, _ELEMENTS[resource["resourceType"]]):
            text = reference.get("reference", "") if isinstance(reference, dict) else ""
            found = _OTHER.fullmatch(_within(base, text))
            if found and found[1] in _STORED:
                yield found[1], found[2]


def unknown(at: str) -> InvalidResource:
    """The refusal of a resource whose patient has no record of the client's own."""
    return InvalidResource(
        [
            Issue(
                "error",
                "not-found",
                "must name a Patient of your own, or one linked with one of your own: create that first",
                at,
            )
        ]
    )


def own_records(
    connection: Connection[Any],
    named: Sequence[Named],
    *,
    tenancy_id: int,
    tenancies: Sequence[int] | None,
    made: Collection[int] = (),
) -> dict[Named, int]:
    """For each the record of this source; InvalidResource where there is none, or the number cannot tell.

    `tenancies` are the sources of which the caller may know; of others it may name no record. Those that the
    caller has just `made` in this source are not asked for.
    """
    own = _own_as_named(connection, named, tenancy_id, made)
    asked = [one for one in dict.fromkeys(named) if one not in own]
    if not asked:
        return own
    found: dict[tuple[int | None, str | None], dict[int, int]] = {}
    rows = connection.execute(
        queries.own_records,
        {
            "ids": [one.patient_detail_id for one in asked if one.patient_detail_id is not None],
            "nhs_numbers": [one.nhs_number for one in asked if one.nhs_number is not None],
            "tenancy_id": tenancy_id,
            "tenancies": None if tenancies is None else [*tenancies, tenancy_id],
        },
    )
    for id, nhs_number, person, record in rows:
        found.setdefault((id, nhs_number), {}).setdefault(person, record)
    return own | {one: _only(one, found.get((one.patient_detail_id, one.nhs_number), {})) for one in asked}


def _own_as_named(
    connection: Connection[Any], named: Sequence[Named], tenancy_id: int, made: Collection[int]
) -> dict[Named, int]:
    """Those that name a record of the client's own source by its ID, as most do."""
    by_id = {one: one.patient_detail_id for one in named if one.patient_detail_id is not None}
    own = set(made)
    asked = sorted(set(by_id.values()) - own)
    if asked:
        rows = connection.execute(queries.own_of_ids, {"ids": asked, "tenancy_id": tenancy_id})
        own |= {row[0] for row in rows}
    return {one: id for one, id in by_id.items() if id in own}


def _only(named: Named, own_by_person: Mapping[int, int]) -> int:
    if len(own_by_person) > 1:
        raise InvalidResource(
            [
                Issue(
                    "error",
                    "multiple-matches",
                    "is the number of several patients; name one by its ID",
                    named.at,
                )
            ]
        )
    for own in own_by_person.values():
        return own
    raise unknown(named.at)


def _read(reference: Json, at: str, base: str) -> Named | None:
    text: str = reference.get("reference", "")
    found = _PATIENT.fullmatch(_within(base, text))
    if found:
        return Named(at, patient_detail_id=int(found[1]))
    identifier = reference.get("identifier", {})
    if "reference" not in reference and identifier.get("system") == NHS_NUMBER and identifier.get("value"):
        return Named(at, nhs_number=identifier["value"].replace(" ", ""))
    return None


def _within(base: str, text: str) -> str:
    return text.removeprefix(f"{base}/") if base else text


def _is_of_another_type(reference: Json) -> bool:
    found = _TYPE.search(reference.get("reference", ""))
    named: str = found[1] if found else reference.get("type", "Patient")
    return named != "Patient"


def _names_no_patient(reference: Json) -> bool:
    return (
        reference.get("type") != "Patient"
        and _ANY_PATIENT.search(reference.get("reference", "")) is None
        and reference.get("identifier", {}).get("system") != NHS_NUMBER
    )


def _values(value: Any, path: Sequence[str]) -> Iterable[Any]:
    for one in value if isinstance(value, list) else (value,):
        if not path:
            yield one
        elif isinstance(one, dict) and path[0] in one:
            yield from _values(one[path[0]], path[1:])
