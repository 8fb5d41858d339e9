"""What the reference says of FHIR is so: addresses, scopes, expressions, fields, samples."""

import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from carecord.catalogue import OPERATIONS as CATALOGUE
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS
from carecord.fhir_api.addresses import BASE_PATH, Addresses
from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.fhirpath import typed
from carecord.fhir_api.indexing import parameters_of
from carecord.fhir_api.operations import OPERATIONS
from carecord.fhir_api.validating import check
from carecord.kernel.settings import Settings
from carecord.portal.fhir_reference import FHIRFaceReference, FHIRReference, OperationRow, expression_of
from carecord.portal.fhir_samples import everything_samples, sample_resource, search_samples

FACE = FHIRFaceReference(Settings(data=Path("unused"), public_url="https://record.example"))
ADDRESSES = Addresses(OPERATIONS)
TYPES = pytest.mark.parametrize("reference", FACE.types.values(), ids=lambda reference: reference.type)


def test_it_tells_of_every_served_type_in_one_group() -> None:
    grouped = [one.type for _, types in FACE.groups for one in types]

    assert sorted(grouped) == list(FACE.types) == list(SERVED)


@TYPES
def test_every_call_that_is_told_of_is_routed_to_what_it_is_told_to_do(reference: FHIRReference) -> None:
    for row in reference.interactions:
        address = ADDRESSES.find(row.method, path_within(row.path))
        assert (address.interaction, address.type) == (row.code, reference.type)


@pytest.mark.parametrize(
    "operation",
    [one for reference in FACE.types.values() for one in reference.operations] + FACE.operations,
    ids=lambda one: one.calls[0][1].removeprefix(BASE_PATH).replace("/", "-"),
)
def test_every_operation_that_is_told_of_is_called_there(operation: OperationRow) -> None:
    for methods, path in operation.calls:
        for method in methods.split(" or "):
            found = ADDRESSES.find(method, path_within(path)).operation
            assert found is not None
            assert (found.name, found.about) == (operation.name, operation.about)


@TYPES
def test_every_parameter_says_what_it_finds_and_where(reference: FHIRReference) -> None:
    for row in reference.parameters:
        assert re.match(r"\S.*[.?]$", row.about), row.name
        if row.type != "special":
            typed(row.expression.partition(": ")[0], reference.type)


@pytest.mark.parametrize(
    ("type_name", "code", "told"),
    [
        ("Patient", "given", "Patient.name.given"),
        ("AllergyIntolerance", "code", "AllergyIntolerance.code | AllergyIntolerance.reaction.substance"),
        ("Condition", "_tag", "Resource.meta.tag"),
        ("Observation", "code-value-concept", "Observation: code $ value.as(CodeableConcept)"),
    ],
)
def test_an_expression_is_told_as_far_as_it_is_of_the_type(type_name: str, code: str, told: str) -> None:
    assert expression_of(type_name, parameters_of(type_name)[code]) == told


def test_a_field_stands_beside_its_element() -> None:
    made_of = {
        (one.title, row.element, row.field or f"always {row.always}")
        for one in FACE.types["MedicationStatement"].made_of
        if one.operation is GP_REPEAT_MEDICATIONS
        for row in one.rows
    }

    for leaf in GP_REPEAT_MEDICATIONS.leaves:
        for mark in leaf.field.fhir:
            if mark.on is None and not mark.path.startswith("meta."):
                assert (GP_REPEAT_MEDICATIONS.target, mark.path, leaf.name) in made_of
    assert any(held == "always Repeat" for _, _, held in made_of)


def test_every_declared_resource_of_the_catalogue_is_told_of_once() -> None:
    told = [
        (one.operation.operation_id, one.declared.type, one.declared.key)
        for reference in FACE.types.values()
        for one in reference.made_of
    ]
    declared = [
        (operation.operation_id, one.type, one.key)
        for operation in CATALOGUE
        if operation.submitted
        for one in operation.fhir
    ]

    assert sorted(told) == sorted(declared)


def test_rows_that_may_be_restricted_name_their_scope() -> None:
    assert FACE.types["Task"].restricted_scopes == ["social-care.restricted"]
    assert FACE.types["DocumentReference"].restricted_scopes == ["documents.restricted"]
    assert FACE.types["Immunization"].restricted_scopes == []


@TYPES
def test_a_type_that_rows_become_has_a_sample_that_r4_allows(reference: FHIRReference) -> None:
    sample = sample_resource(reference)

    assert (sample is not None) == bool(reference.made_of)
    if sample is not None:
        resource = msgspec.json.decode(sample.text)
        assert resource["resourceType"] == reference.type
        assert [one for one in check(resource, type_name=reference.type) if one.is_error] == []


@TYPES
def test_code_samples_are_code(reference: FHIRReference) -> None:
    samples = [*search_samples(reference, FACE.base_url), *everything_samples(FACE.base_url)]
    for sample in samples:
        if sample.language == "Python":
            compile(sample.code, reference.type, "exec")
        if sample.language == "curl":
            subprocess.run(["bash", "-n"], input=sample.code.encode(), check=True)


def path_within(path: str) -> str:
    """What follows the base, with a value for each word in braces."""
    return re.sub(r"\{\w+\}", "1", path.removeprefix(BASE_PATH))
