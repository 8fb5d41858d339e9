"""One row, several collections: each line sets the fields of its own collection, and the others stay."""

from typing import Any

import pytest

from carecord.ingest import load as loading
from tests.spec.feeds.conftest import Feeds
from tests.support.sandpit import entry_line, patient_line, tenancy_line

HEADER = tenancy_line(2, "Eastvale Hospitals", "Acute")
ADMISSION = {
    "SpellNumber": "S1",
    "AdmissionDate": "2024-02-01T09:00:00",
    "WardDesc": "Ward 7",
    "Status": "Admitted",
}
DISCHARGE = {
    "SpellNumber": "S1",
    "AdmissionDate": "2024-02-01T09:00:00",
    "DischargeDate": "2024-02-04T14:00:00",
    "LengthOfStayDays": 3,
    "Status": "Discharged",
}


@pytest.fixture(params=["in one batch", "a line a batch", "in two loads"], autouse=True)
def batches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "a line a batch":
        monkeypatch.setattr(loading, "BATCH", 1)
    return str(request.param)


def load(feeds: Feeds, batches: str, *entries: dict[str, Any]) -> None:
    """The lines in one load, or in a load each."""
    feeds.load(HEADER, patient_line("P1"))
    loads = [[entry] for entry in entries] if batches == "in two loads" else [list(entries)]
    for lines in loads:
        assert feeds.refused(feeds.load(HEADER, *lines)) == []


def test_a_discharge_completes_the_admission(feeds: Feeds, batches: str) -> None:
    load(
        feeds,
        batches,
        entry_line("P1", "AdmissionsList", ADMISSION),
        entry_line("P1", "DischargesList", DISCHARGE),
    )

    assert feeds.items(store="hospital_spell") == [ADMISSION | DISCHARGE]


def test_an_admission_told_after_its_discharge_completes_it_too(feeds: Feeds, batches: str) -> None:
    ended = {"DischargeDate": "2024-02-04T14:00:00", "Status": "Discharged"}

    load(
        feeds,
        batches,
        entry_line("P1", "DischargesList", DISCHARGE),
        entry_line("P1", "AdmissionsList", ADMISSION | ended),
    )

    assert feeds.items(store="hospital_spell") == [ADMISSION | DISCHARGE]


def test_a_repeat_that_is_stopped_becomes_a_past_medication(feeds: Feeds, batches: str) -> None:
    repeat = {"Date": "2021-11-04T00:00:00", "Rubric": "ASPIRIN disp tabs 75mg", "Constituent": "aspirin"}
    past = {
        "Date": "2021-11-04T00:00:00",
        "Rubric": "ASPIRIN disp tabs 75mg",
        "EndDate": "2024-03-01T00:00:00",
    }

    load(
        feeds,
        batches,
        entry_line("P1", "GpRepeatMedicationsList", repeat, SourceItemId="M1"),
        entry_line("P1", "GpPastMedicationsList", past, SourceItemId="M1"),
    )

    assert feeds.items() == [repeat | past]


def test_a_past_medication_that_is_repeated_again_has_no_end(feeds: Feeds, batches: str) -> None:
    repeat = {"Date": "2021-11-04T00:00:00", "Rubric": "ASPIRIN disp tabs 75mg"}

    load(
        feeds,
        batches,
        entry_line(
            "P1", "GpPastMedicationsList", repeat | {"EndDate": "2024-03-01T00:00:00"}, SourceItemId="M1"
        ),
        entry_line("P1", "GpRepeatMedicationsList", repeat, SourceItemId="M1"),
    )

    assert feeds.items() == [repeat]


def test_an_alert_may_come_through_each_of_its_three_collections(feeds: Feeds, batches: str) -> None:
    allergy = {"Category": "Allergies", "SubType": "Penicillin", "Status": "Active"}
    risk = {"Category": "Clinical risk", "SubType": "Falls", "Status": "Active", "VisibleToPatient": "Yes"}

    load(
        feeds,
        batches,
        entry_line("P1", "AllergyAlertsList", allergy | {"Reaction": "Urticarial rash"}, SourceItemId="A1"),
        entry_line("P1", "RiskAlertsList", risk, SourceItemId="A2"),
        entry_line("P1", "AlertsList", allergy | {"Severity": "Severe"}, SourceItemId="A1"),
    )

    assert feeds.items(store="alert") == [
        allergy | {"Reaction": "Urticarial rash", "Severity": "Severe"},
        risk,
    ]
