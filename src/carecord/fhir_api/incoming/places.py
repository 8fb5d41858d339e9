"""Which operations of the catalogue take a resource, by its type, and why others are kept as FHIR alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec

from carecord.catalogue.submission import InvalidItem, parse_item
from carecord.fhir_api.incoming.documents import file_composition, file_document
from carecord.fhir_api.incoming.encounters import file_appointment, file_encounter, file_episode
from carecord.fhir_api.incoming.filing import Filing, NoPlace
from carecord.fhir_api.incoming.findings import (
    file_allergy,
    file_condition,
    file_family_history,
    file_flag,
    file_immunisation,
    file_procedure,
)
from carecord.fhir_api.incoming.medicines import file_request, file_statement
from carecord.fhir_api.incoming.observations import file_observation
from carecord.fhir_api.incoming.people import file_consent, file_related_person
from carecord.fhir_api.incoming.pieces import codes, objects
from carecord.fhir_api.incoming.plans import file_care_plan, file_care_team, file_response
from carecord.fhir_api.incoming.reports import file_report
from carecord.fhir_api.incoming.requests import file_service_request
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.entries import is_restricted

PLACES: Mapping[str, Callable[[Json], Filing]] = MappingProxyType(
    {
        "AllergyIntolerance": file_allergy,
        "Appointment": file_appointment,
        "CarePlan": file_care_plan,
        "CareTeam": file_care_team,
        "Composition": file_composition,
        "Condition": file_condition,
        "Consent": file_consent,
        "DiagnosticReport": file_report,
        "DocumentReference": file_document,
        "Encounter": file_encounter,
        "EpisodeOfCare": file_episode,
        "FamilyMemberHistory": file_family_history,
        "Flag": file_flag,
        "Immunization": file_immunisation,
        "MedicationRequest": file_request,
        "MedicationStatement": file_statement,
        "Observation": file_observation,
        "Procedure": file_procedure,
        "QuestionnaireResponse": file_response,
        "RelatedPerson": file_related_person,
        "ServiceRequest": file_service_request,
    }
)
"""Who files a resource of each type: chooses the operation, or raises NoPlace with the reason."""

NO_PLACES: Mapping[str, str] = MappingProxyType(
    {
        "Binary": "bytes are kept with the document that names them",
        "Communication": "the catalogue holds communications as restricted events of social care alone",
        "Goal": "goals stand in the plan that names them",
        "Location": "places are no facts about a patient",
        "RiskAssessment": "the catalogue holds risk assessments as restricted ones of mental health alone",
        "Specimen": "specimens stand in the report that names them",
        "Task": "the catalogue holds tasks as restricted assessments of social care alone",
    }
)
"""Types that entries become, and that no entry can be made of, with the reason."""

_CONFIDENTIAL = frozenset(["R", "V"])


def file(resource: Json, *, today: str) -> Filing:
    """The item to file; raises NoPlace with the reason. `today` is the day in the UK."""
    type_name = resource["resourceType"]
    if type_name not in PLACES:
        raise NoPlace(NO_PLACES.get(type_name, "the catalogue has no such type"))
    _check_plain(resource)
    filing = PLACES[type_name](resource)
    if _is_confidential(resource) and not is_restricted(filing.operation, filing.item):
        raise NoPlace("it is restricted: the lists of its type show it to everyone who may read them")
    return _taken(filing, today)


def _check_plain(resource: Json) -> None:
    """What the catalogue's lists would show without what changes its meaning has no place in them."""
    if "implicitRules" in resource or _is_modified(resource):
        raise NoPlace("an extension changes its meaning")
    subject = resource.get("subject") or resource.get("patient")
    target = subject.get("reference") if isinstance(subject, dict) else None
    kind = subject.get("type") if isinstance(subject, dict) else None
    if kind not in (None, "Patient") or (isinstance(target, str) and _is_of_other(target)):
        raise NoPlace("it is about no patient")


def _is_confidential(resource: Json) -> bool:
    labels = {"coding": objects((resource.get("meta") or {}).get("security"))}
    return bool(_CONFIDENTIAL & codes(labels, resource.get("securityLabel")))


def _is_of_other(reference: str) -> bool:
    words = reference.split("/_history/")[0].split("/")
    return len(words) > 1 and not reference.startswith("urn:") and words[-2] != "Patient"


def _is_modified(value: Any) -> bool:
    """Whether an extension anywhere within changes the meaning of what it stands in."""
    if type(value) is dict:
        if "modifierExtension" in value:
            return True
        value = value.values()
    for inner in value:
        kind = type(inner)
        if (kind is dict or kind is list) and _is_modified(inner):
            return True
    return False


def _taken(filing: Filing, today: str) -> Filing:
    """The filing with its rows, by the rules that the catalogue has for every item of the operation."""
    raw = msgspec.json.encode(filing.item)
    further = tuple(_taken(one, today) for one in filing.further)
    try:
        row = parse_item(filing.operation, raw, source_item_id="fhir", today=today)
        return replace(filing, further=further, row=row)
    except InvalidItem as invalid:
        broken = "; ".join(f"{one.field} {one.message}" for one in invalid.errors)
        raise NoPlace(f"{filing.operation.title}: {broken}") from None
