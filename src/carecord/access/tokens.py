"""Access tokens: JWTs of the RFC 9068 profile, signed with the newest key and verified against any."""

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import CompactSignature
from joserfc.jwt import JWTClaimsRegistry

from carecord.access.signing_keys import ALGORITHM, SigningKeys
from carecord.kernel.errors import NotAuthenticated

REMEMBERED_S = 60
"""A verified token is believed for so long without another look at its signature."""

_REMEMBERED_TOKENS = 10_000
_LONGEST_TOKEN = 8192
_CLOCK_SKEW_S = 5
_TYPE = "at+jwt"
_REALM = 'Bearer realm="carecord"'


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    client_id: str
    user_id: str | None
    scopes: frozenset[str]
    expires_at: float
    token_id: str
    patient: str | None = None
    """SMART launch context: the patient that scopes of patient/ are about."""


class Tokens:
    """Issues and verifies the tokens of one issuer. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        signing_keys: SigningKeys,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._signing_keys = signing_keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._verified: dict[str, tuple[float, Claims]] = {}
        self._rules = JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=_CLOCK_SKEW_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            nbf={"essential": True},
            sub={"essential": True},
            client_id={"essential": True},
            jti={"essential": True},
        )

    def issue(
        self,
        client_id: str,
        scopes: Iterable[str],
        *,
        ttl_s: int,
        user_id: str | None = None,
        patient: str | None = None,
    ) -> str:
        """`patient` is the context of a SMART launch, for scopes of patient/."""
        now = int(self._clock())
        signing_key = self._signing_keys.current
        return jwt.encode(
            {"alg": ALGORITHM, "kid": signing_key.key_id, "typ": _TYPE},
            {
                "iss": self._issuer,
                "aud": self._audience,
                "sub": user_id or client_id,
                "client_id": client_id,
                "scope": " ".join(sorted(scopes)),
                "iat": now,
                "nbf": now,
                "exp": now + ttl_s,
                "jti": str(uuid.uuid4()),
            }
            | ({} if patient is None else {"patient": patient}),
            signing_key.key,
            algorithms=[ALGORITHM],
        )

    def verify(self, token: str) -> Claims:
        """What the token says; `NotAuthenticated` unless we signed it for ourselves and it still counts."""
        now = self._clock()
        remembered = self._verified.get(token)
        if remembered is not None and now < remembered[0]:
            return remembered[1]
        claims = self._check(token)
        if claims.expires_at <= now:
            raise refuse_token("token_expired")
        self._remember(token, claims, until=min(claims.expires_at, now + REMEMBERED_S))
        return claims

    def _check(self, token: str) -> Claims:
        if len(token) > _LONGEST_TOKEN:
            raise refuse_token("token_invalid")
        try:
            # The one algorithm is ours to name, never the token's; the key is found by its id alone.
            signed = jwt.decode(token, self._key_of, algorithms=[ALGORITHM])
            if signed.header.get("typ") != _TYPE:
                raise refuse_token("token_invalid")
            self._rules.validate(signed.claims)
            return _claims(signed.claims)
        except (JoseError, ValueError, TypeError) as error:
            expired = getattr(error, "error", None) == "expired_token"
            raise refuse_token("token_expired" if expired else "token_invalid") from error

    def _key_of(self, signature: Any) -> RSAKey:
        if isinstance(signature, CompactSignature):
            signing_key = self._signing_keys.find(signature.headers().get("kid"))
            if signing_key is not None:
                return signing_key.key
        raise InvalidKeyIdError

    def _remember(self, token: str, claims: Claims, *, until: float) -> None:
        self._verified.pop(token, None)
        while len(self._verified) >= _REMEMBERED_TOKENS:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = (until, claims)


def _claims(claims: dict[str, Any]) -> Claims:
    client_id, subject, scope = claims["client_id"], claims["sub"], claims.get("scope", "")
    patient = claims.get("patient")
    if not isinstance(client_id, str) or not isinstance(scope, str):
        raise TypeError("client_id and scope must be text")
    if patient is not None and not isinstance(patient, str):
        raise TypeError("patient must be text")
    return Claims(
        client_id=client_id,
        user_id=None if subject == client_id else subject,
        scopes=frozenset(scope.split()),
        expires_at=float(claims["exp"]),
        token_id=claims["jti"],
        patient=patient,
    )


def read_bearer_token(authorization: str | None) -> str:
    """The token of an Authorization header; `NotAuthenticated` without one (RFC 6750 §2.1)."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        # RFC 6750 §3.1: a caller who sent no token at all is told the scheme and no error code.
        raise NotAuthenticated(
            "An access token is needed.", reason="token_missing", headers={"WWW-Authenticate": _REALM}
        )
    return token.strip()


def refuse_token(reason: str) -> NotAuthenticated:
    """The refusal of a token that does not count (RFC 6750 §3.1 `invalid_token`)."""
    text = "The access token has expired" if reason == "token_expired" else "The access token does not count"
    challenge = f'{_REALM}, error="invalid_token", error_description="{text}"'
    return NotAuthenticated(f"{text}.", reason=reason, headers={"WWW-Authenticate": challenge})


def challenge_scope(*scopes: str) -> str:
    """The WWW-Authenticate value that names the scopes a call needs (RFC 6750 §3.1 `insufficient_scope`)."""
    return f'{_REALM}, error="insufficient_scope", scope="{" ".join(scopes)}"'
