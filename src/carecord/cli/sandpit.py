"""The sandpit: made-up people in the record, a client with its keys, and a server of its own."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from carecord import population
from carecord.access import clients, subscriptions
from carecord.catalogue import BUNDLES
from carecord.catalogue.data_submission import BUNDLE as DATA_SUBMISSION
from carecord.cli.clients import EVERYTHING, all_read_scopes
from carecord.cli.terminal import err, out
from carecord.ingest.load import load_file
from carecord.kernel.errors import Conflict, SetUpError
from carecord.kernel.settings import Settings

CLIENT = "sandpit"
_BY = "sandpit"
_START_S = 60


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a developer needs to call; kept in the data folder, readable by its owner alone."""

    client_id: str
    client_secret: str
    primary_key: str
    secondary_key: str


@dataclass(frozen=True, slots=True)
class Holding:
    """The population that a sandpit holds."""

    people: int
    seed: int


def feeds_folder(settings: Settings) -> Path:
    return settings.data / "sandpit" / "feeds"


def fill(settings: Settings, connection: psycopg.Connection[Any], wanted: Holding) -> None:
    """Write and load the population, unless it is there; a sandpit that holds another one is left alone."""
    mark = settings.data / "sandpit" / "population.json"
    if mark.exists():
        held = Holding(**json.loads(mark.read_text("utf-8")))
        if held != wanted:
            out.print(
                f"[yellow]The sandpit holds {held.people:,} people of seed {held.seed} and stays so;"
                f" without {settings.data} it is made anew.[/]"
            )
        return
    folder = feeds_folder(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    today = datetime.now(ZoneInfo("Europe/London")).date()
    with Progress(*columns, console=err) as progress:
        writing = progress.add_task("Making people up", total=wanted.people)
        written = population.write(
            people=wanted.people,
            seed=wanted.seed,
            out=folder,
            on_progress=lambda done: progress.update(writing, completed=done),
        )
        progress.update(writing, completed=wanted.people)
        files = [feed.path for feed in written.feeds]
        loading = progress.add_task("Loading their records", total=sum(file.stat().st_size for file in files))
        before = refused = 0
        for file in files:
            loaded = load_file(
                connection,
                file,
                rejects=settings.data / "loads" / f"{file.name}.rejects.ndjson",
                today=today,
                on_progress=lambda read, _, before=before: progress.update(  # type: ignore[misc]
                    loading, completed=before + read
                ),
            )
            before += file.stat().st_size
            refused += loaded.rejected
    out.print(
        f"{written.people:,} people: {written.records:,} records of {len(files)} source systems,"
        f" {written.entries:,} entries, {refused:,} lines refused."
    )
    mark.write_text(json.dumps(asdict(wanted)), "utf-8")


def credentials(settings: Settings, connection: psycopg.Connection[Any]) -> Credentials:
    """The sandpit's client: made once, then read from the data folder."""
    file = settings.data / "sandpit" / "client.json"
    if file.exists():
        return Credentials(**json.loads(file.read_text("utf-8")))
    try:
        secret = clients.register_client(
            connection,
            CLIENT,
            name="Sandpit",
            scopes=[*all_read_scopes(), DATA_SUBMISSION.scope],
            by=_BY,
        )
    except Conflict:
        secret = clients.replace_secret(connection, CLIENT, by=_BY)
    subscriptions.put_product(
        connection, EVERYTHING, name="Everything", bundles=[bundle.slug for bundle in BUNDLES], by=_BY
    )
    keys = subscriptions.subscribe(connection, CLIENT, EVERYTHING, by=_BY)
    made = Credentials(CLIENT, secret, keys.primary_key, keys.secondary_key)
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        json.dump(asdict(made), opened)
    return made


@contextmanager
def serving(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A server process of these settings, ready to answer; ended with the block."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SetUpError(f"Port {settings.port} is taken; choose another: make demo PORT=8081") from error
    environment = os.environ | {
        "CARECORD_DATA": str(settings.data),
        "CARECORD_HOST": settings.host,
        "CARECORD_PORT": str(settings.port),
        "CARECORD_BROWSE_BY_SURNAME": "true",
        "CARECORD_LOG_LEVEL": "warning",
    }
    server = subprocess.Popen([sys.executable, "-m", "carecord", "serve"], env=environment)
    try:
        _await_answer(settings, server)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await_answer(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise SetUpError("The server ended before it answered; what it said stands above.")
        try:
            with urllib.request.urlopen(f"{settings.base_url}/health", timeout=2):  # noqa: S310
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise SetUpError(f"The server did not answer within {_START_S} seconds.")
