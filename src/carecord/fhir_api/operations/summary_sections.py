"""The sections of a patient summary: which resources each holds, and how its table tells of them.

Sections, codes and what must be there though nothing is known: HL7 International Patient Summary.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from carecord.fhir_api.incoming.pieces import choice, value_text
from carecord.fhir_api.kept import Json

LONGEST_DETAIL = 1_000
"""Characters of a cell; a longer text stands in its resource."""

_TAKEN = ("active", "intended", "on-hold", "unknown")

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
    """What is not to be given is no medicine of the patient's."""
    return resource.get("status") in _TAKEN and resource.get("doNotPerform") is not True


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


def _value(resource: Json) -> str:
    if choice(resource, "value") is not None:
        return value_text(resource) or "a value that words cannot tell"
    if "dataAbsentReason" in resource:
        return f"no value: {concept(resource['dataAbsentReason']) or 'no reason given'}"
    if "conclusion" in resource:
        return str(resource["conclusion"])
    parts = [f"{concept(one.get('code'))} {_value(one)}".strip() for one in resource.get("component", ())]
    return "; ".join(parts)


def _result(resource: Json) -> str:
    status = str(resource.get("status"))
    said = _value(resource)
    if status in ("final", "amended", "corrected", "appended"):
        return said
    return f"{status}: {said}" if said else status


def _doubt(resource: Json) -> list[str]:
    """How sure it is, unless it is confirmed or nobody has said."""
    verified = resource.get("verificationStatus")
    return [] if "confirmed" in _codes(verified) else list(filter(None, [concept(verified)]))


def _reaction(resource: Json) -> str:
    found = [*_doubt(resource), *filter(None, [resource.get("criticality")])]
    for reaction in resource.get("reaction", ()):
        seen = ", ".join(filter(None, map(concept, reaction.get("manifestation", ()))))
        severity = reaction.get("severity")
        found.append(f"{seen} ({severity})" if seen and severity else seen or str(severity or ""))
    return ", ".join(filter(None, found))


def _dosage(resource: Json) -> str:
    """The dosage, after what says that the medicine is not simply taken."""
    instructions = resource.get("dosage") or resource.get("dosageInstruction") or ()
    told = [str(one["text"]) for one in instructions if one.get("text")]
    if resource.get("intent") in ("proposal", "plan"):
        told.insert(0, str(resource["intent"]))
    if resource.get("status") != "active":
        told.insert(0, str(resource["status"]))
    return "; ".join(told)


def _clinical_status(resource: Json) -> str:
    """A diagnosis of a hospital stay comes without one: whether it still holds, nobody has said."""
    return ", ".join([concept(resource.get("clinicalStatus")) or "not stated", *_doubt(resource)])


def _status(resource: Json) -> str:
    return str(resource.get("status", ""))


def detail(section: Section, resource: Json) -> str:
    """What the table says of it beside what and when."""
    if "modifierExtension" in resource:
        return "read the resource: something in it may change what it says"
    said = section.detail(resource)
    return said if len(said) <= LONGEST_DETAIL else f"{said[:LONGEST_DETAIL]}… (more in the resource)"


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
        "Doubt, criticality and reaction",
        required=True,
    ),
    Section(
        "10160-0",
        "History of Medication use Narrative",
        "Medication summary",
        ("MedicationStatement", "MedicationRequest"),
        _is_medication,
        _dosage,
        "Status, if not active, and dosage",
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
        _result,
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
        _result,
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
