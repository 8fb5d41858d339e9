"""Reading entries: one statement finds the person, applies what the caller may see, filters and pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from carecord.clinical_store.statements import Selection, page_statement
from carecord.db.readers import Readers


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows as stored: `items` is a JSON array, `tenancies` the sources of its rows in step."""

    items: bytes | str
    tenancies: Sequence[int]
    total: int
    seen_tenancies: Sequence[int]
    """Every source whose record the caller was shown, rows or none."""


async def read_page(
    readers: Readers,
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
        "tenancies": tenancies,
        "bundle": selection.operation.bundle.slug,
        "limit": limit,
        "offset": offset,
    }
    for position, value in enumerate(values):
        parameters[f"filter_{position}"] = value
    page = await _ask(readers, selection, parameters)
    if page is not None and offset and not page.tenancies:
        # Past the end no row tells the total; the first one does.
        first = await _ask(readers, selection, parameters | {"limit": 1, "offset": 0})
        return first and Page(b"[]", (), first.total, first.seen_tenancies)
    return page


async def _ask(readers: Readers, selection: Selection, parameters: dict[str, Any]) -> Page | None:
    statement = page_statement(selection)
    found = await readers.ask(
        statement.question, [_as_text(parameters[name]) for name in statement.parameters]
    )
    value = found.get_value
    seen = value(0, _SEEN)
    if seen is None:
        return None
    places = range(found.ntuples if value(0, _ITEM) is not None else 0)
    return Page(
        items=b"[%b]" % b",".join([value(place, _ITEM) for place in places]),  # type: ignore[misc]
        tenancies=[int(value(place, _TENANCY)) for place in places],  # type: ignore[arg-type]
        total=int(value(0, _TOTAL) or 0),
        seen_tenancies=sorted({int(one) for one in seen[1:-1].split(b",")}),
    )


_SEEN, _TOTAL, _TENANCY, _ITEM = range(4)


def _as_text(value: Any) -> bytes | None:
    """A parameter as PostgreSQL reads it."""
    if value is None:
        return None
    if isinstance(value, tuple | list):
        return b"{%b}" % b",".join([b"%d" % one for one in value])
    return str(value).encode()
