"""`carecord index evaluate`: the running command against a real database."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from carecord.db.connect import Database
from carecord.db.scratch import PREFIX

HEADER = "rec_id,person_id,source,nhs_number,forename,surname,dob,sex,postcode\n"
ROWS = (
    "1,grace,GP,9990000018,Grace,Testperson,2012-05-17,F,XX1 1AA\n"
    "2,grace,AE,,Grace,Testperson,2012-05-17,F,XX1 1AA\n"
    "3,henry,GP,,Henry,Otherwise,1950-01-02,M,YY9 9ZZ\n"
)
LINKAGE = Path(__file__).parents[3] / "shared" / "data" / "linkage"
TOLD = {
    "precision", "recall", "f1", "false_links", "mixed_groups", "recall_with_review", "blocking_recall",
    "review_per_100k", "records_per_s", "strata", "baseline",
}  # fmt: skip


def _run(database: Database, *arguments: str) -> Result:
    environment = {"DATABASE_URL": database.url, "COLUMNS": "100", "TERM": "dumb"}
    return CliRunner(env=environment).invoke(app, ["index", "evaluate", *arguments])


def _scratch_databases(database: Database) -> list[str]:
    with database.connect() as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (PREFIX,)
        ).fetchall()
    return [row[0] for row in names]


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    file = tmp_path / "made-up.csv"
    file.write_text(HEADER + ROWS, encoding="utf-8")
    return file


def test_the_figures_are_one_json_object_and_nothing_else(database: Database, made_up: Path) -> None:
    ran = _run(database, str(made_up), "--json")

    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert set(told) >= TOLD
    assert (told["precision"], told["recall"], told["f1"]) == (1.0, 1.0, 1.0)
    assert told["baseline"]["recall"] == 0.0
    assert told["strata"]["source: AE"]["true_pairs"] == 1
    assert _scratch_databases(database) == []


def test_the_figures_are_tables_for_people(database: Database, made_up: Path) -> None:
    ran = _run(database, str(made_up))

    assert ran.exit_code == 0, ran.output
    assert "made-up.csv: 3 records of 2 people, 1 true pairs" in ran.stdout
    for words in ("blocking recall", "groups that mix people", "no agreeing NHS number", "age under 1"):
        assert words in ran.stdout


def test_a_set_that_cannot_be_read_costs_no_database(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "made-up.csv"
    file.write_text("surname,dob\nTestperson,2012-05-17\n", encoding="utf-8")

    ran = _run(database, str(file))

    assert ran.exit_code == 1
    assert "Person: has no column person_id" in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("german", "There is no model german"),
        ("nowhere.json", "is no model of"),
        ("{file}.json", "no model of"),
    ],
)
def test_a_model_that_is_none_is_told(database: Database, made_up: Path, model: str, words: str) -> None:
    made_up.with_name(f"{made_up.name}.json").write_text("{}", encoding="utf-8")

    ran = _run(database, str(made_up), "--model", model.format(file=made_up))

    assert ran.exit_code == 1
    assert words in " ".join(ran.stderr.split())


def test_a_model_file_can_be_tried(database: Database, made_up: Path) -> None:
    shipped = files("carecord.patient_index") / "models" / "uk.json"
    model = json.loads(shipped.read_text(encoding="utf-8")) | {"name": "other", "version": "1"}
    copy = made_up.with_name("other.json")
    copy.write_text(json.dumps(model), encoding="utf-8")

    ran = _run(database, str(made_up), "--model", str(copy), "--json")

    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["model"] == "other 1"


def test_weights_can_be_learnt_from_the_set_first(database: Database, tmp_path: Path) -> None:
    rows = (
        f"{n}-{copy},p{n},GP,,Given{n % 7},Family{n},19{n % 90 + 10}-01-0{n % 9 + 1},F,XX{n % 9} {n % 10}AA\n"
        for n in range(60)
        for copy in range(2)
    )
    file = tmp_path / "made-up.csv"
    file.write_text(HEADER + "".join(rows), encoding="utf-8")

    ran = _run(database, str(file), "--train", "--json")

    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["model"] == "uk trained"


@pytest.mark.parametrize("arguments", [("nowhere.csv",), ("{file}", "--column", "Person")])
def test_a_wrong_call_is_told_as_such(database: Database, made_up: Path, arguments: tuple[str, ...]) -> None:
    ran = _run(database, *(one.format(file=made_up) for one in arguments))

    assert ran.exit_code == 2


@contextmanager
def _running(database: Database, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    run = subprocess.Popen(
        # Who was started in the background has its interrupts ignored, and so has all that it starts.
        ["env", "--default-signal=INT", sys.executable, "-m", "carecord", "index", "evaluate", str(file)],
        env=os.environ | {"DATABASE_URL": database.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield run
    finally:
        run.kill()
        run.wait(60)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A set that takes long to file."""
    file = tmp_path / "long.csv"
    rows = (f"{n},p{n},GP,,Given{n},Family{n},1950-01-02,F,\n" for n in range(6000))
    file.write_text(HEADER + "".join(rows), encoding="utf-8")
    return file


def _await_scratch(database: Database, many: int) -> None:
    until = time.monotonic() + 120
    while len(_scratch_databases(database)) < many:
        assert time.monotonic() < until, "it made no scratch database"
        time.sleep(0.1)


def test_an_interrupted_run_drops_its_database_and_no_others(database: Database, long: Path) -> None:
    with _running(database, long) as first, _running(database, long) as second:
        _await_scratch(database, 2)
        first.send_signal(signal.SIGINT)
        assert first.wait(60) != 0
        assert len(_scratch_databases(database)) == 1
        second.send_signal(signal.SIGINT)
        second.wait(60)
    assert _scratch_databases(database) == []


def test_what_a_killed_run_left_is_dropped_by_the_next(database: Database, made_up: Path, long: Path) -> None:
    with _running(database, long):
        _await_scratch(database, 1)
    _until_gone(database)

    assert _run(database, str(made_up), "--json").exit_code == 0

    assert _scratch_databases(database) == []


def _until_gone(database: Database) -> None:
    """The server notices that a client is gone a moment later."""
    until = time.monotonic() + 30
    held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND database = "
    with psycopg.connect(database.url) as connection:
        here = "(SELECT oid FROM pg_database WHERE datname = current_database())"
        while connection.execute((held + here).encode()).fetchone():
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.mark.skipif(not LINKAGE.is_dir(), reason="the linkage sets are not beside this checkout")
@pytest.mark.parametrize(
    "names", [("uk_100k.parquet",), ("febrl4a.csv", "febrl4b.csv"), ("historical_50k.parquet",)]
)
def test_known_sets_need_no_option(database: Database, names: tuple[str, ...]) -> None:
    ran = _run(database, *(str(LINKAGE / name) for name in names), "--one-in", "150", "--json")

    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["true_pairs"] > 0
    assert told["precision"] > 0.5
