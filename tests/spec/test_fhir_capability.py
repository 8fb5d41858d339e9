"""The CapabilityStatement: all that it states is so, and all that is so it states."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from carecord.access.token_endpoint import TOKEN_PATH
from carecord.db.embedded import Held
from carecord.fhir_api.addresses import Interaction
from carecord.fhir_api.definitions import SERVED, resource_types
from carecord.fhir_api.definitions.served import MADE_ON_READING
from carecord.fhir_api.indexing import parameters_of
from carecord.fhir_api.operations import OPERATIONS
from carecord.fhir_api.routes import HANDLERS
from carecord.fhir_api.validating import check
from carecord.kernel.settings import Settings
from carecord.portal.fhir_reference import FHIRFaceReference
from carecord.portal.fhir_samples import search_query
from tests.support.fhir import FHIRClient, Json, fhir_of_a_module, patient_of

VALUES = {
    "date": "2026-01-01",
    "number": "1",
    "quantity": "1",
    "reference": "Patient/1",
    "string": "a",
    "token": "a",
    "uri": "http://a.example",
    "composite": "a$1",
    "special": "true",
}
COMPOSITES = {"reference": "Patient/1", "date": "2026-01-01", "quantity": "1", "number": "1"}

INTERACTIONS = {
    "read": ("GET", "/{type}/unknown"),
    "vread": ("GET", "/{type}/unknown/_history/1"),
    "history-instance": ("GET", "/{type}/unknown/_history"),
    "history-type": ("GET", "/{type}/_history"),
    "search-type": ("GET", "/{type}"),
    "create": ("POST", "/{type}"),
    "update": ("PUT", "/{type}/unknown"),
    "patch": ("PATCH", "/{type}/unknown"),
    "delete": ("DELETE", "/{type}/unknown"),
}
"""How each interaction that a statement may name is asked for."""


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture(scope="module")
def statement(fhir: FHIRClient) -> Json:
    answer = FHIRClient(fhir.sandpit, {}).get("/metadata")
    assert answer.status_code == 200
    found: Json = answer.json()
    return found


@pytest.fixture(scope="module")
def stated(statement: Json) -> dict[str, Json]:
    """By type."""
    (rest,) = statement["rest"]
    return {one["type"]: one for one in rest["resource"]}


def value_for(type_name: str, code: str, kind: str) -> str:
    if kind != "composite":
        return VALUES[kind]
    components = parameters_of(type_name)[code].components
    return "$".join(COMPOSITES.get(one.type, "a") for one in components)


def test_it_is_a_resource_of_r4(statement: Json) -> None:
    assert [one for one in check(statement, type_name="CapabilityStatement") if one.is_error] == []
    assert statement["fhirVersion"] == "4.0.1"


def test_it_states_every_served_type_and_no_other(fhir: FHIRClient, stated: dict[str, Json]) -> None:
    assert tuple(sorted(stated)) == SERVED
    for type_name in sorted(resource_types() - set(SERVED)):
        answer = fhir.get(f"/{type_name}")
        assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome"), type_name


def test_every_interaction_is_routed_exactly_where_it_is_stated(
    fhir: FHIRClient, stated: dict[str, Json]
) -> None:
    routed: dict[str, set[str]] = {type_name: set() for type_name in stated}
    for type_name in stated:
        for name, (method, path) in INTERACTIONS.items():
            answer = fhir.call(method, path.format(type=type_name), **_patch(method))
            assert answer.status_code < 500, (type_name, name, answer.text)
            unknown = answer.status_code in (404, 405) and not _of_a_resource(answer)
            if not unknown:
                routed[type_name].add(name)

    assert {
        type_name: {one["code"] for one in resource["interaction"]} for type_name, resource in stated.items()
    } == routed


def _patch(method: str) -> dict[str, str]:
    return {"Content_Type": "application/json-patch+json"} if method == "PATCH" else {}


def _of_a_resource(answer: Any) -> bool:
    """Whether a 404 is of an id that is not there, and not of the address."""
    said = answer.json()["issue"][0]
    return answer.status_code == 404 and "address" not in said["diagnostics"]


def test_the_search_that_the_reference_shows_of_each_type_is_answered(fhir: FHIRClient) -> None:
    types = FHIRFaceReference(Settings(data=Path("unused"))).types
    answers = {
        name: fhir.get(f"/{name}?{urlencode(search_query(one))}", Prefer="handling=strict").status_code
        for name, one in types.items()
    }

    assert answers == dict.fromkeys(SERVED, 200)


def test_every_interaction_that_is_handled_can_be_stated() -> None:
    besides = {
        Interaction.CONDITIONAL_UPDATE,
        Interaction.CONDITIONAL_PATCH,
        Interaction.CONDITIONAL_DELETE,
    }

    assert {str(one) for one in set(HANDLERS) - besides} == set(INTERACTIONS)


def test_every_search_parameter_that_is_stated_searches(fhir: FHIRClient, stated: dict[str, Json]) -> None:
    for type_name, resource in stated.items():
        for parameter in resource["searchParam"]:
            value = value_for(type_name, parameter["name"], parameter["type"])
            answer = fhir.call("GET", f"/{type_name}?{parameter['name']}={value}", Prefer="handling=strict")
            assert answer.status_code == 200, (type_name, parameter, answer.text)


def test_every_search_parameter_that_searches_is_stated(stated: dict[str, Json]) -> None:
    for type_name in set(SERVED).difference(MADE_ON_READING):
        listed = {one["name"] for one in stated[type_name]["searchParam"]} - {"getAllLinkedPatients"}
        assert listed == set(parameters_of(type_name)), type_name


def test_every_include_that_is_stated_is_taken_and_others_are_not(
    fhir: FHIRClient, stated: dict[str, Json]
) -> None:
    for type_name in ("Patient", "Observation", "Encounter", "Provenance"):
        for parameter in ("Include", "RevInclude"):
            for value in stated[type_name][f"search{parameter}"]:
                address = f"/{type_name}?_{parameter.lower()}={value}"
                answer = fhir.call("GET", address, Prefer="handling=strict")
                assert answer.status_code == 200, (address, answer.text)
            rubbish = f"/{type_name}?_{parameter.lower()}={type_name}:rubbish"
            assert fhir.call("GET", rubbish, Prefer="handling=strict").status_code == 400
    every = [one for resource in stated.values() for one in resource.get("searchInclude", ()) if ":" in one]
    references = {
        f"{type_name}:{code}"
        for type_name in set(SERVED).difference(MADE_ON_READING)
        for code, one in parameters_of(type_name).items()
        if one.type == "reference"
    }
    assert {one for one in every if not one.endswith(":*")} == references


def test_conditions_and_ids_of_clients_are_as_stated(fhir: FHIRClient, stated: dict[str, Json]) -> None:
    for resource in stated.values():
        if resource["type"] in MADE_ON_READING:
            assert "updateCreate" not in resource
            continue
        assert resource["conditionalCreate"] is True
        assert resource["conditionalUpdate"] is True
        assert resource["conditionalDelete"] == "single"
        assert resource["conditionalRead"] == "full-support"
        assert resource["readHistory"] is True
        assert resource["updateCreate"] is (resource["type"] != "Patient")
    own = fhir.put("/Practitioner/own-id", {"resourceType": "Practitioner", "id": "own-id"})
    no_patient = fhir.put("/Patient/own-id", patient_of(id="own-id"))
    assert own.status_code == 201
    assert no_patient.status_code == 405


def test_every_operation_is_stated_and_answers(fhir: FHIRClient, statement: Json) -> None:
    (rest,) = statement["rest"]
    listed = {(None, one["name"]) for one in rest.get("operation", ())}
    for resource in rest["resource"]:
        listed |= {(resource["type"], one["name"]) for one in resource.get("operation", ())}
    expected = set()
    for one in OPERATIONS:
        if one.definition:
            types = [one.type] if one.type or one.level == "system" else SERVED
            expected |= {(type_name, one.name) for type_name in types}
            for method in one.methods:
                address = {"system": "", "type": f"/{one.type or 'Patient'}"}.get(
                    one.level, f"/{one.type or 'Patient'}/1"
                )
                answer = fhir.call(method, f"{address}/${one.name}")
                assert answer.status_code not in (405, 500), (one, method, answer.text)
                assert "operation here" not in answer.text, (one, method)
    assert listed == expected


def test_formats_are_as_stated(fhir: FHIRClient, statement: Json) -> None:
    for one in statement["format"]:
        answer = fhir.get(f"/metadata?_format={one}")
        assert answer.status_code == 200
        assert ("xml" in answer.headers["Content-Type"]) is ("xml" in one)
    assert statement["patchFormat"] == ["application/json-patch+json"]


def test_security_names_the_token_endpoint_and_smart_finds_it(fhir: FHIRClient, statement: Json) -> None:
    security = statement["rest"][0]["security"]
    answer = FHIRClient(fhir.sandpit, {}).get("/.well-known/smart-configuration")
    smart = answer.json()

    assert answer.headers["Content-Type"] == "application/json"
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert security["extension"][0]["extension"][0]["valueUri"] == smart["token_endpoint"]
    assert smart["token_endpoint"].endswith(TOKEN_PATH)
    secret = fhir.sandpit.add_client("smart", scopes=smart["scopes_supported"])
    for scope in smart["scopes_supported"]:
        form = {"grant_type": "client_credentials", "scope": scope}
        assert fhir.sandpit.http.post(TOKEN_PATH, data=form, auth=("smart", secret)).status_code == 200
    assert fhir.sandpit.http.get(smart["jwks_uri"].removeprefix("http://127.0.0.1:8080")).status_code == 200
