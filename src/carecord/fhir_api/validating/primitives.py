"""What R4 allows as the value of each primitive type: regular expressions, lengths, and days that exist."""

import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from carecord.fhir_api.definitions import structure

Rule = Callable[[Any], str | None]
"""None for a value that may be; for any other the rule that it breaks, without the value."""

_NO_CONTROLS = "must hold no control characters"

LONGEST_TEXT = 1024 * 1024
"""R4, datatypes: a string shall not be of more than 1,048,576 characters."""

_INT_MAX = 2**31 - 1

# R4: strings shall not hold characters below U+0020, but for tab, carriage return and line feed. XML cannot
# hold the two non-characters either.
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def _text(value: Any) -> str | None:
    if type(value) is not str:
        return "must be a JSON string"
    if not value:
        return "must not be empty: leave the element out"
    if len(value) > LONGEST_TEXT:
        return "must be of no more than 1,048,576 characters"
    if value.isprintable():
        return "must not be blank" if value.isspace() else None
    if value.isspace():
        return "must not be blank"
    return _NO_CONTROLS if _CONTROL.search(value) else None


def _matching(type_name: str, said: str) -> Rule:
    pattern = structure(type_name).regex
    assert pattern is not None
    fits = re.compile(pattern).fullmatch

    def rule(value: Any) -> str | None:
        if type(value) is not str:
            return "must be a JSON string"
        if not value or not fits(value):
            return said
        return None if value.isprintable() or not _CONTROL.search(value) else _NO_CONTROLS

    return rule


def _day(type_name: str, said: str) -> Rule:
    pattern = structure(type_name).regex
    assert pattern is not None
    fits = re.compile(pattern).fullmatch

    def rule(value: Any) -> str | None:
        if type(value) is not str:
            return "must be a JSON string"
        if not fits(value):
            return said
        # Every month has 28 days; only later ones need the calendar.
        if value[8:10] > "28" and not _exists(value):
            return "must be a day that exists"
        return None

    return rule


def _exists(value: str) -> bool:
    try:
        date(int(value[:4]), int(value[5:7]), int(value[8:10]))
    except ValueError:
        return False
    return True


def _boolean(value: Any) -> str | None:
    return None if type(value) is bool else "must be true or false, without quotes"


def _integer(lowest: int, said: str) -> Rule:
    def rule(value: Any) -> str | None:
        return None if type(value) is int and lowest <= value <= _INT_MAX else said

    return rule


def _number(value: Any) -> str | None:
    return None if type(value) in (Decimal, int, float) else "must be a JSON number, without quotes"


def _base64(value: Any) -> str | None:
    if type(value) is not str:
        return "must be a JSON string"
    try:
        # R4 allows blanks between the characters, so they are taken out before the strict look.
        binascii.a2b_base64("".join(value.split()), strict_mode=True)
    except (binascii.Error, ValueError):
        return "must be base64 (RFC 4648)"
    return None if value.strip() else "must not be empty: leave the element out"


_DATE = "must be a date: YYYY, YYYY-MM or YYYY-MM-DD"
_URI = "must be a URI: not empty, no blanks"

RULES: Mapping[str, Rule] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _matching("canonical", _URI),
    "code": _matching("code", "must be a code: no blanks before, after or two together"),
    "date": _day("date", _DATE),
    "dateTime": _day("dateTime", f"{_DATE}, or with a time, YYYY-MM-DDThh:mm:ss and Z or +hh:mm"),
    "decimal": _number,
    "id": _matching("id", "must be an id: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'"),
    "instant": _day("instant", "must be an instant: YYYY-MM-DDThh:mm:ss and Z or +hh:mm"),
    "integer": _integer(-(2**31), "must be a whole JSON number of 32 bits"),
    "markdown": _text,
    "oid": _matching("oid", "must be an OID: urn:oid: and numbers with points"),
    "positiveInt": _integer(1, "must be a whole JSON number from 1 to 2,147,483,647"),
    "string": _text,
    "time": _matching("time", "must be a time: hh:mm:ss"),
    "unsignedInt": _integer(0, "must be a whole JSON number from 0 to 2,147,483,647"),
    "uri": _matching("uri", _URI),
    "url": _matching("url", _URI),
    "uuid": _matching("uuid", "must be a UUID: urn:uuid: and small hexadecimal digits"),
    "xhtml": _text,
}
