"""PostgreSQL without an installation: hold a server on a data folder, together with any number of processes.

The first holder starts a guardian (see `guardian.py`), which runs the server until the last holder is gone,
whether it closed, ended or was killed.
"""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from carecord.db.folder import PORT, Failure, ServerFolder, is_held, open_lock, try_lock
from carecord.db.programs import Programs, find_programs
from carecord.kernel.errors import SetUpError
from carecord.kernel.sql import load_queries

_QUERIES = load_queries(__package__)
# A crash with much to recover, or a stop with much to write, takes this long at worst.
_PATIENCE_S = 120.0
_POLL_S = 0.01
_STARTS = 3
_SOURCE = Path(__file__).resolve().parents[2]
# Run without site-packages, which makes it start at once; it is told where carecord itself lies.
_APART = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
sys.exit(importlib.import_module(sys.argv[2]).main(sys.argv[3:]))
"""


class DataFolderRefused(SetUpError):
    """The data folder cannot be used by this user."""


class DiskFull(SetUpError):
    """The disk of the data folder is full."""


class ServerDidNotStart(SetUpError):
    """The embedded PostgreSQL did not start."""


class Held:
    """A hold on the embedded server: it runs at least until `close()`, or until this process is gone."""

    def __init__(self, folder: ServerFolder, lock: int, *, durable: bool) -> None:
        self._folder = folder
        self._lock: int | None = lock
        self._durable = durable

    @property
    def url(self) -> str:
        """The database, for libpq."""
        return _url(self._folder, user="carecord", database="carecord")

    @property
    def folder(self) -> Path:
        """The server's own folder, with its log."""
        return self._folder.path

    def ensure_server(self) -> None:
        """Start the server again if its guardian was killed. Costs microseconds while it lives."""
        if self._lock is not None and not is_held(self._folder.guardian_lock):
            _await_server(self._folder, durable=self._durable)

    def close(self) -> None:
        """Let go. Returns when the server has stopped, if nobody else holds it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
            _await_stop_if_last(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def hold(data_folder: Path, *, durable: bool = True) -> Held:
    """Hold the server of a data folder, starting it if need be, with its database there and ready.

    `durable=False` trades safety for speed, for tests that throw their data away. Raises ProgramsMissing,
    OtherMajorVersion, DataFolderRefused, DiskFull or ServerDidNotStart, each with what to do.
    """
    folder = _make_folder(data_folder)
    lock = _lock_shared(folder)
    try:
        _await_server(folder, durable=durable)
    except BaseException:
        os.close(lock)
        raise
    return Held(folder, lock, durable=durable)


def _make_folder(data_folder: Path) -> ServerFolder:
    data_folder = data_folder.expanduser().resolve()
    # Private to us, unless root's server must run as `nobody`, who has to pass through.
    mode = 0o711 if os.geteuid() == 0 and not (data_folder.exists() or _namespaces_are_allowed()) else 0o700
    try:
        data_folder.parent.mkdir(parents=True, exist_ok=True)
        data_folder.mkdir(mode=mode, exist_ok=True)
        path = data_folder / "postgresql"
        path.mkdir(mode=0o700, exist_ok=True)
        return ServerFolder(path)
    except OSError as error:
        raise _refused(data_folder, error) from error


def _lock_shared(folder: ServerFolder) -> int:
    try:
        lock = open_lock(folder.holders_lock)
    except OSError as error:
        raise _refused(folder.path, error) from error
    until = time.monotonic() + _PATIENCE_S
    while not try_lock(lock, exclusive=False):
        # The guardian is stopping the server for want of holders; then the next one may start.
        if time.monotonic() > until:
            os.close(lock)
            raise ServerDidNotStart(f"The server in {folder.path} has not stopped for {_PATIENCE_S:.0f} s.")
        time.sleep(_POLL_S)
    return lock


def _refused(folder: Path, error: OSError) -> SetUpError:
    if isinstance(error, PermissionError):
        return DataFolderRefused(f"{folder} is another user's; set CARECORD_DATA to a folder of your own.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"The disk of {folder} is full; make room and start again.")
    return DataFolderRefused(f"{folder} cannot be used: {error.strerror}.")


def _await_server(folder: ServerFolder, *, durable: bool) -> None:
    programs = find_programs(folder.major_version())
    until = time.monotonic() + _PATIENCE_S
    starts = 0
    while True:
        if not is_held(folder.guardian_lock):
            if starts and (failure := folder.last_failure()):
                raise _as_set_up_error(folder, failure)
            if starts == _STARTS or time.monotonic() > until:
                raise _as_set_up_error(folder, None)
            _start_guardian(folder, programs, durable=durable)
            starts += 1
        if folder.socket.exists():
            try:
                return _set_up_database(folder, durable=durable)
            except psycopg.errors.DiskFull as error:
                raise _as_set_up_error(folder, Failure("disk_full", "")) from error
            except psycopg.OperationalError as error:
                if time.monotonic() > until:
                    raise _as_set_up_error(folder, None) from error
        time.sleep(_POLL_S)


def _namespaces_are_allowed() -> bool:
    # Tried by another process: this one may have threads, and must not fork.
    return _run_apart("carecord.db.identity") == 0


def _start_guardian(folder: ServerFolder, programs: Programs, *, durable: bool) -> None:
    care = "durable" if durable else "careless"
    _run_apart("carecord.db.guardian", str(folder.path), str(programs.folder), care)


def _run_apart(module: str, *arguments: str) -> int:
    # A session of its own: Ctrl-C ends the holder, and the guardian follows when the last is gone.
    return subprocess.call(
        [sys.executable, "-I", "-S", "-c", _APART, str(_SOURCE), module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )


def _as_set_up_error(folder: ServerFolder, failure: Failure | None) -> SetUpError:
    if failure.kind == "disk_full" if failure else folder.is_short_of_space():
        return DiskFull(f"The disk of {folder.path} is full; make room and start again.")
    if failure is None:
        return ServerDidNotStart(f"The embedded PostgreSQL did not start; see {folder.log}.")
    if failure.kind == "identity":
        return DataFolderRefused(failure.text)
    return ServerDidNotStart(f"The embedded PostgreSQL did not start ({failure.text}); see {folder.log}.")


def _set_up_database(folder: ServerFolder, *, durable: bool) -> None:
    """Make the role and the database unless they are there."""
    url = _url(folder, user="postgres", database="postgres")
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        if durable and not _holds(connection, _QUERIES.fsync):
            raise ServerDidNotStart("The server runs without fsync, for tests; it cannot be held as durable.")
        if _holds(connection, _QUERIES.database_exists):
            return
        connection.execute(_QUERIES.lock_set_up)
        if not _holds(connection, _QUERIES.role_exists):
            connection.execute(_QUERIES.create_role)
        if not _holds(connection, _QUERIES.database_exists):
            connection.execute(_QUERIES.create_database)


def _holds(connection: psycopg.Connection, query: str) -> bool:
    row = connection.execute(query).fetchone()
    return row is not None and bool(row[0])


def _await_stop_if_last(folder: ServerFolder) -> None:
    until = time.monotonic() + _PATIENCE_S
    seen_others = 0
    while is_held(folder.guardian_lock) and time.monotonic() < until:
        if _others_hold(folder):
            # Twice may be another that looks as we do; three times in a row is a holder.
            seen_others += 1
            if seen_others == 3:
                return
        time.sleep(_POLL_S)


def _others_hold(folder: ServerFolder) -> bool:
    """Whether the lock is shared by somebody: neither free, nor with the guardian that is stopping."""
    lock = open_lock(folder.holders_lock)
    try:
        return not try_lock(lock, exclusive=True) and try_lock(lock, exclusive=False)
    finally:
        os.close(lock)


def _url(folder: ServerFolder, *, user: str, database: str) -> str:
    return f"postgresql://{user}@/{database}?host={quote(str(folder.socket_folder), safe='')}&port={PORT}"
