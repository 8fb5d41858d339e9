"""Whom resources that clients send are about: the patient that each names, or of what it points at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from carecord.fhir_api.kept import Json
from carecord.fhir_api.rights import Deed
from carecord.fhir_api.storing.filing import Rows
from carecord.fhir_api.storing.rows import Key
from carecord.fhir_api.storing.subjects import Named, named_in, pointed_at, queries
from carecord.fhir_api.storing.writer import Writer
from carecord.fhir_api.visibility import visible


@dataclass(frozen=True, slots=True)
class Pointing:
    """By the resource's place: who is named, and what it points at, with whether the writer knows of that."""

    named: Sequence[Named | None]
    targets: Mapping[int, Mapping[Key, bool]]
    guards: Mapping[Key, str]
    """Of what is kept and restricted, its bundle."""

    @classmethod
    def read(
        cls, connection: Connection[Any], resources: Sequence[Json], ids: Sequence[str], writer: Writer
    ) -> "Pointing":
        """What is pointed at may be one of these or kept; what the writer may not know of tells nothing."""
        named = [named_in(one, base=writer.base) for one in resources]
        keys = {
            place: found
            for place, one in enumerate(resources)
            if (found := list(pointed_at(one, base=writer.base)))
        }
        if not keys:
            return cls(named, {}, {})
        records: dict[Key, int] = {}
        guards: dict[Key, str] = {}
        asked = {key for found in keys.values() for key in found}
        for type_name in sorted({one for one, _ in asked}):
            of_type = [id for one, id in asked if one == type_name]
            for id, record, bundle in _read_kept(connection, type_name, of_type, writer):
                records[type_name, id] = record
                if bundle is not None:
                    guards[type_name, id] = bundle
        beside = {
            (one["resourceType"], id): about for one, id, about in zip(resources, ids, named, strict=True)
        }
        for place, found in keys.items():
            at = resources[place]["resourceType"]
            of_kept = [Named(at, patient_detail_id=records[key]) for key in found if key in records]
            of_these = [about for key in found if (about := beside.get(key)) is not None]
            named[place] = named[place] or next(iter([*of_these, *of_kept]), None)
        known = {
            place: {key: key in records or key in beside for key in found} for place, found in keys.items()
        }
        return cls(named, known, guards)

    def guard(self, place: int, filed: Mapping[Key, Rows]) -> str | None:
        """The bundle of the first restricted thing that it points at, among these or what is kept."""
        for key in self.targets.get(place, ()):
            rows = filed.get(key)
            if rows is not None and rows.restricted:
                return rows.bundle
            if rows is None and key in self.guards:
                return self.guards[key]
        return None


def _read_kept(
    connection: Connection[Any], type_name: str, ids: Sequence[str], writer: Writer
) -> list[tuple[str, int, str | None]]:
    seen = visible(writer.rights, Deed.READ, type_name)
    statement = sql.SQL(queries.records_of_resources).format(visible=seen.condition)
    values = {name: list(one) if isinstance(one, tuple) else one for name, one in seen.parameters.items()}
    values |= {"type": type_name, "ids": list(ids), "client_id": writer.client_id}
    return connection.execute(statement, values).fetchall()
