"""Reads and searches at one connection and at 32, in turns with their bare SQL; medians are compared."""

import json
import statistics
import urllib.request

from benchmarks.fhir.questions import Question
from benchmarks.fhir.running import BASE, FHIRServer
from benchmarks.http_load import HttpRun, load_tool, run_http_load
from benchmarks.pgbench import run_pgbench
from benchmarks.processor_time import used_s
from benchmarks.table import Row

CONNECTIONS = (1, 32)


def ask(server: FHIRServer, question: Question, patients: int, *, seconds: int, rounds: int) -> list[Row]:
    """A row for each number of connections."""
    _check(server, question)
    _run(server, question, patients, connections=8, seconds=1)
    return [
        _measure(server, question, patients, connections, seconds=seconds, rounds=rounds)
        for connections in CONNECTIONS
    ]


def _check(server: FHIRServer, question: Question) -> None:
    """What is measured must be the answer that is meant."""
    address = f"http://127.0.0.1:{server.port}{BASE}{question.path.replace('{id}', '1')}"
    with urllib.request.urlopen(urllib.request.Request(address, headers=server.headers)) as answer:
        body = json.load(answer)
    found = len(body.get("entry", ())) if body["resourceType"] == "Bundle" else 1
    if found != question.rows:
        raise AssertionError(f"{question.name}: {found} resources, not {question.rows}")


def _measure(
    server: FHIRServer, question: Question, patients: int, connections: int, *, seconds: int, rounds: int
) -> Row:
    script = f"\\set id random(1, {patients // question.every})\n{question.sql}\n"
    bare: list[float] = []
    runs: list[HttpRun] = []
    costs: list[tuple[float, float]] = []
    for _ in range(rounds):
        url = server.made.database.url
        bare.append(run_pgbench(url, script, connections=connections, seconds=seconds).rate)
        before = used_s(server.pid), used_s(server.made.postgres_pid)
        run = _run(server, question, patients, connections=connections, seconds=seconds)
        after = used_s(server.pid), used_s(server.made.postgres_pid)
        runs.append(run)
        costs.append(
            (1000 * (after[0] - before[0]) / run.requests, 1000 * (after[1] - before[1]) / run.requests)
        )
    rate, baseline = statistics.median(run.rate for run in runs), statistics.median(bare)
    return Row(
        name=f"FHIR {question.name}, {connections} connection{'s' if connections > 1 else ''}",
        figure=rate,
        unit="calls/s",
        baseline=baseline,
        ratio=rate / baseline,
        note=(
            f"p50 {statistics.median(run.p50_ms for run in runs):.1f} ms, "
            f"p99 {statistics.median(run.p99_ms for run in runs):.1f} ms; CPU ms a call: "
            f"server {statistics.median(cost for cost, _ in costs):.2f}, "
            f"PostgreSQL {statistics.median(cost for _, cost in costs):.2f}; {load_tool()}; baseline pgbench"
        ),
    )


def _run(server: FHIRServer, question: Question, patients: int, *, connections: int, seconds: int) -> HttpRun:
    run = run_http_load(
        server.port,
        path=BASE + question.path.replace("|", "%7C"),
        ids=patients // question.every,
        headers=server.headers,
        connections=connections,
        seconds=seconds,
    )
    if run.failed:
        raise AssertionError(f"{question.name}: {run.failed} of {run.requests} calls failed")
    return run
