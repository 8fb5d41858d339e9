"""Instants as FHIR writes them."""

from datetime import UTC, datetime


def instant(at: datetime) -> str:
    """`2026-01-02T03:04:05.678Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
