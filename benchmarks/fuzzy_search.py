"""How well a fuzzy search finds: records of known persons are held back and asked for by what they say.

`python -m benchmarks.fuzzy_search FILE` takes a parquet file with the columns of `carecord index evaluate`.
Of so many persons with several records one each is left out of the index; its own errors make the question.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import psycopg
import pyarrow.parquet
from rich.console import Console
from rich.table import Table

from carecord.db.connect import database
from carecord.db.migrate import migrate
from carecord.kernel.settings import Settings
from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.matching import Grade, Match, match
from carecord.patient_index.name_keys import name_key
from carecord.patient_index.normalise import Identity, calendar_day, identity_of
from carecord.patient_index.scoring import load_model

COLUMNS = {
    "NhsNumber": "nhs_number",
    "Forename": "forename",
    "MiddleNames": "middle_name",
    "Surname": "surname",
    "DateOfBirth": "dob",
    "Gender": "sex",
    "PostCode": "postcode",
    "AddressLine1": "address_line",
    "MobileTelephone": "mobile",
}
QUESTIONS = {
    "forename, surname, birth date": ("Forename", "Surname", "DateOfBirth"),
    "the same, gender and postcode": ("Forename", "Surname", "DateOfBirth", "Gender", "PostCode"),
    "surname, birth date, gender, postcode": ("Surname", "DateOfBirth", "Gender", "PostCode"),
    "forename, birth date, gender, postcode": ("Forename", "DateOfBirth", "Gender", "PostCode"),
    "NHS number, birth date": ("NhsNumber", "DateOfBirth"),
}
_COPY = """
COPY patient_index.patient_record
    (patient_detail_id, tenancy_id, source_key, person_id, nhs_number, date_of_birth, gender, surname_key,
    forename_key, postcode_key, active, demographics, identity, blocking_keys) FROM STDIN
"""
_FILE_KEYS = """
INSERT INTO patient_index.blocking_key (key, patient_detail_id)
SELECT key, patient_detail_id FROM patient_index.patient_record, unnest(blocking_keys) AS keys (key)
"""

Row = Mapping[str, Any]


@dataclass(slots=True)
class Answers:
    """What came of one way to ask."""

    found: int = 0
    first: int = 0
    grades: dict[Grade, int] = field(default_factory=lambda: dict.fromkeys(Grade, 0))
    wrong_certain: int = 0
    people: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def take(self, matches: Sequence[Match], person_id: int, elapsed_s: float) -> None:
        people = list(dict.fromkeys(one.person_id for one in matches))
        self.people.append(len(people))
        self.milliseconds.append(elapsed_s * 1000)
        self.found += person_id in people
        self.first += people[:1] == [person_id]
        self.wrong_certain += any(
            one.grade is Grade.CERTAIN and one.person_id != person_id for one in matches
        )
        for grade in {one.grade for one in matches if one.person_id == person_id}:
            self.grades[grade] += 1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.fuzzy_search")
    parser.add_argument("file", type=Path)
    parser.add_argument("--searches", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args(arguments)
    rows: list[Row] = pyarrow.parquet.read_table(asked.file).to_pylist()
    places: dict[Any, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        places[row["person_id"]].append(place)
    rng = Random(asked.seed)
    several = sorted(person for person, some in places.items() if len(some) > 1)
    held_back = {
        rng.choice(places[person]) for person in rng.sample(several, min(asked.searches, len(several)))
    }
    persons = {place: min(some) + 1 for some in places.values() for place in some}
    with tempfile.TemporaryDirectory() as folder, database(Settings(data=Path(folder))) as opened:
        migrate(opened.url)
        with opened.connect() as connection:
            _fill(connection, rows, persons, held_back)
        questions = [(rows[place], persons[place]) for place in sorted(held_back)]
        answers = asyncio.run(_ask(opened.url, questions))
    Console(width=None if sys.stdout.isatty() else 160).print(_table(answers, len(rows) - len(held_back)))
    return 0


def _identity(row: Row, fields: Sequence[str]) -> Identity:
    return identity_of({name: row[COLUMNS[name]] for name in fields})


def _fill(
    connection: psycopg.Connection[Any], rows: Sequence[Row], persons: Mapping[int, int], left_out: set[int]
) -> None:
    """The records as they are stored, each with its true person."""
    rules = load_model().blocking
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO patient_index.tenancy (tenancy_id, description, system_kind) VALUES (1, 'Set', 'GP')"
        )
        with cursor.copy(_COPY) as copy:
            for place, row in enumerate(rows):
                if place in left_out:
                    continue
                who = _identity(row, tuple(COLUMNS))
                keys = (name_key(who.surname or ""), name_key(who.forename or ""), who.postcode)
                stored = (True, "{}", msgspec.json.encode(who).decode(), blocking_keys(who, rules))
                born = (who.nhs_number, calendar_day(who.birth), who.sex)
                copy.write_row((place + 1, 1, str(place), persons[place], *born, *keys, *stored))
        cursor.execute(_FILE_KEYS)
    connection.execute("VACUUM (ANALYZE) patient_index.patient_record")
    connection.execute("VACUUM (ANALYZE) patient_index.blocking_key")


async def _ask(url: str, questions: Sequence[tuple[Row, int]]) -> dict[str, Answers]:
    answers = {name: Answers() for name in QUESTIONS}
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        for name, fields in QUESTIONS.items():
            for row, person_id in questions:
                if not all(row[COLUMNS[one]] for one in fields):
                    continue
                started = time.perf_counter()
                matches = await match(connection, _identity(row, fields), tenancies=None)
                answers[name].take(matches, person_id, time.perf_counter() - started)
    return answers


def _table(answers: Mapping[str, Answers], records: int) -> Table:
    table = Table(title=f"Fuzzy searches among {records:,} records")
    columns = (
        "asked by",
        "searches",
        "found",
        "first",
        *Grade,
        "another is certain",
        "people",
        "p50 ms",
        "p99 ms",
    )
    for column in columns:
        table.add_column(str(column), justify="left" if column == "asked by" else "right")
    for name, one in answers.items():
        count, times = len(one.people), sorted(one.milliseconds)
        table.add_row(
            name,
            str(count),
            f"{one.found / count:.4f}",
            f"{one.first / count:.4f}",
            *(str(one.grades[grade]) for grade in Grade),
            str(one.wrong_certain),
            f"{statistics.mean(one.people):.2f}",
            f"{statistics.median(times):.2f}",
            f"{times[int(count * 0.99)]:.2f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
