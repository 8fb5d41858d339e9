"""Children in need, under a protection plan, or looked after."""

from carecord.population.dates import plus
from carecord.population.entries import alerts, child_health, social_care
from carecord.population.history import History
from carecord.population.people import Person
from carecord.population.stories.story import Story, recently


def _tell(history: History) -> None:
    person, system, worker = history.person, history.childrens_services, social_care.CHILD_WORKER
    since = recently(history, days=min(700, max(40, 330 * person.age)), ago=30)
    social_care.summary(history, system, worker, since, risk=True)
    social_care.case_worker(history, system, worker, since)
    social_care.referral(history, system, worker, since, "Concern for a child", description="From school")
    social_care.assessment(
        history,
        system,
        worker,
        "Child and family assessment",
        plus(since, days=5),
        outcome="Plan",
        reason="Neglect",
        child=True,
    )
    parent = history.household.people[0]
    social_care.related_person(
        history,
        system,
        given=parent.forename,
        family=parent.surname,
        relationship="Mother" if parent.female else "Father",
        mobile=parent.mobile_telephone,
    )
    roll = history.rng.random()
    social_care.child_status(history, "ChildInNeeds", since, "Family dysfunction")
    if roll < 0.35:
        social_care.child_status(
            history,
            "ChildProtections",
            plus(since, days=12),
            history.rng.choice(("Neglect", "Emotional abuse")),
        )
        social_care.case_event(
            history, system, worker, plus(since, days=12), "Child protection conference", notes="Plan made"
        )
        alerts.risk(
            history,
            history.child_health,
            "Child protection plan",
            plus(since, days=12),
            action="Tell the social worker of any attendance",
            alert_type="Social",
            by=worker.name,
        )
    elif roll < 0.65:
        social_care.child_status(
            history,
            "ChildLookAfters",
            plus(since, days=20),
            "Abuse or neglect",
            legal="Section 20",
            placement="Foster placement with other carer",
        )
        child_health.review(
            history,
            "Other",
            plus(since, days=28),
            age=f"{person.age} years",
            summary="Initial health assessment of a looked-after child",
            staff="Dr K Ferris",
            team="Community paediatrics",
        )
    if person.age > 11 and history.chance(0.3):
        social_care.safeguarding(
            history,
            system,
            worker,
            plus(since, days=10),
            "Missing episode",
            section="MissingPersons",
            abuse=None,
            days=2,
        )
    if history.chance(0.15):
        social_care.safeguarding(
            history,
            system,
            worker,
            plus(since, days=6),
            "MARAC meeting",
            section="MARACs",
            abuse="Domestic abuse",
            days=15,
        )
    social_care.case_event(
        history, system, worker, plus(since, days=8), "Home visit", notes="Seen at home", meeting=False
    )


def _chance(person: Person) -> float:
    return 0.03 if person.role == "child" and 0 < person.age < 18 else 0.0


STORY = Story("child in care", _chance, _tell)
