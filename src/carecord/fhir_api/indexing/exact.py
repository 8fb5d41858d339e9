"""Tokens, references and URIs: what is found exactly."""

from collections.abc import Iterator
from typing import Any

from carecord.fhir_api.definitions import resource_types
from carecord.fhir_api.fhirpath import Node, Nodes
from carecord.fhir_api.indexing.parameters import Indexed
from carecord.fhir_api.indexing.texts import fold, known_token, token

_CODED = frozenset({"code", "string", "uri", "id", "markdown", "oid", "url", "canonical", "uuid"})


def add_tokens(one: Indexed, nodes: Nodes, tokens: set[int], values: dict[str, Any]) -> None:
    """Codes with and without their system, the first for sorting, and the texts beside them for `:text`."""
    stem = f"{one.name}="
    first: str | None = None
    texts: list[str] = []
    for node in nodes:
        texts.extend(_texts(node))
        make = token if node[1] == "Identifier" else known_token
        for system, code in codings(node):
            if system:
                tokens.add(known_token(f"{stem}{system}|"))
            if code:
                first = first or code
                tokens.add(make(f"{stem}{system}|{code}"))
                tokens.add(make(f"{stem}*|{code}"))
                if one.system and node[1] == "code":
                    tokens.add(known_token(f"{stem}{one.system}|{code}"))
        if node[1] == "Identifier":
            tokens.update(token(f"{one.name}:of-type={text}") for text in _typed_values(node[0]))
    if not one.is_sorted_by:
        return
    first = first or (texts[0] if texts else None)
    if first:
        values[one.code] = [first]
    if texts:
        values[f"{one.code}:text"] = list(dict.fromkeys(map(fold, texts)))


def add_references(one: Indexed, nodes: Nodes, tokens: set[int], values: dict[str, Any], base: str) -> None:
    """What is referred to, by its address and by its identifier."""
    stem = f"{one.name}="
    local: list[str] = []
    for value, kind, _ in nodes:
        if kind != "Reference":
            if type(value) is str:
                tokens.update(known_token(f"{stem}{text}") for text in _versions(value))
            continue
        address = reference_text(value, base)
        if address:
            tokens.add(token(f"{stem}{address}"))
            if _is_local(address):
                local.append(address)
        identifier = value.get("identifier")
        if identifier:
            for system, code in codings((identifier, "Identifier", None)):
                if code:
                    tokens.add(token(f"{one.name}:identifier={system}|{code}"))
                    tokens.add(token(f"{one.name}:identifier=*|{code}"))
    if local:
        values[one.code] = list(dict.fromkeys(local))


def add_uris(one: Indexed, nodes: Nodes, tokens: set[int], values: dict[str, Any]) -> None:
    """Addresses as they are; of a canonical also without its version."""
    found = [value for value, _, _ in nodes if type(value) is str]
    for value, kind, _ in nodes:
        if type(value) is str:
            wanted = _versions(value) if kind == "canonical" else (value,)
            tokens.update(known_token(f"{one.name}={text}") for text in wanted)
    if found and one.is_sorted_by:
        values[one.code] = list(dict.fromkeys(found))


def codings(node: Node) -> Iterator[tuple[str, str]]:
    """Each system and code; either is empty where there is none."""
    value, kind, _ = node
    if type(value) is dict:
        match kind:
            case "CodeableConcept":
                for coding in value.get("coding", ()):
                    yield coding.get("system", ""), coding.get("code", "")
            case "Coding":
                yield value.get("system", ""), value.get("code", "")
            case "Identifier" | "ContactPoint":
                yield value.get("system", ""), value.get("value", "")
    elif kind == "boolean":
        yield "", "true" if value else "false"
    elif kind in _CODED:
        yield "", value


def reference_text(reference: Any, base: str = "") -> str | None:
    """`Type/id` for what is here, else the address as it is, without version; None for what is contained."""
    text = reference.get("reference") if type(reference) is dict else None
    if type(text) is not str or text.startswith("#"):
        return None
    if base:
        text = text.removeprefix(f"{base}/")
    return text.split("/_history/", 1)[0]


def _is_local(address: str) -> bool:
    return address.count("/") == 1 and address.split("/", 1)[0] in resource_types()


def _versions(canonical: str) -> tuple[str, ...]:
    url, bar, _ = canonical.partition("|")
    return (canonical, url) if bar else (canonical,)


def _texts(node: Node) -> Iterator[str]:
    """What people read in place of the code: displays, texts, and the text of an identifier's type."""
    value, kind, _ = node
    if type(value) is not dict:
        return
    match kind:
        case "Coding":
            found = [value.get("display")]
        case "CodeableConcept":
            found = [value.get("text"), *(coding.get("display") for coding in value.get("coding", ()))]
        case "Identifier":
            found = [value.get("type", {}).get("text")]
        case _:
            return
    yield from (text for text in found if text)


def _typed_values(identifier: Any) -> Iterator[str]:
    for coding in identifier.get("type", {}).get("coding", ()):
        if "code" in coding and "value" in identifier:
            yield f"{coding.get('system', '')}|{coding['code']}|{identifier['value']}"
