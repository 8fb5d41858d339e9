"""Childhood: the birth, screening, the vaccines of the schedule, reviews by health visitors and schools."""

from carecord.population import codes
from carecord.population.dates import AS_AT, plus, years_after
from carecord.population.entries import child_health, demographics, gp, hospital
from carecord.population.entries.hospital import Stay
from carecord.population.entries.maternity import YEARS_BACK, birth_hour
from carecord.population.history import History
from carecord.population.people import Person
from carecord.population.stories.story import Story

# UKHSA, routine childhood immunisation schedule: weeks after birth, vaccine, dose, site.
SCHEDULE = (
    (8, "6-in-1", "diphtheria, Hib, hepatitis B, pertussis, polio and tetanus vaccine", 1, "Left thigh"),
    (12, "6-in-1", "diphtheria, Hib, hepatitis B, pertussis, polio and tetanus vaccine", 2, "Left thigh"),
    (16, "6-in-1", "diphtheria, Hib, hepatitis B, pertussis, polio and tetanus vaccine", 3, "Left thigh"),
    (8, "MenB", "meningococcal group B vaccine", 1, "Left thigh"),
    (16, "MenB", "meningococcal group B vaccine", 2, "Left thigh"),
    (52, "MMR", "measles, mumps and rubella vaccine", 1, "Right thigh"),
    (174, "MMR", "measles, mumps and rubella vaccine", 2, "Left upper arm"),
    (174, "4-in-1", "diphtheria, pertussis, polio and tetanus vaccine", 1, "Right upper arm"),
    (670, "HPV", "human papillomavirus vaccine", 1, "Left upper arm"),
)
ORDINALS = {1: "First", 2: "Second", 3: "Third"}
FIRST_SIX_IN_ONE = "770616000"
DECLINE = 0.04
SERVICE_BEGAN_YEARS_AGO = 17


def _tell(history: History) -> None:
    child = history.person
    together = history.household.twins_of(child)
    if child.age < SERVICE_BEGAN_YEARS_AGO:
        gestation = f"{35 if together > 1 else 38 + child.household % 3}+{child.household % 7}"
        child_health.birth(history, history.household.mother(), born_together=together, gestation=gestation)
    if child.age < YEARS_BACK and plus(child.born, days=4) < AS_AT:
        _born_in_hospital(history, twin=together > 1)
    if child.age < 6:
        _screening(history)
    _vaccines(history)
    _reviews(history)
    parent = history.household.mother()
    if parent and history.chance(0.6):
        demographics.contact(history, history.child_health)


def _born_in_hospital(history: History, *, twin: bool) -> None:
    concept = codes.TWIN_BORN_IN_HOSPITAL if twin else codes.BORN_IN_HOSPITAL
    hospital.stay(
        history,
        history.person.born,
        Stay(
            specialty="420",
            reason=concept,
            diagnosis=concept,
            nights=2,
            method=hospital.BIRTH_HERE,
            source=hospital.BORN_HERE,
            admitted=birth_hour(history.person),
            summary="Well baby, feeding established",
            plan="Community midwife to visit",
        ),
    )


def _screening(history: History) -> None:
    born = history.person.born
    if plus(born, days=5) < AS_AT:
        child_health.blood_spot(history, plus(born, days=5))
    if plus(born, days=12) < AS_AT:
        for ear in ("Left ear", "Right ear"):
            child_health.screening(
                history, "Newborn hearing", ear, plus(born, days=12), outcome="Clear response"
            )
    if plus(born, days=2) < AS_AT:
        for part in ("Eyes", "Heart", "Hips"):
            child_health.screening(
                history,
                "Newborn physical examination",
                part,
                plus(born, days=2),
                outcome="No abnormality suspected",
            )


def _vaccines(history: History) -> None:
    child = history.person
    declines = history.chance(DECLINE)
    for weeks, kind, text, dose, site in SCHEDULE:
        on = plus(child.born, days=weeks * 7 + int(history.rng.random() * 12))
        if on >= AS_AT or (weeks > 600 and child.age > 16):
            continue
        rubric = f"{ORDINALS[dose]} dose of {text}"
        first = kind == "6-in-1" and dose == 1
        child_health.immunisation(
            history,
            kind,
            rubric,
            on,
            dose,
            given=not declines,
            snomed=FIRST_SIX_IN_ONE if first else None,
            site=site,
            school=weeks > 600,
        )
        if weeks < 600 and child.age < 8:
            gp.immunisation(
                history,
                rubric,
                on,
                disease=kind,
                vaccine=text.capitalize(),
                dose=dose,
                snomed=FIRST_SIX_IN_ONE if first else None,
                refused="Parent declined" if declines else None,
                site=site,
            )


def _reviews(history: History) -> None:
    child, rng = history.person, history.rng
    heavier = rng.gauss(1, 0.1)
    plan = (
        (12, "New birth visit", "12 days", 3.6, 51.0, 35.5, "Alert, feeding well"),
        (44, "6-8 week review", "6 weeks", 4.9, 56.0, 38.4, "Smiling, fixing and following"),
        (365, "1 year review", "12 months", 9.6, 75.0, 46.0, "Pulls to stand, babbles"),
        (800, "2-2.5 year review", "2 years 2 months", 12.6, 88.0, None, "Two-word phrases, runs"),
    )
    for days, kind, age, weight, height, head, summary in plan:
        on = plus(child.born, days=days)
        if on >= AS_AT or child.age > 7:
            continue
        child_health.review(
            history,
            kind,
            on,
            age=age,
            weight=weight * heavier,
            height=height,
            head=head,
            summary=summary,
            feeding=rng.choice(("Totally breast fed", "Partially breast fed", "Not breast fed"))
            if days < 60
            else None,
        )
    for years, kind, weight, height in ((5, "School entry", 18.5, 110.0), (10, "NCMP", 34.0, 139.0)):
        on = plus(years_after(child.born, years), days=100)
        if on < AS_AT:
            child_health.review(
                history,
                kind,
                on,
                age=f"{years} years",
                weight=weight * heavier,
                height=height,
                summary="No concerns",
                team="Eastvale school nurses",
                staff="School nurse T Imran",
            )


def _chance(person: Person) -> float:
    return 0.98 if person.role == "child" and person.age < 18 else 0.0


STORY = Story("childhood", _chance, _tell)
