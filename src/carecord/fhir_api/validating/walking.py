"""Walks through a resource by its plan: names, kinds, counts and values of every element."""

from typing import Any

from carecord.fhir_api.definitions import resource_types
from carecord.fhir_api.kept import Json
from carecord.fhir_api.validating.invariants import check_contained
from carecord.fhir_api.validating.places import Examination, Place
from carecord.fhir_api.validating.plans import Plan, Step, plan


def examine_resource(value: Any, place: Place, exam: Examination, *, contained: bool = False) -> None:
    """Check a whole resource; what is contained keeps the outermost one for its references."""
    if type(value) is not dict:
        exam.error(place, "structure", "must be a JSON object, a resource")
        return
    type_name = value.get("resourceType")
    if type(type_name) is not str or type_name not in resource_types():
        exam.error(place, "structure", "must have a resourceType of R4")
        return
    around, root, before = exam.resource, exam.root, len(exam.issues)
    exam.resource = value
    if not contained:
        exam.root = value
    _examine(value, plan(type_name), place, exam)
    if "contained" in value:
        if contained:
            said = "breaks dom-2: nothing contained contains more"
            exam.error((place, "contained", -1), "invariant", said)
        elif len(exam.issues) == before:
            check_contained(value, place, exam)
    exam.resource, exam.root = around, root


def _examine(value: Any, its: Plan, place: Place, exam: Examination) -> None:
    """Check an object, an element or a resource."""
    if type(value) is not dict:
        exam.error(place, "structure", "must be a JSON object")
        return
    if not value:
        exam.error(place, "structure", "must not be empty: leave the element out")
        return
    before = len(exam.issues)
    steps = its.steps
    chosen: dict[str, str] | None = None
    for name, inner in value.items():
        step = steps.get(name)
        if step is None:
            step = _step_of_companion(name, inner, value, its, place, exam)
            if step is None:
                continue
        elif step.repeats:
            _examine_many(inner, step, value, place, exam)
        elif step.rule is not None:
            # Most of what is walked is a primitive that is right; a call saved here is felt.
            broken = step.rule(inner)
            if broken is not None:
                _refuse_primitive(inner, broken, (place, step.path_name, -1), exam)
        else:
            _examine_one(inner, step, (place, step.path_name, -1), exam)
        if step.choice:
            if chosen is None:
                chosen = {}
            if chosen.setdefault(step.path_name, step.name) != step.name:
                said = f"must be one only, not {chosen[step.path_name]} and {step.name}"
                exam.error((place, step.path_name, -1), "structure", said)
    for one in its.required:
        if one.names.isdisjoint(value):
            exam.error((place, one.path_name, -1), "required", "must be there")
    if len(exam.issues) == before:
        for check in its.after:
            check(value, place, exam)
        for invariant in its.invariants:
            exam.pending.append((invariant, value, exam.resource, place))


def _examine_many(values: Any, step: Step, owner: Json, place: Place, exam: Examination) -> None:
    if type(values) is not list:
        exam.error((place, step.path_name, -1), "structure", "must be a JSON array: it may repeat")
        return
    if not values:
        exam.error((place, step.path_name, -1), "structure", "must not be empty: leave the element out")
        return
    for index, value in enumerate(values):
        if value is None and step.rule is not None and _has_companion(owner, step.name, index):
            continue
        _examine_one(value, step, (place, step.path_name, index), exam)


def _examine_one(value: Any, step: Step, place: Place, exam: Examination) -> None:
    if step.rule is not None:
        broken = step.rule(value)
        if broken is not None:
            _refuse_primitive(value, broken, place, exam)
        return
    if step.plan_key is None:
        examine_resource(value, place, exam, contained=step.name == "contained")
        return
    before = len(exam.issues)
    _examine(value, plan(step.plan_key), place, exam)
    if len(exam.issues) == before:
        for check in step.after:
            check(value, place, exam)
        for invariant in step.invariants:
            exam.pending.append((invariant, value, exam.resource, place))


def _refuse_primitive(value: Any, broken: str, place: Place, exam: Examination) -> None:
    if value is None:
        exam.error(place, "structure", "must not be null: leave the element out")
    elif type(value) is list:
        exam.error(place, "structure", "must not be a JSON array here")
    else:
        exam.error(place, "structure" if type(value) is dict else "value", broken)


def _step_of_companion(
    name: str, inner: Any, owner: Json, its: Plan, place: Place, exam: Examination
) -> Step | None:
    """The step that `_name`, a primitive's id and extensions, belongs to; any other name is unknown."""
    if name == "resourceType" and its.is_resource:
        return None
    step = its.steps.get(name[1:]) if name.startswith("_") else None
    if step is None or step.rule is None or step.bare:
        _refuse_unknown(name, place, exam)
        return None
    if not step.repeats:
        at = (place, step.path_name, -1)
        _examine_companion(inner, at, exam, has_value=step.name in owner)
        return step
    values = owner.get(step.name)
    if type(inner) is not list or not inner:
        said = f"must have a JSON array in {name}, as it may repeat"
        exam.error((place, step.path_name, -1), "structure", said)
        return step
    if type(values) is list and len(values) != len(inner):
        said = f"must have as many in {name} as in {step.name}, null where there is none"
        exam.error((place, step.path_name, -1), "structure", said)
    for index, one in enumerate(inner):
        has_value = type(values) is list and index < len(values) and values[index] is not None
        if one is not None or not has_value:
            _examine_companion(one, (place, step.path_name, index), exam, has_value=has_value)
    return step


def _examine_companion(value: Any, place: Place, exam: Examination, *, has_value: bool) -> None:
    if value is None:
        exam.error(place, "structure", "must have a value or extensions, not null in both")
        return
    _examine(value, plan("Element"), place, exam)
    if not has_value and type(value) is dict and value and "extension" not in value:
        exam.error(place, "structure", "must have a value or extensions (ele-1)")


def _has_companion(owner: Json, name: str, index: int) -> bool:
    companions = owner.get(f"_{name}")
    return type(companions) is list and index < len(companions) and companions[index] is not None


def _refuse_unknown(name: str, place: Place, exam: Examination) -> None:
    # A name that could not be one is not told: it might be anything, a patient's words too.
    if name.lstrip("_").isidentifier() and name.isascii() and len(name) <= 64:
        exam.error((place, name, -1), "structure", "is no element of R4 in this place")
    else:
        exam.error(place, "structure", "has a name in it that no element of R4 can have")
