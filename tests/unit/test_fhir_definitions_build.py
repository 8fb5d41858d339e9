"""The tables are made of HL7's package: what is needed of each definition, and nothing of examples."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from carecord.fhir_api.definitions import build as building

URL = "http://hl7.org/fhir/StructureDefinition"
SYSTEM = "http://example.org/CodeSystem/colours"
COLOURS = "http://example.org/ValueSet/colours"


def _element(path: str, code: str, **of_type: Any) -> dict[str, Any]:
    return {"path": path, "min": 0, "max": "1", "type": [{"code": code, **of_type}]}


DEFINITIONS: list[dict[str, Any]] = [
    {
        "resourceType": "StructureDefinition",
        "type": "Patient",
        "kind": "resource",
        "baseDefinition": f"{URL}/DomainResource",
        "snapshot": {
            "element": [
                {
                    "path": "Patient",
                    "short": "Somebody\r\nwho is cared for",
                    "constraint": [
                        {"key": "ele-1", "severity": "error", "human": "h", "expression": "hasValue()"},
                        {"key": "pat-9", "severity": "warning", "human": "h", "expression": "true"},
                    ],
                },
                _element("Patient.id", "string"),
                {
                    **_element("Patient.colour", "code"),
                    "min": 1,
                    "isSummary": True,
                    "binding": {"strength": "required", "valueSet": f"{COLOURS}|4.0.1"},
                },
                _element("Patient.size", "Quantity", profile=[f"{URL}/SimpleQuantity"]),
                _element("Patient.doctor", "Reference", targetProfile=[f"{URL}/Person"]),
            ]
        },
    },
    {
        "resourceType": "StructureDefinition",
        "type": "Patient",
        "kind": "resource",
        "derivation": "constraint",
    },
    {
        "resourceType": "CodeSystem",
        "url": SYSTEM,
        "content": "complete",
        "concept": [{"code": "a", "concept": [{"code": "b"}]}],
    },
    {"resourceType": "ValueSet", "url": COLOURS, "compose": {"include": [{"system": SYSTEM}]}},
    {
        "resourceType": "SearchParameter",
        "url": "http://hl7.org/fhir/SearchParameter/Patient-colour",
        "code": "colour",
        "type": "token",
        "base": ["Patient", "Person"],
        "expression": "Patient.colour",
        "description": "Multiple Resources: \r\n\r\n* [Patient](patient.html): Of the skin\r\n"
        "* [Person](person.html): Of the hair\r\n",
    },
    {
        "resourceType": "SearchParameter",
        "url": "http://hl7.org/fhir/SearchParameter/example-colour",
        "code": "colour",
        "type": "string",
        "base": ["Patient"],
        "expression": "Patient.size",
    },
    {
        "resourceType": "SearchParameter",
        "url": "http://hl7.org/fhir/SearchParameter/Patient-shade",
        "code": "shade",
        "type": "token",
        "base": ["Patient"],
        "expression": "Patient.extension('u').value",
    },
    {
        "resourceType": "CompartmentDefinition",
        "id": "patient",
        "resource": [
            {"code": "Patient", "param": ["link"]},
            {"code": "Person", "param": ["x"]},
            {"code": "Task"},
        ],
    },
]


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    package = tmp_path / "package.tgz"
    with tarfile.open(package, "w:gz") as archive:
        for number, one in enumerate(DEFINITIONS):
            content = json.dumps(one).encode()
            member = tarfile.TarInfo(f"package/{one['resourceType']}-{number}.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(building, "_OUT", tmp_path)
    building.build(package)
    return {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}


def test_a_structure_keeps_what_checking_needs(tables: dict[str, Any]) -> None:
    assert tables["structures"] == {
        "Patient": {
            "kind": "resource",
            "about": "Somebody who is cared for",
            "base": "DomainResource",
            "constraints": {"pat-9": ["warning", "true", "h"]},
            "elements": {
                "Patient.id": {"min": 0, "max": "1", "types": [["id"]]},
                "Patient.colour": {
                    "min": 1,
                    "max": "1",
                    "types": [["code"]],
                    "binding": ["required", COLOURS],
                    "summary": True,
                },
                "Patient.size": {"min": 0, "max": "1", "simple": True, "types": [["Quantity"]]},
                "Patient.doctor": {"min": 0, "max": "1", "types": [["Reference", "Person"]]},
            },
        }
    }
    assert tables["other_structures"] == {}
    assert tables["resource_types"] == ["Patient"]


def test_a_value_set_has_every_code_of_its_system(tables: dict[str, Any]) -> None:
    assert tables["value_sets"] == {COLOURS: {SYSTEM: ["a", "b"]}}


def test_search_parameters_of_examples_and_extensions_stay_out(tables: dict[str, Any]) -> None:
    assert tables["search_parameters"] == {
        "Patient": {
            "colour": {
                "type": "token",
                "url": "http://hl7.org/fhir/SearchParameter/Patient-colour",
                "expression": "Patient.colour",
                "about": "Of the skin",
            }
        }
    }


def test_the_compartment_has_served_types_with_a_parameter(tables: dict[str, Any]) -> None:
    assert tables["patient_compartment"] == {"Patient": ["link"]}
