"""Feed files: NDJSON, plain or compressed with gzip or zstd, read a line at a time."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

LINE_LIMIT = 48 * 1024 * 1024
"""Longest line that is read, in bytes; a document's content is the longest thing that a line holds."""

DAMAGES = (EOFError, OSError, zlib.error, zstandard.ZstdError)
"""What reading raises where a file breaks off or is damaged."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = 2


class FeedFile:
    """An open feed. `read_bytes` is how far it is read, of `size_bytes` on disk."""

    def __init__(self, raw: BinaryIO, size_bytes: int) -> None:
        self._raw = raw
        self.size_bytes = size_bytes
        magic = raw.read(4)
        raw.seek(0)
        # gzip is not buffered again: a second buffer would lose what comes before a cut.
        self._lines: Any = gzip.GzipFile(fileobj=raw)
        if not magic.startswith(_GZIP):
            stream: Any = _ZstdFile(raw) if magic == _ZSTD else raw
            self._lines = io.BufferedReader(stream, 1 << 20)

    @property
    def read_bytes(self) -> int:
        return self._raw.tell()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its number from 1, blank ones left out; one over the limit comes cut behind it."""
        number, longest = 0, LINE_LIMIT + _LINE_ENDS
        if self._lines.peek(3).startswith(_BYTE_ORDER_MARK):
            self._lines.read(len(_BYTE_ORDER_MARK))
        while line := self._lines.readline(longest):
            number += 1
            if len(line) == longest and not line.endswith(b"\n"):
                self._skip_line()
            stripped = line.strip()
            if stripped:
                yield number, stripped

    def _skip_line(self) -> None:
        while (rest := self._lines.readline(1 << 20)) and not rest.endswith(b"\n"):
            pass


class _ZstdFile(io.RawIOBase):
    """What a zstd file holds, frame by frame. The library's own reader takes a cut file for a whole one."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._frame: Any = None
        self._behind = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            compressed = self._behind or self._raw.read(1 << 17)
            self._behind = b""
            if not compressed:
                if self._frame is not None:
                    raise EOFError("the last frame is not whole")
                return 0
            if self._frame is None:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(self._frame.decompress(compressed))
            if self._frame.eof:
                self._behind, self._frame = self._frame.unused_data, None
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


@contextmanager
def open_feed(path: Path) -> Iterator[FeedFile]:
    """Open a feed, whatever it is compressed with; its first bytes say."""
    with path.open("rb") as raw:
        yield FeedFile(raw, path.stat().st_size)
