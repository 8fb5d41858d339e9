"""Child Health: child health programme: birth, screening, immunisations, reviews."""

from typing import Annotated

from carecord.catalogue.code_systems import DMD, SNOMED
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
    Resource,
    SingleOperation,
    Store,
)
from carecord.catalogue.value_lists import NEWBORN_STATUS, YES_NO

BUNDLE = Bundle(
    name="Child Health",
    slug="child-health",
    tagline="Child health programme: birth, screening, immunisations, reviews",
    scope="child-health.read",
)


class BirthDetails(Entry):
    """The child's own birth details."""

    birth_date: Annotated[
        LocalDateTime, KEY, Dictionary("PERSON BIRTH DATE (BABY)"), Fhir("effectiveDateTime")
    ]
    place_of_birth: Annotated[str | None, Fhir("component[place-of-birth].valueString")]
    birth_order: Annotated[int | None, Dictionary("BIRTH ORDER"), Fhir("component[birth-order].valueInteger")]
    number_in_delivery: Annotated[int | None, Fhir("component[number-in-delivery].valueInteger")]
    gestation_at_birth: Annotated[
        str | None, Dictionary("GESTATION LENGTH (AT BIRTH)"), Fhir("component[gestation].valueString")
    ]
    """Weeks+days."""
    delivery_method_desc: Annotated[
        str | None, Dictionary("DELIVERY METHOD CODE"), Fhir("component[delivery].valueString")
    ]
    birth_weight_grams: Annotated[
        int | None, Dictionary("BIRTH WEIGHT"), Fhir("component[birth-weight].valueQuantity.value")
    ]
    birth_length_cm: Annotated[str | None, Holds.DECIMAL, Fhir("component[length].valueQuantity.value")]
    head_circumference_cm: Annotated[str | None, Holds.DECIMAL, Fhir("component[head].valueQuantity.value")]
    apgar1: Annotated[int | None, Fhir("component[apgar1].valueInteger")]
    apgar5: Annotated[int | None, Fhir("component[apgar5].valueInteger")]
    vitamin_k: Annotated[str | None, Fhir("component[vitamin-k].valueString")]
    first_feed: Annotated[str | None, Fhir("component[first-feed].valueString")]
    congenital_anomalies: Annotated[str | None, Fhir("component[congenital-anomalies].valueString")]
    mother_patient_detail_id: str | None
    mother_nhs_number: str | None
    neonatal_admission: Annotated[str | None, YES_NO, Fhir("component[neonatal-admission].valueBoolean")]
    tenancy_description: Annotated[str, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


BIRTH_DETAILS = SingleOperation(
    bundle=BUNDLE,
    operation_id="ChildHealthBirth_GetBirthDetailsByPatientDetailId",
    title="Child Health - Birth Details",
    path="/child-health/patients/{patientDetailId}/birth-details",
    summary="The child's own birth details.",
    item=BirthDetails,
    source=DESIGNED,
    store=Store("child_birth"),
    submitted=True,
    fhir=(
        Resource(
            "Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            fixed={"code.text": "Birth details", "category[0].text": "Birth"},
        ),
    ),
    hl7v2=(
        "ADT^A28 PID-7/PID-23/PID-24/PID-25/PID-21 -> BirthDate, PlaceOfBirth, multiple birth, BirthOrder, mother",
    ),
    other_feeds=("PDS birth notification", "Digital Child Health birth details event", "MSDS MSD401"),
)


class ChildScreening(Entry):
    """Newborn and childhood screening: blood spot, hearing, physical examination, vision."""

    screening_programme: Annotated[str, KEY, SORT, FILTER, Fhir("category[1].text")]
    """Newborn blood spot, Newborn hearing, Newborn physical examination, Infant physical examination (6-8 weeks), Vision, Hearing."""
    condition: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    """Condition, or Hips, Heart, Eyes, Testes, Left ear, Right ear."""
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    date: Annotated[
        LocalDateTime,
        KEY,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("BLOOD SPOT CARD COMPLETION DATE / INFANT PHYSICAL EXAMINATION DATE"),
        Fhir("effectiveDateTime"),
    ]
    result_received_date: Annotated[
        LocalDateTime | None, SORT, Dictionary("NEWBORN BLOOD SPOT TEST RESULT RECEIVED DATE"), Fhir("issued")
    ]
    outcome_code: Annotated[
        str | None,
        FILTER,
        NEWBORN_STATUS,
        Dictionary("NEWBORN BLOOD SPOT TEST OUTCOME STATUS CODE"),
        Fhir("valueCodeableConcept.coding[local].code"),
    ]
    """Blood spot only."""
    outcome_desc: Annotated[
        str | None,
        SORT,
        FILTER,
        Dictionary("NEWBORN HEARING SCREENING OUTCOME / INFANT PHYSICAL EXAMINATION RESULT"),
        Fhir("valueCodeableConcept.text"),
    ]
    further_action: Annotated[str | None, FILTER]
    referral_date: Annotated[LocalDateTime | None, SORT]
    laboratory: Annotated[str | None, Fhir("performer[1].display")]
    card_serial_number: Annotated[str | None, Fhir("specimen.identifier.value")]
    staff_name: Annotated[str | None, FILTER, Fhir("performer[0].display")]
    comments: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


CHILD_SCREENING = ListOperation(
    bundle=BUNDLE,
    operation_id="ChildHealthScreening_GetScreeningByPatientDetailId",
    title="Child Health - Screening",
    path="/child-health/patients/{patientDetailId}/screening",
    summary="Newborn and childhood screening: blood spot, hearing, physical examination, vision.",
    item=ChildScreening,
    source=DESIGNED,
    collection="ChildScreeningList",
    store=Store("child_screening"),
    submitted=True,
    fhir=(
        Resource(
            "Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final, registered while OutcomeCode is 01",
            fixed={"category[0].coding[0].code": "exam"},
        ),
    ),
    hl7v2=("ORU^R01 OBX-3/OBX-5 -> Condition, OutcomeCode", "OBR-7/OBR-22 -> Date, ResultReceivedDate"),
    other_feeds=("Digital Child Health events", "CSDS CYP603-605"),
)


class ChildHealthImmunisation(Entry):
    """Immunisation history and schedule of the child health service."""

    date: Annotated[
        LocalDateTime,
        KEY,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("IMMUNISATION DATE"),
        Fhir("occurrenceDateTime"),
    ]
    """Due date when Scheduled."""
    procedure_desc: Annotated[
        str, KEY, SORT, FILTER, Fhir("extension[UKCore-VaccinationProcedure].valueCodeableConcept.text")
    ]
    snomed_ct_code: Annotated[
        str | None,
        FILTER,
        SNOMED,
        Dictionary("IMMUNISATION PROCEDURE (CLINICAL TERMINOLOGY)"),
        Fhir("extension[UKCore-VaccinationProcedure].valueCodeableConcept.coding[snomed].code"),
    ]
    immunisation_type: Annotated[
        str | None, SORT, FILTER, Dictionary("CHILDHOOD IMMUNISATION TYPE"), Fhir("protocolApplied[0].series")
    ]
    dose_number: Annotated[int | None, KEY, SORT, Fhir("protocolApplied[0].doseNumberPositiveInt")]
    given_status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Given = completed, Not given = not-done; Scheduled rows are ImmunizationRecommendation."""
    not_given_reason: Annotated[str | None, FILTER, Fhir("statusReason.text")]
    vaccine_name: Annotated[str | None, FILTER, Fhir("vaccineCode.text")]
    dmd_code: Annotated[str | None, DMD, Fhir("vaccineCode.coding[dm+d].code")]
    batch_number: Annotated[str | None, FILTER, Fhir("lotNumber")]
    expiry_date: Annotated[Day | None, Fhir("expirationDate")]
    site: Annotated[str | None, Fhir("site.text")]
    consent_given_by: str | None
    given_at: Annotated[
        str | None,
        FILTER,
        Dictionary("ORGANISATION IDENTIFIER (IMMUNISATION RESPONSIBLE ORGANISATION)"),
        Fhir("location.display"),
    ]
    school_name: Annotated[str | None, FILTER]
    staff_name: Annotated[str | None, FILTER, Fhir("performer[0].actor.display")]
    comments: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


CHILD_HEALTH_IMMUNISATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="ChildHealthImmunisations_GetImmunisationsByPatientDetailId",
    title="Child Health - Immunisations",
    path="/child-health/patients/{patientDetailId}/immunisations",
    summary="Immunisation history and schedule of the child health service.",
    item=ChildHealthImmunisation,
    source=DESIGNED,
    collection="ChildImmunisationsList",
    store=Store("child_immunisation"),
    submitted=True,
    fhir=(
        Resource(
            "Immunization",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Immunization",
            status="from GivenStatus",
        ),
    ),
    hl7v2=(
        "VXU^V04 RXA-3/RXA-5/RXA-15/RXA-16/RXA-20 -> Date, vaccine, BatchNumber, ExpiryDate, GivenStatus",
    ),
    other_feeds=("CSDS CYP501/502", "Digital Child Health vaccinations event"),
)


class ChildHealthReview(Entry):
    """Health visitor and school nurse reviews with growth and development."""

    review_id: Annotated[str, KEY, FILTER, Fhir("identifier.value")]
    date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("CARE CONTACT DATE"),
        Fhir("authored"),
        Fhir("effectiveDateTime", on="Observation"),
        Fhir("effectiveDateTime", on="Length"),
        Fhir("effectiveDateTime", on="Head"),
    ]
    review_type: Annotated[str, SORT, FILTER, Fhir("questionnaire.extension[display].valueString")]
    """New birth visit, 6-8 week, 1 year, 2-2.5 year, School entry, NCMP, Other."""
    age_at_review: Annotated[str | None, Fhir("item[age-at-review].answer[0].valueString")]
    weight_kg: Annotated[
        str | None,
        Holds.DECIMAL,
        Dictionary("PERSON WEIGHT"),
        Fhir("item[weight].answer[0].valueDecimal"),
        Fhir("valueQuantity.value", on="Observation"),
    ]
    height_or_length_cm: Annotated[
        str | None,
        Holds.DECIMAL,
        Dictionary("PERSON HEIGHT IN METRES / PERSON LENGTH IN CENTIMETRES"),
        Fhir("item[length].answer[0].valueDecimal"),
        Fhir("valueQuantity.value", on="Length"),
    ]
    head_circumference_cm: Annotated[
        str | None,
        Holds.DECIMAL,
        Fhir("item[head].answer[0].valueDecimal"),
        Fhir("valueQuantity.value", on="Head"),
    ]
    weight_centile: Annotated[str | None, Fhir("item[weight-centile].answer[0].valueString")]
    bmi_centile: Annotated[str | None, Fhir("item[bmi-centile].answer[0].valueString")]
    breastfeeding_status: Annotated[
        str | None, FILTER, Dictionary("BREASTFEEDING STATUS"), Fhir("item[feeding].answer[0].valueString")
    ]
    assessment_tool: Annotated[
        str | None,
        FILTER,
        Dictionary("CODED ASSESSMENT TOOL TYPE (SNOMED CT)"),
        Fhir("item[assessment-tool].answer[0].valueString"),
    ]
    """E.g. ASQ-3."""
    assessment_score: Annotated[
        str | None, Holds.DECIMAL, Dictionary("PERSON SCORE"), Fhir("item[score].answer[0].valueDecimal")
    ]
    development_summary: Annotated[str | None, FILTER, Fhir("item[development].answer[0].valueString")]
    maternal_mood_discussed: Annotated[
        str | None, YES_NO, Fhir("item[maternal-mood-discussed].answer[0].valueBoolean")
    ]
    concerns: Annotated[str | None, FILTER, Fhir("item[concerns].answer[0].valueString")]
    actions: Annotated[str | None, FILTER, Fhir("item[actions].answer[0].valueString")]
    service_level: Annotated[str | None, SORT, FILTER, Fhir("item[service-level].answer[0].valueString")]
    """Universal, Targeted, Specialist."""
    special_educational_need: Annotated[
        str | None,
        FILTER,
        Dictionary("SPECIAL EDUCATIONAL NEED TYPE"),
        Fhir("item[special-educational-need].answer[0].valueString"),
    ]
    staff_name: Annotated[str | None, FILTER, Fhir("author.display")]
    team_desc: Annotated[str | None, FILTER]
    next_review_date: Annotated[Day | None, SORT, Fhir("item[next-review-date].answer[0].valueDate")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


CHILD_HEALTH_REVIEWS = ListOperation(
    bundle=BUNDLE,
    operation_id="ChildHealthReviews_GetReviewsByPatientDetailId",
    title="Child Health - Reviews and Growth",
    path="/child-health/patients/{patientDetailId}/reviews",
    summary="Health visitor and school nurse reviews with growth and development.",
    item=ChildHealthReview,
    source=DESIGNED,
    collection="ChildReviewsList",
    store=Store("child_review"),
    submitted=True,
    fhir=(
        Resource(
            "QuestionnaireResponse",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-QuestionnaireResponse",
            status="completed",
        ),
        Resource(
            "Observation",
            key="Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BodyWeight",
            status="final",
            when="WeightKg is not null",
            fixed={"code.coding[loinc].code": "29463-7", "code.text": "Body weight"},
        ),
        Resource(
            "Observation",
            key="Length",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-BodyHeight",
            status="final",
            when="HeightOrLengthCm is not null",
            fixed={"code.coding[loinc].code": "8302-2", "code.text": "Body height"},
        ),
        Resource(
            "Observation",
            key="Head",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-VitalSigns-HeadCircumference",
            status="final",
            when="HeadCircumferenceCm is not null",
            fixed={"code.coding[loinc].code": "9843-4", "code.text": "Head circumference"},
        ),
    ),
    hl7v2=("ORU^R01 OBX-3/OBX-5 -> growth measurements",),
    other_feeds=("CSDS CYP201/202, CYP610-612",),
)
