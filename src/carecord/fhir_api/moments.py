"""The stretch of time that a FHIR date, dateTime or instant says, in microseconds."""

import re
from datetime import date
from typing import NamedTuple

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

_EPOCH = date(1970, 1, 1).toordinal()
_TEXT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


class Moment(NamedTuple):
    """Microseconds since 1970 in UTC; a date alone is the day in UTC."""

    low: int
    high: int
    """Exclusive."""
    has_offset: bool
    to_the_second: bool


def moment(text: str) -> Moment | None:
    """What this text says; None where it is no date that exists. A time without an offset is taken as UTC."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        low = (date(int(year), int(month or 1), int(day or 1)).toordinal() - _EPOCH) * DAY
    except ValueError:
        return None
    if hour is None:
        return Moment(low, _end(low, int(year), month, day), False, False)
    low += int(hour) * HOUR + int(minute or 0) * 60 * SECOND + int(second or 0) * SECOND
    length = SECOND if second else 60 * SECOND if minute else HOUR
    if fraction:
        digits = fraction[:6]
        low += int(digits.ljust(6, "0"))
        length = int(10 ** (6 - len(digits)))
    if offset and offset != "Z":
        ahead = int(offset[1:3]) * HOUR + int(offset[4:]) * 60 * SECOND
        low += ahead if offset[0] == "-" else -ahead
    return Moment(low, low + length, offset is not None, second is not None)


def day_of(low: int, high: int) -> str | None:
    """The UTC day that the whole stretch lies in, as `2026-01-02`; None where there is none."""
    day = low // DAY
    if (high - 1) // DAY != day:
        return None
    try:
        return date.fromordinal(day + _EPOCH).isoformat()
    except (ValueError, OverflowError):
        return None


def _end(low: int, year: int, month: str | None, day: str | None) -> int:
    if day:
        return low + DAY
    if month is None or month == "12":
        return (date(year, 12, 31).toordinal() + 1 - _EPOCH) * DAY
    return (date(year, int(month) + 1, 1).toordinal() - _EPOCH) * DAY
