"""`carecord load` against PostgreSQL's own COPY of the rows that it leaves, into the same tables and indexes.

python -m benchmarks.load [PEOPLE]
"""

import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
from psycopg import sql
from rich.console import Console

from benchmarks.table import Row, make_table
from carecord import population
from carecord.db import embedded
from carecord.db.migrate import migrate
from carecord.ingest.load import load_file

TODAY = date(2026, 11, 22)
ROUNDS = 3
COPY_CHUNK = 1 << 18

TABLES = (
    "patient_index.patient_record",
    "patient_index.patient_number",
    "patient_index.link_decision",
    "clinical_store.entry",
    "clinical_store.entry_version",
)
"""What a load fills, each after those that it points to."""


def measure(people: int = 3000) -> list[Row]:
    """Load a made-up population: whole, again, and its patients alone; best of three rounds each."""
    with tempfile.TemporaryDirectory(prefix="carecord-load-") as folder:
        written = population.write(people=people, seed=1, out=Path(folder) / "whole")
        feeds = [feed.path for feed in written.feeds]
        patients = [_patients_alone(feed) for feed in feeds]
        with _database(Path(folder) / "data") as connection:
            whole, again = _against_copy(connection, feeds, "clinical_store.entry")
            alone, _ = _against_copy(connection, patients, "patient_index.patient_record")
    return [
        Row("load a population", *whole, note="entries, their patients with them, against COPY of all rows"),
        Row("load it again", *again, note="every line compared, none changed; against the first COPY"),
        Row("load patients alone", *alone, note="records with numbers and links, against COPY of all rows"),
    ]


_Figures = tuple[float, str, float, float]


def _against_copy(
    connection: psycopg.Connection, feeds: Sequence[Path], counted: str
) -> tuple[_Figures, _Figures]:
    """Rates of the table's rows: of a first load, and of a second; each beside COPY and as its share."""
    loads, again, copies = [], [], []
    for _ in range(ROUNDS):
        _empty(connection)
        loads.append(_seconds(lambda: _load(connection, feeds)))
        again.append(_seconds(lambda: _load(connection, feeds)))
        rows = {table: _copy_out(connection, table) for table in TABLES}
        _empty(connection)
        copies.append(_seconds(lambda rows=rows: _copy_in(connection, rows)))  # type: ignore[misc]
    count = connection.execute(
        sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*counted.split(".")))
    ).fetchone()
    assert count is not None
    unit = "entries/s" if counted.endswith("entry") else "records/s"
    copy = count[0] / min(copies)

    def figures(seconds: list[float]) -> _Figures:
        rate = count[0] / min(seconds)
        return rate, unit, copy, rate / copy

    return figures(loads), figures(again)


def _load(connection: psycopg.Connection, feeds: Sequence[Path]) -> None:
    for feed in feeds:
        loaded = load_file(connection, feed, rejects=feed.with_suffix(".rejects"), today=TODAY)
        assert not loaded.rejected, f"{loaded.rejected} lines refused: {loaded.rejects}"


def _copy_out(connection: psycopg.Connection, table: str) -> bytes:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(*table.split(".")))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(bytes(block) for block in copy)


def _copy_in(connection: psycopg.Connection, rows: dict[str, bytes]) -> None:
    for table, content in rows.items():
        statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(*table.split(".")))
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for start in range(0, len(content), COPY_CHUNK):
                copy.write(content[start : start + COPY_CHUNK])


def _empty(connection: psycopg.Connection) -> None:
    """No rows of the round before."""
    tables = sql.SQL(", ").join(sql.Identifier(*table.split(".")) for table in TABLES)
    connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))


def _seconds(work: Callable[[], None]) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _patients_alone(feed: Path) -> Path:
    """The feed without entries and worklists."""
    alone = feed.with_name(f"patients-{feed.name}")
    with feed.open("rb") as lines, alone.open("wb") as kept:
        kept.writelines(
            line for number, line in enumerate(lines) if not number or b'"Patient":' in line[:200]
        )
    return alone


@contextmanager
def _database(folder: Path) -> Iterator[psycopg.Connection]:
    with embedded.hold(folder) as held:
        migrate(held.url)
        with psycopg.connect(held.url, autocommit=True) as connection:
            yield connection


if __name__ == "__main__":
    Console().print(make_table(measure(*[int(argument) for argument in sys.argv[1:]])))
