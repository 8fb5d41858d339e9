"""Patients: what each state of a source record is made into, and with whom it is linked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.parts import PATIENT_STORES, Item, PatientLink, PatientParts, Source
from carecord.fhir_api.mapping.patients import is_withheld, patient_of
from carecord.fhir_api.storing.course import Course, Wanted
from carecord.fhir_api.storing.entries import Workings, queries
from carecord.fhir_api.storing.link_changes import is_link_of_ours, link_sources
from carecord.fhir_api.storing.mishaps import attempt
from carecord.fhir_api.storing.rows import Key, Place, Row, unstamped
from carecord.patient_index.linked_records import LinkType

BUNDLE = "demographics"

_ADDRESSES, _IDENTIFIERS, _NEEDS = PATIENT_STORES
_OWN = "Patient/"


@dataclass(frozen=True, slots=True)
class Record:
    """A source record as its Patient is made of it."""

    parts: PatientParts
    version: int
    updated_at: datetime
    is_deleted: bool

    @property
    def has_rows(self) -> bool:
        """Whether something beside its demographics belongs to the Patient."""
        parts = self.parts
        return bool(parts.addresses or parts.identifiers or parts.communication_needs)

    @property
    def key(self) -> Key:
        return "Patient", str(self.parts.patient_detail_id)


def read_records(connection: Connection[Any], ids: Sequence[int], *, with_rows: bool = True) -> list[Record]:
    """These source records, deleted ones too. Those that have only just been made have no rows yet."""
    of_records: dict[tuple[int, str], list[Item]] = {}
    if with_rows:
        stores = {"ids": list(ids), "stores": list(PATIENT_STORES)}
        for record, store, item in connection.execute(queries.rows_of_records, stores):
            of_records.setdefault((record, store), []).append(msgspec.json.decode(item))
    found = connection.execute(queries.records, {"ids": list(ids)}).fetchall()
    return [_record(row, of_records) for row in found]


def make_patients(
    connection: Connection[Any],
    course: Course,
    records: Sequence[Record],
    ended: Mapping[Key, Row],
    workings: Workings,
) -> None:
    """Lead the course through all that became of these source records."""
    known: dict[int, int] = {}
    for record in records:
        id = record.parts.patient_detail_id
        heads = [*course.heads((id, "", 0)), *([ended[record.key]] if record.key in ended else ())]
        known[id] = max((head.place.entry_version or 0 for head in heads), default=0)
    earlier: dict[int, list[tuple[int, datetime, Item]]] = {}
    asked = {"ids": list(known), "versions": list(known.values())}
    for id, version, since, demographics in connection.execute(queries.earlier_demographics, asked):
        earlier.setdefault(id, []).append((version, since, msgspec.json.decode(demographics)))
    for record in records:
        if not record.is_deleted:
            id = record.parts.patient_detail_id
            _lead(connection, course, record, earlier.get(id, ()), ended, workings, known=known[id])


def sent_patient(resource: Json, record: Record) -> Json | None:
    """What a client sent, with the links and state that the index knows; None where it may not be shown so.

    Of a protected person the address is withheld, and rows of other collections belong to the Patient too:
    then it is made of the record. Who is linked with whom is the index's word, and no client's.
    """
    parts = record.parts
    if parts.is_withheld or record.has_rows:
        return None
    links = [
        {"other": {"reference": f"{_OWN}{link.patient_detail_id}"}, "type": link.type.value}
        for link in parts.links
    ]
    links += [link for link in resource.get("link", ()) if not is_link_of_ours(link)]
    sent = {name: value for name, value in resource.items() if name != "link"}
    if links:
        sent["link"] = links
    if parts.merged:
        sent["active"] = False
    elif sent.get("active") is False and parts.demographics.get("RecordStatus") == "Active":
        sent["active"] = True
    return sent


def place_of(record: Record, *, sent_by: str | None) -> Place:
    return Place(
        patient_detail_id=record.parts.patient_detail_id,
        tenancy_id=record.parts.source.tenancy_id,
        bundle=BUNDLE,
        entry_version=record.version,
        sent_by=sent_by,
    )


def _lead(
    connection: Connection[Any],
    course: Course,
    record: Record,
    earlier: Sequence[tuple[int, datetime, Item]],
    ended: Mapping[Key, Row],
    workings: Workings,
    *,
    known: int,
) -> None:
    parts = record.parts
    group = (parts.patient_detail_id, "", 0)
    # Nobody has asked since how it was linked: in between it is told with the links that it had before.
    heads = course.heads(group)
    links = unstamped(heads[0].body).get("link") if earlier and heads and heads[0].body else None
    for version, since, demographics in earlier:
        former = PatientParts(parts.patient_detail_id, parts.source, demographics, merged=False)
        was = Record(former, version, since, is_deleted=False)
        sent_by = _sent_by(course, record, ended)
        made = _made(former)
        if made is not None and links:
            made["link"] = links
        place = place_of(was, sent_by=sent_by)
        _become(connection, course, former, made, place, _to_the_millisecond(since))
    heads = course.heads(group)
    resource = None
    if heads and heads[0].place.sent_by is not None and heads[0].place.entry_version == record.version:
        sent = _sent_body(connection, heads[0], record)
        resource = None if sent is None else sent_patient(unstamped(sent), record)
    place = place_of(record, sent_by=_sent_by(course, record, ended))
    at = _to_the_millisecond(record.updated_at) if record.version > known else workings.moment
    _become(connection, course, parts, resource or _made(parts), place, at)


def _sent_body(connection: Connection[Any], head: Row, record: Record) -> bytes | None:
    """What the client sent; None where that was never shown, so that the Patient is made of the record.

    What was withheld while another record of the person asked for it comes back as it was before.
    """
    assert head.body is not None
    if record.parts.is_withheld or not is_withheld(head.body):
        return head.body
    asked = {"id": head.id, "entry_version": record.version}
    bodies = (row[0].encode() for row in connection.execute(queries.sent_bodies, asked))
    return next((body for body in bodies if not is_withheld(body)), None)


def _made(parts: PatientParts) -> Json | None:
    return attempt(lambda: patient_of(parts), f"record {parts.patient_detail_id}")


def _become(
    connection: Connection[Any],
    course: Course,
    parts: PatientParts,
    resource: Json | None,
    place: Place,
    at: datetime,
) -> None:
    id = parts.patient_detail_id
    group = (id, "", 0)
    wanted = []
    if resource is not None:
        head = next(iter(course.heads(group)), None)
        wanted.append(Wanted(("Patient", str(id)), resource, place, link_sources(connection, head, resource)))
    course.become(group, wanted, at)


def _sent_by(course: Course, record: Record, ended: Mapping[Key, Row]) -> str | None:
    heads = course.heads((record.parts.patient_detail_id, "", 0))
    head = heads[0] if heads else ended.get(record.key)
    return head.place.sent_by if head else None


def _record(row: tuple[Any, ...], of_records: Mapping[tuple[int, str], list[Item]]) -> Record:
    id, tenancy, description, code, demographics, version, updated_at, is_deleted, linked, *more = row
    major, minors, is_protected = more
    types = dict.fromkeys(linked, LinkType.LINKED)
    types |= {one: LinkType.MAJOR for one in minors if one in types}
    if major in types:
        types[major] = LinkType.MINOR
    parts = PatientParts(
        patient_detail_id=id,
        source=Source(tenancy, description, code),
        demographics=msgspec.json.decode(demographics),
        merged=major is not None,
        links=() if is_deleted else [PatientLink(one, type) for one, type in types.items()],
        addresses=of_records.get((id, _ADDRESSES), ()),
        identifiers=of_records.get((id, _IDENTIFIERS), ()),
        communication_needs=of_records.get((id, _NEEDS), ()),
        is_protected=is_protected,
    )
    return Record(parts, version, updated_at, is_deleted)


def _to_the_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
