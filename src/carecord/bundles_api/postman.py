"""A Postman collection of the served operations, and the environment that its variables live in."""

import re
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec

from carecord.access.gate import KEY_HEADER
from carecord.access.token_endpoint import TOKEN_PATH
from carecord.bundles_api.face import PATIENT_DETAIL_ID
from carecord.bundles_api.index_operations import EXPLANATION, OTHER_PATIENT_DETAIL_ID, IndexOperation
from carecord.bundles_api.openapi import (
    ABOUT,
    describe_operation,
    describe_parameter,
    describe_path_parameter,
    path_parameter_names,
    takes_body,
)
from carecord.bundles_api.parameters import parameters_of
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.catalogue.documents import DOCUMENTS_LIST
from carecord.catalogue.model import Bundle, ListOperation, Operation
from carecord.catalogue.pathology import ORDERS_SUMMARY
from carecord.catalogue.samples import further_samples, sample_answer, sample_of
from carecord.catalogue.worklists import WORKLISTS_LIST
from carecord.kernel.settings import Settings

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
DOCUMENT_ID = "documentId"
WORKLIST_ID = "worklistId"
_VARIABLES = (PATIENT_DETAIL_ID, OTHER_PATIENT_DETAIL_ID, DOCUMENT_ID, WORKLIST_ID)

_NAMESPACE = uuid.UUID("5a0d4c39-7d1c-5f0e-8a4f-2f4f8d0f1a75")
_KEEP_TOKEN = [
    'pm.test("a token was given", () => pm.response.to.have.status(200));',
    'pm.environment.set("token", pm.response.json().access_token);',
]
_KEPT = {
    FIND_PATIENT: (PATIENT_DETAIL_ID, "PatientDetailId"),
    ORDERS_SUMMARY: (DOCUMENT_ID, "DocumentId"),
    DOCUMENTS_LIST: (DOCUMENT_ID, "DocumentId"),
}
"""What a request leaves in the environment for those after it: a variable, and the field of its first row."""


def build_collection(served: Iterable[Operation]) -> dict[str, Any]:
    """A folder for each bundle, and the request for a token before them."""
    operations = tuple(served)
    bundles = tuple(dict.fromkeys(operation.bundle for operation in operations))
    return {
        "info": {
            "_postman_id": str(uuid.uuid5(_NAMESPACE, "collection")),
            "name": "carecord bundles API",
            "description": ABOUT,
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [_text("token", "{{token}}")]},
        "item": [_token_request(), *(_folder(bundle, operations) for bundle in bundles)],
    }


def build_environment(settings: Settings) -> dict[str, Any]:
    """The variables of the collection; what only the caller knows is empty."""
    patient_detail_id = sample_of(FIND_PATIENT).item["PatientDetailId"]
    return {
        "id": str(uuid.uuid5(_NAMESPACE, "environment")),
        "name": "carecord",
        "values": [
            _variable("baseUrl", settings.base_url),
            _variable("clientId", ""),
            _variable("clientSecret", "", secret=True),
            _variable("subscriptionKey", "", secret=True),
            _variable(PATIENT_DETAIL_ID, patient_detail_id),
            _variable(OTHER_PATIENT_DETAIL_ID, sample_of(EXPLANATION).path[OTHER_PATIENT_DETAIL_ID]),
            _variable(DOCUMENT_ID, sample_of(DOCUMENTS_LIST).item["DocumentId"]),
            _variable(WORKLIST_ID, sample_of(WORKLISTS_LIST).item["WorklistId"]),
            _variable("token", "", secret=True),
        ],
        "_postman_variable_scope": "environment",
    }


def _token_request() -> dict[str, Any]:
    return {
        "name": "Get a token",
        "event": [_script(_KEEP_TOKEN)],
        "request": {
            "method": "POST",
            "description": "Puts the token into the environment, where every other request finds it.",
            "auth": {
                "type": "basic",
                "basic": [_text("username", "{{clientId}}"), _text("password", "{{clientSecret}}")],
            },
            "header": [],
            "body": {
                "mode": "urlencoded",
                "urlencoded": [{"key": "grant_type", "value": "client_credentials", "type": "text"}],
            },
            "url": _url(TOKEN_PATH),
        },
        "response": [],
    }


def _folder(bundle: Bundle, operations: tuple[Operation, ...]) -> dict[str, Any]:
    return {
        "name": bundle.name,
        "description": f"{bundle.tagline}.",
        "item": [_request(operation) for operation in operations if operation.bundle is bundle],
    }


def _request(operation: Operation) -> dict[str, Any]:
    url = _url(operation.path)
    names = path_parameter_names(operation)
    if names:
        url["variable"] = [
            {
                "key": name,
                "value": f"{{{{{name}}}}}" if name in _VARIABLES else "",
                "description": describe_path_parameter(operation, name),
            }
            for name in names
        ]
    if isinstance(operation, ListOperation):
        url["query"] = [
            {
                "key": parameter.name,
                "value": "",
                "description": describe_parameter(parameter),
                "disabled": True,
            }
            for parameter in parameters_of(operation)
        ]
    if isinstance(operation, IndexOperation) and operation.query:
        url["query"] = [
            {
                "key": one.name,
                "value": one.example,
                "description": one.about,
                "disabled": not one.required,
            }
            for one in operation.query
        ]
    request: dict[str, Any] = {
        "method": operation.method,
        "description": describe_operation(operation),
        "header": [_header(KEY_HEADER, "{{subscriptionKey}}"), _header("Accept", "application/json")],
        "url": url,
    }
    if takes_body(operation):
        request["body"] = _body(sample_of(operation).body or {})
        request["header"].append(_header("Content-Type", "application/json"))
    item: dict[str, Any] = {"name": operation.title, "request": request}
    if operation in _KEPT:
        item["event"] = [_script(_keep(*_KEPT[operation], rows=str(operation.collection)))]
    item["response"] = [_response("Sample", request, sample_answer(operation))]
    item["response"] += [
        _response(one.title, request | {"body": _body(one.body)}, sample_answer(operation, one.item))
        for one in further_samples(operation)
    ]
    return item


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {"mode": "raw", "raw": _pretty(content), "options": {"raw": {"language": "json"}}}


def _response(name: str, request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "originalRequest": request,
        "status": "OK",
        "code": 200,
        "_postman_previewlanguage": "json",
        "header": [_header("Content-Type", "application/json")],
        "body": _pretty(answer),
    }


def _pretty(content: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(content), indent=2).decode()


def _keep(variable: str, field: str, *, rows: str) -> list[str]:
    return [
        'pm.test("it answers", () => pm.response.to.have.status(200));',
        f"const found = pm.response.json().{rows};",
        f'if (found.length) pm.environment.set("{variable}", String(found[0].{field}));',
    ]


def _url(path: str) -> dict[str, Any]:
    """Postman writes `:name` where the catalogue writes `{name}`."""
    with_colons = re.sub(r"\{(\w+)\}", r":\1", path)
    return {
        "raw": f"{{{{baseUrl}}}}{with_colons}",
        "host": ["{{baseUrl}}"],
        "path": with_colons.strip("/").split("/"),
    }


def _header(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value}


def _text(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "string"}


def _script(lines: list[str]) -> dict[str, Any]:
    return {"listen": "test", "script": {"type": "text/javascript", "exec": lines}}


def _variable(key: str, value: str, *, secret: bool = False) -> dict[str, Any]:
    return {"key": key, "value": value, "type": "secret" if secret else "default", "enabled": True}
