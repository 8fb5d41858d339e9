"""Writing resources that clients send, Patients apart: filed as entries where the catalogue has a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection
from psycopg.errors import UniqueViolation

from carecord.fhir_api.indexing import search_values
from carecord.fhir_api.kept import Json
from carecord.fhir_api.rights import Deed
from carecord.fhir_api.storing import filing, rows
from carecord.fhir_api.storing.filing import Rows
from carecord.fhir_api.storing.given_ids import is_given_by_the_record
from carecord.fhir_api.storing.guarding import changes_guard, guard_anew, note_pointing
from carecord.fhir_api.storing.pointing import Pointing
from carecord.fhir_api.storing.rows import Key, NewRow, Place, Row, stamped
from carecord.fhir_api.storing.subjects import own_records, queries
from carecord.fhir_api.storing.writer import (
    Occasion,
    Writer,
    Written,
    begin,
    check_reach,
    check_version,
    known_own,
    lock_records,
    newest_locked,
    put_waiting,
    tagged,
    unknown_resource,
)
from carecord.kernel.errors import Conflict, MethodNotAllowed
from carecord.kernel.local_time import now as uk_now


@dataclass(frozen=True, slots=True)
class _Draft:
    """A resource on its way in: its record, if it is about a patient, and its rows in the catalogue."""

    id: str
    resource: Json
    record: int | None
    filed: Rows
    targets: Mapping[Key, bool]

    @property
    def type(self) -> str:
        found: str = self.resource["resourceType"]
        return found

    @property
    def key(self) -> Key:
        return self.type, self.id


def allocate_ids(connection: Connection[Any], count: int) -> list[str]:
    """IDs for resources that are about to be created, Patients apart."""
    return [row[0] for row in connection.execute(queries.next_ids, {"count": count})] if count else []


def create_all(
    connection: Connection[Any],
    resources: Sequence[Json],
    writer: Writer,
    occasion: Occasion,
    *,
    ids: Sequence[str] | None = None,
) -> list[Written]:
    """Create resources in the caller's transaction, in few statements; in step. `ids` are allocated."""
    if not resources:
        return []
    drafts = _drafts(connection, resources, ids or allocate_ids(connection, len(resources)), writer, occasion)
    records = {one.record for one in drafts if one.record is not None}
    lock_records(connection, sorted(records - occasion.made))
    entry_ids = [int(one.id) if one.filed.rows else None for one in drafts]
    filing.add(
        connection,
        [
            (one.record, entry_id, one.filed)
            for one, entry_id in zip(drafts, entry_ids, strict=True)
            if one.record is not None and entry_id is not None
        ],
        client_id=writer.client_id,
    )
    made = [
        NewRow(
            _row(one, _place(one, writer, entry_id, 1 if entry_id else None), 1, occasion),
            search_values(one.resource, base=writer.base),
        )
        for one, entry_id in zip(drafts, entry_ids, strict=True)
    ]
    put_waiting(connection, occasion, made)
    note_pointing(connection, {one.key: one.targets for one in drafts})
    for one in made:
        check_reach(connection, writer, Deed.CREATE, one.row.type, one.row.id)
    return [Written(one.row.kept(), created=True) for one in made]


def put(
    connection: Connection[Any], resource: Json, id: str, writer: Writer, *, expected_version: str | None
) -> Written:
    """Replace a resource, bring a deleted one back, or make one under an ID of the client's own."""
    occasion = begin(connection, writer)
    draft = _drafts(connection, [resource], [id], writer, occasion)[0]
    newest = newest_locked(connection, draft.type, id, about=draft.record)
    head = known_own(connection, newest, writer, Deed.UPDATE)
    check_version(connection, head, expected_version, writer)
    if head is None and is_given_by_the_record(id):
        raise MethodNotAllowed(
            "IDs that begin with a number of the record are the server's to give: create it by POST.",
            reason="own_id",
        )
    if head is None and newest is not None:
        raise _taken()
    if head is not None and head.says(draft.resource) and head.place.patient_detail_id == draft.record:
        return Written(head.kept(), created=False, changed=False)
    row = _change(connection, draft, head, writer, occasion)
    check_reach(connection, writer, Deed.UPDATE, row.type, row.id)
    return Written(row.kept(), created=head is None or head.body is None)


def remove(
    connection: Connection[Any], type_name: str, id: str, writer: Writer, *, expected_version: str | None
) -> Written:
    """Delete a resource, and its entry with it. One that is deleted stays so."""
    occasion = begin(connection, writer)
    head = known_own(connection, newest_locked(connection, type_name, id), writer, Deed.DELETE)
    if head is None:
        raise unknown_resource()
    if head.body is None:
        return Written(head.kept(), created=False, changed=False)
    check_version(connection, head, expected_version, writer)
    if head.place.patient_detail_id is not None:
        filing.take_away(connection, head.place.patient_detail_id, id, client_id=writer.client_id)
    ended = end(connection, head, occasion)
    return Written(ended.kept(), created=False)


def end(connection: Connection[Any], head: Row, occasion: Occasion) -> Row:
    """Take a resource out of force; gives the version that says so."""
    ended = head.ended(occasion.at)
    rows.retire(connection, [head.key])
    rows.add_history(connection, [ended])
    return ended


def _drafts(
    connection: Connection[Any],
    resources: Sequence[Json],
    ids: Sequence[str],
    writer: Writer,
    occasion: Occasion,
) -> list[_Draft]:
    pointing = Pointing.read(connection, resources, ids, writer)
    named = pointing.named
    records = own_records(
        connection,
        [one for one in named if one is not None],
        tenancy_id=writer.tenancy_id,
        tenancies=writer.rights.tenancies,
        made=occasion.made,
    )
    today = uk_now().date().isoformat()
    found: list[_Draft | None] = [None] * len(resources)
    # What points at another of these comes after it: it is restricted where that is.
    for place in sorted(range(len(resources)), key=lambda place: place in pointing.targets):
        resource, id, about = resources[place], ids[place], named[place]
        record = None if about is None else records[about]
        guarded_by = pointing.guard(place, {one.key: one.filed for one in found if one is not None})
        filed = filing.rows_of(
            resource, id, today=today, about_patient=record is not None, guarded_by=guarded_by
        )
        filing.check_restricted(filed, writer.rights)
        found[place] = _Draft(
            id, tagged(resource, occasion.source), record, filed, pointing.targets.get(place, {})
        )
    return [one for one in found if one is not None]


def _change(
    connection: Connection[Any], draft: _Draft, head: Row | None, writer: Writer, occasion: Occasion
) -> Row:
    """Put a draft in the place of the newest version."""
    in_force = head is not None and head.body is not None
    former = head.place.patient_detail_id if head is not None else None
    if former is not None and former != draft.record:
        filing.take_away(connection, former, draft.id, client_id=writer.client_id)
    entry = None
    if draft.record is not None:
        # The resource keeps its ID. An entry that goes to another collection is a new one there, as an
        # entry's ID belongs to its collection; when it returns, it has its old ID again.
        entry = filing.change(connection, draft.record, draft.id, draft.filed, client_id=writer.client_id)
    entry_id, entry_version = entry or (None, None)
    version = 1 if head is None else head.version + 1
    if head is not None:
        occasion = replace(occasion, at=max(occasion.at, head.last_updated))
    row = _row(draft, _place(draft, writer, entry_id, entry_version), version, occasion)
    if in_force:
        rows.retire(connection, [row.key])
    try:
        rows.put_in_force(connection, [NewRow(row, search_values(draft.resource, base=writer.base))])
    except UniqueViolation as error:
        raise _taken() from error
    note_pointing(connection, {draft.key: draft.targets})
    if changes_guard(head, row):
        guard_anew(connection, [row])
    return row


def _taken() -> Conflict:
    return Conflict("The ID is taken; choose another.", reason="id_taken")


def _place(draft: _Draft, writer: Writer, entry_id: int | None, entry_version: int | None) -> Place:
    return Place(
        patient_detail_id=draft.record,
        tenancy_id=writer.tenancy_id,
        bundle=draft.filed.bundle,
        restricted=draft.filed.restricted,
        store=draft.filed.store,
        entry_id=entry_id,
        entry_version=entry_version,
        sent_by=writer.client_id,
    )


def _row(draft: _Draft, place: Place, version: int, occasion: Occasion) -> Row:
    at = occasion.at
    body = stamped(draft.resource, id=draft.id, version=version, last_updated=at)
    return Row(draft.type, draft.id, version, at, place, body)
