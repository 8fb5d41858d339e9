"""A status that hangs on a date turns when the day comes, though nobody changes the record."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from carecord.db.connect import Database
from carecord.fhir_api.storing.asking import Turns
from tests.support.fhir_store import FhirStore
from tests.support.sandpit import entry_line, patient_line, tenancy_line

ALERT = {"Category": "Risks", "SubType": "Falls", "Status": "Active", "StartDate": "2026-11-01T00:00:00"}


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Iterator[FhirStore]:
    with database.connect() as connection:
        yield FhirStore(database, connection, tmp_path)


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """It is nine in the morning of a day."""

    def be(day: str) -> None:
        for module in ("freshening", "asking"):
            monkeypatch.setattr(
                f"carecord.fhir_api.storing.{module}.uk_now", lambda: datetime.fromisoformat(f"{day}T09:00")
            )

    return be


def alert(**more: str) -> dict[str, object]:
    return entry_line("a", "AlertsList", ALERT | more, SourceItemId="one")


def status(store: FhirStore, turns: Turns) -> tuple[object, object]:
    """What is read, and what is found, once a caller has come."""
    with store.writing_pool() as pool:
        store.ask(lambda readers: turns.look(pool))
    store.freshen()
    [(entry_id, _, _)] = store.entries("alert")
    body = store.body("Flag", entry_id)
    return body["status"], body["meta"]["versionId"]


def test_an_alert_warns_until_its_last_day_is_over(store: FhirStore, on: Callable[[str], None]) -> None:
    turns = Turns()
    on("2026-11-20")
    store.load(tenancy_line(1), patient_line("a"), alert(EndDate="2026-11-22T00:00:00"))

    assert status(store, turns) == ("active", "1")
    on("2026-11-22")
    assert status(store, turns) == ("active", "1")
    on("2026-11-23")
    assert status(store, turns) == ("inactive", "2")
    on("2026-11-24")
    assert status(store, turns) == ("inactive", "2")
    assert store.rows("SELECT count(*) FROM fhir_api.turning") == [(0,)]


def test_a_date_that_a_feed_has_moved_turns_on_the_new_day(
    store: FhirStore, on: Callable[[str], None]
) -> None:
    turns = Turns()
    on("2026-11-20")
    store.load(tenancy_line(1), patient_line("a"), alert(EndDate="2026-11-22T00:00:00"))
    assert status(store, turns) == ("active", "1")
    store.load(tenancy_line(1), alert(EndDate="2026-11-25T00:00:00"))

    on("2026-11-23")
    before = status(store, turns)
    on("2026-11-26")
    after = status(store, turns)

    assert (before[0], after[0]) == ("active", "inactive")


def test_what_hangs_on_no_date_is_looked_at_on_none(store: FhirStore, on: Callable[[str], None]) -> None:
    on("2026-11-20")
    store.load(tenancy_line(1), patient_line("a"), alert())

    store.freshen()

    assert store.rows("SELECT count(*) FROM fhir_api.turning") == [(0,)]
