"""HTTP as uvicorn speaks it, with limits to the head of a request and each face's shape of error."""

import os
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from carecord.fhir_api.addresses import BASE_PATH
from carecord.fhir_api.json_text import encode
from carecord.fhir_api.negotiation import FHIR_JSON
from carecord.fhir_api.outcomes import outcome_of
from carecord.kernel.errors import AddressTooLong, BadRequest, CareRecordError, HeadersTooLarge
from carecord.kernel.problem import MEDIA_TYPE, encode_problem

ADDRESS_LIMIT = 8 * 1024
HEAD_LIMIT = 64 * 1024
"""Longest path and query, and largest head of a request that comes in pieces, in bytes."""


class LimitedProtocol(HttpToolsProtocol):
    """Refuses what no application sees: a head that is no HTTP, an address or header fields without end."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_bytes = 0
        self._refusal: CareRecordError | None = None
        self.url = b""

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > HEAD_LIMIT and self._refusal is None:
            self._refusal = HeadersTooLarge()
            self.send_400_response(self._refusal.detail)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > ADDRESS_LIMIT:
            self._refusal = AddressTooLong()
            raise ValueError(self._refusal.detail)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head_bytes = 0

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._head_bytes = 0

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._head_bytes = 0

    def send_400_response(self, msg: str) -> None:
        if self.transport.is_closing():
            return
        self._refusal = self._refusal or BadRequest("This is not HTTP.")
        media_type, body = _told(self._refusal, self.url)
        head = (
            f"HTTP/1.1 {self._refusal.status} {self._refusal.title}\r\ncontent-type: {media_type}\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def _told(error: CareRecordError, address: bytes) -> tuple[str, bytes]:
    """The media type and body of a refusal: in FHIR's shape where the address, as far as read, is FHIR's."""
    if address.startswith((f"{BASE_PATH}/".encode(), f"{BASE_PATH}?".encode())):
        return FHIR_JSON, encode(outcome_of(error))
    # The address is not given back: it was not read to its end, or is no address.
    return MEDIA_TYPE, encode_problem(error, instance="", trace_id=os.urandom(16).hex())
