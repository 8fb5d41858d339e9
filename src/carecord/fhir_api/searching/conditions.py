"""Terms as SQL conditions on a row of fhir_api.resource; what may not be seen has no part in any of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from carecord.fhir_api.searching.model import (
    AnyOf,
    Chain,
    Composites,
    Dates,
    Having,
    Ids,
    Match,
    Never,
    Numbers,
    Part,
    People,
    PeopleNamed,
    Prefix,
    Quantities,
    Range,
    Slot,
    Term,
    Texts,
    Tokens,
    Unit,
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
    """Few rows are left by other terms: chains are followed row by row, not from their far end."""
    depth: int = 0

    @property
    def row(self) -> sql.Identifier:
        return sql.Identifier(self.alias)

    def deeper(self) -> "Scene":
        return Scene(f"t{self.depth + 1}", self.sight, narrow=False, depth=self.depth + 1)


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
        case AnyOf(terms=terms):
            return sql.SQL("({})").format(sql.SQL(" OR ").join([condition(one, scene) for one in terms]))
        case Tokens(slot=slot, negated=negated):
            found = _overlaps(r, slot)
            return sql.SQL("NOT {}").format(found) if negated else found
        case Ids(slot=slot):
            return sql.SQL("{}.id = ANY({})").format(r, _typed(slot, "text[]"))
        case People(slot=slot):
            return sql.SQL("{}.patient_detail_id = ANY(ARRAY({}))").format(r, linked_with(slot))
        case PeopleNamed(stem=stem, slot=slot):
            return sql.SQL(
                "{}.tokens && ARRAY(SELECT fhir_api.token({} || l.id) FROM ({}) AS l (id))"
            ).format(r, sql.Literal(stem), linked_with(slot))
        case Texts():
            return _texts(term, r)
        case Dates(parameter=parameter, ranges=ranges, narrowing=narrowing):
            found = _any_value(r, parameter, [_span(one) for one in ranges])
            return _narrowed(r, narrowing, found)
        case Updated(ranges=ranges):
            return _one_of([_updated(r, one) for one in ranges])
        case Numbers(parameter=parameter, ranges=ranges):
            return _any_value(r, parameter, [_number(one) for one in ranges])
        case Quantities(parameter=parameter, ranges=ranges):
            return _any_value(r, parameter, [_quantity(*one) for one in ranges])
        case Composites(parameter=parameter, alternatives=alternatives, narrowing=narrowing):
            found = _any_value(r, parameter, [_composite(parts) for parts in alternatives])
            return _narrowed(r, narrowing, found)
        case Chain():
            return _chain(term, scene)
        case Having():
            return _having(term, scene)


def linked_with(slot: Slot) -> sql.Composable:
    return _linked(_typed(slot, "bigint[]"))


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
        type=sql.Literal(type_name),
        conditions=all_of(terms, scene),
        visible=scene.sight(type_name, scene.alias),
    )


def _typed(slot: Slot, kind: str) -> sql.Composable:
    return sql.SQL("{}::{}").format(sql.Placeholder(slot), sql.SQL(_KINDS[kind]))


_KINDS = {one: one for one in ("text", "text[]", "bigint", "bigint[]", "numeric")}


def _one_of(conditions: list[sql.Composable]) -> sql.Composable:
    return conditions[0] if len(conditions) == 1 else sql.SQL("({})").format(sql.SQL(" OR ").join(conditions))


def _overlaps(r: sql.Composable, slot: Slot) -> sql.Composable:
    return sql.SQL("{}.tokens && {}").format(r, _typed(slot, "bigint[]"))


def _narrowed(r: sql.Composable, slot: Slot | None, found: sql.Composable) -> sql.Composable:
    return found if slot is None else sql.SQL("({} AND {})").format(_overlaps(r, slot), found)


def _any_value(r: sql.Composable, parameter: str, tests: list[sql.Composable]) -> sql.Composable:
    return sql.SQL("EXISTS (SELECT FROM jsonb_array_elements({}.search->{}) AS v WHERE {})").format(
        r, sql.Literal(parameter), _one_of(tests)
    )


def _texts(term: Texts, r: sql.Composable) -> sql.Composable:
    sent = _typed(term.slot, "text[]")
    parameter = sql.Literal(term.parameter)
    if term.match is Match.EXACT:
        found: sql.Composable = sql.SQL("jsonb_exists_any({}.search->{}, {})").format(r, parameter, sent)
    else:
        found = sql.SQL(
            "EXISTS (SELECT FROM jsonb_array_elements_text({}.search->{}) AS v, unnest({}) AS w WHERE {})"
        ).format(r, parameter, sent, _COMPARED[term.match])
    return _narrowed(r, term.narrowing, found)


_COMPARED = {
    Match.STARTS: sql.SQL("starts_with(v, w)"),
    Match.CONTAINS: sql.SQL("position(w IN v) > 0"),
    Match.WORD_STARTS: sql.SQL("(starts_with(v, w) OR position(' ' || w IN v) > 0)"),
}

# Dates: a value is from {l} to {h}, open where null and {h} not in it; so is the range searched for.
_SPANS = {
    Prefix.EQUAL: "({l} >= {low} AND {h} <= {high})",
    Prefix.NOT_EQUAL: "({l} >= {low} AND {h} <= {high}) IS NOT TRUE",
    Prefix.GREATER: "coalesce({h} > {high}, true)",
    Prefix.LESS: "coalesce({l} < {low}, true)",
    Prefix.GREATER_OR_EQUAL: "(coalesce({h} > {high}, true) OR {l} >= {low} AND {h} <= {high})",
    Prefix.LESS_OR_EQUAL: "(coalesce({l} < {low}, true) OR {l} >= {low} AND {h} <= {high})",
    Prefix.STARTS_AFTER: "coalesce({l} >= {high}, false)",
    Prefix.ENDS_BEFORE: "coalesce({h} <= {low}, false)",
    Prefix.ABOUT: "(coalesce({l} < {high}, true) AND coalesce({h} > {low}, true))",
}
# The same of an instant.
_INSTANTS = {
    Prefix.EQUAL: "({l} >= {low} AND {l} < {high})",
    Prefix.NOT_EQUAL: "({l} < {low} OR {l} >= {high})",
    Prefix.GREATER: "{l} >= {high}",
    Prefix.LESS: "{l} < {low}",
    Prefix.GREATER_OR_EQUAL: "{l} >= {low}",
    Prefix.LESS_OR_EQUAL: "{l} < {high}",
    Prefix.STARTS_AFTER: "{l} >= {high}",
    Prefix.ENDS_BEFORE: "{l} < {low}",
    Prefix.ABOUT: "({l} >= {low} AND {l} < {high})",
}
# Numbers: a value, or a range with both ends in it; the prefixes that compare take the number as written.
_MEASURES = {
    Prefix.EQUAL: "({l} >= {low} AND {h} < {high})",
    Prefix.NOT_EQUAL: "({l} >= {low} AND {h} < {high}) IS NOT TRUE",
    Prefix.GREATER: "coalesce({h} > {exact}, true)",
    Prefix.LESS: "coalesce({l} < {exact}, true)",
    Prefix.GREATER_OR_EQUAL: "coalesce({h} >= {exact}, true)",
    Prefix.LESS_OR_EQUAL: "coalesce({l} <= {exact}, true)",
    Prefix.STARTS_AFTER: "coalesce({l} > {exact}, false)",
    Prefix.ENDS_BEFORE: "coalesce({h} < {exact}, false)",
    Prefix.ABOUT: "(coalesce({l} <= {high}, true) AND coalesce({h} >= {low}, true))",
}
# Of a number the range is kept that its digits leave open: the number itself is in the middle.
_NUMBER_END = sql.SQL("coalesce((({v}->>0)::numeric + ({v}->>1)::numeric) / 2, ({v}->>{end})::numeric)")
# Of a quantity the number stands beside it; of a Range one that is not in the middle.
_QUANTITY_END = sql.SQL(
    "CASE WHEN ({v}->>0)::numeric + ({v}->>1)::numeric = 2 * ({v}->>2)::numeric"
    " THEN ({v}->>2)::numeric ELSE ({v}->>{end})::numeric END"
)
_SPAN_END = sql.SQL("({v}->>{end})::bigint")
_V = sql.SQL("v")


def _test(
    range_: Range, tests: Mapping[Prefix, LiteralString], searched: sql.SQL, ends: Sequence[sql.Composable]
) -> sql.Composable:
    slots = {"low": range_.low, "high": range_.high, "exact": range_.exact}
    return sql.SQL(tests[range_.prefix]).format(
        l=ends[0],
        h=ends[1],
        **{name: searched.format(sql.Placeholder(slot)) for name, slot in slots.items() if slot is not None},
    )


def _ends(end: sql.SQL, value: sql.Composable) -> list[sql.Composable]:
    return [end.format(v=value, end=sql.Literal(place)) for place in (0, 1)]


_AS_BIGINT = sql.SQL("{}::bigint")
_AS_NUMERIC = sql.SQL("{}::numeric")
_AS_INSTANT = sql.SQL("('epoch'::timestamptz + {}::bigint * interval '1 microsecond')")


def _span(range_: Range, value: sql.Composable = _V) -> sql.Composable:
    return _test(range_, _SPANS, _AS_BIGINT, _ends(_SPAN_END, value))


def _updated(r: sql.Composable, range_: Range) -> sql.Composable:
    at = sql.SQL("{}.last_updated").format(r)
    return _test(range_, _INSTANTS, _AS_INSTANT, [at, at])


def _number(range_: Range, value: sql.Composable = _V) -> sql.Composable:
    return _test(range_, _MEASURES, _AS_NUMERIC, _ends(_NUMBER_END, value))


def _quantity(range_: Range, unit: Unit, value: sql.Composable = _V) -> sql.Composable:
    test = _test(range_, _MEASURES, _AS_NUMERIC, _ends(_QUANTITY_END, value))
    if unit.system_and_code is not None:
        template, slot = _UNIT_SYSTEM_AND_CODE, unit.system_and_code
    elif unit.system is not None:
        template, slot = _UNIT_SYSTEM, unit.system
    elif unit.code is not None:
        template, slot = _UNIT_CODE, unit.code
    else:
        return test
    return sql.SQL("({} AND {})").format(test, template.format(v=value, unit=_typed(slot, "text")))


_UNIT_SYSTEM_AND_CODE = sql.SQL("{v}->>3 = {unit}")
_UNIT_SYSTEM = sql.SQL("starts_with({v}->>3, {unit})")
_UNIT_CODE = sql.SQL(
    "coalesce({v}->>4 = {unit} OR right({v}->>3, length({unit}) + 1) = '|' || {unit}, false)"
)


def _composite(parts: Sequence[Part]) -> sql.Composable:
    tests = [_part(part, sql.SQL("(v->{})").format(sql.Literal(n))) for n, part in enumerate(parts)]
    return sql.SQL("({})").format(sql.SQL(" AND ").join(tests))


def _part(part: Part, value: sql.Composable) -> sql.Composable:
    if part.range is not None:
        if part.kind == "quantity":
            return _quantity(part.range, part.unit or Unit(), value)
        return _span(part.range, value) if part.kind == "date" else _number(part.range, value)
    assert part.slot is not None
    template = _PARTS.get(part.kind, _PART_OF_TEXT)
    return template.format(v=value, sent=_typed(part.slot, "text"))


_PARTS = {
    "token": sql.SQL("jsonb_exists({v}, {sent})"),
    "system": sql.SQL(
        "EXISTS (SELECT FROM jsonb_array_elements_text({v}) AS code WHERE starts_with(code, {sent}))"
    ),
    "string": sql.SQL("starts_with({v}#>>'{{}}', {sent})"),
}
_PART_OF_TEXT = sql.SQL("{v}#>>'{{}}' = {sent}")


# References that are followed ----------------------------------------------------------------


def _chain(term: Chain, scene: Scene) -> sql.Composable:
    """Whose record it is goes by everyone linked; others by token, or row by row where few are left."""
    inner = scene.deeper()
    t, r = inner.row, scene.row
    if term.of_person:
        found = matching(term.target, (term.inner,), inner, sql.SQL("{}.patient_detail_id").format(t))
        return sql.SQL("{}.patient_detail_id = ANY(ARRAY({}))").format(r, linked_with_rows(found))
    stem = f"{term.type}|{term.parameter}={term.target}/"
    if scene.narrow:
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
    token = sql.SQL("fhir_api.token({} || {}.id)").format(sql.Literal(stem), t)
    found = matching(term.target, (term.inner,), inner, token)
    return sql.SQL("{}.tokens && ARRAY({})").format(r, found)


def _having(term: Having, scene: Scene) -> sql.Composable:
    inner = scene.deeper()
    t, r = inner.row, scene.row
    if term.of_person:
        found = matching(term.source, (term.inner,), inner, sql.SQL("{}.patient_detail_id").format(t))
        return sql.SQL("{}.patient_detail_id = ANY(ARRAY({}))").format(r, linked_with_rows(found))
    if scene.narrow:
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
