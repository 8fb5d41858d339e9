"""What is measured: `carecord serve` on a database of made records, called with a token and a key."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks import made_records
from benchmarks.processor_time import parent_of
from carecord.access.clients import register_client
from carecord.access.subscriptions import put_product, subscribe
from carecord.catalogue import BUNDLES
from carecord.db.connect import Database, database
from carecord.db.migrate import migrate
from carecord.kernel.settings import Settings

CLIENT = "benchmark"


@dataclass(frozen=True, slots=True)
class MadeDatabase:
    """The filled database. `postgres_pid` is the server's first process."""

    settings: Settings
    database: Database
    postgres_pid: int


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A serving `carecord`. `headers` carry token and subscription key."""

    pid: int
    port: int
    headers: dict[str, str]


@contextlib.contextmanager
def open_made_database() -> Iterator[MadeDatabase]:
    """The database of made records, in a folder that is thrown away unless CARECORD_BENCH_DATA names one."""
    with contextlib.ExitStack() as stack:
        folder = os.environ.get("CARECORD_BENCH_DATA") or stack.enter_context(
            tempfile.TemporaryDirectory(prefix="carecord-bench-")
        )
        settings = Settings(data=Path(folder))
        opened = stack.enter_context(database(settings))
        migrate(opened.url)
        with opened.connect() as connection:
            made_records.fill(connection)
            postgres_pid = parent_of(connection.info.backend_pid)
        yield MadeDatabase(settings, opened, postgres_pid)


@contextlib.contextmanager
def serve(made: MadeDatabase, *, workers: int) -> Iterator[RunningServer]:
    """Run the server as an operator would, with a new client of every right."""
    secret, key = _register_client(made.database)
    port = _free_port()
    environment = os.environ | {
        "CARECORD_DATA": str(made.settings.data),
        "CARECORD_PORT": str(port),
        "CARECORD_WORKERS": str(workers),
        "CARECORD_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-c", "from carecord.cli.main import app; app()", "serve"]
    server = subprocess.Popen(command, env=environment)
    try:
        token = _await_token(server, port, secret)
        headers = {"Authorization": f"Bearer {token}", "Ocp-Apim-Subscription-Key": key}
        yield RunningServer(server.pid, port, headers)
    finally:
        server.terminate()
        server.wait(30)


def _register_client(database: Database) -> tuple[str, str]:
    bundles = [bundle.slug for bundle in BUNDLES]
    scopes = [scope for bundle in BUNDLES for scope in (bundle.scope, bundle.restricted_scope)]
    client_id = f"{CLIENT}-{time.time_ns()}"
    with database.connect() as connection:
        secret = register_client(connection, client_id, name=CLIENT, scopes=scopes, tenancies=None, by=CLIENT)
        put_product(connection, CLIENT, name=CLIENT, bundles=bundles, by=CLIENT)
        return f"{client_id}:{secret}", subscribe(connection, client_id, CLIENT, by=CLIENT).primary_key


def _await_token(server: subprocess.Popen[bytes], port: int, secret: str) -> str:
    client_id, _, password = secret.partition(":")
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": password}
    body = urllib.parse.urlencode(form).encode()
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/oauth2/token", body) as answer:
                token: str = msgspec.json.decode(answer.read())["access_token"]
                return token
        except urllib.error.URLError:
            if server.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
