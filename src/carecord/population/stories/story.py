"""A story: who it happens to, and what it leaves in the records."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from carecord.population.dates import between, plus, years_after
from carecord.population.history import History
from carecord.population.people import Person


@dataclass(frozen=True, slots=True)
class Story:
    """One condition or turn of life, with everything that it touches."""

    name: str
    chance: Callable[[Person], float]
    tell: Callable[[History], None]


@dataclass(frozen=True, slots=True)
class ByAge:
    """How likely a story is at an age: steps of (age from, probability)."""

    steps: tuple[tuple[int, float], ...]
    men: float = 1.0
    women: float = 1.0
    """What the probability is multiplied by."""

    def __call__(self, person: Person) -> float:
        reached = [probability for age, probability in self.steps if person.age >= age]
        return reached[-1] * (self.women if person.female else self.men) if reached else 0.0


def onset(history: History, *, earliest_age: int, within_years: int = 18) -> date:
    """A day on which a condition began: not before an age, and not longer ago than records go back."""
    person = history.person
    first = max(years_after(person.born, earliest_age), years_after(person.until, -within_years))
    return between(first, plus(person.until, days=-120), history.rng)


def yearly(since: date, until: date, *, most: int, history: History) -> list[date]:
    """The days of a yearly review, newest last, at most so many."""
    days: list[date] = []
    day = plus(until, days=-20 - int(history.rng.random() * 330))
    while day > since and len(days) < most:
        days.append(day)
        day = plus(day, days=-350 - int(history.rng.random() * 40))
    return days[::-1]


def next_review(reviews: list[date], since: date, history: History) -> date:
    """When the next yearly review is due: a year after the last, sometimes overdue."""
    last = reviews[-1] if reviews else since
    return plus(last, days=365 + int(history.rng.random() * 40))


def recently(history: History, *, days: int, ago: int = 1) -> date:
    """A day within so many days of the end of what is known."""
    person = history.person
    last = plus(person.until, days=-ago)
    return between(max(person.born, plus(last, days=-days)), last, history.rng)


def up_to_now(history: History, days: list[date]) -> list[date]:
    """The days that have come."""
    return [day for day in days if history.person.born <= day < history.person.until]


def every(since: date, *, days: int, times: int, history: History) -> list[date]:
    """A row of days about so far apart, up to the end of what is known."""
    row = [plus(since, days=days * place + int(history.rng.random() * 4)) for place in range(times)]
    return up_to_now(history, row)
