"""The reject file: which lines were refused, and for each the fields and the rules they broke."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from carecord.kernel.errors import FieldError


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that is not loaded, and why."""

    line: int
    errors: Sequence[FieldError]


class RejectFile:
    """NDJSON of what was refused: `{"Line": 7, "Errors": [{"Field": …, "Rule": …}]}`.

    It is made when something is refused; that of an earlier run of the same file goes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self.count = 0

    def __enter__(self) -> "RejectFile":
        self._path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, refusals: Sequence[Refusal]) -> None:
        """Append what one batch refused, in the order of the lines."""
        if not refusals:
            return
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
        for refusal in sorted(refusals, key=lambda one: one.line):
            errors = [{"Field": error.field, "Rule": error.message} for error in refusal.errors]
            self._file.write(msgspec.json.encode({"Line": refusal.line, "Errors": errors}) + b"\n")
        self.count += len(refusals)
