"""HTTP as uvicorn speaks it, with limits to the head of a request and our one shape of error."""

import os
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
        # The address is not given back: it was not read to its end, or is no address.
        body = encode_problem(self._refusal, instance="", trace_id=os.urandom(16).hex())
        head = (
            f"HTTP/1.1 {self._refusal.status} {self._refusal.title}\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
