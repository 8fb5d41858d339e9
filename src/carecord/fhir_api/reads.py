"""Reading: a resource, one version of it, and the history of an instance or a type."""

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from carecord.fhir_api import json_text, searching, storing
from carecord.fhir_api.bundles_out import etag, history, http_date
from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.moments import moment
from carecord.fhir_api.preconditions import is_known
from carecord.kernel.errors import BadRequest, FieldError, NotAcceptable

HISTORY_COUNT = 20
MOST_OF_HISTORY = 1000

_OF_A_READ = frozenset({"_summary", "_elements"})
_OF_A_HISTORY = frozenset({"_since", "_count", "_page"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_AS_A_FILE = {
    "Content-Disposition": "attachment",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
"""What a browser is told of bytes that somebody sent: to keep them, and to run nothing of them."""


async def read(call: Call) -> Reply:
    """The version in force; 304 where the caller has it already."""
    _check_parameters(call, _OF_A_READ)
    assert call.type is not None
    assert call.id is not None
    kept = await storing.read(
        call.parts.readers, call.type, call.id, call.rights, writing_pool=call.parts.writing_pool
    )
    headers = {"ETag": etag(kept), "Last-Modified": http_date(kept)}
    known = is_known(
        kept,
        if_none_match=call.header(b"if-none-match"),
        if_modified_since=call.header(b"if-modified-since"),
    )
    if known:
        return Reply(status=304, headers=headers).showing(kept)
    if call.preferences.native:
        content, media_type = _content(kept, call.preferences.native)
        return Reply(content, headers=headers | _AS_A_FILE, media_type=media_type).showing(kept)
    return Reply(_shown(call, kept), headers=headers).showing(kept)


def _content(kept: Kept, accepted: Sequence[str]) -> tuple[bytes, str]:
    """The bytes of a Binary and their media type; NotAcceptable where it is none of these."""
    assert kept.body is not None
    binary = json_text.decode(kept.body)
    media_type = binary["contentType"].partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(media_type) is None or not any(
        one in (media_type, f"{media_type.partition('/')[0]}/*") for one in accepted
    ):
        raise NotAcceptable("Accept names neither JSON or XML of R4 nor the media type of the content.")
    return base64.b64decode(binary.get("data", "")), media_type


async def vread(call: Call) -> Reply:
    """One version of a resource; Gone where it is the deletion."""
    _check_parameters(call, _OF_A_READ)
    assert call.type is not None
    assert call.id is not None
    kept = await storing.read_version(
        call.parts.readers,
        call.type,
        call.id,
        call.version or "",
        call.rights,
        writing_pool=call.parts.writing_pool,
    )
    headers = {"ETag": etag(kept), "Last-Modified": http_date(kept)}
    return Reply(_shown(call, kept), headers=headers).showing(kept)


async def history_of(call: Call) -> Reply:
    """The versions of a resource, or of a type, the newest first."""
    _check_parameters(call, _OF_A_HISTORY)
    assert call.type is not None
    asked, cursor = dict(call.parameters), None
    if "_page" in asked:
        place = call.parts.pages.open(call.page_owner, asked["_page"])
        if place.get("history") != [call.type, call.id]:
            raise _bad("_page", "must be of this history")
        asked, cursor = dict(place["asked"]), place["cursor"]
    page = await storing.history(
        call.parts.readers,
        call.type,
        call.id,
        call.rights,
        count=_count(asked.get("_count")),
        since=_since(asked.get("_since")),
        cursor=cursor,
        writing_pool=call.parts.writing_pool,
    )
    address = "/".join(filter(None, (call.base, call.type, call.id, "_history")))
    told = [(name, asked[name]) for name in ("_since", "_count") if name in asked]
    links = {"self": f"{address}?{urlencode(told)}" if told else address}
    if page.cursor is not None:
        place = {"history": [call.type, call.id], "asked": told, "cursor": page.cursor}
        links["next"] = f"{address}?_page={call.parts.pages.seal(call.page_owner, place)}"
    return Reply(history(call.base, page.versions, total=page.total, links=links)).showing(*page.versions)


def _shown(call: Call, kept: Kept) -> bytes:
    """The body, cut where `_summary` or `_elements` ask for it."""
    assert kept.body is not None
    asked = [(name, value) for name, value in call.parameters if name in _OF_A_READ]
    if not asked:
        return kept.body
    wanted = searching.parse(kept.type, asked, strict=True, base=call.base)
    if not wanted.cuts:
        return kept.body
    return json_text.encode(searching.trim(json_text.decode(kept.body), wanted))


def _count(text: str | None) -> int:
    if text is None:
        return HISTORY_COUNT
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise _bad("_count", "must be a whole number from 1")
    return min(int(text), MOST_OF_HISTORY)


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    # A plus sign in a query is a blank to those who do not escape it.
    found = moment(text.replace(" ", "+"))
    if found is None:
        raise _bad("_since", "must be an instant or a date")
    try:
        return _EPOCH + timedelta(microseconds=found.low)
    except OverflowError:
        raise _bad("_since", "must be a year that the calendar has") from None


def _check_parameters(call: Call, known: frozenset[str]) -> None:
    """What is no parameter of the interaction is an error to who would have it strict, else left out."""
    for name, value in call.parameters:
        if name in known:
            if not value.strip():
                raise _bad(name, "must have a value")
        elif call.preferences.strict:
            told = name if name.isascii() and name.isprintable() and len(name) <= 64 else "the query"
            raise _bad(told, "is no parameter of this interaction")


def _bad(name: str, rule: str) -> BadRequest:
    return BadRequest("A parameter breaks a rule.", errors=[FieldError(name, rule)])
