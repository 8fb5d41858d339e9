"""A linkage set, records of known truth in one table, written as the feeds that its systems would have sent.

Every record is kept with its mistakes. What the catalogue cannot hold is mapped like this:
an NHS number that is not ten digits with a true check digit is left out, status 03 (trace required), and one
that is missing has status 07; a date of birth that is no day, or is yet to come, is left out; a missing
surname is UNKNOWN, for the catalogue demands one; sex M, F and anything else are 1, 2 and X.
"""

import csv
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from stdnum.gb import nhs

from carecord.kernel.errors import FieldError, Unprocessable
from carecord.population.dates import AS_AT, clock
from carecord.population.feeds import Demographics, Feeds, Record, Written
from carecord.population.history import Item
from carecord.population.numbers import scattered
from carecord.population.organisations import SourceSystem
from carecord.population.records import without_nulls

KINDS = {
    "GP": "GP",
    "ACUTE": "Acute",
    "AE": "Emergency department",
    "MH": "Mental health",
    "COMM": "Community",
    "SOCIAL": "Adult social care",
}
FIRST_TENANCY = 101
NEEDED = ("rec_id", "person_id", "source")
COLUMNS = (
    *NEEDED,
    "nhs_number",
    "forename",
    "middle_name",
    "surname",
    "dob",
    "sex",
    "postcode",
    "address_line",
    "mobile",
)
UNKNOWN_SURNAME = "UNKNOWN"
ROWS_AT_ONCE = 4096

Row = dict[str, Any]


def write_from(
    linkage_file: Path, out: Path, *, seed: int, on_progress: Callable[[int], None] | None = None
) -> Written:
    """Write a feed for each source of a linkage set (Parquet or CSV), and the truth from its `person_id`.

    The seed decides the local numbers, which such a set has none of. Raises Unprocessable where columns are
    missing.
    """
    rows = _parquet_rows if linkage_file.suffix.lower() in (".parquet", ".pq") else _csv_rows
    sources = sorted({str(row["source"]) for row in rows(linkage_file, ("source",))})
    systems = {source: _system(source, place) for place, source in enumerate(sources)}
    people: set[Any] = set()
    with Feeds(out, systems.values()) as feeds:
        for done, row in enumerate(rows(linkage_file, COLUMNS), 1):
            feeds.write(_record(row, systems[str(row["source"])], seed))
            people.add(row["person_id"])
            if on_progress and done % ROWS_AT_ONCE == 0:
                on_progress(done)
        feeds.written.people = len(people)
    if on_progress:
        on_progress(feeds.written.records)
    return feeds.written


def _system(source: str, place: int) -> SourceSystem:
    return SourceSystem(
        tenancy_id=FIRST_TENANCY + place,
        description=f"{source} (linkage set)",
        kind=KINDS.get(source, source),
        organisation_code=f"X{place + 1:04}",
        slug="".join(letter if letter.isalnum() else "-" for letter in source.lower()),
        prefix=source[:1],
    )


def _record(row: Row, system: SourceSystem, seed: int) -> Record:
    key = str(row["rec_id"])
    number = scattered(int(key), by=seed + system.tenancy_id) if key.isdigit() else key
    number_text = f"{number:07}" if isinstance(number, int) else number
    patient = _patient(row) | {"PatientNumber": f"{system.prefix}{number_text}"}
    return Record(
        system=system,
        source_patient_id=key,
        person=str(row["person_id"]),
        sent=(without_nulls(Demographics(patient, clock(AS_AT, 0))),),
    )


def _patient(row: Row) -> Item:
    number, status = nhs_number(row.get("nhs_number"))
    return {
        "NhsNumber": number,
        "NhsNumberVerificationStatus": status,
        "Forename": row.get("forename"),
        "MiddleNames": row.get("middle_name"),
        "Surname": row.get("surname") or UNKNOWN_SURNAME,
        "DateOfBirth": birth_date(row.get("dob")),
        "Gender": {"M": "1", "F": "2"}.get(row.get("sex") or "", "X"),
        "AddressLine1": row.get("address_line"),
        "PostCode": row.get("postcode"),
        "MobileTelephone": row.get("mobile"),
    }


def nhs_number(text: str | None) -> tuple[str | None, str]:
    """The number as the catalogue takes it, with its status; nothing is said of tracing, so 02."""
    if not text:
        return None, "07"
    number = nhs.compact(text)
    return (number, "02") if nhs.is_valid(number) else (None, "03")


def birth_date(text: str | None) -> str | None:
    """A day that the calendar has, and has had."""
    with suppress(ValueError):
        born = date.fromisoformat(text or "")
        return born.isoformat() if born <= AS_AT else None
    return None


def _csv_rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as table:
        reader = csv.DictReader(table, skipinitialspace=True)
        _check_columns(reader.fieldnames or ())
        for row in reader:
            yield {name: row.get(name) or None for name in columns}


def _parquet_rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as table:
        names = table.schema_arrow.names
        _check_columns(names)
        present = [name for name in columns if name in names]
        for batch in table.iter_batches(ROWS_AT_ONCE, columns=present):
            yield from batch.to_pylist()


def _check_columns(names: Any) -> None:
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise Unprocessable(
            "This is no linkage set.",
            errors=[FieldError(name, "is a column that is missing") for name in missing],
        )
