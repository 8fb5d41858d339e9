"""The social care record in one object: the summaries of all councils merged, a section for each topic."""

from typing import Any

import pytest

from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}


def record_of(sandpit: Sandpit, tenancy_id: int = 4) -> Any:
    answer = sandpit.get(f"/social-care/patients/{sandpit.detail_id(tenancy_id, 'P-1')}/record")
    assert answer.status_code == 200, answer.text
    return answer.json()


def load(sandpit: Sandpit, *lines: dict[str, Any], tenancy_id: int = 4) -> None:
    loaded = sandpit.load(
        tenancy_line(tenancy_id, f"Council {tenancy_id}"), patient_line("P-1", **SAME), *lines
    )
    assert loaded.rejects is None, loaded.rejects.read_text()


def sent(target: str, **fields: Any) -> dict[str, Any]:
    return sample_line("P-1", target, **fields)


def summary_line(*case_numbers: str, updated: str = "2024-03-05T10:22:41", **fields: Any) -> dict[str, Any]:
    """A council's summary: no team and no indicator but those given."""
    said: dict[str, Any] = dict.fromkeys(INDICATORS) | {"Team": None} | fields
    return {
        "SourcePatientId": "P-1",
        "Collection": "record",
        "Item": {
            "Summary": said
            | {"CaseNumbers": [{"CaseNumber": one} for one in case_numbers], "LastUpdatedDate": updated}
        },
    }


INDICATORS = (
    "DisabilityIndicator",
    "InterpreterRequiredIndicator",
    "RiskIndicator",
    "HazardIndicator",
    "ChildProtectionIndicator",
    "ChildInNeedIndicator",
    "ChildLookedAfterIndicator",
)


def test_one_unknown_to_social_care_has_empty_sections_and_null_ones(sandpit: Sandpit) -> None:
    load(sandpit)

    record = record_of(sandpit)

    null = [name for name, value in record.items() if value is None]
    assert null == [
        "ChildAssessmentEvents",
        "MeetingEvents",
        "CaseNotesEvents",
        "ChildProtections",
        "ChildInNeeds",
        "ChildLookAfters",
        "MissingPersons",
        "Hazards",
        "MARACs",
    ]
    totals = {
        value["TotalItemCount"] for name, value in record.items() if value is not None and name != "Summary"
    }
    assert totals == {0}
    assert record["Summary"]["CaseNumbers"] == []
    assert (record["Summary"]["Team"], record["Summary"]["LastUpdatedDate"]) == (None, None)


def test_a_row_stands_in_the_section_it_names_without_naming_it(sandpit: Sandpit) -> None:
    load(
        sandpit,
        sent("CaseWorkersList", Section="ActiveCaseWorkers", Name="Priya Nair"),
        sent("CaseWorkersList", Section="InactiveCaseWorkers", Name="Tom Ashdown"),
    )

    record = record_of(sandpit)

    active, inactive = record["ActiveCaseWorkers"], record["InactiveCaseWorkers"]
    assert [row["Name"] for row in active["ActiveCaseWorker"]] == ["Priya Nair"]
    assert [row["Name"] for row in inactive["InactiveCaseWorker"]] == ["Tom Ashdown"]
    assert "Section" not in active["ActiveCaseWorker"][0]


def test_only_completed_referrals_tell_their_end(sandpit: Sandpit) -> None:
    load(
        sandpit,
        sent("SocialCareReferralsList", Section="ActiveReferrals"),
        sent("SocialCareReferralsList", Section="CompletedReferrals", Reason="Other"),
    )

    record = record_of(sandpit)

    assert "EndDate" not in record["ActiveReferrals"]["ActiveReferral"][0]
    assert "EndDate" in record["CompletedReferrals"]["CompletedReferral"][0]


@pytest.mark.parametrize(
    ("target", "held", "empty"),
    [
        ("CaseEventsList", "MeetingEvents", ["CaseNotesEvents"]),
        ("ChildStatusList", "ChildInNeeds", ["ChildProtections", "ChildLookAfters"]),
    ],
)
def test_a_section_applies_where_one_of_its_kind_holds_rows(
    sandpit: Sandpit, target: str, held: str, empty: list[str]
) -> None:
    load(sandpit, sent(target, Section=held))

    record = record_of(sandpit)

    assert record[held]["TotalItemCount"] == 1
    assert [record[name]["TotalItemCount"] for name in empty] == [0] * len(empty)


@pytest.mark.parametrize(
    ("target", "held", "null"),
    [
        ("AssessmentEventsList", "AdultAssessmentEvents", "ChildAssessmentEvents"),
        ("SafeguardingList", "SafeguardingEvents", "MARACs"),
        ("SocialCareRisksList", "Risks", "Hazards"),
    ],
)
def test_rows_that_everyone_may_have_make_no_other_section_apply(
    sandpit: Sandpit, target: str, held: str, null: str
) -> None:
    load(sandpit, sent(target, Section=held))

    record = record_of(sandpit)

    assert (record[held]["TotalItemCount"], record[null]) == (1, None)


def test_the_summaries_of_two_councils_are_one(sandpit: Sandpit) -> None:
    load(sandpit, summary_line("ASC-1", "ASC-2", Team="Hartley", RiskIndicator="No"))
    load(
        sandpit,
        summary_line("CH-9", updated="2025-01-01T00:00:00", Team="Leaving care", RiskIndicator="Yes"),
        tenancy_id=5,
    )

    answers = [record_of(sandpit, tenancy_id)["Summary"] for tenancy_id in (4, 5)]

    assert answers[0] == answers[1]
    assert answers[0] == dict.fromkeys(INDICATORS) | {
        "CaseNumbers": [
            {"CaseNumber": "CH-9", "TenancyDescription": "Council 5"},
            {"CaseNumber": "ASC-1", "TenancyDescription": "Council 4"},
            {"CaseNumber": "ASC-2", "TenancyDescription": "Council 4"},
        ],
        "Team": "Leaving care",
        "RiskIndicator": "Yes",
        "DisabilityIndicator": "No",
        "LastUpdatedDate": "2025-01-01T00:00:00",
    }


OPEN: dict[str, Any] = {"EndDate": None}
ENDED: dict[str, Any] = {"StartDate": "2020-01-01T00:00:00", "EndDate": "2021-01-01T00:00:00"}
RISK, CHILD, DISABLED = "SocialCareRisksList", "ChildStatusList", "DisabilitiesList"
WORKED_OUT: list[tuple[str, str, dict[str, Any], str | None, str | None]] = [
    ("RiskIndicator", RISK, {"Section": "Risks"} | OPEN, None, "Yes"),
    ("RiskIndicator", RISK, {"Section": "Risks"} | ENDED, None, "No"),
    ("RiskIndicator", RISK, {"Section": "Risks"} | OPEN, "No", "No"),
    ("RiskIndicator", RISK, {"Section": "Risks"} | ENDED, "Yes", "Yes"),
    ("HazardIndicator", RISK, {"Section": "Risks"} | OPEN, None, None),
    ("HazardIndicator", RISK, {"Section": "Hazards"} | OPEN, None, "Yes"),
    ("DisabilityIndicator", DISABLED, OPEN, None, "Yes"),
    ("ChildProtectionIndicator", CHILD, {"Section": "ChildProtections"} | OPEN, None, "Yes"),
    ("ChildProtectionIndicator", CHILD, {"Section": "ChildInNeeds"} | OPEN, None, "No"),
    ("ChildInNeedIndicator", CHILD, {"Section": "ChildInNeeds"} | OPEN, None, "Yes"),
    ("ChildLookedAfterIndicator", CHILD, {"Section": "ChildLookAfters"} | ENDED, None, "No"),
    ("InterpreterRequiredIndicator", RISK, {"Section": "Risks"} | OPEN, None, None),
]


@pytest.mark.parametrize(("indicator", "target", "fields", "said", "answered"), WORKED_OUT)
def test_an_indicator_left_null_is_worked_out_from_its_section(
    sandpit: Sandpit,
    indicator: str,
    target: str,
    fields: dict[str, Any],
    said: str | None,
    answered: str | None,
) -> None:
    load(sandpit, summary_line("ASC-1", **{indicator: said}), sent(target, **fields))

    assert record_of(sandpit)["Summary"][indicator] == answered


def test_without_the_restricted_scope_it_is_refused(sandpit: Sandpit) -> None:
    load(sandpit)
    secret = sandpit.add_client("plain", scopes=["social-care.read"])
    headers = sandpit.headers_of("plain", secret, sandpit.subscribe("plain").primary_key)

    path = f"/social-care/patients/{sandpit.detail_id(4, 'P-1')}/record"

    assert sandpit.get(path, headers=headers).status_code == 403
