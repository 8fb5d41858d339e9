"""Composite parameters: parts that must hold of one and the same element."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from carecord.fhir_api.definitions import Component
from carecord.fhir_api.fhirpath import Nodes, typed
from carecord.fhir_api.indexing.exact import codings, reference_text
from carecord.fhir_api.indexing.parameters import Indexed
from carecord.fhir_api.indexing.ranges import numbers, quantities, stretches
from carecord.fhir_api.indexing.texts import fold
from carecord.fhir_api.indexing.words import texts


def add_composites(one: Indexed, nodes: Nodes, values: dict[str, Any], base: str) -> None:
    """Of each element every combination of its parts; none where it lacks one of them."""
    found = [
        list(combination)
        for value, kind, _ in nodes
        for combination in product(*(_parts(part, value, kind, base) for part in one.components))
    ]
    if found:
        values[one.code] = found


def _parts(component: Component, value: Any, kind: str, base: str) -> list[Any]:
    return _PARTS[component.type](typed(component.expression, kind)(value), base)


def _codes(nodes: Nodes, base: str) -> list[list[str]]:
    """Of each concept all that it is found by: with its system, with any, with none."""
    found = []
    for node in nodes:
        forms = [form for system, code in codings(node) if code for form in (f"{system}|{code}", f"*|{code}")]
        if forms:
            found.append(list(dict.fromkeys(forms)))
    return found


def _references(nodes: Nodes, base: str) -> list[str]:
    return [text for value, _, _ in nodes if (text := reference_text(value, base))]


_PARTS: Mapping[str, Callable[[Nodes, str], list[Any]]] = {
    "token": _codes,
    "reference": _references,
    "date": lambda nodes, base: list(stretches(nodes)),
    "quantity": lambda nodes, base: list(quantities(nodes)),
    "number": lambda nodes, base: list(numbers(nodes)),
    "string": lambda nodes, base: [fold(text) for text in texts(nodes)],
}
