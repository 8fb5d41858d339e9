"""Frailty: falls and infections, help at home from the council, and plans for the last years."""

from datetime import date

from carecord.population import codes, names, numbers
from carecord.population.dates import AS_AT, plus
from carecord.population.entries import (
    alerts,
    community,
    demographics,
    gp,
    hospital,
    laboratory,
    letters,
    shared_plans,
    social_care,
)
from carecord.population.entries.hospital import Drug, Stay
from carecord.population.entries.letters import Letter
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, every, recently

DOXYCYCLINE = Drug(
    "Doxycycline 100mg capsules", "100", "mg", "Once a day", "Capsule", dmd="41948311000001104"
)
NITROFURANTOIN = Drug("Nitrofurantoin 100mg modified-release capsules", "100", "mg", "Twice a day", "Capsule")


def _tell(history: History) -> None:
    since = recently(history, days=900, ago=150)
    gp.further_problem(history, "Frailty", since, notes="Clinical Frailty Scale 6")
    _infection(history)
    _nurses(history, plus(since, days=20))
    if history.chance(0.8):
        _social_care(history, plus(since, days=30))
    if history.chance(0.45):
        _plans(history)


def _infection(history: History) -> None:
    on = recently(history, days=600, ago=30)
    pneumonia = history.chance(0.6)
    concept = codes.PNEUMONIA if pneumonia else codes.URINARY_INFECTION
    doctor = hospital.staff(history, "430")
    ordered = laboratory.Ordered(
        doctor.name, doctor.ward_code, doctor.site, doctor.trust.organisation_code, concept.text
    )
    laboratory.blood_test(
        history,
        laboratory.CRP,
        [(codes.CRP, abs(history.rng.gauss(110, 50)) + 6)],
        plus(on, days=1),
        ordered=ordered,
    )
    if not pneumonia:
        laboratory.urine_culture(history, on, grown=True, ordered=ordered)
    hospital.stay(
        history,
        on,
        Stay(
            specialty="430",
            reason=codes.FEVER,
            diagnosis=concept,
            nights=3 + int(history.rng.random() * 9),
            moved_from=("AMU", "Acute Medical Unit"),
            drugs=(DOXYCYCLINE if pneumonia else NITROFURANTOIN,),
            summary="Treated with antibiotics, back to usual function",
            plan="GP to review in two weeks",
            source=hospital.CARE_HOME if history.person.role == "resident" else hospital.HOME,
            destination=hospital.CARE_HOME if history.person.role == "resident" else hospital.HOME,
        ),
    )
    if history.chance(0.4):
        alerts.risk(
            history,
            history.acute,
            codes.RISK_OF_FALLS.text,
            on,
            action="Falls bundle on admission",
            snomed=codes.RISK_OF_FALLS.snomed,
        )
    if history.chance(0.3):
        alerts.risk(
            history,
            history.acute,
            "Hearing aids",
            on,
            action="Keep with the patient",
            alert_type="Administrative",
            severity=None,
            by="Ward clerk",
        )


def _nurses(history: History, on: date) -> None:
    team = community.DISTRICT_NURSES
    referral = community.referral(history, team, on, "Leg ulcer dressings")
    visits = every(plus(on, days=2), days=10, times=5, history=history)
    if history.person.died is None and history.chance(0.6):
        visits.append(plus(AS_AT, days=1 + int(history.rng.random() * 12)))
    community.contacts(history, team, referral, visits, "Wound dressing", outcome="Healing")
    community.caseload(history, team, referral, on)
    score = 5 + int(history.rng.random() * 3)
    community.assessment(
        history,
        team,
        "Clinical Frailty Scale",
        on,
        score=score,
        score_range="1-9",
        interpretation={5: "Mildly frail", 6: "Moderately frail"}.get(score, "Severely frail"),
        answers=(
            ("Help needed outdoors", "Yes", None),
            ("Help needed with bathing", "Yes" if score > 5 else "No", None),
        ),
        summary="Needs help with shopping and stairs",
        referral_id=referral,
    )
    if history.chance(0.3):
        community.risk(
            history,
            on,
            "Falls",
            "Moderate",
            details="Two falls this year",
            plan="Grab rails, pendant alarm",
            team=team,
        )


def _social_care(history: History, on: date) -> None:
    rng, system, worker = history.rng, history.adult_social_care, social_care.ADULT_WORKER
    social_care.summary(history, system, worker, on, risk=True, disabled=True)
    social_care.case_worker(history, system, worker, on)
    if history.chance(0.3):
        former = social_care.Worker(
            "Dean Hollis",
            "Social work assistant",
            "HLT",
            worker.team,
            worker.telephone,
            "d.hollis@eastvale.example",
        )
        social_care.case_worker(history, system, former, plus(on, days=-60), ended=on, key_worker=False)
    relationship = rng.choice(("Daughter", "Son", "Niece"))
    social_care.related_person(
        history,
        system,
        given=names.forename(
            sex="1" if relationship == "Son" else "2", born=1970, origin=history.person.origin, rng=rng
        ),
        family=history.person.surname,
        relationship=relationship,
        mobile=numbers.mobile_telephone(rng),
    )
    social_care.referral(
        history,
        system,
        worker,
        on,
        "Help at home",
        description="Support with washing and meals",
        ended=plus(on, days=20),
    )
    social_care.assessment(
        history,
        system,
        worker,
        "Care Act assessment",
        plus(on, days=4),
        outcome="Eligible: personal care",
        reason="Frailty",
    )
    social_care.risk(
        history,
        system,
        worker,
        plus(on, days=4),
        "Falls",
        description="Two falls",
        mitigation="Pendant alarm",
    )
    if history.chance(0.15):
        social_care.risk(
            history,
            system,
            worker,
            plus(on, days=4),
            "Dog in the house",
            section="Hazards",
            description="Ask for it to be shut in",
        )
    if history.chance(0.2):
        social_care.risk(
            history,
            system,
            worker,
            plus(on, days=4),
            "Hard of hearing",
            section="SpecialFactors",
            description="Ring twice",
        )
    social_care.disability(
        history,
        system,
        "06",
        "Mobility and gross motor",
        plus(on, days=4),
        equipment="Walking frame, raised toilet seat",
    )
    social_care.classification(
        history,
        system,
        "Primary support reason",
        "PS-PC",
        "Physical support: personal care",
        plus(on, days=5),
    )
    social_care.care_plan(
        history,
        system,
        plus(on, days=8),
        (("Home care", "Personal care, two calls a day", "Brightside Home Care"),),
    )
    social_care.case_event(
        history,
        system,
        worker,
        plus(on, days=6),
        "Visit",
        notes="Seen at home, agrees to help",
        meeting=False,
    )
    if history.chance(0.4):
        social_care.case_event(
            history, system, worker, plus(on, days=40), "Review", notes="Two calls a day are enough"
        )
    if history.chance(0.1):
        social_care.safeguarding(history, system, worker, plus(on, days=25), "Section 42 enquiry")
    if "dementia" in history.told and history.person.role == "resident":
        social_care.safeguarding(
            history,
            system,
            worker,
            plus(on, days=30),
            "DoLS standard authorisation",
            section="DOLSEvents",
            abuse=None,
            days=365,
        )
        demographics.legal(
            history,
            history.gp,
            "Deprivation of liberty",
            plus(on, days=30),
            description="Standard authorisation, care home",
        )


def _plans(history: History) -> None:
    on = recently(history, days=200, ago=12)
    plan = shared_plans.end_of_life(
        history, on, diagnosis=_main_diagnosis(history), at_home=history.person.role != "resident"
    )
    shared_plans.universal(
        history,
        plus(on, days=-10),
        (("Unsteady outdoors", "Walk to the shop twice a week", "Strength and balance class"),),
        other_plans=f"ReSPECT {plan}",
    )
    if history.chance(0.6):
        shared_plans.about_me(history, plus(on, days=-8))
    form = Letter(
        "RESP",
        "ReSPECT form",
        "ReSPECT form",
        history.person.doctor.name,
        "GP",
        None,
        ("CPR attempts not recommended. Priority is comfort.",),
        event_id=plan,
        confidentiality="Restricted",
    )
    letters.send(
        history, history.care_plans, form, f"{on}T15:22:00", organisation=history.care_plans.description
    )
    if history.chance(0.3):
        gp.issue(history, codes.MORPHINE, plus(on, days=2))
    if history.chance(0.4):
        demographics.legal(
            history,
            history.care_plans,
            "Advance decision to refuse treatment",
            on,
            description="No artificial ventilation",
            decision="Refuses artificial ventilation in all circumstances",
        )


def _main_diagnosis(history: History) -> str:
    for story in ("heart failure", "dementia", "copd"):
        if story in history.told:
            return {"heart failure": "Heart failure", "dementia": "Dementia", "copd": "COPD"}[story]
    return "Frailty"


STORY = Story("frailty", ByAge(((72, 0.06), (80, 0.2), (87, 0.4), (93, 0.55))), _tell)
