"""What is written down of every look and change: the events, and the hash chain that holds them together.

A chain is the rows of one writer in order. Each row's hash covers the hash before it and every column of
its own row, so a row that is changed, taken out or slipped in breaks the chain at that place.
"""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import psycopg
from psycopg.rows import tuple_row

from carecord.kernel.sql import load_queries

queries = load_queries(__package__)

_START = bytes(32)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventName(StrEnum):
    """Every kind of event."""

    PATIENT_READ = "patient.read"
    PATIENT_SEARCHED = "patient.searched"
    LINK_DECIDED = "link.decided"
    LINK_WITHDRAWN = "link.withdrawn"
    LINK_TASKS_LISTED = "link.tasks_listed"
    LINK_EXPLAINED = "link.explained"
    INDEX_EXAMINED = "index.examined"
    RECORD_SUBMITTED = "record.submitted"
    RECORD_ENTRIES_SUBMITTED = "record.entries_submitted"
    RECORD_ENTRY_DELETED = "record.entry_deleted"
    RECORD_LINKED = "record.linked"
    RECORD_UNLINKED = "record.unlinked"
    RECORD_MERGED = "record.merged"
    RECORD_UNMERGED = "record.unmerged"
    RECORD_WITHDRAWN = "record.withdrawn"
    RECORD_RESTORED = "record.restored"
    NUMBER_SUPERSEDED = "number.superseded"
    AUDIT_READ = "audit.read"
    ACCESS_REFUSED = "access.refused"
    TOKEN_ISSUED = "token.issued"  # noqa: S105
    TOKEN_REFUSED = "token.refused"  # noqa: S105
    CLIENT_REGISTERED = "client.registered"
    CLIENT_SECRET_REPLACED = "client.secret_replaced"  # noqa: S105
    CLIENT_DISABLED = "client.disabled"
    CLIENT_ENABLED = "client.enabled"
    PRODUCT_CHANGED = "product.changed"
    SUBSCRIPTION_CREATED = "subscription.created"
    SUBSCRIPTION_KEY_REPLACED = "subscription.key_replaced"
    SUBSCRIPTION_SUSPENDED = "subscription.suspended"
    SUBSCRIPTION_RESUMED = "subscription.resumed"
    SUBSCRIPTION_EXPIRY_SET = "subscription.expiry_set"


class Outcome(StrEnum):
    """What came of it."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One look at, or change to, what carecord holds. The fields, in order, are the columns of the row."""

    event: EventName
    client_id: str | None = None
    user_id: str | None = None
    operation_id: str | None = None
    patient_detail_ids: Sequence[int] = ()
    tenancies: Sequence[int] = ()
    outcome: Outcome = Outcome.ALLOWED
    reason: str | None = None
    restricted: bool = False
    trace_id: str | None = None


class Chain:
    """Where one chain of rows stands: its id, and the number and hash of its last row."""

    def __init__(self, chain_id: uuid.UUID | None = None, *, seq: int = 0, head: bytes = _START) -> None:
        self.chain_id = chain_id or uuid.uuid4()
        self.seq = seq
        self.head = head

    def append(self, at: datetime, body: bytes) -> bytes:
        """The next row, as a JSON object of its columns."""
        previous, self.seq = self.head, self.seq + 1
        self.head = hash_row(previous, self.chain_id, self.seq, at, body)
        return b'{"seq":%d,"at":"%b","previous_hash":"\\\\x%b","hash":"\\\\x%b",%b' % (
            self.seq,
            at.isoformat().encode(),
            previous.hex().encode(),
            self.head.hex().encode(),
            body[1:],
        )


def hash_row(previous: bytes, chain_id: uuid.UUID, seq: int, at: datetime, body: bytes) -> bytes:
    """sha256(previous hash || chain id || seq || microseconds since 1970 || the other columns as JSON).

    The numbers are eight bytes, the highest first; the JSON is an object without blanks, in the order
    of the columns, nulls included. PostgreSQL's row_to_json writes the same bytes, so that the query
    `find_chain_breaks` verifies a chain by itself.
    """
    since = at - _EPOCH
    at_us = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    place = chain_id.bytes + seq.to_bytes(8, "big") + at_us.to_bytes(8, "big", signed=True)
    return hashlib.sha256(previous + place + body).digest()


def encode_event(event: AuditEvent) -> bytes:
    body = msgspec.json.encode(event)
    # PostgreSQL holds no NUL: refused here it costs its own caller, and not all who share the commit.
    if b"\\u0000" in body:
        raise ValueError("an audit event holds a NUL character")
    return body


def utc_now() -> datetime:
    return datetime.now(UTC)


_chains: WeakKeyDictionary[psycopg.Connection[Any], uuid.UUID] = WeakKeyDictionary()


def record(
    connection: psycopg.Connection[Any], *events: AuditEvent, clock: Callable[[], datetime] = utc_now
) -> None:
    """Write events in the transaction of the change they tell of: both are kept, or neither.

    The rows written through one connection are one chain.
    """
    chain_id = _chains.setdefault(connection, uuid.uuid4())
    # Read and not remembered: a transaction that was rolled back took its rows with it.
    with connection.cursor(row_factory=tuple_row) as cursor:
        head = cursor.execute(queries.find_chain_head, {"chain_id": chain_id}).fetchone()
        chain = Chain(chain_id) if head is None else Chain(chain_id, seq=head[0], head=head[1])
        rows = b",".join([chain.append(clock(), encode_event(event)) for event in events])
        cursor.execute(queries.insert_audit_events, {"chain_id": chain_id, "rows": f"[{rows.decode()}]"})
