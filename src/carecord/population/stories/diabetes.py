"""Type 2 diabetes: found by a blood test, treated with tablets or insulin, reviewed every year."""

from carecord.population import codes
from carecord.population.dates import plus
from carecord.population.entries import gp, laboratory
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, next_review, onset, yearly


def _tell(history: History) -> None:
    rng, person = history.rng, history.person
    since = onset(history, earliest_age=28)
    gp.problem(history, codes.TYPE_2_DIABETES, since)
    gp.encounter(history, since, notes="New diagnosis of type 2 diabetes, diet and metformin discussed")
    gp.repeat(history, codes.METFORMIN, plus(since, days=7))
    gp.repeat(history, codes.ATORVASTATIN, plus(since, days=30))
    level = rng.gauss(60, 11)
    if level > 62:
        gp.repeat(history, codes.GLICLAZIDE, plus(since, days=60))
    if level > 75:
        gp.repeat(history, codes.INSULIN, plus(since, days=90))
    reviews = yearly(since, person.until, most=3, history=history)
    for on in [since, *reviews]:
        measured = max(43.0, rng.gauss(level, 5))
        laboratory.blood_test(
            history, laboratory.HBA1C, [(codes.HBA1C, measured)], on, reason="Diabetic review"
        )
    for on in reviews:
        gp.encounter(history, plus(on, days=5), "Diabetic annual review", nurse=True, read="66AS.")
        gp.blood_pressure(
            history, rng.gauss(136, 11), rng.gauss(79, 7), plus(on, days=5), (codes.SYSTOLIC, codes.DIASTOLIC)
        )
        gp.observe(history, codes.ALBUMIN_CREATININE, rng.expovariate(0.6), plus(on, days=5))
    gp.recall(history, "Diabetic annual review", next_review(reviews, since, history), read="66AS.")
    gp.letter_received(
        history,
        "Diabetic eye screening result",
        plus(reviews[-1] if reviews else since, days=4),
        author="Screening programme",
        organisation="Eastvale Diabetic Eye Screening",
    )


STORY = Story(
    "diabetes",
    ByAge(((35, 0.03), (45, 0.06), (55, 0.11), (65, 0.16), (80, 0.15)), men=1.2, women=0.85),
    _tell,
)
