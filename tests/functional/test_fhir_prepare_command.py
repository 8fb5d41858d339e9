"""`carecord fhir prepare`: the running command against a real database."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from carecord.db.connect import Database
from tests.support.fhir_store import FhirStore
from tests.support.samples import sample_line
from tests.support.sandpit import patient_line, tenancy_line


def prepare(database: Database, *arguments: str) -> Result:
    environment = {"DATABASE_URL": database.url, "COLUMNS": "160", "TERM": "dumb"}
    return CliRunner(env=environment).invoke(app, ["fhir", "prepare", *arguments])


@pytest.fixture
def store(database: Database, tmp_path: Path) -> FhirStore:
    with database.connect() as connection:
        opened = FhirStore(database, connection, tmp_path)
        opened.load(tenancy_line(1), patient_line("a"), sample_line("a", "ActiveProblemsCollection"))
    return opened


def test_what_is_stale_is_made_and_then_there_is_nothing_to_do(store: FhirStore) -> None:
    first, second = prepare(store.database), prepare(store.database)

    assert first.exit_code == second.exit_code == 0, first.output
    assert "1 records with 1 entries looked at; 2 resources made or changed." in first.output
    assert "0 records with 0 entries looked at; 0 resources made or changed." in second.output


def test_anew_looks_at_everything_and_changes_what_would_be_otherwise(store: FhirStore) -> None:
    prepare(store.database)
    with store.database.connect() as connection:
        connection.execute("UPDATE fhir_api.resource SET body = replace(body, 'UKCore', 'OldCore')")

    again = prepare(store.database, "--anew")

    assert "1 records with 1 entries looked at; 2 resources made or changed." in again.output
    with store.database.connect() as connection:
        rows = connection.execute("SELECT version, body LIKE '%OldCore%' FROM fhir_api.resource").fetchall()
    assert rows == [(2, False), (2, False)]
