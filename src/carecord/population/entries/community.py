"""What community and mental health teams write: referrals, contacts, caseloads, assessments, plans, risks."""

from dataclasses import dataclass
from datetime import date

from carecord.catalogue.value_lists import MHA_STATUS
from carecord.population.codes import Concept
from carecord.population.dates import AS_AT, clock, in_hours, midnight, plus, years_after
from carecord.population.history import History, Item
from carecord.population.organisations import SourceSystem

COMMUNITY, MENTAL_HEALTH = "Community", "Mental health"
CRISIS_LINE = "0800 555 0111"


@dataclass(frozen=True, slots=True)
class Team:
    """A team, what it is and who of it sees the patient."""

    setting: str
    code: str
    name: str
    kind: str
    telephone: str
    staff: str
    role: str


DISTRICT_NURSES = Team(
    COMMUNITY,
    "DN-HART",
    "Hartley district nurses",
    "Community nursing",
    "01999 555710",
    "Nurse K Bright",
    "Community nurse",
)
RESPIRATORY = Team(
    COMMUNITY,
    "RESP-E",
    "Eastvale community respiratory team",
    "Respiratory",
    "01999 555730",
    "Nurse A Toll",
    "Respiratory nurse",
)
REHABILITATION = Team(
    COMMUNITY,
    "REHAB-E",
    "Eastvale rehabilitation team",
    "Therapy",
    "01999 555740",
    "R Yates",
    "Physiotherapist",
)
MENTAL_HEALTH_TEAM = Team(
    MENTAL_HEALTH,
    "CMHT-E",
    "Eastvale community mental health team",
    "Community mental health team",
    "01999 555720",
    "Marcus Bell",
    "Community psychiatric nurse",
)
MEMORY_CLINIC = Team(
    MENTAL_HEALTH,
    "MEM-E",
    "Eastvale memory service",
    "Memory service",
    "01999 555725",
    "Dr J Ansah",
    "Psychiatrist",
)
TALKING_THERAPIES = Team(
    MENTAL_HEALTH,
    "TT-E",
    "Eastvale talking therapies",
    "Psychological therapies",
    "01999 555760",
    "S Quaye",
    "Therapist",
)


def system_of(history: History, team: Team) -> SourceSystem:
    """The system that a team writes in."""
    return history.mental_health if team.setting == MENTAL_HEALTH else history.community


def referral(
    history: History,
    team: Team,
    on: date,
    reason: str,
    *,
    source: str = "GP",
    by: str | None = None,
    closed: date | None = None,
    priority: str = "1",
) -> str:
    """A referral to a team, open or closed; its id."""
    number = f"R-{history.number()}"
    history.add(
        system_of(history, team),
        "CommunityReferralsList",
        {
            "CareSetting": team.setting,
            "ReferralId": number,
            "ReferralDate": clock(on, 11, 40),
            "SourceDesc": source,
            "ReferringOrganisation": history.practice.name if source == "GP" else history.acute.description,
            "ReferredBy": by or history.person.doctor.name,
            "Reason": reason,
            "PriorityCode": priority,
            "PriorityDesc": {"1": "Routine", "2": "Urgent", "3": "Two week wait"}[priority],
            "ServiceTypeDesc": team.kind,
            "TeamCode": team.code,
            "TeamDesc": team.name,
            "AcceptedDate": clock(plus(on, days=1), 9),
            "DischargeDate": midnight(closed) if closed else None,
            "ClosureReason": "Treatment completed" if closed else None,
            "Status": "Closed" if closed else "Active",
        },
        key=number,
        updated=midnight(closed or on),
    )
    return number


def contacts(
    history: History,
    team: Team,
    referral_id: str,
    days: list[date],
    activity: str,
    *,
    place: str = "Patient's home",
    outcome: str = "Continue",
) -> None:
    """The visits of a referral; those still to come are planned."""
    for place_in_row, on in enumerate(days):
        number = f"C-{history.number()}"
        when = in_hours(on, history.rng)
        planned = on >= AS_AT
        missed = not planned and history.chance(0.06)
        following = days[place_in_row + 1] if place_in_row + 1 < len(days) else None
        history.add(
            system_of(history, team),
            "CommunityContactsList",
            {
                "CareSetting": team.setting,
                "ContactId": number,
                "ReferralId": referral_id,
                "ContactDate": when,
                "DurationMinutes": None if planned or missed else 20 + 5 * int(history.rng.random() * 9),
                "ContactType": "Initial" if place_in_row == 0 else "Follow-up",
                "MechanismDesc": "Telephone" if history.chance(0.15) else "Face to face",
                "Subject": "Patient",
                "LocationDesc": place,
                "AttendanceDesc": "Planned" if planned else "Did not attend" if missed else "Attended",
                "TeamCode": team.code,
                "TeamDesc": team.name,
                "StaffName": team.staff,
                "StaffRole": team.role,
                "ActivityDesc": activity,
                "Outcome": None if planned or missed else outcome,
                "NextContactDate": clock(following, 9) if following else None,
            },
            key=number,
            updated=None if planned else when,
        )


def caseload(
    history: History,
    team: Team,
    referral_id: str,
    since: date,
    *,
    ended: date | None = None,
    coordinator: bool = False,
) -> None:
    """The patient's place on a team's caseload."""
    history.add(
        system_of(history, team),
        "CaseloadList",
        {
            "CareSetting": team.setting,
            "TeamCode": team.code,
            "TeamDesc": team.name,
            "TeamType": team.kind,
            "TeamTelephone": team.telephone,
            "OutOfHoursTelephone": CRISIS_LINE if team.setting == MENTAL_HEALTH else None,
            "StaffName": team.staff,
            "StaffRole": team.role,
            "StaffTelephone": team.telephone,
            "IsCareCoordinator": "Yes" if coordinator else "No",
            "ReferralId": referral_id,
            "StartDate": midnight(since),
            "EndDate": midnight(ended) if ended else None,
            "Active": "No" if ended else "Yes",
        },
        updated=midnight(ended or since),
    )


def assessment(
    history: History,
    team: Team,
    kind: str,
    on: date,
    *,
    score: int | None = None,
    score_range: str | None = None,
    interpretation: str | None = None,
    summary: str | None = None,
    answers: tuple[tuple[str, str, int | None], ...] = (),
    referral_id: str | None = None,
) -> None:
    """A scored assessment with its answers."""
    number = f"A-{history.number()}"
    when = in_hours(on, history.rng)
    listed: list[Item] = [
        {"Question": question, "Answer": answer, "Score": None if points is None else str(points)}
        for question, answer, points in answers
    ]
    history.add(
        system_of(history, team),
        "CommunityAssessmentsList",
        {
            "CareSetting": team.setting,
            "AssessmentId": number,
            "AssessmentDate": when,
            "AssessmentType": kind,
            "Score": None if score is None else str(score),
            "ScoreRange": score_range,
            "Interpretation": interpretation,
            "Answers": {"Answer": listed, "TotalItemCount": len(listed)},
            "Summary": summary,
            "Status": "Completed",
            "ReferralId": referral_id,
            "TeamDesc": team.name,
            "StaffName": team.staff,
            "StaffRole": team.role,
            "ReviewDate": plus(on, days=182).isoformat(),
        },
        key=number,
        updated=when,
    )


def care_plan(
    history: History,
    team: Team,
    kind: str,
    title: str,
    on: date,
    problems: tuple[tuple[str, str, str], ...],
    *,
    strengths: str | None = None,
    ended: date | None = None,
) -> None:
    """A plan: problems, each with its goal and what is done for it."""
    number = f"CP-{history.number()}"
    listed: list[Item] = [
        {
            "Description": description,
            "Goal": goal,
            "Intervention": intervention,
            "Responsible": team.staff,
            "TargetDate": plus(on, days=180).isoformat(),
            "Outcome": "Met" if ended else None,
        }
        for description, goal, intervention in problems
    ]
    history.add(
        system_of(history, team),
        "CommunityCarePlansList",
        {
            "CareSetting": team.setting,
            "CarePlanId": number,
            "CarePlanType": kind,
            "Title": title,
            "CreatedDate": midnight(on),
            "ImplementationDate": midnight(on),
            "LastUpdatedDate": midnight(ended or on),
            "ReviewDate": plus(on, days=182).isoformat(),
            "EndDate": midnight(ended) if ended else None,
            "Status": "Completed" if ended else "Active",
            "AgreedBy": "Patient",
            "AgreedDate": on.isoformat(),
            "Problems": {"Problem": listed, "TotalItemCount": len(listed)},
            "Strengths": strengths,
            "CareCoordinator": team.staff,
            "TeamDesc": team.name,
        },
        key=number,
        updated=midnight(ended or on),
    )


def diagnosis(history: History, concept: Concept, on: date) -> None:
    """A diagnosis of the mental health team."""
    history.add(
        history.mental_health,
        "MentalHealthDiagnosesList",
        {
            "DiagnosisDate": midnight(on),
            "ICD10Code": concept.icd10,
            "SnomedCTCode": concept.snomed,
            "DiagnosisDescription": concept.text,
            "ConfirmedBy": "Dr E Whitlock",
        },
        updated=midnight(on),
    )


def care_programme(history: History, since: date, *, ended: date | None = None) -> None:
    """A Care Programme Approach episode."""
    history.add(
        history.mental_health,
        "CpaEpisodesList",
        {
            "Active": "No" if ended else "Yes",
            "StartDate": midnight(since),
            "EndDate": midnight(ended) if ended else None,
            "Details": f"Care coordinator {MENTAL_HEALTH_TEAM.staff}",
        },
        updated=midnight(ended or since),
    )


def risk(
    history: History,
    on: date,
    kind: str,
    level: str,
    *,
    details: str,
    plan: str,
    current: bool = True,
    warning: str | None = None,
    protective: str | None = None,
    team: Team = MENTAL_HEALTH_TEAM,
) -> None:
    """A risk that a team assessed."""
    number = f"RK-{history.number()}"
    when = in_hours(on, history.rng)
    history.add(
        system_of(history, team),
        "MentalHealthRisksList",
        {
            "CareSetting": team.setting,
            "RiskId": number,
            "AssessmentDate": when,
            "RiskType": kind,
            "RiskLevel": level,
            "IsCurrent": "Yes" if current else "No",
            "Details": details,
            "TriggersAndWarningSigns": warning,
            "ProtectiveFactors": protective,
            "ManagementPlan": plan,
            "StaffName": team.staff,
            "TeamDesc": team.name,
            "ReviewDate": plus(on, days=90).isoformat(),
        },
        key=number,
        updated=when,
    )


def mental_health_act(
    history: History, section: str, since: date, days: int, *, reason: str, community: bool = False
) -> None:
    """A period under the Mental Health Act, with its end where it is over."""
    number = f"MHA-{history.number()}"
    expires = plus(since, days=days)
    over = expires < history.person.until
    ended = plus(since, days=max(1, int(days * 0.7))) if over else None
    history.add(
        history.mental_health,
        "MentalHealthActPeriodsList",
        {
            "PeriodId": number,
            "LegalStatusCode": section,
            "LegalStatusDesc": MHA_STATUS.meanings[section].capitalize(),
            "StartDate": clock(since, 3, 15),
            "ExpiryDate": clock(expires, 23, 59),
            "EndDate": clock(ended, 12) if ended else None,
            "StartReason": reason,
            "EndReason": "Discharged by responsible clinician" if ended else None,
            "MentalCategoryCode": "A",
            "IsCurrent": "No" if ended else "Yes",
            "ResponsibleClinician": "Dr E Whitlock",
            "CommunityTreatmentOrder": "Yes" if community else "No",
            "ConditionalDischarge": "No",
            "NextTribunalDate": None if ended else plus(AS_AT, days=40).isoformat(),
            "SiteDesc": "Riverside Unit",
            "WardDesc": "Willow Ward",
        },
        key=number,
        updated=clock(ended or since, 12),
    )


def crisis_plan(history: History, on: date, *, contact: tuple[str, str, str] | None = None) -> None:
    """What helps in a crisis, in the patient's words; `contact` is a name, a relationship, a telephone."""
    number = f"CR-{history.number()}"
    listed: list[Item] = []
    if contact:
        listed.append(dict(zip(("Name", "Relationship", "Telephone"), contact, strict=True)))
    history.add(
        history.mental_health,
        "CrisisPlansList",
        {
            "CrisisPlanId": number,
            "CreatedDate": midnight(on),
            "LastUpdatedDate": midnight(on),
            "ReviewDate": years_after(on, 1).isoformat(),
            "Status": "Active",
            "EarlyWarningSigns": history.rng.choice(
                ("Sleeping little, talking fast", "Stops eating, stays in bed")
            ),
            "Triggers": history.rng.choice(("Losing sleep", "Anniversaries", "Changes of medicine")),
            "WhatICanDo": "Ring the team, keep to the sleep routine",
            "WhatOthersCanDo": "Stay calm, call first",
            "WhatDoesNotHelp": "Being crowded",
            "PreferredTreatment": "Home treatment before hospital",
            "Contacts": {"Contact": listed, "TotalItemCount": len(listed)},
            "CrisisTeamTelephone": CRISIS_LINE,
            "AgreedByPatient": "Yes",
            "AuthorName": MENTAL_HEALTH_TEAM.staff,
        },
        key=number,
        updated=midnight(on),
    )
