"""`carecord db`: the schema of the database."""

from typing import Annotated

import typer
from rich.table import Table

from carecord.cli.terminal import open_database, out
from carecord.db.migrate import migrate, status
from carecord.kernel.settings import Settings

app = typer.Typer(help="The schema of the database.", no_args_is_help=True)


@app.command("migrate")
def migrate_database() -> None:
    """Bring the schema up to date. Safe to run again, and from several processes at once."""
    with open_database(Settings(), migrated=False) as database:
        before = status(database.url)
        after = migrate(database.url)
    if before.pending:
        out.print(f"Applied {', '.join(before.pending)}. The schema is at [bold]{after.current}[/].")
    else:
        out.print(f"The schema is at [bold]{after.current}[/]; nothing to do.")


@app.command("status")
def show_status(
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when a migration is pending.")] = False,
) -> None:
    """Show where the schema stands."""
    with open_database(Settings(), migrated=False) as database:
        current = status(database.url)
    table = Table(box=None, show_header=False)
    table.add_row("schema", current.current or "none yet")
    table.add_row("newest", current.head)
    table.add_row("pending", ", ".join(current.pending) or "none")
    out.print(table)
    if check and current.pending:
        raise typer.Exit(1)
