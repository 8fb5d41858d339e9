"""High blood pressure: found at a check, treated with one tablet or two, reviewed every year."""

from carecord.population import codes
from carecord.population.dates import plus
from carecord.population.entries import gp, laboratory
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, next_review, onset, yearly


def _tell(history: History) -> None:
    rng, person = history.rng, history.person
    since = onset(history, earliest_age=35)
    gp.problem(history, codes.HYPERTENSION, since)
    gp.blood_pressure(history, rng.gauss(162, 9), rng.gauss(96, 6), since, (codes.SYSTOLIC, codes.DIASTOLIC))
    gp.repeat(history, codes.AMLODIPINE if person.age >= 55 else codes.RAMIPRIL, plus(since, days=14))
    if history.chance(0.4):
        gp.repeat(history, codes.LOSARTAN, plus(since, days=60))
    elif history.chance(0.15):
        gp.past_repeat(history, codes.RAMIPRIL, plus(since, days=20), plus(since, days=90), "Cough")
    reviews = yearly(since, person.until, most=2, history=history)
    for on in reviews:
        gp.encounter(history, on, "Hypertension monitoring", nurse=True)
        gp.blood_pressure(
            history, rng.gauss(138, 12), rng.gauss(82, 8), on, (codes.SYSTOLIC, codes.DIASTOLIC)
        )
    if reviews:
        kidneys = [
            (codes.SODIUM, rng.gauss(139, 2.5)),
            (codes.POTASSIUM, rng.gauss(4.4, 0.4)),
            (codes.CREATININE, rng.gauss(78, 13)),
        ]
        laboratory.blood_test(
            history, laboratory.UREA_AND_ELECTROLYTES, kidneys, reviews[-1], reason="Hypertension review"
        )
    gp.recall(history, "Hypertension annual review", next_review(reviews, since, history))


STORY = Story("hypertension", ByAge(((40, 0.08), (50, 0.18), (60, 0.32), (70, 0.45), (80, 0.52))), _tell)
