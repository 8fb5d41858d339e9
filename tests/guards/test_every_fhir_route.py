"""Rules over every route of the FHIR face: it asks for a right, and it leaves a trace."""

from collections.abc import Iterator

import pytest

from carecord.db.embedded import Held
from carecord.fhir_api.addresses import PUBLIC, Interaction
from carecord.fhir_api.operations import OPERATIONS
from carecord.fhir_api.routes import HANDLERS, OF_TYPES
from tests.support.fhir import FHIRClient, fhir_of_a_module

BUNDLE = {"resourceType": "Bundle", "type": "batch"}
PATCH = {"Content_Type": "application/json-patch+json"}
CONDITION = "?identifier=of-nothing"

ROUTES = {
    Interaction.READ: ("GET", "/{type}/unknown"),
    Interaction.VREAD: ("GET", "/{type}/unknown/_history/1"),
    Interaction.HISTORY_OF_INSTANCE: ("GET", "/{type}/unknown/_history"),
    Interaction.HISTORY_OF_TYPE: ("GET", "/{type}/_history"),
    Interaction.SEARCH: ("GET", "/{type}"),
    Interaction.CREATE: ("POST", "/{type}"),
    Interaction.UPDATE: ("PUT", "/{type}/unknown"),
    Interaction.PATCH: ("PATCH", "/{type}/unknown"),
    Interaction.DELETE: ("DELETE", "/{type}/unknown"),
    Interaction.CONDITIONAL_UPDATE: ("PUT", "/{type}" + CONDITION),
    Interaction.CONDITIONAL_PATCH: ("PATCH", "/{type}" + CONDITION),
    Interaction.CONDITIONAL_DELETE: ("DELETE", "/{type}" + CONDITION),
}
"""How each interaction with a type is asked for."""


def every_route() -> dict[str, tuple[str, str]]:
    """By the name that the audit has for it: method and path."""
    routes = {
        f"fhir.Observation.{interaction}": (method, path.format(type="Observation"))
        for interaction, (method, path) in ROUTES.items()
    }
    for type_name, interaction in OF_TYPES:
        method, path = ROUTES[interaction]
        routes[f"fhir.{type_name}.{interaction}"] = (method, path.format(type=type_name))
    routes["fhir.bundle"] = ("POST", "")
    for one in OPERATIONS:
        type_name = one.type or "Patient"
        below = {"system": "", "type": f"/{type_name}", "instance": f"/{type_name}/1"}[one.level]
        name = f"fhir.${one.name}" if one.level == "system" else f"fhir.{type_name}.${one.name}"
        rest = "/unknown" if one.takes_rest else ""
        routes[name] = (min(one.methods), f"{below}/${one.name}{rest}")
    return routes


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


def ask(client: FHIRClient, route: tuple[str, str]) -> int:
    method, path = route
    if method == "PATCH":
        return client.call(method, path, [], **PATCH).status_code
    return client.call(method, path, BUNDLE if method in ("POST", "PUT") else None).status_code


def test_every_interaction_has_a_route_here() -> None:
    assert set(ROUTES) == set(HANDLERS)
    assert {*ROUTES, *PUBLIC, Interaction.BUNDLE, Interaction.OPERATION} == set(Interaction)


def test_every_route_refuses_a_call_without_a_token(fhir: FHIRClient) -> None:
    nobody = FHIRClient(fhir.sandpit, {})

    assert {name: ask(nobody, route) for name, route in every_route().items()} == dict.fromkeys(
        every_route(), 401
    )


def test_every_route_refuses_a_token_without_a_scope_and_writes_it_down(fhir: FHIRClient) -> None:
    fhir.sandpit.add_client("scopeless", scopes=["nothing.read"])
    scopeless = fhir.with_token("scopeless", "nothing.read")

    assert {name: ask(scopeless, route) for name, route in every_route().items()} == dict.fromkeys(
        every_route(), 403
    )
    assert audited(fhir, "scopeless", "refused") >= set(every_route())


def test_every_route_leaves_an_audit_row(fhir: FHIRClient) -> None:
    statuses = {name: ask(fhir, route) for name, route in every_route().items()}

    assert [name for name, status in statuses.items() if status >= 500] == []
    assert set(every_route()) - audited(fhir, "fhir") == set()


def audited(fhir: FHIRClient, client_id: str, outcome: str | None = None) -> set[str]:
    with fhir.sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT operation_id FROM audit.event"
            " WHERE client_id = %(client_id)s AND operation_id IS NOT NULL"
            " AND (%(outcome)s::text IS NULL OR outcome = %(outcome)s)",
            {"client_id": client_id, "outcome": outcome},
        ).fetchall()
    return {row[0] for row in rows}
