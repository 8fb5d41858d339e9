"""Composite parameters: parts that must hold of one and the same element."""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from carecord.fhir_api.definitions import Component
from carecord.fhir_api.fhirpath import Node, Nodes, typed
from carecord.fhir_api.indexing.exact import codings, reference_text
from carecord.fhir_api.indexing.parameters import Indexed
from carecord.fhir_api.indexing.ranges import numbers, quantities, stretches
from carecord.fhir_api.indexing.reading import Reading
from carecord.fhir_api.indexing.texts import known_fold
from carecord.fhir_api.indexing.words import texts


def add_composites(one: Indexed, nodes: Nodes, read: Reading) -> None:
    """Of each element every combination of its parts; none where it lacks one of them."""
    found: list[list[Any]] = []
    for node in nodes:
        found += read.once(one.parts, node, lambda node: _combinations(one, node, read))
    if found:
        read.values[one.code] = found


def _combinations(one: Indexed, node: Node, read: Reading) -> list[list[Any]]:
    value, kind, _ = node
    parts = [_parts(part, value, kind, read) for part in one.components]
    return [list(combination) for combination in product(*parts)]


def _parts(component: Component, value: Any, kind: str, read: Reading) -> list[Any]:
    nodes = typed(component.expression, kind)(value)
    if component.type == "reference":
        return [text for node in nodes if (text := reference_text(node[0], read.base))]
    make = _PARTS[component.type]
    return [part for node in nodes for part in read.once(component.type, node, make)]


def _codes(node: Node) -> list[list[str]]:
    """All that a concept is found by: with its system, with any, with none."""
    forms: dict[str, None] = {}
    for system, code in codings(node):
        if code:
            forms[f"{system}|{code}"] = forms[f"*|{code}"] = None
    return [list(forms)] if forms else []


_PARTS: Mapping[str, Callable[[Node], list[Any]]] = {
    "token": _codes,
    "date": lambda node: stretches((node,)),
    "quantity": quantities,
    "number": lambda node: list(numbers((node,))),
    "string": lambda node: [known_fold(text) for text in texts((node,))],
}
