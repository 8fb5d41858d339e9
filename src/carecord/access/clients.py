"""Clients: the programs that may ask for a token, their secrets, and what each may see."""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from carecord.access import audit
from carecord.access.audit import AuditEvent, EventName
from carecord.access.credentials import hash_of, new_client_secret
from carecord.access.smart_scopes import is_smart_scope
from carecord.kernel.errors import BadRequest, Conflict, FieldError, NotFound
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SCOPE = re.compile(r"[a-z][a-z0-9-]*\.(read|restricted|write|review|sealed)")


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask. `tenancies` are those whose records it may see; None is all of them."""

    client_id: str
    name: str
    scopes: frozenset[str]
    tenancies: tuple[int, ...] | None
    disabled_at: datetime | None
    own_tenancy_id: int | None = None
    """The source that the client itself is: what it writes through FHIR is filed there."""


def register_client(
    connection: psycopg.Connection[Any],
    client_id: str,
    *,
    name: str,
    scopes: Iterable[str],
    tenancies: Sequence[int] | None = None,
    own_tenancy_id: int | None = None,
    by: str,
) -> str:
    """Register a client and return its secret, which is shown this once and kept as a hash.

    `by` is who did it, for the audit. The own tenancy is one that it sees. Raises `BadRequest` for an id or
    scope out of form, `Conflict` when the id is taken.
    """
    scopes = sorted(set(scopes))
    _check_client(client_id, scopes)
    if tenancies is not None and own_tenancy_id is not None:
        tenancies = sorted({*tenancies, own_tenancy_id})
    secret = new_client_secret()
    with connection.transaction():
        found = connection.execute(
            queries.insert_client,
            {
                "client_id": client_id,
                "name": name,
                "secret_hash": hash_of(secret),
                "scopes": scopes,
                "tenancies": None if tenancies is None else list(tenancies),
                "own_tenancy_id": own_tenancy_id,
            },
        ).fetchone()
        if found is None:
            raise Conflict("There is a client of that id.")
        _record(connection, EventName.CLIENT_REGISTERED, client_id, by=by)
    return secret


def replace_secret(connection: psycopg.Connection[Any], client_id: str, *, by: str) -> str:
    """Give the client a new secret and return it. Tokens issued before run on to their end."""
    secret = new_client_secret()
    with connection.transaction():
        found = connection.execute(
            queries.replace_client_secret, {"client_id": client_id, "secret_hash": hash_of(secret)}
        ).fetchone()
        if found is None:
            raise NotFound("There is no client of that id.")
        _record(connection, EventName.CLIENT_SECRET_REPLACED, client_id, by=by)
    return secret


def disable_client(connection: psycopg.Connection[Any], client_id: str, *, by: str) -> None:
    """Refuse the client from now on; a serving process believes its earlier look for `gate.REMEMBERED_S`."""
    _set_disabled(connection, client_id, EventName.CLIENT_DISABLED, at=datetime.now(UTC), by=by)


def enable_client(connection: psycopg.Connection[Any], client_id: str, *, by: str) -> None:
    _set_disabled(connection, client_id, EventName.CLIENT_ENABLED, at=None, by=by)


def list_clients(connection: psycopg.Connection[Any]) -> list[Client]:
    return [_client(*row) for row in connection.execute(queries.list_clients)]


async def find_client(pool: AsyncConnectionPool[Any], client_id: str) -> Client | None:
    found = await _find(pool, client_id)
    return found and found[0]


async def authenticate(pool: AsyncConnectionPool[Any], client_id: str, secret: str) -> Client | None:
    """The client, when the secret is its own and it is not disabled.

    An unknown client costs the same comparison as a wrong secret, and hashes are compared in constant time.
    """
    found = await _find(pool, client_id)
    held = hash_of("") if found is None else found[1]
    same = hmac.compare_digest(hash_of(secret), held)
    if found is None or not same or found[0].disabled_at is not None:
        return None
    return found[0]


async def _find(pool: AsyncConnectionPool[Any], client_id: str) -> tuple[Client, bytes] | None:
    if not _CLIENT_ID.fullmatch(client_id):
        return None
    async with pool.connection() as connection:
        cursor = await connection.execute(queries.find_client, {"client_id": client_id})
        row = await cursor.fetchone()
    return row and (_client(*row[:-1]), row[-1])


def _client(
    client_id: str,
    name: str,
    scopes: list[str],
    tenancies: list[int] | None,
    disabled_at: datetime | None,
    own_tenancy_id: int | None,
) -> Client:
    seen = None if tenancies is None else tuple(tenancies)
    return Client(client_id, name, frozenset(scopes), seen, disabled_at, own_tenancy_id)


def _set_disabled(
    connection: psycopg.Connection[Any], client_id: str, event: EventName, *, at: datetime | None, by: str
) -> None:
    with connection.transaction():
        found = connection.execute(
            queries.set_client_disabled, {"client_id": client_id, "disabled_at": at}
        ).fetchone()
        if found is None:
            raise NotFound("There is no client of that id.")
        _record(connection, event, client_id, by=by)


def _record(connection: psycopg.Connection[Any], event: EventName, client_id: str, *, by: str) -> None:
    audit.record(connection, AuditEvent(event=event, client_id=client_id, user_id=by))


def _check_client(client_id: str, scopes: Iterable[str]) -> None:
    errors = []
    if not _CLIENT_ID.fullmatch(client_id):
        errors.append(
            FieldError("client_id", "must be 1 to 64 letters, digits, dots, hyphens or underscores")
        )
    errors += [
        FieldError(
            "scopes",
            f"{scope!r} is not a bundle's slug and .read, .restricted, .write, .review or .sealed,"
            " nor a SMART scope such as system/Patient.rs",
        )
        for scope in scopes
        if not _SCOPE.fullmatch(scope) and not is_smart_scope(scope)
    ]
    if errors:
        raise BadRequest("The client is not as it must be.", errors=errors)
