"""How one value of a resource compares with the one searched for, as SQL over what indexing keeps of it."""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from psycopg import sql

from carecord.fhir_api.searching.model import Part, Prefix, Range, Slot, Unit

_KINDS = {one: sql.SQL(one) for one in ("text", "text[]", "bigint[]")}


def typed(slot: Slot, kind: str) -> sql.Composable:
    """The parameter of the statement, with its type."""
    return sql.SQL("{}::{}").format(sql.Placeholder(slot), _KINDS[kind])


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
# As far as these say that it is not before.
_SINCE = {
    Prefix.EQUAL: "{l} >= {low}",
    Prefix.GREATER: "{l} >= {high}",
    Prefix.GREATER_OR_EQUAL: "{l} >= {low}",
    Prefix.STARTS_AFTER: "{l} >= {high}",
    Prefix.ABOUT: "{l} >= {low}",
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


def span_test(range_: Range, value: sql.Composable = _V) -> sql.Composable:
    return _test(range_, _SPANS, _AS_BIGINT, _ends(_SPAN_END, value))


def instant_test(
    range_: Range, at: sql.Composable, *, no_later_than: sql.Composable | None = None
) -> sql.Composable:
    """Of the instant `at`. What it is `no_later_than` may have an index, and then narrows."""
    test = _test(range_, _INSTANTS, _AS_INSTANT, [at, at])
    if no_later_than is None or range_.prefix not in _SINCE:
        return test
    since = _test(range_, _SINCE, _AS_INSTANT, [no_later_than, no_later_than])
    return sql.SQL("({} AND {})").format(since, test)


def number_test(range_: Range, value: sql.Composable = _V) -> sql.Composable:
    return _test(range_, _MEASURES, _AS_NUMERIC, _ends(_NUMBER_END, value))


def quantity_test(range_: Range, unit: Unit, value: sql.Composable = _V) -> sql.Composable:
    test = _test(range_, _MEASURES, _AS_NUMERIC, _ends(_QUANTITY_END, value))
    if unit.system_and_code is not None:
        template, slot = _UNIT_SYSTEM_AND_CODE, unit.system_and_code
    elif unit.system is not None:
        template, slot = _UNIT_SYSTEM, unit.system
    elif unit.code is not None:
        template, slot = _UNIT_CODE, unit.code
    else:
        return test
    return sql.SQL("({} AND {})").format(test, template.format(v=value, unit=typed(slot, "text")))


_UNIT_SYSTEM_AND_CODE = sql.SQL("{v}->>3 = {unit}")
_UNIT_SYSTEM = sql.SQL("starts_with({v}->>3, {unit})")
_UNIT_CODE = sql.SQL(
    "coalesce({v}->>4 = {unit} OR right({v}->>3, length({unit}) + 1) = '|' || {unit}, false)"
)


def composite_test(parts: Sequence[Part]) -> sql.Composable:
    tests = [_part(part, sql.SQL("(v->{})").format(sql.Literal(n))) for n, part in enumerate(parts)]
    return sql.SQL("({})").format(sql.SQL(" AND ").join(tests))


def _part(part: Part, value: sql.Composable) -> sql.Composable:
    if part.range is not None:
        if part.kind == "quantity":
            return quantity_test(part.range, part.unit or Unit(), value)
        return span_test(part.range, value) if part.kind == "date" else number_test(part.range, value)
    assert part.slot is not None
    template = _PARTS.get(part.kind, _PART_OF_TEXT)
    return template.format(v=value, sent=typed(part.slot, "text"))


_PARTS = {
    "token": sql.SQL("jsonb_exists({v}, {sent})"),
    "system": sql.SQL(
        "EXISTS (SELECT FROM jsonb_array_elements_text({v}) AS code WHERE starts_with(code, {sent}))"
    ),
    "string": sql.SQL("starts_with({v}#>>'{{}}', {sent})"),
}
_PART_OF_TEXT = sql.SQL("{v}#>>'{{}}' = {sent}")
