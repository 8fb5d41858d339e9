"""`carecord index overlay`, `unmerge`, `withdraw-record`, `restore-record`, `superseded`, as they run."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from carecord.patient_index import source_decisions
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

FIRST, SECOND, THIRD = "9990123454", "9991002006", "9990548463"
DORIS = {"NhsNumber": FIRST, "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}
AISHA = {"NhsNumber": SECOND, "DateOfBirth": "1975-02-03", "Surname": "Khan", "Forename": "Aisha"}
WHY = ("--reason", "asked the source", "--by", "Sam Steward")


def run(sandpit: Sandpit, *arguments: str) -> Result:
    environment = {"DATABASE_URL": sandpit.database.url, "COLUMNS": "120", "TERM": "dumb"}
    return CliRunner(env=environment).invoke(app, ["index", *arguments])


def audited(sandpit: Sandpit) -> list[tuple[Any, ...]]:
    with sandpit.database.connect() as connection:
        return connection.execute(
            "SELECT event, user_id, patient_detail_ids, reason FROM audit.event"
            " WHERE user_id = 'Sam Steward' ORDER BY at, seq"
        ).fetchall()


def persons(sandpit: Sandpit) -> set[str]:
    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM patient_index.patient_record"
            " WHERE deleted_at IS NULL GROUP BY person_id"
        ).fetchall()
    return {row[0] for row in rows}


@pytest.fixture
def two(sandpit: Sandpit) -> tuple[int, int]:
    """Two linked records of two sources."""
    for tenancy_id in (1, 2):
        assert sandpit.load(tenancy_line(tenancy_id), patient_line(f"p{tenancy_id}", **DORIS)).rejected == 0
    assert persons(sandpit) == {"p1 p2"}
    return sandpit.detail_id(1, "p1"), sandpit.detail_id(2, "p2")


def test_a_record_that_turned_into_another_is_decided_on_once(sandpit: Sandpit, two: tuple[int, int]) -> None:
    sandpit.load(tenancy_line(1), patient_line("p1", **AISHA))

    decided = run(sandpit, "overlay", str(two[0]), "--another", *WHY)
    again = run(sandpit, "overlay", str(two[0]), "--same", *WHY)
    unsaid = run(sandpit, "overlay", str(two[0]), *WHY)

    assert decided.stdout == f"Record {two[0]} is another patient's than {two[1]}, for good.\n"
    assert (again.exit_code, unsaid.exit_code) == (1, 2)
    assert "has been decided on already" in again.output
    assert audited(sandpit) == [("link.decided", "Sam Steward", list(two), "another person")]


def test_a_merge_is_undone(sandpit: Sandpit, two: tuple[int, int]) -> None:
    sandpit.load(tenancy_line(1), patient_line("double", **AISHA))
    major, minor = two[0], sandpit.detail_id(1, "double")
    with sandpit.database.connect() as connection, connection.transaction():
        source_decisions.merge_records(
            connection, major, minor, tenancy_id=1, decided_by="source", reason=None
        )

    undone = run(sandpit, "unmerge", str(major), str(minor), *WHY)
    again = run(sandpit, "unmerge", str(major), str(minor), *WHY)

    assert undone.stdout == f"Record {minor} is no longer merged into record {major}.\n"
    assert again.exit_code == 1
    assert persons(sandpit) == {"p1 p2", "double"}
    assert audited(sandpit) == [("record.unmerged", "Sam Steward", [*two, minor], None)]


def test_a_record_is_withdrawn_and_restored(sandpit: Sandpit, two: tuple[int, int]) -> None:
    record = str(two[0])

    withdrawn = run(sandpit, "withdraw-record", record, *WHY)
    again = run(sandpit, "withdraw-record", record, *WHY)
    assert persons(sandpit) == {"p2"}
    restored = run(sandpit, "restore-record", record, "--by", "Sam Steward")

    assert withdrawn.stdout == f"Record {record} is shown to nobody until its source sends it again.\n"
    assert (again.exit_code, f"There is no patient detail ID {record}." in again.output) == (1, True)
    assert restored.stdout == f"Record {record} is shown again.\n"
    assert persons(sandpit) == {"p1 p2"}
    assert audited(sandpit) == [
        ("record.withdrawn", "Sam Steward", [two[0]], None),
        ("record.restored", "Sam Steward", [two[0]], None),
    ]


def test_superseded_numbers_are_told_one_by_one_or_by_file_and_taken_back(
    sandpit: Sandpit, two: tuple[int, int], tmp_path: Path
) -> None:
    sandpit.load(tenancy_line(3), patient_line("p3", **DORIS | {"Surname": "Marsh", "NhsNumber": SECOND}))
    assert persons(sandpit) == {"p1 p2", "p3"}
    file = tmp_path / "superseded.csv"
    file.write_text(f"superseded,current\n999 012 3454,{SECOND}\n{THIRD},{SECOND}\n")

    one = run(sandpit, "superseded", "999 012 3454", SECOND, *WHY)
    many = run(sandpit, "superseded", "--file", str(file), *WHY)
    assert persons(sandpit) == {"p1 p2 p3"}
    back = run(sandpit, "superseded", FIRST, SECOND, "--forget", *WHY)

    assert one.stdout == "Told anew: 1 of 1. Records compared by another number: 2.\n"
    assert many.stdout == "Told anew: 1 of 2. Records compared by another number: 0.\n"
    assert back.stdout == "Forgotten: 1 of 1. Records compared by another number: 2.\n"
    assert persons(sandpit) == {"p1 p2", "p3"}
    assert audited(sandpit) == [
        ("number.superseded", "Sam Steward", list(two), "told"),
        ("number.superseded", "Sam Steward", [], "told"),
        ("number.superseded", "Sam Steward", list(two), "forgotten: asked the source"),
    ]


@pytest.mark.parametrize(
    ("arguments", "file", "words"),
    [
        ((FIRST,), None, "Give two NHS numbers, or a file."),
        ((FIRST, "9991002007"), None, "pair 1, current number: must be an NHS number"),
        ((FIRST, FIRST), None, "cannot supersede itself"),
        ((), "old,new\n", "must name the columns superseded, current"),
        (
            (),
            f"superseded,current\n{FIRST},{SECOND}\n{SECOND},{FIRST}\n",
            "pair 2, superseded number: is itself",
        ),
        ((), "superseded,current\n1\n", "pair 1, superseded number: must be an NHS number"),
    ],
    ids=["one alone", "no number", "itself", "no columns", "a circle", "half a line"],
)
def test_what_contradicts_itself_is_refused_whole_and_without_the_numbers(
    sandpit: Sandpit, tmp_path: Path, arguments: tuple[str, ...], file: str | None, words: str
) -> None:
    if file is not None:
        (tmp_path / "numbers.csv").write_text(file)
        arguments = ("--file", str(tmp_path / "numbers.csv"))

    refused = run(sandpit, "superseded", *arguments, *WHY)

    assert (refused.exit_code, words in refused.output) == (1, True), refused.output
    assert not any(number in refused.output for number in (FIRST, SECOND, "9991002007"))
    with sandpit.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM patient_index.nhs_number_alias").fetchone() == (0,)
    assert audited(sandpit) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"superseded,current,seen by\n{FIRST},{SECOND},Zo\u00eb\n".encode("cp1252"), "a CSV in UTF-8"),
        (f"superseded,current\n{FIRST},{SECOND}\n".encode("utf-16"), "a CSV in UTF-8"),
        (f"superseded,current\n{FIRST},{SECOND * 20_000}\n".encode(), "a field is too long"),
    ],
    ids=["another code page", "UTF-16", "a huge field"],
)
def test_a_file_that_cannot_be_read_is_refused_clearly_and_without_the_numbers(
    sandpit: Sandpit, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "numbers.csv").write_bytes(content)

    refused = run(sandpit, "superseded", "--file", str(tmp_path / "numbers.csv"), *WHY)

    assert (refused.exit_code, words in refused.output) == (1, True), refused.output
    assert isinstance(refused.exception, SystemExit)
    assert not any(number in refused.output for number in (FIRST, SECOND))


@pytest.mark.parametrize("given", [("--reason", "\udcff"), ("--by", "\udce9va")], ids=["reason", "name"])
def test_a_text_of_bytes_that_are_none_is_refused(sandpit: Sandpit, given: tuple[str, str]) -> None:
    refused = run(sandpit, "superseded", FIRST, SECOND, *WHY, *given)

    assert (refused.exit_code, isinstance(refused.exception, SystemExit)) == (2, True)
    assert audited(sandpit) == []


@pytest.mark.parametrize("by", ["", " ", "\udce9va"])
@pytest.mark.parametrize(
    "command", [("explain", "1", "2"), ("history", "1"), ("as-of", "2024-03-01", "1"), ("doctor",)]
)
def test_whoever_looks_has_a_name(sandpit: Sandpit, command: tuple[str, ...], by: str) -> None:
    refused = run(sandpit, *command, "--by", by)

    assert (refused.exit_code, isinstance(refused.exception, SystemExit)) == (2, True)
    assert "--by" in refused.output
