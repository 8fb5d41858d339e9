"""`python -m benchmarks [NAME…]`: run all benchmarks, or those named, and print one table."""

import importlib
import sys
from importlib.util import find_spec

from rich.console import Console

from benchmarks.table import Row, make_table

NAMES = ("read_page", "find_patient", "load", "audit")
"""Modules of this package; each has `measure() -> list[Row]`."""


def main(arguments: list[str]) -> int:
    names = arguments or [name for name in NAMES if find_spec(f"benchmarks.{name}")]
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    progress = Console(stderr=True)
    rows: list[Row] = []
    for name in names:
        progress.print(f"measuring {name} …")
        rows += importlib.import_module(f"benchmarks.{name}").measure()
    Console(width=None if sys.stdout.isatty() else 160).print(make_table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
