"""What the catalogue's FHIR resources are made from, beside the items themselves, and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from carecord.fhir_api.kept import Json
from carecord.patient_index.linked_records import LinkType

Item = Mapping[str, Any]
"""An item of the catalogue by its JSON names, as it is stored; what it lacks is absent or null."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source system whose record it is."""

    tenancy_id: int
    description: str
    organisation_code: str | None
    """What its local numbers are told by: see `systems.local_identifiers`."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a document: the entry of `document_content` with its DocumentId, which is a Binary."""

    entry_id: int
    mime_type: str | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class About:
    """Which entry an item is, in whose record, and on which day it is looked at (UK local)."""

    patient_detail_id: int
    entry_id: int
    source: Source
    today: date
    content: Content | None = None
    """Of a document whose bytes are held."""
    turns: list[date] = field(default_factory=list, compare=False)
    """Days on which what is made would read otherwise, filled in as it is made."""


@dataclass(frozen=True, slots=True)
class Made:
    """A resource made of an entry, without id, version and time.

    `part` is empty for the main resource, else what its id ends with: `{entry_id}-{part}`.
    `bundle` is the catalogue's slug of the bundle that it belongs to. Of the resource the top and `meta` are
    its own; what is within may be shared with others, and is there to be read.
    """

    part: str
    resource: Json
    bundle: str
    restricted: bool

    def id(self, entry_id: int) -> str:
        return f"{entry_id}-{self.part}" if self.part else str(entry_id)


@dataclass(frozen=True, slots=True)
class PatientLink:
    """Another source record of the same person, and what this one is to it."""

    patient_detail_id: int
    type: LinkType


@dataclass(frozen=True, slots=True)
class PatientParts:
    """All that a Patient is made of: a source record, rows that belong to it, whom it is linked with."""

    patient_detail_id: int
    source: Source
    demographics: Item
    """As stored (`patient_index.patient_record.demographics`)."""
    merged: bool
    """Whether the record was merged away."""
    links: Sequence[PatientLink] = ()
    addresses: Sequence[Item] = ()
    """Rows of the store `patient_address`."""
    identifiers: Sequence[Item] = ()
    """Rows of the store `patient_identifier`."""
    communication_needs: Sequence[Item] = ()
    """Rows of the store `communication_need`."""
    is_protected: bool = False
    """Whether some record of the person has a sensitive address, be it this one or another."""

    @property
    def is_withheld(self) -> bool:
        """Whether address, contact and practice are; an earlier state may have asked for it itself."""
        return self.is_protected or self.demographics.get("SensitiveAddress") == "Yes"


PATIENT_STORES = ("patient_address", "patient_identifier", "communication_need")
"""Stores whose rows the Patient is made of too: when they change, it changes."""
