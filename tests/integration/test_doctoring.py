"""Looking the whole index over: each check finds its own fault, and in a sound index none finds anything."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from psycopg import Connection

from carecord.db.connect import Database
from carecord.patient_index import links
from carecord.patient_index.checks import CHECKS, Finding, Limits
from carecord.patient_index.deletion import Deletion, delete_records
from carecord.patient_index.demographics import parse_patient
from carecord.patient_index.doctoring import examine, keep
from carecord.patient_index.rekeying import make_keys_anew
from carecord.patient_index.scoring import load_model
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy

DORIS = {
    "NhsNumber": "9990123454",
    "NhsNumberVerificationStatus": "01",
    "Forename": "Doris",
    "Surname": "Heritage",
    "DateOfBirth": "1946-05-17",
}
AISHA = DORIS | {"NhsNumber": "9991002006", "Forename": "Aisha", "DateOfBirth": "1975-02-03"}
GRACE = DORIS | {
    "NhsNumber": "9992311886",
    "Forename": "Grace",
    "DateOfBirth": "1982-09-30",
    "Surname": "Newname",
}
EDITH = DORIS | {
    "NhsNumber": "9994040405",
    "Forename": "Edith",
    "DateOfBirth": "1951-11-02",
    "Surname": "Other",
}
RECORDS = {
    1: {"d1": DORIS, "a1": AISHA, "g1": GRACE, "e1": EDITH},
    2: {"d2": DORIS, "a2": AISHA},
    3: {"d3": DORIS},
    4: {"d4": DORIS},
}
"""By source: four records of Doris, two of Aisha, one each of Grace and Edith."""


@pytest.fixture
def index(connection: Connection[Any]) -> Connection[Any]:
    for tenancy_id, records in RECORDS.items():
        set_tenancy(connection, Tenancy(tenancy_id, f"Source {tenancy_id}", "GP"))
        _file(connection, tenancy_id, records)
    return connection


def _file(connection: Connection[Any], tenancy_id: int, records: dict[str, dict[str, str]]) -> None:
    filed = [
        parse_patient(msgspec.json.encode({"PatientNumber": key} | item), source_key=key, today="2026-11-01")
        for key, item in records.items()
    ]
    with connection.transaction():
        file_records(connection, tenancy_id, filed)


def _ids(connection: Connection[Any], *keys: str) -> list[int]:
    rows = connection.execute(
        "SELECT source_key, patient_detail_id FROM patient_index.patient_record"
    ).fetchall()
    by_key = dict(rows)
    return [by_key[key] for key in keys]


def _decide(
    connection: Connection[Any], a: str, b: str, decision: str, *, rule: str = "steward", **more: Any
) -> None:
    """A decision written by hand, with nothing that should follow from it."""
    pair = sorted(_ids(connection, a, b))
    connection.execute(
        "UPDATE patient_index.link_decision SET superseded_at = now()"
        " WHERE record_a = %s AND record_b = %s AND superseded_at IS NULL",
        pair,
    )
    connection.execute(
        "INSERT INTO patient_index.link_decision"
        " (record_a, record_b, decision, rule, decided_by, decided_at, sealed)"
        " VALUES (%s, %s, %s, %s, 'test', now() - %s * interval '1 day', %s)",
        [*pair, decision, rule, more.get("days", 0), more.get("sealed", False)],
    )


def _move_out(connection: Connection[Any]) -> None:
    connection.execute(
        "UPDATE patient_index.patient_record SET person_id = patient_detail_id WHERE source_key = 'a2'"
    )


def _lose_the_link(connection: Connection[Any]) -> None:
    (b,) = _ids(connection, "a2")
    connection.execute(
        "UPDATE patient_index.link_decision SET superseded_at = now() WHERE record_b = %s", [b]
    )


def _lose_keys(connection: Connection[Any]) -> None:
    connection.execute(
        "DELETE FROM patient_index.blocking_key WHERE patient_detail_id = %s", _ids(connection, "g1")
    )


def _join_two_numbers(connection: Connection[Any]) -> None:
    with connection.transaction():
        links.link(connection, *_ids(connection, "g1", "e1"), decided_by="steward", reason="test")


def _turn_into_a_stranger(connection: Connection[Any]) -> None:
    """The identity and keys of another record, without anything being decided anew."""
    connection.execute(
        "UPDATE patient_index.patient_record r SET identity = e.identity, blocking_keys = e.blocking_keys"
        " FROM patient_index.patient_record e WHERE r.source_key = 'd4' AND e.source_key = 'e1'"
    )
    connection.execute(
        "DELETE FROM patient_index.blocking_key WHERE patient_detail_id = %s", _ids(connection, "d4")
    )
    connection.execute(
        "INSERT INTO patient_index.blocking_key SELECT key, %s FROM patient_index.blocking_key"
        " WHERE patient_detail_id = %s",
        _ids(connection, "d4", "e1"),
    )


def _merge(connection: Connection[Any]) -> None:
    connection.execute(
        "INSERT INTO patient_index.patient_merge (major_id, minor_id, decided_by) VALUES (%s, %s, 'test')",
        _ids(connection, "a1", "g1"),
    )


def _supersede_a_number(connection: Connection[Any]) -> None:
    connection.execute(
        "INSERT INTO patient_index.nhs_number_alias (superseded, current, told_by)"
        " VALUES ('9992311886', '9998887771', 'test')"
    )


def _send_again_under_another_key(connection: Connection[Any]) -> None:
    with connection.transaction():
        links.unlink(connection, _ids(connection, "a2"), decided_by="steward", reason="test")
    deletion = [Deletion("a2")]
    with connection.transaction():
        delete_records(connection, 2, deletion, deleted_by="source")
    _file(connection, 2, {"a9": AISHA})


def _turn_into_somebody_else(connection: Connection[Any]) -> None:
    connection.execute(
        "INSERT INTO patient_index.overlay (patient_detail_id, identity_before, noticed_at)"
        " SELECT %s, '[]', now() - interval '8 days'",
        _ids(connection, "g1"),
    )


def _delete_and_leave_linked(connection: Connection[Any]) -> None:
    connection.execute(
        "INSERT INTO patient_index.withdrawal (tenancy_id, source_key, patient_detail_id, withdrawn_by)"
        " SELECT tenancy_id, source_key, patient_detail_id, 'test' FROM patient_index.patient_record"
        " WHERE source_key = 'a2'"
    )


FAULTS: dict[str, tuple[Callable[[Connection[Any]], object], list[str]]] = {
    "links_across": (_move_out, ["a1", "a2"]),
    "not_held_together": (_lose_the_link, ["a1", "a2"]),
    "held_but_linked": (_delete_and_leave_linked, ["a1", "a2"]),
    "stale_keys": (_lose_keys, ["g1"]),
    "two_verified_numbers": (_join_two_numbers, ["g1", "e1"]),
    "mixed_suspects": (_turn_into_a_stranger, ["d1", "d2", "d3", "d4"]),
    "merges_apart": (_merge, ["a1", "g1"]),
    "bars_of_deleted": (_send_again_under_another_key, ["a1", "a2", "a9"]),
    "aliases_not_applied": (_supersede_a_number, ["g1"]),
    "held_long": (_turn_into_somebody_else, ["g1"]),
    "waiting_long": (lambda c: _decide(c, "a1", "g1", "possible", rule="weights", days=29), ["a1", "g1"]),
}
"""By check: what is done to the index, and the records that are then found."""


def _found(connection: Connection[Any], **more: Any) -> dict[str, list[Finding]]:
    examination = examine(connection, **more)
    assert all(len(found.first) <= found.count for found in examination.found.values())
    return {name: found.first for name, found in examination.found.items() if found.count}


def test_in_a_sound_index_nothing_is_found(index: Connection[Any]) -> None:
    examination = examine(index)

    assert (examination.records, examination.persons, examination.broken) == (8, 4, False)
    assert {name: found.count for name, found in examination.found.items() if found.count} == {}


@pytest.mark.parametrize("name", FAULTS)
def test_each_check_finds_its_own_fault_and_no_other_does(index: Connection[Any], name: str) -> None:
    damage, keys = FAULTS[name]
    damage(index)

    # A verified number of somebody else is a fault of the stranger as well.
    others = {"two_verified_numbers"} if name == "mixed_suspects" else set()
    found = _found(index)

    assert set(found) == {name} | others
    assert [sorted(finding.patient_detail_ids) for finding in found[name]] == [sorted(_ids(index, *keys))]


def test_only_what_must_never_be_breaks_the_index(index: Connection[Any]) -> None:
    for damage in (_merge, _supersede_a_number, _turn_into_somebody_else):
        damage(index)
    assert not examine(index).broken

    _lose_keys(index)
    assert examine(index).broken


def test_a_stewards_bar_inside_one_person_breaks_the_index(index: Connection[Any]) -> None:
    rows = index.execute(
        "SELECT a.source_key, b.source_key FROM patient_index.patient_record a"
        " JOIN patient_index.patient_record b"
        " ON b.person_id = a.person_id AND b.patient_detail_id > a.patient_detail_id"
        " WHERE NOT EXISTS (SELECT FROM patient_index.link_decision"
        " WHERE record_a = a.patient_detail_id AND record_b = b.patient_detail_id)"
    ).fetchall()
    _decide(index, *rows[0], "not linked")

    examination = examine(index)

    assert examination.broken
    assert _found(index) == {"bars_inside": [Finding(tuple(_ids(index, *rows[0])))]}


def test_a_sealed_bar_is_counted_and_not_told(index: Connection[Any]) -> None:
    _decide(index, "a1", "a2", "not linked", sealed=True)

    found = examine(index).found["bars_inside"]

    assert (found.count, found.first) == (1, [])


def test_an_open_link_under_a_sealed_bar_is_no_link(index: Connection[Any]) -> None:
    """The open one goes on as if there were no other; the two are two persons, as they must be."""
    a, b = _ids(index, "a1", "a2")
    index.execute(
        "INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by, sealed)"
        " VALUES (%s, %s, 'not linked', 'steward', 'test', true)",
        [a, b],
    )
    _move_out(index)

    assert _found(index) == {}


def test_a_possible_link_under_a_sealed_decision_is_not_waiting(index: Connection[Any]) -> None:
    _decide(index, "a1", "g1", "possible", rule="weights", days=29)
    index.execute(
        "INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by, sealed)"
        " SELECT record_a, record_b, 'not linked', 'steward', 'test', true FROM patient_index.link_decision"
        " WHERE decision = 'possible' AND superseded_at IS NULL"
    )

    assert _found(index) == {}


def test_a_task_beside_a_sealed_decision_is_counted_and_not_told(index: Connection[Any]) -> None:
    """Two tasks of one record, set side by side, would give away the two whom the sealed decision parts."""
    _decide(index, "a1", "g1", "not linked", sealed=True)
    _decide(index, "d1", "g1", "possible", rule="weights", days=29)
    _decide(index, "d2", "a2", "possible", rule="weights", days=29)
    _decide(index, "d3", "e1", "possible", rule="weights", days=30)

    found = examine(index).found["waiting_long"]

    assert found.count == 3
    assert [one.patient_detail_ids for one in found.first] == [tuple(_ids(index, "e1", "d3"))]


def test_a_merge_that_a_sealed_decision_parts_is_counted_and_not_told(index: Connection[Any]) -> None:
    _merge(index)
    major, minor = index.execute("SELECT major_id, minor_id FROM patient_index.patient_merge").fetchall()[0]
    assert [one.patient_detail_ids for one in examine(index).found["merges_apart"].first] == [(major, minor)]
    index.execute(
        "INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by, sealed)"
        " VALUES (least(%(a)s, %(b)s), greatest(%(a)s, %(b)s), 'not linked', 'steward', 'test', true)",
        {"a": major, "b": minor},
    )

    found = examine(index).found["merges_apart"]

    assert (found.count, found.first) == (1, [])


def test_an_overlay_beside_a_sealed_decision_is_counted_and_not_told(index: Connection[Any]) -> None:
    _turn_into_somebody_else(index)
    (told,) = examine(index).found["held_long"].first
    other = _ids(index, "e1")[0]
    index.execute(
        "INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by, sealed)"
        " VALUES (least(%(a)s, %(b)s), greatest(%(a)s, %(b)s), 'not linked', 'steward', 'test', true)",
        {"a": told.patient_detail_ids[0], "b": other},
    )

    found = examine(index).found["held_long"]

    assert (found.count, found.first) == (1, [])


def test_a_pair_of_records_is_compared_anew_where_another_model_linked_it(index: Connection[Any]) -> None:
    index.execute(
        "UPDATE patient_index.patient_record r SET identity = e.identity FROM patient_index.patient_record e"
        " WHERE r.source_key = 'a2' AND e.source_key = 'e1'"
    )
    assert "mixed_suspects" not in _found(index)
    assert "mixed_suspects" in _found(index, every_person=True)

    index.execute("UPDATE patient_index.link_decision SET model = 'uk before'")

    assert "mixed_suspects" in _found(index)


@pytest.mark.parametrize(
    ("limits", "name", "keys", "note"),
    [
        (Limits(largest=3), "large_groups", ["d1", "d2", "d3", "d4"], "4 records"),
        (Limits(of_one_source=1), "many_of_one_source", ["e1", "e2"], "2 records of source 1"),
    ],
)
def test_too_many_records_are_found(
    index: Connection[Any], limits: Limits, name: str, keys: list[str], note: str
) -> None:
    _file(index, 1, {"e2": EDITH})

    assert _found(index, limits=limits) == {name: [Finding(tuple(sorted(_ids(index, *keys))), note)]}


def test_records_that_their_source_has_merged_are_not_many(index: Connection[Any]) -> None:
    _file(index, 1, {"e2": EDITH})
    index.execute(
        "INSERT INTO patient_index.patient_merge (major_id, minor_id, decided_by) VALUES (%s, %s, 'test')",
        _ids(index, "e1", "e2"),
    )

    assert _found(index, limits=Limits(of_one_source=1)) == {}


def test_a_hot_key_is_told_by_its_rule_and_the_first_that_share_it(index: Connection[Any]) -> None:
    findings = _found(index, model=replace(load_model(), hot=3))["hot_keys"]

    assert Finding(tuple(_ids(index, "d1", "d2", "d3", "d4")), "number: 4 records") in findings
    assert {finding.note for finding in findings if finding.note} <= {
        f"{rule}: 4 records" for rule in load_model().blocking
    }


def test_only_the_first_findings_are_told_and_all_are_counted(index: Connection[Any]) -> None:
    _lose_keys(index)
    index.execute("UPDATE patient_index.patient_record SET blocking_keys = '{1}'")

    found = examine(index, most=3).found["stale_keys"]

    assert (found.count, len(found.first)) == (8, 3)


def test_looking_waits_for_nobody_and_sees_one_moment(index: Connection[Any], database: Database) -> None:
    """Somebody files a record while the index is looked over: half of what follows from it is not seen."""
    seen: list[str] = []

    def meanwhile(what: str, done: int, total: int) -> None:
        if not seen:
            with database.connect() as other:
                _move_out(other)
        seen.append(what)

    examination = examine(index, on_progress=meanwhile)

    assert not examination.broken
    assert examine(index).broken
    assert len(seen) > len(CHECKS) // 2


def test_the_counts_of_a_look_are_kept(index: Connection[Any]) -> None:
    _move_out(index)
    examination = examine(index)

    keep(index, examination)

    kept = index.execute("SELECT model, records, persons, found FROM patient_index.examination").fetchall()
    counts = {check.name: int(check.name == "links_across") for check in CHECKS}
    assert kept == [(examination.model, 8, 5, counts)]


def test_keys_made_anew_are_those_of_the_model_and_the_index_is_sound_again(index: Connection[Any]) -> None:
    other = replace(load_model(), blocking=load_model().blocking[:1])
    _lose_keys(index)

    narrowed = make_keys_anew(index, model=other)
    assert narrowed.changed == narrowed.records == sum(map(len, RECORDS.values()))
    assert set(_found(index)) == {"stale_keys"}

    assert make_keys_anew(index, model=load_model()).changed == narrowed.changed
    assert _found(index) == {}
    assert make_keys_anew(index, model=load_model()).changed == 0


def test_keys_that_are_lost_are_kept_again(index: Connection[Any]) -> None:
    _lose_keys(index)

    assert make_keys_anew(index, model=load_model()).changed == 0
    assert _found(index) == {}
