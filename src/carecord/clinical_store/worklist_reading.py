"""Reading worklists: which there are, what columns they have, and the rows that criteria leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from psycopg import AsyncConnection, sql

from carecord.clinical_store.reading import Page
from carecord.clinical_store.statements import Selection, conditions_of, needs_tenancy, order_of, queries
from carecord.clinical_store.worklists import ColumnDefinition, Comparison


@dataclass(frozen=True, slots=True)
class Worklist:
    """A list without its rows; `columns` are shapes of the declared ColumnDefinition."""

    worklist_id: str
    tenancy_id: int
    name: str
    default_results_per_page: int
    columns: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One value that a criterion asks for: a range of time, or one value of the column's type."""

    comparison: Comparison
    value: str
    until: str | None = None
    """For a range of time, the first instant after it."""


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """What the cells of one column must be: any of these."""

    column_id: str
    data_type: str
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One patient on a list, cells by the id of their column."""

    patient_detail_id: int
    nhs_number: str | None
    cells: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """A page of a list, with the total of all pages."""

    rows: Sequence[WorklistRow]
    total: int


_read_columns = msgspec.json.Decoder(list[ColumnDefinition]).decode  # type: ignore[valid-type]
_read_cells = msgspec.json.Decoder(dict[str, str | None]).decode


async def read_worklists(
    connection: AsyncConnection[Any],
    selection: Selection,
    *,
    tenancies: Sequence[int] | None,
    limit: int,
    offset: int,
    values: Sequence[Any],
) -> Page:
    """A page of the lists of the sources that the caller may see, as items of Worklist - List."""
    parameters: dict[str, Any] = {
        "tenancies": None if tenancies is None else list(tenancies),
        "bundle": selection.operation.bundle.slug,
        "limit": limit,
        "offset": offset,
    }
    parameters |= {f"filter_{position}": value for position, value in enumerate(values)}
    cursor = await connection.execute(_worklists_statement(selection), parameters)
    row = await cursor.fetchone()
    assert row is not None
    total, items, tenancy_ids = row
    return Page(items or "[]", tenancy_ids or (), total, ())


@lru_cache(maxsize=256)
def _worklists_statement(selection: Selection) -> bytes:
    return (
        sql.SQL(queries.worklists)
        .format(
            tenancy=sql.SQL(queries.view_with_tenancy if needs_tenancy(selection) else ""),
            conditions=conditions_of(selection),
            order=order_of(selection),
        )
        .as_bytes()
    )


async def find_worklist(
    connection: AsyncConnection[Any], worklist_id: str, *, tenancies: Sequence[int] | None
) -> Worklist | None:
    """The list of this id; None where there is none, or the caller may not see its source."""
    cursor = await connection.execute(
        queries.find_worklist,
        {"worklist_id": worklist_id, "tenancies": None if tenancies is None else list(tenancies)},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    found_id, tenancy_id, name, results_per_page, columns = row
    return Worklist(found_id, tenancy_id, name, results_per_page, _read_columns(columns))


async def read_worklist_rows(
    connection: AsyncConnection[Any],
    worklist: Worklist,
    filters: Sequence[ColumnFilter],
    *,
    bundle: str,
    limit: int,
    offset: int,
) -> WorklistPage:
    """The rows that every filter leaves, by the column to sort by; no record whose sharing is refused."""
    parameters: dict[str, Any] = {
        "worklist_id": worklist.worklist_id,
        "bundle": bundle,
        "limit": limit,
        "offset": offset,
    }
    conditions = [_condition(number, one, parameters) for number, one in enumerate(filters)]
    sort = next((column for column in worklist.columns if column.is_default_sort), None)
    order: sql.Composable = sql.SQL("")
    if sort is not None:
        parameters["sort_column"] = sort.column_id
        order = sql.SQL("{} NULLS LAST, ").format(_cell("sort_column", sort.data_type))
    statement = sql.SQL(queries.worklist_rows).format(
        order=order, conditions=sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")
    )
    found = await (await connection.execute(statement, parameters)).fetchall()
    return WorklistPage(
        rows=[WorklistRow(row[1], row[2], _read_cells(row[3])) for row in found if row[1] is not None],
        total=found[0][0],
    )


_TYPES = {"DateTime": "timestamp", "Integer": "numeric", "Boolean": "boolean"}
_CONDITIONS = {
    Comparison.ON_OR_BEFORE: "{cell} < {until}::timestamp",
    Comparison.ON_OR_AFTER: "{cell} >= {value}::timestamp",
    Comparison.BEFORE: "{cell} < {value}::timestamp",
    Comparison.AFTER: "{cell} >= {until}::timestamp",
    Comparison.ON: "({cell} >= {value}::timestamp AND {cell} < {until}::timestamp)",
    Comparison.AT_MOST: "{cell} <= {value}::numeric",
    Comparison.AT_LEAST: "{cell} >= {value}::numeric",
    Comparison.EQUALS: "{cell} = {value}",
    Comparison.CONTAINS: "position(clinical_store.fold({value}::text) in {cell}) > 0",
}


def _condition(number: int, column: ColumnFilter, parameters: dict[str, Any]) -> sql.Composable:
    name = f"column_{number}"
    parameters[name] = column.column_id
    alternatives: list[sql.Composable] = []
    for position, wanted in enumerate(column.wanted):
        value, until = f"value_{number}_{position}", f"until_{number}_{position}"
        parameters[value] = wanted.value
        if wanted.until is not None:
            parameters[until] = wanted.until
        asked: sql.Composable = sql.Placeholder(value)
        if wanted.comparison is Comparison.EQUALS:
            asked = _as_cell(asked, column.data_type)
        alternatives.append(
            sql.SQL(_CONDITIONS[wanted.comparison]).format(
                cell=_cell(name, column.data_type),
                value=asked,
                until=sql.Placeholder(until),
            )
        )
    return sql.SQL("({})").format(sql.SQL(" OR ").join(alternatives))


def _cell(parameter: str, data_type: str) -> sql.Composable:
    """The cell of the column that the parameter names, as the type it compares by."""
    return _as_cell(sql.SQL("w.cells->>{}::text").format(sql.Placeholder(parameter)), data_type)


def _as_cell(text: sql.Composable, data_type: str) -> sql.Composable:
    """The text as what cells of this type compare by; texts compare without regard to case."""
    if data_type == "String":
        return sql.SQL("clinical_store.fold({})").format(text)
    return sql.SQL("({})::{}").format(text, sql.SQL(_TYPES[data_type]))
