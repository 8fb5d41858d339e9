"""A resource as it is kept: its body, where it stands, and what it is found by."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from carecord.fhir_api.instants import instant

Json = dict[str, Any]
"""A resource as decoded from JSON. Numbers with a point or exponent are `Decimal`: digits stay."""

_STAMP = re.compile(
    rb'(\{"resourceType":"Patient","id":"[^"]+","meta":\{)"versionId":"([0-9.]+)","lastUpdated":"[^"]+"'
)


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

    @property
    def version_id(self) -> str:
        """What the version is told as, in `meta.versionId` too: see `version_id`."""
        found = _STAMP.match(self.body) if self.type == "Patient" and self.body is not None else None
        return str(self.version) if found is None else found[2].decode()

    def told_as(self, last_updated: datetime, *, of_links: bool) -> "Kept":
        """The same with an earlier time, and the version of that."""
        assert self.body is not None
        told = version_id(self.version, last_updated, of_links=of_links)
        stamp = b'\\1"versionId":"%b","lastUpdated":"%b"' % (told.encode(), instant(last_updated).encode())
        return replace(self, last_updated=last_updated, body=_STAMP.sub(stamp, self.body, count=1))


def version_id(number: int, last_updated: datetime, *, of_links: bool) -> str:
    """What a version is told as: its number; where links alone have changed since, also when they did.

    So no gap between numbers tells of links that a caller may not know of.
    """
    return f"{number}.{round(last_updated.timestamp() * 1000)}" if of_links else str(number)
