"""What a monitoring system is told: counts that are right, seldom taken, and that tell of no patient."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from carecord.access.scopes import METRICS_READ
from carecord.cli.clients import all_read_scopes
from carecord.db.connect import Database
from carecord.metrics.index_counts import COUNT_EVERY_S, IndexCounts
from carecord.patient_index import links
from carecord.patient_index.doctoring import examine, keep
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

DORIS = {
    "NhsNumber": "9990123454",
    "NhsNumberVerificationStatus": "01",
    "Forename": "Doris",
    "Surname": "Heritage",
    "DateOfBirth": "1946-05-17",
    "Gender": "2",
    "PostCode": "XX1 1AA",
    "AddressLine1": "1 High Street",
    "MiddleNames": "Ada",
    "MobileTelephone": "07700 900123",
}
TWIN = DORIS | {"NhsNumber": None, "NhsNumberVerificationStatus": None, "Forename": "Edith"}
GRACE = DORIS | {
    "NhsNumber": "9992311886",
    "Forename": "Grace",
    "Surname": "Stranger",
    "DateOfBirth": "1982-09-30",
}
Samples = dict[tuple[str, tuple[str, ...]], float]
"""By the metric's name and the values of its labels, in the order of the labels' names."""


@pytest.fixture
def loaded(sandpit: Sandpit) -> Sandpit:
    """Doris in two sources, her sister in one, who is a possible link; and Grace, whom nothing links."""
    sandpit.load(
        tenancy_line(1), patient_line("d1", **DORIS), patient_line("g1", **GRACE | {"PostCode": "YY9 9ZZ"})
    )
    sandpit.load(tenancy_line(2), patient_line("d2", **DORIS), patient_line("t2", **TWIN))
    return sandpit


def scrape(sandpit: Sandpit, accept: str = "text/plain") -> Any:
    secret = sandpit.add_client("prometheus", scopes=[METRICS_READ])
    headers = {"Authorization": f"Bearer {sandpit.token('prometheus', secret)}", "Accept": accept}
    answer = sandpit.http.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def samples(text: str) -> Samples:
    return {
        (
            sample.name.removeprefix("carecord_index_"),
            tuple(value for _, value in sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_scrape_counts_the_index_and_shows_the_process(loaded: Sandpit) -> None:
    found = samples(scrape(loaded).text)

    expected: Samples = {
        ("records", ()): 4,
        ("persons", ("1",)): 2,
        ("persons", ("2",)): 1,
        ("persons", ("13+",)): 0,
        ("links_made_total", ("NHS number and date of birth",)): 1,
        ("links_made_total", ("weights",)): 0,
        ("links", ("steward",)): 0,
        ("tasks", ("possible link",)): 1,
        ("tasks", ("somebody else",)): 0,
        ("possible_links", ("other_forename",)): 1,
        ("possible_links_made_total", ()): 1,
        ("guard_hits_total", ("other_forename",)): 1,
        ("guard_hits_total", ("two_verified_numbers",)): 0,
        ("steward_decisions_total", ("not linked",)): 0,
        ("nhs_number_aliases", ()): 0,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert time.time() - found["oldest_task_timestamp_seconds", ("possible link",)] < 60
    assert found["process_resident_memory_bytes", ()] > 0


def test_what_stewards_decide_is_counted_and_what_is_sealed_is_not(loaded: Sandpit) -> None:
    ids = [loaded.detail_id(2, "d2"), loaded.detail_id(1, "d1"), loaded.detail_id(2, "t2")]
    with loaded.database.connect() as connection:
        with connection.transaction():
            links.unlink(connection, ids[:1], decided_by="steward", reason="test")
        connection.execute(
            "INSERT INTO patient_index.link_decision (record_a, record_b, decision, rule, decided_by, sealed)"
            " VALUES (least(%(a)s, %(b)s), greatest(%(a)s, %(b)s), 'not linked', 'steward', 'steward', true)",
            {"a": ids[0], "b": ids[2]},
        )

    found = samples(scrape(loaded).text)

    assert found["steward_decisions_total", ("not linked",)] == 1
    assert found["steward_decisions_total", ("linked",)] == 0


def test_what_the_last_look_over_found_is_told(loaded: Sandpit) -> None:
    with loaded.database.connect() as connection:
        connection.execute("DELETE FROM patient_index.blocking_key")
        keep(connection, examine(connection))

    found = samples(scrape(loaded).text)

    assert found["found", ("true", "stale_keys")] == 4
    assert found["found", ("false", "mixed_suspects")] == 0
    assert time.time() - found["examined_timestamp_seconds", ()] < 60


def test_a_scrape_tells_of_no_patient(loaded: Sandpit) -> None:
    text = scrape(loaded).text
    words = {value for sample in _index_samples(text) for value in sample.labels.values()}

    assert not any(
        value in text
        for value in (*filter(None, (DORIS | TWIN).values()), *filter(None, GRACE.values()))
        if len(value) > 2
    )
    assert words
    assert not any(word.isdigit() and len(word) > 2 for word in words)


def _index_samples(text: str) -> Iterator[Any]:
    for family in text_string_to_metric_families(text):
        if family.name.startswith("carecord_"):
            yield from family.samples


def test_open_metrics_are_given_to_who_asks_for_them(loaded: Sandpit) -> None:
    answer = scrape(loaded, accept="application/openmetrics-text; version=1.0.0")

    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_a_call_of_data_submission_is_timed_and_others_are_not(loaded: Sandpit) -> None:
    loaded.http.post("/data-submission/patients", json={})
    loaded.http.get("/gp/patients/1/gp-medications/repeat")

    found = samples(scrape(loaded).text)

    assert found["carecord_submission_seconds_count", ("refused",)] == 1


def test_a_client_that_may_read_all_bundles_may_not_scrape(loaded: Sandpit) -> None:
    assert METRICS_READ not in all_read_scopes()
    assert loaded.http.get("/metrics", headers=loaded.headers).status_code == 403


def test_a_disabled_client_may_not_scrape(loaded: Sandpit) -> None:
    secret = loaded.add_client("prometheus", scopes=[METRICS_READ])
    headers = {"Authorization": f"Bearer {loaded.token('prometheus', secret)}"}
    with loaded.database.connect() as connection:
        connection.execute("UPDATE access.client SET disabled_at = now() WHERE client_id = 'prometheus'")

    assert loaded.http.get("/metrics", headers=headers).status_code == 401


class Held:
    """Counts of a database whose clock the test holds."""

    def __init__(self, counts: IndexCounts) -> None:
        self._counts = counts

    async def records(self) -> float | None:
        await self._counts.refresh()
        found = {metric.name: metric.samples for metric in self._counts.collect()}
        return found["carecord_index_records"][0].value if found else None


def test_the_index_is_counted_once_a_minute_and_no_more(sandpit: Sandpit) -> None:
    now = 1_000.0

    async def scrapes() -> list[float | None]:
        nonlocal now
        pool = sandpit.database.open_pool(min_size=1, max_size=1)
        async with pool, IndexCounts(pool, clock=lambda: now) as counts:
            held = Held(counts)
            found = [await held.records()]
            await asyncio.to_thread(sandpit.load, tenancy_line(1), patient_line("d1", **DORIS))
            now += COUNT_EVERY_S - 1
            found.append(await held.records())
            now += 1
            found.append(await held.records())
            return found

    assert asyncio.run(scrapes()) == [0, 0, 1]


def test_a_scrape_does_not_wait_for_a_database_that_is_slow(sandpit: Sandpit) -> None:
    async def scrapes() -> list[float | None]:
        pool = sandpit.database.open_pool(min_size=1, max_size=1)
        async with pool, IndexCounts(pool, wait_s=0.2) as counts:
            with sandpit.database.connect() as other, other.transaction():
                other.execute("LOCK TABLE patient_index.patient_record")
                started = time.monotonic()
                first = await Held(counts).records()
                assert time.monotonic() - started < 5
            while (then := await Held(counts).records()) is None:
                await asyncio.sleep(0.05)
            return [first, then]

    assert asyncio.run(scrapes()) == [None, 0]


def test_counting_that_fails_leaves_the_counts_there_are(database: Database) -> None:
    now = 1_000.0

    async def scrapes() -> list[float | None]:
        nonlocal now
        pool = database.open_pool(min_size=1, max_size=1)
        async with pool, IndexCounts(pool, clock=lambda: now) as counts:
            first = await Held(counts).records()
            with database.connect() as other:
                other.execute("ALTER TABLE patient_index.hot_key RENAME TO gone")
            now += COUNT_EVERY_S
            return [first, await Held(counts).records()]

    assert asyncio.run(scrapes()) == [0, 0]


def test_the_process_stops_while_the_index_is_being_counted(sandpit: Sandpit) -> None:
    async def stop() -> None:
        pool = sandpit.database.open_pool(min_size=1, max_size=1)
        async with pool:
            with sandpit.database.connect() as other, other.transaction():
                other.execute("LOCK TABLE patient_index.patient_record")
                async with IndexCounts(pool, wait_s=0.05) as counts:
                    await counts.refresh()

    asyncio.run(asyncio.wait_for(stop(), timeout=20))
