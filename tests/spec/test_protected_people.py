"""A sensitive address is the person's: where one record asks for it, no record tells where the person is."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from carecord.db.embedded import Held
from carecord.patient_index.links import link, unlink
from carecord.patient_index.source_decisions import merge_records
from tests.support.fhir import BASE, FHIRClient, Json, fhir_of_a_module, open_fhir
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
R = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
HOME, OTHER, OWN = 721, 722, 723
"""Sources: one that knows where the person is, another one, and that of a FHIR client."""

WHEREABOUTS = {
    "AddressLine1": "1 Hiding Place",
    "AddressLine3": "Hidington",
    "PostCode": "ZZ99 3VZ",
    "Uprn": "100000000001",
    "HomeTelephone": "01632 960001",
    "MobileTelephone": "07700 900123",
    "EmailAddress": "ada@hiding.example",
    "GPCode": "G9999101",
    "GPName": "Dr Hiding",
    "GPPracticeCode": "Y99901",
    "GPPracticeName": "Hiding Surgery",
}
TELLING = ("iding", "ZZ99", "100000000001", "960001", "900123", "G9999101", "Y99901")
FORMER = {"AddressType": "Previous", "AddressLine1": "2 Hiding Place", "PostCode": "ZZ99 3WZ"}


def _nhs_numbers() -> Iterator[str]:
    """Of the 999 range, with their check digits."""
    for number in count(999_410_000):
        digits = [int(one) for one in str(number)]
        check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            yield f"{number}{check % 11}"


NUMBERS, PLACES = _nhs_numbers(), count()
_NAMES = (
    "Abbott",
    "Birch",
    "Crowther",
    "Dunmore",
    "Eastwick",
    "Fairley",
    "Gilchrist",
    "Hargreave",
    "Ilford",
    "Jessop",
    "Kirkby",
    "Lockhart",
    "Maddox",
    "Norwood",
    "Oakden",
    "Prentice",
    "Quigley",
    "Rushworth",
)


@pytest.fixture(scope="module")
def fhir(migrated_template: Held, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FHIRClient]:
    with fhir_of_a_module(migrated_template, tmp_path_factory.mktemp("fhir")) as client:
        yield client


@pytest.fixture(scope="module")
def sandpit(fhir: FHIRClient) -> Sandpit:
    return fhir.sandpit


@pytest.fixture(scope="module")
def near(fhir: FHIRClient) -> FHIRClient:
    """A client of the source that knows where the person is, which may see no other."""
    return open_fhir(fhir.sandpit, "near", tenancies=[HOME], own_tenancy_id=None)


@pytest.fixture(scope="module")
def own(fhir: FHIRClient) -> FHIRClient:
    """A client that brings Patients of its own."""
    return open_fhir(fhir.sandpit, "own", own_tenancy_id=OWN)


class Person:
    """Somebody made up, whose records share an NHS number, or who is known by two that a steward links."""

    def __init__(self, sandpit: Sandpit) -> None:
        self.sandpit = sandpit
        self.number = next(NUMBERS)
        place = next(PLACES)
        # The index must not take them for one person, though all live in one place.
        self.born = f"{1930 + 7 * place % 71}-{1 + 5 * place % 12:02}-{1 + 11 * place % 28:02}"
        self.surname = f"{_NAMES[place % len(_NAMES)]}test"
        self.home = self.load(HOME, **WHEREABOUTS)
        self.sandpit.load(tenancy_line(HOME), entry_line(self.number, "AddressesList", FORMER))

    def load(self, tenancy_id: int, **demographics: Any) -> int:
        """Bring a record of the person in by feed."""
        said = {
            "NhsNumber": self.number,
            "Surname": self.surname,
            "Forename": "Ada",
            "DateOfBirth": self.born,
        }
        line = patient_line(self.number, **said | demographics)
        loaded = self.sandpit.load(tenancy_line(tenancy_id), line)
        assert loaded.rejected == 0
        return self.sandpit.detail_id(tenancy_id, self.number)

    def protect(self, **demographics: Any) -> int:
        """Bring in a record of another source that asks for it."""
        return self.load(OTHER, SensitiveAddress="Yes", **demographics)

    def telling(self, client: FHIRClient) -> set[str]:
        """Which ways of asking tell something of where the person is."""
        by_nhs_number = {"NhsNumber": self.number}
        asked: Json = {
            "resourceType": "Patient",
            "name": [{"family": self.surname, "given": ["Ada"]}],
            "birthDate": self.born,
        }
        patient, bundles = f"/Patient/{self.home}", f"/demographics/patients/{self.home}"
        answers = {
            "details": self.sandpit.get(f"{bundles}/details"),
            "addresses": self.sandpit.get(f"{bundles}/addresses"),
            "Find Patient": self.sandpit.post("/demographics/patients/search", by_nhs_number),
            "Patient": client.get(patient),
            "history": client.get(f"{patient}/_history"),
            "version 1": client.get(f"{patient}/_history/1"),
            "history of all": client.get("/Patient/_history?_count=1000"),
            "$everything": client.get(f"{patient}/$everything"),
            "$summary": client.get(f"{patient}/$summary"),
            "search": client.get(f"/Patient?identifier={NHS_NUMBER}%7C{self.number}"),
            "$match": client.post("/Patient/$match", parameters(resource=asked)),
        }
        assert {answer.status_code for answer in answers.values()} == {200}
        mine = f"/Patient/{self.home}"
        return {
            name
            for name, answer in answers.items()
            if any(
                word in (of_patient(answer.json(), mine) if name == "history of all" else answer.text)
                for word in TELLING
            )
        }

    def finding(self, client: FHIRClient) -> set[str]:
        """By what the record can be found that knows where the person is."""
        named = {"Surname": self.surname, "Forename": "Ada", "DateOfBirth": self.born}
        found = {
            name
            for name in ("PostCode", "GPCode", "GPPracticeCode")
            if self._finds({"Surname": self.surname, name: WHEREABOUTS[name]})
            and self._finds(named | {name: WHEREABOUTS[name], "Fuzzy": True})
        }
        for criterion in (
            "address=1+Hiding",
            "address-postalcode=ZZ99+3VZ",
            "address-city=Hidington",
            "phone=07700+900123",
            "telecom=01632+960001",
            "email=ada@hiding.example",
        ):
            path = f"/Patient?family={self.surname}&{criterion}"
            if f"Patient/{self.home}" in client.found(path):
                found.add(criterion.split("=")[0])
        return found

    def _finds(self, body: Json) -> bool:
        answer = self.sandpit.post("/demographics/patients/search", body)
        assert answer.status_code == 200, answer.text
        ids = [int(row["PatientDetailId"]) for row in answer.json()["PatientsList"]]
        return self.home in ids


EVERY_WAY = {
    "details",
    "addresses",
    "Find Patient",
    "Patient",
    "history",
    "version 1",
    "history of all",
    "$everything",
    "$summary",
    "search",
    "$match",
}
FOUND_BY = {
    "PostCode",
    "GPCode",
    "GPPracticeCode",
    "address",
    "address-postalcode",
    "address-city",
    "phone",
    "telecom",
    "email",
}


def parameters(**resources: Json) -> Json:
    named = [{"name": name, "resource": one} for name, one in resources.items()]
    return {"resourceType": "Parameters", "parameter": named}


def of_patient(bundle: Json, url: str) -> str:
    return str([one for one in bundle["entry"] if one["fullUrl"].endswith(url)])


@pytest.fixture
def person(sandpit: Sandpit) -> Person:
    return Person(sandpit)


def told(person: Person, client: FHIRClient) -> tuple[set[str], set[str]]:
    """Which ways of asking tell where the person is, and by what of it they are found."""
    return person.telling(client), person.finding(client)


OPEN = EVERY_WAY, FOUND_BY
PROTECTED: tuple[set[str], set[str]] = set(), set()


def test_what_one_record_asks_for_holds_in_every_record_and_every_way_of_asking(
    fhir: FHIRClient, sandpit: Sandpit, person: Person
) -> None:
    assert told(person, fhir) == OPEN

    fellow = person.protect(PostCode="ZZ99 3VZ")

    assert told(person, fhir) == PROTECTED
    details = sandpit.get(f"/demographics/patients/{person.home}/details").json()
    assert (details["SensitiveAddress"], details["Surname"]) == ("Yes", person.surname)
    assert fhir.get(f"/Patient/{person.home}").json()["meta"]["security"][0]["code"] == "R"
    (row,) = sandpit.get(f"/demographics/patients/{fellow}/linked-records").json()["LinkedRecordsList"]
    assert (row["PatientDetailId"], row["PostCode"]) == (str(person.home), None)
    assert sandpit.get(f"/demographics/patients/{fellow}/addresses").json()["AddressesList"] == []


def test_it_is_told_again_once_no_record_asks_for_it(fhir: FHIRClient, person: Person) -> None:
    person.load(OTHER)
    assert told(person, fhir) == OPEN

    person.protect()
    assert told(person, fhir) == PROTECTED

    person.load(OTHER, SensitiveAddress="No")
    assert told(person, fhir) == OPEN


def test_a_record_that_its_source_has_deleted_asks_for_nothing(
    fhir: FHIRClient, sandpit: Sandpit, person: Person
) -> None:
    person.protect()
    assert not person.telling(fhir)

    gone = {"SourcePatientId": person.number, "Deleted": True}
    assert sandpit.load(tenancy_line(OTHER), gone).rejected == 0
    assert "Patient" in person.telling(fhir)

    person.protect()
    assert told(person, fhir) == PROTECTED


def test_who_is_linked_with_a_protected_record_is_protected_until_they_are_un_linked(
    fhir: FHIRClient, sandpit: Sandpit, person: Person
) -> None:
    other = person.load(
        OTHER, NhsNumber=None, DateOfBirth="1944-01-01", Surname="Elsewhere", SensitiveAddress="Yes"
    )
    assert told(person, fhir) == OPEN
    said = {"decided_by": "jones", "reason": "test"}

    with sandpit.database.connect() as connection:
        link(connection, person.home, other, **said)
    assert told(person, fhir) == PROTECTED

    with sandpit.database.connect() as connection:
        unlink(connection, [other], **said)
    assert told(person, fhir) == OPEN


def test_a_record_that_is_merged_away_protects_the_one_it_was_merged_into(
    fhir: FHIRClient, sandpit: Sandpit, person: Person
) -> None:
    said = {"Surname": "Before", "DateOfBirth": "1944-01-02", "SensitiveAddress": "Yes"}
    sandpit.load(tenancy_line(HOME), patient_line(f"old-{person.number}", **said))
    former = sandpit.detail_id(HOME, f"old-{person.number}")
    assert "Patient" in person.telling(fhir)

    with sandpit.database.connect() as connection, connection.transaction():
        merge_records(connection, person.home, former, tenancy_id=HOME, decided_by="client test", reason=None)

    assert told(person, fhir) == PROTECTED


REFUSED = {
    "SharingType": "Local shared record",
    "Status": "Refused",
    "Scope": "Whole record",
    "StatusDate": "2024-01-01T00:00:00",
}


def test_a_record_that_nobody_may_see_protects_all_the_same(
    fhir: FHIRClient, near: FHIRClient, sandpit: Sandpit, person: Person
) -> None:
    person.protect()
    sandpit.load(tenancy_line(OTHER), entry_line(person.number, "SharingStatusList", REFUSED))

    assert told(person, fhir) == PROTECTED
    assert told(person, near) == PROTECTED


def test_a_source_that_the_caller_may_not_see_protects_all_the_same(near: FHIRClient, person: Person) -> None:
    assert told(person, near) == OPEN

    person.protect()

    assert told(person, near) == PROTECTED


def exported(fhir: FHIRClient, person: Person) -> list[str]:
    """The addresses of the files of an export of the person's Patients."""
    group = fhir.create(
        {
            "resourceType": "Group",
            "type": "person",
            "actual": True,
            "member": [{"entity": {"reference": f"Patient/{person.home}"}}],
        }
    )
    begun = fhir.get(f"/Group/{group['id']}/$export?_type=Patient", Prefer="respond-async")
    status = begun.headers["content-location"].split(BASE)[1]
    until = time.monotonic() + 60
    while (answer := fhir.get(status, Accept="application/json")).status_code == 202:
        assert time.monotonic() < until
        time.sleep(0.02)
    return [output["url"].split(BASE)[1] for output in answer.json()["output"]]


def test_an_export_withholds_it(fhir: FHIRClient, person: Person) -> None:
    assert "Patient" in person.telling(fhir)
    person.protect()

    (file,) = exported(fhir, person)
    text = fhir.get(file).text

    assert f'"id":"{person.home}"' in text
    assert not any(word in text for word in TELLING)


def test_a_file_of_an_export_that_told_it_is_given_no_more(fhir: FHIRClient, person: Person) -> None:
    (file,) = exported(fhir, person)
    assert "Hiding" in fhir.get(file).text

    person.protect()

    assert fhir.get(file).status_code == 410


# What clients send themselves


def sent(person: Person, **more: Any) -> Json:
    return {
        "resourceType": "Patient",
        "extension": [{"url": "https://clinic.example/seat", "valueString": "by the window"}],
        "identifier": [{"system": NHS_NUMBER, "value": person.number}],
        "name": [{"use": "official", "family": person.surname, "given": ["Ada"]}],
        "gender": "female",
        "birthDate": person.born,
        "telecom": [{"system": "phone", "use": "mobile", "value": "07700 900123"}],
        "address": [{"use": "home", "line": ["1 Hiding Place"], "postalCode": "ZZ99 3VZ"}],
    } | more


def as_sent(patient: Json) -> Json:
    return {name: value for name, value in patient.items() if name not in ("id", "meta", "link")}


def test_what_a_client_sent_is_withheld_too_and_comes_back_as_it_was_sent(
    own: FHIRClient, person: Person
) -> None:
    id = own.create(sent(person))["id"]
    assert as_sent(own.get(f"/Patient/{id}").json()) == sent(person)

    person.protect()

    for path in ("", "/_history", "/_history/1"):
        shown = own.get(f"/Patient/{id}{path}")
        assert shown.status_code == 200
        assert not any(word in shown.text for word in TELLING), path
    assert own.found(f"/Patient?family={person.surname}&address=1+Hiding") == []

    person.load(OTHER, SensitiveAddress="No")

    assert as_sent(own.get(f"/Patient/{id}").json()) == sent(person)
    assert f"Patient/{id}" in own.found(f"/Patient?family={person.surname}&address=1+Hiding")


def test_a_patient_sent_of_a_protected_person_is_withheld_at_once(own: FHIRClient, person: Person) -> None:
    person.protect()

    made = own.post("/Patient", sent(person), Prefer="return=representation")

    assert made.status_code == 201
    assert not any(word in made.text for word in TELLING)
    assert made.json()["meta"]["security"][0]["code"] == "R"


def test_a_patient_that_asks_for_it_through_fhir_protects_the_person(
    own: FHIRClient, fhir: FHIRClient, person: Person
) -> None:
    assert "Patient" in person.telling(fhir)

    own.create(sent(person, meta={"security": [R]}))

    assert told(person, fhir) == PROTECTED


def test_a_client_changes_what_it_is_shown_and_loses_nothing_of_what_is_withheld(
    own: FHIRClient, sandpit: Sandpit, person: Person
) -> None:
    id = own.create(sent(person))["id"]
    person.protect()
    shown = own.get(f"/Patient/{id}").json()

    moved = [{"use": "home", "line": ["3 Other Place"], "postalCode": "ZZ99 3XZ"}]
    answers = [
        own.put(f"/Patient/{id}", shown | said)
        for said in ({"gender": "other"}, {"gender": "male", "address": moved})
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    with sandpit.database.connect() as connection:
        row = connection.execute(
            "SELECT demographics->>'Gender', demographics->>'PostCode', demographics->>'MobileTelephone'"
            " FROM patient_index.patient_record WHERE patient_detail_id = %s",
            (id,),
        ).fetchone()
    assert row == ("1", "ZZ99 3XZ", "07700 900123")
