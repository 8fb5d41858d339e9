"""Named SQL: every query stands in a `.sql` file of its package, described, with named parameters."""

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString

_HEADER = re.compile(r"^-- (?P<name>[a-z][a-z0-9_]*) --$", re.MULTILINE)


class Queries:
    """The queries of one file, each an attribute that holds its SQL text."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._sql: dict[str, str] = {}
        parts = _HEADER.split(text)
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            lines = body.strip().splitlines()
            if not lines or not lines[0].startswith("-- "):
                raise ValueError(f"{file}: {name} has no line that describes it")
            if name in self._sql:
                raise ValueError(f"{file}: {name} stands twice")
            # Without indentation: the driver remembers what it made of a text of up to 4,096 characters.
            self._sql[name] = "\n".join(line.strip() for line in lines if not line.startswith("-- ")).strip()

    def __getattr__(self, name: str) -> LiteralString:
        try:
            # It stands in a file of ours, and is as literal as text in a module.
            return self._sql[name]
        except KeyError:
            raise AttributeError(f"{self._file} has no query {name!r}") from None


@cache
def load_queries(package: str, file: str = "queries.sql") -> Queries:
    """Read a `.sql` file of the package. A query without a name or a description is an error at import."""
    return Queries(f"{package}/{file}", files(package).joinpath(file).read_text("utf-8"))
