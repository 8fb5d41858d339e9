"""The one statement of each search, made once for each shape."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, LiteralString

from psycopg import sql

from carecord.db.direct import Question, number_parameters
from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.rights import Deed
from carecord.fhir_api.searching.conditions import (
    Scene,
    all_of,
    fragments,
    is_broad,
    is_indexed,
    known_update,
    linked_with,
    linked_with_rows,
    matching,
    of_type,
)
from carecord.fhir_api.searching.model import (
    AllOf,
    AnyOf,
    Chain,
    Dates,
    Having,
    Ids,
    People,
    Shape,
    Term,
    Texts,
    Tokens,
    Updated,
)
from carecord.fhir_api.searching.ordering import after, after_update, default_order, order_by, sort_value
from carecord.fhir_api.searching.remembering import remembering
from carecord.fhir_api.searching.sight import Reach, grants_for, is_plain, sight_of, with_targets
from carecord.kernel.errors import NotAllowed

TOLD_AT_MOST = 10_000
"""A total that is not asked for, and takes counting of its own, is told up to here and left out above."""

_MOST_PREPARED_TERMS = 3
_LAST_UPDATED: sql.Composable = sql.SQL("r.last_updated")


class Counting(Enum):
    """How far matches are counted."""

    NOT = "not"
    CAPPED = "capped"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Statement:
    """A question, the names of its parameters by number, and the values that the caller's scopes bring."""

    question: Question
    parameters: tuple[str, ...]
    scoped: Mapping[str, Any]
    text: sql.Composed

    def size(self) -> int:
        """Bytes of its text and values."""
        return len(self.question.text) + len(repr(self.scoped))


@remembering(Statement.size)
def page_statement(
    shape: Shape, reach: Reach, counting: Counting, nulls: tuple[bool, ...] | None, *, knows_all: bool
) -> Statement:
    """A page of what matches. `nulls` says which keys of the place to go on from are null; None begins.
    Who does not know of all sources may not know of all changes of a Patient's links.

    Its columns: total, whose resources are stale, ID, the order's keys, and then those of a row.
    """
    parts, scoped = _parts(shape, reach)
    columns = [sql.Identifier(f"k{position}") for position in range(len(shape.sort))]
    row = sql.Identifier("r")
    if knows_all or shape.type != "Patient":
        walks, updated = _walks(shape), _LAST_UPDATED
    else:
        walks, updated = False, known_update(row)
    keys = [
        sql.SQL("{} AS {}").format(sort_value(key, row, updated), column)
        for key, column in zip(shape.sort, columns, strict=True)
    ]
    if nulls is None:
        here: sql.Composable = sql.SQL("true")
    else:
        here = after_update(shape.sort[0]) if walks else after(shape.sort, columns, nulls)
    text = sql.SQL(fragments.page_by_update if walks else fragments.page_of_matches).format(
        **parts,
        keys=sql.SQL(", ").join(keys),
        after=here,
        order=order_by(shape.sort, columns),
        updated_us=updated_us("r"),
        direction=sql.SQL("DESC" if shape.sort[0].descending else "ASC"),
        total=_total(parts, counting, walks=walks),
        stale=_stale(shape),
    )
    return _statement(text, scoped, stays=_stays(shape, reach))


@remembering(Statement.size)
def count_statement(shape: Shape, reach: Reach) -> Statement:
    """How many match, and whose resources are stale."""
    parts, scoped = _parts(shape, reach)
    text = sql.SQL(fragments.count_of_matches).format(**parts, stale=_stale(shape))
    return _statement(text, scoped, stays=False)


@remembering(Statement.size)
def ids_statement(shape: Shape, reach: Reach) -> Statement:
    """The IDs of what matches, as many as `row_limit`."""
    parts, scoped = _parts(shape, reach)
    return _statement(sql.SQL(fragments.ids_of_matches).format(**parts), scoped, stays=False)


@remembering(Statement.size)
def along_statement(reach: Reach, *, reverse: bool) -> Statement:
    """What resources refer to, or what refers to them, of every type that the scopes reach."""
    sight, scoped = sight_of(reach, Deed.SEARCH if reverse else Deed.READ, itself=True)
    types_by_condition: dict[str, tuple[sql.Composable, list[str]]] = {}
    for type_name in SERVED:
        if grants_for(reach, Deed.SEARCH if reverse else Deed.READ, type_name):
            condition = sight(type_name, "t")
            types_by_condition.setdefault(condition.as_string(), (condition, []))[1].append(type_name)
    ways = [
        sql.SQL("(t.type IN ({}) AND {})").format(sql.SQL(", ").join(map(sql.Literal, types)), condition)
        for condition, types in types_by_condition.values()
    ]
    reached = sql.SQL("({})").format(sql.SQL(" OR ").join(ways) if ways else sql.SQL("false"))
    text = sql.SQL(fragments.referring if reverse else fragments.included).format(
        visible=with_targets(reached, SERVED, "t"), updated_us=updated_us("t")
    )
    return _statement(text, scoped, stays=is_plain(reach))


@cache
def stale_among_statement() -> Statement:
    """Those of some records of which something is stale."""
    return _statement(sql.SQL(fragments.stale_among).format(), {}, stays=True)


def updated_us(alias: LiteralString) -> sql.Composed:
    """When a row was last updated, in microseconds since 1970."""
    return sql.SQL("(extract(epoch FROM {}.last_updated) * 1000000)::bigint").format(sql.Identifier(alias))


def check_reach(terms: tuple[Term, ...], reach: Reach) -> None:
    """NotAllowed where a chain or `_has` looks at a type that the caller may not search."""
    for term in terms:
        missing = next(_unreached(term, reach), None)
        if missing is not None:
            raise NotAllowed(
                f"The search looks at {missing}, which no scope of the token lets you search.",
                reason="scope_missing",
            )


def _unreached(term: Term, reach: Reach) -> Iterator[str]:
    """Types that the term needs and no scope reaches. Of several targets of a reference one is enough."""
    if isinstance(term, AnyOf):
        missing = [next(_unreached(one, reach), None) for one in term.terms]
        if None not in missing:
            yield from (one for one in missing if one is not None)
    elif isinstance(term, Chain | Having):
        looked_at = term.target if isinstance(term, Chain) else term.source
        if not grants_for(reach, Deed.SEARCH, looked_at):
            yield looked_at
        yield from _unreached(term.inner, reach)
    elif isinstance(term, AllOf):
        for one in term.terms:
            yield from _unreached(one, reach)


def _parts(shape: Shape, reach: Reach) -> tuple[dict[str, sql.Composable], Mapping[str, Any]]:
    sight, scoped = sight_of(reach, Deed.SEARCH)
    narrow = any(isinstance(term, People | Ids) for term in shape.terms)
    selective = any(is_indexed(term) and not is_broad(term) for term in shape.terms)
    scene = Scene(
        "r",
        sight,
        narrow=narrow and not shape.all_linked,
        selective=selective,
        stays=_stays(shape, reach),
    )
    if shape.all_linked:
        inner = scene.deeper()
        of_shape: sql.Composable = sql.SQL("r.type = {}").format(sql.Literal(shape.type))
        found = matching(shape.type, shape.terms, inner, sql.SQL("{}.patient_detail_id").format(inner.row))
        conditions: sql.Composable = sql.SQL("r.patient_detail_id = ANY(ARRAY({}))").format(
            linked_with_rows(found)
        )
    else:
        conditions = all_of(shape.terms, scene)
        of_shape = of_type(shape.type, shape.terms, scene)
    parts = {
        "of_type": of_shape,
        "type": sql.Literal(shape.type),
        "conditions": conditions,
        "visible": sight(shape.type, "r"),
    }
    return parts, scoped


def _walks(shape: Shape) -> bool:
    """Whether the index on when resources were updated gives both the order and all there is of narrowing."""
    return (
        len(shape.sort) == 1
        and shape.sort[0].parameters == ("_lastUpdated",)
        and not shape.all_linked
        and all(isinstance(term, Updated) for term in shape.terms)
    )


def _stays(shape: Shape, reach: Reach) -> bool:
    """Whether it stays prepared. Of what callers make up there is no end: only plain ones do."""
    return (
        is_plain(reach)
        and len(shape.terms) <= _MOST_PREPARED_TERMS
        and all(map(_is_plainest, shape.terms))
        and shape.sort == default_order(shape.type, shape.terms)
        and not shape.all_linked
    )


def _is_plainest(term: Term) -> bool:
    match term:
        case Chain(of_person=of_person, inner=inner):
            return of_person and isinstance(inner, Tokens)
        case Texts(narrowing=narrowing):
            return narrowing is not None
        case Dates(ranges=ranges):
            return len(ranges) == 1
    return isinstance(term, People | Ids | Tokens)


def _total(parts: Mapping[str, sql.Composable], counting: Counting, *, walks: bool) -> sql.Composable:
    if counting is Counting.NOT:
        return sql.SQL("NULL::bigint")
    if not walks:
        return sql.SQL("(SELECT count(*) FROM matched)")
    limit = sql.Literal(TOLD_AT_MOST + 1) if counting is Counting.CAPPED else sql.SQL("ALL")
    return sql.SQL(fragments.capped_count).format(**parts, cap=limit)


def _stale(shape: Shape) -> sql.Composable:
    queries: list[sql.Composable] = []
    for term in shape.terms:
        if isinstance(term, People):
            queries.append(linked_with(term.slot))
        elif isinstance(term, Ids) and shape.type == "Patient":
            ids = sql.SQL("{}::text[]").format(sql.Placeholder(term.slot))
            queries.append(sql.SQL(fragments.records_named).format(ids=ids))
    if not queries or shape.all_linked:
        return sql.SQL(fragments.stale_at_all)
    return sql.SQL(fragments.stale_of_records).format(records=sql.SQL(" UNION ALL ").join(queries))


def _statement(text: sql.Composed, scoped: Mapping[str, Any], *, stays: bool) -> Statement:
    numbered, names = number_parameters(text.as_string())
    return Statement(Question(numbered, stays=stays), names, scoped, text)
