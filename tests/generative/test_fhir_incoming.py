"""Whatever is left out of a resource, it is filed as an item that the catalogue takes, or not at all."""

import copy
from collections.abc import Iterator
from datetime import date
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from carecord.catalogue import OPERATIONS
from carecord.catalogue.samples import sample_of
from carecord.catalogue.submission import InvalidItem, parse_item
from carecord.fhir_api.incoming import demographics_of, entry_of, refused
from carecord.fhir_api.mapping.entries import resources_of
from carecord.fhir_api.mapping.parts import About, PatientParts, Source
from carecord.fhir_api.mapping.patients import patient_of
from carecord.fhir_api.outcomes import InvalidResource
from carecord.patient_index.demographics import parse_patient

SOURCE = Source(3, "Eastvale Hospitals NHS Trust (Acute)", "RZ9")
ABOUT = About(12, 77, SOURCE, date(2026, 3, 1))
TODAY = "2026-03-01"


def told() -> Iterator[dict[str, Any]]:
    """Every sample of the catalogue as FHIR."""
    for operation in OPERATIONS:
        if operation.submitted and operation.store and operation.store.name != "patient_record":
            for one in resources_of(operation.store.name, sample_of(operation).item, about=ABOUT):
                yield {**one.resource, "id": "77"}


TOLD = tuple(told())
PATIENT = patient_of(
    PatientParts(
        12,
        SOURCE,
        next(sample_of(one).item for one in OPERATIONS if one.target == "details"),
        merged=False,
    )
)
TEXTS = st.sampled_from(
    ["", "2026", "2026-02-30", "\N{SNOWMAN}", "x" * 70_000, "entered-in-error", "-1", "9" * 30]
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every element within: what holds it, and its name or position there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inner for place in ((value, key), *places(one))]


def spoilt(resource: dict[str, Any], choices: st.DataObject) -> dict[str, Any]:
    """The resource with some elements left out and some texts that say something else."""
    resource = copy.deepcopy(resource)
    for _ in range(choices.draw(st.integers(0, 4))):
        holder, key = choices.draw(st.sampled_from(places(resource)))
        if key in ("resourceType", "id"):
            continue
        if isinstance(holder[key], str) and choices.draw(st.booleans()):
            holder[key] = choices.draw(TEXTS)
        else:
            del holder[key]
    return resource


@given(st.sampled_from(TOLD), st.data())
def test_a_resource_is_filed_as_an_item_that_the_catalogue_takes_or_not_at_all(
    resource: dict[str, Any], choices: st.DataObject
) -> None:
    found = entry_of(spoilt(resource, choices), today=TODAY)
    for one in () if found is None else (found, *found.further):
        parse_item(one.operation, msgspec.json.encode(one.item), source_item_id="fhir:77", today=TODAY)


@given(st.data())
def test_a_patient_becomes_demographics_that_the_index_takes_or_refuses_by_element(
    choices: st.DataObject,
) -> None:
    patient = spoilt(PATIENT, choices)
    try:
        demographics = {"PatientNumber": "FHIR-1", **demographics_of(patient)}
        parse_patient(msgspec.json.encode(demographics), source_key="a", today=TODAY)
    except InvalidResource as refusal:
        issues = refusal.issues
    except InvalidItem as invalid:
        issues = refused(invalid).issues
    else:
        return
    assert all((one.expression or "").startswith("Patient.") for one in issues)
