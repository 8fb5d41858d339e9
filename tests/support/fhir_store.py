"""A record to keep FHIR resources of: feeds to load, clients that write, and the tables to look into."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from psycopg import Connection
from psycopg_pool import ConnectionPool

from carecord.access.gate import Caller
from carecord.db.connect import Database
from carecord.db.readers import Readers
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.rights import Context, Deed, Grant, Rights
from carecord.fhir_api.storing.changing import create, delete, update
from carecord.fhir_api.storing.freshening import Freshened, freshen
from carecord.fhir_api.storing.reading import read
from carecord.fhir_api.storing.writer import Writer, Written
from carecord.ingest.load import load_file

TODAY = date(2026, 11, 1)
T = TypeVar("T")

OWN = 7
"""The tenancy of the client that writes."""

EVERYTHING = (Grant(Context.SYSTEM, "*", frozenset(Deed)),)


def rights_of(
    client_id: str = "app",
    *,
    tenancies: tuple[int, ...] | None = None,
    grants: tuple[Grant, ...] = EVERYTHING,
    restricted_bundles: frozenset[str] = frozenset(),
    patient: int | None = None,
) -> Rights:
    caller = Caller(
        client_id=client_id,
        user_id=None,
        scopes=frozenset(),
        tenancies=tenancies,
        subscription_id=None,
        product_id=None,
        bundles=None,
    )
    return Rights(caller, grants, patient=patient, restricted_bundles=restricted_bundles)


def writer_of(client_id: str = "app", *, tenancy_id: int = OWN, **rights: Any) -> Writer:
    return Writer(client_id, tenancy_id, rights_of(client_id, **rights))


@dataclass
class FhirStore:
    """One database, with what a test does to it."""

    database: Database
    connection: Connection[Any]
    folder: Path
    _files: int = 0

    def load(self, *lines: Json) -> None:
        """Load lines of a feed, as `carecord load` does."""
        self._files += 1
        file = self.folder / f"feed-{self._files}.ndjson"
        file.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines))
        loaded = load_file(self.connection, file, rejects=file.with_suffix(".rejects"), today=TODAY)
        assert loaded.rejected == 0, file.with_suffix(".rejects").read_text()

    def freshen(self, *ids: int) -> Freshened:
        with self.connection.transaction():
            return freshen(self.connection, list(ids) or None)

    def create(self, resource: Json, writer: Writer | None = None, **options: Any) -> Written:
        with self.connection.transaction():
            return create(self.connection, resource, writer or writer_of(), **options)

    def update(self, resource: Json, id: str, writer: Writer | None = None, **options: Any) -> Written:
        with self.connection.transaction():
            return update(self.connection, resource, id, writer or writer_of(), **options)

    def delete(self, type_name: str, id: str, writer: Writer | None = None, **options: Any) -> Written:
        with self.connection.transaction():
            return delete(self.connection, type_name, id, writer or writer_of(), **options)

    def ask(self, question: Callable[[Readers], Awaitable[T]]) -> T:
        async def run() -> T:
            async with self.database.open_readers(most=2, statement_timeout_s=5) as readers:
                return await question(readers)

        return asyncio.run(run())

    def read(self, type_name: str, id: str | int, rights: Rights | None = None) -> Kept:
        """As a client reads it, what is stale made anew first."""
        with self.writing_pool() as pool:
            return self.ask(
                lambda readers: read(readers, type_name, str(id), rights or rights_of(), writing_pool=pool)
            )

    def body(self, type_name: str, id: str | int) -> Json:
        body = self.read(type_name, id).body
        assert body is not None
        found: Json = msgspec.json.decode(body)
        return found

    def writing_pool(self) -> ConnectionPool[Any]:
        return self.database.open_writing_pool(max_size=4, statement_timeout_s=20)

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, values).fetchall()

    def versions(self, type_name: str, id: str | int) -> list[tuple[int, bool]]:
        """Every version, oldest first, and whether it is a deletion."""
        return self.rows(
            "SELECT version, deleted FROM fhir_api.resource_version WHERE type = %(type)s AND id = %(id)s"
            " UNION ALL SELECT version, false FROM fhir_api.resource WHERE type = %(type)s AND id = %(id)s"
            " ORDER BY version",
            type=type_name,
            id=str(id),
        )

    def record(self, tenancy_id: int, source_key: str) -> int:
        [(found,)] = self.rows(
            "SELECT patient_detail_id FROM patient_index.patient_record"
            " WHERE tenancy_id = %(tenancy)s AND source_key = %(key)s",
            tenancy=tenancy_id,
            key=source_key,
        )
        return int(found)

    def entries(self, store: str) -> list[tuple[int, int, Json]]:
        """ID, version and item of each entry of a store."""
        return self.rows(
            "SELECT entry_id, version, item FROM clinical_store.entry WHERE collection = %(store)s"
            " ORDER BY entry_id",
            store=store,
        )
