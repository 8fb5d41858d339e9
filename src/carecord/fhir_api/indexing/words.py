"""Names, addresses and other texts: what is found by how it begins, or by a part of it."""

from collections.abc import Iterator

from carecord.fhir_api.fhirpath import Nodes
from carecord.fhir_api.indexing.parameters import Indexed
from carecord.fhir_api.indexing.reading import Reading
from carecord.fhir_api.indexing.texts import known_fold, known_token, remembering

_PARTS = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
}


def add_texts(one: Indexed, nodes: Nodes, read: Reading) -> None:
    """The texts folded and as they are, and how each and every word of it begins."""
    found = list(dict.fromkeys(texts(nodes)))
    if not found:
        return
    folded = list(dict.fromkeys(map(known_fold, found)))
    for text in folded:
        read.tokens.update(_beginnings(one.name, text))
    read.values[one.code] = folded
    read.values[f"{one.code}:exact"] = found


@remembering
def _beginnings(name: str, text: str) -> tuple[int, ...]:
    """Tokens of the first three characters of the whole and of every word."""
    found = {text[:3], *[word[:3] for word in text.split(" ")]} - {""}
    return tuple([known_token(f"{name}~{one}") for one in found])


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
