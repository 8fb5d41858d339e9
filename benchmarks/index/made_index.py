"""An index of millions of made-up records, built in bulk, and some records kept back to arrive later.

To file ten million one by one takes hours. Here the records are copied with the identities and blocking keys
that filing would give them; of each person's records the groups, links and tasks are those that the index's
own `settle` makes of them, written as decisions in force. What the index would have made of records of
different people (tasks for twins, say) is not there. Records lie source by source within a hundred thousand
people, so that those of one person are apart, as loads leave them.
"""

import multiprocessing
import pickle
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from benchmarks.index.made_people import KEPT, SOURCES, MadePerson, MadeRecord, people, records
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.deciding import settle
from carecord.patient_index.linking import DECIDED_BY, RULE
from carecord.patient_index.name_keys import name_key, postcode_key
from carecord.patient_index.normalise import Identity, identity_of
from carecord.patient_index.scoring import Model, load_model

PEOPLE_AT_ONCE = 100_000
PROCESSES = 2
PEOPLE_TO_A_HOME = 2.33
RECORDS_TO_A_PERSON = sum(KEPT.values()) * 1.005
IDS_TO_A_PERSON = 16
"""Patient detail IDs kept for one person's records: more than there can be."""

TABLES = ("patient_record", "blocking_key", "patient_number", "link_decision")

_COPY_RECORDS = """
COPY patient_index.patient_record
    (patient_detail_id, person_id, tenancy_id, source_key, nhs_number, date_of_birth, gender, surname_key,
    forename_key, postcode_key, active, demographics, identity, blocking_keys) FROM STDIN
"""
_COPY_DECISIONS = """
COPY patient_index.link_decision
    (record_a, record_b, decision, rule, decided_by, model, weight, relative_weight, levels) FROM STDIN
"""
_FILL_KEYS = """
INSERT INTO patient_index.blocking_key (key, patient_detail_id)
SELECT key, patient_detail_id FROM patient_index.patient_record, unnest(blocking_keys) AS key
WHERE patient_detail_id >= %s AND patient_detail_id < %s
"""
_FILL_NUMBERS = """
INSERT INTO patient_index.patient_number (tenancy_id, number, patient_detail_id, is_minor)
SELECT tenancy_id, source_key, patient_detail_id, false FROM patient_index.patient_record
WHERE patient_detail_id >= %s AND patient_detail_id < %s
"""
_CONSTRAINTS = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), c.contype
FROM pg_constraint c
WHERE c.connamespace = 'patient_index'::regnamespace AND c.contype IN ('f', 'p', 'u')
  AND ((c.conrelid::regclass::text = ANY (%(tables)s) AND c.conname <> 'patient_record_pkey')
       OR (c.contype = 'f' AND c.confrelid::regclass::text = ANY (%(tables)s)))
"""
_INDEXES = """
SELECT i.schemaname || '.' || i.tablename, i.indexname, i.indexdef FROM pg_indexes i
WHERE i.schemaname || '.' || i.tablename = ANY (%(tables)s)
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)
"""
_AFTER_THE_LAST = """
SELECT setval(pg_get_serial_sequence('patient_index.patient_record', 'patient_detail_id'),
    (SELECT max(patient_detail_id) FROM patient_index.patient_record))
"""


@dataclass(frozen=True, slots=True)
class Built:
    """What was built: records in the index, and those that are kept back, in no order."""

    records: int
    kept_back: list[MadeRecord]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Share:
    """The part of the work that one call does."""

    url: str
    first: int
    people: int
    homes: int
    seed: int
    keep_back: float


def build(url: str, count: int, *, keep_back: int, folder: Path, seed: int = 1) -> Built:
    """Fill an empty index with about so many records; one built before in the folder is taken as it is."""
    kept_file = folder / "kept-back.pickle"
    if kept_file.exists():
        stored: Built = pickle.loads(kept_file.read_bytes())
        return stored
    started = time.monotonic()
    made = round((count + keep_back) / RECORDS_TO_A_PERSON)
    homes = round(made / PEOPLE_TO_A_HOME) + 1
    shares = [
        _Share(url, first, min(PEOPLE_AT_ONCE, made - first), homes, seed, keep_back / (count + keep_back))
        for first in range(0, made, PEOPLE_AT_ONCE)
    ]
    with psycopg.connect(url, autocommit=True) as connection:
        _name_sources(connection)
        restore = _strip(connection)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
            kept_back = [record for some in pool.map(_fill_share, shares) for record in some]
        _restore(url, restore)
        connection.execute(_AFTER_THE_LAST)
        row = connection.execute("SELECT count(*) FROM patient_index.patient_record").fetchone()
    built = Built(row[0] if row else 0, kept_back, time.monotonic() - started)
    kept_file.write_bytes(pickle.dumps(built))
    return built


def _name_sources(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO patient_index.tenancy (tenancy_id, description, system_kind) VALUES (%s, %s, %s)",
            [(tenancy_id, f"Made-up {kind}", kind) for tenancy_id, kind in SOURCES.items()],
        )


@dataclass(frozen=True, slots=True)
class _Restore:
    """Statements that make again what was dropped: by table what is made side by side, then foreign keys."""

    by_table: dict[str, list[str]]
    foreign_keys: list[str]


def _strip(connection: psycopg.Connection[Any]) -> _Restore:
    """Drop indexes and foreign keys, but for the key that numbers are filled by."""
    tables = {"tables": [f"patient_index.{name}" for name in TABLES]}
    found = _Restore({name: [] for name in tables["tables"]}, [])
    constraints = connection.execute(_CONSTRAINTS, tables).fetchall()
    for table, name, definition, kind in sorted(constraints, key=lambda row: row[3] != "f"):
        connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
        add = f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'
        if kind == "f":
            # What is there was made to fit; what comes is checked.
            found.foreign_keys.append(f"{add} NOT VALID")
        else:
            found.by_table[table].append(add)
    for table, name, definition in connection.execute(_INDEXES, tables).fetchall():
        connection.execute(sql.SQL("DROP INDEX patient_index.{}").format(sql.Identifier(name)))
        found.by_table[table].append(definition)
    return found


def _restore(url: str, restore: _Restore) -> None:
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        statements = sorted(restore.by_table.items(), key=lambda item: "blocking_key" not in item[0])
        list(pool.map(_restore_table, [url] * len(statements), *zip(*statements, strict=True)))
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in restore.foreign_keys:
            connection.execute(statement.encode())


def _restore_table(url: str, table: str, statements: Sequence[str]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '2GB'")
        for statement in statements:
            connection.execute(statement.encode())
        # Without the marks that vacuuming sets, a look into an index is a look into the table too.
        connection.execute(f"VACUUM (ANALYZE) {table}".encode())


def _fill_share(share: _Share) -> list[MadeRecord]:
    """Make and copy the records of some people; gives back those that are kept back."""
    model = load_model()
    rng = Random(f"{share.seed} records {share.first}")
    lines: dict[int, list[str]] = {tenancy_id: [] for tenancy_id in SOURCES}
    decisions: list[str] = []
    kept_back: list[MadeRecord] = []
    for person in people(share.first, share.people, homes=share.homes, seed=share.seed):
        filed: list[MadeRecord] = []
        for record in records(person, rng):
            (kept_back if rng.random() < share.keep_back else filed).append(record)
        for tenancy_id, line in _of_person(person, filed, model, decisions):
            lines[tenancy_id].append(line)
    first, last = _first_id(share.first), _first_id(share.first + share.people)
    with psycopg.connect(share.url, autocommit=True) as connection, connection.transaction():
        for statement, some in (
            (_COPY_RECORDS, (line for of_source in lines.values() for line in of_source)),
            (_COPY_DECISIONS, iter(decisions)),
        ):
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for line in some:
                    copy.write(line)
        connection.execute(_FILL_KEYS, (first, last))
        connection.execute(_FILL_NUMBERS, (first, last))
    return kept_back


def _first_id(person: int) -> int:
    return person * IDS_TO_A_PERSON + 1


def _of_person(
    person: MadePerson, filed: Sequence[MadeRecord], model: Model, decisions: list[str]
) -> Iterator[tuple[int, str]]:
    """The source and the row of each of a person's records; adds what is decided on them."""
    known: dict[bytes, tuple[Identity, list[int]]] = {}
    identities: dict[int, Identity] = {}
    keys: dict[int, list[int]] = {}
    by_id = {_first_id(person.number) + place: record for place, record in enumerate(filed)}
    for one, record in by_id.items():
        said = msgspec.json.encode(record.sent | {"PatientNumber": ""})
        if said not in known:
            identity = identity_of(record.sent)
            known[said] = identity, blocking_keys(identity, model.blocking)
        identities[one], keys[one] = known[said]
    persons = dict.fromkeys(by_id, _first_id(person.number))
    if len(by_id) > 1:
        persons = _decide(model, identities, by_id, decisions)
    for one, record in by_id.items():
        yield record.tenancy_id, _line(one, persons[one], record, identities[one], keys[one])


def _decide(
    model: Model, identities: dict[int, Identity], by_id: dict[int, MadeRecord], decisions: list[str]
) -> dict[int, int]:
    names = {one: (record.tenancy_id, record.source_key) for one, record in by_id.items()}
    settled = settle(model, identities, names=names)
    verdicts = {p: ("linked", verdict) for p, verdict in settled.links.items()}
    verdicts |= {p: ("possible", task.verdict) for p, task in settled.tasks.items()}
    for (a, b), (decision, verdict) in verdicts.items():
        weights = f"{verdict.score.weight:.3f}\t{verdict.score.relative_weight:.3f}"
        levels = ",".join(map(str, verdict.score.levels))
        made_by = f"{RULE}\t{DECIDED_BY}\t{model.name} {model.version}"
        decisions.append(f"{a}\t{b}\t{decision}\t{made_by}\t{weights}\t{{{levels}}}\n")
    lowest: dict[int, int] = {}
    for one, group in settled.group.items():
        lowest[group] = min(one, lowest.get(group, one))
    return {one: lowest[group] for one, group in settled.group.items()}


def _line(one: int, person_id: int, record: MadeRecord, identity: Identity, keys: Sequence[int]) -> str:
    sent = record.sent
    values = (
        str(one),
        str(person_id),
        str(record.tenancy_id),
        record.source_key,
        sent.get("NhsNumber", r"\N"),
        sent["DateOfBirth"],
        sent["Gender"],
        name_key(sent["Surname"]),
        name_key(sent["Forename"]),
        postcode_key(sent["PostCode"]),
        "t",
        msgspec.json.encode(sent).decode(),
        msgspec.json.encode(identity).decode(),
        "{" + ",".join(map(str, keys)) + "}",
    )
    return "\t".join(values) + "\n"
