"""What a resource that a client sends becomes in the catalogue, and what is kept as FHIR alone."""

import base64
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from carecord.catalogue.submission import parse_item
from carecord.fhir_api.definitions.served import FROM_THE_CATALOGUE
from carecord.fhir_api.incoming import NoPlace, entry_of, file
from carecord.fhir_api.incoming.places import NO_PLACES, PLACES

TODAY = "2026-03-01"
SNOMED = "http://snomed.info/sct"
SUBJECT = {"reference": "Patient/12"}


def filed(**resource: Any) -> tuple[str, dict[str, Any]]:
    """The collection that takes it and the item, which the catalogue accepts."""
    found = entry_of({"id": "77", "subject": SUBJECT, **resource}, today=TODAY)
    assert found is not None
    for one in (found, *found.further):
        parse_item(one.operation, msgspec.json.encode(one.item), source_item_id="fhir:77", today=TODAY)
    return found.operation.target, dict(found.item)


def reason(**resource: Any) -> str:
    """Why the catalogue does not take it."""
    with pytest.raises(NoPlace) as refused:
        file({"id": "77", "subject": SUBJECT, **resource}, today=TODAY)
    return str(refused.value)


def concept(code: str, display: str | None = None, system: str = SNOMED, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}], **more}


def observation(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept("27113001", "Body weight"),
        "effectiveDateTime": "2026-01-10T09:15:00Z",
        **more,
    }


def test_every_type_that_entries_become_is_decided() -> None:
    assert {*PLACES, *NO_PLACES} == {*FROM_THE_CATALOGUE} - {"Patient"}
    assert not set(PLACES) & set(NO_PLACES)


# Observations


def test_a_measurement_becomes_a_row_of_the_gp_observations() -> None:
    assert filed(**observation(valueQuantity={"value": Decimal("71.50"), "unit": "kg"})) == (
        "GpObservationsList",
        {
            "Date": "2026-01-10T09:15:00",
            "Rubric": "Body weight",
            "SnomedCTCode": "27113001",
            "Value": "71.50",
            "Units": "kg",
        },
    )


def test_a_time_of_summer_is_told_in_uk_local_time() -> None:
    _, item = filed(**observation(effectiveDateTime="2025-07-01T23:30:00.125Z"))
    assert item["Date"] == "2025-07-02T00:30:00.125"


def test_what_is_longer_than_its_field_is_not_cut_out_of_a_row() -> None:
    assert "says more than" in reason(**observation(valueString="x" * 70_000))
    assert "says more than" in reason(**observation(note=[{"text": "x" * 40_000}, {"text": "y" * 40_000}]))


def test_less_than_a_number_is_not_that_number() -> None:
    quantity = {"value": 5, "comparator": "<", "unit": "mg/L"}
    _, item = filed(**observation(valueQuantity=quantity))
    assert "Value" not in item
    assert item["Notes"] == "Value: <5 mg/L"


def test_values_and_parts_that_have_no_field_are_told_in_the_notes() -> None:
    _, item = filed(
        **observation(
            component=[
                {"code": {"text": "Systolic"}, "valueQuantity": {"value": 120, "unit": "mmHg"}},
                {"code": {"text": "Diastolic"}, "dataAbsentReason": {"text": "not measured"}},
            ],
            note=[{"text": "Sitting."}],
        )
    )
    assert item["Notes"] == "Sitting.\nSystolic: 120 mmHg\nDiastolic: not measured"


def test_a_month_is_its_first_day_and_the_notes_say_that_it_is_a_month() -> None:
    _, item = filed(**observation(effectiveDateTime="2025-11"))
    assert (item["Date"], item["Notes"]) == ("2025-11-01T00:00:00", "Date as given: 2025-11")


def test_a_laboratorys_result_becomes_a_row_of_the_test_results() -> None:
    target, item = filed(
        **observation(
            status="amended",
            category=[
                concept("laboratory", system="http://terminology.hl7.org/CodeSystem/observation-category")
            ],
            identifier=[{"value": "OBS-1"}],
            valueQuantity={"value": Decimal("4.20"), "unit": "mmol/L"},
            referenceRange=[{"low": {"value": Decimal("3.5")}, "high": {"value": Decimal("5.3")}}],
            interpretation=[concept("N", system="http://terminology.hl7.org/CodeSystem/v3")],
        )
    )
    assert target == "GpTestResultsList"
    assert item["ResultStatus"] == "C"
    assert (item["Value"], item["RangeLow"], item["RangeHigh"], item["AbnormalFlag"]) == (
        "4.20",
        "3.5",
        "5.3",
        "N",
    )
    # Its identifier is not a report's.
    assert "ReportId" not in item


def test_a_way_of_living_becomes_a_row_of_the_lifestyle_list() -> None:
    social = [concept("social-history")]
    target, item = filed(**observation(category=social, code={"text": "Tobacco smoking status"}))
    assert (target, item["Category"]) == ("GpLifestyleList", "Smoking")
    target, _ = filed(**observation(category=social, code={"text": "Gender identity"}))
    assert target == "GpObservationsList"


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"status": "entered-in-error"}, "status"),
        ({"status": "cancelled"}, "status"),
        ({"focus": [{"reference": "Device/1"}]}, "other than the patient"),
        ({"subject": {"reference": "Location/1"}}, "no patient"),
        ({"effectiveDateTime": "2026-03-02"}, "Date must not lie in the future"),
        ({"effectiveDateTime": None}, "Date"),
        ({"modifierExtension": [{"url": "http://example.org/not"}]}, "changes its meaning"),
        ({"meta": {"security": [{"code": "R"}]}}, "restricted"),
    ],
)
def test_an_observation_that_a_list_would_show_wrongly_is_kept_as_fhir_alone(
    more: dict[str, Any], because: str
) -> None:
    assert because in reason(**observation(**more))


# Conditions


def condition(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "clinicalStatus": concept("active"),
        "code": concept("195967001", "Asthma"),
        "onsetDateTime": "2019-05-02",
        **more,
    }


def test_conditions_go_to_the_list_that_says_what_they_say() -> None:
    assert filed(**condition())[0] == "ActiveProblemsCollection"
    ended = condition(clinicalStatus=concept("resolved"), abatementDateTime="2020-01-05")
    target, item = filed(**ended)
    assert (target, item["EndDate"]) == ("PastProblemsCollection", "2020-01-05T00:00:00")
    assert filed(**condition(onsetDateTime=None))[0] == "AdditionalProblemsCollection"
    assert filed(**condition(clinicalStatus=None))[0] == "AdditionalProblemsCollection"
    target, item = filed(**condition(category=[concept("encounter-diagnosis")]))
    assert (target, item["DiagnosisDescription"]) == ("DiagnosesSummaryList", "Asthma")


def test_doubt_and_severity_of_a_condition_are_told_in_its_notes() -> None:
    doubted = condition(verificationStatus=concept("provisional"), severity={"text": "Severe"})
    assert filed(**doubted)[1]["Notes"] == "Verification: provisional\nSeverity: Severe"


def test_a_condition_that_is_refuted_or_ended_nobody_knows_when_stands_in_no_list() -> None:
    assert "refuted" in reason(**condition(verificationStatus=concept("refuted")))
    assert "would show it as active" in reason(**condition(clinicalStatus=concept("resolved")))


# Allergies


def allergy(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "AllergyIntolerance",
        "patient": SUBJECT,
        "clinicalStatus": concept("active"),
        "verificationStatus": concept("confirmed"),
        "category": ["medication"],
        "code": concept("91936005", "Allergy to penicillin"),
        "recordedDate": "2020-02-02",
        "reaction": [{"manifestation": [concept("247472004", "Hives")], "severity": "severe"}],
        **more,
    }


def test_an_active_allergy_becomes_a_row_of_the_gp_allergies() -> None:
    assert filed(**allergy()) == (
        "GpAllergiesList",
        {
            "Date": "2020-02-02T00:00:00",
            "Rubric": "Allergy to penicillin",
            "SnomedCTCode": "91936005",
            "Reaction": "Hives",
            "ReactionSnomedCTCode": "247472004",
            "Severity": "Severe",
            "AllergyType": "Drug",
            "Certainty": "Confirmed",
        },
    )


def test_an_allergy_no_longer_active_goes_where_the_list_says_so() -> None:
    target, item = filed(**allergy(clinicalStatus=concept("resolved")))
    assert (target, item["Status"]) == ("AllergiesSummaryList", "Resolved")
    # A disorder's code is no medicine's.
    assert (item["SnomedCTCode"], "DMDCode" in item) == ("91936005", False)


def test_an_allergy_that_is_refuted_is_shown_by_no_list() -> None:
    assert "refuted" in reason(**allergy(verificationStatus=concept("refuted")))


# Medicines


def test_courses_of_medicine_are_repeats_until_they_have_ended() -> None:
    statement = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationReference": {"reference": "#m"},
        "contained": [{"resourceType": "Medication", "id": "m", "code": {"text": "Ramipril 5mg capsules"}}],
        "effectivePeriod": {"start": "2025-01-01"},
        "dosage": [{"text": "One daily"}],
    }
    target, item = filed(**statement)
    assert target == "GpRepeatMedicationsList"
    assert item == {
        "Date": "2025-01-01T00:00:00",
        "Rubric": "Ramipril 5mg capsules",
        "Dosage": "One daily",
    }
    ended = {"start": "2025-01-01", "end": "2025-06-01"}
    target, item = filed(**statement | {"status": "stopped", "effectivePeriod": ended})
    assert (target, item["EndDate"]) == ("GpPastMedicationsList", "2025-06-01T00:00:00")
    assert "would show it as current" in reason(**statement | {"status": "completed"})
    assert "status" in reason(**statement | {"status": "not-taken"})


def test_a_medicine_in_hospital_goes_to_the_hospitals_list() -> None:
    target, item = filed(
        resourceType="MedicationStatement",
        status="on-hold",
        category=concept("inpatient"),
        medicationCodeableConcept={"text": "Heparin"},
        effectiveDateTime="2026-02-01T08:00:00Z",
    )
    assert target == "AcuteMedicationsList"
    assert (item["MedicationContext"], item["Status"]) == ("Inpatient", "On hold")


def request(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "Amoxicillin 500mg capsules"},
        "authoredOn": "2026-02-03T10:00:00Z",
        "dosageInstruction": [{"text": "One three times a day"}],
        "dispenseRequest": {"quantity": {"value": 21, "unit": "capsule"}},
        **more,
    }


def test_a_prescription_becomes_an_issued_medicine() -> None:
    assert filed(**request()) == (
        "GpIssuedMedicationsList",
        {
            "Date": "2026-02-03T10:00:00",
            "Rubric": "Amoxicillin 500mg capsules",
            "Quantity": "21",
            "Dosage": "One three times a day",
            "Units": "capsule",
        },
    )


def test_what_was_not_prescribed_is_no_issued_medicine() -> None:
    for more in ({"intent": "proposal"}, {"status": "cancelled"}, {"status": "draft"}, {"status": "stopped"}):
        assert "no prescription" in reason(**request(**more))
    assert "not be given" in reason(**request(doNotPerform=True))


# Encounters, appointments


def encounter(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": kind},
        "period": {"start": "2026-02-01T08:00:00Z", "end": "2026-02-01T09:00:00Z"},
        **more,
    }


def test_encounters_go_by_their_class() -> None:
    identifier = [{"value": "V-1"}]
    target, item = filed(**encounter("IMP", identifier=identifier, status="in-progress"))
    assert (target, item["SpellNumber"], item["Status"]) == ("AdmissionsList", "V-1", "Admitted")
    target, item = filed(**encounter("EMER", identifier=identifier))
    assert (target, item["AttendanceId"]) == ("EdAttendancesList", "V-1")
    target, item = filed(**encounter("AMB", type=[{"text": "Surgery consultation"}]))
    assert (target, item["Type"]) == ("EncountersResult", "Surgery consultation")


def test_an_emergency_that_ended_nobody_knows_when_is_not_shown_as_open() -> None:
    assert "would show it as open" in reason(**encounter("EMER", period={"start": "2026-02-01"}))


def test_a_stay_is_shown_where_the_patient_is_now() -> None:
    def place(name: str, status: str) -> dict[str, Any]:
        return {"location": {"display": name}, "status": status}

    moves = [place("Ward 1", "completed"), place("Ward 2", "active")]
    assert filed(**encounter("IMP", status="in-progress", location=moves))[1]["WardDesc"] == "Ward 2"


def test_a_planned_or_cancelled_visit_is_no_encounter() -> None:
    for status in ("planned", "cancelled", "entered-in-error", "unknown"):
        for kind in ("AMB", "EMER"):
            reason(**encounter(kind, status=status))


def appointment(status: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "status": status,
        "start": "2026-06-01T09:00:00+01:00",
        "end": "2026-06-01T09:20:00+01:00",
        "participant": [
            {"actor": {"reference": "Patient/12"}, "status": "accepted"},
            {"actor": {"reference": "Practitioner/3", "display": "Dr A Sen"}, "status": "accepted"},
        ],
        **more,
    }


def test_an_appointment_becomes_an_outpatient_appointment() -> None:
    target, item = filed(**appointment("booked"))
    assert target == "OutpatientAppointmentsList"
    assert item == {
        "AppointmentId": "77",
        "Date": "2026-06-01T09:00:00",
        "ConsultantName": "Dr A Sen",
        "AttendedDesc": "Booked",
        "DurationMinutes": 20,
    }
    assert filed(**appointment("noshow"))[1]["AttendedCode"] == "3"
    by_patient = appointment("cancelled", cancelationReason=concept("pat"))
    assert filed(**by_patient)[1]["AttendedCode"] == "2"
    assert "no appointment" in reason(**appointment("proposed"))


# Requests and reports


def service_request(category: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [concept(category)],
        "code": {"text": "Something asked for"},
        "authoredOn": "2026-02-01T08:00:00Z",
        "priority": "urgent",
        **more,
    }


def test_service_requests_go_by_their_category() -> None:
    target, item = filed(**service_request("108252007"))
    assert target == "orders"
    assert item["DocumentInformation"]["DocumentId"] == 77
    assert (item["Status"], item["PriorityDesc"]) == ("Requested", "Urgent")
    target, item = filed(**service_request("363679005", status="completed"))
    assert (target, item["OrderId"], item["Status"]) == ("RadiologyOrdersList", "77", "Examined")
    target, item = filed(**service_request("3457005"))
    assert (target, item["Status"], item["PriorityCode"]) == ("GpReferralsList", "Sent", "2")
    due = {"intent": "plan", "occurrenceDateTime": "2026-09-01"}
    target, item = filed(**service_request("409063005", **due))
    assert (target, item["DueDate"], item["Status"]) == ("GpRecallsList", "2026-09-01", "Due")
    assert "category" in reason(**service_request("409063005"))
    assert "not be given" in reason(**service_request("108252007", doNotPerform=True))


def test_as_soon_as_possible_is_no_two_week_wait() -> None:
    _, item = filed(**service_request("3457005", priority="asap"))
    assert "PriorityCode" not in item
    assert item["PriorityDesc"] == "As soon as possible"


def report(category: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "category": [concept(category, system="http://terminology.hl7.org/CodeSystem/v2-0074")],
        "code": {"text": "Urea and electrolytes"},
        "effectiveDateTime": "2026-02-01T08:00:00Z",
        "issued": "2026-02-01T12:00:00Z",
        **more,
    }


def test_a_laboratorys_report_shows_the_results_that_it_contains() -> None:
    sodium = observation(
        code=concept("1000661000000107", "Sodium"),
        valueQuantity={"value": Decimal("139.0"), "unit": "mmol/L"},
        referenceRange=[{"low": {"value": 133}, "high": {"value": 146}}],
        id="na",
    )
    target, item = filed(
        **report("LAB", contained=[sodium], result=[{"reference": "#na"}], identifier=[{"value": "L-9"}])
    )
    assert target == "PathologyResults"
    assert item["Report"]["Status"] == "F"
    [investigation] = item["Specimen"]["InvestigationDetailsList"]
    [line] = investigation["ResultList"]
    assert (line["Type"]["Description"], line["Value"], line["Units"]) == ("Sodium", "139.0", "mmol/L")
    assert (line["RangeLow"], line["RangeHigh"], line["Status"]) == ("133", "146", "F")
    number = item["DocumentInformation"]["DocumentId"]
    again = filed(**report("LAB", identifier=[{"value": "L-9"}]))[1]["DocumentInformation"]["DocumentId"]
    assert number == again
    assert 0 < number < 2**31


def test_an_imaging_report_shows_its_text() -> None:
    form = {"contentType": "text/plain", "data": base64.b64encode(b"No fracture.").decode()}
    target, item = filed(**report("RAD", presentedForm=[form], identifier=[{"value": "ACC-1"}]))
    assert target == "RadiologyReportsList"
    assert (item["ReportText"], item["AccessionNumber"], item["Status"]) == ("No fracture.", "ACC-1", "Final")
    assert "AccessionNumber" in reason(**report("RAD"))


# Documents


def document(**more: Any) -> dict[str, Any]:
    attachment = {"contentType": "text/plain", "data": base64.b64encode(b"Dear doctor").decode()}
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "masterIdentifier": {"value": "D-1"},
        "type": {"text": "Clinic letter"},
        "date": "2026-02-01T08:00:00Z",
        "content": [{"attachment": attachment}],
        **more,
    }


def test_a_document_brings_its_bytes() -> None:
    found = entry_of({"id": "77", "subject": SUBJECT, **document()}, today=TODAY)
    assert found is not None
    [content] = found.further
    assert (found.operation.target, content.operation.target) == ("DocumentsList", "content")
    assert (found.item["HasContent"], found.item["SizeBytes"], found.item["Status"]) == ("Yes", 11, "Final")
    assert content.item["DocumentId"] == "D-1"
    assert base64.b64decode(content.item["Content"]) == b"Dear doctor"
    elsewhere = [{"attachment": {"contentType": "application/pdf", "url": "https://example.org/1"}}]
    assert filed(**document(content=elsewhere))[1]["HasContent"] == "No"


def test_a_document_says_itself_that_it_is_restricted() -> None:
    assert filed(**document(securityLabel=[concept("R")]))[1]["Confidentiality"] == "Restricted"


# Others


def test_plans_do_not_turn_what_must_not_be_done_into_something_to_do() -> None:
    plan = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "title": "Weight",
        "created": "2026-01-01",
        "activity": [{"detail": {"status": "in-progress", "description": "Walk daily"}}],
    }
    target, item = filed(**plan)
    assert (target, item["PlanType"]) == ("UniversalCarePlansList", "Weight")
    assert item["Needs"]["Need"][0]["Action"] == "Walk daily"
    forbidden = {"activity": [{"detail": {"status": "in-progress", "doNotPerform": True}}]}
    assert "must not be done" in reason(**plan | forbidden)


def test_answers_are_shown_as_question_and_answer() -> None:
    target, item = filed(
        resourceType="QuestionnaireResponse",
        status="completed",
        questionnaire="https://example.org/Questionnaire/falls|1",
        authored="2026-02-01T08:00:00Z",
        item=[
            {
                "linkId": "1",
                "item": [{"linkId": "1.1", "text": "Fallen?", "answer": [{"valueBoolean": True}]}],
            }
        ],
    )
    assert (target, item["AssessmentType"], item["CareSetting"]) == (
        "CommunityAssessmentsList",
        "falls",
        "Community",
    )
    assert item["Answers"]["Answer"] == [{"Question": "Fallen?", "Answer": "yes"}]


def test_a_team_of_mental_health_goes_where_rows_are_restricted() -> None:
    team = {
        "resourceType": "CareTeam",
        "status": "active",
        "name": "Team North",
        "period": {"start": "2026-01-01"},
        "meta": {"security": [{"code": "R"}]},
    }
    assert "restricted" in reason(**team)
    _, item = filed(**team | {"category": [{"text": "Team"}, {"text": "Mental health"}]})
    assert item["CareSetting"] == "Mental health"


def test_a_family_history_shows_one_condition_and_names_the_others() -> None:
    target, item = filed(
        resourceType="FamilyMemberHistory",
        patient=SUBJECT,
        status="completed",
        date="2026-01-01",
        relationship={"text": "Mother"},
        condition=[
            {"code": {"text": "Diabetes"}, "onsetAge": {"value": 50, "code": "a"}},
            {"code": {"text": "Stroke"}},
        ],
    )
    assert (target, item["Rubric"], item["AgeAtOnset"]) == ("GpFamilyHistoryList", "Diabetes", 50)
    assert item["Notes"] == "Further conditions: Stroke"


def test_vaccines_are_given_or_not_given() -> None:
    vaccine = {
        "resourceType": "Immunization",
        "patient": SUBJECT,
        "status": "completed",
        "vaccineCode": {"text": "Influenza vaccine"},
        "occurrenceDateTime": "2025-10-01",
        "lotNumber": "L1",
        "doseQuantity": {"value": Decimal("0.5"), "code": "mL"},
    }
    target, item = filed(**vaccine)
    assert (target, item["GivenStatus"], item["Rubric"]) == (
        "GpImmunisationsList",
        "Given",
        "Influenza vaccine",
    )
    assert (item["DoseQuantity"], item["DoseUnits"]) == ("0.5", "mL")
    assert filed(**vaccine | {"status": "not-done"})[1]["GivenStatus"] == "Not given"
    assert "error" in reason(**vaccine | {"status": "entered-in-error"})


def test_only_what_was_done_is_a_procedure() -> None:
    procedure = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": concept("80146002", "Appendicectomy"),
        "performedPeriod": {"start": "2026-01-01T10:00:00Z"},
    }
    target, item = filed(**procedure)
    assert (target, item["ProcedureDate"]) == ("AcuteProceduresList", "2026-01-01T10:00:00")
    for status in ("not-done", "preparation", "in-progress", "entered-in-error"):
        assert "not completed" in reason(**procedure | {"status": status})


def test_flags_are_alerts_until_they_are_entered_in_error() -> None:
    flag = {"resourceType": "Flag", "status": "active", "code": {"text": "Lives with a large dog"}}
    target, item = filed(**flag)
    assert (target, item["Category"], item["Status"]) == ("AlertsList", "Not stated", "Active")
    assert "error" in reason(**flag | {"status": "entered-in-error"})


def test_a_reasonable_adjustment_is_a_communication_need() -> None:
    flag = {
        "resourceType": "Flag",
        "status": "active",
        "category": [{"text": "Hearing"}, {"text": "Reasonable adjustment and communication"}],
        "code": {"text": "Needs a hearing loop"},
    }
    target, item = filed(**flag)
    assert (target, item["Category"], item["Description"]) == (
        "CommunicationNeedsList",
        "Hearing",
        "Needs a hearing loop",
    )
    assert "no longer holds" in reason(**flag | {"status": "inactive"})


def test_a_letter_about_a_stay_is_a_discharge_summary() -> None:
    letter = {
        "resourceType": "Composition",
        "status": "final",
        "identifier": {"value": "DS-1"},
        "type": concept("373942005"),
        "date": "2026-02-01T08:00:00Z",
        "event": [{"period": {"start": "2026-01-28", "end": "2026-02-01"}}],
        "section": [
            {
                "title": "Clinical summary",
                "text": {"div": "<div><p>Fell at home.</p><p>No fracture.</p></div>"},
            }
        ],
    }
    target, item = filed(**letter)
    assert (target, item["DocumentId"], item["Status"]) == ("DischargeSummariesList", "DS-1", "Final")
    assert item["ClinicalSummary"] == "Fell at home.\nNo fracture."
    assert "no discharge summary" in reason(**letter | {"type": concept("11488-4")})


def test_a_contact_that_ended_nobody_knows_when_is_no_contact() -> None:
    person = {
        "resourceType": "RelatedPerson",
        "patient": SUBJECT,
        "relationship": [{"text": "Next of kin"}],
        "name": [{"text": "Helen Marsh"}],
        "telecom": [{"system": "phone", "use": "mobile", "value": "07700 900456"}],
    }
    target, item = filed(**person)
    assert target == "ContactsList"
    assert item == {
        "ContactRole": "Next of kin",
        "MobileTelephone": "07700 900456",
        "Surname": "Helen Marsh",
    }
    assert "no longer active" in reason(**person, active=False)


def test_a_registration_with_a_practice_is_an_episode_of_care() -> None:
    episode = {
        "resourceType": "EpisodeOfCare",
        "patient": SUBJECT,
        "status": "active",
        "type": [{"text": "GP registration"}],
        "managingOrganization": {
            "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Y99901"}
        },
    }
    target, item = filed(**episode)
    assert (target, item["GPPracticeCode"], item["IsCurrent"]) == ("GpRegistrationsList", "Y99901", "Yes")
    assert "no registration" in reason(**episode | {"type": [{"text": "Physiotherapy"}]})


# Consents


def consent(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "patient": SUBJECT,
        "status": "active",
        "scope": concept("patient-privacy"),
        "category": [{"text": "Local shared record"}],
        "dateTime": "2026-02-01",
        "provision": {"type": "deny", "code": [{"text": "Whole record"}]},
        **more,
    }


def test_a_refusal_to_share_beyond_doubt_takes_hold() -> None:
    assert filed(**consent()) == (
        "SharingStatusList",
        {
            "SharingType": "Local shared record",
            "Scope": "Whole record",
            "StatusDate": "2026-02-01T00:00:00",
            "Status": "Refused",
        },
    )
    assert filed(**consent(provision={"type": "permit"}))[1]["Status"] == "Agreed"


@pytest.mark.parametrize(
    "more",
    [
        {"status": "inactive"},
        {"category": [concept("59284-0", "Patient Consent", "http://loinc.org")]},
        {"dateTime": None},
        {"dateTime": "2026"},
        {"provision": {}},
        {"provision": {"type": "permit", "actor": [{"reference": {"display": "Dr A Sen"}}]}},
        {"provision": {"type": "permit", "provision": [{"type": "deny"}]}},
        {"provision": {"type": "deny", "purpose": [{"code": "HRESCH"}]}},
        {"provision": {"type": "deny", "period": {"start": "2027-01-01"}}},
        {"provision": {"type": "permit", "code": [{"text": "GP"}, {"text": "Acute"}]}},
        {"scope": concept("research")},
    ],
)
def test_a_decision_in_doubt_neither_hides_nor_shows_a_record(more: dict[str, Any]) -> None:
    reason(**consent(**more))


def test_an_advance_decision_is_legal_information() -> None:
    decision = consent(scope=concept("adr"), category=[{"text": "Advance statement"}])
    assert filed(**decision)[0] == "LegalInformationList"


# Types without a place


@pytest.mark.parametrize("type_name", sorted(NO_PLACES))
def test_types_that_no_open_list_holds_are_kept_as_fhir_alone(type_name: str) -> None:
    assert entry_of({"resourceType": type_name, "id": "1", "status": "final"}, today=TODAY) is None
