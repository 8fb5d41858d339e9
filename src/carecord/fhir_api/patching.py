"""JSON Patch (RFC 6902) on a resource: step by step, within a size, and never on what names the resource."""

from typing import Any

import jsonpatch
from jsonpointer import JsonPointer, JsonPointerException

from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json, Kept
from carecord.kernel.errors import BadRequest, BodyTooLarge, FieldError, Unprocessable

MOST_STEPS = 500
_MOST_COPIED = 1_000_000
"""Bytes that all steps of a patch copy: a few copies into themselves would fill the memory."""


def patched(kept: Kept, steps: list[Any]) -> Json:
    """The resource after all steps; BadRequest where one is no step, Unprocessable where it does not fit."""
    assert kept.body is not None
    if len(steps) > MOST_STEPS:
        raise BadRequest(f"A patch has {MOST_STEPS} steps at most.")
    resource = decode(kept.body)
    room = _MOST_COPIED
    try:
        for place, step in enumerate(steps):
            room -= _copied_bytes(step, resource)
            if room < 0:
                raise BodyTooLarge(f"The steps of a patch copy {_MOST_COPIED} bytes at most.")
            resource = _apply(step, resource, place)
        # What comes in by patches goes no deeper than what comes in whole.
        resource = decode(encode(resource))
    except RecursionError as error:
        raise BadRequest("The patched resource goes too deep.") from error
    if resource.get("resourceType") != kept.type or resource.get("id") != kept.id:
        raise Unprocessable("A patch changes neither the type nor the id.", reason="patch_of_identity")
    return resource


def _copied_bytes(step: Any, resource: Json) -> int:
    """What the step would copy, before it does; nothing where it is no copy, or one that will not fit."""
    if not isinstance(step, dict) or step.get("op") != "copy":
        return 0
    try:
        return len(encode(JsonPointer(step["from"]).resolve(resource)))
    except (JsonPointerException, TypeError, KeyError, ValueError, AttributeError):
        return 0


def _apply(step: Any, resource: Json, place: int) -> Json:
    if not isinstance(step, dict):
        raise BadRequest("The patch breaks a rule.", errors=[FieldError(f"[{place}]", "must be an object")])
    try:
        changed = jsonpatch.JsonPatch([step]).apply(resource, in_place=True)
    except jsonpatch.JsonPatchTestFailed as error:
        raise _misfit(place, "is a test that fails") from error
    except (jsonpatch.JsonPatchConflict, JsonPointerException) as error:
        raise _misfit(place, "points to where there is nothing") from error
    except (jsonpatch.JsonPatchException, TypeError, KeyError, ValueError, AttributeError) as error:
        rule = FieldError(f"[{place}]", "must be a step of RFC 6902: op, path, and from or value as op asks")
        raise BadRequest("The patch breaks a rule.", errors=[rule]) from error
    if not isinstance(changed, dict):
        raise _misfit(place, "leaves no resource")
    return changed


def _misfit(place: int, rule: str) -> Unprocessable:
    return Unprocessable(
        "The patch does not fit the resource.", errors=[FieldError(f"[{place}]", rule)], reason="patch_misfit"
    )
