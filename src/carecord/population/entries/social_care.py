"""What social care writes of adults and children: cases, workers, assessments, risks, plans, status."""

from dataclasses import dataclass
from datetime import date

from carecord.population.dates import clock, later, midnight, plus
from carecord.population.history import History, Item
from carecord.population.organisations import SourceSystem


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker and the team."""

    name: str
    role: str
    team_code: str
    team: str
    telephone: str
    email: str


ADULT_WORKER = Worker(
    "Priya Nair", "Social worker", "HLT", "Hartley locality team", "01999 555300", "p.nair@eastvale.example"
)
CHILD_WORKER = Worker(
    "Tom Ashdown",
    "Social worker",
    "CIN",
    "Children in need team",
    "01999 555340",
    "t.ashdown@eastvale.example",
)


def case_worker(
    history: History,
    system: SourceSystem,
    worker: Worker,
    since: date,
    *,
    ended: date | None = None,
    key_worker: bool = True,
) -> None:
    history.add(
        system,
        "CaseWorkersList",
        {
            "Section": "InactiveCaseWorkers" if ended else "ActiveCaseWorkers",
            "Name": worker.name,
            "Role": worker.role,
            "TeamCode": worker.team_code,
            "TeamDesc": worker.team,
            "TelephoneNumber": worker.telephone,
            "EmailAddress": worker.email,
            "KeyWorkerIndicator": "Yes" if key_worker else "No",
            "StartDate": midnight(since),
            "EndDate": midnight(ended) if ended else None,
        },
        updated=midnight(ended or since),
    )


def related_person(
    history: History,
    system: SourceSystem,
    *,
    given: str,
    family: str,
    relationship: str,
    mobile: str | None = None,
    flag: str | None = "Next Of Kin",
) -> None:
    history.add(
        system,
        "RelatedPersonsList",
        {
            "Section": "ActiveRelatedPersons",
            "GivenName": given,
            "FamilyName": family,
            "RelationshipDescription": relationship,
            "AddressLine3": "Eastvale",
            "MobileNumber": mobile,
            "RelationshipFlag": flag,
        },
        updated=midnight(history.person.moved_in),
    )


def referral(
    history: History,
    system: SourceSystem,
    worker: Worker,
    on: date,
    reason: str,
    *,
    description: str,
    ended: date | None = None,
) -> None:
    history.add(
        system,
        "SocialCareReferralsList",
        {
            "Section": "CompletedReferrals" if ended else "ActiveReferrals",
            "Date": midnight(on),
            "EndDate": midnight(ended) if ended else None,
            "Reason": reason,
            "Description": description,
            "RequesterCode": history.practice.code,
            "RequesterDesc": history.practice.name,
            "TeamCode": worker.team_code,
            "TeamDesc": worker.team,
            "Status": "completed" if ended else "active",
        },
        updated=midnight(ended or on),
    )


def assessment(
    history: History,
    system: SourceSystem,
    worker: Worker,
    kind: str,
    on: date,
    *,
    outcome: str,
    reason: str,
    child: bool = False,
) -> None:
    finished = plus(on, days=3)
    history.add(
        system,
        "AssessmentEventsList",
        {
            "Section": "ChildAssessmentEvents" if child else "AdultAssessmentEvents",
            "Date": midnight(on),
            "EndDate": midnight(finished),
            "Type": kind,
            "Description": reason,
            "Outcome": outcome,
            "EligibilityDecision": None if child else "Eligible",
            "PrimarySupportReason": None if child else "Physical support: personal care",
            "AssessorName": worker.name,
            "TeamCode": worker.team_code,
            "TeamDesc": worker.team,
            "ReviewDate": plus(on, days=182).isoformat(),
            "Status": "Completed",
        },
        updated=midnight(finished),
    )


def safeguarding(
    history: History,
    system: SourceSystem,
    worker: Worker,
    on: date,
    kind: str,
    *,
    section: str = "SafeguardingEvents",
    abuse: str | None = "Neglect",
    outcome: str | None = "Risk reduced",
    days: int = 40,
) -> None:
    """A concern, an enquiry, a deprivation of liberty, a conference or a missing episode."""
    ended = plus(on, days=days)
    over = ended < history.person.until
    liberty = section == "DOLSEvents"
    history.add(
        system,
        "SafeguardingList",
        {
            "Section": section,
            "Date": midnight(on),
            "EndDate": midnight(ended) if over else None,
            "Type": kind,
            "Stage": "Closed" if over else "Open",
            "AbuseType": abuse,
            "Location": "Own home",
            "RiskTo": "Person",
            "Outcome": outcome if over else None,
            "AuthorisationExpiryDate": ended.isoformat() if liberty else None,
            "SupervisoryBody": "Eastvale Council" if liberty else None,
            "WorkerName": worker.name,
            "TeamDesc": worker.team,
            "Status": "Completed" if over else "Active",
        },
        updated=midnight(ended if over else on),
    )


def case_event(
    history: History,
    system: SourceSystem,
    worker: Worker,
    on: date,
    title: str,
    *,
    notes: str,
    meeting: bool = True,
) -> None:
    when = clock(on, 14)
    history.add(
        system,
        "CaseEventsList",
        {
            "Section": "MeetingEvents" if meeting else "CaseNotesEvents",
            "Date": when,
            "Type": "Multi-agency meeting" if meeting else "Case note",
            "Title": title,
            "Notes": notes,
            "Attendees": f"{worker.name}; family" if meeting else None,
            "Outcome": "Review in six weeks" if meeting else None,
            "WorkerName": worker.name,
            "TeamDesc": worker.team,
            "NextDate": plus(on, days=42).isoformat() if meeting else None,
        },
        updated=when,
    )


def risk(
    history: History,
    system: SourceSystem,
    worker: Worker,
    on: date,
    kind: str,
    *,
    section: str = "Risks",
    description: str,
    mitigation: str | None = None,
    severity: str = "Medium",
) -> None:
    history.add(
        system,
        "SocialCareRisksList",
        {
            "Section": section,
            "Type": kind,
            "Description": description,
            "Severity": severity,
            "Mitigation": mitigation,
            "StartDate": midnight(on),
            "ReviewDate": plus(on, days=182).isoformat(),
            "RecordedBy": worker.name,
        },
        updated=midnight(on),
    )


def child_status(
    history: History,
    section: str,
    since: date,
    category: str,
    *,
    ended: date | None = None,
    legal: str | None = None,
    placement: str | None = None,
) -> None:
    """A child protection plan, a child in need, or a looked-after child."""
    history.add(
        history.childrens_services,
        "ChildStatusList",
        {
            "Section": section,
            "Status": "Ended" if ended else "Active",
            "StartDate": midnight(since),
            "EndDate": midnight(ended) if ended else None,
            "CategoryDesc": category,
            "LegalStatusDesc": legal,
            "PlacementTypeDesc": placement,
            "PlacementProvider": "Eastvale Council fostering" if placement else None,
            "LocalAuthority": "Eastvale Council",
            "WorkerName": CHILD_WORKER.name,
            "WorkerTelephone": CHILD_WORKER.telephone,
            "NextReviewDate": None if ended else plus(history.person.until, days=70).isoformat(),
        },
        updated=midnight(ended or since),
    )


def disability(
    history: History, system: SourceSystem, code: str, text: str, since: date, *, equipment: str | None = None
) -> None:
    history.add(
        system,
        "DisabilitiesList",
        {
            "DisabilityCode": code,
            "DisabilityDesc": text,
            "ImpactDesc": history.rng.choice(("A little", "A lot")),
            "PrimaryIndicator": "Yes",
            "Equipment": equipment,
            "StartDate": midnight(since),
        },
        updated=midnight(since),
    )


def classification(
    history: History, system: SourceSystem, kind: str, code: str, text: str, since: date
) -> None:
    history.add(
        system,
        "ClassificationsList",
        {
            "Section": "ActiveClassifications",
            "Type": kind,
            "Code": code,
            "Description": text,
            "StartDate": midnight(since),
        },
        updated=midnight(since),
    )


def care_plan(
    history: History, system: SourceSystem, since: date, provisions: tuple[tuple[str, str, str], ...]
) -> None:
    """A plan with what is provided: each a type, a name and a provider."""
    listed: list[Item] = [
        {
            "Status": "Provisioned",
            "ServiceType": kind,
            "ServiceName": name,
            "ProviderName": provider,
            "ProviderPhone": f"01632 960{200 + int(history.rng.random() * 700):03}",
        }
        for kind, name, provider in provisions
    ]
    modified = clock(plus(since, days=15), 15, 31)
    history.add(
        system,
        "SocialCareCarePlansList",
        {
            "Type": "las",
            "StartDate": midnight(since),
            "Status": "Active",
            "ModifiedDate": modified,
            "ReviewDate": midnight(plus(since, days=182)),
            "ServiceProvisions": {"ServiceProvision": listed, "TotalItemCount": len(listed)},
        },
        updated=modified,
    )


def summary(
    history: History,
    system: SourceSystem,
    worker: Worker,
    on: date,
    *,
    risk: bool = False,
    disabled: bool = False,
) -> None:
    """The head of the whole view: case number, team and what applies to the person."""
    child = system is history.childrens_services
    case = f"{system.prefix}{history.number()}"
    updated = later(clock(on, 10), minutes=22)
    history.add(
        system,
        "record",
        {
            "Summary": {
                "CaseNumbers": [{"CaseNumber": case}],
                "Team": worker.team,
                "DisabilityIndicator": "Yes" if disabled else "No",
                "InterpreterRequiredIndicator": "No" if history.person.language == "en" else "Yes",
                "RiskIndicator": "Yes" if risk else "No",
                "ChildInNeedIndicator": "Yes" if child else None,
                "LastUpdatedDate": updated,
            }
        },
        key=case,
        updated=updated,
    )
