"""Pregnancies: of the mothers of small children, ending in their births, and of women expecting now."""

from carecord.population import codes
from carecord.population.dates import AS_AT, age_on, plus
from carecord.population.entries import gp, hospital, maternity
from carecord.population.entries.hospital import Stay
from carecord.population.history import History
from carecord.population.people import Person
from carecord.population.stories.story import Story


def _chance(person: Person) -> float:
    return 1.0 if person.female and 17 <= person.age <= 48 and person.role in ("adult", "partner") else 0.0


def _tell(history: History) -> None:
    person = history.person
    if history.household.mother() is person:
        _births(history)
    if person.age <= 41 and not _baby_at_home(history) and history.chance(0.05):
        _expecting(history)


def _baby_at_home(history: History) -> bool:
    return any(age_on(AS_AT, child.born) < 1 for child in history.household.children())


def _births(history: History) -> None:
    together: dict[str, list[Person]] = {}
    for child in history.household.children():
        together.setdefault(child.born.isoformat(), []).append(child)
    born_before = 0
    for children in together.values():
        first = children[0]
        if age_on(AS_AT, first.born) < maternity.YEARS_BACK:
            early = 21 if len(children) > 1 else int(history.rng.gauss(2, 6))
            due = plus(first.born, days=early)
            told = maternity.pregnancy(history, due, tuple(children), births_before=born_before)
            maternity.visits(history, told, until=plus(history.person.until, days=-1))
            caesarean = history.chance(0.28 if len(children) == 1 else 0.6)
            maternity.delivery(history, told, caesarean=caesarean)
            _hospital(history, first, caesarean=caesarean)
            ended = min(plus(first.born, days=42), plus(history.person.until, days=-1))
            gp.problem(history, codes.PREGNANT, told.booked, ended=max(ended, told.booked), major=False)
            gp.issue(history, codes.FOLIC_ACID, plus(told.booked, days=-20))
        born_before += len(children)


def _hospital(history: History, child: Person, *, caesarean: bool) -> None:
    hospital.stay(
        history,
        child.born,
        Stay(
            specialty="501",
            reason=codes.PREGNANT,
            diagnosis=codes.PREGNANT,
            nights=2 if caesarean else 1,
            method=hospital.ANTE_PARTUM,
            classification="1",
            procedure=codes.CAESAREAN if caesarean else codes.NORMAL_DELIVERY,
            summary="Mother and baby well",
            plan="Community midwife to visit",
        ),
    )


def _expecting(history: History) -> None:
    due = plus(AS_AT, days=5 + int(history.rng.random() * 180))
    told = maternity.pregnancy(history, due, (), births_before=len(history.household.children()))
    maternity.visits(history, told, until=plus(AS_AT, days=-1))
    gp.problem(history, codes.PREGNANT, told.booked, major=False)
    gp.issue(history, codes.FOLIC_ACID, plus(told.booked, days=-20))


STORY = Story("pregnancy", _chance, _tell)
