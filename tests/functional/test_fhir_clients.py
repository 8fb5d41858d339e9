"""FHIR clients as their users have them, unchanged: search, include, save, page and delete."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carecord.db import embedded
from tests.support import postgres as test_postgres
from tests.support.fhir_clients import Registered, add_fhir_client
from tests.support.served import Served, serve

LOINC = "http://loinc.org"
RATES = (61, 62, 63)

KIT = Path(__file__).with_name("fhir_kit_client")


@pytest.fixture(scope="module")
def running(
    migrated_template: embedded.Held, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """The base URL of one server for all clients, and the token of one that may do everything."""
    with test_postgres.new_database(migrated_template) as database:
        client = add_fhir_client(database, "writer")
        with serve(database, tmp_path_factory.mktemp("clients")) as served:
            yield f"{served.url}/fhir/R4", sign_in(served, client)


@pytest.fixture
def base(running: tuple[str, str]) -> str:
    return running[0]


@pytest.fixture
def token(running: tuple[str, str]) -> str:
    return running[1]


def test_fhirpy_saves_counts_pages_includes_and_deletes(base: str, token: str) -> None:
    from fhirpy import SyncFHIRClient
    from fhirpy.base.exceptions import ResourceNotFound

    client = SyncFHIRClient(base, authorization=f"Bearer {token}")
    patient = client.resource("Patient", name=[{"family": "Pythonson", "given": ["Fhira"]}])
    patient.save()
    for rate in RATES:
        client.resource("Observation", **content(heart_rate(patient.id, rate))).save()
    observations = client.resources("Observation").search(patient=patient.id)
    patient["gender"] = "female"
    patient.save()
    first = observations.sort("date").first()
    included = observations.include("Observation", "subject").fetch_raw().entry
    paged = observations.sort("date").limit(2).fetch_all()
    counted = observations.count()
    first.delete()

    assert counted == 3
    assert [one["valueQuantity"]["value"] for one in paged] == [*RATES]
    assert [one.resource.id for one in included if one.search.mode == "include"] == [patient.id]
    assert client.reference("Patient", patient.id).to_resource()["gender"] == "female"
    assert patient.is_valid()
    with pytest.raises(ResourceNotFound):
        client.reference("Observation", first.id).to_resource()


def test_fhirclient_saves_searches_includes_and_deletes(base: str, token: str) -> None:
    from fhirclient.client import FHIRClient
    from fhirclient.models.observation import Observation
    from fhirclient.models.patient import Patient

    auth = {"app_id": "writer", "access_token": token}
    server = FHIRClient(
        state={"app_id": "writer", "server": {"base_uri": f"{base}/", "auth_type": "oauth2", "auth": auth}}
    ).server
    made = Patient({"name": [{"family": "Smartson", "given": ["Fhira"]}]}).create(server)
    for rate in RATES:
        Observation(heart_rate(made["id"], rate)).create(server)
    patient = Patient.read(made["id"], server)
    patient.gender = "female"
    updated = patient.update(server)
    search = Observation.where({"patient": made["id"], "_count": "2", "_sort": "date"})
    found = list(search.include("subject").perform_resources_iter(server))
    observations = [one for one in found if one.resource_type == "Observation"]
    observations[0].delete()

    assert updated["gender"] == "female"
    assert [one.valueQuantity.value for one in observations] == [*RATES]
    assert {one.id for one in found if one.resource_type == "Patient"} == {made["id"]}
    left = Observation.where({"patient": made["id"]}).perform_resources_iter(server)
    assert {one.id for one in left} == {one.id for one in observations[1:]}


def test_fhir_pyrate_pages_through_a_search_into_a_table(base: str, token: str) -> None:
    import requests
    from fhir_pyrate import Pirate

    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        patient = post(base, token, {"resourceType": "Patient", "name": [{"family": "Pyrateson"}]})
        for rate in RATES:
            post(base, token, heart_rate(patient["id"], rate))
        pirate = Pirate(base_url=base, auth=session, print_request_url=False, num_processes=1)
        table = pirate.steal_bundles_to_dataframe(
            "Observation",
            {"patient": patient["id"], "_count": 2, "_sort": "date", "_include": "Observation:subject"},
            fhir_paths=[("rate", "valueQuantity.value"), ("whose", "subject.reference")],
        )
        total = pirate.get_bundle_total("Observation", {"patient": patient["id"], "_summary": "count"})

    rows = table["Observation"].to_dict("records")
    assert [(row["rate"], row["whose"]) for row in rows] == [
        (rate, f"Patient/{patient['id']}") for rate in RATES
    ]
    assert total == 3


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here")
@pytest.mark.skipif(
    not (KIT / "node_modules").is_dir(), reason="fhir-kit-client is not installed: `make test` does it by npm"
)
def test_fhir_kit_client_saves_pages_includes_patches_and_deletes(base: str, token: str) -> None:
    walk = ["node", KIT / "walk.mjs", base, token]
    done = subprocess.run(walk, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "fhirVersion": "4.0.1",
        "pages": [[61, 62], [63]],
        "included": [True],
        "updated": ["female", "2"],
        "patched": "1970-01-03",
        "everything": ["Observation", "Observation", "Observation", "Patient"],
        "versions": 3,
        "afterDeletion": 410,
    }


def sign_in(served: Served, client: Registered) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.secret,
        "scope": "system/*.cruds",
    }
    with urllib.request.urlopen(
        f"{served.url}/oauth2/token", urllib.parse.urlencode(form).encode()
    ) as answer:
        found: str = json.load(answer)["access_token"]
    return found


def post(base: str, token: str, resource: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{base}/{resource['resourceType']}",
        json.dumps(resource).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"},
    )
    with urllib.request.urlopen(request) as answer:
        made: dict[str, Any] = json.load(answer)
    return made


def heart_rate(patient: str, rate: int) -> dict[str, Any]:
    """A rate of 61 was measured at eleven minutes past three, and so on."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "8867-4", "display": "Heart rate"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"2026-01-02T03:{rate - 50}:00Z",
        "valueQuantity": {
            "value": rate,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }


def content(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "resourceType"}
