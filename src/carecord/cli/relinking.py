"""`carecord index relink`: the whole index linked anew, and what differs proposed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from carecord.cli.terminal import err, failing_clearly, open_database, out
from carecord.kernel.settings import Settings
from carecord.patient_index.relinking.on_duckdb import MEMORY, OnDuckDB
from carecord.patient_index.relinking.on_spark import MASTER, OnSpark
from carecord.patient_index.relinking.predicting import Engine
from carecord.patient_index.relinking.run import ALL, Run, relink_index
from carecord.patient_index.reviewing import say_reason
from carecord.patient_index.scoring import DEFAULT_MODEL, find_model

KINDS = {"link": "persons that would be one", "unlink": "links that would not be made"}


class EngineName(StrEnum):
    """Where pairs are compared."""

    DUCKDB = "duckdb"
    SPARK = "spark"


def command(
    engine: Annotated[
        EngineName, typer.Option(help="DuckDB on this machine, or Spark over many.")
    ] = EngineName.DUCKDB,
    model: Annotated[
        str, typer.Option(help="A model of the patient index, or a file that holds one, to try it.")
    ] = DEFAULT_MODEL,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only; write no proposals.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Where the run's files are while it lasts; with Spark, one that every machine sees."
            " Unless given, the data folder.",
        ),
    ] = None,
    memory: Annotated[str, typer.Option(help="What DuckDB may hold; the rest goes to the folder.")] = MEMORY,
    master: Annotated[str, typer.Option(help="Spark's master.")] = MASTER,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Link the whole index anew, and propose what differs. Nothing is linked or parted by itself."""
    chosen: Engine = OnSpark(master=master) if engine is EngineName.SPARK else OnDuckDB(memory=memory)
    settings = Settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    with (
        failing_clearly(),
        open_database(settings) as database,
        database.connect() as connection,
        _showing() as on_progress,
    ):
        run = relink_index(
            connection,
            chosen,
            model=find_model(model),
            folder=folder or settings.data,
            write=not dry_run,
            on_progress=on_progress,
        )
    if as_json:
        out.print_json(msgspec.json.encode(asdict(run)).decode())
    else:
        _print(run)


@contextmanager
def _showing() -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("Starting", total=None)

        def on_progress(stage: str, done: int, total: int) -> None:
            progress.update(task, description=stage, completed=done, total=total or None)

        yield on_progress


def _print(run: Run) -> None:
    out.print(_figures(run))
    out.print(_proposals(run))
    if run.hot_keys:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in run.hot_keys.items())
        out.print(f"Keys too common to compare by: {rules}.")
    if run.kept is None:
        out.print("Nothing was written.")
    else:
        kept = run.kept
        out.print(
            f"Proposals: {kept.made:,} new, {kept.unchanged:,} open as before, {kept.withdrawn:,} withdrawn."
        )
        if kept.overtaken:
            out.print(f"{kept.overtaken:,} left to the next run: their records have changed meanwhile.")


def _figures(run: Run) -> Table:
    table = Table(title=f"Linked anew: {run.model}, {run.engine}", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, figure in (
        ("records", f"{run.records:,}"),
        ("pairs compared", f"{run.pairs_compared:,}"),
        ("pairs worth a link", f"{run.pairs_to_link:,}"),
        ("pairs worth a steward's look", f"{run.pairs_to_review:,}"),
        ("persons settled one by one", f"{run.persons_settled:,}"),
        *((f"seconds to {stage}", f"{seconds:,.1f}") for stage, seconds in run.seconds.items()),
        ("seconds in all", f"{sum(run.seconds.values()):,.1f}"),
        ("memory of this process", f"{run.memory_mb:,} MB"),
    ):
        table.add_row(name, figure)
    return table


def _proposals(run: Run) -> Table:
    table = Table(title="What would change")
    table.add_column("what")
    table.add_column("why")
    table.add_column("proposals", justify="right")
    for kind, counts in run.proposals.items():
        table.add_row(KINDS[kind], "", f"{counts.get(ALL, 0):,}")
        for reason, count in counts.items():
            if reason != ALL:
                table.add_row("", say_reason(reason), f"{count:,}")
    return table
