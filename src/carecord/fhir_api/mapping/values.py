"""Texts of the catalogue as values of FHIR's primitive types. None stands for nothing that FHIR can hold."""

import base64
import html
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

UK = ZoneInfo("Europe/London")
_MIDNIGHT = "T00:00:00"

# What XML cannot carry, no FHIR text may hold.
_UNPRINTED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_COMPARED = re.compile(r"(<=|>=|<|>)\s*(.+)")


def text(value: Any) -> str | None:
    """The text, without what FHIR forbids; None where nothing else is in it."""
    said = value if isinstance(value, str) else str(value)
    if said.isalnum():
        return said
    if not said.isprintable():
        said = _UNPRINTED.sub("", said)
    return said if said and not said.isspace() else None


def code(value: Any) -> str | None:
    """A code: single blanks only, none at the ends."""
    said = value if isinstance(value, str) else str(value)
    if said.isalnum():
        return said
    said = _UNPRINTED.sub("", said)
    return " ".join(said.split()) or None


def read_code(value: Any) -> str | None:
    """A Read code; none of what a GP system calls uncoded, five dots."""
    said = code(value)
    return said if said and said.strip(".") else None


def uri(value: Any) -> str | None:
    said = text(value)
    return "".join(said.split()) if said else None


@lru_cache(maxsize=65_536)
def date_time(value: str) -> str | None:
    """A day as it is; a local time with its offset. At midnight exactly no time is known: a day too."""
    if len(value) <= 10:
        return value
    if value[10:].rstrip("0").rstrip(".") in ("T", "T00:", "T00:00:", "T00:00"):
        return value[:10]
    return instant(value)


@lru_cache(maxsize=65_536)
def instant(value: str) -> str | None:
    """A local time, or the start of a day, with its offset; None where it is no time."""
    local = value if len(value) > 10 else value + _MIDNIGHT
    if len(local) == 16:
        local += ":00"
    try:
        offset = datetime.fromisoformat(local).replace(tzinfo=UK).strftime("%z")
    except ValueError:
        return None
    return f"{local}{offset[:3]}:{offset[3:]}"


def day(value: str) -> str:
    return value[:10]


def number(value: Any) -> int | Decimal | None:
    """The number to the digit; None where the text is no number."""
    if isinstance(value, int):
        return value
    said = str(value).strip()
    if said.isdigit() and said.isascii():
        return int(said)
    return Decimal(said) if _NUMBER.fullmatch(said) else None


def compared(value: Any) -> tuple[str | None, int | Decimal] | None:
    """A number and its comparator: `<5`, `>= 90`, `7.2`; None where the text is something else."""
    amount = number(value)
    if amount is not None:
        return None, amount
    found = _COMPARED.fullmatch(str(value).strip())
    amount = number(found[2]) if found else None
    return None if found is None or amount is None else (found[1], amount)


def whole(value: Any) -> int | None:
    amount = number(value)
    return int(amount) if amount is not None and amount == int(amount) else None


def positive(value: Any) -> int | None:
    amount = whole(value)
    return amount if amount is not None and amount > 0 else None


def unsigned(value: Any) -> int | None:
    amount = whole(value)
    return amount if amount is not None and amount >= 0 else None


def boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return _TRUTHS.get(value)


_TRUTHS = {"Yes": True, "No": False}


def encoded(value: Any) -> str:
    """Plain text as base64 of its UTF-8."""
    return base64.b64encode(str(value).encode()).decode()


def as_given(value: Any) -> str | None:
    return str(value) or None


def narrative(value: Any) -> str | None:
    """XHTML that shows the text, its lines apart."""
    said = text(value)
    if said is None:
        return None
    lines = "<br/>".join(html.escape(line) for line in said.splitlines())
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'


CONVERSIONS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "string": text,
        "markdown": text,
        "code": code,
        "id": code,
        "uri": uri,
        "url": uri,
        "canonical": uri,
        "oid": uri,
        "dateTime": date_time,
        "instant": instant,
        "date": day,
        "decimal": number,
        "integer": whole,
        "positiveInt": positive,
        "unsignedInt": unsigned,
        "boolean": boolean,
        "base64Binary": encoded,
        "xhtml": narrative,
    }
)
"""By the primitive type of the element."""
