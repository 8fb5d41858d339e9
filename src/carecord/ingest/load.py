"""Loading a feed file: line by line through the catalogue, in bulk into the index and the store."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import IO, Any

import msgspec
import zstandard
from psycopg import Connection

from carecord.catalogue.submission import InvalidItem
from carecord.clinical_store.filing import SentEntry, file_entries
from carecord.clinical_store.worklists import SentWorklist, file_worklists
from carecord.ingest.feed_files import FeedFile, open_feed
from carecord.ingest.feed_lines import SentPatient, parse_line
from carecord.kernel.errors import FieldError
from carecord.kernel.sql import load_queries
from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy

queries = load_queries(__package__)

BATCH = 20_000
"""Lines that are stored in one transaction."""

Progress = Callable[[int, int], None]
"""Told how many bytes of the file are read and how many lines."""


@dataclass(slots=True)
class Loaded:
    """What became of one file."""

    file: Path
    tenancy: Tenancy | None = None
    lines: int = 0
    patients: int = 0
    patients_changed: int = 0
    entries: int = 0
    entries_added: int = 0
    entries_changed: int = 0
    worklists: int = 0
    rejected: int = 0
    rejects: Path | None = None


@dataclass(slots=True)
class _Batch:
    records: dict[str, tuple[int, SourceRecord]] = field(default_factory=dict)
    entries: dict[tuple[str, str, str], SentEntry] = field(default_factory=dict)
    worklists: dict[str, SentWorklist] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.records) + len(self.entries) + len(self.worklists)


def load_file(
    connection: Connection[Any],
    path: Path,
    *,
    rejects: Path,
    today: date,
    on_progress: Progress = lambda read_bytes, lines: None,
) -> Loaded:
    """Load one feed. What breaks a rule costs its line alone and stands in `rejects` with field and rule.

    Loading it again changes nothing. Every batch is one transaction; a load that is cut off is run again.
    """
    loaded = Loaded(path)
    started = connection.execute(queries.start_load, {"file_name": path.name}).fetchone()
    assert started is not None
    with open_feed(path) as feed, RejectFile(rejects) as reject_file:
        _load_lines(connection, feed, loaded, reject_file, today.isoformat(), on_progress)
        loaded.rejected, loaded.rejects = reject_file.count, rejects if reject_file.count else None
    connection.execute(
        queries.end_load,
        {
            "load_id": started[0],
            "tenancy_id": loaded.tenancy.tenancy_id if loaded.tenancy else None,
            "lines": loaded.lines,
            "patients": loaded.patients,
            "entries": loaded.entries,
            "rejected": loaded.rejected,
        },
    )
    return loaded


def _load_lines(
    connection: Connection[Any],
    feed: FeedFile,
    loaded: Loaded,
    reject_file: "RejectFile",
    today: str,
    on_progress: Progress,
) -> None:
    batch = _Batch()
    try:
        for number, text in feed.lines():
            loaded.lines += 1
            try:
                sent = parse_line(text, line=number, today=today)
                if isinstance(sent, Tenancy):
                    _check_header(loaded, number)
                    loaded.tenancy = sent
                    set_tenancy(connection, sent)
                    continue
                if loaded.tenancy is None:
                    raise InvalidItem([FieldError("Tenancy", "must be named by the first line")])
            except InvalidItem as invalid:
                reject_file.write(number, invalid.errors)
                continue
            if isinstance(sent, SentPatient):
                if sent.record.source_key in batch.records:
                    _store(connection, loaded, batch, reject_file)
                    batch = _Batch()
                batch.records[sent.record.source_key] = (number, sent.record)
            elif isinstance(sent, SentWorklist):
                batch.worklists[sent.worklist.worklist_id] = sent
            else:
                key = (sent.source_patient, sent.store, sent.key)
                batch.entries[key] = _merged(batch.entries.get(key), sent)
            if len(batch) >= BATCH:
                _store(connection, loaded, batch, reject_file)
                batch = _Batch()
                on_progress(feed.read_bytes, loaded.lines)
    except (EOFError, OSError, gzip.BadGzipFile, zstandard.ZstdError):
        reject_file.write(loaded.lines + 1, [FieldError("file", "breaks off or is damaged here")])
    _store(connection, loaded, batch, reject_file)
    on_progress(feed.size_bytes, loaded.lines)


def _check_header(loaded: Loaded, number: int) -> None:
    if loaded.tenancy is not None or loaded.patients or loaded.lines > 1:
        raise InvalidItem([FieldError("Tenancy", "must stand on the first line and nowhere else")])


def _merged(before: SentEntry | None, sent: SentEntry) -> SentEntry:
    """Two lines of one file for one row: the later counts, unless its source says that it is older."""
    if before is None or before.row is None or sent.row is None:
        return sent
    if (
        before.source_updated_at
        and sent.source_updated_at
        and sent.source_updated_at < before.source_updated_at
    ):
        return before
    if not sent.row.shared:
        return sent
    both = msgspec.json.decode(before.row.item) | msgspec.json.decode(sent.row.item)
    return replace(sent, row=replace(sent.row, item=msgspec.json.encode(both)))


def _store(connection: Connection[Any], loaded: Loaded, batch: _Batch, reject_file: "RejectFile") -> None:
    if not batch:
        return
    assert loaded.tenancy is not None
    tenancy_id = loaded.tenancy.tenancy_id
    with connection.transaction():
        if batch.records:
            filed = file_records(connection, tenancy_id, [record for _, record in batch.records.values()])
            loaded.patients_changed += filed.made_or_changed
        if batch.entries:
            entries = file_entries(connection, tenancy_id, batch.entries.values(), submitted_by=None)
            loaded.entries_added += entries.added
            loaded.entries_changed += entries.changed
            for line in entries.without_patient:
                reject_file.write(line, [FieldError("SourcePatientId", "is no patient that was sent before")])
            loaded.entries -= len(entries.without_patient)
        if batch.worklists:
            refused = file_worklists(connection, tenancy_id, batch.worklists.values())
            for one in refused:
                reject_file.write(one.line, [one.error])
            loaded.worklists -= len(refused)
    loaded.worklists += len(batch.worklists)
    loaded.patients += len(batch.records)
    loaded.entries += len(batch.entries)


class RejectFile:
    """NDJSON of what was refused: `{"Line": 7, "Errors": [{"Field": …, "Rule": …}]}`; made when first needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self.count = 0

    def __enter__(self) -> "RejectFile":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, line: int, errors: list[FieldError]) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
        self.count += 1
        listed = [{"Field": error.field, "Rule": error.message} for error in errors]
        self._file.write(msgspec.json.encode({"Line": line, "Errors": listed}) + b"\n")
