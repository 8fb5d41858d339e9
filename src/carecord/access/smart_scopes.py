"""SMART scopes: read strictly, taken in their second form, and which of them another one holds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode


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

    def __str__(self) -> str:
        letters = "".join(deed for deed in Deed if deed in self.deeds)
        narrowed = f"?{urlencode(self.restriction)}" if self.restriction else ""
        return f"{self.context}/{self.type}.{letters}{narrowed}"


_SCOPE = re.compile(
    r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,63})\.(c?r?u?d?s?|read|write|\*)(?:\?([!-~]{3,512}))?"
)
_FIRST_FORM = {"read": "rs", "write": "cud", "*": "cruds"}
"""SMART v1 in the letters of v2 (App Launch 2.2, "Scopes for requesting FHIR Resources")."""


def parse_scope(text: str) -> Grant | None:
    """The scope, or None where the text is no SMART scope (letters out of order, no letter at all …)."""
    found = _SCOPE.fullmatch(text)
    if found is None or not found[3]:
        return None
    restriction: tuple[tuple[str, str], ...] = ()
    if found[4] is not None:
        try:
            restriction = tuple(sorted(parse_qsl(found[4], strict_parsing=True, max_num_fields=8)))
        except ValueError:
            return None
    letters = _FIRST_FORM.get(found[3], found[3])
    return Grant(Context(found[1]), found[2], frozenset(map(Deed, letters)), restriction)


def is_smart_scope(text: str) -> bool:
    return parse_scope(text) is not None


def holds(wider: Grant, narrower: Grant) -> bool:
    """Whether all that the narrower scope permits, the wider one permits too.

    A program that may do a thing for everybody may do it for one user or one patient; not the other way.
    """
    order = (Context.PATIENT, Context.USER, Context.SYSTEM)
    return (
        order.index(narrower.context) <= order.index(wider.context)
        and wider.type in ("*", narrower.type)
        and narrower.deeds <= wider.deeds
        and set(wider.restriction) <= set(narrower.restriction)
    )


def is_held(scope: str, held: Iterable[str]) -> bool:
    """Whether a scope is among those held, or is a SMART scope that one of them holds."""
    held = frozenset(held)
    if scope in held:
        return True
    wanted = parse_scope(scope)
    return wanted is not None and any(holds(one, wanted) for one in grants_of(held))


def grants_of(scopes: Iterable[str]) -> tuple[Grant, ...]:
    """The SMART scopes among these, in a fixed order."""
    found = {grant for grant in map(parse_scope, scopes) if grant is not None}
    return tuple(sorted(found, key=str))


def grants_within(asked: Iterable[str], held: Iterable[str]) -> tuple[Grant, ...]:
    """What a token grants: its SMART scopes, each cut to what its client holds today.

    `system/*.cruds` of a token whose client now holds `system/*.rs` leaves `system/*.rs`.
    """
    held_grants = grants_of(held)
    cut = {
        one for asked_grant in grants_of(asked) for wider in held_grants if (one := _cut(asked_grant, wider))
    }
    return tuple(sorted(cut, key=str))


def _cut(asked: Grant, held: Grant) -> Grant | None:
    order = (Context.PATIENT, Context.USER, Context.SYSTEM)
    if order.index(asked.context) > order.index(held.context):
        return None
    if "*" not in (asked.type, held.type) and asked.type != held.type:
        return None
    deeds = asked.deeds & held.deeds
    if not deeds:
        return None
    return Grant(
        asked.context,
        held.type if asked.type == "*" else asked.type,
        deeds,
        tuple(sorted({*asked.restriction, *held.restriction})),
    )
