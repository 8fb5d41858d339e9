"""Sets of records whose persons are known: read from Parquet or CSV, whatever their columns are called."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any

from carecord.kernel.errors import FieldError, Unprocessable
from carecord.patient_index.normalise import Identity, calendar_day, identity_of

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

PERSON, RECORD, SOURCE, FULL_NAME = "Person", "Record", "Source", "FullName"
"""Who a record is truly of; its own id; who keeps it; a whole name, of which the middle names are taken."""
IDENTITY = (
    "NhsNumber",
    "NhsNumberVerificationStatus",
    "Forename",
    "MiddleNames",
    "Surname",
    "PreviousSurname",
    "DateOfBirth",
    "Gender",
    "AddressLine1",
    "AddressLine2",
    "AddressLine3",
    "AddressLine4",
    "AddressLine5",
    "PostCode",
    "MobileTelephone",
    "HomeTelephone",
)
"""What a record is compared by, as Patient - Demographics names it."""
FIELDS = (PERSON, RECORD, SOURCE, FULL_NAME, *IDENTITY)
NEEDED = (PERSON, "Surname", "DateOfBirth")

NO_AGREEING_NUMBER = "no agreeing NHS number"
UNDER_ONE = "age under 1"
NO_FIXED_ABODE = "no fixed abode"

ROWS_AT_ONCE = 4096
MOST_UNREADABLE = 0.2
"""Of the dates of birth. With more, the column holds something else, or dates in a form that is not read."""
LATE_BIRTHS = 0.0002
"""The share of birth dates that may lie after the day that the set is of: they are mistakes."""
UNVERIFIED = "02"
"""NHS number status of sets that tell none: a number as sent, traced by nobody."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a kind of set hold. A field of several columns is their text, in that order."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    person_pattern: str | None = None
    """The part of the text of Person that names the person."""
    by: tuple[str, ...] = ()
    """Further columns that figures are split by, where they are there."""


LAYOUTS = (
    Layout(
        "uk",
        {
            PERSON: ("person_id",),
            RECORD: ("rec_id",),
            SOURCE: ("source",),
            "NhsNumber": ("nhs_number",),
            "Forename": ("forename",),
            "MiddleNames": ("middle_name",),
            "Surname": ("surname",),
            "DateOfBirth": ("dob",),
            "Gender": ("sex",),
            "AddressLine1": ("address_line",),
            "PostCode": ("postcode",),
            "MobileTelephone": ("mobile",),
        },
        by=("name_origin",),
    ),
    Layout(
        "febrl",
        {
            PERSON: ("rec_id",),
            RECORD: ("rec_id",),
            "Forename": ("given_name",),
            "Surname": ("surname",),
            "DateOfBirth": ("date_of_birth",),
            "AddressLine1": ("street_number", "address_1"),
            "AddressLine2": ("address_2",),
            "AddressLine3": ("suburb",),
            "AddressLine4": ("state",),
            "PostCode": ("postcode",),
        },
        person_pattern=r"^rec-(\d+)-",
    ),
    Layout(
        "historical",
        {
            PERSON: ("cluster",),
            RECORD: ("unique_id",),
            FULL_NAME: ("full_name",),
            "Forename": ("first_name",),
            "Surname": ("surname",),
            "DateOfBirth": ("dob",),
            "Gender": ("gender",),
            "AddressLine1": ("birth_place",),
            "PostCode": ("postcode_fake",),
        },
    ),
)
"""The sets that are known by their columns. The first is the project's own."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A record of a set, with the person it truly is of, and the strata that figures are split by."""

    identity: Identity
    person: str
    source: str
    strata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A set as it was read, and what was left out of it, in words."""

    records: list[Labelled]
    layout: Layout
    notes: list[str] = field(default_factory=list)


def read_set(
    files: Sequence[Path],
    *,
    layout: str | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    person_pattern: str | None = None,
    by: Sequence[str] = (),
    on_progress: Callable[[int], None] = lambda done: None,
) -> LabelledSet:
    """Read the files, in their order, as one set. Its layout is told by its columns, unless it is named.

    `columns` say where single fields are; `by` names columns that figures are to be split by. Raises
    Unprocessable where a file cannot be read, lacks a column, holds no record or one twice, or no dates.
    """
    reader = _Reader(tuple(by), on_progress)
    for file in files:
        names = column_names(file)
        chosen = _with(_chosen(layout, names, columns or {}), columns or {}, person_pattern)
        reader.read(file, chosen, names)
    return reader.labelled_set()


def column_names(file: Path) -> list[str]:
    """The columns of a file."""
    if _is_parquet(file):
        with _parquet(file) as table:
            return list(table.schema_arrow.names)
    with _csv(file) as lines:
        for names in lines:
            return [name.strip() for name in names]
    raise Unprocessable(f"{file.name} is empty.")


def _chosen(name: str | None, names: Sequence[str], told: Mapping[str, Sequence[str]]) -> Layout:
    """The layout of that name; else, of those that tell the person, the one that most of the columns fit."""
    if name is not None:
        for one in LAYOUTS:
            if one.name == name:
                return one
        raise Unprocessable(f"There is no layout {name}; there are {', '.join(one.name for one in LAYOUTS)}.")
    fitting = [one for one in LAYOUTS if PERSON in told or set(one.columns[PERSON]) <= set(names)]
    return max(
        fitting or LAYOUTS[:1], key=lambda one: sum(set(c) <= set(names) for c in one.columns.values())
    )


def _with(layout: Layout, told: Mapping[str, Sequence[str]], person_pattern: str | None) -> Layout:
    if unknown := [name for name in told if name not in FIELDS]:
        raise Unprocessable(
            "Columns are told for what no record has.",
            errors=[FieldError(name, f"is none of {', '.join(FIELDS)}") for name in unknown],
        )
    pattern = person_pattern if person_pattern or PERSON in told else layout.person_pattern
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            raise Unprocessable("The person pattern is no regular expression.") from error
    columns = dict(layout.columns) | {name: tuple(some) for name, some in told.items()}
    return replace(layout, columns=columns, person_pattern=pattern)


class _Reader:
    """The records read so far, over all files, and what is to be said of them."""

    def __init__(self, by: tuple[str, ...], on_progress: Callable[[int], None]) -> None:
        self._by = by
        self._on_progress = on_progress
        self._records: list[Labelled] = []
        self._ids: set[str] = set()
        self._odd_births = self._births = 0
        self._notes: list[str] = []
        self._layout = LAYOUTS[0]

    def read(self, file: Path, layout: Layout, names: Sequence[str]) -> None:
        self._layout = layout
        present = self._present(file, layout, names)
        by = self._split_by(file, layout, names)
        pattern = re.compile(layout.person_pattern) if layout.person_pattern else None
        wanted = sorted({column for some in (*present.values(), by) for column in some})
        before = len(self._records)
        for number, row in enumerate(_rows(file, wanted), 1):
            where = f"{file.name}, record {number}"
            self._check_once(_text(row, present.get(RECORD, ())), where)
            person = _person(_text(row, present[PERSON]), pattern, where)
            sent = {name: _text(row, present[name]) for name in IDENTITY if name in present}
            sent.setdefault("NhsNumberVerificationStatus", UNVERIFIED)
            sent["DateOfBirth"] = self._birth(sent["DateOfBirth"])
            if FULL_NAME in present:
                sent["MiddleNames"] = _between(
                    _text(row, present[FULL_NAME]), sent.get("Forename"), sent["Surname"]
                )
            identity = identity_of(sent)
            source = intern(_text(row, present.get(SOURCE, ())) or file.stem)
            strata = [f"source: {source}", f"sex: {identity.sex or 'not known'}"]
            strata += [f"{column.replace('_', ' ')}: {_text(row, (column,)) or 'not known'}" for column in by]
            if (sent.get("PostCode") or "").upper().replace(" ", "") == "ZZ993VZ":
                strata.append(NO_FIXED_ABODE)
            self._records.append(Labelled(identity, person, source, tuple(map(intern, strata))))
            if len(self._records) % ROWS_AT_ONCE == 0:
                self._on_progress(len(self._records))
        if len(self._records) == before:
            raise Unprocessable(f"{file.name} holds no records.")

    def labelled_set(self) -> LabelledSet:
        if self._births == 0:
            raise Unprocessable("No record has a date of birth.")
        if self._odd_births > MOST_UNREADABLE * self._births:
            raise Unprocessable(
                f"{self._odd_births:,} of {self._births:,} dates of birth cannot be read.",
                errors=[FieldError("DateOfBirth", "must be YYYY-MM-DD, YYYYMMDD or DD/MM/YYYY")],
            )
        if self._odd_births:
            self._notes.append(f"{self._odd_births:,} dates of birth are days that no calendar has.")
        return LabelledSet(with_infants(self._records), self._layout, self._notes)

    def _present(self, file: Path, layout: Layout, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The fields that the file has columns for."""
        missing = {
            name: [column for column in columns if column not in names]
            for name, columns in layout.columns.items()
        }
        told = [
            FieldError(name, f"has no column {' + '.join(absent)}")
            for name, absent in missing.items()
            if absent and name in NEEDED
        ]
        if told:
            raise Unprocessable(f"{file.name} lacks columns; it has {', '.join(names)}.", errors=told)
        left_out = sorted(name for name, absent in missing.items() if absent)
        if left_out:
            self._notes.append(f"{file.name} has no column for {', '.join(left_out)}.")
        return {name: layout.columns[name] for name, absent in missing.items() if not absent}

    def _split_by(self, file: Path, layout: Layout, names: Sequence[str]) -> tuple[str, ...]:
        if absent := [column for column in self._by if column not in names]:
            raise Unprocessable(
                f"{file.name} lacks columns; it has {', '.join(names)}.",
                errors=[FieldError(column, "is a column that is missing") for column in absent],
            )
        return tuple(dict.fromkeys((*self._by, *(column for column in layout.by if column in names))))

    def _check_once(self, record: str | None, where: str) -> None:
        if record is not None:
            if record in self._ids:
                raise Unprocessable(f"{where}: there is a record of this id before it.")
            self._ids.add(record)

    def _birth(self, text: str | None) -> str | None:
        if text is None:
            return None
        day = birth_day(text)
        self._births += 1
        self._odd_births += calendar_day(day) is None
        return day


def _person(text: str | None, pattern: re.Pattern[str] | None, where: str) -> str:
    if text and pattern is not None:
        found = pattern.search(text)
        text = found.group(found.lastindex or 0) if found else None
    if not text:
        raise Unprocessable(f"{where}: it does not say of which person it is.")
    return intern(text)


_YEAR_FIRST = re.compile(r"^(\d{4})([-/. ]?)(\d{1,2})\2(\d{1,2})(?:[T ]0?0:00.*)?$")
_DAY_FIRST = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})$")


def birth_day(text: str) -> str | None:
    """A day of birth as eight digits, year first; of a text in no form that we read, nothing.

    It may be a day that no calendar has: two records that make the same mistake still nearly agree.
    """
    if (parts := _YEAR_FIRST.match(text)) is not None:
        return f"{parts[1]}{parts[3]:0>2}{parts[4]:0>2}"
    if (parts := _DAY_FIRST.match(text)) is not None:
        return f"{parts[3]}{parts[2]:0>2}{parts[1]:0>2}"
    return None


def with_infants(records: Sequence[Labelled]) -> list[Labelled]:
    """Put those into the stratum of infants who are born in the year before the day that the set is of.

    That day is the latest birth, but for the few that are mistaken for the future.
    """
    births = sorted(day for one in records if (day := calendar_day(one.identity.birth)))
    if not births:
        return list(records)
    as_at = births[-1 - int(LATE_BIRTHS * len(births))]
    first, last = _days_from(as_at, -365), _days_from(as_at, 31)
    return [
        replace(one, strata=(*one.strata, UNDER_ONE))
        if (day := calendar_day(one.identity.birth)) and first < day <= last
        else one
        for one in records
    ]


def _days_from(day: date, days: int) -> date:
    with suppress(OverflowError):
        return day + timedelta(days=days)
    return day


_NOT_NAME = re.compile(r"[\s,]+")
_TITLES = frozenset(
    ["of", "the", "baron", "sir", "earl", "baronet", "lord", "lady", "viscount", "duke", "marquess", "bt"]
)


def _between(full_name: str | None, *known: str | None) -> str | None:
    """The names of a full name that are neither forename, surname nor title."""
    words = _NOT_NAME.split((full_name or "").lower())
    taken = {word for name in known for word in _NOT_NAME.split((name or "").lower())} | _TITLES
    return " ".join(word for word in words if word and word not in taken and not word[0].isdigit()) or None


def _text(row: Row, columns: Sequence[str]) -> str | None:
    if len(columns) == 1:
        return _words(row[columns[0]]) or None
    return " ".join(filter(None, (_words(row[column]) for column in columns))) or None


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value != value:
        return ""
    if isinstance(value, (datetime, date)):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        # A column of whole numbers, some of them missing.
        return str(int(value))
    return str(value).strip()


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(4) == b"PAR1" or file.suffix.lower() in (".parquet", ".pq")


def _parquet(file: Path) -> "ParquetFile":
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        return ParquetFile(file)
    except (ArrowException, OSError) as error:
        raise Unprocessable(f"{file.name} is no Parquet file, or a damaged one.") from error


@contextmanager
def _csv(file: Path) -> Iterator[Iterator[list[str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield csv.reader(lines, skipinitialspace=True)
    except UnicodeDecodeError as error:
        raise Unprocessable(f"{file.name} is neither Parquet nor UTF-8 text.") from error
    except csv.Error as error:
        raise Unprocessable(f"{file.name} cannot be read as CSV: {error}.") from error


def _rows(file: Path, columns: Sequence[str]) -> Iterator[Row]:
    if _is_parquet(file):
        with _parquet(file) as table:
            for batch in table.iter_batches(ROWS_AT_ONCE, columns=list(columns)):
                yield from batch.to_pylist()
        return
    with _csv(file) as lines:
        names = [name.strip() for name in next(lines)]
        for number, values in enumerate(lines, 2):
            if values and len(values) != len(names):
                raise Unprocessable(
                    f"{file.name}, line {number}: {len(values)} values for {len(names)} columns."
                )
            if values:
                yield dict(zip(names, values, strict=True))
