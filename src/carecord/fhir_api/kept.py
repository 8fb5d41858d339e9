"""A resource as it is kept: its body, where it stands, and what it is found by."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]
"""A resource as decoded from JSON. Numbers with a point or exponent are `Decimal`: digits stay."""


@dataclass(frozen=True, slots=True)
class SearchValues:
    """What a resource is found by: see `fhir_api.resource.tokens` and `.search`."""

    tokens: tuple[int, ...]
    values: Json


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of a resource. `body` is its JSON as given out, with `id` and `meta`; None if deleted."""

    type: str
    id: str
    version: int
    last_updated: datetime
    patient_detail_id: int | None
    tenancy_id: int
    restricted: bool
    body: bytes | None
