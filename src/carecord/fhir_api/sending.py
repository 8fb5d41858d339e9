"""Answers on their way out: JSON as it is kept or XML, pretty or compact, zipped where that pays."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from starlette.types import Send

from carecord.fhir_api.calls import Reply
from carecord.fhir_api.json_text import decode
from carecord.fhir_api.negotiation import Preferences
from carecord.fhir_api.xml_text import to_xml

_WORTH_ZIPPING = 1_400
"""Bytes that go in one packet anyway are not zipped."""

_OFF_THE_LOOP = 100_000
"""Bytes from which turning an answer into another form is left to a thread."""

_ZIP_LEVEL = 4


async def send_reply(
    send: Send, reply: Reply, preferences: Preferences, request_headers: Mapping[bytes, bytes], *, head: bool
) -> None:
    """Send an answer in the form asked for."""
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    if b"cache-control" not in dict(headers):
        headers.append((b"cache-control", b"no-store"))
    headers.append((b"vary", b"accept, accept-encoding, authorization"))
    if reply.chunks is not None:
        await _send_chunks(send, reply, headers, head=head)
        return
    body = reply.body or b""
    if body and reply.media_type is None and (preferences.xml or preferences.pretty):
        body = await _off_the_loop(partial(_in_form, body, preferences), len(body))
    if body:
        media_type = reply.media_type or preferences.media_type
        headers.append((b"content-type", media_type.encode("latin-1")))
        if len(body) >= _WORTH_ZIPPING and _accepts_gzip(request_headers):
            body = await _off_the_loop(partial(_zip, body), len(body))
            headers.append((b"content-encoding", b"gzip"))
    if reply.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


async def _send_chunks(send: Send, reply: Reply, headers: list[tuple[bytes, bytes]], *, head: bool) -> None:
    assert reply.chunks is not None
    headers.append((b"content-type", (reply.media_type or "application/octet-stream").encode("latin-1")))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if not head:
        async for chunk in reply.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _off_the_loop(work: Callable[[], bytes], size: int) -> bytes:
    return work() if size < _OFF_THE_LOOP else await asyncio.to_thread(work)


def _in_form(body: bytes, preferences: Preferences) -> bytes:
    if preferences.xml:
        return to_xml(decode(body))
    return msgspec.json.format(body, indent=2)


def _zip(body: bytes) -> bytes:
    zipping = zlib.compressobj(_ZIP_LEVEL, wbits=31)
    return zipping.compress(body) + zipping.flush()


def _accepts_gzip(headers: Mapping[bytes, bytes]) -> bool:
    for one in headers.get(b"accept-encoding", b"").decode("latin-1").lower().split(","):
        coding, _, weight = one.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
