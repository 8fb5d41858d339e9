"""Storing a batch: patients, then entries, then worklists; what the database refuses costs its line alone."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import psycopg
from msgspec.structs import replace
from psycopg import Connection

from carecord.clinical_store.filing import SentEntry, file_entries, known_records
from carecord.clinical_store.worklists import SentWorklist, file_worklists
from carecord.ingest.batches import Batch
from carecord.ingest.feed_lines import Sent, SentPatient
from carecord.ingest.reject_file import Refusal
from carecord.kernel.errors import FieldError
from carecord.patient_index.source_records import file_records

_Line = TypeVar("_Line", bound=Sent)
_ATTEMPTS = 3
_STRANGER = FieldError("SourcePatientId", "is no patient that was sent before")


@dataclass(slots=True)
class Stored:
    """What became of a batch's lines: counts of lines, then of rows; and the refusals in no order."""

    patients: int = 0
    entries: int = 0
    worklists: int = 0
    patients_changed: int = 0
    entries_added: int = 0
    entries_changed: int = 0
    entries_deleted: int = 0
    refused: list[Refusal] = field(default_factory=list)


def store_batch(connection: Connection[Any], tenancy_id: int, batch: Batch) -> Stored:
    """Store the batch in few transactions. One that is cut off between them is completed by a second load."""
    stored = Stored(refused=list(batch.refused))
    first_lines: dict[str, int] = {}
    for patient in batch.patients:
        first_lines.setdefault(patient.record.source_key, patient.line)
    entries = _without_strangers(connection, tenancy_id, batch.entries, first_lines, stored)

    def store_patients(lines: Sequence[SentPatient]) -> None:
        with connection.transaction():
            filed = file_records(connection, tenancy_id, [one.record for one in lines])
        stored.patients += len(lines)
        stored.patients_changed += filed.made_or_changed

    def store_entries(lines: Sequence[SentEntry]) -> None:
        with connection.transaction():
            filed = file_entries(connection, tenancy_id, _merged(lines))
        stored.entries += len(lines) - len(filed.without_patient)
        stored.entries_added += filed.added
        stored.entries_changed += filed.changed
        stored.entries_deleted += filed.deleted
        stored.refused += [Refusal(line, [_STRANGER]) for line in filed.without_patient]

    def store_worklists(lines: Sequence[SentWorklist]) -> None:
        with connection.transaction():
            refused = file_worklists(connection, tenancy_id, lines)
        stored.worklists += len(lines) - len(refused)
        stored.refused += [Refusal(one.line, [one.error]) for one in refused]

    for each_once in _rounds(batch.patients):
        stored.refused += _store_all(each_once, store_patients)
    stored.refused += _store_all(entries, store_entries)
    stored.refused += _store_all(batch.worklists, store_worklists)
    return stored


def _without_strangers(
    connection: Connection[Any],
    tenancy_id: int,
    entries: list[SentEntry],
    first_lines: dict[str, int],
    stored: Stored,
) -> list[SentEntry]:
    """The entries whose patient was sent before them: on an earlier line, or in an earlier batch or load."""
    never = float("inf")
    early = {one.source_patient for one in entries if first_lines.get(one.source_patient, never) > one.line}
    if not early:
        return entries
    strangers = early - known_records(connection, tenancy_id, early).keys()
    if not strangers:
        return entries
    kept = []
    for one in entries:
        if one.source_patient in strangers and first_lines.get(one.source_patient, never) > one.line:
            stored.refused.append(Refusal(one.line, [_STRANGER]))
        else:
            kept.append(one)
    return kept


def _rounds(lines: Sequence[SentPatient]) -> list[list[SentPatient]]:
    """The lines in rounds that name each patient once, so that a second word on one comes after the first."""
    rounds: list[list[SentPatient]] = []
    seen: dict[str, int] = {}
    for one in lines:
        place = seen.get(one.record.source_key, 0)
        seen[one.record.source_key] = place + 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(one)
    return rounds


def _merged(lines: Iterable[SentEntry]) -> list[SentEntry]:
    """Each row once. Two lines for one row make what they would have made one after the other."""
    rows: dict[tuple[str, str, str], SentEntry] = {}
    for sent in lines:
        key = (sent.source_patient, sent.store, sent.key)
        before = rows.get(key)
        rows[key] = sent if before is None else _merge(before, sent)
    return list(rows.values())


def _merge(before: SentEntry, sent: SentEntry) -> SentEntry:
    known, updated = before.source_updated_at, sent.source_updated_at
    if known and updated and updated < known:
        return before
    sent = replace(sent, source_updated_at=updated or known)
    if sent.row is None or not sent.row.shared:
        return sent
    if before.row is None:
        # The row goes and comes: nothing of what is stored may remain.
        return replace(sent, row=replace(sent.row, shared=False))
    both = msgspec.json.decode(before.row.item) | msgspec.json.decode(sent.row.item)
    row = replace(
        sent.row,
        item=msgspec.json.encode(both),
        shared=before.row.shared,
        occurred_at=sent.row.occurred_at or before.row.occurred_at,
    )
    return replace(sent, row=row)


def _store_all(lines: Sequence[_Line], store: Callable[[Sequence[_Line]], None]) -> list[Refusal]:
    """Store the lines; where the database refuses one, in halves and their halves until it stands alone."""
    if not lines:
        return []
    try:
        _store_in_turn(lines, store)
    except psycopg.Error as error:
        if not _is_the_line_s(error):
            raise
        if len(lines) == 1:
            return [Refusal(lines[0].line, [FieldError("line", f"cannot be stored: {_words(error)}")])]
        middle = len(lines) // 2
        return _store_all(lines[:middle], store) + _store_all(lines[middle:], store)
    return []


def _store_in_turn(lines: Sequence[_Line], store: Callable[[Sequence[_Line]], None]) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return store(lines)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if attempt == _ATTEMPTS:
                raise


_LINE_FAULTS = ("22", "23", "54", "P0")
"""Classes of SQLSTATE that a line's own values cause: data, constraints, limits, exceptions of triggers."""


def _is_the_line_s(error: psycopg.Error) -> bool:
    return isinstance(error, psycopg.DataError) or (error.sqlstate or "").startswith(_LINE_FAULTS)


def _words(error: psycopg.Error) -> str:
    """`check violation`; the database's own message may repeat a patient's values."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
