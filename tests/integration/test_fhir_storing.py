"""Resources are made of the record, and made anew when it changes, whoever changed it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import structlog

from carecord.db.connect import Database
from carecord.fhir_api.mapping.entries import resources_of
from carecord.fhir_api.mapping.parts import About, Made
from carecord.fhir_api.storing.asking import freshen_all, freshen_asked
from carecord.fhir_api.storing.freshening import freshen
from carecord.fhir_api.storing.reading import history
from carecord.kernel.errors import Gone, NotFound, Unavailable
from carecord.patient_index.deletion import delete_record, restore_record
from carecord.patient_index.links import link, unlink
from tests.support.fhir_store import FhirStore, rights_of
from tests.support.samples import sample_line
from tests.support.sandpit import patient_line, tenancy_line

PROBLEMS = "ActiveProblemsCollection"


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Iterator[FhirStore]:
    with database.connect() as connection:
        yield FhirStore(database, connection, tmp_path)


def problem(rubric: str, **more: str) -> dict[str, object]:
    return sample_line("a", PROBLEMS, Rubric=rubric) | {"SourceItemId": "one"} | more


def test_entries_and_records_become_resources(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"), problem("Asthma"))

    made = store.freshen()

    [(entry_id, _, _)] = store.entries("gp_problem")
    record = store.record(1, "a")
    assert (made.records, made.entries, made.is_all) == (1, 1, True)
    condition = store.body("Condition", entry_id)
    assert condition["id"] == str(entry_id)
    assert condition["subject"] == {"reference": f"Patient/{record}"}
    assert condition["meta"]["versionId"] == "1"
    patient = store.body("Patient", record)
    assert patient["name"][0]["family"] == "Testperson"
    assert store.rows("SELECT count(*) FROM fhir_api.stale") == [(0,)]


def test_made_anew_of_the_same_nothing_changes(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"), problem("Asthma"))
    store.freshen()
    before = store.rows("SELECT type, id, version, last_updated, body FROM fhir_api.resource ORDER BY 1, 2")
    store.connection.execute(
        "INSERT INTO fhir_api.stale (patient_detail_id, store) SELECT patient_detail_id, store"
        " FROM fhir_api.resource"
    )

    assert store.freshen().resources == 0

    after = store.rows("SELECT type, id, version, last_updated, body FROM fhir_api.resource ORDER BY 1, 2")
    assert after == before
    assert store.rows("SELECT count(*) FROM fhir_api.resource_version") == [(0,)]


def test_a_change_by_a_feed_is_a_new_version_and_the_old_stays(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"), problem("Asthma"))
    store.freshen()
    store.load(tenancy_line(1), problem("Severe asthma"))

    [(entry_id, _, _)] = store.entries("gp_problem")
    now = store.read("Condition", entry_id)

    assert now.version == 2
    assert b"Severe asthma" in (now.body or b"")
    past = store.ask(lambda readers: history(readers, "Condition", str(entry_id), rights_of(), count=10))
    assert [(one.version, b"Severe asthma" in (one.body or b"")) for one in past.versions] == [
        (2, True),
        (1, False),
    ]
    assert past.total == 2


def test_what_changed_before_resources_were_first_made_is_in_their_history(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"), problem("First"))
    store.load(tenancy_line(1), problem("Second"))
    store.load(tenancy_line(1), patient_line("a", Surname="Othername"), problem("Third"))

    store.freshen()

    [(entry_id, _, _)] = store.entries("gp_problem")
    assert store.versions("Condition", entry_id) == [(1, False), (2, False), (3, False)]
    record = store.record(1, "a")
    assert store.versions("Patient", record) == [(1, False), (2, False)]
    first = store.rows("SELECT body FROM fhir_api.resource_version WHERE type = 'Patient'")
    assert msgspec.json.decode(first[0][0])["name"][0]["family"] == "Testperson"


def test_a_deleted_entry_is_gone_and_returns_as_a_later_version(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"), problem("Asthma"))
    store.freshen()
    [(entry_id, _, _)] = store.entries("gp_problem")
    store.load(
        tenancy_line(1),
        {"SourcePatientId": "a", "Collection": PROBLEMS, "SourceItemId": "one", "Deleted": True},
    )

    with pytest.raises(Gone):
        store.read("Condition", entry_id)

    store.load(tenancy_line(1), problem("Asthma again"))
    assert store.read("Condition", entry_id).version == 3
    assert store.versions("Condition", entry_id) == [(1, False), (2, True), (3, False)]


def test_deleted_and_brought_back_unseen_is_told_all_the_same(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"), problem("Asthma"))
    store.freshen()
    store.load(
        tenancy_line(1),
        {"SourcePatientId": "a", "Collection": PROBLEMS, "SourceItemId": "one", "Deleted": True},
    )
    store.load(tenancy_line(1), problem("Asthma"))
    store.freshen()

    [(entry_id, _, _)] = store.entries("gp_problem")
    assert store.versions("Condition", entry_id) == [(1, False), (2, True), (3, False)]


def test_linking_and_unlinking_shows_in_the_patients_and_their_histories(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"))
    store.load(tenancy_line(2), patient_line("b", Surname="Someone"))
    a, b = store.record(1, "a"), store.record(2, "b")
    assert "link" not in store.body("Patient", a)

    with store.connection.transaction():
        link(store.connection, a, b, decided_by="steward", reason=None)
    assert store.body("Patient", a)["link"] == [{"other": {"reference": f"Patient/{b}"}, "type": "seealso"}]
    assert store.body("Patient", b)["link"][0]["other"] == {"reference": f"Patient/{a}"}
    with store.connection.transaction():
        unlink(store.connection, [b], decided_by="steward", reason=None)
    assert "link" not in store.body("Patient", a)

    past = store.ask(lambda readers: history(readers, "Patient", str(a), rights_of(), count=10))
    assert [b'"seealso"' in (one.body or b"") for one in past.versions] == [False, True, False]
    assert [one.version for one in past.versions] == [1, 1, 1]
    last, middle, first = (one.version_id for one in past.versions)
    assert first == "1"
    assert float(last) > float(middle) > 1


def test_what_a_linked_record_was_in_between_keeps_its_links(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"))
    store.load(tenancy_line(2), patient_line("b", Surname="Someone"))
    a, b = store.record(1, "a"), store.record(2, "b")
    with store.connection.transaction():
        link(store.connection, a, b, decided_by="steward", reason=None)
    assert store.body("Patient", a)["link"]

    store.load(tenancy_line(1), patient_line("a", Forename="Once"))
    store.load(tenancy_line(1), patient_line("a", Forename="Twice"))
    store.freshen(a)

    past = store.ask(lambda readers: history(readers, "Patient", str(a), rights_of(), count=10))
    assert [b'"seealso"' in (one.body or b"") for one in past.versions] == [True, True, True]
    assert [one.version_id for one in past.versions] == ["3", "2", "1"]


def test_a_caller_of_some_sources_is_told_of_no_link_to_another(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"))
    store.load(tenancy_line(2), patient_line("b", Surname="Someone"))
    a, b = store.record(1, "a"), store.record(2, "b")
    with store.connection.transaction():
        link(store.connection, a, b, decided_by="steward", reason=None)

    assert b"seealso" in (store.read("Patient", a).body or b"")
    assert b"link" not in (store.read("Patient", a, rights_of(tenancies=(1,))).body or b"")
    with pytest.raises(NotFound):
        store.read("Patient", b, rights_of(tenancies=(1,)))


def test_a_withdrawn_record_is_shown_to_nobody_and_comes_back_as_it_was(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"), problem("Asthma"))
    store.freshen()
    a = store.record(1, "a")
    [(entry_id, _, _)] = store.entries("gp_problem")
    with store.connection.transaction():
        delete_record(store.connection, a, as_of="2026-11-01T10:00:00", deleted_by="x", reason="test")

    for named in (("Patient", a), ("Condition", entry_id)):
        with pytest.raises(NotFound):
            store.read(*named)

    with store.connection.transaction():
        restore_record(store.connection, a)
    assert store.read("Patient", a).version == 1
    assert store.read("Condition", entry_id).version == 1


def test_bytes_of_a_restricted_letter_are_restricted(store: FhirStore) -> None:
    letter = sample_line("a", "DocumentsList", DocumentId="D1", Confidentiality="Normal")
    content = sample_line("a", "content", DocumentId="D1")
    store.load(tenancy_line(1), patient_line("a"), letter, content)
    store.freshen()
    restricted = store.rows("SELECT restricted FROM fhir_api.resource WHERE type = 'Binary'")
    assert restricted == [(False,)]

    store.load(tenancy_line(1), letter | {"Item": letter["Item"] | {"Confidentiality": "Restricted"}})
    store.freshen()

    [(is_restricted, body)] = store.rows(
        "SELECT restricted, body FROM fhir_api.resource WHERE type = 'Binary'"
    )
    assert is_restricted
    assert msgspec.json.decode(body)["meta"]["security"][0]["code"] == "R"


def test_one_row_that_cannot_be_made_keeps_no_other_from_being_shown(
    store: FhirStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_the_second(collection: str, item: Mapping[str, Any], *, about: About) -> list[Made]:
        if item["Rubric"] == "Second":
            raise ValueError(item["Rubric"])
        return resources_of(collection, item, about=about)

    monkeypatch.setattr("carecord.fhir_api.storing.entries.resources_of", fails_on_the_second)
    store.load(tenancy_line(1), patient_line("a"), problem("First"), problem("Second", SourceItemId="two"))

    with structlog.testing.capture_logs() as logged:
        store.freshen()

    assert store.rows("SELECT count(*) FROM fhir_api.resource WHERE type = 'Condition'") == [(1,)]
    assert [line["kind"] for line in logged] == ["ValueError"]
    assert "Second" not in str(logged)


def test_the_history_of_a_type_is_paged_to_its_end(store: FhirStore) -> None:
    store.load(tenancy_line(1), *(patient_line(name) for name in "abcde"))
    store.load(tenancy_line(1), *(patient_line(name, Surname="Second") for name in "abc"))
    store.freshen()

    seen, cursor = [], None
    while True:
        page = store.ask(
            lambda readers, cursor=cursor: history(
                readers, "Patient", None, rights_of(), count=3, cursor=cursor
            )
        )
        seen += [(one.id, one.version) for one in page.versions]
        cursor = page.cursor
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == 8


def test_all_that_is_stale_is_made_in_batches(store: FhirStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carecord.fhir_api.storing.asking.freshen", _two_at_a_time)
    store.load(tenancy_line(1), *(patient_line(name) for name in "abcde"))

    with store.writing_pool() as pool:
        made = [one.records for one in freshen_all(pool)]

    assert made == [2, 2, 1]


def _two_at_a_time(connection, ids):  # type: ignore[no-untyped-def]
    return freshen(connection, ids, most=2)


def test_too_much_to_make_while_a_caller_waits_is_told_and_begun(
    store: FhirStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carecord.fhir_api.storing.asking._IN_ONE_GO", 2)
    # The clock of a caller whose patience is over once the first records are made.
    clock = iter([0.0, 0.0, 99.0])
    monkeypatch.setattr(
        "carecord.fhir_api.storing.asking.time", SimpleNamespace(monotonic=lambda: next(clock, 99.0))
    )
    store.load(tenancy_line(1), *(patient_line(name) for name in "abc"))

    with store.writing_pool() as pool, pytest.raises(Unavailable) as refused:
        store.ask(lambda readers: freshen_asked(pool, None))

    assert refused.value.headers == {"Retry-After": "5"}
    assert store.rows("SELECT count(*) FROM fhir_api.resource") == [(2,)]


def test_who_asks_does_not_wait_for_ever_for_who_holds_a_record(
    store: FhirStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carecord.fhir_api.storing.asking.PATIENCE_S", 0.2)
    store.load(tenancy_line(1), patient_line("a"))
    record = store.record(1, "a")

    with store.connection.transaction(), store.writing_pool() as pool:
        freshen(store.connection, [record])
        with pytest.raises(Unavailable):
            store.ask(lambda readers: freshen_asked(pool, [record]))

    assert store.read("Patient", record).version == 1
