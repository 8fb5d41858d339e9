"""Patient - Linked Records: the others of a person, and how each came to be linked."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from carecord.patient_index import links
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

DORIS = {
    "NhsNumber": "9990123454",
    "NhsNumberVerificationStatus": "01",
    "DateOfBirth": "1946-05-17",
    "Surname": "Heritage",
    "Forename": "Doris",
    "PostCode": "ZZ99 3CZ",
}


def ask(sandpit: Sandpit, patient_detail_id: int, query: str = "", **options: Any) -> dict[str, Any]:
    path = f"/demographics/patients/{patient_detail_id}/linked-records{query}"
    answer = sandpit.get(path, **options)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def load_four(sandpit: Sandpit) -> dict[str, int]:
    """Three records that agree, and a fourth that a steward has linked with one of them."""
    for tenancy_id, key in ((1, "g"), (2, "a"), (3, "c")):
        sandpit.load(tenancy_line(tenancy_id), patient_line(key, **DORIS))
    sandpit.load(tenancy_line(4), patient_line("s", Surname="Archer"))
    ids = {key: sandpit.detail_id(place, key) for place, key in enumerate("gacs", start=1)}
    with sandpit.database.connect() as connection, connection.transaction():
        links.link(connection, ids["c"], ids["s"], decided_by="steward jones", reason="test")
    return ids


def test_a_record_that_nothing_links_has_none(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("g", **DORIS))

    body = ask(sandpit, sandpit.detail_id(1, "g"))

    assert body == {"LinkedRecordsList": [], "TotalItemCount": 0}


def test_a_row_tells_whose_record_it_is_and_how_it_was_linked(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1, "Millbrook Surgery (GP record)"), patient_line("g", **DORIS))
    sandpit.load(tenancy_line(2), patient_line("a", **DORIS))
    gp, acute = sandpit.detail_id(1, "g"), sandpit.detail_id(2, "a")

    (row,) = ask(sandpit, acute)["LinkedRecordsList"]

    linked_at = datetime.fromisoformat(row.pop("LinkedDate"))
    now = datetime.now(ZoneInfo("Europe/London")).replace(tzinfo=None)
    assert abs((now - linked_at).total_seconds()) < 60
    assert row == {
        "PatientDetailId": str(gp),
        "LinkType": "Linked",
        "LinkMethod": "NHS number",
        "LinkScore": None,
        "LinkedBy": "carecord",
        "PatientNumber": "N-g",
        "NhsNumber": "9990123454",
        "NhsNumberVerificationStatus": "01",
        "Surname": "Heritage",
        "Forename": "Doris",
        "DateOfBirth": "1946-05-17",
        "PostCode": "ZZ99 3CZ",
        "TenancyId": 1,
        "TenancyDescription": "Millbrook Surgery (GP record)",
    }


def test_each_linked_id_shows_the_others_and_the_decision_that_joined_them(sandpit: Sandpit) -> None:
    ids = load_four(sandpit)
    by_id = {str(number): key for key, number in ids.items()}

    shown = {
        key: {
            by_id[row["PatientDetailId"]]: (row["LinkMethod"], row["LinkedBy"])
            for row in ask(sandpit, number)["LinkedRecordsList"]
        }
        for key, number in ids.items()
    }

    rule, hand = ("NHS number", "carecord"), ("By hand", "steward jones")
    assert shown == {
        "g": {"a": rule, "c": rule, "s": hand},
        "a": {"g": rule, "c": rule, "s": hand},
        "c": {"g": rule, "a": rule, "s": hand},
        "s": {"g": hand, "a": hand, "c": hand},
    }


def test_rows_are_sorted_filtered_and_paged_as_asked(sandpit: Sandpit) -> None:
    ids = load_four(sandpit)

    def tenancies(query: str) -> tuple[list[int], int]:
        body = ask(sandpit, ids["g"], query)
        return [row["TenancyId"] for row in body["LinkedRecordsList"]], body["TotalItemCount"]

    assert tenancies("?SortTenancyDescription=desc") == ([4, 3, 2], 3)
    assert tenancies("?SortTenancyDescription=asc") == ([2, 3, 4], 3)
    assert tenancies("?SortLinkType=asc&SortTenancyDescription=desc&PageSize=2") == ([4, 3], 3)
    assert tenancies("?SortTenancyDescription=asc&PageSize=2&PageNumber=2") == ([4], 3)
    assert tenancies("?PageNumber=9") == ([], 3)
    assert tenancies("?FilterLinkMethod=BY HAND") == ([4], 1)
    assert tenancies("?FilterPatientNumber=n-c") == ([3], 1)
    assert tenancies("?FilterTenancyDescription=source 2&FilterLinkType=linked") == ([2], 1)
    assert tenancies("?FilterLinkedDateTo=2020-01-01") == ([], 0)
    assert tenancies("?FilterLinkedDateFrom=2020-01-01&SortTenancyDescription=asc") == ([2, 3, 4], 3)
    day = ask(sandpit, ids["g"])["LinkedRecordsList"][0]["LinkedDate"][:10]
    assert tenancies(f"?FilterLinkedDate={day}&FilterLinkedDateTo={day}&SortTenancyDescription=asc")[1] == 3


def test_the_newest_link_comes_first(sandpit: Sandpit) -> None:
    ids = load_four(sandpit)
    with sandpit.database.connect() as connection:
        connection.execute(
            "UPDATE patient_index.link_decision"
            " SET decided_at = decided_at + make_interval(days => record_b::integer)"
        )

    rows = ask(sandpit, ids["g"])["LinkedRecordsList"]

    assert [int(row["PatientDetailId"]) for row in rows] == [ids["s"], ids["c"], ids["a"]]


@pytest.mark.parametrize("query", ["?SortSurname=asc", "?FilterPostCode=ZZ", "?SortLinkType=up", "?Page=1"])
def test_a_parameter_that_the_operation_does_not_have_is_refused(sandpit: Sandpit, query: str) -> None:
    sandpit.load(tenancy_line(1), patient_line("g", **DORIS))

    answer = sandpit.get(f"/demographics/patients/{sandpit.detail_id(1, 'g')}/linked-records{query}")

    assert answer.status_code == 400


def test_a_merge_at_the_source_tells_which_record_replaces_which(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(1),
        patient_line("old", PatientNumber="E098112", RecordStatus="Merged", **DORIS),
        patient_line("new", PatientNumber="E104477", **DORIS) | {"MinorNumbers": ["E098112"]},
    )
    old, new = sandpit.detail_id(1, "old"), sandpit.detail_id(1, "new")

    (of_new,) = ask(sandpit, new)["LinkedRecordsList"]
    (of_old,) = ask(sandpit, old)["LinkedRecordsList"]

    # As in FHIR's Patient.link: the record asked by replaces the row's, or was replaced by it.
    assert (of_new["PatientDetailId"], of_new["LinkType"]) == (str(old), "Major")
    assert (of_old["PatientDetailId"], of_old["LinkType"]) == (str(new), "Minor")
    assert {of_new["LinkMethod"], of_old["LinkMethod"]} == {"Source merge"}


def test_a_record_that_is_not_shared_is_neither_shown_nor_counted(sandpit: Sandpit) -> None:
    ids = load_four(sandpit)
    refusal = {
        "SharingType": "Local shared record",
        "Status": "Refused",
        "Scope": "Whole record",
        "StatusDate": "2024-01-01T00:00:00",
    }
    sandpit.load(tenancy_line(2), entry_line("a", "SharingStatusList", refusal))

    body = ask(sandpit, ids["g"])

    assert {int(row["PatientDetailId"]) for row in body["LinkedRecordsList"]} == {ids["c"], ids["s"]}
    assert body["TotalItemCount"] == 2
    refused = sandpit.get(f"/demographics/patients/{ids['a']}/linked-records")
    assert refused.status_code == 404


def test_a_client_sees_only_records_of_its_sources(sandpit: Sandpit) -> None:
    ids = load_four(sandpit)
    secret = sandpit.add_client("narrow", tenancies=[1, 4])
    headers = sandpit.headers_of("narrow", secret, sandpit.subscribe("narrow").primary_key)

    body = ask(sandpit, ids["g"], headers=headers)

    # What links the two stands in records that this client may not see; that they are linked, it may know.
    assert [int(row["PatientDetailId"]) for row in body["LinkedRecordsList"]] == [ids["s"]]
    hidden = sandpit.get(f"/demographics/patients/{ids['a']}/linked-records", headers=headers)
    unknown = sandpit.get("/demographics/patients/999999/linked-records", headers=headers)
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json()["detail"] == unknown.json()["detail"]


def test_a_sensitive_postcode_is_withheld(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("g", SensitiveAddress="Yes", **DORIS))
    sandpit.load(tenancy_line(2), patient_line("a", **DORIS))

    (row,) = ask(sandpit, sandpit.detail_id(2, "a"))["LinkedRecordsList"]

    assert row["PostCode"] is None


def test_the_audit_names_the_record_asked_by_and_those_shown(sandpit: Sandpit) -> None:
    ids = load_four(sandpit)

    ask(sandpit, ids["g"], "?FilterLinkMethod=By hand")

    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT patient_detail_ids, tenancies, outcome FROM audit.event WHERE operation_id IS NOT NULL"
        ).fetchall()
    assert rows == [([ids["g"], ids["s"]], [1, 4], "allowed")]
