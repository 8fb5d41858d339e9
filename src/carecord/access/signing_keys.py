"""The keys that sign access tokens: PEM files in one folder, shared by every process that uses the folder.

The files are numbered, `0001.pem` and up. The highest number signs, all of them verify, so a rotation is
one new file, and an old key is retired by removing its file once its last token has run out.
"""

import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from carecord.kernel.errors import SetUpError

ALGORITHM = "RS256"
KEY_BITS = 2048


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key; `key_id` is its RFC 7638 thumbprint."""

    key_id: str
    key: RSAKey


class SigningKeys:
    """The keys of one folder. Whoever looks first makes the first key; a change is seen at the next use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: tuple[str, ...] = ()
        self._keys: tuple[SigningKey, ...] = ()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _key_files(folder):
            _write_key(folder, number=1)
        self._read()

    @property
    def current(self) -> SigningKey:
        """The key that signs: the newest."""
        self._read()
        return self._keys[-1]

    def find(self, key_id: object) -> SigningKey | None:
        """The key of that id, or None when no file holds it (any more)."""
        self._read()
        return next((key for key in self._keys if key.key_id == key_id), None)

    def rotate(self) -> SigningKey:
        """Add a key that signs from now on, in every process of the folder."""
        number = int(Path(_key_files(self._folder)[-1]).stem) + 1
        while not _write_key(self._folder, number=number):
            number += 1
        return self.current

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public halves, as RFC 7517 has them."""
        self._read()
        return {"keys": [_public_jwk(key) for key in self._keys]}

    def _read(self) -> None:
        """Listing the folder (some 10 us) finds a new or removed key at once; the files never change."""
        names = _key_files(self._folder)
        if names != self._names:
            self._keys = tuple(_read_key(self._folder / name) for name in names)
            self._names = names
        if not self._keys:
            raise SetUpError(f"There is no signing key left in {self._folder}.")


def _key_files(folder: Path) -> tuple[str, ...]:
    names = (name for name in os.listdir(folder) if name.endswith(".pem") and name[:-4].isdecimal())
    return tuple(sorted(names, key=lambda name: int(name[:-4])))


def _write_key(folder: Path, *, number: int) -> bool:
    """Make a key under that number. False when another process was first: a link never replaces a file."""
    pem = RSAKey.generate_key(KEY_BITS).as_pem(private=True)
    # mkstemp opens with O_EXCL and mode 0600; the key is whole, and on disk, before it has its name.
    handle, draft = tempfile.mkstemp(dir=folder, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, folder / f"{number:04}.pem")
    except FileExistsError:
        return False
    finally:
        os.unlink(draft)
    return True


def _read_key(path: Path) -> SigningKey:
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SetUpError(
            f"{path} can be read by others; a signing key must be its owner's alone (mode 0600)."
        )
    try:
        key = RSAKey.import_key(path.read_bytes())
    except (ValueError, JoseError) as error:
        raise SetUpError(f"{path} holds no RSA private key.") from error
    if not key.is_private or key.raw_value.key_size < KEY_BITS:
        raise SetUpError(f"{path} must hold an RSA private key of {KEY_BITS} bits or more.")
    return SigningKey(key_id=key.thumbprint(), key=key)


def _public_jwk(key: SigningKey) -> dict[str, Any]:
    jwk: dict[str, Any] = dict(key.key.as_dict(private=False))
    return jwk | {"kid": key.key_id, "use": "sig", "alg": ALGORITHM}
