"""Rows of resources: how a body is stamped, and how rows come into force, become history and end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection

from carecord.db.direct_copy import copy_in
from carecord.fhir_api import json_text
from carecord.fhir_api.instants import instant
from carecord.fhir_api.kept import Json, Kept, SearchValues, version_id
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "rows.sql")

Key = tuple[str, str]
"""Type and id of a resource."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a resource stands: in whose record and bundle, and which entry it says the same as."""

    patient_detail_id: int | None
    tenancy_id: int
    bundle: str | None = None
    restricted: bool = False
    store: str | None = None
    entry_id: int | None = None
    entry_version: int | None = None
    sent_by: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One version of a resource. `body` is None where the version is its deletion."""

    type: str
    id: str
    version: int
    last_updated: datetime
    place: Place
    body: bytes | None
    link_sources: tuple[int, ...] | None = None
    """Of a Patient whose links alone have changed since the version of its number: whose links those were."""

    @property
    def key(self) -> Key:
        return self.type, self.id

    def says(self, resource: Json) -> bool:
        """Whether the body is this resource's, but for what `stamped` adds."""
        return self.body == _body(self, resource)

    def followed(
        self, resource: Json, place: Place, at: datetime, *, link_sources: tuple[int, ...] | None = None
    ) -> "Row":
        """The version after this one: of the next number, or of the same where only links have changed."""
        if link_sources is None:
            row = Row(self.type, self.id, self.version + 1, max(at, self.last_updated), place, None)
        else:
            at = max(at, self.last_updated + _MILLISECOND)
            row = Row(self.type, self.id, self.version, at, place, None, link_sources)
        return replace(row, body=_body(row, resource))

    def kept(self) -> Kept:
        return Kept(
            type=self.type,
            id=self.id,
            version=self.version,
            last_updated=self.last_updated,
            patient_detail_id=self.place.patient_detail_id,
            tenancy_id=self.place.tenancy_id,
            restricted=self.place.restricted,
            body=self.body,
        )

    def ended(self, at: datetime) -> "Row":
        """The version after this one that says that the resource is deleted."""
        at = max(at, self.last_updated)
        return replace(self, version=self.version + 1, last_updated=at, body=None, link_sources=None)


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row that comes into force, with what it is found by."""

    row: Row
    found_by: SearchValues


def first_version(type_name: str, id: str, resource: Json, place: Place, at: datetime) -> Row:
    body = stamped(resource, id=id, version=1, last_updated=at)
    return Row(type_name, id, 1, at, place, body)


def stamped(resource: Json, *, id: str, version: int | str, last_updated: datetime) -> bytes:
    """The body as it is given out: type, id and meta first, the rest as it was."""
    meta = {"versionId": str(version), "lastUpdated": instant(last_updated)}
    meta |= {name: value for name, value in resource.get("meta", _NOTHING).items() if name not in meta}
    head = {"resourceType": resource["resourceType"], "id": id, "meta": meta}
    return json_text.encode(head | {name: value for name, value in resource.items() if name not in head})


def unstamped(body: bytes) -> Json:
    """The resource of a body, without what `stamped` adds."""
    resource = json_text.decode(body)
    del resource["id"], resource["meta"]["versionId"], resource["meta"]["lastUpdated"]
    return resource


def retire(connection: Connection[Any], keys: Sequence[Key]) -> None:
    """The versions in force become earlier ones."""
    if keys:
        connection.execute(
            queries.retire, {"types": [one for one, _ in keys], "ids": [one for _, one in keys]}
        )


def add_history(connection: Connection[Any], rows: Sequence[Row]) -> None:
    """Write down earlier versions, and deletions."""
    _copy(connection, queries.copy_versions, map(_history_line, rows), any_rows=bool(rows))


def put_in_force(connection: Connection[Any], rows: Sequence[NewRow]) -> None:
    """Bring rows into force whose keys have none there. UniqueViolation where one has."""
    _copy(connection, queries.copy_resources, map(_resource_line, rows), any_rows=bool(rows))


def move(connection: Connection[Any], rows: Sequence[Row]) -> None:
    """Give rows in force, whose bodies stay, the places that these say."""
    if rows:
        connection.execute(
            queries.move,
            {
                "types": [row.type for row in rows],
                "ids": [row.id for row in rows],
                "bundles": [row.place.bundle for row in rows],
                "restricted": [row.place.restricted for row in rows],
                "entry_versions": [row.place.entry_version for row in rows],
            },
        )


def _copy(
    connection: Connection[Any], statement: LiteralString, lines: Iterable[bytes], *, any_rows: bool
) -> None:
    if any_rows:
        copy_in(connection, statement, b"".join(lines))


# The lines are written out here: all in them is a number, a name of ours, or JSON, which has escapes for tabs
# and line ends. The backslash alone needs another.


def _resource_line(new: NewRow) -> bytes:
    row, found_by = new.row, new.found_by
    assert row.body is not None
    return b"%b\t{%b}\t%b\t%b\n" % (
        _head(row),
        ",".join(map(str, found_by.tokens)).encode(),
        _escaped(json_text.encode(found_by.values)),
        _escaped(row.body),
    )


def _history_line(row: Row) -> bytes:
    if row.body is None:
        return b"%b\tt\t\\N\n" % _head(row)
    return b"%b\tf\t%b\n" % (_head(row), _escaped(row.body))


def _head(row: Row) -> bytes:
    place = row.place
    cells = (
        row.type,
        row.id,
        row.version,
        row.last_updated.isoformat(),
        place.patient_detail_id,
        place.tenancy_id,
        place.bundle,
        place.restricted,
        place.store,
        place.entry_id,
        place.entry_version,
        place.sent_by and place.sent_by.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n"),
        None if row.link_sources is None else f"{{{','.join(map(str, row.link_sources))}}}",
    )
    return "\t".join(["\\N" if cell is None else str(cell) for cell in cells]).encode()


def _body(row: Row, resource: Json) -> bytes:
    version = version_id(row.version, row.last_updated, of_links=row.link_sources is not None)
    return stamped(resource, id=row.id, version=version, last_updated=row.last_updated)


def _escaped(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\")


_NOTHING: Json = {}
_MILLISECOND = timedelta(milliseconds=1)
