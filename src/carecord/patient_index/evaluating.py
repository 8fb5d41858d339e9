"""How well the index links a set whose persons are known: every record filed by the real arrival path."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any

from psycopg import Connection

from carecord.kernel.sql import load_queries
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.groups import connected_parts
from carecord.patient_index.name_keys import name_key
from carecord.patient_index.normalise import Identity, calendar_day
from carecord.patient_index.scoring import Model
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy

queries = load_queries(__package__)

Links = set[tuple[int, int]]
"""Pairs of records, each by its place in the set, the lower first."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A record of a set, with the person it truly is of, and what the figures are split by."""

    identity: Identity
    person: str
    source: str
    strata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """Precision and recall over pairs of records in one group; the rest are counts."""

    precision: float
    recall: float
    f1: float
    true_pairs: int
    false_links: int
    mixed_groups: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came out. `strata` are figures over the pairs that have a record in the stratum."""

    model: str
    records: int
    persons: int
    overall: Figures
    recall_with_review: float
    review_tasks: int
    blocking_recall: float
    records_per_s: float
    arrival_ms: dict[str, float]
    strata: dict[str, Figures]
    baseline: Figures

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "records": self.records,
            "persons": self.persons,
            "true_pairs": self.overall.true_pairs,
            "precision": self.overall.precision,
            "recall": self.overall.recall,
            "f1": self.overall.f1,
            "false_links": self.overall.false_links,
            "mixed_groups": self.overall.mixed_groups,
            "recall_with_review": self.recall_with_review,
            "blocking_recall": self.blocking_recall,
            "review_tasks": self.review_tasks,
            "review_per_100k": round(self.review_tasks * 1e5 / max(self.records, 1), 1),
            "records_per_s": self.records_per_s,
            "arrival_ms": self.arrival_ms,
            "strata": {name: _figures_json(figures) for name, figures in self.strata.items()},
            "baseline": {"rule": "NHS number and date of birth", **_figures_json(self.baseline)},
        }


def evaluate(
    connection: Connection[Any],
    records: Sequence[Labelled],
    *,
    model: Model,
    at_once: int = 1,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """File the records, `at_once` a transaction, into an empty index, and hold its groups to the truth."""
    started = time.perf_counter()
    durations = _file(connection, records, model, at_once, on_progress)
    elapsed = time.perf_counter() - started
    place = {row[1]: row[0] for row in _ids(connection)}
    group = [0] * len(records)
    for source_key, person in connection.execute(queries.groups_filed):
        group[int(source_key)] = person
    tasks = [(place[a], place[b]) for a, b in connection.execute(queries.tasks_waiting)]
    truth = _together([record.person for record in records])
    linked = _together(group)
    reviewed = _after_review(records, group, tasks)
    blocked = _blocked(records, model)
    durations.sort()
    return Evaluation(
        model=f"{model.name} {model.version}",
        records=len(records),
        persons=len({record.person for record in records}),
        overall=_figures(truth, linked, _mixed(records, group)),
        recall_with_review=_share(len(reviewed & truth), len(truth)),
        review_tasks=len(tasks),
        blocking_recall=_share(len(truth & blocked), len(truth)),
        records_per_s=round(len(records) / elapsed, 1),
        arrival_ms={
            name: round(durations[int(share * (len(durations) - 1))] * 1000, 2)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        strata=_strata(records, truth, linked),
        baseline=_baseline(records, truth),
    )


def _file(
    connection: Connection[Any],
    records: Sequence[Labelled],
    model: Model,
    at_once: int,
    on_progress: Callable[[int], None],
) -> list[float]:
    sources = {source: number for number, source in enumerate(sorted({r.source for r in records}), 1)}
    for source, number in sources.items():
        set_tenancy(connection, Tenancy(number, source, source))
    durations: list[float] = []
    for start in range(0, len(records), at_once):
        batch: dict[int, list[SourceRecord]] = defaultdict(list)
        for place in range(start, min(start + at_once, len(records))):
            batch[sources[records[place].source]].append(_source_record(place, records[place].identity))
        for tenancy_id, filed in batch.items():
            began = time.perf_counter()
            with connection.transaction():
                file_records(connection, tenancy_id, filed, model=model)
            durations.append(time.perf_counter() - began)
        on_progress(start + at_once)
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


def _ids(connection: Connection[Any]) -> Iterable[tuple[int, int]]:
    return ((int(row[0]), row[1]) for row in connection.execute(queries.ids_filed))


def _together(names: Sequence[Any]) -> Links:
    """The pairs of places that have one name."""
    places: dict[Any, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        places[name].append(place)
    return {p for some in places.values() for p in combinations(some, 2)}


def _mixed(records: Sequence[Labelled], group: Sequence[int]) -> int:
    persons: dict[int, set[str]] = defaultdict(set)
    for record, name in zip(records, group, strict=True):
        persons[name].add(record.person)
    return sum(len(some) > 1 for some in persons.values())


def _after_review(
    records: Sequence[Labelled], group: Sequence[int], tasks: Iterable[tuple[int, int]]
) -> Links:
    """The links as they are once stewards have linked what is truly one person."""
    first: dict[int, int] = {}
    ties = [(first.setdefault(name, place), place) for place, name in enumerate(group)]
    ties += [(a, b) for a, b in tasks if records[a].person == records[b].person]
    joined = connected_parts(range(len(records)), ties)
    return _together([joined[place] for place in range(len(records))])


def _blocked(records: Sequence[Labelled], model: Model) -> Links:
    """The pairs that share a blocking key that is not too common."""
    sharing: dict[int, list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        for key in blocking_keys(record.identity, model.blocking):
            sharing[key].append(place)
    return {p for some in sharing.values() if 1 < len(some) <= model.hot for p in combinations(some, 2)}


def _strata(records: Sequence[Labelled], truth: Links, linked: Links) -> dict[str, Figures]:
    """Figures over the pairs one of whose records is in the stratum; and those that no NHS number ties."""
    found: dict[str, Figures] = {}
    places: dict[str, set[int]] = defaultdict(set)
    for place, record in enumerate(records):
        for kind, value in record.strata.items():
            places[f"{kind}: {value}"].add(place)
    for name, inside in sorted(places.items()):
        found[name] = _of(truth, linked, partial(_touches, inside))
    numbers = [record.identity.nhs_number for record in records]
    found["no agreeing NHS number"] = _of(
        truth, linked, lambda a, b: numbers[a] is None or numbers[a] != numbers[b]
    )
    return found


def _touches(inside: set[int], a: int, b: int) -> bool:
    return a in inside or b in inside


def _of(truth: Links, linked: Links, chosen: Callable[[int, int], bool]) -> Figures:
    return _figures({p for p in truth if chosen(*p)}, {p for p in linked if chosen(*p)}, 0)


def _baseline(records: Sequence[Labelled], truth: Links) -> Figures:
    names = [
        (r.identity.nhs_number, r.identity.birth) if r.identity.nhs_number and r.identity.birth else place
        for place, r in enumerate(records)
    ]
    persons: dict[Any, Counter[str]] = defaultdict(Counter)
    for record, name in zip(records, names, strict=True):
        persons[name][record.person] += 1
    return _figures(truth, _together(names), sum(len(some) > 1 for some in persons.values()))


def _figures(truth: Links, linked: Links, mixed: int) -> Figures:
    right = len(truth & linked)
    return Figures(
        precision=_share(right, len(linked)),
        recall=_share(right, len(truth)),
        f1=_share(2 * right, len(truth) + len(linked)),
        true_pairs=len(truth),
        false_links=len(linked) - right,
        mixed_groups=mixed,
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0


def _figures_json(figures: Figures) -> dict[str, Any]:
    return {
        "precision": figures.precision,
        "recall": figures.recall,
        "f1": figures.f1,
        "true_pairs": figures.true_pairs,
        "false_links": figures.false_links,
        "mixed_groups": figures.mixed_groups,
    }
