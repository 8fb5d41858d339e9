"""How well the index links a set whose persons are known: every record filed by the real arrival path."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from psycopg import Connection

from carecord.kernel.sql import load_queries
from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.groups import Pair, connected_parts, pair
from carecord.patient_index.labelled_set import NO_AGREEING_NUMBER, Labelled
from carecord.patient_index.name_keys import name_key
from carecord.patient_index.normalise import Identity, calendar_day
from carecord.patient_index.pair_figures import (
    AllPairs,
    Figures,
    Outcome,
    PairsNotAgreeing,
    PairsTouching,
    Stratum,
    figures,
)
from carecord.patient_index.scoring import Model
from carecord.patient_index.source_records import Tenancy, file_and_commit, set_tenancy

queries = load_queries(__package__, "evaluating.sql")

BASELINE_RULE = "NHS number and date of birth"
PERSONS_AT_ONCE = 5000

Progress = Callable[[str, int, int], None]
"""Told the stage, and how much of how much is done."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out: of all pairs, of those of each stratum, and the same of the rule that stands beside."""

    model: str
    persons: int
    overall: Figures
    strata: dict[str, Figures]
    baseline: Figures
    baseline_strata: dict[str, Figures]
    review_tasks: int
    seconds: float
    arrival_ms: dict[str, float]

    @property
    def records_per_s(self) -> float:
        return round(self.overall.records / self.seconds, 1)

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "persons": self.persons,
            **self.overall.as_json(),
            "review_tasks": self.review_tasks,
            "records_per_s": self.records_per_s,
            "arrival_ms": self.arrival_ms,
            "strata": _as_json(self.strata),
            "baseline": {
                "rule": BASELINE_RULE,
                **self.baseline.as_json(),
                "strata": _as_json(self.baseline_strata),
            },
        }


def _as_json(strata: Mapping[str, Figures]) -> dict[str, Any]:
    return {name: found.as_json() for name, found in strata.items()}


def evaluate(
    connection: Connection[Any],
    records: Sequence[Labelled],
    *,
    model: Model,
    at_once: int = 1,
    on_progress: Progress = lambda stage, done, of: None,
) -> Evaluation:
    """File the records in order, `at_once` a transaction, into an empty index; compare with the truth."""
    durations = _file(connection, records, model, at_once, on_progress)
    outcome = _outcome(connection, records, model, on_progress)
    by_rule = _rule_outcome(records)
    strata = _strata(records)
    found: dict[str, Figures] = {}
    of_rule: dict[str, Figures] = {}
    for done, (name, stratum) in enumerate(strata.items()):
        on_progress("Counting", done, len(strata))
        found[name], of_rule[name] = figures(outcome, stratum), figures(by_rule, stratum)
    every = AllPairs(len(records))
    overall, baseline = figures(outcome, every), figures(by_rule, every)
    on_progress("Counting", len(strata), len(strata))
    return Evaluation(
        model=f"{model.name} {model.version}",
        persons=len(set(outcome.persons)),
        overall=overall,
        strata=found,
        baseline=baseline,
        baseline_strata=of_rule,
        review_tasks=len(outcome.tasks),
        seconds=sum(durations),
        arrival_ms=_milliseconds(durations),
    )


def _milliseconds(durations: Iterable[float]) -> dict[str, float]:
    ordered = sorted(durations)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: round(ordered[int(at * (len(ordered) - 1))] * 1000, 2) for name, at in shares.items()}


def _file(
    connection: Connection[Any],
    records: Sequence[Labelled],
    model: Model,
    at_once: int,
    on_progress: Progress,
) -> list[float]:
    """File all; gives back the seconds that each transaction took."""
    sources = {source: number for number, source in enumerate(sorted({r.source for r in records}), 1)}
    for source, number in sources.items():
        set_tenancy(connection, Tenancy(number, source, source))
    durations: list[float] = []
    for start in range(0, len(records), at_once):
        on_progress("Filing", start, len(records))
        batch: dict[int, list[SourceRecord]] = defaultdict(list)
        for place in range(start, min(start + at_once, len(records))):
            batch[sources[records[place].source]].append(_source_record(place, records[place].identity))
        for tenancy_id, filed in batch.items():
            began = time.perf_counter()
            file_and_commit(connection, tenancy_id, filed, model=model)
            durations.append(time.perf_counter() - began)
    on_progress("Filing", len(records), len(records))
    return durations


def _source_record(place: int, identity: Identity) -> SourceRecord:
    born = calendar_day(identity.birth)
    return SourceRecord(
        source_key=str(place),
        number=str(place),
        minor_numbers=(),
        nhs_number=identity.nhs_number,
        date_of_birth=born.isoformat() if born else None,
        gender=identity.sex,
        surname_key=name_key(identity.surname or ""),
        forename_key=name_key(identity.forename or ""),
        postcode_key=identity.postcode,
        gp_code=None,
        gp_practice_code=None,
        active=True,
        demographics=b'{"PatientNumber":"%d"}' % place,
        source_updated_at=None,
        identity=identity,
    )


def _outcome(
    connection: Connection[Any], records: Sequence[Labelled], model: Model, on_progress: Progress
) -> Outcome:
    ids, groups = [0] * len(records), [0] * len(records)
    for source_key, patient_detail_id, person_id in connection.execute(queries.records_filed):
        ids[int(source_key)], groups[int(source_key)] = patient_detail_id, person_id
    place = {one: at for at, one in enumerate(ids)}
    tasks = [pair(place[a], place[b]) for a, b in connection.execute(queries.tasks_waiting)]
    persons = [record.person for record in records]
    return Outcome(
        persons=persons,
        groups=groups,
        reviewed=_after_review(persons, groups, tasks),
        tasks=tasks,
        never_met=list(_never_met(connection, persons, ids, model, on_progress)),
    )


def _after_review(persons: Sequence[str], groups: Sequence[int], tasks: Iterable[Pair]) -> list[int]:
    """The groups as they are once stewards have linked what is truly one person."""
    first: dict[int, int] = {}
    ties = [(first.setdefault(name, place), place) for place, name in enumerate(groups)]
    ties += [(a, b) for a, b in tasks if persons[a] == persons[b]]
    joined = connected_parts(range(len(groups)), ties)
    return [joined[place] for place in range(len(groups))]


def _never_met(
    connection: Connection[Any],
    persons: Sequence[str],
    ids: Sequence[int],
    model: Model,
    on_progress: Progress,
) -> Iterator[Pair]:
    """The pairs of one person that the index would not compare, now that all is filed."""
    common = {row[0] for row in connection.execute(queries.common_keys, {"hot": model.hot})}
    several = [places for places in _places_by_person(persons).values() if len(places) > 1]
    for start in range(0, len(several), PERSONS_AT_ONCE):
        on_progress("Blocking", start, len(several))
        some = several[start : start + PERSONS_AT_ONCE]
        rows = connection.execute(
            queries.keys_of, {"ids": [ids[place] for places in some for place in places]}
        )
        found = {row[0]: _FoundBy.of(common, *row[1:]) for row in rows}
        for places in some:
            for a, b in combinations(places, 2):
                if not found[ids[a]].meets(found[ids[b]]):
                    yield a, b
    on_progress("Blocking", len(several), len(several))


@dataclass(frozen=True, slots=True)
class _FoundBy:
    """By what a record is found: keys that few share; where it has common ones too, name and birth date."""

    keys: frozenset[int]
    namesake: tuple[Any, ...]
    has_common_key: bool

    @classmethod
    def of(cls, common: set[int], keys: Sequence[int], *namesake: Any) -> "_FoundBy":
        return cls(frozenset(keys) - common, namesake, not common.isdisjoint(keys))

    def meets(self, other: "_FoundBy") -> bool:
        if not self.keys.isdisjoint(other.keys):
            return True
        return (
            (self.has_common_key or other.has_common_key)
            and self.namesake == other.namesake
            and None not in self.namesake
        )


def _places_by_person(persons: Sequence[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, person in enumerate(persons):
        places[person].append(place)
    return places


def _rule_outcome(records: Sequence[Labelled]) -> Outcome:
    """The groups that the rule makes: one NHS number and one date of birth. It makes no tasks."""
    persons = [record.person for record in records]
    numbers = [record.identity.nhs_number for record in records]
    groups: list[Any] = [
        (number, record.identity.birth) if number and record.identity.birth else place
        for place, (number, record) in enumerate(zip(numbers, records, strict=True))
    ]
    never_met = [
        (a, b)
        for places in _places_by_person(persons).values()
        for a, b in combinations(places, 2)
        if numbers[a] is None or numbers[a] != numbers[b]
    ]
    return Outcome(persons, groups, groups, [], never_met)


def _strata(records: Sequence[Labelled]) -> dict[str, Stratum]:
    places: dict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        for name in record.strata:
            places[name].append(place)
    found: dict[str, Stratum] = {
        NO_AGREEING_NUMBER: PairsNotAgreeing([record.identity.nhs_number for record in records])
    }
    return found | {name: PairsTouching(places[name]) for name in sorted(places)}
