"""Values as search writes them: escapes, prefixes, partial dates, numbers with their implied precision."""

import re
from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Context, Decimal

from carecord.fhir_api.searching.model import Prefix

LONGEST_VALUE = 4096
LARGEST_EXPONENT = 100

_PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL)
_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<zone>Z|[+ -]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d{1,60}(?:\.\d{1,60})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DIGITS = Context(prec=600)
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000


class BadValue(ValueError):
    """A value that breaks the rule of its kind; the text is the rule, without the value."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` to `high`, in microseconds since 1970 UTC, `high` not in it."""

    low: int
    high: int

    @property
    def day(self) -> date | None:
        """The one UTC day that it lies in, if it does."""
        first = self.low // _DAY_US
        if (self.high - 1) // _DAY_US != first or not 1 <= first + _EPOCH <= date.max.toordinal():
            return None
        return date.fromordinal(first + _EPOCH)

    def widened(self, now: datetime) -> "Span":
        """A tenth of the gap between now and it wider at either end: what `ap` means of dates."""
        at = int(now.timestamp() * 1_000_000)
        gap = max(self.low - at, at - self.high, 0) // 10
        return Span(self.low - gap, self.high + gap)


def split(text: str, separator: str) -> list[str]:
    """The parts between separators that no backslash stands before; escapes stay."""
    if "\\" not in text:
        return text.split(separator)
    parts, start, place = [], 0, 0
    while place < len(text):
        if text[place] == "\\":
            place += 1
        elif text[place] == separator:
            parts.append(text[start:place])
            start = place + 1
        place += 1
    return [*parts, text[start:]]


def unescape(text: str) -> str:
    r"""The text without the backslashes of `\,`, `\$`, `\|` and `\\`."""
    return re.sub(r"\\([,$|\\])", r"\1", text) if "\\" in text else text


def prefixed(text: str) -> tuple[Prefix, str]:
    """The prefix and what follows it; `eq` where there is none."""
    found = _PREFIXED.fullmatch(text)
    assert found is not None
    return Prefix(found[1] or "eq"), found[2]


def span_of(text: str) -> Span:
    """The range of a date or instant, as wide as it is partial. Without an offset it is UTC."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise BadValue("a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss][Z]")
    year = int(found["year"])
    month, day = int(found["month"] or 1), int(found["day"] or 1)
    try:
        start = (date(year, month, day).toordinal() - _EPOCH) * _DAY_US
    except ValueError:
        raise BadValue("there is no such date") from None
    if found["month"] is None:
        return Span(start, start + (366 if isleap(year) else 365) * _DAY_US)
    if found["day"] is None:
        return Span(start, start + monthrange(year, month)[1] * _DAY_US)
    if found["hour"] is None:
        return Span(start, start + _DAY_US)
    return _instant(found, start)


def _instant(found: re.Match[str], start: int) -> Span:
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise BadValue("there is no such time")
    fraction = found["fraction"] or ""
    at = start + (hour * 3600 + minute * 60 + second) * 1_000_000 + int(f"{fraction:0<6}"[:6])
    at -= int(_offset(found["zone"]) / timedelta(microseconds=1))
    if found["second"] is None:
        return Span(at, at + 60_000_000)
    return Span(at, at + max(1, 10 ** (6 - len(fraction))) if len(fraction) < 6 else at + 1)


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise BadValue("there is no such time zone")
    # A plus that was not escaped in the address arrives as a blank.
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


@dataclass(frozen=True, slots=True)
class Measure:
    """A number, and the range that its digits leave open: `100` is from 99.5 to 100.5, `100.0` from 99.95."""

    exact: Decimal
    low: Decimal
    high: Decimal

    def widened(self) -> "Measure":
        """A tenth of it wider at either end: what `ap` means of numbers."""
        tenth = _DIGITS.scaleb(_DIGITS.abs(self.exact), -1)
        return _around(self.exact, tenth)


def measure_of(text: str) -> Measure:
    if _NUMBER.fullmatch(text) is None:
        raise BadValue("a number is digits, with a point and an exponent if need be")
    exact = Decimal(text)
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exact.adjusted()) > LARGEST_EXPONENT or abs(exponent) > 160:
        raise BadValue("the number has too many places")
    return _around(exact, Decimal(5).scaleb(exponent - 1))


def _around(exact: Decimal, reach: Decimal) -> Measure:
    return Measure(exact, _DIGITS.subtract(exact, reach), _DIGITS.add(exact, reach))
