"""Resources of entries: what each state of an entry is made into, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

import msgspec
from psycopg import Connection

from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.entries import resources_of
from carecord.fhir_api.mapping.parts import About, Item, Made, Source
from carecord.fhir_api.storing.course import Course, Group, Wanted, group_of
from carecord.fhir_api.storing.letters import Letters
from carecord.fhir_api.storing.mishaps import attempt
from carecord.fhir_api.storing.rows import Key, Place, Row
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "freshening.sql")

_decode = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class State:
    """An entry as it stood from `since` on, and when it was deleted as that, if it was."""

    version: int
    since: datetime
    item: Item
    deleted_at: datetime | None = None
    is_present: bool = False


@dataclass(frozen=True, slots=True)
class Workings:
    """What the makings of some records share."""

    sources: Mapping[int, Source]
    today: date
    moment: datetime
    turns: dict[tuple[int, str], date] = field(default_factory=dict)
    """By record and store: the next day on which a resource made of it reads otherwise."""

    def note_turns(self, record: int, store: str, days: Sequence[date]) -> None:
        if days:
            next_day = min(days)
            self.turns[record, store] = min(next_day, self.turns.get((record, store), next_day))


def read_sources(connection: Connection[Any], ids: Sequence[int]) -> dict[int, Source]:
    """The source systems of these records."""
    return {row[0]: Source(*row[1:]) for row in connection.execute(queries.sources, {"ids": list(ids)})}


def make_entries(
    connection: Connection[Any],
    course: Course,
    pairs: Sequence[tuple[int, str]],
    ended: Mapping[Key, Row],
    workings: Workings,
) -> int:
    """Lead the course through what became of these stores of records; gives how many entries there are."""
    stores = {"ids": [record for record, _ in pairs], "stores": [store for _, store in pairs]}
    present = connection.execute(queries.entries, stores).fetchall()
    items: dict[Group, State] = {
        (record, store, entry_id): State(version, _to_the_millisecond(at), _decode(item), is_present=True)
        for record, store, entry_id, version, at, item in present
    }
    letters = Letters((*group, state.item) for group, state in items.items())
    before: dict[Group, list[Row]] = {}
    for row in ended.values():
        before.setdefault(group_of(row), []).append(row)
    heads = {
        group: rows
        for group in {*before, *course.groups(), *items}
        if (rows := [*course.heads(group), *before.get(group, ())]) and group[2]
    }
    known = _read_known(connection, stores)
    for group, rows in heads.items():
        known[group] = max(known.get(group, 0), *(row.place.entry_version or 0 for row in rows))
    past = _read_past(connection, stores, known)
    for group in dict.fromkeys([*past, *items]):
        states = [*past.get(group, ()), *([items[group]] if group in items else ())]
        _lead(course, group, states, before.get(group, ()), letters, workings, known=known.get(group, -1))
    for group in course.groups():
        # What is neither there nor among the earlier versions was erased: nothing is made of it any more.
        if group[2] and group not in items and group not in past:
            course.become(group, (), workings.moment)
    return len(items)


def _lead(
    course: Course,
    group: Group,
    states: Sequence[State],
    ended: Sequence[Row],
    letters: Letters,
    workings: Workings,
    *,
    known: int,
) -> None:
    for state in states:
        heads = course.heads(group)
        sent = next((row for row in (*heads, *ended) if row.place.sent_by is not None), None)
        if state.version > known or (state.is_present and not _stands_as_sent(heads, state)):
            make = partial(_wanted, group, state, sent, letters, workings)
            # Where none can be made, an older state must not stand as if it were the present one.
            wanted = attempt(make, f"entry {group[2]}") or ()
            at = state.since if state.version > known else workings.moment
            course.become(group, wanted, at)
        if state.deleted_at is not None:
            course.become(group, (), state.deleted_at)


def _stands_as_sent(heads: Sequence[Row], state: State) -> bool:
    return any(row.place.sent_by is not None and row.place.entry_version == state.version for row in heads)


def _wanted(
    group: Group, state: State, sent: Row | None, letters: Letters, workings: Workings
) -> list[Wanted]:
    """What a state is made into. What a client sent once keeps its ID, and stays the client's to change."""
    record, store, entry_id = group
    source = workings.sources[record]
    content = letters.content(record, store, state.item)
    about = About(record, entry_id, source, workings.today, content)
    made = [
        letters.guarded(record, store, state.item, one)
        for one in resources_of(store, state.item, about=about)
    ]
    workings.note_turns(record, store, about.turns)
    of_sent = _of_type(made, sent.type) if sent is not None else None
    wanted = []
    for one in made:
        resource, id, sent_by = one.resource, one.id(entry_id), None
        if one is of_sent and sent is not None:
            id, sent_by = sent.id, sent.place.sent_by
        elif of_sent is not None and sent is not None and sent.id != of_sent.id(entry_id):
            resource = _pointing(resource, f"{sent.type}/{of_sent.id(entry_id)}", to=f"{sent.type}/{sent.id}")
        place = Place(
            patient_detail_id=record,
            tenancy_id=source.tenancy_id,
            bundle=one.bundle,
            restricted=one.restricted,
            store=store,
            entry_id=entry_id,
            entry_version=state.version,
            sent_by=sent_by,
        )
        wanted.append(Wanted((resource["resourceType"], id), resource, place))
    return wanted


def _of_type(made: Sequence[Made], type_name: str) -> Made | None:
    return next((one for one in made if one.resource["resourceType"] == type_name), None)


def _pointing(value: Any, reference: str, *, to: str) -> Any:
    """The same, with each reference to the one pointing to the other."""
    if isinstance(value, dict):
        return {
            name: to if name == "reference" and inner == reference else _pointing(inner, reference, to=to)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_pointing(inner, reference, to=to) for inner in value]
    return value


def _read_known(connection: Connection[Any], stores: Json) -> dict[Group, int]:
    """The newest version of each entry that earlier resources say, be they of another entry by now."""
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(queries.known_versions, stores)}


def _read_past(
    connection: Connection[Any], stores: Json, known: Mapping[Group, int]
) -> dict[Group, list[State]]:
    found = connection.execute(
        queries.earlier_states,
        stores | {"known": [group[2] for group in known], "versions": list(known.values())},
    )
    past: dict[Group, list[State]] = {}
    for record, store, entry_id, version, was_deleted, since, until, item in found:
        deleted_at = _to_the_millisecond(until) if was_deleted else None
        state = State(version, _to_the_millisecond(since), _decode(item), deleted_at)
        past.setdefault((record, store, entry_id), []).append(state)
    return past


def _to_the_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
