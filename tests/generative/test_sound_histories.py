"""Whatever is filed, said and taken back: the doctor finds nothing that must never be."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from carecord.kernel.errors import Conflict, NotFound
from carecord.patient_index.checks import CHECKS, MIXED, TWO_NUMBERS, Check, Found
from carecord.patient_index.deletion import delete_record, restore_record
from carecord.patient_index.doctoring import examine
from tests.generative.test_linking_history import (
    KEYS,
    Word,
    file,
    on_postgresql,
    say,
    sent,
    start_anew,
    words,
)

AS_OF = "2026-11-02T00:00:00"


@dataclass(frozen=True)
class Deletion:
    """A source deletes its record, or takes that back."""

    key: tuple[int, str]
    taken_back: bool


batches = st.lists(st.sampled_from(KEYS), min_size=1, max_size=6, unique=True).flatmap(
    lambda keys: st.tuples(*[sent(key) for key in keys])
)
deletions = st.builds(Deletion, st.sampled_from(KEYS), st.booleans())


@on_postgresql
@given(history=st.lists(st.one_of(batches, words, deletions), min_size=1, max_size=8))
def test_no_history_breaks_the_index(connection: psycopg.Connection[Any], history: list[Any]) -> None:
    start_anew(connection)
    for step in history:
        if isinstance(step, Word):
            say(connection, step)
        elif isinstance(step, Deletion):
            delete(connection, step)
        else:
            file(connection, *step)

    assert found(connection, *[check for check in CHECKS if check.breaks]) == {}


@on_postgresql
@given(history=st.lists(st.one_of(batches, deletions), min_size=1, max_size=8))
def test_weights_alone_never_mix_people(connection: psycopg.Connection[Any], history: list[Any]) -> None:
    start_anew(connection)
    for step in history:
        if isinstance(step, Deletion):
            delete(connection, step)
        else:
            file(connection, *step)

    assert found(connection, MIXED, TWO_NUMBERS) == {}


def delete(connection: psycopg.Connection[Any], step: Deletion) -> None:
    row = connection.execute(
        "SELECT patient_detail_id FROM patient_index.patient_record"
        " WHERE tenancy_id = %s AND source_key = %s",
        step.key,
    ).fetchone()
    # What is not there cannot be deleted, what is not deleted not taken back.
    with suppress(NotFound, Conflict), connection.transaction():
        if row and step.taken_back:
            restore_record(connection, row[0])
        elif row:
            delete_record(connection, row[0], as_of=AS_OF, deleted_by="source", reason="test")


def found(connection: psycopg.Connection[Any], *checks: Check) -> dict[str, Found]:
    of_all = examine(connection, every_person=True).found
    return {check.name: of_all[check.name] for check in checks if of_all[check.name].count}
