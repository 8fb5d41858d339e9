"""Documents that are made once and sent many times: compressed, tagged, with the headers a browser heeds."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"

ALWAYS_ASK = "no-cache"
"""A browser keeps it, and asks each time whether it still holds."""
FOR_EVER = "public, max-age=31536000, immutable"
"""For what has its own digest in its address."""

_SMALLEST_COMPRESSED = 1_000

SAFETY = {
    "content-security-policy": "; ".join(
        ("default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'")
    ),
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Sent with every document: a page loads nothing from elsewhere, has no script in it, stands in no frame."""


@dataclass(frozen=True)
class Document:
    """A body with its media type, as it is sent."""

    body: bytes
    media_type: str
    cache_control: str = ALWAYS_ASK

    @cached_property
    def tag(self) -> str:
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes | None:
        """The body by gzip, where that makes it smaller; the same body gives the same bytes."""
        if len(self.body) < _SMALLEST_COMPRESSED:
            return None
        smaller = gzip.compress(self.body, mtime=0)
        return smaller if len(smaller) < len(self.body) else None


def send(request: Request, document: Document, *, status: int = 200) -> Response:
    """The document; 304 without a body where the browser has it already."""
    headers = {
        **SAFETY,
        "cache-control": document.cache_control,
        "etag": document.tag,
        "vary": "accept-encoding",
    }
    if status == 200 and _has(request, document):
        return Response(status_code=304, headers=headers)
    body = document.body
    if document.compressed is not None and _accepts_gzip(request):
        body = document.compressed
        headers["content-encoding"] = "gzip"
    return Response(body, status_code=status, headers={**headers, "content-type": document.media_type})


class Shelf:
    """Documents by name, each made when it is first asked for and kept for as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, Document] = {}

    def get(self, name: str, make: Callable[[], Document]) -> Document:
        """The document of this name. Names must come from a closed set: nothing is ever put away."""
        found = self._kept.get(name)
        if found is None:
            found = self._kept[name] = make()
        return found


def _has(request: Request, document: Document) -> bool:
    tags = request.headers.get("if-none-match", "")
    return document.tag in (tag.strip() for tag in tags.split(","))


def _accepts_gzip(request: Request) -> bool:
    codings = [coding.strip().lower() for coding in request.headers.get("accept-encoding", "").split(",")]
    return any(coding == "gzip" or (coding.startswith("gzip;") and "q=0" not in coding) for coding in codings)
