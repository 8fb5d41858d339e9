"""Makes closures of FHIRPath expressions."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, Protocol

from carecord.fhir_api.fhirpath.branches import Path, branches, path_of
from carecord.fhir_api.fhirpath.comparing import distinct, equal, equivalent, key, order, truth
from carecord.fhir_api.fhirpath.functions import (
    FALSE,
    NOTHING,
    TRUE,
    Run,
    Setting,
    function,
    of_type,
    yes_or_no,
)
from carecord.fhir_api.fhirpath.grammar import (
    Binary,
    Call,
    Index,
    Literal,
    Member,
    Nothing,
    NotSupported,
    Tree,
    TypeTest,
    Variable,
    parse,
)
from carecord.fhir_api.fhirpath.nodes import Node, Nodes, node_of, step, type_at

Typed = Callable[[Mapping[str, Any]], Nodes]
"""Of a resource makes what an expression finds in it, with types."""

_TYPES_OF_ARGUMENTS = frozenset({"as", "is", "ofType"})
_URLS = {"%ucum": "http://unitsofmeasure.org", "%sct": "http://snomed.info/sct", "%loinc": "http://loinc.org"}


class Check(Protocol):
    """Whether an invariant holds: not for certain broken."""

    def __call__(
        self,
        value: Any,
        resource: Mapping[str, Any],
        *,
        root: Mapping[str, Any] | None = None,
        extras: Any = None,
    ) -> bool:
        """Of `value`, an element of `resource`, which `root` contains.

        `extras` is a primitive's `_name` sibling.
        """


@cache
def compiled(expression: str, type_name: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    """The values that a search expression finds in a resource of this type; extensions alone are none."""
    find = typed(expression, type_name)
    return lambda resource: [value for value, _, _ in find(resource)]


@cache
def typed(expression: str, type_name: str) -> Typed:
    """The same with types. What an expression says of other resource types is left out.

    A union keeps what it finds twice: 1.0 and 1.00 are one value, but not found by the same searches.
    """
    finds = [_find(branch, type_name) for branch in branches(expression, type_name)]
    if len(finds) == 1:
        return finds[0]
    return lambda resource: [node for find in finds for node in find(resource)]


def _find(branch: Tree, type_name: str) -> Typed:
    """A path of names is walked without asking for types, which are known before; what follows it is not."""
    path, rest = path_of(branch, type_name)
    walk = _walk(path) if path else None
    if walk and not rest:
        return walk
    run = _compile_steps(rest) if walk else _compile(branch)

    def find(resource: Mapping[str, Any]) -> Nodes:
        node = (resource, type_name, None)
        nodes = walk(resource) if walk else (node,)
        if not nodes:
            return NOTHING
        return [one for one in run(nodes, (node,), Setting(node, node)) if one[0] is not None]

    return find


def _walk(path: Path) -> Typed:
    """Down a path: by name in JSON, then all that may stand at its end with its type."""
    names = [name for ((name, _),) in path[:-1]]
    ends = path[-1]
    if len(names) < 2 and len(ends) == 1:
        walk = _walk_one(*ends[0])
        return _walk_below(names[0], walk) if names else walk

    def walk_down(resource: Mapping[str, Any]) -> Nodes:
        level: list[Any] = [resource]
        for name in names:
            below: list[Any] = []
            for value in level:
                found = value.get(name)
                if type(found) is list:
                    below += [one for one in found if type(one) is dict]
                elif type(found) is dict:
                    below.append(found)
            level = below
        out: list[Node] = []
        for value in level:
            for name, kind in ends:
                found = value.get(name)
                if type(found) is list:
                    out += [(one, kind, None) for one in found if one is not None]
                elif found is not None:
                    out.append((found, kind, None))
        return out

    return walk_down


@cache
def holds(expression: str, type_name: str) -> Check:
    """The check of an invariant of a type or of an element's path; what it leaves unknown is not broken."""
    run = _compile(parse(expression))
    kind_of = type_at(type_name)

    def check(
        value: Any,
        resource: Mapping[str, Any],
        *,
        root: Mapping[str, Any] | None = None,
        extras: Any = None,
    ) -> bool:
        nodes = ((value, kind_of(value), extras),)
        around = node_of(resource)
        setting = Setting(around, around if root is None else node_of(root))
        return truth(run(nodes, nodes, setting)) is not False

    return check


def _walk_one(name: str, kind: str) -> Typed:
    """The same down one step to one type, which most paths are."""

    def walk(resource: Mapping[str, Any]) -> Nodes:
        found = resource.get(name)
        if type(found) is list:
            return [(one, kind, None) for one in found if one is not None]
        return NOTHING if found is None else ((found, kind, None),)

    return walk


def _walk_below(name: str, walk: Typed) -> Typed:
    """The same down one step more."""

    def walk_below(resource: Mapping[str, Any]) -> Nodes:
        found = resource.get(name)
        if type(found) is dict:
            return walk(found)
        if type(found) is not list:
            return NOTHING
        return [node for one in found if type(one) is dict for node in walk(one)]

    return walk_below


def _compile(tree: Tree) -> Run:
    match tree:
        case Literal(value, kind):
            made: Nodes = ((value, kind, None),)
            return lambda nodes, this, setting: made
        case Nothing():
            return lambda nodes, this, setting: NOTHING
        case Variable(name):
            return _variable(name)
        case Member():
            return _member(tree)
        case Call():
            return _call(tree)
        case Index(of, at):
            return _index(_compile(of), _compile(at))
        case TypeTest(of, sign, wanted):
            return _then(_compile(of), function(sign, [_nothing], [Member(None, wanted)]))
        case Binary(sign, left, right):
            return _binary(sign, _compile(left), _compile(right))


def _compile_steps(steps: Sequence[Tree]) -> Run:
    """What follows a path: each step of what the one before it made."""
    run, *others = (_compile(replace(one, of=None)) for one in steps if isinstance(one, Member | Call))
    for other in others:
        run = _then(run, other)
    return run


def _nothing(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
    return NOTHING


def _then(first: Run, then: Run) -> Run:
    return lambda nodes, this, setting: then(first(nodes, this, setting), this, setting)


def _variable(name: str) -> Run:
    match name:
        case "$this":
            return lambda nodes, this, setting: this
        case "%resource" | "%context":
            return lambda nodes, this, setting: (setting.resource,)
        case "%rootResource":
            return lambda nodes, this, setting: (setting.root,)
    if name not in _URLS:
        raise NotSupported(f"no variable {name}")
    url: Nodes = ((_URLS[name], "string", None),)
    return lambda nodes, this, setting: url


def _member(tree: Member) -> Run:
    name = tree.name
    if tree.of is None:
        if name[0].isupper():
            check = of_type(name)
            return lambda nodes, this, setting: [one for one in nodes if check(one)]
        return lambda nodes, this, setting: step(nodes, name)
    of = _compile(tree.of)
    return lambda nodes, this, setting: step(of(nodes, this, setting), name)


def _call(tree: Call) -> Run:
    if tree.name in _TYPES_OF_ARGUMENTS:
        arguments: list[Run] = [_nothing] * len(tree.arguments)
    else:
        arguments = [_compile(one) for one in tree.arguments]
    run = function(tree.name, arguments, tree.arguments)
    return run if tree.of is None else _then(_compile(tree.of), run)


def _index(of: Run, at: Run) -> Run:
    def run(nodes: Nodes, this: Nodes, setting: Setting) -> Nodes:
        found, where = of(nodes, this, setting), at(this, this, setting)
        return found[where[0][0] : where[0][0] + 1] if where else NOTHING

    return run


def _binary(sign: str, left: Run, right: Run) -> Run:
    """Either side is of what is looked at now, whatever it is."""
    combine = _OPERATORS[sign]
    if sign in _LAZY:
        return lambda nodes, this, setting: yes_or_no(
            _LAZY[sign](truth(left(nodes, this, setting)), lambda: truth(right(nodes, this, setting)))
        )
    return lambda nodes, this, setting: combine(left(nodes, this, setting), right(nodes, this, setting))


def _and(one: bool | None, other: Callable[[], bool | None]) -> bool | None:
    if one is False:
        return False
    then = other()
    return False if then is False else None if one is None or then is None else True


def _or(one: bool | None, other: Callable[[], bool | None]) -> bool | None:
    if one:
        return True
    then = other()
    return True if then else None if one is None or then is None else False


def _implies(one: bool | None, other: Callable[[], bool | None]) -> bool | None:
    return _or(None if one is None else not one, other)


def _xor(one: bool | None, other: Callable[[], bool | None]) -> bool | None:
    then = other()
    return None if one is None or then is None else one is not then


_LAZY = {"and": _and, "or": _or, "implies": _implies, "xor": _xor}


def _ordered(check: Callable[[int, int], bool]) -> Callable[[Nodes, Nodes], Nodes]:
    def run(left: Nodes, right: Nodes) -> Nodes:
        said = order(left, right)
        return NOTHING if said is None else yes_or_no(check(said, 0))

    return run


def _not(said: bool | None) -> bool | None:
    return None if said is None else not said


def _within(left: Nodes, right: Nodes) -> Nodes:
    if len(left) != 1:
        return NOTHING
    return TRUE if key(left[0]) in {key(one) for one in right} else FALSE


def _plus(left: Nodes, right: Nodes) -> Nodes:
    return _joined(left, right) if left and right else NOTHING


def _joined(left: Nodes, right: Nodes) -> Nodes:
    """`&`: texts one after the other, nothing being an empty one; of two numbers (by `+` alone) the sum."""
    one = left[0][0] if left else ""
    other = right[0][0] if right else ""
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return ((one + other, left[0][1], None),)
    return ((str(one) + str(other), "string", None),)


def _minus(left: Nodes, right: Nodes) -> Nodes:
    if not left or not right:
        return NOTHING
    return ((left[0][0] - right[0][0], right[0][1], None),)


def _union(left: Nodes, right: Nodes) -> Nodes:
    if not right:
        return left
    return distinct([*left, *right])


_OPERATORS: Mapping[str, Callable[[Nodes, Nodes], Nodes]] = {
    "=": lambda left, right: yes_or_no(equal(left, right)),
    "!=": lambda left, right: yes_or_no(_not(equal(left, right))),
    "~": lambda left, right: yes_or_no(equivalent(left, right)),
    "!~": lambda left, right: yes_or_no(not equivalent(left, right)),
    "<": _ordered(operator.lt),
    ">": _ordered(operator.gt),
    "<=": _ordered(operator.le),
    ">=": _ordered(operator.ge),
    "in": _within,
    "contains": lambda left, right: _within(right, left),
    "|": _union,
    "+": _plus,
    "-": _minus,
    "&": _joined,
    **dict.fromkeys(_LAZY, lambda left, right: NOTHING),
}
