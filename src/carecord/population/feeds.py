"""Feed files, one a source system, and the file that says which records are whose."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec

from carecord.population.history import Entry
from carecord.population.organisations import SourceSystem

TRUTH = "truth.csv"

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class WrittenFeed:
    """One feed file and what is in it."""

    path: Path
    description: str
    records: int = 0
    entries: int = 0


@dataclass(slots=True)
class Written:
    """What a population came to, and where it is."""

    out: Path
    people: int = 0
    feeds: list[WrittenFeed] = field(default_factory=list)

    @property
    def records(self) -> int:
        return sum(feed.records for feed in self.feeds)

    @property
    def entries(self) -> int:
        return sum(feed.entries for feed in self.feeds)


@dataclass(frozen=True, slots=True)
class Demographics:
    """A record's demographics as its system sent them on a day."""

    patient: dict[str, Any]
    updated: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """One source system's record of one patient, ready to be written."""

    system: SourceSystem
    source_patient_id: str
    person: str
    """Who it is in truth."""
    sent: tuple[Demographics, ...]
    """Its demographics; a second is what the source system sent later."""
    entries: tuple[Entry, ...] = ()
    minor_numbers: tuple[str, ...] = ()


class Feeds:
    """The open feed files of a population."""

    def __init__(self, out: Path, systems: Iterable[SourceSystem]) -> None:
        self._out = out
        self._systems = tuple(systems)
        self._files: dict[int, tuple[BinaryIO, WrittenFeed]] = {}
        self._open = ExitStack()
        self.written = Written(out)

    def __enter__(self) -> Self:
        self._out.mkdir(parents=True, exist_ok=True)
        truth = self._open.enter_context((self._out / TRUTH).open("w", encoding="utf-8", newline=""))
        self._truth = csv.writer(truth, lineterminator="\n")
        self._truth.writerow(("tenancy_id", "source_patient_id", "person_id"))
        for system in self._systems:
            path = self._out / system.file_name
            file = self._open.enter_context(path.open("wb", buffering=1 << 18))
            feed = WrittenFeed(path, system.description)
            self._files[system.tenancy_id] = (file, feed)
            self.written.feeds.append(feed)
            self._line(system, system.tenancy())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, record: Record) -> None:
        """Write a record's demographics and entries to its system's feed, and whose it is to the truth."""
        for sent in record.sent:
            line: dict[str, Any] = {"SourcePatientId": record.source_patient_id}
            if sent.updated:
                line["SourceUpdatedDate"] = sent.updated
            line["Patient"] = sent.patient
            if record.minor_numbers:
                line["MinorNumbers"] = record.minor_numbers
            self._line(record.system, line)
        for entry in record.entries:
            self._line(record.system, _entry_line(record.source_patient_id, entry))
        self._truth.writerow((record.system.tenancy_id, record.source_patient_id, record.person))
        _, feed = self._files[record.system.tenancy_id]
        feed.records += 1
        feed.entries += len(record.entries)

    def write_worklist(self, system: SourceSystem, worklist: dict[str, Any]) -> None:
        """Write a worklist to the end of a feed, after the records it names."""
        self._line(system, {"Worklist": worklist})

    def _line(self, system: SourceSystem, line: dict[str, Any]) -> None:
        file, _ = self._files[system.tenancy_id]
        file.write(_encode(line))
        file.write(b"\n")


def _entry_line(source_patient_id: str, entry: Entry) -> dict[str, Any]:
    line: dict[str, Any] = {
        "SourcePatientId": source_patient_id,
        "Collection": entry.collection,
        "SourceItemId": entry.source_item_id,
    }
    if entry.item is None:
        line["Deleted"] = True
        return line
    if entry.updated:
        line["SourceUpdatedDate"] = entry.updated
    line["Item"] = entry.item
    return line
