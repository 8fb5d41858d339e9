"""`carecord audit`: the running command against a real database."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from tests.support.sandpit import Sandpit, patient_line, tenancy_line


@pytest.fixture
def looked_at(sandpit: Sandpit) -> Sandpit:
    """A sandpit in which one record was looked at, and another was asked for that is not there."""
    sandpit.load(tenancy_line(1), patient_line("P1"))
    sandpit.get(f"/gp/patients/{sandpit.detail_id(1, 'P1')}/gp-medications/repeat")
    sandpit.get("/gp/patients/999/gp-medications/repeat")
    return sandpit


def _run(sandpit: Sandpit, *arguments: str) -> Result:
    environment = {"DATABASE_URL": sandpit.database.url, "COLUMNS": "200", "TERM": "dumb"}
    return CliRunner(env=environment).invoke(app, ["audit", *arguments])


def _change(sandpit: Sandpit, statement: str) -> None:
    """What somebody does who owns the table and switches its trigger off."""
    with sandpit.database.connect() as connection, connection.transaction():
        connection.execute("ALTER TABLE audit.event DISABLE TRIGGER append_only")
        connection.execute(statement)  # type: ignore[call-overload]
        connection.execute("ALTER TABLE audit.event ENABLE TRIGGER append_only")


def test_a_whole_trail_is_verified_and_its_heads_noted(looked_at: Sandpit, tmp_path: Path) -> None:
    note = tmp_path / "heads.ndjson"

    first = _run(looked_at, "verify", "--note", str(note))
    again = _run(looked_at, "verify", "--against", str(note))

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert "The trail is whole" in first.output
    heads = len(note.read_text().splitlines())
    assert heads > 0
    assert f"{heads} noted heads are there" in again.output
    assert list(tmp_path.glob(".*")) == []


def test_a_changed_row_is_named_and_no_heads_are_noted(looked_at: Sandpit, tmp_path: Path) -> None:
    note = tmp_path / "heads.ndjson"
    _change(looked_at, "UPDATE audit.event SET client_id = 'nobody' WHERE event = 'patient.read'")

    result = _run(looked_at, "verify", "--note", str(note))

    assert result.exit_code == 1
    assert "this row is not as it was written" in result.output
    assert not note.exists()


def test_a_cut_end_shows_against_the_note_alone(looked_at: Sandpit, tmp_path: Path) -> None:
    note = tmp_path / "heads.ndjson"
    _run(looked_at, "verify", "--note", str(note))
    _change(
        looked_at,
        "DELETE FROM audit.event e"
        " WHERE seq = (SELECT max(seq) FROM audit.event o WHERE o.chain_id = e.chain_id)",
    )

    without = _run(looked_at, "verify")
    against = _run(looked_at, "verify", "--against", str(note))

    assert (without.exit_code, against.exit_code) == (0, 1)
    assert "the noted head is not there" in against.output


def test_a_file_that_is_no_note_is_refused(looked_at: Sandpit, tmp_path: Path) -> None:
    note = tmp_path / "heads.ndjson"
    note.write_text("{}\n")

    result = _run(looked_at, "verify", "--against", str(note))

    assert (result.exit_code, "Line 1 is no chain head" in result.output) == (1, True)


def test_who_looked_at_a_record_is_shown(looked_at: Sandpit) -> None:
    record = looked_at.detail_id(1, "P1")

    of_record = _run(looked_at, "show", "--patient", str(record), "--by", "officer")
    of_client = _run(looked_at, "show", "--client", "reader", "--by", "officer")
    of_nobody = _run(looked_at, "show", "--client", "nobody", "--by", "officer")

    assert [one.exit_code for one in (of_record, of_client, of_nobody)] == [0, 0, 0], of_record.output
    assert "reader" in of_record.output
    assert of_record.output.count("patient.read") == 1
    assert of_client.output.count("patient.read") == 2
    assert "not found, unknown_patient" in of_client.output
    assert "patient.read" not in of_nobody.output


def test_a_look_at_the_trail_is_in_the_trail(looked_at: Sandpit) -> None:
    record = str(looked_at.detail_id(1, "P1"))
    _run(looked_at, "show", "--patient", record, "--by", "officer")

    result = _run(looked_at, "show", "--patient", record, "--by", "officer")

    assert result.output.count("audit.read") == 1
    assert "officer" in result.output


def test_the_newest_rows_since_a_time_are_shown(looked_at: Sandpit) -> None:
    newest = _run(looked_at, "show", "--client", "reader", "--most", "1", "--by", "officer")
    later = _run(looked_at, "show", "--client", "reader", "--since", "2999-01-01", "--by", "officer")

    assert newest.output.count("patient.read") == 1
    assert "There are more" in newest.output
    assert "patient.read" not in later.output
