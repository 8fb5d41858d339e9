"""FHIR's XML as bytes and as Python values: the same resources as in JSON, with nothing lost either way."""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

from lxml import etree

from carecord.fhir_api.definitions import resource_types
from carecord.fhir_api.definitions.shapes import Slot, shape
from carecord.fhir_api.json_text import DEPTH, LARGEST_EXPONENT
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import InvalidResource
from carecord.fhir_api.validating.narrative import MOST_ATTRIBUTES
from carecord.fhir_api.validating.places import EnoughError, Examination, Place
from carecord.kernel.errors import BadRequest

_FHIR = "http://hl7.org/fhir"
_XHTML_DIV = "{http://www.w3.org/1999/xhtml}div"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"

# What an element is in XML, it may be twice in JSON: an array, and an object in it.
_XML_DEPTH = DEPTH // 2 - 1

# FHIR needs none. libxml2 compares each with all others.
_MOST_PREFIXES = 1_000

_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([^"']*)""")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_WHOLE_TYPES = frozenset({"integer", "positiveInt", "unsignedInt"})


def to_xml(resource: Json) -> bytes:
    """The resource in XML, elements in R4's order. It must be one that `check` finds no error in."""
    type_name = resource["resourceType"]
    root = etree.Element(f"{{{_FHIR}}}{type_name}", nsmap={None: _FHIR})
    _fill(root, resource, type_name)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def from_xml(raw: bytes) -> Json:
    """The resource that the bytes spell, yet to be checked.

    Values that are not of their element's type stay texts, so that `check` refuses them with their place.
    BadRequest where it is not XML; InvalidResource where elements or attributes have no place in R4's XML.
    That elements stand in R4's order is not asked: their order says nothing.
    """
    root = _parsed(raw)
    type_name = _local_name(root)
    if type_name not in resource_types():
        raise BadRequest(f"The body must be one resource of R4, in the namespace {_FHIR}.")
    exam = Examination({})
    try:
        made = _resource(root, (None, type_name, -1), exam, _XML_DEPTH)
    except EnoughError:
        made = {}
    if exam.issues:
        raise InvalidResource(exam.issues)
    return made


def _fill(element: etree._Element, value: Json, key: str) -> None:
    """Put the elements of an object into an element, by the shape of its type or path."""
    its = shape(key)
    order = _order(key)
    names = {name.removeprefix("_") for name in value if name != "resourceType"}
    for name in sorted(names, key=order.__getitem__):
        slot = its.slots[name]
        if _is_attribute(slot, is_resource=its.is_resource):
            element.set(name, value[name])
        elif slot.element.repeats:
            for one, companion in _pairs(value.get(name), value.get(f"_{name}")):
                _add(element, slot, one, companion)
        else:
            _add(element, slot, value.get(name), value.get(f"_{name}"))


def _pairs(values: list[Any] | None, companions: list[Any] | None) -> Iterator[tuple[Any, Any]]:
    for index in range(max(len(values or ()), len(companions or ()))):
        yield (
            values[index] if values and index < len(values) else None,
            companions[index] if companions and index < len(companions) else None,
        )


def _add(around: etree._Element, slot: Slot, value: Any, companion: Json | None) -> None:
    if slot.type == "xhtml":
        around.append(etree.fromstring(value.encode(), _parser()))
        return
    element = etree.SubElement(around, f"{{{_FHIR}}}{slot.name}")
    if slot.type == "Resource":
        inner = value["resourceType"]
        _fill(etree.SubElement(element, f"{{{_FHIR}}}{inner}"), value, inner)
    elif slot.inner is not None:
        _fill(element, value, slot.inner)
    else:
        if companion:
            _fill(element, companion, "Element")
        if value is not None:
            element.set("value", _spelled(value))


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@cache
def _order(key: str) -> dict[str, int]:
    return {name: place for place, name in enumerate(shape(key).slots)}


def _is_attribute(slot: Slot, *, is_resource: bool) -> bool:
    """R4, xml.html: an element's id and an extension's url are attributes; a resource's id is not."""
    if slot.name == "id":
        return not is_resource
    return slot.element.path == "Extension.url"


def _parsed(raw: bytes) -> etree._Element:
    # Only UTF-8 is read, so that this look at the bytes sees every document type: there are no entities.
    named = _ENCODING.match(raw.removeprefix(b"\xef\xbb\xbf").lstrip())
    if named is not None and named[1].lower() not in (b"utf-8", b"us-ascii"):
        raise BadRequest("The body must be XML in UTF-8.")
    if b"<!DOCTYPE" in raw:
        raise BadRequest("The body is refused: FHIR's XML has no document type.")
    if raw.count(b"xmlns:") > _MOST_PREFIXES:
        raise BadRequest(f"The body is refused: it declares more than {_MOST_PREFIXES} prefixes.")
    try:
        return etree.fromstring(raw, _parser())
    except etree.XMLSyntaxError as error:
        # The parser's own words would tell names and values of the body.
        line, column = error.position
        raise BadRequest(f"The body is not XML: line {line}, column {column}.") from None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )


def _local_name(element: etree._Element) -> str:
    """The name of an element of FHIR; empty for any other."""
    tag = element.tag
    return tag.removeprefix(f"{{{_FHIR}}}") if isinstance(tag, str) and tag.startswith(f"{{{_FHIR}}}") else ""


def _resource(element: etree._Element, place: Place, exam: Examination, room: int) -> Json:
    type_name = _local_name(element)
    if type_name not in resource_types():
        exam.error(place, "structure", "must be a resource of R4")
        return {}
    return {"resourceType": type_name, **_object(element, type_name, place, exam, room)}


def _object(element: etree._Element, key: str, place: Place, exam: Examination, room: int) -> Json:
    if room == 0:
        raise BadRequest(f"The body is refused: it goes more than {_XML_DEPTH} levels deep.")
    its = shape(key)
    made: Json = {}
    for name, value in _attributes(element, place, exam):
        slot = its.slots.get(name)
        if slot is not None and _is_attribute(slot, is_resource=its.is_resource):
            made[slot.name] = value
        elif name != "value" or key != "Element":
            _refuse_attribute(name, place, exam)
    _refuse_text(element, place, exam)
    many: dict[str, list[tuple[Any, Json | None]]] = {}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        slot = its.slots.get(_name_of(child))
        if slot is None or _is_attribute(slot, is_resource=its.is_resource):
            _refuse_element(child, place, exam)
            continue
        count = len(many.setdefault(slot.name, []))
        at = (place, slot.path_name, count if slot.element.repeats else -1)
        if count and not slot.element.repeats:
            exam.error(at, "structure", "must stand there once only")
        many[slot.name].append(_value(child, slot, at, exam, room - 1))
    for name, pairs in many.items():
        _put(made, its.slots[name], pairs)
    return made


def _value(
    element: etree._Element, slot: Slot, place: Place, exam: Examination, room: int
) -> tuple[Any, Json | None]:
    """What JSON has under the name, and under the name with an underscore."""
    if slot.type == "xhtml":
        return _narrative(element), None
    if slot.type == "Resource":
        _refuse_text(element, place, exam)
        for name, _ in _attributes(element, place, exam):
            _refuse_attribute(name, place, exam)
        inner = [child for child in element if isinstance(child.tag, str)]
        if len(inner) != 1:
            exam.error(place, "structure", "must hold one resource")
            return {}, None
        return _resource(inner[0], place, exam, room), None
    if slot.inner is not None:
        return _object(element, slot.inner, place, exam, room), None
    text = element.get("value")
    companion = _object(element, "Element", place, exam, room)
    return (None if text is None else _typed(text, slot.type)), companion or None


def _put(made: Json, slot: Slot, pairs: list[tuple[Any, Json | None]]) -> None:
    if not slot.element.repeats:
        value, companion = pairs[0]
        if value is not None:
            made[slot.name] = value
        if companion is not None or value is None:
            made[f"_{slot.name}"] = companion or {}
        return
    values = [value for value, _ in pairs]
    companions = [companion for _, companion in pairs]
    if any(value is not None for value in values):
        made[slot.name] = values
    if any(companion is not None for companion in companions) or slot.name not in made:
        made[f"_{slot.name}"] = companions


def _typed(text: str, type_name: str) -> Any:
    """The value as JSON has it; a text that is none of its type stays one."""
    if type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if type_name in _WHOLE_TYPES:
        return int(text) if _WHOLE.fullmatch(text) else text
    if type_name == "decimal" and len(text) <= LARGEST_EXPONENT and _NUMBER.fullmatch(text):
        if _WHOLE.fullmatch(text):
            return int(text)
        number = Decimal(text)
        return number if abs(number.adjusted()) <= LARGEST_EXPONENT else text
    return text


def _narrative(div: etree._Element) -> str:
    # Read by itself it has no namespaces of what was around it.
    alone = etree.fromstring(etree.tostring(div, with_tail=False), _parser())
    etree.cleanup_namespaces(alone)
    return etree.tostring(alone, encoding="unicode")


def _name_of(child: etree._Element) -> str:
    return "div" if child.tag == _XHTML_DIV else _local_name(child)


def _refuse_text(element: etree._Element, place: Place, exam: Examination) -> None:
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        exam.error(place, "structure", "must hold no text: values stand in attributes")


def _attributes(element: etree._Element, place: Place, exam: Examination) -> list[tuple[str, str]]:
    # The parser looks each one up among all: of many that takes minutes.
    if len(element.attrib) > MOST_ATTRIBUTES:
        exam.error(place, "structure", f"must not have more than {MOST_ATTRIBUTES} attributes")
        return []
    return [(str(name), str(value)) for name, value in element.attrib.items()]


def _refuse_attribute(name: str, place: Place, exam: Examination) -> None:
    if not name.startswith(_XSI):
        told = f" {name}" if name.isascii() and name.isalnum() and len(name) <= 64 else ""
        exam.error(place, "structure", f"must not have the attribute{told}")


def _refuse_element(child: etree._Element, place: Place, exam: Examination) -> None:
    name = _local_name(child)
    if name.isascii() and name.isalnum() and len(name) <= 64:
        exam.error((place, name, -1), "structure", "is no element of R4 in this place")
    else:
        exam.error(place, "structure", "has something in it that no element of R4 can be")
