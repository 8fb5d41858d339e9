"""SMART scopes over HTTP: what a token does not permit is neither shown nor done, nor let slip."""

from collections.abc import Iterator

import pytest

from carecord.db.embedded import Held
from tests.support.fhir import FHIRClient, Json, fhir_of_a_module, observation_of, open_fhir, patient_of
from tests.support.samples import sample_line
from tests.support.sandpit import KEY_HEADER, patient_line, tenancy_line

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture
def patient(fhir: FHIRClient) -> Json:
    return fhir.create(patient_of())


def of_category(patient: Json, code: str) -> Json:
    return observation_of(patient["id"], category=[{"coding": [{"system": CATEGORY, "code": code}]}])


def test_without_a_token_that_counts_nothing_is_answered(fhir: FHIRClient) -> None:
    nobody = FHIRClient(fhir.sandpit, {})
    forged = FHIRClient(fhir.sandpit, {"Authorization": "Bearer rubbish"})

    for client in (nobody, forged):
        answer = client.get("/Patient/1")
        assert answer.status_code == 401
        assert answer.json()["issue"][0]["code"] == "login"
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="carecord"')
    assert nobody.get("/metadata").status_code == 200
    assert nobody.get("/.well-known/smart-configuration").status_code == 200


def test_a_key_is_not_asked_for_but_must_count_where_it_is_sent(fhir: FHIRClient, patient: Json) -> None:
    address = f"/Patient/{patient['id']}"
    own_key = fhir.sandpit.subscription.primary_key

    assert fhir.get(address).status_code == 200
    assert fhir.call("GET", address, **{KEY_HEADER: "rubbish"}).status_code == 401
    assert fhir.call("GET", address, **{KEY_HEADER: own_key}).status_code == 403


def test_each_interaction_asks_for_its_letter(fhir: FHIRClient, patient: Json) -> None:
    observation = fhir.create(observation_of(patient["id"]))
    address = f"/Observation/{observation['id']}"
    patch = {"Content_Type": "application/json-patch+json"}

    def statuses(scope: str) -> str:
        client = fhir.with_token("fhir", scope)
        answers = {
            "create": client.post("/Observation", observation_of(patient["id"])),
            "read": client.get(address),
            "vread": client.get(f"{address}/_history/1"),
            "history": client.get(f"{address}/_history"),
            "update": client.put(address, observation),
            "patch": client.call("PATCH", address, [], **patch),
            "search": client.get(f"/Observation?patient={patient['id']}"),
            "delete": client.call("DELETE", "/Observation/none-of-that-id"),
        }
        return " ".join(name for name, answer in answers.items() if answer.status_code != 403)

    assert {letter: statuses(f"system/Observation.{letter}") for letter in "cruds"} == {
        "c": "create",
        "r": "read vread history",
        "u": "update patch",
        "d": "delete",
        "s": "search",
    }
    assert statuses("system/Condition.cruds") == ""


def test_a_condition_asks_for_the_right_to_search_too(fhir: FHIRClient, patient: Json) -> None:
    client = fhir.with_token("fhir", "system/*.cud")
    condition = f"identifier={patient['identifier'][0]['value']}"

    assert client.post("/Patient", patient_of(), If_None_Exist=condition).status_code == 403
    assert client.put(f"/Patient?{condition}", patient_of()).status_code == 403
    assert client.call("DELETE", f"/Patient?{condition}").status_code == 403
    entry = {"request": {"method": "POST", "url": "Patient", "ifNoneExist": condition}}
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": [entry | {"resource": patient_of()}]}
    assert client.post("", sent).status_code == 403
    assert fhir.with_token("fhir", "system/Observation.s").get("/Observation/_history").status_code == 200
    assert fhir.with_token("fhir", "system/Observation.r").get("/Observation/_history").status_code == 403


def test_a_refusal_names_the_scope_and_is_written_down(fhir: FHIRClient, patient: Json) -> None:
    answer = fhir.with_token("fhir", "system/Condition.r").get(f"/Patient/{patient['id']}")

    assert answer.status_code == 403
    assert 'scope="system/Patient.r"' in answer.headers["WWW-Authenticate"]
    assert fhir.audited(answer.headers["X-Request-Id"]) == [
        ("access.refused", "fhir.Patient.read", [int(patient["id"])], "refused")
    ]


def test_a_token_may_be_asked_for_with_less_than_the_client_holds(fhir: FHIRClient) -> None:
    secret = fhir.sandpit.add_client("narrow", scopes=["system/*.rs"])

    def ask(scope: str) -> int:
        form = {"grant_type": "client_credentials", "scope": scope}
        answer = fhir.sandpit.http.post("/oauth2/token", data=form, auth=("narrow", secret))
        return answer.status_code

    assert ask("system/Observation.rs?category=laboratory patient/Patient.r") == 200
    assert ask("system/Observation.read") == 200
    assert ask("system/Observation.cruds") == 400
    assert ask("system/*.rubbish") == 400


def test_a_scope_narrowed_by_a_search_shows_no_version_before(fhir: FHIRClient, patient: Json) -> None:
    """Whether an earlier version matched, nothing tells."""
    first = fhir.create(of_category(patient, "social-history"))
    path = f"/Observation/{first['id']}"
    assert fhir.put(path, of_category(patient, "laboratory") | {"id": first["id"]}).status_code == 200
    narrow = fhir.with_token("fhir", "system/Observation.rs?category=laboratory")

    assert narrow.get(path).status_code == narrow.get(f"{path}/_history/2").status_code == 200
    assert narrow.get(f"{path}/_history/1").status_code == 404
    past = narrow.get(f"{path}/_history").json()
    assert (past["total"], [one["resource"]["meta"]["versionId"] for one in past["entry"]]) == (1, ["2"])
    of_type = narrow.get("/Observation/_history?_count=1000").json()["entry"]
    assert [one["resource"]["meta"]["versionId"] for one in of_type if one["fullUrl"].endswith(path)] == ["2"]
    whole = fhir.with_token("fhir", "system/Observation.rs?category=laboratory", "system/Observation.rs")
    assert whole.get(f"{path}/_history").json()["total"] == 2


def test_a_scope_narrowed_by_a_search_shows_and_takes_nothing_else(fhir: FHIRClient, patient: Json) -> None:
    laboratory, vital = (fhir.create(of_category(patient, code)) for code in ("laboratory", "vital-signs"))
    narrow = fhir.with_token("fhir", "system/Observation.cruds?category=laboratory", "system/Patient.rs")
    address = f"/Observation?patient={patient['id']}"

    assert narrow.found(address) == [f"Observation/{laboratory['id']}"]
    assert narrow.get(f"{address}&_summary=count").json()["total"] == 1
    assert narrow.get(f"/Observation/{laboratory['id']}").status_code == 200
    assert narrow.get(f"/Observation/{vital['id']}").status_code == 404
    assert narrow.get(f"/Observation/{vital['id']}/_history").status_code == 404
    assert narrow.found(f"/Patient?_id={patient['id']}&_revinclude=Observation:patient") == [
        f"Patient/{patient['id']}",
        f"Observation/{laboratory['id']}",
    ]
    assert narrow.found(f"/Patient?_has:Observation:patient:_id={vital['id']}") == []
    assert narrow.post("/Observation", of_category(patient, "laboratory")).status_code == 201
    assert narrow.post("/Observation", of_category(patient, "vital-signs")).status_code == 403
    assert narrow.put(f"/Observation/{vital['id']}", vital).status_code == 405
    assert narrow.put("/Observation/888888", vital | {"id": "888888"}).status_code == 405
    moved = of_category(patient, "vital-signs") | {"id": laboratory["id"]}
    assert narrow.put(f"/Observation/{laboratory['id']}", moved).status_code == 403
    assert fhir.get(f"/Observation/{laboratory['id']}").headers["ETag"] == 'W/"1"'


def test_scopes_of_a_patient_reach_everyone_linked_with_it_and_nobody_else(
    fhir: FHIRClient, patient: Json
) -> None:
    other = fhir.create(patient_of())
    own, others = (fhir.create(observation_of(one["id"])) for one in (patient, other))
    theirs = fhir.with_token("fhir", "patient/*.rs", patient=patient["id"], user_id="ada")

    assert theirs.found("/Observation") == [f"Observation/{own['id']}"]
    assert theirs.get("/Observation?_summary=count").json()["total"] == 1
    assert theirs.get(f"/Observation/{own['id']}").status_code == 200
    assert theirs.get(f"/Observation/{others['id']}").status_code == 404
    assert theirs.get(f"/Patient/{patient['id']}").status_code == 200
    assert theirs.get(f"/Patient/{other['id']}").status_code == 404
    assert theirs.found(f"/Observation?patient={other['id']}") == []
    without_context = fhir.with_token("fhir", "patient/*.rs")
    assert without_context.get(f"/Patient/{patient['id']}").status_code == 403


def test_scopes_of_a_patient_write_about_that_patient_alone(fhir: FHIRClient, patient: Json) -> None:
    other = fhir.create(patient_of())
    theirs = fhir.with_token("fhir", "patient/*.cruds", patient=patient["id"])

    assert theirs.post("/Observation", observation_of(patient["id"])).status_code == 201
    assert theirs.post("/Observation", observation_of(other["id"])).status_code == 403
    assert fhir.found(f"/Observation?patient={other['id']}") == []


def test_a_client_of_one_source_sees_and_links_to_no_other(fhir: FHIRClient) -> None:
    number = "9990000026"
    sent = patient_of(identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}])
    elsewhere = fhir.create(sent)
    near = open_fhir(fhir.sandpit, "near", tenancies=[701], own_tenancy_id=701)
    own = near.create(sent)

    assert near.found(f"/Patient?identifier={number}") == [f"Patient/{own['id']}"]
    assert near.get(f"/Patient/{elsewhere['id']}").status_code == 404
    assert "link" not in near.get(f"/Patient/{own['id']}").json()
    assert '"seealso"' not in near.get(f"/Patient/{own['id']}/_history").text
    assert '"seealso"' in fhir.get(f"/Patient/{own['id']}").text


def test_a_client_changes_only_what_it_sent(fhir: FHIRClient, patient: Json) -> None:
    observation = fhir.create(observation_of(patient["id"]))
    another = open_fhir(fhir.sandpit, "another", own_tenancy_id=702)
    address = f"/Observation/{observation['id']}"

    assert another.get(address).status_code == 200
    steps = [{"op": "replace", "path": "/status", "value": "amended"}]
    patched = another.call("PATCH", address, steps, Content_Type="application/json-patch+json")
    assert patched.status_code == 403
    # It has no record of this patient to put it in, which is told first.
    assert another.put(address, observation | {"status": "amended"}).status_code == 422
    assert another.call("DELETE", address).status_code == 403
    assert fhir.get(address).headers["ETag"] == 'W/"1"'


def test_a_client_that_is_no_source_is_told_what_to_do(fhir: FHIRClient) -> None:
    fhir.sandpit.add_client("sourceless", scopes=["system/*.cruds"])
    client = fhir.with_token("sourceless", "system/*.cruds")
    tag = {"system": "https://fhir.graphnethealth.com/CodeSystem-Tenancies", "code": "700"}

    refused = client.post("/Patient", patient_of())
    tagged = client.post("/Patient", patient_of(meta={"tag": [tag]}))

    assert refused.status_code == 422
    assert "--own-tenancy" in refused.json()["issue"][0]["diagnostics"]
    assert tagged.status_code == 201
    assert client.call("DELETE", f"/Patient/{tagged.json()['id']}").status_code == 204


def test_restricted_rows_are_for_those_who_hold_their_bundles_restricted_scope(fhir: FHIRClient) -> None:
    loaded = fhir.sandpit.load(
        tenancy_line(703),
        patient_line("r-1", DateOfBirth="1971-05-05"),
        sample_line("r-1", "DocumentsList", DocumentId="DOC-1", Confidentiality="Restricted"),
    )
    assert loaded.rejects is None, loaded.rejects.read_text()
    record = fhir.sandpit.detail_id(703, "r-1")
    fhir.sandpit.add_client("clinic", scopes=["system/*.rs", "documents.restricted"])
    address = f"/DocumentReference?patient={record}"

    plain = fhir.with_token("clinic", "system/*.rs").get(f"{address}&_total=accurate")
    holder = fhir.with_token("clinic", "system/*.rs", "documents.restricted").get(address)

    assert plain.json()["total"] == 0
    assert holder.json()["total"] == 1, holder.text
    with fhir.sandpit.database.connect() as connection:
        row = connection.execute(
            "SELECT restricted FROM audit.event WHERE trace_id = %s", (holder.headers["X-Request-Id"],)
        ).fetchone()
    assert row == (True,)
