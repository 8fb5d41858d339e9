"""Storing a batch: patients, then entries, then worklists; what the database refuses costs its line alone."""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import psycopg
from msgspec.structs import replace
from psycopg import Connection

from carecord.clinical_store.filing import SentEntry, file_entries, known_records
from carecord.clinical_store.worklists import SentWorklist, file_worklists
from carecord.ingest.batches import Batch
from carecord.ingest.feed_lines import Sent, SentDeletion, SentPatient
from carecord.ingest.reject_file import Refusal
from carecord.kernel.errors import FieldError
from carecord.patient_index.deletion import delete_records
from carecord.patient_index.source_records import file_and_commit

_Line = TypeVar("_Line", bound=Sent)
_ATTEMPTS = 3
_BY_FEED = "feed"
_STRANGER = FieldError("SourcePatientId", "is no patient that was sent before")


@dataclass(slots=True)
class Stored:
    """What became of a batch's lines: counts of lines, then of rows; and the refusals in no order."""

    patients: int = 0
    entries: int = 0
    worklists: int = 0
    patients_changed: int = 0
    patients_deleted: int = 0
    entries_added: int = 0
    entries_changed: int = 0
    entries_deleted: int = 0
    refused: list[Refusal] = field(default_factory=list)


def store_batch(connection: Connection[Any], tenancy_id: int, batch: Batch) -> Stored:
    """Store the batch in few transactions. One that is cut off between them is completed by a second load."""
    stored = Stored(refused=list(batch.refused))
    first_lines: dict[str, int] = {}
    for patient in batch.patients:
        if isinstance(patient, SentPatient):
            first_lines.setdefault(patient.record.source_key, patient.line)
    entries = _without_strangers(connection, tenancy_id, batch.entries, first_lines, stored)

    def store_patients(lines: Sequence[SentPatient]) -> None:
        filed = file_and_commit(connection, tenancy_id, [one.record for one in lines])
        stored.patients += len(lines)
        stored.patients_changed += filed.made_or_changed

    def store_deletions(lines: Sequence[SentDeletion]) -> None:
        with connection.transaction():
            gone = delete_records(
                connection, tenancy_id, [one.deletion for one in lines], deleted_by=_BY_FEED
            )
        stored.patients += len(lines)
        stored.patients_deleted += len(gone)

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

    for words_on_patients in _rounds(batch.patients, _patient_named):
        came = [one for one in words_on_patients if isinstance(one, SentPatient)]
        went = [one for one in words_on_patients if isinstance(one, SentDeletion)]
        stored.refused += _store_all(came, store_patients) + _store_all(went, store_deletions)
    for words in _rounds(entries, _row_named, alike=_are_one_word):
        stored.refused += _store_all(words, store_entries)
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


def _rounds(
    lines: Sequence[_Line],
    named: Callable[[_Line], Hashable],
    alike: Callable[[_Line, _Line], bool] = lambda before, one: False,
) -> list[list[_Line]]:
    """The lines in rounds that name each row once, so that a second word on one comes after the first.

    Lines that are `alike` are one word, and go together: loaded again, they change nothing.
    """
    rounds: list[list[_Line]] = []
    seen: dict[Hashable, tuple[int, _Line]] = {}
    for one in lines:
        name = named(one)
        before = seen.get(name)
        place = 0
        if before is not None:
            place = before[0] + (not alike(before[1], one))
        seen[name] = place, one
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(one)
    return rounds


def _patient_named(sent: SentPatient | SentDeletion) -> str:
    return sent.record.source_key if isinstance(sent, SentPatient) else sent.deletion.source_key


def _row_named(sent: SentEntry) -> Hashable:
    return sent.source_patient, sent.store, sent.key


def _are_one_word(before: SentEntry, sent: SentEntry) -> bool:
    """Whether two lines on one row are of one time, or the second deletes it whatever its time.

    Of two times, either may be older than what is stored.
    """
    if sent.row is None and sent.source_updated_at is None:
        return True
    return before.source_updated_at == sent.source_updated_at


def _merged(lines: Iterable[SentEntry]) -> list[SentEntry]:
    """Each row once: what lines that are one word make of it."""
    rows: dict[Hashable, SentEntry] = {}
    for sent in lines:
        name = _row_named(sent)
        before = rows.get(name)
        rows[name] = sent if before is None else _merge(before, sent)
    return list(rows.values())


def _merge(before: SentEntry, sent: SentEntry) -> SentEntry:
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
