"""Chronic kidney disease: found by a falling filtration rate, watched for years."""

from carecord.population import codes
from carecord.population.dates import plus
from carecord.population.entries import gp, hospital, imaging, laboratory
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, next_review, onset, yearly


def _tell(history: History) -> None:
    rng, person = history.rng, history.person
    since = onset(history, earliest_age=55, within_years=8)
    rate = rng.gauss(47, 7)
    reviews = yearly(since, person.until, most=3, history=history)
    for years, on in enumerate([since, *reviews]):
        now = max(16.0, rate - 1.5 * years)
        kidneys = [(codes.EGFR, now), (codes.CREATININE, 5600 / now), (codes.POTASSIUM, rng.gauss(4.8, 0.4))]
        laboratory.blood_test(
            history, laboratory.UREA_AND_ELECTROLYTES, kidneys, on, reason="Kidney function"
        )
        gp.observe(history, codes.ALBUMIN_CREATININE, rng.expovariate(0.2), on)
    gp.problem(history, codes.CKD_3, since)
    gp.past_repeat(history, codes.NAPROXEN, plus(since, days=-300), since, "Kidney function")
    gp.recall(history, "Chronic kidney disease monitoring", next_review(reviews, since, history))
    if rate < 42:
        nephrologist = hospital.staff(history, "361")
        booking = gp.referral(history, "Nephrology referral", plus(since, days=5), nephrologist)
        imaging.examine(
            history,
            imaging.KIDNEY_ULTRASOUND,
            plus(since, days=40),
            details="Falling filtration rate",
            finding="Both kidneys slightly small. No obstruction.",
            referrer=person.doctor.name,
        )
        hospital.clinic(
            history,
            "361",
            plus(since, days=75),
            "Chronic kidney disease",
            first=True,
            booking=booking,
            referred=plus(since, days=5),
        )


STORY = Story("kidney disease", ByAge(((58, 0.03), (70, 0.11), (80, 0.2))), _tell)
