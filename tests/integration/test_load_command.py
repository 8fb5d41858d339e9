"""`carecord load` at the terminal: what it says, where the refusals go, and its exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

from carecord.db import migrate
from carecord.db.connect import Database
from tests.support.sandpit import entry_line, patient_line, tenancy_line

HEADER = tenancy_line(1, "Millbrook Surgery (GP record)")
ASPIRIN = entry_line("P1", "GpRepeatMedicationsList", {"Rubric": "ASPIRIN disp tabs 75mg"})


def write(path: Path, *lines: dict[str, Any] | bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    )
    return path


def carecord_load(database: Database, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "CARECORD_DATA": str(folder / "data"),
        "COLUMNS": "80",
    }
    command = [sys.executable, "-c", "from carecord.cli.main import app; app()", "load", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_feed_is_loaded_and_counted(database: Database, tmp_path: Path) -> None:
    feed = write(tmp_path / "01-millbrook-surgery.ndjson", HEADER, patient_line("P1"), ASPIRIN)

    done = carecord_load(database, tmp_path, feed)

    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    words = done.stdout.split()
    assert "01-millbrook-surgery.ndjson" in words
    assert "Millbrook Surgery (GP record)" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert not (tmp_path / "data" / "loads").exists()


def test_refused_lines_give_exit_status_3_and_a_reject_file_named_on_its_own_line(
    database: Database, tmp_path: Path
) -> None:
    feed = write(tmp_path / "feed.ndjson", HEADER, patient_line("P1"), b"{", ASPIRIN)

    done = carecord_load(database, tmp_path, feed)

    rejects = tmp_path / "data" / "loads" / "feed.ndjson.rejects.ndjson"
    assert done.returncode == 3
    assert f"Refused lines of feed.ndjson: {rejects}" in done.stdout.splitlines()
    assert json.loads(rejects.read_text()) == {
        "Line": 3,
        "Errors": [{"Field": "line", "Rule": "must be one JSON object"}],
    }


def test_feeds_of_one_name_have_a_reject_file_each(database: Database, tmp_path: Path) -> None:
    feeds = [write(tmp_path / str(number) / "feed.ndjson", tenancy_line(number), b"{") for number in (1, 2)]

    done = carecord_load(database, tmp_path, "--rejects", tmp_path / "refused", *feeds)

    assert done.returncode == 3
    assert sorted(file.name for file in (tmp_path / "refused").iterdir()) == [
        "feed.ndjson.2.rejects.ndjson",
        "feed.ndjson.rejects.ndjson",
    ]


def test_a_file_that_is_not_there_is_a_wrong_call(database: Database, tmp_path: Path) -> None:
    done = carecord_load(database, tmp_path, tmp_path / "nowhere.ndjson")

    assert done.returncode == 2


def test_a_failing_database_is_told_without_its_words(
    database: Database, connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """An error that is no line's fault ends the load; what PostgreSQL says of it may repeat the row."""
    connection.execute("ALTER TABLE clinical_store.entry DROP COLUMN occurred_at CASCADE")
    feed = write(tmp_path / "feed.ndjson", HEADER, patient_line("P1", Surname="Zebedee"), ASPIRIN)

    done = carecord_load(database, tmp_path, feed)

    assert done.returncode == 1
    assert "The database stopped the load: undefined column" in done.stderr
    assert "Zebedee" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_up_to_date_is_known_without_alembic(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    assert migrate.is_current(database.url)

    connection.execute("UPDATE alembic_version SET version_num = '0001_schemas'")
    assert not migrate.is_current(database.url)

    connection.execute("DROP TABLE alembic_version")
    assert not migrate.is_current(database.url)


def test_the_command_starts_without_alembic() -> None:
    """Alembic and SQLAlchemy take longer to import than a small feed takes to load."""
    check = (
        "import sys, carecord.cli.main;"
        "sys.exit(len({'alembic', 'sqlalchemy', 'pyarrow'} & sys.modules.keys()))"
    )

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
