"""A source deletes its record of a patient: nobody is shown it, nothing is lost, and it can come back."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from carecord.bundles_api.handlers import handlers
from carecord.catalogue import OPERATIONS, submissions_by_target
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS, FIND_PATIENT, LINKED_RECORDS
from carecord.catalogue.model import ListOperation, Operation
from carecord.catalogue.worklists import WORKLISTS_LIST
from carecord.db.embedded import Held
from carecord.kernel.errors import Conflict, NotFound
from carecord.patient_index import deletion, links, overlays
from tests.support.postgres import new_database
from tests.support.samples import path_for, submission_of
from tests.support.sandpit import Sandpit, entry_line, open_sandpit, patient_line, tenancy_line
from tests.support.worklists import worklist_line

SERVED = handlers()
OF_A_PATIENT = [one for one in OPERATIONS if one in SERVED and "{patientDetailId}" in one.path]
READS = [one for one in OF_A_PATIENT if one.method == "GET"]
WRITES = [one for one in OF_A_PATIENT if one.method != "GET"]
STORES = {t: one for t, one in submissions_by_target.items() if one is not DEMOGRAPHICS_DETAILS}
SAME = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Forename": "Doris", "Surname": "Heritage"}
ASPIRIN = {"Date": "2021-11-04T00:00:00", "ReadCode": "bu23.", "Rubric": "ASPIRIN disp tabs 75mg"}


def by_id(operation: Operation) -> str:
    return operation.operation_id.split("_")[0] + "-" + operation.path.rsplit("/", 1)[-1].strip("{}")


def deletion_line(source_patient_id: str, updated: str | None = None) -> dict[str, Any]:
    line: dict[str, Any] = {"SourcePatientId": source_patient_id, "Deleted": True}
    return line if updated is None else line | {"SourceUpdatedDate": updated}


def dated(line: dict[str, Any], updated: str) -> dict[str, Any]:
    return line | {"SourceUpdatedDate": updated}


def every_kind_of_row(patient: str) -> list[dict[str, Any]]:
    return [
        entry_line(patient, target, submission_of(operation), SourceItemId=f"{patient}-{target}")
        for target, operation in STORES.items()
    ]


# Every face


@dataclass(frozen=True)
class Faces:
    """The sandpit; what each read of the record that stays said before the other went; a writer's headers."""

    sandpit: Sandpit
    before: dict[str, str]
    writer: dict[str, str]

    @property
    def stays(self) -> int:
        return self.sandpit.detail_id(1, "STAYS")

    @property
    def gone(self) -> int:
        return self.sandpit.detail_id(2, "GONE")


@pytest.fixture(scope="module")
def faces(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faces]:
    """A patient in two sources, with every kind of row and a worklist in each; the second deletes its record.

    Beside her what the reads of the first source's record showed before that.
    """
    with (
        new_database(migrated_template) as database,
        open_sandpit(database, tmp_path_factory.mktemp("deleted")) as sandpit,
    ):
        # The later of two single rows is shown: that of the record that goes.
        for tenancy_id, patient in ((1, "STAYS"), (2, "GONE")):
            loaded = sandpit.load(
                tenancy_line(tenancy_id),
                patient_line(patient, **SAME),
                *every_kind_of_row(patient),
                worklist_line(
                    WorklistId=f"list-{tenancy_id}",
                    PatientListId=tenancy_id,
                    Rows=[{"SourcePatientId": patient, "Cells": {}}],
                ),
            )
            assert loaded.rejects is None, loaded.rejects.read_text()
        before = {one.operation_id: _answer(sandpit, one) for one in READS}
        assert sandpit.load(tenancy_line(2), deletion_line("GONE")).rejected == 0
        client = sandpit.add_client("writer", scopes=["data-submission.write"]), sandpit.subscribe("writer")
        yield Faces(sandpit, before, sandpit.headers_of("writer", client[0], client[1].primary_key))


def _answer(sandpit: Sandpit, operation: Operation) -> Any:
    answer = sandpit.get(path_for(operation, sandpit.detail_id(1, "STAYS")), params=_whole_page(operation))
    assert answer.status_code == 200, answer.text
    return answer.text


def _whole_page(operation: Operation) -> dict[str, int]:
    return {"PageSize": 200} if isinstance(operation, ListOperation) else {}


@pytest.mark.parametrize("operation", READS, ids=by_id)
def test_a_deleted_record_reads_like_one_that_never_was(faces: Faces, operation: Operation) -> None:
    unknown = faces.sandpit.get(path_for(operation, 999_999))
    gone = faces.sandpit.get(path_for(operation, faces.gone))

    assert gone.status_code == unknown.status_code == 404
    own = {"instance": "", "traceId": ""}
    assert gone.json() | own == unknown.json() | own


@pytest.mark.parametrize("operation", READS, ids=by_id)
def test_no_read_of_the_person_shows_anything_of_a_deleted_record(faces: Faces, operation: Operation) -> None:
    before, now = faces.before[operation.operation_id], _answer(faces.sandpit, operation)

    assert "Source 2" not in now
    if isinstance(operation, ListOperation):
        assert "Source 2" in before


@pytest.mark.parametrize("operation", WRITES, ids=by_id)
def test_no_write_reaches_a_deleted_record(faces: Faces, operation: Operation) -> None:
    answers = []
    for record in (faces.gone, 999_999):
        path = operation.path.replace("{patientDetailId}", str(record))
        path = path.replace("{linkedPatientDetailId}", str(faces.stays))
        path = path.replace("{bundle}", "acute").replace("{collection}", "DiagnosesSummaryList")
        path = path.replace("{itemId}", "1")
        answers.append(
            faces.sandpit.http.request(operation.method, path, headers=faces.writer, json=_body_of(operation))
        )

    assert [one.status_code for one in answers] == [404, 404], answers[0].text


def _body_of(operation: Operation) -> dict[str, Any] | None:
    if operation.method == "DELETE":
        return None
    last = operation.path.rsplit("/", 1)[-1]
    if last == "links":
        return {"LinkedPatientDetailId": "1"}
    if last == "merge":
        return {"MinorPatientDetailId": "1"}
    if operation.method == "PUT":
        return {"TenancyId": 2, "PatientNumber": "N-GONE", "Surname": "Heritage", "DateOfBirth": "1946-05-17"}
    return {"Items": [{"SourceItemId": "1", "Item": {"Date": "2021-11-04T00:00:00"}}]}


@pytest.mark.parametrize(
    "criteria", [{"Surname": "Heritage"}, {"NhsNumber": SAME["NhsNumber"]}, {"PatientListId": 2}]
)
def test_find_patient_finds_no_deleted_record(faces: Faces, criteria: dict[str, Any]) -> None:
    answer = faces.sandpit.post(FIND_PATIENT.path, criteria)

    assert answer.status_code == 200, answer.text
    found = [row["PatientDetailId"] for row in answer.json()["PatientsList"]]
    assert found == ([] if "PatientListId" in criteria else [str(faces.stays)])
    assert "Source 2" not in answer.text


def test_linked_records_leave_a_deleted_record_out(faces: Faces) -> None:
    answer = faces.sandpit.get(path_for(LINKED_RECORDS, faces.stays))

    assert (answer.status_code, answer.json()["TotalItemCount"]) == (200, 0)


def test_worklists_leave_a_deleted_record_out(faces: Faces) -> None:
    lists = faces.sandpit.get(WORKLISTS_LIST.path).json()["WorklistsList"]
    rows = faces.sandpit.post(f"{WORKLISTS_LIST.path}/list-2/data", {"DataRequestCriteria": []})

    assert {one["WorklistId"]: one["PatientCount"] for one in lists} == {"list-1": 1, "list-2": 0}
    assert rows.json()["TotalItemCount"] == 0


# Coming and going


def row_of(sandpit: Sandpit, sql: str) -> Any:
    with sandpit.database.connect() as connection:
        return connection.execute(sql).fetchall()  # type: ignore[call-overload]


def persons(sandpit: Sandpit) -> set[str]:
    """Who is one person: the source keys of their records, those deleted in brackets."""
    rows = row_of(
        sandpit,
        "SELECT string_agg("
        "  CASE WHEN deleted_at IS NULL THEN source_key ELSE '(' || source_key || ')' END, ' '"
        "  ORDER BY source_key) FROM patient_index.patient_record GROUP BY person_id",
    )
    return {row[0] for row in rows}


@pytest.fixture
def three(sandpit: Sandpit) -> Sandpit:
    """A patient in three sources; the first record has an entry."""
    sandpit.load(
        tenancy_line(1), patient_line("a", **SAME), entry_line("a", "GpRepeatMedicationsList", ASPIRIN)
    )
    sandpit.load(tenancy_line(2), patient_line("b", **SAME))
    sandpit.load(tenancy_line(3), patient_line("c", **SAME))
    assert persons(sandpit) == {"a b c"}
    return sandpit


def test_a_deleted_record_leaves_its_person_and_comes_back_under_its_id(three: Sandpit) -> None:
    entries = row_of(three, "SELECT xmin, e.* FROM clinical_store.entry e")
    record = three.detail_id(1, "a")

    loaded = three.load(tenancy_line(1), deletion_line("a"))
    assert (loaded.patients, loaded.patients_deleted, loaded.patients_changed) == (1, 1, 0)
    assert persons(three) == {"(a)", "b c"}
    assert three.get(f"/gp/patients/{record}/gp-medications/repeat").status_code == 404

    three.load(tenancy_line(1), patient_line("a", **SAME))
    assert persons(three) == {"a b c"}
    assert three.detail_id(1, "a") == record
    assert three.get(f"/gp/patients/{record}/gp-medications/repeat").json()["TotalItemCount"] == 1
    assert row_of(three, "SELECT xmin, e.* FROM clinical_store.entry e") == entries


def test_while_it_is_deleted_nothing_links_with_it(three: Sandpit) -> None:
    three.load(tenancy_line(1), deletion_line("a"))

    three.load(tenancy_line(4), patient_line("d", **SAME))
    three.load(tenancy_line(2), patient_line("b", **SAME, Title="Mrs"))

    assert persons(three) == {"(a)", "b c d"}
    a = three.detail_id(1, "a")
    assert (
        row_of(
            three,
            "SELECT 1 FROM patient_index.link_decision"
            f" WHERE superseded_at IS NULL AND {a} IN (record_a, record_b)",
        )
        == []
    )


def test_entries_sent_for_a_deleted_record_are_stored_and_shown_when_it_is_back(three: Sandpit) -> None:
    three.load(tenancy_line(1), deletion_line("a"))
    later = entry_line("a", "GpRepeatMedicationsList", ASPIRIN | {"Rubric": "SENNA"})
    assert three.load(tenancy_line(1), later).rejected == 0

    three.load(tenancy_line(1), patient_line("a", **SAME))

    path = f"/gp/patients/{three.detail_id(3, 'c')}/gp-medications/repeat"
    assert three.get(path).json()["TotalItemCount"] == 2


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([("came", "2026-01-02"), ("went", "2026-01-03")], False),
        ([("went", "2026-01-03"), ("came", "2026-01-02")], False),
        ([("came", "2026-01-02"), ("went", "2026-01-01")], True),
        ([("went", "2026-01-01"), ("came", "2026-01-02")], True),
        ([("came", "2026-01-02"), ("went", "2026-01-03"), ("came", "2026-01-01")], False),
        ([("went", "2026-01-03"), ("went", "2026-01-05"), ("came", "2026-01-04")], False),
        ([("went", "2026-01-05"), ("went", "2026-01-03"), ("came", "2026-01-04")], False),
        ([("came", "2026-01-02"), ("went", "2026-01-03"), ("came", "2026-01-04")], True),
        ([("came", "2026-01-02"), ("came", "2026-01-04"), ("went", "2026-01-03")], True),
        ([("came", None), ("went", None)], False),
        ([("came", None), ("went", None), ("came", None)], True),
        ([("went", None), ("came", None)], True),
        ([("came", "2026-01-02"), ("went", None)], False),
        ([("came", "2026-01-02"), ("went", None), ("came", "2026-01-01")], False),
        ([("came", "2026-01-02"), ("went", "2026-01-03"), ("went", "2026-01-03")], False),
    ],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["in one file", "one by one"])
def test_of_lines_in_any_order_the_latest_counts(
    sandpit: Sandpit, lines: list[tuple[str, str | None]], *, shown: bool, at_once: bool
) -> None:
    def line(kind: str, day: str | None) -> dict[str, Any]:
        made = patient_line("a", **SAME) if kind == "came" else deletion_line("a")
        return made if day is None else dated(made, f"{day}T09:00:00")

    feed = [line(*one) for one in lines]
    sandpit.load(tenancy_line(1), patient_line("z"))
    for part in [feed] if at_once else [[one] for one in feed]:
        assert sandpit.load(tenancy_line(1), *part).rejected == 0

    found = sandpit.post(FIND_PATIENT.path, {"Surname": "Heritage"}).json()["TotalItemCount"]
    assert found == int(shown)


def test_loading_a_deletion_again_changes_nothing(three: Sandpit) -> None:
    feed = [
        tenancy_line(1),
        dated(patient_line("a", **SAME), "2026-01-02T09:00:00"),
        deletion_line("a", "2026-01-03T09:00:00"),
        deletion_line("never-sent", "2026-01-03T09:00:00"),
    ]
    three.load(*feed)
    tables = ("patient_record", "withdrawal", "link_decision", "patient_number")
    before = {table: row_of(three, f"SELECT xmin, t::text FROM patient_index.{table} t") for table in tables}

    three.load(*feed)

    assert {
        table: row_of(three, f"SELECT xmin, t::text FROM patient_index.{table} t") for table in tables
    } == before


def test_the_lowest_id_of_a_person_may_go(three: Sandpit) -> None:
    three.load(tenancy_line(1), deletion_line("a"))
    three.load(tenancy_line(2), deletion_line("b"))
    assert persons(three) == {"(a)", "(b)", "c"}

    three.load(tenancy_line(1), patient_line("a", **SAME))
    assert persons(three) == {"a c", "(b)"}


# What stewards said


def link(sandpit: Sandpit, *records: tuple[int, str]) -> None:
    with sandpit.database.connect() as connection, connection.transaction():
        a, b = (sandpit.detail_id(*one) for one in records)
        links.link(connection, a, b, decided_by="steward", reason="one patient")


def unlink(sandpit: Sandpit, record: tuple[int, str]) -> None:
    with sandpit.database.connect() as connection, connection.transaction():
        links.unlink(connection, [sandpit.detail_id(*record)], decided_by="steward", reason="two patients")


OTHER = {"NhsNumber": "9991002006", "DateOfBirth": "1975-02-03", "Forename": "Aisha", "Surname": "Khan"}
THIRD = {"NhsNumber": "9990548463", "DateOfBirth": "1999-12-24", "Forename": "Noor", "Surname": "Marsh"}


def test_a_steward_s_word_on_a_deleted_record_is_in_force_again_when_it_is_back(three: Sandpit) -> None:
    unlink(three, (1, "a"))
    three.load(tenancy_line(4), patient_line("x", **OTHER))
    link(three, (1, "a"), (4, "x"))
    assert persons(three) == {"a x", "b c"}

    three.load(tenancy_line(1), deletion_line("a"))
    assert persons(three) == {"(a)", "b c", "x"}
    three.load(tenancy_line(1), patient_line("a", **SAME))
    assert persons(three) == {"a x", "b c"}

    rows = row_of(
        three,
        "SELECT decision, count(*), count(*) FILTER (WHERE superseded_at IS NULL),"
        " count(DISTINCT decided_by) FROM patient_index.link_decision"
        " WHERE rule = 'steward' GROUP BY 1 ORDER BY 1",
    )
    # Two words, the same two said again, and two that held for x while a was gone, and no longer.
    assert rows == [("linked", 2, 1, 1), ("not linked", 6, 2, 1)]


def test_two_that_a_steward_joined_by_way_of_a_deleted_record_stay_one_person(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("a", **SAME))
    sandpit.load(tenancy_line(2), patient_line("x", **OTHER), patient_line("y", **THIRD))
    link(sandpit, (1, "a"), (2, "x"))
    link(sandpit, (1, "a"), (2, "y"))

    sandpit.load(tenancy_line(1), deletion_line("a"))

    assert persons(sandpit) == {"(a)", "x y"}
    sandpit.load(tenancy_line(1), patient_line("a", **SAME))
    assert persons(sandpit) == {"a x y"}


def test_who_was_parted_from_a_deleted_record_stays_parted_from_those_joined_with_it(three: Sandpit) -> None:
    """a is x by a steward's word and not b or c; a goes; x is corrected so that it agrees with b and c."""
    unlink(three, (1, "a"))
    three.load(tenancy_line(4), patient_line("x", **OTHER))
    link(three, (1, "a"), (4, "x"))

    three.load(tenancy_line(1), deletion_line("a"))
    three.load(tenancy_line(4), patient_line("x", **SAME))
    with three.database.connect() as connection, connection.transaction():
        overlays.decide(
            connection, three.detail_id(4, "x"), "same person", decided_by="steward", reason="corrected"
        )

    assert persons(three) == {"(a)", "b c", "x"}


def test_words_of_records_that_go_together_come_back_with_the_last_of_them(sandpit: Sandpit) -> None:
    sandpit.load(tenancy_line(1), patient_line("a", **SAME))
    sandpit.load(tenancy_line(2), patient_line("x", **OTHER))
    link(sandpit, (1, "a"), (2, "x"))
    sandpit.load(tenancy_line(1), deletion_line("a"))
    sandpit.load(tenancy_line(2), deletion_line("x"))

    sandpit.load(tenancy_line(1), patient_line("a", **SAME))
    assert persons(sandpit) == {"a", "(x)"}
    sandpit.load(tenancy_line(2), patient_line("x", **OTHER))

    assert persons(sandpit) == {"a x"}


def test_a_deleted_record_cannot_be_decided_on(three: Sandpit) -> None:
    three.load(tenancy_line(1), deletion_line("a"))

    with pytest.raises(NotFound):
        link(three, (1, "a"), (2, "b"))
    with pytest.raises(NotFound):
        unlink(three, (1, "a"))


# By hand


def test_a_record_is_deleted_and_restored_by_hand(three: Sandpit) -> None:
    record = three.detail_id(1, "a")
    with three.database.connect() as connection, connection.transaction():
        deletion.delete_record(
            connection, record, as_of="2026-10-01T09:00:00", deleted_by="me", reason="asked by the source"
        )
    three.load(tenancy_line(1), dated(patient_line("a", **SAME), "2026-09-01T09:00:00"))
    assert persons(three) == {"(a)", "b c"}

    with three.database.connect() as connection, connection.transaction():
        with pytest.raises(NotFound):
            deletion.delete_record(
                connection, record, as_of="2026-10-02T09:00:00", deleted_by="me", reason="x"
            )
        deletion.restore_record(connection, record)

    assert persons(three) == {"a b c"}
    assert row_of(
        three, "SELECT withdrawn_by, reason, returned_at IS NOT NULL FROM patient_index.withdrawal"
    ) == [("me", "asked by the source", True)]
    with three.database.connect() as connection, pytest.raises(Conflict):
        deletion.restore_record(connection, record)
    with three.database.connect() as connection, pytest.raises(NotFound):
        deletion.restore_record(connection, 999_999)
