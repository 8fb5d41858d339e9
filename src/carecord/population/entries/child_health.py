"""What the child health service writes: the birth, screening, immunisations and reviews."""

from datetime import date

from carecord.catalogue.value_lists import NEWBORN_STATUS
from carecord.population.dates import in_hours, later, midnight, plus
from carecord.population.entries.maternity import MIDWIFE, birth_hour, birth_weight
from carecord.population.history import History
from carecord.population.people import Person

LABORATORY = "Eastvale Newborn Screening"
BLOOD_SPOT_CONDITIONS = (
    "Phenylketonuria",
    "Congenital hypothyroidism",
    "Sickle cell disease",
    "Cystic fibrosis",
    "Medium-chain acyl-CoA dehydrogenase deficiency",
)


def birth(history: History, mother: Person | None, *, born_together: int, gestation: str) -> None:
    """The birth, as it was notified."""
    child = history.person
    when = birth_hour(child)
    history.add(
        history.child_health,
        "birth-details",
        {
            "BirthDate": when,
            "PlaceOfBirth": "Eastvale General Hospital",
            "BirthOrder": child.birth_order,
            "NumberInDelivery": born_together,
            "GestationAtBirth": gestation,
            "DeliveryMethodDesc": "Spontaneous vertex",
            "BirthWeightGrams": birth_weight(child),
            "BirthLengthCm": f"{50 + child.number % 4}",
            "HeadCircumferenceCm": f"{34 + child.number % 3 / 2}",
            "Apgar1": 9,
            "Apgar5": 10,
            "VitaminK": "Intramuscular",
            "FirstFeed": "Breast milk",
            "MotherNhsNumber": mother.nhs_number if mother else None,
            "NeonatalAdmission": "No",
        },
        key="birth",
        updated=later(when, minutes=600),
    )


def screening(
    history: History,
    programme: str,
    condition: str,
    on: date,
    *,
    outcome: str,
    code: str | None = None,
    action: str = "None",
    card: str | None = None,
) -> None:
    """One result of a screening programme."""
    history.add(
        history.child_health,
        "ChildScreeningList",
        {
            "ScreeningProgramme": programme,
            "Condition": condition,
            "Date": midnight(on),
            "ResultReceivedDate": midnight(plus(on, days=5)) if code else None,
            "OutcomeCode": code,
            "OutcomeDesc": outcome,
            "FurtherAction": action,
            "Laboratory": LABORATORY if code else None,
            "CardSerialNumber": card,
            "StaffName": MIDWIFE,
        },
        updated=midnight(plus(on, days=5)) if code else midnight(on),
    )


def blood_spot(history: History, on: date) -> None:
    """The newborn blood spot card: a row for each condition."""
    card = f"{history.number() % 10_000_000:07}"
    for condition in BLOOD_SPOT_CONDITIONS:
        code = "05" if condition.startswith("Sickle") and history.chance(0.01) else "04"
        screening(
            history,
            "Newborn blood spot",
            condition,
            on,
            outcome=NEWBORN_STATUS.meanings[code].capitalize(),
            code=code,
            card=card,
        )


def immunisation(
    history: History,
    kind: str,
    text: str,
    on: date,
    dose: int,
    *,
    given: bool = True,
    snomed: str | None = None,
    site: str = "Left thigh",
    school: bool = False,
) -> None:
    """A vaccine of the childhood schedule."""
    when = in_hours(on, history.rng)
    history.add(
        history.child_health,
        "ChildImmunisationsList",
        {
            "Date": when,
            "ProcedureDesc": text,
            "SnomedCTCode": snomed,
            "ImmunisationType": kind,
            "DoseNumber": dose,
            "GivenStatus": "Given" if given else "Not given",
            "NotGivenReason": None if given else "Parent declined",
            "BatchNumber": f"{kind[:1].upper()}{on.year % 100}CE{100 + on.toordinal() % 900}B"
            if given
            else None,
            "ExpiryDate": plus(on, days=400).isoformat() if given else None,
            "Site": site if given else None,
            "ConsentGivenBy": "Parent" if given else None,
            "GivenAt": "School" if school else history.practice.name,
            "SchoolName": "Hartley Academy" if school else None,
            "StaffName": "Nurse D Cole",
        },
        updated=when,
    )


def review(
    history: History,
    kind: str,
    on: date,
    *,
    age: str,
    weight: float | None = None,
    height: float | None = None,
    head: float | None = None,
    summary: str,
    team: str = "Hartley health visitors",
    staff: str = "Health visitor L Green",
    feeding: str | None = None,
    following: date | None = None,
) -> None:
    """A health visitor's or school nurse's review, with growth."""
    number = f"HV-{history.number()}"
    when = in_hours(on, history.rng)
    history.add(
        history.child_health,
        "ChildReviewsList",
        {
            "ReviewId": number,
            "Date": when,
            "ReviewType": kind,
            "AgeAtReview": age,
            "WeightKg": None if weight is None else f"{weight:.1f}",
            "HeightOrLengthCm": None if height is None else f"{height:.1f}",
            "HeadCircumferenceCm": None if head is None else f"{head:.1f}",
            "WeightCentile": None
            if weight is None
            else history.rng.choice(("25th", "50th", "50th", "75th", "91st")),
            "BreastfeedingStatus": feeding,
            "DevelopmentSummary": summary,
            "MaternalMoodDiscussed": "Yes" if feeding else None,
            "ServiceLevel": history.rng.choices(("Universal", "Targeted", "Specialist"), (85, 12, 3))[0],
            "StaffName": staff,
            "TeamDesc": team,
            "NextReviewDate": following.isoformat() if following else None,
        },
        key=number,
        updated=when,
    )
