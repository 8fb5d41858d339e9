"""FHIR over HTTP: a client keeps, reads, changes and finds resources as R4 says."""

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from carecord.db.embedded import Held
from tests.support.fhir import BASE, FHIRClient, Json, fhir_of_a_module, observation_of, patient_of

FORM = "application/x-www-form-urlencoded"
ROOT = f"http://127.0.0.1:8080{BASE}"


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture
def patient(fhir: FHIRClient) -> Json:
    return fhir.create(patient_of())


@pytest.fixture
def observation(fhir: FHIRClient, patient: Json) -> Json:
    return fhir.create(observation_of(patient["id"]))


def issues(answer: object) -> list[tuple[str, str | None]]:
    """Code and first expression of each issue of an OperationOutcome."""
    body = answer.json()  # type: ignore[attr-defined]
    assert body["resourceType"] == "OperationOutcome"
    return [(one["code"], (one.get("expression") or [None])[0]) for one in body["issue"]]


# Create and read.


def test_what_is_created_reads_back_as_it_was_sent_with_id_version_and_source(
    fhir: FHIRClient, patient: Json
) -> None:
    sent = (
        b'{"resourceType":"Observation","status":"final","code":{"text":"Weight"},'
        b'"subject":{"reference":"Patient/%b"},"valueQuantity":{"value":72.500,"unit":"kg"}}'
        % patient["id"].encode()
    )
    made = fhir.post("/Observation", sent)

    assert made.status_code == 201
    kept = made.json()
    assert made.headers["Location"] == f"{ROOT}/Observation/{kept['id']}/_history/1"
    assert made.headers["ETag"] == 'W/"1"'
    read = fhir.get(f"/Observation/{kept['id']}")
    assert read.status_code == 200
    assert read.content == made.content
    assert b'"value":72.500' in read.content
    meta = kept.pop("meta")
    assert meta["versionId"] == "1"
    assert meta["tag"][0]["code"] == "700"
    assert {name: value for name, value in kept.items() if name not in ("id", "valueQuantity")} == {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Weight"},
        "subject": {"reference": f"Patient/{patient['id']}"},
    }


def test_what_is_written_shows_in_the_bundles_api_at_once(fhir: FHIRClient, patient: Json) -> None:
    fhir.create(
        {
            "resourceType": "AllergyIntolerance",
            "patient": {"reference": f"Patient/{patient['id']}"},
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                        "code": "active",
                    }
                ]
            },
            "code": {"text": "Penicillin"},
            "recordedDate": "2026-03-01",
        }
    )

    answer = fhir.sandpit.get(f"/gp/patients/{patient['id']}/gp-allergies")

    assert answer.status_code == 200, answer.text
    assert answer.json()["TotalItemCount"] == 1
    assert "Penicillin" in answer.text


def test_preferences_decide_how_much_of_a_write_comes_back(fhir: FHIRClient, patient: Json) -> None:
    sent = observation_of(patient["id"])
    answers = {
        wanted: fhir.post("/Observation", sent, Prefer=f"return={wanted}")
        for wanted in ("minimal", "representation", "OperationOutcome")
    }

    assert {wanted: answer.status_code for wanted, answer in answers.items()} == dict.fromkeys(answers, 201)
    assert answers["minimal"].content == b""
    assert answers["representation"].json()["resourceType"] == "Observation"
    assert answers["OperationOutcome"].json()["resourceType"] == "OperationOutcome"


def test_a_resource_that_breaks_a_rule_is_refused_with_its_element_and_changes_nothing(
    fhir: FHIRClient, patient: Json
) -> None:
    sent = observation_of(patient["id"], status="rubbish")
    answer = fhir.post("/Observation", sent)

    assert answer.status_code == 422
    assert ("Observation.status") in [expression for _, expression in issues(answer)]
    assert fhir.found(f"/Observation?patient={patient['id']}") == []


def test_bodies_that_are_no_resource_of_the_address_are_refused(fhir: FHIRClient, patient: Json) -> None:
    of_another_type = fhir.post("/Condition", observation_of(patient["id"]))
    broken = fhir.post("/Observation", b'{"resourceType":')
    empty = fhir.post("/Observation", b"")
    other_media = fhir.post("/Observation", b"x", Content_Type="text/plain")
    stu3 = fhir.post("/Observation", b"{}", Content_Type="application/fhir+json; fhirVersion=3.0")

    assert [one.status_code for one in (of_another_type, broken, empty, other_media, stu3)] == [
        400,
        400,
        400,
        415,
        415,
    ]
    assert issues(of_another_type) == [("invalid", "resourceType")]


def test_a_subject_may_be_named_by_its_whole_address(fhir: FHIRClient, patient: Json) -> None:
    whole = {"reference": f"{ROOT}/Patient/{patient['id']}"}
    made = fhir.create(observation_of("?", subject=whole))

    assert made["subject"] == whole
    assert fhir.found(f"/Observation?patient={patient['id']}") == [f"Observation/{made['id']}"]


def test_a_resource_without_its_patient_says_what_to_do(fhir: FHIRClient) -> None:
    answer = fhir.post("/Observation", observation_of("999999"))

    assert answer.status_code == 422
    assert [expression for _, expression in issues(answer)] == ["Observation.subject"]


# Versions.


def test_an_update_makes_a_version_and_an_equal_one_makes_none(fhir: FHIRClient, observation: Json) -> None:
    address = f"/Observation/{observation['id']}"
    changed = observation | {"status": "amended"}
    first = fhir.put(address, changed, If_Match='W/"1"')
    again = fhir.put(address, changed)

    assert (first.status_code, first.headers["ETag"]) == (200, 'W/"2"')
    assert (again.status_code, again.headers["ETag"]) == (200, 'W/"2"')
    assert fhir.get(f"{address}/_history/1").json()["status"] == "final"
    assert fhir.get(f"{address}/_history/2").json()["status"] == "amended"
    assert fhir.get(f"{address}/_history/3").status_code == 404


def test_an_update_that_means_another_version_is_refused(fhir: FHIRClient, observation: Json) -> None:
    address = f"/Observation/{observation['id']}"

    assert fhir.put(address, observation, If_Match='W/"7"').status_code == 412
    assert fhir.call("DELETE", address, If_Match='W/"7"').status_code == 412
    assert fhir.put(address, observation, If_Match="seven").status_code == 400
    assert fhir.put(address, observation | {"id": "other"}).status_code == 400


def test_a_client_names_a_resource_by_an_id_with_a_letter(fhir: FHIRClient, patient: Json) -> None:
    sent = observation_of(patient["id"], id="weight-of-ada")
    made = fhir.put("/Observation/weight-of-ada", sent)
    by_number = fhir.put("/Observation/99999999", sent | {"id": "99999999"})

    assert made.status_code == 201
    assert fhir.get("/Observation/weight-of-ada").status_code == 200
    assert by_number.status_code == 405


def test_who_has_the_version_is_told_so(fhir: FHIRClient, observation: Json) -> None:
    address = f"/Observation/{observation['id']}"
    modified = fhir.get(address).headers["Last-Modified"]

    statuses = [
        fhir.get(address, If_None_Match='W/"1"').status_code,
        fhir.get(address, If_None_Match='W/"2"').status_code,
        fhir.get(address, If_Modified_Since=modified).status_code,
        fhir.get(address, If_Modified_Since="Mon, 01 Jan 2024 00:00:00 GMT").status_code,
    ]

    assert statuses == [304, 200, 304, 200]


def test_what_is_deleted_is_gone_and_comes_back_by_put(fhir: FHIRClient, observation: Json) -> None:
    address = f"/Observation/{observation['id']}"

    assert fhir.call("DELETE", address).status_code == 204
    assert fhir.call("DELETE", address).status_code == 204
    assert fhir.get(address).status_code == 410
    assert fhir.put(address, observation).status_code == 201
    history = fhir.get(f"{address}/_history").json()
    assert history["total"] == 3
    assert [one["request"]["method"] for one in history["entry"]] == ["PUT", "DELETE", "POST"]
    assert [one["response"]["etag"] for one in history["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']


def test_histories_are_paged(fhir: FHIRClient, observation: Json) -> None:
    address = f"/Observation/{observation['id']}"
    fhir.put(address, observation | {"status": "amended"})
    first = fhir.get(f"{address}/_history?_count=1").json()
    links = {one["relation"]: one["url"] for one in first["link"]}
    second = fhir.get(links["next"].removeprefix(ROOT)).json()

    assert [one["resource"]["meta"]["versionId"] for one in (*first["entry"], *second["entry"])] == ["2", "1"]
    assert [one["relation"] for one in second["link"]] == ["self"]
    of_type = fhir.get("/Observation/_history?_count=2").json()
    assert of_type["entry"][0]["fullUrl"] == f"{ROOT}{address}"
    assert fhir.get("/Observation/_history?_since=2999-01-01").json().get("entry") is None
    assert fhir.get("/Observation/_history?_since=yesterday").status_code == 400
    assert fhir.get("/Observation/unknown-one/_history").status_code == 404


# Patch.


def test_a_json_patch_changes_what_its_steps_say(fhir: FHIRClient, observation: Json) -> None:
    address = f"/Observation/{observation['id']}"
    steps = [
        {"op": "test", "path": "/status", "value": "final"},
        {"op": "replace", "path": "/status", "value": "amended"},
    ]
    patched = fhir.call("PATCH", address, steps, Content_Type="application/json-patch+json")
    again = fhir.call("PATCH", address, steps, Content_Type="application/json-patch+json")

    assert (patched.status_code, patched.json()["status"]) == (200, "amended")
    assert again.status_code == 422
    assert issues(again) == [("processing", "[0]")]


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([{"op": "replace", "path": "/id", "value": "other"}], 422),
        ([{"op": "remove", "path": "/nothing"}], 422),
        ([{"op": "replace", "path": "/status", "value": "rubbish"}], 422),
        ([{"op": "jump", "path": "/status"}], 400),
        ([7], 400),
        ({"op": "test"}, 400),
    ],
)
def test_a_patch_that_does_not_fit_changes_nothing(
    fhir: FHIRClient, observation: Json, steps: object, status: int
) -> None:
    address = f"/Observation/{observation['id']}"
    answer = fhir.call("PATCH", address, steps, Content_Type="application/json-patch+json")

    assert answer.status_code == status, answer.text
    assert fhir.get(address).headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize("body", [b"", b" \n"], ids=["nothing", "blanks"])
def test_a_patch_of_nothing_is_told_so(fhir: FHIRClient, observation: Json, body: bytes) -> None:
    address = f"/Observation/{observation['id']}"
    answer = fhir.call("PATCH", address, body, Content_Type="application/json-patch+json")

    assert answer.status_code == 400
    assert [one["diagnostics"] for one in answer.json()["issue"]] == ["The patch is empty."]


def test_a_patch_without_steps_changes_nothing(fhir: FHIRClient, observation: Json) -> None:
    address = f"/Observation/{observation['id']}"
    answer = fhir.call("PATCH", address, [], Content_Type="application/json-patch+json")

    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')
    assert answer.json() == observation


def test_other_patches_are_not_read(fhir: FHIRClient, observation: Json) -> None:
    answer = fhir.call("PATCH", f"/Observation/{observation['id']}", {"resourceType": "Parameters"})

    assert answer.status_code == 415
    assert answer.headers["Accept-Patch"] == "application/json-patch+json"


# Conditions.


def test_a_resource_is_created_once_under_a_condition(fhir: FHIRClient) -> None:
    sent = patient_of()
    number = sent["identifier"][0]["value"]
    condition = f"identifier=https://hospital.example/mrn|{number}"
    first = fhir.post("/Patient", sent, If_None_Exist=condition)
    again = fhir.post("/Patient", sent, If_None_Exist=condition)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]


def test_two_who_create_under_one_condition_at_once_make_one(fhir: FHIRClient) -> None:
    sent = patient_of()
    condition = f"identifier={sent['identifier'][0]['value']}"

    with ThreadPoolExecutor(4) as several:
        answers = list(several.map(lambda _: fhir.post("/Patient", sent, If_None_Exist=condition), range(4)))

    assert sorted(one.status_code for one in answers) == [200, 200, 200, 201]
    assert len({one.json()["id"] for one in answers}) == 1


def test_changes_by_condition_find_their_resource(fhir: FHIRClient, patient: Json) -> None:
    number = {"system": "https://hospital.example/results", "value": f"R-{patient['id']}"}
    sent = observation_of(patient["id"], identifier=[number])
    address = f"/Observation?identifier=https://hospital.example/results|{number['value']}"
    steps = [{"op": "replace", "path": "/status", "value": "corrected"}]

    made = fhir.put(address, sent)
    changed = fhir.put(address, sent | {"status": "amended"})
    patched = fhir.call("PATCH", address, steps, Content_Type="application/json-patch+json")
    deleted = fhir.call("DELETE", address)
    nothing = fhir.call("DELETE", address)
    unpatched = fhir.call("PATCH", address, steps, Content_Type="application/json-patch+json")

    assert [one.status_code for one in (made, changed, patched, deleted, nothing, unpatched)] == [
        201,
        200,
        200,
        204,
        204,
        404,
    ]
    assert patched.json()["status"] == "corrected"
    assert made.json()["id"] == changed.json()["id"] == patched.json()["id"]


def test_a_condition_that_matches_several_or_says_nothing_is_refused(fhir: FHIRClient, patient: Json) -> None:
    for _ in range(2):
        fhir.create(observation_of(patient["id"]))
    several = f"/Observation?patient={patient['id']}"

    assert fhir.call("DELETE", several).status_code == 412
    assert fhir.put(several, observation_of(patient["id"])).status_code == 412
    assert fhir.call("DELETE", "/Observation").status_code == 400
    assert fhir.call("DELETE", "/Observation?patiemt=1").status_code == 400
    assert len(fhir.found(several)) == 2


# Search.


def test_a_search_answers_with_a_bundle_and_next_links_to_its_end(fhir: FHIRClient, patient: Json) -> None:
    made = [
        fhir.create(observation_of(patient["id"], effectiveDateTime=f"2026-03-{day:02}"))["id"]
        for day in range(1, 6)
    ]
    address = f"/Observation?patient={patient['id']}&_sort=date&_count=2"
    pages = []
    while address:
        body = fhir.get(address).json()
        links = {one["relation"]: one["url"] for one in body["link"]}
        pages.append([one["resource"]["id"] for one in body["entry"]])
        address = links.get("next", "").removeprefix(ROOT)
        assert body["total"] == 5
        assert "patient" not in address

    assert pages == [made[:2], made[2:4], made[4:]]


@pytest.mark.parametrize(
    "search",
    [
        f"/{search}={id}"
        for search in ("Patient?_id", "Observation?patient", "Patient?link=Patient/")
        for id in ("9" * 18, "9" * 19, "9" * 64)
    ]
    + ["/Patient?_id=%C2%B2"],
)
def test_a_patient_whom_nobody_can_be_is_not_found(fhir: FHIRClient, search: str) -> None:
    answer = fhir.get(search.replace("/=", "/"))
    assert (answer.status_code, answer.json()["total"]) == (200, 0)


def test_a_search_by_post_is_the_same_as_by_get(fhir: FHIRClient, observation: Json) -> None:
    patient = observation["subject"]["reference"].removeprefix("Patient/")
    form = f"patient={patient}&_count=5".encode()
    posted = fhir.post("/Observation/_search", form, Content_Type=FORM)

    assert posted.status_code == 200
    assert posted.json()["entry"][0]["resource"] == observation
    xml = fhir.post("/Observation/_search", form + b"&_format=xml", Content_Type=FORM)
    assert xml.headers["Content-Type"].startswith("application/fhir+xml")
    assert fhir.post("/Observation/_search", b"{}").status_code == 415


def test_next_links_are_for_the_client_that_was_given_them(fhir: FHIRClient, patient: Json) -> None:
    for _ in range(2):
        fhir.create(observation_of(patient["id"]))
    links = fhir.get(f"/Observation?patient={patient['id']}&_count=1").json()["link"]
    address = next(one["url"] for one in links if one["relation"] == "next").removeprefix(ROOT)
    fhir.sandpit.add_client("others", scopes=["system/*.rs"])
    other = fhir.with_token("others", "system/*.rs")

    assert fhir.get(address).status_code == 200
    assert other.get(address).status_code == 400
    assert fhir.get(address.replace("Observation", "Condition")).status_code == 400
    assert fhir.get("/Observation?_page=rubbish").status_code == 400


def test_what_no_parameter_is_warns_or_fails_as_the_caller_prefers(fhir: FHIRClient, patient: Json) -> None:
    address = f"/Observation?patient={patient['id']}&colour=red"
    lenient = fhir.get(address).json()
    strict = fhir.get(address, Prefer="handling=strict")

    assert [one["search"]["mode"] for one in lenient["entry"]] == ["outcome"]
    assert "colour" in lenient["entry"][0]["resource"]["issue"][0]["diagnostics"]
    assert "colour" not in lenient["link"][0]["url"]
    assert lenient["total"] == 0
    assert strict.status_code == 400
    assert issues(strict) == [("invalid", "colour")]


# Forms.


def test_an_answer_comes_in_the_form_asked_for(fhir: FHIRClient, observation: Json) -> None:
    address = f"/Observation/{observation['id']}"
    types = {
        "accept xml": fhir.get(address, Accept="application/fhir+xml"),
        "format xml": fhir.get(f"{address}?_format=xml", Accept="application/fhir+json"),
        "escaped by nobody": fhir.get(f"{address}?_format=application/fhir+xml"),
        "quality": fhir.get(address, Accept="application/fhir+json;q=0.1, application/fhir+xml"),
        "browser": fhir.get(address, Accept="text/html, */*;q=0.5"),
        "json": fhir.get(address, Accept="application/json"),
    }

    assert {name: answer.headers["Content-Type"] for name, answer in types.items()} == {
        "accept xml": "application/fhir+xml;charset=utf-8",
        "format xml": "application/fhir+xml;charset=utf-8",
        "escaped by nobody": "application/fhir+xml;charset=utf-8",
        "quality": "application/fhir+xml;charset=utf-8",
        "browser": "application/fhir+json;charset=utf-8",
        "json": "application/fhir+json;charset=utf-8",
    }
    assert f'<id value="{observation["id"]}"/>' in types["accept xml"].text
    assert fhir.get(address, Accept="text/csv").status_code == 406
    assert fhir.get(f"{address}?_format=ttl").status_code == 406
    assert fhir.get(address, Accept="application/fhir+json; fhirVersion=3.0").status_code == 406
    assert "\n  " in fhir.get(f"{address}?_pretty=true").text


def test_xml_is_taken_and_kept_as_json_is(fhir: FHIRClient, patient: Json) -> None:
    sent = (
        '<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code><text value="Weight"/></code>'
        f'<subject><reference value="Patient/{patient["id"]}"/></subject>'
        '<valueQuantity><value value="72.50"/></valueQuantity></Observation>'
    ).encode()
    made = fhir.post("/Observation", sent, Content_Type="application/fhir+xml")

    assert made.status_code == 201, made.text
    assert b'"value":72.50' in fhir.get(f"/Observation/{made.json()['id']}").content


def test_bodies_may_be_zipped_both_ways(fhir: FHIRClient, patient: Json) -> None:
    plain = observation_of(patient["id"], note=[{"text": "word " * 1000}])
    zipped = gzip.compress(msgspec.json.encode(plain))
    made = fhir.post("/Observation", zipped, Content_Encoding="gzip", Accept_Encoding="gzip")
    unzipped = fhir.get(f"/Observation/{made.json()['id']}", Accept_Encoding="identity")
    rubbish = fhir.post("/Observation", b"rubbish", Content_Encoding="gzip")
    brotli = fhir.post("/Observation", b"rubbish", Content_Encoding="br")
    too_large = fhir.post("/Observation", gzip.compress(bytes(20_000_000)), Content_Encoding="gzip")

    assert made.status_code == 201
    assert made.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in unzipped.headers
    assert unzipped.json()["note"] == plain["note"]
    assert [one.status_code for one in (rubbish, brotli, too_large)] == [400, 415, 413]


def test_head_is_get_without_the_body(fhir: FHIRClient, observation: Json) -> None:
    answer = fhir.call("HEAD", f"/Observation/{observation['id']}")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["ETag"] == 'W/"1"'
    assert fhir.audited(answer.headers["X-Request-Id"])[0][1] == "fhir.Observation.read"


# Refusals and traces.


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/Elephant/1", 404),
        ("GET", "/Claim", 404),
        ("GET", "/Observation/no%20id", 404),
        ("GET", "/Observation/unknown", 404),
        ("GET", "/Observation/1/rubbish", 404),
        ("GET", "/Observation/$rubbish", 404),
        ("GET", "/$rubbish", 404),
        ("GET", "", 405),
        ("PUT", "/metadata", 405),
        ("POST", "/AuditEvent", 405),
        ("DELETE", "/AuditEvent/1", 405),
        ("POST", "/Observation/1", 405),
        ("GET", "/Observation?_count=many", 400),
        ("GET", "/Observation?date=yesterday", 400),
        ("GET", "/Observation?code=%FF", 400),
        ("GET", "/Observation?code=%00", 400),
        ("GET", "/Observation/1?_pretty=perhaps", 400),
    ],
)
def test_every_refusal_is_an_operation_outcome(fhir: FHIRClient, method: str, path: str, status: int) -> None:
    answer = fhir.call(method, path)

    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["severity"] == "error"


def test_every_look_and_change_leaves_its_trace(fhir: FHIRClient, patient: Json, observation: Json) -> None:
    person = int(patient["id"])
    address = f"/Observation/{observation['id']}"
    calls = {
        "read": fhir.get(address),
        "search-type": fhir.get(f"/Observation?patient={person}"),
        "history-instance": fhir.get(f"{address}/_history"),
        "update": fhir.put(address, observation | {"status": "amended"}),
        "delete": fhir.call("DELETE", address),
    }

    traces = {name: fhir.audited(answer.headers["X-Request-Id"]) for name, answer in calls.items()}

    nothing = fhir.get(f"/Condition?patient={person}")
    assert fhir.audited(nothing.headers["X-Request-Id"])[0][2] == [person]
    assert traces == {
        "read": [("patient.read", "fhir.Observation.read", [person], "allowed")],
        "search-type": [("patient.read", "fhir.Observation.search-type", [person], "allowed")],
        "history-instance": [("patient.read", "fhir.Observation.history-instance", [person], "allowed")],
        "update": [("record.entries_submitted", "fhir.Observation.update", [person], "allowed")],
        "delete": [("record.entry_deleted", "fhir.Observation.delete", [person], "allowed")],
    }
    refused = fhir.get("/Patient/999999")
    assert fhir.audited(refused.headers["X-Request-Id"]) == [
        ("patient.read", "fhir.Patient.read", [999999], "not found")
    ]
