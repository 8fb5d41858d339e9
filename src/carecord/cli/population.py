"""`carecord population`: made-up people, as the feeds of the systems that know them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from carecord import population as made_up
from carecord.cli.terminal import err, failing_clearly, out


def population(
    out_folder: Annotated[Path, typer.Option("--out", help="Folder for the feeds.")],
    people: Annotated[int, typer.Option(min=0, max=10_000_000, help="How many people.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", exists=True, dir_okay=False, help="A linkage set to turn into feeds instead."),
    ] = None,
) -> None:
    """Write feeds of made-up people, one file for each source system, and which records are whose."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with failing_clearly(), Progress(*columns, console=err) as progress:
        if from_file is not None:
            task = progress.add_task("records", total=None)
            written = made_up.write_from(
                from_file,
                out_folder,
                seed=seed,
                on_progress=lambda done: progress.update(task, completed=done),
            )
        else:
            task = progress.add_task("people", total=people)
            written = made_up.write(
                people=people,
                seed=seed,
                out=out_folder,
                on_progress=lambda done: progress.update(task, completed=done),
            )
    table = Table(title=f"Written to {out_folder}")
    table.add_column("feed")
    table.add_column("source")
    table.add_column("records", justify="right")
    table.add_column("entries", justify="right")
    for feed in written.feeds:
        table.add_row(feed.path.name, feed.description, f"{feed.records:,}", f"{feed.entries:,}")
    out.print(table)
