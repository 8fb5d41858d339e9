"""The body of a request as FHIR has it: within a limit, zipped or not, JSON, XML, a form or a patch."""

import base64
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive

from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.negotiation import is_xml
from carecord.fhir_api.xml_text import from_xml
from carecord.kernel.errors import BadRequest, BodyTooLarge, FieldError, UnsupportedMediaType

FORM = "application/x-www-form-urlencoded"
JSON_PATCH = "application/json-patch+json"
_MOST_PARAMETERS = 200


class Body:
    """Read from the connection once, when it is first asked for."""

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._encoding = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
        self.media_type = headers.get(b"content-type", b"").decode("latin-1")
        self._read: bytes | None = None

    async def raw(self) -> bytes:
        """Unzipped; raises BodyTooLarge beyond the limit, which holds for what is unzipped too."""
        if self._read is None:
            sent = await self._receive_all()
            self._read = self._unzip(sent) if sent else b""
        return self._read

    async def resource(self) -> Json:
        """Raises UnsupportedMediaType, BadRequest, BodyTooLarge."""
        xml = is_xml(self.media_type)
        if xml is None:
            raise UnsupportedMediaType(
                "The body must be a resource of R4: application/fhir+json or application/fhir+xml."
            )
        raw = await self.raw()
        if not raw.strip():
            raise BadRequest("The body is empty.")
        return from_xml(raw) if xml else decode(raw)

    async def form(self) -> list[tuple[str, str]]:
        """The parameters of a search by POST; a body that is empty has none."""
        raw = await self.raw()
        if not raw:
            return []
        if self.media_type.partition(";")[0].strip().lower() != FORM:
            raise UnsupportedMediaType(f"The body of a search must be {FORM}.")
        return parse_parameters(raw)

    async def patch(self) -> list[Any]:
        """The steps of a JSON Patch (RFC 6902)."""
        if self.media_type.partition(";")[0].strip().lower() != JSON_PATCH:
            raise UnsupportedMediaType(f"A patch must be {JSON_PATCH}.", headers={"Accept-Patch": JSON_PATCH})
        return _steps(await self.raw())

    async def _receive_all(self) -> bytes:
        chunks: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise BadRequest("The body broke off.")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._limit:
                raise self._too_large()
            chunks.append(chunk)
            more = message.get("more_body", False)
        return b"".join(chunks)

    def _unzip(self, sent: bytes) -> bytes:
        if self._encoding in ("", "identity"):
            return sent
        if self._encoding not in ("gzip", "x-gzip"):
            raise UnsupportedMediaType(
                "A body may be encoded with gzip.", headers={"Accept-Encoding": "gzip"}
            )
        unzipping = zlib.decompressobj(wbits=31)
        try:
            unzipped = unzipping.decompress(sent, self._limit + 1)
        except zlib.error as error:
            raise BadRequest("The body is not gzip.") from error
        if len(unzipped) > self._limit:
            raise self._too_large()
        if not unzipping.eof or unzipping.unused_data:
            raise BadRequest("The body is not one whole gzip file.")
        return unzipped

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is larger than {self._limit} bytes.")


class GivenBody(Body):
    """The resource of an entry of a Bundle, which takes the place of a body."""

    def __init__(self, resource: Json | None) -> None:
        self._resource = resource
        self.media_type = ""

    async def raw(self) -> bytes:
        return b"" if self._resource is None else encode(self._resource)

    async def resource(self) -> Json:
        if self._resource is None:
            raise BadRequest("The entry has no resource.", errors=[FieldError("resource", "is missing")])
        return self._resource

    async def form(self) -> list[tuple[str, str]]:
        return []

    async def patch(self) -> list[Any]:
        return patch_in(self._resource)


def patch_in(resource: Json | None) -> list[Any]:
    """The steps of a JSON Patch that comes in a Binary, as R4 has it for entries of a Bundle."""
    resource = resource or {}
    media_type = str(resource.get("contentType", "")).partition(";")[0].strip().lower()
    if resource.get("resourceType") != "Binary" or media_type != JSON_PATCH:
        raise BadRequest(f"A patch in a Bundle must be a Binary of {JSON_PATCH}.")
    try:
        raw = base64.b64decode(str(resource.get("data", "")), validate=True)
    except ValueError as error:
        raise BadRequest("The data of the Binary is not base64.") from error
    return _steps(raw)


def _steps(raw: bytes) -> list[Any]:
    # The decoder of resources takes one object: the steps are put into one.
    if not raw.strip():
        raise BadRequest("The patch is empty.")
    try:
        steps = decode(b'{"steps":%b}' % raw)
    except BadRequest as error:
        raise BadRequest("The patch is not JSON.") from error
    found = steps.get("steps")
    if not isinstance(found, list) or len(steps) > 1:
        raise BadRequest("The patch must be an array of steps (RFC 6902).")
    return found


def parse_parameters(query: bytes) -> list[tuple[str, str]]:
    """The names and values of a query or a form; BadRequest where they are not UTF-8, or too many."""
    if not query:
        return []
    try:
        found = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except ValueError as error:
        raise BadRequest(f"The parameters must be UTF-8, and {_MOST_PARAMETERS} at most.") from error
    for name, value in found:
        if "\0" in name or "\0" in value:
            rule = FieldError(name.replace("\0", ""), "must not hold the character U+0000")
            raise BadRequest("A parameter breaks a rule.", errors=[rule])
    return found
