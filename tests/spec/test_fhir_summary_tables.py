"""$summary, read by a clinician: each fact once, with what it says, and nothing that is over."""

import re
from typing import Any

import pytest

from tests.support.fhir_clients import FHIRCaller, sign_in
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

OBSERVED = "http://terminology.hl7.org/CodeSystem/observation-category"
UCUM = "http://unitsofmeasure.org"


@pytest.fixture
def caller(sandpit: Sandpit) -> FHIRCaller:
    return sign_in(sandpit)


@pytest.fixture
def patient(caller: FHIRCaller) -> str:
    made = caller.create({"resourceType": "Patient", "name": [{"family": "Summaryson"}]})
    return f"Patient/{made['id']}"


def rows(caller: FHIRCaller, patient: str, title: str) -> list[list[str]]:
    """The cells of a section's table, below its head."""
    composition: dict[str, Any] = caller.get(f"/{patient}/$summary").json()["entry"][0]["resource"]
    (div,) = [one["text"]["div"] for one in composition["section"] if one["title"] == title]
    return [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(<td>.*?)</tr>", div)]


def medicine(patient: str, name: str, **period: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationStatement",
        "status": "active",
        "subject": {"reference": patient},
        "medicationCodeableConcept": {"text": name},
        "effectivePeriod": {"start": "2024-01-08"} | period,
    }


def result(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": OBSERVED, "code": "laboratory"}]}],
        "subject": {"reference": patient},
        "code": {"text": "Haemoglobin A1c"},
        "effectiveDateTime": "2024-02-12",
        "valueQuantity": {"value": 58, "unit": "mmol/mol", "system": UCUM, "code": "mmol/mol"},
    }


def report(patient: str, *results: str) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "subject": {"reference": patient},
        "code": {"text": "Blood test"},
        "effectiveDateTime": "2024-02-12",
    } | ({"result": [{"reference": one} for one in results]} if results else {})


def test_a_course_that_ended_is_no_current_medicine(caller: FHIRCaller, patient: str) -> None:
    caller.create(medicine(patient, "Doxycycline 100mg capsules", end="2024-01-15"))
    caller.create(medicine(patient, "Metformin 500mg tablets"))

    assert rows(caller, patient, "Medication summary") == [["Metformin 500mg tablets", "2024-01-08", ""]]


def test_a_repeat_medicine_stands_once_though_it_is_a_statement_and_an_order(
    sandpit: Sandpit, caller: FHIRCaller
) -> None:
    item = {"Rubric": "ASPIRIN disp tabs 75mg", "Date": "2021-11-04T00:00:00", "Dosage": "ONE EACH DAY"}
    sandpit.load(
        tenancy_line(1),
        patient_line("ann"),
        entry_line("ann", "GpRepeatMedicationsList", item, SourceItemId="1"),
    )
    found = rows(caller, f"Patient/{sandpit.detail_id(1, 'ann')}", "Medication summary")

    assert found == [["ASPIRIN disp tabs 75mg", "2021-11-04", "ONE EACH DAY"]]


def test_a_report_stands_through_its_results_and_by_itself_where_it_has_none(
    caller: FHIRCaller, patient: str
) -> None:
    measured = caller.create(result(patient))
    caller.create(report(patient, f"Observation/{measured['id']}"))
    caller.create(report(patient) | {"code": {"text": "XR Chest"}, "conclusion": "Clear"})

    assert sorted(rows(caller, patient, "Results")) == [
        ["Haemoglobin A1c", "2024-02-12", "58 mmol/mol"],
        ["XR Chest", "2024-02-12", "Clear"],
    ]


def test_an_allergy_says_how_bad_it_was(caller: FHIRCaller, patient: str) -> None:
    caller.create(
        {
            "resourceType": "AllergyIntolerance",
            "patient": {"reference": patient},
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                        "code": "active",
                    }
                ]
            },
            "code": {"text": "Codeine"},
            "recordedDate": "2016-09-12",
            "reaction": [{"manifestation": [{"text": "Rash"}], "severity": "severe"}],
        }
    )

    told = rows(caller, patient, "Allergies and intolerances")
    assert told == [["Codeine", "2016-09-12", "Rash (severe)"]]


def order(patient: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": {"reference": patient},
        "medicationCodeableConcept": {"text": name},
        "authoredOn": "2024-01-08",
        "dosageInstruction": [{"text": "one daily"}],
    } | more


def test_what_is_not_to_be_given_is_no_medicine_and_what_is_not_simply_taken_says_so(
    caller: FHIRCaller, patient: str
) -> None:
    caller.create(order(patient, "Warfarin 1mg tablets", doNotPerform=True))
    caller.create(order(patient, "Ramipril 5mg capsules", status="on-hold"))
    caller.create(order(patient, "Codeine 15mg tablets", intent="proposal"))
    caller.create(order(patient, "Aspirin 75mg tablets"))
    caller.create(medicine(patient, "Salbutamol inhaler") | {"status": "intended"})

    assert sorted((name, told) for name, _, told in rows(caller, patient, "Medication summary")) == [
        ("Aspirin 75mg tablets", "one daily"),
        ("Codeine 15mg tablets", "proposal; one daily"),
        ("Ramipril 5mg capsules", "on-hold; one daily"),
        ("Salbutamol inhaler", "intended"),
    ]


def test_doubt_is_told_with_what_is_doubted(caller: FHIRCaller, patient: str) -> None:
    states = "http://terminology.hl7.org/CodeSystem"
    systems = {
        "Condition": ("condition", "ver-status"),
        "AllergyIntolerance": ("allergyintolerance", "verification"),
    }
    for type_name, (kind, verification) in systems.items():
        subject = "patient" if type_name == "AllergyIntolerance" else "subject"
        for verified in ("unconfirmed", "confirmed"):
            caller.create(
                {
                    "resourceType": type_name,
                    subject: {"reference": patient},
                    "code": {"text": f"Something {verified}"},
                    "recordedDate": "2024-02-01",
                    "clinicalStatus": {"coding": [{"system": f"{states}/{kind}-clinical", "code": "active"}]},
                    "verificationStatus": {
                        "coding": [{"system": f"{states}/{kind}-{verification}", "code": verified}]
                    },
                }
                | ({"criticality": "high"} if type_name == "AllergyIntolerance" else {})
            )

    assert sorted((name, told) for name, _, told in rows(caller, patient, "Problem list")) == [
        ("Something confirmed", "active"),
        ("Something unconfirmed", "active, unconfirmed"),
    ]
    assert sorted((name, told) for name, _, told in rows(caller, patient, "Allergies and intolerances")) == [
        ("Something confirmed", "high"),
        ("Something unconfirmed", "unconfirmed, high"),
    ]


def test_results_say_what_they_are_in_any_form(caller: FHIRCaller, patient: str) -> None:
    plain = result(patient)
    del plain["valueQuantity"]
    found = {
        "Range": {"valueRange": {"low": {"value": 1, "unit": "mm"}, "high": {"value": 2, "unit": "mm"}}},
        "Refused": {"dataAbsentReason": {"text": "the patient refused"}},
        "Early": {"status": "preliminary", "valueString": "seen"},
        "Long": {"valueString": "x" * 2_000},
        "Other": {"valueString": "seen", "modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
    }
    for name, more in found.items():
        caller.create(plain | {"code": {"text": name}} | more)

    assert sorted((name, told) for name, _, told in rows(caller, patient, "Results")) == [
        ("Early", "preliminary: seen"),
        ("Long", f"{'x' * 1_000}… (more in the resource)"),
        ("Other", "read the resource: something in it may change what it says"),
        ("Range", "1 mm to 2 mm"),
        ("Refused", "no value: the patient refused"),
    ]
