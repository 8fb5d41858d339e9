"""`carecord client add` for clients of FHIR: SMART scopes, and the source that a client is itself."""

from typer.testing import CliRunner

from carecord.access.clients import list_clients
from carecord.cli.main import app
from carecord.db.connect import Database


def test_a_client_is_registered_with_smart_scopes_and_its_own_source(database: Database) -> None:
    run = CliRunner().invoke
    env = {"DATABASE_URL": database.url}
    added = run(
        app,
        ["client", "add", "clinic", "--scope", "system/*.cruds", "--tenancy", "3", "--own-tenancy", "41"],
        env=env,
    )
    misspelt = run(app, ["client", "add", "other", "--scope", "system/*.sr"], env=env)

    assert added.exit_code == 0, added.output
    assert misspelt.exit_code == 2
    with database.connect() as connection:
        (client,) = list_clients(connection)
    assert client.scopes == {"system/*.cruds"}
    assert client.own_tenancy_id == 41
    assert client.tenancies == (3, 41)
