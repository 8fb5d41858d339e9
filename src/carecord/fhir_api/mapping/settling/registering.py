"""What a declaration says in words of a status, or of when a row becomes a resource, as plain functions."""

from collections.abc import Callable
from datetime import date, timedelta

from carecord.catalogue.model import Operation
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import About, Item

Settle = Callable[[Json, Item, About], bool]
"""Completes the resource from its item. False where the row does not become this resource."""

_settlers: dict[tuple[str, str], Settle] = {}


def settles(*operations: Operation, key: str = "") -> Callable[[Settle], Settle]:
    """Marks the function that settles this resource of the operations."""

    def register(settle: Settle) -> Settle:
        for operation in operations:
            _settlers[operation.operation_id, key] = settle
        return settle

    return register


def settler(operation: Operation, key: str) -> Settle | None:
    return _settlers.get((operation.operation_id, key))


def is_past(value: str | None, about: About) -> bool:
    """Whether this day or time lies before the day it is looked at."""
    if not value:
        return False
    day = date.fromisoformat(value[:10])
    if day < about.today:
        return True
    if day < date.max:
        about.turns.append(day + timedelta(days=1))
    return False


def is_later(value: str | None, about: About) -> bool:
    """Whether this day or time lies after the day it is looked at."""
    if not value:
        return False
    day = date.fromisoformat(value[:10])
    if day <= about.today:
        return False
    about.turns.append(day)
    return True


def years_after(value: str, years: int) -> str:
    """The same day so many years on; of a leap day the first of March."""
    day = date.fromisoformat(value[:10])
    try:
        return day.replace(year=day.year + years).isoformat()
    except ValueError:
        return day.replace(year=day.year + years, month=3, day=1).isoformat()
