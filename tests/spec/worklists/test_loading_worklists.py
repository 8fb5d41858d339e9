"""A feed may hold worklists: each is checked against its own columns and takes the place of what it held."""

import json
from typing import Any

import psycopg
import pytest

from tests.support.sandpit import Sandpit, patient_line, tenancy_line
from tests.support.worklists import VISIT_DUE, column, criterion, row, worklist_line


def stored_rows(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT worklist_id, place, source_key, cells FROM clinical_store.worklist_row"
        " JOIN patient_index.patient_record USING (patient_detail_id) ORDER BY 1, 2"
    ).fetchall()


def test_a_list_holds_the_rows_it_was_sent_with_in_their_order(
    sandpit: Sandpit, connection: psycopg.Connection
) -> None:
    loaded = sandpit.load(
        tenancy_line(3),
        patient_line("P-1"),
        patient_line("P-2"),
        worklist_line(row("P-2", c3="2026-11-03T09:00:00"), row("P-1", c3=None)),
    )

    assert (loaded.worklists, loaded.rejected) == (1, 0)
    assert stored_rows(connection) == [
        ("WL-DN-HART", 1, "P-2", {"c3": "2026-11-03T09:00:00"}),
        ("WL-DN-HART", 2, "P-1", {"c3": None}),
    ]


def test_a_later_line_takes_the_place_of_what_the_list_held(
    sandpit: Sandpit, connection: psycopg.Connection
) -> None:
    sandpit.load(
        tenancy_line(3), patient_line("P-1"), patient_line("P-2"), worklist_line(row("P-1"), row("P-2"))
    )

    sandpit.load(tenancy_line(3), worklist_line(row("P-2"), Name="Renamed"))

    assert stored_rows(connection) == [("WL-DN-HART", 1, "P-2", {})]
    assert connection.execute("SELECT name FROM clinical_store.worklist").fetchall() == [("Renamed",)]


def test_the_same_line_again_changes_nothing(sandpit: Sandpit, connection: psycopg.Connection) -> None:
    lines = (tenancy_line(3), patient_line("P-1"), worklist_line(row("P-1")))
    sandpit.load(*lines)
    asked = "SELECT w.xmin::text, r.xmin::text FROM clinical_store.worklist w, clinical_store.worklist_row r"
    before = connection.execute(asked).fetchall()

    sandpit.load(*lines)

    assert connection.execute(asked).fetchall() == before


def test_the_view_of_patient_lists_names_each_record_once(
    sandpit: Sandpit, connection: psycopg.Connection
) -> None:
    sandpit.load(
        tenancy_line(3), patient_line("P-1"), worklist_line(row("P-1"), row("P-1"), PatientListId=41)
    )

    assert connection.execute("SELECT * FROM clinical_store.worklist_patient").fetchall() == [
        (41, sandpit.detail_id(3, "P-1"))
    ]


def columns(*columns: dict[str, Any]) -> dict[str, Any]:
    return worklist_line(ColumnDefinition=list(columns))


CRITERION = "Worklist.ColumnDefinition[0].SearchCriteria[0].CriteriaId"
SECOND_SORT = column("c1", "String", IsDefaultSort=True)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a patient nobody sent": (worklist_line(row("P-9")), "Worklist.Rows[0].SourcePatientId"),
    "a cell of no column": (worklist_line(row("P-1", c9="x")), "Worklist.Rows[0].Cells"),
    "a cell of another type": (worklist_line(row("P-1", c3="soon")), "Worklist.Rows[0].Cells"),
    "a type that no column has": (columns(column("c1", "Money")), "Worklist.ColumnDefinition[0].DataType"),
    "two columns of one id": (columns(VISIT_DUE, VISIT_DUE), "Worklist.ColumnDefinition"),
    "two columns to sort by": (columns(VISIT_DUE, SECOND_SORT), "Worklist.ColumnDefinition"),
    "no known comparison": (columns(column("c1", "String", criterion("c1-sounds-like"))), CRITERION),
    "a comparison of another type": (columns(column("c1", "String", criterion("c1-before"))), CRITERION),
    "a criterion of another column": (columns(column("c1", "String", criterion("c2-contains"))), CRITERION),
    "an id that no path can hold": (worklist_line(WorklistId="a/b"), "Worklist.WorklistId"),
    "an unknown key": (worklist_line(Owner="me"), "Worklist.Owner"),
    "a kind of list we do not have": (worklist_line(WorklistType="Magic"), "Worklist.WorklistType"),
    "a time that is none": (worklist_line(LastRefreshedDate="yesterday"), "Worklist.LastRefreshedDate"),
}


@pytest.mark.parametrize(("line", "field"), REFUSED.values(), ids=REFUSED)
def test_a_list_that_breaks_a_rule_is_refused_by_field(
    sandpit: Sandpit, connection: psycopg.Connection, line: dict[str, Any], field: str
) -> None:
    loaded = sandpit.load(tenancy_line(3), patient_line("P-1"), line)

    assert (loaded.worklists, loaded.rejected) == (0, 1)
    assert loaded.rejects is not None
    refused = json.loads(loaded.rejects.read_text())
    assert (refused["Line"], refused["Errors"][0]["Field"]) == (3, field)
    assert connection.execute("SELECT count(*) FROM clinical_store.worklist").fetchone() == (0,)


def test_a_source_cannot_take_the_list_or_the_patient_list_of_another(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(3), worklist_line(PatientListId=41))

    theirs = sandpit.load(
        tenancy_line(4), worklist_line(), worklist_line(WorklistId="OTHER", PatientListId=41)
    )

    assert theirs.rejects is not None
    fields = [json.loads(line)["Errors"][0]["Field"] for line in theirs.rejects.read_text().splitlines()]
    assert fields == ["Worklist.WorklistId", "Worklist.PatientListId"]
