"""Markdown put together: pages, tables and JSON."""

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `make docs` from the declarations. Change those, not this file. -->\n"


def page(*parts: str) -> str:
    return NOTICE + "\n" + "\n\n".join(parts) + "\n"


def json_block(text: str) -> str:
    return f"```json\n{text}\n```"


def yes(holds: bool) -> str:
    return "yes" if holds else ""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
