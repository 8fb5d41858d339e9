"""Who may be meant: people ranked by how much they speak for being the one that is asked for.

The comparisons, weights and guards are those that link records on arrival. FHIR `$match` and the fuzzy Find
Patient stand on `match`; neither changes anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from math import exp2
from operator import attrgetter
from typing import Any

import msgspec
from psycopg import AsyncConnection, sql

from carecord.kernel.sql import load_queries
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.comparing import COMPARISONS, NOTHING
from carecord.patient_index.deciding import Verdict, judge
from carecord.patient_index.linking import read_identity
from carecord.patient_index.normalise import Identity, calendar_day
from carecord.patient_index.scoring import Model, model_in_force
from carecord.patient_index.search import Criteria, conditions_on_records

queries = load_queries(__package__, "matching.sql")

LEAST_SCORE = 0.03
"""Who is less probably the one asked for is no match, unless the NHS number agrees. So low because somebody
looks on in a search: a woman asked for by a name and a birth date may have married since, and be at 0.05."""

_PLACE = {comparison.name: place for place, comparison in enumerate(COMPARISONS)}
_AGREES = 0
_SHORT_FORM = 2


class Grade(StrEnum):
    """How far a match may be trusted; the words of FHIR's match-grade."""

    CERTAIN = "certain"
    """The index would link it by itself, no guard speaks against it, and nobody else comes near."""
    PROBABLE = "probable"
    """What a steward would be asked about: one more question to the patient settles it."""
    POSSIBLE = "possible"
    """Less than what a steward would be asked about: one to look through where nobody better is found."""


@dataclass(frozen=True, slots=True)
class Match:
    """One source record of a person who may be the one asked for."""

    patient_detail_id: int
    person_id: int
    score: float
    """The probability, 0 to 1, that the person is meant: the best that any record of theirs reaches."""
    grade: Grade
    verdict: Verdict
    """Of this record alone."""


async def match(
    connection: AsyncConnection[Any],
    asked: Identity,
    *,
    tenancies: Sequence[int] | None,
    limit: int | None = None,
    only_certain: bool = False,
    narrowed: Criteria | None = None,
    minor_numbers: bool = False,
    model: Model | None = None,
) -> list[Match]:
    """The source records of the people who may be meant, the best first, those of one person together.

    Only records that the caller may see and that meet the criteria of `narrowed` are looked at: neither the
    order, nor a score, nor a grade tells of any other. Where an address, a postcode or a telephone number is
    asked for, protected persons are not looked at either (PDS: a search by postcode or general
    practice never returns restricted patients).
    """
    model = model or model_in_force()
    asked = await _with_current_number(connection, asked)
    candidates = await _candidates(
        connection, asked, narrowed or Criteria(), model, tenancies=tenancies, minor_numbers=minor_numbers
    )
    people = _ranked(model, asked, candidates)
    matches = [
        one
        for place, person in enumerate(people)
        for one in person.matches(model, clear=place == 0 and _leads(people, model))
    ]
    if only_certain:
        matches = [one for one in matches if one.grade is Grade.CERTAIN]
    return matches[:limit]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A record that may be of the person asked for. One that is `held` waits for a steward."""

    patient_detail_id: int
    person_id: int
    verdict: Verdict
    held: bool

    @property
    def number_agrees(self) -> bool:
        return self.verdict.score.levels[_PLACE["nhs_number"]] == _AGREES


@dataclass(frozen=True, slots=True)
class _Person:
    """The candidates of one person, the best first."""

    person_id: int
    candidates: tuple[_Candidate, ...]

    @property
    def best(self) -> Verdict:
        return self.candidates[0].verdict

    @property
    def number_agrees(self) -> bool:
        return any(one.number_agrees for one in self.candidates)

    def matches(self, model: Model, *, clear: bool) -> list[Match]:
        score, grade = probability(model, self.best), self._grade(clear=clear)
        return [
            Match(one.patient_detail_id, self.person_id, score, grade, one.verdict) for one in self.candidates
        ]

    def _grade(self, *, clear: bool) -> Grade:
        if self.best.outcome == "apart":
            return Grade.POSSIBLE
        undisputed = all(
            one.verdict.compatible and not one.verdict.guards and not one.held for one in self.candidates
        )
        named = self.best.outcome == "link" and _tells_twins_apart(self.best)
        return Grade.CERTAIN if clear and undisputed and named else Grade.PROBABLE


def probability(model: Model, verdict: Verdict) -> float:
    """That a verdict speaks of one person: 2^w / (1 + 2^w), w in bits.

    w is the lower of the two weights, the one against a stranger and the one against a relative in the same
    home; the second is moved by the difference between their bars, so that a pair at its bar scores 0.999.
    """
    w = verdict.strength + model.thresholds.join
    return 1 / (1 + exp2(-w))


def _tells_twins_apart(verdict: Verdict) -> bool:
    """Birth date, and forename or NHS number: without them the other twin would match as well.

    A forename that is only spelt alike may be the other twin's: Amina and Amira.
    """
    levels = verdict.score.levels
    named = levels[_PLACE["forename"]] in (_AGREES, _SHORT_FORM) or levels[_PLACE["nhs_number"]] == _AGREES
    return named and levels[_PLACE["birth"]] != NOTHING


def _ranked(model: Model, asked: Identity, candidates: Iterable["_Row"]) -> list[_Person]:
    judged = [
        _Candidate(row.patient_detail_id, row.person_id, judge(model, asked, row.identity), row.held)
        for row in candidates
    ]
    by_person = groupby(sorted(judged, key=attrgetter("person_id")), key=attrgetter("person_id"))
    people = [
        _Person(
            person_id, tuple(sorted(some, key=lambda one: (-one.verdict.strength, one.patient_detail_id)))
        )
        for person_id, some in by_person
    ]
    worth_showing = [
        one for one in people if one.number_agrees or probability(model, one.best) >= LEAST_SCORE
    ]
    return sorted(worth_showing, key=lambda one: (-one.best.strength, one.person_id))


def _leads(people: Sequence[_Person], model: Model) -> bool:
    """Whether the first is clearly better than the second."""
    if len(people) < 2:
        return True
    return people[0].best.strength - people[1].best.strength >= model.thresholds.lead


@dataclass(frozen=True, slots=True)
class _Row:
    """A candidate as it is stored."""

    patient_detail_id: int
    person_id: int
    identity: Identity
    held: bool


async def _with_current_number(connection: AsyncConnection[Any], asked: Identity) -> Identity:
    """A superseded NHS number is asked for by its successor."""
    if asked.nhs_number is None:
        return asked
    cursor = await connection.execute(queries.current_number, {"number": asked.nhs_number})
    row = await cursor.fetchone()
    return msgspec.structs.replace(asked, nhs_number=row[0]) if row is not None else asked


async def _candidates(
    connection: AsyncConnection[Any],
    asked: Identity,
    narrowed: Criteria,
    model: Model,
    *,
    tenancies: Sequence[int] | None,
    minor_numbers: bool,
) -> list[_Row]:
    statement = _statement(
        narrowed.given,
        minor_numbers=minor_numbers,
        limited=tenancies is not None,
        by_whereabouts=bool(asked.postcode or asked.address or asked.phones),
    )
    born = calendar_day(asked.birth)
    starts = _starts(asked) if born else []
    values = {
        "keys": blocking_keys(asked, model.blocking),
        "born": born,
        "surnames": [surname for surname, _ in starts],
        "forenames": [forename for _, forename in starts],
        "hot": model.hot,
    }
    cursor = await connection.execute(statement, values | narrowed.parameters(tenancies=tenancies))
    return [_Row(row[0], row[1], read_identity(row[2]), row[3]) for row in await cursor.fetchall()]


def _starts(asked: Identity) -> list[tuple[str, str]]:
    """Starts of surname and forename to look for among those born on the day, either way round.

    By the first letters, for where both names are misspelt and no blocking key is shared; and in full, so
    that an exact name is found even when all its keys are too common.
    """
    last, first = asked.surname or "", asked.forename or ""
    starts = {(last, first), (first, last)}
    if last and first:
        starts |= {(last[0], first[0]), (first[0], last[0])}
    return sorted(starts)


@lru_cache(maxsize=1024)
def _statement(given: tuple[str, ...], *, minor_numbers: bool, limited: bool, by_whereabouts: bool) -> bytes:
    conditions = conditions_on_records(
        given,
        minor_numbers=minor_numbers,
        limited=limited,
        unprotected=by_whereabouts,
    )
    return sql.SQL(queries.candidates).format(conditions=conditions).as_bytes()
