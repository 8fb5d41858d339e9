"""`carecord client`: the running command against a real database."""

import re

import pytest
from typer.testing import CliRunner, Result

from carecord.cli.main import app
from carecord.db.connect import Database
from tests.support.sandpit import Sandpit


def _run(database: Database, columns: int, *arguments: str) -> Result:
    environment = {"DATABASE_URL": database.url, "COLUMNS": str(columns), "TERM": "dumb"}
    return CliRunner(env=environment).invoke(app, ["client", *arguments])


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_what_is_shown_once_is_shown_whole(sandpit: Sandpit, columns: int) -> None:
    made = _run(sandpit.database, columns, "add", "an-app")

    assert made.exit_code == 0, made.output
    told = dict(re.findall(r"^(\w+(?: key)?) +(\S+)$", made.output, re.MULTILINE))
    assert list(told) == ["client", "secret", "subscription", "primary key", "secondary key"]
    for key in (told["primary key"], told["secondary key"]):
        headers = sandpit.headers_of("an-app", told["secret"], key)
        assert sandpit.get("/worklists", headers=headers).status_code == 200


@pytest.mark.parametrize(("option", "word"), [("--bundle", "gps"), ("--scope", "gps.read")])
def test_a_misspelt_bundle_or_scope_makes_no_client(database: Database, option: str, word: str) -> None:
    refused = _run(database, 200, "add", "an-app", option, word)

    assert refused.exit_code == 2
    assert f"'{word}' is none of" in refused.output
    assert "an-app" not in _run(database, 200, "list").output


def test_a_name_is_listed_as_it_is(database: Database) -> None:
    assert _run(database, 80, "add", "an-app", "--name", "[/oops]").exit_code == 0

    listed = _run(database, 200, "list")

    assert listed.exit_code == 0, listed.output
    assert "[/oops]" in listed.output


@pytest.mark.parametrize(
    "wrong",
    [
        ("--bundle", "gpp"),
        ("--bundle", "gp", "--bundle", "Bad Slug"),
        ("--scope", "gp.reed"),
        ("--tenancy", "99999999999"),
    ],
)
def test_a_client_that_is_refused_is_not_half_made(database: Database, wrong: tuple[str, ...]) -> None:
    refused = _run(database, 80, "add", "an-app", *wrong)

    assert refused.exit_code in (1, 2), refused.output
    assert _run(database, 80, "add", "an-app").exit_code == 0


@pytest.mark.parametrize("command", ["suspend", "resume", "new-key"])
def test_what_is_no_subscription_is_said_to_be_none(database: Database, command: str) -> None:
    refused = _run(database, 80, command, "no-uuid")

    assert (refused.exit_code, type(refused.exception)) == (1, SystemExit)
    assert "There is no such subscription" in refused.output
