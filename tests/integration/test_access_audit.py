"""An audit row is on disk before its waiter goes on, and a chain shows where somebody touched it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carecord.access import audit
from carecord.access.audit import AuditEvent, EventName, Outcome
from carecord.access.audit_trail import AuditTrail, open_trail
from carecord.access.chain_verification import Break, Fault, list_heads, verify
from carecord.db.connect import Database
from carecord.db.direct import Question
from carecord.kernel.errors import Unavailable

READ = AuditEvent(
    event=EventName.PATIENT_READ,
    client_id="app",
    user_id="user-7",
    operation_id="Some_Operation",
    patient_detail_ids=(2188, 2301),
    tenancies=(1, 2),
    trace_id='a"trace\\with é',
)
SEARCHED = AuditEvent(event=EventName.PATIENT_SEARCHED)


def write(
    database: Database, act: Callable[[AuditTrail], Awaitable[None]], *, timeout_s: float = 10.0
) -> None:
    async def run() -> None:
        async with open_trail(database.url, timeout_s=timeout_s) as trail:
            await act(trail)

    asyncio.run(run())


def write_events(database: Database, *events: AuditEvent) -> None:
    async def one_after_another(trail: AuditTrail) -> None:
        for event in events:
            await trail.record(event)

    write(database, one_after_another)


def tamper(connection: psycopg.Connection[Any], sql: str) -> None:
    """As the owner of the table can: with its triggers off."""
    with connection.transaction():
        connection.execute("ALTER TABLE audit.event DISABLE TRIGGER USER")
        connection.execute(sql)
        connection.execute("ALTER TABLE audit.event ENABLE TRIGGER USER")


def rows(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute(
        "SELECT event, client_id, user_id, operation_id, patient_detail_ids, tenancies, outcome, reason, "
        "restricted, trace_id FROM audit.event ORDER BY at, seq"
    ).fetchall()


def test_a_row_holds_what_the_event_says(database: Database, connection: psycopg.Connection[Any]) -> None:
    write_events(database, READ, SEARCHED)
    assert rows(connection) == [
        (
            "patient.read",
            "app",
            "user-7",
            "Some_Operation",
            [2188, 2301],
            [1, 2],
            "allowed",
            None,
            False,
            'a"trace\\with é',
        ),
        ("patient.searched", None, None, None, [], [], "allowed", None, False, None),
    ]


def test_the_row_is_committed_when_the_waiter_goes_on(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        for number in range(1, 4):
            await trail.record(READ)
            assert len(rows(connection)) == number

    write(database, act)


def test_those_who_wait_together_are_written_together_in_one_chain(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        await asyncio.gather(*(trail.record(READ) for _ in range(200)))

    write(database, act)
    found = connection.execute(
        "SELECT count(*), count(DISTINCT chain_id), max(seq) FROM audit.event"
    ).fetchone()
    assert found == (200, 1, 200)
    assert connection.execute("SELECT count(DISTINCT xmin::text) FROM audit.event").fetchone()[0] <= 3
    assert verify(connection) == []


def test_more_than_one_commit_may_hold_are_all_written(
    database: Database, connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carecord.access.audit_trail._MOST_IN_ONE_COMMIT", 7)

    async def act(trail: AuditTrail) -> None:
        await asyncio.gather(*(trail.record(READ) for _ in range(50)))

    write(database, act)
    assert len(rows(connection)) == 50
    assert verify(connection) == []


def test_each_process_has_a_chain_of_its_own_that_starts_at_zero(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    write_events(database, READ, READ)
    write_events(database, SEARCHED)
    first = connection.execute("SELECT previous_hash FROM audit.event WHERE seq = 1").fetchall()
    assert first == [(bytes(32),), (bytes(32),)]
    assert sorted(head.seq for head in list_heads(connection)) == [1, 2]
    assert verify(connection) == []


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'",
        "event = 'patient.searched'",
        "client_id = 'other'",
        "user_id = NULL",
        "operation_id = ''",
        "patient_detail_ids = '{2188}'",
        "tenancies = '{}'",
        "outcome = 'refused'",
        "reason = 'x'",
        "restricted = true",
        "trace_id = 'b'",
        "hash = sha256('x')",
    ],
)
def test_a_row_changed_in_any_column_breaks_the_chain_there(
    database: Database, connection: psycopg.Connection[Any], change: str
) -> None:
    write_events(database, READ, READ, READ)
    tamper(connection, f"UPDATE audit.event SET {change} WHERE seq = 2")
    breaks = verify(connection)
    assert (breaks[0].seq, breaks[0].fault) == (2, Fault.ROW_CHANGED)


def test_a_row_taken_out_breaks_the_chain_after_it(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    write_events(database, READ, READ, READ, READ)
    chain_id = list_heads(connection)[0].chain_id
    for taken in (3, 1):
        tamper(connection, f"DELETE FROM audit.event WHERE seq = {taken}")
        assert Break(chain_id, taken + 1, Fault.ROW_MISSING) in verify(connection)


def test_rows_that_changed_places_break_the_chain(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    write_events(database, READ, SEARCHED, READ)
    tamper(connection, "UPDATE audit.event SET seq = -seq")
    tamper(connection, "UPDATE audit.event SET seq = CASE seq WHEN -1 THEN 2 WHEN -2 THEN 1 ELSE 3 END")
    assert {found.fault for found in verify(connection)} == {Fault.ROW_CHANGED, Fault.ROW_MISSING}


def test_a_row_rewritten_with_a_hash_of_its_own_breaks_the_row_after(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    write_events(database, READ, READ)
    chain_id, at = connection.execute("SELECT chain_id, at FROM audit.event WHERE seq = 1").fetchone()
    forged = audit.hash_row(bytes(32), chain_id, 1, at, audit.encode_event(SEARCHED))
    tamper(
        connection,
        "UPDATE audit.event SET event = 'patient.searched', client_id = NULL, user_id = NULL, "
        "operation_id = NULL, patient_detail_ids = '{}', tenancies = '{}', trace_id = NULL, "
        f"hash = '\\x{forged.hex()}' WHERE seq = 1",
    )
    assert verify(connection) == [Break(chain_id, 2, Fault.ROW_MISSING)]


def test_a_chain_whose_end_was_cut_off_is_found_by_its_noted_head(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    write_events(database, READ, READ)
    noted = list_heads(connection)
    write_events(database, READ)
    assert verify(connection, noted) == []
    tamper(connection, f"DELETE FROM audit.event WHERE chain_id = '{noted[0].chain_id}' AND seq = 2")
    assert verify(connection) == []
    assert verify(connection, noted) == [Break(noted[0].chain_id, 2, Fault.CHAIN_CUT)]


def test_nobody_changes_a_row_by_the_way(database: Database, connection: psycopg.Connection[Any]) -> None:
    write_events(database, READ)
    for sql in ("UPDATE audit.event SET reason = 'x'", "DELETE FROM audit.event", "TRUNCATE audit.event"):
        with pytest.raises(psycopg.Error):
            connection.execute(sql)
    assert verify(connection) == []


def test_a_refusing_database_fails_the_waiters_and_the_next_try_starts_another_chain(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        await trail.record(READ)
        connection.execute("ALTER TABLE audit.event RENAME TO gone")
        refused = await asyncio.gather(*(trail.record(READ) for _ in range(3)), return_exceptions=True)
        assert [type(error) for error in refused] == [Unavailable] * 3
        connection.execute("ALTER TABLE audit.gone RENAME TO event")
        await trail.record(SEARCHED)

    write(database, act)
    assert [row[0] for row in rows(connection)] == ["patient.read", "patient.searched"]
    assert len(list_heads(connection)) == 2
    assert verify(connection) == []


END_AUDIT_CONNECTION = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'carecord audit' AND datname = current_database()"
)


def test_a_lost_connection_fails_its_waiters_and_the_next_one_is_opened(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        await trail.record(READ)
        with connection.transaction():
            connection.execute("LOCK TABLE audit.event IN EXCLUSIVE MODE")
            waiting = asyncio.create_task(trail.record(READ))
            await asyncio.sleep(0.1)
            connection.execute(END_AUDIT_CONNECTION)
            with pytest.raises(Unavailable):
                await waiting
        await trail.record(SEARCHED)

    write(database, act)
    assert [row[0] for row in rows(connection)] == ["patient.read", "patient.searched"]
    assert verify(connection) == []


def test_a_connection_lost_while_nobody_waits_costs_nobody_an_event(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        await trail.record(READ)
        connection.execute(END_AUDIT_CONNECTION)
        await asyncio.sleep(0.1)
        await trail.record(SEARCHED)

    write(database, act)
    assert [row[0] for row in rows(connection)] == ["patient.read", "patient.searched"]
    assert verify(connection) == []


def test_a_database_that_hangs_fails_the_waiters_in_time(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        with connection.transaction():
            connection.execute("LOCK TABLE audit.event IN EXCLUSIVE MODE")
            with pytest.raises(Unavailable):
                await trail.record(READ)
        await trail.record(SEARCHED)

    write(database, act, timeout_s=0.3)
    assert [row[0] for row in rows(connection)] == ["patient.searched"]


def test_killing_the_writer_fails_all_who_wait_and_the_next_event_starts_another(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        await trail.record(READ)
        with connection.transaction():
            connection.execute("LOCK TABLE audit.event IN EXCLUSIVE MODE")
            held = [asyncio.create_task(trail.record(READ)) for _ in range(2)]
            await asyncio.sleep(0.1)
            held += [asyncio.create_task(trail.record(READ)) for _ in range(2)]
            await asyncio.sleep(0)
            writer = trail._writer
            assert writer is not None
            writer.cancel()
            refused = await asyncio.wait_for(asyncio.gather(*held, return_exceptions=True), 5)
        assert [type(error) for error in refused] == [Unavailable] * 4
        await trail.record(SEARCHED)

    write(database, act)
    assert rows(connection)[-1][0] == "patient.searched"
    assert verify(connection) == []


def test_a_waiter_that_went_away_does_not_disturb_the_others(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        waiters = [asyncio.create_task(trail.record(READ)) for _ in range(3)]
        await asyncio.sleep(0)
        waiters[1].cancel()
        results = await asyncio.gather(*waiters, return_exceptions=True)
        assert [type(result) for result in results] == [type(None), asyncio.CancelledError, type(None)]

    write(database, act)
    assert len(rows(connection)) == 3


def test_closing_writes_what_waits_and_then_refuses(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        waiters = [asyncio.create_task(trail.record(READ)) for _ in range(3)]
        await asyncio.sleep(0)
        await trail.close()
        await asyncio.gather(*waiters)
        with pytest.raises(Unavailable):
            await trail.record(READ)

    write(database, act)
    assert len(rows(connection)) == 3


def test_an_event_that_cannot_be_kept_costs_its_own_caller_only(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        nul = AuditEvent(event=EventName.PATIENT_READ, trace_id="a\0b")
        results = await asyncio.gather(trail.record(READ), trail.record(nul), return_exceptions=True)
        assert [type(result) for result in results] == [type(None), ValueError]

    write(database, act)
    assert len(rows(connection)) == 1


def test_a_row_that_the_database_refuses_costs_none_of_those_who_share_its_commit(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    async def act(trail: AuditTrail) -> None:
        too_large = AuditEvent(event=EventName.PATIENT_READ, patient_detail_ids=(2**63,))
        events = [trail.record(one) for one in (READ, too_large, SEARCHED)]
        results = await asyncio.gather(*events, return_exceptions=True)
        assert [type(result) for result in results] == [type(None), Unavailable, type(None)]

    write(database, act)
    assert [row[0] for row in rows(connection)] == [READ.event, SEARCHED.event]


def test_a_server_that_does_not_flush_by_itself_is_told_to(
    database: Database, connection: psycopg.Connection[Any]
) -> None:
    connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off")

    async def act(trail: AuditTrail) -> None:
        await trail.record(READ)
        shown = await trail._connection.ask(Question(b"SHOW synchronous_commit", stays=False), ())
        assert shown.get_value(0, 0) == b"on"

    write(database, act)


def test_a_change_and_its_event_are_kept_together_or_not_at_all(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction():
        audit.record(connection, READ, SEARCHED)
    with connection.transaction(force_rollback=True):
        audit.record(connection, READ)
    with connection.transaction():
        audit.record(connection, SEARCHED)
    assert len(rows(connection)) == 3
    assert [head.seq for head in list_heads(connection)] == [3]
    assert verify(connection) == []


def test_the_stored_time_zone_of_a_session_does_not_matter(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SET TIME ZONE 'Pacific/Auckland'")
    audit.record(connection, READ, clock=lambda: datetime(2026, 6, 1, 12, tzinfo=UTC))
    assert verify(connection) == []


def test_an_event_of_an_unknown_name_from_a_later_version_still_verifies(
    connection: psycopg.Connection[Any],
) -> None:
    body = audit.encode_event(READ).replace(b"patient.read", b"patient.later")
    chain = audit.Chain()
    row = chain.append(datetime(2026, 6, 1, tzinfo=UTC), body).decode()
    connection.execute(audit.queries.insert_audit_events, {"chain_id": chain.chain_id, "rows": f"[{row}]"})
    assert verify(connection) == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    | st.text(st.characters(max_codepoint=0x9F, exclude_characters="\0")),
    detail_ids=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3),
    restricted=st.booleans(),
    at=st.datetimes(timezones=st.just(UTC)),
)
def test_whatever_an_event_holds_python_and_the_database_hash_it_alike(
    connection: psycopg.Connection[Any], text: str, detail_ids: list[int], restricted: bool, at: datetime
) -> None:
    event = AuditEvent(
        event=EventName.PATIENT_READ,
        trace_id=text,
        user_id=text or None,
        patient_detail_ids=detail_ids,
        restricted=restricted,
    )
    audit.record(connection, event, clock=lambda: at)
    assert verify(connection) == []


def test_outcomes_and_reasons_are_kept(database: Database, connection: psycopg.Connection[Any]) -> None:
    refused = AuditEvent(
        event=EventName.ACCESS_REFUSED, outcome=Outcome.REFUSED, reason="scope_missing", restricted=True
    )
    write_events(database, refused)
    assert rows(connection)[0][6:9] == ("refused", "scope_missing", True)
