"""A search answered: one statement finds, orders, counts and pages; others bring what comes along."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq.abc import PGresult

from carecord.db.readers import Readers
from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.rights import Rights
from carecord.fhir_api.searching.including import MOST_INCLUDED, Along, along_rows
from carecord.fhir_api.searching.model import Search, Summary, Total
from carecord.fhir_api.searching.ordering import is_place
from carecord.fhir_api.searching.rows import as_text, kept, numbers_of, text_of
from carecord.fhir_api.searching.sight import Reach, reach_of, values_of
from carecord.fhir_api.searching.statements import (
    TOLD_AT_MOST,
    Counting,
    Statement,
    along_statement,
    check_reach,
    count_statement,
    ids_statement,
    page_statement,
    stale_among_statement,
)
from carecord.fhir_api.searching.trimming import trim
from carecord.kernel.errors import BadRequest, Unavailable

MOST_ROUNDS = 10
"""How often `:iterate` goes on from what came along."""

_TOTAL, _STALE, _ID, _KEYS = range(4)


@dataclass(frozen=True, slots=True)
class Found:
    """A page, and what comes along with it."""

    matches: list[Kept]
    included: list[Kept]
    total: int | None
    cursor: Json | None
    """Where the next page goes on; None at the end."""
    warnings: list[str]
    stale: bool
    """Some resources must be made anew first; then ask again."""
    stale_records: tuple[int, ...] | None = None
    """Whose, where the search names patients; None where it asks of all."""


async def find(readers: Readers, search: Search, rights: Rights, *, cursor: Json | None = None) -> Found:
    """The page of a search that begins, or goes on from a cursor. What may not be seen has no part in it."""
    reach = reach_of(rights)
    check_reach(search.shape.terms, reach)
    values = {**search.values, **values_of(rights)}
    if search.only_count:
        answer = await _ask(readers, count_statement(search.shape, reach), values)
        total = int(answer.get_value(0, 0) or 0)
        stale = numbers_of(answer.get_value(0, 1))
        return Found([], [], total, None, list(search.warnings), stale is not None, stale or None)
    place = _Place.parse(cursor, search)
    statement = page_statement(
        search.shape,
        reach,
        _counting(search),
        place.nulls if place else None,
        knows_all=rights.tenancies is None,
    )
    values |= {"row_limit": search.count + 1, **(place.values if place else {})}
    answer = await _ask(readers, statement, values)
    found = _page(answer, search)
    if not found.stale and found.matches and (search.includes or search.revincludes):
        found.included.extend(await _bring_along(readers, search, found, reach, values_of(rights)))
        found = await _checked(readers, found)
    return _cut(found, search) if search.cuts else found


def match_ids(
    connection: psycopg.Connection[Any], search: Search, rights: Rights, *, limit: int
) -> list[str]:
    """The IDs of the first so many that match, in the caller's transaction: for conditional writes."""
    reach = reach_of(rights)
    check_reach(search.shape.terms, reach)
    statement = ids_statement(search.shape, reach)
    values = {**search.values, **values_of(rights), **statement.scoped, "row_limit": limit}
    asked = {name: _as_python(values[name]) for name in statement.parameters}
    return [row[0] for row in connection.execute(statement.text, asked)]


async def _ask(readers: Readers, statement: Statement, values: Mapping[str, Any]) -> PGresult:
    every = {**statement.scoped, **values}
    try:
        return await readers.ask(statement.question, [as_text(every[name]) for name in statement.parameters])
    except psycopg.errors.QueryCanceled as error:
        raise Unavailable(
            "The search is too wide to be answered in time: name a patient, or narrow it down."
        ) from error


def _counting(search: Search) -> Counting:
    match search.total:
        case Total.NONE:
            return Counting.NOT
        case Total.ACCURATE:
            return Counting.WHOLE
        case _:
            return Counting.CAPPED


def _page(answer: PGresult, search: Search) -> Found:
    value = answer.get_value
    has_rows = value(0, _ID) is not None
    after_keys = _KEYS + len(search.shape.sort)
    rows = [
        kept(answer, row, search.type, _ID, after_keys) for row in range(answer.ntuples if has_rows else 0)
    ]
    cursor = None
    if len(rows) > search.count:
        rows.pop()
        last = len(rows) - 1
        keys = [text_of(value(last, _KEYS + position)) for position in range(len(search.shape.sort))]
        cursor = {"keys": keys, "id": rows[-1].id}
    told = value(0, _TOTAL)
    total = None if told is None else int(told)
    if total is not None and total > TOLD_AT_MOST and _counting(search) is not Counting.WHOLE:
        # It may be the whole, or one past the end of what was counted: neither is told for the other.
        total = None
    stale = numbers_of(value(0, _STALE))
    return Found(rows, [], total, cursor, list(search.warnings), stale is not None, stale or None)


@dataclass(frozen=True, slots=True)
class _Place:
    nulls: tuple[bool, ...]
    values: Mapping[str, Any]

    @classmethod
    def parse(cls, cursor: Json | None, search: Search) -> "_Place | None":
        if cursor is None:
            return None
        keys, last = cursor.get("keys"), cursor.get("id")
        sort = search.shape.sort
        if (
            not isinstance(keys, list)
            or len(keys) != len(sort)
            or not isinstance(last, str)
            or not all(is_place(key, value) for key, value in zip(sort, keys, strict=True))
        ):
            raise BadRequest("The page that the link names is not one of this search.")
        values: dict[str, Any] = {f"after_{place}": key for place, key in enumerate(keys) if key is not None}
        return cls(tuple(key is None for key in keys), {**values, "after_id": last})


async def _bring_along(
    readers: Readers, search: Search, found: Found, reach: Reach, values: Mapping[str, Any]
) -> list[Kept]:
    """What `_include` and `_revinclude` bring, each once, and nothing that matched."""
    seen = {(one.type, one.id) for one in found.matches}
    fresh = [(one.type, one.id) for one in found.matches]
    brought: list[Kept] = []
    first = True
    for _ in range(MOST_ROUNDS):
        asked = [Along.of(search, fresh, reverse=reverse, first=first) for reverse in (False, True)]
        fresh = []
        for along in asked:
            if along is None:
                continue
            statement = along_statement(reach, reverse=along.reverse)
            limits = {"row_limit": MOST_INCLUDED + len(seen) + 1}
            answer = await _ask(readers, statement, {**values, **along.values, **limits})
            for one in along_rows(answer):
                if (one.type, one.id) not in seen:
                    seen.add((one.type, one.id))
                    fresh.append((one.type, one.id))
                    brought.append(one)
        first = False
        if not fresh or len(brought) > MOST_INCLUDED:
            break
    if len(brought) > MOST_INCLUDED:
        found.warnings.append(f"More than {MOST_INCLUDED} resources come along: the rest is left out.")
    return brought[:MOST_INCLUDED]


async def _checked(readers: Readers, found: Found) -> Found:
    """The same, stale where records of what came along are: a feed may have restricted it."""
    records = sorted({one.patient_detail_id for one in found.included if one.patient_detail_id is not None})
    if not records:
        return found
    answer = await _ask(readers, stale_among_statement(), {"records": records})
    stale = tuple(int(answer.get_value(row, 0) or 0) for row in range(answer.ntuples))
    return replace(found, stale=True, stale_records=stale) if stale else found


def _cut(found: Found, search: Search) -> Found:
    return replace(
        found,
        matches=[_trimmed(one, search, matched=True) for one in found.matches],
        included=[_trimmed(one, search, matched=False) for one in found.included],
    )


def _trimmed(one: Kept, search: Search, *, matched: bool) -> Kept:
    if one.body is None or not (matched or search.summary is not Summary.FALSE):
        return one
    return replace(one, body=encode(trim(decode(one.body), search, matched=matched)))


def _as_python(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
