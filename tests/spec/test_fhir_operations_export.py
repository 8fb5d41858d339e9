"""Bulk $export, $docref and $validate: what operations tell of many, of documents, of what is not kept."""

import json
import time
from pathlib import Path
from typing import Any, LiteralString

import pytest
from psycopg import sql

from carecord.fhir_api.operations.export_jobs import RUNNING_OF_A_CLIENT, ExportFolder, Job, new_id
from tests.support.fhir_clients import FHIRCaller, Registered, add_fhir_client, sign_in
from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

NDJSON = "application/fhir+ndjson"
HEART_RATE: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "effectiveDateTime": "2026-01-02T03:04:05Z",
    "valueInteger": 61,
}


@pytest.fixture
def caller(sandpit: Sandpit) -> FHIRCaller:
    return sign_in(sandpit)


def add_patient(caller: FHIRCaller, family: str) -> str:
    """A Patient of this name, with one Observation; gives its id."""
    patient = caller.create({"resourceType": "Patient", "name": [{"family": family}]})
    caller.create(HEART_RATE | {"subject": {"reference": f"Patient/{patient['id']}"}})
    identifier: str = patient["id"]
    return identifier


def begin(caller: FHIRCaller, path: str) -> str:
    """Ask for an export; gives the address of its status."""
    answer = caller.get(path, prefer="respond-async")
    assert answer.status_code == 202, answer.text
    address: str = answer.headers["content-location"]
    return address


def finish(caller: FHIRCaller, status: str) -> dict[str, Any]:
    """Wait for an export; gives its manifest."""
    until = time.monotonic() + 30
    while (answer := caller.get(status, accept="application/json")).status_code == 202:
        assert time.monotonic() < until, answer.headers
        assert answer.headers["x-progress"]
        time.sleep(0.02)
    assert answer.status_code == 200, answer.text
    manifest: dict[str, Any] = answer.json()
    return manifest


def lines(caller: FHIRCaller, manifest: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """By type: the resources of all files."""
    found: dict[str, list[dict[str, Any]]] = {}
    for output in manifest["output"]:
        answer = caller.get(output["url"], accept=NDJSON)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith(NDJSON)
        resources = [json.loads(line) for line in answer.text.splitlines()]
        assert len(resources) == output["count"]
        found.setdefault(output["type"], []).extend(resources)
    return found


def ids(resources: list[dict[str, Any]]) -> set[str]:
    return {one["id"] for one in resources}


def test_an_export_of_all_is_made_while_the_client_does_something_else(caller: FHIRCaller) -> None:
    patients = {add_patient(caller, family) for family in ("Exportson", "Otherson")}
    doctor = caller.create({"resourceType": "Practitioner", "name": [{"family": "Doctorson"}]})

    manifest = finish(caller, begin(caller, "/$export"))
    found = lines(caller, manifest)

    assert (ids(found["Patient"]), ids(found["Practitioner"])) == (patients, {doctor["id"]})
    assert len(found["Observation"]) == 2
    assert (manifest["requiresAccessToken"], manifest["error"]) == (True, [])
    assert manifest["request"].endswith("/fhir/R4/$export")


def test_an_export_of_patients_holds_what_is_in_their_records_alone(caller: FHIRCaller) -> None:
    add_patient(caller, "Exportson")
    caller.create({"resourceType": "Practitioner", "name": [{"family": "Doctorson"}]})

    found = lines(caller, finish(caller, begin(caller, "/Patient/$export?_type=Patient,Practitioner")))

    assert set(found) == {"Patient"}


def test_an_export_of_a_group_holds_its_members_and_those_linked_with_them(
    sandpit: Sandpit, caller: FHIRCaller
) -> None:
    ann = {
        "Surname": "Groupson",
        "Forename": "Annabel",
        "DateOfBirth": "1971-02-03",
        "NhsNumber": "9990123454",
    }
    for tenancy in (1, 2):
        sandpit.load(tenancy_line(tenancy), patient_line("ann", NhsNumberVerificationStatus="01", **ann))
    linked = {str(sandpit.detail_id(tenancy, "ann")) for tenancy in (1, 2)}
    add_patient(caller, "Outsiderson")
    group = caller.create(
        {
            "resourceType": "Group",
            "type": "person",
            "actual": True,
            "member": [{"entity": {"reference": f"Patient/{min(linked)}"}}],
        }
    )

    found = lines(caller, finish(caller, begin(caller, f"/Group/{group['id']}/$export?_type=Patient")))

    assert ids(found["Patient"]) == linked


def test_an_export_since_a_time_holds_what_changed_then(caller: FHIRCaller) -> None:
    add_patient(caller, "Earlierson")
    told = finish(caller, begin(caller, "/$export?_type=Patient"))["transactionTime"]
    later = add_patient(caller, "Laterson")

    found = lines(caller, finish(caller, begin(caller, f"/$export?_type=Patient&_since={told}")))

    assert ids(found["Patient"]) == {later}


def test_an_export_holds_only_what_its_client_may_see(sandpit: Sandpit, caller: FHIRCaller) -> None:
    add_patient(caller, "Hiddenson")
    narrow = sign_in(sandpit, "narrow", scopes=("system/Patient.rs",), own_tenancy_id=2, tenancies=[2])
    sandpit.load(tenancy_line(2), patient_line("bea", Surname="Shownson"))

    found = lines(narrow, finish(narrow, begin(narrow, "/$export")))

    assert {kind: ids(some) for kind, some in found.items()} == {
        "Patient": {str(sandpit.detail_id(2, "bea"))}
    }
    assert narrow.get("/$export?_type=Observation", prefer="respond-async").status_code == 403


def test_an_export_tells_nothing_of_links_to_sources_that_its_client_may_not_see(sandpit: Sandpit) -> None:
    ann = {
        "Surname": "Linkson",
        "Forename": "Annabel",
        "DateOfBirth": "1971-02-03",
        "NhsNumber": "9990123454",
    }
    for tenancy in (1, 2):
        sandpit.load(tenancy_line(tenancy), patient_line("ann", NhsNumberVerificationStatus="01", **ann))
    narrow = sign_in(sandpit, "narrow", own_tenancy_id=2, tenancies=[2])

    (patient,) = lines(narrow, finish(narrow, begin(narrow, "/$export?_type=Patient")))["Patient"]

    assert "link" not in patient


def test_an_export_is_of_its_client_alone_until_the_client_ends_it(
    sandpit: Sandpit, caller: FHIRCaller
) -> None:
    add_patient(caller, "Exportson")
    other = sign_in(sandpit, "other", own_tenancy_id=901)
    status = begin(caller, "/$export")
    (file, *_) = finish(caller, status)["output"]

    assert [other.get(one).status_code for one in (status, file["url"])] == [404, 404]
    assert other.delete(status).status_code == 404
    assert caller.delete(status).status_code == 202
    assert [caller.get(one).status_code for one in (status, file["url"])] == [404, 404]


def test_a_file_is_not_given_to_a_token_that_sees_less_than_the_one_that_asked(
    sandpit: Sandpit, caller: FHIRCaller
) -> None:
    add_patient(caller, "Exportson")
    client = add_fhir_client(sandpit.database, "both", own_tenancy_id=900)
    wide, narrow = (
        FHIRCaller(sandpit, {"Authorization": f"Bearer {narrowed_token(sandpit, client, scope)}"})
        for scope in ("system/*.cruds", "system/Observation.rs")
    )
    (file, *_) = finish(wide, begin(wide, "/$export"))["output"]

    assert wide.get(file["url"]).status_code == 200
    assert narrow.get(file["url"]).status_code == 403


def test_a_file_is_not_given_once_something_in_it_was_restricted(
    sandpit: Sandpit, caller: FHIRCaller
) -> None:
    def load(confidentiality: str) -> None:
        line = sample_line("rex", "DocumentsList", DocumentId="DOC-1", Confidentiality=confidentiality)
        sandpit.load(tenancy_line(3), patient_line("rex", Surname="Filedson"), line)

    load("Open")
    files = finish(caller, begin(caller, "/$export?_type=Patient,DocumentReference"))["output"]
    address = {one["type"]: one["url"] for one in files}
    assert [caller.get(one).status_code for one in address.values()] == [200, 200]
    load("Restricted")

    assert caller.get(address["DocumentReference"]).status_code == 410
    assert caller.get(address["Patient"]).status_code == 200


def test_a_file_is_not_given_once_what_it_points_at_was_restricted_in_another_record(
    sandpit: Sandpit,
) -> None:
    ann = {
        "Surname": "Linkson",
        "Forename": "Annabel",
        "DateOfBirth": "1971-02-03",
        "NhsNumber": "9990123454",
        "NhsNumberVerificationStatus": "01",
    }

    def load(confidentiality: str) -> None:
        line = sample_line("ann", "DocumentsList", DocumentId="DOC-1", Confidentiality=confidentiality)
        sandpit.load(tenancy_line(1), patient_line("ann", **ann), line)

    load("Open")
    sandpit.load(tenancy_line(2), patient_line("ann", **ann))
    caller = sign_in(sandpit, "teller", own_tenancy_id=2)
    (document,) = caller.resources(f"/DocumentReference?patient={sandpit.detail_id(1, 'ann')}")
    context = {"reference": f"DocumentReference/{document['id']}"}
    caller.create({"resourceType": "Binary", "contentType": "text/plain", "securityContext": context})
    (file,) = finish(caller, begin(caller, "/$export?_type=Binary"))["output"]
    assert caller.get(file["url"]).status_code == 200

    load("Restricted")

    assert caller.get(file["url"]).status_code == 410


@pytest.mark.parametrize(
    "change",
    ["sharing_refused = true", "refused_bundles = '{demographics}'", "deleted_at = now()"],
    ids=["refused", "bundle_refused", "withdrawn"],
)
def test_a_file_is_not_given_once_somebody_in_it_refused_or_was_withdrawn(
    sandpit: Sandpit, caller: FHIRCaller, change: LiteralString
) -> None:
    sandpit.load(tenancy_line(3), patient_line("sue", Surname="Filedson"))
    (file,) = finish(caller, begin(caller, "/$export?_type=Patient"))["output"]
    with sandpit.database.connect() as connection:
        connection.execute(
            sql.SQL("UPDATE patient_index.patient_record SET {} WHERE patient_detail_id = %s").format(
                sql.SQL(change)
            ),
            [sandpit.detail_id(3, "sue")],
        )

    answer = caller.get(file["url"])

    assert answer.status_code == 410
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "change",
    ["sharing_refused = true", "refused_bundles = '{demographics}'", "deleted_at = now()"],
    ids=["refused", "bundle_refused", "withdrawn"],
)
def test_a_file_is_not_given_once_a_record_refused_or_was_withdrawn_that_a_patient_in_it_names(
    sandpit: Sandpit, caller: FHIRCaller, change: LiteralString
) -> None:
    ann = {
        "Surname": "Linkson",
        "DateOfBirth": "1971-02-03",
        "NhsNumber": "9990123454",
        "NhsNumberVerificationStatus": "01",
    }
    for tenancy in (1, 2):
        sandpit.load(tenancy_line(tenancy), patient_line("ann", Forename="Annabel", **ann))
    told = finish(caller, begin(caller, "/$export?_type=Patient"))["transactionTime"]
    sandpit.load(tenancy_line(1), patient_line("ann", Forename="Anne", **ann))
    address = f"/$export?_type=Patient&_since={told}"
    (file,) = finish(caller, begin(caller, address))["output"]
    (patient,) = lines(caller, {"output": [file]})["Patient"]
    assert patient["id"] == str(sandpit.detail_id(1, "ann"))

    with sandpit.database.connect() as connection:
        connection.execute(
            sql.SQL("UPDATE patient_index.patient_record SET {} WHERE patient_detail_id = %s").format(
                sql.SQL(change)
            ),
            [sandpit.detail_id(2, "ann")],
        )

    assert caller.get(file["url"]).status_code == 410
    again = lines(caller, finish(caller, begin(caller, address)))["Patient"]
    assert [one.get("link") for one in again if one["id"] == patient["id"]] == [None]


def test_a_file_is_given_although_a_resource_in_it_was_deleted_since(caller: FHIRCaller) -> None:
    add_patient(caller, "Exportson")
    (file,) = finish(caller, begin(caller, "/$export?_type=Observation"))["output"]
    (observation,) = lines(caller, {"output": [file]})["Observation"]
    assert caller.delete(f"/Observation/{observation['id']}").status_code == 204

    assert caller.get(file["url"]).status_code == 200


def test_a_file_of_which_nobody_knows_what_it_holds_is_not_given(caller: FHIRCaller, tmp_path: Path) -> None:
    add_patient(caller, "Exportson")
    (file,) = finish(caller, begin(caller, "/$export?_type=Patient"))["output"]
    (names,) = tmp_path.rglob("Patient.1.names")
    names.unlink()

    assert caller.get(file["url"]).status_code == 410


def narrowed_token(sandpit: Sandpit, client: Registered, scope: str) -> str:
    form = {"grant_type": "client_credentials", "scope": scope}
    answer = sandpit.http.post("/oauth2/token", data=form, auth=(client.client_id, client.secret))
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def test_a_client_that_has_several_exports_under_way_waits_before_it_asks_for_another(
    caller: FHIRCaller, tmp_path: Path
) -> None:
    folder = ExportFolder(tmp_path / "data")
    now = time.time()
    for _ in range(RUNNING_OF_A_CLIENT):
        folder.add(
            Job(
                id=new_id(),
                client_id="fhir",
                user_id=None,
                rights="",
                request="",
                types=(),
                since=None,
                level="system",
                members=(),
                trace_id="",
                started_at=now,
                told_at=now,
            )
        )

    answer = caller.get("/$export", prefer="respond-async")

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")


def test_an_export_names_in_the_audit_whom_it_shows(sandpit: Sandpit, caller: FHIRCaller) -> None:
    patient = add_patient(caller, "Exportson")

    finish(caller, begin(caller, "/$export"))

    with sandpit.database.connect() as connection:
        rows = connection.execute(
            "SELECT patient_detail_ids FROM audit.event"
            " WHERE operation_id = 'fhir.$export' AND patient_detail_ids <> '{}'"
        ).fetchall()
    assert rows == [([int(patient)],)]


def test_an_export_is_refused_that_breaks_a_rule_or_is_not_asked_for_asynchronously(
    caller: FHIRCaller,
) -> None:
    for query in ("_type=Nonsense", "_outputFormat=csv", "_since=then"):
        answer = caller.get(f"/$export?{query}", prefer="respond-async")

        assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (
            400,
            [query.partition("=")[0]],
        )
    assert caller.get("/$export").status_code == 400


def document(patient: str, title: str, date: str) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "type": {"coding": [{"system": "http://loinc.org", "code": "34133-9"}], "text": title},
        "date": date,
        "content": [{"attachment": {"contentType": "text/plain", "data": "bWFkZSB1cA==", "title": title}}],
    }


def test_docref_gives_the_newest_document_or_all_of_a_time(caller: FHIRCaller) -> None:
    patient = caller.create({"resourceType": "Patient", "name": [{"family": "Letterson"}]})["id"]
    for year in ("2020", "2022", "2024"):
        caller.create(document(patient, f"Letter of {year}", f"{year}-05-06T07:08:09Z"))

    def titles(query: str) -> list[str]:
        found = caller.resources(f"/DocumentReference/$docref?patient={patient}{query}")
        return [one["type"]["text"] for one in found]

    assert titles("") == ["Letter of 2024"]
    assert titles("&start=2021-01-01") == ["Letter of 2024", "Letter of 2022"]
    assert titles("&end=2022-12-31") == ["Letter of 2022", "Letter of 2020"]
    assert titles("&start=2019-01-01&type=http://loinc.org|1") == []
    assert caller.get("/DocumentReference/$docref").status_code == 400


def test_validate_says_what_would_be_found_at_the_door_and_keeps_nothing(caller: FHIRCaller) -> None:
    good = caller.post("/Patient/$validate", {"resourceType": "Patient", "name": [{"family": "Validson"}]})
    bad = caller.post("/Patient/$validate", {"resourceType": "Patient", "gender": "nonsense"})

    assert good.status_code == bad.status_code == 200
    assert {one["severity"] for one in good.json()["issue"]} <= {"information", "warning"}
    assert [one["expression"] for one in bad.json()["issue"] if one["severity"] == "error"] == [
        ["Patient.gender"]
    ]
    assert caller.resources("/Patient") == []


def test_validate_takes_parameters_and_knows_the_mode(caller: FHIRCaller) -> None:
    patient = caller.create({"resourceType": "Patient", "name": [{"family": "Validson"}]})

    def severities(path: str, *parameters: dict[str, Any]) -> set[str]:
        answer = caller.post(path, {"resourceType": "Parameters", "parameter": list(parameters)})
        assert answer.status_code == 200, answer.text
        return {one["severity"] for one in answer.json()["issue"]}

    update, delete = ({"name": "mode", "valueCode": code} for code in ("update", "delete"))
    resource = {"name": "resource", "resource": patient}
    another = {"name": "resource", "resource": patient | {"id": "another"}}
    instance = f"/Patient/{patient['id']}/$validate"

    assert "error" not in severities(instance, resource, update)
    assert "error" in severities(instance, another, update)
    assert "error" not in severities(instance, delete)
    assert caller.get(instance).status_code == 200
    assert caller.get("/Patient/99999/$validate").status_code == 404
