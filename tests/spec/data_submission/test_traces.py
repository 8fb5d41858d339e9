"""What every write leaves behind: its audit row, all of it or nothing, once however often it is sent."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from carecord.access.audit import EventName
from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import Operation
from tests.spec.data_submission.conftest import GP, NewSubmitter, Submitter, item
from tests.support.sandpit import Sandpit

COUGH = {"DiagnosisDate": "2023-06-05T00:00:00", "DiagnosisDescription": "Cough"}
ANN = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}


def _query(sandpit: Sandpit, statement: str) -> list[tuple[Any, ...]]:
    with sandpit.database.connect() as connection:
        return connection.execute(statement).fetchall()  # type: ignore[call-overload, no-any-return]


def _written(sandpit: Sandpit) -> list[tuple[Any, ...]]:
    return _query(
        sandpit,
        "SELECT event, client_id, patient_detail_ids, tenancies, outcome, reason FROM audit.event"
        " WHERE operation_id LIKE 'DataSubmission%' ORDER BY at",
    )


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation_id)
def test_the_audit_has_a_name_for_every_operation(operation: Operation) -> None:
    assert operation.event in set(EventName)


def test_every_write_is_in_the_audit_with_whose_record_it_changed(
    sources: Sandpit, engine: Submitter
) -> None:
    a = engine.new_record(**ANN)
    b = engine.new_record(PatientNumber="B", **ANN)
    engine.update(a, **ANN, Forename="Ann")
    told = engine.submit(a, item("D1", **COUGH)).json()
    engine.call("DELETE", f"/{a}/items/{told['ItemResults'][0]['ItemId']}")
    engine.call("DELETE", f"/{a}/links/{b}")
    engine.call("POST", f"/{a}/links", {"LinkedPatientDetailId": str(b)})
    engine.call("POST", f"/{a}/merge", {"MinorPatientDetailId": str(b)})

    who = ("engine",)
    assert _written(sources) == [
        ("record.submitted", *who, [a], [2], "allowed", "created"),
        ("record.submitted", *who, [b], [2], "allowed", "created"),
        ("record.submitted", *who, [a], [2], "allowed", "updated"),
        ("record.entries_submitted", *who, [a], [2], "allowed", "DiagnosesSummaryList"),
        ("record.entry_deleted", *who, [a], [2], "allowed", None),
        ("record.unlinked", *who, [a, b], [2], "allowed", None),
        ("record.linked", *who, [a, b], [2], "allowed", None),
        ("record.merged", *who, [a, b], [2], "allowed", None),
    ]


def test_a_refused_write_is_in_the_audit_too(sources: Sandpit, trust: Submitter, engine: Submitter) -> None:
    theirs = engine.new_record(TenancyId=GP)

    trust.submit(theirs, item("D1", **COUGH))
    trust.create(TenancyId=GP)

    assert _written(sources)[1:] == [
        ("record.entries_submitted", "trust", [theirs], [], "not found", "unknown_patient"),
        ("record.submitted", "trust", [], [], "refused", "tenancy_not_allowed"),
    ]


def test_a_change_that_cannot_be_written_down_is_not_made(sources: Sandpit, trust: Submitter) -> None:
    record = trust.new_record()
    with sources.database.connect() as connection:
        connection.execute("ALTER TABLE audit.event ADD CHECK (event NOT LIKE 'record.%') NOT VALID")

    statuses = [
        trust.create(PatientNumber="T-2").status_code,
        trust.submit(record, item("D1", **COUGH)).status_code,
    ]

    assert statuses == [500, 500]
    assert _query(sources, "SELECT count(*) FROM patient_index.patient_record") == [(1,)]
    assert _query(sources, "SELECT count(*) FROM clinical_store.entry") == [(0,)]


def test_a_client_without_the_scope_writes_nothing(sources: Sandpit) -> None:
    answer = sources.post("/data-submission/patients", {"TenancyId": 2})

    assert (answer.status_code, "data-submission.write" in answer.json()["detail"]) == (403, True)


@pytest.mark.parametrize("path", ["?Shoe=1", "/1/acute/DiagnosesSummaryList?PageSize=2", "/1/links?x="])
def test_a_query_is_refused(trust: Submitter, path: str) -> None:
    assert trust.call("POST", path, {}).status_code == 400


def test_a_body_that_is_too_large_is_not_read(sources: Sandpit, trust: Submitter) -> None:
    record = trust.new_record()
    over_a_usual_body = [item(f"D{n}", **COUGH, Comments="x" * 60_000) for n in range(20)]
    over_any_body = over_a_usual_body * 15

    assert trust.submit(record, *over_a_usual_body).status_code == 200
    assert trust.submit(record, *over_any_body).status_code == 413


def test_the_same_submission_sent_at_once_is_made_once(sources: Sandpit, trust: Submitter) -> None:
    record = trust.new_record()

    def send(_: int) -> bytes:
        answer = trust.submit(record, item(None, **COUGH), item("D2", **COUGH), SubmissionId="S1")
        assert answer.status_code == 200, answer.text
        return answer.content

    with ThreadPoolExecutor(6) as senders:
        replies = set(senders.map(send, range(12)))

    assert len(replies) == 1
    assert _query(sources, "SELECT count(*) FROM clinical_store.entry") == [(2,)]


def test_one_number_sent_at_once_makes_one_record(sources: Sandpit, trust: Submitter) -> None:
    with ThreadPoolExecutor(6) as senders:
        answers = list(senders.map(lambda _: trust.create(**ANN), range(12)))

    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.json()["PatientDetailId"] for answer in answers}) == 1


def test_two_clients_that_name_one_row_at_once_do_not_share_it(
    sources: Sandpit, submitter: NewSubmitter
) -> None:
    clients = [submitter(f"client-{n}") for n in range(4)]
    record = clients[0].new_record()

    with ThreadPoolExecutor(4) as senders:
        answers = list(senders.map(lambda client: client.submit(record, item("D1", **COUGH)), clients))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
