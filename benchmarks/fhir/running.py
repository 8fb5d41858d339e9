"""The server that is measured, and a client of it that may do everything through FHIR."""

import contextlib
import json
import os
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processor_time import parent_of
from benchmarks.running_server import MadeDatabase, serve
from carecord.access.clients import register_client
from carecord.db.connect import database
from carecord.db.migrate import migrate
from carecord.kernel.settings import Settings
from carecord.patient_index.source_records import Tenancy, set_tenancy

CLIENT = "fhir-benchmark"
SOURCE = Tenancy(1, "Made-up hospital", "Acute", "MADE1")
BASE = "/fhir/R4"


@dataclass(frozen=True, slots=True)
class FHIRServer:
    """A serving carecord. `headers` carry the client's token."""

    made: MadeDatabase
    pid: int
    port: int
    headers: dict[str, str]


@contextlib.contextmanager
def open_server(*, workers: int) -> Iterator[FHIRServer]:
    """`carecord serve` on an empty database, in a folder that is thrown away."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="carecord-bench-fhir-"))
        settings = Settings(data=Path(folder))
        opened = stack.enter_context(database(settings))
        migrate(opened.url)
        with opened.connect() as connection:
            set_tenancy(connection, SOURCE)
            secret = register_client(
                connection,
                CLIENT,
                name=CLIENT,
                scopes=["system/*.cruds"],
                own_tenancy_id=SOURCE.tenancy_id,
                by=CLIENT,
            )
            postgres_pid = parent_of(connection.info.backend_pid)
        made = MadeDatabase(settings, opened, postgres_pid)
        server = stack.enter_context(serve(made, workers=workers))
        token = _sign_in(server.port, secret)
        yield FHIRServer(made, server.pid, server.port, {"Authorization": f"Bearer {token}"})


def _sign_in(port: int, secret: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": secret}
    body = urllib.parse.urlencode(form | {"scope": "system/*.cruds"}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/oauth2/token", body) as answer:
        token: str = json.load(answer)["access_token"]
    return token


def cores() -> int:
    return os.cpu_count() or 1
