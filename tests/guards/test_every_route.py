"""Rules over every route: it asks for a right, it leaves a trace, and what is public is public on purpose."""

from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount, Route

from carecord.access.scopes import METRICS_READ
from carecord.app import Process
from carecord.bundles_api.handlers import handlers
from carecord.bundles_api.link_explanations import index_handlers
from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import Operation
from carecord.catalogue.samples import sample_of
from carecord.cli.clients import all_read_scopes
from tests.support.sandpit import KEY_HEADER, Sandpit, patient_line, tenancy_line

PUBLIC = {
    "/health": "tells a load balancer that the process answers",
    "/oauth2/token": "is where a right is got; every call of it leaves an audit row of its own",
    "/.well-known/jwks.json": "public keys",
    "/.well-known/oauth-authorization-server": "metadata for clients",
    "/": "the API reference holds no patient's data",
    "/reference": "the API reference holds no patient's data",
    "/guide": "the API reference holds no patient's data",
    "/static": "style sheets and scripts of the API reference",
    "/openapi.json": "the description of the API",
    "/postman": "the description of the API",
}
"""Routes outside the bundles, each with why it asks for no right. One that is not here fails the test."""

SCOPED = {"/metrics": METRICS_READ}
"""Routes outside the bundles that ask for a scope, and show no patient: an answer leaves no audit row."""

SERVED = [*handlers(), *index_handlers()]


def _address(operation: Operation) -> str:
    path = operation.path.replace("{patientDetailId}", "1").replace("{otherPatientDetailId}", "2")
    return path.replace("{", "").replace("}", "")


def _call(sandpit: Sandpit, operation: Operation, headers: dict[str, str]) -> Any:
    body = sample_of(operation).body
    return sandpit.http.request(operation.method, _address(operation), headers=headers, json=body)


def test_every_read_operation_is_served() -> None:
    assert [o.operation_id for o in OPERATIONS if o not in handlers() and not o.writes] == []


def test_what_lies_outside_the_bundles_is_public_on_purpose(sandpit: Sandpit) -> None:
    process = sandpit.http.app
    assert isinstance(process, Process)
    assert process.app is not None
    routes = process.app.rest.routes  # type: ignore[attr-defined]

    assert [path for path in map(_path, routes) if not _is_public(path) and path not in SCOPED] == []


@pytest.mark.parametrize("path", SCOPED)
def test_a_route_with_a_scope_is_for_none_but_those_who_have_it(sandpit: Sandpit, path: str) -> None:
    others = sandpit.add_client("others", scopes=[*all_read_scopes(), "data-submission.write"])
    own = sandpit.add_client("own", scopes=[SCOPED[path]])
    refused = {"Authorization": f"Bearer {sandpit.token('others', others)}"}
    allowed = {"Authorization": f"Bearer {sandpit.token('own', own)}"}

    statuses = [sandpit.http.get(path, headers=headers).status_code for headers in ({}, refused, allowed)]

    assert statuses == [401, 403, 200]
    assert len(_audited(sandpit, "others", "refused")) == 1
    assert _audited(sandpit, "own") == set()


def _path(route: BaseRoute) -> str:
    assert isinstance(route, Route | Mount), route
    return route.path or "/"


def _is_public(path: str) -> bool:
    return path in PUBLIC or any(path.startswith(f"{public}/") for public in PUBLIC if public != "/")


def test_every_operation_refuses_a_call_without_a_token(sandpit: Sandpit) -> None:
    answers = {
        o.operation_id: _call(sandpit, o, {KEY_HEADER: sandpit.subscription.primary_key}) for o in SERVED
    }

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert all("WWW-Authenticate" in answer.headers for answer in answers.values())


def test_every_operation_refuses_a_call_without_a_key(sandpit: Sandpit) -> None:
    bearer = {"Authorization": sandpit.headers["Authorization"]}

    assert {o.operation_id: _call(sandpit, o, bearer).status_code for o in SERVED} == {
        o.operation_id: 401 for o in SERVED
    }


def test_every_operation_refuses_a_token_without_its_scope_and_writes_it_down(sandpit: Sandpit) -> None:
    secret = sandpit.add_client("other", scopes=["nothing.read"])
    key = sandpit.subscribe("other").primary_key
    headers = sandpit.headers_of("other", secret, key)

    statuses = {o.operation_id: _call(sandpit, o, headers).status_code for o in SERVED}

    assert statuses == dict.fromkeys(statuses, 403)
    assert _audited(sandpit, "other", "refused") >= set(statuses)


def test_restricted_operations_refuse_a_token_without_the_restricted_scope(sandpit: Sandpit) -> None:
    restricted = [o for o in SERVED if o.restricted]
    secret = sandpit.add_client("plain", scopes=sorted({o.scope for o in SERVED}))
    headers = sandpit.headers_of("plain", secret, sandpit.subscribe("plain").primary_key)

    assert restricted
    assert {o.operation_id: _call(sandpit, o, headers).status_code for o in restricted} == {
        o.operation_id: 403 for o in restricted
    }


def test_every_operation_refuses_a_key_of_a_product_without_its_bundle(sandpit: Sandpit) -> None:
    bundles = {o.bundle.slug for o in SERVED}
    for bundle in bundles:
        client = f"without-{bundle}"
        scopes = sorted({s for o in SERVED for s in (o.scope, o.restricted_scope)})
        secret = sandpit.add_client(client, scopes=scopes)
        key = sandpit.subscribe(client, bundles=sorted(bundles - {bundle})).primary_key
        headers = sandpit.headers_of(client, secret, key)
        own = [o for o in SERVED if o.bundle.slug == bundle]

        assert {o.operation_id: _call(sandpit, o, headers).status_code for o in own} == {
            o.operation_id: 403 for o in own
        }


def test_every_operation_leaves_an_audit_row(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("P1"))
    scopes = sorted({s for o in SERVED for s in (o.scope, o.restricted_scope)})
    secret = sandpit.add_client("all", scopes=scopes)
    headers = sandpit.headers_of("all", secret, sandpit.subscribe("all").primary_key)
    statuses = {o.operation_id: _call(sandpit, o, headers).status_code for o in SERVED}

    assert [name for name, status in statuses.items() if status >= 500] == []
    assert _audited(sandpit, "all") >= set(statuses)


def _audited(sandpit: Sandpit, client_id: str, outcome: str | None = None) -> set[str]:
    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT operation_id FROM audit.event"
            " WHERE client_id = %(client_id)s AND operation_id IS NOT NULL"
            " AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)",
            {"client_id": client_id, "outcome": outcome},
        ).fetchall()
    return {row[0] for row in rows}
