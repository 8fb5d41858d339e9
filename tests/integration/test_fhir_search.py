"""Searches answer as R4 says they do, over resources that indexing has read."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from carecord.db.embedded import Held
from carecord.fhir_api.json_text import decode
from carecord.fhir_api.kept import Json
from carecord.fhir_api.searching import find, match_ids, parse
from carecord.kernel.errors import BadRequest, Unavailable
from tests.support.fhir_shelf import NOW, Shelf, open_shelf, rights_of
from tests.support.postgres import new_database

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"


def patient(id: str, family: str, given: str = "Ada", **more: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": id,
        "name": [{"family": family, "given": [given]}],
        **more,
    }


def observation(id: str, subject: str, code: str, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code, "display": f"Test {code}"}]},
        "subject": {"reference": subject},
        **more,
    }


def quantity(value: str, code: str = "mg") -> Json:
    return {"value": Decimal(value), "unit": code, "system": UCUM, "code": code}


@pytest.fixture(scope="module")
def shelf(migrated_template: Held) -> Iterator[Shelf]:
    """Two records of one person, one of another; observations, an encounter and a practitioner."""
    with new_database(migrated_template) as database, open_shelf(database) as shelf:
        shelf.add_record(11, person=1)
        shelf.add_record(12, person=1, tenancy=2)
        shelf.add_record(21, person=2)
        number = [{"system": NHS_NUMBER, "value": "9990123454"}]
        shelf.add(
            patient("11", "Ångström", birthDate="1946-05-17", identifier=number, gender="female"),
            patient=11,
            bundle="demographics",
        )
        shelf.add(patient("12", "Angstrom", birthDate="1946"), patient=12, tenancy=2, bundle="demographics")
        shelf.add(
            patient(
                "21", "Smith Jones", gender="male", generalPractitioner=[{"reference": "Practitioner/d1"}]
            ),
            patient=21,
            bundle="demographics",
            updated=NOW - timedelta(days=3),
        )
        shelf.add({"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Healer"}]}, bundle=None)
        shelf.add(
            {
                "resourceType": "Encounter",
                "id": "e1",
                "status": "finished",
                "class": {"code": "AMB"},
                "subject": {"reference": "Patient/11"},
                "period": {"start": "2020-03-01T09:00:00Z", "end": "2020-03-01T10:00:00Z"},
                "participant": [{"individual": {"reference": "Practitioner/d1"}}],
            },
            patient=11,
        )
        rows = [
            observation(
                "o1",
                "Patient/11",
                "1",
                effectiveDateTime="2020-03-01",
                valueQuantity=quantity("5.4"),
                encounter={"reference": "Encounter/e1"},
            ),
            observation(
                "o2",
                "Patient/11",
                "2",
                effectiveDateTime="2021-03-01T10:00:00+01:00",
                valueQuantity=quantity("100"),
            ),
            observation("o3", "Patient/11", "1", valueString="Comma, and $ign", status="amended"),
        ]
        for row in rows:
            shelf.add(row, patient=11)
        shelf.add(
            observation("o4", "Patient/12", "1", effectivePeriod={"start": "2019-01-01"}),
            patient=12,
            tenancy=2,
        )
        shelf.add(
            observation(
                "o5",
                "Patient/21",
                "1",
                effectiveDateTime="2022",
                derivedFrom=[{"reference": "Observation/o1"}],
            ),
            patient=21,
        )
        yield shelf


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Observation?patient=11", ["o2", "o1", "o4", "o3"]),
        ("Observation?patient=12", ["o2", "o1", "o4", "o3"]),
        ("Observation?subject=Patient/12&code=2", ["o2"]),
        ("Observation?subject:Patient=21", ["o5"]),
        ("Observation?patient=99", []),
        ("Observation?patient=99999999999999999999", []),
        ("Observation?patient=11,21&code=http://loinc.org|1", ["o5", "o1", "o4", "o3"]),
        ("Observation?code=|1", []),
        ("Observation?code=http://loinc.org|&patient=21", ["o5"]),
        ("Observation?code=1,2&status:not=final", ["o3"]),
        ("Observation?patient=11&date=2020-03-01", ["o1"]),
        ("Observation?patient=11&date=2021-03-01T09:00Z", ["o2"]),
        ("Observation?patient=11&date=2021-03-01T10:00:00 01:00", ["o2"]),
        ("Observation?patient=11&date=ge2021", ["o2", "o4"]),
        ("Observation?patient=11&date=gt2021-03-01", ["o4"]),
        ("Observation?patient=11&date=sa2019", ["o2", "o1"]),
        ("Observation?patient=11&date=lt2020-03-01", ["o4"]),
        ("Observation?patient=11&date=eb2021", ["o1"]),
        ("Observation?patient=11&date=ne2020-03-01", ["o2", "o4"]),
        ("Observation?patient=11&date:missing=true", ["o3"]),
        ("Observation?patient=21&date=2022", ["o5"]),
        ("Observation?patient=21&date=2022-01", []),
        ("Observation?value-quantity=5.4", ["o1"]),
        ("Observation?value-quantity=5|http://unitsofmeasure.org|mg", ["o1"]),
        ("Observation?value-quantity=5.40||mg", ["o1"]),
        ("Observation?value-quantity=5.4||kg", []),
        ("Observation?value-quantity=gt100", []),
        ("Observation?value-quantity=ge100", ["o2"]),
        ("Observation?value-quantity=lt100", ["o1"]),
        ("Observation?value-quantity=ap99|http://unitsofmeasure.org|", ["o2"]),
        ("Observation?code-value-quantity=http://loinc.org|1$gt5", ["o1"]),
        ("Observation?code-value-quantity=2$gt5||mg,1$lt5", ["o2"]),
        (r"Observation?value-string=comma\, AND $IGN", ["o3"]),
        ("Observation?value-string:contains=and", ["o3"]),
        ("Observation?value-string:exact=Comma", []),
        ("Observation?patient=11&code:text=test", ["o2", "o1", "o4", "o3"]),
        ("Observation?code:text=2", ["o2"]),
        ("Patient?family=angstrom&_sort=_id", ["11", "12"]),
        ("Patient?family:exact=Angstrom", ["12"]),
        ("Patient?family=jones", []),
        ("Patient?family:contains=JONES", ["21"]),
        ("Patient?family=an&_sort=-_id", ["12", "11"]),
        ("Patient?birthdate=1946&_sort=birthdate", ["12", "11"]),
        ("Patient?birthdate=1946-05-17", ["11"]),
        ("Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990123454", ["11"]),
        ("Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender&_sort=_id", ["11", "21"]),
        ("Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender", ["12"]),
        ("Patient?_lastUpdated=lt2026-10-31", ["21"]),
        ("Patient?_lastUpdated=2026-11-01&_sort=-_id", ["12", "11"]),
        ("Patient?_id=11,21&_sort=-_id", ["21", "11"]),
        ("Patient?_id=11&getAllLinkedPatients=true&_sort=_id", ["11", "12"]),
        ("Patient?general-practitioner=d1", ["21"]),
        ("Patient?general-practitioner.family=healer", ["21"]),
        (
            "Observation?patient.identifier=https://fhir.nhs.uk/Id/nhs-number|9990123454",
            ["o2", "o1", "o4", "o3"],
        ),
        ("Observation?patient.gender=female&patient.getAllLinkedPatients=true&code=2", ["o2"]),
        ("Observation?subject:Patient.general-practitioner.family=heal", ["o5"]),
        ("Observation?encounter.status=finished", ["o1"]),
        ("Observation?patient=11&encounter.status=finished", ["o1"]),
        ("Observation?patient=11&encounter:Encounter.practitioner:Practitioner.family=healer", ["o1"]),
        ("Observation?encounter.status=planned", []),
        ("Encounter?_has:Observation:encounter:code=1", ["e1"]),
        ("Encounter?patient=11&_has:Observation:encounter:code=1", ["e1"]),
        ("Encounter?_has:Observation:encounter:code=2", []),
        ("Patient?_has:Observation:patient:code=2&_sort=_id", ["11", "12"]),
        (
            "Patient?_has:Encounter:patient:_has:Observation:encounter:value-quantity=5.4&_sort=_id",
            ["11", "12"],
        ),
        ("Practitioner?_has:Encounter:practitioner:status=finished", ["d1"]),
        ("Observation?_has:Observation:derived-from:subject=21", ["o1"]),
    ],
)
def test_a_search_gives_what_matches_in_order(shelf: Shelf, asked: str, expected: list[str]) -> None:
    found = shelf.find(asked)
    assert [one.id for one in found.matches] == expected
    assert found.total == len(expected)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("Observation?_id=o1&_include=Observation:encounter", {"Encounter/e1"}),
        (
            "Observation?_id=o1&_include=Observation:encounter&_include:iterate=Encounter:practitioner",
            {"Encounter/e1", "Practitioner/d1"},
        ),
        (
            "Observation?_id=o1&_include=Observation:encounter&_include=Encounter:practitioner",
            {"Encounter/e1"},
        ),
        ("Observation?_id=o1&_include=*", {"Encounter/e1", "Patient/11"}),
        ("Observation?_id=o1&_include=Observation:subject:Group", set()),
        ("Patient?_id=11&_revinclude=Encounter:patient", {"Encounter/e1"}),
        (
            "Encounter?_id=e1&_revinclude=Observation:encounter&_revinclude:iterate=Observation:derived-from",
            {"Observation/o1", "Observation/o5"},
        ),
        ("Encounter?_id=e1&_revinclude=*", {"Observation/o1"}),
        ("Observation?_id=o1,o5&_include=Observation:derived-from", set()),
    ],
)
def test_what_is_included_comes_once_and_is_no_match(shelf: Shelf, asked: str, expected: set[str]) -> None:
    found = shelf.find(asked)
    assert {f"{one.type}/{one.id}" for one in found.included} == expected
    assert len(found.included) == len(expected)
    assert found.total == len(found.matches)


@pytest.mark.parametrize(
    "sort",
    [
        "date",
        "-date",
        "code,-date",
        "value-quantity",
        "-_lastUpdated",
        "_lastUpdated",
        "-_id",
        "subject,status",
    ],
)
@pytest.mark.parametrize("query", ["", "patient=11&"])
def test_pages_put_together_are_the_whole_in_order(shelf: Shelf, sort: str, query: str) -> None:
    whole = shelf.ids(f"Observation?{query}_sort={sort}")
    assert len(whole) == (4 if query else 5)
    for count in (1, 2, 4):
        assert shelf.walk(f"Observation?{query}_sort={sort}&_count={count}") == whole


def test_counts_are_told_as_asked(shelf: Shelf) -> None:
    assert shelf.find("Observation?_summary=count").total == 5
    nothing = shelf.find("Observation?code=1&_count=0&_totalMethod=count")
    assert (nothing.matches, nothing.total) == ([], 4)
    assert shelf.find("Observation?code=1&_count=1&_total=accurate").total == 4
    assert shelf.find("Observation?code=1&_total=none").total is None
    assert shelf.find("Observation?_count=1").total == 5


def test_what_is_cut_keeps_what_it_must_have_and_says_so(shelf: Shelf) -> None:
    body = shelf.find("Observation?_id=o1&_elements=value").matches[0].body
    assert body is not None
    resource = decode(body)
    assert set(resource) == {"resourceType", "id", "meta", "status", "code", "valueQuantity"}
    assert resource["meta"]["tag"][-1]["code"] == "SUBSETTED"
    assert resource["valueQuantity"]["value"] == Decimal("5.4")
    text = shelf.find("Patient?_id=11&_summary=text").matches[0].body
    assert text is not None
    assert set(decode(text)) == {"resourceType", "id", "meta"}


def test_conditional_writes_learn_which_resources_match(shelf: Shelf) -> None:
    def ids(query: list[tuple[str, str]]) -> list[str]:
        search = parse("Observation", query, strict=True)
        return match_ids(shelf.connection, search, rights_of(), limit=2)

    assert ids([("code", "2"), ("value-quantity", "gt5")]) == ["o2"]
    assert ids([("code", "1")]) == ["o1", "o3"]
    assert ids([("patient", "21"), ("code", "2")]) == []


def test_what_is_stale_is_told_for_the_people_asked(shelf: Shelf) -> None:
    insert = "INSERT INTO fhir_api.stale (patient_detail_id) VALUES (12)"
    with shelf.connection.transaction(force_rollback=False):
        shelf.connection.execute(insert)
    try:
        found = shelf.find("Observation?patient=11")
        assert (found.stale, found.stale_records) == (True, (12,))
        assert not shelf.find("Observation?patient=21").stale
        everyone = shelf.find("Observation?code=1")
        assert (everyone.stale, everyone.stale_records) == (True, None)
        assert shelf.find("Patient?_id=12&_summary=count").stale_records == (12,)
    finally:
        shelf.connection.execute("DELETE FROM fhir_api.stale")


def test_a_place_of_another_search_is_refused(shelf: Shelf) -> None:
    with pytest.raises(BadRequest):
        shelf.find("Observation?_sort=date,code", cursor={"keys": [None], "id": "o1"})
    with pytest.raises(BadRequest):
        shelf.find("Observation?_sort=date", cursor={"keys": ["x"], "id": "o1"})


def test_a_search_that_takes_too_long_says_so(shelf: Shelf) -> None:
    async def ask_with_little_patience() -> None:
        async with shelf.database.open_readers(most=1, statement_timeout_s=0.2) as readers:
            await find(readers, parse("Observation", [("code", "1")], strict=True), rights_of())

    with shelf.connection.transaction():
        shelf.connection.execute("LOCK fhir_api.resource IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Unavailable, match="too wide"):
            shelf.runner.run(ask_with_little_patience())
