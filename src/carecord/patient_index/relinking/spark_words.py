"""What is written for DuckDB, in Spark's words."""

from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any

from sqlglot import exp, parse_one


def settings_for_spark(settings: Mapping[str, Any], *, lists: Collection[str]) -> dict[str, Any]:
    """The same Splink settings, each condition translated. `lists` are the columns that hold lists."""
    translated = deepcopy(dict(settings)) | {"sql_dialect": "spark"}
    for comparison in translated["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level["sql_condition"] != "ELSE":
                level["sql_condition"] = for_spark(level["sql_condition"], lists=lists)
    return translated


def for_spark(sql: str, *, lists: Collection[str] = ()) -> str:
    """A query or condition, translated."""
    sides = {f"{column}_{side}" for column in lists for side in "lr"}

    def reworded(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Bracket):
            return _substring(node)
        if isinstance(node, exp.ArrayOverlaps):
            return exp.Anonymous(this="arrays_overlap", expressions=[node.this, node.expression])
        if isinstance(node, exp.JarowinklerSimilarity):
            return exp.Anonymous(this="jaro_winkler", expressions=[node.this, node.expression])
        if isinstance(node, exp.Length) and isinstance(node.this, exp.Column) and node.this.name in sides:
            return exp.ArraySize(this=node.this)
        return node

    return str(parse_one(sql, read="duckdb").transform(reworded).sql(dialect="spark"))


def _substring(node: exp.Bracket) -> exp.Expr:
    """DuckDB takes letters as from a list: from the first to the last, -1 being the last of all."""
    place = node.expressions[0]
    if not isinstance(place, exp.Slice):
        # The parser has made DuckDB's first place, 1, into 0.
        return _part(node, int(place.name) + 1, exp.Literal.number(1))
    first = int(place.this.name) if place.this else 1
    last = place.expression
    if last is None:
        return _part(node, first, exp.func("length", node.this))
    if isinstance(last, exp.Neg):
        less = exp.Literal.number(int(last.this.name) + first - 2)
        return _part(node, first, exp.Sub(this=exp.func("length", node.this), expression=less))
    return _part(node, first, exp.Literal.number(int(last.name) - first + 1))


def _part(node: exp.Bracket, first: int, length: exp.Expr) -> exp.Expr:
    return exp.func("substring", node.this, exp.Literal.number(first), length)
