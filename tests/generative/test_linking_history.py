"""Whatever comes in whatever order: the persons are those that the records and the stewards' words make."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carecord.kernel.errors import Conflict, NotFound
from carecord.patient_index import linking, links
from carecord.patient_index.demographics import parse_patient
from carecord.patient_index.reviewing import Signed, answer_pair
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy

NHS_NUMBERS = ("9990123454", "9991002006", None)
BIRTHS = ("1946-05-17", "1946-05-18", "1975-02-03")
FORENAMES = ("Doris", "Dorothy", "Baby", None)
SURNAMES = ("Testperson", "Testpersson")
POSTCODES = ("ZZ99 3VZ", "XX1 1AA", None)
KEYS = [(tenancy_id, f"P{number}") for tenancy_id in (1, 2) for number in (1, 2, 3)]

on_postgresql = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Sent:
    """A record as a feed sends it."""

    tenancy_id: int
    key: str
    nhs_number: str | None
    date_of_birth: str
    forename: str | None
    surname: str
    post_code: str | None


@dataclass(frozen=True)
class Word:
    """A steward's word on two records."""

    decision: str
    a: tuple[int, str]
    b: tuple[int, str]


def sent(key: tuple[int, str]) -> st.SearchStrategy[Sent]:
    return st.builds(
        Sent,
        st.just(key[0]),
        st.just(key[1]),
        st.sampled_from(NHS_NUMBERS),
        st.sampled_from(BIRTHS),
        st.sampled_from(FORENAMES),
        st.sampled_from(SURNAMES),
        st.sampled_from(POSTCODES),
    )


populations = st.tuples(*[sent(key) for key in KEYS]).map(list)
words = st.builds(
    Word,
    st.sampled_from(["link", "unlink", "same", "different", "seal", "withdraw"]),
    st.sampled_from(KEYS),
    st.sampled_from(KEYS),
).filter(lambda word: word.a != word.b)


def start_anew(connection: psycopg.Connection[Any]) -> None:
    connection.execute("TRUNCATE patient_index.tenancy, patient_index.blocking_key RESTART IDENTITY CASCADE")
    for tenancy_id in (1, 2):
        set_tenancy(connection, Tenancy(tenancy_id, f"Source {tenancy_id}", "GP"))


def file(connection: psycopg.Connection[Any], *batch: Sent) -> None:
    """File the records as one load each source, a transaction each."""
    for tenancy_id in (1, 2):
        records = {one.key: one for one in batch if one.tenancy_id == tenancy_id}
        with connection.transaction():
            file_records(connection, tenancy_id, [parsed(one) for one in records.values()])


def parsed(one: Sent) -> Any:
    item = {
        "PatientNumber": one.key,
        "Forename": one.forename,
        "Surname": one.surname,
        "PostCode": one.post_code,
        "NhsNumber": one.nhs_number,
        "DateOfBirth": one.date_of_birth,
    }
    return parse_patient(msgspec.json.encode(item), source_key=one.key, today="2026-11-01")


def say(connection: psycopg.Connection[Any], word: Word) -> None:
    ids = {
        (row[0], row[1]): row[2]
        for row in connection.execute(
            "SELECT tenancy_id, source_key, patient_detail_id FROM patient_index.patient_record"
        )
    }
    if word.a not in ids or word.b not in ids:
        return
    # What nothing holds together cannot be parted, what is barred not joined, what is deleted not decided on;
    # nothing is said twice.
    with suppress(Conflict, NotFound), connection.transaction():
        _say(connection, word.decision, ids[word.a], ids[word.b])


def _say(connection: psycopg.Connection[Any], decision: str, a: int, b: int) -> None:
    match decision:
        case "link":
            links.link(connection, a, b, decided_by="steward", reason=None)
        case "unlink":
            links.unlink(connection, [a], decided_by="steward", reason=None)
        case "same" | "different" as answer:
            answer_pair(connection, a, b, answer, Signed(decided_by="steward", reason="seen"))
        case "seal":
            lead = Signed(decided_by="lead", reason="adoption", may_see_sealed=True, sealed=True)
            answer_pair(connection, a, b, "different", lead)
        case "withdraw":
            for word in links.words_between(connection, [a], [b]):
                links.withdraw(
                    connection, word.decision_id, withdrawn_by="lead", reason="mistaken", may_see_sealed=True
                )


def persons(connection: psycopg.Connection[Any]) -> set[frozenset[str]]:
    rows = connection.execute(
        "SELECT array_agg(tenancy_id || ' ' || source_key) FROM patient_index.patient_record"
        " GROUP BY person_id"
    )
    return {frozenset(row[0]) for row in rows}


def pairs(connection: psycopg.Connection[Any]) -> set[tuple[frozenset[str], str]]:
    """The pairs that are linked or wait for a steward."""
    rows = connection.execute(
        "SELECT a.tenancy_id || ' ' || a.source_key, b.tenancy_id || ' ' || b.source_key, d.decision"
        " FROM patient_index.link_decision d"
        " JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a"
        " JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b"
        " WHERE d.superseded_at IS NULL"
    )
    return {(frozenset(row[:2]), row[2]) for row in rows}


def decisions(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute(
        "SELECT record_a, record_b, decision, rule FROM patient_index.link_decision"
        " WHERE superseded_at IS NULL ORDER BY record_a, record_b"
    ).fetchall()


@on_postgresql
@given(population=populations, order=st.permutations(range(len(KEYS))), size=st.integers(1, 6))
def test_persons_and_tasks_do_not_depend_on_the_order_of_arrival(
    connection: psycopg.Connection[Any], population: list[Sent], order: list[int], size: int
) -> None:
    start_anew(connection)
    file(connection, *population)
    at_once = persons(connection), pairs(connection)

    start_anew(connection)
    arriving = [population[place] for place in order]
    for start in range(0, len(arriving), size):
        file(connection, *arriving[start : start + size])

    assert (persons(connection), pairs(connection)) == at_once


@on_postgresql
@given(history=st.lists(st.one_of(words, *[sent(key) for key in KEYS]), min_size=4, max_size=25))
def test_deciding_all_anew_changes_nothing_after_any_history(
    connection: psycopg.Connection[Any], history: list[Sent | Word]
) -> None:
    start_anew(connection)
    for event in history:
        if isinstance(event, Sent):
            file(connection, event)
        else:
            say(connection, event)

    person, decided = persons(connection), decisions(connection)
    ids = [row[0] for row in connection.execute("SELECT patient_detail_id FROM patient_index.patient_record")]
    with connection.transaction():
        again = linking.relink(connection, ids)

    assert again == linking.Relinked()
    assert (persons(connection), decisions(connection)) == (person, decided)
    # And every word holds: those parted, openly or sealed, are two persons, those joined one.
    broken = connection.execute(
        "SELECT count(*) FROM patient_index.link_decision d"
        " JOIN patient_index.patient_record a ON a.patient_detail_id = d.record_a"
        " JOIN patient_index.patient_record b ON b.patient_detail_id = d.record_b"
        " WHERE d.superseded_at IS NULL AND (d.decision = 'not linked' AND a.person_id = b.person_id"
        " OR d.rule = 'steward' AND d.decision = 'linked' AND a.person_id <> b.person_id)"
    ).fetchone()
    assert broken == (0,)
