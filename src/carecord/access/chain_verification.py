"""Walks the chains of the audit trail and names each place where one does not hold.

What a chain cannot show by itself is that its end was cut off, or that all of it is gone: note the heads
where nobody who writes to the database can write (`list_heads`), and verify against the note.
"""

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import class_row, tuple_row

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


def list_heads(connection: psycopg.Connection[Any]) -> list[Head]:
    with connection.cursor(row_factory=class_row(Head)) as cursor:
        return cursor.execute(queries.list_chain_heads).fetchall()


def verify(connection: psycopg.Connection[Any], noted: Iterable[Head] = ()) -> list[Break]:
    """Walk every chain from its first row, in the database: nothing but the breaks leaves it.

    `noted` are heads that `list_heads` gave earlier: their rows must still be there, with the same hash.
    """
    breaks: list[Break] = []
    with connection.cursor(row_factory=tuple_row) as cursor:
        for chain_id, seq, row_missing, row_changed in cursor.execute(queries.find_chain_breaks):
            if row_missing:
                breaks.append(Break(chain_id, seq, Fault.ROW_MISSING))
            if row_changed:
                breaks.append(Break(chain_id, seq, Fault.ROW_CHANGED))
        for head in noted:
            if cursor.execute(queries.holds_head, asdict(head)).fetchone() == (False,):
                breaks.append(Break(head.chain_id, head.seq, Fault.CHAIN_CUT))
    return breaks
