"""Walks the chains of the audit trail and names each place where one does not hold.

What a chain cannot show by itself is that its end was cut off, or that all of it is gone: note the heads
where nobody who writes to the database can write (`list_heads`), and verify against the note.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import psycopg
from psycopg.rows import class_row

from carecord.access.audit import AuditEvent, Chain, hash_row
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)


class Fault(StrEnum):
    """How a chain can be broken."""

    ROW_MISSING = "a row before this one is missing"
    ROW_CHANGED = "this row is not as it was written"
    CHAIN_CUT = "the noted head is not there"


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain does not hold."""

    chain_id: uuid.UUID
    seq: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain, to be noted where nobody who can write to the database can write."""

    chain_id: uuid.UUID
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class _Row:
    chain_id: uuid.UUID
    seq: int
    at: datetime
    event: str
    client_id: str | None
    user_id: str | None
    operation_id: str | None
    patient_detail_ids: list[int] | None
    tenancies: list[int] | None
    outcome: str | None
    reason: str | None
    restricted: bool | None
    trace_id: str | None
    previous_hash: bytes
    hash: bytes

    def body(self) -> bytes:
        return msgspec.json.encode({name: getattr(self, name) for name in AuditEvent.__dataclass_fields__})


def list_heads(connection: psycopg.Connection[Any]) -> list[Head]:
    with connection.cursor(row_factory=class_row(Head)) as cursor:
        return cursor.execute(queries.list_chain_heads).fetchall()


def verify(connection: psycopg.Connection[Any], noted: Sequence[Head] = ()) -> list[Break]:
    """Walk every chain from its first row. Rows are streamed, so the trail may be of any size.

    `noted` are heads that `list_heads` gave earlier: their rows must still be there, with the same hash.
    """
    missing = {(head.chain_id, head.seq, head.hash) for head in noted}
    breaks: list[Break] = []
    chain = Chain()
    for row in _stream(connection):
        missing.discard((row.chain_id, row.seq, row.hash))
        if row.chain_id != chain.chain_id:
            chain = Chain(row.chain_id)
        if row.seq != chain.seq + 1 or row.previous_hash != chain.head:
            breaks.append(Break(row.chain_id, row.seq, Fault.ROW_MISSING))
        if row.hash != hash_row(row.previous_hash, row.chain_id, row.seq, row.at, row.body()):
            breaks.append(Break(row.chain_id, row.seq, Fault.ROW_CHANGED))
        chain.seq, chain.head = row.seq, row.hash
    cut = sorted(missing, key=lambda head: (head[0].int, head[1]))
    return breaks + [Break(chain_id, seq, Fault.CHAIN_CUT) for chain_id, seq, _ in cut]


def _stream(connection: psycopg.Connection[Any]) -> Iterator[_Row]:
    with (
        connection.transaction(),
        connection.cursor("audit_events", row_factory=class_row(_Row)) as cursor,
    ):
        cursor.itersize = 5_000
        yield from cursor.execute(queries.stream_audit_events)
