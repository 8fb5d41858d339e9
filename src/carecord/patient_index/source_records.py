"""Filing source records: each is found or made by its source's own key, keeps its ID, and is linked."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from msgspec.json import encode
from psycopg import Connection

from carecord.kernel.sql import load_queries
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.linking import Relinked, relink
from carecord.patient_index.scoring import Model, load_model

queries = load_queries(__package__)


FEW = 20
"""Records that are sent in one go with their statements; more are copied in bulk."""


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
    had before stay as minor numbers.
    """
    model = model or load_model()
    rows = [_staged(record, model) for record in records]
    with connection.pipeline() if len(rows) <= FEW else nullcontext():
        connection.execute(queries.lock_source, {"tenancy_id": tenancy_id})
        connection.execute(queries.stage_records)
        if len(rows) <= FEW:
            with connection.cursor() as cursor:
                cursor.executemany(queries.stage_record, rows)
        else:
            with connection.cursor() as cursor, cursor.copy(queries.copy_records) as copy:
                for row in rows:
                    copy.write_row(row)
        # Before any row is locked: whoever decides on links writes to the rows of every source.
        connection.execute(queries.lock_links)
        filing = connection.execute(queries.file_records, {"tenancy_id": tenancy_id})
        connection.execute(queries.retire_numbers, {"tenancy_id": tenancy_id})
        connection.execute(queries.file_numbers, {"tenancy_id": tenancy_id})
        filed = filing.fetchall()
    links = relink(connection, [row[0] for row in filed if row[1]], model=model)
    return Filed(made_or_changed=len(filed), links=links)


def _staged(record: SourceRecord, model: Model) -> tuple[Any, ...]:
    return (
        record.source_key,
        record.number,
        list(record.minor_numbers),
        record.nhs_number,
        record.date_of_birth,
        record.gender,
        record.surname_key,
        record.forename_key,
        record.postcode_key,
        record.gp_code,
        record.gp_practice_code,
        record.active,
        record.demographics.decode(),
        record.source_updated_at,
        encode(record.identity).decode(),
        blocking_keys(record.identity, model.blocking),
    )
