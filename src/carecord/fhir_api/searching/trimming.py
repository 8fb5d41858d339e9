"""Resources shown in part: `_elements` and `_summary`. What is left carries the tag SUBSETTED."""

from collections.abc import Callable
from functools import cache

from carecord.fhir_api import definitions
from carecord.fhir_api.definitions import Element
from carecord.fhir_api.kept import Json
from carecord.fhir_api.searching.model import Search, Summary

SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}

_ALWAYS = frozenset({"resourceType", "id", "meta"})


def trim(resource: Json, search: Search, *, matched: bool = True) -> Json:
    """The resource with the elements asked for, and those it must have. `_elements` is of matches alone."""
    type_name = resource["resourceType"]
    match search.summary:
        case Summary.TRUE:
            names = _summarised(type_name)
        case Summary.TEXT:
            names = _mandatory(type_name) | {"text"}
        case Summary.DATA:
            names = frozenset(resource) - {"text"}
        case _:
            names = frozenset(resource)
    if search.elements and matched:
        names &= _named(type_name, search.elements) | _mandatory(type_name)
    trimmed = {name: value for name, value in resource.items() if name.removeprefix("_") in names | _ALWAYS}
    return _tagged(trimmed)


def _tagged(resource: Json) -> Json:
    meta = dict(resource.get("meta", {}))
    if SUBSETTED not in meta.get("tag", []):
        meta["tag"] = [*meta.get("tag", []), SUBSETTED]
    return {**resource, "meta": meta}


@cache
def _summarised(type_name: str) -> frozenset[str]:
    return _json_names(type_name, lambda element: element.summary or element.min > 0)


@cache
def _mandatory(type_name: str) -> frozenset[str]:
    return _json_names(type_name, lambda element: element.min > 0 or element.modifier)


def _json_names(type_name: str, wanted: Callable[[Element], bool]) -> frozenset[str]:
    return frozenset(
        name
        for element in definitions.children(type_name).values()
        if wanted(element)
        for name in element.json_names()
    )


def _named(type_name: str, elements: tuple[str, ...]) -> frozenset[str]:
    return _json_names(
        type_name, lambda element: element.name in elements or element.name.removesuffix("[x]") in elements
    )
