"""Errors have one shape (RFC 9457), from whichever side they arise, and tell nothing of a patient."""

import re
import signal
import socket
import time
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psycopg
import pytest

from carecord.app import CareRecord, Process
from carecord.catalogue.gp import GP_REPEAT_MEDICATIONS
from carecord.db.connect import Database
from tests.support.sandpit import KEY_HEADER, Sandpit, entry_line, open_sandpit, patient_line, tenancy_line
from tests.support.served import Served, serve

RUBRIC = "ASPIRIN disp tabs 75mg"
SURNAME = "Secretsurname"
NHS_NUMBER = "9990123454"
ITEM = {"Date": "2021-11-04T00:00:00", "ReadCode": "bu23.", "Rubric": RUBRIC}
SAMPLE_VALUES = (RUBRIC, SURNAME, NHS_NUMBER)


def repeats(patient_detail_id: object) -> str:
    return GP_REPEAT_MEDICATIONS.path.replace("{patientDetailId}", str(patient_detail_id))


SEARCH = "/demographics/patients/search"


@pytest.fixture
def known(sandpit: Sandpit) -> Sandpit:
    """A sandpit with one patient."""
    load_patient(sandpit)
    return sandpit


def load_patient(sandpit: Sandpit) -> None:
    loaded = sandpit.load(
        tenancy_line(1),
        patient_line("P-1", Surname=SURNAME, NhsNumber=NHS_NUMBER),
        entry_line("P-1", "GpRepeatMedicationsList", ITEM),
    )
    assert loaded.rejected == 0


def check_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The one shape, whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem: dict[str, Any] = answer.json()
    assert list(problem) == ["type", "title", "status", "detail", "instance", "errors", "traceId"]
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert re.fullmatch("[0-9a-f]{32}", problem["traceId"])
    assert all(list(error) == ["field", "message"] for error in problem["errors"])
    assert not any(value in answer.text for value in SAMPLE_VALUES)
    return problem


def application(sandpit: Sandpit) -> CareRecord:
    process = sandpit.http.app
    assert isinstance(process, Process)
    assert process.app is not None
    return process.app


def fields(problem: dict[str, Any]) -> list[str]:
    return [error["field"] for error in problem["errors"]]


@pytest.mark.parametrize("path", ["/nothing", "/gp/nothing", "/gp", "//", "/gp//", "/demographics/patients"])
def test_a_path_that_is_not_there(known: Sandpit, path: str) -> None:
    check_problem(known.http.get("http://testserver" + path), 404)


@pytest.mark.parametrize("path", [repeats(1), "/oauth2/token", "/health", SEARCH])
def test_a_method_that_the_path_does_not_take(known: Sandpit, path: str) -> None:
    answer = known.http.request("DELETE", path)
    check_problem(answer, 405)
    assert answer.headers["allow"]


def test_head_is_answered_as_get_is_without_the_body(known: Sandpit) -> None:
    path = repeats(known.detail_id(1, "P-1"))
    got, head = known.get(path), known.http.head(path, headers=known.headers)
    assert (head.status_code, head.headers["content-length"]) == (200, got.headers["content-length"])
    check_problem(known.http.get(path), 401)
    assert known.http.head(path).status_code == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("Nonsense=1", "Nonsense"),
        ("PageSize=0", "PageSize"),
        ("PageSize=201", "PageSize"),
        ("PageNumber=x", "PageNumber"),
        ("PageNumber=1&PageNumber=2", "PageNumber"),
        ("SortDate=up", "SortDate"),
        ("FilterDate=yesterday", "FilterDate"),
        ("FilterRubric=", "FilterRubric"),
    ],
)
def test_a_parameter_that_breaks_a_rule_is_named(known: Sandpit, query: str, field: str) -> None:
    problem = check_problem(known.get(f"{repeats(1)}?{query}"), 400)
    assert fields(problem) == [field]
    assert "?" not in problem["instance"]


def test_a_query_in_no_known_encoding(known: Sandpit) -> None:
    check_problem(known.get(repeats(1) + "?FilterRubric=%FF"), 400)
    check_problem(known.get(repeats(1) + "?" + "&".join(f"P{n}=1" for n in range(60))), 400)


@pytest.mark.parametrize("word", ["x", "1x", "-1", "1.0", "%20", "١"])
def test_an_id_that_is_no_number(known: Sandpit, word: str) -> None:
    assert fields(check_problem(known.get(repeats(word)), 400)) == ["patientDetailId"]


@pytest.mark.parametrize("number", ["0", "999999999", "9223372036854775807", "9223372036854775808", "9" * 40])
def test_a_patient_who_is_not_there(known: Sandpit, number: str) -> None:
    check_problem(known.get(repeats(number)), 404)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/documents/patients/1/documents/%00/content", "documentId"),
        ("/worklists/a%00/behaviour", "worklistId"),
    ],
)
def test_a_path_with_a_character_that_no_id_holds(known: Sandpit, path: str, field: str) -> None:
    assert fields(check_problem(known.get(path), 400)) == [field]


def test_a_patient_the_caller_may_not_know_of_is_one_who_is_not_there(known: Sandpit) -> None:
    path = repeats(known.detail_id(1, "P-1"))
    secret = known.add_client("elsewhere", tenancies=[2])
    key = known.subscribe("elsewhere").primary_key
    hidden = check_problem(known.http.get(path, headers=known.headers_of("elsewhere", secret, key)), 404)
    absent = check_problem(known.get(repeats(999_999_999)), 404)
    for own in ("instance", "traceId"):
        del hidden[own], absent[own]
    assert hidden == absent


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', '{"Surname": 1}', '{"Nonsense": "x"}', "{}"])
def test_a_body_that_breaks_a_rule(known: Sandpit, body: str) -> None:
    headers = known.headers | {"Content-Type": "application/json"}
    check_problem(known.http.post(SEARCH, content=body.encode(), headers=headers), 400)


def test_a_body_of_bytes_that_are_no_text(known: Sandpit) -> None:
    headers = known.headers | {"Content-Type": "application/json"}
    check_problem(known.http.post(SEARCH, content=b'{"Surname": "\xff"}', headers=headers), 400)


def test_a_body_of_another_type(known: Sandpit) -> None:
    headers = known.headers | {"Content-Type": "text/xml"}
    check_problem(known.http.post(SEARCH, content=b"<a/>", headers=headers), 415)


def test_a_body_that_is_too_large(known: Sandpit) -> None:
    body = b'{"Surname": "' + b"x" * 2_000_000 + b'"}'
    headers = known.headers | {"Content-Type": "application/json"}
    check_problem(known.http.post(SEARCH, content=body, headers=headers), 413)


def test_no_token_or_one_that_does_not_count(known: Sandpit) -> None:
    key = {KEY_HEADER: known.subscription.primary_key}
    for authorization, error in (
        (None, None),
        ("Basic eDp5", None),
        ("Bearer", None),
        ("Bearer x.y.z", "invalid_token"),
        (known.headers["Authorization"] + "x", "invalid_token"),
    ):
        headers = key | ({"Authorization": authorization} if authorization else {})
        answer = known.http.get(repeats(1), headers=headers)
        check_problem(answer, 401)
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith("Bearer ")
        if error:
            assert f'error="{error}"' in challenge


def test_a_token_that_has_expired(known: Sandpit) -> None:
    expired = application(known).face._gate._tokens.issue("reader", ["gp.read"], ttl_s=-60)
    answer = known.get(repeats(1), headers={"Authorization": f"Bearer {expired}"})
    check_problem(answer, 401)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_no_key_or_one_that_does_not_count(known: Sandpit) -> None:
    token = {"Authorization": known.headers["Authorization"]}
    for headers in (token, token | {KEY_HEADER: "nonsense"}, token | {KEY_HEADER: ""}):
        answer = known.http.get(repeats(1), headers=headers)
        check_problem(answer, 401)
        assert KEY_HEADER in answer.headers["www-authenticate"]


def test_a_key_of_another_product_or_client(known: Sandpit) -> None:
    secret = known.add_client("narrow")
    narrow = known.subscribe("narrow", bundles=["acute"]).primary_key
    check_problem(known.http.get(repeats(1), headers=known.headers_of("narrow", secret, narrow)), 403)
    check_problem(known.get(repeats(1), headers={KEY_HEADER: narrow}), 403)


def test_a_scope_that_is_missing_is_named(known: Sandpit) -> None:
    secret = known.add_client("acute-only", scopes=["acute.read"])
    key = known.subscribe("acute-only").primary_key
    answer = known.http.get(repeats(1), headers=known.headers_of("acute-only", secret, key))
    check_problem(answer, 403)
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="gp.read"' in answer.headers["www-authenticate"]


def test_too_many_requests_say_when_to_come_back(database: Database, tmp_path: Path) -> None:
    with open_sandpit(database, tmp_path, calls_per_minute=2) as sandpit:
        answers = [sandpit.get(repeats(1)) for _ in range(4)]
        assert [answer.status_code for answer in answers[:2]] == [404, 404]
        check_problem(answers[-1], 429)
        assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_fault_of_ours_tells_only_its_trace_id(
    known: Sandpit, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fail(call: object) -> None:
        raise RuntimeError(f"{SURNAME} {NHS_NUMBER}")

    monkeypatch.setitem(application(known).face.handlers, GP_REPEAT_MEDICATIONS, fail)
    problem = check_problem(known.get(repeats(known.detail_id(1, "P-1"))), 500)
    logged = "".join(capfd.readouterr())
    assert problem["traceId"] in logged
    assert not any(value in logged for value in SAMPLE_VALUES)


def test_a_fault_around_the_bundles_has_the_same_shape(
    known: Sandpit, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError(SURNAME)

    monkeypatch.setattr("carecord.access.token_endpoint.authenticate", fail)
    answer = known.http.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=("reader", "x"))
    check_problem(answer, 500)
    assert SURNAME not in "".join(capfd.readouterr())


def test_a_database_that_is_gone_is_a_503_and_no_data(known: Sandpit) -> None:
    path = repeats(known.detail_id(1, "P-1"))
    assert RUBRIC in known.get(path).text
    cut_off(known.database)
    check_problem(known.get(path), 503)
    asked = known.http.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=("a", "b"))
    check_problem(asked, 503)


def test_an_audit_that_cannot_be_written_holds_the_answer_back(known: Sandpit) -> None:
    path = repeats(known.detail_id(1, "P-1"))
    with known.database.connect() as connection:
        connection.execute("ALTER TABLE audit.event RENAME TO gone")
        check_problem(known.get(path), 503)
        connection.execute("ALTER TABLE audit.gone RENAME TO event")
    assert RUBRIC in known.get(path).text


def test_cross_origin_calls_are_for_the_origins_of_the_settings_alone(
    database: Database, tmp_path: Path
) -> None:
    preflight = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": f"authorization,{KEY_HEADER}",
    }
    with open_sandpit(database, tmp_path, cors_origins="https://app.example https://b.example") as sandpit:
        load_patient(sandpit)
        path = repeats(sandpit.detail_id(1, "P-1"))
        asked = sandpit.http.options(path, headers=preflight | {"Origin": "https://app.example"})
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == "https://app.example"
        assert KEY_HEADER.lower() in asked.headers["access-control-allow-headers"].lower()
        answer = sandpit.get(path, headers={"Origin": "https://app.example"})
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        refused = sandpit.http.get(path, headers={"Origin": "https://app.example"})
        check_problem(refused, 401)
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        stranger = sandpit.http.options(path, headers=preflight | {"Origin": "https://other.example"})
        check_problem(stranger, 405)
        assert "access-control-allow-origin" not in stranger.headers


def cut_off(database: Database) -> None:
    """End every connection to the database, and let nobody in."""
    name = psycopg.conninfo.conninfo_to_dict(database.url)["dbname"]
    with psycopg.connect(database.url.replace(f"/{name}", "/postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )


# Over the network: what no application sees, and what outlives a process.


def token_of(served: Served, credentials: tuple[str, str, str]) -> dict[str, str]:
    client_id, secret, key = credentials
    asked = httpx.post(
        f"{served.url}/oauth2/token", data={"grant_type": "client_credentials"}, auth=(client_id, secret)
    )
    return {"Authorization": f"Bearer {asked.json()['access_token']}", KEY_HEADER: key}


def say(served: Served, *pieces: bytes) -> httpx.Response:
    """Send bytes as they are; the answer."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(0.01)
        said = b""
        while block := line.recv(65_536):
            said += block
    head, _, body = said.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    return httpx.Response(
        int(status.split()[1]), headers=[tuple(one.split(": ", 1)) for one in headers], content=body
    )


def test_what_is_no_http_or_has_no_end(served: Served) -> None:
    check_problem(say(served, b"NONSENSE\r\n\r\n"), 400)
    check_problem(say(served, b"GET / HTTP/1.1\r\nHost: x\r\nBroken\r\n\r\n"), 400)
    check_problem(say(served, b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"), 414)
    field = b"X-Field: " + b"x" * 20_000 + b"\r\n"
    check_problem(say(served, b"GET / HTTP/1.1\r\nHost: x\r\n", *[field] * 4), 431)
    check_problem(say(served, b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 404)
    upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    check_problem(say(served, b"GET /gp HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n"), 404)
    assert "Traceback" not in served.log.read_text()


@pytest.mark.parametrize("path", ["/fhir/R4/Patient?name=", "/fhir/R4?_type="])
def test_an_address_without_end_is_told_in_the_shape_of_fhir_where_it_is_fhirs(
    served: Served, path: str
) -> None:
    answer = say(served, b"GET " + path.encode() + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")

    assert (answer.status_code, answer.headers["Content-Type"]) == (414, "application/fhir+json")
    assert answer.json() == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "too-long",
                "diagnostics": "The address is longer than the server reads.",
            }
        ],
    }


def test_the_audit_row_is_there_though_the_server_is_killed_as_it_answers(
    database: Database, tmp_path: Path, credentials: tuple[str, str, str]
) -> None:
    with serve(database, tmp_path) as served:
        headers = token_of(served, credentials)
        with httpx.Client() as http:
            for number in range(1, 6):
                assert http.get(served.url + repeats(number), headers=headers).status_code == 404
        served.process.send_signal(signal.SIGKILL)
        served.process.wait(10)
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT patient_detail_ids FROM audit.event WHERE event = 'patient.read' ORDER BY seq"
        ).fetchall()
    assert rows == [([number],) for number in range(1, 6)]


def test_a_caller_who_goes_away_leaves_a_row_or_got_nothing(
    served: Served, database: Database, credentials: tuple[str, str, str]
) -> None:
    headers = token_of(served, credentials)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    for number in range(1, 21):
        with socket.create_connection(("127.0.0.1", served.port)) as line:
            line.sendall(f"GET {repeats(number)} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
    # Those who stay are answered as before: no left answer met their question.
    for number in range(21, 31):
        answer = httpx.get(served.url + repeats(number), headers=headers)
        assert (answer.status_code, answer.json()["instance"]) == (404, repeats(number))
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT patient_detail_ids[1] FROM audit.event WHERE event = 'patient.read'"
        )
        seen = {row[0] for row in rows}
    assert set(range(21, 31)) <= seen


def test_no_log_line_holds_a_patients_value(
    served: Served, database: Database, tmp_path: Path, credentials: tuple[str, str, str]
) -> None:
    headers = token_of(served, credentials) | {"Content-Type": "application/json"}
    for query in (f"FilterRubric={RUBRIC}", f"{SURNAME}=1", f"FilterDate={NHS_NUMBER}"):
        httpx.get(f"{served.url}{repeats(1)}?{query}", headers=headers)
    for body in (f'{{"Surname": "{SURNAME}"}}', f'{{"{NHS_NUMBER}": 1}}', f'{{"Surname": {NHS_NUMBER}}}'):
        httpx.post(served.url + SEARCH, content=body, headers=headers)
    cut_off(database)
    httpx.post(served.url + SEARCH, content=f'{{"NhsNumber": "{NHS_NUMBER}"}}', headers=headers)
    text = served.log.read_text()
    assert not any(value in text for value in SAMPLE_VALUES)
