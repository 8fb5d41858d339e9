"""$everything, $match and $summary: what FHIR operations tell of a person as a whole."""

from typing import Any

import pytest

from carecord.fhir_api.definitions.served import CARRIERS
from carecord.fhir_api.validating import check
from tests.support.fhir_clients import FHIRCaller, sign_in
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

ANN = {
    "Surname": "Madeupson",
    "Forename": "Annabel",
    "DateOfBirth": "1971-02-03",
    "Gender": "2",
    "PostCode": "ZZ1 1ZZ",
    "NhsNumber": "9990000018",
    "NhsNumberVerificationStatus": "01",
}
ACTIVE = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
NHS_NUMBER = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}


@pytest.fixture
def ids(sandpit: Sandpit) -> tuple[int, int]:
    """Ann's record at a surgery, with an active problem and an allergy, and her record at a hospital."""
    sandpit.load(
        tenancy_line(1),
        patient_line("ann", **ANN),
        entry_line(
            "ann",
            "ActiveProblemsCollection",
            {"Rubric": "Asthma", "Date": "2020-01-02T00:00:00"},
            SourceItemId="1",
        ),
        entry_line(
            "ann",
            "GpAllergiesList",
            {"Rubric": "Penicillin", "Date": "2021-01-02T00:00:00"},
            SourceItemId="2",
        ),
    )
    sandpit.load(tenancy_line(2, system_kind="Acute"), patient_line("ann", **ANN))
    return sandpit.detail_id(1, "ann"), sandpit.detail_id(2, "ann")


@pytest.fixture
def caller(sandpit: Sandpit) -> FHIRCaller:
    return sign_in(sandpit)


def told(resources: list[dict[str, Any]]) -> list[str]:
    return [f"{one['resourceType']}/{one['id']}" for one in resources]


def kinds(resources: list[dict[str, Any]]) -> list[str]:
    return [one["resourceType"] for one in resources]


def test_everything_is_of_all_linked_records_and_begins_with_the_patient_asked_for(
    caller: FHIRCaller, ids: tuple[int, int]
) -> None:
    surgery, hospital = ids

    found = caller.resources(f"/Patient/{hospital}/$everything")

    assert told(found)[:2] == [f"Patient/{hospital}", f"Patient/{surgery}"]
    assert kinds(found)[2:] == ["AllergyIntolerance", "Condition"]


def test_everything_brings_the_practitioners_that_the_record_refers_to(
    caller: FHIRCaller, ids: tuple[int, int]
) -> None:
    doctor = caller.create({"resourceType": "Practitioner", "name": [{"family": "Doctorson"}]})
    caller.create({"resourceType": "Practitioner", "name": [{"family": "Strangerson"}]})
    patient = caller.create({"resourceType": "Patient", "name": [{"family": "Otherson"}]})
    caller.create(observation(patient["id"], performer=[{"reference": f"Practitioner/{doctor['id']}"}]))

    answer = caller.get(f"/Patient/{patient['id']}/$everything").json()

    assert [(one["resource"]["resourceType"], one["search"]["mode"]) for one in answer["entry"]] == [
        ("Patient", "match"),
        ("Observation", "match"),
        ("Practitioner", "include"),
    ]
    assert answer["entry"][2]["resource"]["id"] == doctor["id"]
    assert answer["total"] == 2


def test_pages_of_everything_hold_each_resource_once(caller: FHIRCaller, ids: tuple[int, int]) -> None:
    whole = told(caller.resources(f"/Patient/{ids[0]}/$everything"))

    first = caller.get(f"/Patient/{ids[0]}/$everything?_count=1").json()

    assert len(first["entry"]) == 1
    assert told(caller.resources(f"/Patient/{ids[0]}/$everything?_count=1")) == whole


def test_everything_of_some_types_or_since_a_time_is_that_alone(
    caller: FHIRCaller, ids: tuple[int, int]
) -> None:
    address = f"/Patient/{ids[0]}/$everything"

    assert kinds(caller.resources(f"{address}?_type=Condition,Procedure")) == ["Condition"]
    assert caller.resources(f"{address}?_since=2100-01-01T00:00:00Z") == []


def test_a_parameter_of_everything_that_breaks_a_rule_is_named(caller: FHIRCaller) -> None:
    for query in ("_type=Nonsense", "_since=yesterday", "_count=0", "start=2020"):
        answer = caller.get(f"/Patient/1/$everything?{query}")

        assert answer.status_code == 400
        assert [one["expression"] for one in answer.json()["issue"]] == [[query.partition("=")[0]]]


def test_everything_of_a_source_that_the_client_may_not_see_is_neither_shown_nor_told_of(
    sandpit: Sandpit, ids: tuple[int, int]
) -> None:
    surgery, hospital = ids
    narrow = sign_in(sandpit, "narrow", tenancies=[2])

    found = narrow.resources(f"/Patient/{hospital}/$everything")

    assert told(found) == [f"Patient/{hospital}"]
    assert "link" not in found[0]
    assert narrow.get(f"/Patient/{surgery}/$everything").status_code == 404


def test_everything_is_of_the_types_that_the_scopes_reach(sandpit: Sandpit, ids: tuple[int, int]) -> None:
    narrow = sign_in(sandpit, "narrow", scopes=("system/Patient.r", "system/Condition.r"))

    assert kinds(narrow.resources(f"/Patient/{ids[0]}/$everything")) == ["Patient", "Patient", "Condition"]


def test_what_a_patient_refuses_to_share_is_in_no_everything(
    sandpit: Sandpit, caller: FHIRCaller, ids: tuple[int, int]
) -> None:
    with sandpit.database.connect() as connection:
        connection.execute("UPDATE patient_index.patient_record SET refused_bundles = '{gp}'")

    assert set(kinds(caller.resources(f"/Patient/{ids[0]}/$everything"))) == {"Patient"}


def matched(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [
        (one["resource"]["id"], one["search"]["extension"][0]["valueCode"])
        for one in answer.json().get("entry", ())
    ]


def ask_match(caller: FHIRCaller, patient: dict[str, Any], **more: Any) -> Any:
    parameters = [{"name": "resource", "resource": {"resourceType": "Patient"} | patient}]
    parameters += [{"name": name, **value} for name, value in more.items()]
    return caller.post("/Patient/$match", {"resourceType": "Parameters", "parameter": parameters})


ANN_AS_FHIR = {
    "identifier": [NHS_NUMBER],
    "name": [{"family": "Madeupson", "given": ["Annabel"]}],
    "birthDate": "1971-02-03",
}


def test_a_match_by_number_name_and_birth_is_certain_and_gives_every_record(
    caller: FHIRCaller, ids: tuple[int, int]
) -> None:
    answer = ask_match(caller, ANN_AS_FHIR)

    assert sorted(matched(answer)) == sorted([(str(one), "certain") for one in ids])
    assert all(one["search"]["score"] > 0.99 for one in answer.json()["entry"])


def test_a_match_by_a_misspelt_name_is_less_than_certain_and_left_out_where_only_certain_ones_count(
    caller: FHIRCaller, ids: tuple[int, int]
) -> None:
    misspelt = {"name": [{"family": "Madeupsen", "given": ["Anabel"]}], "birthDate": "1971-02-03"}

    grades = {grade for _, grade in matched(ask_match(caller, misspelt))}

    assert grades
    assert grades <= {"probable", "possible"}
    assert matched(ask_match(caller, misspelt, onlyCertainMatches={"valueBoolean": True})) == []
    assert len(matched(ask_match(caller, ANN_AS_FHIR, count={"valueInteger": 1}))) == 1


def test_a_match_that_tells_nobody_from_others_is_refused(caller: FHIRCaller) -> None:
    for patient in ({"name": [{"family": "Madeupson"}]}, {"birthDate": "1971-02-03", "gender": "female"}, {}):
        answer = ask_match(caller, patient)

        assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")
        assert "too little" in answer.json()["issue"][0]["diagnostics"]


def test_a_match_knows_nothing_of_sources_that_the_client_may_not_see(
    sandpit: Sandpit, ids: tuple[int, int]
) -> None:
    narrow = sign_in(sandpit, "narrow", tenancies=[2])

    assert [one for one, _ in matched(ask_match(narrow, ANN_AS_FHIR))] == [str(ids[1])]


def test_a_match_is_for_those_whose_scope_reaches_every_patient(
    sandpit: Sandpit, ids: tuple[int, int]
) -> None:
    narrow = sign_in(sandpit, "narrow", scopes=("system/Patient.rs?gender=female",))

    assert ask_match(narrow, ANN_AS_FHIR).status_code == 403


def section(composition: dict[str, Any], title: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in composition["section"] if one["title"] == title)
    return found


def test_a_summary_is_a_document_of_what_holds_now_and_says_where_nothing_is_known(
    caller: FHIRCaller, ids: tuple[int, int]
) -> None:
    document = caller.get(f"/Patient/{ids[0]}/$summary").json()
    composition = document["entry"][0]["resource"]

    assert (document["type"], composition["type"]["coding"][0]["code"]) == ("document", "60591-5")
    assert [one["title"] for one in composition["section"]] == [
        "Problem list",
        "Allergies and intolerances",
        "Medication summary",
    ]
    assert "Asthma" in section(composition, "Problem list")["text"]["div"]
    assert "Penicillin" in section(composition, "Allergies and intolerances")["text"]["div"]
    medication = section(composition, "Medication summary")
    assert medication["emptyReason"]["coding"][0]["code"] == "unavailable"


def test_a_summary_resolves_all_that_it_refers_to_and_keeps_the_rules_of_r4(
    caller: FHIRCaller, ids: tuple[int, int]
) -> None:
    document = caller.get(f"/Patient/{ids[0]}/$summary").json()
    held = {one["fullUrl"]: one["resource"] for one in document["entry"]}
    composition = document["entry"][0]["resource"]
    named = [composition["subject"], *composition["author"]]
    named += [one for part in composition["section"] for one in part.get("entry", ())]

    assert {one["reference"] for one in named} <= set(held)
    assert "Bundle" in CARRIERS
    assert [one for one in check(document, type_name="Bundle") if one.is_error] == []
    assert [
        issue
        for one in held.values()
        for issue in check(one, type_name=one["resourceType"])
        if issue.is_error
    ] == []


def test_a_summary_escapes_what_a_source_wrote(sandpit: Sandpit, caller: FHIRCaller) -> None:
    patient = caller.create({"resourceType": "Patient", "name": [{"family": "Markupson"}]})
    caller.create(
        {
            "resourceType": "AllergyIntolerance",
            "patient": {"reference": f"Patient/{patient['id']}"},
            "clinicalStatus": {"coding": [{"system": ACTIVE, "code": "active"}]},
            "code": {"text": "<script>alert(1)</script>"},
        }
    )

    composition = caller.get(f"/Patient/{patient['id']}/$summary").json()["entry"][0]["resource"]

    assert "&lt;script&gt;" in section(composition, "Allergies and intolerances")["text"]["div"]


def test_a_summary_says_which_sections_are_withheld_from_the_one_who_asks(
    sandpit: Sandpit, ids: tuple[int, int]
) -> None:
    narrow = sign_in(sandpit, "narrow", scopes=("system/Patient.r", "system/Condition.r"))

    composition = narrow.get(f"/Patient/{ids[0]}/$summary").json()["entry"][0]["resource"]

    assert section(composition, "Problem list")["entry"]
    allergies = section(composition, "Allergies and intolerances")
    assert allergies["emptyReason"]["coding"][0]["code"] == "withheld"


def observation(patient: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-01-02T03:04:05Z",
        "valueQuantity": {
            "value": 61,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    } | more
