"""FHIR resources put straight where search finds them, and searches asked of them as the face would."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from carecord.access.gate import Caller
from carecord.db.connect import Database
from carecord.db.readers import Readers
from carecord.fhir_api.indexing import search_values
from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.rights import Context, Deed, Grant, Rights
from carecord.fhir_api.searching import Found, find, parse

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)

EVERYTHING = (Grant(Context.SYSTEM, "*", frozenset(Deed)),)


def rights_of(
    *grants: Grant,
    tenancies: tuple[int, ...] | None = None,
    patient: int | None = None,
    restricted_bundles: Sequence[str] = (),
) -> Rights:
    """A caller's rights: without scopes named, all that there are."""
    caller = Caller("caller", None, frozenset(), tenancies, None, None, None)
    return Rights(caller, grants or EVERYTHING, patient, frozenset(restricted_bundles))


Asked = str | tuple[str, list[tuple[str, str]]]
"""`Type?name=value&name=value`, not encoded; or the type and its parameters."""


@dataclass(repr=False)
class Shelf:
    """The resources of a test, and a caller's searches of them."""

    database: Database
    connection: psycopg.Connection[Any]
    readers: Readers
    runner: asyncio.Runner
    resources: list[Json] = field(default_factory=list)

    def add_record(self, patient_detail_id: int, *, person: int, tenancy: int = 1, **columns: Any) -> None:
        """A source record, of this person, without its Patient."""
        self.connection.execute(
            "INSERT INTO patient_index.tenancy VALUES (%(t)s, 'Made-up source', 'test', NULL)"
            " ON CONFLICT DO NOTHING",
            {"t": tenancy},
        )
        self.connection.execute(
            "INSERT INTO patient_index.patient_record (patient_detail_id, tenancy_id, source_key, person_id,"
            " surname_key, forename_key, active, demographics, sharing_refused, refused_bundles, deleted_at)"
            " VALUES (%(id)s, %(t)s, %(key)s, %(person)s, '', '', true, '{}', %(sharing_refused)s,"
            " %(refused_bundles)s, %(deleted_at)s)",
            {
                "id": patient_detail_id,
                "t": tenancy,
                "key": f"P-{patient_detail_id}",
                "person": person,
                "sharing_refused": False,
                "refused_bundles": [],
                "deleted_at": None,
                **columns,
            },
        )
        self.connection.execute("DELETE FROM fhir_api.stale")

    def add(
        self,
        resource: Json,
        *,
        patient: int | None = None,
        tenancy: int = 1,
        bundle: str | None = "gp",
        restricted: bool = False,
        store: str | None = None,
        updated: datetime = NOW,
    ) -> Json:
        """A resource in force, found by what indexing makes of it."""
        at = f"{updated:%Y-%m-%dT%H:%M:%S}.{updated.microsecond // 1000:03}Z"
        resource = {**resource, "meta": {**resource.get("meta", {}), "versionId": "1", "lastUpdated": at}}
        raw = encode(resource)
        resource = decode(raw)
        found = search_values(resource)
        self.connection.execute(
            "INSERT INTO fhir_api.resource (type, id, patient_detail_id, tenancy_id, bundle, restricted,"
            " store, last_updated, tokens, search, body) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                resource["resourceType"],
                resource["id"],
                patient,
                tenancy,
                bundle,
                restricted,
                store,
                updated,
                list(found.tokens),
                Jsonb(found.values),
                raw.decode(),
            ),
        )
        self.resources.append(resource)
        return resource

    def find(self, asked: Asked, *, rights: Rights | None = None, **options: Any) -> Found:
        """One page."""
        type_name, pairs = pairs_of(asked)
        search = parse(type_name, pairs, strict=True, now=NOW)
        return self.runner.run(find(self.readers, search, rights or rights_of(), **options))

    def ids(self, asked: str, *, rights: Rights | None = None) -> list[str]:
        """The IDs of a page, in order."""
        return [one.id for one in self.find(asked, rights=rights).matches]

    def walk(self, asked: str, *, rights: Rights | None = None) -> list[str]:
        """The IDs of all pages, in order."""
        found = self.find(asked, rights=rights)
        ids = [one.id for one in found.matches]
        while found.cursor is not None:
            found = self.find(asked, rights=rights, cursor=found.cursor)
            ids += [one.id for one in found.matches]
        return ids


def pairs_of(asked: Asked) -> tuple[str, list[tuple[str, str]]]:
    """The type and the parameters."""
    if not isinstance(asked, str):
        return asked
    type_name, _, query = asked.partition("?")
    pairs = [one.partition("=") for one in query.split("&") if one]
    return type_name, [(name, value) for name, _, value in pairs]


@contextmanager
def open_shelf(database: Database) -> Iterator[Shelf]:
    """An empty shelf over a database of the test's own."""
    with database.connect() as connection, asyncio.Runner() as runner:

        async def open_readers() -> Readers:
            return database.open_readers(most=2, statement_timeout_s=20)

        readers = runner.run(open_readers())
        try:
            yield Shelf(database, connection, readers, runner)
        finally:
            runner.run(readers.__aexit__(None, None, None))
