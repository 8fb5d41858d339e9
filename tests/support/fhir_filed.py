"""A resource of each kind that the catalogue has a place for, what a bundle shows of it, and a change."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from carecord.fhir_api.kept import Json
from tests.support.fhir_subjects import SUBJECT

SNOMED = "http://snomed.info/sct"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
CLASS = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filed:
    """What is sent, the collection it shows in and fields of its row, by dotted names; then what changes."""

    target: str
    resource: Json
    shown: Fields
    change: Json
    """Elements that take the place of those sent."""
    shown_then: Fields
    target_then: str | None = None
    """Where it shows after the change, if that is another collection."""

    @property
    def name(self) -> str:
        return f"{self.resource['resourceType']}-{self.target}"

    def about(self, patient_id: str) -> Json:
        reference = {"reference": f"Patient/{patient_id}"}
        path = SUBJECT[self.resource["resourceType"]]
        if len(path) == 1:
            return self.resource | {path[0]: reference}
        return self.resource | {path[0]: [{path[1]: reference, "status": "accepted"}]}


def concept(code: str, system: str = SNOMED, **more: Any) -> Json:
    return {"coding": [{"system": system, "code": code} | more]}


def quantity(number: str, unit: str) -> Json:
    return {"value": Decimal(number), "unit": unit}


def _observation(**more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept("27113001", display="Body weight"),
        "effectiveDateTime": "2026-01-10T09:15:00Z",
    } | more


def _condition(**more: Any) -> Json:
    return {
        "resourceType": "Condition",
        "clinicalStatus": concept("active", CLINICAL),
        "code": concept("195967001", display="Asthma"),
        "onsetDateTime": "2019-05-02",
    } | more


def _encounter(kind: str, **more: Any) -> Json:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": CLASS, "code": kind},
        "period": {"start": "2026-02-01T08:00:00Z", "end": "2026-02-01T09:00:00Z"},
    } | more


def _service_request(category: str, **more: Any) -> Json:
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [concept(category)],
        "code": {"text": "Something asked for"},
        "authoredOn": "2026-02-01T08:00:00Z",
    } | more


def _report(category: str, identifier: str, **more: Any) -> Json:
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "identifier": [{"value": identifier}],
        "category": [concept(category, SECTION)],
        "code": {"text": "Urea and electrolytes"},
        "effectiveDateTime": "2026-02-01T08:00:00Z",
        "issued": "2026-02-01T12:00:00Z",
    } | more


def _plain(text: str) -> Json:
    return {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}


_STATEMENT: Json = {
    "resourceType": "MedicationStatement",
    "status": "active",
    "medicationCodeableConcept": {"text": "Ramipril 5mg capsules"},
    "effectivePeriod": {"start": "2025-01-01"},
    "dosage": [{"text": "One daily"}],
}

CASES = (
    Filed(
        "GpObservationsList",
        _observation(valueQuantity=quantity("71.50", "kg")),
        {"Rubric": "Body weight", "Value": "71.50", "Units": "kg", "SnomedCTCode": "27113001"},
        {"valueQuantity": quantity("72.00", "kg")},
        {"Rubric": "Body weight", "Value": "72.00"},
    ),
    Filed(
        "GpTestResultsList",
        _observation(
            category=[concept("laboratory", CATEGORY)],
            code={"text": "Potassium"},
            valueQuantity=quantity("4.20", "mmol/L"),
        ),
        {"Rubric": "Potassium", "Value": "4.20", "ResultStatus": "F"},
        {"status": "amended", "valueQuantity": quantity("4.25", "mmol/L")},
        {"Value": "4.25", "ResultStatus": "C"},
    ),
    Filed(
        "GpLifestyleList",
        _observation(category=[concept("social-history", CATEGORY)], code={"text": "Tobacco smoking status"}),
        {"Category": "Smoking"},
        # Another category of Observation is shown by another list.
        {"category": [concept("vital-signs", CATEGORY)]},
        {"Rubric": "Tobacco smoking status"},
        target_then="GpObservationsList",
    ),
    Filed(
        "ActiveProblemsCollection",
        _condition(),
        {"Rubric": "Asthma", "SnomedCTCode": "195967001"},
        {"clinicalStatus": concept("resolved", CLINICAL), "abatementDateTime": "2020-01-05"},
        {"Rubric": "Asthma", "EndDate": "2020-01-05T00:00:00"},
        target_then="PastProblemsCollection",
    ),
    Filed(
        "DiagnosesSummaryList",
        _condition(
            category=[
                concept("encounter-diagnosis", "http://terminology.hl7.org/CodeSystem/condition-category")
            ]
        ),
        {"DiagnosisDescription": "Asthma"},
        {"code": concept("233678006", display="Childhood asthma")},
        {"DiagnosisDescription": "Childhood asthma"},
    ),
    Filed(
        "GpAllergiesList",
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": concept("active", ALLERGY_CLINICAL),
            "code": concept("91936005", display="Allergy to penicillin"),
            "recordedDate": "2020-02-02",
            "reaction": [{"manifestation": [{"text": "Hives"}], "severity": "mild"}],
        },
        {"Rubric": "Allergy to penicillin", "Severity": "Mild", "Reaction": "Hives"},
        {"clinicalStatus": concept("resolved", ALLERGY_CLINICAL)},
        {"Status": "Resolved"},
        target_then="AllergiesSummaryList",
    ),
    Filed(
        "GpRepeatMedicationsList",
        _STATEMENT,
        {"Rubric": "Ramipril 5mg capsules", "Dosage": "One daily"},
        {"status": "stopped", "effectivePeriod": {"start": "2025-01-01", "end": "2025-06-01"}},
        {"Rubric": "Ramipril 5mg capsules", "EndDate": "2025-06-01T00:00:00"},
        target_then="GpPastMedicationsList",
    ),
    Filed(
        "AcuteMedicationsList",
        _STATEMENT
        | {
            "category": concept(
                "inpatient", "http://terminology.hl7.org/CodeSystem/medication-statement-category"
            )
        },
        {"MedicationContext": "Inpatient"},
        {"status": "on-hold"},
        {"Status": "On hold"},
    ),
    Filed(
        "GpIssuedMedicationsList",
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": {"text": "Amoxicillin 500mg capsules"},
            "authoredOn": "2026-02-03T10:00:00Z",
            "dispenseRequest": {"quantity": quantity("21", "capsule")},
        },
        {"Rubric": "Amoxicillin 500mg capsules", "Quantity": "21"},
        {"dispenseRequest": {"quantity": quantity("15", "capsule")}},
        {"Quantity": "15"},
    ),
    Filed(
        "GpImmunisationsList",
        {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": {"text": "Influenza vaccine"},
            "occurrenceDateTime": "2025-10-01",
        },
        {"GivenStatus": "Given", "Rubric": "Influenza vaccine"},
        {"status": "not-done"},
        {"GivenStatus": "Not given"},
    ),
    Filed(
        "AcuteProceduresList",
        {
            "resourceType": "Procedure",
            "status": "completed",
            "code": concept("80146002", display="Appendicectomy"),
            "performedPeriod": {"start": "2026-01-01T10:00:00Z"},
        },
        {"ProcedureDate": "2026-01-01T10:00:00"},
        {"performedPeriod": {"start": "2026-01-02T10:00:00Z"}},
        {"ProcedureDate": "2026-01-02T10:00:00"},
    ),
    Filed(
        "EncountersResult",
        _encounter("AMB", type=[{"text": "Surgery consultation"}]),
        {"Type": "Surgery consultation"},
        {"type": [{"text": "Telephone consultation"}]},
        {"Type": "Telephone consultation"},
    ),
    Filed(
        "EdAttendancesList",
        _encounter("EMER", identifier=[{"value": "ED-1"}]),
        {"AttendanceId": "ED-1"},
        {"identifier": [{"value": "ED-2"}]},
        {"AttendanceId": "ED-2"},
    ),
    Filed(
        "AdmissionsList",
        _encounter("IMP", identifier=[{"value": "V-1"}], status="in-progress"),
        {"SpellNumber": "V-1", "Status": "Admitted"},
        {"status": "finished"},
        {"SpellNumber": "V-1", "Status": "Discharged"},
    ),
    Filed(
        "OutpatientAppointmentsList",
        {
            "resourceType": "Appointment",
            "status": "booked",
            "start": "2026-06-01T09:00:00+01:00",
            "end": "2026-06-01T09:20:00+01:00",
        },
        {"Date": "2026-06-01T09:00:00", "DurationMinutes": 20, "AttendedDesc": "Booked"},
        {"status": "noshow"},
        {"AttendedCode": "3"},
    ),
    Filed(
        "GpReferralsList",
        _service_request("3457005"),
        {"Status": "Sent"},
        {"status": "completed"},
        {"Date": "2026-02-01T08:00:00"},
    ),
    Filed(
        "RadiologyOrdersList",
        _service_request("363679005"),
        {"Status": "Requested"},
        {"status": "completed"},
        {"Status": "Examined"},
    ),
    Filed(
        "GpRecallsList",
        _service_request("409063005", intent="plan", occurrenceDateTime="2026-09-01"),
        {"DueDate": "2026-09-01", "Status": "Due"},
        {"occurrenceDateTime": "2026-10-01"},
        {"DueDate": "2026-10-01"},
    ),
    Filed(
        "PathologyResults",
        _report(
            "LAB",
            "L-9",
            contained=[
                _observation(id="na", code={"text": "Sodium"}, valueQuantity=quantity("139.0", "mmol/L"))
            ],
            result=[{"reference": "#na"}],
        ),
        {"Report.Status": "F"},
        {"status": "corrected"},
        {"Report.Status": "C"},
    ),
    Filed(
        "RadiologyReportsList",
        _report("RAD", "ACC-1", presentedForm=[_plain("No fracture.")]),
        {"ReportText": "No fracture.", "AccessionNumber": "ACC-1", "Status": "Final"},
        {"presentedForm": [_plain("A fracture.")]},
        {"ReportText": "A fracture."},
    ),
    Filed(
        "DocumentsList",
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "masterIdentifier": {"value": "D-1"},
            "type": {"text": "Clinic letter"},
            "date": "2026-02-01T08:00:00Z",
            "content": [{"attachment": _plain("Dear doctor")}],
        },
        {"HasContent": "Yes", "SizeBytes": 11, "Status": "Final"},
        {"content": [{"attachment": _plain("Dear doctor Sen")}]},
        {"SizeBytes": 15},
    ),
    Filed(
        "DischargeSummariesList",
        {
            "resourceType": "Composition",
            "status": "final",
            "identifier": {"value": "DS-1"},
            "type": concept("373942005"),
            "title": "Discharge summary",
            "author": [{"display": "Dr A Sen"}],
            "date": "2026-02-01T08:00:00Z",
            "event": [{"period": {"start": "2026-01-28", "end": "2026-02-01"}}],
        },
        {"DocumentId": "DS-1", "Status": "Final"},
        {"status": "amended"},
        {"DocumentId": "DS-1"},
    ),
    Filed(
        "UniversalCarePlansList",
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "title": "Weight",
            "created": "2026-01-01",
        },
        {"PlanType": "Weight"},
        {"title": "Falls"},
        {"PlanType": "Falls"},
    ),
    Filed(
        "CaseloadList",
        {
            "resourceType": "CareTeam",
            "status": "active",
            "name": "Team North",
            "period": {"start": "2026-01-01"},
        },
        {"TeamDesc": "Team North"},
        {"name": "Team South"},
        {"TeamDesc": "Team South"},
    ),
    Filed(
        "CommunityAssessmentsList",
        {
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "questionnaire": "https://example.org/Questionnaire/falls|1",
            "authored": "2026-02-01T08:00:00Z",
            "item": [{"linkId": "1", "text": "Fallen?", "answer": [{"valueBoolean": True}]}],
        },
        {"AssessmentType": "falls", "Answers.Answer.0.Question": "Fallen?", "Answers.Answer.0.Answer": "yes"},
        {"item": [{"linkId": "1", "text": "Fallen?", "answer": [{"valueBoolean": False}]}]},
        {"Answers.Answer.0.Answer": "no"},
    ),
    Filed(
        "AlertsList",
        {"resourceType": "Flag", "status": "active", "code": {"text": "Lives with a large dog"}},
        {"Status": "Active"},
        {"status": "inactive"},
        {"Status": "Inactive"},
    ),
    Filed(
        "GpFamilyHistoryList",
        {
            "resourceType": "FamilyMemberHistory",
            "status": "completed",
            "date": "2026-01-01",
            "relationship": {"text": "Mother"},
            "condition": [{"code": {"text": "Diabetes"}}],
        },
        {"Rubric": "Diabetes", "Relationship": "Mother"},
        {"relationship": {"text": "Father"}},
        {"Relationship": "Father"},
    ),
    Filed(
        "ContactsList",
        {
            "resourceType": "RelatedPerson",
            "relationship": [{"text": "Next of kin"}],
            "name": [{"family": "Marsh", "given": ["Helen"]}],
        },
        {"ContactRole": "Next of kin", "Surname": "Marsh"},
        {"name": [{"family": "Marshall", "given": ["Helen"]}]},
        {"Surname": "Marshall"},
    ),
    Filed(
        "GpRegistrationsList",
        {
            "resourceType": "EpisodeOfCare",
            "status": "active",
            "type": [{"text": "GP registration"}],
            "managingOrganization": {"identifier": {"system": ODS, "value": "Y99901"}},
        },
        {"GPPracticeCode": "Y99901", "IsCurrent": "Yes"},
        {"managingOrganization": {"identifier": {"system": ODS, "value": "Y99902"}}},
        {"GPPracticeCode": "Y99902"},
    ),
    Filed(
        "SharingStatusList",
        {
            "resourceType": "Consent",
            "status": "active",
            "scope": concept("patient-privacy", "http://terminology.hl7.org/CodeSystem/consentscope"),
            "category": [{"text": "Local shared record"}],
            "policyRule": {"text": "Sharing of the record"},
            "dateTime": "2026-02-01",
            "provision": {"type": "permit"},
        },
        {"SharingType": "Local shared record", "Status": "Agreed"},
        {"dateTime": "2026-02-02"},
        {"StatusDate": "2026-02-02T00:00:00"},
    ),
    Filed(
        "AdditionalProblemsCollection",
        {name: value for name, value in _condition().items() if name != "onsetDateTime"},
        {"Rubric": "Asthma"},
        {"code": concept("233678006", display="Childhood asthma")},
        {"Rubric": "Childhood asthma"},
    ),
    Filed(
        "CommunicationNeedsList",
        {
            "resourceType": "Flag",
            "status": "active",
            "category": [{"text": "Hearing"}, {"text": "Reasonable adjustment and communication"}],
            "code": {"text": "Needs a hearing loop"},
        },
        {"Category": "Hearing", "Description": "Needs a hearing loop"},
        {"code": {"text": "Needs an interpreter of sign language"}},
        {"Description": "Needs an interpreter of sign language"},
    ),
    Filed(
        "CommunityCarePlansList",
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "category": [{"text": "Community"}],
            "title": "Wound care",
            "period": {"start": "2026-01-01"},
        },
        {"CareSetting": "Community", "CarePlanType": "Wound care"},
        {"title": "Compression"},
        {"CarePlanType": "Compression"},
    ),
    Filed(
        "LegalInformationList",
        {
            "resourceType": "Consent",
            "status": "active",
            "scope": concept("adr", "http://terminology.hl7.org/CodeSystem/consentscope"),
            "category": [{"text": "Advance decision to refuse treatment"}],
            "policyRule": {"text": "Mental Capacity Act 2005"},
            "dateTime": "2026-02-01",
        },
        {"LegalType": "Advance decision to refuse treatment", "RecordedDate": "2026-02-01T00:00:00"},
        {"dateTime": "2026-02-02"},
        {"RecordedDate": "2026-02-02T00:00:00"},
    ),
)
