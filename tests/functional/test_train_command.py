"""`carecord index train` and `rekey`: the running commands against a real database."""

from pathlib import Path
from random import Random

import pytest
from psycopg import Connection
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from carecord.db.connect import Database
from carecord.patient_index import trained_models
from carecord.patient_index.scoring import find_model
from tests.support.index_records import file_all

PEOPLE = 40


@pytest.fixture
def twice_each(connection: Connection) -> None:
    """Two records of each of some people, without numbers."""
    rng = Random(5)
    people = [
        {
            "Forename": rng.choice(("Ada", "Bert", "Clara", "Dora", "Emil", "Frida")),
            "Surname": rng.choice(("Amsel", "Buche", "Distel", "Eiche", "Falke", "Ginster")),
            "DateOfBirth": f"{rng.randrange(1930, 2020)}-{rng.randrange(1, 13):02}-{rng.randrange(2, 28):02}",
            "PostCode": f"XX{rng.randrange(1, 90)} {rng.randrange(1, 9)}AA",
        }
        for _ in range(PEOPLE)
    ]
    file_all(connection, [one for one in people for _ in range(2)])


def _run(database: Database, data: Path, *arguments: str) -> Result:
    environment = {
        "DATABASE_URL": database.url,
        "CARECORD_DATA": str(data),
        "COLUMNS": "160",
        "TERM": "dumb",
    }
    return CliRunner(env=environment).invoke(app, ["index", *arguments])


@pytest.mark.usefixtures("twice_each")
def test_a_model_is_written_that_can_be_put_in_force_and_nothing_is_changed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trained_models, "FEWEST_RECORDS", 2 * PEOPLE)
    file = tmp_path / "ours.json"

    told = _run(database, tmp_path, "train", "--out", str(file))

    assert told.exit_code == 0, told.output
    assert f"Learnt from {2 * PEOPLE} records" in told.output
    assert "Nothing has been put in force." in told.output
    assert find_model(str(file)).name == "uk"
    keys = _run(database, tmp_path, "rekey", "--model", str(file))
    assert f"0 of {2 * PEOPLE} records have other keys now" in keys.output


@pytest.mark.usefixtures("twice_each")
def test_too_few_records_teach_nothing(database: Database, tmp_path: Path) -> None:
    told = _run(database, tmp_path, "train", "--out", str(tmp_path / "ours.json"))

    assert told.exit_code != 0
    assert list(tmp_path.glob("ours.json")) == []
    assert "Traceback" not in told.output
