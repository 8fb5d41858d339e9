"""References between the resources that one entry becomes."""

from collections.abc import Callable, Sequence

from carecord.catalogue.acute import ACUTE_ED_ATTENDANCES, ACUTE_OUTPATIENT_APPOINTMENTS
from carecord.catalogue.community_mental_health import COMMUNITY_ASSESSMENTS
from carecord.catalogue.gp import GP_PAST_MEDICATIONS, GP_REPEAT_MEDICATIONS, GP_TEST_RESULTS
from carecord.catalogue.model import Operation
from carecord.catalogue.pathology import PATHOLOGY_RESULTS
from carecord.catalogue.radiology import RADIOLOGY_REPORTS
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import About

Parts = dict[str, list[tuple[str, Json]]]
"""By the declaration's key, empty for the main one: the resources made, each with its part of the id."""


def link(operation: Operation, made: Sequence[tuple[str, str, Json]], about: About) -> None:
    """Let the resources of an entry refer to each other, as far as they were made."""
    linker = _LINKERS.get(operation.operation_id)
    if linker is None or len(made) < 2:
        return
    parts: Parts = {}
    for key, part, resource in made:
        parts.setdefault(key, []).append((part, resource))
    linker(parts, about)


def _references(parts: Parts, key: str, about: About) -> list[Json]:
    return [
        {
            "reference": f"{resource['resourceType']}/{about.entry_id}-{part}"
            if part
            else f"{resource['resourceType']}/{about.entry_id}"
        }
        for part, resource in parts.get(key, ())
    ]


def _link_plan(parts: Parts, about: About) -> None:
    """What the patient takes is based on what was ordered."""
    for _, statement in parts.get("", ()):
        statement["basedOn"] = _references(parts, "MedicationRequest", about)


def _link_gp_report(parts: Parts, about: About) -> None:
    for _, report in parts.get("DiagnosticReport", ()):
        report["result"] = _references(parts, "", about)
        for _, result in parts.get("", ()):
            if "code" in result:
                report["code"] = result["code"]


def _link_pathology(parts: Parts, about: About) -> None:
    """The report names its results and specimen, each result its specimen and the report's request."""
    specimens = _references(parts, "Specimen", about)
    for _, report in parts.get("", ()):
        if specimens:
            report["specimen"] = specimens
        results = _references(parts, "Observation", about) + _references(parts, "Culture", about)
        if results:
            report["result"] = results
    for key in ("Observation", "Culture"):
        for _, result in parts.get(key, ()):
            if specimens:
                result["specimen"] = specimens[0]


def _link_attendance(parts: Parts, about: About) -> None:
    (encounter,) = _references(parts, "", about)
    for key in ("Investigation", "Treatment"):
        for _, procedure in parts.get(key, ()):
            procedure["encounter"] = encounter


def _link_clinic_visit(parts: Parts, about: About) -> None:
    (appointment,) = _references(parts, "", about)
    for _, encounter in parts.get("Encounter", ()):
        encounter.setdefault("appointment", [{}])[0] |= appointment


def _link_score(parts: Parts, about: About) -> None:
    for _, observation in parts.get("Observation", ()):
        observation["derivedFrom"] = _references(parts, "", about)


def _link_images(parts: Parts, about: About) -> None:
    for _, report in parts.get("", ()):
        report["imagingStudy"] = _references(parts, "ImagingStudy", about)


_LINKERS: dict[str, Callable[[Parts, About], None]] = {
    operation.operation_id: linker
    for operation, linker in (
        (GP_REPEAT_MEDICATIONS, _link_plan),
        (GP_PAST_MEDICATIONS, _link_plan),
        (GP_TEST_RESULTS, _link_gp_report),
        (PATHOLOGY_RESULTS, _link_pathology),
        (ACUTE_ED_ATTENDANCES, _link_attendance),
        (ACUTE_OUTPATIENT_APPOINTMENTS, _link_clinic_visit),
        (COMMUNITY_ASSESSMENTS, _link_score),
        (RADIOLOGY_REPORTS, _link_images),
    )
}
