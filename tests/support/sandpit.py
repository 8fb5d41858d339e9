"""The real application over a database of the test's own: load feed lines, then call it as a client would."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from starlette.testclient import TestClient

from carecord.access.clients import register_client
from carecord.access.subscriptions import NewSubscription, put_product, subscribe
from carecord.app import Process
from carecord.catalogue import BUNDLES
from carecord.cli.clients import all_read_scopes
from carecord.db.connect import Database
from carecord.ingest.load import Loaded, load_file
from carecord.kernel.settings import Settings

TODAY = date(2026, 11, 1)
"""The day on which tests load: what they call the past lies before it."""

KEY_HEADER = "Ocp-Apim-Subscription-Key"


class Sandpit:
    """carecord, its database, and a client that may read everything."""

    def __init__(self, database: Database, http: TestClient, folder: Path) -> None:
        self.database = database
        self.http = http
        self.folder = folder
        self._files = 0
        self.secret = self.add_client("reader")
        self.subscription = self.subscribe("reader")
        self.headers = self.headers_of("reader", self.secret, self.subscription.primary_key)

    def add_client(
        self,
        client_id: str,
        *,
        scopes: list[str] | None = None,
        tenancies: list[int] | None = None,
        own_tenancy_id: int | None = None,
    ) -> str:
        """Register a client, by default with every reading scope; gives its secret."""
        with self.database.connect() as connection:
            return register_client(
                connection,
                client_id,
                name=client_id,
                scopes=scopes if scopes is not None else all_read_scopes(),
                tenancies=tenancies,
                own_tenancy_id=own_tenancy_id,
                by="test",
            )

    def subscribe(self, client_id: str, *, bundles: list[str] | None = None) -> NewSubscription:
        """Subscribe a client to a product of these bundles, by default of all."""
        product = f"{client_id}-product"
        with self.database.connect() as connection:
            put_product(
                connection,
                product,
                name=product,
                bundles=bundles if bundles is not None else [bundle.slug for bundle in BUNDLES],
                by="test",
            )
            return subscribe(connection, client_id, product, by="test")

    def token(self, client_id: str, secret: str) -> str:
        answer = self.http.post(
            "/oauth2/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
        )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def headers_of(self, client_id: str, secret: str, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(client_id, secret)}", KEY_HEADER: key}

    def load(self, *lines: dict[str, Any]) -> Loaded:
        """Load these lines as one feed file, through the loader that `carecord load` runs."""
        self._files += 1
        file = self.folder / f"feed-{self._files}.ndjson"
        file.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
        with self.database.connect() as connection:
            return load_file(connection, file, rejects=file.with_suffix(".rejects.ndjson"), today=TODAY)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """A GET with token and key; further options are httpx's."""
        options.setdefault("headers", {})
        options["headers"] = self.headers | options["headers"]
        return self.http.get(path, **options)

    def post(self, path: str, body: Any, **options: Any) -> httpx2.Response:
        """A POST of JSON with token and key."""
        options.setdefault("headers", {})
        options["headers"] = self.headers | options["headers"]
        return self.http.post(path, json=body, **options)

    def detail_id(self, tenancy_id: int, source_patient_id: str) -> int:
        """The patient detail ID of a source record."""
        with self.database.connect() as connection:
            row = connection.execute(
                "SELECT patient_detail_id FROM patient_index.patient_record"
                " WHERE tenancy_id = %s AND source_key = %s",
                (tenancy_id, source_patient_id),
            ).fetchone()
        assert row is not None, f"no record {source_patient_id} in tenancy {tenancy_id}"
        found: int = row[0]
        return found


def tenancy_line(tenancy_id: int, description: str | None = None, system_kind: str = "GP") -> dict[str, Any]:
    """The first line of a feed."""
    return {
        "Tenancy": {
            "TenancyId": tenancy_id,
            "TenancyDescription": description or f"Source {tenancy_id}",
            "SystemKind": system_kind,
        }
    }


def patient_line(source_patient_id: str, **demographics: Any) -> dict[str, Any]:
    """A patient line; what is not given is that of a made-up patient whom nothing links."""
    patient = {"PatientNumber": f"N-{source_patient_id}", "Surname": "Testperson"} | demographics
    return {"SourcePatientId": source_patient_id, "Patient": patient}


def entry_line(source_patient_id: str, collection: str, item: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An entry line; `more` are its other keys, such as SourceItemId."""
    return {"SourcePatientId": source_patient_id, "Collection": collection, "Item": item} | more


@contextmanager
def open_sandpit(database: Database, folder: Path, **settings: Any) -> Iterator[Sandpit]:
    """The application over this database, closed again at the end."""
    made = Settings(data=folder / "data", database_url=database.url, browse_by_surname=True, **settings)
    with TestClient(Process(made, database), raise_server_exceptions=False) as http:
        yield Sandpit(database, http, folder)
