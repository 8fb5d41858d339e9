"""What the shared care planning system holds: end of life plans, about me, the universal care plan."""

from datetime import date

from carecord.population.dates import clock, midnight, plus, years_after
from carecord.population.history import History, Item

NO_RESUSCITATION = "450476008"


def end_of_life(
    history: History, on: date, *, diagnosis: str, kind: str = "ReSPECT", at_home: bool = True
) -> str:
    """A plan for the last part of life; its id."""
    number = f"EOL-{history.number()}"
    place = "Home" if at_home else "Care home"
    decided = clock(on, 15)
    history.add(
        history.care_plans,
        "EndOfLifePlansList",
        {
            "PlanId": number,
            "PlanType": kind,
            "Status": "Active",
            "OnRegister": "Yes",
            "CprDecision": "CPR attempts not recommended",
            "CprSnomedCTCode": NO_RESUSCITATION,
            "CprDecisionDate": decided,
            "CprReviewDate": plus(on, days=182).isoformat(),
            "CprReason": "Attempt would not succeed",
            "CapacityForDecision": "Has capacity"
            if history.chance(0.7)
            else "Lacks capacity, best interests decision",
            "DiscussedWith": "Patient; family",
            "PeopleAware": "GP, ambulance service, district nurses",
            "SeniorClinician": history.person.doctor.name,
            "CarePriority": "Comfort",
            "CarePriorityScale": 60 + 5 * int(history.rng.random() * 8),
            "RecommendedTreatments": "Oral antibiotics where the patient lives",
            "TreatmentsNotWanted": "Hospital admission for infection",
            "CeilingOfTreatment": "Home treatment",
            "Diagnosis": diagnosis,
            "Prognosis": history.rng.choice(("Weeks", "Months", "Months", "A year or more")),
            "PrognosisAwareness": "Patient and family aware",
            "PreferredPlaceOfCare": place,
            "PreferredPlaceOfDeath": place,
            "FunctionalStatusTool": "AKPS",
            "FunctionalStatusScore": str(10 * (3 + int(history.rng.random() * 4))),
            "AnticipatoryMedicines": "Yes" if history.chance(0.5) else "No",
            "SyringeDriver": "No",
            "AdvanceDecision": "No",
            "PowerOfAttorney": "Yes" if history.chance(0.4) else "No",
            "ConsentToShare": "Yes",
            "CreatedDate": decided,
            "LastUpdatedDate": clock(on, 15, 22),
        },
        key=number,
        updated=clock(on, 15, 22),
    )
    return number


def about_me(history: History, on: date) -> None:
    """What the person wants everyone to know."""
    rng = history.rng
    number = f"AM-{history.number()}"
    history.add(
        history.care_plans,
        "about-me",
        {
            "AboutMeId": number,
            "WhatMattersToMe": rng.choice(
                ("My garden and my family", "Keeping my own front door", "Music, and my cat")
            ),
            "PeopleImportantToMe": rng.choice(
                ("My children", "My neighbour and my sister", "My grandchildren")
            ),
            "HowICommunicate": rng.choice(
                ("Face me when you speak", "Give me time to answer", "I use hearing aids")
            ),
            "MyWellness": "On a good day I walk to the shop",
            "PleaseDo": "Explain first",
            "PleaseDont": "Rush me",
            "HowAndWhenToSupportMe": "Help with buttons, I wash myself",
            "CreatedDate": midnight(on),
            "LastUpdatedDate": midnight(on),
            "AuthorName": history.person.name,
        },
        key=number,
        updated=midnight(on),
    )


def universal(
    history: History, on: date, needs: tuple[tuple[str, str, str], ...], *, other_plans: str | None = None
) -> None:
    """A personalised plan: needs, each with a goal and an action, and what to do when things go wrong."""
    number = f"UCP-{history.number()}"
    practice = history.practice
    listed: list[Item] = [
        {
            "Description": description,
            "Goal": goal,
            "GoalConfidence": str(5 + int(history.rng.random() * 5)),
            "Action": action,
            "ActionBy": "Patient and care coordinator",
            "Stage": history.rng.choice(("Suggested", "In progress", "Done")),
        }
        for description, goal, action in needs
    ]
    if_wrong: Item = {
        "Trigger": "New confusion",
        "WhatToDo": "Call the practice the same day",
        "WhoToContact": f"{practice.name} {practice.telephone}",
    }
    history.add(
        history.care_plans,
        "UniversalCarePlansList",
        {
            "PlanId": number,
            "Title": "My plan",
            "PlanType": "Personalised care and support plan",
            "Status": "Active",
            "CreatedDate": midnight(on),
            "LastUpdatedDate": midnight(on),
            "ReviewDate": years_after(on, 1).isoformat(),
            "Strengths": "Keeps medicines in order",
            "Needs": {"Need": listed, "TotalItemCount": len(listed)},
            "Contingencies": {"Contingency": [if_wrong], "TotalItemCount": 1},
            "CoordinatorName": "Care coordinator J Fox",
            "CoordinatorTelephone": "01999 555140",
            "AgreedWithPerson": "Yes",
            "AgreedDate": on.isoformat(),
            "OtherPlans": other_plans,
        },
        key=number,
        updated=midnight(on),
    )
