"""Next links: a search and the place it has come to, sealed, so that no value of it stands in an address."""

import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from carecord.kernel.errors import BadRequest, FieldError

_LIFETIME_S = 24 * 3600
_FILE = "pages.key"


class Pages:
    """Seals and opens what next links hold, with a key of this data folder; each is for one client alone."""

    def __init__(self, folder: Path) -> None:
        self._fernet = Fernet(_key(folder))

    def seal(self, client_id: str, place: Any) -> str:
        """`place` is anything that JSON holds."""
        return self._fernet.encrypt(msgspec.json.encode([client_id, place])).decode()

    def open(self, client_id: str, sealed: str) -> Any:
        """What `seal` was given; BadRequest where it is none of ours, another client's, or a day old."""
        try:
            owner, place = msgspec.json.decode(self._fernet.decrypt(sealed.encode(), ttl=_LIFETIME_S))
        except (InvalidToken, ValueError) as error:
            raise _refusal() from error
        if owner != client_id:
            raise _refusal()
        return place


def _refusal() -> BadRequest:
    rule = FieldError("_page", "must be of a next link that this client was given within the last day")
    return BadRequest("The page link does not count.", errors=[rule])


def _key(folder: Path) -> bytes:
    """The key in the folder, made when there is none; the first of several processes to write it wins."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / _FILE
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=folder, prefix=".draft-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    return path.read_bytes()
