"""FHIR's JSON as bytes and as Python values: decimals keep every digit, and what is doubtful is refused."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from carecord.fhir_api.kept import Json
from carecord.kernel.errors import BadRequest

DEPTH = 100
"""Objects and arrays within one another. Recursion over a body is safe within it."""

LARGEST_EXPONENT = 400
"""Decimals of more places than this would be a way to make the server compute for ever."""

# Every name ends in a quote and a colon. Where there are just as many of those as names were read, none stood
# twice; texts that hold one, and names with a blank before the colon, take a closer look.
_SPACED_COLONS = (b" :", b"\t:", b"\n:", b"\r:")


def decode(raw: bytes) -> Json:
    """The resource that the bytes spell; BadRequest where they are not one object that reads one way only."""
    try:
        decoded = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise BadRequest(f"The body is not JSON: {_said(error)}.") from error
    if not isinstance(decoded, dict):
        raise BadRequest("The body must be one JSON object, a resource.")
    names = _count_names(decoded, DEPTH)
    if raw.count(b'":') != names or any(spaced in raw for spaced in _SPACED_COLONS):
        json.loads(raw, object_pairs_hook=_refuse_repeated_names, parse_float=str, parse_int=str)
    if b"\\u0000" in raw and any("\0" in text for text in _texts(decoded)):
        raise BadRequest("The body holds a NUL character, which no FHIR text may.")
    return decoded


def encode(resource: Json) -> bytes:
    """The resource as compact UTF-8 JSON, its decimals to the digit."""
    return _encoder.encode(resource)


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > LARGEST_EXPONENT or len(text) > LARGEST_EXPONENT:
        raise ValueError(f"a number has more than {LARGEST_EXPONENT} places")
    return number


_decoder = msgspec.json.Decoder(float_hook=_decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    # Python's own words on a number too long for it hold the number's length, never the number.
    return str(error).removeprefix("JSON is malformed: ").rstrip(".")


_TOO_DEEP = f"it goes more than {DEPTH} levels deep"


def _count_names(value: dict[str, Any], room: int) -> int:
    if room == 0:
        raise BadRequest(f"The body is refused: {_TOO_DEEP}.")
    count = len(value)
    for inner in value.values():
        kind = type(inner)
        if kind is dict:
            count += _count_names(inner, room - 1)
        elif kind is list:
            count += _count_names_within(inner, room - 1)
    return count


def _count_names_within(values: list[Any], room: int) -> int:
    if room == 0:
        raise BadRequest(f"The body is refused: {_TOO_DEEP}.")
    count = 0
    for inner in values:
        kind = type(inner)
        if kind is dict:
            count += _count_names(inner, room - 1)
        elif kind is list:
            count += _count_names_within(inner, room - 1)
    return count


def _refuse_repeated_names(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            # Where the body is no FHIR the name may be anyone's words: only what could be a name is told.
            told = f" '{name}'" if name.isascii() and name.isalnum() and len(name) <= 64 else ""
            raise BadRequest(f"The body is refused: the name{told} stands twice in one object.")
        names.add(name)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
