"""Entries that clients submit: each replaces only what the same client submitted, and has its own outcome."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from psycopg import Connection, sql

from carecord.catalogue.model import Operation
from carecord.catalogue.submission import Row
from carecord.clinical_store.filing import SHARING_STORE, apply_sharing
from carecord.clinical_store.statements import Selection, conditions_of
from carecord.kernel.errors import NotAllowed, NotFound
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)


class Outcome(StrEnum):
    """What became of a submitted entry."""

    ADDED = "Added"
    REPLACED = "Replaced"
    UNCHANGED = "Unchanged"
    IGNORED = "Ignored"
    NOT_OWN = "not own"
    """The row is another client's, or came by a feed: nothing was changed."""


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of an entry, and its ID where it is stored and the client's own."""

    outcome: Outcome
    entry_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Stored:
    source_key: str
    entry_id: int
    submitted_by: str | None
    source_updated_at: datetime | None
    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Deleted:
    entry_id: int
    version: int
    deleted_as_of: datetime | None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A row whose key no stored one has. Without an `entry_id` it gets the next."""

    patient_detail_id: int
    row: Row
    entry_id: int | None = None


def add_new_entries(connection: Connection[Any], entries: Sequence[NewEntry], *, client_id: str) -> None:
    """Store rows of any stores and records whose keys are new, in the caller's transaction, all at once."""
    if not entries:
        return
    connection.execute(
        queries.add_new,
        {
            "ids": [one.patient_detail_id for one in entries],
            "stores": [one.row.store for one in entries],
            "entry_ids": [one.entry_id for one in entries],
            "source_keys": [one.row.key for one in entries],
            "occurred_at": [one.row.occurred_at for one in entries],
            "items": [one.row.item.decode() for one in entries],
            "client_id": client_id,
        },
    )
    shared = {one.patient_detail_id for one in entries if one.row.store == SHARING_STORE}
    if shared:
        apply_sharing(connection, shared)


def submit_entries(
    connection: Connection[Any],
    patient_detail_id: int,
    rows: Sequence[tuple[Row, str | None]],
    *,
    client_id: str,
) -> list[Filed]:
    """Store rows of one store, no two with one key, in the caller's transaction; one outcome each, in step.

    With each row stands its SourceUpdatedDate: an older one than the stored changes nothing.
    """
    if not rows:
        return []
    store = rows[0][0].store
    where: dict[str, Any] = {"patient_detail_id": patient_detail_id, "collection": store}
    connection.execute(queries.lock_submissions, where)
    found = connection.execute(
        queries.entries_of_keys, where | {"source_keys": [row.key for row, _ in rows]}
    ).fetchall()
    stored = {one[0]: _Stored(*one) for one in found}
    filed: dict[str, Filed] = {}
    deleted = {
        key: _Deleted(*rest)
        for key, *rest in connection.execute(
            queries.deleted_of_keys,
            where | {"source_keys": [row.key for row, _ in rows if row.key not in stored]},
        )
    }
    added: list[tuple[Row, str | None]] = []
    replaced: list[tuple[Row, bytes, str | None, int]] = []
    confirmed: list[tuple[int, str]] = []
    for row, given_at in rows:
        before = stored.get(row.key)
        if before is None:
            gone = deleted.get(row.key)
            if gone and _is_older(given_at, gone.deleted_as_of):
                filed[row.key] = Filed(Outcome.IGNORED)
            else:
                added.append((row, given_at))
            continue
        outcome, item = _compare(before, row, given_at, client_id)
        filed[row.key] = Filed(outcome, before.entry_id if outcome is not Outcome.NOT_OWN else None)
        if outcome is Outcome.REPLACED:
            replaced.append((row, item, given_at, before.entry_id))
        elif outcome is Outcome.UNCHANGED and given_at:
            confirmed.append((before.entry_id, given_at))
    if replaced:
        _replace(connection, where, replaced)
    if confirmed:
        connection.execute(
            queries.note_source_times,
            where
            | {"entry_ids": [i for i, _ in confirmed], "source_updated_at": [at for _, at in confirmed]},
        )
    for key, entry_id in _add(connection, where, added, deleted, client_id) if added else ():
        filed[key] = Filed(Outcome.ADDED, entry_id)
    if store == SHARING_STORE:
        apply_sharing(connection, [patient_detail_id])
    # One that is neither found nor added was brought by a feed in between.
    return [filed.get(row.key, Filed(Outcome.NOT_OWN)) for row, _ in rows]


def delete_unsent(
    connection: Connection[Any],
    patient_detail_id: int,
    operation: Operation,
    *,
    kept: Collection[int],
    client_id: str,
) -> int:
    """Delete what the client has in the collection of this record, but for `kept`; gives how many."""
    assert operation.store is not None
    statement = sql.SQL(queries.own_entries).format(
        rows=conditions_of(Selection(operation), operation.store.rows)
    )
    where: dict[str, Any] = {"patient_detail_id": patient_detail_id, "collection": operation.store.name}
    own = connection.execute(statement, where | {"client_id": client_id}).fetchall()
    unsent = [row[0] for row in own if row[0] not in kept]
    if unsent:
        _delete(connection, patient_detail_id, operation.store.name, unsent)
    return len(unsent)


def find_store(connection: Connection[Any], patient_detail_id: int, entry_id: int) -> str:
    """The store that an entry of the record is, or was, in; raises NotFound."""
    row = connection.execute(
        queries.store_of_entry, {"patient_detail_id": patient_detail_id, "entry_id": entry_id}
    ).fetchone()
    if row is None:
        raise NotFound("There is no such item.", reason="unknown_item")
    store: str = row[0]
    return store


def delete_entry(
    connection: Connection[Any], patient_detail_id: int, store: str, entry_id: int, *, client_id: str
) -> datetime:
    """Delete an entry that the client submitted, and keep it as a version. Gives when, in UK local time.

    One that the client has deleted before stays as it is. NotAllowed where another submitted it.
    """
    where = {"patient_detail_id": patient_detail_id, "collection": store, "entry_id": entry_id}
    connection.execute(queries.lock_submissions, where)
    owner = connection.execute(queries.owner_of_entry, where).fetchone()
    before = connection.execute(queries.deleted_entry, where).fetchone() if owner is None else None
    submitted_by = owner[0] if owner else before[0] if before else None
    if submitted_by != client_id:
        raise NotAllowed("Another client, or a feed, brought this item.", reason="not_own_item")
    if owner is not None:
        _delete(connection, patient_detail_id, store, [entry_id])
        before = connection.execute(queries.deleted_entry, where).fetchone()
    assert before is not None
    deleted_at: datetime = before[1]
    return deleted_at


def _compare(before: _Stored, row: Row, given_at: str | None, client_id: str) -> tuple[Outcome, bytes]:
    """What the row does to the stored one, and the item that would take its place."""
    if before.submitted_by != client_id:
        return Outcome.NOT_OWN, row.item
    if _is_older(given_at, before.source_updated_at):
        return Outcome.IGNORED, row.item
    item = msgspec.json.decode(row.item)
    if row.shared:
        item = {**before.item, **item}
    if item == before.item:
        return Outcome.UNCHANGED, row.item
    return Outcome.REPLACED, msgspec.json.encode(item)


def _is_older(given_at: str | None, stored_at: datetime | None) -> bool:
    return bool(given_at and stored_at and datetime.fromisoformat(given_at) < stored_at)


def _replace(
    connection: Connection[Any],
    where: dict[str, Any],
    replaced: Sequence[tuple[Row, bytes, str | None, int]],
) -> None:
    entry_ids = [entry_id for _, _, _, entry_id in replaced]
    connection.execute(queries.keep_versions, where | {"entry_ids": entry_ids, "ended_by": "replaced"})
    connection.execute(
        queries.replace_entries,
        where
        | {
            "entry_ids": entry_ids,
            "items": [item.decode() for _, item, _, _ in replaced],
            "occurred_at": [row.occurred_at for row, _, _, _ in replaced],
            "source_updated_at": [given_at for _, _, given_at, _ in replaced],
            "shared": replaced[0][0].shared,
        },
    )


def _add(
    connection: Connection[Any],
    where: dict[str, Any],
    added: Sequence[tuple[Row, str | None]],
    deleted: Mapping[str, _Deleted],
    client_id: str,
) -> list[tuple[str, int]]:
    gone = [deleted.get(row.key) for row, _ in added]
    return connection.execute(
        queries.add_submitted,
        where
        | {
            "source_keys": [row.key for row, _ in added],
            "items": [row.item.decode() for row, _ in added],
            "occurred_at": [row.occurred_at for row, _ in added],
            "source_updated_at": [given_at for _, given_at in added],
            "entry_ids": [one.entry_id if one else None for one in gone],
            "versions": [one.version + 1 if one else 1 for one in gone],
            "client_id": client_id,
        },
    ).fetchall()


def _delete(connection: Connection[Any], patient_detail_id: int, store: str, entry_ids: list[int]) -> None:
    where: dict[str, Any] = {
        "patient_detail_id": patient_detail_id,
        "collection": store,
        "entry_ids": entry_ids,
    }
    connection.execute(queries.keep_versions, where | {"ended_by": "deleted"})
    connection.execute(queries.delete_entries, where)
    if store == SHARING_STORE:
        apply_sharing(connection, [patient_detail_id])
