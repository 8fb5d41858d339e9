"""When two values are equal, which comes first, and what a collection says as yes or no; None is unknown."""

from collections.abc import Hashable
from decimal import Decimal
from typing import Any

from carecord.fhir_api.fhirpath.nodes import Node, Nodes
from carecord.fhir_api.moments import HOUR, moment

_MOMENTS = frozenset({"date", "dateTime", "instant"})
_QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration", "Money"})
_FURTHEST_OFFSET = 14 * HOUR


def truth(nodes: Nodes) -> bool | None:
    """One boolean as it is, any other single value as true; None for nothing or for more than one."""
    if len(nodes) != 1:
        return None
    value = nodes[0][0]
    return value if type(value) is bool else True


def equal(left: Nodes, right: Nodes) -> bool | None:
    """FHIRPath's `=`: the same values in the same order."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    for one, other in zip(left, right, strict=True):
        same = _equal(one, other)
        if not same:
            return same
    return True


def equivalent(left: Nodes, right: Nodes) -> bool:
    """FHIRPath's `~`: in any order, texts without regard to case or blanks."""
    return sorted(map(_loosely, left)) == sorted(map(_loosely, right))


def order(left: Nodes, right: Nodes) -> int | None:
    """Below 0 where the left comes first, 0 where they are the same; None where it cannot be told."""
    if len(left) != 1 or len(right) != 1:
        return None
    one, other = left[0], right[0]
    if one[1] in _MOMENTS or other[1] in _MOMENTS:
        return _order_of_moments(one[0], other[0])
    if one[1] in _QUANTITIES and other[1] in _QUANTITIES:
        return _order_of_quantities(one[0], other[0])
    return _order(one[0], other[0])


def distinct(nodes: Nodes) -> list[Node]:
    """The first of each value."""
    if len(nodes) < 2:
        return list(nodes)
    return list({key(node): node for node in reversed(nodes)}.values())[::-1]


def key(node: Node) -> Hashable:
    """The same for the same values."""
    return _frozen(node[0] if node[0] is not None else node[2])


def _equal(one: Node, other: Node) -> bool | None:
    left, right = one[0], other[0]
    if left is None or right is None:
        return None
    if one[1] in _MOMENTS and other[1] in _MOMENTS and left != right:
        said = _order_of_moments(left, right)
        return None if said is None else said == 0
    return _frozen(left) == _frozen(right)


def _frozen(value: Any) -> Hashable:
    if type(value) is dict:
        return tuple(sorted((name, _frozen(one)) for name, one in value.items()))
    if type(value) is list:
        return tuple(map(_frozen, value))
    # True is not 1.
    return (value,) if type(value) is bool else value


def _loosely(node: Node) -> str:
    value = node[0]
    return " ".join(value.casefold().split()) if type(value) is str else repr(_frozen(value))


def _order(one: Any, other: Any) -> int | None:
    numbers = (int, float, Decimal)
    if (type(one) in numbers and type(other) in numbers) or (type(one) is str and type(other) is str):
        return int(one > other) - int(one < other)
    return None


def _order_of_moments(one: Any, other: Any) -> int | None:
    left = moment(one) if type(one) is str else None
    right = moment(other) if type(other) is str else None
    if left is None or right is None:
        return None
    if left.to_the_second and right.to_the_second:
        return (left.low > right.low) - (left.low < right.low)
    # A date says no offset: beside an instant it may be that day anywhere.
    slack = _FURTHEST_OFFSET if left.has_offset != right.has_offset else 0
    if left.high + slack <= right.low:
        return -1
    if left.low >= right.high + slack:
        return 1
    return 0 if not slack and left == right else None


def _order_of_quantities(one: Any, other: Any) -> int | None:
    if type(one) is not dict or type(other) is not dict or _units(one).isdisjoint(_units(other)):
        return None
    return _order(one.get("value"), other.get("value"))


def _units(quantity: dict[str, Any]) -> set[tuple[Any, Any]]:
    """What two quantities must share to be compared: the coded unit, else the one that is written out."""
    if "code" in quantity:
        return {(quantity.get("system"), quantity["code"])}
    return {(None, quantity.get("unit"))}
