"""Un-merging: two records that a source had merged are two again, as if they had never been one."""

from typing import Any

import pytest

from carecord.catalogue.demographics import FIND_PATIENT
from carecord.kernel.errors import Conflict, NotFound
from carecord.patient_index import links, source_decisions
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

ANN = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Forename": "Ann", "Surname": "Archer"}
BOB = {"NhsNumber": "9991002006", "DateOfBirth": "1975-02-03", "Forename": "Bob", "Surname": "Marsh"}
SENNA = {"Date": "2021-11-04T00:00:00", "Rubric": "SENNA tabs 7.5mg"}
MAJOR, MINOR = (1, "major"), (1, "minor")


@pytest.fixture
def source(sandpit: Sandpit) -> Sandpit:
    """Two records of one source that nothing links, each with an entry."""
    loaded = sandpit.load(
        tenancy_line(1),
        patient_line("major", **ANN),
        patient_line("minor", **BOB),
        entry_line("major", "GpRepeatMedicationsList", SENNA),
        entry_line("minor", "GpRepeatMedicationsList", SENNA),
    )
    assert loaded.rejected == 0
    return sandpit


def merge(sandpit: Sandpit, into: tuple[int, str] = MAJOR, minor: tuple[int, str] = MINOR) -> None:
    with sandpit.database.connect() as connection, connection.transaction():
        source_decisions.merge_records(
            connection,
            sandpit.detail_id(*into),
            sandpit.detail_id(*minor),
            tenancy_id=1,
            decided_by="source",
            reason="duplicate",
        )


def unmerge(sandpit: Sandpit, major: tuple[int, str] = MAJOR, minor: tuple[int, str] = MINOR) -> list[int]:
    with sandpit.database.connect() as connection, connection.transaction():
        return source_decisions.unmerge_records(
            connection,
            sandpit.detail_id(*major),
            sandpit.detail_id(*minor),
            undone_by="operator",
            reason="wrong patient",
        )


def rows(sandpit: Sandpit, sql: str) -> list[Any]:
    with sandpit.database.connect() as connection:
        return connection.execute(sql).fetchall()  # type: ignore[call-overload, no-any-return]


def persons(sandpit: Sandpit) -> set[str]:
    found = rows(
        sandpit,
        "SELECT string_agg(source_key, ' ' ORDER BY source_key) FROM patient_index.patient_record"
        " GROUP BY person_id",
    )
    return {row[0] for row in found}


def numbers(sandpit: Sandpit) -> list[Any]:
    return rows(
        sandpit,
        "SELECT r.source_key, n.number, n.is_minor, n.valid_to IS NULL FROM patient_index.patient_number n"
        " JOIN patient_index.patient_record r USING (patient_detail_id) ORDER BY 1, 2",
    )


def entries(sandpit: Sandpit) -> list[Any]:
    return rows(sandpit, "SELECT xmin, e.* FROM clinical_store.entry e ORDER BY entry_id")


def test_after_a_merge_and_its_undoing_all_is_as_it_was(source: Sandpit) -> None:
    before = persons(source), numbers(source), entries(source)
    records = {one: source.detail_id(*one) for one in (MAJOR, MINOR)}

    merge(source)
    assert persons(source) == {"major minor"}
    assert entries(source) == before[2]
    bears_on = unmerge(source)

    assert (persons(source), numbers(source), entries(source)) == before
    assert {one: source.detail_id(*one) for one in records} == records
    assert bears_on == sorted(records.values())
    status = source.get(f"/demographics/patients/{records[MINOR]}/details").json()["RecordStatus"]
    assert status == "Active"
    assert rows(source, "SELECT decided_by, undone_by, undo_reason FROM patient_index.patient_merge") == [
        ("source", "operator", "wrong patient")
    ]


def test_each_is_found_by_its_own_number_again(source: Sandpit) -> None:
    merge(source)
    unmerge(source)

    def found(number: str) -> set[int]:
        answer = source.post(FIND_PATIENT.path, {"PatientNumber": number, "RetrieveMinorNumbers": True})
        return {int(row["PatientDetailId"]) for row in answer.json()["PatientsList"]}

    assert found("N-major") == {source.detail_id(*MAJOR)}
    assert found("N-minor") == {source.detail_id(*MINOR)}


DOUBLE = (1, "double")


@pytest.fixture
def agreeing(source: Sandpit) -> Sandpit:
    """A third record of the source, which agrees with the first."""
    source.load(tenancy_line(1), patient_line("double", **ANN))
    assert persons(source) == {"double major", "minor"}
    return source


def test_records_that_agree_stay_linked_by_weight(agreeing: Sandpit) -> None:
    merge(agreeing, MAJOR, DOUBLE)

    unmerge(agreeing, MAJOR, DOUBLE)

    assert persons(agreeing) == {"double major", "minor"}


@pytest.mark.parametrize("steward_first", [True, False], ids=["before the merge", "after the merge"])
def test_what_a_steward_joined_besides_stays_joined(source: Sandpit, *, steward_first: bool) -> None:
    def join() -> None:
        with source.database.connect() as connection, connection.transaction():
            both = source.detail_id(*MAJOR), source.detail_id(*MINOR)
            links.link(connection, *both, decided_by="steward", reason="one patient")

    if steward_first:
        join()
    merge(source)
    if not steward_first:
        join()

    unmerge(source)

    assert persons(source) == {"major minor"}


def test_a_bar_that_the_merge_overrode_is_in_force_again(agreeing: Sandpit) -> None:
    both = agreeing.detail_id(*MAJOR), agreeing.detail_id(*DOUBLE)
    with agreeing.database.connect() as connection, connection.transaction():
        links.tell_apart(connection, *both, decided_by="source", reason="two patients")
    assert persons(agreeing) == {"double", "major", "minor"}

    merge(agreeing, MAJOR, DOUBLE)
    assert persons(agreeing) == {"double major", "minor"}
    unmerge(agreeing, MAJOR, DOUBLE)

    assert persons(agreeing) == {"double", "major", "minor"}
    in_force = rows(
        agreeing,
        "SELECT decision, decided_by, reason FROM patient_index.link_decision"
        " WHERE superseded_at IS NULL AND rule = 'steward'",
    )
    assert in_force == [("not linked", "source", "two patients")]


def test_a_number_that_the_major_record_had_before_stays_its_own(source: Sandpit) -> None:
    line = patient_line("major", **ANN) | {"MinorNumbers": ["N-minor", "N-old"]}
    source.load(tenancy_line(1), line)

    merge(source)
    unmerge(source)

    assert [row[1] for row in numbers(source) if row[0] == "major"] == ["N-major", "N-minor", "N-old"]


def test_a_number_changed_while_merged_is_the_present_one_afterwards(source: Sandpit) -> None:
    merge(source)
    source.load(tenancy_line(1), patient_line("minor", **BOB, PatientNumber="N-new"))

    unmerge(source)

    assert [row[1:3] for row in numbers(source) if row[0] == "minor"] == [("N-minor", True), ("N-new", False)]
    assert [row[1] for row in numbers(source) if row[0] == "major"] == ["N-major"]


def test_merges_that_build_on_each_other_are_undone_the_last_first(source: Sandpit) -> None:
    source.load(tenancy_line(1), patient_line("third"))
    before = persons(source), numbers(source)
    merge(source)
    merge(source, (1, "third"), MAJOR)

    with pytest.raises(Conflict, match="that first"):
        unmerge(source)
    unmerge(source, (1, "third"), MAJOR)
    assert persons(source) == {"major minor", "third"}
    unmerge(source)

    assert (persons(source), numbers(source)) == before


def test_what_is_not_merged_cannot_be_undone(source: Sandpit) -> None:
    with pytest.raises(NotFound):
        unmerge(source)
    merge(source)
    with pytest.raises(NotFound):
        unmerge(source, MINOR, MAJOR)
    unmerge(source)
    with pytest.raises(NotFound):
        unmerge(source)


def test_records_can_be_merged_again_after_it(source: Sandpit) -> None:
    merge(source)
    first = persons(source), numbers(source)
    unmerge(source)
    merge(source)

    assert (persons(source), [row[:3] for row in numbers(source)]) == (
        first[0],
        [row[:3] for row in first[1]],
    )
