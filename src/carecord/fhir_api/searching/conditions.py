"""Terms as SQL conditions on a row of fhir_api.resource; what may not be seen has no part in any of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg import sql

from carecord.fhir_api.searching.comparing import (
    composite_test,
    instant_test,
    number_test,
    quantity_test,
    span_test,
    typed,
)
from carecord.fhir_api.searching.model import (
    AllOf,
    AnyOf,
    Chain,
    Composites,
    Dates,
    Having,
    Ids,
    Links,
    Match,
    Never,
    Numbers,
    People,
    PeopleNamed,
    Quantities,
    Slot,
    Term,
    Texts,
    Tokens,
    Updated,
)
from carecord.kernel.sql import load_queries

fragments = load_queries(__package__, "fragments.sql")

Sight = Callable[[str, str], sql.Composable]
"""By type and alias: the condition that the caller may see the row."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a condition stands: the row's alias, and how chains from it are best followed."""

    alias: str
    sight: Sight
    narrow: bool
    """Patients or IDs are named: no other index is to be used, and few rows are left."""
    selective: bool = False
    """Other terms are likely to leave few rows: chains are followed row by row, not from their far end."""
    stays: bool = False
    """The statement stays prepared: it is to have one plan, whatever is known of the values."""
    depth: int = 0

    @property
    def goes_far(self) -> bool:
        """Whether chains are followed from their far end."""
        return not self.narrow and not self.selective

    @property
    def row(self) -> sql.Identifier:
        return sql.Identifier(self.alias)

    def deeper(self) -> "Scene":
        return Scene(f"t{self.depth + 1}", self.sight, narrow=False, stays=self.stays, depth=self.depth + 1)


def all_of(terms: tuple[Term, ...], scene: Scene) -> sql.Composable:
    if not terms:
        return sql.SQL("true")
    return sql.SQL(" AND ").join([condition(term, scene) for term in terms])


def condition(term: Term, scene: Scene) -> sql.Composable:
    """The condition that a term puts on the row."""
    r = scene.row
    match term:
        case Never():
            return sql.SQL("false")
        case AnyOf(terms=terms) if all(isinstance(one, Chain) for one in terms) and scene.goes_far:
            return _any_chain([one for one in terms if isinstance(one, Chain)], scene)
        case AnyOf(terms=terms):
            return sql.SQL("({})").format(sql.SQL(" OR ").join([condition(one, scene) for one in terms]))
        case AllOf(terms=terms):
            return sql.SQL("({})").format(all_of(terms, scene))
        case Tokens(slot=slot, negated=True):
            return sql.SQL("NOT {}").format(_overlaps(scene, slot))
        case Tokens(slot=slot):
            # Where patients are named, the index on tokens would only cost: so put, it cannot be used.
            found = _overlaps(scene, slot)
            return sql.SQL("({}) IS TRUE").format(found) if scene.narrow else found
        case Ids(slot=slot):
            return sql.SQL("{}.id = ANY({})").format(r, typed(slot, "text[]"))
        case People(slot=slot):
            return sql.SQL("{}.patient_detail_id = ANY(ARRAY({}))").format(r, linked_with(slot))
        case PeopleNamed(stem=stem, slot=slot):
            return sql.SQL(
                "{}.tokens && ARRAY(SELECT fhir_api.token({} || l.id) FROM ({}) AS l (id))"
            ).format(r, sql.Literal(stem), linked_with(slot))
        case Links():
            return _links(term, scene)
        case Texts():
            return _texts(term, scene)
        case Dates(parameter=parameter, ranges=ranges, narrowing=narrowing):
            found = _any_value(r, parameter, [span_test(one) for one in ranges])
            return _narrowed(scene, narrowing, found)
        case Updated(ranges=ranges, of_patients=True):
            known, last = known_update(r), sql.SQL("{}.last_updated").format(r)
            return _one_of([instant_test(one, known, no_later_than=last) for one in ranges])
        case Updated(ranges=ranges):
            last = sql.SQL("{}.last_updated").format(r)
            return _one_of([instant_test(one, last) for one in ranges])
        case Numbers(parameter=parameter, ranges=ranges):
            return _any_value(r, parameter, [number_test(one) for one in ranges])
        case Quantities(parameter=parameter, ranges=ranges):
            return _any_value(r, parameter, [quantity_test(*one) for one in ranges])
        case Composites(parameter=parameter, alternatives=alternatives, narrowing=narrowing):
            found = _any_value(r, parameter, [composite_test(parts) for parts in alternatives])
            return _narrowed(scene, narrowing, found)
        case Chain():
            return _chain(term, scene)
        case Having():
            return _having(term, scene)


def known_update(r: sql.Composable) -> sql.Composable:
    """When what the caller knows of a Patient last changed."""
    return sql.SQL("({})").format(sql.SQL(fragments.known_update).format(r=r))


def of_type(type_name: str, terms: tuple[Term, ...], scene: Scene) -> sql.Composable:
    """The condition on the row's type. Tokens tell it already: beside them no other index is to tempt."""
    found = sql.SQL("{}.type = {}").format(scene.row, sql.Literal(type_name))
    if not scene.narrow and any(map(is_indexed, terms)):
        return sql.SQL("({}) IS TRUE").format(found)
    return found


def is_indexed(term: Term) -> bool:
    """Whether the index on tokens answers the term."""
    match term:
        case Tokens(negated=negated):
            return not negated
        case PeopleNamed():
            return True
        case AnyOf(terms=terms):
            return all(map(is_indexed, terms))
        case AllOf(terms=terms):
            return any(map(is_indexed, terms))
        case Texts(narrowing=narrowing) | Dates(narrowing=narrowing) | Composites(narrowing=narrowing):
            return narrowing is not None
    return False


def is_broad(term: Term) -> bool:
    """Whether the term is likely to leave many rows, as a status does."""
    return isinstance(term, Tokens) and term.broad


def linked_with(slot: Slot) -> sql.Composable:
    return _linked(typed(slot, "bigint[]"))


def linked_with_rows(query: sql.Composable) -> sql.Composable:
    """Everyone linked with the patients that a query gives."""
    return _linked(sql.SQL("ARRAY({})").format(query))


def _linked(asked: sql.Composable) -> sql.Composable:
    return sql.SQL(fragments.linked_with).format(asked=asked)


def matching(type_name: str, terms: tuple[Term, ...], scene: Scene, what: sql.Composable) -> sql.Composable:
    """A query of the resources that match and may be seen."""
    return sql.SQL(fragments.matching).format(
        what=what,
        r=scene.row,
        of_type=of_type(type_name, terms, scene),
        conditions=all_of(terms, scene),
        visible=scene.sight(type_name, scene.alias),
    )


def _one_of(conditions: list[sql.Composable]) -> sql.Composable:
    return conditions[0] if len(conditions) == 1 else sql.SQL("({})").format(sql.SQL(" OR ").join(conditions))


def _overlaps(scene: Scene, slot: Slot) -> sql.Composable:
    # Behind a SELECT the planner cannot look at the value: else it would plan anew for each.
    template = sql.SQL("{}.tokens && (SELECT {})" if scene.stays else "{}.tokens && {}")
    return template.format(scene.row, typed(slot, "bigint[]"))


def _narrowed(scene: Scene, slot: Slot | None, found: sql.Composable) -> sql.Composable:
    if slot is None or scene.narrow:
        return found
    return sql.SQL("({} AND {})").format(_overlaps(scene, slot), found)


def _any_value(r: sql.Composable, parameter: str, tests: list[sql.Composable]) -> sql.Composable:
    return sql.SQL("EXISTS (SELECT FROM jsonb_array_elements({}.search->{}) AS v WHERE {})").format(
        r, sql.Literal(parameter), _one_of(tests)
    )


def _texts(term: Texts, scene: Scene) -> sql.Composable:
    r = scene.row
    sent = typed(term.slot, "text[]")
    parameter = sql.Literal(term.parameter)
    if term.match is Match.EXACT:
        found: sql.Composable = sql.SQL("jsonb_exists_any({}.search->{}, {})").format(r, parameter, sent)
    else:
        found = sql.SQL(
            "EXISTS (SELECT FROM jsonb_array_elements_text({}.search->{}) AS v, unnest({}) AS w WHERE {})"
        ).format(r, parameter, sent, _COMPARED[term.match])
    return _narrowed(scene, term.narrowing, found)


def _links(term: Links, scene: Scene) -> sql.Composable:
    found = sql.SQL("({} AND {})").format(
        _overlaps(scene, term.tokens),
        sql.SQL(fragments.names_known).format(
            r=scene.row,
            wanted=sql.SQL("true")
            if term.named is None
            else sql.SQL("named = ANY({})").format(typed(term.named, "text[]")),
        ),
    )
    return sql.SQL("NOT {}").format(found) if term.negated else found


_COMPARED = {
    Match.STARTS: sql.SQL("starts_with(v, w)"),
    Match.CONTAINS: sql.SQL("position(w IN v) > 0"),
    Match.WORD_STARTS: sql.SQL("(starts_with(v, w) OR position(' ' || w IN v) > 0)"),
}

# References that are followed ----------------------------------------------------------------


def _chain(term: Chain, scene: Scene) -> sql.Composable:
    """Whose record it is goes by everyone linked; others by token, or row by row where few are left."""
    inner = scene.deeper()
    t, r = inner.row, scene.row
    if term.of_person:
        found = matching(term.target, (term.inner,), inner, sql.SQL("{}.patient_detail_id").format(t))
        return sql.SQL("{}.patient_detail_id = ANY(ARRAY({}))").format(r, linked_with_rows(found))
    if not scene.goes_far:
        found = matching(term.target, (term.inner,), inner, sql.SQL(""))
        return sql.SQL(
            "EXISTS (SELECT FROM jsonb_array_elements_text({r}.search->{parameter}) AS named"
            " WHERE starts_with(named, {target}) AND EXISTS ({found} AND {t}.id = substr(named, {start})))"
        ).format(
            r=r,
            parameter=sql.Literal(term.parameter),
            found=found,
            target=sql.Literal(f"{term.target}/"),
            t=t,
            start=sql.Literal(len(term.target) + 2),
        )
    return _among([_near(term, scene)], r)


def _any_chain(terms: Sequence[Chain], scene: Scene) -> sql.Composable:
    """A reference that may be to several types: the rows of each, together, so that indexes find them."""
    ways: list[sql.Composable] = []
    for term in terms:
        if term.of_person:
            near = Scene("near", scene.sight, narrow=True, stays=scene.stays, depth=scene.depth)
            ways.append(
                sql.SQL("SELECT near.ctid FROM fhir_api.resource near WHERE near.type = {} AND {}").format(
                    sql.Literal(term.type), _chain(term, near)
                )
            )
        else:
            ways.append(_near(term, scene))
    return _among(ways, scene.row)


def _among(queries: Sequence[sql.Composable], r: sql.Composable) -> sql.Composable:
    return sql.SQL("{}.ctid = ANY(ARRAY({}))").format(r, sql.SQL(" UNION ALL ").join(queries))


def _near(term: Chain, scene: Scene) -> sql.Composable:
    """A query of the rows that refer to what matches, with a look into the index for each of these.

    It takes far longer to look for very many tokens at once.
    """
    inner = scene.deeper()
    token = sql.SQL("fhir_api.token({} || {}.id) AS token").format(
        sql.Literal(f"{term.type}|{term.parameter}={term.target}/"), inner.row
    )
    return sql.SQL(
        "SELECT near.ctid FROM ({}) AS far CROSS JOIN LATERAL ("
        "SELECT near.ctid FROM fhir_api.resource near WHERE near.tokens @> ARRAY[far.token]) AS near"
    ).format(matching(term.target, (term.inner,), inner, token))


def _having(term: Having, scene: Scene) -> sql.Composable:
    inner = scene.deeper()
    t, r = inner.row, scene.row
    if term.of_person:
        found = matching(term.source, (term.inner,), inner, sql.SQL("{}.patient_detail_id").format(t))
        return sql.SQL("{}.patient_detail_id = ANY(ARRAY({}))").format(r, linked_with_rows(found))
    if not scene.goes_far:
        found = matching(term.source, (term.inner,), inner, sql.SQL(""))
        return sql.SQL("EXISTS ({} AND {}.tokens && ARRAY[fhir_api.token({} || {}.id)])").format(
            found, t, sql.Literal(f"{term.source}|{term.parameter}={term.type}/"), r
        )
    named = sql.SQL("jsonb_array_elements_text({}.search->{}) AS named")
    found = matching(term.source, (term.inner,), inner, named.format(t, sql.Literal(term.parameter)))
    return sql.SQL(
        "{r}.id = ANY(ARRAY(SELECT substr(named, {start}) FROM ({found}) AS far"
        " WHERE starts_with(named, {type})))"
    ).format(r=r, start=sql.Literal(len(term.type) + 2), found=found, type=sql.Literal(f"{term.type}/"))
