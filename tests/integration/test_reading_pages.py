"""A page is what the caller may see of everyone linked, in order, with the true total."""

from typing import Any

import pytest

from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}
SOURCES = (1, 2, 3)
ROWS = 14


@pytest.fixture
def linked(sandpit: Sandpit) -> Sandpit:
    """One person in three sources, with as many rows in each, and another person."""
    for source in SOURCES:
        rows = [
            entry_line(
                "P-1",
                "GpRepeatMedicationsList",
                {"Date": f"2020-{1 + n % 12:02}-0{source}T00:00:00", "Rubric": f"{source}-{n:02}"},
            )
            for n in range(ROWS)
        ]
        other = [patient_line("P-2"), entry_line("P-2", "GpRepeatMedicationsList", {"Rubric": "other"})]
        loaded = sandpit.load(tenancy_line(source), patient_line("P-1", **SAME), *rows, *other)
        assert loaded.rejected == 0
    return sandpit


def page(
    sandpit: Sandpit, detail_id: int, query: str = "", **options: Any
) -> tuple[list[dict[str, Any]], int]:
    path = GP_REPEAT_MEDICATIONS.path.replace("{patientDetailId}", str(detail_id))
    answer = sandpit.get(f"{path}?{query}" if query else path, **options)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["GpRepeatMedicationsList"], body["TotalItemCount"]


def test_pages_put_together_are_the_whole_in_order(linked: Sandpit) -> None:
    detail_id = linked.detail_id(1, "P-1")
    whole, total = page(linked, detail_id, "PageSize=200")
    assert total == len(whole) == ROWS * len(SOURCES)
    assert [row["Date"] for row in whole] == sorted((row["Date"] for row in whole), reverse=True)
    assert "other" not in {row["Rubric"] for row in whole}
    for size in (1, 5, 25, 42, 43):
        pages = [page(linked, detail_id, f"PageSize={size}&PageNumber={n}") for n in range(1, 42 // size + 2)]
        assert [row for rows, _ in pages for row in rows] == whole
        assert {total for _, total in pages} == {total}


def test_a_page_past_the_end_is_empty_with_the_true_total(linked: Sandpit) -> None:
    assert page(linked, linked.detail_id(2, "P-1"), "PageNumber=99") == ([], ROWS * len(SOURCES))
    assert page(linked, linked.detail_id(2, "P-1"), "FilterRubric=nowhere&PageNumber=9") == ([], 0)


def test_a_caller_of_some_sources_sees_and_counts_their_rows_alone(linked: Sandpit) -> None:
    secret = linked.add_client("two", tenancies=[1, 3])
    headers = linked.headers_of("two", secret, linked.subscribe("two").primary_key)
    rows, total = page(linked, linked.detail_id(3, "P-1"), "PageSize=200", headers=headers)
    assert total == ROWS * 2
    assert {row["Rubric"][0] for row in rows} == {"1", "3"}
    hidden = linked.detail_id(2, "P-1")
    path = GP_REPEAT_MEDICATIONS.path.replace("{patientDetailId}", str(hidden))
    assert linked.get(path, headers=headers).status_code == 404


def test_the_audit_names_every_source_that_was_looked_at_rows_or_none(linked: Sandpit) -> None:
    page(linked, linked.detail_id(1, "P-1"), "FilterRubric=1-00")
    with linked.database.connect() as connection:
        row = connection.execute(
            "SELECT tenancies, patient_detail_ids FROM audit.event WHERE event = 'patient.read'"
        ).fetchone()
    assert row == ([1, 2, 3], [linked.detail_id(1, "P-1")])


def test_days_are_compared_as_days(linked: Sandpit) -> None:
    detail_id = linked.detail_id(1, "P-1")
    assert page(linked, detail_id, "FilterDate=2020-02-03")[1] == 2
    assert page(linked, detail_id, "FilterDateFrom=2020-12-01&FilterDateTo=2020-12-02")[1] == 2
