"""Pieces of resources as text: concepts, quantities, names, references, values of any type."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from carecord.fhir_api.kept import Json


def listed(value: Any) -> list[Any]:
    """Its elements; a single value as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def objects(value: Any) -> list[Json]:
    if value is None:
        return []
    return [one for one in listed(value) if isinstance(one, dict)]


def codings(*concepts: Any) -> Iterator[Json]:
    """Every coding of these CodeableConcepts, or lists of them."""
    for concept in concepts:
        for one in objects(concept):
            yield from objects(one.get("coding"))


def codes(*concepts: Any) -> frozenset[str]:
    return frozenset(one["code"] for one in codings(*concepts) if one.get("code"))


def code_of(concept: Any, system: str) -> str | None:
    """The first code of this system."""
    return next((one.get("code") for one in codings(concept) if one.get("system") == system), None)


def concept_text(concept: Any) -> str | None:
    """What it is called: its text, else the display of a coding, else a code."""
    for one in objects(concept):
        said = one.get("text")
        for part in ("display", "code"):
            said = said or next((coding[part] for coding in codings(one) if coding.get(part)), None)
        if said:
            return str(said)
    return None


def words(*concepts: Any) -> str:
    """All that the concepts say, in lower case, to look for words in."""
    said = [one.get("text") for concept in concepts for one in objects(concept)]
    said += [one.get("display") for one in codings(*concepts)]
    return " ".join(one for one in said if one).lower()


def decimal_text(value: Any) -> str | None:
    """The digits as they were sent, without exponent."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        return None
    return format(value, "f") if isinstance(value, Decimal) else format(Decimal(str(value)), "f")


def quantity_text(quantity: Json) -> str | None:
    amount = decimal_text(quantity.get("value"))
    if amount is None:
        return None
    unit = quantity.get("unit") or quantity.get("code")
    return f"{quantity.get('comparator', '')}{amount}" + (f" {unit}" if unit else "")


def name_text(name: Json) -> str | None:
    said = name.get("text")
    parts = [*listed(name.get("prefix")), *listed(name.get("given")), name.get("family")]
    return said or " ".join(part for part in parts if part) or None


def contained(resource: Json, reference: Any) -> Json | None:
    """The contained resource that the reference points to."""
    target = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(target, str) or not target.startswith("#"):
        return None
    return next((one for one in objects(resource.get("contained")) if one.get("id") == target[1:]), None)


def reference_text(resource: Json, reference: Any) -> str | None:
    """What the reference is called, by its display or the name of the contained resource it points to."""
    if not isinstance(reference, dict):
        return None
    if reference.get("display"):
        return str(reference["display"])
    found = contained(resource, reference)
    if found is None:
        return None
    name = found.get("name")
    for one in listed(name):
        said = name_text(one) if isinstance(one, dict) else one
        if said:
            return str(said)
    return concept_text(found.get("code")) or concept_text(found.get("type"))


def first_text(resource: Json, references: Any) -> str | None:
    return next((said for one in listed(references) if (said := reference_text(resource, one))), None)


def choice(node: Json, stem: str) -> tuple[str, Any] | None:
    """The type and value of an element such as `value[x]`."""
    for name, value in node.items():
        if name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper():
            return name[len(stem) :], value
    return None


def value_text(node: Json, stem: str = "value") -> str | None:
    """The value of an element such as `value[x]`, in words."""
    found = choice(node, stem)
    return _in_words(*found) if found else None


def _in_words(kind: str, value: Any) -> str | None:
    match kind:
        case "Quantity" | "Age" | "Duration":
            return quantity_text(value)
        case "CodeableConcept":
            return concept_text(value)
        case "Coding":
            return _first_said(value, "display", "code")
        case "Boolean":
            return "yes" if value else "no"
        case "Range":
            ends = [quantity_text(value[end]) or "?" for end in ("low", "high") if end in value]
            return " to ".join(ends) or None
        case "Ratio":
            parts = [quantity_text(value.get(part) or {}) or "?" for part in ("numerator", "denominator")]
            return " / ".join(parts)
        case "Period":
            ends = [value[end] for end in ("start", "end") if end in value]
            return " to ".join(ends) or None
        case "Reference":
            return _first_said(value, "display")
        case "Attachment":
            return _first_said(value, "title")
        case _:
            return decimal_text(value) or (value if isinstance(value, str) else None)


def _first_said(node: Json, *names: str) -> str | None:
    return next((str(node[name]) for name in names if node.get(name)), None)


def decoded_text(attachment: Json) -> str | None:
    """What an attachment of plain text says."""
    if not str(attachment.get("contentType", "")).startswith("text/plain"):
        return None
    try:
        return base64.b64decode(attachment.get("data", ""), validate=True).decode() or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def joined(said: Iterable[str | None], between: str = "; ") -> str | None:
    return between.join(one for one in said if one) or None


def identifier_values(node: Json) -> list[str]:
    """The values of its identifiers, those no longer in use left out."""
    found = [one for one in objects(node.get("identifier")) if one.get("use") != "old"]
    return [str(one["value"]) for one in found if one.get("value")]
