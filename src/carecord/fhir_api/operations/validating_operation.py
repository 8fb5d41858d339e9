"""$validate: what would be found at the door, without coming in."""

from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.operations.asked import refuse
from carecord.fhir_api.outcomes import Issue, outcome
from carecord.fhir_api.storing.reading import read
from carecord.fhir_api.validating import check
from carecord.kernel.errors import BadRequest, FieldError

MODES = ("create", "update", "delete", "profile")


async def validate(call: Call) -> Reply:
    """The operation (https://hl7.org/fhir/R4/resource-operation-validate.html): 200 with what was found."""
    assert call.type is not None
    resource, mode, profile = await _read(call)
    issues: list[Issue] = []
    if mode == "delete":
        issues.append(await _may_go(call))
    elif resource is None and call.id is not None:
        kept = await read(
            call.parts.readers, call.type, call.id, call.rights, writing_pool=call.parts.writing_pool
        )
        assert kept.body is not None
        resource = decode(kept.body)
    if mode != "delete":
        if resource is None:
            raise refuse("resource", f"must be a {call.type}")
        issues += _check(resource, call.type)
        issues += _check_id(resource, mode, call.id)
    if profile is not None:
        said = "The profile is not shipped here: the resource was checked against R4 alone."
        issues.append(Issue("warning", "not-supported", said, "profile"))
    return Reply(encode(outcome(issues)))


async def _read(call: Call) -> tuple[Json | None, str | None, str | None]:
    """The resource, mode and profile: of a Parameters, or of the resource itself and the query."""
    mode, profile = call.parameter("mode"), call.parameter("profile")
    resource: Json | None = None
    if call.method == "POST" and await call.read_body():
        body = await call.read_resource()
        if body.get("resourceType") == "Parameters":
            for one in body.get("parameter", ()):
                if one.get("name") == "resource":
                    resource = one.get("resource")
                elif one.get("name") == "mode":
                    mode = one.get("valueCode")
                elif one.get("name") == "profile":
                    profile = one.get("valueUri") or one.get("valueCanonical")
        else:
            resource = body
    if mode is not None and mode not in MODES:
        raise BadRequest(
            "A parameter breaks a rule.", errors=[FieldError("mode", f"must be one of: {', '.join(MODES)}")]
        )
    return resource, mode, profile


async def _may_go(call: Call) -> Issue:
    assert call.type is not None
    if call.id is None:
        raise refuse("mode", "delete is for an instance: [base]/Type/[id]/$validate")
    await read(call.parts.readers, call.type, call.id, call.rights, writing_pool=call.parts.writing_pool)
    return Issue("information", "informational", "There is such a resource; its sender may delete it.")


def _check(resource: Json, type_name: str) -> list[Issue]:
    if resource.get("resourceType") != type_name:
        return [Issue("error", "invalid", f"The resource must be a {type_name}.", "resourceType")]
    return check(resource, type_name=type_name)


def _check_id(resource: Json, mode: str | None, id_: str | None) -> list[Issue]:
    if mode == "update" and resource.get("id") is None:
        return [
            Issue(
                "error",
                "required",
                "An update needs the id of the resource.",
                f"{resource['resourceType']}.id",
            )
        ]
    if mode == "update" and id_ is not None and resource.get("id") != id_:
        return [Issue("error", "value", "The id must be that of the address.", "Resource.id")]
    return []
