"""The audit trail: rows on disk a second, against pgbench that inserts and commits as large a row by itself.

The trail writes with one commit all that waited while the one before ran; pgbench commits each row alone,
over as many connections as there are callers.
"""

import asyncio
import statistics
import time

from benchmarks.pgbench import run_pgbench
from benchmarks.running_server import open_made_database
from benchmarks.table import Row
from carecord.access.audit import AuditEvent, EventName
from carecord.access.audit_trail import AuditTrail, open_trail
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS

WAITERS = (1, 32, 128)
ROUNDS = 3
SECONDS = 2

EVENT = AuditEvent(
    event=EventName.PATIENT_READ,
    client_id="benchmark",
    operation_id=GP_REPEAT_MEDICATIONS.operation_id,
    patient_detail_ids=(12_345,),
    tenancies=(1, 2, 3),
    trace_id="0" * 32,
)

BARE_SQL = f"""
INSERT INTO audit.event (chain_id, seq, at, event, client_id, operation_id, patient_detail_ids, tenancies,
    outcome, restricted, trace_id, previous_hash, hash)
VALUES (gen_random_uuid(), 1, now(), 'patient.read', 'benchmark', '{EVENT.operation_id}', '{{12345}}',
    '{{1,2,3}}', 'allowed', false, repeat('0', 32), sha256('x'), sha256('y'));
"""


def measure() -> list[Row]:
    with open_made_database() as made:
        return [_measure(made.database.url, waiters) for waiters in WAITERS]


def _measure(url: str, waiters: int) -> Row:
    rates: list[float] = []
    bare: list[float] = []
    latencies_s: list[float] = []
    for _ in range(ROUNDS):
        bare.append(run_pgbench(url, BARE_SQL, connections=waiters, seconds=SECONDS).rate)
        found = asyncio.run(_record(url, waiters))
        rates.append(len(found) / SECONDS)
        latencies_s += found
    latencies_s.sort()
    rate, baseline = statistics.median(rates), statistics.median(bare)
    p50_ms = latencies_s[len(latencies_s) // 2] * 1000
    p99_ms = latencies_s[len(latencies_s) * 99 // 100] * 1000
    return Row(
        name=f"audit, {waiters} waiting",
        figure=rate,
        unit="rows/s",
        baseline=baseline,
        ratio=rate / baseline,
        note=f"p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms; baseline pgbench, a commit for each row",
    )


async def _record(url: str, waiters: int) -> list[float]:
    """Seconds that each event took until it was on disk."""
    taken_s: list[float] = []
    async with open_trail(url) as trail:
        await trail.record(EVENT)
        end = time.perf_counter() + SECONDS
        await asyncio.gather(*(_keep_recording(trail, end, taken_s) for _ in range(waiters)))
    return taken_s


async def _keep_recording(trail: AuditTrail, end: float, taken_s: list[float]) -> None:
    while (start := time.perf_counter()) < end:
        await trail.record(EVENT)
        taken_s.append(time.perf_counter() - start)
