"""Dementia: the memory service, a tablet, help at home, and plans made in time."""

from carecord.population import codes
from carecord.population.dates import plus
from carecord.population.entries import alerts, community, demographics, gp, imaging, shared_plans
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, every, onset, recently


def _tell(history: History) -> None:
    since = onset(history, earliest_age=66, within_years=6)
    team = community.MEMORY_CLINIC
    referred = plus(since, days=-70)
    gp.encounter(history, referred, notes="Family worried about memory")
    referral = community.referral(history, team, referred, "Memory loss")
    imaging.examine(
        history,
        imaging.HEAD_CT,
        plus(since, days=-30),
        details="Memory loss",
        finding="Generalised atrophy, more of the temporal lobes. No bleed.",
        referrer=team.staff,
    )
    score = 12 + int(history.rng.random() * 12)
    community.assessment(
        history,
        team,
        "Montreal Cognitive Assessment",
        plus(since, days=-7),
        score=score,
        score_range="0-30",
        interpretation="Below 26: impaired",
        answers=(("Orientation", "Day and place known", 4), ("Delayed recall", "One of five words", 1)),
        referral_id=referral,
    )
    community.contacts(
        history,
        team,
        referral,
        every(since, days=90, times=4, history=history),
        "Medicine and carer review",
        place="Clinic",
    )
    community.diagnosis(history, codes.DEMENTIA, since)
    gp.problem(history, codes.DEMENTIA, since)
    gp.repeat(history, codes.DONEPEZIL, plus(since, days=14))
    gp.recall(history, "Dementia annual review", plus(recently(history, days=300), days=365))
    on = plus(since, days=60)
    relative = history.rng.choice(("Daughter", "Son"))
    demographics.legal(
        history,
        history.gp,
        "Lasting power of attorney",
        on,
        description="Health and welfare",
        decision=f"{relative} may decide on care when capacity is lacking",
        person_name=f"{relative} of the patient",
        relationship=relative,
    )
    demographics.communication_need(
        history,
        history.acute,
        "Reasonable adjustment",
        "Needs time and a quiet place",
        on,
        adjustment="Family to be present",
    )
    alerts.risk(
        history,
        history.acute,
        "May wander",
        on,
        action="Bed in sight of the nurses' station",
        description="Known dementia",
    )
    if history.chance(0.5):
        shared_plans.about_me(history, plus(since, days=90))


STORY = Story("dementia", ByAge(((68, 0.02), (75, 0.06), (82, 0.15), (90, 0.28))), _tell)
