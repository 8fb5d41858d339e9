"""Reading what is drawn from several stores: the excerpts of a composed view, and views that are lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

from carecord.catalogue.model import Operation, Rows
from carecord.clinical_store.reading import Page
from carecord.clinical_store.statements import (
    Selection,
    conditions_of,
    linked_records,
    needs_tenancy,
    order_of,
    queries,
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Rows of one store that a view draws on: which of them, in which order, and how many at most."""

    selection: Selection
    where: tuple[Rows, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Excerpts:
    """A page for each excerpt, in step, and every source whose record the caller was shown."""

    pages: Sequence[Page]
    seen_tenancies: Sequence[int]


async def read_excerpts(
    connection: AsyncConnection[Any],
    operation: Operation,
    excerpts: tuple[Excerpt, ...],
    patient_detail_id: int,
    *,
    tenancies: Sequence[int] | None,
    now: datetime,
    values: Sequence[Any] = (),
) -> Excerpts | None:
    """All excerpts in one round trip; None where the caller may not know of the record.

    Each leaves out what the patient has refused to share of its own bundle. `values` go with the conditions
    of the one excerpt that has any.
    """
    parameters = _parameters(operation, patient_detail_id, tenancies, values)
    cursor = await connection.execute(
        excerpts_statement(operation, excerpts),
        parameters | {"today": now.replace(hour=0, minute=0, second=0)},
    )
    seen: Sequence[int] | None = None
    pages: dict[int, Page] = {}
    for number, total, items, tenancy_ids in await cursor.fetchall():
        if number is None:
            seen = tenancy_ids
        else:
            pages[number] = Page(items or "[]", tenancy_ids or (), total, ())
    return None if seen is None else Excerpts([pages[n] for n in range(len(excerpts))], seen)


@lru_cache(maxsize=256)
def excerpts_statement(operation: Operation, excerpts: tuple[Excerpt, ...]) -> bytes:
    """One statement for all the excerpts of a view."""
    assert sum(bool(one.selection.conditions) for one in excerpts) <= 1
    return (
        sql.SQL(queries.excerpts)
        .format(
            linked=linked_records(operation),
            excerpts=sql.SQL(" UNION ALL ").join(
                _excerpt(number, excerpt) for number, excerpt in enumerate(excerpts)
            ),
        )
        .as_bytes()
    )


def _excerpt(number: int, excerpt: Excerpt) -> sql.Composed:
    store = excerpt.selection.operation.store
    assert store is not None
    return sql.SQL(queries.excerpt).format(
        number=sql.Literal(number),
        limit=sql.SQL("true")
        if excerpt.limit is None
        else sql.SQL("place <= {}").format(sql.Literal(excerpt.limit)),
        order=order_of(excerpt.selection),
        store=sql.Literal(store.name),
        bundle=sql.Literal(excerpt.selection.operation.bundle.slug),
        conditions=conditions_of(excerpt.selection, store.rows, *excerpt.where),
    )


async def read_view(
    connection: AsyncConnection[Any],
    selection: Selection,
    rows: LiteralString,
    patient_detail_id: int,
    *,
    tenancies: Sequence[int] | None,
    limit: int,
    offset: int = 0,
    values: Sequence[Any] = (),
    parameters: Mapping[str, Any] | None = None,
) -> Page | None:
    """A page of rows that the query `rows` makes of the linked records; None as in `read_excerpts`.

    `rows` gives item, occurred_at, entry_id and tenancy_id; `parameters` are its own.
    """
    cursor = await connection.execute(
        view_statement(selection, rows),
        _parameters(selection.operation, patient_detail_id, tenancies, values)
        | {"limit": limit, "offset": offset}
        | dict(parameters or {}),
    )
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        return None
    seen, total, items, tenancy_ids = row
    return Page(items=items or "[]", tenancies=tenancy_ids or (), total=total, seen_tenancies=seen)


@lru_cache(maxsize=1024)
def view_statement(selection: Selection, rows: LiteralString) -> bytes:
    """The statement of a selection over a view."""
    return (
        sql.SQL(queries.view_page)
        .format(
            linked=linked_records(selection.operation),
            rows=sql.SQL(rows),
            tenancy=sql.SQL(queries.view_with_tenancy if needs_tenancy(selection) else ""),
            conditions=conditions_of(selection),
            order=order_of(selection),
        )
        .as_bytes()
    )


def _parameters(
    operation: Operation, patient_detail_id: int, tenancies: Sequence[int] | None, values: Sequence[Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "patient_detail_id": patient_detail_id,
        "tenancies": None if tenancies is None else list(tenancies),
        "bundle": operation.bundle.slug,
    }
    return found | {f"filter_{position}": value for position, value in enumerate(values)}
