"""`carecord index train`: a new model, learnt from the index's own records."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID
from rich.table import Table

from carecord.cli.terminal import err, failing_clearly, open_database, out
from carecord.kernel.settings import Settings
from carecord.patient_index.scoring import Model, find_model
from carecord.patient_index.trained_models import LevelChange, Trained, train_on_index

OUTCOMES = ("link", "review", "apart")
SHOWN_CHANGE = 0.5
"""Bits: a weight that moved less is not marked."""


def command(
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where to write the model.", show_default="NAME-VERSION.json"
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="The model to start from, and to compare the new one with.",
            show_default="the one in force",
        ),
    ] = None,
) -> None:
    """Learn a model from the records of the index, and show how it differs. Nothing is put in force.

    Nobody need tell who is who: records that share an NHS number, a birth date, a name or a home teach how
    often one person's records agree, and pairs drawn at random how often two people's do. Thresholds, guards
    and blocking rules stay as they are. Set CARECORD_INDEX_MODEL to put the file in force.
    """
    version = datetime.now(tz=UTC).strftime("%Y-%m-%d")
    with failing_clearly():
        base = find_model(model or Settings().index_model)
        with (
            open_database(Settings()) as database,
            database.connect() as connection,
            Progress(console=err, transient=True) as progress,
        ):
            stages: dict[str, TaskID] = {}

            def show(stage: str, done: int, total: int) -> None:
                task = stages.get(stage) or stages.setdefault(stage, progress.add_task(stage, total=total))
                progress.update(task, completed=done, total=total)

            trained = train_on_index(connection, base=base, version=version, on_progress=show)
        path = out_file or Path(f"{base.name}-{version}.json")
        path.write_text(json.dumps(trained.document, indent=1) + "\n", encoding="utf-8")
    _print(trained, base)
    out.print(f"Written: {path}. Nothing has been put in force.", soft_wrap=True, markup=False)


def _print(trained: Trained, base: Model) -> None:
    out.print(_weights(trained.changes, base, trained.records))
    out.print(_outcomes(trained))
    if trained.stewards_pairs:
        old, new = trained.stewards_agree
        out.print(
            f"Of {trained.stewards_pairs:,} pairs that stewards decided on, {base.name} {base.version} alone "
            f"would decide {old:,} as they did, the new model {new:,}."
        )


def _weights(changes: list[LevelChange], base: Model, records: int) -> Table:
    table = Table(title=f"Learnt from {records:,} records; beside {base.name} {base.version}")
    table.add_column("comparison")
    table.add_column("level")
    for heading in ("m now", "m new", "u now", "u new", "weight now", "weight new"):
        table.add_column(heading, justify="right")
    before = ""
    for one in changes:
        moved = abs(one.weight[1] - one.weight[0]) >= SHOWN_CHANGE
        table.add_row(
            one.comparison if one.comparison != before else "",
            one.level,
            *(f"{value:.4f}" for value in one.m),
            *(f"{value:.2g}" for value in one.u),
            f"{one.weight[0]:+.1f}",
            f"[bold]{one.weight[1]:+.1f}[/]" if moved else f"{one.weight[1]:+.1f}",
        )
        before = one.comparison
    return table


def _outcomes(trained: Trained) -> Table:
    pairs = trained.verdicts.total()
    changed = sum(count for (now, new), count in trained.verdicts.items() if now != new)
    table = Table(title=f"Of {pairs:,} compared pairs, {changed:,} would come out otherwise")
    table.add_column("now")
    for outcome in OUTCOMES:
        table.add_column(f"{outcome} by the new model", justify="right")
    for now in OUTCOMES:
        table.add_row(now, *(f"{trained.verdicts[now, new]:,}" for new in OUTCOMES))
    return table
