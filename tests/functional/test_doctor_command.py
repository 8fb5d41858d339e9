"""`carecord index doctor`: the running command against a real database."""

import json

import pytest
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from carecord.patient_index.checks import CHECKS
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}

EVERY = [word for check in CHECKS for word in ("--show", check.name)]


def doctor(sandpit: Sandpit, *arguments: str) -> Result:
    environment = {"DATABASE_URL": sandpit.database.url, "COLUMNS": "160", "TERM": "dumb"}
    return CliRunner(env=environment).invoke(app, ["index", "doctor", "--by", "night watch", *arguments])


@pytest.fixture
def linked(sandpit: Sandpit) -> Sandpit:
    """A patient in two sources."""
    for tenancy_id in (1, 2):
        sandpit.load(tenancy_line(tenancy_id), patient_line(f"d{tenancy_id}", **DORIS))
    return sandpit


@pytest.fixture
def broken(linked: Sandpit) -> Sandpit:
    """The same, after somebody has written to the table by hand."""
    _change(linked, "UPDATE patient_index.patient_record SET person_id = patient_detail_id")
    return linked


def _change(sandpit: Sandpit, statement: str) -> None:
    with sandpit.database.connect() as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def _ids(sandpit: Sandpit) -> list[int]:
    return [sandpit.detail_id(1, "d1"), sandpit.detail_id(2, "d2")]


def _audited(sandpit: Sandpit) -> list[tuple[str, str, list[int]]]:
    with sandpit.database.connect() as connection:
        return connection.execute(
            "SELECT user_id, reason, patient_detail_ids FROM audit.event WHERE event = 'index.examined'"
        ).fetchall()


def _cells(result: Result, check: str) -> list[str]:
    (row,) = [line for line in result.stdout.splitlines() if check in line.split()]
    return row.split()


def test_a_sound_index_is_told_check_by_check_with_status_0(linked: Sandpit) -> None:
    result = doctor(linked)

    assert result.exit_code == 0, result.output
    assert "2 records of 1 persons" in result.stdout
    assert [_cells(result, check.name)[-2] for check in CHECKS] == ["none"] * len(CHECKS)


def test_a_broken_index_ends_with_status_1(broken: Sandpit) -> None:
    result = doctor(broken)

    assert result.exit_code == 1
    assert _cells(result, "links_across")[-2] == "1"
    assert "The index is not what it must be." in result.stdout


def test_ids_are_listed_to_who_asks_and_the_look_is_written_down(broken: Sandpit) -> None:
    untold = doctor(broken)
    assert _audited(broken) == []

    told = doctor(broken, "--show", "links-across", "--show", "hot_keys")

    ids = _ids(broken)
    assert f"{ids[0]}, {ids[1]}" in told.stdout
    assert f"{ids[0]}, {ids[1]}" not in untold.stdout
    assert _audited(broken) == [("night watch", "links_across", ids), ("night watch", "hot_keys", [])]


def test_json_is_one_object(broken: Sandpit) -> None:
    result = doctor(broken, "--json", "--show", "links_across")

    found = json.loads(result.stdout)
    checks = {check.pop("name"): check for check in found.pop("checks")}
    assert result.exit_code == 1
    assert found == {"model": found["model"], "records": 2, "persons": 2, "broken": True}
    assert list(checks) == [check.name for check in CHECKS]
    assert checks["links_across"] == {
        "breaks": True,
        "found": 1,
        "findings": [
            {"patient_detail_ids": _ids(broken), "note": checks["links_across"]["findings"][0]["note"]}
        ],
    }
    assert checks["hot_keys"] == {"breaks": False, "found": 0}


def test_what_is_sealed_is_never_listed(linked: Sandpit) -> None:
    _change(
        linked,
        "INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by, sealed)"
        " SELECT min(patient_detail_id), max(patient_detail_id), 'not linked', 'steward', 'steward', true"
        " FROM patient_index.patient_record",
    )

    result = doctor(linked, "--json", *EVERY)

    checks = json.loads(result.stdout)["checks"]
    assert result.exit_code == 1
    assert {check["name"]: check["found"] for check in checks if check["found"]} == {"bars_inside": 1}
    assert [finding for check in checks for finding in check["findings"]] == []
    assert {tuple(ids) for _, _, ids in _audited(linked)} == {()}


def test_no_value_of_a_patient_is_told(broken: Sandpit) -> None:
    result = doctor(broken, *EVERY, "--largest", "1", "--of-one-source", "1")

    assert not any(value in result.output for value in DORIS.values())


def test_a_check_that_there_is_not_is_refused_by_name(linked: Sandpit) -> None:
    result = doctor(linked, "--show", "bridges")

    assert result.exit_code == 2
    assert "weak_bridges" in result.output


def test_an_empty_index_is_sound(sandpit: Sandpit) -> None:
    result = doctor(sandpit)

    assert result.exit_code == 0, result.output
    assert "0 records of 0 persons" in result.stdout


@pytest.mark.parametrize("option", ["--days-held", "--days-waiting"])
def test_more_days_than_a_century_are_refused(sandpit: Sandpit, option: str) -> None:
    refused = doctor(sandpit, option, "99999999999999999999999")

    assert (refused.exit_code, isinstance(refused.exception, SystemExit)) == (2, True)
    assert doctor(sandpit, option, "36500").exit_code == 0
