"""Entries of the catalogue as FHIR: always valid, and what each says."""

import datetime
from decimal import Decimal
from typing import Any

import pytest

from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import Operation, Part
from carecord.catalogue.samples import sample_of
from carecord.fhir_api.definitions import value_set
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping import About, Content, Made, Source, resources_of
from carecord.fhir_api.mapping.codes import WORDS
from carecord.fhir_api.mapping.elements import below
from carecord.fhir_api.validating import check

SOURCE = Source(2, "Eastvale Hospitals NHS Trust (Acute)", "RZ9")
ABOUT = About(2188, 77, SOURCE, datetime.date(2024, 3, 1))
SUBMITTED = [pytest.param(one, id=one.item.__name__) for one in OPERATIONS if one.submitted]


def made_of(store: str, about: About = ABOUT, **item: Any) -> list[Made]:
    return resources_of(store, item, about=about)


def only(store: str, about: About = ABOUT, **item: Any) -> Json:
    """The main resource that the row becomes."""
    return next(one.resource for one in made_of(store, about, **item) if not one.part)


def errors(resource: Json) -> list[str | None]:
    found = check(resource, type_name=resource["resourceType"])
    return [f"{issue.expression}: {issue.diagnostics}" for issue in found if issue.is_error]


def bare(part: type[Part], value: dict[str, Any] | None) -> dict[str, Any]:
    """Only what cannot be left out."""
    item: dict[str, Any] = {}
    for field in part.fields:
        said = value.get(field.name) if value else None
        if field.repeats:
            item[field.name] = []
        elif field.part:
            item[field.name] = bare(field.part, said)
        elif not field.nullable:
            item[field.name] = said
    return item


@pytest.mark.parametrize("operation", SUBMITTED)
def test_what_a_sample_becomes_is_valid(operation: Operation) -> None:
    assert operation.store is not None
    made = resources_of(operation.store.name, sample_of(operation).item, about=ABOUT)

    assert {one.id(77): errors(one.resource) for one in made} == {one.id(77): [] for one in made}


@pytest.mark.parametrize("operation", SUBMITTED)
def test_what_an_item_without_all_that_may_be_left_out_becomes_is_valid(operation: Operation) -> None:
    assert operation.store is not None
    item = bare(operation.item, sample_of(operation).item)
    made = resources_of(operation.store.name, item, about=ABOUT)

    assert [fault for one in made for fault in errors(one.resource)] == []


IN_CODINGS = ("[", ".coding", "ImagingStudy.modality.")
"""Codes of these have systems, and no list that R4 gives whole."""


@pytest.mark.parametrize("path", [path for path in WORDS if not any(one in path for one in IN_CODINGS)])
def test_words_become_codes_that_the_element_allows(path: str) -> None:
    owner, _, name = path.rpartition(".")
    if owner == "Patient.address":
        owner = "Address"
    elif owner == "Patient.identifier":
        owner = "Identifier"
    binding = below(owner, name).element.binding
    allowed = value_set(binding) if binding else None
    if allowed is None:
        assert all(isinstance(code, int) for code in WORDS[path].values())
    else:
        assert set(WORDS[path].values()) <= set().union(*allowed.values())


def test_a_problem_says_who_what_when_and_where_from() -> None:
    problem = only(
        "gp_problem",
        Date="2012-03-20T00:00:00",
        Rubric="Type 2 diabetes mellitus",
        ReadCode="C10F.",
        SnomedCTCode="44054006",
        RecordedDate="2012-07-20T14:05:00",
    )

    assert problem == {
        "resourceType": "Condition",
        "meta": {
            "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition"],
            "tag": [
                {
                    "system": "https://fhir.graphnethealth.com/CodeSystem-Tenancies",
                    "code": "2",
                    "display": "Eastvale Hospitals NHS Trust (Acute)",
                }
            ],
        },
        "subject": {"reference": "Patient/2188"},
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-category",
                        "code": "problem-list-item",
                        "display": "Problem List Item",
                    }
                ]
            }
        ],
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active",
                    "display": "Active",
                }
            ]
        },
        "verificationStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
                    "code": "confirmed",
                    "display": "Confirmed",
                }
            ]
        },
        "code": {
            "text": "Type 2 diabetes mellitus",
            "coding": [
                {
                    "system": "http://read.info/readv2",
                    "code": "C10F.",
                    "display": "Type 2 diabetes mellitus",
                },
                {
                    "system": "http://snomed.info/sct",
                    "code": "44054006",
                    "display": "Type 2 diabetes mellitus",
                },
            ],
        },
        "onsetDateTime": "2012-03-20",
        "recordedDate": "2012-07-20T14:05:00+01:00",
    }


def test_a_problem_with_an_end_is_resolved() -> None:
    problem = only("gp_problem", Date="2012-03-20T00:00:00", Rubric="Cough", EndDate="2012-04-01T00:00:00")

    assert problem["clinicalStatus"]["coding"][0]["code"] == "resolved"
    assert problem["abatementDateTime"] == "2012-04-01"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("142", {"valueQuantity": {"value": 142}}),
        ("7.20", {"valueQuantity": {"value": Decimal("7.20")}}),
        ("<0.5", {"valueQuantity": {"value": Decimal("0.5"), "comparator": "<"}}),
        (">= 90", {"valueQuantity": {"value": 90, "comparator": ">="}}),
        ("Trace", {"valueString": "Trace"}),
        ("1/50", {"valueString": "1/50"}),
    ],
)
def test_a_result_is_a_number_to_the_digit_or_else_its_words(value: str, said: Json) -> None:
    observation = only("gp_observation", Date="2024-02-14T10:05:00", Rubric="Test", Value=value)

    assert {name: one for name, one in observation.items() if name.startswith("value")} == said
    assert str(observation.get("valueQuantity", {}).get("value", "")) == str(
        said.get("valueQuantity", {}).get("value", "")
    )


def test_a_unit_is_ucum_s_only_where_that_is_sure() -> None:
    def unit(word: str) -> Json:
        quantity: Json = only("gp_observation", Rubric="Test", Value="3", Units=word)["valueQuantity"]
        return quantity

    assert unit("mmHg") == {
        "value": 3,
        "unit": "mmHg",
        "system": "http://unitsofmeasure.org",
        "code": "mm[Hg]",
    }
    assert unit("units/day") == {"value": 3, "unit": "units/day"}


@pytest.mark.parametrize(
    ("local", "said"),
    [
        ("2024-02-14T10:05:00", "2024-02-14T10:05:00+00:00"),
        ("2024-07-14T10:05:00.250", "2024-07-14T10:05:00.250+01:00"),
        ("2024-07-14T00:00:00", "2024-07-14"),
        ("2024-07-14T00:00:00.001", "2024-07-14T00:00:00.001+01:00"),
    ],
)
def test_a_local_time_has_its_offset_and_midnight_is_a_day(local: str, said: str) -> None:
    assert only("gp_observation", Rubric="Test", Date=local)["effectiveDateTime"] == said


def test_narrative_escapes_what_the_source_wrote() -> None:
    encounter = only(
        "gp_encounter", Date="2024-02-14T10:05:00", Rubric="Seen", Notes="BP < 140 & ok\nFit\x07"
    )

    assert encounter["text"] == {
        "status": "additional",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml">BP &lt; 140 &amp; ok<br/>Fit</div>',
    }
    assert errors(encounter) == []


def test_uncoded_is_no_code() -> None:
    problem = only("gp_additional_problem", Rubric="Reduced mobility", ReadCode=".....")

    assert problem["code"] == {"text": "Reduced mobility"}


def test_an_alert_is_an_allergy_or_a_flag_by_its_category() -> None:
    allergy = only("alert", Category="Allergies", SubType="Codeine", Severity="Life threatening")
    risk = only(
        "alert", Category="Risks", SubType="Falls", Description="Use rails", EndDate="2024-02-29T00:00:00"
    )

    assert (allergy["resourceType"], allergy["criticality"], allergy["reaction"][0]["severity"]) == (
        "AllergyIntolerance",
        "high",
        "severe",
    )
    assert (risk["resourceType"], risk["code"]["text"], risk["status"]) == (
        "Flag",
        "Falls: Use rails",
        "inactive",
    )


def test_an_alert_entered_in_error_has_no_clinical_status() -> None:
    allergy = only("alert", Category="Allergies", SubType="Codeine", Status="Entered in error")

    assert "clinicalStatus" not in allergy
    assert allergy["verificationStatus"]["coding"][0]["code"] == "entered-in-error"


def test_a_repeat_medicine_is_a_statement_based_on_its_request() -> None:
    made = made_of("gp_medication_course", Rubric="ASPIRIN 75mg", MixtureId="M1", Quantity="84")

    assert [(one.resource["resourceType"], one.id(77)) for one in made] == [
        ("MedicationStatement", "77"),
        ("MedicationRequest", "77-medicationrequest"),
    ]
    statement, request = (one.resource for one in made)
    assert statement["basedOn"] == [{"reference": "MedicationRequest/77-medicationrequest"}]
    assert (request["intent"], request["status"]) == ("plan", "active")
    assert request["dispenseRequest"] == {"quantity": {"value": 84}}
    assert request["groupIdentifier"]["value"] == "M1"


def places(encounter: Json) -> list[tuple[str, str]]:
    """What kind of place each location is, and what it is called."""
    return [
        (one["physicalType"]["coding"][0]["code"], one["location"]["display"])
        for one in encounter["location"]
    ]


def test_a_stay_tells_ward_bay_and_bed_apart() -> None:
    stay = only("hospital_spell", SpellNumber="SP1", WardDesc="Ward 4B", Bay="1", Bed="3")
    move = only(
        "hospital_movement", FromWardDesc="Ward 4B", FromBed="3", ToWardDesc="Ward 5", ToBay="2", ToBed="7"
    )

    assert places(stay) == [("wa", "Ward 4B"), ("ro", "1"), ("bd", "3")]
    assert stay["location"][1]["physicalType"] == {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/location-physical-type",
                "code": "ro",
                "display": "Room",
            }
        ],
        "text": "Bay",
    }
    assert sorted(places(move)) == [
        ("bd", "3"),
        ("bd", "7"),
        ("ro", "2"),
        ("wa", "Ward 4B"),
        ("wa", "Ward 5"),
    ]
    assert sorted(one["location"]["display"] for one in move["location"] if "status" in one) == [
        "3",
        "Ward 4B",
    ]


@pytest.mark.parametrize(
    ("words", "coding"),
    [
        ("Computed tomography", {"code": "CT", "system": "http://dicom.nema.org/resources/ontology/DCM"}),
        ("Plain radiography", {}),
    ],
)
def test_a_study_has_the_code_of_its_modality_where_that_is_sure(words: str, coding: Json) -> None:
    made = made_of("radiology_report", Modality=words, ImageCount=2, ExaminationDate="2024-01-08T14:20:00")
    (study,) = [one.resource for one in made if one.resource["resourceType"] == "ImagingStudy"]

    assert study["modality"] == [coding | {"display": words}]


@pytest.mark.parametrize(
    ("store", "item"),
    [
        ("gp_test_result", {"RequestedBy": "Dr A Sen"}),
        ("radiology_report", {"ReferrerName": "Dr A Sen"}),
        ("pathology_report", {"OrderingParty": {"Name": "Dr A Sen"}}),
    ],
)
def test_who_asked_is_the_requester_of_the_request_not_its_name(store: str, item: Json) -> None:
    made = only(store, **item)
    (request,) = made["contained"]

    assert made["basedOn"] == [{"reference": f"#{request['id']}"}]
    assert request["requester"] == {"display": "Dr A Sen"}
    assert errors(made) == []


@pytest.mark.parametrize(
    ("store", "item", "said"),
    [
        ("child_immunisation", {"ProcedureDesc": "6-in-1 vaccination"}, "6-in-1 vaccination"),
        ("gp_immunisation", {"Rubric": "Influenza vaccination"}, "Influenza vaccination"),
        ("gp_immunisation", {"Rubric": "Vaccination", "VaccineName": "Fluenz Tetra"}, "Fluenz Tetra"),
    ],
)
def test_an_immunization_says_what_was_given(store: str, item: Json, said: str) -> None:
    given = {"Date": "2024-04-08T00:00:00", "GivenStatus": "Given"}
    (immunization,) = [one.resource for one in made_of(store, **given, **item)]
    assert immunization["vaccineCode"]["text"] == said
    assert not [one for one in check(immunization, type_name="Immunization") if one.is_error]


def test_an_admission_and_its_discharge_are_one_encounter() -> None:
    spell = {"SpellNumber": "SP1", "AdmissionDate": "2024-01-08T14:20:00", "WardDesc": "Ward 4B"}

    inside = only("hospital_spell", **spell, Status="Admitted")
    left = only(
        "hospital_spell",
        **spell,
        Status="Discharged",
        DischargeDate="2024-01-12T11:05:00",
        LastWardDesc="Ward 5",
        AdmissionMethodCode="21",
    )

    assert [(one["status"], places(one)) for one in (inside, left)] == [
        ("in-progress", [("wa", "Ward 4B")]),
        ("finished", [("wa", "Ward 5")]),
    ]
    assert left["hospitalization"]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "21"
    assert left["identifier"] == [
        {"system": "https://fhir.graphnethealth.com/Id/Local-Identifiers-RZ9", "value": "SP1"}
    ]


def test_an_appointment_names_the_patient_and_ends() -> None:
    appointment = only(
        "outpatient_appointment", AppointmentId="OP1", Date="2024-06-15T10:30:00", DurationMinutes=20
    )

    assert appointment["participant"] == [{"actor": {"reference": "Patient/2188"}, "status": "accepted"}]
    assert (appointment["start"], appointment["end"], appointment["status"]) == (
        "2024-06-15T10:30:00+01:00",
        "2024-06-15T10:50:00+01:00",
        "booked",
    )


def test_only_who_came_has_an_encounter() -> None:
    def types(code: str) -> list[str]:
        made = made_of("outpatient_appointment", Date="2024-02-15T10:30:00", AttendedCode=code)
        return [one.resource["resourceType"] for one in made]

    assert types("5") == ["Appointment", "Encounter"]
    assert types("3") == ["Appointment"]


def test_a_report_has_a_resource_for_every_result_and_organism() -> None:
    made = made_of(
        "pathology_report",
        Specimen={
            "SampleId": "24M1",
            "InvestigationDetailsList": [
                {"ResultList": [{"Value": "7.0"}, {"Value": "Clear", "Status": "P"}]},
            ],
            "CultureInvestigationDetailsList": [
                {"Type": {"Description": "Culture"}, "CultureResultList": []},
                {
                    "Type": {"Description": "Culture"},
                    "CultureResultList": [
                        {
                            "Organism": {"Description": "Escherichia coli"},
                            "SensitivityList": [{"Antibiotic": "Trimethoprim", "Result": "S"}],
                        }
                    ],
                },
            ],
        },
    )

    assert [one.id(77) for one in made] == [
        "77",
        "77-specimen",
        "77-observation-1",
        "77-observation-2",
        "77-culture-1",
        "77-culture-2",
    ]
    report, _, first, second, _, culture = (one.resource for one in made)
    assert report["specimen"] == [{"reference": "Specimen/77-specimen"}]
    assert [one["reference"] for one in report["result"]] == [
        f"Observation/77-{part}" for part in ("observation-1", "observation-2", "culture-1", "culture-2")
    ]
    assert (first["valueQuantity"], second["valueString"], second["status"]) == (
        {"value": Decimal("7.0")},
        "Clear",
        "preliminary",
    )
    assert culture["component"][0]["interpretation"][0]["coding"][0] == {
        "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
        "code": "S",
        "display": "Susceptible",
    }
    assert [fault for one in made for fault in errors(one.resource)] == []


def test_what_is_restricted_is_labelled_so() -> None:
    def is_labelled(store: str, **item: Any) -> bool:
        (main, *_) = made_of(store, **item)
        labels = [one["code"] for one in main.resource["meta"].get("security", ())]
        assert main.restricted == (labels == ["R"])
        return main.restricted

    assert is_labelled("mh_diagnosis", DiagnosisDescription="Made up")
    assert is_labelled("document", DocumentId="D1", Confidentiality="Restricted")
    assert is_labelled("community_contact", ContactId="C1", CareSetting="Mental health")
    assert not is_labelled("document", DocumentId="D1", Confidentiality="Normal")
    assert not is_labelled("community_contact", ContactId="C1", CareSetting="Community")


def test_a_document_leads_to_its_content_where_it_is_held() -> None:
    content = Content(78, "text/html", 512)
    held = About(2188, 77, SOURCE, datetime.date(2024, 3, 1), content)

    there = only("document", held, DocumentId="D1", MimeType="application/pdf", SizeBytes=9)
    absent = only("document", DocumentId="D1")

    assert there["content"] == [
        {"attachment": {"contentType": "text/html", "size": 512, "url": "Binary/78"}}
    ], "its bytes say what they are"
    assert absent["content"] == [{"attachment": {"title": "Not held"}}]
    assert errors(absent) == []


def test_rows_that_are_the_patient_s_own_are_no_resources() -> None:
    assert made_of("patient_address", AddressType="Home") == []
    assert made_of("communication_need", Category="Language", Description="Polish") == []
    assert made_of("child_immunisation", GivenStatus="Scheduled", Date="2024-04-08T00:00:00") == []


def test_the_top_and_meta_of_a_resource_are_its_own() -> None:
    first = only("gp_problem", Rubric="Cough")
    first["id"] = "spoilt"
    first["meta"]["versionId"] = "spoilt"
    first["meta"]["tag"].append("spoilt")

    assert "spoilt" not in str(only("gp_problem", Rubric="Cough"))
