"""The search parameters of a type, and for each the elements that it reads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from carecord.fhir_api.definitions import Component, Parameter, search_parameters
from carecord.fhir_api.definitions.extra_parameters import EXTRA_PARAMETERS
from carecord.fhir_api.fhirpath import Typed, bound_system, reads, typed
from carecord.fhir_api.indexing.derived import is_derived
from carecord.fhir_api.indexing.texts import token

_COLUMNS = frozenset({"_id", "_lastUpdated"})
"""Parameters that are columns of fhir_api.resource."""

_LEFT_OUT = frozenset({"phonetic"})
"""How a name sounds: `$match` answers that, from the patient index."""

# R4 has the two expressions in each other's place: nothing would ever be found by them.
_RELATIONSHIP = (
    Component("relatesto", "reference", "target"),
    Component("relation", "token", "code"),
)


@cache
def parameters_of(type_name: str) -> Mapping[str, Parameter]:
    """By code: all that a type can be searched by, R4's and our own, `_id` and `_lastUpdated` included.

    Not those of type special (`near`), nor `phonetic`.
    """
    found = {**search_parameters(type_name), **EXTRA_PARAMETERS.get(type_name, {})}
    if type_name == "DocumentReference":
        found["relationship"] = replace(found["relationship"], components=_RELATIONSHIP)
    return {code: one for code, one in found.items() if one.type != "special" and code not in _LEFT_OUT}


@dataclass(frozen=True, slots=True)
class Indexed:
    """A parameter of one type, ready to be read from its resources."""

    code: str
    type: str
    find: Typed
    name: str
    """`Observation|code`."""
    presence: int
    """The token that says there is a value."""
    system: str | None
    """Of a parameter on code elements: the code system that they are bound to."""
    is_sorted_by: bool
    """Whether values are kept beside the tokens, for sorting and texts; not of `_tag` and the like."""
    components: tuple[Component, ...]
    parts: str
    """The expressions of the components: two parameters that share them find the same in an element."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to read of a resource, by the names that it has at its top."""

    always: tuple[Indexed, ...]
    by_name: Mapping[str, tuple[Indexed, ...]]


@lru_cache(maxsize=4096)
def parameters_read(type_name: str, names: tuple[str, ...]) -> tuple[Indexed, ...]:
    """The parameters that may find something in a resource with these names at its top."""
    plan = _plan_of(type_name)
    wanted = dict.fromkeys(plan.always)
    for name in names:
        wanted.update(dict.fromkeys(plan.by_name.get(name, ())))
    return tuple(wanted)


@cache
def _plan_of(type_name: str) -> _Plan:
    """Which parameters may find something where an element is present, so that no others are tried."""
    always: list[Indexed] = []
    by_name: dict[str, list[Indexed]] = {}
    for parameter in parameters_of(type_name).values():
        if parameter.code in _COLUMNS or is_derived(type_name, parameter.code):
            continue
        one = _indexed(parameter, type_name)
        names = _names(parameter, type_name)
        if names is None:
            always.append(one)
        for name in names or ():
            by_name.setdefault(name, []).append(one)
    return _Plan(tuple(always), {name: tuple(many) for name, many in by_name.items()})


def _indexed(parameter: Parameter, type_name: str) -> Indexed:
    name = f"{type_name}|{parameter.code}"
    return Indexed(
        code=parameter.code,
        type=parameter.type,
        find=typed(parameter.expression, type_name),
        name=name,
        presence=token(name),
        system=bound_system(parameter.expression, type_name) if parameter.type == "token" else None,
        is_sorted_by=not parameter.code.startswith("_"),
        components=parameter.components,
        parts=" $ ".join(part.expression for part in parameter.components),
    )


def _names(parameter: Parameter, type_name: str) -> frozenset[str] | None:
    """Of a composite of the resource itself: names of its last part, which most resources do not have."""
    names: set[str] = set()
    for branch in parameter.expression.split("|"):
        found = reads(branch.strip(), type_name) if parameter.components else None
        if found is None and parameter.components:
            found = reads(parameter.components[-1].expression, type_name)
        if found is None:
            return reads(parameter.expression, type_name)
        names |= found
    return frozenset(names)
