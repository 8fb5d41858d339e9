"""Depression: treated at the practice, with talking therapies for some."""

from carecord.population import codes
from carecord.population.dates import plus
from carecord.population.entries import community, gp
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, every, onset


def _tell(history: History) -> None:
    rng, person = history.rng, history.person
    since = onset(history, earliest_age=16, within_years=8)
    medicine = rng.choice((codes.SERTRALINE, codes.CITALOPRAM, codes.MIRTAZAPINE))
    over = history.chance(0.35) and plus(since, days=300) < person.until
    ended = plus(since, days=280)
    gp.problem(history, codes.DEPRESSION, since, ended=ended if over else None)
    gp.encounter(history, since, notes="Low mood for some weeks, sleeping badly, no thoughts of self-harm")
    if over:
        gp.past_repeat(history, medicine, since, ended, "Recovered")
    else:
        gp.repeat(history, medicine, since)
    if history.chance(0.35):
        team = community.TALKING_THERAPIES
        on = plus(since, days=10)
        days = every(plus(on, days=21), days=9, times=6, history=history)
        finished = days[-1] if len(days) == 6 else None
        referral = community.referral(history, team, on, "Low mood", closed=finished)
        community.contacts(history, team, referral, days, "Cognitive behavioural therapy", place="Clinic")
        score = 9 + int(rng.random() * 14)
        community.assessment(
            history,
            team,
            "PHQ-9",
            days[0] if days else on,
            score=score,
            score_range="0-27",
            interpretation="Moderate" if score < 15 else "Moderately severe or severe",
            answers=(
                ("Little interest or pleasure in doing things", "More than half the days", 2),
                ("Feeling down, depressed, or hopeless", "Nearly every day", 3),
            ),
            referral_id=referral,
        )


STORY = Story("depression", ByAge(((16, 0.05), (20, 0.11), (65, 0.08)), men=0.7, women=1.3), _tell)
