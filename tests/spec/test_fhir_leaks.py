"""FHIR tells nobody what they may not know, not even that it is there; and nobody changes another's."""

import base64
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from carecord.db.embedded import Held
from tests.support.fhir import FHIRClient, Json, fhir_of_a_module, observation_of, open_fhir, patient_of
from tests.support.samples import sample_line
from tests.support.sandpit import patient_line, tenancy_line

PATCH = "application/json-patch+json"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture(scope="module")
def near(fhir: FHIRClient) -> FHIRClient:
    """A client of one source, which may see no other."""
    return open_fhir(fhir.sandpit, "near", tenancies=[701], own_tenancy_id=701)


@pytest.fixture(scope="module")
def beside(fhir: FHIRClient) -> FHIRClient:
    """Another client that may see all sources, and holds no restricted scope."""
    return open_fhir(fhir.sandpit, "beside", own_tenancy_id=702)


@pytest.fixture(scope="module")
def holder(fhir: FHIRClient) -> FHIRClient:
    """A client that may see and bring restricted documents and results."""
    scopes = ["system/*.cruds", "documents.restricted", "pathology.restricted", "gp.restricted"]
    return open_fhir(fhir.sandpit, "holder", scopes=scopes)


@pytest.fixture
def patient(fhir: FHIRClient) -> Json:
    return fhir.create(patient_of())


def document_of(patient_id: str, **more: Any) -> Json:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"text": "Letter"},
        "subject": {"reference": f"Patient/{patient_id}"},
        "content": [{"attachment": {"contentType": "text/plain", "data": "aGVsbG8="}}],
    } | more


def restricted_document(holder: FHIRClient) -> Json:
    patient = holder.create(patient_of())
    return holder.create(document_of(patient["id"], meta={"security": [LABEL]}))


def told(answer: httpx2.Response, *ids: str) -> tuple[int, str]:
    """All that an answer tells, but for the ids that were asked for."""
    text = answer.text
    for one in ids:
        text = text.replace(one, "ID")
    return answer.status_code, text


def bytes_of(target: str) -> Json:
    return {
        "resourceType": "Binary",
        "contentType": "text/plain",
        "securityContext": {"reference": target},
        "data": base64.b64encode(b"a secret").decode(),
    }


def shape_of(answer: httpx2.Response, id: str, target: str) -> Any:
    """What an answer tells, but for ids and times."""
    text = answer.text.replace(target, "TARGET")
    for before in ("Binary/", "Provenance/", '"id":"', "_id="):
        text = re.sub(rf"{before}{id}\b", f"{before}ID", text)
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)|urn:uuid:[0-9a-f-]+", "WHEN", text)


def linked_pair(fhir: FHIRClient, near: FHIRClient) -> tuple[Json, Json]:
    """A patient's record that is elsewhere, and one near by: the index links them."""
    number = next(NUMBERS)
    sent = patient_of(identifier=[{"system": NHS_NUMBER, "value": number}])
    elsewhere = fhir.create(sent)
    own = near.create(sent)
    assert '"seealso"' in fhir.get(f"/Patient/{own['id']}").text
    return elsewhere, own


def _numbers() -> Iterator[str]:
    for stem in range(999000100, 999000900):
        digit = 11 - sum(int(one) * (10 - place) for place, one in enumerate(str(stem))) % 11
        if digit != 10:
            yield f"{stem}{digit % 11}"


NUMBERS = _numbers()


# What was open once and is restricted now


def test_what_became_restricted_is_restricted_in_its_history_too(
    fhir: FHIRClient, beside: FHIRClient
) -> None:
    def load(confidentiality: str) -> None:
        line = sample_line("h-1", "DocumentsList", DocumentId="DOC-9", Confidentiality=confidentiality)
        loaded = fhir.sandpit.load(tenancy_line(703), patient_line("h-1", DateOfBirth="1971-05-06"), line)
        assert loaded.rejects is None, loaded.rejects.read_text()

    load("Open")
    record = fhir.sandpit.detail_id(703, "h-1")
    (found,) = beside.found(f"/DocumentReference?patient={record}")
    load("Restricted")

    assert beside.found(f"/DocumentReference?patient={record}") == []
    assert beside.get(f"/{found}/_history/1").status_code == 404
    assert beside.get(f"/{found}/_history").status_code == 404
    assert f'/{found}"' not in beside.get("/DocumentReference/_history?_count=1000").text


def test_what_a_feed_has_just_restricted_comes_along_with_nothing(
    fhir: FHIRClient, beside: FHIRClient, patient: Json
) -> None:
    def load(confidentiality: str) -> None:
        line = sample_line("h-2", "DocumentsList", DocumentId="DOC-10", Confidentiality=confidentiality)
        loaded = fhir.sandpit.load(tenancy_line(703), patient_line("h-2", DateOfBirth="1972-05-06"), line)
        assert loaded.rejects is None, loaded.rejects.read_text()

    load("Open")
    (found,) = beside.found(f"/DocumentReference?patient={fhir.sandpit.detail_id(703, 'h-2')}")
    entries = [{"item": {"reference": found}}]
    subject = {"reference": f"Patient/{patient['id']}"}
    fhir.create(
        {"resourceType": "List", "status": "current", "mode": "working", "subject": subject, "entry": entries}
    )
    asked = f"/List?patient={patient['id']}&_include=List:item"
    assert found in beside.found(asked)
    load("Restricted")

    assert found not in beside.found(asked)


def test_a_deletion_is_told_to_those_alone_who_might_see_the_resource(
    fhir: FHIRClient, holder: FHIRClient, near: FHIRClient, beside: FHIRClient, patient: Json
) -> None:
    hidden = restricted_document(holder)
    other = fhir.create(patient_of())
    vital = fhir.create(
        observation_of(other["id"], category=[{"coding": [{"system": CATEGORY, "code": "vital-signs"}]}])
    )
    assert holder.call("DELETE", f"/DocumentReference/{hidden['id']}").status_code == 204
    assert fhir.call("DELETE", f"/Observation/{vital['id']}").status_code == 204
    bound = fhir.with_token("fhir", "patient/*.rs", patient=patient["id"])
    narrow = fhir.with_token("fhir", "system/Observation.rs?category=laboratory")

    assert holder.get(f"/DocumentReference/{hidden['id']}").status_code == 410
    assert fhir.get(f"/Observation/{vital['id']}").status_code == 410
    for client, address in (
        (beside, f"/DocumentReference/{hidden['id']}"),
        (near, f"/DocumentReference/{hidden['id']}"),
        (bound, f"/Observation/{vital['id']}"),
        (narrow, f"/Observation/{vital['id']}"),
        (fhir.with_token("fhir", "system/Patient.r"), f"/Observation/{vital['id']}/$validate"),
    ):
        assert client.get(address).status_code == 404, address


def test_an_address_that_is_sensitive_now_is_in_no_earlier_version(fhir: FHIRClient) -> None:
    def load(sensitive: str) -> None:
        line = patient_line(
            "s-1",
            DateOfBirth="1951-05-06",
            AddressLine1="1 Hiding Place",
            PostCode="ZZ99 3VZ",
            SensitiveAddress=sensitive,
        )
        loaded = fhir.sandpit.load(tenancy_line(703), line)
        assert loaded.rejects is None, loaded.rejects.read_text()

    load("No")
    record = fhir.sandpit.detail_id(703, "s-1")
    assert "Hiding" in fhir.get(f"/Patient/{record}").text
    load("Yes")

    for address in ("", "/_history", "/_history/1", "/_history?_count=1"):
        answer = fhir.get(f"/Patient/{record}{address}")
        assert answer.status_code == 200
        assert "Hiding" not in answer.text, address
        assert "ZZ99" not in answer.text
    assert "Hiding" not in fhir.get("/Patient/_history?_count=1000").text


# What is there and what is not look the same


@pytest.mark.parametrize("headers", [{}, {"If_Match": 'W/"1"'}, {"If_Match": 'W/"7"'}])
@pytest.mark.parametrize("who", ["near", "beside"])
def test_who_may_not_see_a_resource_is_told_the_same_as_if_there_were_none(
    holder: FHIRClient, request: pytest.FixtureRequest, who: str, headers: dict[str, str]
) -> None:
    client: FHIRClient = request.getfixturevalue(who)
    hidden = restricted_document(holder)["id"]
    own = client.create(patient_of())

    def ask(id: str) -> list[tuple[int, str]]:
        address = f"/DocumentReference/{id}"
        sent = document_of(own["id"]) | {"id": id}
        steps = [{"op": "test", "path": "/status", "value": "current"}]
        answers = (
            client.get(address),
            client.get(f"{address}/_history"),
            client.get(f"{address}/_history/1"),
            client.get(f"{address}/$validate"),
            client.get(f"{address}/$validate?mode=delete"),
            client.put(address, sent, **headers),
            client.call("PATCH", address, steps, Content_Type=PATCH, **headers),
            client.call("DELETE", address, **headers),
        )
        return [told(one, id) for one in answers]

    assert ask(hidden) == ask("888888888888")
    assert holder.get(f"/DocumentReference/{hidden}").headers["ETag"] == 'W/"1"'


def test_a_patient_elsewhere_is_written_to_as_if_there_were_none(fhir: FHIRClient, near: FHIRClient) -> None:
    elsewhere, _ = linked_pair(fhir, near)

    def ask(id: str) -> list[tuple[int, str]]:
        sent = patient_of(birthDate="1960-01-01", name=[{"family": "Same"}], identifier=[]) | {"id": id}
        del sent["identifier"]
        return [
            told(one, id)
            for one in (
                near.put(f"/Patient/{id}", sent),
                near.put(f"/Patient/{id}", sent, If_Match='W/"1"'),
                near.call("PATCH", f"/Patient/{id}", [], Content_Type=PATCH),
                near.call("DELETE", f"/Patient/{id}"),
                near.get(f"/Patient/{id}/$everything"),
                near.get(f"/Patient/{id}/$summary"),
                near.post("/Observation", observation_of(id)),
            )
        ]

    assert ask(elsewhere["id"]) == ask("888888888888")


def test_scopes_of_a_patient_try_no_values_of_another(fhir: FHIRClient, patient: Json) -> None:
    other = fhir.create(patient_of())
    theirs = fhir.create(observation_of(other["id"]))
    bound = fhir.with_token("fhir", "patient/*.cruds", patient=patient["id"])

    def ask(id: str, **headers: str) -> list[tuple[int, str]]:
        address = f"/Observation/{id}"
        guesses = ("final", "amended")
        return [
            *(
                told(
                    bound.call(
                        "PATCH",
                        address,
                        [{"op": "test", "path": "/status", "value": guess}],
                        Content_Type=PATCH,
                        **headers,
                    ),
                    id,
                )
                for guess in guesses
            ),
            told(bound.call("DELETE", address, **headers), id),
            told(bound.put(address, observation_of(patient["id"]) | {"id": id}, **headers), id),
        ]

    for headers in ({}, {"If_Match": 'W/"1"'}, {"If_Match": 'W/"2"'}):
        assert ask(theirs["id"], **headers) == ask("888888888888", **headers)
    assert fhir.get(f"/Observation/{theirs['id']}").headers["ETag"] == 'W/"1"'


def test_a_provenance_does_not_tell_what_its_target_is(
    holder: FHIRClient, beside: FHIRClient, near: FHIRClient
) -> None:
    hidden = restricted_document(holder)

    def ask(client: FHIRClient, id: str) -> int:
        return client.post("/Provenance", provenance_of(f"DocumentReference/{id}")).status_code

    for client in (beside, near):
        assert ask(client, hidden["id"]) == ask(client, "888888888888")


@pytest.fixture(scope="module")
def teller(fhir: FHIRClient) -> FHIRClient:
    """A client that sends what points at things it may not see."""
    return open_fhir(fhir.sandpit, "teller", own_tenancy_id=704)


def provenance_of(target: str) -> Json:
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-03-01T09:00:00Z",
        "agent": [{"who": {"display": "Somebody"}}],
    }


@pytest.mark.parametrize("make", [provenance_of, bytes_of], ids=["provenance", "bytes"])
def test_what_points_at_something_hidden_is_to_its_sender_as_if_nothing_were_there(
    holder: FHIRClient, teller: FHIRClient, make: Callable[[str], Json]
) -> None:
    hidden = f"DocumentReference/{restricted_document(holder)['id']}"
    of_nobody = "DocumentReference/888888888888"

    def ask(target: str) -> list[Any]:
        sent = make(target)
        kind = sent["resourceType"]
        created = teller.post(f"/{kind}", sent)
        id = created.json()["id"]
        address = f"/{kind}/{id}"
        again = teller.put(address, sent | {"id": id, "language": "en"})
        answers = [
            teller.get(address),
            teller.get(f"{address}/_history"),
            teller.get(f"{address}/_history/1"),
        ]
        answers += [teller.get(f"/{kind}?_id={id}&_count=0"), teller.get(f"/{kind}?_id={id}&_include=*")]
        answers += [teller.get(f"/Provenance?_id={id}&target:DocumentReference.status=current")]
        answers += [teller.call("DELETE", address), teller.get(address)]
        return [
            (one.status_code, sorted(one.headers), shape_of(one, id, target))
            for one in (created, again, *answers)
        ]

    assert ask(hidden) == ask(of_nobody)


@pytest.mark.parametrize("make", [provenance_of, bytes_of], ids=["provenance", "bytes"])
def test_what_points_at_something_hidden_is_shown_to_who_may_see_that(
    holder: FHIRClient, beside: FHIRClient, teller: FHIRClient, make: Callable[[str], Json]
) -> None:
    document = restricted_document(holder)
    sent = make(f"DocumentReference/{document['id']}")
    kind = sent["resourceType"]
    id = teller.create(sent)["id"]

    assert [one.get(f"/{kind}/{id}").status_code for one in (teller, holder, beside)] == [200, 200, 404]
    assert beside.get(f"/{kind}/{id}/_history/1").status_code == 404
    assert f"{kind}/{id}" not in beside.found(f"/{kind}?_id={id}")
    assert f"{kind}/{id}" in teller.found(f"/{kind}?_id={id}")


def test_what_points_at_something_that_comes_later_is_shown_from_then_on_to_who_may_see_that(
    holder: FHIRClient, beside: FHIRClient, teller: FHIRClient
) -> None:
    name = f"later-{next(NUMBERS)}"
    sent = f"/Provenance/{teller.create(provenance_of(f'DocumentReference/{name}'))['id']}"
    assert [one.get(sent).status_code for one in (teller, beside)] == [200, 404]

    document = document_of(holder.create(patient_of())["id"]) | {"id": name}
    address = f"/DocumentReference/{name}"
    assert holder.put(address, document).status_code == 201
    assert [one.get(sent).status_code for one in (teller, beside)] == [200, 200]

    assert holder.put(address, document | {"meta": {"security": [LABEL]}}).status_code == 200
    assert [one.get(sent).status_code for one in (teller, holder, beside)] == [200, 200, 404]


def test_what_tells_of_a_deleted_resource_is_still_shown_but_not_of_a_hidden_one(
    holder: FHIRClient, beside: FHIRClient, teller: FHIRClient
) -> None:
    patient = holder.create(patient_of())
    for more, expected in (({}, 200), ({"meta": {"security": [LABEL]}}, 404)):
        document = f"DocumentReference/{holder.create(document_of(patient['id'], **more))['id']}"
        assert holder.call("DELETE", f"/{document}").status_code in (200, 204)
        sent = f"/Provenance/{teller.create(provenance_of(document))['id']}"
        assert beside.get(sent).status_code == expected


def test_bytes_of_a_record_that_refuses_sharing_are_not_shown_though_another_record_holds_them(
    fhir: FHIRClient, beside: FHIRClient, near: FHIRClient
) -> None:
    elsewhere, _ = linked_pair(fhir, near)
    document = fhir.create(document_of(elsewhere["id"]))
    sent = bytes_of(f"http://127.0.0.1:8080/fhir/R4/DocumentReference/{document['id']}")
    teller = open_fhir(fhir.sandpit, "teller-near", own_tenancy_id=701)
    binary = f"/Binary/{teller.create(sent)['id']}"
    assert beside.get(binary).status_code == 200

    with fhir.sandpit.database.connect() as connection:
        connection.execute(
            "UPDATE patient_index.patient_record SET sharing_refused = true WHERE patient_detail_id = %s",
            (int(elsewhere["id"]),),
        )

    assert [one.get(binary).status_code for one in (beside, teller)] == [404, 404]


# Links to records that a caller may not know of


def test_a_link_to_a_record_elsewhere_is_neither_shown_nor_found_nor_sorted_by(
    fhir: FHIRClient, near: FHIRClient
) -> None:
    elsewhere, own = linked_pair(fhir, near)
    alone = near.create(patient_of())
    both = f"_id={own['id']},{alone['id']}"
    numbered = near.get(f"/Patient/{own['id']}").json()

    assert near.found(f"/Patient?link=Patient/{elsewhere['id']}") == []
    assert near.get(f"/Patient?link={elsewhere['id']}&_summary=count").json()["total"] == 0
    assert near.get(f"/Patient?{both}&link:missing=false&_summary=count").json()["total"] == 0
    assert near.get(f"/Patient?{both}&link:missing=true&_summary=count").json()["total"] == 2
    assert near.get(f"/Patient?{both}&_sort=link").status_code == 400
    assert near.found(f"/Patient?_has:Patient:link:_id={own['id']}") == []
    assert near.found(f"/Patient?_id={own['id']}&_include=Patient:link&_revinclude=Patient:link") == [
        f"Patient/{own['id']}"
    ]
    for returns in ("representation", "minimal", "OperationOutcome"):
        answer = near.put(f"/Patient/{own['id']}", numbered | {"gender": "male"}, Prefer=f"return={returns}")
        assert answer.status_code == 200
        assert f'Patient/{elsewhere["id"]}"' not in answer.text
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": numbered | {"gender": "other"},
                "request": {"method": "PUT", "url": f"Patient/{own['id']}"},
            }
        ],
    }
    changed = near.post("/", bundle, Prefer="return=representation")
    assert changed.status_code == 200
    assert f'Patient/{elsewhere["id"]}"' not in changed.text
    found = fhir.found(f"/Patient?link=Patient/{elsewhere['id']}")
    assert found == [f"Patient/{own['id']}"]
    assert fhir.found(f"/Patient?{both}&link:missing=false") == found
    assert fhir.found(f"/Patient?_has:Patient:link:_id={own['id']}") == [f"Patient/{elsewhere['id']}"]


def test_a_link_to_one_who_refuses_since_is_in_no_earlier_version(fhir: FHIRClient, near: FHIRClient) -> None:
    elsewhere, own = linked_pair(fhir, near)
    assert fhir.call("DELETE", f"/Patient/{elsewhere['id']}").status_code == 204

    history = fhir.get(f"/Patient/{own['id']}/_history").json()

    assert history["total"] > 1
    assert [one for entry in history["entry"] for one in entry["resource"].get("link", [])] == []


def test_a_group_of_others_patients_exports_nobody_by_their_links(fhir: FHIRClient, near: FHIRClient) -> None:
    elsewhere, _ = linked_pair(fhir, near)
    group = near.create(
        {
            "resourceType": "Group",
            "type": "person",
            "actual": True,
            "member": [{"entity": {"reference": f"Patient/{elsewhere['id']}"}}],
        }
    )
    begun = near.get(f"/Group/{group['id']}/$export?_type=Patient", Prefer="respond-async")
    assert begun.status_code == 202, begun.text
    address = begun.headers["Content-Location"].partition("/fhir/R4")[2]
    while (answer := near.get(address)).status_code == 202:
        pass

    assert answer.json()["output"] == []


def test_the_audit_of_a_patient_elsewhere_tells_of_none_that_are_linked(
    fhir: FHIRClient, near: FHIRClient
) -> None:
    elsewhere, own = linked_pair(fhir, near)

    assert near.get(f"/AuditEvent?patient={own['id']}&_count=1").json()["entry"]
    assert near.found(f"/AuditEvent?patient={elsewhere['id']}") == []


def test_a_scope_on_audit_events_that_is_narrowed_by_a_search_reaches_none(
    fhir: FHIRClient, patient: Json
) -> None:
    narrow = fhir.with_token("fhir", "system/AuditEvent.rs?agent=somebody")

    assert fhir.get(f"/AuditEvent?patient={patient['id']}").json()["entry"]
    answer = narrow.get(f"/AuditEvent?patient={patient['id']}")
    assert answer.status_code == 403 or "entry" not in answer.json()


def test_who_names_a_patient_that_refuses_learns_of_no_link(fhir: FHIRClient, near: FHIRClient) -> None:
    elsewhere, own = linked_pair(fhir, near)
    wide = open_fhir(fhir.sandpit, "wide", own_tenancy_id=701)
    assert wide.post("/Observation", observation_of(elsewhere["id"])).status_code == 201
    with fhir.sandpit.database.connect() as connection:
        connection.execute(
            "UPDATE patient_index.patient_record SET sharing_refused = true WHERE patient_detail_id = %s",
            (elsewhere["id"],),
        )

    named, unknown = (wide.post("/Observation", observation_of(one)) for one in (elsewhere["id"], "88888888"))

    assert told(named, elsewhere["id"]) == told(unknown, "88888888")
    assert named.status_code == 422
    assert wide.post("/Observation", observation_of(own["id"])).status_code == 201


# Operations


def test_a_match_is_for_those_who_may_search_all_patients(fhir: FHIRClient, patient: Json) -> None:
    asked = {name: patient[name] for name in ("resourceType", "name", "birthDate")}
    question = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": asked}]}
    bound = fhir.with_token("fhir", "patient/Patient.rs", patient=patient["id"])
    narrow = fhir.with_token("fhir", "system/Patient.rs?gender=female")

    assert fhir.post("/Patient/$match", question).json()["total"] == 1
    assert bound.post("/Patient/$match", question).status_code == 403
    assert narrow.post("/Patient/$match", question).status_code == 403


def test_an_export_is_for_the_user_who_asked_for_it(fhir: FHIRClient) -> None:
    ada = fhir.with_token("fhir", "user/Organization.rs", user_id="ada")
    eve = fhir.with_token("fhir", "user/Organization.rs", user_id="eve")
    begun = ada.get("/$export?_type=Organization", Prefer="respond-async")
    address = begun.headers["Content-Location"].partition("/fhir/R4")[2]

    assert eve.get(address).status_code == 404
    assert eve.call("DELETE", address).status_code == 404
    while (answer := ada.get(address)).status_code == 202:
        pass
    assert answer.status_code == 200


def test_a_page_is_of_the_question_that_it_was_given_for(fhir: FHIRClient, patient: Json) -> None:
    for _ in range(3):
        fhir.create(observation_of(patient["id"]))
    addresses = [
        f"/Observation?patient={patient['id']}&_count=1",
        f"/Patient/{patient['id']}/$everything?_count=1",
        "/Observation/_history?_count=1",
        "/AuditEvent?_count=1",
    ]
    places = []
    for address in addresses:
        links = fhir.get(address).json()["link"]
        (link,) = (one["url"] for one in links if one["relation"] == "next")
        places.append(link.partition("_page=")[2])
    asked = ["/Observation", f"/Patient/{patient['id']}/$everything", "/Observation/_history", "/AuditEvent"]
    asked.append("/Patient")
    for own, address in enumerate(asked):
        for place, sealed in enumerate(places):
            answer = fhir.get(f"{address}?_page={sealed}")
            assert answer.status_code == (200 if own == place else 400), (address, asked[place])
        for rubbish in ("x", "%00", "é", "A" * 30_000):
            assert fhir.get(f"{address}?_page={quote(rubbish, safe='%')}").status_code == 400


# What belongs together is restricted together


def test_the_bytes_of_a_restricted_document_are_as_little_shown(
    holder: FHIRClient, beside: FHIRClient
) -> None:
    document = restricted_document(holder)
    binary = holder.create(
        {
            "resourceType": "Binary",
            "contentType": "text/plain",
            "securityContext": {"reference": f"DocumentReference/{document['id']}"},
            "data": base64.b64encode(b"a secret").decode(),
        }
    )

    assert holder.get(f"/Binary/{binary['id']}").status_code == 200
    assert beside.get(f"/Binary/{binary['id']}").status_code == 404
    assert f"Binary/{binary['id']}" not in beside.found("/Binary?_count=1000")


def test_the_bytes_of_a_document_are_restricted_with_it_and_opened_with_it(
    holder: FHIRClient, beside: FHIRClient
) -> None:
    open_one = document_of(holder.create(patient_of())["id"])
    kept = holder.create(open_one)
    address = f"/DocumentReference/{kept['id']}"
    binary = f"/Binary/{holder.create(bytes_of(address[1:]))['id']}"
    assert beside.get(binary).status_code == 200

    labelled = open_one | {"id": kept["id"], "meta": {"security": [LABEL]}}
    assert holder.put(address, labelled).status_code == 200
    assert [one.get(binary).status_code for one in (holder, beside)] == [200, 404]
    assert beside.get(f"{binary}/_history/1").status_code == 404

    assert holder.put(address, open_one | {"id": kept["id"]}).status_code == 200
    assert beside.get(binary).status_code == 200


def test_the_bytes_of_a_document_that_a_feed_restricts_are_restricted_with_it(
    fhir: FHIRClient, beside: FHIRClient
) -> None:
    def load(confidentiality: str) -> None:
        line = sample_line("h-3", "DocumentsList", DocumentId="DOC-11", Confidentiality=confidentiality)
        loaded = fhir.sandpit.load(tenancy_line(702), patient_line("h-3", DateOfBirth="1973-05-06"), line)
        assert loaded.rejects is None, loaded.rejects.read_text()

    load("Open")
    (found,) = beside.found(f"/DocumentReference?patient={fhir.sandpit.detail_id(702, 'h-3')}")
    binary = f"/Binary/{beside.create(bytes_of(found))['id']}"
    assert beside.get(binary).status_code == 200

    load("Restricted")

    assert beside.get(binary).status_code == 404


def test_what_is_labelled_restricted_is_so_though_it_be_about_nobody(
    holder: FHIRClient, beside: FHIRClient
) -> None:
    binary = {
        "resourceType": "Binary",
        "meta": {"security": [LABEL]},
        "contentType": "text/plain",
        "data": base64.b64encode(b"a secret").decode(),
    }
    assert beside.post("/Binary", binary).status_code == 403
    kept = holder.create(binary)

    assert holder.get(f"/Binary/{kept['id']}").status_code == 200
    assert beside.get(f"/Binary/{kept['id']}").status_code == 404


# Writing


def test_a_client_that_may_only_create_is_told_that_it_did(fhir: FHIRClient) -> None:
    fhir.sandpit.load(tenancy_line(701))
    fhir.sandpit.add_client("mailbox", scopes=["system/Patient.c"], tenancies=[701], own_tenancy_id=701)

    answer = fhir.with_token("mailbox", "system/Patient.c").post("/Patient", patient_of())

    assert answer.status_code == 201, answer.text


def test_an_id_that_the_record_will_give_is_not_to_be_taken(fhir: FHIRClient, patient: Json) -> None:
    loaded = fhir.sandpit.load(
        tenancy_line(703),
        patient_line("t-1", DateOfBirth="1972-05-05"),
        sample_line("t-1", "GpTestResultsList"),
    )
    assert loaded.rejects is None
    record = fhir.sandpit.detail_id(703, "t-1")
    made = fhir.found(f"/Patient/{record}/$everything?_count=1000")
    derived = [one for one in made if "-" in one]
    assert derived
    for one in derived:
        type_name, _, id = one.partition("/")
        number, _, part = id.partition("-")
        ahead = f"{int(number) + 1000}-{part}"
        sent = observation_of(patient["id"]) | {"id": ahead}
        assert fhir.put(f"/{type_name}/{ahead}", sent).status_code in (400, 405)
        assert fhir.put(f"/Observation/{ahead}", sent).status_code == 405
    own = "12345678-1234-4321-8765-123456789012"
    sent = observation_of(patient["id"]) | {"id": own}
    assert fhir.put(f"/Observation/{own}", sent).status_code == 201


# Abuse


def bundle_of(*urls: str) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": one}} for one in urls],
    }


def test_a_batch_answers_no_more_than_one_answer_may_hold(fhir: FHIRClient, patient: Json) -> None:
    kept = fhir.create(document_of(patient["id"], description="x" * 900_000))

    answer = fhir.post("/", bundle_of(*[f"DocumentReference/{kept['id']}"] * 120))

    assert answer.status_code == 200
    statuses = [one["response"]["status"][:3] for one in answer.json()["entry"]]
    assert len(statuses) == 120
    assert statuses == sorted(statuses)
    assert set(statuses) == {"200", "413"}
    assert len(answer.content) < 70_000_000


def deep(levels: int) -> bytes:
    return (
        b'{"resourceType":"Patient","extension":' + b'[{"extension":' * levels + b"1" + b"}]" * levels + b"}"
    )


LARGE_XML = (
    b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    b'<Patient xmlns="http://hl7.org/fhir"><name><family value="&b;"/></name></Patient>'
)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (deep(30), "application/fhir+json"),
        (deep(100_000), "application/fhir+json"),
        (b"[" * 100_000, "application/fhir+json"),
        (
            b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 10_000 + b"}",
            "application/fhir+json",
        ),
        (b'{"resourceType":"Patient","multipleBirthInteger":1e999999999}', "application/fhir+json"),
        (b'{"resourceType":"Patient","gender":"\\ud800"}', "application/fhir+json"),
        (b'{"resourceType":"Patient","birthDate":"' + b"1" * 300_000 + b'"}', "application/fhir+json"),
        (
            b'{"resourceType":"Patient","text":{"status":"generated","div":"<!DOCTYPE div [<!ENTITY a '
            b"'a'>]><div xmlns='http://www.w3.org/1999/xhtml'>&a;</div>\"}}",
            "application/fhir+json",
        ),
        (
            b'{"resourceType":"Patient","photo":[{"data":"' + b" A" * 200_000 + b'"}]}',
            "application/fhir+json",
        ),
        (LARGE_XML, "application/fhir+xml"),
        (LARGE_XML.decode().encode("utf-16"), "application/fhir+xml"),
        (b'<Patient xmlns="http://hl7.org/fhir">' + b"<extension>" * 50_000, "application/fhir+xml"),
    ],
    ids=str,
)
def test_a_body_that_is_meant_to_do_harm_is_refused(fhir: FHIRClient, body: bytes, media_type: str) -> None:
    for address in ("/Patient", "/Patient/$validate"):
        answer = fhir.call("POST", address, body, Content_Type=media_type)
        wanted = {200} if address.endswith("$validate") else set()
        assert answer.status_code in {400, 413, 422} | wanted, answer.text[:300]


def test_a_patch_that_copies_into_itself_comes_to_an_end(fhir: FHIRClient, patient: Json) -> None:
    steps: list[Json] = [{"op": "add", "path": "/a", "value": {}}]
    path = "/a"
    for _ in range(12):
        steps.append({"op": "copy", "from": "/a", "path": f"{path}/a"})
        path = path * 2
    answer = fhir.call("PATCH", f"/Patient/{patient['id']}", steps, Content_Type=PATCH)

    assert answer.status_code in (400, 413, 422), answer.text
    assert fhir.get(f"/Patient/{patient['id']}").json() == patient


@pytest.mark.parametrize(
    "asked",
    [
        "Observation?focus.focus.focus.focus.focus.code=1",
        "Observation?" + "&".join(["focus.focus.focus.focus.focus.code=1"] * 50),
        "Observation?" + "&".join(["focus.part-of.based-on.subject.link.family=a"] * 50),
        "Patient?" + "_has:Observation:patient:" * 5 + "code=1",
        "Patient?" + "_has:Observation:patient:" * 50 + "code=1",
        "Patient?family=" + ",".join(["a"] * 500) + "&given:contains=" + ",".join(["b"] * 500),
        "Patient?family=" + ",".join(["a"] * 501),
        "Patient?_count=99999999999999999999",
        "Patient?_sort=" + ",".join(["family"] * 9),
        "Observation?value-quantity=1e999999999",
        "Patient?birthdate=ap0001-01-01",
        "Patient?birthdate=9999-12-31T23:59:59-14:00",
        "Patient?_lastUpdated=lt0001-01-01T00:00:00%2B14:00",
        "Patient?_include=*&_revinclude=*&_include:iterate=*&_revinclude:iterate=*&_count=1000",
        "Patient?_id=" + ",".join(map(str, range(500))),
        "Patient?family=" + "%EF%BF%BF" * 300,
        "Patient?family=%00",
        "Patient?%F0%9F%92%A9=1",
    ],
)
def test_a_search_that_is_meant_to_do_harm_is_answered_or_refused(fhir: FHIRClient, asked: str) -> None:
    answer = fhir.post("/", bundle_of(asked))
    (entry,) = answer.json()["entry"]
    assert entry["response"]["status"][:3] in ("200", "400", "503"), entry
