"""Processor seconds that running processes have used: what the clock of a shared machine cannot tell."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def used_s(*roots: int) -> float:
    """Seconds used so far by these processes and all below them, also by children that are gone."""
    children: dict[int, list[int]] = {}
    own: dict[int, int] = {}
    ended: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            text = (folder / "stat").read_text()
        except OSError:
            continue
        # The second field is the name in brackets, which may hold blanks.
        fields = text.rpartition(")")[2].split()
        pid = int(folder.name)
        children.setdefault(int(fields[1]), []).append(pid)
        own[pid] = int(fields[11]) + int(fields[12])
        ended[pid] = int(fields[13]) + int(fields[14])
    ticks = 0
    found = list(roots)
    while found:
        pid = found.pop()
        ticks += own.get(pid, 0) + ended.get(pid, 0)
        found += children.get(pid, [])
    return ticks / _TICKS


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
