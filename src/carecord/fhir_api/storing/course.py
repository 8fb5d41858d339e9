"""What becomes of resources as the record goes through its states: new versions, deletions, returns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection

from carecord.fhir_api.kept import Json
from carecord.fhir_api.storing import rows
from carecord.fhir_api.storing.guarding import changes_guard, guard_anew
from carecord.fhir_api.storing.mishaps import search_values_of
from carecord.fhir_api.storing.rows import Key, NewRow, Place, Row, first_version

Group = tuple[int, str, int]
"""What resources are made of: record, store and entry; of a Patient the record alone, with "" and 0."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resource that is to be in force, without id, version and time."""

    key: Key
    resource: Json
    place: Place
    link_sources: tuple[int, ...] | None = None
    """Of a Patient that differs from the one in force by its links alone: of whom, by their sources."""


class Course:
    """Resources in force, what they become by `become`, and what of that is to be written by `write`."""

    def __init__(self, in_force: Mapping[Key, Row], last: Mapping[Key, Row]) -> None:
        """`last` are the last versions of resources that are not in force: they return with the next."""
        self._heads = dict(in_force)
        self._last = dict(last)
        self._new: dict[Key, Json] = {}
        self._retired: list[Key] = []
        self._history: list[Row] = []
        self._moved: dict[Key, Row] = {}
        self._guarding: set[Key] = set()
        self._of: dict[Group, list[Key]] = {}
        for row in in_force.values():
            self._of.setdefault(group_of(row), []).append(row.key)

    def heads(self, group: Group) -> list[Row]:
        """Those in force that are made of this."""
        return [self._heads[key] for key in self._of.get(group, ())]

    def groups(self) -> list[Group]:
        """All that something in force is made of."""
        return [group for group, keys in self._of.items() if keys]

    def become(self, group: Group, wanted: Iterable[Wanted], at: datetime) -> None:
        """From `at` on, the group is made into these; a body that stays the same is no new version."""
        before = self._of.get(group, [])
        after = []
        for one in wanted:
            after.append(one.key)
            self._come(one, at)
        for key in before:
            if key not in after:
                self._end(key, at)
        self._of[group] = after

    def write(self, connection: Connection[Any]) -> int:
        """Write all of it down; gives how many resources have changed."""
        rows.retire(connection, self._retired)
        rows.add_history(connection, self._history)
        rows.put_in_force(
            connection,
            [
                NewRow(self._heads[key], search_values_of(resource, f"{key[0]} {key[1]}"))
                for key, resource in self._new.items()
            ],
        )
        rows.move(connection, list(self._moved.values()))
        guard_anew(connection, [self._heads[key] for key in sorted(self._guarding) if key in self._heads])
        return len({*self._retired, *self._new})

    def _come(self, wanted: Wanted, at: datetime) -> None:
        key = wanted.key
        head = self._heads.get(key)
        link_sources = None
        if head is not None:
            if head.says(wanted.resource):
                if head.place != wanted.place:
                    moved = replace(head, place=wanted.place)
                    self._note_guard(head, moved)
                    self._move(moved)
                return
            self._leave(head)
            link_sources = wanted.link_sources
        else:
            head = self._last.get(key)
        if head is None:
            row = first_version(*key, wanted.resource, wanted.place, at)
        else:
            row = head.followed(wanted.resource, wanted.place, at, link_sources=link_sources)
        self._heads[key] = row
        self._note_guard(head, row)
        self._new[key] = wanted.resource

    def _end(self, key: Key, at: datetime) -> None:
        head = self._heads.pop(key)
        self._leave(head)
        ended = head.ended(at)
        self._history.append(ended)
        self._last[key] = ended

    def _leave(self, head: Row) -> None:
        if self._new.pop(head.key, None) is not None:
            self._history.append(head)
        else:
            self._retired.append(head.key)
            self._moved.pop(head.key, None)

    def _note_guard(self, before: Row | None, after: Row) -> None:
        if changes_guard(before, after):
            self._guarding.add(after.key)

    def _move(self, row: Row) -> None:
        self._heads[row.key] = row
        if row.key not in self._new:
            self._moved[row.key] = row


def group_of(row: Row) -> Group:
    place = row.place
    return place.patient_detail_id or 0, place.store or "", place.entry_id or 0
