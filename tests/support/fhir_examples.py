"""HL7's examples of R4 resources: nine that stand in the repository, and all 537 where they are at hand."""

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.json_text import decode
from carecord.fhir_api.kept import Json

HERE = Path(__file__).parents[1] / "samples" / "fhir_r4"
ALL = Path(__file__).parents[3] / "shared" / "data" / "fhir-r4-examples" / "examples.ndjson.gz"

# What HL7's own examples get wrong, by type and ID, with the element at fault; each looked at by hand.
WRONG = {
    # A performer of a dispense request is an Organization; this is Practitioner/f001.
    ("MedicationRequest", "medrx0301"): "MedicationRequest.dispenseRequest.performer.reference",
    # The performer is Encounter/example.
    ("Observation", "clinical-gender"): "Observation.performer[0].reference",
    # Items of type display have no linkId.
    ("Questionnaire", "qs1"): "Questionnaire.item[0].item[0].linkId",
    # The div holds an empty pre, no text and no image.
    ("Questionnaire", "zika-virus-exposure-assessment"): "Questionnaire.text.div",
}


def small_examples() -> list[Json]:
    return [decode(path.read_bytes()) for path in sorted(HERE.glob("*.json"))]


def all_examples() -> list[Json]:
    if not ALL.exists():
        pytest.skip("the examples of HL7 are not at hand")
    with gzip.open(ALL) as lines:
        return [decode(line) for line in lines]


def served_examples() -> list[Json]:
    return [one for one in all_examples() if one["resourceType"] in SERVED]


def comparable(value: Any) -> Any:
    """The value with numbers by their digits and narrative as canonical XML: what any format must keep."""
    if isinstance(value, dict):
        return {
            name: etree.canonicalize(inner) if name == "div" else comparable(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return ("number", str(value))
    return value
