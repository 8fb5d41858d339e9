"""The other records of a person: how each came to be linked, and which replaces which."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
from psycopg import AsyncConnection, sql

from carecord.kernel.sql import load_queries
from carecord.patient_index.search import protected_condition, shown_condition

queries = load_queries(__package__)


class LinkType(Enum):
    """What the record asked by is to the other: FHIR's Patient.link.type, seen from the record asked by."""

    LINKED = "seealso"
    MAJOR = "replaces"
    MINOR = "replaced-by"


class Link(msgspec.Struct, array_like=True, frozen=True):
    """A decision in force that two records are one person's. `decided_at` is UK local time."""

    record_a: int
    record_b: int
    rule: str
    decided_by: str
    decided_at: str


class PersonRecord(msgspec.Struct, array_like=True, frozen=True):
    """A record of the person. `demographics` is the JSON of its source."""

    patient_detail_id: int
    tenancy_id: int
    demographics: msgspec.Raw
    number: str | None
    minor_numbers: list[str]


@dataclass(frozen=True, slots=True)
class LinkedRecord:
    """Another record of the person, with the link that joined the two."""

    record: PersonRecord
    type: LinkType
    link: Link


@dataclass(frozen=True, slots=True)
class LinkedRecords:
    """What the caller may see beside the record it asks by, and that record's source."""

    tenancy_id: int
    others: list[LinkedRecord]
    is_protected: bool
    """Whether the person is: address, contact and practice of all are withheld."""


_decode_records = msgspec.json.Decoder(list[PersonRecord]).decode
_decode_links = msgspec.json.Decoder(list[Link]).decode


async def read_linked_records(
    connection: AsyncConnection[Any], patient_detail_id: int, *, tenancies: Sequence[int] | None
) -> LinkedRecords | None:
    """The person's other records, by patient detail ID; None where the caller may not know of this one."""
    limited = tenancies is not None
    statement = sql.SQL(queries.linked_records).format(
        shown=shown_condition("r", limited=limited),
        linked_shown=shown_condition("l", limited=limited),
        protected=protected_condition("r"),
    )
    parameters: dict[str, Any] = {"patient_detail_id": patient_detail_id}
    if tenancies is not None:
        parameters["tenancies"] = list(tenancies)
    row = await (await connection.execute(statement, parameters)).fetchone()
    if row is None:
        return None
    records = {record.patient_detail_id: record for record in _decode_records(row[0])}
    asked = records.pop(patient_detail_id)
    joined = joining_links(patient_detail_id, _decode_links(row[1]))
    return LinkedRecords(
        asked.tenancy_id,
        [
            LinkedRecord(record, _type_of(asked, record), joined[record.patient_detail_id])
            for record in records.values()
        ],
        is_protected=row[2],
    )


def joining_links(asked: int, oldest_first: Iterable[Link]) -> dict[int, Link]:
    """For each record that the links join with `asked`, the one that did: before it the two were apart."""
    joined: dict[int, Link] = {}
    parts: dict[int, set[int]] = {asked: {asked}}
    for link in oldest_first:
        a = parts.setdefault(link.record_a, {link.record_a})
        b = parts.setdefault(link.record_b, {link.record_b})
        if a is b:
            continue
        if asked in a or asked in b:
            joined.update((record, link) for record in (b if asked in a else a))
        a |= b
        for record in b:
            parts[record] = a
    return joined


def _type_of(asked: PersonRecord, other: PersonRecord) -> LinkType:
    """A record whose present number was merged into another record of its source was replaced by that one."""
    if asked.tenancy_id == other.tenancy_id:
        if other.number in asked.minor_numbers:
            return LinkType.MAJOR
        if asked.number in other.minor_numbers:
            return LinkType.MINOR
    return LinkType.LINKED
