"""A run over the whole index: read, compared in bulk, settled where it is not plain, its changes proposed."""

import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg import Connection

from carecord.kernel.errors import Conflict
from carecord.kernel.sql import load_queries
from carecord.patient_index.blocking import rules_of_keys
from carecord.patient_index.deciding import settle
from carecord.patient_index.groups import Pair, connected_parts, pair
from carecord.patient_index.linking import STEWARD, read_identity
from carecord.patient_index.relinking.on_duckdb import open_duckdb
from carecord.patient_index.relinking.predicting import Engine
from carecord.patient_index.relinking.proposing import Kept, OpenRecord, Proposal, changes, keep
from carecord.patient_index.relinking.snapshot import Progress, take_snapshot
from carecord.patient_index.relinking.verdicts import Judged, judge_pairs
from carecord.patient_index.scoring import Model

queries = load_queries(__package__)

AT_ONCE = 5_000
"""Parts between two words of progress."""
ALL = "all"
"""Beside the reasons, of which a proposal may have several: how many proposals there are."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run found."""

    model: str
    engine: str
    records: int
    pairs_compared: int
    pairs_to_link: int
    pairs_to_review: int
    persons_settled: int
    """Persons that were not plainly what they are, and so were settled one by one."""
    proposals: dict[str, dict[str, int]]
    """By kind and reason."""
    kept: Kept | None
    """None where nothing was to be written."""
    hot_keys: dict[str, int]
    """How many keys were passed over as too common, by blocking rule."""
    seconds: dict[str, float]
    memory_mb: int
    """The most that this process held; what Spark's own processes held is not in it."""


def relink_index(
    connection: Connection[Any],
    engine: Engine,
    *,
    model: Model,
    folder: Path | None = None,
    write: bool = True,
    on_progress: Progress = lambda stage, done, total: None,
) -> Run:
    """Link the whole index anew by `model`, and propose what differs; nothing else is changed.

    `connection` commits each statement. The index is read as of one moment, while all others go on working;
    what changes meanwhile is left to the next run. Conflict where another run is under way.
    """
    clock = _Clock()
    with _alone(connection), TemporaryDirectory(prefix="carecord-relink-", dir=folder) as work:
        with connection.transaction():
            connection.execute(queries.read_only_snapshot)
            with clock.measuring("read"):
                snapshot = take_snapshot(connection, Path(work), model=model, on_progress=on_progress)
            with clock.measuring("compare"):
                compared = engine.compare(snapshot, model=model, on_progress=on_progress)
            with clock.measuring("judge"), open_duckdb(snapshot.folder) as database:
                on_progress("Judging", 0, 0)
                judged = judge_pairs(database, snapshot, model)
            with clock.measuring("settle"):
                records, proposals = _settle(connection, judged, model, on_progress)
            hot_keys = _rules_of(connection, compared.hot_keys, model)
        kept = None
        if write:
            with clock.measuring("propose"), connection.transaction():
                kept = keep(
                    connection,
                    proposals,
                    records,
                    model=model,
                    engine=engine.name,
                    newest_decision=snapshot.newest_decision,
                )
    return Run(
        model=f"{model.name} {model.version}",
        engine=engine.name,
        records=snapshot.records,
        pairs_compared=compared.pairs,
        pairs_to_link=judged.outcomes.get("link", 0),
        pairs_to_review=judged.outcomes.get("review", 0),
        persons_settled=len(set(judged.person.values())),
        proposals=_counted(proposals),
        kept=kept,
        hot_keys=hot_keys,
        seconds=clock.seconds,
        memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


@contextmanager
def _alone(connection: Connection[Any]) -> Iterator[None]:
    row = connection.execute(queries.one_run).fetchone()
    if not row or not row[0]:
        raise Conflict("The index is being linked anew already.", reason="relinking")
    try:
        yield
    finally:
        connection.execute(queries.run_over)


def _settle(
    connection: Connection[Any], judged: Judged, model: Model, on_progress: Progress
) -> tuple[dict[int, OpenRecord], list[Proposal]]:
    """Settle the parts that are open, as on arrival, and find what that would change."""
    asked = {"ids": list(judged.person)}
    records = {
        row[0]: OpenRecord(row[1], row[2], (row[3], row[4]), read_identity(row[5]))
        for row in connection.execute(queries.records_to_settle, asked)
    }
    decided = connection.execute(queries.decisions_to_settle, asked).fetchall()
    parts = _parts(judged, [(a, b) for a, b, *_ in decided])
    standing = [_Standing() for _ in parts]
    part_of = {record: place for place, part in enumerate(parts) for record in part}
    for a, b, decision, rule in decided:
        standing[part_of[a]].add((a, b), decision, by_steward=rule == STEWARD)
    proposals: list[Proposal] = []
    for done, (part, stands) in enumerate(zip(parts, standing, strict=True), 1):
        held = judged.held.intersection(part)
        settled = settle(
            model,
            {record: records[record].identity for record in part},
            names={record: records[record].name for record in part},
            linked=stands.linked,
            joined=stands.joined,
            barred=stands.barred,
            held=held,
        )
        proposals += changes(model, records, settled, linked=stands.linked, held=held)
        if done % AT_ONCE == 0 or done == len(parts):
            on_progress("Settling", done, len(parts))
    return records, proposals


@dataclass(slots=True)
class _Standing:
    """The decisions in force within a part."""

    linked: set[Pair] = field(default_factory=set)
    joined: set[Pair] = field(default_factory=set)
    barred: set[Pair] = field(default_factory=set)

    def add(self, p: Pair, decision: str, *, by_steward: bool) -> None:
        if decision == "linked":
            (self.joined if by_steward else self.linked).add(p)
        elif decision == "not linked" and by_steward:
            self.barred.add(p)


def _parts(judged: Judged, decided: Iterable[Pair]) -> list[list[int]]:
    """The open records in parts that hang together: by a comparison, a decision, or as one person."""
    first: dict[int, int] = {}
    ties = [pair(first.setdefault(person, record), record) for record, person in judged.person.items()]
    ties += judged.ties
    ties += decided
    parts: dict[int, list[int]] = defaultdict(list)
    for record, root in connected_parts(judged.person, ties).items():
        parts[root].append(record)
    return list(parts.values())


def _counted(proposals: Iterable[Proposal]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {"link": Counter(), "unlink": Counter()}
    for proposal in proposals:
        found[proposal.kind].update(proposal.reasons)
        found[proposal.kind][ALL] += 1
    return {kind: dict(counter.most_common()) for kind, counter in found.items()}


def _rules_of(connection: Connection[Any], hot: Mapping[int, int], model: Model) -> dict[str, int]:
    """How many of these keys, each beside a record that has it, come from which blocking rule."""
    rows = connection.execute(queries.records_to_settle, {"ids": list(set(hot.values()))})
    identities = {row[0]: read_identity(row[5]) for row in rows}
    rules = {record: rules_of_keys(identity, model.blocking) for record, identity in identities.items()}
    return dict(Counter(rules[record][key] for key, record in hot.items()).most_common())


class _Clock:
    """How long each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measuring(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - began, 1)
