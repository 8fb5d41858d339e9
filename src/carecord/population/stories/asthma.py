"""Asthma: two inhalers, a yearly review, the odd attack and a night in hospital for a few."""

from carecord.population import codes
from carecord.population.dates import any_time, plus
from carecord.population.entries import gp, hospital
from carecord.population.entries.hospital import Drug, Stay
from carecord.population.history import History
from carecord.population.stories.story import Story, next_review, onset, recently, yearly


def _tell(history: History) -> None:
    rng, person = history.rng, history.person
    since = onset(history, earliest_age=4, within_years=14)
    gp.problem(history, codes.ASTHMA, since)
    gp.repeat(history, codes.SALBUTAMOL, since)
    if history.chance(0.75):
        gp.repeat(history, codes.BECLOMETASONE, plus(since, days=14))
    reviews = yearly(since, person.until, most=2, history=history)
    for on in reviews:
        gp.encounter(history, on, "Asthma annual review", nurse=True, read="66YJ.")
        gp.observe(history, codes.PEAK_FLOW, rng.gauss(280 if person.age < 14 else 430, 60), on)
    gp.recall(history, "Asthma annual review", next_review(reviews, since, history), read="66YJ.")
    if history.chance(0.2):
        on = recently(history, days=900, ago=30)
        gp.issue(history, codes.PREDNISOLONE, plus(on, days=1))
        if history.chance(0.6):
            hospital.attendance(
                history,
                codes.BREATHLESS,
                codes.ASTHMA,
                any_time(on, rng),
                treatments="Nebulised salbutamol; prednisolone",
            )
        else:
            hospital.stay(history, on, _attack(child=person.age < 16))


def _attack(*, child: bool) -> Stay:
    return Stay(
        specialty="420" if child else "340",
        reason=codes.BREATHLESS,
        diagnosis=codes.ASTHMA,
        nights=2,
        drugs=(Drug("Prednisolone 5mg tablets", "40", "mg", "Once a day"),),
        summary="Moderate attack, weaned from nebulisers",
        plan="GP review within two working days; check inhaler technique",
    )


STORY = Story(
    "asthma", lambda person: 0.10 if 5 <= person.age < 45 else 0.06 if person.age >= 45 else 0.0, _tell
)
