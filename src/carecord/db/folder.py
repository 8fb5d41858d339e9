"""The embedded server's folder: what lies where in it, and the locks through which processes share it."""

# The guardian runs this module without site-packages: the standard library only.

import fcntl
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

# sun_path holds 107 bytes; PostgreSQL adds "/.s.PGSQL.5432" and, while starting, ".lock".
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
PORT = 5432
# Two of PostgreSQL's log segments: with less it cannot start.
_LITTLE_SPACE_BYTES = 32_000_000


class Failure(Exception):
    """Why the server did not start: a kind that the holder turns into a typed error, and what happened."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """`<CARECORD_DATA>/postgresql`, private to the server and its holders."""

    path: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.path / "cluster"

    @property
    def unfinished_cluster(self) -> Path:
        """A cluster being made; it takes its name only when it is whole."""
        return self.path / "cluster.unfinished"

    @property
    def holders_lock(self) -> Path:
        """Every process that uses the server holds this shared; the kernel lets go for the killed."""
        return self.path / "holders.lock"

    @property
    def guardian_lock(self) -> Path:
        """The guardian holds this as long as it lives."""
        return self.path / "guardian.lock"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def socket_folder(self) -> Path:
        """In the folder itself; where its path is too long for a socket, a private one under /tmp."""
        inside = self.path / "socket"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER and "," not in str(inside):
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:20]
        return Path("/tmp") / f"carecord-{digest}"  # noqa: S108 - checked to be ours before use

    @property
    def socket(self) -> Path:
        return self.socket_folder / f".s.PGSQL.{PORT}"

    @property
    def _failure(self) -> Path:
        return self.path / "failure.json"

    def record_failure(self, failure: Failure) -> None:
        self._failure.write_text(json.dumps([failure.kind, failure.text]), "utf-8")

    def last_failure(self) -> Failure | None:
        try:
            kind, text = json.loads(self._failure.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return Failure(kind, text)

    def forget_failure(self) -> None:
        self._failure.unlink(missing_ok=True)

    def is_short_of_space(self) -> bool:
        return shutil.disk_usage(self.path).free < _LITTLE_SPACE_BYTES

    def major_version(self) -> int | None:
        """The major version that made the cluster; None when there is none yet."""
        try:
            return int((self.cluster / "PG_VERSION").read_text("utf-8"))
        except FileNotFoundError:
            return None


def open_lock(path: Path) -> int:
    """A descriptor to lock. It is closed on exec, so that no child program holds the lock by accident."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        # Whoever owns the folder must be able to use it without root the next time.
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def try_lock(descriptor: int, *, exclusive: bool) -> bool:
    """Take the lock if nobody stands against it."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether a process holds the lock exclusively."""
    descriptor = open_lock(path)
    try:
        return not try_lock(descriptor, exclusive=False)
    finally:
        os.close(descriptor)
