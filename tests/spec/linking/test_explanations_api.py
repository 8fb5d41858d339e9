"""Stewards' programs ask why records are linked: with a right of its own, and only of what they may know."""

import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from carecord.bundles_api.index_operations import AS_OF, EXPLANATION, HISTORY, INDEX_OPERATIONS
from carecord.bundles_api.openapi import build_openapi
from carecord.kernel.settings import Settings
from carecord.patient_index import links
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}
REVIEW, SEALED = "patient-index.review", "patient-index.sealed"


class Steward:
    """A client that may ask about links, and holds each answer against the OpenAPI document."""

    def __init__(self, sandpit: Sandpit, name: str, *scopes: str, tenancies: list[int] | None = None) -> None:
        secret = sandpit.add_client(name, scopes=list(scopes), tenancies=tenancies)
        key = sandpit.subscribe(name, bundles=["patient-index"]).primary_key
        self.name = name
        self._headers = sandpit.headers_of(name, secret, key)
        self._http = sandpit.http

    def get(self, path: str, **options: Any) -> httpx2.Response:
        headers = self._headers | options.pop("headers", {})
        answer = self._http.get(f"/patient-index/patients/{path}", headers=headers, **options)
        check_described(path, answer)
        return answer


WORDS = {"explanations": EXPLANATION, "history": HISTORY, "as-of": AS_OF}


@cache
def document() -> dict[str, Any]:
    return build_openapi(INDEX_OPERATIONS, Settings(data=Path("unused")))


def check_described(path: str, answer: httpx2.Response) -> None:
    """The status, the media type and the whole body are those that the document tells of."""
    word = path.split("?")[0].split("/")[1]
    described = document()["paths"][WORDS[word].path]["get"]["responses"][str(answer.status_code)]
    if "$ref" in described:
        described = document()["components"]["responses"][described["$ref"].rpartition("/")[2]]
    media_type = answer.headers["content-type"].split(";")[0]
    schema = described["content"][media_type]["schema"] | {"components": document()["components"]}
    if media_type.endswith("json"):
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json())


def load(sandpit: Sandpit, *tenancy_ids: int) -> list[int]:
    """The same woman in each of these sources; gives the patient detail IDs."""
    for tenancy_id in tenancy_ids:
        assert sandpit.load(tenancy_line(tenancy_id), patient_line("p", **DORIS)).rejected == 0
    return [sandpit.detail_id(tenancy_id, "p") for tenancy_id in tenancy_ids]


def unlink(sandpit: Sandpit, record: int, *, reason: str, sealed: bool = False) -> None:
    with sandpit.database.connect() as connection, connection.transaction():
        links.unlink(connection, [record], decided_by="Sam Steward", reason=reason, sealed=sealed)


def audited(sandpit: Sandpit, client_id: str) -> list[tuple[Any, ...]]:
    with sandpit.database.connect() as connection:
        return connection.execute(
            "SELECT event, operation_id, patient_detail_ids, tenancies, outcome, restricted FROM audit.event"
            " WHERE client_id = %s AND event = 'link.explained' ORDER BY seq",
            (client_id,),
        ).fetchall()


def test_an_explanation_is_one_object_and_leaves_a_row_before_it_leaves(sandpit: Sandpit) -> None:
    a, b = load(sandpit, 1, 2)
    unlink(sandpit, b, reason="two sisters")
    steward = Steward(sandpit, "steward", REVIEW)

    answer = steward.get(f"{a}/explanations/{b}")

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    told = answer.json()
    assert [one["PatientDetailId"] for one in told["Records"]] == [str(a), str(b)]
    assert told["OnePerson"] is False
    assert told["Why"][0] == {
        "Name": "barred",
        "Words": "somebody has decided that they are different people",
        "Pairs": [[str(a), str(b)]],
    }
    weights = told["Weights"]
    added = weights["Prior"] + sum(one["Weight"] for one in weights["Comparisons"])
    assert added == pytest.approx(weights["Weight"], abs=0.01)
    assert (weights["Outcome"], weights["Thresholds"]["Join"]) == ("link", pytest.approx(10))
    newest, oldest = told["Decisions"]
    assert (newest["Decision"], newest["DecidedBy"], newest["Reason"], newest["InForce"]) == (
        "not linked",
        "Sam Steward",
        "two sisters",
        True,
    )
    assert (oldest["Rule"], oldest["SupersededBy"]) == ("NHS number and date of birth", newest["DecisionId"])
    assert "Heritage" not in answer.text.title()
    assert audited(sandpit, "steward") == [
        ("link.explained", "PatientIndex_GetExplanation", [a, b], [1, 2], "allowed", False)
    ]


@pytest.mark.parametrize(
    ("headers", "query", "media_type"),
    [
        ({}, "", "application/json; charset=utf-8"),
        ({}, "?format=svg", "image/svg+xml; charset=utf-8"),
        ({"Accept": "image/svg+xml"}, "", "image/svg+xml; charset=utf-8"),
        ({"Accept": "image/svg+xml"}, "?format=json", "application/json; charset=utf-8"),
        ({"Accept": "image/svg+xml;q=0.5, application/json"}, "", "application/json; charset=utf-8"),
    ],
)
def test_an_explanation_is_json_or_a_picture_as_the_caller_accepts(
    sandpit: Sandpit, headers: dict[str, str], query: str, media_type: str
) -> None:
    a, b = load(sandpit, 1, 2)

    answer = Steward(sandpit, "steward", REVIEW).get(f"{a}/explanations/{b}{query}", headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["vary"] == "Accept"
    if media_type.startswith("image"):
        assert ET.fromstring(answer.text).tag == "{http://www.w3.org/2000/svg}svg"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_history_and_a_group_of_a_time_are_told(sandpit: Sandpit) -> None:
    a, b = load(sandpit, 1, 2)
    unlink(sandpit, b, reason="two sisters")
    steward = Steward(sandpit, "steward", REVIEW)

    history = steward.get(f"{a}/history").json()
    linked = next(step for step in history["Steps"] if step["Came"])
    then = steward.get(f"{a}/as-of", params={"time": linked["Time"]})
    now = steward.get(f"{a}/as-of", params={"time": history["Steps"][-1]["Time"]}).json()

    assert [event["What"] for step in history["Steps"] for event in step["Events"]] == [
        "came",
        "came",
        "linked",
        "not linked",
    ]
    assert (linked["Group"], linked["Came"]) == ([str(a), str(b)], [str(b)])
    assert history["Steps"][-1]["Left"] == [str(b)]
    assert [one["TenancyDescription"] for one in history["Records"]] == ["Source 1", "Source 2"]
    assert [one["PatientDetailId"] for one in then.json()["Group"]] == [str(a), str(b)]
    assert then.json()["Time"] == linked["Time"]
    assert then.json()["Links"][0]["PatientDetailIds"] == [str(a), str(b)]
    assert ([one["PatientDetailId"] for one in now["Group"]], now["Links"]) == ([str(a)], [])
    assert [row[1:3] for row in audited(sandpit, "steward")] == [
        ("PatientIndex_GetHistory", [a, b]),
        ("PatientIndex_GetGroupAsOf", [a, b]),
        ("PatientIndex_GetGroupAsOf", [a]),
    ]


def test_a_client_that_may_read_every_bundle_may_not_ask_about_links(sandpit: Sandpit) -> None:
    a, b = load(sandpit, 1, 2)

    refused = sandpit.get(f"/patient-index/patients/{a}/explanations/{b}")

    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"


def test_what_the_client_may_not_know_of_is_answered_like_what_is_not_there(sandpit: Sandpit) -> None:
    a, b = load(sandpit, 1, 2)
    steward = Steward(sandpit, "narrow", REVIEW, tenancies=[1])

    hidden = [
        steward.get(path) for path in (f"{a}/explanations/{b}", f"{b}/explanations/{a}", f"{b}/history")
    ]
    missing = steward.get(f"{a}/explanations/999999")
    history = steward.get(f"{a}/history").json()

    assert [one.status_code for one in (*hidden, missing)] == [404] * 4
    assert hidden[0].json()["detail"].replace(str(b), "999999") == missing.json()["detail"]
    assert [one["PatientDetailId"] for one in history["Records"]] == [str(a)]
    assert history["Steps"][-1]["Group"] == [str(a)]
    assert {row[4] for row in audited(sandpit, "narrow")} == {"not found", "allowed"}


def test_sealed_decisions_are_for_those_with_the_right_alone(sandpit: Sandpit) -> None:
    a, b = load(sandpit, 1, 2)
    unlink(sandpit, b, reason="adoption", sealed=True)
    ordinary, lead = Steward(sandpit, "ordinary", REVIEW), Steward(sandpit, "lead", REVIEW, SEALED)

    refused = ordinary.get(f"{a}/explanations/{b}")
    history = ordinary.get(f"{a}/history")
    told = lead.get(f"{a}/explanations/{b}")

    assert (refused.status_code, history.status_code, told.status_code) == (404, 200, 200)
    for answer in (refused, history):
        assert not any(word in answer.text for word in ("adoption", "Sam Steward", "true"))
    assert [one["PatientDetailId"] for one in history.json()["Records"]] == [str(a)]
    assert [one["Sealed"] for one in told.json()["Decisions"]] == [True, False]
    assert [row[5] for row in audited(sandpit, "lead")] == [True]
    assert {row[5] for row in audited(sandpit, "ordinary")} == {False}


def test_a_record_that_its_source_has_deleted_is_not_there(sandpit: Sandpit) -> None:
    a, b = load(sandpit, 1, 2)
    with sandpit.database.connect() as connection:
        connection.execute(
            "UPDATE patient_index.patient_record SET deleted_at = now() WHERE patient_detail_id = %s", (b,)
        )
    steward = Steward(sandpit, "steward", REVIEW)

    assert [steward.get(path).status_code for path in (f"{b}/history", f"{a}/explanations/{b}")] == [404, 404]
    assert [one["PatientDetailId"] for one in steward.get(f"{a}/history").json()["Records"]] == [str(a)]


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("{a}/explanations/{a}", 400, "otherPatientDetailId"),
        ("{a}/explanations/x", 400, "otherPatientDetailId"),
        ("x/explanations/{a}", 400, "patientDetailId"),
        ("{a}/explanations/99999999999999999999", 404, None),
        ("{a}/explanations/{b}?format=png", 400, "format"),
        ("{a}/explanations/{b}?PageSize=1", 400, "PageSize"),
        ("{a}/explanations/{b}?format=svg&format=svg", 400, "format"),
        ("{a}/history?x=1", 400, "x"),
        ("{a}/as-of", 400, "time"),
        ("{a}/as-of?time=", 400, "time"),
        ("{a}/as-of?time=yesterday", 400, "time"),
        ("{a}/as-of?time=2024-10-27T01:30:00", 400, "time"),
        ("{a}/as-of?time=2999-01-01", 400, "time"),
        ("{a}/as-of?time=2001-01-01", 404, None),
        ("{a}/as-of?time=%FF", 400, None),
        ("{a}/as-of?time=%00", 400, "time"),
    ],
)
def test_a_call_that_breaks_a_rule_is_told_which(
    sandpit: Sandpit, path: str, status: int, field: str | None
) -> None:
    a, b = load(sandpit, 1, 2)

    refused = Steward(sandpit, "steward", REVIEW).get(path.format(a=a, b=b))

    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")
    assert [one["field"] for one in refused.json()["errors"]] == ([] if field is None else [field])


def test_a_picture_or_json_must_be_acceptable(sandpit: Sandpit) -> None:
    a, b = load(sandpit, 1, 2)

    refused = Steward(sandpit, "steward", REVIEW).get(f"{a}/explanations/{b}", headers={"Accept": "text/csv"})

    assert refused.status_code == 406
