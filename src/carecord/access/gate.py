"""The one question every call is asked: may this caller do this, and why?"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog
from psycopg_pool import AsyncConnectionPool

from carecord.access.audit import AuditEvent, EventName, Outcome
from carecord.access.audit_trail import AuditTrail
from carecord.access.clients import Client, find_client
from carecord.access.rate_limit import RateLimit
from carecord.access.remembered import Remembered
from carecord.access.subscriptions import Subscription, find_subscription
from carecord.access.tokens import Claims, Tokens, challenge_scope, read_bearer_token, refuse_token
from carecord.kernel.errors import CareRecordError, NotAllowed, NotAuthenticated, TooManyRequests
from carecord.kernel.settings import Settings

log = structlog.get_logger()

REMEMBERED_S = 15
"""A client that is disabled, a key that is replaced or suspended, is refused everywhere after so long."""

KEY_HEADER = "Ocp-Apim-Subscription-Key"

# What callers of the CareCentric APIs get from the gateway before them.
_KEY_CHALLENGE = f'AzureApiManagementKey realm="carecord", name="{KEY_HEADER}", type="header"'


class Bundle(Protocol):
    """What the gate needs to know of a bundle."""

    @property
    def slug(self) -> str: ...


class Operation(Protocol):
    """What the gate needs to know of an operation of the catalogue."""

    @property
    def operation_id(self) -> str: ...
    @property
    def bundle(self) -> Bundle: ...
    @property
    def scope(self) -> str: ...
    @property
    def restricted_scope(self) -> str: ...
    @property
    def restricted(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what it may see: `tenancies` None is all. Without a key there is no subscription."""

    client_id: str
    user_id: str | None
    scopes: frozenset[str]
    tenancies: tuple[int, ...] | None
    subscription_id: str | None
    product_id: str | None
    bundles: frozenset[str] | None
    """The bundles of the key's product; None without a key, where scopes alone decide."""
    own_tenancy_id: int | None = None
    """The source that the client itself is, for what it writes through FHIR."""

    def may_use(self, bundle: Bundle, scope: str) -> bool:
        """Whether an operation of another bundle may lean on this one too."""
        return scope in self.scopes and (self.bundles is None or bundle.slug in self.bundles)


@dataclass(frozen=True, slots=True)
class Identified:
    """A caller, with what its token says and the scopes that its client holds."""

    caller: Caller
    claims: Claims
    client_scopes: frozenset[str]


class Gate:
    """Answers from memory where it can; what it remembers is at most `REMEMBERED_S` old."""

    def __init__(
        self,
        settings: Settings,
        pool: AsyncConnectionPool[Any],
        *,
        tokens: Tokens,
        trail: AuditTrail,
        clock: Callable[[], float] = time.time,
        remembered_s: float = REMEMBERED_S,
    ) -> None:
        self._tokens = tokens
        self._trail = trail
        self._clock = clock
        self._key_needed = settings.require_subscription_key
        self._rate = RateLimit(settings.calls_per_minute)
        self._clients = Remembered[str, Client](partial(find_client, pool), ttl_s=remembered_s)
        self._subscriptions = Remembered[str, Subscription](
            partial(find_subscription, pool), ttl_s=remembered_s
        )

    async def check(
        self,
        authorization: str | None,
        subscription_key: str | None,
        operation: Operation,
        *,
        patient_detail_ids: Sequence[int] = (),
        trace_id: str | None = None,
    ) -> Caller:
        """The caller, when it may do this; else `NotAuthenticated`, `NotAllowed` or `TooManyRequests`.

        The refusal of a client that is known by its token is in the audit before it is raised. A call
        without a token that counts tells nothing of who asks: it is logged.
        """
        try:
            claims = self._tokens.verify(read_bearer_token(authorization))
        except NotAuthenticated as refusal:
            log.info("access_refused", reason=refusal.reason, operation_id=operation.operation_id)
            raise
        try:
            return await self._check_rights(claims, subscription_key, operation)
        except TooManyRequests:
            raise
        except (NotAuthenticated, NotAllowed) as refusal:
            await self.record_refusal(
                refusal,
                claims,
                operation_id=operation.operation_id,
                patient_detail_ids=patient_detail_ids,
                restricted=operation.restricted,
                trace_id=trace_id,
            )
            raise

    async def check_scope(
        self, authorization: str | None, scope: str, *, operation_id: str, trace_id: str | None = None
    ) -> None:
        """The same for what is of no bundle: the token has the scope. No subscription key is asked for."""
        try:
            claims = self._tokens.verify(read_bearer_token(authorization))
        except NotAuthenticated as refusal:
            log.info("access_refused", reason=refusal.reason, operation_id=operation_id)
            raise
        client = await self._clients.get(claims.client_id)
        refused: CareRecordError | None = None
        if client is None or client.disabled_at is not None:
            refused = refuse_token("client_disabled")
        elif scope not in claims.scopes & client.scopes:
            refused = _refuse_scope(scope, reason="scope_missing")
        if refused is not None:
            await self._trail.record(
                AuditEvent(
                    event=EventName.ACCESS_REFUSED,
                    client_id=claims.client_id,
                    user_id=claims.user_id,
                    operation_id=operation_id,
                    outcome=Outcome.REFUSED,
                    reason=refused.reason,
                    trace_id=trace_id,
                )
            )
            raise refused

    async def identify(
        self,
        authorization: str | None,
        subscription_key: str | None,
        *,
        operation_id: str,
        patient_detail_ids: Sequence[int] = (),
        trace_id: str | None = None,
    ) -> Identified:
        """Who calls what is of no bundle and asks for rights itself; a key, when one is sent, must count."""
        try:
            claims = self._tokens.verify(read_bearer_token(authorization))
        except NotAuthenticated as refusal:
            log.info("access_refused", reason=refusal.reason, operation_id=operation_id)
            raise
        try:
            client = await self._known_client(claims)
            subscription = (
                await self._find_subscription(client, subscription_key) if subscription_key else None
            )
            self._rate.check_rate(subscription.subscription_id if subscription else client.client_id)
        except (NotAuthenticated, NotAllowed) as refusal:
            await self.record_refusal(
                refusal,
                claims,
                operation_id=operation_id,
                patient_detail_ids=patient_detail_ids,
                trace_id=trace_id,
            )
            raise
        return Identified(_caller(client, claims, subscription), claims, client.scopes)

    async def _known_client(self, claims: Claims) -> Client:
        client = await self._clients.get(claims.client_id)
        if client is None or client.disabled_at is not None:
            raise refuse_token("client_disabled")
        return client

    async def _check_rights(
        self, claims: Claims, subscription_key: str | None, operation: Operation
    ) -> Caller:
        client = await self._known_client(claims)
        subscription = await self._find_subscription(client, subscription_key)
        self._rate.check_rate(subscription.subscription_id if subscription else client.client_id)
        if subscription is not None and operation.bundle.slug not in subscription.bundles:
            raise NotAllowed("The bundle is not in the product of this key.", reason="not_in_product")
        # Both must hold it: a token carries no scope that was taken from its client since.
        scopes = claims.scopes & client.scopes
        if operation.scope not in scopes:
            raise _refuse_scope(operation.scope, reason="scope_missing")
        if operation.restricted and operation.restricted_scope not in scopes:
            raise _refuse_scope(
                operation.scope, operation.restricted_scope, reason="restricted_scope_missing"
            )
        return _caller(client, claims, subscription)

    async def _find_subscription(self, client: Client, key: str | None) -> Subscription | None:
        if not key:
            if self._key_needed:
                raise _refuse_key("A subscription key is needed.", reason="key_missing")
            return None
        subscription = await self._subscriptions.get(key)
        if subscription is None:
            raise _refuse_key("The subscription key does not count.", reason="key_unknown")
        if subscription.client_id != client.client_id:
            raise NotAllowed(
                "The subscription key belongs to another client.", reason="key_of_another_client"
            )
        if subscription.state != "active":
            raise _refuse_key("The subscription is suspended.", reason="key_suspended")
        if subscription.expires_at is not None and subscription.expires_at.timestamp() <= self._clock():
            raise _refuse_key("The subscription has expired.", reason="key_expired")
        return subscription

    async def record_refusal(
        self,
        refusal: CareRecordError,
        claims: Claims,
        *,
        operation_id: str,
        patient_detail_ids: Sequence[int] = (),
        restricted: bool = False,
        trace_id: str | None = None,
    ) -> None:
        """Write down that a known client was refused."""
        await self._trail.record(
            AuditEvent(
                event=EventName.ACCESS_REFUSED,
                client_id=claims.client_id,
                user_id=claims.user_id,
                operation_id=operation_id,
                patient_detail_ids=patient_detail_ids,
                outcome=Outcome.REFUSED,
                reason=refusal.reason,
                restricted=restricted,
                trace_id=trace_id,
            )
        )


def _caller(client: Client, claims: Claims, subscription: Subscription | None) -> Caller:
    return Caller(
        client.client_id,
        claims.user_id,
        claims.scopes & client.scopes,
        client.tenancies,
        subscription.subscription_id if subscription else None,
        subscription.product_id if subscription else None,
        frozenset(subscription.bundles) if subscription else None,
        client.own_tenancy_id,
    )


def _refuse_key(detail: str, *, reason: str) -> NotAuthenticated:
    return NotAuthenticated(detail, reason=reason, headers={"WWW-Authenticate": _KEY_CHALLENGE})


def _refuse_scope(*scopes: str, reason: str) -> NotAllowed:
    needed = " and ".join(scopes)
    return NotAllowed(
        f"The token needs the scope {needed}.",
        reason=reason,
        headers={"WWW-Authenticate": challenge_scope(*scopes)},
    )
