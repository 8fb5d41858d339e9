"""Severe mental illness: community team, Care Programme Approach, crises, the Mental Health Act."""

from carecord.population import codes, numbers
from carecord.population.dates import AS_AT, plus
from carecord.population.entries import alerts, community, gp, laboratory
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, every, onset, recently


def _tell(history: History) -> None:
    rng = history.rng
    since = onset(history, earliest_age=18, within_years=12)
    bipolar = history.chance(0.4)
    concept = codes.BIPOLAR if bipolar else codes.SCHIZOPHRENIA
    team = community.MENTAL_HEALTH_TEAM
    gp.problem(history, concept, since)
    gp.repeat(history, codes.OLANZAPINE, plus(since, days=20))
    community.diagnosis(history, concept, since)
    referral = community.referral(history, team, plus(since, days=-3), "First episode", priority="2")
    community.caseload(history, team, referral, since, coordinator=True)
    visits = every(recently(history, days=200, ago=60), days=14, times=5, history=history)
    if not history.person.died:
        visits.append(plus(AS_AT, days=1 + int(rng.random() * 12)))
    community.contacts(history, team, referral, visits, "Mental state and medicines", outcome="Stable")
    if history.chance(0.7):
        community.care_programme(history, plus(since, days=14))
    community.care_plan(
        history,
        team,
        "Community mental health care plan",
        "Keeping well plan",
        plus(since, days=30),
        (
            ("Hears voices when tired", "Sleep through five nights a week", "Sleep routine, weekly visit"),
            ("Few people around", "Go to the day centre once a week", "Support worker goes along at first"),
        ),
        strengths="Close to family, likes walking",
    )
    community.risk(
        history,
        recently(history, days=300),
        rng.choice(("Self-harm or suicide", "Neglect", "Substance misuse")),
        rng.choice(("Low", "Moderate", "Moderate", "High")),
        details="More at times of little sleep",
        plan="Crisis line number held, weekly contact",
        warning="Stops answering calls",
        protective="Family",
    )
    named = history.household.partner_of(history.person)
    contact = (
        (named.name, "Partner", named.mobile_telephone or numbers.mobile_telephone(rng)) if named else None
    )
    community.crisis_plan(history, plus(since, days=60), contact=contact)
    if bipolar:
        gp.repeat(history, codes.LITHIUM_CARBONATE, plus(since, days=90))
        on = recently(history, days=80)
        laboratory.blood_test(
            history,
            laboratory.LITHIUM,
            [(codes.LITHIUM, abs(rng.gauss(0.62, 0.12)))],
            on,
            reason="On lithium",
        )
    _act(history)
    gp.recall(
        history, "Severe mental illness physical health check", plus(recently(history, days=300), days=365)
    )


def _act(history: History) -> None:
    if not history.chance(0.5):
        return
    on = recently(history, days=1400, ago=70)
    community.mental_health_act(history, "02", on, 28, reason="New application")
    if history.chance(0.4):
        community.mental_health_act(history, "03", plus(on, days=20), 183, reason="After section 2")
    alerts.risk(
        history,
        history.mental_health,
        "Visit in pairs",
        on,
        action="Two staff for home visits",
        alert_type="Social",
        by=community.MENTAL_HEALTH_TEAM.staff,
    )


STORY = Story("severe mental illness", ByAge(((20, 0.009), (35, 0.012), (70, 0.006))), _tell)
