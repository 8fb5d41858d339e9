"""Filing entries: each is found by its source key and replaced, or added; what was there before is kept."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

import msgspec
from psycopg import Connection

from carecord.catalogue import BUNDLES
from carecord.catalogue.demographics import SHARING_STATUS
from carecord.catalogue.submission import Row
from carecord.kernel.sql import load_queries
from carecord.patient_index.links import queries as index_queries

queries = load_queries(__package__)


class SentEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry line: whose it is, and the row to store; None for the row of this `store` and `key` to go."""

    line: int
    source_patient: str
    store: str
    key: str
    row: Row | None
    source_updated_at: str | None = None


@dataclass(slots=True)
class FiledEntries:
    """What filing a batch changed, and the lines whose source record nobody has sent."""

    added: int = 0
    changed: int = 0
    deleted: int = 0
    without_patient: list[int] = field(default_factory=list)


def file_entries(connection: Connection[Any], tenancy_id: int, entries: Sequence[SentEntry]) -> FiledEntries:
    """Store the entries, each (record, store, key) named once, in the caller's transaction.

    An entry older than the stored one, or than its deletion (by `source_updated_at`), changes nothing.
    """
    filed = FiledEntries()
    connection.execute(index_queries.lock_source, {"tenancy_id": tenancy_id})
    ids = known_records(connection, tenancy_id, {entry.source_patient for entry in entries})
    untouched = _untouched(connection, ids.values())
    new: list[tuple[Any, ...]] = []
    compared: list[tuple[Any, ...]] = []
    sharing: set[int] = set()
    for entry in entries:
        record = ids.get(entry.source_patient)
        if record is None:
            filed.without_patient.append(entry.line)
            continue
        if entry.store == SHARING_STORE:
            sharing.add(record)
        row = entry.row
        if row is not None:
            item = row.item.decode()
            copied = (record, entry.store, entry.key, entry.source_updated_at, row.occurred_at, item)
            if record in untouched:
                new.append(copied)
            else:
                compared.append((*copied, row.shared))
        elif record not in untouched or entry.source_updated_at is not None:
            compared.append((record, entry.store, entry.key, entry.source_updated_at, None, None, False))
    if new:
        _copy(connection, queries.copy_new_entries, new)
        filed.added = len(new)
    if compared:
        _compare(connection, compared, filed)
    if sharing:
        apply_sharing(connection, sharing)
    return filed


def known_records(connection: Connection[Any], tenancy_id: int, source_keys: Iterable[str]) -> dict[str, int]:
    """The patient detail IDs of those of a source's records that were sent, by its own keys."""
    return dict(
        connection.execute(
            queries.records_of_source, {"tenancy_id": tenancy_id, "source_keys": list(source_keys)}
        ).fetchall()
    )


def _untouched(connection: Connection[Any], ids: Iterable[int]) -> set[int]:
    """The records that never had an entry: theirs have nothing to be compared with."""
    return {row[0] for row in connection.execute(queries.untouched_records, {"ids": list(ids)})}


def _compare(connection: Connection[Any], rows: list[tuple[Any, ...]], filed: FiledEntries) -> None:
    connection.execute(queries.stage_entries)
    _copy(connection, queries.copy_entries, rows)
    changed = connection.execute(queries.change_entries).fetchone()
    assert changed is not None
    filed.changed, filed.deleted = changed
    connection.execute(queries.remember_deletions)
    filed.added += connection.execute(queries.insert_entries).rowcount
    connection.execute(queries.clear_entries)


def _copy(connection: Connection[Any], statement: LiteralString, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


assert SHARING_STATUS.store is not None
SHARING_STORE = SHARING_STATUS.store.name
_LOCAL_RECORD = "Local shared record"
_PERMITTED = ("agreed", "not recorded")
_SLUG_BY_SCOPE = {name.casefold(): bundle.slug for bundle in BUNDLES for name in (bundle.name, bundle.slug)}


def apply_sharing(connection: Connection[Any], records: Iterable[int]) -> None:
    """Let the newest word on sharing take hold: of the whole record, and of each bundle by itself.

    A scope that names no bundle counts as the whole record, a status that we do not know as a refusal, and of
    two words on one day, or of one without a day, the refusal holds: what we cannot place, we do not show.
    """
    said: dict[int, dict[str, list[_Word]]] = {record: {} for record in records}
    words = connection.execute(
        queries.sharing_of,
        {"ids": list(said), "collection": SHARING_STORE, "sharing_type": _LOCAL_RECORD},
    )
    for record, status, scope, said_at in words:
        slug = _SLUG_BY_SCOPE.get((scope or "").strip().casefold(), "")
        denied = (status or "").strip().casefold() not in _PERMITTED
        said[record].setdefault(slug, []).append((said_at, denied))
    refused = {
        record: {slug for slug, words in scopes.items() if _is_refused(words)}
        for record, scopes in said.items()
    }
    connection.execute(
        index_queries.set_sharing,
        {
            "ids": list(refused),
            "refused": ["" in slugs for slugs in refused.values()],
            "bundles": [",".join(sorted(slugs - {""})) for slugs in refused.values()],
        },
    )


_Word = tuple[datetime | None, bool]
"""When something was said on sharing, and whether it is a refusal."""


def _is_refused(words: Iterable[_Word]) -> bool:
    dated = [(said_at, denied) for said_at, denied in words if said_at is not None]
    newest = max((said_at for said_at, _ in dated), default=None)
    return any(denied and said_at in (None, newest) for said_at, denied in words)
