"""What nearly every record holds: registration, addresses, small complaints, checks and vaccines."""

from datetime import date

from carecord.population import codes
from carecord.population.codes import UNCODED, Concept, Medicine
from carecord.population.dates import AS_AT, between, in_hours, plus, years_after
from carecord.population.entries import demographics, gp, laboratory
from carecord.population.history import History
from carecord.population.stories.story import Story

COMPLAINTS: tuple[tuple[Concept, Medicine | None, str], ...] = (
    (codes.COLD, None, "Viral, advice given"),
    (codes.CHEST_INFECTION, codes.AMOXICILLIN, "Chest clear at bases, green sputum"),
    (codes.BACK_PAIN, codes.NAPROXEN, "No red flags, exercises given"),
    (codes.TONSILLITIS, codes.AMOXICILLIN, "Exudate, tender nodes"),
    (codes.EAR_INFECTION, codes.AMOXICILLIN, "Drum red"),
    (codes.GASTROENTERITIS, None, "Fluids, return if no better"),
    (codes.ECZEMA, codes.EMOLLIENT, "Flexures"),
    (codes.HEADACHE, codes.PARACETAMOL, "Tension type, neurology normal"),
    (codes.URINARY_INFECTION, codes.NITROFURANTOIN, "Dysuria and frequency"),
)
LASTING: tuple[tuple[Concept, Medicine, int], ...] = (
    (codes.REFLUX, codes.OMEPRAZOLE, 30),
    (codes.HYPOTHYROIDISM, codes.LEVOTHYROXINE, 35),
    (codes.MIGRAINE, codes.SUMATRIPTAN, 18),
    (codes.ALLERGIC_RHINITIS, codes.CETIRIZINE, 8),
    (codes.OSTEOARTHRITIS, codes.PARACETAMOL, 55),
)
RECORDS_FROM = date(2014, 1, 1)


def _tell(history: History) -> None:
    _administration(history)
    _complaints(history)
    _lasting(history)
    if history.person.age >= 18:
        _checks(history)
    if history.person.age >= 65 or history.chance(0.1):
        _influenza(history)


def _administration(history: History) -> None:
    person = history.person
    registered = max(person.born, between(date(1998, 1, 1), plus(person.until, days=-200), history.rng))
    if registered == person.born:
        registered = min(plus(person.born, days=20), plus(person.until, days=-1))
    gp.registration(history, registered)
    demographics.addresses(history, history.gp)
    if history.chance(0.7):
        demographics.contact(history, history.gp)
    if history.chance(0.5):
        demographics.identifier(history, history.gp, "NHS number", person.nhs_number, since=registered)
        demographics.gp_registrations(history, history.gp, registered)
    if person.language != "en":
        demographics.communication_need(
            history,
            history.gp,
            "Interpreter",
            "Interpreter needed",
            plus(registered, days=1),
            method="Letter",
        )
    if history.chance(0.04):
        demographics.communication_need(
            history,
            history.gp,
            "Contact preference",
            "Prefers to be telephoned",
            plus(registered, days=1),
            method="Telephone",
        )
    roll = history.rng.random()
    decided = between(max(registered, RECORDS_FROM), plus(person.until, days=-1), history.rng)
    if roll < 0.15:
        demographics.sharing(history, history.gp, "Agreed", decided)
    elif roll < 0.158:
        demographics.sharing(
            history, history.gp, "Refused", decided, reason="Does not want the record shared"
        )


def _complaints(history: History) -> None:
    person = history.person
    often = 2 if person.age < 60 else 4
    since = max(person.born, RECORDS_FROM, years_after(person.until, -6))
    for _ in range(int(history.rng.expovariate(1) * often)):
        on = between(since, plus(person.until, days=-1), history.rng)
        concept, medicine, notes = history.rng.choice(COMPLAINTS)
        gp.encounter(history, on, notes=notes if history.chance(0.6) else "")
        if history.chance(0.3):
            gp.problem(
                history, concept, on, ended=min(plus(on, days=21), plus(person.until, days=-1)), major=False
            )
        if medicine and history.chance(0.7):
            gp.issue(history, medicine, on)
        if concept is codes.URINARY_INFECTION and history.chance(0.5):
            laboratory.urine_culture(history, max(since, plus(on, days=-1)), grown=history.chance(0.6))
    for _ in range(int(history.rng.random() * 2)):
        on = between(since, plus(person.until, days=-1), history.rng)
        gp.encounter(history, on, "Telephone encounter", read="9N31.")


def _lasting(history: History) -> None:
    person = history.person
    for concept, medicine, from_age in LASTING:
        if person.age < from_age + 2 or not history.chance(0.05):
            continue
        since = between(
            max(years_after(person.born, from_age), RECORDS_FROM), plus(person.until, days=-90), history.rng
        )
        gp.problem(history, concept, since, major=False)
        gp.repeat(history, medicine, since)
    if person.age > 30 and history.chance(0.06):
        since = between(
            max(years_after(person.born, 20), RECORDS_FROM), plus(person.until, days=-400), history.rng
        )
        gp.past_repeat(history, codes.IBUPROFEN, since, plus(since, days=200), "No longer needed")
    if person.age > 75 and history.chance(0.25):
        on = between(years_after(person.until, -5), plus(person.until, days=-1), history.rng)
        gp.further_problem(history, "Reduced mobility", on, notes="Uses one stick")


def _checks(history: History) -> None:
    person, rng = history.person, history.rng
    on = between(
        max(years_after(person.born, 18), years_after(person.until, -3)), plus(person.until, days=-1), rng
    )
    height = (162 if person.female else 176) + rng.gauss(0, 6)
    bmi = max(17.0, rng.gauss(27, 4.5))
    weight = bmi * (height / 100) ** 2
    when = in_hours(on, rng)
    for measure, value in ((codes.HEIGHT, height), (codes.WEIGHT, weight), (codes.BMI, bmi)):
        gp.observe(history, measure, value, on, when=when)
    if history.chance(0.5):
        gp.blood_pressure(
            history, rng.gauss(128, 12), rng.gauss(77, 8), on, (codes.SYSTOLIC, codes.DIASTOLIC)
        )
    smoking = rng.choices((codes.NEVER_SMOKED, codes.EX_SMOKER, codes.SMOKER), (60, 27, 13))[0]
    gp.lifestyle(history, "Smoking", smoking, on)
    if history.chance(0.6):
        units = int(rng.expovariate(0.6))
        gp.lifestyle(history, "Alcohol", codes.ALCOHOL_UNITS, on, value=str(units), units="units/day")
    if bmi >= 35:
        gp.problem(history, codes.OBESITY, on, major=False)
    if history.chance(0.12):
        relationship = rng.choice(("Father", "Mother", "Brother", "Sister"))
        gp.family_history(
            history, "Angina", relationship, on, age=45 + int(rng.random() * 30), snomed="275121006"
        )
    if person.age >= 40 and history.chance(0.4):
        laboratory.blood_test(history, laboratory.LIPIDS, [(codes.CHOLESTEROL, rng.gauss(5.1, 0.9))], on)
    if history.chance(0.25):
        count = [
            (codes.HAEMOGLOBIN, rng.gauss(132 if person.female else 146, 11)),
            (codes.WHITE_CELLS, abs(rng.gauss(7, 1.6)) + 1),
            (codes.PLATELETS, rng.gauss(260, 55)),
        ]
        laboratory.blood_test(history, laboratory.FULL_BLOOD_COUNT, count, on, reason="Tired all the time")
    if person.female and 25 <= person.age <= 64:
        due = between(plus(AS_AT, days=-200), plus(AS_AT, days=900), rng)
        gp.recall(history, "Cervical screening", due, "Screening")


def _influenza(history: History) -> None:
    person = history.person
    for year in (person.until.year - 2, person.until.year - 1, person.until.year):
        on = between(date(year, 9, 20), date(year, 12, 10), history.rng)
        if not max(plus(person.born, days=800), RECORDS_FROM) < on < person.until:
            continue
        gp.immunisation(
            history,
            "Seasonal influenza vaccination",
            on,
            disease="Influenza",
            vaccine="Inactivated influenza vaccine 0.5ml",
            read="65ED." if history.chance(0.9) else UNCODED,
            refused="Declined" if history.chance(0.08) else None,
        )


STORY = Story("everyday", lambda person: 0.97, _tell)
