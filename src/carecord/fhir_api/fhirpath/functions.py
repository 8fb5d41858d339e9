"""The functions of FHIRPath that R4's expressions call."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from carecord.fhir_api.definitions import resource_types
from carecord.fhir_api.fhirpath.comparing import distinct, key, truth
from carecord.fhir_api.fhirpath.grammar import (
    Binary,
    Call,
    Literal,
    Member,
    NotSupported,
    Tree,
    TypeTest,
    type_name,
)
from carecord.fhir_api.fhirpath.nodes import Node, Nodes, below, is_a, node_of, step

TRUE: Nodes = ((True, "boolean", None),)
FALSE: Nodes = ((False, "boolean", None),)
NOTHING: Nodes = ()


class Setting:
    """What an expression is evaluated in: the resource, and the one that contains it."""

    __slots__ = ("below", "resource", "root")

    def __init__(self, resource: Node, root: Node) -> None:
        self.resource = resource
        self.root = root
        self.below: dict[int, list[Node]] = {}
        """Descendants found already, by identity of what they are below."""


Run = Callable[[Nodes, Nodes, Setting], Nodes]
"""Of the input, of `$this` and of the setting makes the result."""

Build = Callable[[Sequence[Run], Sequence[Tree]], Run]


def yes_or_no(value: bool | None) -> Nodes:
    return NOTHING if value is None else TRUE if value else FALSE


def function(name: str, arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    """The call of this function; NotSupported where we have none of this name and number of arguments."""
    try:
        build, least, most = _FUNCTIONS[name]
    except KeyError:
        raise NotSupported(f"no function {name}()") from None
    if not least <= len(arguments) <= most:
        raise NotSupported(f"{name}() does not take {len(arguments)} arguments")
    return build(arguments, trees)


_FUNCTIONS: dict[str, tuple[Build, int, int]] = {}


def _takes(least: int, most: int | None = None, *, names: Sequence[str] = ()) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        for name in names or (build.__name__.strip("_"),):
            _FUNCTIONS[name] = (build, least, least if most is None else most)
        return build

    return register


def _of_input(name: str, make: Callable[[Nodes], Nodes]) -> None:
    """A function without arguments."""
    _FUNCTIONS[name] = (lambda arguments, trees: lambda nodes, this, setting: make(nodes), 0, 0)


def _of_text(name: str, make: Callable[..., Any], kind: str, arguments: int = 0) -> None:
    """A function of one text and of single values; nothing where any of them is missing."""

    def build(given: Sequence[Run], trees: Sequence[Tree]) -> Run:
        def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
            if len(nodes) != 1 or type(nodes[0][0]) is not str:
                return NOTHING
            values = [one(this, this, setting) for one in given]
            if any(len(one) != 1 for one in values):
                return NOTHING
            made = make(nodes[0][0], *(one[0][0] for one in values))
            return NOTHING if made is None else ((made, kind, None),)

        return run

    _FUNCTIONS[name] = (build, arguments, arguments)


def _matches(text: str, pattern: str) -> bool:
    return _pattern(pattern).search(text) is not None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


_of_text("startsWith", str.startswith, "boolean", 1)
_of_text("endsWith", str.endswith, "boolean", 1)
_of_text("contains", lambda text, part: part in text, "boolean", 1)
_of_text("matches", _matches, "boolean", 1)
_of_text("indexOf", str.find, "integer", 1)
_of_text("length", len, "integer")
_of_text("lower", str.lower, "string")
_of_text("upper", str.upper, "string")

_of_input("empty", lambda nodes: FALSE if nodes else TRUE)
_of_input("count", lambda nodes: ((len(nodes), "integer", None),))
_of_input("not", lambda nodes: yes_or_no(None if (said := truth(nodes)) is None else not said))
_of_input("hasValue", lambda nodes: yes_or_no(len(nodes) == 1 and nodes[0][0] is not None))
_of_input("first", lambda nodes: nodes[:1])
_of_input("last", lambda nodes: nodes[-1:])
_of_input("tail", lambda nodes: nodes[1:])
_of_input("single", lambda nodes: nodes if len(nodes) == 1 else NOTHING)
_of_input("distinct", distinct)
_of_input("isDistinct", lambda nodes: yes_or_no(len({key(one) for one in nodes}) == len(nodes)))
_of_input("children", below)
_of_input("allTrue", lambda nodes: yes_or_no(all(one[0] is True for one in nodes)))
_of_input("allFalse", lambda nodes: yes_or_no(all(one[0] is False for one in nodes)))
_of_input("anyTrue", lambda nodes: yes_or_no(any(one[0] is True for one in nodes)))
_of_input("anyFalse", lambda nodes: yes_or_no(any(one[0] is False for one in nodes)))
# Narratives are checked where the structure is.
_of_input("htmlChecks", lambda nodes: TRUE)


@_takes(1, 2)
def _substring(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        numbers = [one(this, this, setting) for one in arguments]
        if len(nodes) != 1 or type(nodes[0][0]) is not str or not all(numbers):
            return NOTHING
        text = nodes[0][0]
        start, *length = (one[0][0] for one in numbers)
        if not 0 <= start < len(text):
            return NOTHING
        return ((text[start : start + length[0]] if length else text[start:], "string", None),)

    return run


@_takes(0, 1)
def _exists(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    if not arguments:
        return lambda nodes, this, setting: TRUE if nodes else FALSE
    criterion = arguments[0]
    return lambda nodes, this, setting: yes_or_no(
        any(truth(criterion((one,), (one,), setting)) for one in nodes)
    )


@_takes(1)
def _where(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    match trees[0]:
        case TypeTest(Call(None, "resolve", ()), "is", name):
            # A quarter of all expressions on references: not worth a node made of each that it points to.
            return lambda nodes, this, setting: [one for one in nodes if _refers_to(one, name, setting)]
        case Binary("=", Member(None, name), Literal(str(text), "string")):
            return _where_text(name, text, arguments[0])
    criterion = arguments[0]
    return lambda nodes, this, setting: [one for one in nodes if truth(criterion((one,), (one,), setting))]


def _where_text(name: str, text: str, criterion: Run) -> Run:
    """`where(system = 'phone')`: told from the JSON, if the element is a single text."""

    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        out: list[Node] = []
        for one in nodes:
            found = one[0].get(name) if type(one[0]) is dict else None
            if found == text if type(found) is str else truth(criterion((one,), (one,), setting)):
                out.append(one)
        return out

    return run


@_takes(1)
def _all(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    criterion = arguments[0]
    return lambda nodes, this, setting: yes_or_no(
        all(truth(criterion((one,), (one,), setting)) for one in nodes)
    )


@_takes(1)
def _select(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    projection = arguments[0]
    return lambda nodes, this, setting: [
        made for one in nodes for made in projection((one,), (one,), setting)
    ]


@_takes(1)
def _repeat(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    projection = arguments[0]

    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        seen: dict[Any, Node] = {}
        waiting = list(nodes)
        while waiting:
            found = [made for one in waiting for made in projection((one,), (one,), setting)]
            waiting = [one for one in found if key(one) not in seen]
            seen.update((key(one), one) for one in waiting)
        return list(seen.values())

    return run


@_takes(0)
def _descendants(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        if len(nodes) != 1:
            return _all_below(nodes)
        place = id(nodes[0][0])
        if place not in setting.below:
            setting.below[place] = _all_below(nodes)
        return setting.below[place]

    return run


def _all_below(nodes: Nodes) -> list[Node]:
    out: list[Node] = []
    while nodes:
        nodes = below(nodes)
        out.extend(nodes)
    return out


@_takes(2, 3)
def _iif(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    criterion, then, *rest = arguments

    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        if truth(criterion(nodes, nodes, setting)):
            return then(nodes, nodes, setting)
        return rest[0](nodes, nodes, setting) if rest else NOTHING

    return run


@_takes(1, 2)
def _trace(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    return lambda nodes, this, setting: nodes


@_takes(1)
def _extension(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        url = arguments[0](this, this, setting)[0][0]
        return [one for one in step(nodes, "extension") if type(one[0]) is dict and one[0].get("url") == url]

    return run


@_takes(1)
def _union(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    return lambda nodes, this, setting: distinct([*nodes, *arguments[0](this, this, setting)])


@_takes(1)
def _intersect(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        others = {key(one) for one in arguments[0](this, this, setting)}
        return distinct([one for one in nodes if key(one) in others])

    return run


@_takes(0, names=["toInteger"])
def _to_integer(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        value: Any = nodes[0][0] if len(nodes) == 1 else None
        if type(value) in (int, bool) or (type(value) is str and re.fullmatch(r"[+-]?[0-9]+", value)):
            return ((int(value), "integer", None),)
        return NOTHING

    return run


@_takes(0, names=["toString"])
def _to_string(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        value = nodes[0][0] if len(nodes) == 1 else None
        if value is None or type(value) in (dict, list):
            return NOTHING
        return ((str(value).lower() if type(value) is bool else str(value), "string", None),)

    return run


def of_type(wanted: str) -> Callable[[Node], bool]:
    """Whether a node is of this type."""

    def check(node: Node) -> bool:
        value, kind, _ = node
        if kind:
            return is_a(kind, wanted)
        return type(value) is dict and value.get("resourceType") == wanted

    return check


@_takes(1, names=["as", "ofType"])
def _as(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    check = of_type(type_name(trees[0]))
    return lambda nodes, this, setting: [one for one in nodes if check(one)]


@_takes(1)
def _is(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    check = of_type(type_name(trees[0]))
    return lambda nodes, this, setting: yes_or_no(check(nodes[0]) if len(nodes) == 1 else None)


@_takes(0)
def _resolve(arguments: Sequence[Run], trees: Sequence[Tree]) -> Run:
    return lambda nodes, this, setting: [
        made for one in nodes if (made := _resolved(one, setting)) is not None
    ]


def _resolved(node: Node, setting: Setting) -> Node | None:
    """What a reference points to: a contained resource, or of any other its type, as the reference says."""
    reference = node[0] if type(node[0]) is dict else {"reference": node[0]}
    text = reference.get("reference")
    if type(text) is str and text.startswith("#"):
        for one in setting.root[0].get("contained", ()):
            if type(one) is dict and one.get("id") == text[1:]:
                return node_of(one)
        return setting.root if text == "#" else None
    name = referred_type(text) if type(text) is str else None
    name = name or reference.get("type")
    return node_of({"resourceType": name}) if type(name) is str else None


def _refers_to(node: Node, wanted: str, setting: Setting) -> bool:
    value = node[0]
    text = value.get("reference") if type(value) is dict else value
    if type(text) is str and text.startswith(f"{wanted}/"):
        return True
    found = _resolved(node, setting)
    return found is not None and of_type(wanted)(found)


def referred_type(text: str) -> str | None:
    """The resource type in `Patient/1`, `https://…/Patient/1/_history/2`; None where there is none."""
    parts = text.split("/_history/", 1)[0].split("/")
    return parts[-2] if len(parts) > 1 and parts[-2] in resource_types() else None
