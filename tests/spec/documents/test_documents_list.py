"""All letters of a patient in one list: documents, GP documents and discharge summaries of every source."""

from typing import Any

from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}


def load(sandpit: Sandpit, *lines: dict[str, Any], tenancy_id: int = 2) -> None:
    loaded = sandpit.load(tenancy_line(tenancy_id), patient_line("P-1", **SAME), *lines)
    assert loaded.rejects is None, loaded.rejects.read_text()


def document(document_id: str, day: str, **fields: Any) -> dict[str, Any]:
    dated = {"DocumentId": document_id, "DocumentDate": f"{day}T10:00:00"}
    return sample_line("P-1", "DocumentsList", **dated, **fields)


def gp_document(document_id: str, day: str, **fields: Any) -> dict[str, Any]:
    return sample_line("P-1", "GpDocumentsList", DocumentId=document_id, Date=f"{day}T10:00:00", **fields)


def discharge_summary(document_id: str, day: str, **fields: Any) -> dict[str, Any]:
    dated = {"DocumentId": document_id, "DocumentDate": f"{day}T10:00:00"}
    return sample_line("P-1", "DischargeSummariesList", **dated, **fields)


def listed(sandpit: Sandpit, query: str = "", tenancy_id: int = 2, **options: Any) -> Any:
    path = f"/documents/patients/{sandpit.detail_id(tenancy_id, 'P-1')}/documents"
    answer = sandpit.get(f"{path}?{query}", **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: Any) -> list[str]:
    return [row["DocumentId"] for row in answer["DocumentsList"]]


def three_kinds(sandpit: Sandpit) -> None:
    load(
        sandpit,
        document("LETTER", "2024-01-03", Title="Clinic letter", DocumentTypeDesc="Letter"),
        discharge_summary("SUMMARY", "2024-01-02", Status="Amended", SpecialtyDesc="Cardiology"),
    )
    load(sandpit, gp_document("SCAN", "2024-01-01", Rubric="Scanned report", Title=None), tenancy_id=1)


def test_every_linked_id_lists_the_letters_of_all_sources_newest_first(sandpit: Sandpit) -> None:
    three_kinds(sandpit)

    assert ids(listed(sandpit)) == ["LETTER", "SUMMARY", "SCAN"]
    assert listed(sandpit, tenancy_id=1) == listed(sandpit, tenancy_id=2)
    assert listed(sandpit)["TotalItemCount"] == 3


def test_a_gp_document_and_a_discharge_summary_take_the_shape_of_a_document(sandpit: Sandpit) -> None:
    three_kinds(sandpit)

    letter, summary, scan = listed(sandpit)["DocumentsList"]

    assert list(letter) == list(summary) == list(scan)
    told = ("DocumentDate", "DocumentTypeDesc", "Status", "HasContent", "SpecialtyDesc", "TenancyDescription")
    assert [summary[name] for name in told] == [
        "2024-01-02T10:00:00",
        "Discharge summary",
        "Amended",
        "Yes",
        "Cardiology",
        "Source 2",
    ]
    assert [scan[name] for name in told] == [
        "2024-01-01T10:00:00",
        "Scanned report",
        "Final",
        "Yes",
        None,
        "Source 1",
    ]


def test_sorts_filters_and_pages_go_over_all_of_them(sandpit: Sandpit) -> None:
    three_kinds(sandpit)

    assert ids(listed(sandpit, "SortDocumentDate=asc")) == ["SCAN", "SUMMARY", "LETTER"]
    assert ids(listed(sandpit, "SortTenancyDescription=asc&SortDocumentTypeDesc=desc")) == [
        "SCAN",
        "LETTER",
        "SUMMARY",
    ]
    assert ids(listed(sandpit, "FilterDocumentTypeDesc=discharge")) == ["SUMMARY"]
    assert ids(listed(sandpit, "FilterDocumentDateTo=2024-01-02")) == ["SUMMARY", "SCAN"]
    second = listed(sandpit, "PageSize=1&PageNumber=2")
    assert (ids(second), second["TotalItemCount"]) == (["SUMMARY"], 3)


def test_a_summary_whose_letter_is_among_the_documents_is_named_once(sandpit: Sandpit) -> None:
    load(sandpit, document("DS-1", "2024-01-03", Title="The letter"), discharge_summary("DS-1", "2024-01-03"))

    answer = listed(sandpit)

    assert [row["Title"] for row in answer["DocumentsList"]] == ["The letter"]
    assert answer["TotalItemCount"] == 1


def test_a_restricted_letter_is_for_those_with_the_restricted_scope(sandpit: Sandpit) -> None:
    load(
        sandpit,
        document("OPEN", "2024-01-01", Confidentiality="Normal"),
        document("SECRET", "2024-01-02", Confidentiality="Restricted"),
        discharge_summary("SECRET", "2024-01-02"),
    )
    secret = sandpit.add_client("plain", scopes=["documents.read"])
    headers = sandpit.headers_of("plain", secret, sandpit.subscribe("plain").primary_key)

    plain = listed(sandpit, headers=headers)

    assert ids(listed(sandpit)) == ["SECRET", "OPEN"]
    assert (ids(plain), plain["TotalItemCount"]) == (["OPEN"], 1)


def test_what_is_not_shared_of_its_own_bundle_is_not_listed_here_either(sandpit: Sandpit) -> None:
    three_kinds(sandpit)
    load(
        sandpit,
        sample_line("P-1", "SharingStatusList", Status="Refused", Scope="GP"),
        tenancy_id=1,
    )

    assert ids(listed(sandpit)) == ["LETTER", "SUMMARY"]


def test_the_audit_tells_when_a_restricted_letter_was_shown(sandpit: Sandpit) -> None:
    load(
        sandpit,
        document("OPEN", "2024-01-01", Confidentiality="Normal"),
        document("SECRET", "2024-01-02", Confidentiality="Restricted"),
        sample_line("P-1", "content", DocumentId="OPEN"),
        sample_line("P-1", "content", DocumentId="SECRET"),
    )
    patient = f"/documents/patients/{sandpit.detail_id(2, 'P-1')}/documents"
    contents = [f"{patient}/{document_id}/content" for document_id in ("OPEN", "SECRET")]

    for path in (f"{patient}?FilterDocumentId=OPEN", patient, *contents):
        assert sandpit.get(path).status_code == 200

    with sandpit.database.connect() as connection:
        marks = connection.execute(
            "SELECT restricted FROM audit.event WHERE event = 'patient.read' ORDER BY seq"
        ).fetchall()
    assert [mark for (mark,) in marks] == [False, True, False, True]
