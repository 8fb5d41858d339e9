"""Names, addresses and other texts: what is found by how it begins, or by a part of it."""

from collections.abc import Iterator
from typing import Any

from carecord.fhir_api.fhirpath import Nodes
from carecord.fhir_api.indexing.parameters import Indexed
from carecord.fhir_api.indexing.texts import fold, known_token

_PARTS = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
}


def add_texts(one: Indexed, nodes: Nodes, tokens: set[int], values: dict[str, Any]) -> None:
    """The texts folded and as they are, and how each and every word of it begins."""
    found = list(dict.fromkeys(texts(nodes)))
    if not found:
        return
    folded = list(dict.fromkeys(map(fold, found)))
    stem = f"{one.name}~"
    beginnings = {text[:3] for text in folded} | {word[:3] for text in folded for word in text.split(" ")}
    tokens.update([known_token(stem + beginning) for beginning in beginnings if beginning])
    values[one.code] = folded
    values[f"{one.code}:exact"] = found


def texts(nodes: Nodes) -> Iterator[str]:
    """Each text; of a name or an address each of its parts."""
    for value, kind, _ in nodes:
        if type(value) is str:
            yield value
        elif type(value) is dict:
            for part in _PARTS.get(kind, ()):
                found = value.get(part)
                if type(found) is list:
                    yield from (one for one in found if type(one) is str)
                elif type(found) is str:
                    yield found
