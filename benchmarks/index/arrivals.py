"""Records that arrive at an index of millions: each filed and linked in a transaction of its own.

What is measured is a patient line as a feed sends it: read, normalised, filed and linked by
`file_and_commit`, and on disk when that returns. After each arrival comes its baseline, the bare PostgreSQL
work for another record that nobody has looked for either: one prepared query for all that share a blocking
key with it, and one committed row as large as a record's. The same is done by two processes at once. Then it
is asked how rightly the arrivals were linked, and an index of up to a million records is linked anew in bulk.

`python -m benchmarks.index.arrivals --records 1000000 10000000` prints one table. CARECORD_BENCH_DATA names a
folder to keep the index in, which takes minutes to build: 2.5 GB for a million records, 25 for ten.
"""

import argparse
import contextlib
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psycopg
from rich.console import Console

from benchmarks.index.made_index import build
from benchmarks.index.made_people import AS_AT, SOURCES, MadeRecord
from benchmarks.table import Row, make_table
from carecord.db.connect import Database, database
from carecord.db.migrate import migrate
from carecord.kernel.settings import Settings
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.demographics import SourceRecord, parse_patient
from carecord.patient_index.relinking.on_duckdb import OnDuckDB
from carecord.patient_index.relinking.run import Run, relink_index
from carecord.patient_index.scoring import Model, load_model
from carecord.patient_index.source_records import file_and_commit

RECORDS = (1_000_000, 10_000_000)
ARRIVALS = 4000
WARM_UP = 50
RELINKED_AT_MOST = 1_000_000
RUNS = 2
"""How many runs an index that is kept has new records for."""
WORKERS = 2
START_S = 120.0
"""How long workers may take to be ready."""
KEPT_BACK_AT_MOST = 0.1
"""Of all records, so that a small index still has something to link arrivals with."""

_CANDIDATES = """
SELECT r.patient_detail_id, r.person_id, r.identity::text
FROM (SELECT DISTINCT patient_detail_id FROM patient_index.blocking_key WHERE key = ANY (%s)) AS k
JOIN patient_index.patient_record r USING (patient_detail_id)
LIMIT 300
"""
_BARE_TABLE = """
CREATE TABLE IF NOT EXISTS bare_record (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    demographics json, identity json, blocking_keys bigint[])
"""
_BARE_ROW = "INSERT INTO bare_record (demographics, identity, blocking_keys) VALUES (%s, %s, %s)"

_FILED = """
SELECT tenancy_id, source_key FROM patient_index.patient_record
WHERE (tenancy_id, source_key) IN (SELECT * FROM unnest(%(tenancies)s::integer[], %(keys)s::text[]))
"""

_GROUPS = """
SELECT mine.source_key,
    coalesce(array_agg(other.source_key) FILTER (WHERE other.patient_detail_id IS NOT NULL), '{}'),
    EXISTS (
        SELECT FROM patient_index.patient_record same
        WHERE same.tenancy_id = ANY (%(sources)s)
          AND same.source_key = ANY (ARRAY[
              split_part(mine.source_key, '-', 1) || '-0', split_part(mine.source_key, '-', 1) || '-1'])
          AND same.patient_detail_id <> mine.patient_detail_id),
    EXISTS (
        SELECT FROM patient_index.link_decision d
        WHERE d.superseded_at IS NULL AND d.decision = 'possible'
          AND (d.record_a = mine.patient_detail_id OR d.record_b = mine.patient_detail_id))
FROM patient_index.patient_record mine
LEFT JOIN patient_index.patient_record other
    ON other.person_id = mine.person_id AND other.patient_detail_id <> mine.patient_detail_id
WHERE (mine.tenancy_id, mine.source_key) IN (SELECT * FROM unnest(%(tenancies)s::integer[], %(keys)s::text[]))
GROUP BY mine.patient_detail_id
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """An index of one size: what arrivals and their baselines took, and what became of them."""

    records: int
    arrivals_ms: list[float]
    bare_ms: list[float]
    arrivals_per_s: float
    bare_per_s: float
    outcomes: Counter[str]
    relinked: Run | None

    @property
    def filed(self) -> int:
        return self.outcomes.total()


def run(sizes: Sequence[int], arrivals: int, progress: Callable[[str], None]) -> list[Row]:
    """Build an index of each size, and give the rows of its figures."""
    rows: list[Row] = []
    small: Measured | None = None
    for size in sizes:
        with _opened(size) as (opened, folder):
            wanted = min(arrivals, int(size * KEPT_BACK_AT_MOST) // (6 * RUNS))
            measured = _measure(opened, size, wanted, folder, progress)
        rows += _rows(measured, small)
        small = small or measured
    return rows


@contextlib.contextmanager
def _opened(size: int) -> Iterator[tuple[Database, Path]]:
    """A database of its own; in a kept folder it is built once."""
    with contextlib.ExitStack() as stack:
        kept = os.environ.get("CARECORD_BENCH_DATA")
        folder = Path(kept or stack.enter_context(tempfile.TemporaryDirectory(prefix="carecord-bench-")))
        folder = folder / f"index-{size}"
        folder.mkdir(parents=True, exist_ok=True)
        opened = stack.enter_context(database(Settings(data=folder)))
        migrate(opened.url)
        yield opened, folder


def _measure(
    opened: Database, size: int, arrivals: int, folder: Path, progress: Callable[[str], None]
) -> Measured:
    progress(f"building an index of {size:,} records …")
    # Arrivals and baselines of one worker, and of two. Each record arrives once, be it in an earlier run.
    built = build(opened.url, size, keep_back=RUNS * 6 * arrivals, folder=folder)
    records = _yet_to_come(opened, built.kept_back)
    arrivals = min(arrivals, len(records) // 6)
    if arrivals < WARM_UP:
        raise SystemExit(f"Too few records are left to arrive: empty {folder}, or measure a larger index.")
    progress(f"{built.records:,} records, built in {built.seconds:,.0f} s; {arrivals:,} arrive one by one …")
    Random(1).shuffle(records)
    taken = iter(records)
    alone, bare, *pairs = (
        list(islice(taken, many)) for many in (arrivals, arrivals, 2 * arrivals, 2 * arrivals)
    )
    arrivals_ms, bare_ms = _one_by_one(opened.url, alone, bare)
    progress(f"{WORKERS} workers at once …")
    together, bare_together = pairs
    per_s = _side_by_side(opened.url, together, _file_all)
    bare_per_s = _side_by_side(opened.url, bare_together, _do_bare_work)
    outcomes = _outcomes(opened, [*alone, *together])
    relinked = None
    if size <= RELINKED_AT_MOST:
        progress("linking all of it anew …")
        with opened.connect() as connection:
            relinked = relink_index(connection, OnDuckDB(), model=load_model(), folder=folder)
    return Measured(built.records, arrivals_ms, bare_ms, per_s, bare_per_s, outcomes, relinked)


def _yet_to_come(opened: Database, kept_back: Sequence[MadeRecord]) -> list[MadeRecord]:
    """Those kept back that no earlier run on this index has filed."""
    with opened.connect() as connection:
        filed = set(connection.execute(_FILED, _named(kept_back)).fetchall())
    return [record for record in kept_back if (record.tenancy_id, record.source_key) not in filed]


def _named(records: Sequence[MadeRecord]) -> dict[str, list[Any]]:
    return {
        "tenancies": [record.tenancy_id for record in records],
        "keys": [record.source_key for record in records],
    }


def _one_by_one(
    url: str, arrivals: Sequence[MadeRecord], others: Sequence[MadeRecord]
) -> tuple[list[float], list[float]]:
    """Milliseconds of each arrival, and of the bare work for another; the first few warm up."""
    arrivals_ms, bare_ms = [], []
    model = load_model()
    with _connected(url) as connection:
        connection.execute(_BARE_TABLE)
        for turn, (record, other) in enumerate(zip(arrivals, others, strict=True)):
            line, source = msgspec.json.encode(record.sent), _parsed(other)
            started = time.perf_counter()
            _file(connection, record, line, model)
            filed = time.perf_counter()
            _bare_work(connection, source, model)
            ended = time.perf_counter()
            if turn >= WARM_UP:
                arrivals_ms.append((filed - started) * 1000)
                bare_ms.append((ended - filed) * 1000)
    return arrivals_ms, bare_ms


def _file(connection: psycopg.Connection[Any], record: MadeRecord, line: bytes, model: Model) -> None:
    source = parse_patient(line, source_key=record.source_key, today=AS_AT.isoformat())
    file_and_commit(connection, record.tenancy_id, [source], model=model)


def _parsed(record: MadeRecord) -> SourceRecord:
    line = msgspec.json.encode(record.sent)
    return parse_patient(line, source_key=record.source_key, today=AS_AT.isoformat())


def _bare_work(connection: psycopg.Connection[Any], source: SourceRecord, model: Model) -> None:
    keys = blocking_keys(source.identity, model.blocking)
    connection.execute(_CANDIDATES, (keys,), prepare=True).fetchall()
    row = (source.demographics.decode(), msgspec.json.encode(source.identity).decode(), keys)
    connection.execute(_BARE_ROW, row, prepare=True)


def _side_by_side(
    url: str, records: Sequence[MadeRecord], work: Callable[[str, Sequence[MadeRecord]], tuple[float, float]]
) -> float:
    """Records a second of several processes that begin at one moment."""
    shares = [records[place::WORKERS] for place in range(WORKERS)]
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(WORKERS)
    with ProcessPoolExecutor(WORKERS, mp_context=context, initializer=_know_start, initargs=(start,)) as pool:
        times = list(pool.map(work, [url] * WORKERS, shares))
    return len(records) / (max(ended for _, ended in times) - min(began for began, _ in times))


_start: Barrier | None = None
"""Of a worker: where it waits for the others."""


def _know_start(start: Barrier) -> None:
    global _start
    _start = start


def _begin_together() -> float:
    assert _start is not None
    _start.wait(START_S)
    return time.time()


def _file_all(url: str, records: Sequence[MadeRecord]) -> tuple[float, float]:
    model = load_model()
    lines = [msgspec.json.encode(record.sent) for record in records]
    with _connected(url) as connection:
        began = _begin_together()
        for record, line in zip(records, lines, strict=True):
            _file(connection, record, line, model)
        return began, time.time()


def _do_bare_work(url: str, records: Sequence[MadeRecord]) -> tuple[float, float]:
    model = load_model()
    sources = [_parsed(record) for record in records]
    with _connected(url) as connection:
        began = _begin_together()
        for source in sources:
            _bare_work(connection, source, model)
        return began, time.time()


def _connected(url: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("SET synchronous_commit = on")
    return connection


def _outcomes(opened: Database, records: Sequence[MadeRecord]) -> Counter[str]:
    """What became of the arrivals, by the truth that their source keys begin with."""
    found: Counter[str] = Counter()
    with opened.connect() as connection:
        tenancies = {"sources": list(SOURCES)}
        for key, linked_with, is_known, waits in connection.execute(_GROUPS, _named(records) | tenancies):
            found[_outcome(key, linked_with, is_known=is_known, waits=waits)] += 1
    return found


def _outcome(key: str, linked_with: Sequence[str], *, is_known: bool, waits: bool) -> str:
    person = key.partition("-")[0]
    if any(other.partition("-")[0] != person for other in linked_with):
        return "linked wrongly"
    if linked_with:
        return "linked rightly"
    if waits:
        return "to a steward"
    return "missed" if is_known else "a new person"


def _rows(measured: Measured, small: Measured | None) -> list[Row]:
    of = f"{measured.records:,} records"
    rows = [
        Row(
            name=f"arrival, {of}: {name}",
            figure=share(measured.arrivals_ms),
            unit="ms",
            baseline=share(measured.bare_ms),
            ratio=share(measured.bare_ms) / share(measured.arrivals_ms),
            note="1 worker, commit on disk; baseline: bare candidates and row",
        )
        for name, share in (("p50", statistics.median), ("p95", _at(0.95)), ("p99", _at(0.99)))
    ]
    rows.append(
        Row(
            name=f"arrivals, {of}",
            figure=measured.arrivals_per_s,
            unit="records/s",
            baseline=measured.bare_per_s,
            ratio=measured.arrivals_per_s / measured.bare_per_s,
            note=f"{WORKERS} workers, commit on disk; baseline: bare candidates and row",
        )
    )
    if small is not None:
        before, now = statistics.median(small.arrivals_ms), statistics.median(measured.arrivals_ms)
        rows.append(
            Row(
                name=f"arrival p50, {of}, against {small.records:,}",
                figure=now,
                unit="ms",
                baseline=before,
                ratio=now / before,
                note="ratio: how much slower",
            )
        )
    rows += [
        Row(name=f"arrivals, {of}: {outcome}", figure=many, unit="records", note=f"of {measured.filed:,}")
        for outcome, many in measured.outcomes.most_common()
    ]
    if measured.relinked is not None:
        rows.append(_relinking_row(measured.relinked))
    return rows


def _relinking_row(run: Run) -> Row:
    note = f"DuckDB, {run.pairs_compared:,} pairs, at most {run.memory_mb / 1024:.1f} GB"
    return Row(
        name=f"relinking {run.records:,} records", figure=sum(run.seconds.values()), unit="s", note=note
    )


def _at(share: float) -> Callable[[list[float]], float]:
    return lambda times: sorted(times)[int(len(times) * share)]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.index.arrivals")
    parser.add_argument("--records", type=int, nargs="+", default=RECORDS)
    parser.add_argument(
        "--arrivals", type=int, default=ARRIVALS, help="of one worker; two file twice as many"
    )
    told = parser.parse_args(arguments)
    progress = Console(stderr=True)
    rows = run(told.records, told.arrivals, lambda words: progress.print(f"{time.strftime('%X')} {words}"))
    Console(width=None if sys.stdout.isatty() else 160).print(make_table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
