"""A call needs a token, a key, the right product and the right scope; the audit holds every refusal."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carecord import catalogue
from carecord.access import clients, subscriptions
from carecord.access.audit_trail import open_trail
from carecord.access.chain_verification import verify
from carecord.access.gate import Caller, Gate
from carecord.access.signing_keys import SigningKeys
from carecord.access.tokens import Tokens
from carecord.catalogue.model import Sensitivity
from carecord.db.connect import Database
from carecord.kernel.errors import BadRequest, CareRecordError, Conflict, NotFound
from carecord.kernel.settings import Settings

KEY_CHALLENGE = 'AzureApiManagementKey realm="carecord", name="Ocp-Apim-Subscription-Key", type="header"'


REPEATS = catalogue.operations_by_id["GpRepeatMedications_GetGpRepeatMedicationsResultsByPatientDetailId"]
ALERTS = next(operation for operation in catalogue.OPERATIONS if operation.bundle.slug == "alerts")
SEALED = next(
    operation
    for operation in catalogue.OPERATIONS
    if operation.bundle.slug == "maternity" and operation.sensitivity is Sensitivity.RESTRICTED
)


@dataclass
class World:
    """A client with a subscription to the gp and maternity bundles, and the gate before it."""

    connection: psycopg.Connection[Any]
    settings: Settings
    tokens: Tokens
    secret: str
    subscription_id: str
    primary: str
    secondary: str
    gate: Gate

    def bearer(self, *scopes: str, client_id: str = "app") -> str:
        return "Bearer " + self.tokens.issue(client_id, scopes or ["gp.read", "alerts.read"], ttl_s=60)

    async def refusal(self, *args: Any, **more: Any) -> tuple[int, str | None, str | None]:
        with pytest.raises(CareRecordError) as refused:
            await self.gate.check(*args, **more)
        error = refused.value
        return error.status, error.reason, error.headers.get("WWW-Authenticate")

    def audited(self) -> list[Any]:
        return self.connection.execute(
            "SELECT client_id, operation_id, patient_detail_ids, outcome, reason, restricted, trace_id "
            "FROM audit.event WHERE event = 'access.refused' ORDER BY at"
        ).fetchall()


Act = Callable[[World], Awaitable[None]]


@pytest.fixture
def with_world(
    database: Database, connection: psycopg.Connection[Any], tmp_path: Path
) -> Callable[..., None]:
    """Runs an act in a world. Nothing is remembered unless the act asks for it."""
    keys = SigningKeys(tmp_path / "keys")

    def run(act: Act, *, remembered_s: float = 0.0, **changes: Any) -> None:
        settings = Settings(data=tmp_path, database_url=database.url, **changes)
        secret = clients.register_client(
            connection, "app", name="App", scopes=["gp.read", "alerts.read"], tenancies=[1, 2], by="test"
        )
        subscriptions.put_product(
            connection, "sandpit", name="Sandpit", bundles=["gp", "maternity"], by="test"
        )
        made = subscriptions.subscribe(connection, "app", "sandpit", by="test")
        tokens = Tokens(keys, issuer=settings.base_url, audience=settings.base_url)

        async def live() -> None:
            async with AsyncExitStack() as stack:
                pool = await stack.enter_async_context(database.open_pool(min_size=1, max_size=2))
                trail = await stack.enter_async_context(open_trail(database.url))
                gate = Gate(settings, pool, tokens=tokens, trail=trail, remembered_s=remembered_s)
                await act(
                    World(
                        connection,
                        settings,
                        tokens,
                        secret,
                        made.subscription_id,
                        made.primary_key,
                        made.secondary_key,
                        gate,
                    )
                )

        asyncio.run(live())
        assert verify(connection) == []

    return run


def test_a_caller_with_token_key_product_and_scope_gets_in(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        caller = await world.gate.check(world.bearer("gp.read"), world.primary, REPEATS)
        assert caller == Caller(
            client_id="app",
            user_id=None,
            scopes=frozenset({"gp.read"}),
            tenancies=(1, 2),
            subscription_id=world.subscription_id,
            product_id="sandpit",
            bundles=frozenset({"gp", "maternity"}),
        )
        assert await world.gate.check(world.bearer("gp.read"), world.secondary, REPEATS) == caller
        assert world.audited() == []

    with_world(act)


def test_a_call_without_a_token_that_counts_is_401_and_not_in_the_audit(
    with_world: Callable[..., None],
) -> None:
    async def act(world: World) -> None:
        assert await world.refusal(None, world.primary, REPEATS) == (
            401,
            "token_missing",
            'Bearer realm="carecord"',
        )
        status, reason, challenge = await world.refusal("Bearer x.y.z", world.primary, REPEATS)
        assert (status, reason) == (401, "token_invalid")
        assert challenge is not None
        assert 'error="invalid_token"' in challenge
        assert world.audited() == []

    with_world(act)


def test_a_missing_or_unknown_key_is_401(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        for key, reason in ((None, "key_missing"), ("", "key_missing"), ("0" * 64, "key_unknown")):
            assert await world.refusal(world.bearer(), key, REPEATS) == (401, reason, KEY_CHALLENGE)

    with_world(act)


def test_where_no_key_is_needed_one_that_is_sent_still_has_to_count(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        caller = await world.gate.check(world.bearer(), None, ALERTS)
        assert (caller.subscription_id, caller.product_id) == (None, None)
        assert (await world.refusal(world.bearer(), "unknown", REPEATS))[:2] == (401, "key_unknown")
        assert (await world.refusal(world.bearer(), world.primary, ALERTS))[:2] == (403, "not_in_product")

    with_world(act, require_subscription_key=False)


def test_a_bundle_that_is_not_in_the_product_is_403(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        assert await world.refusal(world.bearer(), world.primary, ALERTS) == (403, "not_in_product", None)

    with_world(act)


def test_a_missing_scope_is_403_and_named(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        assert await world.refusal(world.bearer("alerts.read"), world.primary, REPEATS) == (
            403,
            "scope_missing",
            'Bearer realm="carecord", error="insufficient_scope", scope="gp.read"',
        )

    with_world(act)


def test_a_restricted_operation_needs_both_scopes(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        world.connection.execute("UPDATE access.client SET scopes = '{maternity.read,maternity.restricted}'")
        for scopes, reason in (
            (["maternity.read"], "restricted_scope_missing"),
            (["maternity.restricted"], "scope_missing"),
        ):
            assert (await world.refusal(world.bearer(*scopes), world.primary, SEALED))[:2] == (403, reason)
        await world.gate.check(world.bearer("maternity.read", "maternity.restricted"), world.primary, SEALED)

    with_world(act)


def test_a_scope_taken_from_the_client_is_gone_from_its_tokens(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        bearer = world.bearer("gp.read")
        await world.gate.check(bearer, world.primary, REPEATS)
        world.connection.execute("UPDATE access.client SET scopes = '{alerts.read}'")
        assert (await world.refusal(bearer, world.primary, REPEATS))[:2] == (403, "scope_missing")

    with_world(act)


def test_a_key_of_another_client_is_403(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        clients.register_client(world.connection, "other", name="Other", scopes=["gp.read"], by="test")
        bearer = world.bearer("gp.read", client_id="other")
        assert await world.refusal(bearer, world.primary, REPEATS) == (403, "key_of_another_client", None)

    with_world(act)


def test_a_key_of_another_product_opens_that_products_bundles_only(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        subscriptions.put_product(world.connection, "risk", name="Risk", bundles=["alerts"], by="test")
        other = subscriptions.subscribe(world.connection, "app", "risk", by="test")
        assert (await world.gate.check(world.bearer(), other.primary_key, ALERTS)).product_id == "risk"
        assert (await world.refusal(world.bearer(), other.primary_key, REPEATS))[:2] == (
            403,
            "not_in_product",
        )

    with_world(act)


def test_a_replaced_key_stops_and_the_other_goes_on(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        new = subscriptions.replace_key(world.connection, world.subscription_id, "primary", by="test")
        assert (await world.refusal(world.bearer(), world.primary, REPEATS))[:2] == (401, "key_unknown")
        for key in (new, world.secondary):
            await world.gate.check(world.bearer(), key, REPEATS)
        subscriptions.replace_key(world.connection, world.subscription_id, "secondary", by="test")
        assert (await world.refusal(world.bearer(), world.secondary, REPEATS))[:2] == (401, "key_unknown")
        await world.gate.check(world.bearer(), new, REPEATS)

    with_world(act)


def test_a_suspended_subscription_is_401_until_it_is_resumed(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        subscriptions.suspend(world.connection, world.subscription_id, by="test")
        assert await world.refusal(world.bearer(), world.primary, REPEATS) == (
            401,
            "key_suspended",
            KEY_CHALLENGE,
        )
        subscriptions.resume(world.connection, world.subscription_id, by="test")
        await world.gate.check(world.bearer(), world.primary, REPEATS)

    with_world(act)


def test_a_subscription_ends_at_its_expiry_even_when_it_is_remembered(
    with_world: Callable[..., None],
) -> None:
    async def act(world: World) -> None:
        soon = datetime.now(UTC) + timedelta(seconds=0.3)
        subscriptions.set_expiry(world.connection, world.subscription_id, soon, by="test")
        await world.gate.check(world.bearer(), world.primary, REPEATS)
        await asyncio.sleep(0.35)
        assert (await world.refusal(world.bearer(), world.primary, REPEATS))[:2] == (401, "key_expired")

    with_world(act, remembered_s=60)


def test_a_disabled_client_is_401_although_its_token_runs_on(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        bearer = world.bearer()
        await world.gate.check(bearer, world.primary, REPEATS)
        clients.disable_client(world.connection, "app", by="test")
        status, reason, challenge = await world.refusal(bearer, world.primary, REPEATS)
        assert (status, reason) == (401, "client_disabled")
        assert challenge is not None
        assert 'error="invalid_token"' in challenge
        clients.enable_client(world.connection, "app", by="test")
        await world.gate.check(bearer, world.primary, REPEATS)

    with_world(act)


def test_a_change_is_seen_within_the_stated_time(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        bearer = world.bearer()
        await world.gate.check(bearer, world.primary, REPEATS)
        clients.disable_client(world.connection, "app", by="test")
        await world.gate.check(bearer, world.primary, REPEATS)
        await asyncio.sleep(0.35)
        assert (await world.refusal(bearer, world.primary, REPEATS))[:2] == (401, "client_disabled")

    with_world(act, remembered_s=0.3)


def test_a_call_over_the_rate_is_429_and_says_when_to_come_again(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        for key in (world.primary, world.secondary):
            await world.gate.check(world.bearer(), key, REPEATS)
        with pytest.raises(CareRecordError) as refused:
            await world.gate.check(world.bearer(), world.primary, REPEATS)
        assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "30"})

    with_world(act, calls_per_minute=2)


def test_the_refusal_of_a_known_client_is_in_the_audit_before_it_is_told(
    with_world: Callable[..., None],
) -> None:
    async def act(world: World) -> None:
        await world.refusal(world.bearer(), None, REPEATS, patient_detail_ids=(2188,), trace_id="t-1")
        assert world.audited() == [
            ("app", REPEATS.operation_id, [2188], "refused", "key_missing", False, "t-1")
        ]
        await world.refusal(world.bearer("gp.read"), world.primary, SEALED)
        assert world.audited()[1][3:6] == ("refused", "scope_missing", True)

    with_world(act)


def test_a_refusal_that_cannot_be_audited_is_503(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        world.connection.execute("ALTER TABLE audit.event RENAME TO gone")
        assert (await world.refusal(world.bearer(), None, REPEATS))[0] == 503
        world.connection.execute("ALTER TABLE audit.gone RENAME TO event")

    with_world(act)


# --- clients, products and subscriptions as they are kept ---


def test_no_secret_and_no_key_is_stored(with_world: Callable[..., None]) -> None:
    async def act(world: World) -> None:
        tables = ("access.client", "access.subscription", "audit.event")
        stored = "".join(
            str(world.connection.execute(f"SELECT array_agg(t::text) FROM {name} AS t").fetchone())
            for name in tables
        )
        for secret in (world.secret, world.primary, world.secondary):
            assert secret not in stored
            assert secret.encode().hex() not in stored

    with_world(act)


def test_every_change_of_rights_names_who_made_it(connection: psycopg.Connection[Any]) -> None:
    clients.register_client(connection, "app", name="App", scopes=["gp.read"], by="sam")
    clients.replace_secret(connection, "app", by="sam")
    clients.disable_client(connection, "app", by="sam")
    subscriptions.put_product(connection, "sandpit", name="Sandpit", bundles=["gp"], by="sam")
    made = subscriptions.subscribe(connection, "app", "sandpit", by="sam")
    subscriptions.replace_key(connection, made.subscription_id, "primary", by="sam")
    subscriptions.suspend(connection, made.subscription_id, by="sam")
    found = connection.execute("SELECT event, client_id, user_id FROM audit.event ORDER BY seq").fetchall()
    assert found == [
        ("client.registered", "app", "sam"),
        ("client.secret_replaced", "app", "sam"),
        ("client.disabled", "app", "sam"),
        ("product.changed", None, "sam"),
        ("subscription.created", "app", "sam"),
        ("subscription.key_replaced", "app", "sam"),
        ("subscription.suspended", "app", "sam"),
    ]
    assert verify(connection) == []


def test_what_was_registered_can_be_listed(connection: psycopg.Connection[Any]) -> None:
    clients.register_client(
        connection, "app", name="App", scopes=["gp.read", "gp.read"], tenancies=[3], by="sam"
    )
    subscriptions.put_product(connection, "sandpit", name="Old", bundles=["gp"], by="sam")
    subscriptions.put_product(connection, "sandpit", name="Sandpit", bundles=["gp", "adt"], by="sam")
    made = subscriptions.subscribe(connection, "app", "sandpit", by="sam")
    bundles = frozenset({"gp", "adt"})
    assert clients.list_clients(connection) == [
        clients.Client("app", "App", frozenset({"gp.read"}), (3,), None)
    ]
    assert subscriptions.list_products(connection) == [subscriptions.Product("sandpit", "Sandpit", bundles)]
    kept = subscriptions.Subscription(made.subscription_id, "app", "sandpit", bundles, "active", None)
    assert subscriptions.list_subscriptions(connection) == [kept]
    assert subscriptions.list_subscriptions(connection, "app") == [kept]
    assert subscriptions.list_subscriptions(connection, "other") == []


def test_a_client_id_that_is_taken_is_refused_and_nothing_changes(
    connection: psycopg.Connection[Any],
) -> None:
    clients.register_client(connection, "app", name="App", scopes=["gp.read"], by="sam")
    with pytest.raises(Conflict):
        clients.register_client(connection, "app", name="Another", scopes=["adt.read"], by="sam")
    assert [client.name for client in clients.list_clients(connection)] == ["App"]


def test_ids_and_scopes_out_of_form_are_named(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(BadRequest) as refused:
        clients.register_client(connection, "a b", name="App", scopes=["gp.read", "gp", "*"], by="sam")
    assert [error.field for error in refused.value.errors] == ["client_id", "scopes", "scopes"]
    with pytest.raises(BadRequest):
        subscriptions.put_product(connection, "Sand Pit", name="Sandpit", bundles=["gp"], by="sam")


def test_what_is_not_there_is_not_found(connection: psycopg.Connection[Any]) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    for act in (
        lambda: clients.replace_secret(connection, "nobody", by="sam"),
        lambda: clients.disable_client(connection, "nobody", by="sam"),
        lambda: subscriptions.subscribe(connection, "nobody", "nothing", by="sam"),
        lambda: subscriptions.replace_key(connection, nobody, "primary", by="sam"),
        lambda: subscriptions.suspend(connection, nobody, by="sam"),
    ):
        with pytest.raises(NotFound):
            act()
    assert connection.execute("SELECT count(*) FROM audit.event").fetchone() == (0,)
