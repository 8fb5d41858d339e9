"""Binaries and Provenances are shown and restricted as what they point at is, whenever that changes.

Who may see one is decided as it is read, from `fhir_api.pointing`. The mark of restriction is for the audit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection

from carecord.fhir_api.definitions.served import POINTING
from carecord.fhir_api.storing import filing
from carecord.fhir_api.storing.rows import Key, Row, unstamped
from carecord.kernel.local_time import now as uk_now
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "guarding.sql")


def note_pointing(connection: Connection[Any], targets: Mapping[Key, Mapping[Key, bool]]) -> None:
    """Note what these resources point at, and whether their sender knew of it."""
    noted = [(key, target, known) for key, found in targets.items() for target, known in found.items()]
    if noted:
        connection.execute(
            queries.note_pointing,
            {
                "types": [key[0] for key, _, _ in noted],
                "ids": [key[1] for key, _, _ in noted],
                "target_types": [target[0] for _, target, _ in noted],
                "target_ids": [target[1] for _, target, _ in noted],
                "known": [known for _, _, known in noted],
            },
        )


def changes_guard(before: Row | None, after: Row) -> bool:
    """Whether what points at the resource may have to be restricted or opened with it."""
    if before is None or before.body is None or after.type in POINTING:
        return False
    was, now = before.place, after.place
    return was.restricted != now.restricted or (now.restricted and was.bundle != now.bundle)


def guard_anew(connection: Connection[Any], changed: Sequence[Row]) -> None:
    """Restrict or open what points at these, which have just been written."""
    asked = {"types": [row.type for row in changed], "ids": [row.id for row in changed]}
    for type_name, id, body in connection.execute(queries.guarded, asked).fetchall():
        named = {"type": type_name, "id": id}
        guard = connection.execute(queries.guard_of, named).fetchone()
        filed = filing.rows_of(
            unstamped(body.encode()),
            id,
            today=uk_now().date().isoformat(),
            about_patient=True,
            guarded_by=None if guard is None else guard[0],
        )
        connection.execute(queries.guard, named | {"bundle": filed.bundle, "restricted": filed.restricted})
