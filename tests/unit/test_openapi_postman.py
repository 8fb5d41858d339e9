"""The Postman collection is what Postman 2.1 reads, holds what is served, and names each value it needs."""

import re
from pathlib import Path
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from carecord.bundles_api.index_operations import INDEX_OPERATIONS
from carecord.bundles_api.postman import build_collection, build_environment
from carecord.catalogue import OPERATIONS
from carecord.kernel.settings import Settings

DESCRIBED = (*OPERATIONS, *INDEX_OPERATIONS)
COLLECTION: dict[str, Any] = build_collection(DESCRIBED)
ENVIRONMENT = build_environment(Settings(data=Path("unused"), public_url="https://record.example"))

KEY_AND_VALUE = {
    "type": "object",
    "required": ["key", "value"],
    "properties": {"key": {"type": "string", "minLength": 1}, "disabled": {"type": "boolean"}},
}
SCHEMA = {
    "type": "object",
    "required": ["info", "item"],
    "properties": {
        "info": {
            "required": ["name", "schema"],
            "properties": {"schema": {"pattern": r"/collection/v2\.1\.0/collection\.json$"}},
        },
        "item": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        "auth": {"$ref": "#/$defs/auth"},
    },
    "$defs": {
        "auth": {
            "required": ["type"],
            "properties": {
                "type": {"enum": ["bearer", "basic"]},
                "bearer": {"type": "array", "items": KEY_AND_VALUE},
                "basic": {"type": "array", "items": KEY_AND_VALUE},
            },
        },
        "item": {
            "type": "object",
            "required": ["name"],
            "oneOf": [{"required": ["request"]}, {"required": ["item"]}],
            "properties": {
                "name": {"type": "string"},
                "item": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
                "request": {"$ref": "#/$defs/request"},
                "event": {
                    "type": "array",
                    "items": {
                        "required": ["listen", "script"],
                        "properties": {
                            "listen": {"enum": ["test", "prerequest"]},
                            "script": {
                                "properties": {"exec": {"type": "array", "items": {"type": "string"}}}
                            },
                        },
                    },
                },
                "response": {
                    "type": "array",
                    "items": {
                        "required": ["name", "code", "body"],
                        "properties": {
                            "originalRequest": {"$ref": "#/$defs/request"},
                            "code": {"type": "integer"},
                            "body": {"type": "string"},
                            "header": {"type": "array", "items": KEY_AND_VALUE},
                        },
                    },
                },
            },
        },
        "request": {
            "type": "object",
            "required": ["method", "header", "url"],
            "properties": {
                "method": {"enum": ["GET", "POST", "PUT", "DELETE"]},
                "header": {"type": "array", "items": KEY_AND_VALUE},
                "auth": {"$ref": "#/$defs/auth"},
                "body": {
                    "required": ["mode"],
                    "properties": {
                        "mode": {"enum": ["raw", "urlencoded"]},
                        "raw": {"type": "string"},
                        "urlencoded": {"type": "array", "items": KEY_AND_VALUE},
                    },
                },
                "url": {
                    "type": "object",
                    "required": ["raw", "host", "path"],
                    "properties": {
                        "path": {"type": "array", "items": {"type": "string"}},
                        "query": {"type": "array", "items": KEY_AND_VALUE},
                        "variable": {"type": "array", "items": KEY_AND_VALUE},
                    },
                },
            },
        },
    },
}
"""What the v2.1.0 schema of a collection asks of the parts that are used here."""


def requests(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        found for item in items for found in (requests(item["item"]) if "item" in item else [item["request"]])
    ]


def test_the_collection_keeps_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(COLLECTION)] == []


def test_there_is_a_request_for_every_operation_in_the_folder_of_its_bundle() -> None:
    folders = {folder["name"]: folder["item"] for folder in COLLECTION["item"] if "item" in folder}
    assert {
        name: [(item["name"], item["request"]["method"]) for item in items] for name, items in folders.items()
    } == {
        operation.bundle.name: [
            (one.title, one.method) for one in DESCRIBED if one.bundle is operation.bundle
        ]
        for operation in DESCRIBED
    }


def test_every_variable_that_a_request_needs_is_in_the_environment() -> None:
    used = set(re.findall(r"\{\{(\w+)\}\}", msgspec.json.encode(COLLECTION).decode()))
    assert used == {value["key"] for value in ENVIRONMENT["values"]}


def test_every_word_of_an_address_with_a_colon_has_its_variable() -> None:
    for request in requests(COLLECTION["item"]):
        url = request["url"]
        named = [word[1:] for word in url["path"] if word.startswith(":")]
        assert named == [variable["key"] for variable in url.get("variable", [])]
        assert url["raw"] == "{{baseUrl}}/" + "/".join(url["path"])


def test_every_read_can_be_sent_as_it_is() -> None:
    """Its path is filled from the environment, which a request before it may have filled."""
    reads = [
        request
        for folder in COLLECTION["item"][1:]
        if folder["name"] != "Data Submission"
        for request in requests([folder])
    ]
    assert all(word["value"] for request in reads for word in request["url"].get("variable", []))


def test_no_parameter_is_sent_until_it_is_ticked_but_one_that_is_needed() -> None:
    sent = [
        (query["key"], query["value"])
        for request in requests(COLLECTION["item"])
        for query in request["url"].get("query", [])
        if not query["disabled"]
    ]
    assert sent == [("time", "2024-03-01T10:30:00")]


def test_the_token_is_kept_by_the_request_that_gets_it() -> None:
    token = COLLECTION["item"][0]
    assert token["request"]["auth"]["type"] == "basic"
    assert any('environment.set("token"' in line for line in token["event"][0]["script"]["exec"])


def test_the_environment_holds_no_secret_and_says_which_would_be() -> None:
    values = {value["key"]: value for value in ENVIRONMENT["values"]}
    assert values["baseUrl"]["value"] == "https://record.example"
    assert {key for key, value in values.items() if value["type"] == "secret"} == {
        "clientSecret",
        "subscriptionKey",
        "token",
    }
    assert not any(value["value"] for value in values.values() if value["type"] == "secret")
