"""Loading again: nothing doubles, what changed makes a version, what is older is left alone, IDs stay."""

from typing import Any

import pytest

from carecord.ingest import load as loading
from tests.spec.feeds.conftest import Feeds
from tests.support.sandpit import entry_line, patient_line, tenancy_line

HEADER = tenancy_line(1)
DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}
ASPIRIN = {"Date": "2021-11-04T00:00:00", "Rubric": "ASPIRIN disp tabs 75mg", "Quantity": "84"}
REPEATS, PAST = "GpRepeatMedicationsList", "GpPastMedicationsList"
PERMITTED = {"SharingType": "Local shared record", "Status": "Agreed", "StatusDate": "2020-01-01T00:00:00"}


def aspirin(updated: str | None = None, **changes: Any) -> dict[str, Any]:
    line = entry_line("P1", REPEATS, ASPIRIN | changes, SourceItemId="M1")
    return line | {"SourceUpdatedDate": updated} if updated else line


def deletion(updated: str | None = None) -> dict[str, Any]:
    line = {"SourcePatientId": "P1", "Collection": REPEATS, "SourceItemId": "M1", "Deleted": True}
    return line | {"SourceUpdatedDate": updated} if updated else line


@pytest.fixture(params=["in one batch", "a line a batch"])
def batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a feed leaves behind does not depend on where its batches end."""
    if request.param == "a line a batch":
        monkeypatch.setattr(loading, "BATCH", 1)


EACH_BATCHING = pytest.mark.usefixtures("batches")

FULL_FEED = (
    HEADER,
    patient_line("P1", **DORIS),
    aspirin(),
    entry_line("P1", REPEATS, {"Date": None, "Rubric": "no key of its own"}),
    entry_line("P1", "AlertsList", {"Category": "Safety", "Status": "Active"}),
    entry_line("P1", "SharingStatusList", PERMITTED),
    entry_line("P1", "gp-registration", {"PracticeCode": "Y99901", "RegistrationStatus": "Registered"}),
    patient_line("P2", PatientNumber="OLD-2") | {"SourceUpdatedDate": "2020-01-01T00:00:00"},
    patient_line("P2", PatientNumber="NEW-2") | {"SourceUpdatedDate": "2021-01-01T00:00:00"},
    entry_line("P2", REPEATS, ASPIRIN),
)


@EACH_BATCHING
def test_loading_a_file_again_changes_nothing(feeds: Feeds) -> None:
    first = feeds.load(*FULL_FEED)
    assert feeds.refused(first) == []
    before = feeds.everything()

    again = feeds.load(*FULL_FEED)

    assert feeds.everything() == before
    assert (again.patients, again.entries) == (first.patients, first.entries)
    assert (again.patients_changed, again.entries_added, again.entries_changed, again.entries_deleted) == (
        0,
        0,
        0,
        0,
    )


@EACH_BATCHING
def test_a_changed_item_makes_a_version_and_keeps_its_entry_id(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), aspirin())
    entry_id = feeds.value("SELECT entry_id FROM clinical_store.entry")

    loaded = feeds.load(HEADER, aspirin(Quantity="28"))

    assert (loaded.entries_added, loaded.entries_changed) == (0, 1)
    assert feeds.items() == [ASPIRIN | {"Quantity": "28"}]
    assert feeds.connection.execute("SELECT entry_id, version FROM clinical_store.entry").fetchall() == [
        (entry_id, 2)
    ]
    versions = feeds.connection.execute(
        "SELECT entry_id, version, ended_by, item->>'Quantity' FROM clinical_store.entry_version"
    ).fetchall()
    assert versions == [(entry_id, 1, "replaced", "84")]


@EACH_BATCHING
@pytest.mark.parametrize(
    ("stored", "sent", "stays"),
    [
        ("2024-03-02T00:00:00", "2024-03-01T23:59:59", True),
        ("2024-03-01T10:00:00.5", "2024-03-01T10:00:00.4", True),
        ("2024-03-01T00:00:00", "2024-03-01T00:00:00", False),
        ("2024-03-01T00:00:00", "2024-03-02T00:00:00", False),
        ("2024-03-01T00:00:00", None, False),
        (None, "2024-03-01T00:00:00", False),
    ],
)
def test_what_is_older_than_the_stored_row_changes_nothing(
    feeds: Feeds, stored: str | None, sent: str | None, stays: bool
) -> None:
    feeds.load(HEADER, patient_line("P1"), aspirin(stored))

    feeds.load(HEADER, aspirin(sent, Quantity="28"))

    assert feeds.items() == [ASPIRIN | {"Quantity": "84" if stays else "28"}]


@EACH_BATCHING
def test_within_one_file_the_later_date_counts_whatever_the_order(feeds: Feeds) -> None:
    newer, older = aspirin("2024-03-02T00:00:00", Quantity="28"), aspirin("2024-03-01T00:00:00")

    loaded = feeds.load(HEADER, patient_line("P1"), newer, older)

    assert feeds.items() == [ASPIRIN | {"Quantity": "28"}]
    assert (loaded.entries, loaded.rejected) == (2, 0)


@EACH_BATCHING
def test_without_dates_the_later_line_counts(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), aspirin(), aspirin(Quantity="28"))

    assert feeds.items() == [ASPIRIN | {"Quantity": "28"}]


@EACH_BATCHING
def test_a_deleted_row_goes_and_is_kept_as_a_version(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), aspirin())

    loaded = feeds.load(HEADER, deletion())

    assert (loaded.entries_added, loaded.entries_changed, loaded.entries_deleted) == (0, 0, 1)
    assert feeds.items() == []
    kept = feeds.connection.execute(
        "SELECT version, ended_by, item->>'Rubric' FROM clinical_store.entry_version"
    )
    assert kept.fetchall() == [(1, "deleted", "ASPIRIN disp tabs 75mg")]


@EACH_BATCHING
def test_to_delete_what_is_not_there_changes_nothing(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), aspirin())
    before = feeds.everything()

    loaded = feeds.load(HEADER, deletion() | {"SourceItemId": "M404"})

    assert (loaded.entries, loaded.rejected) == (1, 0)
    assert feeds.everything() == before


@EACH_BATCHING
@pytest.mark.parametrize(
    "others",
    [(), (entry_line("P1", REPEATS, {"Date": None, "Rubric": "another"}),)],
    ids=["first entry", "beside others"],
)
def test_a_deletion_that_comes_before_its_row_holds_off_an_older_line(
    feeds: Feeds, others: tuple[dict[str, Any], ...]
) -> None:
    feeds.load(HEADER, patient_line("P1"), *others)
    feeds.load(HEADER, deletion("2024-03-03T00:00:00"))
    feeds.load(HEADER, deletion("2024-03-05T00:00:00"))

    feeds.load(HEADER, aspirin("2024-03-04T00:00:00"))
    held_off = feeds.items()
    feeds.load(HEADER, aspirin("2024-03-06T00:00:00"))

    assert ASPIRIN not in held_off
    assert ASPIRIN in feeds.items()


@EACH_BATCHING
def test_a_deletion_that_is_older_than_the_row_is_ignored(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), aspirin("2024-03-02T00:00:00"))

    feeds.load(HEADER, deletion("2024-03-01T00:00:00"))

    assert feeds.items() == [ASPIRIN]


@EACH_BATCHING
def test_what_is_older_than_its_deletion_stays_deleted(feeds: Feeds) -> None:
    feed = (
        HEADER,
        patient_line("P1"),
        aspirin("2024-03-01T00:00:00"),
        deletion("2024-03-03T00:00:00"),
        aspirin("2024-03-02T00:00:00"),
    )

    for _ in range(2):
        feeds.load(*feed)
        assert feeds.items() == []


@EACH_BATCHING
def test_a_row_that_comes_back_has_its_old_entry_id(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), aspirin())
    entry_id = feeds.value("SELECT entry_id FROM clinical_store.entry")
    feeds.load(HEADER, deletion())

    feeds.load(HEADER, aspirin(Quantity="28"))
    feeds.load(HEADER, deletion())
    feeds.load(HEADER, aspirin(Quantity="56"))

    assert feeds.connection.execute("SELECT entry_id, version FROM clinical_store.entry").fetchall() == [
        (entry_id, 3)
    ]
    versions = feeds.connection.execute(
        "SELECT entry_id, version, ended_by FROM clinical_store.entry_version ORDER BY version"
    ).fetchall()
    assert versions == [(entry_id, 1, "deleted"), (entry_id, 2, "deleted")]


@EACH_BATCHING
def test_a_local_number_may_change_within_one_file(feeds: Feeds) -> None:
    loaded = feeds.load(
        HEADER,
        patient_line("P1", PatientNumber="OLD"),
        aspirin(),
        patient_line("P1", PatientNumber="NEW"),
        aspirin(),
    )

    assert (loaded.patients, loaded.rejected) == (2, 0)
    numbers = feeds.connection.execute(
        "SELECT number, is_minor FROM patient_index.patient_number ORDER BY number"
    ).fetchall()
    assert numbers == [("NEW", False), ("OLD", True)]
    assert feeds.value("SELECT count(*) FROM patient_index.patient_record") == 1
    assert feeds.items() == [ASPIRIN]


@EACH_BATCHING
def test_a_local_number_may_change_between_two_loads_and_the_detail_id_stays(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1", **DORIS, PatientNumber="OLD"), aspirin())
    before = feeds.value("SELECT patient_detail_id FROM patient_index.patient_record")

    feeds.load(HEADER, patient_line("P1", **DORIS, PatientNumber="NEW"), aspirin())

    after = feeds.connection.execute(
        "SELECT patient_detail_id, demographics->>'PatientNumber' FROM patient_index.patient_record"
    ).fetchall()
    assert after == [(before, "NEW")]
    assert feeds.items() == [ASPIRIN]


def renamed(surname: str, updated: str | None = None) -> dict[str, Any]:
    line = patient_line("P1", **DORIS | {"Surname": surname})
    return line | {"SourceUpdatedDate": updated} if updated else line


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        pytest.param(
            [
                renamed("Heritage", "2024-01-01T00:00:00"),
                renamed("Heritage", "2024-01-03T00:00:00"),
                renamed("Late", "2024-01-02T00:00:00"),
            ],
            "Heritage",
            id="older than what confirmed the record",
        ),
        pytest.param(
            [
                renamed("Heritage", "2024-01-05T00:00:00"),
                renamed("Undated"),
                renamed("Late", "2024-01-03T00:00:00"),
            ],
            "Undated",
            id="older than what an undated word replaced",
        ),
    ],
)
def test_how_old_a_record_is_is_not_forgotten(feeds: Feeds, words: list[dict[str, Any]], holds: str) -> None:
    for word in words:
        feeds.load(HEADER, word)

    found = feeds.value("SELECT demographics->>'Surname' FROM patient_index.patient_record")
    assert found == holds


@EACH_BATCHING
def test_an_old_line_takes_no_later_one_with_it(feeds: Feeds) -> None:
    feeds.load(HEADER, patient_line("P1"), aspirin("2024-01-04T00:00:00", Quantity="28"))

    feeds.load(HEADER, aspirin("2024-01-03T00:00:00", Quantity="56"), aspirin(Quantity="112"))

    assert [item["Quantity"] for item in feeds.items()] == ["112"]


@EACH_BATCHING
def test_an_old_line_changes_no_field_by_way_of_a_later_one(feeds: Feeds) -> None:
    old, now, later = ({"SourceUpdatedDate": f"2024-01-0{day}T00:00:00"} for day in (3, 4, 5))
    past = entry_line("P1", PAST, ASPIRIN | {"EndDate": "2024-03-01T00:00:00"}, SourceItemId="M1")
    feeds.load(HEADER, patient_line("P1"), aspirin(Quantity="28") | now)

    feeds.load(HEADER, aspirin(Quantity="56", Constituent="stale") | old, past | later)

    (item,) = feeds.items()
    assert "Constituent" not in item


@EACH_BATCHING
def test_each_word_of_a_feed_on_a_row_is_a_version(feeds: Feeds) -> None:
    words = [aspirin(f"2024-01-0{day}T00:00:00", Quantity=str(day)) for day in (1, 2, 3)]

    feeds.load(HEADER, patient_line("P1"), *words)
    before = feeds.everything()
    feeds.load(HEADER, patient_line("P1"), *words)

    former = feeds.connection.execute(
        "SELECT item->>'Quantity' FROM clinical_store.entry_version ORDER BY version"
    )
    assert [row[0] for row in former] == ["1", "2"]
    assert feeds.everything() == before


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([aspirin(Quantity="1"), aspirin(Quantity="2")], id="both undated"),
        pytest.param([aspirin("2024-01-01T00:00:00"), deletion()], id="a deletion that says no time"),
    ],
)
def test_two_words_of_one_time_do_not_take_turns(feeds: Feeds, words: list[dict[str, Any]]) -> None:
    feeds.load(HEADER, patient_line("P1"), *words)
    before = feeds.everything()

    feeds.load(HEADER, patient_line("P1"), *words)

    assert feeds.everything() == before
