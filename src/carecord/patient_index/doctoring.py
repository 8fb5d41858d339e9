"""Looking the whole index over: groups that need somebody's attention, and what must never be."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from psycopg import Connection

from carecord.patient_index.blocking import blocking_keys, rules_of_keys
from carecord.patient_index.checks import (
    ALIASES,
    BRIDGES,
    CHECKS,
    HOT_KEYS,
    MIXED,
    NOT_HELD_TOGETHER,
    STALE_KEYS,
    TWO_NUMBERS,
    Check,
    Examination,
    Finding,
    Found,
    Limits,
    queries,
)
from carecord.patient_index.deciding import LARGEST_PART
from carecord.patient_index.examining import (
    Group,
    Member,
    judge_pairs,
    parts,
    speaking_against,
    verified_numbers,
    weak_bridges,
)
from carecord.patient_index.groups import Pair
from carecord.patient_index.linking import STEWARD
from carecord.patient_index.normalise import Identity
from carecord.patient_index.scoring import Model, model_in_force

# Each identity is read once: remembering it would only push out what arrivals remember.
_read_identity = msgspec.json.Decoder(Identity).decode

FEW = 3
"""Records of a person that cannot hang on a bridge, and of which two links hold all together."""
GROUPS_AT_ONCE = 2_000
FIRST_SHARERS = 5
"""Of a hot key, so many records are named."""
_PAIRS = 3
"""Of a group whose records speak against each other, so many pairs."""


OnProgress = Callable[[str, int, int], None]
"""What is looked at, how much of it is done, and of how much."""


def examine(
    connection: Connection[Any],
    *,
    model: Model | None = None,
    limits: Limits | None = None,
    most: int = 100,
    every_person: bool = False,
    on_progress: OnProgress = lambda what, done, total: None,
) -> Examination:
    """Look at the whole index as it is at one moment. At most so many findings of a check are given back.

    Persons of few records that the model in force has linked are compared anew only with `every_person`.
    """
    round_ = _Round(
        connection,
        model or model_in_force(),
        limits or Limits(),
        most=most,
        every_person=every_person,
        on_progress=on_progress,
    )
    with connection.transaction():
        connection.execute(queries.look_without_changing)
        return round_.examine()


def keep(connection: Connection[Any], examination: Examination) -> None:
    """Keep the counts, for metrics and for whoever asks since when."""
    counts = {name: found.count for name, found in examination.found.items()}
    connection.execute(
        queries.keep_examination,
        {
            "model": examination.model,
            "records": examination.records,
            "persons": examination.persons,
            "found": msgspec.json.encode(counts).decode(),
        },
    )


class _Round:
    """One look over the index."""

    def __init__(
        self,
        connection: Connection[Any],
        model: Model,
        limits: Limits,
        *,
        most: int,
        every_person: bool,
        on_progress: OnProgress,
    ) -> None:
        self._connection = connection
        self._model = model
        self._limits = limits
        self._most = most
        self._every_person = every_person
        self._on_progress = on_progress
        self._found = {check.name: Found() for check in CHECKS}

    def examine(self) -> Examination:
        (row,) = self._connection.execute(queries.index_size).fetchall()
        records, persons = row
        by_query = [check for check in CHECKS if check.query]
        for done, check in enumerate(by_query):
            self._on_progress(check.words, done, len(by_query))
            self._ask(check)
        self._on_progress(HOT_KEYS.words, 0, 1)
        self._look_at_hot_keys()
        self._look_at_superseded_numbers()
        self._on_progress(STALE_KEYS.words, 0, 1)
        self._look_at_keys(records)
        self._look_at_groups()
        return Examination(_name(self._model), records, persons, self._found)

    def _note(self, check: Check, ids: Sequence[int], note: str | None = None) -> None:
        found = self._found[check.name]
        found.count += 1
        if len(found.first) < self._most:
            found.first.append(Finding(tuple(ids), note))

    def _ask(self, check: Check) -> None:
        assert check.query is not None
        limits = self._limits
        rows = self._connection.execute(
            check.query,
            {
                "most": max(self._most, 1),
                "steward": STEWARD,
                "largest": limits.largest,
                "of_one_source": limits.of_one_source,
                "days_held": limits.days_held,
                "days_waiting": limits.days_waiting,
            },
        ).fetchall()
        told = [Finding(tuple(ids), note) for _, ids, note in rows if ids]
        self._found[check.name] = Found(rows[0][0] if rows else 0, told[: self._most])

    def _look_at_hot_keys(self) -> None:
        rows = self._connection.execute(
            queries.hot_keys_now, {"hot": self._model.hot, "first": FIRST_SHARERS}
        ).fetchall()
        firsts = [ids[0] for _, _, ids in rows]
        named = self._connection.execute(queries.identities, {"ids": firsts})
        identities = {record: _read_identity(text) for record, text in named}
        for key, sharers, ids in rows:
            rules = rules_of_keys(identities[ids[0]], self._model.blocking)
            self._note(HOT_KEYS, ids, f"{rules.get(key, 'no rule of this model')}: {sharers:,} records")

    def _look_at_superseded_numbers(self) -> None:
        for record, identity, superseded in self._connection.execute(queries.superseded_numbers):
            if _read_identity(identity).nhs_number == superseded:
                self._note(ALIASES, [record])

    def _look_at_keys(self, records: int) -> None:
        """A record whose keys are not those of the model in force is not found by those it belongs to."""
        percent = min(100.0, 100.0 * self._limits.sample / max(records, 1))
        rows = self._connection.execute(
            queries.sample_of_keys, {"percent": percent, "sample": self._limits.sample}
        )
        for record, identity, keys, kept in rows:
            made = blocking_keys(_read_identity(identity), self._model.blocking)
            if made != keys or kept != len(keys):
                self._note(STALE_KEYS, [record])

    def _look_at_groups(self) -> None:
        asked = {"model": _name(self._model), "few": 1 if self._every_person else FEW}
        persons = [row[0] for row in self._connection.execute(queries.groups_to_examine, asked)]
        for start in range(0, len(persons), GROUPS_AT_ONCE):
            self._on_progress("persons, one by one", start, len(persons))
            for group in self._read_groups(persons[start : start + GROUPS_AT_ONCE]):
                self._look_at(group)
        self._on_progress("persons, one by one", len(persons), len(persons))

    def _read_groups(self, persons: Sequence[int]) -> Iterator[Group]:
        asked = {"persons": persons, "steward": STEWARD}
        members: dict[int, list[Member]] = {}
        links: dict[tuple[int, bool], set[Pair]] = {}
        for person, record, identity in self._connection.execute(queries.members_of_groups, asked):
            members.setdefault(person, []).append(Member(record, _read_identity(identity)))
        for person, a, b, by_steward in self._connection.execute(queries.links_of_groups, asked):
            links.setdefault((person, by_steward), set()).add((a, b))
        for person in persons:
            yield Group(
                tuple(members[person]),
                by_weight=frozenset(links.get((person, False), ())),
                by_stewards=frozenset(links.get((person, True), ())),
            )

    def _look_at(self, group: Group) -> None:
        if (count := len(parts(group))) > 1:
            self._note(NOT_HELD_TOGETHER, group.ids, f"{count} parts")
        if (count := verified_numbers(group)) > 1:
            self._note(TWO_NUMBERS, group.ids, f"{count} numbers")
        if len(group.members) > LARGEST_PART:
            # Its pairs would take hours; that it is so large is told already.
            return
        verdicts = judge_pairs(self._model, group)
        if against := speaking_against(group, verdicts):
            self._note(MIXED, group.ids, f"pairs {_listed(against)}")
        for bridge in weak_bridges(group, verdicts, bits=self._limits.bridge_bits):
            a, b = bridge.sides
            self._note(
                BRIDGES,
                group.ids,
                f"pair {_listed([bridge.pair])}, {bridge.strength:+.1f} bits, {a} and {b} records",
            )


def _name(model: Model) -> str:
    return f"{model.name} {model.version}"


def _listed(pairs: Sequence[Pair]) -> str:
    more = f" and {len(pairs) - _PAIRS} more" if len(pairs) > _PAIRS else ""
    return ", ".join(f"{a} and {b}" for a, b in pairs[:_PAIRS]) + more
