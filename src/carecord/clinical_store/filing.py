"""Filing entries: each is found by its source key and replaced, or added; what was there before is kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from carecord.catalogue import BUNDLES
from carecord.catalogue.demographics import SHARING_STATUS
from carecord.catalogue.submission import Row
from carecord.kernel.sql import load_queries
from carecord.patient_index.links import queries as index_queries

queries = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class SentEntry:
    """One entry line: whose it is, and the row to store, or None for the row named by `store` and `key` to go."""

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
    without_patient: list[int] = field(default_factory=list)


def file_entries(
    connection: Connection[Any], tenancy_id: int, entries: Iterable[SentEntry], *, submitted_by: str | None
) -> FiledEntries:
    """Store the entries, each (record, store, key) named once, in the caller's transaction.

    An entry older than the stored one (by `source_updated_at`) changes nothing.
    """
    connection.execute(queries.stage_entries)
    staged = touches_sharing = 0
    with connection.cursor() as cursor, cursor.copy(queries.copy_entries) as copy:
        for entry in entries:
            row = entry.row
            touches_sharing |= entry.store == _SHARING_STORE
            staged += 1
            copy.write_row(
                (
                    entry.line,
                    entry.source_patient,
                    entry.store,
                    entry.key,
                    row.occurred_at if row else None,
                    row.item.decode() if row else None,
                    entry.source_updated_at,
                    row.shared if row else False,
                )
            )
    connection.execute(queries.place_entries, {"tenancy_id": tenancy_id})
    filed = FiledEntries()
    filed.without_patient = [row[0] for row in connection.execute(queries.lines_without_patient)]
    filed.added = connection.execute(queries.insert_entries, {"submitted_by": submitted_by}).rowcount
    if filed.added < staged - len(filed.without_patient):
        filed.changed = connection.execute(queries.change_entries).rowcount
    if touches_sharing:
        _apply_sharing(connection)
    return filed


assert SHARING_STATUS.store is not None
_SHARING_STORE = SHARING_STATUS.store.name
_LOCAL_RECORD = "Local shared record"
_DENIED = ("Refused", "Withdrawn")
_SLUG_BY_SCOPE = {name.casefold(): bundle.slug for bundle in BUNDLES for name in (bundle.name, bundle.slug)}


def _apply_sharing(connection: Connection[Any]) -> None:
    """Let the newest word on sharing take hold: of the whole record, and of each bundle by itself.

    A scope that names no bundle counts as the whole record: what we cannot place, we do not show.
    """
    denied: dict[int, dict[str, bool]] = {}
    oldest_first = connection.execute(
        queries.sharing_of, {"collection": _SHARING_STORE, "sharing_type": _LOCAL_RECORD}
    )
    for patient_detail_id, status, scope in oldest_first:
        slug = _SLUG_BY_SCOPE.get((scope or "").casefold(), "")
        denied.setdefault(patient_detail_id, {})[slug] = status in _DENIED
    if not denied:
        return
    connection.execute(
        index_queries.set_sharing,
        {
            "ids": list(denied),
            "refused": [scopes.get("", False) for scopes in denied.values()],
            "bundles": [
                ",".join(slug for slug, refused in scopes.items() if slug and refused)
                for scopes in denied.values()
            ],
        },
    )
