"""`carecord index tasks`, `task`, `same`, `different`, `link`, `unlink`, `withdraw`: the running commands."""

import json
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from tests.support.sandpit import Sandpit
from tests.support.stewards import ANOTHER_NUMBER, DORIS, ONE_NUMBER, Index


@pytest.fixture
def index(sandpit: Sandpit, connection: psycopg.Connection[Any]) -> Index:
    """Two records in question, and two that are linked."""
    found = Index(sandpit, connection)
    found.load(a1=ONE_NUMBER, b2=ANOTHER_NUMBER, c3=DORIS, d4=DORIS)
    return found


def run(index: Index, *arguments: str | int, fed: str | None = None) -> Result:
    environment = {"DATABASE_URL": index.sandpit.database.url, "COLUMNS": "140", "TERM": "dumb"}
    return CliRunner(env=environment).invoke(app, ["index", *map(str, arguments)], input=fed)


def said(index: Index, *arguments: str | int, by: str = "jones") -> str:
    result = run(index, *arguments, "--reason", "asked the surgery", "--by", by)
    assert result.exit_code == 0, result.output
    return result.output


def audited(index: Index, event: str) -> list[Any]:
    return index.connection.execute(
        "SELECT user_id, patient_detail_ids, outcome, reason, restricted FROM audit.event"
        " WHERE event = %s ORDER BY at, seq",
        (event,),
    ).fetchall()


def shows_a_patient(output: str) -> bool:
    return any(value in output for value in ("Maria", "Testperson", "9990123454", "1990-03-04", "XX1 1AA"))


def test_tasks_are_listed_without_patients_details_and_the_look_is_written_down(index: Index) -> None:
    a, b = index.ids("a1", "b2")

    shown = run(index, "tasks", "--by", "jones")

    assert shown.exit_code == 0, shown.output
    for words in ("L1", f"{a}  Source 1", f"{b}  Source 2", "One patient?", "verified NHS number"):
        assert words in shown.output
    assert "Waiting: 1 possible link." in shown.output
    assert "carecord index task L1" in shown.output
    assert not shows_a_patient(shown.output)
    assert audited(index, "link.tasks_listed") == [("jones", [a, b], "allowed", None, False)]


def test_tasks_are_listed_as_json_too(index: Index) -> None:
    shown = run(index, "tasks", "--json")

    (line,) = shown.output.splitlines()
    task = json.loads(line)
    assert (task["TaskId"], task["Kind"], task["Asks"]) == ("L1", "possible", "link")
    assert task["Records"] == list(index.ids("a1", "b2"))
    assert task["Reasons"] == ["two_verified_numbers"]


def test_the_next_page_is_told_and_shows_the_rest(index: Index) -> None:
    index.propose("link", "a1", "c3", weight=1.0)

    first = run(index, "tasks", "--most", "1")
    second = run(index, "tasks", "--most", "1", "--after", "L1")

    assert "carecord index tasks --after L1" in first.output
    assert "P1" not in first.output
    assert "P1" in second.output
    assert "--after" not in second.output


def test_a_task_shows_both_sides_and_who_looked_is_written_down(index: Index) -> None:
    by_name = run(index, "task", "l1", "--by", "jones")
    first = run(index, "task", "--by", "smith")

    assert by_name.exit_code == 0, by_name.output
    for words in ("Maria", "≠ 9990123454", "≠ 9991002006", "1990-03-04", "female", "in all", "linked from"):
        assert words in by_name.output
    assert "Stopped by a guard: each has a verified NHS number, and they differ." in by_name.output
    assert first.output == by_name.output
    records = list(index.ids("a1", "b2"))
    assert [row[:4] for row in audited(index, "patient.read")] == [
        (who, records, "allowed", "L1") for who in ("jones", "smith")
    ]


def test_same_person_links_and_is_written_down(index: Index) -> None:
    a, b = index.ids("a1", "b2")

    output = said(index, "same", "L1")

    assert f"One patient: {a}, {b}." in output
    assert "carecord index withdraw L" in output
    assert "a1 b2" in index.persons()
    assert audited(index, "link.decided") == [("jones", [a, b], "allowed", "linked, L1", False)]
    assert "Nothing waits." in run(index, "tasks").output


def test_different_people_parts_two_that_are_linked(index: Index) -> None:
    c, d = index.ids("c3", "d4")

    output = said(index, "different", c, d)

    assert f"One patient: {c}." in output
    assert f"Another: {d}." in output
    assert audited(index, "link.decided") == [("jones", [c, d], "allowed", "not linked", False)]


def test_a_link_shows_what_it_overrides_and_a_word_taken_back_what_it_leaves(index: Index) -> None:
    c, d = index.ids("c3", "d4")
    said(index, "unlink", c)
    (barred,) = index.connection.execute(
        "SELECT decision_id FROM patient_index.link_decision WHERE decision = 'not linked'"
    ).fetchall()

    linked = said(index, "link", c, d)
    (joined,) = index.connection.execute(
        "SELECT decision_id FROM patient_index.link_decision WHERE rule = 'steward' AND superseded_at IS NULL"
    ).fetchall()
    taken_back = said(index, "withdraw", f"L{joined[0]}")

    assert f"This overrides L{barred[0]}, not linked: {c} and {d}, by jones" in linked
    assert f"Taken back: L{joined[0]}." in taken_back
    assert f"It had overridden L{barred[0]}" in taken_back
    assert f"carecord index different {c} {d}" in taken_back
    assert audited(index, "link.withdrawn") == [("jones", [c, d], "allowed", "withdrawn", False)]


def test_what_somebody_else_barred_is_refused_and_the_attempt_is_written_down(index: Index) -> None:
    c, d = index.ids("c3", "d4")
    said(index, "different", c, d, by="smith")

    refused = run(index, "same", c, d, "--reason", "sure", "--by", "jones")

    assert refused.exit_code == 1
    assert "These records cannot be linked: ask the index lead." in refused.output
    assert audited(index, "link.decided")[-1] == ("jones", [c, d], "refused", "link_barred", False)


def test_a_sealed_decision_shows_with_the_option_alone_and_the_audit_marks_it(index: Index) -> None:
    c, d = index.ids("c3", "d4")
    said(index, "different", c, d, "--sealed", by="lead")
    index.load(e5=DORIS)

    plain, whole = run(index, "tasks"), run(index, "tasks", "--sealed")

    assert "Waiting: 1 possible link." in plain.output
    assert "Waiting: 3 possible links." in whole.output
    assert "(sealed)" in whole.output
    assert "seal" not in plain.output
    assert audited(index, "link.decided")[-1][4]
    assert [row[4] for row in audited(index, "link.tasks_listed")] == [False, True]


def test_a_sealed_unlink_is_overridden_by_the_lead_alone(index: Index) -> None:
    c, d = index.ids("c3", "d4")
    said(index, "unlink", c, "--sealed", by="lead")

    refused = run(index, "link", c, d, "--reason", "sure", "--by", "lead")
    allowed = said(index, "link", c, d, "--sealed", by="lead")

    assert refused.exit_code == 1
    assert "seal" not in refused.output
    assert "sealed, by lead" in allowed


@pytest.mark.parametrize(
    "arguments",
    [
        ["same", "L1", "--reason", " "],
        ["same", "L1", "--reason", "sure", "--by", " "],
        ["same", "1"],
        ["same", "L1", "2"],
        ["different", "1", "2", "3"],
        ["withdraw", "one"],
        ["tasks", "--kind", "other"],
    ],
)
def test_a_command_that_lacks_something_says_so_and_changes_nothing(
    index: Index, arguments: list[str]
) -> None:
    if "--reason" not in arguments and arguments[0] != "tasks":
        arguments = [*arguments, "--reason", "sure"]

    result = run(index, *arguments)

    assert result.exit_code == 2, result.output
    assert audited(index, "link.decided") == []


def test_a_reason_that_is_not_given_is_asked_for(index: Index) -> None:
    result = run(index, "same", "L1", fed="asked the surgery\n")

    assert result.exit_code == 0, result.output
    assert "a1 b2" in index.persons()


@pytest.mark.parametrize("task", ["L99", "O99", "P99"])
def test_a_task_that_is_not_there_is_one_line(index: Index, task: str) -> None:
    result = run(index, "task", task)

    assert result.exit_code == 1
    assert result.output.strip() == f"Not found: There is no task {task}."
