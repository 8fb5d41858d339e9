"""How objects of each type look in JSON: by each name that may stand in one, what it holds, in R4's order."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from carecord.fhir_api.definitions import Element, children, structure

__all__ = ["Shape", "Slot", "is_primitive", "shape"]

_INNER = ("BackboneElement", "Element")


@dataclass(frozen=True, slots=True)
class Slot:
    """One name in an object, such as `valueQuantity`."""

    name: str
    path_name: str
    """Its name in FHIRPath: `value`."""
    type: str
    element: Element
    inner: str | None
    """What `shape` is to be asked for its objects; None for primitives and for whole resources."""

    @property
    def is_primitive(self) -> bool:
        return self.inner is None and self.type != "Resource"

    @property
    def is_bare(self) -> bool:
        """A text that has no id and no extensions of its own: ids, narrative, and the url of an extension."""
        return self.name == "id" or self.type == "xhtml" or self.element.path == "Extension.url"


@dataclass(frozen=True, slots=True)
class Shape:
    """The objects of one type, or of one path such as `Observation.referenceRange`."""

    key: str
    slots: Mapping[str, Slot]
    """By their names in JSON, in the order that XML wants."""
    is_resource: bool


@cache
def shape(key: str) -> Shape:
    """The shape of a type or of a path with children; KeyError where R4 has none."""
    slots = {
        name: Slot(
            name=name,
            path_name=element.name.removesuffix("[x]"),
            type=type_name,
            element=element,
            inner=_inner(element, type_name),
        )
        for element in children(key).values()
        if element.max != "0"
        for name, type_name in element.json_names().items()
    }
    return Shape(key=key, slots=slots, is_resource="." not in key and structure(key).kind == "resource")


@cache
def is_primitive(type_name: str) -> bool:
    return structure(type_name).kind == "primitive-type"


def _inner(element: Element, type_name: str) -> str | None:
    if element.content is not None:
        return element.content
    if type_name in _INNER:
        return element.path
    if type_name == "Resource" or is_primitive(type_name):
        return None
    return type_name
