"""FHIR and the bundles API tell the same, whichever of them, or of the feeds, the last change came by."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import httpx2
import pytest

from carecord.catalogue import BUNDLES, submissions_by_target
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.model import ListOperation, Operation
from carecord.db.embedded import Held
from carecord.fhir_api.incoming.places import PLACES
from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.mapping.entries import resources_of
from carecord.fhir_api.mapping.parts import PATIENT_STORES, About, Source
from tests.support.fhir import OWN, FHIRClient, Json, fhir_of_a_module, open_fhir, patient_of
from tests.support.fhir_filed import CASES, Filed
from tests.support.samples import submission_of
from tests.support.sandpit import KEY_HEADER, entry_line, patient_line, tenancy_line

STORES = {
    target: operation
    for target, operation in submissions_by_target.items()
    if operation is not DEMOGRAPHICS_DETAILS and operation.store is not None
}
FEED = 4
"""The source whose feed brings a sample of every collection, each to a patient of its own."""

ASTHMA = next(case for case in CASES if case.target == "ActiveProblemsCollection")

WITHOUT_SEARCH_BY_PATIENT = {"Binary"}
"""R4 gives this type no search parameter: it is read by its ID."""


class BothFaces(FHIRClient):
    """A client of FHIR that submits by Data Submission as well, and reads every bundle."""

    def submit(
        self, method: str, path: str, body: Any = None, *, expecting: tuple[int, ...] = (200,)
    ) -> httpx2.Response:
        url = f"/data-submission/patients{path}"
        answer = self.sandpit.http.request(method, url, headers=self.headers, json=body)
        assert answer.status_code in expecting, answer.text
        return answer

    def rows(self, operation: Operation, patient_id: str | int) -> list[Json]:
        """What the bundles API shows of a collection."""
        path = operation.path.replace("{patientDetailId}", str(patient_id))
        answer = self.sandpit.get(path)
        assert answer.status_code == 200, answer.text
        assert isinstance(operation, ListOperation)
        assert operation.collection is not None
        found: list[Json] = answer.json()[operation.collection]
        return found

    def details(self, patient_id: str | int) -> Json:
        answer = self.sandpit.get(f"/demographics/patients/{patient_id}/details")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def versions(self, type_name: str, id: str | int) -> list[Json]:
        """The history of a resource, newest first; each with the method that made it."""
        answer = self.get(f"/{type_name}/{id}/_history")
        assert answer.status_code == 200, answer.text
        found: list[Json] = decode(answer.content)["entry"]
        return found

    def resource(self, type_name: str, id: str | int) -> Json:
        answer = self.get(f"/{type_name}/{id}")
        assert answer.status_code == 200, answer.text
        return decode(answer.content)


@pytest.fixture(scope="module")
def faces(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothFaces]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("faces")) as client:
        sandpit = client.sandpit
        scopes = [
            "system/*.cruds",
            "data-submission.write",
            *(f"{one.slug}.restricted" for one in BUNDLES if _has_restricted(one.slug)),
        ]
        opened = open_fhir(sandpit, "both", scopes=scopes)
        key = sandpit.subscribe("both").primary_key
        yield BothFaces(sandpit, opened.headers | {KEY_HEADER: key})


@pytest.fixture
def patient_id(faces: BothFaces) -> str:
    made: str = faces.create(patient_of())["id"]
    return made


def _has_restricted(slug: str) -> bool:
    return slug == "documents" or any(one.restricted for one in STORES.values() if one.bundle.slug == slug)


def at(row: Any, name: str) -> Any:
    for part in name.split("."):
        if isinstance(row, list):
            row = row[int(part)] if int(part) < len(row) else None
        else:
            row = row.get(part) if isinstance(row, dict) else None
    return row


def shown(rows: Sequence[Json], names: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: at(row, name) for name in names} for row in rows]


# Written through FHIR.


def test_there_is_a_case_for_every_type_that_a_row_is_made_of() -> None:
    assert {case.resource["resourceType"] for case in CASES} == set(PLACES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_fhir_writes_changes_and_deletes_the_bundles_show_at_once(
    faces: BothFaces, patient_id: str, case: Filed
) -> None:
    type_name = case.resource["resourceType"]
    first = STORES[case.target]
    then = STORES[case.target_then or case.target]
    sent = case.about(patient_id)

    made = faces.post(f"/{type_name}", encode(sent))
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    assert shown(faces.rows(first, patient_id), list(case.shown)) == [case.shown]

    changed = sent | case.change | {"id": id}
    put = faces.put(f"/{type_name}/{id}", encode(changed))
    assert put.status_code == 200, put.text
    assert shown(faces.rows(then, patient_id), list(case.shown_then)) == [case.shown_then]
    if then is not first:
        assert faces.rows(first, patient_id) == []
    assert _said(faces.resource(type_name, id)) == _said(changed)
    assert [one["resource"]["meta"]["versionId"] for one in faces.versions(type_name, id)] == ["2", "1"]

    assert faces.call("DELETE", f"/{type_name}/{id}").status_code == 204
    assert faces.rows(then, patient_id) == []
    assert faces.get(f"/{type_name}/{id}").status_code == 410
    assert faces.found(f"/{type_name}?patient={patient_id}") == []


def test_an_order_shows_under_its_number_until_it_is_deleted(faces: BothFaces, patient_id: str) -> None:
    order = faces.create(
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "108252007"}]}],
            "code": {"text": "Full blood count"},
            "authoredOn": "2026-02-01T08:00:00Z",
            "subject": {"reference": f"Patient/{patient_id}"},
        }
    )
    path = f"/pathology/patients/{patient_id}/orders/{order['id']}"
    requested = "Request.TypeOfRequest.Description"

    assert at(faces.sandpit.get(path).json(), requested) == "Full blood count"
    faces.put(f"/ServiceRequest/{order['id']}", order | {"code": {"text": "Liver function"}})
    assert at(faces.sandpit.get(path).json(), requested) == "Liver function"
    faces.call("DELETE", f"/ServiceRequest/{order['id']}")
    assert faces.sandpit.get(path).status_code == 404


def test_a_document_brings_its_bytes_to_both_faces(faces: BothFaces, patient_id: str) -> None:
    case = next(one for one in CASES if one.target == "DocumentsList")
    made = faces.create(case.about(patient_id))

    path = f"/documents/patients/{patient_id}/documents/D-1/content"
    content = faces.sandpit.get(path)

    assert content.status_code == 200, content.text
    assert content.json()["Content"] == case.resource["content"][0]["attachment"]["data"]
    faces.call("DELETE", f"/DocumentReference/{made['id']}")
    assert faces.sandpit.get(path).status_code == 404


def test_a_patient_of_fhir_has_its_details_in_the_bundles(faces: BothFaces) -> None:
    made = faces.create(patient_of(name=[{"use": "official", "family": "Firstname", "given": ["Ada"]}]))
    assert faces.details(made["id"])["Surname"] == "Firstname"

    made["name"][0]["family"] = "Secondname"
    assert faces.put(f"/Patient/{made['id']}", made).status_code == 200
    assert faces.details(made["id"])["Surname"] == "Secondname"

    faces.call("DELETE", f"/Patient/{made['id']}")
    gone = faces.sandpit.get(f"/demographics/patients/{made['id']}/details")
    assert (gone.status_code, faces.get(f"/Patient/{made['id']}").status_code) == (404, 410)


def test_a_refusal_to_share_by_fhir_takes_hold_of_both_faces(faces: BothFaces, patient_id: str) -> None:
    case = next(one for one in CASES if one.target == "SharingStatusList")
    faces.create(ASTHMA.about(patient_id))
    refusal = case.about(patient_id) | {
        "provision": {"type": "deny", "code": [{"text": "Whole record"}]},
    }
    made = faces.create(refusal)

    problems = f"/gp/patients/{patient_id}/gp-problems/active"
    assert faces.found(f"/Condition?patient={patient_id}") == []
    assert faces.sandpit.get(problems).status_code in (403, 404)
    assert [row["Status"] for row in faces.rows(STORES["SharingStatusList"], patient_id)] == ["Refused"]

    faces.call("DELETE", f"/Consent/{made['id']}")
    assert len(faces.found(f"/Condition?patient={patient_id}")) == 1
    assert faces.sandpit.get(problems).json()["TotalItemCount"] == 1


# Written by Data Submission or a feed.


def test_what_data_submission_writes_changes_and_deletes_fhir_shows_at_once(faces: BothFaces) -> None:
    body = {"TenancyId": OWN, "PatientNumber": "DS-1", "Surname": "Submitted", "DateOfBirth": "1971-02-03"}
    record = faces.submit("POST", "", body, expecting=(201,)).json()["PatientDetailId"]
    patient = faces.resource("Patient", record)
    assert (patient["name"][0]["family"], patient["birthDate"]) == ("Submitted", "1971-02-03")

    def submit(description: str) -> str:
        item = {"DiagnosisDate": "2023-06-05T00:00:00", "DiagnosisDescription": description}
        sent = {"Items": [{"SourceItemId": "D1", "Item": item}]}
        done = faces.submit("POST", f"/{record}/acute/DiagnosesSummaryList", sent).json()
        found: str = done["ItemResults"][0]["ItemId"]
        return found

    id = submit("Cough")
    assert faces.found(f"/Condition?patient={record}&code:text=cough") == [f"Condition/{id}"]
    submit("Whooping cough")
    condition = faces.resource("Condition", id)
    assert condition["code"]["text"] == "Whooping cough"
    assert condition["meta"]["versionId"] == "2"
    faces.submit("DELETE", f"/{record}/items/{id}")
    assert faces.get(f"/Condition/{id}").status_code == 410
    assert faces.versions("Condition", id)[0]["request"]["method"] == "DELETE"

    faces.submit("PUT", f"/{record}", body | {"Surname": "Resubmitted"})
    assert faces.resource("Patient", record)["name"][0]["family"] == "Resubmitted"


@pytest.fixture(params=["data submission", "feed"])
def taken_over(request: pytest.FixtureRequest, faces: BothFaces) -> tuple[int, Json]:
    """A Condition that was sent with a note, and that another way in has changed, and its record."""
    by: str = request.param
    name = f"P-{by}-{request.node.name}"
    faces.sandpit.load(tenancy_line(OWN), patient_line(name))
    record = faces.sandpit.detail_id(OWN, name)
    made = faces.create(ASTHMA.about(str(record)) | {"note": [{"text": "As the client said it"}]})
    item = {"Date": "2019-05-02T00:00:00", "Rubric": "Late asthma"}
    if by == "feed":
        line = entry_line(name, ASTHMA.target, item, SourceItemId=f"fhir:{made['id']}")
        assert faces.sandpit.load(tenancy_line(OWN), line).rejected == 0
    else:
        sent = {"Items": [{"SourceItemId": f"fhir:{made['id']}", "Item": item}]}
        faces.submit("POST", f"/{record}/gp/{ASTHMA.target}", sent)
    return record, made


def test_what_fhir_sent_and_another_face_changed_is_told_as_it_is_now(
    faces: BothFaces, taken_over: tuple[int, Json]
) -> None:
    record, made = taken_over
    [row] = faces.rows(STORES[ASTHMA.target], record)
    now = faces.resource("Condition", made["id"])

    assert (row["Rubric"], now["code"]["text"]) == ("Late asthma", "Late asthma")
    assert now["meta"]["versionId"] == "2"
    assert "note" not in now
    assert faces.found(f"/Condition?patient={record}&code=195967001") == []
    newest, first = faces.versions("Condition", made["id"])
    assert newest["resource"] == now
    assert first["resource"] == made


def test_what_another_face_changed_its_client_may_say_again(
    faces: BothFaces, taken_over: tuple[int, Json]
) -> None:
    record, made = taken_over
    answer = faces.put(f"/Condition/{made['id']}", made)

    assert (answer.status_code, answer.json()["meta"]["versionId"]) == (200, "3")
    assert _said(answer.json()) == _said(made)
    assert [row["Rubric"] for row in faces.rows(STORES[ASTHMA.target], record)] == ["Asthma"]
    assert len(faces.versions("Condition", made["id"])) == 3


def test_what_fhir_sent_data_submission_may_delete(faces: BothFaces, patient_id: str) -> None:
    made = faces.create(ASTHMA.about(patient_id))

    faces.submit("DELETE", f"/{patient_id}/items/{made['id']}")

    assert faces.get(f"/Condition/{made['id']}").status_code == 410
    assert faces.found(f"/Condition?patient={patient_id}") == []
    assert faces.put(f"/Condition/{made['id']}", made).status_code == 201
    assert len(faces.rows(STORES[ASTHMA.target], patient_id)) == 1


@pytest.fixture(scope="module")
def samples(faces: BothFaces) -> BothFaces:
    """Each collection's sample came by feed, to a patient who has nothing else."""
    lines = [tenancy_line(FEED)]
    for target, operation in STORES.items():
        lines += [patient_line(f"S-{target}"), entry_line(f"S-{target}", target, submission_of(operation))]
    loaded = faces.sandpit.load(*lines)
    assert loaded.rejected == 0
    return faces


@pytest.mark.parametrize("target", STORES)
def test_a_sample_that_a_feed_brought_is_found_by_type_and_patient(samples: BothFaces, target: str) -> None:
    operation = STORES[target]
    assert operation.store is not None
    record = samples.sandpit.detail_id(FEED, f"S-{target}")
    expected = _resources_of(samples, operation, record)
    types = sorted({one.split("/")[0] for one in expected} - WITHOUT_SEARCH_BY_PATIENT)

    found = [one for name in types for one in samples.found(f"/{name}?patient={record}&_count=50")]

    assert sorted(found) == [one for one in expected if one.split("/")[0] in types]
    for one in expected:
        type_name, _, id = one.partition("/")
        if type_name in WITHOUT_SEARCH_BY_PATIENT:
            assert samples.resource(type_name, id)["id"] == id
    if not expected:
        assert operation.store.name in PATIENT_STORES
        assert _tells_more_than_a_bare_patient(samples, record)


def _resources_of(faces: BothFaces, operation: Operation, record: int) -> list[str]:
    """What the declarations make of the one entry of a record."""
    assert operation.store is not None
    with faces.sandpit.database.connect() as connection:
        [(entry_id, item)] = connection.execute(
            "SELECT entry_id, item::jsonb FROM clinical_store.entry"
            " WHERE patient_detail_id = %s AND collection = %s",
            (record, operation.store.name),
        ).fetchall()
    about = About(record, entry_id, Source(FEED, "", None), date(2026, 11, 1))
    made = resources_of(operation.store.name, item, about=about)
    return sorted(f"{one.resource['resourceType']}/{one.id(entry_id)}" for one in made)


def _tells_more_than_a_bare_patient(faces: BothFaces, record: int) -> bool:
    patient = faces.resource("Patient", record)
    return len(patient.get("address", ())) > 0 or len(patient["identifier"]) > 1 or "communication" in patient


# Linked and merged records.


NUMBERED = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17"}
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


def test_any_linked_id_gives_the_whole_person_and_unlinked_each_stands_alone(faces: BothFaces) -> None:
    ids = []
    for tenancy in (OWN, FEED):
        problem = {"Date": "2020-01-01T00:00:00", "Rubric": f"Problem of {tenancy}"}
        faces.sandpit.load(
            tenancy_line(tenancy),
            patient_line("LINKED", **NUMBERED),
            entry_line("LINKED", "ActiveProblemsCollection", problem),
        )
        ids.append(faces.sandpit.detail_id(tenancy, "LINKED"))
    own, other = ids
    searches = [
        f"/Condition?patient={own}",
        f"/Condition?patient=Patient/{other}",
        f"/Condition?subject={other}",
        f"/Condition?patient.identifier={NHS_NUMBER}|9990123454",
    ]
    answers = [sorted(faces.found(one)) for one in searches]
    assert len(answers[0]) == 2
    assert answers == [answers[0]] * 4
    assert [_links(faces.resource("Patient", one)) for one in ids] == [
        [(f"Patient/{other}", "seealso")],
        [(f"Patient/{own}", "seealso")],
    ]

    faces.submit("DELETE", f"/{own}/links/{other}")

    alone = [faces.found(f"/Condition?patient={one}") for one in ids]
    assert [len(one) for one in alone] == [1, 1]
    assert sorted([*alone[0], *alone[1]]) == answers[0]
    for one in ids:
        newest, before, *_ = faces.versions("Patient", one)
        assert _links(newest["resource"]) == []
        assert len(_links(before["resource"])) == 1


@pytest.mark.parametrize("by", ["FHIR", "data submission"])
def test_merged_records_answer_as_one_and_say_which_of_them_survives(faces: BothFaces, by: str) -> None:
    survivor, former = (faces.create(patient_of()) for _ in range(2))
    for one in (survivor, former):
        faces.create(ASTHMA.about(one["id"]))

    if by == "FHIR":
        link = {"other": {"reference": f"Patient/{survivor['id']}"}, "type": "replaced-by"}
        put = faces.put(f"/Patient/{former['id']}", former | {"active": False, "link": [link]})
        assert put.status_code == 200, put.text
    else:
        faces.submit("POST", f"/{survivor['id']}/merge", {"MinorPatientDetailId": former["id"]})

    kept, replaced = (faces.resource("Patient", one["id"]) for one in (survivor, former))
    assert _links(kept) == [(f"Patient/{former['id']}", "replaces")]
    assert _links(replaced) == [(f"Patient/{survivor['id']}", "replaced-by")]
    assert replaced["active"] is False
    assert [faces.details(one["id"])["RecordStatus"] for one in (survivor, former)] == ["Active", "Merged"]
    of_each = [sorted(faces.found(f"/Condition?patient={one['id']}")) for one in (survivor, former)]
    assert len(of_each[0]) == 2
    assert of_each[0] == of_each[1]
    assert len(faces.rows(STORES["ActiveProblemsCollection"], former["id"])) == 2

    if by == "FHIR":
        faces.put(f"/Patient/{former['id']}", former)
        assert _links(faces.resource("Patient", survivor["id"])) == []
        assert len(faces.found(f"/Condition?patient={survivor['id']}")) == 1


def _links(patient: Json) -> list[tuple[str, str]]:
    return [(one["other"]["reference"], one["type"]) for one in patient.get("link", ())]


def _said(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name != "meta"}
