"""What maternity writes: a pregnancy, its contacts and scans, the birth."""

from dataclasses import dataclass
from datetime import date

from carecord.population.dates import clock, in_hours, later, midnight, plus
from carecord.population.history import History, Item
from carecord.population.people import Person

MIDWIFE = "Midwife R Osei"
TEAM, TELEPHONE = "Hartley community midwives", "01999 555910"
TERM_DAYS = 280
YEARS_BACK = 4
"""Births longer ago were before the maternity system."""


@dataclass(frozen=True, slots=True)
class Pregnancy:
    """A pregnancy by its due day, and the children it ended with, if it has ended."""

    number: str
    due: date
    booked: date
    children: tuple[Person, ...] = ()

    @property
    def last_period(self) -> date:
        return plus(self.due, days=-TERM_DAYS)

    def gestation(self, on: date) -> str:
        """Weeks and days."""
        weeks, days = divmod((on - self.last_period).days, 7)
        return f"{weeks}+{days}"


def pregnancy(history: History, due: date, children: tuple[Person, ...], *, births_before: int) -> Pregnancy:
    """Write a pregnancy, current or ended."""
    rng = history.rng
    number = f"PG-{history.number()}"
    booked = plus(due, days=-TERM_DAYS + 63 + int(rng.random() * 28))
    found = Pregnancy(number, due, booked, children)
    born = children[0].born if children else None
    discharged = midnight(plus(born, days=15)) if born else None
    history.add(
        history.maternity,
        "PregnanciesList",
        {
            "PregnancyId": number,
            "BookingDate": clock(booked, 10),
            "FirstContactDate": midnight(plus(booked, days=-14)),
            "LastMenstrualPeriodDate": found.last_period.isoformat(),
            "EstimatedDeliveryDate": due.isoformat(),
            "EstimatedDeliveryMethod": "Dating scan",
            "GestationAtBooking": found.gestation(booked),
            "Gravida": births_before + 1,
            "Parity": f"{births_before}+0",
            "PreviousLiveBirths": births_before,
            "PreviousCaesareans": 0,
            "NumberOfFetuses": max(1, len(children)),
            "RiskLevel": "Standard" if len(children) < 2 and rng.random() < 0.8 else "Intermediate",
            "BloodGroup": rng.choice(
                ("O Rh(D) positive", "A Rh(D) positive", "B Rh(D) positive", "O Rh(D) negative")
            ),
            "BmiAtBooking": f"{max(18.0, rng.gauss(26, 4)):.1f}",
            "SmokingStatusAtBooking": rng.choice(("Never smoked", "Never smoked", "Ex-smoker", "Smoker")),
            "FolicAcidTaken": "Yes" if rng.random() < 0.8 else "No",
            "ComplexSocialFactors": "No",
            "SafeguardingConcern": "No",
            "IntendedPlaceOfBirth": "Midwifery unit, alongside",
            "LeadProfessional": MIDWIFE,
            "TeamDesc": TEAM,
            "TeamTelephone": TELEPHONE,
            "Status": "Ended" if born else "Current",
            "Outcome": "Live birth" if born else None,
            "DischargeDate": discharged,
        },
        key=number,
        updated=discharged if born and plus(born, days=15) < history.person.until else clock(booked, 10),
    )
    return found


def visits(history: History, told: Pregnancy, *, until: date) -> None:
    """The contacts and scans of a pregnancy up to a day."""
    planned = (
        (12, "Dating scan", "Dates agree"),
        (16, "Antenatal", "Well"),
        (20, "Anomaly scan", "Growth on 50th centile"),
        (28, "Antenatal", "Well"),
        (34, "Antenatal", "Well"),
        (38, "Antenatal", "Well"),
    )
    days = [(told.booked, "Booking", "Well")]
    days += [(plus(told.last_period, weeks=weeks), kind, finding) for weeks, kind, finding in planned]
    born = told.children[0].born if told.children else None
    if born:
        days += [(plus(born, days=5), "Postnatal", "Recovering well")]
    for on, kind, finding in sorted(days):
        if on > until or (born and kind != "Postnatal" and on >= born):
            continue
        _visit(history, told, on, kind, finding)


def _visit(history: History, told: Pregnancy, on: date, kind: str, finding: str) -> None:
    rng = history.rng
    scan = kind.endswith("scan")
    weeks = (on - told.last_period).days // 7
    antenatal = kind == "Antenatal"
    number = f"MC-{history.number()}"
    when = in_hours(on, rng)
    history.add(
        history.maternity,
        "MaternityContactsList",
        {
            "ContactId": number,
            "PregnancyId": told.number,
            "ContactDate": when,
            "ContactType": kind,
            "Gestation": None if kind == "Postnatal" else told.gestation(on),
            "LocationDesc": "Patient's home"
            if kind == "Postnatal"
            else "Eastvale General Hospital"
            if scan
            else TEAM,
            "StaffName": "Sonographer P Lind" if scan else MIDWIFE,
            "StaffRole": "Sonographer" if scan else "Midwife",
            "AttendanceDesc": "Attended",
            "SystolicBloodPressure": f"{rng.gauss(112, 9):.0f}",
            "DiastolicBloodPressure": f"{rng.gauss(68, 7):.0f}",
            "Weight": f"{55 + weeks * 0.35 + rng.random() * 12:.1f}",
            "Urinalysis": None if scan else "Nothing abnormal",
            "FundalHeight": str(weeks) if antenatal and weeks >= 24 else None,
            "FetalHeartRate": f"{rng.gauss(142, 7):.0f}" if scan or antenatal else None,
            "FetalMovements": "Felt" if weeks >= 20 and kind != "Postnatal" else None,
            "Presentation": "Cephalic" if antenatal and weeks >= 34 else None,
            "PlacentaSite": "Posterior, clear of os" if kind == "Anomaly scan" else None,
            "ScreeningTest": "Fetal anomaly screening" if kind == "Anomaly scan" else None,
            "ScreeningResult": "No anomaly seen" if kind == "Anomaly scan" else None,
            "CarbonMonoxide": "2" if kind == "Booking" else None,
            "Findings": finding,
        },
        key=number,
        updated=when,
    )


def birth_hour(child: Person) -> str:
    """The time of a birth, the same wherever it is written: twins follow one another."""
    minutes = child.household * 37 % 1200
    return later(clock(child.born, 1), minutes=minutes + 12 * (child.birth_order - 1))


def birth_weight(child: Person) -> int:
    """In grams."""
    return (2450 if child.birth_order > 1 else 3380) + child.household * 53 % 500 - 200


def delivery(history: History, told: Pregnancy, *, caesarean: bool) -> None:
    """Labour and birth, with every baby."""
    first = told.children[0]
    born = birth_hour(first)
    number = f"LD-{history.number()}"
    babies: list[Item] = [
        {
            "BirthOrder": order,
            "NhsNumber": child.nhs_number,
            "BirthDate": birth_hour(child),
            "Outcome": "Live birth",
            "PhenotypicSex": child.sex,
            "BirthWeightGrams": birth_weight(child),
            "Apgar1": 9,
            "Apgar5": 10,
            "Presentation": "Cephalic",
            "FirstFeed": "Breast milk" if history.chance(0.7) else "Formula",
            "NeonatalAdmission": "No",
        }
        for order, child in enumerate(told.children, 1)
    ]
    history.add(
        history.maternity,
        "DeliveriesList",
        {
            "DeliveryId": number,
            "PregnancyId": told.number,
            "LabourOnsetDate": None if caesarean else later(born, minutes=-430),
            "LabourOnsetMethod": "Caesarean before labour" if caesarean else "Spontaneous",
            "DeliveryDate": born,
            "DeliveryMethodCode": "7" if caesarean else "0",
            "DeliveryMethodDesc": "Elective caesarean section" if caesarean else "Spontaneous vertex",
            "PlaceOfBirth": "Operating theatre" if caesarean else "Midwifery unit, alongside",
            "SiteDesc": "Eastvale General Hospital",
            "GestationAtBirth": told.gestation(first.born),
            "Anaesthesia": "Spinal" if caesarean else "Entonox",
            "BloodLossMl": f"{max(120, history.rng.gauss(380, 130)):.0f}",
            "Placenta": "Complete",
            "NumberOfBabies": len(babies),
            "Babies": {"Baby": babies, "TotalItemCount": len(babies)},
            "DeliveredBy": MIDWIFE,
        },
        key=number,
        updated=later(born, minutes=90),
    )
