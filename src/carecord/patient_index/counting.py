"""How much there is in the index: what was decided and by what, what waits, what was found wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from carecord.kernel.sql import load_queries
from carecord.patient_index.checks import whole

queries = load_queries(__package__, "counting.sql")

_WAITING_LINKS = whole(queries.waiting_links)


@dataclass(frozen=True, slots=True)
class DecisionCount:
    """Decisions of one kind. `reasons` are what kept possible links from being linked by their weight."""

    decision: str
    rule: str
    reasons: tuple[str, ...]
    made: int
    in_force: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Tasks of one kind, and of one set of reasons, that wait for a steward."""

    kind: str
    reasons: tuple[str, ...]
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Examined:
    """When the index was looked over last, and how often each check found something."""

    at: datetime
    found: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts alone: nothing here tells of a patient, and sealed decisions are in none of them."""

    persons_by_size: Mapping[int, int]
    decisions: tuple[DecisionCount, ...]
    waiting: tuple[Waiting, ...]
    overlays: Mapping[str, int]
    """By what was decided."""
    proposals: Mapping[tuple[str, str], int]
    """By kind and outcome."""
    hot_keys: Mapping[str, int]
    """By blocking rule."""
    aliases: int
    deleted: int
    examined: Examined | None

    @property
    def records(self) -> int:
        return sum(size * persons for size, persons in self.persons_by_size.items())


async def count(connection: AsyncConnection[Any], *, timeout_s: float) -> Counts:
    """Count, in a transaction of its own; each query is given up after so long."""
    async with connection.transaction():
        await connection.execute(queries.limit_counting, {"timeout_ms": str(round(timeout_s * 1000))})
        persons = await _rows(connection, queries.persons_by_size)
        decisions = await _rows(connection, queries.decisions_by_kind)
        links = await _rows(connection, _WAITING_LINKS)
        overlays = await _rows(connection, queries.overlays_by_decision)
        proposals = await _rows(connection, queries.proposals_by_outcome)
        hot_keys = await _rows(connection, queries.hot_keys_by_rule)
        (others,) = await _rows(connection, queries.other_sizes)
        examined = await _rows(connection, queries.last_examination)
    waiting = [Waiting("possible link", tuple(reasons), number, since) for reasons, number, since in links]
    waiting += [
        Waiting("somebody else", (), number, since)
        for decision, number, since in overlays
        if decision is None
    ]
    waiting += [
        Waiting(f"proposed {kind}", (), number, since)
        for kind, outcome, number, since in proposals
        if outcome is None
    ]
    return Counts(
        persons_by_size=dict(persons),
        decisions=tuple(
            DecisionCount(decision, rule, tuple(reasons), *numbers)
            for decision, rule, reasons, *numbers in decisions
        ),
        waiting=tuple(waiting),
        overlays={decision: number for decision, number, _ in overlays if decision is not None},
        proposals={(kind, outcome): number for kind, outcome, number, _ in proposals if outcome is not None},
        hot_keys=dict(hot_keys),
        aliases=others[0],
        deleted=others[1],
        examined=Examined(*examined[0]) if examined else None,
    )


async def _rows(connection: AsyncConnection[Any], query: Any) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query)).fetchall()
