"""Tokens, references and URIs: what is found exactly."""

from collections.abc import Iterator
from typing import Any

from carecord.fhir_api.definitions import resource_types
from carecord.fhir_api.fhirpath import Node, Nodes
from carecord.fhir_api.indexing.parameters import Indexed
from carecord.fhir_api.indexing.reading import Reading
from carecord.fhir_api.indexing.texts import known_fold, known_token, remembering, token

_CODED = frozenset({"code", "string", "uri", "id", "markdown", "oid", "url", "canonical", "uuid"})

_ONE_RESOURCE_ALONE = frozenset({"Identifier", "ContactPoint"})
"""Tokens of these are not worth remembering."""


def add_tokens(one: Indexed, nodes: Nodes, read: Reading) -> None:
    """Codes with and without their system, the first for sorting, and the texts beside them for `:text`."""
    first: str | None = None
    texts: list[str] = []
    name, tokens = one.name, read.tokens
    for node in nodes:
        kind = node[1]
        is_object = type(node[0]) is dict
        found, said = read.once("coded", node, _coded) if is_object else (codings(node), [])
        texts += said
        for system, code in found:
            first = first or code
            if kind in _ONE_RESOURCE_ALONE:
                tokens.update(_forms(name, system, code))
                continue
            tokens.update(_known_forms(name, system, code))
            if one.system and kind == "code":
                tokens.add(known_token(f"{name}={one.system}|{code}"))
        if kind == "Identifier":
            tokens.update([token(f"{name}:of-type={text}") for text in _typed_values(node[0])])
    if not one.is_sorted_by:
        return
    if texts:
        read.values[f"{one.code}:text"] = list(dict.fromkeys(texts))
        first = first or texts[0]
    if first:
        read.values[one.code] = [first]


def _coded(node: Node) -> tuple[list[tuple[str, str]], list[str]]:
    return codings(node), _texts(node)


def _forms(name: str, system: str, code: str) -> list[int]:
    """With its system, with any; and the system alone."""
    found = [token(f"{name}={system}|{code}"), token(f"{name}=*|{code}")] if code else []
    if system:
        found.append(known_token(f"{name}={system}|"))
    return found


_known_forms = remembering(_forms)


def add_references(one: Indexed, nodes: Nodes, read: Reading) -> None:
    """What is referred to, by its address and by its identifier."""
    stem = f"{one.name}="
    local: list[str] = []
    for value, kind, _ in nodes:
        if kind != "Reference":
            if type(value) is str:
                read.tokens.update(known_token(f"{stem}{text}") for text in _versions(value))
            continue
        address = reference_text(value, read.base)
        if address:
            read.tokens.add(known_token(f"{stem}{address}"))
            if _is_local(address):
                local.append(address)
        identifier = value.get("identifier")
        if identifier:
            for system, code in codings((identifier, "Identifier", None)):
                if code:
                    read.tokens.add(token(f"{one.name}:identifier={system}|{code}"))
                    read.tokens.add(token(f"{one.name}:identifier=*|{code}"))
    if local:
        read.values[one.code] = list(dict.fromkeys(local))


def add_uris(one: Indexed, nodes: Nodes, read: Reading) -> None:
    """Addresses as they are; of a canonical also without its version."""
    found = [value for value, _, _ in nodes if type(value) is str]
    for value, kind, _ in nodes:
        if type(value) is str:
            wanted = _versions(value) if kind == "canonical" else (value,)
            read.tokens.update(known_token(f"{one.name}={text}") for text in wanted)
    if found and one.is_sorted_by:
        read.values[one.code] = list(dict.fromkeys(found))


def codings(node: Node) -> list[tuple[str, str]]:
    """Each system and code; either is empty where there is none."""
    value, kind, _ = node
    if type(value) is dict:
        match kind:
            case "CodeableConcept":
                return [(one.get("system", ""), one.get("code", "")) for one in value.get("coding", ())]
            case "Coding":
                return [(value.get("system", ""), value.get("code", ""))]
            case "Identifier" | "ContactPoint":
                return [(value.get("system", ""), value.get("value", ""))]
    elif kind == "boolean":
        return [("", "true" if value else "false")]
    elif kind in _CODED:
        return [("", value)]
    return []


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


def _texts(node: Node) -> list[str]:
    """What people read in place of the code: displays, texts, the text of an identifier's type; folded."""
    value, kind, _ = node
    match kind:
        case "Coding":
            found = [value.get("display")]
        case "CodeableConcept":
            found = [value.get("text"), *[coding.get("display") for coding in value.get("coding", ())]]
        case "Identifier":
            found = [value.get("type", {}).get("text")]
        case _:
            return []
    return [known_fold(text) for text in found if text]


def _typed_values(identifier: Any) -> Iterator[str]:
    for coding in identifier.get("type", {}).get("coding", ()):
        if "code" in coding and "value" in identifier:
            yield f"{coding.get('system', '')}|{coding['code']}|{identifier['value']}"
