"""What a hospital writes: attendances, stays with all that belongs to them, clinics, lists, procedures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from carecord.catalogue.value_lists import (
    ADMISSION_METHOD,
    ADMISSION_SOURCE,
    ATTENDANCE_OUTCOME,
    ATTENDED,
    DISCHARGE_DESTINATION,
    DISCHARGE_METHOD,
    FIRST_ATTENDANCE,
    PATIENT_CLASSIFICATION,
)
from carecord.population.codes import Concept, Procedure
from carecord.population.dates import AS_AT, any_time, clock, in_hours, later, midnight, plus
from carecord.population.entries import gp, letters
from carecord.population.entries.letters import Letter
from carecord.population.history import History, Item
from carecord.population.organisations import Consultant, consultant

EMERGENCY, WAITING_LIST, BIRTH_HERE, ANTE_PARTUM = "21", "11", "82", "31"
HOME, CARE_HOME, BORN_HERE = "19", "85", "79"
JUNIORS = ("Dr S Iqbal", "Dr L Peck", "Dr O Adeola", "Dr F Marsh")


@dataclass(frozen=True, slots=True)
class Drug:
    """A medicine as a hospital prescribes it."""

    name: str
    dose: str
    units: str
    frequency: str
    form: str = "Tablet"
    route: str = "Oral"
    change: str = "Added"
    dmd: str | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """One spell in hospital: why, where, and what was done."""

    specialty: str
    reason: Concept
    diagnosis: Concept
    nights: int
    method: str = EMERGENCY
    others: tuple[Concept, ...] = ()
    """Comorbidities."""
    procedure: Procedure | None = None
    laterality: str | None = None
    drugs: tuple[Drug, ...] = ()
    summary: str = "Treated, improved"
    plan: str = "No follow-up needed"
    destination: str = HOME
    source: str = HOME
    classification: str = "1"
    admitted: str | None = None
    """When, where that is known to the minute."""
    moved_from: tuple[str, str] | None = None
    """The ward of the first night, where they moved on."""


def _coded(item: Item, name: str, code: str, meanings: Mapping[str, str]) -> None:
    item[f"{name}Code"] = code
    item[f"{name}Desc"] = meanings[code].capitalize()


def staff(history: History, specialty: str) -> Consultant:
    """The consultant of a specialty in this patient's hospital."""
    return consultant(specialty, history.person.address.side)


def attendance(
    history: History,
    complaint: Concept,
    diagnosis: Concept,
    arrived: str,
    *,
    admitted: bool = False,
    ambulance: bool = False,
    investigations: str | None = None,
    treatments: str | None = None,
) -> str:
    """An attendance of the emergency department; when it ended."""
    emergency = staff(history, "180")
    number = f"ED{history.number()}"
    stayed = 95 + int(history.rng.random() * 190)
    left = later(arrived, minutes=stayed)
    history.add(
        history.acute,
        "EdAttendancesList",
        {
            "AttendanceId": number,
            "ArrivalDate": arrived,
            "DepartureDate": left,
            "ConclusionDate": later(arrived, minutes=stayed - 15),
            "DepartmentType": "01 Consultant-led, all facilities",
            "SiteCode": emergency.site_code,
            "SiteDesc": emergency.site,
            "AttendanceCategory": "Unplanned first",
            "ArrivalModeDesc": "Emergency road ambulance" if ambulance else "Own transport",
            "AmbulanceIncidentNumber": f"{arrived[2:4]}-{arrived[5:7]}{arrived[8:10]}-{number[-4:]}"
            if ambulance
            else None,
            "ReferralSourceDesc": "Ambulance" if ambulance else "Self",
            "ChiefComplaintSnomedCTCode": complaint.snomed,
            "ChiefComplaintDesc": complaint.text,
            "InitialAssessmentDate": later(arrived, minutes=11),
            "AcuityDesc": "Urgent" if ambulance else "Standard",
            "SeenDate": later(arrived, minutes=55),
            "DiagnosisSnomedCTCode": diagnosis.snomed,
            "DiagnosisDesc": diagnosis.text,
            "DiagnosisQualifier": "Confirmed",
            "InvestigationsDesc": investigations,
            "TreatmentsDesc": treatments,
            "SafeguardingConcern": "No",
            "ClinicianName": emergency.name,
            "DecisionToAdmitDate": later(arrived, minutes=stayed - 40) if admitted else None,
            "DischargeStatusDesc": "Treatment completed",
            "DischargeDestinationDesc": "Ward" if admitted else "Usual residence",
            "FollowUpDesc": None if admitted else "General practitioner",
        },
        key=number,
        updated=left,
    )
    return left


def stay(history: History, on: date, told: Stay) -> str:
    """A spell: admission, moves, discharge, episode, diagnoses, procedure, medicines, summary. Its number."""
    doctor = staff(history, told.specialty)
    emergency = told.method == EMERGENCY
    if emergency:
        admitted = attendance(
            history,
            told.reason,
            told.diagnosis,
            any_time(on, history.rng),
            admitted=True,
            ambulance=history.chance(0.6),
        )
    else:
        admitted = told.admitted or clock(on, 7, 30)
    spell = f"SP{history.number()}"
    last_day = plus(date.fromisoformat(admitted[:10]), days=told.nights)
    still_in = last_day >= history.person.until
    discharged = None
    if not still_in:
        discharged = clock(last_day, 11, 5) if told.nights else later(admitted, minutes=480)
    junior = history.rng.choice(JUNIORS)
    where = {
        "ConsultantCode": doctor.code,
        "ConsultantName": doctor.name,
        "SpecialtyCode": doctor.specialty_code,
        "SpecialtyDesc": doctor.specialty,
    }
    _spell(history, told, spell, admitted, discharged, where, doctor, junior)
    moved = later(admitted, minutes=1200)
    if told.moved_from and told.nights > 1 and moved < midnight(history.person.until):
        _move(history, told.moved_from, spell, moved, doctor)
    _episode(history, told, spell, admitted, discharged, where, doctor)
    _diagnoses(history, told, spell, admitted, doctor)
    if told.procedure:
        procedure(
            history,
            told.procedure,
            clock(min(plus(on, days=1 if emergency and told.nights else 0), last_day), 13, 40),
            doctor,
            spell=spell,
            laterality=told.laterality,
            indication=told.diagnosis.text,
        )
    for drug in told.drugs:
        _medication(history, drug, spell, later(admitted, minutes=110), discharged, junior, told)
    if discharged:
        _summary(history, told, spell, admitted, discharged, doctor, junior)
    return spell


def _spell(
    history: History,
    told: Stay,
    spell: str,
    admitted: str,
    discharged: str | None,
    where: Item,
    doctor: Consultant,
    junior: str,
) -> None:
    bay, bed = str(1 + int(history.rng.random() * 6)), str(1 + int(history.rng.random() * 28))
    site = {"SiteCode": doctor.site_code, "SiteDesc": doctor.site}
    admission: Item = {
        "SpellNumber": spell,
        "AdmissionDate": admitted,
        "WardCode": doctor.ward_code,
        "WardDesc": doctor.ward,
        "Bay": bay,
        "Bed": bed,
        **site,
        **where,
        "AdmissionReason": told.reason.text,
        "AdmittedBy": junior,
        "ReferredBy": None if told.method == EMERGENCY else history.person.doctor.name,
        "ExpectedDischargeDate": plus(
            date.fromisoformat(admitted[:10]), days=max(told.nights, 1)
        ).isoformat(),
        "DischargeDate": discharged,
        "Status": "Discharged" if discharged else "Admitted",
    }
    _coded(admission, "AdmissionMethod", told.method, ADMISSION_METHOD.meanings)
    _coded(admission, "AdmissionSource", told.source, ADMISSION_SOURCE.meanings)
    _coded(admission, "PatientClassification", told.classification, PATIENT_CLASSIFICATION.meanings)
    history.add(history.acute, "AdmissionsList", admission, key=spell, updated=admitted)
    if discharged is None:
        return
    discharge: Item = {
        "SpellNumber": spell,
        "AdmissionDate": admitted,
        "DischargeDate": discharged,
        "DischargeReadyDate": later(discharged, minutes=-155),
        "LengthOfStayDays": told.nights,
        "LastWardCode": doctor.ward_code,
        "LastWardDesc": doctor.ward,
        "LastBay": bay,
        "LastBed": bed,
        "LastSiteCode": doctor.site_code,
        "LastSiteDesc": doctor.site,
        **where,
        "DischargedBy": junior,
        "Status": "Discharged",
    }
    _coded(discharge, "DischargeMethod", "1", DISCHARGE_METHOD.meanings)
    _coded(discharge, "DischargeDestination", told.destination, DISCHARGE_DESTINATION.meanings)
    history.add(history.acute, "DischargesList", discharge, key=spell, updated=discharged)


def _move(history: History, moved_from: tuple[str, str], spell: str, when: str, doctor: Consultant) -> None:
    code, ward = moved_from
    history.add(
        history.acute,
        "TransfersList",
        {
            "SpellNumber": spell,
            "MovementDate": when,
            "MovementType": "Ward transfer",
            "FromWardCode": code,
            "FromWardDesc": ward,
            "FromBed": str(1 + int(history.rng.random() * 20)),
            "ToWardCode": doctor.ward_code,
            "ToWardDesc": doctor.ward,
            "ToBay": "2",
            "ToBed": str(1 + int(history.rng.random() * 20)),
            "SiteDesc": doctor.site,
            "ToConsultantCode": doctor.code,
            "ToConsultantName": doctor.name,
            "ToSpecialtyDesc": doctor.specialty,
            "Reason": "Bed on specialty ward",
        },
        updated=when,
    )


def _episode(
    history: History,
    told: Stay,
    spell: str,
    admitted: str,
    discharged: str | None,
    where: Item,
    doctor: Consultant,
) -> None:
    episode: Item = {
        "SpellNumber": spell,
        "EpisodeNumber": 1,
        "EpisodeStartDate": admitted,
        "EpisodeEndDate": discharged,
        "AdmissionDate": admitted,
        "DischargeDate": discharged,
        **where,
        "WardCode": doctor.ward_code,
        "WardDesc": doctor.ward,
        "SiteCode": doctor.site_code,
        "SiteDesc": doctor.site,
        "PrimaryDiagnosisICD10Code": told.diagnosis.icd10,
        "PrimaryDiagnosisDesc": told.diagnosis.text,
        "PrimaryProcedureOPCS4Code": told.procedure.opcs4 if told.procedure else None,
        "PrimaryProcedureDesc": told.procedure.text if told.procedure else None,
    }
    _coded(episode, "AdmissionMethod", told.method, ADMISSION_METHOD.meanings)
    _coded(episode, "AdmissionSource", told.source, ADMISSION_SOURCE.meanings)
    _coded(episode, "PatientClassification", told.classification, PATIENT_CLASSIFICATION.meanings)
    if discharged:
        _coded(episode, "DischargeMethod", "1", DISCHARGE_METHOD.meanings)
        _coded(episode, "DischargeDestination", told.destination, DISCHARGE_DESTINATION.meanings)
    history.add(
        history.acute, "InpatientEpisodesList", episode, key=f"{spell}-1", updated=discharged or admitted
    )


def _diagnoses(history: History, told: Stay, spell: str, admitted: str, doctor: Consultant) -> None:
    for sequence, concept in enumerate((told.diagnosis, *told.others), 1):
        history.add(
            history.acute,
            "DiagnosesSummaryList",
            {
                "DiagnosisDate": admitted,
                "ICD10Code": concept.icd10,
                "SnomedCTCode": concept.snomed,
                "DiagnosisDescription": concept.text,
                "DiagnosisType": "Primary" if sequence == 1 else "Comorbidity",
                "Sequence": sequence,
                "PresentOnAdmission": "Yes",
                "SpellNumber": spell,
                "ConfirmedBy": doctor.name,
            },
            updated=admitted,
        )


def procedure(
    history: History,
    done: Procedure,
    when: str,
    surgeon: Consultant,
    *,
    spell: str | None = None,
    laterality: str | None = None,
    indication: str | None = None,
) -> None:
    """A procedure, in a stay or of a day."""
    history.add(
        history.acute,
        "AcuteProceduresList",
        {
            "ProcedureDate": when,
            "OPCS4Code": done.opcs4,
            "ProcedureDescription": done.text,
            "ProcedureType": "Primary",
            "Sequence": 1,
            "Laterality": laterality,
            "SpellNumber": spell,
            "SurgeonCode": surgeon.code,
            "SurgeonName": surgeon.name,
            "AnaesthetistName": "Dr M Low",
            "SiteDesc": surgeon.site,
            "Indication": indication,
        },
        updated=when,
    )


def _medication(
    history: History,
    drug: Drug,
    spell: str,
    started: str,
    discharged: str | None,
    prescriber: str,
    told: Stay,
) -> None:
    for context in ("Inpatient", "Discharge"):
        if context == "Discharge" and discharged is None:
            continue
        home = context == "Discharge"
        history.add(
            history.acute,
            "AcuteMedicationsList",
            {
                "StartDate": discharged if home else started,
                "EndDate": None if home or not discharged or discharged < started else discharged,
                "DrugName": drug.name,
                "DMDCode": drug.dmd,
                "Form": drug.form,
                "Dose": drug.dose,
                "DoseUnits": drug.units,
                "Route": drug.route,
                "Frequency": drug.frequency,
                "DosageText": f"{drug.dose}{drug.units} {drug.frequency.lower()}",
                "AsRequired": "No",
                "MedicationContext": context,
                "Status": "Active" if home or not discharged else "Completed",
                "ChangeStatus": drug.change if home else None,
                "ChangeReason": told.diagnosis.text if home else None,
                "Indication": told.diagnosis.text,
                "PrescriberName": prescriber,
                "SpellNumber": spell,
            },
            updated=discharged if home else started,
        )


def _summary(
    history: History, told: Stay, spell: str, admitted: str, discharged: str, doctor: Consultant, junior: str
) -> None:
    written = later(discharged, minutes=25)
    document_id = f"DS-{spell[2:]}-1"
    changes = "; ".join(f"{drug.name} {drug.change.lower()}" for drug in told.drugs) or None
    diagnoses = ", ".join(concept.text for concept in (told.diagnosis, *told.others))
    history.add(
        history.acute,
        "DischargeSummariesList",
        {
            "DocumentId": document_id,
            "DocumentDate": written,
            "SpellNumber": spell,
            "AdmissionDate": admitted,
            "DischargeDate": discharged,
            "SpecialtyDesc": doctor.specialty,
            "ConsultantName": doctor.name,
            "AuthorName": junior,
            "AuthorRole": "Foundation doctor",
            "Status": "Final",
            "ReasonForAdmission": told.reason.text,
            "Diagnoses": diagnoses,
            "Procedures": told.procedure.text if told.procedure else None,
            "ClinicalSummary": told.summary,
            "MedicationChanges": changes,
            "PlanAndRequestedActions": told.plan,
            "DischargeDestinationDesc": DISCHARGE_DESTINATION.meanings[told.destination].capitalize(),
            "HasContent": "Yes",
        },
        key=document_id,
        updated=written,
    )
    letter = Letter(
        "DS",
        "Discharge summary",
        "Inpatient discharge summary",
        junior,
        "Foundation doctor",
        doctor.specialty,
        (
            f"Admitted {admitted[:10]}, discharged {discharged[:10]}.",
            diagnoses,
            told.summary,
            changes or "",
            told.plan,
        ),
    )
    as_sent = letters.rendered(history, letter, document_id)
    letters.content(history, history.acute, letter.title, document_id, written, rendered_as=as_sent)
    gp.letter_received(
        history,
        "Inpatient discharge summary",
        date.fromisoformat(written[:10]),
        author=junior,
        organisation=history.acute.description,
    )


def clinic(
    history: History,
    specialty: str,
    on: date,
    reason: str,
    *,
    first: bool = False,
    booking: str | None = None,
    referred: date | None = None,
    paragraphs: tuple[str, ...] = (),
    priority: str = "1",
) -> None:
    """An outpatient appointment, past or booked, with its letter where the patient came."""
    doctor = staff(history, specialty)
    when = in_hours(on, history.rng)
    past = history.rng.choices(("5", "6", "3", "2"), (88, 3, 6, 3))[0]
    attended = "0" if on >= AS_AT else past
    came = attended in ("5", "6")
    remote = history.chance(0.25)
    first_code = ("3" if remote else "1") if first else ("4" if remote else "2")
    number = f"OP{history.number()}"
    item: Item = {
        "AppointmentId": number,
        "Date": when,
        "DurationMinutes": 30 if first else 15,
        "ClinicCode": f"{doctor.specialty[:4].upper()}{1 if first else 2}",
        "ClinicDesc": f"{doctor.specialty} {'new' if first else 'follow-up'} patients",
        "ConsultantCode": doctor.code,
        "ConsultantName": doctor.name,
        "SpecialtyCode": doctor.specialty_code,
        "SpecialtyDesc": doctor.specialty,
        "SiteCode": doctor.site_code,
        "SiteDesc": doctor.site,
        "FirstAttendanceCode": first_code,
        "FirstAttendanceDesc": FIRST_ATTENDANCE.meanings[first_code],
        "DeliveryChannel": "Telephone" if remote else "In-person",
        "AttendedCode": attended,
        "AttendedDesc": ATTENDED.meanings[attended].capitalize(),
        "CancellationReason": "Patient unwell" if attended == "2" else None,
        "ReferralDate": midnight(referred) if referred else None,
        "ReferralSource": "GP" if referred else None,
        "PriorityCode": priority,
        "Ubrn": booking,
        "Reason": reason,
    }
    if came:
        _coded(item, "Outcome", "1" if history.chance(0.3) else "2", ATTENDANCE_OUTCOME.meanings)
    history.add(
        history.acute, "OutpatientAppointmentsList", item, key=number, updated=when if on < AS_AT else None
    )
    if came and (first or history.chance(0.4)):
        letter = Letter(
            "CLIN",
            "Clinic letter",
            f"{doctor.specialty} clinic letter",
            doctor.name,
            "Consultant",
            doctor.specialty,
            (f"Seen in clinic on {on:%d %B %Y}: {reason}.", *paragraphs),
            event_id=number,
            snomed="823751000000102",
        )
        sent = later(when, minutes=1500)
        if sent[:10] < history.person.until.isoformat():
            letters.send(history, history.acute, letter, sent, organisation=doctor.trust.description)


def waiting(
    history: History,
    specialty: str,
    done: Procedure,
    since: date,
    reason: str,
    *,
    list_type: str = "Inpatient",
    removed: date | None = None,
    priority: str = "1",
) -> None:
    """An entry of a waiting list: still waiting, or removed because it was done."""
    doctor = staff(history, specialty)
    number = f"WL{history.number()}"
    weeks = max(0, ((removed or AS_AT) - since).days // 7)
    history.add(
        history.acute,
        "WaitingListEntriesList",
        {
            "WaitingListEntryId": number,
            "ListType": list_type,
            "DateOnList": midnight(since),
            "OriginalDateOnList": midnight(since),
            "ProcedureOPCS4Code": done.opcs4,
            "ProcedureDesc": done.text,
            "Reason": reason,
            "PriorityCode": priority,
            "PriorityDesc": {"1": "Routine", "2": "Urgent", "3": "Two week wait"}[priority],
            "ConsultantCode": doctor.code,
            "ConsultantName": doctor.name,
            "SpecialtyCode": doctor.specialty_code,
            "SpecialtyDesc": doctor.specialty,
            "SiteDesc": doctor.site,
            "PathwayId": f"{doctor.trust.organisation_code}{number[2:]:>017}",
            "RttClockStartDate": midnight(since),
            "RttStatusCode": "30" if removed else "20",
            "RttStatusDesc": "Start of first definitive treatment"
            if removed
            else "Subsequent activity, treatment still to come",
            "WeeksWaiting": weeks,
            "RemovalDate": midnight(removed) if removed else None,
            "RemovalReason": "Admitted for treatment" if removed else None,
        },
        key=number,
        updated=midnight(removed or since),
    )


def allergy(
    history: History,
    allergen: str,
    on: date,
    *,
    drug: bool,
    reaction: Concept,
    severity: str,
    snomed: str | None = None,
) -> None:
    """An allergy as the hospital's system has it."""
    history.add(
        history.acute,
        "AllergiesSummaryList",
        {
            "AllergyDate": midnight(on),
            "AllergyType": "Drug" if drug else "Non Drug",
            "Allergen": allergen,
            "SnomedCTCode": snomed,
            "Reaction": reaction.text,
            "ReactionSnomedCTCode": reaction.snomed,
            "Severity": severity,
            "Certainty": "Confirmed",
            "Status": "Active",
            "RecordedBy": "Pharmacist R Dunn",
        },
        updated=midnight(on),
    )
