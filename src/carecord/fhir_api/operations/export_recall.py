"""Whether anything in an export's file has been refused, restricted or withdrawn since it was written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from psycopg import sql
from psycopg_pool import ConnectionPool

from carecord.fhir_api.kept import Kept
from carecord.fhir_api.operations.sight import sight_of
from carecord.fhir_api.rights import Deed, Rights
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "exporting.sql")


def names_beside(file: Path) -> Path:
    """Where the resources of a file are named, for us alone."""
    return file.with_suffix(".names")


def name_line(kept: Kept) -> bytes:
    """The resource's id, and in whose record it is."""
    return f"{kept.id} {kept.patient_detail_id or ''}\n".encode()


def records_in(file: Path) -> list[int]:
    """In whose records the resources of a file are."""
    return _records(_names(file))


def is_recalled(pool: ConnectionPool[Any], file: Path, type_name: str, rights: Rights) -> bool:
    """Whether the file holds what its client may by now not see, or a record that was withdrawn.

    A resource that was deleted since, in a record that stands, recalls nothing.
    """
    names = _names(file)
    sight = sight_of(rights, Deed.READ, (type_name,))
    statement = sql.SQL(queries.recalled).format(visible=sql.SQL(sight.text))
    values = {name: list(one) if isinstance(one, tuple) else one for name, one in sight.values.items()}
    values |= {"type": type_name, "ids": [id for id, _ in names], "records": _records(names)}
    with pool.connection() as connection:
        row = connection.execute(statement, values).fetchone()
    assert row is not None
    return bool(row[0])


def _records(names: Sequence[tuple[str, int | None]]) -> list[int]:
    return sorted({record for _, record in names if record is not None})


def _names(file: Path) -> list[tuple[str, int | None]]:
    lines = (line.split(" ") for line in names_beside(file).read_text().splitlines())
    return [(id, int(record) if record else None) for id, record in lines]
