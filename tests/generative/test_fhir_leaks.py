"""What is asked by who may not see a resource is answered the same, to the byte, as if there were none."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carecord.db.embedded import Held
from carecord.fhir_api.kept import Json
from carecord.fhir_api.rights import Context, Deed, Grant, Rights
from carecord.kernel.errors import BadRequest, NotAllowed
from tests.support.fhir_shelf import Shelf, open_shelf, rights_of
from tests.support.postgres import new_database

READ = frozenset({Deed.READ, Deed.SEARCH})
CODES = ("c1", "c2")
HIDDEN = "hidden"


@pytest.fixture(scope="module")
def shelf(migrated_template: Held) -> Iterator[Shelf]:
    """Person 1: 11 is seen, 12 elsewhere, 13 refused, 14 refused for gp. Person 2: 21."""
    with new_database(migrated_template) as database, open_shelf(database) as shelf:
        shelf.add_record(11, person=1)
        shelf.add_record(12, person=1, tenancy=2)
        shelf.add_record(13, person=1, sharing_refused=True)
        shelf.add_record(14, person=1, refused_bundles=["gp"])
        shelf.add_record(21, person=2)
        for record in (11, 21):
            shelf.add(patient_of(record), patient=record, bundle="demographics")
            shelf.add(encounter_of(f"e{record}", record, "finished"), patient=record)
            for code in CODES:
                shelf.add(observation_of(f"o{record}{code}", record, code, f"e{record}"), patient=record)
        yield shelf


def patient_of(record: int, **more: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": str(record),
        "name": [{"family": "Seen"}],
        "gender": "other",
        **more,
    }


def encounter_of(id: str, record: int, status: str) -> Json:
    subject = {"reference": f"Patient/{record}"}
    return {"resourceType": "Encounter", "id": id, "status": status, "subject": subject}


def observation_of(id: str, record: int, code: str, encounter: str) -> Json:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "subject": {"reference": f"Patient/{record}"},
        "encounter": {"reference": f"Encounter/{encounter}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "category": [{"coding": [{"code": "laboratory" if record < 20 else "survey"}]}],
    }


# By way: the rights, and where a resource stands that they do not reach.
WAYS: dict[str, tuple[Rights, dict[str, Any]]] = {
    "another source": (rights_of(tenancies=(1,)), {"patient": 12, "tenancy": 2}),
    "refused": (rights_of(), {"patient": 13}),
    "refused for the bundle": (rights_of(), {"patient": 14}),
    "restricted": (rights_of(), {"patient": 11, "restricted": True, "bundle": "sexual_health"}),
    "another patient": (
        rights_of(Grant(Context.PATIENT, "*", READ), patient=11),
        {"patient": 21},
    ),
    "another category": (
        rights_of(
            Grant(Context.SYSTEM, "Observation", READ, (("category", "laboratory"),)),
            Grant(Context.SYSTEM, "Patient", READ),
        ),
        {"patient": 21},
    ),
}

criteria = st.sampled_from(
    [
        *[f"code={code}" for code in (*CODES, HIDDEN)],
        *[f"subject:Patient.family={name}" for name in ("seen", "hid")],
        *[f"patient={record}" for record in (11, 12, 13, 14, 21)],
        "encounter.status=finished",
        "encounter.status=planned",
        "status:not=final",
        "code:missing=false",
        "_id=x1",
        "_has:Observation:patient:code=hidden",
        "_has:Observation:encounter:code=hidden",
        "_has:Observation:patient:encounter.status=planned",
        "family=hid",
        "gender:missing=true",
    ]
)
showing = st.sampled_from(
    [
        "_include=*",
        "_include=Observation:encounter",
        "_include=Observation:patient",
        "_revinclude=*",
        "_revinclude=Observation:encounter",
        "_revinclude:iterate=Observation:patient",
        "_sort=-_id",
        "_sort=code,_id",
        "_sort=status",
        "_count=0",
        "_count=1",
        "_summary=count",
        "_total=accurate",
        "getAllLinkedPatients=true",
    ]
)
questions = st.builds(
    lambda type_name, asked, shown: f"{type_name}?{'&'.join([*asked, *shown])}",
    st.sampled_from(["Observation", "Encounter", "Patient"]),
    st.lists(criteria, max_size=2),
    st.lists(showing, max_size=2, unique_by=lambda one: one.partition("=")[0]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(way=st.sampled_from(sorted(WAYS)), asked=questions, hidden=st.sampled_from(["Observation", "both"]))
def test_what_may_not_be_seen_leaves_no_trace_in_any_answer(
    shelf: Shelf, way: str, asked: str, hidden: str
) -> None:
    rights, place = WAYS[way]
    without = _answer(shelf, asked, rights)

    record = place["patient"]
    shelf.add(observation_of("x1", record, HIDDEN, f"e{record}"), **place)
    if hidden == "both":
        shelf.add(encounter_of("x2", record, "planned"), **place)
        shelf.add(observation_of("x3", record, HIDDEN, "x2"), **place)
    try:
        assert _answer(shelf, asked, rights) == without
    finally:
        shelf.connection.execute("DELETE FROM fhir_api.resource WHERE id LIKE 'x%'")


def _answer(shelf: Shelf, asked: str, rights: Rights) -> Any:
    """All of an answer, or the refusal in its words."""
    with suppress(BadRequest):
        try:
            found = shelf.find(asked, rights=rights)
        except NotAllowed as error:
            return error.detail
        bodies = [one.body for one in found.matches], sorted(one.body or b"" for one in found.included)
        return bodies, found.total, found.cursor, found.warnings
    return None
