"""Finding source records: a statement made of the criteria that are given, their values as parameters."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import msgspec
from psycopg import AsyncConnection, sql

from carecord.kernel.sql import load_queries
from carecord.patient_index.name_keys import KEY_END

queries = load_queries(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is searched by; None where nothing is asked. A record must meet them all.

    Names and postcode are the starts of their keys (see `name_keys`); the rest must be equal.
    """

    surname: str | None = None
    forename: str | None = None
    postcode: str | None = None
    date_of_birth: str | None = None
    gender: str | None = None
    gp_code: str | None = None
    gp_practice_code: str | None = None
    nhs_number: str | None = None
    number: str | None = None
    tenancy_id: int | None = None
    listed: Sequence[int] | None = None
    """Only these patient detail IDs."""

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the criteria that ask for something."""
        return tuple(one.name for one in fields(self) if getattr(self, one.name) is not None)

    def parameters(self, *, tenancies: Sequence[int] | None) -> dict[str, Any]:
        """The values that the conditions of the given criteria take, and the sources to keep to."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.given}
        values |= {f"{name}_end": values[name] + KEY_END for name in _STARTS if name in values}
        return values if tenancies is None else values | {"tenancies": list(tenancies)}


_STARTS = ("surname", "forename", "postcode")
_WITHHELD = frozenset({"postcode", "gp_code", "gp_practice_code"})
"""Criteria by which nobody is found who is protected: to be found by them would tell them."""


class LocalNumber(msgspec.Struct, array_like=True, frozen=True):
    """A number by which the source knows the record; a minor one was merged away."""

    number: str
    number_type: str | None
    is_minor: bool


class LinkedRecord(msgspec.Struct, array_like=True, frozen=True):
    """Another record of the same person."""

    patient_detail_id: int
    tenancy_id: int
    number: str | None
    nhs_number: str | None


class FoundRecord(msgspec.Struct, array_like=True, frozen=True):
    """A source record that meets the criteria. `demographics` is the JSON of its source."""

    patient_detail_id: int
    tenancy_id: int
    is_protected: bool
    """Whether the person is: some record of theirs, seen or not, has a sensitive address."""
    demographics: msgspec.Raw
    numbers: list[LocalNumber]
    linked: list[LinkedRecord]


@dataclass(frozen=True, slots=True)
class Found:
    """One page, by surname, forename, date of birth and patient detail ID; `total` counts all pages."""

    records: list[FoundRecord]
    total: int


_decode = msgspec.json.Decoder(list[FoundRecord]).decode


async def find_records(
    connection: AsyncConnection[Any],
    criteria: Criteria,
    *,
    tenancies: Sequence[int] | None,
    minor_numbers: bool,
    limit: int,
    offset: int,
) -> Found:
    """The records that meet the criteria, of the sources the caller may see (None for all).

    Records that their patients do not share are not there: not as rows, not as linked records, not in the
    total. With `minor_numbers` numbers merged away are searched and given too.
    """
    given, parameters = criteria.given, criteria.parameters(tenancies=tenancies)
    parameters |= {"minor_numbers": minor_numbers, "limit": limit, "offset": offset}
    statement = _statement(given, minor_numbers=minor_numbers, limited=tenancies is not None)
    cursor = await connection.execute(statement, parameters)
    row = await cursor.fetchone()
    assert row is not None
    return Found(records=_decode(row[1]), total=row[0])


@lru_cache(maxsize=4096)
def _statement(given: tuple[str, ...], *, minor_numbers: bool, limited: bool) -> bytes:
    return (
        sql.SQL(queries.find_records)
        .format(
            conditions=conditions_on_records(given, minor_numbers=minor_numbers, limited=limited),
            linked_shown=shown_condition("l", limited=limited),
            protected=protected_condition("r"),
        )
        .as_bytes()
    )


def conditions_on_records(
    given: tuple[str, ...], *, minor_numbers: bool, limited: bool, unprotected: bool = False
) -> sql.Composable:
    """What must hold of the record `r`: the given criteria, and that it may be shown.

    Of protected persons, none where a criterion is withheld of them, or with `unprotected`.
    """
    conditions: list[sql.Composable] = [
        sql.SQL(_condition(name, minor_numbers=minor_numbers)) for name in given
    ]
    if unprotected or not _WITHHELD.isdisjoint(given):
        conditions.append(sql.SQL("NOT {}").format(protected_condition("r")))
    return sql.SQL(" AND ").join([*conditions, shown_condition("r", limited=limited)])


def _condition(name: str, *, minor_numbers: bool) -> Any:
    if name == "number" and minor_numbers:
        return queries.by_number_or_minor_number
    return getattr(queries, f"by_{name}")


def shown_condition(record: str, *, limited: bool) -> sql.Composable:
    """What must hold of a record for a caller to see it; `limited` callers see some sources only."""
    words = [queries.shown, queries.of_tenancies] if limited else [queries.shown]
    return sql.SQL(" AND ").join(sql.SQL(word).format(record=sql.Identifier(record)) for word in words)


def protected_condition(record: str) -> sql.Composable:
    """That a record is of a protected person: then its address, contact and practice are withheld."""
    return sql.SQL(queries.protected).format(record=sql.Identifier(record))
