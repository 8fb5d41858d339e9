"""Made-up records for tests of the patient index, filed as a source's feed would."""

from collections.abc import Iterable, Mapping
from random import Random

from psycopg import Connection

from carecord.patient_index.demographics import SourceRecord
from carecord.patient_index.name_keys import name_key
from carecord.patient_index.normalise import calendar_day, identity_of
from carecord.patient_index.scoring import Model
from carecord.patient_index.source_records import Tenancy, file_records, set_tenancy

Sent = dict[str, str | None]

GRACE: Mapping[str, str] = {
    "NhsNumber": "9990123454",
    "Forename": "Grace",
    "MiddleNames": "Amelia",
    "Surname": "Testperson",
    "DateOfBirth": "1946-05-17",
    "Gender": "2",
    "PostCode": "XX1 1AA",
    "AddressLine1": "1 High Street",
    "MobileTelephone": "07700 900123",
}

_GIVEN = (
    "Margaret",
    "Peggy",
    "William",
    "Bill",
    "Zoltan",
    "Amina",
    "Christopher",
    "Ursula",
    "Terence",
    "Ivy",
)
_SYLLABLES = ("an", "bor", "cal", "dem", "fos", "gil", "har", "lin", "mor", "per", "ros", "ton", "wic", "yel")
_LINES = ("High Street", "Mill Lane", "Station Road", "Church Walk")


def source_record(source_key: str, sent: Mapping[str, str | None]) -> SourceRecord:
    identity = identity_of(sent)
    born = calendar_day(identity.birth)
    return SourceRecord(
        source_key=source_key,
        number=source_key,
        minor_numbers=(),
        nhs_number=identity.nhs_number,
        date_of_birth=born.isoformat() if born else None,
        gender=identity.sex,
        surname_key=name_key(identity.surname or ""),
        forename_key=name_key(identity.forename or ""),
        postcode_key=identity.postcode,
        gp_code=None,
        gp_practice_code=None,
        active=True,
        demographics=b'{"PatientNumber":"%s"}' % source_key.encode(),
        source_updated_at=None,
        identity=identity,
    )


def file_all(
    connection: Connection, sents: Iterable[Mapping[str, str | None]], *, model: Model | None = None
) -> list[int]:
    """File the records as one source's. Gives back their patient detail IDs, in their order."""
    set_tenancy(connection, Tenancy(1, "Made-up source", "GP"))
    records = [source_record(f"{place:06}", sent) for place, sent in enumerate(sents)]
    with connection.transaction():
        file_records(connection, 1, records, model=model)
    rows = connection.execute("SELECT source_key, patient_detail_id FROM patient_index.patient_record")
    ids = dict(rows.fetchall())
    return [ids[record.source_key] for record in records]


def made_up(households: int, *, seed: int) -> list[Sent]:
    """Records of people in homes, each known to some sources: with slips, moves, twins, shared telephones."""
    rng = Random(seed)
    return [
        record
        for home in range(households)
        for person in _household(rng, home)
        for record in _records(rng, person)
    ]


def _household(rng: Random, home: int) -> list[Sent]:
    surname = "".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3))).title()
    phone, born = f"07700 9{rng.randrange(100_000):05}", f"{rng.randint(1930, 2020)}"
    day = f"{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return [
        {
            "NhsNumber": nhs_number(rng) if rng.random() < 0.8 else None,
            "NhsNumberVerificationStatus": rng.choice(("01", "02")),
            "Forename": "Baby" if rng.random() < 0.03 else rng.choice(_GIVEN),
            "MiddleNames": rng.choice((None, *_GIVEN)),
            "Surname": surname,
            # Those of one home born in one year are twins.
            "DateOfBirth": f"{born}-{day}"
            if rng.random() < 0.3
            else f"{int(born) - rng.randint(1, 20)}-{day}",
            "Gender": rng.choice(("1", "2")),
            "PostCode": f"XX{home % 90} {rng.choice(_POSTCODE_ENDS)}",
            "AddressLine1": f"{home} {rng.choice(_LINES)}",
            "MobileTelephone": phone,
        }
        for _ in range(rng.randint(1, 4))
    ]


_POSTCODE_ENDS = ("1AA", "1AB", "2ZZ", "3QX")


def _records(rng: Random, person: Sent) -> list[Sent]:
    return [_with_slips(rng, person) for _ in range(rng.choice((1, 2, 2, 3, 4)))]


def _with_slips(rng: Random, person: Sent) -> Sent:
    record = dict(person)
    for field, value in person.items():
        if value is None or field == "NhsNumberVerificationStatus":
            continue
        chance = rng.random()
        if chance < 0.08:
            record[field] = None
        elif chance < 0.14 and field in ("Forename", "Surname", "MiddleNames", "AddressLine1", "DateOfBirth"):
            place = rng.randrange(len(value) - 1)
            record[field] = value[:place] + value[place + 1] + value[place] + value[place + 2 :]
    if rng.random() < 0.1:
        record |= {"PostCode": f"YY{rng.randrange(90)} 9ZZ", "AddressLine1": f"{rng.randrange(99)} New Road"}
    return record


def nhs_number(rng: Random) -> str:
    """A valid number of the range that is nobody's."""
    while True:
        digits = f"999{rng.randrange(1_000_000):06}"
        check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
        if check != 10:
            return digits + str(check % 11)
