"""Orders: a summary row for each order, with the report that answers it; and one in full."""

from typing import Any

import pytest

from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}


def order(
    document_id: int, sample: str | None = "S1", code: str | None = "UE", **fields: Any
) -> dict[str, Any]:
    told = {
        "DocumentInformation__DocumentId": document_id,
        "Specimen__SampleId": sample,
        "Request__TypeOfRequest__Code": code,
        "Request__DateTime": f"2024-02-12T08:{document_id % 60:02}:00",
    }
    return sample_line("P-1", "orders", **(told | fields))


def report(
    document_id: int, sample: str | None = "S1", code: str | None = "UE", **fields: Any
) -> dict[str, Any]:
    told = {
        "DocumentInformation__DocumentId": document_id,
        "Specimen__SampleId": sample,
        "ResultTypeIdentifier__Code": code,
    }
    return sample_line("P-1", "PathologyResults", **(told | fields))


def load(sandpit: Sandpit, *lines: dict[str, Any], tenancy_id: int = 6) -> None:
    loaded = sandpit.load(tenancy_line(tenancy_id), patient_line("P-1", **SAME), *lines)
    assert loaded.rejects is None, loaded.rejects.read_text()


def orders(sandpit: Sandpit, query: str = "", tenancy_id: int = 6) -> Any:
    answer = sandpit.get(f"/pathology/patients/{sandpit.detail_id(tenancy_id, 'P-1')}/orders?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def results(sandpit: Sandpit) -> list[tuple[int, str, int | None]]:
    """Each order with whether it has a result, and which."""
    rows = orders(sandpit, "SortRequestDate=asc")["OrdersList"]
    return [(row["DocumentId"], row["HasResult"], row["ResultDocumentId"]) for row in rows]


def test_a_summary_is_drawn_from_the_order_in_full(sandpit: Sandpit) -> None:
    load(
        sandpit,
        sample_line("P-1", "orders", Status="In progress", PriorityDesc="Urgent"),
    )

    assert orders(sandpit) == {
        "OrdersList": [
            {
                "DocumentId": 900388,
                "RequestDate": "2024-02-12T08:05:00",
                "TypeOfRequestCode": "UE",
                "TypeOfRequestDesc": "Urea and electrolytes",
                "Department": "Biochemistry",
                "OrderingProvider": "Dr P Okafor",
                "Ward": "4B",
                "Site": "Eastvale General Hospital",
                "PriorityDesc": "Urgent",
                "Status": "In progress",
                "SampleId": "24B0012345",
                "HasResult": "No",
                "ResultDocumentId": None,
                "TenancyDescription": "Source 6",
            }
        ],
        "TotalItemCount": 1,
    }


OLD, NEW = {"Report__DateTime": "2024-02-12T10:00:00"}, {"Report__DateTime": "2024-02-13T10:00:00"}
ANSWERS: dict[str, tuple[list[dict[str, Any]], list[tuple[int, str, int | None]]]] = {
    "a report on its sample": ([order(1), report(71)], [(1, "Yes", 71)]),
    "no report": ([order(1)], [(1, "No", None)]),
    "a report on another sample": ([order(1), report(71, "S2")], [(1, "No", None)]),
    "neither has a sample": ([order(1, None), report(71, None)], [(1, "No", None)]),
    "the newest of two reports": ([order(1), report(71, **NEW), report(72, **OLD)], [(1, "Yes", 71)]),
    "not one that was cancelled": ([order(1), report(71, Report__Status="X")], [(1, "No", None)]),
    "two orders on one sample have each their own": (
        [order(1), order(2, code="FBC"), report(71), report(72, code="FBC")],
        [(1, "Yes", 71), (2, "Yes", 72)],
    ),
    "the report of the other order does not count": (
        [order(1), order(2, code="FBC"), report(72, code="FBC")],
        [(1, "No", None), (2, "Yes", 72)],
    ),
    "a report of what nobody ordered counts": (
        [order(1), report(71, code="U+E")],
        [(1, "Yes", 71)],
    ),
    "codes left out": ([order(1, code=None), report(71)], [(1, "Yes", 71)]),
}


@pytest.mark.parametrize(("lines", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_an_order_is_answered_by(
    sandpit: Sandpit, lines: list[dict[str, Any]], expected: list[tuple[int, str, int | None]]
) -> None:
    load(sandpit, *lines)

    assert results(sandpit) == expected


def test_a_report_of_a_linked_source_answers_it_too(sandpit: Sandpit) -> None:
    load(sandpit, order(1), tenancy_id=2)
    load(sandpit, report(71))

    assert results(sandpit) == [(1, "Yes", 71)]


def test_an_order_without_a_status_is_completed_once_it_has_a_result(sandpit: Sandpit) -> None:
    load(sandpit, order(1), order(2, "S2"), report(71))

    statuses = [row["Status"] for row in orders(sandpit, "SortRequestDate=asc")["OrdersList"]]

    assert statuses == ["Completed", "Requested"]


def test_an_order_without_a_time_is_dated_by_what_else_it_tells(sandpit: Sandpit) -> None:
    load(sandpit, order(1, Request__DateTime=None, Observation__DateTime="2024-02-11T07:00:00"))

    assert orders(sandpit)["OrdersList"][0]["RequestDate"] == "2024-02-11T07:00:00"


def test_summaries_sort_filter_and_page(sandpit: Sandpit) -> None:
    load(sandpit, order(1), order(2, "S2", Status="Cancelled"), order(3, "S3"), report(71))

    def ids(query: str) -> list[int]:
        return [row["DocumentId"] for row in orders(sandpit, query)["OrdersList"]]

    assert ids("") == [3, 2, 1]
    assert ids("FilterHasResult=Yes") == [1]
    assert ids("FilterDocumentId=2") == [2]
    assert ids("FilterStatus=cancel") == [2]
    assert ids("FilterRequestDateFrom=2024-02-12T08:02:00") == [3, 2]
    assert ids("SortStatus=asc&SortRequestDate=asc") == [2, 1, 3]
    assert ids("PageSize=1&PageNumber=2") == [2]
    assert orders(sandpit, "PageSize=1&PageNumber=9") == {"OrdersList": [], "TotalItemCount": 3}


def in_full(sandpit: Sandpit, document_id: str, tenancy_id: int = 6, patient: str = "P-1") -> Any:
    return sandpit.get(f"/pathology/patients/{sandpit.detail_id(tenancy_id, patient)}/orders/{document_id}")


def test_the_path_chooses_the_order_and_any_linked_id_gives_it(sandpit: Sandpit) -> None:
    load(sandpit, order(1), order(2, "S2"))
    load(sandpit, tenancy_id=1)

    answer = in_full(sandpit, "2")

    assert answer.json()["DocumentInformation"]["DocumentId"] == 2
    assert "Status" not in answer.json()
    assert in_full(sandpit, "2", tenancy_id=1).json() == answer.json()


@pytest.mark.parametrize(
    "document_id", ["3", "0", "-1", "1.0", "1e0", "one", "99999999999999999999", "%C2%B2"]
)
def test_an_order_that_the_patient_does_not_have_is_not_found(sandpit: Sandpit, document_id: str) -> None:
    load(sandpit, order(1))

    assert in_full(sandpit, document_id).status_code == 404


def test_an_order_of_another_patient_is_not_found_by_this_one(sandpit: Sandpit) -> None:
    load(sandpit, order(1), patient_line("P-2"))

    assert in_full(sandpit, "1", patient="P-2").status_code == 404


def test_two_sources_with_one_number_answer_with_the_order_changed_last(sandpit: Sandpit) -> None:
    changed = "DocumentInformation__LastUpdatedDate"
    load(sandpit, order(1, ClinicalInfo="older", **{changed: "2024-01-01T00:00:00"}))
    load(sandpit, order(1, ClinicalInfo="newer", **{changed: "2024-01-02T00:00:00"}), tenancy_id=2)

    assert in_full(sandpit, "1").json()["ClinicalInfo"] == "newer"
