"""What R4 (4.0.1) says of the served types: elements, bindings, search parameters; read when first asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from carecord.fhir_api.definitions.served import CARRIERS, SERVED

__all__ = [
    "CARRIERS",
    "SERVED",
    "Component",
    "Constraint",
    "Element",
    "Parameter",
    "Structure",
    "children",
    "patient_compartment",
    "resource_types",
    "search_parameters",
    "structure",
    "value_set",
]

_TABLES = Path(__file__).with_name("tables")


@dataclass(frozen=True, slots=True)
class Constraint:
    """An invariant: its FHIRPath expression, whether it is an error or a warning, and what it says."""

    key: str
    severity: str
    expression: str
    human: str


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a structure, at its path: `Patient.contact.name`, `Observation.value[x]`."""

    path: str
    min: int
    max: str
    types: tuple[str, ...] = ()
    """Of a choice (`value[x]`) all that it may be."""
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By type (Reference, canonical): the resource types it may point to; empty is any."""
    content: str | None = None
    """The path of the element whose children are its own, such as `Observation.referenceRange`."""
    simple: bool = False
    """A Quantity in it is a SimpleQuantity, which has no comparator."""
    binding: str | None = None
    """The URL of the value set that a code must be of, where the binding is required."""
    modifier: bool = False
    summary: bool = False
    constraints: tuple[Constraint, ...] = ()

    @property
    def name(self) -> str:
        """The last word of the path, `[x]` included."""
        return self.path.rsplit(".", 1)[-1]

    @property
    def repeats(self) -> bool:
        return self.max != "1" and self.max != "0"

    @property
    def is_choice(self) -> bool:
        return self.path.endswith("[x]")

    def json_names(self) -> dict[str, str]:
        """The names that it has in JSON, each with its type: `{"valueQuantity": "Quantity", …}`."""
        if self.is_choice:
            stem = self.name[:-3]
            return {f"{stem}{one[0].upper()}{one[1:]}": one for one in self.types}
        return {self.name: self.types[0] if self.types else "BackboneElement"}


@dataclass(frozen=True, slots=True)
class Structure:
    """A resource or data type with its elements by path."""

    type: str
    kind: str
    """resource, complex-type or primitive-type."""
    base: str | None
    regex: str | None
    constraints: tuple[Constraint, ...]
    elements: Mapping[str, Element]
    about: str = ""
    """Of a resource: what it is, in R4's words."""


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a composite parameter: the parameter that it stands for, and where it is found."""

    code: str
    type: str
    expression: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter of one type."""

    code: str
    type: str
    """number, date, string, token, reference, composite, quantity, uri or special."""
    url: str
    expression: str
    targets: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()
    about: str = field(default="", compare=False)
    """What it finds, in R4's words."""


@cache
def structure(type_name: str) -> Structure:
    """The structure of this type, served or not; KeyError where R4 has none."""
    found = _table("structures.json").get(type_name) or _table("other_structures.json")[type_name]
    return Structure(
        type=type_name,
        kind=found["kind"],
        base=found.get("base"),
        regex=found.get("regex"),
        constraints=_constraints(found),
        elements={path: _element(path, one) for path, one in found["elements"].items()},
        about=found.get("about", ""),
    )


@cache
def children(path: str) -> Mapping[str, Element]:
    """The elements right below a path or type, in order, by their names in the definition (`value[x]`)."""
    owner = path.partition(".")[0]
    depth = path.count(".") + 1
    return {
        element.name: element
        for where, element in structure(owner).elements.items()
        if where.startswith(f"{path}.") and where.count(".") == depth
    }


@cache
def search_parameters(type_name: str) -> Mapping[str, Parameter]:
    """By code: the parameters of this type, and those that every resource has."""
    table = _table("search_parameters.json")
    found = {**table.get("Resource", {}), **table.get("DomainResource", {}), **table.get(type_name, {})}
    return {code: _parameter(code, one) for code, one in found.items() if "expression" in one}


@cache
def value_set(url: str) -> Mapping[str, frozenset[str]] | None:
    """By system: the codes of a value set that R4 lists whole; None for any other."""
    found = _table("value_sets.json").get(url.partition("|")[0])
    return {system: frozenset(codes) for system, codes in found.items()} if found else None


def patient_compartment(type_name: str) -> tuple[str, ...]:
    """The search parameters by which a resource of this type is a patient's; empty where it is nobody's."""
    return tuple(_table("patient_compartment.json").get(type_name, ()))


@cache
def resource_types() -> frozenset[str]:
    """Every resource type that R4 has, served or not."""
    found: list[str] = json.loads((_TABLES / "resource_types.json").read_text())
    return frozenset(found)


@cache
def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((_TABLES / name).read_text())
    return table


def _element(path: str, found: Mapping[str, Any]) -> Element:
    types = found.get("types", [])
    strength, url = found.get("binding", (None, None))
    return Element(
        path=path,
        min=found["min"],
        max=found["max"],
        types=tuple(code for code, *_ in types),
        targets={code: tuple(targets) for code, *targets in types if targets},
        content=found.get("content"),
        simple=found.get("simple", False),
        binding=url if strength == "required" else None,
        modifier=found.get("modifier", False),
        summary=found.get("summary", False),
        constraints=_constraints(found),
    )


def _constraints(found: Mapping[str, Any]) -> tuple[Constraint, ...]:
    return tuple(Constraint(key, *rest) for key, rest in found.get("constraints", {}).items())


def _parameter(code: str, found: Mapping[str, Any]) -> Parameter:
    return Parameter(
        code=code,
        type=found["type"],
        url=found["url"],
        expression=found["expression"],
        targets=tuple(found.get("targets", ())),
        components=tuple(Component(*part) for part in found.get("components", ())),
        about=found["about"],
    )
