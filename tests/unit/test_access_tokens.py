"""A token counts when we signed it, for ourselves, and its time has not run out; nothing else does."""

import base64
import hmac
import json
import multiprocessing
import stat
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from carecord.access.signing_keys import SigningKeys
from carecord.access.tokens import Tokens, read_bearer_token
from carecord.kernel.errors import NotAuthenticated, SetUpError

NOW = 1_800_000_000.0
ISSUER = "https://record.example"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return SigningKeys(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(signing_keys: SigningKeys, clock: Clock) -> Tokens:
    return Tokens(signing_keys, issuer=ISSUER, audience=ISSUER, clock=clock)


def claims_of(**changes: object) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": "app",
        "client_id": "app",
        "scope": "gp.read",
        "iat": int(NOW),
        "nbf": int(NOW),
        "exp": int(NOW) + 3600,
        "jti": "1",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def sign(signing_keys: SigningKeys, claims: dict[str, Any], **header: object) -> str:
    key = signing_keys.current
    full = {"alg": "RS256", "kid": key.key_id, "typ": "at+jwt", **header}
    return jwt.encode(full, claims, key.key, algorithms=[full["alg"]])


def encode(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def refusal_of(tokens: Tokens, token: str) -> NotAuthenticated:
    with pytest.raises(NotAuthenticated) as refused:
        tokens.verify(token)
    assert 'error="invalid_token"' in refused.value.headers["WWW-Authenticate"]
    return refused.value


def test_an_issued_token_says_what_was_put_in(tokens: Tokens) -> None:
    token = tokens.issue("app", ["gp.read", "acute.read"], ttl_s=60)
    claims = tokens.verify(token)
    assert (claims.client_id, claims.user_id) == ("app", None)
    assert claims.scopes == {"gp.read", "acute.read"}
    assert claims.expires_at == NOW + 60


def test_a_token_of_a_user_names_the_user_and_the_client(tokens: Tokens) -> None:
    claims = tokens.verify(tokens.issue("app", ["gp.read"], ttl_s=60, user_id="user-7"))
    assert (claims.client_id, claims.user_id) == ("app", "user-7")


def test_a_token_stops_counting_at_its_expiry_even_when_it_is_remembered(
    tokens: Tokens, clock: Clock
) -> None:
    token = tokens.issue("app", ["gp.read"], ttl_s=30)
    tokens.verify(token)
    clock.now += 29.5
    tokens.verify(token)
    clock.now += 0.5
    assert refusal_of(tokens, token).reason == "token_expired"
    clock.now += 3600
    assert refusal_of(tokens, token).reason == "token_expired"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "https://other.example"},
        {"aud": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": None},
        {"nbf": int(NOW) + 60},
        {"sub": None},
        {"client_id": None},
        {"client_id": 7},
        {"scope": ["gp.read"]},
        {"jti": None},
    ],
    ids=str,
)
def test_a_signed_token_with_wrong_claims_is_refused(
    tokens: Tokens, signing_keys: SigningKeys, changes: dict[str, object]
) -> None:
    assert refusal_of(tokens, sign(signing_keys, claims_of(**changes))).reason == "token_invalid"


def test_the_same_token_with_right_claims_counts(tokens: Tokens, signing_keys: SigningKeys) -> None:
    assert tokens.verify(sign(signing_keys, claims_of())).client_id == "app"


def test_an_expired_token_is_refused_as_expired(tokens: Tokens, signing_keys: SigningKeys) -> None:
    for ended in (0, 1, 10_000):
        token = sign(signing_keys, claims_of(exp=int(NOW) - ended))
        assert refusal_of(tokens, token).reason == "token_expired"


def test_a_clock_a_little_behind_accepts_a_fresh_token(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue("app", ["gp.read"], ttl_s=60)
    clock.now -= 3
    assert tokens.verify(token).client_id == "app"


def test_a_token_without_signature_is_refused(tokens: Tokens, signing_keys: SigningKeys) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        header = {"alg": algorithm, "kid": signing_keys.current.key_id, "typ": "at+jwt"}
        refusal_of(tokens, f"{encode(header)}.{encode(claims_of())}.")


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(
    tokens: Tokens, signing_keys: SigningKeys
) -> None:
    key = signing_keys.current
    header = {"alg": "HS256", "kid": key.key_id, "typ": "at+jwt"}
    signed = f"{encode(header)}.{encode(claims_of())}"
    for secret in (key.key.as_pem(private=False), key.key.as_der(private=False)):
        mac = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=")
        refusal_of(tokens, f"{signed}.{mac.decode()}")


def test_another_algorithm_of_the_right_key_is_refused(tokens: Tokens, signing_keys: SigningKeys) -> None:
    refusal_of(tokens, sign(signing_keys, claims_of(), alg="RS512"))
    refusal_of(tokens, sign(signing_keys, claims_of(), alg="PS256"))


def test_a_token_of_another_key_is_refused_whatever_key_id_it_names(
    tokens: Tokens, signing_keys: SigningKeys
) -> None:
    stranger = RSAKey.generate_key(2048)
    for key_id in (signing_keys.current.key_id, stranger.thumbprint(), "../0001", None):
        header = {"alg": "RS256", "typ": "at+jwt", "jwk": stranger.as_dict(private=False)}
        if key_id is not None:
            header["kid"] = key_id
        refusal_of(tokens, jwt.encode(header, claims_of(), stranger))


def test_a_token_of_another_type_is_refused(tokens: Tokens, signing_keys: SigningKeys) -> None:
    refusal_of(tokens, sign(signing_keys, claims_of(), typ="JWT"))


def test_a_token_with_a_header_we_do_not_understand_is_refused(
    tokens: Tokens, signing_keys: SigningKeys
) -> None:
    key = signing_keys.current
    header = {"alg": "RS256", "kid": key.key_id, "typ": "at+jwt", "crit": ["exp"], "exp": 1}
    part = f"{encode(header)}.{encode(claims_of())}"
    signed = jws.serialize_compact({"alg": "RS256"}, b"x", key.key).rsplit(".", 1)[1]
    refusal_of(tokens, f"{part}.{signed}")


@given(position=st.integers(0, 10_000), letter=st.sampled_from(string.ascii_letters + string.digits + "-_."))
def test_a_token_changed_in_any_one_place_is_refused(
    make_issued: Callable[[], tuple[Tokens, str]], position: int, letter: str
) -> None:
    tokens, token = make_issued()
    # The last letter of a signature carries bits that base64 does not use, so it is left alone.
    position %= len(token) - 1
    changed = token[:position] + letter + token[position + 1 :]
    if changed != token:
        refusal_of(tokens, changed)


@given(text=st.text(max_size=200))
def test_no_text_that_is_not_a_token_gets_in_or_crashes(
    make_issued: Callable[[], tuple[Tokens, str]], text: str
) -> None:
    refusal_of(make_issued()[0], text)


@pytest.fixture(scope="module")
def make_issued(signing_keys: SigningKeys) -> Callable[[], tuple[Tokens, str]]:
    tokens = Tokens(signing_keys, issuer=ISSUER, audience=ISSUER, clock=lambda: NOW)
    token = tokens.issue("app", ["gp.read"], ttl_s=60)
    return lambda: (tokens, token)


def test_a_token_too_long_to_be_ours_is_refused_unread(tokens: Tokens) -> None:
    assert refusal_of(tokens, "a" * 100_000).reason == "token_invalid"


def test_the_memory_of_verified_tokens_has_a_bound(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carecord.access.tokens._REMEMBERED_TOKENS", 3)
    for number in range(5):
        tokens.verify(tokens.issue(f"app-{number}", [], ttl_s=60))
    assert len(tokens._verified) == 3


def test_a_call_without_a_token_is_told_the_scheme_and_no_error_code() -> None:
    for header in (None, "", "Basic YTpi", "Token abc"):
        with pytest.raises(NotAuthenticated) as refused:
            read_bearer_token(header)
        assert refused.value.headers == {"WWW-Authenticate": 'Bearer realm="carecord"'}
        assert refused.value.reason == "token_missing"


def test_the_scheme_is_read_without_regard_to_case() -> None:
    assert read_bearer_token("bearer abc") == read_bearer_token("Bearer abc") == "abc"


# --- the keys ---


def test_a_rotated_key_signs_and_the_one_before_still_verifies(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path)
    ours = Tokens(keys, issuer=ISSUER, audience=ISSUER)
    theirs = Tokens(SigningKeys(tmp_path), issuer=ISSUER, audience=ISSUER)
    before = ours.issue("app", [], ttl_s=60)
    first = keys.current
    second = keys.rotate()
    after = ours.issue("app", [], ttl_s=60)
    assert [key["kid"] for key in keys.jwks()["keys"]] == [first.key_id, second.key_id]
    assert jws.extract_compact(after.encode()).headers()["kid"] == second.key_id
    assert theirs.verify(before).client_id == theirs.verify(after).client_id == "app"


def test_a_token_of_a_retired_key_is_refused(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path)
    token = Tokens(keys, issuer=ISSUER, audience=ISSUER).issue("app", [], ttl_s=60)
    keys.rotate()
    (tmp_path / "0001.pem").unlink()
    refusal_of(Tokens(keys, issuer=ISSUER, audience=ISSUER), token)


def test_the_key_set_shows_public_halves_only(signing_keys: SigningKeys) -> None:
    (key,) = signing_keys.jwks()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert key["kid"] == RSAKey.import_key({"kty": "RSA", "n": key["n"], "e": key["e"]}).thumbprint()


def test_a_key_file_is_its_owners_alone_and_no_draft_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "keys"
    SigningKeys(folder)
    assert [path.name for path in folder.iterdir()] == ["0001.pem"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "0001.pem").stat().st_mode) == 0o600


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    SigningKeys(tmp_path)
    (tmp_path / "0001.pem").chmod(0o640)
    with pytest.raises(SetUpError, match="0600"):
        SigningKeys(tmp_path)


def test_a_file_that_holds_no_private_key_stops_the_start(tmp_path: Path) -> None:
    for content in (b"not a key", RSAKey.generate_key(2048).as_pem(private=False)):
        path = tmp_path / "0001.pem"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
        with pytest.raises(SetUpError, match="private key"):
            SigningKeys(tmp_path)


def _key_id(folder: Path) -> str:
    return SigningKeys(folder).current.key_id


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as processes:
        key_ids = processes.map(_key_id, [tmp_path / "keys"] * 4)
    assert len(set(key_ids)) == 1
