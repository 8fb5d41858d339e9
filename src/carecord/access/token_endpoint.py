"""Where a client gets its token, and where others learn how to verify it.

`POST /oauth2/token` is the client credentials grant of RFC 6749 §4.4, with the client's id and secret in
an Authorization header or in the body. The keys are at `/.well-known/jwks.json` (RFC 7517), the server's
metadata at `/.well-known/oauth-authorization-server` (RFC 8414).
"""

import base64
import binascii
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from psycopg_pool import AsyncConnectionPool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from carecord.access.audit import AuditEvent, EventName, Outcome
from carecord.access.audit_trail import AuditTrail
from carecord.access.clients import Client, authenticate
from carecord.access.signing_keys import SigningKeys
from carecord.access.smart_scopes import is_held
from carecord.access.tokens import Tokens
from carecord.kernel.settings import Settings

TOKEN_PATH = "/oauth2/token"  # noqa: S105
JWKS_PATH = "/.well-known/jwks.json"
METADATA_PATH = "/.well-known/oauth-authorization-server"

_LONGEST_FORM = 8_192
_MOST_FIELDS = 20
_NOT_TO_BE_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM = "application/x-www-form-urlencoded"


class TokenRefused(Exception):
    """The answer of RFC 6749 §5.2: one of its error codes, and a sentence for the developer."""

    def __init__(
        self, error: str, description: str, *, reason: str, client_id: str | None = None, status: int = 400
    ) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.reason = reason
        self.client_id = client_id
        self.status = status


class Credentials(NamedTuple):
    """What a client shows."""

    client_id: str
    secret: str


class TokenEndpoint:
    """The three documents, as routes of the application."""

    def __init__(
        self,
        settings: Settings,
        pool: AsyncConnectionPool[Any],
        *,
        tokens: Tokens,
        signing_keys: SigningKeys,
        trail: AuditTrail,
        scopes: Iterable[str] = (),
    ) -> None:
        """`scopes` are all there are, for the metadata."""
        self._settings = settings
        self._pool = pool
        self._tokens = tokens
        self._signing_keys = signing_keys
        self._trail = trail
        self._scopes = sorted(scopes)

    def routes(self) -> list[Route]:
        return [
            Route(TOKEN_PATH, self.answer_token, methods=["POST"]),
            Route(JWKS_PATH, self.answer_jwks, methods=["GET"]),
            Route(METADATA_PATH, self.answer_metadata, methods=["GET"]),
        ]

    async def answer_token(self, request: Request) -> Response:
        trace_id = getattr(request.state, "trace_id", None)
        try:
            form = await _read_form(request)
            client, scopes = await self._grant(form, _read_credentials(request, form))
        except TokenRefused as refusal:
            await self._trail.record(
                AuditEvent(
                    event=EventName.TOKEN_REFUSED,
                    client_id=refusal.client_id,
                    outcome=Outcome.REFUSED,
                    reason=refusal.reason,
                    trace_id=trace_id,
                )
            )
            return _refuse(refusal)
        lifetime_s = self._settings.token_lifetime_s
        token = self._tokens.issue(client.client_id, scopes, ttl_s=lifetime_s)
        await self._trail.record(
            AuditEvent(event=EventName.TOKEN_ISSUED, client_id=client.client_id, trace_id=trace_id)
        )
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": lifetime_s,
                "scope": " ".join(sorted(scopes)),
            },
            headers=_NOT_TO_BE_KEPT,
        )

    async def answer_jwks(self, request: Request) -> Response:
        return JSONResponse(self._signing_keys.jwks(), headers={"Cache-Control": "public, max-age=300"})

    async def answer_metadata(self, request: Request) -> Response:
        base_url = self._settings.base_url
        return JSONResponse(
            {
                "issuer": base_url,
                "token_endpoint": base_url + TOKEN_PATH,
                "jwks_uri": base_url + JWKS_PATH,
                "scopes_supported": self._scopes,
                "response_types_supported": [],
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }
        )

    async def _grant(self, form: dict[str, str], credentials: Credentials) -> tuple[Client, frozenset[str]]:
        client = await authenticate(self._pool, credentials.client_id, credentials.secret)
        if client is None:
            # The id is what a stranger typed: it is not kept.
            raise TokenRefused(
                "invalid_client",
                "The client is not known by that secret.",
                reason="client_refused",
                status=401,
            )
        grant_type = form.get("grant_type")
        if grant_type is None:
            raise TokenRefused(
                "invalid_request", "grant_type is missing.", reason="bad_request", client_id=client.client_id
            )
        if grant_type != "client_credentials":
            raise TokenRefused(
                "unsupported_grant_type",
                "The one grant type is client_credentials.",
                reason="grant_type_unsupported",
                client_id=client.client_id,
            )
        asked = frozenset(form.get("scope", "").split())
        if not all(is_held(scope, client.scopes) for scope in asked):
            raise TokenRefused(
                "invalid_scope",
                "The client does not hold every scope it asked for.",
                reason="scope_missing",
                client_id=client.client_id,
            )
        return client, asked or client.scopes


async def _read_form(request: Request) -> dict[str, str]:
    """The fields of the body; one without a value counts as left out (RFC 6749 §3.2)."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != _FORM:
        raise TokenRefused("invalid_request", f"The body must be {_FORM}.", reason="bad_request")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise TokenRefused("invalid_request", "The body is too long.", reason="bad_request", status=413)
    try:
        fields = parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise TokenRefused("invalid_request", "The body is not a form.", reason="bad_request") from error
    if len({name for name, _ in fields}) < len(fields):
        raise TokenRefused("invalid_request", "A field stands twice.", reason="bad_request")
    return dict(fields)


def _read_credentials(request: Request, form: dict[str, str]) -> Credentials:
    in_body = "client_id" in form or "client_secret" in form
    if "Authorization" not in request.headers:
        if not in_body:
            raise _unknown("No client credentials were sent.")
        return Credentials(form.get("client_id", ""), form.get("client_secret", ""))
    if "client_secret" in form:
        raise TokenRefused(
            "invalid_request",
            "Send the credentials once: in the header or in the body.",
            reason="bad_request",
        )
    scheme, _, encoded = request.headers["Authorization"].partition(" ")
    if scheme.lower() != "basic":
        raise _unknown("The Authorization header must be Basic.")
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise _unknown("The Authorization header is not Basic credentials.") from error
    if not colon:
        raise _unknown("The Authorization header is not Basic credentials.")
    # RFC 6749 §2.3.1: each half is form-encoded before the two are joined.
    credentials = Credentials(unquote_plus(client_id), unquote_plus(secret))
    if form.get("client_id", credentials.client_id) != credentials.client_id:
        raise TokenRefused("invalid_request", "Two client ids were sent.", reason="bad_request")
    return credentials


def _unknown(description: str) -> TokenRefused:
    return TokenRefused("invalid_client", description, reason="client_refused", status=401)


def _refuse(refusal: TokenRefused) -> Response:
    headers = dict(_NOT_TO_BE_KEPT)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="carecord"'
    return JSONResponse(
        {"error": refusal.error, "error_description": refusal.description},
        status_code=refusal.status,
        headers=headers,
    )
