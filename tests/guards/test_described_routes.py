"""The OpenAPI document tells of every route that is not left out on purpose, and of what it answers."""

import re
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from starlette.routing import Route

from carecord.app import CareRecord, Process
from carecord.bundles_api.index_operations import AS_OF, EXPLANATION, PATIENT_INDEX
from carecord.catalogue import BUNDLES
from carecord.catalogue.model import Operation
from carecord.catalogue.samples import sample_of
from carecord.cli.clients import all_read_scopes
from carecord.fhir_api.addresses import BASE_PATH
from tests.support.samples import load_every_kind_of_row, path_for
from tests.support.sandpit import Sandpit

UNDESCRIBED = {
    "GET /": "a page for people",
    "GET /guide": "a page for people",
    "GET /reference": "a page for people",
    "GET /reference/fhir": "a page for people",
    "GET /reference/fhir/{type}": "a page for people",
    "GET /reference/{bundle}": "a page for people",
    "GET /reference/{bundle}/{operation_id}": "a page for people",
    "GET /static/{digest}/{name}": "style sheets and scripts of those pages",
    "GET /openapi.json": "the document itself",
    "GET /postman/collection.json": "the same for Postman",
    "GET /postman/environment.json": "the same for Postman",
    "GET /health": "for a load balancer, no client",
    "GET /metrics": "for Prometheus, in its own format",
    "GET /.well-known/jwks.json": "in the form of RFC 7517",
    "GET /.well-known/oauth-authorization-server": "in the form of RFC 8414",
}
"""Routes that the document leaves out, each with why. FHIR's have their CapabilityStatement."""


def test_every_route_is_described_or_left_out_on_purpose(sandpit: Sandpit) -> None:
    described = _described(_document(sandpit))

    served = _served(sandpit)

    assert served - described == set(UNDESCRIBED)
    assert described - served == set()
    assert not any(BASE_PATH in one for one in described)
    assert sandpit.http.get(f"{BASE_PATH}/metadata").json()["resourceType"] == "CapabilityStatement"


def test_every_read_answers_what_the_document_says(sandpit: Sandpit) -> None:
    """Of a patient with a row of every kind, to a caller who may read all there is."""
    load_every_kind_of_row(sandpit, 1)
    load_every_kind_of_row(sandpit, 2)
    headers = _caller_of_everything(sandpit)
    document = _document(sandpit)

    told = {}
    for operation in _application(sandpit).face.handlers:
        if operation.writes:
            continue
        answer = sandpit.http.request(
            operation.method, _address(sandpit, operation), headers=headers, json=sample_of(operation).body
        )
        described = document["paths"][operation.path][operation.method.lower()]
        content = described["responses"]["200"]["content"][answer.headers["content-type"].split(";")[0]]
        schema = {**content["schema"], "components": document["components"]}
        faults = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(answer.json())
        told[operation.operation_id] = (answer.status_code, [one.message for one in faults])

    assert {EXPLANATION.operation_id, AS_OF.operation_id} <= set(told)
    assert told == dict.fromkeys(told, (200, []))


def _document(sandpit: Sandpit) -> Any:
    return sandpit.http.get("/openapi.json").json()


def _described(document: Any) -> set[str]:
    return {f"{method.upper()} {path}" for path, calls in document["paths"].items() for method in calls}


def _application(sandpit: Sandpit) -> CareRecord:
    process = sandpit.http.app
    assert isinstance(process, Process)
    assert process.app is not None
    return process.app


def _served(sandpit: Sandpit) -> set[str]:
    application = _application(sandpit)
    found = {f"{one.method} {one.path}" for one in application.face.handlers}
    for route in application.rest.routes:  # type: ignore[attr-defined]
        assert isinstance(route, Route), route
        found |= {f"{method} {route.path}" for method in route.methods or () if method != "HEAD"}
    return found


def _caller_of_everything(sandpit: Sandpit) -> dict[str, str]:
    scopes = [*all_read_scopes(), PATIENT_INDEX.scope, PATIENT_INDEX.restricted_scope]
    secret = sandpit.add_client("everything", scopes=scopes)
    bundles = [one.slug for one in (*BUNDLES, PATIENT_INDEX)]
    return sandpit.headers_of(
        "everything", secret, sandpit.subscribe("everything", bundles=bundles).primary_key
    )


def _address(sandpit: Sandpit, operation: Operation) -> str:
    path = path_for(operation, sandpit.detail_id(1, "P"))
    path = path.replace("{otherPatientDetailId}", str(sandpit.detail_id(2, "P")))
    path = path.replace("{worklistId}", "WL-DN-HART")
    assert not re.search(r"[{}]", path), path
    return path if operation is not AS_OF else f"{path}?time={_now_linked(sandpit)}"


def _now_linked(sandpit: Sandpit) -> str:
    """The instant of the newest decision, as a query says it."""
    with sandpit.database.connect() as connection:
        found = connection.execute("SELECT max(decided_at) FROM patient_index.link_decision").fetchone()
    assert found is not None
    return str(found[0].isoformat()).replace("+", "%2B")
