"""What FHIRPath walks over: values of JSON, each with its FHIR type, and the way to those below it."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from carecord.fhir_api.definitions import Element, children, structure

Node = tuple[Any, str, Any]
"""A value (None where a primitive has extensions alone), its FHIR type, of a primitive its `_name` sibling.

The type of a backbone element is its path (`Patient.contact`). Of a resource that we have no table of, and of
all below it, it is empty.
"""
Nodes = Sequence[Node]

_Member = tuple[str, str, str]
"""The name in JSON, the name of its `_` sibling (empty where it is not primitive), the type."""

_SYSTEM = {
    "Boolean": "boolean",
    "Date": "date",
    "DateTime": "dateTime",
    "Decimal": "decimal",
    "Integer": "integer",
    "String": "string",
    "Time": "time",
}
"""FHIRPath's own types, which FHIR's primitives are taken for."""


def node_of(resource: Mapping[str, Any]) -> Node:
    """A resource as a node."""
    return resource, _resource_type(resource), None


@cache
def members(type_name: str) -> Mapping[str, tuple[_Member, ...]]:
    """By the name in FHIRPath: what it may be in JSON, a choice (`value`) being many."""
    found: dict[str, tuple[_Member, ...]] = {}
    for name, element in _children(type_name).items():
        found[name.removesuffix("[x]")] = tuple(
            (json_name, f"_{json_name}" if is_primitive(kind) else "", kind)
            for json_name, kind in _json_types(element).items()
        )
    return found


def element_below(type_name: str, name: str) -> Element | None:
    """The element of this name right below a type or path; of a choice none."""
    return _children(type_name).get(name)


@cache
def is_primitive(type_name: str) -> bool:
    return "." not in type_name and _kind(type_name) == "primitive-type"


@cache
def is_a(type_name: str, wanted: str) -> bool:
    """Whether the type is the wanted one, or made from it: every code is a string."""
    wanted = _SYSTEM.get(wanted, wanted)
    current: str | None = type_name
    while current:
        if current == wanted:
            return True
        current = _base(current)
    return False


def type_at(path: str) -> Callable[[Any], str]:
    """Of a value at this path its type: what a choice is shows in whether the value is an object."""
    if "." not in path:
        return lambda value: path
    element = structure(path.partition(".")[0]).elements[path]
    kinds = list(_json_types(element).values())
    complex_kind = next((kind for kind in kinds if not is_primitive(kind)), kinds[0])
    simple_kind = next((kind for kind in kinds if is_primitive(kind)), kinds[0])
    return lambda value: complex_kind if type(value) is dict else simple_kind


def step(nodes: Nodes, name: str) -> list[Node]:
    """All that stands under this name."""
    out: list[Node] = []
    for value, kind, extras in nodes:
        if type(value) is dict:
            if not kind:
                _plain(out, value, name)
                continue
            for member in members(kind).get(name, ()):
                _take(out, value, member)
        elif extras and name in ("extension", "id"):
            _take(
                out, extras, ("extension", "", "Extension") if name == "extension" else ("id", "", "string")
            )
    return out


def below(nodes: Nodes) -> list[Node]:
    """All that stands right below."""
    out: list[Node] = []
    for value, kind, extras in nodes:
        if type(value) is dict:
            if not kind:
                for name in value:
                    _plain(out, value, name)
                continue
            by_json_name = _by_json_name(kind)
            for name in value:
                if (member := by_json_name.get(name)) and (name == member[0] or member[0] not in value):
                    _take(out, value, member)
        elif extras:
            _take(out, extras, ("extension", "", "Extension"))
    return out


def _take(out: list[Node], value: Mapping[str, Any], member: _Member) -> None:
    name, sibling, kind = member
    found = value.get(name)
    if sibling:
        extras = value.get(sibling)
        if extras is not None:
            _take_primitives(out, found, extras, kind)
            return
    if found is None:
        return
    if kind == "Resource":
        for one in found if type(found) is list else (found,):
            if type(one) is dict:
                out.append(node_of(one))
    elif type(found) is list:
        out.extend([(one, kind, None) for one in found if one is not None])
    else:
        out.append((found, kind, None))


def _take_primitives(out: list[Node], found: Any, extras: Any, kind: str) -> None:
    """Values beside their extensions: in arrays the n-th beside the n-th, null where there is none."""
    if type(extras) is not list:
        out.append((found, kind, extras))
        return
    values = found if type(found) is list else []
    for at in range(max(len(values), len(extras))):
        value = values[at] if at < len(values) else None
        extra = extras[at] if at < len(extras) else None
        if value is not None or extra is not None:
            out.append((value, kind, extra))


def _plain(out: list[Node], value: Mapping[str, Any], name: str) -> None:
    """Below a resource that we have no table of: what JSON has, types unknown."""
    found = value.get(name)
    if name in ("resourceType", "fhir_comments") or name.startswith("_"):
        return
    for one in found if type(found) is list else (found,):
        if type(one) is dict and "resourceType" in one:
            out.append(node_of(one))
        elif one is not None:
            out.append((one, "", None))


@cache
def _by_json_name(type_name: str) -> Mapping[str, _Member]:
    """By the name in JSON and by that of the `_` sibling."""
    found = {one[0]: one for many in members(type_name).values() for one in many}
    return found | {one[1]: one for one in found.values() if one[1]}


def _json_types(element: Element) -> dict[str, str]:
    if element.content:
        return {element.name: element.content}
    found = element.json_names()
    if element.types and element.types[0] in ("BackboneElement", "Element") and children(element.path):
        return dict.fromkeys(found, element.path)
    return found


def _children(type_name: str) -> Mapping[str, Element]:
    if "." in type_name:
        return children(type_name)
    return children(type_name) if _kind(type_name) else {}


@cache
def _kind(type_name: str) -> str | None:
    try:
        return structure(type_name).kind
    except KeyError:
        return None


def _base(type_name: str) -> str | None:
    if "." in type_name:
        return "BackboneElement"
    if type_name == "DomainResource":
        return "Resource"
    try:
        return structure(type_name).base
    except KeyError:
        return None


def _resource_type(resource: Mapping[str, Any]) -> str:
    """Empty where it says none that we have a table of."""
    name = resource.get("resourceType")
    return name if type(name) is str and _kind(name) == "resource" else ""
