"""Where a step of a path leads in R4's definitions, and what stands for an element that must be there."""

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from carecord.catalogue.model import CatalogueError
from carecord.fhir_api.definitions import Element, children, structure
from carecord.fhir_api.mapping.displays import coding
from carecord.fhir_api.mapping.making import Absent
from carecord.fhir_api.mapping.systems import DATA_ABSENT_REASON, DATA_ABSENT_REASONS

_NOT_RECORDED = MappingProxyType({"extension": [{"url": DATA_ABSENT_REASON, "valueCode": "unknown"}]})
_UNKNOWN_CONCEPT = {
    "coding": [{"system": DATA_ABSENT_REASONS, "code": "unknown", "display": "Unknown"}],
}


@dataclass(frozen=True, slots=True)
class Place:
    """An element by its JSON name below another: its type, and where its own children stand."""

    element: Element
    type: str
    inside: str

    @property
    def is_primitive(self) -> bool:
        return structure(self.type).kind == "primitive-type" if self.type[0].islower() else False


@cache
def below(path: str, name: str) -> Place:
    """The child of this name; CatalogueError where there is none."""
    for element in children(path).values():
        type_name = element.json_names().get(name)
        if type_name is not None:
            return Place(element, type_name, _inside(element, type_name))
    raise CatalogueError(f"{path} has no {name}")


def _inside(element: Element, type_name: str) -> str:
    if element.content:
        return element.content.removeprefix("#")
    return element.path if type_name in ("BackboneElement", "Element") else type_name


@cache
def absent_children(path: str) -> tuple[Absent, ...]:
    """What stands for each child that must be there: unknown, and said to be."""
    return tuple(
        _absent(element) for element in children(path).values() if element.min and element.name != "id"
    )


def _absent(element: Element) -> Absent:
    named = element.json_names()
    names = frozenset(named) | {f"_{name}" for name in named}
    if element.path in _KNOWN:
        (name,) = named
        return Absent(names, name, _KNOWN[element.path])
    name, type_name = _plainest(named)
    if type_name == "CodeableConcept":
        stand_in: Any = _UNKNOWN_CONCEPT
    elif type_name[0].islower():
        name, stand_in = f"_{name}", dict(_NOT_RECORDED)
    else:
        stand_in = dict(_NOT_RECORDED)
    return Absent(names, name, [stand_in] if element.repeats else stand_in)


def _plainest(named: dict[str, str]) -> tuple[str, str]:
    """Of what a choice may be: a concept before a text before the first."""
    for wanted in ("CodeableConcept", "string"):
        for name, type_name in named.items():
            if type_name == wanted:
                return name, type_name
    return next(iter(named.items()))


_KNOWN: dict[str, Any] = {
    "AllergyIntolerance.reaction.manifestation": [_UNKNOWN_CONCEPT],
    "Appointment.participant.status": "accepted",
    "Appointment.status": "booked",
    "Attachment.contentType": "text/plain",
    "CarePlan.activity.detail.status": "unknown",
    "CarePlan.intent": "plan",
    "CarePlan.status": "unknown",
    "Communication.status": "completed",
    "Composition.attester.mode": "professional",
    "Composition.status": "final",
    "Consent.status": "active",
    "DiagnosticReport.status": "unknown",
    "DocumentReference.content": [{"attachment": {"title": "Not held"}}],
    "DocumentReference.content.attachment": {"title": "Not held"},
    "DocumentReference.relatesTo.code": "replaces",
    "DocumentReference.status": "current",
    "Encounter.class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"),
    "Encounter.status": "unknown",
    "EpisodeOfCare.status": "active",
    "FamilyMemberHistory.status": "completed",
    "Flag.status": "active",
    "ImagingStudy.status": "available",
    "Immunization.status": "completed",
    "MedicationRequest.intent": "order",
    "MedicationRequest.status": "unknown",
    "MedicationStatement.status": "unknown",
    "Narrative.status": "additional",
    "Observation.status": "final",
    "Patient.link.type": "seealso",
    "Procedure.status": "completed",
    "QuestionnaireResponse.status": "completed",
    "RiskAssessment.status": "final",
    "ServiceRequest.intent": "order",
    "ServiceRequest.status": "unknown",
    "Task.intent": "order",
    "Task.status": "requested",
}
"""What holds where nothing says otherwise."""
