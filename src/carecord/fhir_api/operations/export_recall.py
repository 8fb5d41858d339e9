"""Whether what an export's file holds or names was refused, restricted, withdrawn or protected since."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import Connection, sql
from psycopg_pool import ConnectionPool

from carecord.fhir_api.definitions.served import POINTING
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.mapping.patients import is_withheld
from carecord.fhir_api.operations.sight import sight_of
from carecord.fhir_api.rights import Deed, Rights
from carecord.fhir_api.storing import guarding
from carecord.fhir_api.storing.statements import queries as reading
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "exporting.sql")


_OPEN = "open"
_LINKED = re.compile(rb'"reference":"Patient/(\d{1,18})"')


class _Name(NamedTuple):
    """A resource of a file: its id, in whose record it is, which other records a Patient names.

    A Patient is open that tells where the person is.
    """

    id: str
    record: int | None
    linked: Sequence[int]
    is_open: bool


def names_beside(file: Path) -> Path:
    """Where the resources of a file are named, for us alone."""
    return file.with_suffix(".names")


def linked_records(
    connection: Connection[Any], found: Sequence[Kept], rights: Rights
) -> Mapping[str, list[int]]:
    """By the ids of these Patients: whom they are linked with, as far as the caller may know of them."""
    named = {
        one.id: {int(id) for id in _LINKED.findall(one.body or b"")} - {one.patient_detail_id}
        for one in found
        if one.type == "Patient"
    }
    every = sorted(set().union(*named.values()))
    known = _known(connection, every, rights) if every else set()
    return {id: sorted(records & known) for id, records in named.items()}


def name_line(kept: Kept, linked: Sequence[int]) -> bytes:
    """What `_names` reads again."""
    is_open = kept.type == "Patient" and kept.body is not None and not is_withheld(kept.body)
    words = (kept.id, str(kept.patient_detail_id or ""), ",".join(map(str, linked)), _OPEN if is_open else "")
    return (" ".join(words) + "\n").encode()


def records_in(pool: ConnectionPool[Any], file: Path, type_name: str, rights: Rights) -> list[int]:
    """In whose records the resources of a file are, or what they point at, as far as that is stale."""
    names = _names(file)
    if type_name not in POINTING:
        return _records(names)
    asked = {"type": type_name, "ids": [one.id for one in names], "client_id": rights.caller.client_id}
    with pool.connection() as connection:
        targets = [row[0] for row in connection.execute(guarding.queries.stale_targets, asked)]
    return sorted({*_records(names), *targets})


def is_recalled(pool: ConnectionPool[Any], file: Path, type_name: str, rights: Rights) -> bool:
    """Whether the file holds what its client may by now not see, or names as linked a record that it may not.

    So it does where a Patient in it tells the address of somebody who is protected by now.
    A resource that was deleted since, in a record that stands, recalls nothing.
    """
    names = _names(file)
    sight = sight_of(rights, Deed.READ, (type_name,))
    statement = sql.SQL(queries.recalled).format(visible=sql.SQL(sight.text))
    values = {name: list(one) if isinstance(one, tuple) else one for name, one in sight.values.items()}
    values |= {"type": type_name, "ids": [one.id for one in names], "records": _records(names)}
    linked = sorted({record for one in names for record in one.linked})
    with pool.connection() as connection:
        row = connection.execute(statement, values).fetchone()
        assert row is not None
        if row[0] or len(_known(connection, linked, rights)) < len(linked):
            return True
        open_ones = _records([one for one in names if one.is_open])
        return connection.execute(reading.sensitive_records, {"ids": open_ones}).fetchone() is not None


def _known(connection: Connection[Any], records: Sequence[int], rights: Rights) -> set[int]:
    tenancies = None if rights.tenancies is None else list(rights.tenancies)
    rows = connection.execute(reading.known_records, {"ids": records, "tenancies": tenancies})
    return {row[0] for row in rows}


def _records(names: Sequence[_Name]) -> list[int]:
    return sorted({one.record for one in names if one.record is not None})


def _names(file: Path) -> list[_Name]:
    lines = (line.split(" ") for line in names_beside(file).read_text().splitlines())
    return [
        _Name(
            id, int(record) if record else None, [int(one) for one in linked.split(",") if one], said == _OPEN
        )
        for id, record, linked, said in lines
    ]
