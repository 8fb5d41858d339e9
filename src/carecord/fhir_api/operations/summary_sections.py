"""The sections of a patient summary: which resources each holds, and how its table tells of them.

Sections, codes and what must be there though nothing is known: HL7 International Patient Summary.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carecord.fhir_api.kept import Json

Test = Callable[[Json], bool]
Tell = Callable[[Json], str]


@dataclass(frozen=True, slots=True)
class Section:
    """A section by its LOINC code. One that is `required` stands in every summary."""

    code: str
    display: str
    title: str
    types: tuple[str, ...]
    holds: Test
    detail: Tell
    detail_title: str
    required: bool = False


def _codes(concept: Any) -> Iterator[str]:
    for one in (concept or {}).get("coding", ()):
        if "code" in one:
            yield one["code"]


def _status_in(*statuses: str) -> Test:
    return lambda resource: resource.get("status") in statuses


def _is_held_true(resource: Json) -> bool:
    """Neither entered in error nor refuted."""
    return not {"entered-in-error", "refuted"} & set(_codes(resource.get("verificationStatus")))


def _is_over(resource: Json) -> bool:
    return bool({"inactive", "remission", "resolved"} & set(_codes(resource.get("clinicalStatus"))))


def _is_active_problem(resource: Json) -> bool:
    return _is_held_true(resource) and not _is_over(resource)


def _is_past_problem(resource: Json) -> bool:
    return _is_held_true(resource) and _is_over(resource)


def is_over_by(resource: Json, day: str) -> bool:
    """Whether a medicine's own dates say that it ended before this day, whatever its status."""
    end = resource.get("effectivePeriod", {}).get("end")
    return isinstance(end, str) and end[: len(day)] < day[: len(end)]


def told_by_others(resources: Sequence[Json]) -> set[str]:
    """`Type/id` of what a table need not repeat: an order behind a medicine that is told, a report that has
    no words of its own and whose results are all told."""
    told = {f"{one['resourceType']}/{one['id']}" for one in resources}
    found: set[str] = set()
    for one in resources:
        if one["resourceType"] == "MedicationStatement":
            found |= {str(order.get("reference")) for order in one.get("basedOn", ())}
        elif one["resourceType"] == "DiagnosticReport" and not _value(one):
            results = {str(result.get("reference")) for result in one.get("result", ())}
            if results and results <= told:
                found.add(f"DiagnosticReport/{one['id']}")
    return found


def _is_medication(resource: Json) -> bool:
    return resource.get("status") in ("active", "intended", "on-hold", "unknown")


def _is_result(resource: Json) -> bool:
    if resource.get("status") in ("entered-in-error", "cancelled", "registered"):
        return False
    if resource["resourceType"] == "DiagnosticReport":
        return True
    return bool(
        {"laboratory", "imaging"} & {code for one in resource.get("category", ()) for code in _codes(one)}
    )


def _is_vital_sign(resource: Json) -> bool:
    if resource.get("status") in ("entered-in-error", "cancelled", "registered"):
        return False
    return "vital-signs" in {code for one in resource.get("category", ()) for code in _codes(one)}


def concept(value: Any) -> str:
    """A CodeableConcept in words: its text, else a display, else a code."""
    if not isinstance(value, dict):
        return ""
    if value.get("text"):
        return str(value["text"])
    for name in ("display", "code"):
        for one in value.get("coding", ()):
            if one.get(name):
                return str(one[name])
    return ""


def what(resource: Json) -> str:
    """What the resource is about, in words."""
    for name in ("code", "medicationCodeableConcept", "vaccineCode"):
        if name in resource:
            return concept(resource[name])
    return str(resource.get("medicationReference", {}).get("display", ""))


_DATES = (
    "onset",
    "effective",
    "performed",
    "occurrence",
    "authoredOn",
    "recordedDate",
    "dateAsserted",
    "issued",
)


def when(resource: Json) -> str:
    """The day that it is told under, as far as it is known."""
    for stem in _DATES:
        for name in (stem, f"{stem}DateTime", f"{stem}Instant"):
            if isinstance(resource.get(name), str):
                return str(resource[name])[:10]
        period = resource.get(f"{stem}Period")
        if isinstance(period, dict) and period.get("start"):
            return str(period["start"])[:10]
    return ""


def _quantity(value: Mapping[str, Any]) -> str:
    number = f"{value.get('comparator', '')}{value.get('value', '')}"
    return f"{number} {value.get('unit') or value.get('code') or ''}".strip()


def _value(resource: Json) -> str:
    if "valueQuantity" in resource:
        return _quantity(resource["valueQuantity"])
    if "valueCodeableConcept" in resource:
        return concept(resource["valueCodeableConcept"])
    for name in ("valueString", "valueInteger", "valueBoolean", "valueDateTime", "conclusion"):
        if name in resource:
            return str(resource[name])
    parts = [f"{concept(one.get('code'))} {_value(one)}".strip() for one in resource.get("component", ())]
    return "; ".join(parts)


def _reaction(resource: Json) -> str:
    found = [str(resource["criticality"])] if resource.get("criticality") else []
    for reaction in resource.get("reaction", ()):
        seen = ", ".join(filter(None, map(concept, reaction.get("manifestation", ()))))
        severity = reaction.get("severity")
        found.append(f"{seen} ({severity})" if seen and severity else seen or str(severity or ""))
    return ", ".join(filter(None, found))


def _dosage(resource: Json) -> str:
    instructions = resource.get("dosage") or resource.get("dosageInstruction") or ()
    return "; ".join(str(one["text"]) for one in instructions if one.get("text"))


def _clinical_status(resource: Json) -> str:
    """A diagnosis of a hospital stay comes without one: whether it still holds, nobody has said."""
    return concept(resource.get("clinicalStatus")) or "not stated"


def _status(resource: Json) -> str:
    return str(resource.get("status", ""))


SECTIONS = (
    Section(
        "11450-4",
        "Problem list - Reported",
        "Problem list",
        ("Condition",),
        _is_active_problem,
        _clinical_status,
        "Status",
        required=True,
    ),
    Section(
        "48765-2",
        "Allergies and adverse reactions Document",
        "Allergies and intolerances",
        ("AllergyIntolerance",),
        _is_active_problem,
        _reaction,
        "Criticality and reaction",
        required=True,
    ),
    Section(
        "10160-0",
        "History of Medication use Narrative",
        "Medication summary",
        ("MedicationStatement", "MedicationRequest"),
        _is_medication,
        _dosage,
        "Dosage",
        required=True,
    ),
    Section(
        "11369-6",
        "History of Immunization Narrative",
        "Immunizations",
        ("Immunization",),
        _status_in("completed"),
        _status,
        "Status",
    ),
    Section(
        "30954-2",
        "Relevant diagnostic tests/laboratory data Narrative",
        "Results",
        ("DiagnosticReport", "Observation"),
        _is_result,
        _value,
        "Result",
    ),
    Section(
        "47519-4",
        "History of Procedures Document",
        "History of procedures",
        ("Procedure",),
        _status_in("completed", "in-progress", "unknown"),
        _status,
        "Status",
    ),
    Section(
        "8716-3",
        "Vital signs",
        "Vital signs",
        ("Observation",),
        _is_vital_sign,
        _value,
        "Value",
    ),
    Section(
        "11348-0",
        "History of Past illness Narrative",
        "History of past illness",
        ("Condition",),
        _is_past_problem,
        _clinical_status,
        "Status",
    ),
)

DATES = {
    "AllergyIntolerance": "date",
    "Condition": "onset-date",
    "DiagnosticReport": "date",
    "Immunization": "date",
    "MedicationRequest": "authoredon",
    "MedicationStatement": "effective",
    "Observation": "date",
    "Procedure": "date",
}
"""By type: the search parameter whose date says how new a resource is."""

MOST = {
    "AllergyIntolerance": 500,
    "Condition": 500,
    "DiagnosticReport": 50,
    "Immunization": 200,
    "MedicationRequest": 200,
    "MedicationStatement": 200,
    "Observation": 200,
    "Procedure": 100,
}
"""By type: how many of the newest are looked at; a section that reaches it says so."""
