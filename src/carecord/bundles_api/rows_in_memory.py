"""A caller's filters, order and page, for rows that are not stored but worked out, and are few."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from carecord.bundles_api.parameters import ListRequest
from carecord.catalogue.model import Holds, Kind, Leaf
from carecord.catalogue.shapes import Shape
from carecord.catalogue.submission import is_time
from carecord.clinical_store.statements import Test


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows of the page, and how many there are on all pages."""

    rows: list[Shape]
    total: int


def choose(rows: Sequence[Shape], request: ListRequest) -> Chosen:
    """What the request asks of these rows; those that come out equal keep their order."""
    selection = request.selection
    conditions = list(zip(selection.conditions, request.values, strict=True))
    meeting = [
        row
        for row in rows
        if all(_meets(_value(row, one.leaf), one.test, value) for one, value in conditions)
    ]
    for leaf, descends in reversed(selection.order or selection.operation.order):
        meeting = _ordered(meeting, leaf, descends=descends)
    return Chosen(meeting[request.offset : request.offset + request.page_size], len(meeting))


def _ordered(rows: list[Shape], leaf: Leaf, *, descends: bool) -> list[Shape]:
    valued = [row for row in rows if _value(row, leaf) is not None]
    without = [row for row in rows if _value(row, leaf) is None]
    valued.sort(key=lambda row: _comparable(_value(row, leaf)), reverse=descends)
    return valued + without


def _value(row: Shape, leaf: Leaf) -> Any:
    """What stands at the leaf, as the type it compares by."""
    value: Any = row
    for field in leaf.path:
        value = getattr(value, field.attribute)
    if value is None:
        return None
    if is_time(leaf):
        return datetime.fromisoformat(value)
    if leaf.field.kind is Kind.INTEGER or leaf.field.holds is Holds.DECIMAL:
        return Decimal(value)
    return value


def _comparable(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _meets(value: Any, test: Test, asked: Any) -> bool:
    if value is None:
        return False
    if test is Test.CONTAINS:
        return bool(asked.lower() in value.lower())
    if test is Test.EQUALS:
        return bool(value == (Decimal(asked) if isinstance(value, Decimal) else asked))
    if test is Test.ON_DAY:
        return bool(value.date() == date.fromisoformat(asked))
    at = datetime.fromisoformat(asked)
    if test is Test.AT:
        return bool(value == at)
    if test is Test.FROM:
        return bool(value >= at)
    if test is Test.TO:
        return bool(value <= at)
    # A bare day as an end runs to its end.
    return bool(value - timedelta(days=1) < at)
