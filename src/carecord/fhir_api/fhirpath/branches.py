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
from carecord.fhir_api.fhirpath.nodes import element_below, is_a, members


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
