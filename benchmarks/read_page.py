"""A page of 25 repeat medications over three linked records, everything on, against the bare SQL of its rows.

The server is `carecord serve` with all its routes; each call carries a token and a key, and its audit row is
on disk before its answer. The baseline is pgbench, which asks PostgreSQL for the same rows over as many
connections of the same machine and does nothing with them. Calls and baseline take turns, several times,
and the ratio is of the medians, so that a busy machine slows both. On a machine that others use the two get
unlike shares of it; the ratio of processor times in the note depends less on that.
"""

import statistics
import urllib.request
from dataclasses import dataclass

import msgspec

from benchmarks import made_records
from benchmarks.http_load import HttpRun, load_tool, run_http_load
from benchmarks.pgbench import run_pgbench
from benchmarks.processor_time import used_s
from benchmarks.running_server import MadeDatabase, RunningServer, open_made_database, serve
from benchmarks.table import Row
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS

CONNECTIONS = (1, 32, 128)
ROUNDS = 3
SECONDS = 3
WORKERS = (1, 2)

# What a developer would write by hand for these 25 rows and their total, with nothing else around it.
BARE_SQL = f"""
\\set id random(1, {made_records.RECORDS})
SELECT e.item, r.tenancy_id, count(*) OVER ()
FROM patient_index.patient_record asked
JOIN patient_index.patient_record r ON r.person_id = asked.person_id
JOIN clinical_store.entry e ON e.patient_detail_id = r.patient_detail_id
WHERE asked.patient_detail_id = :id AND e.collection = 'gp_medication_course'
  AND e.item->>'EndDate' IS NULL
ORDER BY e.occurred_at DESC NULLS LAST, e.entry_id
LIMIT 25;
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor milliseconds that one call took of each part."""

    server_ms: float
    postgres_ms: float
    client_ms: float

    @property
    def all_ms(self) -> float:
        return self.server_ms + self.postgres_ms + self.client_ms


def measure() -> list[Row]:
    """Rates at each number of connections, for each number of server processes."""
    rows: list[Row] = []
    with open_made_database() as made:
        for workers in WORKERS:
            with serve(made, workers=workers) as server:
                check_answer(server)
                run_server(server, connections=32, seconds=1)
                rows += [_measure(made, server, workers, connections) for connections in CONNECTIONS]
    return rows


def check_answer(server: RunningServer) -> None:
    """What is measured must be the page that is meant."""
    path = GP_REPEAT_MEDICATIONS.path.replace("{patientDetailId}", str(made_records.PEOPLE + 1))
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=server.headers)
    with urllib.request.urlopen(request) as answer:
        page = msgspec.json.decode(answer.read())
    rows = page[GP_REPEAT_MEDICATIONS.collection]
    total = made_records.REPEATS_PER_RECORD * len(made_records.SOURCES)
    if len(rows) != 25 or page["TotalItemCount"] != total:
        raise AssertionError(f"{len(rows)} rows of {page['TotalItemCount']}, not 25 of {total}")
    if len({row["TenancyDescription"] for row in rows}) != len(made_records.SOURCES):
        raise AssertionError("not of three sources")


def run_server(server: RunningServer, *, connections: int, seconds: int = SECONDS) -> HttpRun:
    run = run_http_load(
        server.port,
        path=GP_REPEAT_MEDICATIONS.path.replace("{patientDetailId}", "{id}"),
        ids=made_records.RECORDS,
        headers=server.headers,
        connections=connections,
        seconds=seconds,
    )
    if run.failed:
        raise AssertionError(f"{run.failed} of {run.requests} calls failed")
    return run


def _measure(made: MadeDatabase, server: RunningServer, workers: int, connections: int) -> Row:
    bare: list[float] = []
    bare_ms: list[float] = []
    runs: list[HttpRun] = []
    costs: list[Cost] = []
    for _ in range(ROUNDS):
        before = used_s(made.postgres_pid)
        baseline = run_pgbench(made.database.url, BARE_SQL, connections=connections, seconds=SECONDS)
        bare.append(baseline.rate)
        used = used_s(made.postgres_pid) - before + baseline.client_s
        bare_ms.append(used / baseline.transactions * 1000)
        run, cost = measure_cost(made, server, connections=connections)
        runs.append(run)
        costs.append(cost)
    rate = statistics.median(run.rate for run in runs)
    baseline_rate = statistics.median(bare)
    return Row(
        name=f"read page, {_count(workers, 'server process')}, {_count(connections, 'connection')}",
        figure=rate,
        unit="calls/s",
        baseline=baseline_rate,
        ratio=rate / baseline_rate,
        note=(
            f"p50 {statistics.median(run.p50_ms for run in runs):.1f} ms, "
            f"p99 {statistics.median(run.p99_ms for run in runs):.1f} ms; CPU ms a call: "
            f"server {statistics.median(cost.server_ms for cost in costs):.2f}, "
            f"PostgreSQL {statistics.median(cost.postgres_ms for cost in costs):.2f}, "
            f"{load_tool()} {statistics.median(cost.client_ms for cost in costs):.2f}; "
            f"baseline pgbench, {statistics.median(bare_ms):.2f}; ratio by CPU "
            f"{statistics.median(bare_ms) / statistics.median(cost.all_ms for cost in costs):.2f}"
        ),
    )


def measure_cost(made: MadeDatabase, server: RunningServer, *, connections: int) -> tuple[HttpRun, Cost]:
    server_s, postgres_s = used_s(server.pid), used_s(made.postgres_pid)
    run = run_server(server, connections=connections)
    server_s, postgres_s = used_s(server.pid) - server_s, used_s(made.postgres_pid) - postgres_s
    return run, Cost(*(1000 * one / run.requests for one in (server_s, postgres_s, run.client_s)))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "es" if noun.endswith("s") else "s")
