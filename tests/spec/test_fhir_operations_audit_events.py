"""AuditEvent: who saw or changed whose record, for those who may know."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carecord.catalogue import BUNDLES
from carecord.fhir_api.validating import check
from tests.support.fhir import FHIRClient
from tests.support.fhir_clients import FHIRCaller, sign_in
from tests.support.sandpit import Sandpit, patient_line, tenancy_line


@pytest.fixture
def caller(sandpit: Sandpit) -> FHIRCaller:
    return sign_in(sandpit)


@pytest.fixture
def patient(sandpit: Sandpit) -> str:
    sandpit.load(tenancy_line(1), patient_line("ann", Surname="Auditson"))
    return str(sandpit.detail_id(1, "ann"))


def test_a_read_of_a_patient_is_told_with_who_what_when_and_whom(caller: FHIRCaller, patient: str) -> None:
    caller.get(f"/Patient/{patient}")

    (event,) = caller.resources(f"/AuditEvent?patient={patient}")

    assert (event["action"], event["outcome"], event["agent"][0]["altId"]) == ("R", "0", "fhir")
    assert event["subtype"][0] == {"system": "http://hl7.org/fhir/restful-interaction", "code": "read"}
    assert event["entity"][0]["what"] == {"reference": f"Patient/{patient}"}
    assert [one for one in check(event, type_name="AuditEvent") if one.is_error] == []
    assert caller.get(f"/AuditEvent/{event['id']}").json() == event


def test_events_are_found_by_day_client_outcome_and_id(caller: FHIRCaller, patient: str) -> None:
    caller.get(f"/Patient/{patient}")
    caller.get("/Patient/99999")
    (event,) = caller.resources(f"/AuditEvent?patient=Patient/{patient}")
    today = datetime.now(UTC).date()

    def count(query: str) -> int:
        return len(caller.resources(f"/AuditEvent?{query}"))

    assert count(f"patient={patient}&date={today}&altid=fhir&outcome=0&_id={event['id']}") == 1
    assert count(f"patient={patient}&date=lt{today}") == 0
    assert count(f"patient={patient}&date=ge{today - timedelta(days=1)}&date=le{today}") >= 1
    assert count("altid=nobody") == 0
    assert count("outcome=4") == 1


def test_pages_of_events_go_from_new_to_old_and_hold_each_once(caller: FHIRCaller, patient: str) -> None:
    for _ in range(5):
        caller.get(f"/Patient/{patient}")
    until = datetime.now(UTC).isoformat().replace("+00:00", "Z")

    events = caller.resources(f"/AuditEvent?date=lt{until}&date=ge2020&altid=fhir&_count=2")

    assert len({one["id"] for one in events}) == len(events) >= 5
    assert [one["recorded"] for one in events] == sorted((one["recorded"] for one in events), reverse=True)


def test_without_a_date_the_last_month_is_looked_through_and_the_self_link_says_so(
    caller: FHIRCaller,
) -> None:
    (link,) = caller.get("/AuditEvent").json()["link"][:1]

    assert "date=ge" in link["url"]


def test_events_of_other_sources_are_not_told(sandpit: Sandpit, caller: FHIRCaller, patient: str) -> None:
    caller.get(f"/Patient/{patient}")
    narrow = sign_in(sandpit, "narrow", own_tenancy_id=2, tenancies=[2])
    (event,) = caller.resources(f"/AuditEvent?patient={patient}")

    assert narrow.resources(f"/AuditEvent?patient={patient}") == []
    assert narrow.get(f"/AuditEvent/{event['id']}").status_code == 404


def test_a_look_at_many_names_those_alone_whom_the_asker_may_know_of(
    sandpit: Sandpit, caller: FHIRCaller, patient: str
) -> None:
    sandpit.load(tenancy_line(2), patient_line("bea", Surname="Bystander"))
    other = str(sandpit.detail_id(2, "bea"))
    caller.get(f"/Patient?_id={patient},{other}")

    def named(events: list[dict[str, Any]]) -> set[str]:
        told = [one["what"].get("reference") for event in events for one in event["entity"]]
        return {one for one in told if one}

    about = f"/AuditEvent?patient={patient}&altid=fhir"
    bound = FHIRClient(sandpit, caller.headers).with_token("fhir", "patient/*.rs", patient=patient)
    assert named(caller.resources(about)) == {f"Patient/{patient}", f"Patient/{other}"}
    events = [one["resource"] for one in bound.get(about).json()["entry"]]
    assert named(events) == {f"Patient/{patient}"}
    assert [named([bound.get(f"/AuditEvent/{one['id']}").json()]) for one in events] == [
        {f"Patient/{patient}"}
    ] * len(events)
    near = sign_in(sandpit, "near", own_tenancy_id=1, tenancies=[1])
    near.get(f"/Patient?_id={patient},{other}")
    own = near.resources(f"/AuditEvent?patient={patient}&altid=near")
    assert named(own) == {f"Patient/{patient}"}


def test_looks_at_what_is_restricted_are_told_to_those_who_may_see_all_of_that(
    sandpit: Sandpit, caller: FHIRCaller, patient: str
) -> None:
    everything = ("system/*.rs", *(bundle.restricted_scope for bundle in BUNDLES))
    trusted = sign_in(sandpit, "trusted", own_tenancy_id=3, scopes=everything)
    caller.get(f"/Patient/{patient}")
    restricted = sandpit.get(f"/social-care/patients/{patient}/safeguarding")
    assert restricted.status_code == 200

    assert sorted(map(_is_labelled, _about(trusted, patient))) == [False, True]
    assert list(map(_is_labelled, _about(caller, patient))) == [False]


def _is_labelled(event: dict[str, Any]) -> bool:
    return "securityLabel" in event["entity"][0]


def _about(caller: FHIRCaller, patient: str) -> list[dict[str, Any]]:
    return [one for one in caller.resources(f"/AuditEvent?patient={patient}") if "entity" in one]


def test_an_unknown_parameter_is_refused_or_left_out_with_a_warning(caller: FHIRCaller) -> None:
    strict = caller.get("/AuditEvent?nonsense=1", prefer="handling=strict")
    lenient = caller.get("/AuditEvent?nonsense=1").json()

    assert (strict.status_code, strict.json()["issue"][0]["expression"]) == (400, ["nonsense"])
    assert [
        one["resource"]["resourceType"] for one in lenient["entry"] if one["search"]["mode"] == "outcome"
    ] == ["OperationOutcome"]


def test_a_value_that_breaks_a_rule_is_named(caller: FHIRCaller) -> None:
    for query in ("date=yesterday", "date=ne2020", "patient=Group/1", "_count=x"):
        answer = caller.get(f"/AuditEvent?{query}")

        assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (
            400,
            [query.partition("=")[0]],
        )


def test_events_are_for_those_whose_scope_names_them(sandpit: Sandpit) -> None:
    narrow = sign_in(sandpit, "narrow", scopes=("system/Patient.rs",))

    assert narrow.get("/AuditEvent").status_code == 403
