"""Instants as FHIR writes them."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=64)
def instant(at: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`. What is written together is of one instant."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
