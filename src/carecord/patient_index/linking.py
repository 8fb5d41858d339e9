"""Records that come or change are compared with those that may be the same person's, and grouped anew."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, LiteralString

import msgspec
from psycopg import Connection, Cursor
from psycopg.pq import PipelineStatus
from psycopg.rows import TupleRow

from carecord.kernel.sql import load_queries
from carecord.patient_index.blocking import rules_of_keys
from carecord.patient_index.deciding import Task, Verdict, judge, settle
from carecord.patient_index.groups import Pair, connected_parts, pair
from carecord.patient_index.guards import certain
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model, model_in_force

queries = load_queries(__package__)

RULE = "weights"
NUMBER_RULE = "NHS number and date of birth"
STEWARD = "steward"
DECIDED_BY = "carecord"

_BLOCKED_PAIRS = queries.blocked_pairs.replace("{held}", queries.held)
_BLOCKED_BY_KEYS = queries.blocked_by_keys.replace("{held}", queries.held)
_NAMESAKES = queries.namesakes.replace("{held}", queries.held)
_NAMESAKES_OF_STORED = _NAMESAKES.replace("{mine}", "patient_index.patient_record")
_NAMESAKES_OF_ARRIVING = _NAMESAKES.replace("{mine}", queries.arriving)
_FILE_ARRIVAL = queries.file_arrival.replace("{decided}", "")
_FILE_ARRIVAL_DECIDED = queries.file_arrival.replace("{decided}", f", decided AS ({queries.insert_verdicts})")
_AROUND = queries.around.replace("{held}", queries.held)

Decision = Literal["linked", "not linked", "possible"]


@dataclass(frozen=True, slots=True)
class Relinked:
    """What a run changed: pairs newly linked, pairs put before a steward, records that moved."""

    linked: int = 0
    possible: int = 0
    moved: int = 0

    def __add__(self, other: "Relinked") -> "Relinked":
        return Relinked(self.linked + other.linked, self.possible + other.possible, self.moved + other.moved)


@dataclass(frozen=True, slots=True)
class IndexedRecord:
    """A source record as the index compares it. One that is `held` is linked by no weight."""

    patient_detail_id: int
    person_id: int
    tenancy_id: int
    source_key: str
    identity: Identity
    held: bool


@dataclass(frozen=True, slots=True)
class InForce:
    """A decision that has not been superseded."""

    decision_id: int
    pair: Pair
    decision: Decision
    rule: str


@dataclass(slots=True)
class Blocked:
    """What shares a blocking key with some records, themselves among it; and the keys that too many share."""

    records: dict[int, IndexedRecord] = field(default_factory=dict)
    pairs: set[Pair] = field(default_factory=set)
    hot: dict[int, list[int]] = field(default_factory=dict)
    """By patient detail ID."""


@dataclass(slots=True)
class _Neighbourhood:
    """All that bears on some records: they, what they hang together with, and what stands decided of them."""

    records: dict[int, IndexedRecord] = field(default_factory=dict)
    decisions: dict[int, InForce] = field(default_factory=dict)
    edges: set[Pair] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Concluded:
    """What has been decided of some records, and is yet to be stored."""

    records: Mapping[int, IndexedRecord]
    by_weight: Mapping[Pair, InForce]
    """The decisions of weight that are in force."""
    links: Mapping[Pair, Verdict]
    tasks: Mapping[Pair, Task]
    person: Mapping[int, int]
    """Of each record."""


class NeedsWholeIndex(Exception):
    """This cannot be decided beside others: they have one of its persons, or it is no plain arrival."""


def lock_index(connection: Connection[Any]) -> None:
    """Wait until nobody else decides on links, and keep all others from it until the transaction ends."""
    connection.execute(queries.lock_links)


def relink(
    connection: Connection[Any], patient_detail_ids: Sequence[int], *, model: Model | None = None
) -> Relinked:
    """Decide anew for these records and all that they hang together with, in the caller's transaction.

    The same records give the same groups in whatever order they come. A steward's decision stands above all.
    Nobody else decides meanwhile.
    """
    if not patient_detail_ids:
        return Relinked()
    model = model or model_in_force()
    lock_index(connection)
    blocked = find_blocked(connection, patient_detail_ids, model)
    return decide(connection, blocked, patient_detail_ids, model=model)


def decide(
    connection: Connection[Any],
    blocked: Blocked,
    patient_detail_ids: Sequence[int],
    *,
    model: Model,
    new: Collection[int] = (),
    sharing: bool = False,
) -> Relinked:
    """Decide on these records, which share keys with those `blocked`, and on all that hangs on them.

    Of those that are `new` nothing can stand decided yet. Who is `sharing` the index has locked the keys of
    the records; NeedsWholeIndex if another has their persons.
    """
    if blocked.hot:
        wanted = {"ids": list(blocked.hot), "hot": model.hot}
        _add_namesakes(connection, blocked, model, (_NAMESAKES_OF_STORED, wanted))
    concluded = _conclude(connection, blocked, patient_detail_ids, model, new=new, sharing=sharing)
    return _keep(connection, concluded, model)


def find_sharers(connection: Connection[Any], stored_as: Mapping[str, Any], model: Model) -> Cursor[TupleRow]:
    """Ask for what shares a blocking key with a record that is yet to be stored."""
    asked = {"keys": stored_as["blocking_keys"], "hot": model.hot}
    return connection.execute(_BLOCKED_BY_KEYS, asked)


def arrive(
    connection: Connection[Any],
    record: IndexedRecord,
    sharers: Cursor[TupleRow],
    *,
    stored_as: Mapping[str, Any],
    model: Model,
) -> Relinked:
    """Decide on a record that is yet to be stored, and store it in its person.

    The caller shares the index, has locked the record's blocking keys, given it an ID and asked for its
    `sharers`; `stored_as` is what is kept of it, by column. NeedsWholeIndex if another has one of the persons
    that it may be.
    """
    own = record.patient_detail_id
    blocked = _read_sharers(record, sharers)
    values = {**stored_as, "patient_detail_id": own}
    if blocked.hot:
        wanted = values | {"ids": [own], "hot": model.hot}
        _add_namesakes(connection, blocked, model, (_NAMESAKES_OF_ARRIVING, wanted))
    concluded = _conclude(connection, blocked, [own], model, new=[own], sharing=True)
    return _keep(connection, concluded, model, arriving=values | {"person_id": concluded.person[own]})


def in_one_go(connection: Connection[Any]) -> AbstractContextManager[Any]:
    """A pipeline, or the one that the caller is in: to end an inner one would cost a round trip."""
    is_in_one = connection.pgconn.pipeline_status != PipelineStatus.OFF
    return nullcontext() if is_in_one else connection.pipeline()


def find_blocked(connection: Connection[Any], patient_detail_ids: Sequence[int], model: Model) -> Blocked:
    """What shares a blocking key with these records."""
    rows = connection.execute(_BLOCKED_PAIRS, {"ids": list(patient_detail_ids), "hot": model.hot})
    found = Blocked()
    for record, hot_key, *other in rows:
        if hot_key is not None:
            found.hot.setdefault(record, []).append(hot_key)
            continue
        found.records[other[0]] = _record(other)
        if other[0] != record:
            found.pairs.add(pair(record, other[0]))
    return found


def _read_sharers(record: IndexedRecord, rows: Iterable[Sequence[Any]]) -> Blocked:
    """What the query `blocked_by_keys` found for a record that is not there yet."""
    own = record.patient_detail_id
    found = Blocked({own: record})
    for hot_key, *other in rows:
        if hot_key is not None:
            found.hot.setdefault(own, []).append(hot_key)
            continue
        found.records[other[0]] = _record(other)
        found.pairs.add(pair(own, other[0]))
    return found


def decisions_on(connection: Connection[Any], ids: Iterable[int]) -> list[InForce]:
    """The decisions in force that name any of these records."""
    rows = connection.execute(queries.decisions_on, {"ids": list(ids)}).fetchall()
    return [_in_force(row) for row in rows]


def _in_force(row: Sequence[Any]) -> InForce:
    return InForce(row[0], (row[1], row[2]), row[3], row[4])


@lru_cache(maxsize=65_536)
def read_identity(text: str) -> Identity:
    return _decode(text)


_decode = msgspec.json.Decoder(Identity).decode


def _add_namesakes(
    connection: Connection[Any],
    blocked: Blocked,
    model: Model,
    namesakes: tuple[LiteralString, dict[str, Any]],
) -> None:
    """For records that have a key too common to compare by: those with the same birth date and whole name."""
    rules: dict[int, str] = {}
    for record, keys in blocked.hot.items():
        of_keys = rules_of_keys(blocked.records[record].identity, model.blocking)
        rules.update((key, of_keys.get(key, "not of this model")) for key in keys)
    connection.execute(queries.note_hot_keys, {"keys": list(rules), "rules": list(rules.values())})
    for record, *other in connection.execute(*namesakes):
        if other[0] != record:
            blocked.records[other[0]] = _record(other)
            blocked.pairs.add(pair(record, other[0]))


def _conclude(
    connection: Connection[Any],
    blocked: Blocked,
    ids: Sequence[int],
    model: Model,
    *,
    new: Collection[int],
    sharing: bool,
) -> _Concluded:
    around = _neighbourhood(connection, blocked, ids, model, new=new, sharing=sharing)
    links: dict[Pair, Verdict] = {}
    tasks: dict[Pair, Task] = {}
    person: dict[int, int] = {}
    for part in _parts(around):
        settled = settle(
            model,
            {record: around.records[record].identity for record in part},
            names={r: (around.records[r].tenancy_id, around.records[r].source_key) for r in part},
            held={r for r in part if around.records[r].held},
            **_standing(part, around.decisions.values()),
        )
        links |= settled.links
        tasks |= settled.tasks
        person |= _persons(settled.group)
    by_weight = {d.pair: d for d in around.decisions.values() if d.rule != STEWARD}
    return _Concluded(around.records, by_weight, links, tasks, person)


def _neighbourhood(
    connection: Connection[Any],
    blocked: Blocked,
    ids: Sequence[int],
    model: Model,
    *,
    new: Collection[int],
    sharing: bool,
) -> _Neighbourhood:
    """Of what is blocked that which may be the same person, and all that hangs on that.

    Hanging on: the records of one person, and the pairs that a decision names, step by step to the end.
    """
    found = _Neighbourhood(records={one: blocked.records[one] for one in ids if one in blocked.records})
    asking = set(found.records).difference(new)
    for p in blocked.pairs:
        a, b = blocked.records[p[0]], blocked.records[p[1]]
        if not a.held and not b.held and judge(model, a.identity, b.identity).outcome != "apart":
            found.edges.add(p)
            asking |= set(p)
    asked: set[int] = set()
    persons: set[int] = set()
    while asking:
        with in_one_go(connection):
            taken = connection.execute(queries.try_persons, {"ids": list(asking)}) if sharing else None
            members = connection.execute(_AROUND, {"ids": list(asking)})
            if taken is not None:
                persons |= {person for person, ours in taken if ours}
            rows = members.fetchall()
        if sharing and any(row[1] not in persons for row in rows):
            raise NeedsWholeIndex
        found.records.update((row[0], _record(row)) for row in rows)
        decisions = [_in_force(one) for row in rows if row[6] for one in msgspec.json.decode(row[6])]
        asked |= {row[0] for row in rows} | asking
        found.decisions.update((decision.decision_id, decision) for decision in decisions)
        asking = {end for decision in decisions for end in decision.pair} - asked
    return found


def _record(row: Sequence[Any]) -> IndexedRecord:
    return IndexedRecord(row[0], row[1], row[2], row[3], read_identity(row[4]), row[5])


def _parts(around: _Neighbourhood) -> list[list[int]]:
    """The records in parts that hang together: by a comparison, a decision, or as one person until now."""
    first: dict[int, int] = {}
    ties = {
        pair(first.setdefault(r.person_id, r.patient_detail_id), r.patient_detail_id)
        for r in around.records.values()
    }
    ties |= around.edges | {decision.pair for decision in around.decisions.values()}
    parts: dict[int, list[int]] = {}
    for record, root in connected_parts(around.records, ties).items():
        parts.setdefault(root, []).append(record)
    return list(parts.values())


def _standing(part: Sequence[int], decisions: Iterable[InForce]) -> dict[str, set[Pair]]:
    """The decisions in force within a part. Of two words on one pair the bar, which is sealed, stands."""
    inside = set(part)
    within = [d for d in decisions if d.pair[0] in inside]
    barred = {d.pair for d in within if d.rule == STEWARD and d.decision == "not linked"}
    return {
        "linked": {d.pair for d in within if d.rule != STEWARD and d.decision == "linked"},
        "joined": {d.pair for d in within if d.rule == STEWARD and d.decision == "linked"} - barred,
        "barred": barred,
    }


def _persons(group: Mapping[int, int]) -> dict[int, int]:
    """The person of each record: the lowest patient detail ID of its group."""
    lowest: dict[int, int] = {}
    for record, name in group.items():
        lowest[name] = min(record, lowest.get(name, record))
    return {record: lowest[name] for record, name in group.items()}


def _keep(
    connection: Connection[Any],
    concluded: _Concluded,
    model: Model,
    *,
    arriving: Mapping[str, Any] | None = None,
) -> Relinked:
    """Store what has been decided, and with it the record that is `arriving`, its person among its values."""
    by_weight = concluded.by_weight
    wanted: dict[Pair, Decision] = dict.fromkeys(concluded.tasks, "possible")
    wanted |= dict.fromkeys(concluded.links, "linked")
    gone = [d.decision_id for p, d in by_weight.items() if wanted.get(p) != d.decision]
    if gone:
        connection.execute(queries.withdraw_decisions, {"decision_ids": gone})
    new = [p for p, decision in wanted.items() if p not in by_weight or by_weight[p].decision != decision]
    verdicts = _verdicts(concluded, new, model) if new else {}
    person = dict(concluded.person)
    if arriving is not None:
        del person[arriving["patient_detail_id"]]
        connection.execute(_FILE_ARRIVAL_DECIDED if new else _FILE_ARRIVAL, {**arriving, **verdicts})
    elif new:
        connection.execute(queries.insert_verdicts, verdicts)
    return Relinked(
        linked=sum(p in concluded.links for p in new),
        possible=sum(p in concluded.tasks for p in new),
        moved=_set_persons(connection, concluded.records, person),
    )


def _verdicts(concluded: _Concluded, pairs: Sequence[Pair], model: Model) -> dict[str, Any]:
    """What is kept of the decisions on these pairs."""
    links, tasks = concluded.links, concluded.tasks
    verdicts = [links[p] if p in links else tasks[p].verdict for p in pairs]
    rows = [
        {
            "record_a": p[0],
            "record_b": p[1],
            "decision": "linked" if p in links else "possible",
            "rule": NUMBER_RULE if certain(v.score) and not v.guards else RULE,
            "weight": round(v.score.weight, 3),
            "relative_weight": round(v.score.relative_weight, 3),
            "levels": v.score.levels,
            "guards": tasks[p].reasons if p in tasks else None,
        }
        for p, v in zip(pairs, verdicts, strict=True)
    ]
    return {
        "decided_by": DECIDED_BY,
        "model": f"{model.name} {model.version}",
        "verdicts": msgspec.json.encode(rows).decode(),
    }


def _set_persons(
    connection: Connection[Any], records: Mapping[int, IndexedRecord], person: Mapping[int, int]
) -> int:
    moved = [record for record, one in person.items() if records[record].person_id != one]
    if moved:
        connection.execute(
            queries.set_persons, {"ids": moved, "persons": [person[record] for record in moved]}
        )
    return len(moved)
