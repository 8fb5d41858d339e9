"""Searching a type: the page asked for, what comes along, and links to this page and the next."""

from dataclasses import replace
from urllib.parse import urlencode

from carecord.fhir_api import searching, storing
from carecord.fhir_api.bundles_out import searchset
from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import Issue, outcome
from carecord.fhir_api.searching import Found, Search
from carecord.fhir_api.storing.links import without_unknown_links
from carecord.kernel.errors import BadRequest, FieldError, Unavailable


async def search(call: Call) -> Reply:
    """A Bundle of what matches. What was left out of the question is told in an entry of its own."""
    assert call.type is not None
    pairs, cursor = call.parameters, None
    strict = call.preferences.strict
    sealed = call.parameter("_page")
    if sealed is not None:
        if len(call.parameters) > 1:
            rule = FieldError("_page", "must stand alone: the link holds the whole search")
            raise BadRequest("A parameter breaks a rule.", errors=[rule])
        place = call.parts.pages.open(call.page_owner, sealed)
        if place["type"] != call.type:
            rule = FieldError("_page", "must be of a search of this type")
            raise BadRequest("A parameter breaks a rule.", errors=[rule])
        pairs, cursor, strict = [(name, value) for name, value in place["asked"]], place["cursor"], False
    asked = searching.parse(call.type, pairs, strict=strict, base=call.base)
    found = await find_fresh(call, asked, cursor)
    shown = replace(
        found,
        matches=await without_unknown_links(call.parts.readers, found.matches, call.rights),
        included=await without_unknown_links(call.parts.readers, found.included, call.rights),
    )
    return _reply(call, asked, shown)


async def find_fresh(call: Call, asked: Search, cursor: Json | None = None) -> Found:
    """What a search finds once all that it looks at has been made."""
    for _ in range(3):
        found = await searching.find(call.parts.readers, asked, call.rights, cursor=cursor)
        if not found.stale:
            return found
        await storing.freshen_asked(call.parts.writing_pool, found.stale_records)
    # Somebody changes these records as fast as their resources are made.
    raise Unavailable("The record is being changed; ask again.", headers={"Retry-After": "1"})


def _reply(call: Call, asked: Search, found: Found) -> Reply:
    address = f"{call.base}/{asked.type}"
    links = {"self": f"{address}?{urlencode(asked.used)}" if asked.used else address}
    if found.cursor is not None:
        place = {"type": asked.type, "asked": asked.used, "cursor": found.cursor}
        links["next"] = f"{address}?_page={call.parts.pages.seal(call.page_owner, place)}"
    told = [Issue("warning", "not-supported", one) for one in found.warnings]
    body = searchset(
        call.base,
        found.matches,
        found.included,
        total=found.total,
        links=links,
        outcome=outcome(told) if told else None,
    )
    reply = Reply(body).showing(*found.matches, *found.included)
    if not reply.patient_detail_ids:
        # Nothing was shown, and yet somebody was asked for.
        reply.patient_detail_ids = asked.patients or ()
    return reply
