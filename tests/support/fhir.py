"""A FHIR client of the tests' application: its token holds the SMART scopes it was given."""

from typing import Any

import httpx2
import msgspec

from tests.support.sandpit import Sandpit, tenancy_line

BASE = "/fhir/R4"
OWN = 700
"""The source that the tests' FHIR client is itself."""

Json = dict[str, Any]


class FHIRClient:
    """Calls the application as one client, by paths below the base."""

    def __init__(self, sandpit: Sandpit, headers: dict[str, str]) -> None:
        self.sandpit = sandpit
        self.headers = headers

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Header names may be written with underscores."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        content = None
        if body is not None:
            sent.setdefault("Content-Type", "application/fhir+json")
            content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.sandpit.http.request(method, f"{BASE}{path}", content=content, headers=sent)

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return self.call("POST", path, body, **headers)

    def create(self, resource: Json) -> Json:
        """Keep a resource and give it as it is kept."""
        answer = self.post(f"/{resource['resourceType']}", resource)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    def found(self, path: str) -> list[str]:
        """`Type/id` of what a search finds, in order."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        entries = answer.json().get("entry", [])
        return [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in entries]


def open_fhir(
    sandpit: Sandpit,
    client_id: str = "fhir",
    *,
    scopes: list[str] | None = None,
    tenancies: list[int] | None = None,
    own_tenancy_id: int | None = OWN,
) -> FHIRClient:
    """A client of these scopes, that is a source itself; the source is known by then."""
    if own_tenancy_id is not None:
        sandpit.load(tenancy_line(own_tenancy_id))
    secret = sandpit.add_client(
        client_id, scopes=scopes or ["system/*.cruds"], tenancies=tenancies, own_tenancy_id=own_tenancy_id
    )
    return FHIRClient(sandpit, {"Authorization": f"Bearer {sandpit.token(client_id, secret)}"})


def patient_of(nhs_number: str | None = None, **more: Any) -> Json:
    """A made-up Patient."""
    patient: Json = {
        "resourceType": "Patient",
        "name": [{"use": "official", "family": "Testperson", "given": ["Ada"]}],
        "birthDate": "1980-02-03",
        "gender": "female",
    }
    if nhs_number is not None:
        patient["identifier"] = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs_number}]
    return patient | more


def observation_of(patient_id: str, **more: Any) -> Json:
    """A made-up Observation about a patient."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "27113001"}], "text": "Weight"},
        "subject": {"reference": f"Patient/{patient_id}"},
        "effectiveDateTime": "2026-03-01",
    } | more
