"""What the catalogue tells as FHIR, and a client sends back, becomes the same facts again."""

from datetime import date
from typing import Any

import pytest

from carecord.catalogue import submissions_by_target
from carecord.catalogue.samples import sample_of
from carecord.fhir_api.incoming import demographics_of, file
from carecord.fhir_api.incoming.marks import marks_of
from carecord.fhir_api.mapping.entries import resources_of
from carecord.fhir_api.mapping.parts import About, PatientParts, Source
from carecord.fhir_api.mapping.patients import patient_of

SOURCE = Source(3, "Eastvale Hospitals NHS Trust (Acute)", "RZ9")
ABOUT = About(12, 77, SOURCE, date(2026, 3, 1))

NOT_THE_SAME = {
    "AcuteMedicationsList": {"ChangeReason": "told with the comments"},
    "CommunityCarePlansList": {"ReviewDate": "not the end of the plan"},
    "GpAllergiesList": {"Certainty": "FHIR's unconfirmed is less than likely"},
    "GpTestResultsList": {
        "FilingComment": "told with the notes",
        "Notes": "the filing comment is told with them",
        "ReportId": "the identifier of a client's observation is not a report's",
    },
    "OutpatientAppointmentsList": {"PriorityCode": "FHIR's number is no code of the list"},
    "CaseloadList": {"OutOfHoursTelephone": "FHIR has no use of a telephone for it"},
    "UniversalCarePlansList": {"AgreedWithPerson": "who contributed has not thereby agreed"},
}
"""Fields that are read from the resource, and told otherwise than they were sent: each with the reason."""

THERE_AND_BACK = (
    *("ContactsList", "GpRegistrationsList", "SharingStatusList", "LegalInformationList"),
    *("ActiveProblemsCollection", "PastProblemsCollection", "GpRepeatMedicationsList"),
    *("GpIssuedMedicationsList", "GpPastMedicationsList", "GpAllergiesList", "GpImmunisationsList"),
    *("EncountersResult", "GpObservationsList", "GpTestResultsList", "GpReferralsList", "GpRecallsList"),
    *("GpFamilyHistoryList", "GpLifestyleList", "OutpatientAppointmentsList", "EdAttendancesList"),
    *("DiagnosesSummaryList", "AcuteProceduresList", "DischargeSummariesList", "AcuteMedicationsList"),
    *("AdmissionsList", "CaseloadList", "CommunityAssessmentsList", "CommunityCarePlansList"),
    *("PathologyResults", "orders", "RadiologyReportsList", "RadiologyOrdersList", "DocumentsList"),
    "UniversalCarePlansList",
)


@pytest.mark.parametrize("target", THERE_AND_BACK)
def test_an_item_told_as_fhir_comes_back_as_the_same_facts(target: str) -> None:
    operation = submissions_by_target[target]
    item = sample_of(operation).item
    assert operation.store is not None
    [resource] = [
        one.resource for one in resources_of(operation.store.name, item, about=ABOUT) if not one.part
    ]
    found = file({**resource, "id": "77"}, today="2026-03-01")
    assert found.operation is operation
    told = {leaf.name: at(item, leaf.name) for leaf, _ in marks_of(operation)}
    told = {name: value for name, value in told.items() if value not in (None, "", ".....")}
    back = {name: at(found.item, name) for name in told}
    assert len(told) >= 4
    excepted = NOT_THE_SAME.get(target, {})
    assert all(at(found.item, name) != at(item, name) for name in excepted)
    assert {n: v for n, v in back.items() if n not in excepted} == {
        n: v for n, v in told.items() if n not in excepted
    }


def test_a_record_told_as_a_patient_comes_back_as_the_same_demographics() -> None:
    details = submissions_by_target["details"]
    item = sample_of(details).item
    back = demographics_of(patient_of(PatientParts(12, SOURCE, item, merged=False)))
    told = {name: value for name, value in item.items() if value is not None and name in back}
    assert {name: back[name] for name in told} == told
    assert set(told) >= {
        "NhsNumber",
        "PatientNumber",
        "Surname",
        "Forename",
        "DateOfBirth",
        "PostCode",
        "GPCode",
    }


def at(item: Any, name: str) -> Any:
    for part in name.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item
