"""The OpenAPI document is valid, holds what is served and nothing else, and its schemas fit the samples."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from carecord.bundles_api.index_operations import (
    AS_OF,
    EXPLANATION,
    HISTORY,
    INDEX_OPERATIONS,
    IndexOperation,
)
from carecord.bundles_api.openapi import build_openapi
from carecord.bundles_api.parameters import parameter_names
from carecord.catalogue import OPERATIONS, operations_by_id
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS
from carecord.catalogue.model import ListOperation, Operation
from carecord.catalogue.samples import further_samples, sample_answer, sample_of
from carecord.kernel.settings import Settings

DESCRIBED: tuple[Operation, ...] = (*OPERATIONS, *INDEX_OPERATIONS)


def settings(**more: Any) -> Settings:
    return Settings(data=Path("unused"), public_url="https://record.example", **more)


@cache
def whole() -> dict[str, Any]:
    return build_openapi(DESCRIBED, settings(browse_by_surname=True))


def call_of(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = whole()["paths"][operation.path][operation.method.lower()]
    return described


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(
        {**schema, "components": whole()["components"]}, format_checker=FormatChecker()
    )


def answer_validator(operation: Operation) -> Draft202012Validator:
    return validator(call_of(operation)["responses"]["200"]["content"]["application/json"]["schema"])


def test_it_is_a_valid_document() -> None:
    validate(whole())


def test_it_holds_every_served_operation_and_no_other() -> None:
    served = [GP_REPEAT_MEDICATIONS, FIND_PATIENT]
    document = build_openapi(served, settings())
    described = {call["operationId"] for path in document["paths"].values() for call in path.values()} - {
        "Token_Post"
    }
    assert described == {operation.operation_id for operation in served}
    assert "Social Care" not in {tag["name"] for tag in document["tags"]}


@pytest.mark.parametrize("operation", DESCRIBED, ids=lambda operation: operation.operation_id)
def test_the_sample_of_an_operation_fits_its_schema(operation: Operation) -> None:
    assert [
        error.message for error in answer_validator(operation).iter_errors(sample_answer(operation))
    ] == []
    body = sample_of(operation).body
    if body is not None:
        schema = call_of(operation)["requestBody"]["content"]["application/json"]["schema"]
        assert [error.message for error in validator(schema).iter_errors(body)] == []


def test_the_further_samples_of_find_patient_fit_its_schemas() -> None:
    schema = call_of(FIND_PATIENT)["requestBody"]["content"]["application/json"]["schema"]
    (further,) = further_samples(FIND_PATIENT)
    validator(schema).validate(further.body)
    answer_validator(FIND_PATIENT).validate(sample_answer(FIND_PATIENT, further.item))


def test_too_little_to_search_by_does_not_fit_and_the_example_does() -> None:
    document = build_openapi([FIND_PATIENT], settings())
    content = document["paths"][FIND_PATIENT.path]["post"]["requestBody"]["content"]["application/json"]
    fits = Draft202012Validator({**content["schema"], "components": document["components"]}).is_valid
    assert all(fits(example["value"]) for example in content["examples"].values())
    assert fits({"NhsNumber": "999 012 3454"})
    assert fits({"Surname": "Heritage", "PostCode": "ZZ99"})
    assert not fits({"Surname": "Heritage"})
    assert not fits({"Surname": "Heritage", "PostCode": " "})
    assert not fits({"NhsNumber": None})
    assert not fits({"Forename": "Doris", "DateOfBirth": "1946-05-17"})
    assert not fits({"Fuzzy": True, "NhsNumber": "999 012 3454"})
    assert not fits({"Fuzzy": True, "Surname": "Heritage", "PostCode": "ZZ99 3CZ"})
    assert not fits({"Fuzzy": True, "Forename": "D*", "Surname": "Heritage", "DateOfBirth": "1946-05-17"})


def test_an_answer_with_a_field_more_or_less_does_not_fit() -> None:
    fits = answer_validator(GP_REPEAT_MEDICATIONS).is_valid
    item = sample_of(GP_REPEAT_MEDICATIONS).item
    collection = GP_REPEAT_MEDICATIONS.collection
    assert collection
    without = {name: value for name, value in item.items() if name != "Rubric"}
    assert not fits({collection: [without], "TotalItemCount": 1})
    assert not fits({collection: [item | {"More": 1}], "TotalItemCount": 1})
    assert not fits({collection: [item | {"Rubric": 7}], "TotalItemCount": 1})
    assert not fits({collection: [item | {"Date": "2021-11-04T00:00:00Z"}], "TotalItemCount": 1})
    assert not fits({collection: [item]})


@pytest.mark.parametrize("operation", DESCRIBED, ids=lambda operation: operation.operation_id)
def test_each_parameter_that_an_operation_reads_is_described(operation: Operation) -> None:
    described = [
        parameter.get("name") or parameter["$ref"].rpartition("/")[2]
        for parameter in call_of(operation)["parameters"]
        if parameter.get("in") != "path"
    ]
    if isinstance(operation, IndexOperation):
        assert described == [one.name for one in operation.query]
    else:
        assert described == (parameter_names(operation) if isinstance(operation, ListOperation) else [])


@pytest.mark.parametrize("operation", DESCRIBED, ids=lambda operation: operation.operation_id)
def test_each_operation_needs_its_scopes_and_a_key(operation: Operation) -> None:
    scopes = [operation.scope, *([operation.restricted_scope] if operation.restricted else [])]
    assert call_of(operation)["security"] == [{"clientCredentials": scopes, "subscriptionKey": []}]


def test_the_key_is_optional_where_the_server_does_not_ask_for_it() -> None:
    document = build_openapi([GP_REPEAT_MEDICATIONS], settings(require_subscription_key=False))
    call = document["paths"][GP_REPEAT_MEDICATIONS.path]["get"]
    assert call["security"][1] == {"clientCredentials": ["gp.read"]}


def test_a_question_about_links_tells_its_picture_its_parameters_and_its_refusals() -> None:
    explanation, history, as_of = map(call_of, (EXPLANATION, HISTORY, AS_OF))
    assert list(explanation["responses"]["200"]["content"]) == ["application/json", "image/svg+xml"]
    assert list(history["responses"]["200"]["content"]) == ["application/json"]
    assert [{"406", "409"} & set(one["responses"]) for one in (explanation, history, as_of)] == [
        {"406"},
        {"409"},
        set(),
    ]
    (form,) = (one for one in explanation["parameters"] if one["in"] == "query")
    (time,) = (one for one in as_of["parameters"] if one["in"] == "query")
    assert (form["name"], form["schema"]["enum"], form["required"]) == ("format", ["json", "svg"], False)
    assert (time["name"], time["required"]) == ("time", True)
    assert validator(time["schema"]).is_valid("2024-10-27T01:30:00+01:00")
    assert not validator(time["schema"]).is_valid("yesterday")


def test_every_scope_that_an_operation_needs_or_heeds_is_named() -> None:
    flow = whole()["components"]["securitySchemes"]["clientCredentials"]["flows"]["clientCredentials"]
    assert set(flow["scopes"]) == {s for one in DESCRIBED for s in (one.scope, one.restricted_scope)}
    assert {"patient-index.review", "patient-index.sealed"} <= set(flow["scopes"])


def test_a_hidden_field_is_not_told() -> None:
    for operation in OPERATIONS:
        for leaf in operation.leaves:
            if not leaf.exposed and len(leaf.path) == 1:
                schema = whole()["components"]["schemas"][operation.item.__name__]
                assert leaf.field.name not in schema["properties"]


def test_the_addresses_are_those_that_callers_use() -> None:
    assert whole()["servers"] == [{"url": "https://record.example"}]
    flows = whole()["components"]["securitySchemes"]["clientCredentials"]["flows"]
    assert flows["clientCredentials"]["tokenUrl"] == "https://record.example/oauth2/token"


def test_every_operation_of_the_catalogue_is_described_with_its_words() -> None:
    for operation_id, operation in operations_by_id.items():
        call = call_of(operation)
        assert call["operationId"] == operation_id
        assert call["summary"] == operation.title
        assert call["description"].startswith(operation.summary)
