"""Feed files: NDJSON, plain or compressed with gzip or zstd, read a line at a time."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from carecord.ingest.feed_lines import LINE_LIMIT

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class FeedFile:
    """An open feed. `read_bytes` is how far it is read, of `size_bytes` on disk."""

    def __init__(self, raw: BinaryIO, size_bytes: int) -> None:
        self._raw = raw
        self.size_bytes = size_bytes
        magic = raw.read(4)
        raw.seek(0)
        stream: Any = raw
        if magic.startswith(_GZIP):
            stream = gzip.GzipFile(fileobj=raw)
        elif magic == _ZSTD:
            stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        self._lines = io.BufferedReader(stream, 1 << 20)

    @property
    def read_bytes(self) -> int:
        return self._raw.tell()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line with its number from 1, blank ones left out; one over the limit comes cut."""
        number = 0
        while line := self._lines.readline(LINE_LIMIT + 2):
            number += 1
            if len(line) > LINE_LIMIT:
                while line and not line.endswith(b"\n"):
                    rest = self._lines.readline(LINE_LIMIT)
                    if not rest or rest.endswith(b"\n"):
                        break
            stripped = line.strip()
            if stripped:
                yield number, stripped


@contextmanager
def open_feed(path: Path) -> Iterator[FeedFile]:
    """Open a feed, whatever it is compressed with; its first bytes say."""
    with path.open("rb") as raw:
        yield FeedFile(raw, path.stat().st_size)
