"""Find Patient among a million records: the whole call over HTTP, against the bare SQL for the same rows.

The server is `carecord serve` with everything on; one client calls it over one connection. Each call is
followed by its baseline, the shortest SQL for the same page and total over one connection of the same
machine, so that a busy moment slows both. Times are the client's, from sending to having the answer.

`python -m benchmarks.find_patient --records 1000000` runs it alone.
"""

import argparse
import contextlib
import http.client
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import psycopg
from rich.console import Console

from benchmarks.find_patient_records import fill
from benchmarks.processor_time import parent_of
from benchmarks.running_server import MadeDatabase, RunningServer, serve
from benchmarks.table import Row, make_table
from carecord.catalogue.demographics import FIND_PATIENT
from carecord.db.connect import database
from carecord.db.migrate import migrate
from carecord.kernel.settings import Settings
from carecord.patient_index.name_keys import KEY_END, name_key

RECORDS = 1_000_000
CALLS = 500
WARM_UP = 50
LONG = 6


@dataclass(frozen=True, slots=True)
class Known:
    """What a searcher knows of a person."""

    nhs_number: str
    surname: str
    forename: str
    date_of_birth: str


@dataclass(frozen=True, slots=True)
class Search:
    """A search: its body, and the conditions and values of the bare SQL that finds the same."""

    name: str
    body: Callable[[Known], dict[str, Any]]
    conditions: str
    values: Callable[[Known], tuple[str, ...]]
    calls: int = CALLS
    fuzzy: bool = False
    """Names are misspelt: the right person must be found, where the bare SQL is given the right names."""


def _start(text: str) -> tuple[str, str]:
    """Both ends of the keys that start so."""
    key = name_key(text)
    return key, key + KEY_END


def _misspelt(name: str) -> str:
    """Two letters in the middle have changed places."""
    place = len(name) // 2
    return name[: place - 1] + name[place] + name[place - 1] + name[place + 1 :]


_SURNAME = "surname_key >= %s AND surname_key < %s"
_FORENAME = "forename_key >= %s AND forename_key < %s"

SEARCHES = (
    Search(
        "NHS number",
        lambda who: {"NhsNumber": who.nhs_number},
        "nhs_number = %s",
        lambda who: (who.nhs_number,),
    ),
    Search(
        "surname, date of birth",
        lambda who: {"Surname": who.surname, "DateOfBirth": who.date_of_birth},
        f"{_SURNAME} AND date_of_birth = %s::date",
        lambda who: (*_start(who.surname), who.date_of_birth),
    ),
    Search(
        "surname, forename's first 3, date of birth",
        lambda who: {
            "Surname": who.surname,
            "Forename": who.forename[:3],
            "DateOfBirth": who.date_of_birth,
        },
        f"{_SURNAME} AND {_FORENAME} AND date_of_birth = %s::date",
        lambda who: (*_start(who.surname), *_start(who.forename[:3]), who.date_of_birth),
    ),
    Search(
        "surname's first 4, forename's first 3",
        lambda who: {"Surname": who.surname[:4], "Forename": who.forename[:3]},
        f"{_SURNAME} AND {_FORENAME}",
        lambda who: (*_start(who.surname[:4]), *_start(who.forename[:3])),
    ),
    Search(
        "fuzzy, surname misspelt",
        lambda who: {
            "Fuzzy": True,
            "Surname": _misspelt(who.surname),
            "Forename": who.forename,
            "DateOfBirth": who.date_of_birth,
        },
        f"{_SURNAME} AND {_FORENAME} AND date_of_birth = %s::date",
        lambda who: (*_start(who.surname), *_start(who.forename), who.date_of_birth),
        fuzzy=True,
    ),
    Search(
        "surname",
        lambda who: {"Surname": who.surname},
        _SURNAME,
        lambda who: _start(who.surname),
    ),
    Search(
        "surname's first letter, the worst there is",
        lambda who: {"Surname": who.surname[:1]},
        _SURNAME,
        lambda who: _start(who.surname[:1]),
        calls=50,
    ),
)

_BARE = """
SELECT patient_detail_id, tenancy_id, demographics::text,
    (SELECT count(*) FROM patient_index.patient_record WHERE {conditions} AND {shown})
FROM patient_index.patient_record WHERE {conditions} AND {shown}
ORDER BY surname_key, forename_key, date_of_birth, patient_detail_id LIMIT 25
"""
_SHOWN = "NOT sharing_refused AND 'demographics' <> ALL (refused_bundles)"

# Every so many records, so that common names come as often as they are borne.
_PEOPLE = """
SELECT nhs_number, demographics->>'Surname', demographics->>'Forename', date_of_birth::text
FROM patient_index.patient_record
WHERE patient_detail_id % greatest(1, (SELECT count(*) FROM patient_index.patient_record) / 2000) = 0
ORDER BY md5(patient_detail_id::text)
"""


def measure() -> list[Row]:
    """The rows of `python -m benchmarks`."""
    return run(RECORDS)


def run(records: int) -> list[Row]:
    """Make so many records, search them in each way, and give a row of p50 and one of p99 for each."""
    with (
        mock.patch.dict(os.environ, {"CARECORD_BROWSE_BY_SURNAME": "true"}),
        _filled(records) as made,
        serve(made, workers=1) as server,
        made.database.connect() as connection,
    ):
        connection.prepare_threshold = 1
        people = [Known(*row) for row in connection.execute(_PEOPLE.encode())]
        return [row for search in SEARCHES for row in _measure(search, people, server, connection, records)]


@contextlib.contextmanager
def _filled(records: int) -> Iterator[MadeDatabase]:
    with contextlib.ExitStack() as stack:
        kept = os.environ.get("CARECORD_BENCH_DATA")
        folder = Path(kept or stack.enter_context(tempfile.TemporaryDirectory(prefix="carecord-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(data=folder / f"find-patient-{records}")
        opened = stack.enter_context(database(settings))
        migrate(opened.url)
        with opened.connect() as connection:
            fill(connection, records)
            postgres_pid = parent_of(connection.info.backend_pid)
        yield MadeDatabase(settings, opened, postgres_pid)


def _measure(
    search: Search,
    people: list[Known],
    server: RunningServer,
    connection: psycopg.Connection[Any],
    records: int,
) -> list[Row]:
    call = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = server.headers | {"Content-Type": "application/json"}
    bare = _BARE.format(conditions=search.conditions, shown=_SHOWN).encode()
    if search.fuzzy:
        # A short name with two letters changed is another name.
        people = [who for who in people if len(who.surname) >= LONG]
    calls: list[float] = []
    baselines: list[float] = []
    for turn in range(WARM_UP + search.calls):
        who = people[turn % len(people)]
        body, values = msgspec.json.encode(search.body(who)), search.values(who) * 2
        started = time.perf_counter()
        call.request("POST", FIND_PATIENT.path, body, headers)
        answer = call.getresponse()
        text = answer.read()
        answered = time.perf_counter()
        rows = connection.execute(bare, values).fetchall()
        ended = time.perf_counter()
        _check(answer.status, text, rows, who if search.fuzzy else None)
        if turn >= WARM_UP:
            calls.append((answered - started) * 1000)
            baselines.append((ended - answered) * 1000)
    call.close()
    return [
        Row(
            name=f"Find Patient, {search.name}: {which}",
            figure=of(calls),
            unit="ms",
            baseline=of(baselines),
            ratio=of(baselines) / of(calls),
            note=f"{records:,} records, 1 connection, audit on disk; baseline: bare SQL",
        )
        for which, of in (("p50", statistics.median), ("p99", _p99))
    ]


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def _check(status: int, text: bytes, rows: list[tuple[Any, ...]], sought: Known | None) -> None:
    """What is measured must be the same page and total, or hold the one who is sought."""
    if status != 200:
        raise AssertionError(f"status {status}: {text.decode()}")
    body = msgspec.json.decode(text)
    if sought is not None:
        if sought.nhs_number not in {row["NhsNumber"] for row in body[FIND_PATIENT.collection]}:
            raise AssertionError("the one who is sought is not found")
        return
    total = rows[0][3] if rows else 0
    if (len(body[FIND_PATIENT.collection]), body["TotalItemCount"]) != (len(rows), total):
        raise AssertionError(f"{body['TotalItemCount']} found, not {total}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.find_patient")
    parser.add_argument("--records", type=int, default=RECORDS)
    rows = run(parser.parse_args(arguments).records)
    Console(width=None if sys.stdout.isatty() else 160).print(make_table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
