"""Filing source records: each is found or made by its source's own key, keeps its ID, and is linked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.json import encode
from psycopg import Connection

from carecord.kernel.sql import load_queries
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.linking import (
    BLOCKED_BY_SOURCE_KEY,
    Blocked,
    PersonsTaken,
    Relinked,
    decide,
    find_blocked,
    lock_index,
    read_blocked,
    read_identity,
)
from carecord.patient_index.scoring import Model, load_model

queries = load_queries(__package__)


FEW = 20
"""Records that are filed one by one, beside those of others; more are copied in bulk."""

_STATEMENTS = (queries.file_records, queries.retire_numbers, queries.file_numbers)
_FILE_ONE, _RETIRE_NUMBERS_OF_ONE, _FILE_NUMBERS_OF_ONE = (
    statement.replace("{staged}", queries.one_record) for statement in _STATEMENTS
)
_FILE_MANY, _RETIRE_NUMBERS_OF_MANY, _FILE_NUMBERS_OF_MANY = (
    statement.replace("{staged}", "staged_record s") for statement in _STATEMENTS
)


@dataclass(frozen=True, slots=True)
class Tenancy:
    """One source system of one organisation."""

    tenancy_id: int
    description: str
    system_kind: str
    organisation_code: str | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """What filing a batch changed."""

    made_or_changed: int
    links: Relinked


@dataclass(frozen=True, slots=True)
class _FiledRecord:
    """A record that is new or changed, and how it was compared before; None where it is new."""

    patient_detail_id: int
    source_key: str
    identity_before: str | None


def set_tenancy(connection: Connection[Any], tenancy: Tenancy) -> None:
    """Keep what a feed says of its source system; a later word replaces an earlier."""
    connection.execute(
        queries.set_tenancy,
        {
            "tenancy_id": tenancy.tenancy_id,
            "description": tenancy.description,
            "system_kind": tenancy.system_kind,
            "organisation_code": tenancy.organisation_code,
        },
    )


def file_records(
    connection: Connection[Any],
    tenancy_id: int,
    records: Sequence[SourceRecord],
    *,
    model: Model | None = None,
) -> Filed:
    """Make or change the source records, each named once, and link them, in the caller's transaction.

    A record older than the stored one (by `source_updated_at`) changes nothing. Local numbers that a record
    had before stay as minor numbers. Few records are filed beside what others file; for many the index is
    the caller's alone until the transaction ends.
    """
    model = model or load_model()
    if len(records) > FEW:
        return _file_many(connection, tenancy_id, records, model)
    try:
        with connection.transaction():
            return _file_few(connection, tenancy_id, records, model, sharing=True)
    except PersonsTaken:
        return _file_few(connection, tenancy_id, records, model, sharing=False)


def _file_few(
    connection: Connection[Any],
    tenancy_id: int,
    records: Sequence[SourceRecord],
    model: Model,
    *,
    sharing: bool,
) -> Filed:
    rows = [_values(record, model) | {"tenancy_id": tenancy_id} for record in records]
    named = {"tenancy_id": tenancy_id, "source_keys": [record.source_key for record in records]}
    with connection.pipeline():
        connection.execute(queries.share_source, named)
        known = connection.execute(queries.known_records, named).fetchall()
        if sharing:
            keys = [key for row in rows for key in row["blocking_keys"]] + [
                key for (some,) in known for key in some
            ]
            connection.execute(queries.share_links, {"keys": keys})
        else:
            lock_index(connection)
        filings = []
        for row in rows:
            filings.append(connection.execute(_FILE_ONE, row))
            connection.execute(_RETIRE_NUMBERS_OF_ONE, row)
            connection.execute(_FILE_NUMBERS_OF_ONE, row)
        sharers = connection.execute(BLOCKED_BY_SOURCE_KEY, named | {"hot": model.hot})
        filed = [_FiledRecord(*row) for filing in filings for row in filing.fetchall()]
        links = _link(connection, filed, records, read_blocked(sharers), model, sharing=sharing)
    return Filed(made_or_changed=len(filed), links=links)


def _file_many(
    connection: Connection[Any], tenancy_id: int, records: Sequence[SourceRecord], model: Model
) -> Filed:
    connection.execute(queries.lock_source, {"tenancy_id": tenancy_id})
    connection.execute(queries.stage_records)
    with connection.cursor() as cursor, cursor.copy(queries.copy_records) as copy:
        for record in records:
            copy.write_row(tuple(_values(record, model).values()))
    # Before any row is locked: whoever decides on links writes to the rows of every source.
    lock_index(connection)
    source = {"tenancy_id": tenancy_id}
    filed = [_FiledRecord(*row) for row in connection.execute(_FILE_MANY, source)]
    connection.execute(_RETIRE_NUMBERS_OF_MANY, source)
    connection.execute(_FILE_NUMBERS_OF_MANY, source)
    return Filed(
        made_or_changed=len(filed), links=_link(connection, filed, records, None, model, sharing=False)
    )


def _link(
    connection: Connection[Any],
    filed: Sequence[_FiledRecord],
    records: Sequence[SourceRecord],
    blocked: Blocked | None,
    model: Model,
    *,
    sharing: bool,
) -> Relinked:
    """Link those of the filed records that are new or compared otherwise than before."""
    identities = {record.source_key: record.identity for record in records}
    moved = [
        one
        for one in filed
        if one.identity_before is None or read_identity(one.identity_before) != identities[one.source_key]
    ]
    if not moved:
        return Relinked()
    ids = [one.patient_detail_id for one in moved]
    if blocked is None:
        blocked = find_blocked(connection, ids, model)
    new = {one.patient_detail_id for one in moved if one.identity_before is None}
    return decide(connection, blocked, ids, model=model, new=new, sharing=sharing)


def _values(record: SourceRecord, model: Model) -> dict[str, Any]:
    """What is stored of a record, by column and in the order of the table that batches are staged in."""
    return {
        "source_key": record.source_key,
        "number": record.number,
        "minor_numbers": list(record.minor_numbers),
        "nhs_number": record.nhs_number,
        "date_of_birth": record.date_of_birth,
        "gender": record.gender,
        "surname_key": record.surname_key,
        "forename_key": record.forename_key,
        "postcode_key": record.postcode_key,
        "gp_code": record.gp_code,
        "gp_practice_code": record.gp_practice_code,
        "active": record.active,
        "demographics": record.demographics.decode(),
        "source_updated_at": record.source_updated_at,
        "identity": encode(record.identity).decode(),
        "blocking_keys": blocking_keys(record.identity, model.blocking),
    }
