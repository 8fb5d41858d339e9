"""Maternity: pregnancy from booking to birth."""

from typing import Annotated

from carecord.catalogue.code_systems import LOCAL
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    KEY,
    NEWEST_FIRST,
    NOT_FUTURE,
    SORT,
    Bundle,
    Day,
    Dictionary,
    Entry,
    Fhir,
    Holds,
    ListOperation,
    LocalDateTime,
    Part,
    Resource,
    Sensitivity,
    Store,
)
from carecord.catalogue.value_lists import GENDER, YES_NO

BUNDLE = Bundle(
    name="Maternity", slug="maternity", tagline="Pregnancy from booking to birth", scope="maternity.read"
)


class MaternityPregnancy(Entry):
    """Pregnancies with booking details, history and risk."""

    pregnancy_id: Annotated[str, KEY, FILTER, Dictionary("PREGNANCY IDENTIFIER"), Fhir("identifier[0].value")]
    booking_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("APPOINTMENT DATE (FORMAL ANTENATAL BOOKING)"),
        Fhir("period.start"),
        Fhir("effectiveDateTime", on="Observation"),
    ]
    first_contact_date: Annotated[LocalDateTime | None, SORT, Dictionary("PREGNANCY FIRST CONTACT DATE")]
    last_menstrual_period_date: Annotated[Day | None, Dictionary("LAST MENSTRUAL PERIOD DATE")]
    estimated_delivery_date: Annotated[
        Day | None,
        SORT,
        FILTER,
        Dictionary("ESTIMATED DATE OF DELIVERY (AGREED)"),
        Fhir("valueDateTime", on="Observation"),
    ]
    estimated_delivery_method: Annotated[str | None, Dictionary("ESTIMATED DATE OF DELIVERY METHOD (AGREED)")]
    gestation_at_booking: str | None
    """Weeks+days."""
    gravida: int | None
    parity: str | None
    previous_live_births: int | None
    previous_caesareans: int | None
    number_of_fetuses: int | None
    risk_level: Annotated[str | None, SORT, FILTER]
    """Standard, Intermediate, Intensive."""
    risk_factors: Annotated[str | None, FILTER, Fhir("diagnosis[0].condition.display")]
    blood_group: str | None
    bmi_at_booking: Annotated[str | None, Holds.DECIMAL]
    smoking_status_at_booking: Annotated[str | None, FILTER, Dictionary("SMOKING STATUS")]
    folic_acid_taken: Annotated[str | None, YES_NO]
    complex_social_factors: Annotated[
        str | None, FILTER, YES_NO, Dictionary("COMPLEX SOCIAL FACTORS INDICATOR")
    ]
    safeguarding_concern: Annotated[str | None, FILTER, YES_NO]
    intended_place_of_birth: Annotated[str | None, FILTER]
    lead_professional: Annotated[str | None, FILTER, Fhir("careManager.display")]
    team_desc: Annotated[str | None, FILTER, Fhir("team[0].display")]
    team_telephone: str | None
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Current = active, Ended = finished, Transferred = finished."""
    outcome: Annotated[str | None, FILTER]
    discharge_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        Dictionary("DISCHARGE DATE (MOTHER MATERNITY SERVICES)"),
        Fhir("period.end"),
    ]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


MATERNITY_PREGNANCIES = ListOperation(
    bundle=BUNDLE,
    operation_id="MaternityPregnancies_GetPregnanciesByPatientDetailId",
    title="Maternity - Pregnancies",
    path="/maternity/patients/{patientDetailId}/pregnancies",
    summary="Pregnancies with booking details, history and risk.",
    item=MaternityPregnancy,
    source=DESIGNED,
    collection="PregnanciesList",
    store=Store("maternity_pregnancy"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "EpisodeOfCare",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-EpisodeOfCare",
            status="from Status",
            fixed={"type[0].text": "Maternity"},
        ),
        Resource(
            "Observation",
            key="Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            when="EstimatedDeliveryDate is not null",
            fixed={"code.text": "Estimated date of delivery"},
        ),
    ),
    hl7v2=("ADT^A04/A08 OBX with local codes -> EstimatedDeliveryDate, Gravida, Parity",),
    other_feeds=("MSDS MSD101, MSD102-109", "maternity system extract"),
)


class MaternityContact(Entry):
    """Antenatal and postnatal visits, scans and screening, with findings."""

    contact_id: Annotated[
        str, KEY, FILTER, Dictionary("CARE CONTACT IDENTIFIER"), Fhir("identifier[0].value")
    ]
    pregnancy_id: Annotated[str, FILTER, Fhir("episodeOfCare[0].identifier.value")]
    contact_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("CARE CONTACT DATE (MOTHER)"),
        Fhir("period.start"),
        Fhir("effectiveDateTime", on="Observation"),
    ]
    contact_type: Annotated[str, SORT, FILTER, Fhir("type[0].text")]
    """Booking, Antenatal, Dating scan, Anomaly scan, Growth scan, Screening, Day assessment, Postnatal."""
    gestation: Annotated[str | None, SORT, Dictionary("GESTATION LENGTH (AT CONTACT)")]
    """Weeks+days."""
    location_desc: Annotated[str | None, FILTER, Fhir("location[0].location.display")]
    staff_name: Annotated[str | None, FILTER, Fhir("participant[0].individual.display")]
    staff_role: str | None
    attendance_desc: Annotated[str | None, SORT, FILTER, Fhir("status")]
    """Attended = finished, Planned = planned, Did not attend or Cancelled = cancelled."""
    systolic_blood_pressure: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[systolic].valueQuantity.value", on="Observation")
    ]
    diastolic_blood_pressure: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[diastolic].valueQuantity.value", on="Observation")
    ]
    weight: Annotated[str | None, Holds.DECIMAL]
    """Kg."""
    urinalysis: str | None
    fundal_height: Annotated[str | None, Holds.DECIMAL]
    """Cm."""
    fetal_heart_rate: Annotated[str | None, Holds.DECIMAL]
    fetal_movements: str | None
    presentation: str | None
    placenta_site: str | None
    screening_test: Annotated[str | None, FILTER]
    screening_result: Annotated[str | None, FILTER]
    carbon_monoxide: Annotated[str | None, Holds.DECIMAL]
    """Ppm."""
    findings: Annotated[str | None, FILTER, Fhir("text.div")]
    plan: Annotated[str | None, FILTER]
    next_contact_date: Annotated[LocalDateTime | None, SORT]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


MATERNITY_CONTACTS = ListOperation(
    bundle=BUNDLE,
    operation_id="MaternityContacts_GetContactsByPatientDetailId",
    title="Maternity - Contacts and Scans",
    path="/maternity/patients/{patientDetailId}/contacts",
    summary="Antenatal and postnatal visits, scans and screening, with findings.",
    item=MaternityContact,
    source=DESIGNED,
    collection="MaternityContactsList",
    store=Store("maternity_contact"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="from AttendanceDesc",
            fixed={"class.code": "AMB", "serviceType.coding[snomed].code": "714088003"},
        ),
        Resource(
            "Observation",
            key="Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BloodPressure",
            status="final",
            when="a pressure is present; other measured fields each give one Observation",
        ),
    ),
    hl7v2=("ORU^R01 OBX-3/OBX-5 -> scan and screening results", "SIU^S12-S26 -> planned contacts"),
    other_feeds=("MSDS MSD201/202, MSD103",),
)


class MaternityDelivery(Entry):
    """Labours and births, with each baby."""

    class Babies(Part):
        class Baby(Part):
            birth_order: Annotated[int | None, Dictionary("BIRTH ORDER")]
            baby_patient_detail_id: str | None
            """Null until the baby's record is linked."""
            nhs_number: str | None
            birth_date: Annotated[LocalDateTime | None, Dictionary("PERSON BIRTH DATE (BABY)")]
            outcome: Annotated[str | None, Dictionary("PREGNANCY OUTCOME"), Fhir("outcome.text")]
            phenotypic_sex: Annotated[str | None, GENDER, Dictionary("PERSON PHENOTYPIC SEX")]
            birth_weight_grams: Annotated[int | None, Dictionary("BIRTH WEIGHT")]
            apgar1: int | None
            apgar5: Annotated[int | None, Dictionary("APGAR SCORE (5 MINUTES)")]
            presentation: str | None
            first_feed: Annotated[str | None, Dictionary("BABY FIRST FEED BREAST MILK INDICATION CODE")]
            neonatal_admission: Annotated[str | None, YES_NO]

        baby: list[Baby]
        total_item_count: int

    delivery_id: Annotated[
        str, KEY, FILTER, Dictionary("LABOUR AND DELIVERY IDENTIFIER"), Fhir("identifier[0].value")
    ]
    pregnancy_id: Annotated[str, FILTER]
    labour_onset_date: Annotated[LocalDateTime | None, SORT, Dictionary("ONSET OF ESTABLISHED LABOUR DATE")]
    labour_onset_method: Annotated[str | None, FILTER, Dictionary("LABOUR OR DELIVERY ONSET METHOD CODE")]
    delivery_date: Annotated[LocalDateTime, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("performedDateTime")]
    delivery_method_code: Annotated[
        str | None, FILTER, LOCAL, Dictionary("DELIVERY METHOD CODE"), Fhir("code.coding[local].code")
    ]
    delivery_method_desc: Annotated[str | None, SORT, FILTER, Fhir("code.text")]
    place_of_birth: Annotated[str | None, SORT, FILTER, Fhir("location.display")]
    site_desc: Annotated[str | None, FILTER]
    gestation_at_birth: Annotated[str | None, Dictionary("GESTATION LENGTH (AT BIRTH)")]
    """Weeks+days."""
    anaesthesia: str | None
    blood_loss_ml: Annotated[str | None, Holds.DECIMAL]
    perineal_trauma: str | None
    placenta: str | None
    maternal_complications: Annotated[str | None, FILTER, Fhir("complication[0].text")]
    number_of_babies: Annotated[int | None, Dictionary("NUMBER OF BABIES INDICATION CODE")]
    babies: Babies
    delivered_by: Annotated[str | None, FILTER, Fhir("performer[0].actor.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


MATERNITY_DELIVERIES = ListOperation(
    bundle=BUNDLE,
    operation_id="MaternityDeliveries_GetDeliveriesByPatientDetailId",
    title="Maternity - Labour and Birth",
    path="/maternity/patients/{patientDetailId}/deliveries",
    summary="Labours and births, with each baby.",
    item=MaternityDelivery,
    source=DESIGNED,
    collection="DeliveriesList",
    store=Store("maternity_delivery"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Procedure",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Procedure",
            status="completed",
            fixed={"category.text": "Delivery"},
            note="the baby is its own Patient, linked to the mother by RelatedPerson",
        ),
    ),
    hl7v2=(
        "ADT^A01/A08 of the mother with OBX, ADT^A28 of the baby with PID-21 (mother's id), PID-24/PID-25 -> Babies",
    ),
    other_feeds=("MSDS MSD301/302, MSD401-405", "PDS birth notification"),
)
