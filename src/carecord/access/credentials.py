"""Secrets that carecord makes, and the hash under which it keeps them.

A client secret or a subscription key is 256 random bits, so nobody can guess one from its hash, however
fast the hash: SHA-256 without salt or stretching is enough, and one indexed look-up finds the key's owner.
A password that a person chose would need more; there is none here.
"""

import hashlib
import secrets

_RANDOM_BYTES = 32


def new_client_secret() -> str:
    return secrets.token_urlsafe(_RANDOM_BYTES)


def new_subscription_key() -> str:
    """Hexadecimal, as the keys that callers of the CareCentric APIs are used to, and twice as long."""
    return secrets.token_hex(_RANDOM_BYTES)


def hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
