"""What an expression says of one resource type, and which elements it looks at, read off its tree."""

from collections.abc import Iterator
from functools import cache

from carecord.fhir_api.definitions import Element, value_set
from carecord.fhir_api.fhirpath.grammar import (
    Binary,
    Call,
    Index,
    Member,
    NotSupported,
    Tree,
    TypeTest,
    parse,
)
from carecord.fhir_api.fhirpath.nodes import element_below, is_a, is_primitive, members


def branches(expression: str, type_name: str) -> list[Tree]:
    """The branches of a union but those that begin with another type; this one's name is left out."""
    kept = [branch for branch in _branches(parse(expression)) if _begins_with(branch) in (None, type_name)]
    if not kept:
        raise NotSupported(f"the expression says nothing of {type_name}")
    return [_without_type(branch, type_name) for branch in kept]


@cache
def reads(expression: str, type_name: str) -> frozenset[str] | None:
    """The names in JSON, right below the resource, without which a search expression finds nothing.

    None where it may find something in any resource.
    """
    names: set[str] = set()
    for branch in branches(expression, type_name):
        path = _steps(branch)
        if not path or not isinstance(path[0], Member) or path[0].name[0].isupper():
            return None
        wanted = _wanted_type(path[1]) if len(path) > 1 else None
        for name, sibling, kind in members(type_name).get(path[0].name, ()):
            if wanted is None or is_a(kind, wanted):
                names.update({name, sibling} - {""})
    return frozenset(names)


Path = list[list[tuple[str, str]]]
"""Step by step the names that it may have in JSON, each with its type; but for the last step there is one."""


def path_of(branch: Tree, type_name: str) -> tuple[Path, list[Tree]]:
    """The names that a branch begins with, as far as they are known beforehand, and what is left."""
    steps = _steps(branch)
    path: Path = []
    kind = type_name
    for at, one in enumerate(steps):
        wanted = _wanted_type(one)
        if wanted and path:
            path[-1] = [(name, end) for name, end in path[-1] if is_a(end, wanted)]
        elif not isinstance(one, Member) or (path and len(path[-1]) != 1):
            return path, _callable(steps[at:], path)
        else:
            kind = path[-1][0][1] if path else type_name
            below = [(name, end) for name, _, end in members(kind).get(one.name, ())]
            if not below or any(end == "Resource" for _, end in below):
                return path, _callable(steps[at:], path)
            path.append(below)
    return path, []


def _callable(rest: list[Tree], path: Path) -> list[Tree]:
    """What is left. The path is forgotten if that is more than calls, or looks below a primitive."""
    of_primitives = path and any(is_primitive(end) for _, end in path[-1])
    if of_primitives or not all(isinstance(one, Member | Call) for one in rest):
        path.clear()
    return rest


@cache
def bound_system(expression: str, type_name: str) -> str | None:
    """The one code system of the required bindings of the code elements that a search expression ends at."""
    systems: set[str] = set()
    for branch in branches(expression, type_name):
        for element in _ends(branch, type_name):
            if element.types == ("code",):
                systems.update((value_set(element.binding) or {}) if element.binding else ())
    return systems.pop() if len(systems) == 1 else None


def _ends(branch: Tree, type_name: str) -> Iterator[Element]:
    """The element that a path of names ends at; none where it is a choice, or more than a path."""
    kind, found = type_name, None
    for one in _steps(branch):
        if not isinstance(one, Member):
            continue
        found = element_below(kind, one.name)
        below = members(kind).get(one.name, ())
        if found is None or len(below) != 1:
            return
        kind = below[0][2]
    if found is not None:
        yield found


def _branches(tree: Tree) -> list[Tree]:
    if isinstance(tree, Binary) and tree.operator == "|":
        return [*_branches(tree.left), *_branches(tree.right)]
    return [tree]


def _steps(tree: Tree) -> list[Tree]:
    """From the first step on; empty where it does not begin with a step."""
    path: list[Tree] = []
    current: Tree | None = tree
    while isinstance(current, Member | Call | Index | TypeTest):
        path.append(current)
        current = current.of
    return path[::-1] if current is None else []


def _wanted_type(tree: Tree) -> str | None:
    match tree:
        case Call(_, "ofType" | "as", (Member(_, name),)) | TypeTest(_, "as", name):
            return name
    return None


def _begins_with(branch: Tree) -> str | None:
    path = _steps(branch)
    if not path or not isinstance(path[0], Member) or not path[0].name[0].isupper():
        return None
    return None if path[0].name in ("Resource", "DomainResource") else path[0].name


def _without_type(tree: Tree, type_name: str) -> Tree:
    match tree:
        case Member(Member(None, name), member) if name in (type_name, "Resource", "DomainResource"):
            return Member(None, member)
        case Member(of, member) if of is not None:
            return Member(_without_type(of, type_name), member)
        case Call(of, name, arguments) if of is not None:
            return Call(_without_type(of, type_name), name, arguments)
        case Index(of, at):
            return Index(_without_type(of, type_name), at)
        case TypeTest(of, sign, wanted):
            return TypeTest(_without_type(of, type_name), sign, wanted)
    return tree
