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
class Written:
    """What a population came to, and where it is."""

    out: Path
    people: int = 0
    records: int = 0
    entries: int = 0
    files: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Record:
    """One source system's record of one patient, ready to be written."""

    system: SourceSystem
    source_patient_id: str
    person: str
    """Who it is in truth."""
    patients: tuple[dict[str, Any], ...]
    """Its demographics; a second one is what the source system sent later."""
    entries: tuple[Entry, ...] = ()
    minor_numbers: tuple[str, ...] = ()


class Feeds:
    """The open feed files of a population."""

    def __init__(self, out: Path, systems: Iterable[SourceSystem]) -> None:
        self._out = out
        self._systems = tuple(systems)
        self._files: dict[int, BinaryIO] = {}
        self._open = ExitStack()
        self.written = Written(out)

    def __enter__(self) -> Self:
        self._out.mkdir(parents=True, exist_ok=True)
        truth = self._open.enter_context((self._out / TRUTH).open("w", encoding="utf-8", newline=""))
        self._truth = csv.writer(truth, lineterminator="\n")
        self._truth.writerow(("tenancy_id", "source_patient_id", "person_id"))
        for system in self._systems:
            path = self._out / system.file_name
            self._files[system.tenancy_id] = self._open.enter_context(path.open("wb", buffering=1 << 18))
            self.written.files.append(path)
            self._line(system, system.tenancy())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def write(self, record: Record) -> None:
        """Write a record's demographics and entries to its system's feed, and whose it is to the truth."""
        for patient in record.patients:
            line: dict[str, Any] = {"SourcePatientId": record.source_patient_id, "Patient": patient}
            if record.minor_numbers:
                line["MinorNumbers"] = record.minor_numbers
            self._line(record.system, line)
        for entry in record.entries:
            self._line(record.system, _entry_line(record.source_patient_id, entry))
        self._truth.writerow((record.system.tenancy_id, record.source_patient_id, record.person))
        self.written.records += 1
        self.written.entries += len(record.entries)

    def write_worklist(self, system: SourceSystem, worklist: dict[str, Any]) -> None:
        """Write a worklist to the end of a feed, after the records it names."""
        self._line(system, {"Worklist": worklist})

    def _line(self, system: SourceSystem, line: dict[str, Any]) -> None:
        file = self._files[system.tenancy_id]
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
