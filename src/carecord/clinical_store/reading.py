"""Reading entries: one statement finds the person, applies what the caller may see, filters, counts and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from carecord.clinical_store.statements import Selection, page_statement


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows as stored: `items` is a JSON array, `tenancies` names each row's source in step with it."""

    items: str
    tenancies: Sequence[int]
    total: int
    seen_tenancies: Sequence[int]
    """Every source whose record the caller was shown, rows or none."""


async def read_page(
    connection: AsyncConnection[Any],
    selection: Selection,
    patient_detail_id: int,
    *,
    tenancies: Sequence[int] | None,
    limit: int,
    offset: int = 0,
    values: Sequence[Any] = (),
) -> Page | None:
    """The rows of everyone linked with this record; None where the caller may not know of it.

    `tenancies` are the sources the caller may see, None for all; `values` go with the selection's conditions.
    """
    parameters: dict[str, Any] = {
        "patient_detail_id": patient_detail_id,
        "tenancies": None if tenancies is None else list(tenancies),
        "bundle": selection.operation.bundle.slug,
        "limit": limit,
        "offset": offset,
    }
    for position, value in enumerate(values):
        parameters[f"filter_{position}"] = value
    cursor = await connection.execute(page_statement(selection), parameters)
    row = await cursor.fetchone()
    if row is None or row[0] is None:
        return None
    seen, total, items, tenancy_ids = row
    return Page(items=items or "[]", tenancies=tenancy_ids or (), total=total, seen_tenancies=seen)
