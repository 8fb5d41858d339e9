"""Looks into the audit trail: who saw or changed whose record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row

from carecord.access.chain_verification import Head
from carecord.kernel.errors import SetUpError
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)


class UnreadableNote(SetUpError):
    """The file is no note of chain heads."""


@dataclass(frozen=True, slots=True)
class WrittenEvent:
    """A row of the trail, without its hashes."""

    at: datetime
    event: str
    client_id: str | None
    user_id: str | None
    operation_id: str | None
    patient_detail_ids: Sequence[int]
    tenancies: Sequence[int]
    outcome: str
    reason: str | None
    restricted: bool
    trace_id: str | None


def find_events(
    connection: psycopg.Connection[Any],
    *,
    since: datetime,
    most: int,
    patient_detail_id: int | None = None,
    client_id: str | None = None,
) -> list[WrittenEvent]:
    """The newest events, newest first: of a patient's record, of a client, or all."""
    with connection.cursor(row_factory=class_row(WrittenEvent)) as cursor:
        return cursor.execute(
            queries.find_events,
            {"since": since, "most": most, "patient_detail_id": patient_detail_id, "client_id": client_id},
        ).fetchall()


class _NotedHead(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    chain_id: UUID
    seq: int
    hash: str


def encode_heads(heads: Sequence[Head]) -> bytes:
    """A note of chain heads: a JSON object a line."""
    lines = [msgspec.json.encode(_NotedHead(head.chain_id, head.seq, head.hash.hex())) for head in heads]
    return b"".join(line + b"\n" for line in lines)


def decode_heads(note: bytes) -> list[Head]:
    """The heads of a note; raises UnreadableNote, which names the line."""
    heads: list[Head] = []
    for number, line in enumerate(note.splitlines(), 1):
        try:
            noted = msgspec.json.decode(line, type=_NotedHead)
            heads.append(Head(noted.chain_id, noted.seq, bytes.fromhex(noted.hash)))
        except (msgspec.MsgspecError, ValueError):
            raise UnreadableNote(f"Line {number} is no chain head.") from None
    return heads
