"""Binaries and Provenances are restricted as long as what they point at is, whenever that changes."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from carecord.fhir_api.storing import filing
from carecord.fhir_api.storing.rows import Row, unstamped
from carecord.fhir_api.storing.subjects import POINTING, pointed_at
from carecord.kernel.local_time import now as uk_now
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "guarding.sql")


def changes_guard(before: Row | None, after: Row) -> bool:
    """Whether what points at the resource may have to be restricted or opened with it."""
    if before is None or before.body is None or after.type in POINTING:
        return False
    was, now = before.place, after.place
    return was.restricted != now.restricted or (now.restricted and was.bundle != now.bundle)


def guard_anew(connection: Connection[Any], changed: Sequence[Row]) -> None:
    """Restrict or open what points at these, which have just been written."""
    records = sorted({row.place.patient_detail_id for row in changed if row.place.patient_detail_id})
    if not records:
        return
    keys = {row.key for row in changed}
    asked = {"records": records, "names": [f"{type_name}/{id}" for type_name, id in sorted(keys)]}
    for type_name, id, body in connection.execute(
        queries.guarded, asked | {"types": sorted(POINTING)}
    ).fetchall():
        resource = unstamped(body.encode())
        targets = list(pointed_at(resource))
        if not keys.isdisjoint(targets):
            guards = {
                (kind, named): bundle
                for kind, named, bundle in connection.execute(
                    queries.guards, {"types": [one for one, _ in targets], "ids": [one for _, one in targets]}
                )
            }
            filed = filing.rows_of(
                resource,
                id,
                today=uk_now().date().isoformat(),
                about_patient=True,
                guarded_by=next((guards[one] for one in targets if one in guards), None),
            )
            connection.execute(
                queries.guard,
                {"type": type_name, "id": id, "bundle": filed.bundle, "restricted": filed.restricted},
            )
