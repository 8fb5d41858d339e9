"""HL7's examples of R4: each becomes an item that the catalogue takes, or is kept as FHIR alone."""

import gzip
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from carecord.catalogue.submission import parse_item
from carecord.fhir_api.incoming import NoPlace, demographics_of, file
from carecord.fhir_api.incoming.places import PLACES
from carecord.fhir_api.json_text import decode
from carecord.fhir_api.kept import Json
from carecord.patient_index.demographics import parse_patient

EXAMPLES = Path(__file__).parents[3] / "shared/data/fhir-r4-examples/examples.ndjson.gz"
TODAY = "2026-03-01"

pytestmark = pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples are no part of the project")


@pytest.fixture(scope="module")
def examples() -> list[Json]:
    with gzip.open(EXAMPLES) as lines:
        return [decode(line) for line in lines]


def test_each_example_is_filed_as_an_item_that_the_catalogue_takes_or_not_at_all(
    examples: list[Json],
) -> None:
    filed: Counter[str] = Counter()
    for example in examples:
        if example["resourceType"] not in PLACES:
            continue
        try:
            found = file(example, today=TODAY)
        except NoPlace:
            continue
        for one in (found, *found.further):
            raw = msgspec.json.encode(one.item)
            parse_item(one.operation, raw, source_item_id=f"fhir:{example['id']}", today=TODAY)
        filed[example["resourceType"]] += 1
    assert filed == {
        "AllergyIntolerance": 6,
        "Appointment": 1,
        "CarePlan": 2,
        "Condition": 11,
        "DocumentReference": 1,
        "Encounter": 6,
        "Flag": 2,
        "Immunization": 2,
        "MedicationRequest": 26,
        "MedicationStatement": 6,
        "Observation": 41,
        "Procedure": 11,
        "QuestionnaireResponse": 2,
        "RelatedPerson": 2,
        "ServiceRequest": 6,
    }


def test_each_patient_of_the_examples_becomes_a_source_record(examples: list[Json]) -> None:
    patients = [one for one in examples if one["resourceType"] == "Patient"]
    for patient in patients:
        demographics = {"PatientNumber": "FHIR-1", **demographics_of(patient)}
        parse_patient(msgspec.json.encode(demographics), source_key="a", today=TODAY)
    assert len(patients) == 19
