"""The day a population is as at, and days and times as the feeds write them."""

from datetime import date, datetime, timedelta
from random import Random

AS_AT = date(2026, 11, 1)
"""Nothing in a population has happened on or after this day; fixed, so that a seed gives the same bytes."""


def midnight(day: date) -> str:
    """A day known without its time."""
    return f"{day.isoformat()}T00:00:00"


def clock(day: date, hour: int, minute: int = 0) -> str:
    """A local date-time."""
    return f"{day.isoformat()}T{hour:02}:{minute:02}:00"


def in_hours(day: date, rng: Random) -> str:
    """A time of the working day."""
    return clock(day, 8 + int(rng.random() * 10), 5 * int(rng.random() * 12))


def any_time(day: date, rng: Random) -> str:
    """A time of day or night."""
    return clock(day, int(rng.random() * 24), int(rng.random() * 60))


def later(moment: str, *, minutes: int) -> str:
    """The date-time so many minutes after another."""
    return (datetime.fromisoformat(moment) + timedelta(minutes=minutes)).isoformat()


def plus(day: date, *, days: int = 0, weeks: int = 0) -> date:
    """A day so much later, or earlier."""
    return day + timedelta(days=days, weeks=weeks)


def years_after(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def between(first: date, last: date, rng: Random) -> date:
    """A day from first to last; first itself where last is no later."""
    days = (last - first).days
    return first + timedelta(days=int(rng.random() * (days + 1))) if days > 0 else first


def age_on(day: date, born: date) -> int:
    """Whole years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
