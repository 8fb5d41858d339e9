"""Whatever sources change, merge and delete, and stewards say, in whatever order: what was promised holds."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carecord.kernel.errors import Conflict, NotFound
from carecord.patient_index import aliases, deletion, linking, links, overlays, source_decisions
from carecord.patient_index.demographics import parse_patient
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy

NUMBERS = ("9990123454", "9991002006", None)
PEOPLE = (
    {"Forename": "Doris", "Surname": "Heritage", "DateOfBirth": "1946-05-17"},
    {"Forename": "Aisha", "Surname": "Khan", "DateOfBirth": "1975-02-03"},
    {"Forename": "Doris", "Surname": "Archer", "DateOfBirth": "1946-05-18"},
)
KEYS = [(tenancy_id, f"P{number}") for tenancy_id in (1, 2) for number in (1, 2)]
DAY = "2026-01-{:02}T09:00:00"

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Event:
    """Something that happens: what, to which records, and what it says."""

    kind: str
    a: tuple[int, str]
    b: tuple[int, str]
    person: int
    number: str | None
    day: int | None


_OTHER_KINDS = ("merge", "merge", "unmerge", "unmerge", "same", "another", "supersede", "forget")
keys = st.sampled_from(KEYS)
events = st.builds(
    Event,
    st.sampled_from([*["send"] * 4, *["delete"] * 3, "restore", *["link"] * 2, "unlink", *_OTHER_KINDS]),
    keys,
    keys,
    st.integers(0, len(PEOPLE) - 1),
    st.sampled_from(NUMBERS),
    st.one_of(st.none(), st.integers(1, 9)),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(events, min_size=6, max_size=25))
def test_what_was_promised_holds_after_every_event(connection: Connection, history: list[Event]) -> None:
    _start_anew(connection)
    ids: dict[tuple[int, str], int] = {}
    for event in history:
        words = _words_in_force(connection)
        with suppress(Conflict, NotFound), connection.transaction():
            _do(connection, event)
        _check_ids_stay(connection, ids)
        _check_deleted_stand_alone(connection)
        _check_persons_are_the_links_in_force(connection)
        _check_no_bar_is_inside_a_person(connection)
        if event.kind in ("send", "supersede", "forget"):
            back = _records(connection, "deleted_at IS NULL")
            assert {word for word in words if set(word[:2]) <= back} <= _words_in_force(connection)
    with connection.transaction():
        ids_now = list(_records(connection, "deleted_at IS NULL"))
        assert linking.relink(connection, ids_now) == linking.Relinked()


def _start_anew(connection: Connection) -> None:
    connection.execute(
        "TRUNCATE patient_index.tenancy, patient_index.blocking_key, patient_index.nhs_number_alias CASCADE"
    )
    for tenancy_id in (1, 2):
        set_tenancy(connection, Tenancy(tenancy_id, f"Source {tenancy_id}", "GP"))


def _do(connection: Connection, event: Event) -> None:
    a, b = _id_of(connection, event.a), _id_of(connection, event.b)
    said_at = DAY.format(event.day) if event.day else None
    if event.kind == "send":
        item = PEOPLE[event.person] | {"PatientNumber": event.a[1], "NhsNumber": event.number}
        record = parse_patient(
            msgspec.json.encode(item), source_key=event.a[1], source_updated_at=said_at, today="2026-11-01"
        )
        file_records(connection, event.a[0], [record])
    elif event.kind == "delete":
        deletion.delete_records(
            connection, event.a[0], [deletion.Deletion(event.a[1], said_at)], deleted_by="feed"
        )
    elif event.kind == "supersede":
        aliases.note_all_superseded(
            connection, [("9990123454", "9991002006")], told_by="steward", reason=None
        )
    elif event.kind == "forget":
        aliases.forget_superseded(connection, "9990123454", "9991002006")
    elif a is None or b is None:
        return
    elif event.kind == "restore":
        deletion.restore_record(connection, a)
    elif event.kind in ("same", "another"):
        decision: overlays.Decision = "same person" if event.kind == "same" else "another person"
        overlays.decide(connection, a, decision, decided_by="steward", reason="test")
    elif event.kind == "link":
        links.link(connection, a, b, decided_by="steward", reason="test")
    elif event.kind == "unlink":
        links.unlink(connection, [a], decided_by="steward", reason="test")
    elif event.kind == "unmerge":
        source_decisions.unmerge_records(connection, a, b, undone_by="steward", reason="test")
    elif event.a[0] == event.b[0] and a != b and {a, b} <= _records(connection, "deleted_at IS NULL"):
        source_decisions.merge_records(
            connection, a, b, tenancy_id=event.a[0], decided_by="source", reason="test"
        )


def _id_of(connection: Connection, key: tuple[int, str]) -> int | None:
    row = connection.execute(
        "SELECT patient_detail_id FROM patient_index.patient_record"
        " WHERE (tenancy_id, source_key) = (%s, %s)",
        key,
    ).fetchone()
    return row[0] if row else None


def _records(connection: Connection, condition: str) -> set[int]:
    sql = f"SELECT patient_detail_id FROM patient_index.patient_record WHERE {condition}"
    return {row[0] for row in connection.execute(sql)}  # type: ignore[call-overload]


def _words_in_force(connection: Connection) -> set[tuple[Any, ...]]:
    rows = connection.execute(
        "SELECT record_a, record_b, decision, decided_by FROM patient_index.link_decision"
        " WHERE superseded_at IS NULL AND rule = 'steward'"
    )
    return set(rows.fetchall())


def _check_ids_stay(connection: Connection, ids: dict[tuple[int, str], int]) -> None:
    rows = connection.execute(
        "SELECT tenancy_id, source_key, patient_detail_id FROM patient_index.patient_record"
    )
    now = {(row[0], row[1]): row[2] for row in rows}
    assert now.items() >= ids.items()
    ids |= now


def _check_deleted_stand_alone(connection: Connection) -> None:
    deleted = _records(connection, "deleted_at IS NOT NULL")
    named = connection.execute(
        "SELECT record_a, record_b FROM patient_index.link_decision WHERE superseded_at IS NULL"
    )
    assert not deleted & {one for row in named for one in row}
    found = connection.execute("SELECT DISTINCT patient_detail_id FROM patient_index.blocking_key")
    assert {row[0] for row in found} == _records(connection, "deleted_at IS NULL AND blocking_keys <> '{}'")
    open_withdrawals = connection.execute(
        "SELECT patient_detail_id FROM patient_index.withdrawal"
        " WHERE returned_at IS NULL AND patient_detail_id IS NOT NULL"
    )
    assert {row[0] for row in open_withdrawals} == deleted


def _check_persons_are_the_links_in_force(connection: Connection) -> None:
    linked = connection.execute(
        "SELECT record_a, record_b FROM patient_index.link_decision"
        " WHERE superseded_at IS NULL AND decision = 'linked'"
    ).fetchall()
    persons: dict[int, set[int]] = {one: {one} for one in _records(connection, "true")}
    for a, b in linked:
        both = persons[a] | persons[b]
        persons.update(dict.fromkeys(both, both))
    rows = connection.execute(
        "SELECT patient_detail_id, person_id FROM patient_index.patient_record"
    ).fetchall()
    assert {record: min(persons[record]) for record in persons} == dict(rows)


def _check_no_bar_is_inside_a_person(connection: Connection) -> None:
    row = connection.execute(
        "SELECT count(*) FROM patient_index.link_decision d"
        " JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a"
        " JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b"
        " WHERE d.superseded_at IS NULL AND d.decision = 'not linked' AND a.person_id = b.person_id"
    ).fetchone()
    assert row == (0,)
