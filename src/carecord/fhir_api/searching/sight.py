"""What a caller may see, as one condition that every statement holds: nothing else can leak.

A resource is seen when the sources allow it, the patient has not refused to share its record or its bundle,
its restriction is covered, and one of the caller's scopes reaches it. See `fragments.sql`: visible.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from psycopg import sql

from carecord.fhir_api.definitions.served import POINTING
from carecord.fhir_api.rights import Context, Deed, Grant, Rights
from carecord.fhir_api.searching.conditions import Scene, Sight, all_of, fragments, linked_with
from carecord.fhir_api.searching.model import AllOf, AnyOf, Chain, Having, Term
from carecord.fhir_api.searching.parsing import parse
from carecord.fhir_api.searching.remembering import remembering
from carecord.kernel.errors import BadRequest

DIRECTORY = (
    "HealthcareService",
    "Location",
    "Medication",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Questionnaire",
)
"""Types that are about no patient: those in nobody's record are open to `patient/` scopes too."""


@dataclass(frozen=True, slots=True)
class Visible:
    """A condition on a row of fhir_api.resource, with the values of its named parameters."""

    condition: sql.Composed
    parameters: Mapping[str, Any]


Reach = tuple[Grant, ...]
"""The scopes that count for one caller. Equal reach makes equal SQL."""


def visible(rights: Rights, deed: Deed, type_name: str, *, alias: str = "r") -> Visible:
    """The condition that the caller may do this with the row."""
    itself = visible_itself(rights, deed, type_name, alias=alias)
    return Visible(with_targets(itself.condition, (type_name,), alias), itself.parameters)


def visible_itself(rights: Rights, deed: Deed, type_name: str, *, alias: str = "r") -> Visible:
    """The same of the row alone: `with_targets` is to be asked too, once for all types of a statement."""
    condition, values = _condition(grants_for(reach_of(rights), deed, type_name), type_name, alias)
    return Visible(condition, {**values, **values_of(rights)})


def with_targets(condition: sql.Composed, types: Iterable[str], alias: str) -> sql.Composed:
    """The condition on rows of these types, and that what they point at may be seen."""
    if not any(one in POINTING for one in types):
        return condition
    return sql.SQL("{} AND {}").format(condition, _targets_visible(alias))


@cache
def _targets_visible(alias: str) -> sql.Composed:
    return sql.SQL(fragments.targets_visible).format(
        r=sql.Identifier(alias),
        pointing=sql.SQL(", ").join(map(sql.Literal, POINTING)),
        visible=sql.SQL(fragments.visible).format(r=sql.Identifier("target")),
    )


def values_of(rights: Rights) -> dict[str, Any]:
    """The parameters that every such condition may name."""
    return {
        "client_id": rights.caller.client_id,
        "tenancies": None if rights.tenancies is None else tuple(rights.tenancies),
        "restricted_bundles": tuple(sorted(rights.restricted_bundles)),
        "bound_to": () if rights.patient is None else (rights.patient,),
    }


def reach_of(rights: Rights) -> Reach:
    """Without a patient to be bound to, `patient/` scopes reach nothing."""
    if rights.patient is not None:
        return rights.grants
    return tuple(grant for grant in rights.grants if grant.context is not Context.PATIENT)


def grants_for(reach: Reach, deed: Deed, type_name: str) -> Reach:
    return tuple(grant for grant in reach if deed in grant.deeds and grant.type in ("*", type_name))


def sight_of(reach: Reach, deed: Deed, *, itself: bool = False) -> tuple[Sight, dict[str, Any]]:
    """The condition for any type and alias. As it is used, the mapping gathers the values of scopes.

    Of the row `itself` alone it is as `visible_itself`.
    """
    values: dict[str, Any] = {}

    def sight(type_name: str, alias: str) -> sql.Composable:
        condition, own = _condition(grants_for(reach, deed, type_name), type_name, alias)
        values.update(own)
        return condition if itself else with_targets(condition, (type_name,), alias)

    return sight, values


def is_plain(reach: Reach) -> bool:
    """Whether no scope restricts what the caller may see: such conditions are few in all."""
    return not any(grant.restriction for grant in reach)


def _size(condition: tuple[sql.Composed, Mapping[str, Any]]) -> int:
    return len(condition[0].as_string()) + len(repr(condition[1]))


@remembering(_size)
def _condition(grants: Reach, type_name: str, alias: str) -> tuple[sql.Composed, Mapping[str, Any]]:
    name = sql.Identifier(alias)
    reached, values = _reached(grants, type_name, alias)
    base = sql.SQL(fragments.visible).format(r=name)
    if reached is None:
        return base, values
    return sql.SQL("{} AND {}").format(base, reached), values


def _reached(grants: Reach, type_name: str, alias: str) -> tuple[sql.Composable | None, Mapping[str, Any]]:
    """What the scopes reach: None is all of it."""
    ways: dict[str, sql.Composable] = {}
    values: dict[str, Any] = {}
    for grant in grants:
        conditions: list[sql.Composable] = []
        if grant.context is Context.PATIENT:
            conditions.append(_bound(type_name, alias))
        if grant.restriction:
            restricted = _restricted(grant, type_name, alias, prefix=f"{type_name.lower()}{len(ways)}_")
            if restricted is None:
                continue
            conditions.append(restricted[0])
            values.update(restricted[1])
        if not conditions:
            return None, {}
        way = sql.SQL("({})").format(sql.SQL(" AND ").join(conditions))
        ways.setdefault(way.as_string(), way)
    if not ways:
        return sql.SQL("false"), {}
    return sql.SQL("({})").format(sql.SQL(" OR ").join(ways.values())), values


def _bound(type_name: str, alias: str) -> sql.Composable:
    row = sql.Identifier(alias)
    linked = sql.SQL("{}.patient_detail_id = ANY(ARRAY({}))").format(row, linked_with("bound_to"))
    if type_name not in DIRECTORY:
        return linked
    return sql.SQL("({} OR {}.patient_detail_id IS NULL)").format(linked, row)


def _restricted(
    grant: Grant, type_name: str, alias: str, *, prefix: str
) -> tuple[sql.Composable, Mapping[str, Any]] | None:
    """The restriction as a search's condition. One that the type is not searched by reaches nothing of it."""
    try:
        search = parse(type_name, grant.restriction, strict=True, prefix=prefix)
    except BadRequest:
        return None
    if not search.shape.terms or any(map(_follows, search.shape.terms)):
        return None
    return all_of(search.shape.terms, Scene(alias, _blind, narrow=False)), search.values


def _follows(term: Term) -> bool:
    """Whether the term looks at other resources: what may be seen of these would depend on itself."""
    if isinstance(term, AnyOf | AllOf):
        return any(map(_follows, term.terms))
    return isinstance(term, Chain | Having)


def _blind(type_name: str, alias: str) -> sql.Composable:
    return sql.SQL("false")
