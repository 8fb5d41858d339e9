"""Worklists are listed, tell their columns, and answer by criteria; nobody is shown who may not be."""

from datetime import datetime
from typing import Any

import pytest

from carecord.kernel import local_time
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line
from tests.support.worklists import VISIT_DUE, column, criterion, row, worklist_line

NOW = datetime.fromisoformat("2026-11-04T10:00:00")
"""A Wednesday."""

LIST = "/worklists/WL-DN-HART"


@pytest.fixture(autouse=True)
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_time, "now", lambda: NOW)


def visits(sandpit: Sandpit, *dates: str | None, **more: Any) -> None:
    """A list with a visit on each of these dates, to a patient each: P-0, P-1 …"""
    sandpit.load(
        tenancy_line(3, "Community"),
        *(patient_line(f"P-{number}") for number in range(len(dates))),
        worklist_line(*(row(f"P-{number}", c3=when) for number, when in enumerate(dates)), **more),
    )


def asked(sandpit: Sandpit, *criteria: tuple[str, str], **more: Any) -> Any:
    criteria_sent = [{"CriteriaId": one, "SelectedValue": value} for one, value in criteria]
    return sandpit.post(f"{LIST}/data", {"DataRequestCriteria": criteria_sent} | more)


def cells(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.text
    return [[cell["Value"] for cell in one["Cells"]["Cell"]] for one in answer.json()["WorklistRows"]]


def test_a_list_is_shown_with_the_number_of_its_patients(sandpit: Sandpit) -> None:
    visits(
        sandpit,
        "2026-11-04T09:00:00",
        None,
        Description="Patients on the caseload by next visit",
        Category="Community",
        PatientListId=41,
        OwnerGroup="DN-HART",
        LastRefreshedDate="2026-11-04T06:00:00",
    )

    assert sandpit.get("/worklists").json() == {
        "WorklistsList": [
            {
                "WorklistId": "WL-DN-HART",
                "Name": "Hartley district nurses: visits due",
                "Description": "Patients on the caseload by next visit",
                "Category": "Community",
                "WorklistType": "Query",
                "PatientListId": 41,
                "OwnerGroup": "DN-HART",
                "PatientCount": 2,
                "LastRefreshedDate": "2026-11-04T06:00:00",
                "TenancyDescription": "Community",
            }
        ],
        "TotalItemCount": 1,
    }


def test_lists_come_by_name_and_sort_and_filter_like_any_other(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(3, "Community"),
        patient_line("P-1"),
        worklist_line(WorklistId="B", Name="beta", PatientListId=2, LastRefreshedDate="2026-11-01T06:00:00"),
        worklist_line(row("P-1"), WorklistId="A", Name="Alpha", PatientListId=1, WorklistType="Static"),
    )

    def ids(query: str = "") -> list[str]:
        return [one["WorklistId"] for one in sandpit.get(f"/worklists?{query}").json()["WorklistsList"]]

    assert ids() == ["A", "B"]
    assert ids("SortName=desc") == ["B", "A"]
    assert ids("SortPatientCount=desc") == ["A", "B"]
    assert ids("SortTenancyDescription=asc&SortName=desc") == ["B", "A"]
    assert ids("FilterPatientListId=2") == ["B"]
    assert ids("FilterWorklistType=stat") == ["A"]
    assert ids("FilterLastRefreshedDateTo=2026-11-01") == ["B"]
    assert ids("FilterTenancyDescription=acute") == []
    assert ids("PageSize=1&PageNumber=2") == ["B"]
    assert sandpit.get("/worklists?Colour=red").status_code == 400


def test_behaviour_gives_the_columns_as_they_were_sent(sandpit: Sandpit) -> None:
    visits(sandpit, DefaultResultsPerPage=10)

    assert sandpit.get(f"{LIST}/behaviour").json() == {
        "WorklistId": "WL-DN-HART",
        "ColumnDefinition": [VISIT_DUE],
        "Name": "Hartley district nurses: visits due",
        "DefaultResultsPerPage": 10,
        "TenancyDescription": "Community",
    }


def test_rows_come_by_the_column_to_sort_by_with_the_record_to_open(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(3, "Community"),
        patient_line("P-1", NhsNumber="9990123454"),
        patient_line("P-2"),
        worklist_line(row("P-1", c3="2026-11-05T09:00:00"), row("P-2", c3="2026-11-04T09:00:00")),
    )

    answer = asked(sandpit)

    assert answer.json() == {
        "WorklistRows": [
            {
                "PatientDetailId": str(sandpit.detail_id(3, "P-2")),
                "NhsNumber": None,
                "Cells": {"Cell": [{"ColumnId": "c3", "Value": "2026-11-04T09:00:00"}], "TotalItemCount": 1},
                "TenancyDescription": "Community",
            },
            {
                "PatientDetailId": str(sandpit.detail_id(3, "P-1")),
                "NhsNumber": "9990123454",
                "Cells": {"Cell": [{"ColumnId": "c3", "Value": "2026-11-05T09:00:00"}], "TotalItemCount": 1},
                "TenancyDescription": "Community",
            },
        ],
        "TotalItemCount": 2,
    }


OCTOBER = ["2026-10-31"]
NOVEMBER = [f"2026-11-0{day}" for day in (1, 2, 3, 4, 5, 8, 9)]
DATES = [*OCTOBER, *NOVEMBER, "2026-12-01", "2027-01-01"]
TIMES = [
    ("on-or-before", "Today", DATES[:5]),
    ("on-or-before", "This week", DATES[:7]),
    ("on-or-before", "this month", DATES[:8]),
    ("on-or-after", "This week", DATES[2:]),
    ("before", "This week", DATES[:2]),
    ("after", "This week", DATES[7:]),
    ("on", "This week", DATES[2:7]),
    ("on", "Yesterday", ["2026-11-03"]),
    ("on", "Tomorrow", ["2026-11-05"]),
    ("on", "Next week", ["2026-11-09"]),
    ("on", "Last week", ["2026-10-31", "2026-11-01"]),
    ("on", "Last month", ["2026-10-31"]),
    ("on", "Next month", ["2026-12-01"]),
    ("on", "Next year", ["2027-01-01"]),
    ("on", "This year", DATES[:9]),
    ("on-or-before", "2026-11-02", DATES[:3]),
    ("before", "2026-11-02", DATES[:2]),
    ("after", "2026-12-01T08:59:59", DATES[8:]),
    ("on-or-after", "2026-12-01T09:00:01", DATES[9:]),
    ("on", "2026-11-02T09:00:00", ["2026-11-02"]),
]


@pytest.mark.parametrize(("comparison", "value", "expected"), TIMES, ids=[" ".join(one[:2]) for one in TIMES])
def test_times_are_compared_by_the_end_of_the_criterion(
    sandpit: Sandpit, comparison: str, value: str, expected: list[str]
) -> None:
    due = column("c3", "DateTime", criterion(f"c3-{comparison}"), IsDefaultSort=True)
    visits(sandpit, *(f"{day}T09:00:00" for day in DATES), None, ColumnDefinition=[due])

    answer = asked(sandpit, (f"c3-{comparison}", value))

    assert cells(answer) == [[f"{day}T09:00:00"] for day in expected]
    assert answer.json()["TotalItemCount"] == len(expected)


OTHERS = [
    ("c1-equals", "ABBEY", ["Abbey"]),
    ("c1-contains", "b", ["Abbey", "abbot"]),
    ("c2-at-most", "3", ["Abbey", "abbot"]),
    ("c2-at-least", "3", ["abbot", "Zoë"]),
    ("c2-equals", "03", ["abbot"]),
    ("c4-equals", "True", ["Zoë"]),
]


@pytest.mark.parametrize(("criteria_id", "value", "expected"), OTHERS)
def test_words_numbers_and_truths_are_compared_as_what_they_are(
    sandpit: Sandpit, criteria_id: str, value: str, expected: list[str]
) -> None:
    columns = [
        column("c1", "String", criterion("c1-equals"), criterion("c1-contains"), IsDefaultSort=True),
        column("c2", "Integer", criterion("c2-at-most"), criterion("c2-at-least"), criterion("c2-equals")),
        column("c4", "Boolean", criterion("c4-equals")),
    ]
    sandpit.load(
        tenancy_line(3),
        *(patient_line(f"P-{number}") for number in range(4)),
        worklist_line(
            row("P-0", c1="Zoë", c2="10", c4="true"),
            row("P-1", c1="abbot", c2="3", c4="false"),
            row("P-2", c1="Abbey", c2="2"),
            row("P-3"),
            ColumnDefinition=columns,
        ),
    )

    assert [one[0] for one in cells(asked(sandpit, (criteria_id, value)))] == expected
    assert [one[0] for one in cells(asked(sandpit))] == ["Abbey", "abbot", "Zoë", None]


def test_all_criteria_must_hold_and_of_several_values_any(sandpit: Sandpit) -> None:
    columns = [
        column("c1", "String", criterion("c1-equals", "A", "B", "C", AllowAvailableValuesMultiselect=True)),
        column("c2", "Integer", criterion("c2-at-least")),
    ]
    sandpit.load(
        tenancy_line(3),
        *(patient_line(f"P-{number}") for number in range(3)),
        worklist_line(
            row("P-0", c1="A", c2="1"), row("P-1", c1="B", c2="5"), row("P-2", c1="C", c2="9"),
            ColumnDefinition=columns,
        ),
    )  # fmt: skip

    assert cells(asked(sandpit, ("c1-equals", "A"), ("c1-equals", "B"))) == [["A", "1"], ["B", "5"]]
    both = asked(sandpit, ("c1-equals", "A"), ("c1-equals", "B"), ("c2-at-least", "2"))
    assert cells(both) == [["B", "5"]]


def test_a_criterion_that_must_be_given_falls_back_on_its_default(sandpit: Sandpit) -> None:
    due = column(
        "c3", "DateTime", criterion("c3-on", IsMandatory=True, DefaultValue="Today"), IsDefaultSort=True
    )
    visits(sandpit, "2026-11-04T09:00:00", "2026-11-05T09:00:00", ColumnDefinition=[due])

    assert cells(asked(sandpit)) == [["2026-11-04T09:00:00"]]
    assert cells(asked(sandpit, ("c3-on", "Tomorrow"))) == [["2026-11-05T09:00:00"]]


def test_without_a_default_it_is_asked_for(sandpit: Sandpit) -> None:
    visits(sandpit, ColumnDefinition=[column("c3", "DateTime", criterion("c3-on", IsMandatory=True))])

    answer = asked(sandpit)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["DataRequestCriteria"]


def one_of(*criteria: dict[str, Any]) -> dict[str, Any]:
    return {"DataRequestCriteria": list(criteria)}


BY = {"CriteriaId": "c3-on-or-before"}
FIRST = "DataRequestCriteria[0]"
REFUSED: dict[str, tuple[Any, str]] = {
    "a criterion it does not have": (one_of({"CriteriaId": "c3-after"}), f"{FIRST}.CriteriaId"),
    "a criterion without an id": (one_of({"SelectedValue": "Today"}), f"{FIRST}.CriteriaId"),
    "another column": (one_of(BY | {"ColumnId": "c1"}), f"{FIRST}.ColumnId"),
    "words that are no time": (one_of(BY | {"SelectedValue": "Soon"}), f"{FIRST}.SelectedValue"),
    "the end of the calendar": (one_of(BY | {"SelectedValue": "9999-12-31"}), f"{FIRST}.SelectedValue"),
    "one criterion twice": (
        one_of(*[BY | {"SelectedValue": "Today"}] * 2),
        "DataRequestCriteria[1].CriteriaId",
    ),
    "a page before the first": ({"Page": 0}, "Page"),
    "a page too large": ({"ResultsPerPage": 201}, "ResultsPerPage"),
    "another list in the body": ({"WorklistId": "WL-OTHER"}, "WorklistId"),
    "a field it does not have": ({"Colour": "red"}, "Colour"),
    "a page that is no number": ({"Page": "1"}, "Page"),
}


@pytest.mark.parametrize(("body", "field"), REFUSED.values(), ids=REFUSED)
def test_a_body_that_breaks_a_rule_is_refused_by_field(sandpit: Sandpit, body: Any, field: str) -> None:
    visits(sandpit, "2026-11-04T09:00:00")

    answer = sandpit.post(f"{LIST}/data", body)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_body_of_the_known_sample_is_understood(sandpit: Sandpit) -> None:
    visits(sandpit, "2026-11-08T09:00:00", "2026-11-09T09:00:00")

    answer = sandpit.post(
        f"{LIST}/data",
        {
            "WorklistBehaviourResults": None,
            "WorklistId": "WL-DN-HART",
            "DataRequestCriteria": [
                {"CriteriaId": "c3-on-or-before", "ColumnId": "c3", "SelectedValue": "This week"}
            ],
            "Page": 1,
            "ResultsPerPage": 25,
        },
    )

    assert cells(answer) == [["2026-11-08T09:00:00"]]


def test_a_behaviour_sent_along_must_be_the_one_that_is_stored(sandpit: Sandpit) -> None:
    visits(sandpit, "2026-11-04T09:00:00")
    behaviour = sandpit.get(f"{LIST}/behaviour").json()
    known = {"WorklistId": behaviour["WorklistId"], "ColumnDefinition": behaviour["ColumnDefinition"]}

    assert asked(sandpit, WorklistBehaviourResults=known).status_code == 200
    changed = known | {"ColumnDefinition": [VISIT_DUE | {"Name": "Visited"}]}
    assert asked(sandpit, WorklistBehaviourResults=changed).status_code == 409
    assert asked(sandpit, WorklistBehaviourResults=known | {"WorklistId": "WL-OLD"}).status_code == 409


def test_pages_put_together_are_the_list_and_one_past_its_end_is_empty(sandpit: Sandpit) -> None:
    visits(sandpit, *(f"2026-11-0{day}T09:00:00" for day in range(1, 6)), DefaultResultsPerPage=2)

    pages = [asked(sandpit, Page=number).json() for number in (1, 2, 3, 4)]

    assert [len(page["WorklistRows"]) for page in pages] == [2, 2, 1, 0]
    assert [page["TotalItemCount"] for page in pages] == [5, 5, 5, 5]
    seen = [one["Cells"]["Cell"][0]["Value"] for page in pages for one in page["WorklistRows"]]
    assert seen == [f"2026-11-0{day}T09:00:00" for day in range(1, 6)]


def test_one_who_refuses_to_share_is_neither_shown_nor_counted(sandpit: Sandpit) -> None:
    visits(sandpit, "2026-11-04T09:00:00", "2026-11-05T09:00:00", "2026-11-06T09:00:00")
    refusal = {"SharingType": "Local shared record", "Status": "Refused", "Scope": "Whole record"}
    of_lists = refusal | {"Scope": "Worklists"}
    sandpit.load(
        tenancy_line(3, "Community"),
        entry_line("P-0", "SharingStatusList", refusal),
        entry_line("P-1", "SharingStatusList", of_lists),
    )

    assert cells(asked(sandpit)) == [["2026-11-06T09:00:00"]]
    assert asked(sandpit).json()["TotalItemCount"] == 1
    assert sandpit.get("/worklists").json()["WorklistsList"][0]["PatientCount"] == 1


def test_a_caller_of_other_sources_finds_no_such_list(sandpit: Sandpit) -> None:
    visits(sandpit, "2026-11-04T09:00:00")
    secret = sandpit.add_client("elsewhere", tenancies=[4])
    headers = sandpit.headers_of("elsewhere", secret, sandpit.subscribe("elsewhere").primary_key)

    assert sandpit.get("/worklists", headers=headers).json() == {"WorklistsList": [], "TotalItemCount": 0}
    assert sandpit.get(f"{LIST}/behaviour", headers=headers).status_code == 404
    assert sandpit.post(f"{LIST}/data", {}, headers=headers).status_code == 404
    assert sandpit.post("/worklists/NO-SUCH/data", {}).status_code == 404


def test_the_audit_names_the_records_that_were_shown(sandpit: Sandpit) -> None:
    visits(sandpit, "2026-11-04T09:00:00", "2026-11-09T09:00:00")

    asked(sandpit, ("c3-on-or-before", "Today"))

    with sandpit.database.connect() as connection:
        row = connection.execute(
            "SELECT patient_detail_ids, tenancies, outcome FROM audit.event"
            " WHERE operation_id = 'WorkList_PostWorklistData'"
        ).fetchone()
    assert row == ([sandpit.detail_id(3, "P-0")], [3], "allowed")
