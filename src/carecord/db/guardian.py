"""The guardian: a process that starts the embedded server, and stops it when the last holder is gone.

A holder has `holders.lock` shared. The guardian tries now and then to take it exclusively; that works only
when no holder is left, however the holders ended. It keeps it while the server stops, so that the next
holder waits for a stopped server and starts a new guardian. The server, for its part, gets SIGINT from
the kernel when the guardian dies.
"""

# Runs with `python -I -S`: the standard library, and modules of this package that need no more.

import contextlib
import ctypes
import errno
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from carecord.db.folder import Failure, ServerFolder, open_lock, try_lock
from carecord.db.identity import take_identity

_POLL_S = 0.05
_DRAIN_S = 10.0
_STOP_S = 60.0
_RESTARTS_IN_A_MINUTE = 5
_LOG_LIMIT_BYTES = 10_000_000
_PR_SET_PDEATHSIG = 1

# What matters on a developer's machine: answers in microseconds, and nothing acknowledged is lost.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Whole pages go into the log after each checkpoint, and pglz takes longer over one than the disk does.
    "wal_compression": "off",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "random_page_cost": "1.1",
    "huge_pages": "try",
    "jit": "off",
    "timezone": "UTC",
    # The log tells of the server, never of patients: no failed statements, no details, no parameters.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
}
# For tests, which throw their data away.
_CARELESS_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


def main(arguments: Sequence[str]) -> None:
    """Guard the server of a folder. Returns to the starter once this guardian, or another, is there."""
    folder, programs, care = ServerFolder(Path(arguments[0])), Path(arguments[1]), arguments[2]
    own_lock = open_lock(folder.guardian_lock)
    if not _try_for_a_moment(own_lock):
        return
    if os.fork():
        return
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    holders_lock = open_lock(folder.holders_lock)
    folder.forget_failure()
    try:
        _guard(folder, programs, durable=care == "durable", holders_lock=holders_lock)
    except Exception as error:  # noqa: BLE001 - nobody reads this process's standard error
        with contextlib.suppress(OSError):
            folder.record_failure(_as_failure(error))
    finally:
        # First the guardian's lock, then the holders': who comes next finds no guardian.
        os.close(own_lock)
        os.close(holders_lock)


def _as_failure(error: Exception) -> Failure:
    if isinstance(error, Failure):
        return error
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return Failure("disk_full" if full else "start", f"{type(error).__name__}: {error}")


def _try_for_a_moment(lock: int) -> bool:
    # A holder that looks whether a guardian lives has the lock for an instant.
    for _ in range(10):
        if try_lock(lock, exclusive=True):
            return True
        time.sleep(0.02)
    return False


def _guard(folder: ServerFolder, programs: Path, *, durable: bool, holders_lock: int) -> None:
    _end_leftovers(folder)
    programs = take_identity(folder, programs)
    _rotate_log(folder.log)
    _make_socket_folder(folder.socket_folder)
    if not folder.cluster.exists():
        _create_cluster(folder, programs, durable=durable)
    server = _start(folder, programs, durable=durable)
    try:
        starts_at = [time.monotonic()]
        leave_at = float("inf")
        while not try_lock(holders_lock, exclusive=True) and time.monotonic() < leave_at:
            received = signal.sigtimedwait({signal.SIGCHLD, signal.SIGTERM}, _POLL_S)
            if received and received.si_signo == signal.SIGTERM:
                # The machine or the unit stops: its holders are ending too, and may finish first.
                leave_at = min(leave_at, time.monotonic() + _DRAIN_S)
            if server.poll() is not None and leave_at == float("inf"):
                starts_at = [at for at in starts_at if at > time.monotonic() - 60]
                if len(starts_at) > _RESTARTS_IN_A_MINUTE:
                    raise Failure("start", "The server ended again and again; its log tells why.")
                _end_leftovers(folder)
                server = _start(folder, programs, durable=durable)
                starts_at.append(time.monotonic())
    finally:
        _stop(server, folder)


def _create_cluster(folder: ServerFolder, programs: Path, *, durable: bool) -> None:
    shutil.rmtree(folder.unfinished_cluster, ignore_errors=True)
    command = [str(programs / "initdb"), "-D", str(folder.unfinished_cluster)]
    command += ["--username=postgres", "--encoding=UTF8", "--locale=C"]
    # Only the server's own user can open its socket folder, so that no password is needed.
    command += ["--auth-local=trust", "--auth-host=reject", *([] if durable else ["--no-sync"])]
    made = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(folder),
        check=False,
    )
    if made.returncode != 0:
        shutil.rmtree(folder.unfinished_cluster, ignore_errors=True)
        raise _explain(folder, made.stdout, "initdb could not make the cluster")
    folder.unfinished_cluster.rename(folder.cluster)


def _start(folder: ServerFolder, programs: Path, *, durable: bool) -> "subprocess.Popen[bytes]":
    settings = _SETTINGS | {"shared_buffers": _shared_buffers()} | ({} if durable else _CARELESS_SETTINGS)
    settings["unix_socket_directories"] = '"' + str(folder.socket_folder).replace('"', '""') + '"'
    command: list[str | Path] = [programs / "postgres", "-D", folder.cluster]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    said_from = _size(folder.log)
    with folder.log.open("ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(folder),
            preexec_fn=_tie_to(os.getpid()),  # noqa: PLW1509 - the guardian has one thread
        )
    while not _is_ready(folder.cluster):
        if server.poll() is not None:
            raise _explain(folder, _read_from(folder.log, said_from), "The server ended while starting")
        time.sleep(0.01)
    return server


def _tie_to(guardian: int) -> Callable[[], None]:
    """For the server before its first instruction: end with the guardian, and take signals again."""
    libc = ctypes.CDLL(None)

    def tie() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if hasattr(libc, "prctl"):
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != guardian:
            os._exit(1)

    return tie


def _is_ready(cluster: Path) -> bool:
    """The server writes its state on the eighth line of its pid file."""
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _stop(server: "subprocess.Popen[bytes]", folder: ServerFolder) -> None:
    for order, patience_s in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
        if server.poll() is None:
            server.send_signal(order)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(patience_s)
    _end_leftovers(folder)
    if folder.socket_folder.parent != folder.path:
        shutil.rmtree(folder.socket_folder, ignore_errors=True)


def _end_leftovers(folder: ServerFolder) -> None:
    """End what a killed guardian or server left running on this cluster, and remove its lock files.

    Only one guardian lives, so nothing that runs here before it starts its server belongs to anybody.
    """
    for order, patience_s in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        until = time.monotonic() + patience_s
        for process in _server_processes(folder.cluster):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, order)
        while _server_processes(folder.cluster) and time.monotonic() < until:
            time.sleep(0.01)
    if not Path("/proc/self").exists():
        # Elsewhere than on Linux nobody can tell what was left; the server then looks for itself.
        return
    # The numbers in these may by now be other programs', which the server would take for its like.
    for left in (folder.cluster / "postmaster.pid", folder.socket.with_name(f"{folder.socket.name}.lock")):
        left.unlink(missing_ok=True)


def _server_processes(cluster: Path) -> list[int]:
    """Processes of a server of this cluster: each works in the cluster's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name = process.joinpath("comm").read_text("utf-8").strip()
            if name == "postgres" and process.joinpath("cwd").readlink() == cluster:
                found.append(int(process.name))
    return found


def _make_socket_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if path.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise Failure("start", f"{path} belongs to somebody else or is open to others.") from None


def _rotate_log(log: Path) -> None:
    if _size(log) > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _explain(folder: ServerFolder, said: bytes, what: str) -> Failure:
    """The failure, with the last that the program said."""
    lines = said.decode("utf-8", "replace").splitlines()
    full = folder.is_short_of_space() or any("No space left on device" in line for line in lines)
    return Failure("disk_full" if full else "start", f"{what}: {' '.join(lines[-3:]) or 'it gave no reason'}")


def _read_from(log: Path, offset: int) -> bytes:
    with log.open("rb") as file:
        file.seek(offset)
        return file.read()


def _environment(folder: ServerFolder) -> dict[str, str]:
    # A private home, or libpq inside the server looks into root's.
    return {"PATH": os.defpath, "HOME": str(folder.path), "LC_ALL": "C", "TZ": "UTC"}


def _shared_buffers() -> str:
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_048_576
    return f"{max(64, min(512, memory_mb // 8))}MB"
