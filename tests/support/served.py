"""`carecord serve` in a process of its own, for the tests that speak to it over the network."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from carecord.db.connect import Database


@dataclass(frozen=True, slots=True)
class Served:
    """The running server; what it logs is in `log`."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serve(database: Database, folder: Path, **environment: str) -> Iterator[Served]:
    """Run the server on this database until the block ends; what it logs is in `log`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    names = {"DATABASE_URL": database.url, "CARECORD_DATA": str(folder / "data"), "CARECORD_PORT": str(port)}
    command = [sys.executable, "-c", "from carecord.cli.main import app; app()", "serve"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | names | environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _await_port(process, port, log)
            yield Served(process, port, log)
        finally:
            process.terminate()
            process.wait(30)


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")
