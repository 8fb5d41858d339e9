"""What clients send through FHIR is filed in the record, reads back as sent, and never disagrees with it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from carecord.catalogue.gp import BUNDLE as GP
from carecord.catalogue.submission import Row
from carecord.clinical_store.submitting import submit_entries
from carecord.db.connect import Database
from carecord.fhir_api.json_text import decode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.outcomes import InvalidResource
from carecord.fhir_api.rights import Context, Deed, Grant
from carecord.fhir_api.storing import allocate_ids, create_many, freshen, update
from carecord.kernel.errors import (
    Conflict,
    Gone,
    MethodNotAllowed,
    NotAllowed,
    NotFound,
    PreconditionFailed,
)
from carecord.patient_index.links import link
from tests.support.fhir_store import OWN, FhirStore, rights_of, writer_of
from tests.support.sandpit import patient_line, tenancy_line

PATIENT: Json = {
    "resourceType": "Patient",
    "identifier": [{"system": "https://app.example/mrn", "value": "M-1"}],
    "name": [{"family": "Testperson", "given": ["Grace"], "period": {"start": "2001"}}],
    "birthDate": "1946-05-17",
    "photo": [{"title": "What the catalogue has no place for"}],
}


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Iterator[FhirStore]:
    with database.connect() as connection:
        opened = FhirStore(database, connection, tmp_path)
        opened.load(tenancy_line(OWN, "The app"), patient_line("known"))
        opened.freshen()
        yield opened


def observation(patient: str | int, value: str = "37.50") -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "276885007", "display": "Temp"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-01-02T03:04:05Z",
        "valueQuantity": {"value": Decimal(value), "unit": "Cel"},
    }


def condition(patient: str | int, **more: Any) -> Json:
    return {
        "resourceType": "Condition",
        "clinicalStatus": _status("active"),
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "195967001", "display": "Asthma"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "onsetDateTime": "2020-03-04",
        "recordedDate": "2020-03-04",
    } | more


def _status(code: str) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return {"coding": [{"system": system, "code": code}]}


def sent_part(body: bytes | None) -> Json:
    """A body without what the server adds."""
    assert body is not None
    found = decode(body)
    del found["id"], found["meta"]
    return found


def test_a_patient_becomes_a_source_record_and_reads_back_as_sent(store: FhirStore) -> None:
    written = store.create(PATIENT)

    assert written.created
    assert sent_part(store.read("Patient", written.kept.id).body) == PATIENT
    [(tenancy, demographics)] = store.rows(
        "SELECT tenancy_id, demographics FROM patient_index.patient_record WHERE patient_detail_id = %(id)s",
        id=int(written.kept.id),
    )
    assert (tenancy, demographics["Surname"], demographics["PatientNumber"]) == (OWN, "Testperson", "M-1")
    meta = decode(written.kept.body or b"")["meta"]
    assert meta["versionId"] == "1"
    assert meta["tag"] == [
        {
            "system": "https://fhir.graphnethealth.com/CodeSystem-Tenancies",
            "code": str(OWN),
            "display": "The app",
        }
    ]


def test_a_patient_without_a_local_number_is_given_one(store: FhirStore) -> None:
    nameless = {name: value for name, value in PATIENT.items() if name != "identifier"}
    first = store.create(nameless)
    second = store.create(nameless | {"name": [{"family": "Someone"}], "birthDate": "1999-01-02"})

    numbers = store.rows("SELECT number FROM patient_index.patient_number WHERE number LIKE 'FHIR-%%'")
    assert len(set(numbers)) == 2
    again = store.update(nameless | {"gender": "female"}, first.kept.id)
    assert again.kept.version == 2
    assert (
        store.rows(
            "SELECT number FROM patient_index.patient_number WHERE patient_detail_id = %(id)s",
            id=int(second.kept.id),
        )[0]
        in numbers
    )


def test_a_resource_is_an_entry_at_once_and_keeps_its_digits(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    sent = observation(patient)

    written = store.create(sent)

    assert sent_part(store.read("Observation", written.kept.id).body) == sent
    assert b"37.50" in (written.kept.body or b"")
    [(entry_id, version, _)] = store.entries("gp_observation")
    assert (str(entry_id), version) == (written.kept.id, 1)
    assert store.rows("SELECT store FROM fhir_api.stale WHERE store IS NOT NULL") == []


def test_the_same_body_is_no_new_version(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(observation(patient))

    again = store.update(observation(patient), made.kept.id)
    assert (again.changed, again.kept.version) == (False, 1)
    assert not store.update(PATIENT, patient).changed

    other = store.update(observation(patient, "37.5"), made.kept.id)
    assert (other.changed, other.created, other.kept.version) == (True, False, 2)
    assert store.versions("Observation", made.kept.id) == [(1, False), (2, False)]


def test_a_change_is_for_the_version_that_it_was_meant_for(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(observation(patient)).kept
    store.update(observation(patient, "38"), made.id, expected_version="1")

    with pytest.raises(PreconditionFailed):
        store.update(observation(patient, "39"), made.id, expected_version="1")
    with pytest.raises(PreconditionFailed):
        store.delete("Observation", made.id, expected_version="1")
    assert store.read("Observation", made.id).version == 2


def test_a_client_changes_only_what_it_sent(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(observation(patient)).kept
    [known] = store.rows(
        "SELECT patient_detail_id FROM patient_index.patient_record WHERE source_key='known'"
    )
    other = writer_of("other")

    with pytest.raises(NotAllowed):
        store.update(observation(patient, "1"), made.id, other)
    with pytest.raises(NotAllowed):
        store.delete("Observation", made.id, other)
    with pytest.raises(NotAllowed):
        store.update(PATIENT, str(known[0]))
    with pytest.raises(NotFound):
        store.delete("Observation", made.id, writer_of("stranger", tenancies=(99,)))
    with pytest.raises(NotFound):
        store.delete("Observation", "no-such")


def test_a_deleted_resource_is_gone_and_may_return_by_its_id(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(observation(patient)).kept

    deleted = store.delete("Observation", made.id)

    assert (deleted.kept.version, deleted.kept.body) == (2, None)
    assert not store.delete("Observation", made.id).changed
    assert store.entries("gp_observation") == []
    with pytest.raises(Gone):
        store.read("Observation", made.id)
    back = store.update(observation(patient, "36.60"), made.id)
    assert (back.created, back.kept.version) == (True, 3)
    [(entry_id, version, _)] = store.entries("gp_observation")
    assert (str(entry_id), version) == (made.id, 2)


def test_a_deleted_patient_hides_what_is_in_its_record_and_may_return(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(observation(patient)).kept

    store.delete("Patient", patient)

    with pytest.raises(Gone):
        store.read("Patient", patient)
    with pytest.raises(NotFound):
        store.read("Observation", made.id)
    back = store.update(PATIENT, patient)
    assert (back.created, back.kept.version) == (True, 3)
    assert store.read("Observation", made.id).version == 1
    assert sent_part(store.read("Patient", patient).body) == PATIENT


def test_whose_record_it_goes_to_must_be_the_clients_own(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a", NhsNumber="9990123454"))
    feed = store.record(1, "a")

    for patient in (feed, 999_999, "example"):
        with pytest.raises(InvalidResource) as refused:
            store.create(observation(patient))
        assert refused.value.issues[0].expression == "Observation.subject"
    assert store.entries("gp_observation") == []

    own = int(store.create(PATIENT).kept.id)
    with store.connection.transaction():
        link(store.connection, own, feed, decided_by="steward", reason=None)
    assert store.create(observation(feed)).kept.patient_detail_id == own
    by_number = observation(feed)
    by_number["subject"] = {
        "identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990123454"}
    }
    assert store.create(by_number).kept.patient_detail_id == own
    # Who may not know of the other source's record may not name it either.
    with pytest.raises(InvalidResource):
        store.create(observation(feed), writer_of(tenancies=(OWN,)))


@pytest.mark.parametrize(
    "patient", ["Patient/example", "https://other.example/fhir/Patient/1", "Patient/999999"]
)
def test_a_patient_among_others_whom_nobody_can_tell_is_refused(store: FhirStore, patient: str) -> None:
    room = {"actor": {"reference": "Location/room-1"}, "status": "accepted"}
    who = {"actor": {"reference": patient}, "status": "accepted"}
    booked = {"resourceType": "Appointment", "status": "booked", "participant": [room, who]}

    with pytest.raises(InvalidResource) as refused:
        store.create(booked)

    assert refused.value.issues[0].expression == "Appointment.participant.actor"
    assert store.create(booked | {"participant": [room]}).kept.patient_detail_id is None


def test_a_patient_may_be_named_by_our_own_address(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    base = "https://record.example/fhir/R4"
    sent = observation(1) | {"subject": {"reference": f"{base}/Patient/{patient}"}}

    with pytest.raises(InvalidResource):
        store.create(sent)
    written = store.create(sent, replace(writer_of(), base=base))

    assert written.kept.patient_detail_id == int(patient)
    found = store.rows(
        "SELECT id FROM fhir_api.resource WHERE tokens @> ARRAY[fhir_api.token(%(token)s)]",
        token=f"Observation|subject=Patient/{patient}",
    )
    assert found == [(written.kept.id,)]


@pytest.mark.parametrize("reference", ["Group/herd", "https://other.example/fhir/Location/ward-1"])
def test_what_is_about_no_patient_is_in_nobodys_record(store: FhirStore, reference: str) -> None:
    sent = observation(1) | {"subject": {"reference": reference}}

    assert store.create(sent).kept.patient_detail_id is None
    assert store.entries("gp_observation") == []


def test_a_resource_keeps_its_id_when_its_entry_goes_to_another_collection(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(condition(patient)).kept
    sodium = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"text": "Sodium"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-01-02T03:04:05Z",
        "valueQuantity": {"value": Decimal("140"), "unit": "mmol/L"},
    }

    resolved = condition(patient, clinicalStatus=_status("resolved"), abatementDateTime="2021-05-06")
    assert store.update(resolved, made.id).kept.id == made.id
    assert [(one[0], one[1]) for one in store.entries("gp_problem")] == [(int(made.id), 2)]

    lab = store.create(sodium).kept
    category = [{"coding": [{"code": "social-history"}]}]
    store.update(sodium | {"category": category}, lab.id)
    stores = store.rows("SELECT store, id FROM fhir_api.resource WHERE type = 'Observation'")
    [(moved, _, _)] = store.entries("gp_observation")
    assert moved != int(lab.id)
    assert stores == [("gp_observation", lab.id)]
    assert store.entries("gp_test_result") == []
    store.update(sodium, lab.id)
    assert [one[0] for one in store.entries("gp_test_result")] == [int(lab.id)]
    store.freshen()
    assert store.versions("Observation", lab.id) == [(1, False), (2, False), (3, False)]


def test_a_change_through_another_face_makes_the_resource_anew_and_it_stays_the_clients(
    store: FhirStore,
) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(condition(patient)).kept
    [(_, _, item)] = store.entries("gp_problem")
    with store.connection.transaction():
        row = Row(
            store="gp_problem",
            shared=True,
            item=msgspec.json.encode(item | {"Rubric": "Late asthma"}),
            key=f"id:fhir:{made.id}",
            occurred_at=None,
        )
        submit_entries(store.connection, int(patient), [(row, None)], client_id="app")

    now = store.read("Condition", made.id)

    assert now.version == 2
    assert b"Late asthma" in (now.body or b"")
    sent = condition(patient, onsetDateTime="2019-01-01")
    assert store.update(sent, made.id).kept.version == 3
    assert sent_part(store.read("Condition", made.id).body) == sent


def test_what_another_face_deletes_is_gone(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(condition(patient)).kept
    store.connection.execute("DELETE FROM clinical_store.entry WHERE collection = 'gp_problem'")

    with pytest.raises(Gone):
        store.read("Condition", made.id)


def test_a_change_of_the_record_makes_the_patient_anew(store: FhirStore) -> None:
    patient = int(store.create(PATIENT).kept.id)
    store.connection.execute(
        "UPDATE patient_index.patient_record SET version = version + 1,"
        ' demographics = (demographics::jsonb || \'{"Surname": "Newname"}\')::json'
        " WHERE patient_detail_id = %s",
        (patient,),
    )

    body = store.body("Patient", patient)

    assert body["name"][0]["family"] == "Newname"
    assert body["meta"]["versionId"] == "2"


def test_a_record_stays_with_its_source(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    store.load(tenancy_line(OWN + 1, "The app's other source"))

    with pytest.raises(Conflict):
        store.update(PATIENT | {"gender": "female"}, patient, writer_of(tenancy_id=OWN + 1))


def test_a_link_replaced_by_merges_and_its_absence_undoes_it(store: FhirStore) -> None:
    survivor = store.create(PATIENT).kept.id
    retired = store.create(PATIENT | {"identifier": [{"value": "M-2"}]}).kept.id
    replaced = PATIENT | {
        "identifier": [{"value": "M-2"}],
        "active": False,
        "link": [{"other": {"reference": f"Patient/{survivor}"}, "type": "replaced-by"}],
    }

    store.update(replaced, retired)

    assert store.body("Patient", retired)["link"] == replaced["link"]
    assert store.body("Patient", retired)["active"] is False
    assert store.body("Patient", survivor)["link"] == [
        {"other": {"reference": f"Patient/{retired}"}, "type": "replaces"}
    ]
    assert not store.update(replaced, retired).changed

    store.update(PATIENT | {"identifier": [{"value": "M-2"}]}, retired)
    assert store.rows("SELECT count(*) FROM patient_index.patient_merge WHERE undone_at IS NULL") == [(0,)]
    kinds = [one["type"] for one in store.body("Patient", retired).get("link", [])]
    assert "replaced-by" not in kinds


def test_only_an_own_patient_can_replace_another(store: FhirStore) -> None:
    store.load(tenancy_line(1), patient_line("a"))
    mine, theirs = store.create(PATIENT).kept.id, store.record(1, "a")
    links = [{"other": {"reference": f"Patient/{theirs}"}, "type": "replaced-by"}]

    with pytest.raises(InvalidResource) as refused:
        store.update(PATIENT | {"link": links}, mine)

    assert refused.value.issues[0].expression == "Patient.link[0].other"
    assert store.read("Patient", mine).version == 1


def test_a_sensitive_address_is_not_shown_though_it_was_sent(store: FhirStore) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    sent = PATIENT | {"meta": {"security": [label]}, "address": [{"line": ["1 Secret Street"]}]}

    written = store.create(sent)

    assert b"Secret" not in (written.kept.body or b"")
    assert b"Secret" not in (store.read("Patient", written.kept.id).body or b"")


def test_what_is_labelled_restricted_stands_in_no_open_collection(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    sent = observation(patient) | {"meta": {"security": [label]}}
    trusted = writer_of(restricted_bundles=frozenset({GP.slug}))

    with pytest.raises(NotAllowed):
        store.create(sent)
    written = store.create(sent, trusted)

    assert store.entries("gp_observation") == []
    with pytest.raises(NotFound):
        store.read("Observation", written.kept.id)
    seen = store.read("Observation", written.kept.id, trusted.rights)
    assert seen.restricted


def test_a_type_without_a_place_in_the_catalogue_is_kept_as_fhir_alone(store: FhirStore) -> None:
    sent = {"resourceType": "Organization", "name": "The clinic"}

    written = store.update(sent, "the-clinic")

    assert written.created
    kept = store.read("Organization", "the-clinic")
    assert kept.patient_detail_id is None
    assert sent_part(kept.body) == sent
    with pytest.raises(MethodNotAllowed):
        store.update(sent, "12")
    with pytest.raises(MethodNotAllowed):
        store.update(PATIENT, "my-patient")


def test_scopes_that_reach_one_patient_write_for_no_other(store: FhirStore) -> None:
    mine = int(store.create(PATIENT).kept.id)
    other = int(store.create(PATIENT | {"name": [{"family": "Someone"}], "birthDate": "1999-01-02"}).kept.id)
    grants = (Grant(Context.PATIENT, "*", frozenset(Deed)),)
    bound = writer_of(grants=grants, patient=mine)

    store.create(observation(mine), bound)

    with pytest.raises(NotAllowed):
        store.create(observation(other), bound)
    assert len(store.entries("gp_observation")) == 1


def test_many_are_created_at_once_and_may_name_one_another(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    with store.connection.transaction():
        ids = allocate_ids(store.connection, 3)
        resources = [observation(patient, str(place)) for place in range(3)]
        resources[1]["hasMember"] = [{"reference": f"Observation/{ids[0]}"}]
        written = create_many(store.connection, resources, writer_of(), ids=ids)

    assert [one.kept.id for one in written] == ids
    assert [sent_part(store.read("Observation", id).body) for id in ids] == resources
    assert [str(one[0]) for one in store.entries("gp_observation")] == ids


def test_what_points_at_a_resource_is_in_the_same_record(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(observation(patient)).kept.id
    with store.connection.transaction():
        ids = allocate_ids(store.connection, 3)
        written = create_many(
            store.connection,
            [
                {"resourceType": "Provenance", "target": [{"reference": f"Observation/{made}"}]},
                observation(patient),
                {
                    "resourceType": "Binary",
                    "contentType": "text/plain",
                    "securityContext": {"reference": f"Observation/{ids[1]}"},
                },
            ],
            writer_of(),
            ids=ids,
        )

    assert {one.kept.patient_detail_id for one in written} == {int(patient)}


def test_a_refused_one_leaves_nothing_of_the_others(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    before = store.rows("SELECT count(*) FROM fhir_api.resource")

    with pytest.raises(InvalidResource), store.connection.transaction():
        create_many(store.connection, [observation(patient), observation(12345)], writer_of())

    assert store.rows("SELECT count(*) FROM fhir_api.resource") == before
    assert store.entries("gp_observation") == []


def test_writers_and_makers_at_once_leave_one_line_of_versions(store: FhirStore) -> None:
    patient = store.create(PATIENT).kept.id
    made = store.create(condition(patient)).kept.id

    def run(work: Callable[[psycopg.Connection[Any], int], None]) -> None:
        with store.database.connect() as connection:
            for turn in range(8):
                with connection.transaction():
                    work(connection, turn)

    def write(connection: psycopg.Connection[Any], turn: int) -> None:
        name = f"{threading.get_ident()}-{turn}"
        update(connection, condition(patient, note=[{"text": name}]), made, writer_of())

    def make(connection: psycopg.Connection[Any], turn: int) -> None:
        connection.execute(
            "INSERT INTO fhir_api.stale (patient_detail_id, store) VALUES (%s, 'gp_problem')", (int(patient),)
        )
        freshen(connection, [int(patient)])

    with ThreadPoolExecutor() as threads:
        list(threads.map(run, (write, make, write, make)))

    assert store.versions("Condition", made) == [(version, False) for version in range(1, 18)]
    assert store.read("Condition", made, rights_of()).version == 17
