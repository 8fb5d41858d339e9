"""Documents: letters of every source in one list, and the bytes of one."""

import base64
import re
from typing import Any
from urllib.parse import quote

from carecord.bundles_api.answers import encode_list, encode_row, rows_of
from carecord.bundles_api.face import Answer, Call
from carecord.bundles_api.lists import known
from carecord.bundles_api.parameters import check_no_parameters, read_list_request
from carecord.bundles_api.single_rows import leaf_of
from carecord.catalogue.documents import DOCUMENT_CONTENT
from carecord.clinical_store.reading import Page
from carecord.clinical_store.statements import Selection, queries
from carecord.clinical_store.whole_person import read_view
from carecord.kernel.errors import NotAcceptable, NotFound

_JSON = "application/json"
_UNKNOWN_TYPE = "application/octet-stream"
_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}(; ?charset=[A-Za-z0-9-]{1,40})?"
)
_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]")
_NEWEST_FIRST = Selection(DOCUMENT_CONTENT, order=((leaf_of(DOCUMENT_CONTENT, "LastUpdatedDate"), True),))


async def answer_documents(call: Call) -> Answer:
    """A page of the documents, GP documents and discharge summaries of every source in one list.

    Restricted ones are left out, and not counted, for a caller without the bundle's restricted scope.
    """
    request = read_list_request(call.operation, call.query)
    async with call.pool.connection() as connection:
        page = known(
            await read_view(
                connection,
                request.selection,
                queries.all_documents,
                call.patient_detail_id,
                tenancies=call.caller.tenancies,
                limit=request.page_size,
                offset=request.offset,
                values=request.values,
                parameters={"shows_restricted": call.holds_scope(call.operation.restricted_scope)},
            )
        )
    rows: list[Any] = rows_of(call.operation).read(page.items, await call.tenancies.describe(page.tenancies))
    return Answer(
        encode_list(call.operation, rows, page.total),
        tenancies=page.seen_tenancies,
        restricted=any(row.confidentiality == _RESTRICTED for row in rows),
    )


async def answer_content(call: Call) -> Answer:
    """The document as JSON, or its bytes with their media type, as the caller accepts.

    NotFound where the patient has no such document that the caller may see; NotAcceptable where the caller
    accepts neither.
    """
    check_no_parameters(call.query)
    page = await _find_content(call, shows_restricted=False)
    restricted = not page.tenancies and call.holds_scope(call.operation.restricted_scope)
    if restricted:
        page = await _find_content(call, shows_restricted=True)
    rows: list[Any] = rows_of(call.operation).read(page.items, await call.tenancies.describe(page.tenancies))
    if not rows:
        raise NotFound("The patient has no such document.", reason="unknown_document")
    document = rows[0]
    stored_type = _safe_media_type(document.mime_type)
    chosen = choose_media_type(call.headers.get(b"accept", b"").decode("latin-1"), stored_type)
    if chosen is None:
        raise NotAcceptable(f"This document can be given as {_JSON} or {stored_type}.")
    if chosen == _JSON:
        return Answer(
            encode_row(document),
            headers={"Vary": "Accept"},
            tenancies=page.seen_tenancies,
            restricted=restricted,
        )
    return Answer(
        base64.b64decode(document.content),
        media_type=stored_type,
        headers=_DOWNLOAD | {"Content-Disposition": _disposition(document.file_name)},
        tenancies=page.seen_tenancies,
        restricted=restricted,
    )


async def _find_content(call: Call, *, shows_restricted: bool) -> Page:
    async with call.pool.connection() as connection:
        return known(
            await read_view(
                connection,
                _NEWEST_FIRST,
                queries.content_of_document,
                call.patient_detail_id,
                tenancies=call.caller.tenancies,
                limit=1,
                parameters={
                    "document_id": call.path_values["documentId"],
                    "shows_restricted": shows_restricted,
                },
            )
        )


_RESTRICTED = "Restricted"
_DOWNLOAD = {
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    # What a source sent may hold script; shown by a browser, it must not run as ours.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def choose_media_type(accept: str, stored_type: str) -> str | None:
    """JSON or the document's own type, whichever the caller wants more (RFC 9110 §12.5.1); JSON when alike.

    None where it wants neither.
    """
    ranges = [_range(one) for one in accept.split(",") if one.strip()] or [("*/*", 1.0)]
    wanted = {kind: _quality(kind, ranges) for kind in (_JSON, stored_type.split(";")[0].lower())}
    best = max(wanted, key=lambda kind: wanted[kind])
    if wanted[best] <= 0:
        return None
    return _JSON if best == _JSON else stored_type


def _range(text: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = min(max(float(value), 0.0), 1.0)
            except ValueError:
                quality = 0.0
    return kind, quality


def _quality(kind: str, ranges: list[tuple[str, float]]) -> float:
    """What the most exact range that covers this type says of it."""
    family = kind.partition("/")[0]
    for pattern in (kind, f"{family}/*", "*/*"):
        said = [quality for one, quality in ranges if one == pattern]
        if said:
            return max(said)
    return 0.0


def _safe_media_type(text: str) -> str:
    return text if _MEDIA_TYPE.fullmatch(text) else _UNKNOWN_TYPE


def _disposition(file_name: str | None) -> str:
    """A download under a name that no header or file system can misread (RFC 6266)."""
    name = (file_name or "document").replace("\\", "/").rsplit("/", 1)[-1].strip(". ")[:150] or "document"
    plain = _UNSAFE.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
