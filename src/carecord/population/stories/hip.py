"""Hips: a fracture after a fall, or a worn joint, a wait and a new one."""

from dataclasses import replace
from datetime import date

from carecord.population import codes
from carecord.population.dates import AS_AT, plus
from carecord.population.entries import alerts, community, demographics, gp, hospital, imaging
from carecord.population.entries.hospital import Drug, Stay
from carecord.population.history import History
from carecord.population.stories.story import ByAge, Story, every, recently

PAIN_RELIEF = Drug("Paracetamol 500mg tablets", "1000", "mg", "Four times a day")
FRACTURE = Stay(
    specialty="110",
    reason=codes.FALL,
    diagnosis=codes.HIP_FRACTURE,
    nights=11,
    others=(codes.OSTEOPOROSIS,),
    procedure=codes.HEMIARTHROPLASTY,
    moved_from=("AMU", "Acute Medical Unit"),
    drugs=(PAIN_RELIEF, Drug("Alendronic acid 70mg tablets", "70", "mg", "Once a week")),
    summary="Fall at home, hemiarthroplasty, walking with a frame",
    plan="Rehabilitation at home; GP to continue bone protection",
)


def _tell_fracture(history: History) -> None:
    on = recently(history, days=1500, ago=60)
    side = history.rng.choice(("Left", "Right"))
    imaging.examine(
        history,
        imaging.HIP_XRAY,
        on,
        details="Fall, cannot bear weight",
        finding="Displaced intracapsular fracture of the neck of femur. No other fracture.",
        referrer=hospital.staff(history, "180").name,
        source="Emergency department",
        laterality=side,
        urgent=True,
    )
    nights = 7 + int(history.rng.random() * 14)
    hospital.stay(history, on, replace(FRACTURE, laterality=side, nights=nights))
    home = plus(on, days=nights)
    gp.problem(history, codes.HIP_FRACTURE, on)
    gp.problem(history, codes.OSTEOPOROSIS, on)
    gp.repeat(history, codes.ALENDRONIC_ACID, plus(home, days=7))
    gp.repeat(history, codes.CALCIUM, plus(home, days=7))
    gp.encounter(history, plus(home, days=10), "Home visit", notes="Managing with frame")
    alerts.risk(
        history,
        history.acute,
        codes.RISK_OF_FALLS.text,
        on,
        action="Falls bundle on admission",
        description="Hip fracture after a fall",
        snomed=codes.RISK_OF_FALLS.snomed,
    )
    demographics.addresses(history, history.acute)
    demographics.contact(history, history.acute, "Next of kin")
    demographics.identifier(history, history.acute, "NHS number", history.person.nhs_number, since=on)
    _rehabilitation(history, home)
    hospital.clinic(history, "110", plus(home, days=42), "Hip fracture, wound and walking check")


def _rehabilitation(history: History, start: date) -> None:
    team = community.REHABILITATION
    referral = community.referral(
        history,
        team,
        start,
        "Rehabilitation after hip fracture",
        source="Hospital ward",
        by="Discharge team",
        priority="2",
    )
    days = every(plus(start, days=3), days=7, times=6, history=history)
    community.contacts(history, team, referral, days, "Strength, balance and gait", outcome="Progressing")
    community.caseload(history, team, referral, start, ended=days[-1] if len(days) == 6 else None)
    community.care_plan(
        history,
        team,
        "Rehabilitation plan",
        "Walking outdoors again",
        start,
        (("Unsteady on stairs", "Climb the stairs alone", "Stair practice twice a week"),),
    )
    score = 3 + int(history.rng.random() * 8)
    community.assessment(
        history,
        team,
        "Elderly Mobility Scale",
        days[0] if days else start,
        score=score,
        score_range="0-20",
        interpretation="Needs help with mobility",
        summary="Frame indoors, one person for stairs",
        referral_id=referral,
    )


def _tell_replacement(history: History) -> None:
    listed = recently(history, days=1500, ago=30)
    gp.problem(history, codes.OSTEOARTHRITIS, plus(listed, days=-400))
    gp.repeat(history, codes.CO_CODAMOL, plus(listed, days=-300))
    surgeon = hospital.staff(history, "110")
    booking = gp.referral(history, "Orthopaedic referral", plus(listed, days=-60), surgeon)
    hospital.clinic(
        history,
        "110",
        listed,
        "Hip pain, osteoarthritis",
        first=True,
        booking=booking,
        referred=plus(listed, days=-60),
        paragraphs=("Listed for a total hip replacement.",),
    )
    operated = plus(listed, days=150 + int(history.rng.random() * 150))
    done = operated < plus(history.person.until, days=-15)
    hospital.waiting(
        history,
        "110",
        codes.HIP_REPLACEMENT,
        listed,
        "Osteoarthritis of hip",
        removed=operated if done else None,
    )
    if done:
        hospital.stay(
            history,
            operated,
            Stay(
                specialty="110",
                reason=codes.OSTEOARTHRITIS,
                diagnosis=codes.OSTEOARTHRITIS,
                nights=3,
                method=hospital.WAITING_LIST,
                procedure=codes.HIP_REPLACEMENT,
                laterality=history.rng.choice(("Left", "Right")),
                drugs=(PAIN_RELIEF,),
                summary="Uneventful hip replacement",
                plan="Clips out at ten days; clinic at six weeks",
            ),
        )
    follow_up = plus(operated, days=42)
    if done and (follow_up < AS_AT or history.person.died is None):
        hospital.clinic(history, "110", follow_up, "Six weeks after hip replacement")


FRACTURED = Story(
    "hip fracture", ByAge(((65, 0.01), (75, 0.04), (85, 0.1)), women=1.4, men=0.7), _tell_fracture
)
REPLACED = Story("hip replacement", ByAge(((55, 0.02), (65, 0.05), (80, 0.04))), _tell_replacement)
