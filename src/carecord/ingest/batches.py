"""A feed file read into batches: lines that keep every rule, and refusals of those that do not."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from carecord.catalogue.submission import InvalidItem
from carecord.clinical_store.filing import SentEntry
from carecord.clinical_store.worklists import SentWorklist
from carecord.ingest import feed_files
from carecord.ingest.feed_files import DAMAGES, FeedFile
from carecord.ingest.feed_lines import Sent, SentDeletion, SentPatient, parse_line
from carecord.ingest.reject_file import Refusal
from carecord.kernel.errors import FieldError
from carecord.patient_index.source_records import Tenancy


@dataclass(slots=True)
class Batch:
    """Lines that are stored together. `lines` and `read_bytes` are how far the file was read with it."""

    patients: list[SentPatient | SentDeletion] = field(default_factory=list)
    """In the order of their lines."""
    entries: list[SentEntry] = field(default_factory=list)
    worklists: list[SentWorklist] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    lines: int = 0
    read_bytes: int = 0

    def __len__(self) -> int:
        return len(self.patients) + len(self.entries) + len(self.worklists) + len(self.refused)

    def add(self, sent: Sent) -> None:
        if isinstance(sent, SentEntry):
            self.entries.append(sent)
        elif isinstance(sent, SentPatient | SentDeletion):
            self.patients.append(sent)
        else:
            self.worklists.append(sent)

    def refuse(self, line: int, *errors: FieldError) -> None:
        self.refused.append(Refusal(line, errors))


class FeedReader:
    """Reads one feed: first `read_tenancy`, then `batches`. `lines` are those read, without blank ones."""

    def __init__(self, feed: FeedFile, *, today: str) -> None:
        self._feed = feed
        self._today = today
        self._numbered = feed.lines()
        self._tenancy: Tenancy | None = None
        self.lines = 0
        self._last_line = 0

    def read_tenancy(self) -> Tenancy | Refusal:
        """The source that the first line names; without one nothing of the file can be placed."""
        try:
            number, text = next(self._numbered, (0, b""))
        except DAMAGES:
            return Refusal(1, [_DAMAGED])
        if not number:
            return Refusal(1, [FieldError("Tenancy", "must be named by the first line; the file is empty")])
        self.lines, self._last_line = 1, number
        try:
            sent = self._parse(number, text)
        except InvalidItem as invalid:
            return Refusal(number, [*invalid.errors, _NO_TENANCY])
        if not isinstance(sent, Tenancy):
            return Refusal(number, [_NO_TENANCY])
        self._tenancy = sent
        return sent

    def batches(self, size: int) -> Iterator[Batch]:
        """The lines behind the first, `size` of them at a time; the last batch may be empty."""
        batch = Batch()
        try:
            for number, text in self._numbered:
                self.lines += 1
                self._last_line = number
                try:
                    sent = self._parse(number, text)
                except InvalidItem as invalid:
                    batch.refuse(number, *invalid.errors)
                else:
                    if not isinstance(sent, Tenancy):
                        batch.add(sent)
                    elif sent.tenancy_id == self._tenancy_id:
                        batch.refuse(number, _SECOND_HEADER)
                    else:
                        # Two feeds in one file. Whose lines follow is in doubt, and a guess could
                        # put one organisation's patients into the records of another.
                        batch.refuse(number, _OTHER_TENANCY)
                        break
                if len(batch) >= size:
                    yield self._close(batch)
                    batch = Batch()
        except DAMAGES:
            batch.refuse(self._last_line + 1, _DAMAGED)
        yield self._close(batch)

    @property
    def _tenancy_id(self) -> int | None:
        return self._tenancy.tenancy_id if self._tenancy else None

    def _parse(self, number: int, text: bytes) -> Tenancy | Sent:
        if len(text) > feed_files.LINE_LIMIT:
            rule = f"must not be longer than {feed_files.LINE_LIMIT} bytes"
            raise InvalidItem([FieldError("line", rule)])
        return parse_line(text, line=number, today=self._today)

    def _close(self, batch: Batch) -> Batch:
        batch.lines, batch.read_bytes = self.lines, self._feed.read_bytes
        return batch


_NO_TENANCY = FieldError("Tenancy", "must be named by the first line; nothing of this file is loaded")
_SECOND_HEADER = FieldError("Tenancy", "must stand on the first line and nowhere else")
_OTHER_TENANCY = FieldError(
    "Tenancy", "is another source than the first line's; nothing from here on is loaded"
)
_DAMAGED = FieldError("file", "breaks off or is damaged here; nothing after it is loaded")
