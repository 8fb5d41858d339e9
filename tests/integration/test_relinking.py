"""The whole index linked anew in bulk: what it says of pairs, and what it proposes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from carecord.db.connect import Database
from carecord.kernel.errors import Conflict
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.deciding import judge
from carecord.patient_index.deletion import WORDS_AT_ODDS
from carecord.patient_index.groups import connected_parts
from carecord.patient_index.linking import read_identity
from carecord.patient_index.links import unlink
from carecord.patient_index.normalise import Identity
from carecord.patient_index.relinking.on_duckdb import OnDuckDB, open_duckdb
from carecord.patient_index.relinking.run import ALL, Run, relink_index
from carecord.patient_index.relinking.snapshot import take_snapshot
from carecord.patient_index.relinking.verdicts import judge_pairs
from carecord.patient_index.scoring import Model, load_model
from tests.support.index_records import GRACE, file_all, made_up

pytest.importorskip("splink")
pytest.importorskip("duckdb")
pytestmark = pytest.mark.filterwarnings("ignore")

HOUSEHOLDS = 120


def run(connection: Connection, *, model: Model | None = None, **options: Any) -> Run:
    return relink_index(connection, OnDuckDB(), model=model or load_model(), **options)


def proposals(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT kind, record_a, record_b, reasons FROM patient_index.proposal WHERE closed_at IS NULL"
        " ORDER BY proposal_id"
    ).fetchall()


def identities(connection: Connection) -> dict[int, Identity]:
    rows = connection.execute("SELECT patient_detail_id, identity::text FROM patient_index.patient_record")
    return {row[0]: read_identity(row[1]) for row in rows}


def persons(connection: Connection) -> dict[int, int]:
    return dict(
        connection.execute("SELECT patient_detail_id, person_id FROM patient_index.patient_record").fetchall()
    )


def decisions(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT * FROM patient_index.link_decision ORDER BY decision_id").fetchall()


def part_all(connection: Connection) -> None:
    """As if nothing had ever been linked."""
    connection.execute("UPDATE patient_index.patient_record SET person_id = patient_detail_id")
    connection.execute("UPDATE patient_index.link_decision SET superseded_at = now()")


def link_wrongly(connection: Connection, a: int, b: int) -> None:
    """A link by weight that today's model would not make."""
    connection.execute(
        "UPDATE patient_index.patient_record SET person_id = %s WHERE patient_detail_id = %s", (a, b)
    )
    connection.execute(
        "INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by)"
        " VALUES (%s, %s, 'linked', 'weights', 'carecord')",
        (a, b),
    )


@pytest.fixture
def judged(connection: Connection, tmp_path: Path) -> Iterator[Callable[[Model], Any]]:
    """The DuckDB that holds what a run says of all pairs."""
    opened = []

    def judge_all(model: Model) -> Any:
        with connection.transaction():
            snapshot = take_snapshot(connection, tmp_path, model=model, on_progress=lambda *told: None)
        OnDuckDB().compare(snapshot, model=model, on_progress=lambda *told: None)
        opened.append(open_duckdb(tmp_path))
        judge_pairs(opened[0], snapshot, model)
        return opened[0]

    yield judge_all
    for database in opened:
        database.close()


def test_every_pair_is_judged_in_bulk_as_on_arrival(
    connection: Connection, judged: Callable[[Model], Any]
) -> None:
    file_all(connection, made_up(HOUSEHOLDS, seed=1))
    model = load_model()
    known = identities(connection)
    linked = {tuple(row[1:3]) for row in decisions(connection) if row[3] == "linked"}

    rows = (
        judged(model)
        .execute(
            "SELECT a, b, weight, relative_weight, levels, outcome, v.compatible FROM verdict v"
            " JOIN pair p USING (a, b)"
            " JOIN pattern USING (levels, verified_a, verified_b, newborn_a, newborn_b)"
        )
        .fetchall()
    )

    assert len(rows) > 500
    assert {row[5] for row in rows} == {"link", "review", "apart"}
    for a, b, weight, relative_weight, levels, outcome, compatible in rows:
        verdict = judge(model, known[a], known[b], linked=(a, b) in linked)
        assert weight == pytest.approx(verdict.score.weight, abs=1e-6)
        assert relative_weight == pytest.approx(verdict.score.relative_weight, abs=1e-6)
        assert tuple(levels) == verdict.score.levels
        assert (outcome, compatible) == (verdict.outcome, verdict.compatible)


def test_the_pairs_that_share_a_key_are_all_judged_but_the_hopeless(
    connection: Connection, judged: Callable[[Model], Any]
) -> None:
    file_all(connection, made_up(HOUSEHOLDS, seed=2))
    model = load_model()
    known = identities(connection)
    keys = {record: set(blocking_keys(identity, model.blocking)) for record, identity in known.items()}
    sharing = {(a, b) for a, b in combinations(sorted(known), 2) if keys[a] & keys[b]}

    found = set(judged(model).execute("SELECT a, b FROM verdict").fetchall())

    assert found <= sharing
    for a, b in sharing - found:
        verdict = judge(model, known[a], known[b])
        assert (verdict.outcome, verdict.compatible) == ("apart", False)


def test_an_index_that_is_as_arrival_left_it_gives_no_proposals(connection: Connection) -> None:
    file_all(connection, made_up(HOUSEHOLDS, seed=3))

    found = run(connection)

    assert proposals(connection) == []
    assert found.records == len(persons(connection))
    assert found.pairs_to_link > 200


def test_linked_in_bulk_the_records_fall_into_the_groups_of_arrival(connection: Connection) -> None:
    file_all(connection, made_up(HOUSEHOLDS, seed=4))
    arrived = persons(connection)
    part_all(connection)

    run(connection)

    links = [(a, b) for kind, a, b, _ in proposals(connection) if kind == "link"]
    assert len(links) > 100
    assert connected_parts(arrived, links) == arrived


def test_two_persons_that_would_be_one_are_proposed_once_and_nothing_is_linked(
    connection: Connection,
) -> None:
    a, b = file_all(connection, [GRACE, GRACE])
    part_all(connection)
    before = decisions(connection)

    first, second = run(connection), run(connection)

    assert proposals(connection) == [("link", a, b, ["number_and_birth_date_agree"])]
    assert first.kept is not None
    assert second.kept is not None
    assert (first.kept.made, first.kept.unchanged) == (1, 0)
    assert (second.kept.made, second.kept.unchanged, second.kept.withdrawn) == (0, 1, 0)
    assert persons(connection) == {a: a, b: b}
    assert decisions(connection) == before


def test_a_link_that_would_not_be_made_is_proposed_with_its_guard(connection: Connection) -> None:
    birthday = {"NhsNumber": None, "DateOfBirth": "1946-05-29"}
    a, b = file_all(connection, [GRACE, dict(GRACE) | birthday])
    part_all(connection)
    link_wrongly(connection, a, b)

    found = run(connection)

    assert proposals(connection) == [("unlink", a, b, ["other_birthday"])]
    assert found.proposals["unlink"] == {ALL: 1, "other_birthday": 1}
    assert persons(connection) == {a: a, b: a}


def test_a_proposal_that_no_longer_holds_is_withdrawn_and_kept(connection: Connection) -> None:
    a, b = file_all(connection, [GRACE, GRACE])
    part_all(connection)
    run(connection)
    link_wrongly(connection, a, b)

    found = run(connection)

    assert found.kept is not None
    assert found.kept.withdrawn == 1
    rows = connection.execute("SELECT outcome, closed_at IS NOT NULL FROM patient_index.proposal").fetchall()
    assert rows == [("withdrawn", True)]


def test_what_stewards_own_words_ask_for_is_not_withdrawn_by_a_run(connection: Connection) -> None:
    a, b = file_all(connection, [GRACE, GRACE])
    connection.execute(
        "INSERT INTO patient_index.proposal"
        " (kind, record_a, record_b, model, engine, weight, relative_weight, levels, reasons)"
        " VALUES ('link', %s, %s, 'uk', 'arrival', 1, 1, '{}', %s)",
        [a, b, [WORDS_AT_ODDS]],
    )

    found = run(connection)

    assert found.kept is not None
    assert found.kept.withdrawn == 0
    assert proposals(connection) == [("link", a, b, [WORDS_AT_ODDS])]


def test_a_dry_run_writes_nothing(connection: Connection) -> None:
    file_all(connection, [GRACE, GRACE])
    part_all(connection)

    found = run(connection, write=False)

    assert found.proposals["link"][ALL] == 1
    assert proposals(connection) == []


@pytest.mark.parametrize("sealed", [False, True])
def test_what_a_steward_has_parted_is_never_proposed(connection: Connection, sealed: bool) -> None:
    a, b, c = file_all(connection, [GRACE, GRACE, GRACE])
    with connection.transaction():
        unlink(connection, [a], decided_by="steward", reason="two people")
    connection.execute("UPDATE patient_index.link_decision SET sealed = %s WHERE rule = 'steward'", (sealed,))

    run(connection)

    assert proposals(connection) == []
    assert persons(connection) == {a: a, b: b, c: b}


def test_what_a_steward_has_linked_is_never_proposed_to_be_parted(connection: Connection) -> None:
    a, b = file_all(
        connection, [GRACE, {"Forename": "Henry", "Surname": "Other", "DateOfBirth": "1980-02-03"}]
    )
    link_wrongly(connection, a, b)
    connection.execute("UPDATE patient_index.link_decision SET rule = 'steward'")

    run(connection)

    assert proposals(connection) == []


def test_a_record_that_turned_into_somebody_else_is_left_out_until_somebody_decides(
    connection: Connection,
) -> None:
    a, b = file_all(connection, [GRACE, GRACE])
    part_all(connection)
    connection.execute(
        "INSERT INTO patient_index.overlay (patient_detail_id, identity_before) VALUES (%s, '[]')", (a,)
    )

    run(connection)
    held = proposals(connection)
    connection.execute(
        "UPDATE patient_index.overlay SET decision = 'same person', decided_by = 'x', decided_at = now()"
    )
    run(connection)

    assert held == []
    assert proposals(connection) == [("link", a, b, ["number_and_birth_date_agree"])]


def test_a_deleted_record_is_left_out(connection: Connection) -> None:
    a, _ = file_all(connection, [GRACE, GRACE])
    part_all(connection)
    connection.execute(
        "UPDATE patient_index.patient_record SET deleted_at = now() WHERE patient_detail_id = %s", (a,)
    )

    run(connection)

    assert proposals(connection) == []


def test_another_model_proposes_what_it_would_change(connection: Connection) -> None:
    moved = {"NhsNumber": None, "PostCode": "YY9 9ZZ", "AddressLine1": None, "MobileTelephone": None}
    a, b = file_all(connection, [GRACE, dict(GRACE) | moved])
    model = load_model()
    bars = replace(model.thresholds, join=60, stay=50)

    run(connection, model=replace(model, version="stricter", thresholds=bars))

    assert proposals(connection) == [("unlink", a, b, ["agree_too_little"])]


def test_a_model_with_other_blocking_rules_finds_by_its_own_keys(connection: Connection) -> None:
    a, b = file_all(connection, [GRACE, dict(GRACE) | {"NhsNumber": None}])
    part_all(connection)
    connection.execute("UPDATE patient_index.patient_record SET blocking_keys = '{}'")

    run(connection)

    assert proposals(connection) == [("link", a, b, ["agree_well_enough"])]


def test_records_whose_keys_are_too_common_meet_by_birth_date_and_name(connection: Connection) -> None:
    """All of one telephone, and more of them than are compared by it."""
    strangers = [
        {
            "Forename": f"Nobody{letter}",
            "Surname": f"Else{letter}",
            "MobileTelephone": GRACE["MobileTelephone"],
        }
        for letter in "abcdef"
    ]
    model = replace(load_model(), blocking=("telephone",), hot=3)
    a, b, *_ = file_all(connection, [GRACE, GRACE, *strangers], model=model)
    part_all(connection)

    found = run(connection, model=model)

    assert proposals(connection) == [("link", a, b, ["number_and_birth_date_agree"])]
    assert found.hot_keys == {"telephone": 1}
    assert found.pairs_compared == 1


def test_what_changes_while_a_run_goes_on_is_left_to_the_next(
    connection: Connection, database: Database
) -> None:
    a, b = file_all(connection, [GRACE, GRACE])
    part_all(connection)

    def decide_meanwhile(stage: str, done: int, total: int) -> None:
        if stage == "Judging":
            with database.connect() as other:
                link_wrongly(other, a, b)

    found = run(connection, on_progress=decide_meanwhile)

    assert found.kept is not None
    assert (found.kept.made, found.kept.overtaken) == (0, 1)
    assert proposals(connection) == []


def test_a_second_run_at_once_is_refused(connection: Connection, database: Database) -> None:
    file_all(connection, [GRACE])
    refused = []

    def run_again(stage: str, done: int, total: int) -> None:
        if stage == "Judging":
            with database.connect() as other, pytest.raises(Conflict) as raised:
                run(other)
            refused.append(raised.value.reason)

    run(connection, on_progress=run_again)

    assert refused == ["relinking"]


def test_an_empty_index_gives_nothing(connection: Connection) -> None:
    found = run(connection)

    assert (found.records, found.pairs_compared, found.proposals) == (0, 0, {"link": {}, "unlink": {}})
