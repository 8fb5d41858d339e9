"""What a caller may not see has no part in an answer: no match, no total, no chain, nothing along with it."""

from collections.abc import Iterator
from typing import Any

import pytest

from carecord.db.embedded import Held
from carecord.fhir_api.kept import Json
from carecord.fhir_api.rights import Context, Deed, Grant, Rights
from carecord.kernel.errors import NotAllowed
from tests.support.fhir_shelf import NOW, Shelf, open_shelf, rights_of
from tests.support.postgres import new_database

READ = frozenset({Deed.READ, Deed.SEARCH})
HIV = {"system": "http://snomed.info/sct", "code": "86406008"}


def of(type_name: str, id: str, subject: int, **more: Any) -> Json:
    return {"resourceType": type_name, "id": id, "subject": {"reference": f"Patient/{subject}"}, **more}


@pytest.fixture(scope="module")
def shelf(migrated_template: Held) -> Iterator[Shelf]:
    """Person 1: 11 open, 12 of another source, 13 refused, 14 refused for gp, 31 withdrawn. Person 2: 21."""
    with new_database(migrated_template) as database, open_shelf(database) as shelf:
        shelf.add_record(11, person=1)
        shelf.add_record(12, person=1, tenancy=2)
        shelf.add_record(13, person=1, sharing_refused=True)
        shelf.add_record(14, person=1, refused_bundles=["gp"])
        shelf.add_record(21, person=2)
        shelf.add_record(31, person=1, deleted_at=NOW)
        for record in (11, 12, 13, 14, 21, 31):
            put = {"patient": record, "tenancy": 2 if record == 12 else 1}
            family = "Seen" if record in (11, 21) else f"Hidden{record}"
            shelf.add(
                {"resourceType": "Patient", "id": str(record), "name": [{"family": family}]},
                bundle="demographics",
                **put,
            )
            shelf.add(of("Encounter", f"e{record}", record, status=f"s{record}"), **put)
            shelf.add(
                of(
                    "Observation",
                    f"o{record}",
                    record,
                    encounter={"reference": f"Encounter/e{record}"},
                    code={"coding": [{"system": "http://loinc.org", "code": f"c{record}"}]},
                    category=[{"coding": [{"code": "laboratory" if record < 20 else "survey"}]}],
                ),
                **put,
            )
        shelf.add(
            of("Observation", "oR", 11, code={"coding": [HIV]}, encounter={"reference": "Encounter/e11"}),
            patient=11,
            bundle="sexual_health",
            restricted=True,
        )
        shelf.add(of("Consent", "s13", 13), patient=13, bundle="demographics", store="sharing_status")
        shelf.add(
            {"resourceType": "Organization", "id": "g1", "name": "Surgery", "identifier": [{"value": "A1"}]},
            bundle=None,
        )
        yield shelf


SOURCE_1 = rights_of(tenancies=(1,))
BOUND = rights_of(Grant(Context.PATIENT, "*", READ), patient=11)


@pytest.mark.parametrize(
    ("rights", "asked", "expected"),
    [
        # Two sources.
        (SOURCE_1, "Observation?_sort=_id", ["o11", "o21"]),
        (SOURCE_1, "Observation?patient=11", ["o11"]),
        (SOURCE_1, "Observation?patient=12", []),
        (SOURCE_1, "Observation?patient.family=hidden12", []),
        (SOURCE_1, "Observation?encounter.status=s12", []),
        (SOURCE_1, "Patient?_has:Observation:patient:code=c12", []),
        (SOURCE_1, "Encounter?_has:Observation:encounter:code=c12", []),
        (SOURCE_1, "Patient?family=hidden12", []),
        (SOURCE_1, "Patient?_id=12&getAllLinkedPatients=true", []),
        # A refusal: whole, and of a bundle.
        (rights_of(), "Observation?_sort=_id", ["o11", "o12", "o21"]),
        (rights_of(), "Observation?patient=13", []),
        (rights_of(), "Observation?patient=14&_sort=_id", ["o11", "o12"]),
        (rights_of(), "Patient?_sort=_id", ["11", "12", "14", "21"]),
        (rights_of(), "Patient?_has:Observation:patient:code=c14", []),
        (rights_of(), "Observation?patient.family=hidden13", []),
        (rights_of(), "Consent?patient=13", ["s13"]),
        # A source that withdrew its record.
        (rights_of(), "Observation?patient=31", []),
        (rights_of(), "Encounter?status=s31", []),
        (rights_of(), "Patient?_has:Encounter:patient:status=s31", []),
        # Restricted rows.
        (rights_of(), f"Observation?code={HIV['code']}", []),
        (rights_of(), f"Encounter?_has:Observation:encounter:code={HIV['code']}", []),
        (rights_of(), f"Patient?_has:Observation:patient:code={HIV['code']}", []),
        (rights_of(restricted_bundles=["sexual_health"]), f"Observation?code={HIV['code']}", ["oR"]),
        (rights_of(restricted_bundles=["gp"]), f"Observation?code={HIV['code']}", []),
        # A patient's own scopes reach everyone linked.
        (BOUND, "Observation?_sort=_id", ["o11", "o12"]),
        (BOUND, "Observation?patient=21", []),
        (BOUND, "Observation?encounter.status=s21", []),
        (BOUND, "Patient?_sort=_id", ["11", "12", "14"]),
        (BOUND, "Organization?", ["g1"]),
        # Scopes that a search parameter restricts.
        (
            rights_of(Grant(Context.SYSTEM, "Observation", READ, (("category", "survey"),))),
            "Observation?",
            ["o21"],
        ),
        (
            rights_of(
                Grant(Context.SYSTEM, "Observation", READ, (("category", "survey"),)),
                Grant(Context.PATIENT, "Observation", READ, (("code", "c12"),)),
                patient=11,
            ),
            "Observation?_sort=_id",
            ["o12", "o21"],
        ),
        (
            rights_of(Grant(Context.SYSTEM, "*", READ, (("category", "survey"),))),
            "Encounter?_has:Observation:encounter:code=c21",
            [],
        ),
        (
            rights_of(
                Grant(Context.SYSTEM, "Observation", READ, (("category", "survey"),)),
                Grant(Context.SYSTEM, "Encounter", READ),
            ),
            "Encounter?_has:Observation:encounter:_lastUpdated=gt2000",
            ["e21"],
        ),
        (
            rights_of(Grant(Context.SYSTEM, "Observation", READ, (("encounter.status", "s11"),))),
            "Observation?",
            [],
        ),
        (rights_of(Grant(Context.SYSTEM, "Patient", READ)), "Observation?", []),
        (rights_of(Grant(Context.PATIENT, "*", READ)), "Observation?", []),
    ],
)
def test_only_what_may_be_seen_matches_and_counts(
    shelf: Shelf, rights: Rights, asked: str, expected: list[str]
) -> None:
    found = shelf.find(asked, rights=rights)
    assert [one.id for one in found.matches] == expected
    assert found.total == len(expected)
    assert shelf.find(f"{asked}&_count=0", rights=rights).total == len(expected)


@pytest.mark.parametrize(
    ("rights", "asked", "expected"),
    [
        (
            SOURCE_1,
            "Patient?_id=11&_revinclude=Observation:subject&_revinclude=Encounter:patient",
            {"o11", "e11"},
        ),
        (rights_of(), "Encounter?_id=e11&_revinclude=Observation:encounter", {"o11"}),
        (
            rights_of(restricted_bundles=["sexual_health"]),
            "Encounter?_id=e11&_revinclude=Observation:encounter",
            {"o11", "oR"},
        ),
        (
            rights_of(Grant(Context.SYSTEM, "Observation", READ)),
            "Observation?code=c11&_include=*&_revinclude=*",
            set(),
        ),
        (
            rights_of(
                Grant(Context.SYSTEM, "Observation", READ),
                Grant(Context.PATIENT, "Encounter", READ),
                patient=11,
            ),
            "Observation?_include=Observation:encounter",
            {"e11", "e12"},
        ),
        (
            rights_of(Grant(Context.SYSTEM, "Observation", READ), Grant(Context.SYSTEM, "Patient", READ)),
            "Observation?code=c12&_include=Observation:patient",
            {"12"},
        ),
    ],
)
def test_only_what_may_be_seen_comes_along(
    shelf: Shelf, rights: Rights, asked: str, expected: set[str]
) -> None:
    assert {one.id for one in shelf.find(asked, rights=rights).included} == expected


def test_a_chain_to_what_no_scope_reaches_is_refused(shelf: Shelf) -> None:
    rights = rights_of(Grant(Context.SYSTEM, "Observation", READ))
    for asked in ("Observation?encounter.status=s11", "Observation?_has:Provenance:target:agent=1"):
        with pytest.raises(NotAllowed):
            shelf.find(asked, rights=rights)
