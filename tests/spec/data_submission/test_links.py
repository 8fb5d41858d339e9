"""Link Patients, Unlink Patients and Merge Patients."""

from typing import Any

import pytest

from carecord.patient_index import links
from tests.spec.data_submission.conftest import GP, OTHER, TRUST, Submitter, errors_of, item
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

ANN = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Example", "Forename": "Ann"}
BOB = {"NhsNumber": "9991002006", "DateOfBirth": "1950-02-01", "Surname": "Other", "Forename": "Bob"}
COUGH = {"DiagnosisDate": "2023-06-05T00:00:00", "DiagnosisDescription": "Cough"}


def _link(client: Submitter, a: int, b: int, **more: Any) -> Any:
    return client.call("POST", f"/{a}/links", {"LinkedPatientDetailId": str(b)} | more)


def _unlink(client: Submitter, a: int, b: int) -> Any:
    return client.call("DELETE", f"/{a}/links/{b}")


def _merge(client: Submitter, major: int, minor: int, **more: Any) -> Any:
    return client.call("POST", f"/{major}/merge", {"MinorPatientDetailId": str(minor)} | more)


def _person(sandpit: Sandpit, record: int) -> set[int]:
    """The records that answer together."""
    answer = sandpit.get(f"/demographics/patients/{record}/linked-records")
    assert answer.status_code == 200, answer.text
    return {record} | {int(row["PatientDetailId"]) for row in answer.json()["LinkedRecordsList"]}


def _diagnoses(sandpit: Sandpit, record: int) -> int:
    answer = sandpit.get(f"/acute/patients/{record}/diagnoses-summary")
    total: int = answer.json()["TotalItemCount"]
    return total


def _decisions(sandpit: Sandpit) -> list[Any]:
    with sandpit.database.connect() as connection:
        return connection.execute(
            "SELECT decision, decided_by, reason FROM patient_index.link_decision"
            " WHERE superseded_at IS NULL ORDER BY decision_id"
        ).fetchall()


@pytest.fixture
def apart(engine: Submitter) -> tuple[int, int]:
    """Two records that nothing links; the trust's has an item."""
    trust = engine.new_record(**ANN)
    engine.submit(trust, item("D1", **COUGH))
    return trust, engine.new_record(TenancyId=GP, **BOB)


@pytest.fixture
def together(engine: Submitter) -> tuple[int, int]:
    """Two records that the rule links; the trust's has an item."""
    trust = engine.new_record(**ANN)
    engine.submit(trust, item("D1", **COUGH))
    return trust, engine.new_record(TenancyId=GP, **ANN)


def test_linked_records_answer_as_one(sources: Sandpit, engine: Submitter, apart: tuple[int, int]) -> None:
    a, b = apart

    answer = _link(engine, a, b, Reason="seen together")

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "PatientDetailId": str(a),
            "LinkedPatientDetailId": str(b),
            "Outcome": "Linked",
            "LinkedRecordCount": 2,
            "TenancyDescription": "Trust",
        },
    )
    assert (_person(sources, a), _diagnoses(sources, b)) == ({a, b}, 1)
    assert _decisions(sources) == [("linked", "client engine", "seen together")]


def test_linking_again_changes_nothing(sources: Sandpit, engine: Submitter, apart: tuple[int, int]) -> None:
    a, b = apart
    first = _link(engine, a, b)

    assert _link(engine, a, b).content == first.content
    assert _link(engine, b, a).status_code == 200
    assert len(_decisions(sources)) == 1


def test_unlinked_records_answer_apart_for_good(
    sources: Sandpit, engine: Submitter, together: tuple[int, int]
) -> None:
    a, b = together

    answer = _unlink(engine, a, b)
    engine.update(b, TenancyId=GP, **ANN | {"Forename": "Anne"})

    assert (answer.status_code, answer.json()["Outcome"], answer.json()["LinkedRecordCount"]) == (
        200,
        "Unlinked",
        1,
    )
    assert (_person(sources, a), _person(sources, b)) == ({a}, {b})
    assert (_diagnoses(sources, a), _diagnoses(sources, b)) == (1, 0)
    assert _unlink(engine, a, b).content == answer.content


def test_who_unlinked_two_may_link_them_again(
    sources: Sandpit, engine: Submitter, together: tuple[int, int]
) -> None:
    a, b = together
    _unlink(engine, a, b)

    assert _link(engine, a, b).status_code == 200
    assert _person(sources, a) == {a, b}


def test_records_that_are_not_linked_cannot_be_unlinked(engine: Submitter, apart: tuple[int, int]) -> None:
    assert _unlink(engine, *apart).status_code == 404


def test_a_decision_of_somebody_else_stands(sources: Sandpit, engine: Submitter, trust: Submitter) -> None:
    a, b = trust.new_record(PatientNumber="A", **ANN), trust.new_record(PatientNumber="B", **ANN)
    with sources.database.connect() as connection, connection.transaction():
        links.unlink(connection, [b], decided_by="steward", reason=None)
    barred = _link(trust, a, b)
    with sources.database.connect() as connection, connection.transaction():
        links.link(connection, a, b, decided_by="steward", reason=None)
    held = _unlink(engine, a, b)

    assert (barred.status_code, held.status_code) == (409, 409)
    assert _person(sources, a) == {a, b}


def test_a_client_links_records_of_its_own_sources_alone(
    trust: Submitter, engine: Submitter, apart: tuple[int, int]
) -> None:
    a, b = apart

    answers = [
        _link(trust, a, b),
        _link(trust, b, a),
        _unlink(trust, a, b),
        _merge(trust, a, b),
        _link(trust, a, 999_999),
    ]

    assert [one.status_code for one in answers] == [404] * 5
    assert errors_of(answers[0]) == {"LinkedPatientDetailId": "There is no such patient detail ID."}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "LinkedPatientDetailId"),
        ({"LinkedPatientDetailId": "x"}, 400, "LinkedPatientDetailId"),
        ({"LinkedPatientDetailId": 1}, 400, "LinkedPatientDetailId"),
        ({"LinkedPatientDetailId": "9" * 30}, 404, None),
        ({"LinkedPatientDetailId": "1"}, 422, "LinkedPatientDetailId"),
        ({"LinkedPatientDetailId": "2", "Reason": "x" * 1001}, 400, "Reason"),
        ({"LinkedPatientDetailId": "2", "Reason": " "}, 400, "Reason"),
    ],
)
def test_a_bad_link_is_refused(
    engine: Submitter, apart: tuple[int, int], body: dict[str, Any], status: int, field: str | None
) -> None:
    answer = engine.call("POST", "/1/links", body)

    assert (answer.status_code, list(errors_of(answer))) == (status, [field] if field else [])


# Merging


@pytest.fixture
def duplicates(trust: Submitter) -> tuple[int, int]:
    """Two records of the trust that nothing links; the second has an item."""
    major = trust.new_record(PatientNumber="MAJOR", **ANN)
    minor = trust.new_record(PatientNumber="MINOR", **BOB)
    trust.submit(minor, item("D1", **COUGH))
    return major, minor


def _found(sandpit: Sandpit, number: str, **criteria: Any) -> set[int]:
    answer = sandpit.post("/demographics/patients/search", {"PatientNumber": number} | criteria)
    assert answer.status_code == 200, answer.text
    return {int(row["PatientDetailId"]) for row in answer.json()["PatientsList"]}


def test_a_merged_record_answers_with_its_major_and_keeps_its_id(
    sources: Sandpit, trust: Submitter, duplicates: tuple[int, int]
) -> None:
    major, minor = duplicates

    answer = _merge(trust, major, minor, Reason="Duplicate registration")

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "PatientDetailId": str(major),
            "LinkedPatientDetailId": str(minor),
            "Outcome": "Merged",
            "LinkedRecordCount": 2,
            "TenancyDescription": "Trust",
        },
    )
    assert (_person(sources, major), _person(sources, minor)) == ({major, minor}, {major, minor})
    assert (_diagnoses(sources, major), _diagnoses(sources, minor)) == (1, 1)
    assert _merge(trust, major, minor).content == answer.content


def test_a_minor_number_is_found_when_minor_numbers_are_asked_for(
    sources: Sandpit, trust: Submitter, duplicates: tuple[int, int]
) -> None:
    major, minor = duplicates
    _merge(trust, major, minor)

    assert _found(sources, "MINOR") == set()
    assert _found(sources, "MINOR", RetrieveMinorNumbers=True) == {major, minor}
    assert _found(sources, "MAJOR") == {major}


def test_a_merge_is_told_by_both_records(
    sources: Sandpit, trust: Submitter, duplicates: tuple[int, int]
) -> None:
    major, minor = duplicates
    _merge(trust, major, minor)

    status = {
        record: sources.get(f"/demographics/patients/{record}/details").json()["RecordStatus"]
        for record in duplicates
    }
    rows = [
        sources.get(f"/demographics/patients/{record}/linked-records").json()["LinkedRecordsList"][0]
        for record in duplicates
    ]

    assert status == {major: "Active", minor: "Merged"}
    assert [(row["LinkType"], row["LinkMethod"]) for row in rows] == [
        ("Major", "Source merge"),
        ("Minor", "Source merge"),
    ]


def test_a_minor_record_may_be_named_by_its_number(
    sources: Sandpit, trust: Submitter, duplicates: tuple[int, int]
) -> None:
    major, minor = duplicates
    body = {"MinorPatientNumber": "MINOR"}

    first = trust.call("POST", f"/{major}/merge", body)
    again = trust.call("POST", f"/{major}/merge", body)

    assert (first.status_code, first.json()["LinkedPatientDetailId"]) == (200, str(minor))
    assert again.content == first.content


def test_a_later_feed_undoes_no_merge(sources: Sandpit, trust: Submitter) -> None:
    feed = (
        tenancy_line(TRUST, "Trust", "Acute"),
        patient_line("P1", **ANN, PatientNumber="MAJOR"),
        patient_line("P2", **BOB, PatientNumber="MINOR"),
    )
    sources.load(*feed)
    major, minor = sources.detail_id(TRUST, "P1"), sources.detail_id(TRUST, "P2")
    _merge(trust, major, minor)

    changed = patient_line("P2", **BOB, PatientNumber="MINOR", Title="Mr")
    sources.load(*feed[:2], changed)

    assert _person(sources, major) == {major, minor}
    assert _found(sources, "MINOR") == set()
    assert _found(sources, "MINOR", RetrieveMinorNumbers=True) == {major, minor}
    details = sources.get(f"/demographics/patients/{minor}/details").json()
    assert (details["RecordStatus"], details["Title"]) == ("Merged", "Mr")


def test_a_merge_holds_against_unlinking_updating_and_merging_again(
    engine: Submitter, duplicates: tuple[int, int]
) -> None:
    major, minor = duplicates
    third = engine.new_record(PatientNumber="THIRD")
    _merge(engine, major, minor)

    answers = [
        _unlink(engine, major, minor),
        _unlink(engine, minor, major),
        engine.update(minor, PatientNumber="MINOR"),
        engine.create(PatientNumber="MINOR"),
        _merge(engine, third, minor),
        _merge(engine, minor, third),
        _merge(engine, minor, major),
    ]

    assert [one.status_code for one in answers] == [409] * 7


def test_merges_go_on_from_record_to_record(
    sources: Sandpit, engine: Submitter, duplicates: tuple[int, int]
) -> None:
    major, minor = duplicates
    third = engine.new_record(PatientNumber="THIRD")
    gp = engine.new_record(TenancyId=GP, PatientNumber="G")
    _merge(engine, major, minor)

    _merge(engine, third, major)
    _link(engine, gp, third)
    parted = _unlink(engine, gp, third)

    assert parted.json()["LinkedRecordCount"] == 1
    assert _person(sources, minor) == {minor, major, third}
    assert _found(sources, "MINOR", RetrieveMinorNumbers=True) == {minor, major, third}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "MinorPatientDetailId"),
        ({"MinorPatientDetailId": "2", "MinorPatientNumber": "MINOR"}, 400, "MinorPatientDetailId"),
        ({"MinorPatientDetailId": "x"}, 400, "MinorPatientDetailId"),
        ({"MinorPatientNumber": ""}, 400, "MinorPatientNumber"),
        ({"MinorPatientNumber": "NOBODY"}, 404, "MinorPatientNumber"),
        ({"MinorPatientDetailId": "999999"}, 404, "MinorPatientDetailId"),
        ({"MinorPatientDetailId": "1"}, 422, "MinorPatientDetailId"),
        ({"MinorPatientNumber": "MAJOR"}, 422, "MinorPatientNumber"),
    ],
)
def test_a_bad_merge_is_refused(
    engine: Submitter, duplicates: tuple[int, int], body: dict[str, Any], status: int, field: str
) -> None:
    answer = engine.call("POST", f"/{duplicates[0]}/merge", body)

    assert (answer.status_code, list(errors_of(answer))) == (status, [field])


def test_records_of_two_sources_cannot_be_merged(engine: Submitter) -> None:
    one, other = engine.new_record(), engine.new_record(TenancyId=OTHER)

    answer = _merge(engine, one, other)

    assert (answer.status_code, list(errors_of(answer))) == (409, ["MinorPatientDetailId"])
