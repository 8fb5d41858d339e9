"""The people that every population has, whatever its size and seed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from stdnum.gb import nhs

from carecord.population import write
from tests.spec.population.conftest import Population


def records(population: Population, name: str) -> dict[int, str]:
    """A known person's source patient ids by tenancy."""
    return {one["TenancyId"]: one["SourcePatientId"] for one in population.known()[name]["Records"]}


def lines_of(population: Population, name: str) -> list[tuple[int, dict[str, Any]]]:
    mine = records(population, name)
    return [(t, line) for t, line in population.lines() if mine.get(t) == line.get("SourcePatientId", "")]


def patients_of(population: Population, name: str) -> dict[int, dict[str, Any]]:
    return {t: line["Patient"] for t, line in lines_of(population, name) if "Patient" in line}


def collections_of(population: Population, name: str) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for tenancy_id, line in lines_of(population, name):
        if "Collection" in line:
            found.setdefault(tenancy_id, set()).add(line["Collection"])
    return found


def test_known_people_are_there_when_nobody_else_is(nobody: Population) -> None:
    assert nobody.written.people == len(nobody.known()) == 11
    assert {line["SourcePatientId"][:5] for _, line in nobody.lines() if "Patient" in line} == {"KNOWN"}


def test_known_people_are_the_same_whatever_the_seed(tmp_path: Path) -> None:
    for seed in (1, 2):
        write(1, seed=seed, out=tmp_path / str(seed))
    found = [
        [line for _, line in lines_of(population, name)]
        for seed in (1, 2)
        for population in [Population(write(1, seed=seed, out=tmp_path / str(seed)))]
        for name in sorted(population.known())
    ]
    half = len(found) // 2
    assert found[:half] == found[half:]


def test_known_people_are_in_a_large_population_too(town: Population, nobody: Population) -> None:
    assert town.known() == nobody.known()
    for name in nobody.known():
        assert lines_of(town, name) == lines_of(nobody, name)


def test_their_nhs_numbers_are_of_the_test_range_and_nobody_elses(town: Population) -> None:
    numbers = [person["NhsNumber"] for person in town.known().values() if person["NhsNumber"]]
    assert all(number.startswith("999") and nhs.is_valid(number) for number in numbers)
    known = set(numbers)
    for _, line in town.lines():
        if "Patient" in line and not line["SourcePatientId"].startswith("KNOWN"):
            assert line["Patient"].get("NhsNumber") not in known


def test_doris_heritage_is_known_to_exactly_five_systems(nobody: Population) -> None:
    assert sorted(records(nobody, "Doris Heritage")) == [1, 2, 3, 4, 10]
    for patient in patients_of(nobody, "Doris Heritage").values():
        assert (patient["NhsNumber"], patient["DateOfBirth"]) == ("9990123454", "1946-05-17")


def test_doris_heritage_has_entries_in_each_of_them(nobody: Population) -> None:
    collections = collections_of(nobody, "Doris Heritage")
    assert {"GpRepeatMedicationsList", "GpTestResultsList", "ActiveProblemsCollection"} <= collections[1]
    assert {
        "InpatientEpisodesList",
        "AllergyAlertsList",
        "RiskAlertsList",
        "PathologyResults",
    } <= collections[2]
    assert {"CommunityContactsList", "CaseloadList"} <= collections[3]
    assert {"record", "CaseWorkersList", "SocialCareCarePlansList"} <= collections[4]
    assert {"about-me", "EndOfLifePlansList", "UniversalCarePlansList"} == collections[10]
    assert len(set.union(*collections.values())) > 60


def test_a_baby_is_in_the_hospital_without_a_forename(nobody: Population) -> None:
    patients = patients_of(nobody, "Noah Heritage")
    assert (patients[2]["Forename"], patients[9]["Forename"]) == ("BABY", "Noah")


def test_the_birth_names_mother_and_baby(nobody: Population) -> None:
    (delivery,) = (
        line["Item"]
        for _, line in lines_of(nobody, "Aisha Heritage")
        if line.get("Collection") == "DeliveriesList"
    )
    (birth,) = (
        line["Item"]
        for _, line in lines_of(nobody, "Noah Heritage")
        if line.get("Collection") == "birth-details"
    )
    assert delivery["Babies"]["Baby"][0]["NhsNumber"] == "9992311886"
    assert birth["MotherNhsNumber"] == "9991002006"


def test_twins_share_all_but_their_names_and_numbers(nobody: Population) -> None:
    first, second = patients_of(nobody, "Ella Calder")[1], patients_of(nobody, "Elsa Calder")[1]
    same = ("Surname", "DateOfBirth", "Gender", "AddressLine1", "PostCode")
    assert [first[field] for field in same] == [second[field] for field in same]
    assert first["NhsNumber"] != second["NhsNumber"]


def test_a_merged_record_keeps_its_old_number(nobody: Population) -> None:
    minor = [
        line.get("MinorNumbers")
        for t, line in lines_of(nobody, "Gwen Pritchard")
        if "Patient" in line and t == 2
    ]
    assert minor == [["E199007"]]


def test_a_restricted_record_has_refused_sharing_and_holds_something(nobody: Population) -> None:
    entries = [line for _, line in lines_of(nobody, "Samuel Whitlow") if "Collection" in line]
    (sharing,) = (line["Item"] for line in entries if line["Collection"] == "SharingStatusList")
    assert (sharing["SharingType"], sharing["Status"], sharing["Scope"]) == (
        "Local shared record",
        "Refused",
        "Whole record",
    )
    by_collection = Counter(line["Collection"] for line in entries)
    assert by_collection["GpRepeatMedicationsList"] == by_collection["EdAttendancesList"] == 1


def test_nobody_else_of_them_refuses_to_share(nobody: Population) -> None:
    refusing = [
        name
        for name in nobody.known()
        for _, line in lines_of(nobody, name)
        if line.get("Collection") == "SharingStatusList" and line["Item"]["Status"] == "Refused"
    ]
    assert refusing == ["Samuel Whitlow"]


def test_one_person_has_no_entries_and_one_is_linked_to_nobody(nobody: Population) -> None:
    assert collections_of(nobody, "Pearl Ashdown") == {}
    assert "NhsNumber" not in patients_of(nobody, "Victor Nash")[2]
    assert "EdAttendancesList" in collections_of(nobody, "Victor Nash")[2]


def test_the_file_of_known_people_says_why_each_is_there(nobody: Population) -> None:
    people = json.loads((nobody.out / "known-people.json").read_text(encoding="utf-8"))
    assert all(person["Why"] and person["Records"] for person in people)
