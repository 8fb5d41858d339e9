"""Submit Items and Delete Item."""

from typing import Any

import pytest

from tests.spec.data_submission.conftest import GP, NewSubmitter, Submitter, errors_of, item, total
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

DEPRESSION = {
    "DiagnosisDate": "2023-06-05T00:00:00",
    "ICD10Code": "F32.1",
    "DiagnosisDescription": "Depression",
}
ANXIETY = {"DiagnosisDate": "2023-07-05T00:00:00", "ICD10Code": "F41.1", "DiagnosisDescription": "Anxiety"}
DIAGNOSES = "acute/DiagnosesSummaryList"


@pytest.fixture
def record(trust: Submitter) -> int:
    """A record of the trust without items."""
    return trust.new_record()


def _shown(sandpit: Sandpit, record: int) -> list[str | None]:
    answer = sandpit.get(f"/acute/patients/{record}/diagnoses-summary")
    assert answer.status_code == 200, answer.text
    return [row["DiagnosisDescription"] for row in answer.json()["DiagnosesSummaryList"]]


def test_what_is_submitted_is_read_at_once(sources: Sandpit, trust: Submitter, record: int) -> None:
    answer = trust.submit(record, item("D1", **DEPRESSION))

    results = answer.json()
    item_id = results["ItemResults"][0]["ItemId"]
    assert answer.status_code == 200
    assert item_id.isdigit()
    assert results == {
        "ItemResults": [
            {
                "SourceItemId": "D1",
                "ItemId": item_id,
                "Outcome": "Added",
                "Errors": [],
                "TenancyDescription": "Trust",
            }
        ],
        "TotalItemCount": 1,
    }
    assert _shown(sources, record) == ["Depression"]


def test_the_same_item_again_changes_nothing(sources: Sandpit, trust: Submitter, record: int) -> None:
    first = trust.submit(record, item("D1", **DEPRESSION), item(**ANXIETY)).json()

    again = trust.submit(record, item("D1", **DEPRESSION), item(**ANXIETY)).json()

    assert [one["Outcome"] for one in again["ItemResults"]] == ["Unchanged", "Unchanged"]
    assert [one["ItemId"] for one in again["ItemResults"]] == [one["ItemId"] for one in first["ItemResults"]]
    assert _versions(sources) == []


@pytest.mark.parametrize("named", ["D1", None], ids=["by its id", "by its natural key"])
def test_a_changed_item_takes_the_place_of_the_one_before_it(
    sources: Sandpit, trust: Submitter, record: int, named: str | None
) -> None:
    changed = DEPRESSION | {"DiagnosisDescription": "Moderate depression", "SnomedCTCode": None}
    trust.submit(record, item(named, **DEPRESSION))

    assert trust.outcomes(record, item(named, **changed)) == ["Replaced"]
    assert _shown(sources, record) == ["Moderate depression"]
    assert _versions(sources) == [("replaced", 1, "trust")]


@pytest.mark.parametrize(
    ("stored", "sent", "outcome"),
    [
        ("2024-03-01T10:00:00", "2024-02-28T10:00:00", "Ignored"),
        ("2024-03-01T10:00:00", "2024-03-01T10:00:00", "Replaced"),
        ("2024-03-01T10:00:00", None, "Replaced"),
        (None, "2024-02-28T10:00:00", "Replaced"),
    ],
)
def test_what_is_older_than_the_stored_is_ignored(
    trust: Submitter, record: int, stored: str | None, sent: str | None, outcome: str
) -> None:
    trust.submit(record, item("D1", stored, **DEPRESSION))

    assert trust.outcomes(record, item("D1", sent, **ANXIETY)) == [outcome]


def test_what_confirms_the_stored_makes_older_words_old(trust: Submitter, record: int) -> None:
    trust.submit(record, item("D1", "2024-01-01T00:00:00", **DEPRESSION))
    trust.submit(record, item("D1", "2024-03-01T00:00:00", **DEPRESSION))

    assert trust.outcomes(record, item("D1", "2024-02-01T00:00:00", **ANXIETY)) == ["Ignored"]


def test_one_bad_item_costs_one_item(sources: Sandpit, trust: Submitter, record: int) -> None:
    answer = trust.submit(
        record,
        item("D1", **DEPRESSION),
        item("D2", **ANXIETY | {"ICD10Code": "not a code", "SnomedCTCode": "310496003"}),
        item("D3", "yesterday", **ANXIETY),
        item("D1", **ANXIETY),
        item("", **ANXIETY),
        item("D6", **ANXIETY | {"TenancyDescription": "Surgery"}),
        item("D7", **ANXIETY | {"DiagnosisDate": "2999-01-01T00:00:00"}),
        {"SourceItemId": "D8", "Item": "text"},
        item("D9", **ANXIETY | {"DiagnosisDescription": "a\0b"}),
    )

    assert answer.status_code == 200
    told = [
        (one["Outcome"], one["ItemId"] is None, sorted({error["Field"] for error in one["Errors"]}))
        for one in answer.json()["ItemResults"]
    ]
    assert told == [
        ("Added", False, []),
        ("Rejected", True, ["Item.ICD10Code", "Item.SnomedCTCode"]),
        ("Rejected", True, ["SourceUpdatedDate"]),
        ("Rejected", True, ["SourceItemId"]),
        ("Rejected", True, ["SourceItemId"]),
        ("Rejected", True, ["Item.TenancyDescription"]),
        ("Rejected", True, ["Item.DiagnosisDate"]),
        ("Rejected", True, ["Item"]),
        ("Rejected", True, ["Item"]),
    ]
    assert _shown(sources, record) == ["Depression"]


def test_a_submission_in_which_nothing_holds_is_refused_and_names_every_rule(
    sources: Sandpit, trust: Submitter, record: int
) -> None:
    answer = trust.submit(
        record, item("D1", **DEPRESSION | {"ICD10Code": "x"}), item("D2", Shoe=1), SubmissionId="S1"
    )

    assert answer.status_code == 422
    assert set(errors_of(answer)) == {"Items[0].Item.ICD10Code", "Items[1].Item.Shoe"}
    assert _shown(sources, record) == []
    assert trust.submit(record, item("D1", **DEPRESSION), SubmissionId="S1").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"Items": [item(f"D{n}", **DEPRESSION) for n in range(501)]}, 413, "Items"),
        ({"Items": []}, 422, "Items"),
        ({}, 422, "Items"),
        ({"Items": [{"SourceItemId": "D1"}]}, 400, "Items[0].Item"),
        ({"Items": [{"Item": {}, "Shoe": 1}]}, 400, "Items[0].Shoe"),
        ({"Items": {}}, 400, "Items"),
        ({"Shoe": 1}, 400, "Shoe"),
        ({"Items": [item("D1", **DEPRESSION)], "ReplaceAll": "yes"}, 400, "ReplaceAll"),
        ({"Items": [item("D1", **DEPRESSION)], "SubmissionId": ""}, 400, "SubmissionId"),
        ({"Items": [item("D1", **DEPRESSION)], "SubmissionId": "x" * 201}, 400, "SubmissionId"),
        ([], 400, "body"),
    ],
)
def test_a_bad_body_is_refused_whole(
    trust: Submitter, record: int, body: Any, status: int, field: str
) -> None:
    answer = trust.call("POST", f"/{record}/{DIAGNOSES}", body)

    assert (answer.status_code, list(errors_of(answer))) == (status, [field])


@pytest.mark.parametrize(
    "to",
    [
        "community-mental-health/NoSuchList",
        "gp/DiagnosesSummaryList",
        "demographics/details",
        "pathology/OrdersList",
        "data-submission/ItemResults",
    ],
)
def test_what_takes_no_items_is_not_found(trust: Submitter, record: int, to: str) -> None:
    assert trust.submit(record, item("D1", **DEPRESSION), to=to).status_code == 404


def test_a_record_of_another_source_is_not_found(trust: Submitter, engine: Submitter) -> None:
    theirs = engine.new_record(TenancyId=GP)

    answers = [trust.submit(one, item("D1", **DEPRESSION)) for one in (theirs, 999_999)]

    assert [(one.status_code, one.json()["detail"]) for one in answers] == [
        (404, "There is no such patient detail ID.")
    ] * 2


# The same submission again


def test_the_same_submission_again_gets_the_same_reply(
    sources: Sandpit, trust: Submitter, record: int
) -> None:
    first = trust.submit(record, item("D1", **DEPRESSION), SubmissionId="S1")

    again = trust.submit(record, item("D1", **DEPRESSION), SubmissionId="S1")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert _shown(sources, record) == ["Depression"]


def test_a_submission_id_belongs_to_one_submission_of_one_client(
    trust: Submitter, engine: Submitter, record: int
) -> None:
    trust.submit(record, item("D1", **DEPRESSION), SubmissionId="S1")

    other_body = trust.submit(record, item("D1", **ANXIETY), SubmissionId="S1")
    other_client = engine.submit(record, item("E1", **DEPRESSION), SubmissionId="S1")

    assert (other_body.status_code, list(errors_of(other_body))) == (409, ["SubmissionId"])
    assert other_client.status_code == 200


def test_a_reply_is_forgotten_after_a_week(sources: Sandpit, trust: Submitter, record: int) -> None:
    trust.submit(record, item("D1", **DEPRESSION), SubmissionId="S1")
    _execute(sources, "UPDATE clinical_store.submission SET made_at = now() - interval '7 days 1 second'")

    assert trust.outcomes(record, item("D1", **DEPRESSION), SubmissionId="S1") == ["Unchanged"]


# Whose rows


def test_rows_of_a_feed_and_of_other_clients_stay_as_they_are(
    sources: Sandpit, trust: Submitter, engine: Submitter
) -> None:
    sources.load(
        tenancy_line(2, "Trust", "Acute"),
        patient_line("P1"),
        entry_line("P1", "DiagnosesSummaryList", DEPRESSION, SourceItemId="F1"),
    )
    record = sources.detail_id(2, "P1")
    theirs = engine.submit(record, item("E1", **ANXIETY)).json()["ItemResults"][0]["ItemId"]
    feeds = _entry_id(sources, "id:F1")

    mixed = trust.submit(
        record, item("F1", **ANXIETY), item("E1", **DEPRESSION), item("T1", **ANXIETY)
    ).json()
    none_own = trust.submit(record, item("F1", **ANXIETY), item("E1", **DEPRESSION))
    deleted = [trust.call("DELETE", f"/{record}/items/{one}").status_code for one in (theirs, feeds)]
    emptied = trust.submit(record, item("T1", **ANXIETY), ReplaceAll=True)

    assert [(one["Outcome"], one["ItemId"] is None) for one in mixed["ItemResults"]] == [
        ("Rejected", True),
        ("Rejected", True),
        ("Added", False),
    ]
    assert none_own.status_code == 409
    assert list(errors_of(none_own)) == ["Items[0].SourceItemId", "Items[1].SourceItemId"]
    assert deleted == [403, 403]
    assert emptied.status_code == 200
    assert sorted(filter(None, _shown(sources, record))) == ["Anxiety", "Anxiety", "Depression"]


def test_replace_all_deletes_what_is_not_sent(sources: Sandpit, trust: Submitter, record: int) -> None:
    trust.submit(record, item("D1", **DEPRESSION), item("D2", **ANXIETY))

    assert trust.outcomes(record, item("D2", **ANXIETY), ReplaceAll=True) == ["Unchanged"]
    assert _shown(sources, record) == ["Anxiety"]
    assert trust.outcomes(record, ReplaceAll=True) == []
    assert _shown(sources, record) == []


def test_replace_all_deletes_nothing_while_an_item_is_rejected(
    sources: Sandpit, trust: Submitter, record: int
) -> None:
    trust.submit(record, item("D1", **DEPRESSION))

    outcomes = trust.outcomes(record, item("D2", **ANXIETY), item(ICD10Code="x"), ReplaceAll=True)

    assert outcomes == ["Added", "Rejected"]
    assert sorted(filter(None, _shown(sources, record))) == ["Anxiety", "Depression"]


def test_replace_all_touches_no_other_collection_of_the_same_store(
    sources: Sandpit, trust: Submitter, record: int
) -> None:
    repeat = {"Date": "2024-01-01T00:00:00", "ReadCode": "bu23.", "Rubric": "ASPIRIN disp tabs 75mg"}
    past = {"Date": "2023-01-01T00:00:00", "ReadCode": "bu23.", "Rubric": "ASPIRIN disp tabs 75mg"}
    trust.submit(record, item("M1", **repeat), to="gp/GpRepeatMedicationsList")
    trust.submit(record, item("M2", **past, EndDate="2023-06-01T00:00:00"), to="gp/GpPastMedicationsList")

    trust.submit(record, to="gp/GpRepeatMedicationsList", ReplaceAll=True)

    assert total(sources, f"/gp/patients/{record}/gp-medications/repeat") == 0
    assert total(sources, f"/gp/patients/{record}/gp-medications/past") == 1


# Deleting


def test_a_deleted_item_is_kept_and_no_longer_shown(sources: Sandpit, trust: Submitter, record: int) -> None:
    item_id = trust.submit(record, item("D1", **DEPRESSION)).json()["ItemResults"][0]["ItemId"]

    answer = trust.call("DELETE", f"/{record}/items/{item_id}")
    again = trust.call("DELETE", f"/{record}/items/{item_id}")

    deleted_date = answer.json()["DeletedDate"]
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "ItemId": item_id,
            "Outcome": "Deleted",
            "DeletedDate": deleted_date,
            "TenancyDescription": "Trust",
        },
    )
    assert again.content == answer.content
    assert len(deleted_date) == len("2024-04-02T09:20:31")
    assert _shown(sources, record) == []
    assert _versions(sources) == [("deleted", 1, "trust")]


def test_an_item_that_comes_back_has_the_id_it_had(sources: Sandpit, trust: Submitter, record: int) -> None:
    first = trust.submit(record, item("D1", **DEPRESSION)).json()["ItemResults"][0]["ItemId"]
    trust.call("DELETE", f"/{record}/items/{first}")

    back = trust.submit(record, item("D1", **DEPRESSION)).json()["ItemResults"][0]
    trust.call("DELETE", f"/{record}/items/{first}")

    assert (back["Outcome"], back["ItemId"]) == ("Added", first)
    assert _versions(sources) == [("deleted", 1, "trust"), ("deleted", 2, "trust")]


@pytest.mark.parametrize(("item_id", "status"), [("999999999", 404), ("x", 400), ("9" * 30, 404)])
def test_an_item_that_is_not_there_is_not_found(
    trust: Submitter, record: int, item_id: str, status: int
) -> None:
    assert trust.call("DELETE", f"/{record}/items/{item_id}").status_code == status


def test_an_item_is_found_under_its_own_record_alone(trust: Submitter, record: int) -> None:
    item_id = trust.submit(record, item("D1", **DEPRESSION)).json()["ItemResults"][0]["ItemId"]
    other = trust.new_record(PatientNumber="T-2")

    assert trust.call("DELETE", f"/{other}/items/{item_id}").status_code == 404


# Restricted collections and sharing


def test_a_restricted_collection_takes_its_restricted_scope_and_no_right_to_read(
    trust: Submitter, submitter: NewSubmitter, record: int
) -> None:
    pregnancy = item("P1", PregnancyId="P1", BookingDate="2024-01-01T10:00:00", Status="Current")
    to = "maternity/PregnanciesList"
    unit = submitter("unit", "maternity.restricted")

    refused = trust.submit(record, pregnancy, to=to)
    taken = unit.submit(record, pregnancy, to=to)
    item_id = taken.json()["ItemResults"][0]["ItemId"]

    assert refused.status_code == 403
    assert taken.status_code == 200, taken.text
    assert (
        unit.sandpit.http.get(f"/maternity/patients/{record}/pregnancies", headers=unit.headers).status_code
        == 403
    )
    assert trust.call("DELETE", f"/{record}/items/{item_id}").status_code == 403
    assert unit.call("DELETE", f"/{record}/items/{item_id}").status_code == 200


def test_a_refusal_to_share_takes_hold_at_once_and_its_source_can_lift_it(
    sources: Sandpit, trust: Submitter, record: int
) -> None:
    path = f"/acute/patients/{record}/diagnoses-summary"
    refusal = {
        "SharingType": "Local shared record",
        "Status": "Refused",
        "Scope": "Whole record",
        "StatusDate": "2024-01-01T00:00:00",
    }
    trust.submit(record, item("D1", **DEPRESSION))

    told = trust.submit(record, item("S1", **refusal), to="demographics/SharingStatusList").json()
    refused = sources.get(path).status_code
    trust.call("DELETE", f"/{record}/items/{told['ItemResults'][0]['ItemId']}")

    assert (refused, sources.get(path).status_code) == (404, 200)


def _versions(sandpit: Sandpit) -> list[tuple[Any, ...]]:
    with sandpit.database.connect() as connection:
        return connection.execute(
            "SELECT ended_by, version, submitted_by FROM clinical_store.entry_version ORDER BY 2"
        ).fetchall()


def _entry_id(sandpit: Sandpit, source_key: str) -> int:
    with sandpit.database.connect() as connection:
        row = connection.execute(
            "SELECT entry_id FROM clinical_store.entry WHERE source_key = %s", (source_key,)
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


def _execute(sandpit: Sandpit, statement: str) -> None:
    with sandpit.database.connect() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
