"""Batches and transactions: references between entries, R4's order, and all or nothing."""

import base64
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from carecord.db.embedded import Held
from tests.support.fhir import BASE, FHIRClient, Json, fhir_of_a_module, observation_of, patient_of

ROOT = f"http://127.0.0.1:8080{BASE}"


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture
def patient(fhir: FHIRClient) -> Json:
    return fhir.create(patient_of())


def bundle(kind: str, *entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(
    method: str, url: str, resource: Json | None = None, full_url: str | None = None, **request: str
) -> Json:
    made: Json = {"request": {"method": method, "url": url} | request}
    if resource is not None:
        made["resource"] = resource
    if full_url is not None:
        made["fullUrl"] = full_url
    return made


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["response"]["status"][:3] for one in answer.json()["entry"]]


def test_entries_of_a_transaction_name_one_another(fhir: FHIRClient) -> None:
    encounter = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": "urn:uuid:a0000000-0000-4000-8000-000000000001"},
        "period": {"start": "2026-03-01T10:00:00+00:00"},
    }
    observation = observation_of(
        "?", encounter={"reference": "urn:uuid:a0000000-0000-4000-8000-000000000002"}
    )
    observation["subject"] = encounter["subject"]
    answer = fhir.post(
        "",
        bundle(
            "transaction",
            entry("POST", "Observation", observation),
            entry("POST", "Encounter", encounter, "urn:uuid:a0000000-0000-4000-8000-000000000002"),
            entry("POST", "Patient", patient_of(), "urn:uuid:a0000000-0000-4000-8000-000000000001"),
        ),
        Prefer="return=representation",
    )

    assert statuses(answer) == ["201", "201", "201"]
    kept, of_encounter, of_patient = (one["resource"] for one in answer.json()["entry"])
    assert kept["subject"] == {"reference": f"Patient/{of_patient['id']}"}
    assert kept["encounter"] == {"reference": f"Encounter/{of_encounter['id']}"}
    assert answer.json()["type"] == "transaction-response"
    assert answer.json()["entry"][0]["response"]["location"] == f"{ROOT}/Observation/{kept['id']}/_history/1"
    assert fhir.found(f"/Observation?encounter=Encounter/{of_encounter['id']}") == [
        f"Observation/{kept['id']}"
    ]


def test_entries_with_addresses_of_another_server_name_one_another(fhir: FHIRClient) -> None:
    answer = fhir.post(
        "",
        bundle(
            "transaction",
            entry("POST", "Patient", patient_of(), "https://old.example/fhir/Patient/77"),
            entry("POST", "Observation", observation_of("77"), "https://old.example/fhir/Observation/78"),
        ),
        Prefer="return=representation",
    )

    assert statuses(answer) == ["201", "201"]
    of_patient, kept = (one["resource"] for one in answer.json()["entry"])
    assert kept["subject"] == {"reference": f"Patient/{of_patient['id']}"}


def test_a_conditional_reference_finds_its_patient_or_fails_the_whole(
    fhir: FHIRClient, patient: Json
) -> None:
    number = patient["identifier"][0]["value"]
    found = observation_of("?", subject={"reference": f"Patient?identifier={number}"})
    lost = observation_of("?", subject={"reference": "Patient?identifier=of-nobody"})

    kept = fhir.post("", bundle("transaction", entry("POST", "Observation", found)))
    refused = fhir.post(
        "", bundle("transaction", entry("POST", "Observation", found), entry("POST", "Observation", lost))
    )

    assert statuses(kept) == ["201"]
    assert refused.status_code == 412
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert len(fhir.found(f"/Observation?patient={patient['id']}")) == 1


def test_a_conditional_reference_finds_a_patient_of_the_same_transaction(fhir: FHIRClient) -> None:
    sent = patient_of()
    number = sent["identifier"][0]["value"]
    measured = observation_of("?", subject={"reference": f"Patient?identifier={number}"})
    steps = [entry("POST", "Observation", measured), entry("POST", "Patient", sent)]

    answer = fhir.post("", bundle("transaction", *steps), Prefer="return=representation")

    assert statuses(answer) == ["201", "201"]
    kept, made = (one["resource"] for one in answer.json()["entry"])
    assert kept["subject"] == {"reference": f"Patient/{made['id']}"}


def test_patients_of_a_transaction_are_found_whether_or_not_something_comes_with_them(
    fhir: FHIRClient,
) -> None:
    alone = bundle("transaction", *(entry("POST", "Patient", patient_of()) for _ in range(2)))
    answer = fhir.post("", alone, Prefer="return=representation")

    assert statuses(answer) == ["201", "201"]
    for one in answer.json()["entry"]:
        made = one["resource"]
        assert fhir.get(f"/Patient/{made['id']}").json() == made
        number = made["identifier"][0]["value"]
        assert fhir.found(f"/Patient?identifier={number}") == [f"Patient/{made['id']}"]


def test_a_transaction_deletes_creates_changes_and_reads_in_this_order(
    fhir: FHIRClient, patient: Json
) -> None:
    going, staying = (fhir.create(observation_of(patient["id"])) for _ in range(2))
    steps = msgspec.json.encode([{"op": "replace", "path": "/status", "value": "corrected"}])
    patch = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": base64.b64encode(steps).decode(),
    }
    patched = fhir.create(observation_of(patient["id"]))
    answer = fhir.post(
        "",
        bundle(
            "transaction",
            entry("GET", f"Observation?patient={patient['id']}&_summary=count"),
            entry("PUT", f"Observation/{staying['id']}", staying | {"status": "amended"}, ifMatch='W/"1"'),
            entry("PATCH", f"Observation/{patched['id']}", patch),
            entry("POST", "Observation", observation_of(patient["id"])),
            entry("DELETE", f"Observation/{going['id']}"),
            entry("DELETE", "Observation/never-there"),
        ),
    )

    assert statuses(answer) == ["200", "200", "200", "201", "204", "204"]
    assert answer.json()["entry"][0]["resource"]["total"] == 3
    assert "resource" not in answer.json()["entry"][1]
    assert fhir.get(f"/Observation/{staying['id']}").json()["status"] == "amended"
    assert fhir.get(f"/Observation/{patched['id']}").json()["status"] == "corrected"
    assert fhir.get(f"/Observation/{going['id']}").status_code == 410


def test_a_creation_under_a_condition_that_is_met_gives_its_resource_to_the_others(
    fhir: FHIRClient, patient: Json
) -> None:
    number = patient["identifier"][0]["value"]
    name = "urn:uuid:a0000000-0000-4000-8000-000000000003"
    again = bundle(
        "transaction",
        entry("POST", "Patient", patient_of(), name, ifNoneExist=f"identifier={number}"),
        entry("POST", "Observation", observation_of("?", subject={"reference": name})),
        entry(
            "PUT",
            f"Patient?identifier={number}",
            {k: v for k, v in patient.items() if k not in ("id", "meta")},
        ),
    )
    answer = fhir.post("", again)

    assert statuses(answer) == ["200", "201", "200"]
    assert len(fhir.found(f"/Observation?patient={patient['id']}")) == 1


@pytest.mark.parametrize(
    ("spoilt", "status", "expression"),
    [
        ({"request": {"method": "POST", "url": "Observation"}}, 400, "Bundle.entry[1].resource"),
        ({"request": {"method": "JUMP", "url": "Observation"}}, 400, "Bundle.entry[1].request.method"),
        ({"request": {"method": "GET"}}, 400, "Bundle.entry[1].request.url"),
        (
            {"request": {"method": "GET", "url": "https://other.example/Patient/1"}},
            400,
            "Bundle.entry[1].request.url",
        ),
        ({"request": {"method": "GET", "url": "Elephant/1"}}, 404, "Bundle.entry[1]"),
        ({"request": {"method": "DELETE", "url": "Observation"}}, 400, "Bundle.entry[1].request.url"),
        ({}, 400, "Bundle.entry[1].request"),
        (
            {
                "request": {"method": "POST", "url": "Observation"},
                "resource": {"resourceType": "Observation", "status": "final"},
            },
            422,
            "Bundle.entry[1].resource.code",
        ),
        (
            {"request": {"method": "POST", "url": "Observation"}, "resource": observation_of("999999")},
            422,
            "Bundle.entry[1].resource.subject",
        ),
        (
            {
                "request": {"method": "POST", "url": "Observation"},
                "resource": observation_of(
                    "?", subject={"reference": "urn:uuid:a0000000-0000-4000-8000-00000000000f"}
                ),
            },
            422,
            "Bundle.entry[1].resource.subject.reference",
        ),
        (
            {
                "request": {"method": "POST", "url": "Observation"},
                "resource": observation_of(
                    "1", derivedFrom=[{"reference": "urn:uuid:a0000000-0000-4000-8000-00000000000f"}]
                ),
            },
            422,
            "Bundle.entry[1].resource.derivedFrom[0].reference",
        ),
    ],
)
def test_one_entry_that_breaks_a_rule_is_named_and_leaves_nothing_of_a_transaction(
    fhir: FHIRClient, patient: Json, spoilt: Json, status: int, expression: str
) -> None:
    sound = entry("POST", "Observation", observation_of(patient["id"]))
    answer = fhir.post("", bundle("transaction", sound, spoilt))

    assert answer.status_code == status, answer.text
    assert [one["expression"] for one in answer.json()["issue"]] == [[expression]]
    assert fhir.found(f"/Observation?patient={patient['id']}") == []


def test_what_breaks_late_undoes_what_came_before(fhir: FHIRClient, patient: Json) -> None:
    observation = fhir.create(observation_of(patient["id"]))
    answer = fhir.post(
        "",
        bundle(
            "transaction",
            entry("POST", "Observation", observation_of(patient["id"])),
            entry("PUT", f"Observation/{observation['id']}", observation, ifMatch='W/"9"'),
        ),
    )

    assert answer.status_code == 412
    assert fhir.found(f"/Observation?patient={patient['id']}") == [f"Observation/{observation['id']}"]


def test_one_resource_may_be_changed_once_in_a_transaction(fhir: FHIRClient, patient: Json) -> None:
    address = f"Patient/{patient['id']}"
    answer = fhir.post("", bundle("transaction", entry("PUT", address, patient), entry("DELETE", address)))

    assert answer.status_code == 400
    assert fhir.get(f"/{address}").status_code == 200


def test_an_entry_of_a_batch_fails_by_itself(fhir: FHIRClient, patient: Json) -> None:
    answer = fhir.post(
        "",
        bundle(
            "batch",
            entry("GET", f"Patient/{patient['id']}"),
            entry("GET", "Patient/999999"),
            entry("POST", "Observation", observation_of(patient["id"])),
            entry("POST", "Observation", {"resourceType": "Observation"}),
            entry("GET", f"Observation?patient={patient['id']}"),
            entry("GET", "metadata"),
            entry("POST", "", bundle("batch")),
            {"request": {"method": "JUMP"}},
        ),
    )

    assert statuses(answer) == ["200", "404", "201", "422", "200", "200", "400", "400"]
    entries = answer.json()["entry"]
    assert answer.json()["type"] == "batch-response"
    assert entries[0]["resource"]["id"] == patient["id"]
    assert entries[1]["response"]["outcome"]["issue"][0]["code"] == "not-found"
    assert entries[4]["resource"]["total"] == 1


def test_each_entry_asks_for_its_own_right(fhir: FHIRClient, patient: Json) -> None:
    reader = fhir.with_token("fhir", "system/Patient.r")
    read = entry("GET", f"Patient/{patient['id']}")
    write = entry("POST", "Observation", observation_of(patient["id"]))

    assert statuses(reader.post("", bundle("batch", read, write))) == ["200", "403"]
    assert reader.post("", bundle("transaction", read, write)).status_code == 403
    assert fhir.found(f"/Observation?patient={patient['id']}") == []


def test_a_transaction_leaves_a_trace_of_each_kind_of_change(fhir: FHIRClient, patient: Json) -> None:
    answer = fhir.post(
        "",
        bundle(
            "transaction",
            entry("POST", "Observation", observation_of(patient["id"])),
            entry("POST", "Observation", observation_of(patient["id"])),
            entry("PUT", f"Patient/{patient['id']}", patient),
        ),
    )

    person = [int(patient["id"])]
    assert fhir.audited(answer.headers["X-Request-Id"]) == [
        ("record.entries_submitted", "fhir.Observation.create", person, "allowed"),
        ("record.submitted", "fhir.Patient.update", person, "allowed"),
    ]


def test_other_bundles_are_refused(fhir: FHIRClient) -> None:
    get = entry("GET", "metadata")
    assert fhir.post("", bundle("document")).status_code == 422
    assert fhir.post("", {"resourceType": "Patient"}).status_code == 400
    assert fhir.post("", bundle("batch", *[get] * 501)).status_code == 400
    assert fhir.post("", bundle("transaction", *[get] * 501)).status_code == 400
    assert fhir.post("", bundle("batch")).json() == {"resourceType": "Bundle", "type": "batch-response"}
