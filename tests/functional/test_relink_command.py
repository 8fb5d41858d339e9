"""`carecord index relink`: the running command against a real database."""

import json
from pathlib import Path

import pytest
from psycopg import Connection
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from carecord.db.connect import Database
from tests.support.index_records import GRACE, file_all

pytest.importorskip("splink")
pytest.importorskip("duckdb")
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def parted(connection: Connection) -> list[int]:
    """Two records of one person that are not linked."""
    ids = file_all(connection, [GRACE, GRACE])
    connection.execute("UPDATE patient_index.patient_record SET person_id = patient_detail_id")
    connection.execute("UPDATE patient_index.link_decision SET superseded_at = now()")
    return ids


def _run(database: Database, data: Path, *arguments: str) -> Result:
    environment = {
        "DATABASE_URL": database.url,
        "CARECORD_DATA": str(data),
        "COLUMNS": "160",
        "TERM": "dumb",
    }
    return CliRunner(env=environment).invoke(app, ["index", *arguments])


def test_what_would_change_is_told_and_waits_for_a_steward(
    database: Database, parted: list[int], tmp_path: Path
) -> None:
    told = _run(database, tmp_path, "relink")
    tasks = _run(database, tmp_path, "tasks", "--json")

    assert told.exit_code == 0, told.output
    assert "persons that would be one" in told.output
    assert "1 new, 0 open as before, 0 withdrawn" in told.output
    waiting = [json.loads(line) for line in tasks.stdout.splitlines()]
    assert [(task["Asks"], task["Records"]) for task in waiting] == [("link", parted)]


def test_nothing_of_a_run_is_left_in_its_folder(
    database: Database, parted: list[int], tmp_path: Path
) -> None:
    told = _run(database, tmp_path, "relink", "--dry-run")

    assert told.exit_code == 0, told.output
    assert "Nothing was written." in told.output
    assert list(tmp_path.iterdir()) == []


def test_figures_come_as_one_object(database: Database, parted: list[int], tmp_path: Path) -> None:
    told = _run(database, tmp_path, "relink", "--json")

    found = json.loads(told.stdout)
    assert (found["records"], found["pairs_compared"], found["pairs_to_link"]) == (2, 1, 1)
    assert found["proposals"] == {"link": {"number_and_birth_date_agree": 1, "all": 1}, "unlink": {}}
    assert found["kept"] == {"made": 1, "unchanged": 0, "withdrawn": 0, "overtaken": 0}
    assert found["engine"] == "duckdb"


def test_a_file_that_holds_no_model_is_refused(database: Database, parted: list[int], tmp_path: Path) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text("{}")

    told = _run(database, tmp_path, "relink", "--model", str(empty))

    assert told.exit_code == 1
    assert "is no model of the patient index" in " ".join(told.output.split())
