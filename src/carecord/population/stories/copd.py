"""Chronic obstructive pulmonary disease: inhalers, a community respiratory team, admissions in winter."""

from carecord.population import codes
from carecord.population.dates import plus
from carecord.population.entries import alerts, community, gp, hospital, imaging
from carecord.population.entries.hospital import Drug, Stay
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, every, next_review, onset, recently, yearly


def _tell(history: History) -> None:
    person = history.person
    since = onset(history, earliest_age=45)
    gp.problem(history, codes.COPD, since)
    gp.repeat(history, codes.TIOTROPIUM, plus(since, days=7))
    gp.repeat(history, codes.SALBUTAMOL, since)
    reviews = yearly(since, person.until, most=2, history=history)
    for on in reviews:
        gp.encounter(history, on, "COPD annual review", nurse=True, read="66YM.")
        gp.observe(history, codes.OXYGEN_SATURATION, history.rng.gauss(94, 2), on)
    gp.recall(history, "COPD annual review", next_review(reviews, since, history), read="66YM.")
    if history.chance(0.45):
        _worse(history)


def _worse(history: History) -> None:
    on = recently(history, days=800, ago=60)
    imaging.examine(
        history,
        imaging.CHEST_XRAY,
        on,
        details="Breathless, known COPD",
        finding="Hyperexpanded lungs. No consolidation.",
        referrer=hospital.staff(history, "180").name,
        source="Emergency department",
        urgent=True,
    )
    hospital.stay(
        history,
        on,
        Stay(
            specialty="340",
            reason=codes.BREATHLESS,
            diagnosis=codes.COPD,
            nights=2 + int(history.rng.random() * 7),
            moved_from=("AMU", "Acute Medical Unit"),
            drugs=(
                Drug("Prednisolone 5mg tablets", "30", "mg", "Once a day"),
                Drug(
                    "Doxycycline 100mg capsules",
                    "100",
                    "mg",
                    "Once a day",
                    "Capsule",
                    dmd="41948311000001104",
                ),
            ),
            summary="Infective exacerbation, controlled oxygen, improved",
            plan="Community respiratory team to follow up",
        ),
    )
    alerts.risk(
        history,
        history.acute,
        "Target oxygen saturation 88-92%",
        on,
        action="Use a fixed performance mask",
        description="Risk of hypercapnic respiratory failure",
        severity="Severe",
    )
    start = plus(on, days=12)
    team = community.RESPIRATORY
    referral = community.referral(
        history,
        team,
        plus(on, days=8),
        "Recovery after exacerbation of COPD",
        source="Hospital ward",
        by="Discharge team",
    )
    community.contacts(
        history,
        team,
        referral,
        every(start, days=14, times=4, history=history),
        "Chest assessment, inhaler check",
    )
    community.caseload(history, team, referral, start)


STORY = Story("copd", ByAge(((50, 0.02), (60, 0.06), (70, 0.1))), _tell)
