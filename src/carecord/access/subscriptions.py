"""Products that hold bundles, and the subscriptions and keys by which a client calls them."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg_pool import AsyncConnectionPool

from carecord.access import audit
from carecord.access.audit import AuditEvent, EventName
from carecord.access.credentials import hash_of, new_subscription_key
from carecord.kernel.errors import BadRequest, FieldError, NotFound
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)

_SLUG = re.compile(r"[a-z][a-z0-9-]*")

State = Literal["active", "suspended"]


@dataclass(frozen=True, slots=True)
class Product:
    """Bundles that are offered together."""

    product_id: str
    name: str
    bundles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Subscription:
    """A client's right to call the bundles of one product, by either of two keys."""

    subscription_id: str
    client_id: str
    product_id: str
    bundles: frozenset[str]
    state: State
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription as it was made, with its keys, which are shown this once and kept as hashes."""

    subscription_id: str
    primary_key: str
    secondary_key: str


def put_product(
    connection: psycopg.Connection[Any], product_id: str, *, name: str, bundles: Iterable[str], by: str
) -> None:
    """Add a product, or change the one of that id; `bundles` are slugs."""
    bundles = sorted(set(bundles))
    for slug in (product_id, *bundles):
        if not _SLUG.fullmatch(slug):
            raise BadRequest(
                "The product is not as it must be.",
                errors=[FieldError("product", f"{slug!r} is not lower-case words with hyphens")],
            )
    with connection.transaction():
        connection.execute(queries.put_product, {"product_id": product_id, "name": name, "bundles": bundles})
        event = AuditEvent(event=EventName.PRODUCT_CHANGED, user_id=by, reason=product_id)
        audit.record(connection, event)


def list_products(connection: psycopg.Connection[Any]) -> list[Product]:
    return [_product(*row) for row in connection.execute(queries.list_products)]


def subscribe(
    connection: psycopg.Connection[Any],
    client_id: str,
    product_id: str,
    *,
    expires_at: datetime | None = None,
    by: str,
) -> NewSubscription:
    """Let a client call a product. `NotFound` when there is no such client or product."""
    made = NewSubscription(str(uuid.uuid4()), new_subscription_key(), new_subscription_key())
    with connection.transaction():
        found = connection.execute(
            queries.insert_subscription,
            {
                "subscription_id": made.subscription_id,
                "client_id": client_id,
                "product_id": product_id,
                "primary_key_hash": hash_of(made.primary_key),
                "secondary_key_hash": hash_of(made.secondary_key),
                "expires_at": expires_at,
            },
        ).fetchone()
        if found is None:
            raise NotFound("There is no such client or product.")
        _record(connection, EventName.SUBSCRIPTION_CREATED, client_id, made.subscription_id, by=by)
    return made


def replace_key(
    connection: psycopg.Connection[Any],
    subscription_id: str,
    which: Literal["primary", "secondary"],
    *,
    by: str,
) -> str:
    """Make one of the two keys anew and return it; the other goes on, so that a caller can change over.

    A serving process believes the old key for `gate.REMEMBERED_S` more.
    """
    sql = {"primary": queries.replace_primary_key, "secondary": queries.replace_secondary_key}[which]
    key = new_subscription_key()
    _change(
        connection, subscription_id, sql, EventName.SUBSCRIPTION_KEY_REPLACED, by=by, key_hash=hash_of(key)
    )
    return key


def suspend(connection: psycopg.Connection[Any], subscription_id: str, *, by: str) -> None:
    sql = queries.set_subscription_state
    _change(connection, subscription_id, sql, EventName.SUBSCRIPTION_SUSPENDED, by=by, state="suspended")


def resume(connection: psycopg.Connection[Any], subscription_id: str, *, by: str) -> None:
    sql = queries.set_subscription_state
    _change(connection, subscription_id, sql, EventName.SUBSCRIPTION_RESUMED, by=by, state="active")


def set_expiry(
    connection: psycopg.Connection[Any], subscription_id: str, expires_at: datetime | None, *, by: str
) -> None:
    """End the subscription at that time; None lets it run without end."""
    sql = queries.set_subscription_expiry
    _change(connection, subscription_id, sql, EventName.SUBSCRIPTION_EXPIRY_SET, by=by, expires_at=expires_at)


def list_subscriptions(
    connection: psycopg.Connection[Any], client_id: str | None = None
) -> list[Subscription]:
    rows = connection.execute(queries.list_subscriptions, {"client_id": client_id})
    return [_subscription(*row) for row in rows]


async def find_subscription(pool: AsyncConnectionPool[Any], key: str) -> Subscription | None:
    """The subscription of a key, whatever its state.

    The database finds the key by its hash: how long that takes tells nothing of the key itself.
    """
    async with pool.connection() as connection:
        cursor = await connection.execute(queries.find_subscription, {"key_hash": hash_of(key)})
        row = await cursor.fetchone()
    return row and _subscription(*row)


def _product(product_id: str, name: str, bundles: list[str]) -> Product:
    return Product(product_id, name, frozenset(bundles))


def _subscription(
    subscription_id: uuid.UUID,
    client_id: str,
    product_id: str,
    bundles: list[str],
    state: State,
    expires_at: datetime | None,
) -> Subscription:
    return Subscription(str(subscription_id), client_id, product_id, frozenset(bundles), state, expires_at)


def _change(
    connection: psycopg.Connection[Any],
    subscription_id: str,
    sql: str,
    event: EventName,
    *,
    by: str,
    **values: object,
) -> None:
    with connection.transaction():
        found = None
        if _is_uuid(subscription_id):
            found = connection.execute(sql, {"subscription_id": subscription_id, **values}).fetchone()
        if found is None:
            raise NotFound("There is no such subscription.")
        _record(connection, event, found[0], subscription_id, by=by)


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _record(
    connection: psycopg.Connection[Any],
    event: EventName,
    client_id: str,
    subscription_id: str,
    *,
    by: str,
) -> None:
    audit.record(connection, AuditEvent(event=event, client_id=client_id, user_id=by, reason=subscription_id))
