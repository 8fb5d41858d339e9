"""What a caller may do through FHIR: its SMART scopes, its sources, and the patient it is bound to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from carecord.access.gate import Caller


class Deed(StrEnum):
    """What a SMART v2 scope permits, by its letter."""

    CREATE = "c"
    READ = "r"
    UPDATE = "u"
    DELETE = "d"
    SEARCH = "s"


class Context(StrEnum):
    """Whose resources a scope is about."""

    PATIENT = "patient"
    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Grant:
    """One SMART scope, such as `patient/Observation.rs?category=laboratory`."""

    context: Context
    type: str
    """A resource type, or `*`."""
    deeds: frozenset[Deed]
    restriction: tuple[tuple[str, str], ...] = ()
    """Search parameters and values that a resource must match."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What one call may see and change; equal rights make equal SQL."""

    caller: Caller
    grants: tuple[Grant, ...]
    patient: int | None = None
    """The patient detail ID that `patient/` scopes are bound to; they reach everyone linked with it."""
    restricted_bundles: frozenset[str] = frozenset()
    """Bundles whose restricted rows the caller may see too."""

    @property
    def tenancies(self) -> Sequence[int] | None:
        """The sources whose records may be shown; None for all."""
        return self.caller.tenancies

    def grants_for(self, deed: Deed, type_name: str) -> tuple[Grant, ...]:
        """The scopes that permit this; empty where nothing does."""
        return tuple(
            one
            for one in self.grants
            if deed in one.deeds
            and one.type in ("*", type_name)
            and (one.context is not Context.PATIENT or self.patient is not None)
        )

    def may(self, deed: Deed, type_name: str) -> bool:
        return bool(self.grants_for(deed, type_name))
