"""`carecord index explain`, `history` and `as-of`: the running commands against a real database."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from carecord.db.connect import Database
from carecord.patient_index import links
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}


def run(database: Database, *arguments: str) -> Result:
    environment = {"DATABASE_URL": database.url, "COLUMNS": "120", "TERM": "dumb"}
    return CliRunner(env=environment).invoke(app, ["index", *arguments])


@pytest.fixture
def sisters(sandpit: Sandpit) -> tuple[int, int]:
    """Two records that were linked by their weight and parted by a steward."""
    for tenancy_id in (1, 2):
        lines = tenancy_line(tenancy_id, f"Source [{tenancy_id}]"), patient_line("p", **DORIS)
        assert sandpit.load(*lines).rejected == 0
    a, b = sandpit.detail_id(1, "p"), sandpit.detail_id(2, "p")
    with sandpit.database.connect() as connection, connection.transaction():
        links.unlink(connection, [b], decided_by="Sam Steward", reason="two [sisters]")
    return a, b


def audited(database: Database) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(
            "SELECT event, user_id, patient_detail_ids, restricted FROM audit.event"
            " WHERE event = 'link.explained' ORDER BY seq"
        ).fetchall()


def test_explain_tells_weights_guards_and_decisions_in_a_table(
    sandpit: Sandpit, sisters: tuple[int, int]
) -> None:
    a, b = sisters

    shown = run(sandpit.database, "explain", str(a), str(b), "--by", "Sam Steward")

    assert shown.exit_code == 0, shown.output
    for words in (
        "two patients",
        "Source [1]",
        "Somebody has decided that they are different people.",
        "date of birth agrees",
        "two of one family",
        "linked from",
        "not linked",
        "Sam Steward",
        "two [sisters]",
        "NHS number and date of birth",
    ):
        assert words in shown.output
    assert not any(value in shown.output for value in ("Heritage", "HERITAGE", "1946"))
    assert audited(sandpit.database) == [("link.explained", "Sam Steward", [a, b], False)]


def test_explain_writes_the_waterfall_and_prints_json(
    sandpit: Sandpit, sisters: tuple[int, int], tmp_path: Path
) -> None:
    a, b = (str(one) for one in sisters)
    picture = tmp_path / "why.svg"

    shown = run(sandpit.database, "explain", a, b, "--json", "--picture", str(picture))

    told = json.loads(shown.stdout)
    assert (told["OnePerson"], told["Weights"]["Outcome"]) == (False, "link")
    assert [one["Decision"] for one in told["Decisions"]] == ["not linked", "linked"]
    assert ET.parse(picture).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_explain_says_so_where_a_picture_cannot_be_written(
    sandpit: Sandpit, sisters: tuple[int, int], tmp_path: Path
) -> None:
    a, b = (str(one) for one in sisters)

    refused = run(sandpit.database, "explain", a, b, "--picture", str(tmp_path / "nowhere" / "why.svg"))

    assert refused.exit_code == 1
    assert "cannot be written" in refused.output


def test_history_and_as_of_tell_the_group_through_time(sandpit: Sandpit, sisters: tuple[int, int]) -> None:
    a, b = sisters

    told = run(sandpit.database, "history", str(a))
    steps = json.loads(run(sandpit.database, "history", str(a), "--json").stdout)["Steps"]
    linked = next(step["Time"] for step in steps if step["Came"])
    then = run(sandpit.database, "as-of", linked, str(a), "--json")
    now = run(sandpit.database, "as-of", steps[-1]["Time"], str(a))

    assert told.exit_code == then.exit_code == now.exit_code == 0, told.output
    assert "two [sisters]" in told.output
    assert [one["PatientDetailId"] for one in json.loads(then.stdout)["Group"]] == [str(a), str(b)]
    assert "It was linked with no other." in now.output
    assert {row[2][0] for row in audited(sandpit.database)} == {a}
    assert len(audited(sandpit.database)) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "1", "999999"),
        ("history", "999999"),
        ("as-of", "2024-01-01", "999999"),
        ("as-of", "yesterday", "1"),
        ("as-of", "2999-01-01", "1"),
        ("as-of", "1999-01-01", "1"),
    ],
)
def test_what_cannot_be_told_is_one_line_and_status_1(
    sandpit: Sandpit, sisters: tuple[int, int], arguments: tuple[str, ...]
) -> None:
    refused = run(sandpit.database, *arguments)

    assert (refused.exit_code, type(refused.exception)) == (1, SystemExit)
    assert len(refused.output.splitlines()) <= 2


def test_sealed_decisions_are_shown_on_demand_and_marked_in_the_audit(sandpit: Sandpit) -> None:
    for tenancy_id in (1, 2):
        sandpit.load(tenancy_line(tenancy_id), patient_line("p", **DORIS))
    a, b = sandpit.detail_id(1, "p"), sandpit.detail_id(2, "p")
    with sandpit.database.connect() as connection, connection.transaction():
        links.unlink(connection, [b], decided_by="Sam Steward", reason="adoption", sealed=True)

    hidden = run(sandpit.database, "explain", str(a), str(b))
    without = run(sandpit.database, "history", str(a))
    shown = run(sandpit.database, "explain", str(a), str(b), "--sealed")

    assert (hidden.exit_code, without.exit_code, shown.exit_code) == (1, 0, 0)
    assert not any(word in hidden.output + without.output for word in ("adoption", "sealed", "Sam"))
    assert "adoption" in shown.output
    assert [row[3] for row in audited(sandpit.database)] == [False, True]
