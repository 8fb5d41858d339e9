"""Ways to spoil a resource: a place in it left out, doubled, renamed or given another value."""

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from carecord.fhir_api.kept import Json

_VALUES = st.sampled_from(
    [
        "x",
        "",
        " ",
        "a b",
        "1970-02-30",
        "#x",
        "Patient/1",
        "\ufffe",
        -1,
        0,
        7,
        True,
        None,
        {},
        [],
        [None],
        {"x": 1},
    ]
).map(copy.deepcopy) | st.just(Decimal("1.50"))


@st.composite
def spoiled(draw: st.DrawFn, resources: list[Json]) -> Json:
    """One of these with one to three places spoiled, maybe to something that R4 allows."""
    resource = copy.deepcopy(draw(st.sampled_from(resources)))
    for _ in range(draw(st.integers(1, 3))):
        places = [place for place in _places(resource) if place[-1] != "resourceType"]
        if places:
            _spoil(draw, resource, draw(st.sampled_from(places)))
    return resource


def _places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*before, key)
        yield from _places(one, (*before, key))


def _spoil(draw: st.DrawFn, resource: Json, place: tuple[Any, ...]) -> None:
    around: Any = resource
    for key in place[:-1]:
        around = around[key]
    last = place[-1]
    match draw(st.sampled_from(["leave out", "replace", "wrap", "unwrap", "double", "rename", "companion"])):
        case "leave out":
            del around[last]
        case "replace":
            around[last] = draw(_VALUES)
        case "wrap":
            around[last] = [around[last]]
        case "unwrap" if isinstance(around[last], list) and around[last]:
            around[last] = around[last][0]
        case "double" if isinstance(around[last], list):
            around[last] = around[last] * 2
        case "rename" if isinstance(last, str):
            around[draw(st.sampled_from(["x", f"_{last}", "value", "id", "extension"]))] = around.pop(last)
        case "companion" if isinstance(last, str):
            extension = {"url": "http://example.org/u", "valueCode": "c"}
            around[f"_{last}"] = draw(st.sampled_from([{"id": "a"}, {"extension": [extension]}, [None], "x"]))
