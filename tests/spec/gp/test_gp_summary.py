"""The GP summary: sections as in the lists, and above them what registration and contacts say."""

from datetime import datetime
from typing import Any

import pytest

from carecord.catalogue import operations_by_id, submissions_by_target
from carecord.catalogue.model import ListOperation
from carecord.kernel import local_time
from tests.support.samples import sample_line, submission_of
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}


@pytest.fixture(autouse=True)
def first_of_november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_time, "now", lambda: datetime.fromisoformat("2026-11-01T10:00:00"))


def summary_of(sandpit: Sandpit, tenancy_id: int = 1) -> Any:
    answer = sandpit.get(f"/gp/patients/{sandpit.detail_id(tenancy_id, 'P-1')}/gp-summary")
    assert answer.status_code == 200, answer.text
    return answer.json()


def sent(target: str, **fields: Any) -> dict[str, Any]:
    return sample_line("P-1", target, **fields)


def rubrics(summary: Any, section: str) -> list[str]:
    (rows,) = (value for value in summary[section].values() if isinstance(value, list))
    return [row["Rubric"] for row in rows]


def load(sandpit: Sandpit, *lines: dict[str, Any]) -> None:
    loaded = sandpit.load(tenancy_line(1, "Millbrook Surgery"), patient_line("P-1", **SAME), *lines)
    assert loaded.rejects is None, loaded.rejects.read_text()


def test_one_with_nothing_has_empty_sections_and_nulls(sandpit: Sandpit) -> None:
    load(sandpit)

    empty = {
        "ActiveProblems": "ActiveProblem",
        "RepeatMedications": "RepeatMedication",
        "RecentMedications": "RecentMedication",
        "Allergies": "Allergy",
        "RecentEncounters": "RecentEncounter",
        "RecentTestResults": "RecentTestResult",
        "Immunisations": "Immunisation",
    }
    assert summary_of(sandpit) == {
        "PracticeName": None,
        "UsualGPName": None,
        "RegistrationStatus": None,
        "SharingStatus": None,
        "LastEncounterDate": None,
        "LastMedicationReviewDate": None,
        "RecordLastUpdatedDate": None,
        "TenancyDescription": None,
    } | {name: {array: [], "TotalItemCount": 0} for name, array in empty.items()}


def test_its_own_fields_come_from_registration_contacts_and_consent(sandpit: Sandpit) -> None:
    review = {"RecallType": "Medication review"}
    load(
        sandpit,
        sent("gp-registration", PracticeName="Millbrook Surgery", UsualGPName="Dr A Sen"),
        sent("EncountersResult", Date="2026-03-01T09:00:00"),
        sent("EncountersResult", Date="2025-03-01T09:00:00", Rubric="Medication review done"),
        sent("GpRecallsList", **review, Status="Done", Date="2026-02-14T00:00:00"),
        sent("GpRecallsList", **review, Status="Due", Date="2026-09-14T00:00:00", Rubric="Next"),
        sent("SharingStatusList", Status="Agreed", StatusDate="2020-01-01T00:00:00", Scope="Whole record"),
        sent("SharingStatusList", Status="Refused", StatusDate="2021-01-01T00:00:00", Scope="Maternity"),
    )

    summary = summary_of(sandpit)

    registration = submission_of(submissions_by_target["gp-registration"])
    assert {name: value for name, value in summary.items() if not isinstance(value, dict)} == {
        "PracticeName": "Millbrook Surgery",
        "UsualGPName": "Dr A Sen",
        "RegistrationStatus": registration["RegistrationStatus"],
        "SharingStatus": "Agreed",
        "LastEncounterDate": "2026-03-01T09:00:00",
        "LastMedicationReviewDate": "2026-02-14T00:00:00",
        "RecordLastUpdatedDate": registration["RecordLastUpdatedDate"],
        "TenancyDescription": "Millbrook Surgery",
    }


def drawn_on(day: int) -> dict[str, Any]:
    return {"Date": f"2026-01-{day}T09:00:00", "ReportDate": None, "ReportId": f"{day}"}


def test_sections_hold_what_their_rule_says_and_count_all_of_it(sandpit: Sandpit) -> None:
    load(
        sandpit,
        sent("ActiveProblemsCollection", Rubric="Asthma"),
        sent("PastProblemsCollection", Rubric="Broken arm"),
        sent("GpIssuedMedicationsList", Rubric="a year ago today", Date="2025-11-01T00:00:00"),
        sent("GpIssuedMedicationsList", Rubric="longer ago", Date="2025-10-31T00:00:00"),
        sent("GpAllergiesList", Rubric="penicillin", EndDate=None),
        sent("GpAllergiesList", Rubric="outgrown", EndDate="2010-01-01T00:00:00"),
        *(
            sent("EncountersResult", Rubric=f"encounter {n}", Date=f"2026-01-0{n}T09:00:00")
            for n in range(1, 6)
        ),
        *(sent("GpTestResultsList", Rubric=f"result {n}", **drawn_on(n)) for n in range(10, 22)),
    )

    summary = summary_of(sandpit)

    assert rubrics(summary, "ActiveProblems") == ["Asthma"]
    assert rubrics(summary, "RecentMedications") == ["a year ago today"]
    assert rubrics(summary, "Allergies") == ["penicillin"]
    assert rubrics(summary, "RecentEncounters") == ["encounter 5", "encounter 4", "encounter 3"]
    assert summary["RecentEncounters"]["TotalItemCount"] == 5
    assert rubrics(summary, "RecentTestResults") == [f"result {n}" for n in range(21, 11, -1)]
    assert summary["RecentTestResults"]["TotalItemCount"] == 12


def test_each_section_is_the_first_rows_of_its_list(sandpit: Sandpit) -> None:
    targets = ("GpImmunisationsList", "GpRepeatMedicationsList", "EncountersResult")
    load(
        sandpit,
        *(sent(target, Date=f"2026-02-{day:02}T00:00:00") for target in targets for day in range(1, 13)),
    )
    summary = summary_of(sandpit)
    operation = operations_by_id["GpSummary_GetGpSummaryByPatientDetailId"]

    for section in operation.sections:  # type: ignore[attr-defined]
        if section.where is not None or not isinstance(section.of, ListOperation):
            continue
        path = section.of.path.replace("{patientDetailId}", str(sandpit.detail_id(1, "P-1")))
        listed = sandpit.get(path).json()
        rows = listed[section.of.collection]
        assert summary[section.name][section.array] == rows[: section.limit]
        assert summary[section.name]["TotalItemCount"] == listed["TotalItemCount"]


def test_a_linked_hospital_record_asks_for_the_same_summary(sandpit: Sandpit) -> None:
    load(sandpit, sent("gp-registration"), sent("EncountersResult"))
    sandpit.load(tenancy_line(2), patient_line("P-1", **SAME))

    assert summary_of(sandpit, 2) == summary_of(sandpit, 1)


def test_a_refusal_to_share_this_bundle_empties_its_sections(sandpit: Sandpit) -> None:
    load(sandpit, sent("gp-registration"), sent("EncountersResult"))
    sandpit.load(tenancy_line(2), patient_line("P-1", **SAME))
    load(sandpit, sent("SharingStatusList", Status="Refused", Scope="GP"))

    summary = summary_of(sandpit, 2)

    assert (summary["PracticeName"], summary["RecentEncounters"]["TotalItemCount"]) == (None, 0)


def test_a_caller_sees_the_sections_of_its_sources_alone(sandpit: Sandpit) -> None:
    load(sandpit, sent("EncountersResult", Rubric="ours"))
    sandpit.load(tenancy_line(2), patient_line("P-1", **SAME), sent("EncountersResult", Rubric="theirs"))
    secret = sandpit.add_client("practice", tenancies=[1])
    headers = sandpit.headers_of("practice", secret, sandpit.subscribe("practice").primary_key)

    answer = sandpit.get(f"/gp/patients/{sandpit.detail_id(1, 'P-1')}/gp-summary", headers=headers)

    assert rubrics(answer.json(), "RecentEncounters") == ["ours"]
    assert answer.json()["RecentEncounters"]["TotalItemCount"] == 1
