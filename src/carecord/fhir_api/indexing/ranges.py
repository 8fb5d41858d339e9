"""Dates, numbers and quantities: what is found by the stretch that it covers."""

from collections.abc import Iterator
from typing import Any

from carecord.fhir_api.fhirpath import Node, Nodes
from carecord.fhir_api.indexing.parameters import Indexed
from carecord.fhir_api.indexing.reading import Reading
from carecord.fhir_api.indexing.texts import known_token, number_range
from carecord.fhir_api.moments import day_of, moment

_DATES = frozenset({"date", "dateTime", "instant"})
_QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration"})

Stretch = list[int | None]
"""From, and up to but without, in microseconds since 1970 UTC; None is open."""


def add_dates(one: Indexed, nodes: Nodes, read: Reading) -> None:
    """The stretches, and the day of each that lies within one."""
    found = stretches(nodes)
    for low, high in found:
        if low is not None and high is not None and (day := day_of(low, high)):
            read.tokens.add(known_token(f"{one.name}={day}"))
    if found:
        read.values[one.code] = found


def add_numbers(one: Indexed, nodes: Nodes, read: Reading) -> None:
    if found := list(numbers(nodes)):
        read.values[one.code] = found


def add_quantities(one: Indexed, nodes: Nodes, read: Reading) -> None:
    if found := [made for node in nodes for made in read.once("quantity", node, quantities)]:
        read.values[one.code] = found


def stretches(nodes: Nodes) -> list[Stretch]:
    found: list[Stretch] = []
    for value, kind, _ in nodes:
        made = None
        if kind in _DATES:
            made = _of_text(value)
        elif kind == "Period":
            made = _of_period(value)
        elif kind == "Timing":
            made = _of_timing(value)
        if made:
            found.append(made)
    return found


def numbers(nodes: Nodes) -> Iterator[list[float | None]]:
    for value, kind, _ in nodes:
        if kind == "Range":
            yield from ([low, high] for low, high, _ in _of_range(value))
        elif found := number_range(value):
            yield list(found[:2])


def quantities(node: Node) -> list[list[Any]]:
    """Low, high, value, `system|code`, unit; what a comparator says (`<`) is not looked at."""
    value, kind, _ = node
    if kind in _QUANTITIES:
        found = number_range(value.get("value"))
        return [[*found, *_unit(value)]] if found else []
    if kind == "Money":
        found = number_range(value.get("value"))
        currency = value.get("currency", "")
        return [[*found, f"urn:iso:std:iso:4217|{currency}", currency]] if found else []
    if kind == "Range":
        return [
            [low, high, low if low is not None else high, *_unit(some)]
            for low, high, some in _of_range(value)
        ]
    return []


def _of_text(value: Any) -> Stretch | None:
    found = moment(value) if type(value) is str else None
    return [found.low, found.high] if found else None


def _of_period(value: Any) -> Stretch | None:
    start, end = _of_text(value.get("start")), _of_text(value.get("end"))
    if not start and not end:
        return None
    return [start[0] if start else None, end[1] if end else None]


def _of_timing(value: Any) -> Stretch | None:
    """The outer limits of all that is scheduled (R4, search: date)."""
    found = [made for text in value.get("event", ()) if (made := _of_text(text))]
    bounds = _of_period(value.get("repeat", {}).get("boundsPeriod", {}))
    if bounds:
        found.append(bounds)
    if not found:
        return None
    lows = [low for low, _ in found if low is not None]
    highs = [high for _, high in found if high is not None]
    is_open = len(lows) < len(found), len(highs) < len(found)
    return [None if is_open[0] else min(lows), None if is_open[1] else max(highs)]


def _of_range(value: Any) -> Iterator[tuple[float | None, float | None, dict[str, Any]]]:
    """Both ends, and one of them for its unit."""
    low, high = value.get("low", {}), value.get("high", {})
    from_low, from_high = number_range(low.get("value")), number_range(high.get("value"))
    if from_low or from_high:
        yield (
            from_low[0] if from_low else None,
            from_high[1] if from_high else None,
            low if from_low else high,
        )


def _unit(quantity: Any) -> tuple[str, str]:
    code = quantity.get("code", "")
    return f"{quantity.get('system', '')}|{code}", quantity.get("unit", code)
