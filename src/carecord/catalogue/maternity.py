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
        Fhir("effectiveDateTime", on="Summary"),
    ]
    first_contact_date: Annotated[
        LocalDateTime | None,
        SORT,
        Dictionary("PREGNANCY FIRST CONTACT DATE"),
        Fhir("component[first-contact-date].valueDateTime", on="Summary"),
    ]
    last_menstrual_period_date: Annotated[
        Day | None,
        Dictionary("LAST MENSTRUAL PERIOD DATE"),
        Fhir("component[last-menstrual-period-date].valueDateTime", on="Summary"),
    ]
    estimated_delivery_date: Annotated[
        Day | None,
        SORT,
        FILTER,
        Dictionary("ESTIMATED DATE OF DELIVERY (AGREED)"),
        Fhir("valueDateTime", on="Observation"),
    ]
    estimated_delivery_method: Annotated[
        str | None,
        Dictionary("ESTIMATED DATE OF DELIVERY METHOD (AGREED)"),
        Fhir("method.text", on="Observation"),
    ]
    gestation_at_booking: Annotated[
        str | None, Fhir("component[gestation-at-booking].valueString", on="Summary")
    ]
    """Weeks+days."""
    gravida: Annotated[int | None, Fhir("component[gravida].valueInteger", on="Summary")]
    parity: Annotated[str | None, Fhir("component[parity].valueString", on="Summary")]
    previous_live_births: Annotated[
        int | None, Fhir("component[previous-live-births].valueInteger", on="Summary")
    ]
    previous_caesareans: Annotated[
        int | None, Fhir("component[previous-caesareans].valueInteger", on="Summary")
    ]
    number_of_fetuses: Annotated[int | None, Fhir("component[number-of-fetuses].valueInteger", on="Summary")]
    risk_level: Annotated[str | None, SORT, FILTER, Fhir("component[risk-level].valueString", on="Summary")]
    """Standard, Intermediate, Intensive."""
    risk_factors: Annotated[str | None, FILTER, Fhir("diagnosis[0].condition.display")]
    blood_group: Annotated[str | None, Fhir("component[blood-group].valueString", on="Summary")]
    bmi_at_booking: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[bmi-at-booking].valueQuantity.value", on="Summary")
    ]
    smoking_status_at_booking: Annotated[
        str | None,
        FILTER,
        Dictionary("SMOKING STATUS"),
        Fhir("component[smoking-status-at-booking].valueString", on="Summary"),
    ]
    folic_acid_taken: Annotated[
        str | None, YES_NO, Fhir("component[folic-acid-taken].valueBoolean", on="Summary")
    ]
    complex_social_factors: Annotated[
        str | None,
        FILTER,
        YES_NO,
        Dictionary("COMPLEX SOCIAL FACTORS INDICATOR"),
        Fhir("component[complex-social-factors].valueBoolean", on="Summary"),
    ]
    safeguarding_concern: Annotated[
        str | None, FILTER, YES_NO, Fhir("component[safeguarding-concern].valueBoolean", on="Summary")
    ]
    intended_place_of_birth: Annotated[
        str | None, FILTER, Fhir("component[intended-place-of-birth].valueString", on="Summary")
    ]
    lead_professional: Annotated[str | None, FILTER, Fhir("careManager.display")]
    team_desc: Annotated[str | None, FILTER, Fhir("team[0].display")]
    team_telephone: str | None
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Current = active, Ended = finished, Transferred = finished."""
    outcome: Annotated[str | None, FILTER, Fhir("component[outcome].valueString", on="Summary")]
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
        Resource(
            "Observation",
            key="Summary",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            when="something was recorded",
            fixed={"code.text": "Pregnancy at booking"},
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
        Fhir("effectiveDateTime", on="Findings"),
    ]
    contact_type: Annotated[str, SORT, FILTER, Fhir("type[0].text")]
    """Booking, Antenatal, Dating scan, Anomaly scan, Growth scan, Screening, Day assessment, Postnatal."""
    gestation: Annotated[
        str | None,
        SORT,
        Dictionary("GESTATION LENGTH (AT CONTACT)"),
        Fhir("component[gestation].valueString", on="Findings"),
    ]
    """Weeks+days."""
    location_desc: Annotated[str | None, FILTER, Fhir("location[0].location.display")]
    staff_name: Annotated[str | None, FILTER, Fhir("participant[0].individual.display")]
    staff_role: Annotated[str | None, Fhir("participant[0].type[0].text")]
    attendance_desc: Annotated[str | None, SORT, FILTER, Fhir("status")]
    """Attended = finished, Planned = planned, Did not attend or Cancelled = cancelled."""
    systolic_blood_pressure: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[systolic].valueQuantity.value", on="Observation")
    ]
    diastolic_blood_pressure: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[diastolic].valueQuantity.value", on="Observation")
    ]
    weight: Annotated[str | None, Holds.DECIMAL, Fhir("component[weight].valueQuantity.value", on="Findings")]
    """Kg."""
    urinalysis: Annotated[str | None, Fhir("component[urinalysis].valueString", on="Findings")]
    fundal_height: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[fundal-height].valueQuantity.value", on="Findings")
    ]
    """Cm."""
    fetal_heart_rate: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[fetal-heart-rate].valueQuantity.value", on="Findings")
    ]
    fetal_movements: Annotated[str | None, Fhir("component[fetal-movements].valueString", on="Findings")]
    presentation: Annotated[str | None, Fhir("component[presentation].valueString", on="Findings")]
    placenta_site: Annotated[str | None, Fhir("component[placenta-site].valueString", on="Findings")]
    screening_test: Annotated[
        str | None, FILTER, Fhir("component[screening-test].valueString", on="Findings")
    ]
    screening_result: Annotated[
        str | None, FILTER, Fhir("component[screening-result].valueString", on="Findings")
    ]
    carbon_monoxide: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[carbon-monoxide].valueQuantity.value", on="Findings")
    ]
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
            when="a pressure is present",
            fixed={"code.coding[loinc].code": "85354-9", "code.text": "Blood pressure"},
        ),
        Resource(
            "Observation",
            key="Findings",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            when="something was found",
            fixed={"code.text": "Antenatal or postnatal findings"},
        ),
    ),
    hl7v2=("ORU^R01 OBX-3/OBX-5 -> scan and screening results", "SIU^S12-S26 -> planned contacts"),
    other_feeds=("MSDS MSD201/202, MSD103",),
)


class MaternityDelivery(Entry):
    """Labours and births, with each baby."""

    class Babies(Part):
        class Baby(Part):
            birth_order: Annotated[
                int | None, Dictionary("BIRTH ORDER"), Fhir("component[birth-order].valueInteger", on="Baby")
            ]
            baby_patient_detail_id: str | None
            """Null until the baby's record is linked."""
            nhs_number: Annotated[str | None, Fhir("focus[0].identifier[nhsNumber].value", on="Baby")]
            birth_date: Annotated[
                LocalDateTime | None,
                Dictionary("PERSON BIRTH DATE (BABY)"),
                Fhir("effectiveDateTime", on="Baby"),
            ]
            outcome: Annotated[
                str | None, Dictionary("PREGNANCY OUTCOME"), Fhir("component[outcome].valueString", on="Baby")
            ]
            phenotypic_sex: Annotated[
                str | None,
                GENDER,
                Dictionary("PERSON PHENOTYPIC SEX"),
                Fhir("component[phenotypic-sex].valueString", on="Baby"),
            ]
            birth_weight_grams: Annotated[
                int | None,
                Dictionary("BIRTH WEIGHT"),
                Fhir("component[birth-weight-grams].valueQuantity.value", on="Baby"),
            ]
            apgar1: Annotated[int | None, Fhir("component[apgar1].valueInteger", on="Baby")]
            apgar5: Annotated[
                int | None,
                Dictionary("APGAR SCORE (5 MINUTES)"),
                Fhir("component[apgar5].valueInteger", on="Baby"),
            ]
            presentation: Annotated[str | None, Fhir("component[presentation].valueString", on="Baby")]
            first_feed: Annotated[
                str | None,
                Dictionary("BABY FIRST FEED BREAST MILK INDICATION CODE"),
                Fhir("component[first-feed].valueString", on="Baby"),
            ]
            neonatal_admission: Annotated[
                str | None, YES_NO, Fhir("component[neonatal-admission].valueBoolean", on="Baby")
            ]

        baby: list[Baby]
        total_item_count: int

    delivery_id: Annotated[
        str, KEY, FILTER, Dictionary("LABOUR AND DELIVERY IDENTIFIER"), Fhir("identifier[0].value")
    ]
    pregnancy_id: Annotated[str, FILTER]
    labour_onset_date: Annotated[
        LocalDateTime | None,
        SORT,
        Dictionary("ONSET OF ESTABLISHED LABOUR DATE"),
        Fhir("component[labour-onset-date].valueDateTime", on="Labour"),
    ]
    labour_onset_method: Annotated[
        str | None,
        FILTER,
        Dictionary("LABOUR OR DELIVERY ONSET METHOD CODE"),
        Fhir("component[labour-onset-method].valueString", on="Labour"),
    ]
    delivery_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Fhir("performedDateTime"),
        Fhir("effectiveDateTime", on="Labour"),
    ]
    delivery_method_code: Annotated[
        str | None, FILTER, LOCAL, Dictionary("DELIVERY METHOD CODE"), Fhir("code.coding[local].code")
    ]
    delivery_method_desc: Annotated[str | None, SORT, FILTER, Fhir("code.text")]
    place_of_birth: Annotated[str | None, SORT, FILTER, Fhir("location.display")]
    site_desc: Annotated[str | None, FILTER]
    gestation_at_birth: Annotated[
        str | None,
        Dictionary("GESTATION LENGTH (AT BIRTH)"),
        Fhir("component[gestation-at-birth].valueString", on="Labour"),
    ]
    """Weeks+days."""
    anaesthesia: Annotated[str | None, Fhir("component[anaesthesia].valueString", on="Labour")]
    blood_loss_ml: Annotated[
        str | None, Holds.DECIMAL, Fhir("component[blood-loss-ml].valueQuantity.value", on="Labour")
    ]
    perineal_trauma: Annotated[str | None, Fhir("component[perineal-trauma].valueString", on="Labour")]
    placenta: Annotated[str | None, Fhir("component[placenta].valueString", on="Labour")]
    maternal_complications: Annotated[str | None, FILTER, Fhir("complication[0].text")]
    number_of_babies: Annotated[
        int | None,
        Dictionary("NUMBER OF BABIES INDICATION CODE"),
        Fhir("component[number-of-babies].valueInteger", on="Labour"),
    ]
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
        ),
        Resource(
            "Observation",
            key="Labour",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            when="something was recorded",
            fixed={"code.text": "Labour and birth"},
        ),
        Resource(
            "Observation",
            key="Baby",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            when="one for each baby, about the mother, with the baby as its focus",
            fixed={"code.text": "Birth"},
        ),
    ),
    hl7v2=(
        "ADT^A01/A08 of the mother with OBX, ADT^A28 of the baby with PID-21 (mother's id), PID-24/PID-25 -> Babies",
    ),
    other_feeds=("MSDS MSD301/302, MSD401-405", "PDS birth notification"),
)
