"""`carecord load`: feed files into the record."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from carecord.cli.terminal import err, open_database, out
from carecord.ingest.load import Loaded, load_file
from carecord.kernel.settings import Settings


def load(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, readable=True, help="NDJSON feeds; .gz and .zst too."),
    ],
    rejects: Annotated[
        Path | None,
        typer.Option(help="Folder for the reject files.", show_default="loads, in the data folder"),
    ] = None,
) -> None:
    """Load feeds: patients and entries, a line each. Loading a file again changes nothing.

    A line that breaks a rule costs that line alone; the file's reject file names it, with field and rule.
    Exit status 2 tells that lines were refused.
    """
    settings = Settings()
    folder = rejects or settings.data / "loads"
    today = datetime.now(ZoneInfo("Europe/London")).date()
    loaded: list[Loaded] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[lines]:,} lines"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with (
        open_database(settings) as database,
        database.connect() as connection,
        Progress(*columns, console=err) as progress,
    ):
        for file in files:
            task = progress.add_task(file.name, total=file.stat().st_size, lines=0)
            loaded.append(
                load_file(
                    connection,
                    file,
                    rejects=folder / f"{file.name}.rejects.ndjson",
                    today=today,
                    on_progress=lambda read, lines, task=task: progress.update(  # type: ignore[misc]
                        task, completed=read, lines=lines
                    ),
                )
            )
    out.print(_summary(loaded))
    if any(one.rejected for one in loaded):
        raise typer.Exit(2)


def _summary(loaded: list[Loaded]) -> Table:
    table = Table(title="Loaded")
    table.add_column("file")
    table.add_column("source")
    for name in ("patients", "new or changed", "entries", "new", "changed", "refused"):
        table.add_column(name, justify="right")
    table.add_column("reject file")
    for one in loaded:
        numbers = (
            one.patients,
            one.patients_changed,
            one.entries,
            one.entries_added,
            one.entries_changed,
            one.rejected,
        )
        table.add_row(
            one.file.name,
            one.tenancy.description if one.tenancy else "none named",
            *(f"{number:,}" for number in numbers),
            str(one.rejects or ""),
        )
    return table
