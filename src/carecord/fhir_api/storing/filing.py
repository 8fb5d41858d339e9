"""The entry that a resource sent by a client is filed as, where the catalogue has a place for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
from psycopg import Connection

from carecord.catalogue import OPERATIONS
from carecord.catalogue.documents import BUNDLE as DOCUMENTS
from carecord.catalogue.submission import Row, source_item_key
from carecord.clinical_store.submitting import (
    NewEntry,
    Outcome,
    add_new_entries,
    delete_entry,
    submit_entries,
)
from carecord.fhir_api import incoming
from carecord.fhir_api.definitions.served import FROM_THE_CATALOGUE
from carecord.fhir_api.incoming.filing import Filing
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.entries import is_restricted
from carecord.fhir_api.mapping.systems import CONFIDENTIALITY
from carecord.fhir_api.rights import Rights
from carecord.fhir_api.storing.subjects import queries
from carecord.kernel.errors import Conflict, NotAllowed

_LABELS = frozenset({"R", "V"})


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that a resource is filed as, the main one first; none where it is kept as FHIR alone."""

    bundle: str | None
    restricted: bool
    rows: Sequence[Row] = field(default_factory=tuple)

    @property
    def store(self) -> str | None:
        return self.rows[0].store if self.rows else None


def rows_of(
    resource: Json, id: str, *, today: str, about_patient: bool, guarded_by: str | None = None
) -> Rows:
    """What a resource is filed as. One labelled as restricted goes to no collection that shows it openly.

    `guarded_by` is the bundle of something restricted that it belongs to: then it is restricted too.
    """
    type_name = resource["resourceType"]
    labelled = _is_labelled(resource) or guarded_by is not None
    filing = (
        incoming.entry_of(resource | {"id": id}, today=today)
        if about_patient and type_name in FROM_THE_CATALOGUE
        else None
    )
    if filing is not None and (not labelled or _is_restricted(filing)):
        restricted = labelled or _is_restricted(filing)
        return Rows(guarded_by or filing.operation.bundle.slug, restricted, _rows(filing, id))
    bundle = None
    if labelled or about_patient:
        bundle = guarded_by or _bundles_of_types().get(type_name, DOCUMENTS.slug)
    return Rows(bundle, labelled)


def check_restricted(rows: Rows, rights: Rights) -> None:
    """Who may not be shown restricted rows of a bundle may not bring them either."""
    if rows.restricted and rows.bundle not in rights.restricted_bundles:
        raise NotAllowed(
            f"The token needs the scope {rows.bundle}.restricted.", reason="restricted_scope_missing"
        )


def add(
    connection: Connection[Any],
    new: Sequence[tuple[int, int, Rows]],
    *,
    client_id: str,
) -> None:
    """File the rows of new resources, each with its record and the ID of its main entry."""
    entries: list[NewEntry] = []
    for record, entry_id, filed in new:
        for place, row in enumerate(filed.rows):
            entries.append(NewEntry(record, row, entry_id if place == 0 else None))
            if place:
                _note(connection, record, row.store)
    add_new_entries(connection, entries, client_id=client_id)


def change(
    connection: Connection[Any], record: int, id: str, filed: Rows, *, client_id: str
) -> tuple[int, int] | None:
    """Add, replace and delete rows until they are these; gives entry and version of the main one, if any.

    Conflict where a feed or another client has taken a row over.
    """
    main = None
    for place, row in enumerate(filed.rows):
        one = submit_entries(connection, record, [(row, None)], client_id=client_id)[0]
        if one.outcome is Outcome.NOT_OWN or one.entry_id is None:
            raise Conflict("Another client, or a feed, has brought the entry.", reason="not_own_item")
        if place == 0:
            main = one.entry_id, _version_of(connection, record, row.store, one.entry_id)
        else:
            _note(connection, record, row.store)
    take_away(connection, record, id, client_id=client_id, but={row.store for row in filed.rows})
    return main


def take_away(
    connection: Connection[Any], record: int, id: str, *, client_id: str, but: Collection[str] = ()
) -> None:
    """Delete the entries that a resource was filed as, but for those of some stores; versions stay."""
    named = {"patient_detail_id": record, "source_key": source_item_key(_name_of(id))}
    for store, entry_id in connection.execute(queries.entries_named, named).fetchall():
        if store not in but:
            delete_entry(connection, record, store, entry_id, client_id=client_id)
            _note(connection, record, store)


def _name_of(id: str) -> str:
    """What the source, which is the client, is taken to name the row of a resource."""
    return f"fhir:{id}"


def _version_of(connection: Connection[Any], record: int, store: str, entry_id: int) -> int:
    entry = {"patient_detail_id": record, "store": store, "entry_id": entry_id}
    row = connection.execute(queries.entry_version, entry).fetchone()
    assert row is not None
    found: int = row[0]
    return found


def _note(connection: Connection[Any], record: int, store: str) -> None:
    """What comes with the main row has resources of its own, that are made when they are asked for."""
    connection.execute(queries.note_store, {"patient_detail_id": record, "store": store})


def _rows(filing: Filing, id: str) -> list[Row]:
    """The rows of a filing, each named by its source, or after the resource."""
    return [
        msgspec.structs.replace(one.row, key=source_item_key(one.source_item_id or _name_of(id)))
        for one in (filing, *filing.further)
        if one.row is not None
    ]


def _is_labelled(resource: Json) -> bool:
    labels = resource.get("meta", {}).get("security", ())
    return any(
        one.get("system") == CONFIDENTIALITY and one.get("code") in _LABELS
        for one in labels
        if isinstance(one, dict)
    )


def _is_restricted(filing: Filing) -> bool:
    return is_restricted(filing.operation, filing.item)


@cache
def _bundles_of_types() -> Mapping[str, str]:
    """By type: the bundle of the first collection that is made into it."""
    found: dict[str, str] = {}
    for operation in OPERATIONS:
        if operation.submitted and operation.fhir and not operation.restricted:
            found.setdefault(operation.fhir[0].type, operation.bundle.slug)
    return found
