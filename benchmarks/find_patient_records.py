"""Made-up source records to find people in: names as unevenly spread as real ones, two records a person."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.name_keys import name_key, postcode_key
from carecord.patient_index.normalise import identity_of
from carecord.patient_index.scoring import load_model

SURNAMES = 90_000
"""Different ones; the commonest is borne by one person in ninety, as in England."""

FORENAMES = 2_000
PRACTICES = 120
TENANCIES = 6
_SYLLABLES = [
    "an",
    "be",
    "cor",
    "dal",
    "el",
    "far",
    "gin",
    "hol",
    "is",
    "jor",
    "kin",
    "lam",
    "mor",
    "nes",
    "or",
    "per",
    "quil",
    "ros",
    "sten",
    "tor",
    "ul",
    "ver",
    "win",
    "yar",
    "zel",
]
_FIRST_OF_SURNAMES = (
    "SSSSSSSSSBBBBBBBBCCCCCCCMMMMMMMHHHHHHHWWWWWWRRRRRDDDDDGGGGGLLLLLPPPPPTTTTKKKJJJFFFAAANNEEOOVVYYIIUQZ"
)
_FIRST_OF_FORENAMES = "JJJJMMMMAAAASSSCCCDDDEEKKLLRRTTPPGGHBFNVWIOZ"
"""First letters, as often as they are met."""

_COPY_RECORDS = """
COPY patient_index.patient_record
    (patient_detail_id, tenancy_id, source_key, person_id, nhs_number, date_of_birth, gender, surname_key,
    forename_key, postcode_key, gp_code, gp_practice_code, active, demographics, identity, blocking_keys)
FROM STDIN
"""
_FILE_KEYS = """
ALTER TABLE patient_index.blocking_key DROP CONSTRAINT blocking_key_pkey;
INSERT INTO patient_index.blocking_key (key, patient_detail_id)
    SELECT key, patient_detail_id FROM patient_index.patient_record, unnest(blocking_keys) AS keys (key);
ALTER TABLE patient_index.blocking_key ADD PRIMARY KEY (key, patient_detail_id);
"""
_COPY_NUMBERS = """
COPY patient_index.patient_number (tenancy_id, number, patient_detail_id, is_minor) FROM STDIN
"""


# The index of persons stays: a trigger on each new record asks for its fellows.
_INDEXES = """
SELECT i.indexname, i.indexdef FROM pg_indexes i
WHERE i.schemaname = 'patient_index' AND i.tablename = 'patient_record'
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)
  AND i.indexname <> 'patient_record_person'
"""


def fill(connection: psycopg.Connection[Any], records: int, *, seed: int = 1) -> None:
    """Make so many records, two to a person and of different sources, unless they are there."""
    if connection.execute("SELECT 1 FROM patient_index.patient_record LIMIT 1").fetchone():
        return
    rng = Random(seed)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO patient_index.tenancy (tenancy_id, description, system_kind)"
            " SELECT id, 'Made-up source ' || id, 'GP' FROM generate_series(1, %s) AS id",
            (TENANCIES,),
        )
        indexes = cursor.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            cursor.execute(sql.SQL("DROP INDEX patient_index.{}").format(sql.Identifier(name)))
        with cursor.copy(_COPY_RECORDS) as copy:
            for row in _rows(records, rng):
                copy.write_row(row)
        with cursor.copy(_COPY_NUMBERS) as copy:
            for record in range(1, records + 1):
                copy.write_row((_tenancy(record), _number(record), record, False))
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute(_FILE_KEYS)
    for table in ("patient_record", "patient_number", "blocking_key"):
        connection.execute(sql.SQL("VACUUM (FREEZE, ANALYZE) patient_index.{}").format(sql.Identifier(table)))


def _rows(records: int, rng: Random) -> Iterator[list[object]]:
    surnames = _names(SURNAMES, _FIRST_OF_SURNAMES, rng)
    forenames = _names(FORENAMES, _FIRST_OF_FORENAMES, rng)
    surname_weights = [1 / (rank + 8) for rank in range(SURNAMES)]
    forename_weights = [1 / (rank + 12) for rank in range(FORENAMES)]
    people = (records + 1) // 2
    rules = load_model().blocking
    of_people = zip(
        rng.choices(surnames, surname_weights, k=people),
        rng.choices(forenames, forename_weights, k=people),
        strict=True,
    )
    first_day = date(1930, 1, 1)
    for person, ((surname, forename), nhs_number) in enumerate(zip(of_people, _nhs_numbers(), strict=False)):
        born = (first_day + timedelta(days=rng.randrange(35_000))).isoformat()
        postcode = f"EV{rng.randrange(1, 60)} {rng.randrange(10)}{''.join(rng.choices('ABDEFGHJLN', k=2))}"
        practice = f"Y99{person % PRACTICES:03}"
        gender = "12"[person % 2]
        identity = identity_of(
            {
                "NhsNumber": nhs_number,
                "NhsNumberVerificationStatus": "01",
                "Forename": forename,
                "Surname": surname,
                "DateOfBirth": born,
                "Gender": gender,
                "PostCode": postcode,
                "AddressLine1": f"{person % 200} Orchard Close",
            }
        )
        compared = [msgspec.json.encode(identity).decode(), blocking_keys(identity, rules)]
        # Two records of a person come from different sources, and so lie far apart.
        for record in (person + 1, person + 1 + people):
            if record > records:
                continue
            number = _number(record)
            keys = (name_key(surname), name_key(forename), postcode_key(postcode))
            item = {
                "NhsNumber": nhs_number,
                "NhsNumberVerificationStatus": "01",
                "PatientNumber": number,
                "Title": "Mx",
                "Forename": forename,
                "Surname": surname,
                "DateOfBirth": born,
                "Gender": gender,
                "EthnicCategoryCode": "Z",
                "HomeTelephone": "01999 555014",
                "AddressLine1": f"{person % 200} Orchard Close",
                "AddressLine2": "Hartley",
                "AddressLine3": "Eastvale",
                "PostCode": postcode,
                "GPCode": "G9999101",
                "GPName": "Dr A Sen",
                "GPPracticeCode": practice,
                "GPPracticeName": "Millbrook Surgery",
                "SensitiveAddress": "No",
                "RecordStatus": "Active",
            }
            demographics = msgspec.json.encode(item).decode()
            columns: list[object] = [record, _tenancy(record), f"P-{record}", person + 1]
            columns += [nhs_number, born, gender, *keys, "G9999101", practice, True, demographics]
            yield columns + compared


def _names(count: int, first: str, rng: Random) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < count:
        end = "".join(rng.choices(_SYLLABLES, k=rng.choice((1, 2, 2, 2, 3))))
        names[rng.choice(first) + end] = None
    return list(names)


def _tenancy(record: int) -> int:
    return record % TENANCIES + 1


def _number(record: int) -> str:
    return f"N{record:07}"


def _nhs_numbers() -> Iterator[str]:
    """All of the 999 range whose check digit can be; there are some 909,000."""
    for serial in range(1_000_000):
        digits = f"999{serial:06}"
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
        if check != 10:
            yield digits + str(check % 11)
