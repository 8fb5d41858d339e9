"""Validation at the door: whether a resource is one of R4, and where not, which element breaks which rule."""

from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import Issue
from carecord.fhir_api.validating.invariants import recommend_narrative, try_pending
from carecord.fhir_api.validating.places import EnoughError, Examination, Place
from carecord.fhir_api.validating.walking import examine_resource

__all__ = ["check"]


def check(resource: Json, *, type_name: str) -> list[Issue]:
    """What is wrong (errors) or doubtful (warnings) with a resource; without errors it may be kept.

    Checked are names, counts, kinds and values of elements, required bindings, types that references
    point to, what is contained, narrative, the invariants of R4, and NHS numbers' check digits.
    Invariants are tried where all else is right: they are about elements that are what they should be.
    """
    place: Place = (None, type_name, -1)
    exam = Examination(resource)
    if resource.get("resourceType") != type_name:
        exam.error(place, "structure", f"must have the resourceType {type_name}")
        return exam.issues
    try:
        examine_resource(resource, place, exam)
        if not exam.issues:
            try_pending(exam)
            recommend_narrative(resource, place, exam)
    except EnoughError:
        pass
    return exam.issues
