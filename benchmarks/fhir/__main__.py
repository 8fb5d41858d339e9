"""`python -m benchmarks.fhir [--patients N] [--seconds N]`: fill a server, ask it, print one table."""

import argparse
import sys

from rich.console import Console

from benchmarks.fhir.questions import QUESTIONS
from benchmarks.fhir.reading import ask
from benchmarks.fhir.room import measure_room
from benchmarks.fhir.running import FHIRServer, cores, open_server
from benchmarks.fhir.writing import write
from benchmarks.table import Row, make_table

PATIENTS = 5_000
SECONDS = 3
ROUNDS = 3


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.fhir")
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--workers", type=int, default=min(2, cores()))
    asked = parser.parse_args(arguments)
    progress = Console(stderr=True)
    with open_server(workers=asked.workers) as server:
        progress.print("measuring writes …")
        rows: list[Row] = [write(server, asked.patients)]
        _settle(server)
        rows.append(measure_room(server))
        for question in QUESTIONS:
            progress.print(f"measuring {question.name} …")
            rows += ask(server, question, asked.patients, seconds=asked.seconds, rounds=asked.rounds)
    progress.print(f"{asked.workers} server processes on {cores()} cores, load tool and PostgreSQL included")
    Console(width=None if sys.stdout.isatty() else 160).print(make_table(rows))
    return 0


def _settle(server: FHIRServer) -> None:
    """Statistics as a database has them that has run for a while."""
    with server.made.database.connect() as connection:
        connection.execute("VACUUM (ANALYZE)")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
