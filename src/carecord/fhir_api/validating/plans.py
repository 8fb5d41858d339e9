"""What is to be checked of each name in an object, made once for each type from the tables of R4."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from carecord.fhir_api.definitions import structure
from carecord.fhir_api.definitions.shapes import Slot, shape
from carecord.fhir_api.kept import Json
from carecord.fhir_api.validating.bindings import check_coding, check_concept, codes_rule
from carecord.fhir_api.validating.invariants import Invariant, invariants
from carecord.fhir_api.validating.narrative import check_narrative
from carecord.fhir_api.validating.places import Examination, Place
from carecord.fhir_api.validating.primitives import RULES, Rule
from carecord.fhir_api.validating.references import check_reference
from carecord.kernel.nhs_number import is_nhs_number

After = Callable[[Json, Place, Examination], None]
"""A check of an object whose own elements are right."""

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be checked of one name."""

    name: str
    path_name: str
    repeats: bool
    bare: bool
    """A primitive without id and extensions: there is no `_name` beside it."""
    rule: Rule | None
    """Of primitives; objects have a plan instead, whole resources neither."""
    plan_key: str | None
    choice: bool
    after: tuple[After, ...]
    invariants: tuple[Invariant, ...]
    """Of objects. R4 has them on two primitives: narrative, which has its rule, and ElementDefinition.max."""


@dataclass(frozen=True, slots=True)
class Required:
    """An element that must be there: by one of its names, or by extensions on it alone."""

    path_name: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be checked of an object."""

    steps: Mapping[str, Step]
    required: tuple[Required, ...]
    after: tuple[After, ...]
    invariants: tuple[Invariant, ...]
    is_resource: bool


@cache
def plan(key: str) -> Plan:
    """The plan of a type, or of a path such as `Observation.referenceRange`."""
    slots = shape(key).slots
    required: dict[str, set[str]] = {}
    for slot in slots.values():
        if slot.element.min > 0:
            required.setdefault(slot.path_name, set()).update((slot.name, f"_{slot.name}"))
    return Plan(
        steps={name: _step(slot) for name, slot in slots.items()},
        required=tuple(Required(name, frozenset(names)) for name, names in required.items()),
        after=_AFTER.get(key, ()),
        invariants=() if "." in key else invariants(structure(key).constraints, key),
        is_resource=shape(key).is_resource,
    )


def _step(slot: Slot) -> Step:
    element = slot.element
    return Step(
        name=slot.name,
        path_name=slot.path_name,
        repeats=element.repeats,
        bare=slot.is_bare,
        rule=_rule(slot),
        plan_key=slot.inner,
        choice=element.is_choice,
        after=tuple(_after(slot)),
        invariants=invariants(element.constraints, slot.inner or slot.type),
    )


def _rule(slot: Slot) -> Rule | None:
    if not slot.is_primitive:
        return None
    if slot.type == "xhtml":
        return _narrative
    rule = RULES[slot.type]
    if slot.type == "code" and slot.element.binding is not None:
        return codes_rule(slot.element.binding, rule)
    return rule


def _narrative(value: Any) -> str | None:
    return RULES["xhtml"](value) or check_narrative(value)


def _after(slot: Slot) -> list[After]:
    element, binding = slot.element, slot.element.binding
    made: list[After] = []
    if slot.type == "Reference":
        targets = tuple(one for one in element.targets.get("Reference", ()) if one != "Resource")
        made.append(lambda value, place, exam: check_reference(value, targets, place, exam))
    if binding is not None and slot.type == "CodeableConcept":
        made.append(lambda value, place, exam: check_concept(value, binding, place, exam))
    if binding is not None and slot.type == "Coding":
        made.append(lambda value, place, exam: check_coding(value, binding, place, exam))
    if element.simple and slot.type == "Quantity":
        made.append(_no_comparator)
    return made


def _no_comparator(value: Json, place: Place, exam: Examination) -> None:
    if "comparator" in value:
        exam.error(
            (place, "comparator", -1), "invariant", "must not be there: this is a SimpleQuantity (sqty-1)"
        )


def _value_or_extensions(value: Json, place: Place, exam: Examination) -> None:
    """ext-1; that there are not two values is seen with every choice."""
    has_value = any(name.startswith(("value", "_value")) for name in value)
    if has_value == ("extension" in value):
        exam.error(place, "invariant", "must have either a value or extensions, not both (ext-1)")


def _nhs_number(value: Json, place: Place, exam: Examination) -> None:
    number = value.get("value")
    if value.get("system") == NHS_NUMBER and number is not None and not is_nhs_number(number):
        said = "must be an NHS number: ten digits, no blanks, the last a modulus-11 check digit"
        exam.error((place, "value", -1), "value", said)


_AFTER: Mapping[str, tuple[After, ...]] = {
    "Extension": (_value_or_extensions,),
    "Identifier": (_nhs_number,),
}
