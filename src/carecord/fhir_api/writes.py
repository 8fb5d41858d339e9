"""Writing: create, update, patch and delete, each by id or by a condition."""

import asyncio
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from carecord.fhir_api import json_text, storing
from carecord.fhir_api.admission import own_tenancy
from carecord.fhir_api.bodies_in import parse_parameters
from carecord.fhir_api.bundles_out import etag, http_date, version_url
from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.changing import Change, change
from carecord.fhir_api.conditions import find_match, lock_condition, parse_criteria
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.outcomes import InvalidResource, Issue, outcome
from carecord.fhir_api.patching import patched
from carecord.fhir_api.preconditions import expected_version
from carecord.fhir_api.rights import Deed
from carecord.fhir_api.searching import Search
from carecord.fhir_api.storing.links import without_unknown_links_in
from carecord.fhir_api.storing.writer import (
    Writer,
    Written,
    check_version,
    known_own,
    newest_locked,
    unknown_resource,
)
from carecord.fhir_api.validating import check
from carecord.kernel.errors import BadRequest, Conflict, FieldError, Gone, NotFound, PreconditionFailed


async def create(call: Call) -> Reply:
    """Keep a new resource; under a condition only where none matches yet."""
    resource, warnings = checked(await call.read_resource(), _type(call))
    writer = writer_of(call, resource)
    condition = call.header(b"if-none-exist")
    if condition is None:
        return await change(
            call,
            lambda connection: Change(
                reply_to(connection, call, storing.create(connection, resource, writer), warnings)
            ),
        )
    search = await _ready(call, parse_parameters(condition.removeprefix("?").encode()), where="If-None-Exist")

    def work(connection: Connection[Any]) -> Change:
        lock_condition(connection, _type(call), search)
        found = find_match(connection, search, call.rights, tenancy_id=writer.tenancy_id)
        if found is not None:
            return Change(reply_to(connection, call, existing(connection, _type(call), found), warnings))
        return Change(reply_to(connection, call, storing.create(connection, resource, writer), warnings))

    return await change(call, work)


async def update(call: Call) -> Reply:
    """Put a resource in the place of its version in force, or keep it under an id of the client's own."""
    resource, warnings = checked(await call.read_resource(), _type(call))
    if resource.get("id") != call.id:
        rule = FieldError(f"{call.type}.id", "must be the id of the address")
        raise BadRequest("The resource is of another id.", errors=[rule])
    return await _put(call, resource, warnings)


async def update_conditionally(call: Call) -> Reply:
    """Update the one resource that matches; create it where none does."""
    resource, warnings = checked(await call.read_resource(), _type(call))
    writer = writer_of(call, resource)
    search = await _ready(call, call.parameters, where="the query")
    expected = expected_version(call.header(b"if-match"))

    def work(connection: Connection[Any]) -> Change:
        lock_condition(connection, _type(call), search)
        written = put_by_condition(connection, search, resource, writer, expected=expected)
        return Change(reply_to(connection, call, written, warnings))

    return await change(call, work)


def put_by_condition(
    connection: Connection[Any], search: Search, resource: Json, writer: Writer, *, expected: str | None
) -> Written:
    """What a conditional update does with a resource: R4 §3.1.0.4.3, case by case."""
    found = find_match(connection, search, writer.rights, tenancy_id=writer.tenancy_id)
    sent_id = resource.get("id")
    if found is None and sent_id is None:
        if expected is not None:
            raise PreconditionFailed("Nothing matches that could have a version.", reason="version_changed")
        return storing.create(connection, resource, writer)
    if found is not None and sent_id not in (None, found):
        rule = FieldError(f"{resource['resourceType']}.id", "must be that of the resource that matches")
        raise BadRequest("The condition matches a resource of another id.", errors=[rule])
    target = found or str(sent_id)
    return storing.update(connection, resource | {"id": target}, target, writer, expected_version=expected)


async def patch(call: Call) -> Reply:
    """Change a resource by the steps of a JSON Patch."""
    steps = await call.body.patch()
    assert call.id is not None
    return await _patch(call, call.id, steps)


async def patch_conditionally(call: Call) -> Reply:
    """Patch the one resource that matches; NotFound where none does."""
    steps = await call.body.patch()
    search = await _ready(call, call.parameters, where="the query")
    return await _patch(call, await _find(call, search), steps)


async def _patch(call: Call, id_: str, steps: list[Any]) -> Reply:
    expected = expected_version(call.header(b"if-match"))

    def work(connection: Connection[Any]) -> Change:
        written, warnings = patch_in_place(connection, call, _type(call), id_, steps, expected=expected)
        return Change(reply_to(connection, call, written, warnings))

    return await change(call, work)


def patch_in_place(
    connection: Connection[Any],
    call: Call,
    type_name: str,
    id_: str,
    steps: list[Any],
    *,
    expected: str | None,
) -> tuple[Written, list[Issue]]:
    """Patch the version in force, which nobody else changes meanwhile."""
    newest = newest_locked(connection, type_name, id_)
    if newest is None:
        raise unknown_resource()
    head = known_own(connection, newest, writer_of_kept(call, newest.kept()), Deed.UPDATE)
    if head is None:
        raise unknown_resource()
    if head.body is None:
        raise Gone("The resource has been deleted.", reason="deleted")
    check_version(connection, head, expected, writer_of_kept(call, head.kept()))
    # The steps look at what the client reads, and at no more.
    [known] = without_unknown_links_in(connection, [head.kept()], call.rights)
    resource, warnings = checked(patched(known, steps), type_name)
    writer = writer_of_kept(call, known)
    return storing.update(connection, resource, id_, writer, expected_version=expected), warnings


def existing(connection: Connection[Any], type_name: str, id_: str) -> Written:
    """A resource that is there already, as the answer to a write that changes nothing."""
    head = newest_locked(connection, type_name, id_)
    if head is None or head.body is None:
        raise Conflict("What the condition matched has been deleted just now.", reason="collision")
    return Written(head.kept(), created=False, changed=False)


async def delete(call: Call) -> Reply:
    """Take a resource out of force; what is not there is as good as deleted (R4 §3.1.0.7)."""
    assert call.id is not None
    return await _delete(call, call.id)


async def delete_conditionally(call: Call) -> Reply:
    """Delete the one resource that matches; PreconditionFailed where several do."""
    search = await _ready(call, call.parameters, where="the query")
    try:
        found = await _find(call, search)
    except NotFound:
        return Reply(status=204)
    return await _delete(call, found)


async def _delete(call: Call, id_: str) -> Reply:
    expected = expected_version(call.header(b"if-match"))

    def work(connection: Connection[Any]) -> Change:
        deleted = delete_in_place(connection, call, _type(call), id_, expected=expected)
        return Change(Reply(status=204, headers={"ETag": etag(deleted.kept)}).showing(deleted.kept))

    try:
        return await change(call, work)
    except NotFound:
        return Reply(status=204)


def delete_in_place(
    connection: Connection[Any], call: Call, type_name: str, id_: str, *, expected: str | None
) -> Written:
    """Raises NotFound where there never was such a resource, or the client may not know of it."""
    head = newest_locked(connection, type_name, id_)
    if head is None:
        raise unknown_resource()
    writer = writer_of_kept(call, head.kept())
    return storing.delete(connection, type_name, id_, writer, expected_version=expected)


async def _put(call: Call, resource: Json, warnings: list[Issue]) -> Reply:
    writer = writer_of(call, resource)
    expected = expected_version(call.header(b"if-match"))

    def work(connection: Connection[Any]) -> Change:
        written = storing.update(connection, resource, str(call.id), writer, expected_version=expected)
        return Change(reply_to(connection, call, written, warnings))

    return await change(call, work)


def writer_of(call: Call, resource: Json | None) -> Writer:
    return Writer(call.client_id, own_tenancy(call.rights, resource), call.rights, base=call.base)


def writer_of_kept(call: Call, kept: Kept) -> Writer:
    """The writer of what stands already: it stays in the source that it is filed in."""
    own = call.rights.caller.own_tenancy_id
    return Writer(call.client_id, kept.tenancy_id if own is None else own, call.rights, base=call.base)


def _type(call: Call) -> str:
    assert call.type is not None
    return call.type


async def _ready(call: Call, pairs: Sequence[tuple[str, str]], *, where: str) -> Search:
    """The search of a condition, once all that it looks at is made."""
    search = parse_criteria(_type(call), pairs, base=call.base, where=where)
    await storing.freshen_asked(call.parts.writing_pool, search.patients)
    return search


async def _find(call: Call, search: Search) -> str:
    """The one match of a condition among what the client may have sent; NotFound where there is none."""

    def run() -> str | None:
        own = call.rights.caller.own_tenancy_id
        with call.parts.writing_pool.connection() as connection, connection.transaction():
            return find_match(connection, search, call.rights, tenancy_id=own)

    found = await asyncio.to_thread(run)
    if found is None:
        raise NotFound("Nothing matches the condition.", reason="nothing_matches")
    return found


def checked(resource: Json, type_name: str) -> tuple[Json, list[Issue]]:
    """The resource, if it may be kept, with what is doubtful about it; else InvalidResource."""
    if resource.get("resourceType") != type_name:
        rule = FieldError("resourceType", f"must be {type_name}, the type of the address")
        raise BadRequest("The resource is of another type.", errors=[rule])
    issues = check(resource, type_name=type_name)
    if any(one.is_error for one in issues):
        raise InvalidResource(issues)
    return resource, issues


def reply_to(connection: Connection[Any], call: Call, written: Written, warnings: list[Issue]) -> Reply:
    """The answer to a write, with as much in it as was asked for and the client may know."""
    [kept] = without_unknown_links_in(connection, [written.kept], call.rights)
    reply = Reply(status=201 if written.created else 200, headers=headers_of(call.base, kept)).showing(kept)
    match call.preferences.returns:
        case "minimal":
            pass
        case "OperationOutcome":
            reply.body = json_text.encode(outcome(warnings))
        case _:
            reply.body = kept.body
    return reply


def headers_of(base: str, kept: Kept) -> dict[str, str]:
    return {
        "Location": version_url(base, kept),
        "ETag": etag(kept),
        "Last-Modified": http_date(kept),
    }
