"""Loading a feed file: line by line through the catalogue, in bulk into the index and the store."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from psycopg import Connection

from carecord.ingest.batches import Batch, FeedReader
from carecord.ingest.feed_files import open_feed
from carecord.ingest.reject_file import Refusal, RejectFile
from carecord.ingest.storing import Stored, store_batch
from carecord.kernel.sql import load_queries
from carecord.patient_index.source_records import Tenancy, set_tenancy

queries = load_queries(__package__)

BATCH = 10_000
"""Lines that are stored together."""

Progress = Callable[[int, int], None]
"""Told how many bytes of the file are stored and how many lines."""


@dataclass(slots=True)
class Loaded:
    """What became of one file: how many lines, of which kind; and how many rows are new, changed or gone."""

    file: Path
    tenancy: Tenancy | None = None
    lines: int = 0
    patients: int = 0
    patients_changed: int = 0
    patients_deleted: int = 0
    entries: int = 0
    entries_added: int = 0
    entries_changed: int = 0
    entries_deleted: int = 0
    worklists: int = 0
    rejected: int = 0
    rejects: Path | None = None

    def count(self, stored: Stored) -> None:
        self.patients += stored.patients
        self.patients_changed += stored.patients_changed
        self.patients_deleted += stored.patients_deleted
        self.entries += stored.entries
        self.entries_added += stored.entries_added
        self.entries_changed += stored.entries_changed
        self.entries_deleted += stored.entries_deleted
        self.worklists += stored.worklists


def load_file(
    connection: Connection[Any],
    path: Path,
    *,
    rejects: Path,
    today: date,
    on_progress: Progress = lambda stored_bytes, lines: None,
) -> Loaded:
    """Load one feed. What breaks a rule costs its line alone and stands in `rejects` with field and rule.

    Loading it again changes nothing; a load that is cut off is run again. A file whose first line names no
    source is not loaded at all.
    """
    loaded = Loaded(path)
    started = connection.execute(queries.start_load, {"file_name": path.name}).fetchone()
    assert started is not None
    with open_feed(path) as feed, RejectFile(rejects) as reject_file:
        reader = FeedReader(feed, today=today.isoformat())
        tenancy = reader.read_tenancy()
        if isinstance(tenancy, Refusal):
            reject_file.write([tenancy])
        else:
            loaded.tenancy = tenancy
            set_tenancy(connection, tenancy)
            _load_batches(connection, reader, loaded, reject_file, on_progress)
        loaded.lines = reader.lines
        on_progress(feed.size_bytes, loaded.lines)
        if reject_file.count:
            loaded.rejected, loaded.rejects = reject_file.count, rejects
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


def _load_batches(
    connection: Connection[Any],
    reader: FeedReader,
    loaded: Loaded,
    reject_file: RejectFile,
    on_progress: Progress,
) -> None:
    """Read one batch while the one before it is being stored: the database works beside the parser."""
    assert loaded.tenancy is not None
    tenancy_id = loaded.tenancy.tenancy_id

    def wait(batch: Batch, storing: "Future[Stored]") -> None:
        stored = storing.result()
        loaded.count(stored)
        reject_file.write(stored.refused)
        on_progress(batch.read_bytes, batch.lines)

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="store") as writer:
        last: tuple[Batch, Future[Stored]] | None = None
        for batch in reader.batches(BATCH):
            if last is not None:
                wait(*last)
            last = batch, writer.submit(store_batch, connection, tenancy_id, batch)
        if last is not None:
            wait(*last)
