"""Histories hang together: a story leaves its traces in every system that it would touch."""

import base64
import hashlib
from collections import defaultdict
from typing import Any

import pytest

from tests.spec.population.conftest import Population

Entries = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def by_record(town: Population) -> dict[tuple[int, str], Entries]:
    """Every record's items by collection."""
    found: dict[tuple[int, str], Entries] = defaultdict(lambda: defaultdict(list))
    for tenancy_id, line in town.lines():
        if "Item" in line:
            found[tenancy_id, line["SourcePatientId"]][line["Collection"]].append(line["Item"])
    return found


@pytest.fixture(scope="module")
def by_person(town: Population, by_record: dict[tuple[int, str], Entries]) -> dict[str, Entries]:
    """Every person's items by collection, over all systems."""
    found: dict[str, Entries] = defaultdict(lambda: defaultdict(list))
    for row in (town.out / "truth.csv").read_text(encoding="utf-8").splitlines()[1:]:
        tenancy_id, source_patient_id, person = row.split(",")
        for collection, items in by_record.get((int(tenancy_id), source_patient_id), {}).items():
            found[person][collection] += items
    return found


def having(people: dict[str, Entries], collection: str, field: str, value: str) -> list[Entries]:
    return [
        entries
        for entries in people.values()
        if any(item.get(field) == value for item in entries[collection])
    ]


def test_a_diabetic_has_the_medicines_results_and_recall_of_one(by_person: dict[str, Entries]) -> None:
    diabetics = having(by_person, "ActiveProblemsCollection", "ReadCode", "C10F.")
    assert len(diabetics) > 40
    for entries in diabetics:
        assert any(item["Rubric"].startswith("METFORMIN") for item in entries["GpRepeatMedicationsList"])
        assert any(item["ReadCode"] == "42W5." for item in entries["GpTestResultsList"])
        assert any("iabetic" in item["Rubric"] for item in entries["GpRecallsList"]) or any(
            item["RegistrationStatus"] == "Deceased" for item in entries["gp-registration"]
        )
        assert any(item["ResultTypeIdentifier"]["Code"] == "HBA1C" for item in entries["PathologyResults"])


def test_a_hip_fracture_goes_from_the_ambulance_to_rehabilitation(by_person: dict[str, Entries]) -> None:
    broken = having(by_person, "DiagnosesSummaryList", "ICD10Code", "S72.0")
    assert broken
    for entries in broken:
        for collection in (
            "EdAttendancesList",
            "AdmissionsList",
            "DischargesList",
            "AcuteProceduresList",
            "DischargeSummariesList",
            "content",
            "RadiologyReportsList",
            "CommunityReferralsList",
            "CommunityAssessmentsList",
        ):
            assert entries[collection], collection


def test_a_detained_patient_has_a_diagnosis_and_a_team(by_person: dict[str, Entries]) -> None:
    for entries in by_person.values():
        if entries["MentalHealthActPeriodsList"]:
            assert entries["MentalHealthDiagnosesList"]
            assert entries["CaseloadList"]


def test_everything_of_a_stay_names_its_spell(by_record: dict[tuple[int, str], Entries]) -> None:
    for entries in by_record.values():
        spells = {item["SpellNumber"] for item in entries["AdmissionsList"]}
        for collection in (
            "DischargesList",
            "InpatientEpisodesList",
            "TransfersList",
            "DischargeSummariesList",
        ):
            assert {item["SpellNumber"] for item in entries[collection]} <= spells


def test_a_report_answers_an_order_by_its_sample(by_record: dict[tuple[int, str], Entries]) -> None:
    for (tenancy_id, _), entries in by_record.items():
        if tenancy_id == 6:
            ordered = {item["Specimen"]["SampleId"] for item in entries["orders"]}
            assert {item["Specimen"]["SampleId"] for item in entries["PathologyResults"]} == ordered


def test_an_examination_has_one_accession_number(by_record: dict[tuple[int, str], Entries]) -> None:
    for (tenancy_id, _), entries in by_record.items():
        if tenancy_id == 7:
            asked = {(item["ReportId"], item["AccessionNumber"]) for item in entries["RadiologyOrdersList"]}
            assert {(i["ReportId"], i["AccessionNumber"]) for i in entries["RadiologyReportsList"]} == asked


def test_a_document_that_says_it_has_content_has_it(by_record: dict[tuple[int, str], Entries]) -> None:
    for entries in by_record.values():
        promised = {
            item["DocumentId"]
            for collection in ("DocumentsList", "DischargeSummariesList", "GpDocumentsList")
            for item in entries[collection]
            if item["HasContent"] == "Yes"
        }
        assert promised == {item["DocumentId"] for item in entries["content"]}


def test_content_has_the_size_and_digest_that_it_says(by_record: dict[tuple[int, str], Entries]) -> None:
    for entries in by_record.values():
        for item in entries["content"]:
            body = base64.b64decode(item["Content"])
            digest = base64.b64encode(hashlib.sha1(body).digest()).decode()
            assert (item["SizeBytes"], item["Sha1"]) == (len(body), digest)


def test_every_pregnancy_that_ended_has_its_birth(by_person: dict[str, Entries]) -> None:
    for entries in by_person.values():
        ended = {item["PregnancyId"] for item in entries["PregnanciesList"] if item["Status"] == "Ended"}
        assert {item["PregnancyId"] for item in entries["DeliveriesList"]} == ended


def test_a_small_child_has_vaccines_and_a_birth(by_person: dict[str, Entries]) -> None:
    with_birth = [entries for entries in by_person.values() if entries["birth-details"]]
    assert len(with_birth) > 200
    assert sum(bool(entries["ChildImmunisationsList"]) for entries in with_birth) > 0.9 * len(with_birth)


def test_people_have_as_many_entries_as_a_life_leaves(town: Population) -> None:
    assert 20 <= town.written.entries / town.written.people <= 60
