"""`carecord index evaluate`: a set of known truth through the real arrival path."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Annotated, Self

import msgspec
import psycopg
import typer
from rich import box
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from carecord.cli.terminal import err, failing_clearly, open_database, out
from carecord.db.scratch import scratch_database
from carecord.kernel.settings import Settings
from carecord.patient_index import training
from carecord.patient_index.evaluating import BASELINE_RULE, Evaluation, evaluate
from carecord.patient_index.labelled_set import FIELDS, LAYOUTS, Labelled, LabelledSet, Layout, read_set
from carecord.patient_index.pair_figures import Figures
from carecord.patient_index.scoring import DEFAULT_MODEL, Model, find_model, model_names, read_model

LAYOUT_NAMES = ", ".join(layout.name for layout in LAYOUTS)


def command(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="Parquet or CSV, a record a row; together one set.",
        ),
    ],
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="LAYOUT",
            help=f"What the columns are called: {LAYOUT_NAMES}.",
            show_default="told by the columns that are there",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=COLUMN[+COLUMN]",
            help=f"The column of one field, whatever the layout says. Fields: {', '.join(FIELDS)}.",
        ),
    ] = None,
    person_pattern: Annotated[
        str | None,
        typer.Option(
            help="A regular expression: the part of Person that names the person.", metavar="PATTERN"
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Split the figures by this column too, such as a name's origin."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="A model of the patient index, or the file of another.",
            show_default=f"that of the layout, or {DEFAULT_MODEL}",
        ),
    ] = None,
    train: Annotated[
        bool,
        typer.Option("--train", help="First learn the weights from the records, nobody telling who is who."),
    ] = False,
    at_once: Annotated[int, typer.Option(help="Records filed in one transaction.", min=1)] = 1,
    shuffle: Annotated[
        int | None,
        typer.Option(metavar="SEED", help="File them in another order.", show_default="as in the files"),
    ] = None,
    one_in: Annotated[int, typer.Option(metavar="N", help="Take only one person in N.", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """File a set of known truth into a scratch database, record by record, and say how well it was linked.

    The record itself is left alone: the scratch database stands beside it, and is dropped at the end.
    """
    told = _told(column or [])
    with failing_clearly(), _naming_database_errors(), _Stages() as stages:
        if model is not None:
            find_model(model)
        found = read_set(
            files,
            layout=columns,
            columns=told,
            person_pattern=person_pattern,
            by=by or [],
            on_progress=lambda done: stages.show("Reading", done),
        )
        stages.show("Reading", len(found.records), len(found.records))
        for note in found.notes:
            err.print(note, soft_wrap=True, markup=False)
        records = _chosen(found.records, one_in=one_in, shuffle=shuffle)
        chosen = _model(model, found.layout)
        if train:
            identities = [record.identity for record in records]
            learnt = training.train(identities, base=chosen, on_progress=stages.show)
            chosen = read_model(learnt)
        with (
            open_database(Settings(), migrated=False) as database,
            scratch_database(database) as scratch,
            scratch.connect() as connection,
        ):
            result = evaluate(connection, records, model=chosen, at_once=at_once, on_progress=stages.show)
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(result.as_json())).decode())
    else:
        _print(result, ", ".join(file.name for file in files), found)


@contextmanager
def _naming_database_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        # The database's own words may repeat a record's values: only its name for the error is shown.
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
        err.print(f"[bold red]The database stopped the evaluation:[/] {words}.")
        raise typer.Exit(1) from None


def _told(options: Sequence[str]) -> dict[str, list[str]]:
    told = {}
    for option in options:
        name, equals, columns = option.partition("=")
        if not equals or not all(columns.split("+")):
            raise typer.BadParameter(f"{option!r} is not FIELD=COLUMN", param_hint="--column")
        told[name] = columns.split("+")
    return told


def _chosen(records: list[Labelled], *, one_in: int, shuffle: int | None) -> list[Labelled]:
    if one_in > 1:
        kept = set(sorted({record.person for record in records})[::one_in])
        records = [record for record in records if record.person in kept]
    if shuffle is not None:
        records = records.copy()
        Random(shuffle).shuffle(records)  # noqa: S311  An order, no secret.
    return records


def _model(name: str | None, layout: Layout) -> Model:
    """The model of that name or file; else the layout's own, if there is one."""
    if name is None:
        name = layout.name if layout.name in model_names() else DEFAULT_MODEL
    return find_model(name)


class _Stages:
    """A bar for each stage, on the terminal's error stream."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=err,
        )
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exit_reason: object) -> None:
        self._progress.stop()

    def show(self, stage: str, done: int, of: int | None = None) -> None:
        if stage not in self._bars:
            self._bars[stage] = self._progress.add_task(stage, total=of)
        self._progress.update(self._bars[stage], completed=done, total=of)


def _print(result: Evaluation, name: str, found: LabelledSet) -> None:
    whole, rule = result.overall, result.baseline
    summary = _table(
        f"{name}: {whole.records:,} records of {result.persons:,} people, {whole.true_pairs:,} true pairs",
        "",
        f"model {result.model}",
        BASELINE_RULE,
    )
    for label, ours, theirs in (
        ("precision", _share(whole.precision), _share(rule.precision)),
        ("recall", _share(whole.recall), _share(rule.recall)),
        ("F1", _share(whole.f1), _share(rule.f1)),
        ("recall with review", _share(whole.recall_with_review), ""),
        ("blocking recall", _share(whole.blocking_recall), _share(rule.blocking_recall)),
        ("false links", f"{whole.false_links:,}", f"{rule.false_links:,}"),
        ("groups that mix people", f"{whole.mixed_groups:,}", f"{rule.mixed_groups:,}"),
        ("review tasks", f"{result.review_tasks:,}", ""),
        ("  per 100,000 records", f"{whole.review_per_100k:,}", ""),
        ("records a second", f"{result.records_per_s:,}", ""),
        ("  p50, p95, p99", ", ".join(f"{value} ms" for value in result.arrival_ms.values()), ""),
    ):
        summary.add_row(label, ours, theirs)
    out.print(summary)
    links = _table(
        "Links, by stratum", "", "pairs", "precision", "recall", "F1", "false\nlinks", "mixed\ngroups"
    )
    review = _table(
        "Review and blocking, by stratum; and the rule",
        "",
        "recall with\nreview",
        "tasks per\n100,000",
        "blocking\nrecall",
        "rule's\nprecision",
        "rule's\nrecall",
    )
    for stratum, figures in result.strata.items():
        links.add_row(stratum, *_link_cells(figures))
        review.add_row(stratum, *_review_cells(figures, result.baseline_strata[stratum]))
    out.print(links)
    out.print(review)
    out.print(
        "A pair is of a stratum when one of its records is. Tasks are per 100,000 records of the stratum.",
        soft_wrap=True,
        style="dim",
    )


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(first, overflow="fold")
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _link_cells(figures: Figures) -> list[str]:
    shares = (figures.precision, figures.recall, figures.f1)
    counts = (figures.false_links, figures.mixed_groups)
    return [f"{figures.true_pairs:,}", *map(_share, shares), *(f"{count:,}" for count in counts)]


def _review_cells(figures: Figures, rule: Figures) -> list[str]:
    return [
        _share(figures.recall_with_review),
        f"{figures.review_per_100k:,}",
        *map(_share, (figures.blocking_recall, rule.precision, rule.recall)),
    ]


def _share(share: float) -> str:
    return f"{share:.5f}"
