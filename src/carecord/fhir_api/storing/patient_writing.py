"""Writing Patients: source records of the client's own source, linked on arrival; merges by links."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from psycopg import Connection

from carecord.catalogue.submission import InvalidItem
from carecord.fhir_api import incoming
from carecord.fhir_api.indexing import search_values
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.patients import WITHHELD_FIELDS, patient_of
from carecord.fhir_api.outcomes import InvalidResource, Issue
from carecord.fhir_api.rights import Deed
from carecord.fhir_api.storing import rows
from carecord.fhir_api.storing.link_changes import is_link_of_ours, link_sources
from carecord.fhir_api.storing.patients import Record, place_of, read_records, sent_patient
from carecord.fhir_api.storing.rows import NewRow, Row, first_version
from carecord.fhir_api.storing.subjects import queries
from carecord.fhir_api.storing.writer import (
    Occasion,
    Writer,
    Written,
    begin,
    check_reach,
    check_version,
    known_own,
    newest_locked,
    put_waiting,
    reaches_all,
    tagged,
    unknown_resource,
)
from carecord.fhir_api.storing.writing import allocate_ids, end
from carecord.kernel.errors import Conflict, MethodNotAllowed
from carecord.kernel.local_time import now as uk_now
from carecord.patient_index.deletion import delete_record
from carecord.patient_index.source_decisions import merge_records, unmerge_records
from carecord.patient_index.submitting import find_own_record, submit_record

_REPLACED_BY = "replaced-by"


def create_patient(
    connection: Connection[Any], resource: Json, writer: Writer, occasion: Occasion
) -> Written:
    """Make a source record in the client's own source, in the caller's transaction.

    Its Patient may wait for the caller to bring it into force, by `put_waiting` or with other resources.
    """
    id = _submit(connection, resource, None, writer)
    occasion.made.add(id)
    _merge(connection, resource, id, writer)
    row = _keep(connection, resource, id, None, writer, occasion)
    if not reaches_all(writer.rights, Deed.CREATE, "Patient"):
        put_waiting(connection, occasion)
        check_reach(connection, writer, Deed.CREATE, "Patient", row.id)
    return Written(row.kept(), created=True)


def put_patient(
    connection: Connection[Any], resource: Json, id: str, writer: Writer, *, expected_version: str | None
) -> Written:
    """Replace a source record's demographics, or bring back the record that the client has deleted."""
    occasion = begin(connection, writer)
    head = known_own(connection, newest_locked(connection, "Patient", id), writer, Deed.UPDATE)
    check_version(connection, head, expected_version, writer)
    if head is None:
        raise MethodNotAllowed("A Patient's ID is the server's to give: create it by POST.", reason="own_id")
    if head.place.tenancy_id != writer.tenancy_id:
        raise Conflict("A record stays with its source, and this is another's.", reason="tenancy_changed")
    if head.body is not None and _is_same(connection, resource, head, occasion):
        return Written(head.kept(), created=False, changed=False)
    _unmerge(connection, resource, int(id), writer)
    _submit(connection, resource, int(id), writer)
    _merge(connection, resource, int(id), writer)
    row = _keep(connection, resource, int(id), head, writer, occasion)
    check_reach(connection, writer, Deed.UPDATE, "Patient", id)
    is_back = head.body is None
    return Written(row.kept(), created=is_back, changed=is_back or row.body != head.body)


def remove_patient(
    connection: Connection[Any], id: str, writer: Writer, *, expected_version: str | None
) -> Written:
    """Delete a source record, as its source would: nobody is shown it, nor what is in it; nothing is lost."""
    occasion = begin(connection, writer)
    head = known_own(connection, newest_locked(connection, "Patient", id), writer, Deed.DELETE)
    if head is None:
        raise unknown_resource()
    if head.body is None:
        return Written(head.kept(), created=False, changed=False)
    check_version(connection, head, expected_version, writer)
    delete_record(
        connection,
        int(id),
        as_of=uk_now().isoformat(),
        deleted_by=_decider(writer),
        reason="deleted through FHIR",
    )
    connection.execute(queries.forget_patient, {"patient_detail_id": int(id)})
    return Written(end(connection, head, occasion).kept(), created=False)


def _submit(connection: Connection[Any], resource: Json, id: int | None, writer: Writer) -> int:
    demographics = incoming.demographics_of(resource)
    if id is None and "PatientNumber" not in demographics:
        # A source knows each of its records by a number: one that tells none is given one.
        demographics["PatientNumber"] = f"FHIR-{allocate_ids(connection, 1)[0]}"
    if id is not None:
        demographics |= _withheld_from(connection, id, resource, demographics)
    try:
        record, _ = submit_record(
            connection,
            writer.tenancy_id,
            id,
            demographics,
            source_updated_at=None,
            today=uk_now().date().isoformat(),
        )
    except InvalidItem as invalid:
        raise incoming.refused(invalid) from None
    return record


def _withheld_from(
    connection: Connection[Any], id: int, resource: Json, sent: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What the client was not shown of a protected person: leaving an element out takes nothing away."""
    parts = read_records(connection, [id], with_rows=False)[0].parts
    if not parts.is_withheld:
        return {}
    said = {element for name, element in WITHHELD_FIELDS.items() if sent.get(name) or element in resource}
    return {
        name: parts.demographics.get(name)
        for name, element in WITHHELD_FIELDS.items()
        if name in sent and element not in said
    }


def _keep(
    connection: Connection[Any], resource: Json, id: int, head: Row | None, writer: Writer, occasion: Occasion
) -> Row:
    """Put into force what was sent, with what the index says of it; what is new is left waiting for that."""
    if head is not None:
        # What others change of the record meanwhile leaves notes again.
        connection.execute(queries.forget_patient, {"patient_detail_id": id})
    record = read_records(connection, [id], with_rows=head is not None)[0]
    shown = _as_kept(resource, record, occasion)
    place = place_of(record, sent_by=writer.client_id)
    found_by = search_values(shown, base=writer.base)
    if head is None:
        row = first_version("Patient", str(id), shown, place, occasion.at)
        occasion.waiting.append(NewRow(row, found_by))
        return row
    if head.says(shown):
        same = replace(head, place=place)
        rows.move(connection, [same])
        return same
    row = head.followed(shown, place, occasion.at, link_sources=link_sources(connection, head, shown))
    if head.body is not None:
        rows.retire(connection, [row.key])
    rows.put_in_force(connection, [NewRow(row, found_by)])
    return row


def _is_same(connection: Connection[Any], resource: Json, head: Row, occasion: Occasion) -> bool:
    """Whether it is what is in force: then its demographics and links are too."""
    record = read_records(connection, [int(head.id)])[0]
    if head.place.entry_version != record.version or _takes_a_link_out(resource, record):
        return False
    shown = sent_patient(tagged(resource, occasion.source), record)
    # What is made of the record says nothing of what was sent.
    return shown is not None and head.says(shown)


def _as_kept(resource: Json, record: Record, occasion: Occasion) -> Json:
    tagged_resource = tagged(resource, occasion.source)
    return sent_patient(tagged_resource, record) or patient_of(record.parts)


def _takes_a_link_out(resource: Json, record: Record) -> bool:
    return record.parts.merged != (_survivor(resource) is not None)


def _survivor(resource: Json) -> tuple[int, int] | None:
    """The place of the link that says by which record this one is replaced, and that record's ID."""
    for place, link in enumerate(resource.get("link", ())):
        if link.get("type") == _REPLACED_BY and is_link_of_ours(link):
            return place, int(link["other"]["reference"].removeprefix("Patient/"))
    return None


def _merge(connection: Connection[Any], resource: Json, id: int, writer: Writer) -> None:
    """A link that says that the record is replaced by another of the client's source merges the two."""
    named = _survivor(resource)
    if named is None:
        return
    place, survivor = named
    row = connection.execute(queries.merge_decided_by, {"patient_detail_id": id}).fetchone()
    if row is not None and row[0] == survivor:
        return
    own = find_own_record(connection, survivor, tenancies=[writer.tenancy_id])
    if own is None or survivor == id:
        said = "must name another Patient of your own, which replaces this one"
        raise InvalidResource([Issue("error", "business-rule", said, f"Patient.link[{place}].other")])
    merge_records(
        connection,
        survivor,
        id,
        tenancy_id=writer.tenancy_id,
        decided_by=_decider(writer),
        reason=None,
    )


def _unmerge(connection: Connection[Any], resource: Json, id: int, writer: Writer) -> None:
    """Without the link, a merge that this client has said is undone; that of another stays."""
    row = connection.execute(queries.merge_decided_by, {"patient_detail_id": id}).fetchone()
    named = _survivor(resource)
    if row is None or row[1] != _decider(writer) or (named is not None and named[1] == row[0]):
        return
    unmerge_records(
        connection, row[0], id, undone_by=_decider(writer), reason="the link was taken out through FHIR"
    )


def _decider(writer: Writer) -> str:
    return f"client {writer.client_id}"
