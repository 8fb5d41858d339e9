"""`carecord load`: feed files into the record."""

import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import psycopg
import typer
from rich import box
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from carecord.cli.terminal import err, open_database, out
from carecord.ingest.load import Loaded, load_file
from carecord.kernel.settings import Settings

LINES_REFUSED = 3
"""Exit status: all is loaded but for lines that were refused. 1 is a failure, 2 a wrong call."""


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

    A line that breaks a rule costs itself alone; it is named in the file's reject file, with field and rule.
    Exit status 3 tells that lines were refused.
    """
    settings = Settings()
    reject_files = list(_reject_files(files, rejects or settings.data / "loads"))
    today = datetime.now(ZoneInfo("Europe/London")).date()
    loaded: list[Loaded] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[lines]:,} lines"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    try:
        with (
            open_database(settings) as database,
            database.connect() as connection,
            Progress(*columns, console=err) as progress,
        ):
            for file, reject_file in zip(files, reject_files, strict=True):
                task = progress.add_task(file.name, total=file.stat().st_size, lines=0, rate=0)
                started = time.monotonic()

                def show(stored: int, lines: int, task=task, started=started) -> None:  # type: ignore[no-untyped-def]
                    rate = lines / max(time.monotonic() - started, 1e-3)
                    progress.update(task, completed=stored, lines=lines, rate=rate)

                one = load_file(connection, file, rejects=reject_file, today=today, on_progress=show)
                loaded.append(one)
    except psycopg.Error as error:
        # The database's own words may repeat a patient's values: only its name for the error is shown.
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
        err.print(f"[bold red]The database stopped the load:[/] {words}. Run it again to complete it.")
        raise typer.Exit(1) from None
    out.print(_summary(loaded))
    for one in loaded:
        if one.rejects:
            out.print(f"Refused lines of {one.file.name}: {one.rejects}", soft_wrap=True)
    if any(one.rejected for one in loaded):
        raise typer.Exit(LINES_REFUSED)


def _reject_files(files: list[Path], folder: Path) -> Iterator[Path]:
    """A reject file for each feed, by its name; feeds of one name from several folders are numbered."""
    seen: dict[str, int] = {}
    for file in files:
        seen[file.name] = seen.get(file.name, 0) + 1
        number = f".{seen[file.name]}" if seen[file.name] > 1 else ""
        yield folder / f"{file.name}{number}.rejects.ndjson"


def _summary(loaded: list[Loaded]) -> Table:
    table = Table(title="Loaded", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("feed, source", overflow="fold")
    for name in ("patients", "entries", "refused"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in loaded:
        source = one.tenancy.description if one.tenancy else "no source named"
        entries = (
            (one.entries_added, "new"),
            (one.entries_changed, "changed"),
            (one.entries_deleted, "deleted"),
        )
        table.add_row(
            f"{one.file.name}\n[dim]{source}[/]",
            _counts(
                one.patients, (one.patients_changed, "new or changed"), (one.patients_deleted, "deleted")
            ),
            _counts(one.entries, *entries),
            f"{one.rejected:,}",
        )
    return table


def _counts(lines: int, *rows: tuple[int, str]) -> str:
    """How many lines, and below it what they did, where they did something."""
    return "\n".join([f"{lines:,}", *(f"[dim]{count:,} {what}[/]" for count, what in rows if count)])
