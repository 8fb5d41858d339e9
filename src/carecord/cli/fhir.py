"""`carecord fhir`: the record as FHIR resources, made ahead of the first who asks."""

import time
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from carecord.cli.terminal import err, failing_clearly, open_database, out
from carecord.fhir_api.storing.asking import freshen_whole
from carecord.fhir_api.storing.freshening import analyze, count_stale, note_all, note_due
from carecord.kernel.settings import Settings

app = typer.Typer(help="The record as FHIR resources.", no_args_is_help=True)

_ALL = 2**31 - 1


@app.callback()
def fhir() -> None:
    """The record as FHIR resources."""


@app.command()
def prepare(
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Make every resource anew, as after a release that maps otherwise."),
    ] = False,
) -> None:
    """Make the FHIR resources of all that has changed since they were last made.

    FHIR answers do that by themselves, record by record, before they show it; after a large load, searches
    over all patients would have to wait. Broken off, it goes on where it was.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f} entries/s"),
        TimeRemainingColumn(),
    )
    entries = resources = 0
    with (
        failing_clearly(),
        open_database(Settings()) as database,
        database.connect() as connection,
        Progress(*columns, console=err, transient=True) as progress,
    ):
        if anew:
            note_all(connection)
        note_due(connection)
        total = count_stale(connection, most=_ALL)
        task = progress.add_task("Records", total=total, rate=0)
        started = time.monotonic()
        for made in freshen_whole(connection):
            entries, resources = entries + made.entries, resources + made.resources
            rate = entries / max(time.monotonic() - started, 1e-3)
            progress.update(task, advance=made.records, rate=rate)
        if resources:
            analyze(connection)
    out.print(
        f"{total:,} records with {entries:,} entries looked at; {resources:,} resources made or changed."
    )
