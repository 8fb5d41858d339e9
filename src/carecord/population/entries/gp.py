"""What a GP system writes."""

from collections.abc import Sequence
from datetime import date

from carecord.population.codes import UNCODED, Concept, Measure, Medicine
from carecord.population.dates import AS_AT, between, clock, in_hours, later, midnight, plus, years_after
from carecord.population.history import History
from carecord.population.organisations import Consultant

ISSUES_KEPT = 2
"""How many issues of a repeat medicine are written; a full ledger would drown the rest."""


def problem(
    history: History,
    concept: Concept,
    onset: date,
    *,
    ended: date | None = None,
    major: bool = True,
    notes: str | None = None,
) -> None:
    """A problem, active or past."""
    doctor = history.person.doctor
    item = {
        "Date": midnight(onset),
        "Rubric": concept.text,
        "ReadCode": concept.read,
        "SnomedCTCode": concept.snomed,
        "Significance": "Major" if major else "Minor",
        "Episode": "First",
        "RecordedDate": midnight(onset),
        "Notes": notes,
        "StaffCode": doctor.code,
        "StaffRole": doctor.role,
    }
    if ended is None:
        reviewed = between(
            max(onset, plus(history.person.until, days=-500)), history.person.until, history.rng
        )
        item["LastReviewDate"] = midnight(plus(reviewed, days=-1)) if reviewed > onset else None
        history.add(history.gp, "ActiveProblemsCollection", item, updated=midnight(onset))
    else:
        item["EndDate"] = midnight(ended)
        history.add(history.gp, "PastProblemsCollection", item, updated=midnight(ended))


def further_problem(
    history: History, text: str, on: date, *, notes: str | None = None, snomed: str | None = None
) -> None:
    """A problem-like entry that is on no problem list."""
    history.add(
        history.gp,
        "AdditionalProblemsCollection",
        {"Date": midnight(on), "Rubric": text, "ReadCode": UNCODED, "Notes": notes, "SnomedCTCode": snomed},
        updated=midnight(on),
    )


def repeat(history: History, medicine: Medicine, since: date) -> None:
    """A medicine on repeat, with its latest issues."""
    until = history.person.until
    last = max(since, plus(until, days=-1 - int(history.rng.random() * 27)))
    history.add(
        history.gp,
        "GpRepeatMedicationsList",
        {
            "Date": midnight(since),
            "ReadCode": medicine.read,
            "Rubric": medicine.rubric,
            "Quantity": medicine.quantity,
            "Dosage": medicine.dosage,
            "LastIssuedDate": midnight(last),
            "Units": medicine.units,
        },
        updated=midnight(last),
    )
    for back in range(ISSUES_KEPT):
        on = plus(last, weeks=-4 * back)
        if on >= since:
            issue(history, medicine, on, kind="Repeat")


def issue(history: History, medicine: Medicine, on: date, *, kind: str = "Acute") -> None:
    """One issue of a medicine."""
    history.add(
        history.gp,
        "GpIssuedMedicationsList",
        {
            "Date": midnight(on),
            "Rubric": medicine.rubric,
            "ReadCode": medicine.read,
            "Quantity": medicine.quantity,
            "Dosage": medicine.dosage,
            "Units": medicine.units,
            "PrescriptionType": kind,
        },
        updated=midnight(on),
    )


def past_repeat(history: History, medicine: Medicine, since: date, ended: date, reason: str) -> None:
    """A repeat medicine that was stopped."""
    history.add(
        history.gp,
        "GpPastMedicationsList",
        {
            "Date": midnight(since),
            "ReadCode": medicine.read,
            "Rubric": medicine.rubric,
            "Quantity": medicine.quantity,
            "Dosage": medicine.dosage,
            "LastIssuedDate": midnight(max(since, plus(ended, days=-20))),
            "Units": medicine.units,
            "EndDate": midnight(ended),
            "EndReason": reason,
        },
        updated=midnight(ended),
    )


def allergy(
    history: History,
    concept: Concept,
    on: date,
    *,
    drug: bool,
    reaction: Concept,
    severity: str,
    certainty: str = "Likely",
) -> None:
    doctor = history.person.doctor
    history.add(
        history.gp,
        "GpAllergiesList",
        {
            "Date": midnight(on),
            "Rubric": concept.text,
            "ReadCode": concept.read,
            "SnomedCTCode": concept.snomed,
            "AllergyType": "Drug" if drug else "Non Drug",
            "Reaction": reaction.text,
            "ReactionSnomedCTCode": reaction.snomed,
            "Severity": severity,
            "Certainty": certainty,
            "StaffCode": doctor.code,
            "StaffRole": doctor.role,
        },
        updated=midnight(on),
    )


def immunisation(
    history: History,
    rubric: str,
    on: date,
    *,
    disease: str,
    vaccine: str,
    dose: int = 1,
    read: str = UNCODED,
    snomed: str | None = None,
    refused: str | None = None,
    site: str = "Left upper arm",
) -> None:
    """A vaccine given, or not given and why."""
    nurse = history.practice.nurse
    when = in_hours(on, history.rng)
    given = refused is None
    history.add(
        history.gp,
        "GpImmunisationsList",
        {
            "Date": when,
            "Rubric": rubric,
            "ReadCode": read,
            "SnomedCTCode": snomed,
            "GivenStatus": "Given" if given else "Not given",
            "NotGivenReason": refused,
            "VaccineName": vaccine if given else None,
            "DoseNumber": dose,
            "TargetDisease": disease,
            "BatchNumber": f"{disease[:3].upper()}{on.year % 100}A{100 + on.toordinal() % 900}"
            if given
            else None,
            "ExpiryDate": plus(on, days=270).isoformat() if given else None,
            "Site": site if given else None,
            "Route": "Intramuscular" if given else None,
            "DoseQuantity": "0.5" if given else None,
            "DoseUnits": "ml" if given else None,
            "GivenAt": history.practice.name if given else None,
            "StaffCode": nurse.code,
            "StaffRole": nurse.role,
        },
        updated=when,
    )


def encounter(
    history: History,
    on: date,
    rubric: str = "Surgery consultation",
    *,
    notes: str = "",
    nurse: bool = False,
    read: str = UNCODED,
) -> None:
    """A contact with the practice."""
    staff = history.practice.nurse if nurse else history.person.doctor
    when = in_hours(on, history.rng)
    history.add(
        history.gp,
        "EncountersResult",
        {
            "Date": when,
            "Rubric": rubric,
            "ReadCode": read,
            "Notes": notes,
            "StaffCode": staff.code,
            "StaffRole": staff.role,
            "Type": "Encounter",
        },
        updated=when,
    )


def observe(
    history: History,
    measure: Measure,
    value: float,
    on: date,
    *,
    group: str | None = None,
    when: str | None = None,
) -> None:
    """One reading, taken by the nurse."""
    nurse = history.practice.nurse
    when = when or in_hours(on, history.rng)
    history.add(
        history.gp,
        "GpObservationsList",
        {
            "Date": when,
            "Rubric": measure.text,
            "ReadCode": measure.read,
            "SnomedCTCode": measure.snomed,
            "Value": written(value, measure),
            "Units": measure.units,
            "RangeLow": bound(measure.low),
            "RangeHigh": bound(measure.high),
            "AbnormalFlag": flag(value, measure),
            "GroupId": group,
            "StaffCode": nurse.code,
            "StaffRole": nurse.role,
        },
        updated=when,
    )


def laboratory_result(
    history: History,
    measure: Measure,
    value: float,
    *,
    sampled: str,
    report_id: str,
    specimen: str = "Venous blood",
) -> None:
    """One analyte of a laboratory report, as the practice filed it."""
    reported = later(sampled, minutes=400)
    history.add(
        history.gp,
        "GpTestResultsList",
        {
            "Date": sampled,
            "ReportDate": reported,
            "Rubric": measure.text,
            "ReadCode": measure.read,
            "SnomedCTCode": measure.snomed,
            "Value": written(value, measure),
            "Units": measure.units,
            "RangeLow": bound(measure.low),
            "RangeHigh": bound(measure.high),
            "AbnormalFlag": flag(value, measure),
            "ResultStatus": "F",
            "ReportId": report_id,
            "SpecimenType": specimen,
            "RequestedBy": history.person.doctor.name,
            "FilingComment": "Discuss at review" if flag(value, measure) != "N" else "Normal, no action",
        },
        updated=reported,
    )


def referral(
    history: History, rubric: str, on: date, to: Consultant, *, priority: str = "1", read: str = UNCODED
) -> str:
    """A referral to a consultant; its booking reference."""
    booking = f"{history.number():012}"
    person = history.person
    history.add(
        history.gp,
        "GpReferralsList",
        {
            "Date": midnight(on),
            "Rubric": rubric,
            "ReadCode": read,
            "From": f"{person.doctor.name}, {person.practice.name}",
            "To": f"{to.specialty}, {to.site}",
            "ToOrganisationCode": to.trust.organisation_code,
            "SpecialtyCode": to.specialty_code,
            "SpecialtyDesc": to.specialty,
            "PriorityCode": priority,
            "PriorityDesc": {"1": "Routine", "2": "Urgent", "3": "Two week wait"}[priority],
            "Ubrn": booking,
            "Status": "Seen" if plus(on, days=120) < AS_AT else "Sent",
        },
        updated=midnight(on),
    )
    return booking


def recall(
    history: History, rubric: str, due: date, kind: str = "Chronic disease review", *, read: str = UNCODED
) -> None:
    """An entry in the diary: due, overdue or done."""
    if history.person.died and due > history.person.died:
        return
    entered = years_after(due, -1)
    past = "Done" if history.chance(0.7) else "Overdue"
    history.add(
        history.gp,
        "GpRecallsList",
        {
            "DueDate": due.isoformat(),
            "Rubric": rubric,
            "ReadCode": read,
            "RecallType": kind,
            "Status": "Due" if due >= AS_AT else past,
            "Date": midnight(max(entered, history.person.born)) if entered < AS_AT else None,
            "StaffCode": history.practice.nurse.code,
        },
        updated=midnight(min(entered, plus(AS_AT, days=-1))),
    )


def letter_received(history: History, title: str, on: date, *, author: str, organisation: str) -> None:
    """The index entry of a letter that came to the practice; the letter itself stays with its author."""
    number = history.number()
    history.add(
        history.gp,
        "GpDocumentsList",
        {
            "DocumentId": f"GP-{number}",
            "Date": midnight(on),
            "Rubric": "Letter from hospital",
            "ReadCode": UNCODED,
            "SnomedCTCode": "823751000000102",
            "Title": title,
            "AuthorName": author,
            "AuthorOrganisation": organisation,
            "MimeType": "application/pdf",
            "FileName": f"{number}.pdf",
            "SizeBytes": 20_000 + number % 50_000,
            "HasContent": "No",
        },
        key=f"GP-{number}",
        updated=midnight(on),
    )


def family_history(
    history: History, concept: str, relationship: str, on: date, *, age: int, snomed: str | None = None
) -> None:
    history.add(
        history.gp,
        "GpFamilyHistoryList",
        {
            "Date": midnight(on),
            "Rubric": f"Family history: {concept}",
            "ReadCode": UNCODED,
            "SnomedCTCode": snomed,
            "Relationship": relationship,
            "AgeAtOnset": age,
        },
        updated=midnight(on),
    )


def lifestyle(
    history: History,
    category: str,
    concept: Concept,
    on: date,
    *,
    value: str | None = None,
    units: str | None = None,
) -> None:
    when = in_hours(on, history.rng)
    history.add(
        history.gp,
        "GpLifestyleList",
        {
            "Date": when,
            "Category": category,
            "Rubric": concept.text,
            "ReadCode": concept.read,
            "SnomedCTCode": concept.snomed,
            "Value": value,
            "Units": units,
            "StaffCode": history.practice.nurse.code,
        },
        updated=when,
    )


def registration(history: History, since: date) -> None:
    """The practice's own registration of the patient."""
    person, practice = history.person, history.practice
    updated = clock(plus(person.until, days=-1 - int(history.rng.random() * 200)), 16, 40)
    history.add(
        practice.system,
        "gp-registration",
        {
            "PracticeCode": practice.code,
            "PracticeName": practice.name,
            "PracticeTelephone": practice.telephone,
            "UsualGPCode": person.doctor.code,
            "UsualGPName": person.doctor.name,
            "RegistrationType": "GMS",
            "RegistrationStatus": "Deceased" if person.died else "Registered",
            "RegistrationDate": midnight(since),
            "DeductionDate": midnight(person.died) if person.died else None,
            "DeductionReason": "Death" if person.died else None,
            "DispensingPatient": "No",
            "NominatedPharmacyCode": practice.pharmacy_code,
            "NominatedPharmacyName": practice.pharmacy,
            "ResidentialInstitute": person.address.line1
            if person.role == "resident" and person.age > 74
            else None,
            "RecordLastUpdatedDate": updated,
        },
        updated=updated,
    )


def blood_pressure(
    history: History, systolic: float, diastolic: float, on: date, pair: Sequence[Measure]
) -> None:
    """Both pressures of one reading, in one group."""
    when = in_hours(on, history.rng)
    group = str(history.number())
    for measure, value in zip(pair, (systolic, diastolic), strict=True):
        observe(history, measure, value, on, group=group, when=when)


def written(value: float, measure: Measure) -> str:
    """A value with the digits that its measure is reported to."""
    return f"{value:.{measure.digits}f}"


def bound(value: float | None) -> str | None:
    """An end of a usual range."""
    return None if value is None else f"{value:g}"


def flag(value: float, measure: Measure) -> str | None:
    """Where the value lies in the usual range; nothing where there is none."""
    if measure.low is None and measure.high is None:
        return None
    value = round(value, measure.digits)
    if measure.high is not None and value > measure.high:
        return "H"
    return "L" if measure.low is not None and value < measure.low else "N"
