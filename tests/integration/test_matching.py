"""`match`, on which Find Patient and FHIR stand: its limits, its scores, and whom whereabouts never find."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import Connection

from carecord.db.connect import Database
from carecord.patient_index.demographics import SourceRecord, parse_patient
from carecord.patient_index.matching import Grade, Match, match
from carecord.patient_index.normalise import Identity, identity_of
from carecord.patient_index.scoring import load_model
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy

DORIS = {
    "Forename": "Doris",
    "Surname": "Heritage",
    "DateOfBirth": "1946-05-17",
    "Gender": "2",
    "AddressLine1": "14 Orchard Close",
    "PostCode": "EV1 2AB",
    "MobileTelephone": "07700 900461",
}
ELSEWHERE = {"AddressLine1": "1 Far Row", "PostCode": "EV9 9AA", "MobileTelephone": "07700 900733"}
NAMED = identity_of({"Forename": "Doris", "Surname": "Heritage", "DateOfBirth": "1946-05-17"})


def record(key: str, **changed: str) -> SourceRecord:
    item = {"PatientNumber": key} | DORIS | changed
    return parse_patient(msgspec.json.encode(item), source_key=key, today="2026-11-01")


def file(connection: Connection[Any], *records: SourceRecord) -> None:
    with connection.transaction():
        file_records(connection, 1, records)


def ask(database: Database, asked: Identity, **options: Any) -> list[Match]:
    async def run() -> list[Match]:
        async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
            return await match(connection, asked, **({"tenancies": None} | options))

    return asyncio.run(run())


@pytest.fixture
def source(connection: Connection[Any]) -> Connection[Any]:
    set_tenancy(connection, Tenancy(1, "Source 1", "GP"))
    return connection


def test_only_as_many_as_asked_for_are_given_and_the_best_of_them(
    database: Database, source: Connection[Any]
) -> None:
    file(source, record("A", Surname="Heritige"), record("B", Surname="Otherwise"))

    every = ask(database, NAMED)

    assert len(every) == 2
    assert ask(database, NAMED, limit=1) == every[:1]


def test_only_certain_matches_are_given_where_only_they_are_asked_for(
    database: Database, source: Connection[Any]
) -> None:
    file(source, record("A"), record("B", Surname="Otherwise", **ELSEWHERE))

    assert [one.grade for one in ask(database, NAMED)] == [Grade.CERTAIN, Grade.PROBABLE]
    assert [one.grade for one in ask(database, NAMED, only_certain=True)] == [Grade.CERTAIN]


@pytest.mark.parametrize(
    "whereabouts", [{"AddressLine1": "14 Orchard Close"}, {"MobileTelephone": "07700 900461"}]
)
def test_nobody_with_a_sensitive_address_is_found_by_where_they_live_or_are_reached(
    database: Database, source: Connection[Any], whereabouts: dict[str, str]
) -> None:
    asked = {"Forename": "Doris", "Surname": "Heritage", "DateOfBirth": "1946-05-17"}
    file(source, record("A", SensitiveAddress="Yes"))

    assert len(ask(database, identity_of(asked))) == 1
    assert ask(database, identity_of(asked | whereabouts)) == []


def test_a_sensitive_address_adds_nothing_to_a_score(database: Database, source: Connection[Any]) -> None:
    file(source, record("A", SensitiveAddress="Yes"))
    (here,) = ask(database, NAMED)
    moved = record("A", **(ELSEWHERE | {"SensitiveAddress": "Yes"}))
    file(source, moved)
    (there,) = ask(database, NAMED)

    assert here.score == there.score


def test_an_exact_name_is_found_though_all_its_keys_are_too_common(
    database: Database, source: Connection[Any]
) -> None:
    numbers = ("9990123454", "9991002006", "9990140006")
    alike = [
        record(number, Surname="Heritige", NhsNumber=number, NhsNumberVerificationStatus="01")
        for number in numbers
    ]
    file(source, *alike, record("B", **ELSEWHERE))
    model = replace(load_model(), hot=2)

    found = ask(database, NAMED, model=model)

    with_that_name = source.execute(
        "SELECT patient_detail_id FROM patient_index.patient_record WHERE source_key = 'B'"
    ).fetchone()
    assert with_that_name is not None
    assert [one.patient_detail_id for one in found] == [with_that_name[0]]


def test_a_score_is_the_probability_of_the_lower_of_the_two_weights(
    database: Database, source: Connection[Any]
) -> None:
    file(source, record("A", Surname="Heritige", Forename="Dorris"))

    (found,) = ask(database, NAMED)

    bars, scored = load_model().thresholds, found.verdict.score
    bits = min(scored.weight, scored.relative_weight + bars.join - bars.relative_join)
    assert found.score == pytest.approx(2**bits / (1 + 2**bits))
