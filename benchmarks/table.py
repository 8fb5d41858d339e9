"""The one table of all benchmarks: a figure, and its ratio to the baseline of the same run."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure. `baseline` is in the same unit; `note` says what it is and what else counts."""

    name: str
    figure: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    note: str = ""


def make_table(rows: Iterable[Row]) -> Table:
    table = Table(title="Benchmarks", title_justify="left")
    table.add_column("what")
    for column in ("figure", "unit", "baseline", "ratio"):
        table.add_column(column, justify="right" if column != "unit" else "left", no_wrap=True)
    table.add_column("note")
    for row in rows:
        table.add_row(
            row.name,
            _number(row.figure),
            row.unit,
            _number(row.baseline),
            _number(row.ratio),
            row.note,
        )
    return table


def _number(value: float | None) -> str:
    """Three figures that count, thousands set apart."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
