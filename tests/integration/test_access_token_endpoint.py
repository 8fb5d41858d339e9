"""A client gets a token for its secret, in the forms of RFC 6749, and each answer leaves an audit row."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from starlette.applications import Starlette

from carecord.access import clients
from carecord.access.audit_trail import open_trail
from carecord.access.signing_keys import SigningKeys
from carecord.access.token_endpoint import TokenEndpoint
from carecord.access.tokens import Tokens
from carecord.db.connect import Database
from carecord.kernel.errors import Unavailable
from carecord.kernel.settings import Settings

GRANT = {"grant_type": "client_credentials"}
BASE_URL = "https://record.example"

Act = Callable[[httpx2.AsyncClient, str], Awaitable[None]]
WithEndpoint = Callable[[Act], None]


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(SigningKeys(tmp_path / "keys"), issuer=BASE_URL, audience=BASE_URL)


@pytest.fixture
def with_endpoint(
    database: Database, connection: psycopg.Connection[Any], tmp_path: Path, tokens: Tokens
) -> WithEndpoint:
    """Runs an act with an HTTP client before the endpoint, and the secret of the client `app`."""
    keys = SigningKeys(tmp_path / "keys")

    def run(act: Act) -> None:
        settings = Settings(data=tmp_path, database_url=database.url, public_url=BASE_URL)
        secret = clients.register_client(
            connection, "app", name="App", scopes=["gp.read", "adt.read"], by="test"
        )

        async def live() -> None:
            async with AsyncExitStack() as stack:
                pool = await stack.enter_async_context(database.open_pool(min_size=1, max_size=2))
                trail = await stack.enter_async_context(open_trail(database.url))
                endpoint = TokenEndpoint(
                    settings,
                    pool,
                    tokens=tokens,
                    signing_keys=keys,
                    trail=trail,
                    scopes=["gp.read", "adt.read", "gp.restricted"],
                )
                transport = httpx2.ASGITransport(Starlette(routes=endpoint.routes()))
                http = await stack.enter_async_context(
                    httpx2.AsyncClient(transport=transport, base_url=BASE_URL)
                )
                await act(http, secret)

        asyncio.run(live())

    return run


async def ask(http: httpx2.AsyncClient, form: dict[str, str] | str, **more: Any) -> httpx2.Response:
    if isinstance(form, str):
        more["headers"] = {"Content-Type": "application/x-www-form-urlencoded", **more.get("headers", {})}
        return await http.post("/oauth2/token", content=form, **more)
    return await http.post("/oauth2/token", data=form, **more)


def audited(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute(
        "SELECT event, client_id, outcome, reason FROM audit.event WHERE event LIKE 'token.%' ORDER BY at"
    ).fetchall()


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_a_client_gets_a_token_by_basic_credentials(
    with_endpoint: WithEndpoint, tokens: Tokens, connection: psycopg.Connection[Any]
) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        answer = await ask(http, GRANT, auth=("app", secret))
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        body = answer.json()
        token = body.pop("access_token")
        assert body == {"token_type": "Bearer", "expires_in": 3600, "scope": "adt.read gp.read"}
        assert tokens.verify(token).scopes == {"gp.read", "adt.read"}
        assert audited(connection) == [("token.issued", "app", "allowed", None)]

    with_endpoint(act)


def test_a_client_gets_a_token_by_credentials_in_the_body(
    with_endpoint: WithEndpoint, tokens: Tokens
) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        answer = await ask(http, {**GRANT, "client_id": "app", "client_secret": secret})
        assert tokens.verify(answer.json()["access_token"]).client_id == "app"

    with_endpoint(act)


def test_credentials_in_the_header_are_form_encoded(with_endpoint: WithEndpoint) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        encoded = "".join(f"%{byte:02X}" for byte in secret.encode())
        assert (await ask(http, GRANT, headers=basic(f"%61pp:{encoded}"))).status_code == 200

    with_endpoint(act)


def test_a_token_may_be_asked_for_fewer_scopes(with_endpoint: WithEndpoint, tokens: Tokens) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        body = (await ask(http, {**GRANT, "scope": "gp.read"}, auth=("app", secret))).json()
        assert body["scope"] == "gp.read"
        assert tokens.verify(body["access_token"]).scopes == {"gp.read"}
        # RFC 6749 §3.2: a field without a value counts as left out.
        body = (await ask(http, {**GRANT, "scope": ""}, auth=("app", secret))).json()
        assert body["scope"] == "adt.read gp.read"

    with_endpoint(act)


def test_a_scope_that_the_client_does_not_hold_is_refused(
    with_endpoint: WithEndpoint, connection: psycopg.Connection[Any]
) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        answer = await ask(http, {**GRANT, "scope": "gp.read gp.restricted"}, auth=("app", secret))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
        assert audited(connection) == [("token.refused", "app", "refused", "scope_missing")]

    with_endpoint(act)


def test_wrong_credentials_are_refused_alike_whatever_is_wrong(
    with_endpoint: WithEndpoint, connection: psycopg.Connection[Any]
) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        answers = [
            await ask(http, GRANT, auth=auth)
            for auth in (("app", "wrong"), ("nobody", secret), ("app", ""), ("", ""), ("nobody", ""))
        ]
        clients.disable_client(connection, "app", by="test")
        answers.append(await ask(http, GRANT, auth=("app", secret)))
        for answer in answers:
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == 'Basic realm="carecord"'
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.json() == answers[0].json()
        assert answers[0].json()["error"] == "invalid_client"
        # What a stranger typed as its id is not kept.
        assert set(audited(connection)) == {("token.refused", None, "refused", "client_refused")}
        assert len(audited(connection)) == len(answers)

    with_endpoint(act)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer abc"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic YXBw"},
        {"Authorization": "Basic //8="},
        {},
    ],
    ids=lambda headers: headers.get("Authorization", "none"),
)
def test_credentials_that_cannot_be_read_are_401(
    with_endpoint: WithEndpoint, headers: dict[str, str]
) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        answer = await ask(http, GRANT, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    with_endpoint(act)


def test_a_secret_that_was_replaced_stops_at_once(
    with_endpoint: WithEndpoint, connection: psycopg.Connection[Any]
) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        new = clients.replace_secret(connection, "app", by="test")
        assert (await ask(http, GRANT, auth=("app", secret))).status_code == 401
        assert (await ask(http, GRANT, auth=("app", new))).status_code == 200

    with_endpoint(act)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ("", 400, "invalid_request"),
        ("grant_type=", 400, "invalid_request"),
        ("grant_type=password", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request"),
        ("grant_type=client_credentials&client_secret=x", 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=other", 400, "invalid_request"),
        ("grant_type=client_credentials&scope=%FF", 400, "invalid_request"),
        ("&".join(f"a{number}=1" for number in range(50)), 400, "invalid_request"),
        ("grant_type=client_credentials&scope=" + "a" * 9000, 413, "invalid_request"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_bad_request_is_answered_in_the_form_of_rfc_6749(
    with_endpoint: WithEndpoint, connection: psycopg.Connection[Any], form: str, status: int, error: str
) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        answer = await ask(http, form, headers=basic(f"app:{secret}"))
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert set(answer.json()) == {"error", "error_description"}
        assert answer.headers["Cache-Control"] == "no-store"
        assert [row[0] for row in audited(connection)] == ["token.refused"]

    with_endpoint(act)


def test_a_body_that_is_no_form_is_refused(with_endpoint: WithEndpoint) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        answer = await http.post("/oauth2/token", json=GRANT, auth=("app", secret))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        odd = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", **basic(f"app:{secret}")}
        answer = await ask(http, "grant_type=client_credentials", headers=odd)
        assert answer.status_code == 200

    with_endpoint(act)


def test_a_nul_in_the_credentials_is_a_wrong_credential(with_endpoint: WithEndpoint) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        assert (await ask(http, GRANT, headers=basic("app%00:x"))).status_code == 401
        assert (await ask(http, {**GRANT, "client_id": "\0", "client_secret": "\0"})).status_code == 401

    with_endpoint(act)


def test_no_token_leaves_without_its_audit_row(
    with_endpoint: WithEndpoint, connection: psycopg.Connection[Any]
) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        connection.execute("ALTER TABLE audit.event RENAME TO gone")
        # In the application this becomes a 503 in the one shape of errors.
        with pytest.raises(Unavailable):
            await ask(http, GRANT, auth=("app", secret))

    with_endpoint(act)


def test_anyone_can_verify_a_token_by_the_published_keys(with_endpoint: WithEndpoint) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        token = (await ask(http, GRANT, auth=("app", secret))).json()["access_token"]
        metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
        keys = KeySet.import_key_set((await http.get(metadata["jwks_uri"])).json())
        signed = jwt.decode(token, keys, algorithms=["RS256"])
        assert signed.header["typ"] == "at+jwt"
        assert signed.claims["iss"] == metadata["issuer"] == BASE_URL

    with_endpoint(act)


def test_the_metadata_is_what_rfc_8414_asks_for(with_endpoint: WithEndpoint) -> None:
    async def act(http: httpx2.AsyncClient, secret: str) -> None:
        assert (await http.get("/.well-known/oauth-authorization-server")).json() == {
            "issuer": BASE_URL,
            "token_endpoint": f"{BASE_URL}/oauth2/token",
            "jwks_uri": f"{BASE_URL}/.well-known/jwks.json",
            "scopes_supported": ["adt.read", "gp.read", "gp.restricted"],
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    with_endpoint(act)
