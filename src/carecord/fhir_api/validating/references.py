"""References: that they point to a type that the element allows, and that what is contained is there."""

import re
from collections.abc import Collection
from typing import Any

from carecord.fhir_api.definitions import resource_types
from carecord.fhir_api.validating.places import Examination, Place

# R4, references.html: the form of a RESTful URL, its type and ID.
_RESTFUL = re.compile(
    r"(?:https?://\S+/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:#\S*)?"
)


def check_reference(value: Any, targets: Collection[str], place: Place, exam: Examination) -> None:
    """Check an object of type Reference whose structure is right already; `targets` empty is any type."""
    text = value.get("reference")
    stated = value.get("type")
    if stated is not None and stated in resource_types() and targets and stated not in targets:
        exam.error((place, "type", -1), "value", f"must be one of {_told(targets)}")
    if text is None:
        if not value.keys() & {"identifier", "display", "extension", "_reference"}:
            exam.error(place, "required", "must have a reference, an identifier or a display")
        return
    pointed = _type_pointed_to(text, place, exam)
    if pointed is None:
        return
    at = (place, "reference", -1)
    if pointed not in resource_types():
        if not text.startswith("http"):
            exam.error(at, "value", "must name a resource type of R4")
    elif targets and pointed not in targets:
        exam.error(at, "value", f"must point to one of {_told(targets)}, not to {pointed}")
    elif stated is not None and stated in resource_types() and stated != pointed:
        exam.error((place, "type", -1), "value", "must be the type that the reference points to")


def _type_pointed_to(text: str, place: Place, exam: Examination) -> str | None:
    if text.startswith("#"):
        return _type_contained(text[1:], place, exam)
    restful = _RESTFUL.fullmatch(text)
    if restful is not None:
        return restful[1]
    if ":" not in text and "?" not in text:
        exam.error((place, "reference", -1), "value", "must be Type/id, a URL, a URN or #id")
    return None


def _type_contained(wanted: str, place: Place, exam: Examination) -> str | None:
    # R4, references.html#contained: what is contained may point to what it is in with a bare '#'.
    if not wanted and exam.resource is not exam.root:
        return str(exam.root.get("resourceType"))
    found = exam.type_contained(wanted)
    if found is None:
        exam.error((place, "reference", -1), "invariant", "must point to something contained (ref-1)")
    return found


def _told(targets: Collection[str]) -> str:
    return ", ".join(targets)
