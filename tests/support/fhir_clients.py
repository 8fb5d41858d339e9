"""Clients of the FHIR face: registered with scopes and a source of their own."""

from dataclasses import dataclass
from typing import Any

import httpx2

from carecord.access.clients import register_client
from carecord.db.connect import Database
from carecord.patient_index.source_records import Tenancy, set_tenancy
from tests.support.sandpit import Sandpit

BASE = "/fhir/R4"
EVERYTHING = ("system/*.cruds",)


@dataclass(frozen=True, slots=True)
class Registered:
    client_id: str
    secret: str


def add_fhir_client(
    database: Database,
    client_id: str,
    *,
    scopes: tuple[str, ...] = EVERYTHING,
    own_tenancy_id: int = 900,
    tenancies: list[int] | None = None,
) -> Registered:
    """Register a client that is the source of this number, which is made where there is none."""
    with database.connect() as connection:
        source = Tenancy(own_tenancy_id, f"Source {own_tenancy_id}", "Acute", f"T{own_tenancy_id}")
        set_tenancy(connection, source)
        secret = register_client(
            connection,
            client_id,
            name=client_id,
            scopes=scopes,
            tenancies=tenancies,
            own_tenancy_id=own_tenancy_id,
            by="test",
        )
    return Registered(client_id, secret)


@dataclass(frozen=True, slots=True)
class FHIRCaller:
    """A client that is signed in, and speaks to the face of a sandpit."""

    sandpit: Sandpit
    headers: dict[str, str]

    def get(self, path: str, **headers: str) -> httpx2.Response:
        """`path` below the base, or a whole address that the face gave."""
        return self.sandpit.http.get(_path(path), headers=self.headers | _named(headers))

    def post(self, path: str, resource: Any, **headers: str) -> httpx2.Response:
        return self.sandpit.http.post(_path(path), json=resource, headers=self.headers | _named(headers))

    def delete(self, path: str) -> httpx2.Response:
        return self.sandpit.http.delete(_path(path), headers=self.headers)

    def create(self, resource: dict[str, Any]) -> dict[str, Any]:
        """The resource as it was kept."""
        answer = self.post(f"/{resource['resourceType']}", resource)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def resources(self, path: str) -> list[dict[str, Any]]:
        """What a Bundle holds, page after page."""
        found: list[dict[str, Any]] = []
        address: str | None = path
        while address is not None:
            answer = self.get(address)
            assert answer.status_code == 200, answer.text
            bundle = answer.json()
            found += [one["resource"] for one in bundle.get("entry", ())]
            address = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), None)
        return found


def sign_in(
    sandpit: Sandpit,
    client_id: str = "fhir",
    *,
    scopes: tuple[str, ...] = EVERYTHING,
    own_tenancy_id: int = 900,
    tenancies: list[int] | None = None,
) -> FHIRCaller:
    """A new client of these rights, signed in with all of them."""
    client = add_fhir_client(
        sandpit.database, client_id, scopes=scopes, own_tenancy_id=own_tenancy_id, tenancies=tenancies
    )
    token = sandpit.token(client.client_id, client.secret)
    return FHIRCaller(sandpit, {"Authorization": f"Bearer {token}"})


def _path(path: str) -> str:
    """The address without its host, which is the same for all."""
    return f"{BASE}{path}" if path.startswith("/") else path[path.index(BASE) :]


def _named(headers: dict[str, str]) -> dict[str, str]:
    """Headers by the names of parameters: `if_match` is If-Match."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
