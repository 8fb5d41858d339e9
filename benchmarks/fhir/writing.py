"""Writes: a patient and twelve observations in one transaction, against PostgreSQL taking as much text."""

import http.client
import json
import random
import threading
import time
from itertools import islice

import psycopg

from benchmarks.fhir.made_patients import OBSERVATIONS, nhs_numbers, transaction
from benchmarks.fhir.running import BASE, FHIRServer
from benchmarks.pgbench import run_pgbench
from benchmarks.processor_time import used_s
from benchmarks.table import Row

RESOURCES = OBSERVATIONS + 1
SENDERS = 8
SECONDS = 3
WARM_UP = 100
"""Transactions before the clock starts: some for each server process."""

_PLACE = """
CREATE TABLE IF NOT EXISTS bare_resource (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, patient bigint, at timestamptz, body text);
CREATE INDEX IF NOT EXISTS bare_resource_patient ON bare_resource (patient)
"""

# What a developer would write by hand for thirteen texts of half a kilobyte, durable and found by patient.
_BARE = f"""
\\set patient random(1, 1000000)
INSERT INTO bare_resource (patient, at, body)
SELECT :patient, now(), repeat(md5(:patient::text), 16) FROM generate_series(1, {RESOURCES});
"""


def write(server: FHIRServer, patients: int) -> Row:
    """Send so many patients over a few connections; the figure is resources a second, commits on disk."""
    numbers = list(islice(nhs_numbers(), patients))
    bodies = [transaction(n, number) for n, number in enumerate(numbers)]
    # As made, neighbours of one name would all arrive at once, and wait for one another to be linked.
    random.Random(0).shuffle(bodies)
    _send(server, bodies[:WARM_UP])
    before = used_s(server.pid), used_s(server.made.postgres_pid)
    started = time.perf_counter()
    _send(server, bodies[WARM_UP:])
    taken = time.perf_counter() - started
    after = used_s(server.pid), used_s(server.made.postgres_pid)
    written = (patients - WARM_UP) * RESOURCES
    server_ms, postgres_ms = (1000 * (b - a) / written for a, b in zip(before, after, strict=True))
    baseline = _bare(server)
    return Row(
        name=f"FHIR write, transactions of {RESOURCES}, {SENDERS} connections",
        figure=written / taken,
        unit="resources/s",
        baseline=baseline,
        ratio=written / taken / baseline,
        note=(
            f"{patients:,} patients, linked on arrival; CPU ms a resource: server {server_ms:.2f}, "
            f"PostgreSQL {postgres_ms:.2f}; baseline pgbench, bare text and one index"
        ),
    )


def _bare(server: FHIRServer) -> float:
    url = server.made.database.url
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PLACE)
        run = run_pgbench(url, _BARE, connections=SENDERS, seconds=SECONDS)
        connection.execute("DROP TABLE bare_resource")
    return run.rate * RESOURCES


def _send(server: FHIRServer, bodies: list[bytes]) -> None:
    """Send all bodies, each sender the next that nobody has taken."""
    left = iter(bodies)
    lock = threading.Lock()
    faults: list[str] = []

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        headers = server.headers | {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"}
        while not faults:
            with lock:
                body = next(left, None)
            if body is None:
                break
            connection.request("POST", BASE, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 or len(json.loads(text)["entry"]) != RESOURCES:
                faults.append(f"{answer.status}: {text[:500].decode()}")
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(SENDERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    if faults:
        raise AssertionError(faults[0])
