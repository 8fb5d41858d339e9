"""Run the server as someone PostgreSQL accepts: it refuses root, and an account without a name.

The server runs as the owner of its folder. Where that is root, it runs in a user namespace in which
root's files belong to `nobody`: nothing changes owner or mode, and a folder under a 0700 `/root` stays
in reach. Where the system forbids namespaces (as containers do), it becomes `nobody` outright; then the
folder must lie where `nobody` can reach it. No account is added and no folder is opened to others.
"""

# The guardian runs this module without site-packages: the standard library only.

import ctypes
import os
import pwd
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from carecord.db.folder import Failure, ServerFolder

_CLONE_NEWUSER = 0x10000000


def take_identity(folder: ServerFolder, programs: Path) -> Path:
    """Become who the server will be, for good. Returns the folder of programs that this one can run."""
    if os.geteuid() != 0 and _has_account(os.geteuid()):
        return programs
    owner = folder.path.stat()
    if owner.st_uid == os.geteuid():
        if _allowed(_enter_namespace, folder.path, programs):
            _enter_namespace()
            return programs
        if os.geteuid() != 0:
            raise Failure("identity", f"User {os.geteuid()} has no account, which PostgreSQL needs.")
        _hand_over(folder.path)
        owner = folder.path.stat()
    return _become_owner(folder, programs, uid=owner.st_uid, gid=owner.st_gid)


def main(_: Sequence[str]) -> int:
    """Exit status 0 if a server of this user may run in a user namespace."""
    return 0 if _allowed(_enter_namespace) else 1


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _become_owner(folder: ServerFolder, programs: Path, *, uid: int, gid: int) -> Path:
    def become() -> None:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)

    if not _allowed(become, folder.path):
        raise Failure(
            "identity",
            f"The server would run as user {uid}, who cannot reach {folder.path}. Set CARECORD_DATA to a "
            "folder that this user can reach, or run carecord as an ordinary user.",
        )
    if not _allowed(become, programs):
        programs = _copy_programs(programs, folder.path / "programs")
        _hand_over(folder.path / "programs", uid=uid, gid=gid)
    become()
    return programs


def _enter_namespace() -> None:
    """Enter a user namespace where this process's user is called `nobody`."""
    uid, gid = os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        raise OSError("user namespaces are Linux's")
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are forbidden here")
    Path("/proc/self/setgroups").write_text("deny", "utf-8")
    Path("/proc/self/uid_map").write_text(f"{nobody.pw_uid} {uid} 1", "utf-8")
    Path("/proc/self/gid_map").write_text(f"{nobody.pw_gid} {gid} 1", "utf-8")


def _allowed(become: Callable[[], None], *needed: Path) -> bool:
    """Try an identity in a child: whether it can be taken, and reaches the folders with it."""
    child = os.fork()
    if child == 0:
        try:
            become()
            os._exit(0 if all(os.access(folder, os.R_OK | os.X_OK) for folder in needed) else 1)
        except BaseException:  # noqa: BLE001 - the child must end here, whatever happens
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _hand_over(tree: Path, *, uid: int | None = None, gid: int | None = None) -> None:
    """Make `nobody`, or the user named, the owner of a folder of ours."""
    nobody = pwd.getpwnam("nobody")
    owner = (nobody.pw_uid if uid is None else uid, nobody.pw_gid if gid is None else gid)
    for path in (tree, *tree.rglob("*")):
        os.chown(path, *owner, follow_symlinks=False)


def _copy_programs(programs: Path, target: Path) -> Path:
    """Copy the wheel's programs with the libraries that they look for beside their package."""
    install, package = programs.parent, programs.parent.parent
    shutil.rmtree(target, ignore_errors=True)
    copy = target / package.name / install.name
    shutil.copytree(install, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    return copy / programs.name
