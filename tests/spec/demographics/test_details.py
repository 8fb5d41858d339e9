"""Patient - Demographics: one source record, as its source has it."""

from typing import Any

import pytest

from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.samples import sample_of
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

SAMPLE = sample_of(DEMOGRAPHICS_DETAILS).item
SENT = {
    name: value
    for name, value in SAMPLE.items()
    if name not in ("PatientDetailId", "TenancyId", "TenancyDescription", "LastUpdatedDate")
}


def details(sandpit: Sandpit, patient_detail_id: int) -> dict[str, Any]:
    answer = sandpit.get(f"/demographics/patients/{patient_detail_id}/details")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_the_sample_comes_back_field_for_field(sandpit: Sandpit) -> None:
    line = patient_line("a", **SENT) | {"SourceUpdatedDate": SAMPLE["LastUpdatedDate"]}
    sandpit.load(tenancy_line(2, SAMPLE["TenancyDescription"]), line)
    patient_detail_id = sandpit.detail_id(2, "a")

    body = details(sandpit, patient_detail_id)

    assert body == SAMPLE | {"PatientDetailId": str(patient_detail_id)}
    assert list(body) == list(SAMPLE)


def test_each_linked_record_answers_for_itself_alone(sandpit: Sandpit) -> None:
    both = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}
    sandpit.load(tenancy_line(1), patient_line("g", Surname="Heritage", Forename="Doris", **both))
    sandpit.load(tenancy_line(2), patient_line("a", Surname="Archer", Title="Mrs", **both))

    gp, acute = (details(sandpit, sandpit.detail_id(*record)) for record in ((1, "g"), (2, "a")))

    assert (gp["Surname"], gp["Forename"], gp["Title"]) == ("Heritage", "Doris", None)
    assert (acute["Surname"], acute["Forename"], acute["Title"]) == ("Archer", None, "Mrs")


def test_a_source_that_names_no_time_is_dated_by_its_arrival(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("g"))
    patient_detail_id = sandpit.detail_id(1, "g")
    with sandpit.database.connect() as connection:
        connection.execute("UPDATE patient_index.patient_record SET updated_at = '2024-07-01T10:00:00.75Z'")

    # UK local time, which is an hour ahead in summer.
    assert details(sandpit, patient_detail_id)["LastUpdatedDate"] == "2024-07-01T11:00:00"


def test_decimals_of_a_second_are_kept(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("g") | {"SourceUpdatedDate": "2024-01-09T08:15:22.125"})

    body = details(sandpit, sandpit.detail_id(1, "g"))

    assert body["LastUpdatedDate"] == "2024-01-09T08:15:22.125"


def test_a_sensitive_address_telephone_and_practice_are_withheld(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(2), patient_line("a", **SENT | {"SensitiveAddress": "Yes", "Uprn": "100000000001"})
    )

    body = details(sandpit, sandpit.detail_id(2, "a"))

    withheld = [name for name in SENT if SENT[name] is not None and body[name] is None]
    assert withheld == [
        "HomeTelephone",
        "MobileTelephone",
        "AddressLine1",
        "AddressLine2",
        "AddressLine3",
        "PostCode",
        "GPCode",
        "GPName",
        "GPPracticeCode",
        "GPPracticeName",
    ]
    assert body["Uprn"] is None


def test_unknown_refused_and_hidden_records_answer_alike(sandpit: Sandpit) -> None:
    refusal = {
        "SharingType": "Local shared record",
        "Status": "Refused",
        "Scope": "Demographics",
        "StatusDate": "2024-01-01T00:00:00",
    }
    sandpit.load(tenancy_line(1), patient_line("g"), entry_line("g", "SharingStatusList", refusal))
    sandpit.load(tenancy_line(2), patient_line("a"))
    secret = sandpit.add_client("narrow", tenancies=[1])
    headers = sandpit.headers_of("narrow", secret, sandpit.subscribe("narrow").primary_key)

    answers = [
        sandpit.get(f"/demographics/patients/{number}/details", headers=headers)
        for number in (sandpit.detail_id(1, "g"), sandpit.detail_id(2, "a"), 999_999)
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({answer.json()["detail"] for answer in answers}) == 1


@pytest.mark.parametrize("query", ["?PageNumber=1", "?Surname=Heritage"])
def test_it_takes_no_parameters(sandpit: Sandpit, query: str) -> None:
    sandpit.load(tenancy_line(1), patient_line("g"))

    answer = sandpit.get(f"/demographics/patients/{sandpit.detail_id(1, 'g')}/details{query}")

    assert answer.status_code == 400


def test_the_audit_names_the_record_and_its_source(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("g"))
    patient_detail_id = sandpit.detail_id(1, "g")

    details(sandpit, patient_detail_id)

    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT event, patient_detail_ids, tenancies FROM audit.event WHERE operation_id IS NOT NULL"
        ).fetchall()
    assert rows == [("patient.read", [patient_detail_id], [1])]
