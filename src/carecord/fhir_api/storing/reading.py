"""Reading resources by id, as they are and as they were, and histories: what the caller may see of them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg_pool import ConnectionPool

from carecord.db.readers import Readers
from carecord.fhir_api.definitions.served import POINTING
from carecord.fhir_api.instants import instant
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.rights import Rights
from carecord.fhir_api.storing import guarding
from carecord.fhir_api.storing.asking import freshen_asked
from carecord.fhir_api.storing.earlier import as_known_now
from carecord.fhir_api.storing.links import without_unknown_links
from carecord.fhir_api.storing.statements import (
    absent_statement,
    history_statement,
    kept_of,
    plain,
    queries,
    read_statement,
    values_for,
)
from carecord.kernel.errors import Gone, NotFound

_MADE_OF_AN_ENTRY = re.compile(r"\d{1,18}(-.+)?", re.ASCII)
_VERSION = re.compile(r"(\d{1,9})(?:\.(\d{1,15}))?", re.ASCII)
_STALE = 8

_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)
_AFTER_ALL_IDS = "~"
_ABOVE_ALL_VERSIONS = 2**40
_AFTER_ALL_TIME_US = 2**62

_record_of = plain(queries.record_of)
_stale_targets = plain(guarding.queries.stale_targets)
_any_stale = plain(queries.any_stale)


@dataclass(frozen=True, slots=True)
class History:
    """A page of versions, newest first; one without a body is a deletion. The next begins at `cursor`."""

    versions: list[Kept]
    total: int | None
    """Of an instance, all of its versions; None for a type."""
    cursor: Json | None


async def read(
    readers: Readers,
    type_name: str,
    id: str,
    rights: Rights,
    *,
    writing_pool: ConnectionPool[Any] | None = None,
) -> Kept:
    """The version in force. NotFound where there is none that the caller may see, Gone where it was deleted.

    With a `writing_pool`, what is stale of its record is made anew first.
    """
    await _freshen_targets(readers, type_name, id, rights, writing_pool)
    statement = read_statement(rights, type_name)
    values = values_for(rights, type=type_name, id=id)
    found = await statement.ask(readers, values)
    if found.ntuples == 0:
        await _miss(readers, type_name, id, rights, writing_pool)
        found = await statement.ask(readers, values)
    elif writing_pool is not None and found.get_value(0, _STALE) == b"t":
        await freshen_asked(writing_pool, [int(found.get_value(0, 2))])  # type: ignore[arg-type]
        found = await statement.ask(readers, values)
    if found.ntuples == 0:
        await _miss(readers, type_name, id, rights, None)
        raise _unknown()
    [kept] = await without_unknown_links(readers, [kept_of(found, 0)], rights)
    return kept


async def read_version(
    readers: Readers,
    type_name: str,
    id: str,
    version: str,
    rights: Rights,
    *,
    writing_pool: ConnectionPool[Any] | None = None,
) -> Kept:
    """One version of a resource; Gone where that is its deletion."""
    await _freshen_first(readers, type_name, id, rights, writing_pool)
    told = _VERSION.fullmatch(version)
    if told is None:
        raise NotFound("There is no such version.", reason="unknown_version")
    values = values_for(rights, type=type_name, id=id, version=told[1], links_changed_ms=told[2])
    found = await history_statement("version", rights, type_name).ask(readers, values)
    if found.ntuples == 0:
        raise NotFound("There is no such version.", reason="unknown_version")
    kept = kept_of(found, 0)
    if kept.body is None:
        raise Gone("This version is the resource's deletion.", reason="deleted")
    [shown] = await as_known_now(readers, [kept], rights)
    return shown


async def history(
    readers: Readers,
    type_name: str,
    id: str | None,
    rights: Rights,
    *,
    count: int,
    since: datetime | None = None,
    cursor: Json | None = None,
    writing_pool: ConnectionPool[Any] | None = None,
) -> History:
    """The versions of a resource, or of all of a type, newest first, `count` of them from the cursor on.

    NotFound where the resource has none that the caller may see.
    """
    await _freshen_first(readers, type_name, id, rights, writing_pool)
    before = cursor or {}
    values = values_for(
        rights,
        type=type_name,
        id=id,
        since=(since or _FIRST).isoformat(),
        count=count,
        before=before.get("at", _LAST.isoformat()),
        before_id=before.get("id", _AFTER_ALL_IDS),
        before_version=before.get("version", _ABOVE_ALL_VERSIONS),
        before_us=before.get("us", _AFTER_ALL_TIME_US),
    )
    name = "history_of_type" if id is None else "history_of_instance"
    found = await history_statement(name, rights, type_name).ask(readers, values)
    if id is not None and found.ntuples == 0 and since is None and cursor is None:
        raise _unknown()
    page = [kept_of(found, place) for place in range(min(found.ntuples, count))]
    total = None
    if id is not None:
        total = int(found.get_value(0, 8)) if found.ntuples else 0  # type: ignore[arg-type]
    further = None
    if found.ntuples > count and page:
        last = page[-1]
        us = round(last.last_updated.timestamp() * 1_000_000)
        further = {"at": instant(last.last_updated), "us": us, "id": last.id, "version": last.version}
    return History(await as_known_now(readers, page, rights), total, further)


async def _miss(
    readers: Readers, type_name: str, id: str, rights: Rights, writing_pool: ConnectionPool[Any] | None
) -> None:
    """Gone or NotFound; returns where there is one more chance, now that what was stale has been made."""
    record = int(id) if type_name == "Patient" and id.isascii() and id.isdigit() and len(id) < 19 else None
    values = values_for(rights, type=type_name, id=id, record=record)
    found = await absent_statement(rights, type_name).ask(readers, values)
    may_be_made = found.get_value(0, 1) == b"t" and _MADE_OF_AN_ENTRY.fullmatch(id) is not None
    if may_be_made and writing_pool is not None:
        await freshen_asked(writing_pool, None if record is None else [record])
        return
    if found.get_value(0, 0) == b"t":
        raise Gone("The resource has been deleted.", reason="deleted")
    raise _unknown()


async def _freshen_first(
    readers: Readers,
    type_name: str,
    id: str | None,
    rights: Rights,
    writing_pool: ConnectionPool[Any] | None,
) -> None:
    if writing_pool is None:
        return
    if id is None:
        if (await _any_stale.ask(readers, {})).get_value(0, 0) == b"t":
            await freshen_asked(writing_pool, None)
        return
    if type_name == "Patient" and id.isascii() and id.isdigit() and len(id) < 19:
        await freshen_asked(writing_pool, [int(id)])
        return
    await _freshen_targets(readers, type_name, id, rights, writing_pool)
    found = await _record_of.ask(readers, {"type": type_name, "id": id})
    if found.ntuples:
        await freshen_asked(writing_pool, [int(found.get_value(0, 0))])  # type: ignore[arg-type]


async def _freshen_targets(
    readers: Readers, type_name: str, id: str, rights: Rights, writing_pool: ConnectionPool[Any] | None
) -> None:
    """What a resource points at may be restricted by now, and the resource with it."""
    if writing_pool is not None and type_name in POINTING:
        found = await _stale_targets.ask(readers, values_for(rights, type=type_name, ids=[id]))
        records = [int(found.get_value(row, 0) or 0) for row in range(found.ntuples)]
        if records:
            await freshen_asked(writing_pool, records)


def _unknown() -> NotFound:
    return NotFound("There is no such resource that you may see.", reason="unknown_resource")
