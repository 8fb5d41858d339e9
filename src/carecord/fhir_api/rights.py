"""What a caller may do through FHIR: its SMART scopes, its sources, and the patient it is bound to."""

from collections.abc import Sequence
from dataclasses import dataclass

from carecord.access.gate import Caller
from carecord.access.smart_scopes import Context, Deed, Grant

__all__ = ["Context", "Deed", "Grant", "Rights"]


@dataclass(frozen=True, slots=True)
class Rights:
    """What one call may see and change; equal rights make equal SQL."""

    caller: Caller
    grants: tuple[Grant, ...]
    patient: int | None = None
    """The patient detail ID that `patient/` scopes are bound to; they reach everyone linked with it."""
    restricted_bundles: frozenset[str] = frozenset()
    """Bundles whose restricted rows the caller may see too."""

    @classmethod
    def of_scopes(cls, grants: tuple[Grant, ...], *, bound: bool) -> "Rights":
        """Nobody's, with these scopes: what is made of them alone holds for all who have the same."""
        return cls(_NOBODY, grants, patient=0 if bound else None)

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


_NOBODY = Caller(
    client_id="",
    user_id=None,
    scopes=frozenset(),
    tenancies=None,
    subscription_id=None,
    product_id=None,
    bundles=None,
)
