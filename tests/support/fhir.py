"""A FHIR client of the tests' application: its token holds the SMART scopes it was given."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from carecord.access.signing_keys import SigningKeys
from carecord.access.tokens import Tokens
from carecord.db.embedded import Held
from tests.support.postgres import new_database
from tests.support.sandpit import Sandpit, open_sandpit, tenancy_line

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
        """A body that is no bytes goes as JSON. Header names may be written with underscores."""
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

    def put(self, path: str, body: Any, **headers: str) -> httpx2.Response:
        return self.call("PUT", path, body, **headers)

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

    def audited(self, trace_id: str) -> list[tuple[Any, ...]]:
        """What the audit holds of a call, by the id that its answer carried."""
        with self.sandpit.database.connect() as connection:
            return connection.execute(
                "SELECT event, operation_id, patient_detail_ids, outcome FROM audit.event"
                " WHERE trace_id = %s ORDER BY seq",
                (trace_id,),
            ).fetchall()

    def with_token(
        self, client_id: str, *scopes: str, patient: str | None = None, user_id: str | None = None
    ) -> "FHIRClient":
        """The same with a token of these scopes, as a sign-in would give it to the client."""
        base_url = "http://127.0.0.1:8080"
        keys = SigningKeys(self.sandpit.folder / "data" / "keys")
        tokens = Tokens(keys, issuer=base_url, audience=base_url)
        token = tokens.issue(client_id, scopes, ttl_s=600, patient=patient, user_id=user_id)
        return FHIRClient(self.sandpit, {"Authorization": f"Bearer {token}"})


@contextmanager
def fhir_of_a_module(template: Held, folder: Path) -> Iterator[FHIRClient]:
    """An application with a database of its own, for tests that each bring patients of their own."""
    with new_database(template) as database, open_sandpit(database, folder) as sandpit:
        yield open_fhir(sandpit)


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


_numbers = count(1)


def patient_of(**more: Any) -> Json:
    """A made-up Patient whom nobody else is like: each has a local number and a day of birth of its own."""
    number = next(_numbers)
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "https://hospital.example/mrn", "value": f"M{number:06}"}],
        "name": [{"use": "official", "family": f"Testperson{_letters(number)}", "given": ["Ada"]}],
        "birthDate": f"{1930 + number % 90}-{1 + number % 12:02}-{1 + number % 28:02}",
        "gender": "female",
    } | more


def observation_of(patient_id: str, **more: Any) -> Json:
    """A made-up Observation about a patient."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "27113001"}], "text": "Weight"},
        "subject": {"reference": f"Patient/{patient_id}"},
        "effectiveDateTime": "2026-03-01",
    } | more


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
