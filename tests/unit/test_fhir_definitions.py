"""The tables of R4 say what R4 says."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import fhirclient.models
import pytest

from carecord.fhir_api.definitions import (
    CARRIERS,
    SERVED,
    children,
    patient_compartment,
    resource_types,
    search_parameters,
    structure,
    value_set,
)
from carecord.fhir_api.definitions.shapes import shape


def test_patient_is_as_r4_has_it() -> None:
    assert list(children("Patient"))[:12] == [
        "id",
        "meta",
        "implicitRules",
        "language",
        "text",
        "contained",
        "extension",
        "modifierExtension",
        "identifier",
        "active",
        "name",
        "telecom",
    ]
    deceased = children("Patient")["deceased[x]"]
    assert deceased.json_names() == {"deceasedBoolean": "boolean", "deceasedDateTime": "dateTime"}
    assert deceased.modifier
    assert not deceased.repeats
    practitioner = children("Patient")["generalPractitioner"]
    assert practitioner.repeats
    assert practitioner.targets == {"Reference": ("Organization", "Practitioner", "PractitionerRole")}
    assert [one.key for one in children("Patient")["contact"].constraints] == ["pat-1"]


def test_observation_is_as_r4_has_it() -> None:
    status = children("Observation")["status"]
    assert (status.min, status.max, status.types) == (1, "1", ("code",))
    assert value_set(status.binding or "") == {
        "http://hl7.org/fhir/observation-status": frozenset(
            (
                "registered",
                "preliminary",
                "final",
                "amended",
                "corrected",
                "cancelled",
                "entered-in-error",
                "unknown",
            )
        )
    }
    assert {one.key: one.severity for one in structure("Observation").constraints} == {
        "dom-2": "error",
        "dom-3": "error",
        "dom-4": "error",
        "dom-5": "error",
        "dom-6": "warning",
        "obs-6": "error",
        "obs-7": "error",
    }
    component_range = children("Observation.component")["referenceRange"]
    assert component_range.content == "Observation.referenceRange"
    assert shape("Observation.component").slots["referenceRange"].inner == "Observation.referenceRange"
    assert children("Observation.referenceRange")["low"].simple


def test_search_parameters_are_those_of_r4() -> None:
    of_patient = search_parameters("Patient")
    assert of_patient["birthdate"].type == "date"
    assert of_patient["general-practitioner"].targets == ("Practitioner", "Organization", "PractitionerRole")
    assert {"_id", "_lastUpdated", "_tag", "_security", "_profile"} <= of_patient.keys()
    assert not {"age", "mothersMaidenName", "part-agree"} & of_patient.keys()
    composite = search_parameters("Observation")["code-value-quantity"]
    assert [(one.code, one.type) for one in composite.components] == [
        ("code", "token"),
        ("value-quantity", "quantity"),
    ]
    subject = search_parameters("Condition")["subject"]
    assert subject.url == "http://hl7.org/fhir/SearchParameter/Condition-subject"


def test_a_resource_is_a_patients_as_r4_says() -> None:
    assert patient_compartment("Observation") == ("subject", "performer")
    assert patient_compartment("Medication") == ()


def test_ids_of_resources_are_ids() -> None:
    for type_name in SERVED:
        assert shape(type_name).slots["id"].type == "id", type_name
    assert shape("Patient.contact").slots["id"].type == "string"


def test_every_type_of_r4_has_its_elements() -> None:
    assert (
        len(resource_types()) == 148 - 2
    )  # Without Resource and DomainResource, which are nothing by themselves.
    assert {*SERVED, *CARRIERS} <= resource_types()
    for type_name in resource_types():
        assert structure(type_name).kind == "resource"
        assert "meta" in shape(type_name).slots


def _models() -> Iterator[Any]:
    for module in pkgutil.iter_modules(fhirclient.models.__path__):
        if module.name.endswith("_tests"):
            continue
        for model in vars(importlib.import_module(f"fhirclient.models.{module.name}")).values():
            if isinstance(model, type) and "resource_type" in vars(model):
                yield model


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_elements_are_those_that_fhirclient_knows() -> None:
    judged = 0
    for model in _models():
        name = model.resource_type
        if name not in resource_types() and not _is_data_type(name):
            continue
        known = {place[1]: (place[3], place[5]) for place in model().elementProperties()}
        slots = shape(name).slots
        assert slots.keys() == known.keys(), name
        for element, (is_list, required) in known.items():
            assert slots[element].element.repeats == is_list, f"{name}.{element}"
            # Of a choice fhirclient requires none of the names.
            if not slots[element].element.is_choice:
                assert (slots[element].element.min > 0) == required, f"{name}.{element}"
        judged += 1
    assert judged > 150


def _is_data_type(name: str) -> bool:
    try:
        return structure(name).kind == "complex-type" and name not in ("Element", "BackboneElement")
    except KeyError:
        return False
