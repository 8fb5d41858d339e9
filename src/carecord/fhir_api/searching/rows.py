"""Rows of answers, and values of questions, in the text form that PostgreSQL gives and takes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.pq.abc import PGresult

from carecord.fhir_api.kept import Kept

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def kept(answer: PGresult, row: int, type_name: str, id_column: int, first: int) -> Kept:
    """A row's resource. From `first` on: version, microseconds, patient, source, whether restricted, body."""
    value = answer.get_value
    patient = value(row, first + 2)
    return Kept(
        type=type_name,
        id=text_of(value(row, id_column)) or "",
        version=int(value(row, first) or 0),
        last_updated=_EPOCH + timedelta(microseconds=int(value(row, first + 1) or 0)),
        patient_detail_id=None if patient is None else int(patient),
        tenancy_id=int(value(row, first + 3) or 0),
        restricted=value(row, first + 4) == b"t",
        body=value(row, first + 5),
    )


def text_of(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def numbers_of(value: bytes | None) -> tuple[int, ...] | None:
    """An array of whole numbers."""
    if value is None:
        return None
    return tuple(int(one) for one in value[1:-1].split(b",") if one)


def as_text(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it."""
    if value is None:
        return None
    if isinstance(value, tuple | list):
        return b"{%b}" % b",".join(_elements(value))
    return str(value).encode()


def _elements(values: Sequence[int | str]) -> list[bytes]:
    return [b"%d" % one if isinstance(one, int) else _quoted(one) for one in values]


def _quoted(text: str) -> bytes:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode()
