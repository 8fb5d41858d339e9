"""Who writes, what is told of a write, and the checks that every write goes through."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg import Connection, sql

from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.mapping.parts import Source
from carecord.fhir_api.mapping.systems import TENANCIES
from carecord.fhir_api.rights import Context, Deed, Rights
from carecord.fhir_api.storing.freshening import freshen, row_of
from carecord.fhir_api.storing.links import without_unknown_links_in
from carecord.fhir_api.storing.rows import NewRow, Row, put_in_force
from carecord.fhir_api.storing.rows import queries as row_queries
from carecord.fhir_api.storing.subjects import queries
from carecord.fhir_api.visibility import visible
from carecord.kernel.errors import NotAllowed, NotFound, PreconditionFailed, Unprocessable


@dataclass(frozen=True, slots=True)
class Writer:
    """A client that changes the record: what it sends is filed in its own source."""

    client_id: str
    tenancy_id: int
    rights: Rights
    base: str = ""
    """Our own FHIR address, which references may begin with."""


@dataclass(frozen=True, slots=True)
class Written:
    """A resource as it is kept now. `changed` is false where it was so already."""

    kept: Kept
    created: bool
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a writer does in a transaction: its time, the writer's source, and the records made in that."""

    at: datetime
    source: Source
    ids: Sequence[str] = ()
    """For what is about to be created, as many as were asked for."""
    made: set[int] = field(default_factory=set)
    """Nobody else knows of these before the transaction ends: they are not locked."""
    waiting: list[NewRow] = field(default_factory=list)
    """Patients of these, that come into force with what is created next, or by `put_waiting`."""


def begin(connection: Connection[Any], writer: Writer, *, ids: int = 0) -> Occasion:
    """Tell the database that this transaction makes the resources of what it changes; get new `ids`."""
    asked = {"tenancy_id": writer.tenancy_id, "ids": ids}
    row = connection.execute(queries.begin_writing, asked).fetchone()
    assert row is not None
    _, at, description, organisation_code, found = row
    if description is None:
        raise Unprocessable("The client's own source is not known here.", reason="unknown_tenancy")
    return Occasion(at, Source(writer.tenancy_id, description, organisation_code), found)


def put_waiting(connection: Connection[Any], occasion: Occasion, new: Sequence[NewRow] = ()) -> None:
    """Bring into force what waits for it, and more with it."""
    put_in_force(connection, [*occasion.waiting, *new])
    occasion.waiting.clear()


def tagged(resource: Json, source: Source) -> Json:
    """What was sent, with the tag of the source that it is filed in."""
    meta = resource.get("meta", {})
    tags = [tag for tag in meta.get("tag", ()) if tag.get("system") != TENANCIES]
    tags.append({"system": TENANCIES, "code": str(source.tenancy_id), "display": source.description})
    return resource | {"meta": meta | {"tag": tags}}


def lock_records(connection: Connection[Any], ids: Sequence[int]) -> None:
    """Wait for who makes or changes resources of these records. Several are locked in one call."""
    if len(ids) == 1:
        connection.execute(row_queries.lock_record, {"id": ids[0]})
    elif ids:
        connection.execute(row_queries.lock_records, {"ids": list(ids)})


def newest_locked(
    connection: Connection[Any], type_name: str, id: str, *, about: int | None = None
) -> Row | None:
    """The newest version of a resource, with its record locked and made fresh; None where it never was.

    `about` is the record that it is to be in.
    """
    named = {"type": type_name, "id": id}
    connection.execute(row_queries.lock_resource, named)
    row = connection.execute(queries.whose, named).fetchone()
    whose = row[0] if row is not None else None
    records = sorted({one for one in (whose, about) if one is not None})
    lock_records(connection, records)
    if whose is not None:
        freshen(connection, [whose])
    found = connection.execute(queries.newest, named).fetchone()
    return row_of(found) if found is not None else None


def known_own(connection: Connection[Any], head: Row | None, writer: Writer, deed: Deed) -> Row | None:
    """The newest version, if the client has sent it and its scopes reach it; NotAllowed where they do not.

    None where the client may not know of it: that looks the same as if there were none.
    """
    if head is None:
        return None
    is_own = head.place.sent_by == writer.client_id
    if is_own and reaches_all(writer.rights, deed, head.type):
        return head
    if is_own and head.body is not None and _may_see(connection, writer, deed, head.type, head.id):
        return head
    if head.body is None or not _may_see(connection, writer, Deed.READ, head.type, head.id):
        return None
    if is_own:
        raise _out_of_reach()
    raise NotAllowed(
        "A client changes what it has sent itself; this was sent by another.", reason="sent_by_another"
    )


def unknown_resource() -> NotFound:
    """The one answer where there is none, and where the client may not know of it."""
    return NotFound("There is no such resource that you may see.", reason="unknown_resource")


def check_version(
    connection: Connection[Any], head: Row | None, expected: str | None, writer: Writer
) -> None:
    """PreconditionFailed where the client means another version than the newest that it may know of."""
    if expected is None:
        return
    if head is not None and head.body is not None:
        [known] = without_unknown_links_in(connection, [head.kept()], writer.rights)
        if known.version_id == expected:
            return
    raise PreconditionFailed(
        "The resource has another version by now: read it again.", reason="version_changed"
    )


def check_reach(connection: Connection[Any], writer: Writer, deed: Deed, type_name: str, id: str) -> None:
    """NotAllowed where the scopes reach some patients or resources alone, and not this, as it now stands."""
    if reaches_all(writer.rights, deed, type_name):
        return
    if not _may_see(connection, writer, deed, type_name, id):
        raise _out_of_reach()


def reaches_all(rights: Rights, deed: Deed, type_name: str) -> bool:
    """Whether a scope reaches resources of the type whatever they are, and whosever."""
    grants = rights.grants_for(deed, type_name)
    return any(one.context is not Context.PATIENT and not one.restriction for one in grants)


def _out_of_reach() -> NotAllowed:
    return NotAllowed("The scopes of the token do not reach this resource.", reason="scope_missing")


def _may_see(connection: Connection[Any], writer: Writer, deed: Deed, type_name: str, id: str) -> bool:
    seen = visible(writer.rights, deed, type_name)
    statement = sql.SQL(queries.may_see).format(visible=seen.condition)
    values = {name: list(one) if isinstance(one, tuple) else one for name, one in seen.parameters.items()}
    row = connection.execute(statement, {"type": type_name, "id": id} | values).fetchone()
    return row is not None and bool(row[0])
