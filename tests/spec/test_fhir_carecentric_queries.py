"""What callers of the CareCentric FHIR API ask, raised to R4: each query finds what it found there."""

from collections.abc import Iterator

import pytest

from carecord.db.embedded import Held
from tests.support.fhir import FHIRClient, fhir_of_a_module
from tests.support.sandpit import entry_line, patient_line, tenancy_line

ANN = {
    "Surname": "Madeupson",
    "Forename": "Annabel",
    "DateOfBirth": "1971-02-03",
    "Gender": "2",
    "NhsNumber": "9990000018",
    "NhsNumberVerificationStatus": "01",
}
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number|9990000018"
REPEAT = "https://fhir.graphnethealth.com/CodeSystem-PrescriptionType|R"
VERIFICATION = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    """Ann at a surgery, which sends the entries, and at a hospital."""
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        loaded = client.sandpit.load(
            tenancy_line(1),
            patient_line("ann", **ANN),
            _entry("GpRepeatMedicationsList", Rubric="ASPIRIN disp tabs 75mg", Date="2021-11-04T00:00:00"),
            _entry(
                "AlertsList",
                Category="Risks",
                AlertType="Clinical",
                SubType="At risk of falls",
                SubTypeSnomedCTCode="129839007",
                StartDate="2023-10-02T00:00:00",
                Status="Active",
            ),
            _entry(
                "GpImmunisationsList",
                Rubric="First dose of hepatitis B vaccine",
                SnomedCTCode="170370000",
                Date="2023-10-07T09:00:00",
                GivenStatus="Given",
            ),
        )
        assert loaded.rejected == 0
        client.sandpit.load(tenancy_line(2, system_kind="Acute"), patient_line("ann", **ANN))
        yield client


def _entry(collection: str, **item: str) -> dict[str, object]:
    return entry_line("ann", collection, item, SourceItemId=collection)


@pytest.mark.parametrize(
    "query",
    [
        f"MedicationStatement?status=active&prescription-type={REPEAT}",
        f"MedicationRequest?intent=plan&status=active&prescription-type={REPEAT}",
        "Flag?code=129839007",
        "Flag?code=http://snomed.info/sct|129839007",
        "Flag?category:text=risk",
        "Flag?date=ge2023-10-02&_sort=-date",
        "Immunization?immunization-procedure=http://snomed.info/sct|170370000",
        "Immunization?status=completed&date=2023-10-07",
    ],
)
def test_a_query_finds_the_one_that_it_asks_for(fhir: FHIRClient, query: str) -> None:
    answer = fhir.get(f"/{query}&patient.identifier={NHS_NUMBER}", Prefer="handling=strict")

    assert answer.status_code == 200, answer.text
    assert [one["resource"]["resourceType"] for one in answer.json()["entry"]] == [query.split("?")[0]]


@pytest.mark.parametrize(
    "query",
    [
        "Patient?identifier={}",
        f"Patient?nhsNumberVerificationStatus={VERIFICATION}|01",
        "Patient?nhsNumberVerificationStatus=01",
        "Patient?family:contains=adeup&given:exact=Annabel",
        "Patient?birthdate=1971-02-03&gender=female",
        "Patient?family=madeupson&getAllLinkedPatients=true",
    ],
)
def test_a_query_for_patients_finds_each_record_of_the_person(fhir: FHIRClient, query: str) -> None:
    answer = fhir.get(f"/{query.format(NHS_NUMBER)}", Prefer="handling=strict")

    assert answer.status_code == 200, answer.text
    found = {int(one["resource"]["id"]) for one in answer.json()["entry"]}
    assert found == {fhir.sandpit.detail_id(1, "ann"), fhir.sandpit.detail_id(2, "ann")}


def test_a_decision_on_resuscitation_stays_in_force_when_its_review_is_overdue(fhir: FHIRClient) -> None:
    """Who asks for flags of today must not miss it."""
    fhir.sandpit.load(
        tenancy_line(3),
        patient_line("bee", Surname="Otherperson"),
        entry_line(
            "bee",
            "EndOfLifePlansList",
            {
                "PlanId": "E-1",
                "PlanType": "ReSPECT",
                "Status": "Active",
                "CprDecision": "CPR attempts not recommended",
                "CprDecisionDate": "2024-03-12T15:00:00",
                "CprReviewDate": "2024-09-12",
                "CreatedDate": "2024-03-12T15:00:00",
            },
            SourceItemId="1",
        ),
    )
    patient = fhir.sandpit.detail_id(3, "bee")

    flags = fhir.get(f"/Flag?patient={patient}&date=ge2026-11-01").json()["entry"]

    assert [one["resource"]["status"] for one in flags] == ["active"]
    assert flags[0]["resource"]["period"] == {"start": "2024-03-12T15:00:00+00:00"}
