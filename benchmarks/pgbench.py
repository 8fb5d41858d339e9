"""pgbench, the baseline of every statement: what PostgreSQL gives a client that does nothing but ask."""

import re
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from carecord.db.programs import find_programs


@dataclass(frozen=True, slots=True)
class PgbenchRun:
    """`client_s` are the processor seconds of pgbench itself."""

    rate: float
    transactions: int
    client_s: float


def run_pgbench(url: str, script: str, *, connections: int, seconds: int) -> PgbenchRun:
    """Run one statement prepared, over so many connections."""
    program = find_programs(None).folder / "pgbench"
    if not program.is_file():
        raise FileNotFoundError(f"There is no pgbench beside {program.parent}; install postgresql-contrib.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.sql"
        file.write_text(script)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [
                program,
                "--no-vacuum",
                "--protocol=prepared",
                f"--client={connections}",
                f"--jobs={min(2, connections)}",
                f"--time={seconds}",
                f"--file={file}",
                url,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return PgbenchRun(
        rate=_number_after("tps = ", done.stdout),
        transactions=int(_number_after("transactions actually processed: ", done.stdout)),
        client_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def _number_after(words: str, text: str) -> float:
    found = re.search(re.escape(words) + r"([\d.]+)", text)
    if found is None:
        raise ValueError(f"pgbench did not say {words!r}")
    return float(found.group(1))
