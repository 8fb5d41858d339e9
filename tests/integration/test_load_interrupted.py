"""Loads that are killed, loads at the same time, and rows that the database alone refuses."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carecord.db.connect import Database
from carecord.db.embedded import Held
from carecord.ingest import load as loading
from carecord.ingest.load import Loaded, load_file
from tests.support import postgres as test_postgres
from tests.support.sandpit import entry_line, patient_line, tenancy_line

TODAY = date(2026, 11, 1)
REPEATS = "GpRepeatMedicationsList"

LOAD = """
import sys
from datetime import date
from pathlib import Path
import psycopg
from carecord.ingest import load

load.BATCH = 200
file = Path(sys.argv[2])
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    load.load_file(connection, file, rejects=file.with_suffix(".rejects"), today=date(2026, 11, 1))
"""


@pytest.fixture
def new_database(migrated_template: Held) -> Iterator[Callable[[], Database]]:
    """Makes further databases, each with the whole schema and no rows."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(test_postgres.new_database(migrated_template))


def feed_lines(patients: int, entries: int) -> list[dict[str, Any]]:
    """Patients who share NHS numbers in threes, with entries, a refusal among them."""
    lines = [tenancy_line(1)]
    for number in range(patients):
        key = f"P{number}"
        lines.append(patient_line(key, DateOfBirth=f"19{number % 90 + 10}-01-01"))
        for row in range(entries):
            item = {"Date": "2021-11-04T00:00:00", "Rubric": f"medicine {row}", "Quantity": "28"}
            lines.append(entry_line(key, REPEATS, item, SourceItemId=f"M{row}"))
        if number % 10 == 0:
            said = {"SharingType": "Local shared record", "Status": "Refused"}
            lines.append(entry_line(key, "SharingStatusList", said))
    return lines


def write_feed(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"\n".join(json.dumps(line).encode() for line in lines) + b"\n")
    return path


def load(connection: psycopg.Connection[Any], file: Path) -> Loaded:
    return load_file(connection, file, rejects=file.with_suffix(".rejects"), today=TODAY)


def state(connection: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    """All that readers can see, without the ids and times that differ from load to load."""
    return connection.execute(
        "SELECT r.tenancy_id, r.source_key, r.version, r.demographics::text, r.sharing_refused,"
        "   e.collection, e.source_key, e.version, e.item::text, e.occurred_at,"
        "   (SELECT count(*) FROM patient_index.patient_number n"
        "    WHERE n.patient_detail_id = r.patient_detail_id)"
        " FROM patient_index.patient_record r LEFT JOIN clinical_store.entry e USING (patient_detail_id)"
        " ORDER BY 1, 2, 6, 7"
    ).fetchall()


def count(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]
    assert row is not None
    counted: int = row[0]
    return counted


def test_a_load_killed_in_the_middle_and_run_again_leaves_what_one_whole_load_does(
    database: Database, new_database: Callable[[], Database], tmp_path: Path
) -> None:
    file = write_feed(tmp_path / "feed.ndjson", feed_lines(400, 10))
    with new_database().connect() as connection:
        load(connection, file)
        whole = state(connection)

    killed_at: list[int] = []
    with database.connect() as connection:
        for after in (1, 1500, 3000):
            process = subprocess.Popen([sys.executable, "-c", LOAD, database.url, str(file)])
            until = time.monotonic() + 60
            while count(connection, "clinical_store.entry") < after:
                assert process.poll() is None, "the load ended before it was killed"
                assert time.monotonic() < until
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed_at.append(count(connection, "clinical_store.entry"))

        loaded = load(connection, file)

        assert all(0 < rows < 4040 for rows in killed_at)
        assert loaded.rejected == 0
        assert state(connection) == whole
        assert count(connection, "clinical_store.entry_version") == 0


def at_once(database: Database, *files: Path) -> list[Loaded]:
    """Load the files at the same time, each over its own connection."""
    results: list[Loaded | Exception] = []
    start = threading.Barrier(len(files))

    def run(file: Path) -> None:
        try:
            with database.connect() as connection:
                start.wait()
                results.append(load(connection, file))
        except Exception as error:  # noqa: BLE001  It is raised again by the test itself.
            results.append(error)

    threads = [threading.Thread(target=run, args=(file,)) for file in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return [result for result in results if isinstance(result, Loaded)]


def test_two_loads_of_one_feed_at_once_leave_what_one_does(
    database: Database,
    new_database: Callable[[], Database],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading, "BATCH", 150)
    lines = feed_lines(100, 10)
    file = write_feed(tmp_path / "feed.ndjson", lines)
    copy = write_feed(tmp_path / "copy.ndjson", lines)
    with new_database().connect() as connection:
        load(connection, file)
        whole = state(connection)

    loads = at_once(database, file, copy)

    with database.connect() as connection:
        assert state(connection) == whole
        assert count(connection, "clinical_store.entry_version") == 0
    assert sum(one.entries_added for one in loads) == 1010
    assert [one.rejected for one in loads] == [0, 0]


def test_changes_of_the_same_rows_at_once_are_each_kept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH", 100)
    lines = feed_lines(50, 10)
    with database.connect() as connection:
        load(connection, write_feed(tmp_path / "first.ndjson", lines))
    files = []
    for quantity in ("56", "84"):
        changed = json.loads(json.dumps(lines).replace('"28"', f'"{quantity}"'))
        files.append(write_feed(tmp_path / f"{quantity}.ndjson", changed))

    at_once(database, *files)

    with database.connect() as connection:
        versions = connection.execute(
            "SELECT DISTINCT version FROM clinical_store.entry WHERE collection = 'gp_medication_course'"
        ).fetchall()
        assert versions == [(3,)]
        assert count(connection, "clinical_store.entry_version") == 2 * 500


def test_a_row_that_the_database_alone_refuses_costs_its_line(
    connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """Our checks let these through, the database does not; their neighbours in the batch are stored."""
    connection.execute("ALTER TABLE clinical_store.entry ADD CHECK (item->>'Rubric' NOT LIKE 'cursed%')")
    cursed = {"Date": "2021-11-04T00:00:00", "Rubric": "cursed Zebedee"}
    letters = random.Random(1)
    endless = "Zebedee" + "".join(chr(letters.randrange(0x4E00, 0x9FFF)) for _ in range(3000))
    lines = feed_lines(5, 5)
    lines[7:7] = [entry_line("P0", REPEATS, cursed), patient_line("P404", PatientNumber=endless)]
    lines.append(entry_line("P404", REPEATS, {"Rubric": "of a patient that could not be stored"}))
    lines.append(entry_line("P1", REPEATS, cursed))
    file = write_feed(tmp_path / "feed.ndjson", lines)

    loaded = load(connection, file)

    assert loaded.rejects is not None
    text = loaded.rejects.read_text()
    assert "Zebedee" not in text
    assert [json.loads(line) for line in text.splitlines()] == [
        {"Line": 8, "Errors": [{"Field": "line", "Rule": "cannot be stored: check violation"}]},
        {"Line": 9, "Errors": [{"Field": "line", "Rule": "cannot be stored: program limit exceeded"}]},
        {"Line": 35, "Errors": [{"Field": "SourcePatientId", "Rule": "is no patient that was sent before"}]},
        {"Line": 36, "Errors": [{"Field": "line", "Rule": "cannot be stored: check violation"}]},
    ]
    assert (loaded.lines, loaded.patients, loaded.entries, loaded.rejected) == (36, 5, 26, 4)
    assert count(connection, "clinical_store.entry") == 26


def test_a_database_that_goes_away_ends_the_load_with_its_error(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "BATCH", 10)
    file = write_feed(tmp_path / "feed.ndjson", feed_lines(50, 10))
    stopped = threading.Event()

    def stop(read_bytes: int, lines: int) -> None:
        if not stopped.is_set():
            stopped.set()
            with database.connect() as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

    with database.connect() as connection, pytest.raises(psycopg.OperationalError):
        load_file(connection, file, rejects=tmp_path / "rejects", today=TODAY, on_progress=stop)

    with database.connect() as connection:
        loaded = load(connection, file)
        assert loaded.rejected == 0
        assert count(connection, "clinical_store.entry") == 505
