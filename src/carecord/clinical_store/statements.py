"""SQL made from declarations: how a leaf is found in an item, compared and ordered.

Every name in it comes from the catalogue; what a caller sends travels as a parameter, never as text.
"""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from psycopg import sql

from carecord.catalogue.model import (
    Differs,
    Equals,
    Holds,
    IsNotNull,
    IsNull,
    Kind,
    Leaf,
    Operation,
    Rows,
    Store,
    WithinMonths,
)
from carecord.catalogue.shapes import TENANCY_DESCRIPTION
from carecord.catalogue.submission import is_time, occurrence_of
from carecord.db.direct import Question, number_parameters
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)


class Test(Enum):
    """How a filter compares a leaf with its value."""

    CONTAINS = "position(clinical_store.fold({value}) in clinical_store.fold({leaf})) > 0"
    EQUALS = "{leaf} = {value}"
    ON_DAY = "{leaf}::date = {value}::date"
    AT = "{leaf} = {value}::timestamp"
    FROM = "{leaf} >= {value}::timestamp"
    TO = "{leaf} <= {value}::timestamp"
    TO_END_OF_DAY = "{leaf} < {value}::date + 1"


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter of a caller. Its value is the parameter `filter_<n>`, n its place among the conditions."""

    leaf: Leaf
    test: Test


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of an operation's store, in which order. Equal selections are one prepared statement."""

    operation: Operation
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[Leaf, bool], ...] = ()
    """Leaves, each with whether it descends; empty for the declared order."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A question, with the names of its parameters in the order of their numbers."""

    question: Question
    parameters: tuple[str, ...]


@lru_cache(maxsize=4096)
def page_statement(selection: Selection) -> Statement:
    """The statement of a selection. Parameters: those of the query `page`, and one for each condition.

    It stays prepared when it is the declared order of all rows, of which there is one for each operation;
    what callers make up of conditions and orders has no end.
    """
    operation = selection.operation
    assert operation.store is not None
    text = (
        sql.SQL(queries.page)
        .format(
            linked=linked_records(operation),
            store=sql.Literal(operation.store.name),
            tenancy=sql.SQL(queries.with_tenancy if needs_tenancy(selection) else ""),
            conditions=_shown(selection, operation.store),
            order=order_of(selection),
        )
        .as_string()
    )
    numbered, names = number_parameters(text)
    return Statement(Question(numbered, stays=not selection.conditions and not selection.order), names)


def _shown(selection: Selection, store: Store) -> sql.Composable:
    """The conditions of the selection and the store, and that what tells where a person is may be shown."""
    conditions = conditions_of(selection, store.rows)
    if not store.of_unprotected:
        return conditions
    return sql.SQL(" AND ").join([conditions, sql.SQL(queries.of_unprotected)])


def linked_records(operation: Operation) -> sql.Composed:
    """The query of the records that an answer may draw on: those linked that the caller may be shown."""
    sharing = sql.SQL("true" if operation.shows_refused else queries.shared_unless_refused)
    return sql.SQL(queries.linked_records).format(sharing=sharing)


def conditions_of(selection: Selection, *rows: Rows | None) -> sql.Composable:
    """The selection's conditions and those of the declaration, as one."""
    found = [_rows(one) for one in rows if one is not None]
    for position, condition in enumerate(selection.conditions):
        found.append(
            sql.SQL(condition.test.value).format(
                leaf=_typed(selection.operation, condition.leaf), value=sql.Placeholder(f"filter_{position}")
            )
        )
    return sql.SQL(" AND ").join(found) if found else sql.SQL("true")


def order_of(selection: Selection) -> sql.Composable:
    """What the selection is ordered by; rows that tie come in the order they were first stored."""
    ordered = [_ordered(selection.operation, *one) for one in selection.order or selection.operation.order]
    return sql.SQL(", ").join([*ordered, sql.SQL("e.entry_id")])


def needs_tenancy(selection: Selection) -> bool:
    """Whether the selection sorts or filters by the name of the source."""
    ordered = [leaf for leaf, _ in selection.order or selection.operation.order]
    return any(map(_is_tenancy, [*ordered, *(condition.leaf for condition in selection.conditions)]))


def _is_tenancy(leaf: Leaf) -> bool:
    return leaf.name == TENANCY_DESCRIPTION


def _text(name: str) -> sql.Composable:
    """The text at a dotted name in an item."""
    *above, last = name.split(".")
    way = sql.SQL("").join(sql.SQL("->{}").format(sql.Literal(part)) for part in above)
    return sql.SQL("(e.item{}->>{})").format(way, sql.Literal(last))


def _typed(operation: Operation, leaf: Leaf) -> sql.Composable:
    """The value at a leaf, as the type it compares by."""
    if _is_tenancy(leaf):
        return sql.SQL("t.description")
    if leaf == occurrence_of(operation):
        return sql.SQL("e.occurred_at")
    text = _text(leaf.name)
    if is_time(leaf):
        return sql.SQL("{}::timestamp").format(text)
    if leaf.field.kind is Kind.INTEGER or leaf.field.holds is Holds.DECIMAL:
        return sql.SQL("{}::numeric").format(text)
    if leaf.field.kind is Kind.BOOLEAN:
        return sql.SQL("{}::boolean").format(text)
    return text


def _ordered(operation: Operation, leaf: Leaf, descending: bool) -> sql.Composable:
    value = _typed(operation, leaf)
    is_text = leaf.field.kind is Kind.STRING and not is_time(leaf) and leaf.field.holds is not Holds.DECIMAL
    if is_text:
        value = sql.SQL("clinical_store.fold({})").format(value)
    return sql.SQL("{} {} NULLS LAST").format(value, sql.SQL("DESC" if descending else "ASC"))


def _rows(rows: Rows) -> sql.Composable:
    text = _text(rows.field)
    match rows:
        case IsNull():
            return sql.SQL("{} IS NULL").format(text)
        case IsNotNull():
            return sql.SQL("{} IS NOT NULL").format(text)
        case Equals(value=value):
            return sql.SQL("{} = {}").format(text, sql.Literal(value))
        case Differs(value=value):
            return sql.SQL("{} IS DISTINCT FROM {}").format(text, sql.Literal(value))
        case WithinMonths(months=months):
            return sql.SQL("{}::timestamp >= {} - make_interval(months => {})").format(
                text, sql.Placeholder("today"), sql.Literal(months)
            )
