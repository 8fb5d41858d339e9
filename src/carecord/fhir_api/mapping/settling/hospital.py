"""Hospital care: stays, clinics, emergency visits, waiting, diagnoses, allergies, medicines."""

from datetime import datetime, timedelta

from carecord.catalogue.acute import (
    ACUTE_ALLERGIES,
    ACUTE_DIAGNOSES,
    ACUTE_ED_ATTENDANCES,
    ACUTE_INPATIENT_EPISODES,
    ACUTE_MEDICATIONS,
    ACUTE_OUTPATIENT_APPOINTMENTS,
    WAITING_LIST_ENTRIES,
)
from carecord.catalogue.adt import ADT_ADMISSIONS, ADT_DISCHARGES, ADT_TRANSFERS
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping import values
from carecord.fhir_api.mapping.parts import About, Item
from carecord.fhir_api.mapping.settling.of_types import concept, settle_allergy
from carecord.fhir_api.mapping.settling.registering import is_later, settles
from carecord.fhir_api.mapping.systems import CODED

_ATTENDED = ("5", "6")
_SEEN = ("admitted", "seen", "treated", "attended")


def name_diagnoses(encounter: Json) -> None:
    """What the encounter found stands in resources that it contains."""
    named = [
        {"condition": {"reference": f"#{one['id']}"}}
        for one in encounter.get("contained", ())
        if one["resourceType"] in ("Condition", "Procedure")
    ]
    if named:
        encounter["diagnosis"] = named


@settles(ACUTE_INPATIENT_EPISODES)
def settle_episode(encounter: Json, item: Item, about: About) -> bool:
    encounter["status"] = "finished" if item.get("EpisodeEndDate") else "in-progress"
    name_diagnoses(encounter)
    return True


@settles(ACUTE_ED_ATTENDANCES)
def settle_attendance(encounter: Json, item: Item, about: About) -> bool:
    encounter["status"] = "finished" if item.get("DepartureDate") else "in-progress"
    encounter["statusHistory"].sort(key=lambda one: one["period"].get("start") or one["period"]["end"])
    name_diagnoses(encounter)
    return True


@settles(ACUTE_ED_ATTENDANCES, key="Investigation")
def settle_investigation(procedure: Json, item: Item, about: About) -> bool:
    return bool(item.get("InvestigationsDesc"))


@settles(ACUTE_ED_ATTENDANCES, key="Treatment")
def settle_treatment(procedure: Json, item: Item, about: About) -> bool:
    return bool(item.get("TreatmentsDesc"))


@settles(ACUTE_OUTPATIENT_APPOINTMENTS)
def settle_appointment(appointment: Json, item: Item, about: About) -> bool:
    """R4 wants an end beside every start (app-2, app-3): without a duration, the start itself."""
    if start := item.get("Date"):
        lasts = timedelta(minutes=values.unsigned(item.get("DurationMinutes") or 0) or 0)
        appointment["end"] = values.instant((datetime.fromisoformat(start) + lasts).isoformat())
    if appointment.get("status") != "cancelled":  # app-4
        appointment.pop("cancelationReason", None)
    return True


@settles(ACUTE_OUTPATIENT_APPOINTMENTS, key="Encounter")
def settle_clinic_visit(encounter: Json, item: Item, about: About) -> bool:
    encounter["status"] = "finished"
    return str(item.get("AttendedCode")) in _ATTENDED


@settles(WAITING_LIST_ENTRIES)
def settle_waiting(request: Json, item: Item, about: About) -> bool:
    if item.get("RemovalDate"):
        reason = (item.get("RemovalReason") or "").casefold()
        request["status"] = "completed" if any(word in reason for word in _SEEN) else "revoked"
    else:
        request["status"] = "on-hold" if is_later(item.get("SuspendedUntil"), about) else "active"
    return True


@settles(ACUTE_DIAGNOSES)
def settle_diagnosis(condition: Json, item: Item, about: About) -> bool:
    sure = "provisional" if item.get("DiagnosisType") == "Working" else "confirmed"
    condition["verificationStatus"] = concept(CODED["Condition.verificationStatus"], sure)
    return True


@settles(ACUTE_ALLERGIES)
def settle_acute_allergy(allergy: Json, item: Item, about: About) -> bool:
    return settle_allergy(allergy, clinical=None, in_error=item.get("Status") == "Entered in error")


@settles(ACUTE_MEDICATIONS)
def settle_medicine(statement: Json, item: Item, about: About) -> bool:
    if item.get("MedicationContext") in ("Discharge", "Leave"):
        statement["category"]["coding"][0]["system"] = (
            "https://fhir.hl7.org.uk/CodeSystem/UKCore-MedicationStatementCategory"
        )
    return True


@settles(ADT_ADMISSIONS, ADT_DISCHARGES)
def settle_spell(encounter: Json, item: Item, about: About) -> bool:
    encounter.setdefault("status", "finished" if item.get("DischargeDate") else "in-progress")
    return True


@settles(ADT_TRANSFERS)
def settle_movement(encounter: Json, item: Item, about: About) -> bool:
    encounter["status"] = "cancelled" if item.get("MovementType") == "Cancelled" else "finished"
    return True
