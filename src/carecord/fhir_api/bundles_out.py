"""Bundles that go out, put together of bodies as they are kept: no resource is decoded on the way."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus

import msgspec

from carecord.fhir_api import json_text
from carecord.fhir_api.instants import instant
from carecord.fhir_api.kept import Json, Kept

_encode = msgspec.json.encode


def searchset(
    base: str,
    matches: Sequence[Kept],
    included: Sequence[Kept],
    *,
    total: int | None,
    links: Mapping[str, str],
    outcome: Json | None = None,
) -> bytes:
    """The answer to a search; `outcome` tells of the answer itself, and counts in no total."""
    entries = [_found(base, one, b"match") for one in matches]
    entries += [_found(base, one, b"include") for one in included]
    if outcome is not None:
        entries.append(b'{"resource":%b,"search":{"mode":"outcome"}}' % json_text.encode(outcome))
    return bundle("searchset", entries, total=total, links=links)


def history(base: str, versions: Iterable[Kept], *, total: int | None, links: Mapping[str, str]) -> bytes:
    """Versions of resources, deletions among them."""
    return bundle("history", [_version(base, one) for one in versions], total=total, links=links)


def bundle(
    kind: str, entries: Sequence[bytes], *, total: int | None = None, links: Mapping[str, str] | None = None
) -> bytes:
    """A Bundle of entries that are JSON already."""
    parts = [b'{"resourceType":"Bundle","type":"%b"' % kind.encode()]
    if total is not None:
        parts.append(b',"total":%d' % total)
    if links:
        parts.append(b',"link":')
        parts.append(_encode([{"relation": relation, "url": url} for relation, url in links.items()]))
    # FHIR knows no empty arrays.
    if entries:
        parts += (b',"entry":[', b",".join(entries), b"]")
    parts.append(b"}")
    return b"".join(parts)


def response_entry(
    status: int,
    *,
    full_url: str | None = None,
    body: bytes | None = None,
    location: str | None = None,
    etag: str | None = None,
    last_modified: datetime | None = None,
    outcome: Json | None = None,
) -> bytes:
    """An entry of a batch-response or transaction-response."""
    response: Json = {"status": f"{status} {HTTPStatus(status).phrase}"}
    if location is not None:
        response["location"] = location
    if etag is not None:
        response["etag"] = etag
    if last_modified is not None:
        response["lastModified"] = instant(last_modified)
    if outcome is not None:
        response["outcome"] = outcome
    parts = [b"{"]
    if full_url is not None:
        parts.append(b'"fullUrl":%b,' % _encode(full_url))
    if body is not None:
        parts.append(b'"resource":%b,' % body)
    parts.append(b'"response":%b}' % json_text.encode(response))
    return b"".join(parts)


def etag(kept: Kept) -> str:
    return f'W/"{kept.version_id}"'


def http_date(kept: Kept) -> str:
    """Of Last-Modified (RFC 9110 §5.6.7)."""
    return format_datetime(kept.last_updated.replace(microsecond=0), usegmt=True)


def full_url(base: str, kept: Kept) -> str:
    return f"{base}/{kept.type}/{kept.id}"


def version_url(base: str, kept: Kept) -> str:
    """Where this version may be read."""
    return f"{full_url(base, kept)}/_history/{kept.version_id}"


def _found(base: str, kept: Kept, mode: bytes) -> bytes:
    assert kept.body is not None
    address = _encode(full_url(base, kept))
    return b'{"fullUrl":%b,"resource":%b,"search":{"mode":"%b"}}' % (address, kept.body, mode)


def _version(base: str, kept: Kept) -> bytes:
    if kept.body is None:
        request, status = {"method": "DELETE", "url": f"{kept.type}/{kept.id}"}, "204 No Content"
    elif kept.version_id == "1":
        request, status = {"method": "POST", "url": kept.type}, "201 Created"
    else:
        request, status = {"method": "PUT", "url": f"{kept.type}/{kept.id}"}, "200 OK"
    response = {"status": status, "etag": etag(kept), "lastModified": instant(kept.last_updated)}
    resource = b"" if kept.body is None else b'"resource":%b,' % kept.body
    address = _encode(full_url(base, kept))
    return b'{"fullUrl":%b,%b"request":%b,"response":%b}' % (
        address,
        resource,
        _encode(request),
        _encode(response),
    )
