"""Filing source records: each is found or made by its source's own key, keeps its ID, and is linked."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from msgspec.json import encode
from psycopg import Connection

from carecord.kernel.sql import load_queries
from carecord.patient_index.aliases import current_numbers, numbers_of, with_current_numbers
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.deletion import admit
from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.linking import (
    Blocked,
    IndexedRecord,
    NeedsWholeIndex,
    Relinked,
    arrive,
    decide,
    find_blocked,
    find_sharers,
    in_one_go,
    lock_index,
    read_identity,
    relink,
)
from carecord.patient_index.overlays import Change, note
from carecord.patient_index.scoring import Model, model_in_force

queries = load_queries(__package__)


FEW = 20
"""Records that are filed one by one, beside those of others; more are copied in bulk."""

_STATEMENTS = (queries.file_records, queries.retire_numbers, queries.file_numbers)
_FILE_ONE, _RETIRE_NUMBERS_OF_ONE, _FILE_NUMBERS_OF_ONE = (
    statement.replace("{staged}", queries.one_record) for statement in _STATEMENTS
)
_STAGE_ONE = queries.stage_record.replace("{staged}", queries.one_record)
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
    made: Mapping[str, int] = field(default_factory=dict)
    """The patient detail IDs of new records, by their source keys."""


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
    the caller's alone until the transaction ends. One that its source had deleted is back.
    """
    model = model or model_in_force()
    if not records:
        return Filed(made_or_changed=0, links=Relinked())
    if len(records) > FEW:
        return _file_alone(connection, tenancy_id, records, model)
    with in_one_go(connection):
        connection.execute("SAVEPOINT filing")
        try:
            filed = _file_beside_others(connection, tenancy_id, records, model)
        except NeedsWholeIndex:
            connection.execute("ROLLBACK TO SAVEPOINT filing")
            filed = _file_alone(connection, tenancy_id, records, model)
        connection.execute("RELEASE SAVEPOINT filing")
        connection.execute(queries.plan_as_usual)
    return filed


def file_and_commit(
    connection: Connection[Any],
    tenancy_id: int,
    records: Sequence[SourceRecord],
    *,
    model: Model | None = None,
) -> Filed:
    """`file_records` in a transaction of its own, on a connection that has none.

    For few it takes three round trips where nobody has one of their persons: to ask, to look at whom they
    may be, and to store. That is why nothing here waits for the server to begin, and why it has no savepoint.
    """
    model = model or model_in_force()
    if not records:
        return Filed(made_or_changed=0, links=Relinked())
    if len(records) <= FEW:
        with suppress(NeedsWholeIndex), _transaction_in_one_go(connection):
            return _file_beside_others(connection, tenancy_id, records, model)
    with connection.transaction():
        return _file_alone(connection, tenancy_id, records, model)


@contextmanager
def _transaction_in_one_go(connection: Connection[Any]) -> Iterator[None]:
    """A transaction in a pipeline. That of psycopg waits for the server before it commits, and after."""
    try:
        with connection.pipeline():
            connection.execute("BEGIN")
            yield
            connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _file_beside_others(
    connection: Connection[Any], tenancy_id: int, records: Sequence[SourceRecord], model: Model
) -> Filed:
    values = {record.source_key: _values(record, model) | {"tenancy_id": tenancy_id} for record in records}
    named = {"tenancy_id": tenancy_id, "source_keys": list(values)}
    keys = [key for row in values.values() for key in row["blocking_keys"]]
    connection.execute(queries.share_index, named)
    asked = connection.execute(queries.sent_before, named | {"numbers": numbers_of(records), "keys": keys})
    # Most often one new record comes alone: what shares a key with it is asked for in the same breath.
    sharers = find_sharers(connection, values[records[0].source_key], model)
    known, needs_whole_index, ids, _ = asked.fetchone() or ([], True, [], 0)
    if needs_whole_index:
        raise NeedsWholeIndex
    filed = Filed(made_or_changed=0, links=Relinked())
    if known:
        filed = _file_known(connection, [values[key] for key in known], records, model)
    links, arrivals = filed.links, [record for record in records if record.source_key not in known]
    made: dict[str, int] = {}
    for own, record in zip(ids, arrivals, strict=False):
        made[record.source_key] = own
        stored_as = values[record.source_key]
        if known or record is not records[0]:
            sharers = find_sharers(connection, stored_as, model)
        arriving = IndexedRecord(own, own, tenancy_id, record.source_key, record.identity, held=False)
        links += arrive(connection, arriving, sharers, stored_as=stored_as, model=model)
    return Filed(made_or_changed=filed.made_or_changed + len(arrivals), links=links, made=made)


def _file_known(
    connection: Connection[Any],
    rows: Sequence[dict[str, Any]],
    records: Sequence[SourceRecord],
    model: Model,
) -> Filed:
    """Those that their source has sent before."""
    filings = [connection.execute(_FILE_ONE, row) for row in rows]
    for row in rows:
        connection.execute(_RETIRE_NUMBERS_OF_ONE, row)
        connection.execute(_FILE_NUMBERS_OF_ONE, row)
    changed = [_FiledRecord(*found) for filing in filings for found in filing]
    if not changed:
        return Filed(made_or_changed=0, links=Relinked())
    blocked = find_blocked(connection, [one.patient_detail_id for one in changed], model)
    links = _link(connection, changed, records, blocked, model, sharing=True)
    return Filed(made_or_changed=len(changed), links=links)


def _file_alone(
    connection: Connection[Any], tenancy_id: int, records: Sequence[SourceRecord], model: Model
) -> Filed:
    source = {"tenancy_id": tenancy_id}
    # Before any row is locked: whoever decides on links writes to the rows of every source.
    connection.execute(queries.lock_source, source)
    lock_index(connection)
    current = current_numbers(connection, numbers_of(records))
    admitted = admit(connection, tenancy_id, with_current_numbers(records, current))
    connection.execute(queries.stage_records)
    connection.execute(queries.empty_stage)
    if len(admitted.records) > FEW:
        with connection.cursor() as cursor, cursor.copy(queries.copy_records) as copy:
            for record in admitted.records:
                copy.write_row(tuple(_values(record, model).values()))
    else:
        for record in admitted.records:
            connection.execute(_STAGE_ONE, _values(record, model))
    filed = [_FiledRecord(*row) for row in connection.execute(_FILE_MANY, source)]
    if sum(one.identity_before is None for one in filed) < len(admitted.records):
        connection.execute(_RETIRE_NUMBERS_OF_MANY, source)
        connection.execute(_FILE_NUMBERS_OF_MANY, source)
    blocked = find_blocked(connection, [one.patient_detail_id for one in filed], model)
    links = _link(connection, filed, admitted.records, blocked, model, sharing=False)
    if admitted.returned:
        relink(connection, admitted.returned, model=model)
    made = {one.source_key: one.patient_detail_id for one in filed if one.identity_before is None}
    return Filed(made_or_changed=len(filed), links=links, made=made)


def _link(
    connection: Connection[Any],
    filed: Sequence[_FiledRecord],
    records: Sequence[SourceRecord],
    blocked: Blocked,
    model: Model,
    *,
    sharing: bool,
) -> Relinked:
    """Link those of the filed records that are new or compared otherwise than before."""
    identities = {record.source_key: record.identity for record in records}
    new, changes = [], []
    for one in filed:
        if one.identity_before is None:
            new.append(one.patient_detail_id)
        elif (before := read_identity(one.identity_before)) != identities[one.source_key]:
            changes.append(Change(one.patient_detail_id, before, identities[one.source_key]))
    moved = [*new, *(change.patient_detail_id for change in changes)]
    if not moved:
        return Relinked()
    if note(connection, changes, model=model).undone:
        blocked = find_blocked(connection, moved, model)
    return decide(connection, blocked, moved, model=model, new=new, sharing=sharing)


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
