"""GP: what the GP record holds: problems, medicines, allergies, results, contacts and more."""

from typing import Annotated

from carecord.catalogue.code_systems import DMD, READ2, SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    FIRST_FIRST,
    HIDDEN,
    KEEP_EMPTY,
    KEY,
    KNOWN,
    NEWEST_FIRST,
    NOT_FUTURE,
    SORT,
    Bundle,
    ComposedOperation,
    Day,
    Dictionary,
    Entry,
    Fhir,
    Holds,
    IsNotNull,
    IsNull,
    ListOperation,
    LocalDateTime,
    NotBefore,
    Resource,
    Section,
    SingleOperation,
    Store,
    WithinMonths,
)
from carecord.catalogue.value_lists import (
    ABNORMAL_FLAG,
    ALERT_TYPE,
    GIVEN_STATUS,
    PRIORITY,
    RESULT_STATUS,
    SEVERITY,
    SIGNIFICANCE,
    YES_NO,
)

BUNDLE = Bundle(
    name="GP",
    slug="gp",
    tagline="What the GP record holds: problems, medicines, allergies, results, contacts and more",
    scope="gp.read",
)


class GpActiveProblem(Entry):
    """Problems the GP record counts as active."""

    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("onsetDateTime")]
    """Onset, else entry."""
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    significance: Annotated[str | None, SORT, FILTER, SIGNIFICANCE, Fhir("category[1].text")]
    episode: Annotated[
        str | None, FILTER, Fhir("extension[UKCore-ConditionEpisode].valueCodeableConcept.text")
    ]
    """First, New, Review, End."""
    last_review_date: Annotated[
        LocalDateTime | None, SORT, FILTER, Fhir("extension[condition-reviewed].valueDateTime")
    ]
    recorded_date: Annotated[LocalDateTime | None, SORT, Fhir("recordedDate")]
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    staff_code: Annotated[str | None, FILTER, Fhir("recorder.identifier.value")]
    staff_role: Annotated[str | None, FILTER, Fhir("recorder.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_ACTIVE_PROBLEMS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpActiveProblems_GetGpActiveProblemsByPatientDetailId",
    title="Problems - Active",
    path="/gp/patients/{patientDetailId}/gp-problems/active",
    summary="Problems the GP record counts as active.",
    item=GpActiveProblem,
    source=KNOWN,
    collection="ActiveProblemsCollection",
    store=Store("gp_problem", rows=IsNull("EndDate")),
    submitted=True,
    fhir=(
        Resource(
            "Condition",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition",
            status="clinicalStatus active; verificationStatus confirmed",
            fixed={"category[0].coding[0].code": "problem-list-item"},
        ),
    ),
    hl7v2=("PPR^PC1 PRB-3 -> ReadCode, Rubric", "PRB-16 -> Date"),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
    known_parts=(
        "path tail gp-problems/active (seen under /acute; the gp segment and the item are designed)",
        "title 'Problems - Active' (inferred)",
    ),
    evidence="client",
)


class GpPastProblem(Entry):
    """Problems that have ended."""

    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("onsetDateTime")]
    """Onset, else entry."""
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    significance: Annotated[str | None, SORT, FILTER, SIGNIFICANCE, Fhir("category[1].text")]
    episode: Annotated[
        str | None, FILTER, Fhir("extension[UKCore-ConditionEpisode].valueCodeableConcept.text")
    ]
    """First, New, Review, End."""
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("date"), Fhir("abatementDateTime")]
    recorded_date: Annotated[LocalDateTime | None, SORT, Fhir("recordedDate")]
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    staff_code: Annotated[str | None, FILTER, Fhir("recorder.identifier.value")]
    staff_role: Annotated[str | None, FILTER, Fhir("recorder.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_PAST_PROBLEMS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpPastProblems_GetGpPastProblemsByPatientDetailId",
    title="Problems - Past",
    path="/gp/patients/{patientDetailId}/gp-problems/past",
    summary="Problems that have ended.",
    item=GpPastProblem,
    source=DESIGNED,
    collection="PastProblemsCollection",
    store=Store("gp_problem", rows=IsNotNull("EndDate")),
    submitted=True,
    fhir=(
        Resource(
            "Condition",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition",
            status="clinicalStatus resolved; verificationStatus confirmed",
            fixed={"category[0].coding[0].code": "problem-list-item"},
        ),
    ),
    hl7v2=("PPR^PC1 PRB-3 -> ReadCode, Rubric", "PRB-9 -> EndDate"),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpAdditionalProblem(Entry):
    """Problem-like entries kept outside the active and past problem lists."""

    date: Annotated[LocalDateTime | None, KEY, NEWEST_FIRST, NOT_FUTURE, Fhir("onsetDateTime")]
    rubric: Annotated[str | None, KEY, Fhir("code.text")]
    read_code: Annotated[str | None, KEY, READ2, Fhir("code.coding[read2].code")]
    notes: Annotated[str | None, Fhir("note[0].text")]
    notes1: Annotated[str | None, Fhir("note[1].text")]
    snomed_ct_code: Annotated[str | None, HIDDEN, DESIGNED, SNOMED, Fhir("code.coding[snomed].code")]
    tenancy_description: Annotated[str | None, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_ADDITIONAL_PROBLEMS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpAdditionalProblems_GetGpIssuedMedicationsByPatientDetailId",
    title="Problems - Additional",
    path="/gp/patients/{patientDetailId}/gp-problems/additional",
    summary="Problem-like entries kept outside the active and past problem lists.",
    item=GpAdditionalProblem,
    source=KNOWN,
    collection="AdditionalProblemsCollection",
    store=Store("gp_additional_problem"),
    submitted=True,
    fhir=(
        Resource(
            "Condition",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition",
            status="clinicalStatus active",
            fixed={"category[0].coding[0].code": "problem-list-item"},
        ),
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
    known_parts=(
        "operation_id (its action name is a slip in the original)",
        "title",
        "collection",
        "item",
        "no sort or filter",
    ),
    evidence="page",
)


class GpRepeatMedication(Entry):
    """Current repeat medicines of the GP record."""

    date: Annotated[
        LocalDateTime | None,
        KEY,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Fhir("effectivePeriod.start"),
        Fhir("authoredOn", on="MedicationRequest"),
    ]
    read_code: Annotated[
        str | None,
        KEY,
        READ2,
        Fhir("medicationCodeableConcept.coding[read2].code"),
        Fhir("medicationCodeableConcept.coding[read2].code", on="MedicationRequest"),
    ]
    rubric: Annotated[
        str | None,
        KEY,
        SORT,
        FILTER,
        Fhir("medicationCodeableConcept.text"),
        Fhir("medicationCodeableConcept.text", on="MedicationRequest"),
    ]
    quantity: Annotated[
        str | None,
        SORT,
        FILTER,
        Holds.DECIMAL,
        Fhir("dispenseRequest.quantity.value", on="MedicationRequest"),
    ]
    dosage: Annotated[
        str | None,
        SORT,
        FILTER,
        Fhir("dosage[0].text"),
        Fhir("dosageInstruction[0].text", on="MedicationRequest"),
    ]
    last_issued_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        Fhir("extension[UKCore-MedicationStatementLastIssueDate].valueDateTime"),
    ]
    """Date-time format inferred from its filter."""
    units: Annotated[str | None, Fhir("dispenseRequest.quantity.unit", on="MedicationRequest")]
    mixture_id: Annotated[str | None, Fhir("groupIdentifier.value", on="MedicationRequest")]
    """Groups the lines of one mixture."""
    constituent: str | None
    """Part of a mixture."""
    dmd_code: Annotated[
        str | None,
        HIDDEN,
        DESIGNED,
        DMD,
        Fhir("medicationCodeableConcept.coding[dm+d].code"),
        Fhir("medicationCodeableConcept.coding[dm+d].code", on="MedicationRequest"),
    ]
    tenancy_description: Annotated[str | None, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_REPEAT_MEDICATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpRepeatMedications_GetGpRepeatMedicationsResultsByPatientDetailId",
    title="Medications - Repeat",
    path="/gp/patients/{patientDetailId}/gp-medications/repeat",
    summary="Current repeat medicines of the GP record.",
    item=GpRepeatMedication,
    source=KNOWN,
    collection="GpRepeatMedicationsList",
    store=Store("gp_medication_course", rows=IsNull("EndDate")),
    submitted=True,
    fhir=(
        Resource(
            "MedicationStatement",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationStatement",
            status="active",
            fixed={
                "extension[prescription-type].valueCodeableConcept.coding[0].code": "R",
                "extension[prescription-type].valueCodeableConcept.coding[0].display": "Repeat",
            },
            note="based on the MedicationRequest of the same row",
        ),
        Resource(
            "MedicationRequest",
            key="MedicationRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationRequest",
            status="active while the repeat is current, else completed",
            fixed={
                "intent": "plan",
                "category[0].coding[0].code": "primarycare",
                "courseOfTherapyType.coding[0].code": "continuous",
                "substitution.allowedBoolean": "false",
                "extension[prescription-type].valueCodeableConcept.coding[0].code": "R",
                "extension[prescription-type].valueCodeableConcept.coding[0].display": "Repeat",
            },
        ),
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
    known_parts=("operation_id", "title", "collection", "item", "sortable and filterable fields"),
    evidence="page",
)


class GpIssuedMedication(Entry):
    """Prescriptions issued, acute and repeat, newest first."""

    date: Annotated[LocalDateTime | None, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("authoredOn")]
    """Type by analogy with repeat; the client sample reformatted it."""
    rubric: Annotated[str | None, KEY, SORT, FILTER, Fhir("medicationCodeableConcept.text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("medicationCodeableConcept.coding[read2].code")]
    quantity: Annotated[str | None, SORT, FILTER, Holds.DECIMAL, Fhir("dispenseRequest.quantity.value")]
    dosage: Annotated[str | None, KEY, SORT, FILTER, Fhir("dosageInstruction[0].text")]
    units: Annotated[str | None, Fhir("dispenseRequest.quantity.unit")]
    dmd_code: Annotated[
        str | None, HIDDEN, DESIGNED, DMD, Fhir("medicationCodeableConcept.coding[dm+d].code")
    ]
    prescription_type: Annotated[
        str | None,
        HIDDEN,
        DESIGNED,
        Fhir("courseOfTherapyType.text"),
        Fhir("extension[prescription-type].valueCodeableConcept.coding[0].code"),
        Fhir("extension[prescription-type].valueCodeableConcept.text"),
    ]
    """Acute, Repeat, Repeat dispensing."""
    tenancy_description: Annotated[str | None, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_ISSUED_MEDICATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpIssuedMedications_GetGpIssuedMedicationsByPatientDetailId",
    title="Medications - Issued",
    path="/gp/patients/{patientDetailId}/gp-medications/issued",
    summary="Prescriptions issued, acute and repeat, newest first.",
    item=GpIssuedMedication,
    source=KNOWN,
    collection="GpIssuedMedicationsList",
    store=Store("gp_medication_issue"),
    submitted=True,
    fhir=(
        Resource(
            "MedicationRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationRequest",
            status="completed",
            fixed={
                "intent": "order",
                "category[0].coding[0].code": "primarycare",
                "substitution.allowedBoolean": "false",
            },
        ),
    ),
    hl7v2=("RDE^O11 RXE-2 -> ReadCode, Rubric", "RXE-10/RXE-11 -> Quantity, Units", "RXE-7 -> Dosage"),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
    known_parts=(
        "item: Date, Rubric, ReadCode, Quantity, Dosage, Units, TenancyDescription",
        "title and controller name (inferred)",
    ),
    evidence="client",
)


class GpPastMedication(Entry):
    """Repeat medicines that were stopped or ran out."""

    date: Annotated[
        LocalDateTime,
        KEY,
        SORT,
        FILTER,
        Fhir("effectivePeriod.start"),
        Fhir("authoredOn", on="MedicationRequest"),
    ]
    read_code: Annotated[
        str | None,
        KEY,
        FILTER,
        READ2,
        Fhir("medicationCodeableConcept.coding[read2].code"),
        Fhir("medicationCodeableConcept.coding[read2].code", on="MedicationRequest"),
    ]
    rubric: Annotated[
        str,
        KEY,
        SORT,
        FILTER,
        Fhir("medicationCodeableConcept.text"),
        Fhir("medicationCodeableConcept.text", on="MedicationRequest"),
    ]
    dmd_code: Annotated[
        str | None,
        FILTER,
        DMD,
        Fhir("medicationCodeableConcept.coding[dm+d].code"),
        Fhir("medicationCodeableConcept.coding[dm+d].code", on="MedicationRequest"),
    ]
    quantity: Annotated[
        str | None, Holds.DECIMAL, Fhir("dispenseRequest.quantity.value", on="MedicationRequest")
    ]
    dosage: Annotated[
        str | None, FILTER, Fhir("dosage[0].text"), Fhir("dosageInstruction[0].text", on="MedicationRequest")
    ]
    last_issued_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        Fhir("extension[UKCore-MedicationStatementLastIssueDate].valueDateTime"),
    ]
    units: Annotated[str | None, Fhir("dispenseRequest.quantity.unit", on="MedicationRequest")]
    end_date: Annotated[
        LocalDateTime | None, NEWEST_FIRST, SORT, FILTER, NotBefore("date"), Fhir("effectivePeriod.end")
    ]
    end_reason: Annotated[str | None, FILTER, Fhir("statusReason[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_PAST_MEDICATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpPastMedications_GetGpPastMedicationsByPatientDetailId",
    title="Medications - Past",
    path="/gp/patients/{patientDetailId}/gp-medications/past",
    summary="Repeat medicines that were stopped or ran out.",
    item=GpPastMedication,
    source=DESIGNED,
    collection="GpPastMedicationsList",
    store=Store("gp_medication_course", rows=IsNotNull("EndDate")),
    submitted=True,
    fhir=(
        Resource(
            "MedicationStatement",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationStatement",
            status="stopped when EndReason is given, else completed",
        ),
        Resource(
            "MedicationRequest",
            key="MedicationRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationRequest",
            status="active while the repeat is current, else completed",
            fixed={
                "intent": "plan",
                "category[0].coding[0].code": "primarycare",
                "courseOfTherapyType.coding[0].code": "continuous",
                "substitution.allowedBoolean": "false",
            },
        ),
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpAllergy(Entry):
    """Allergies and adverse reactions in the GP record, current and ended."""

    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("recordedDate")]
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    allergy_type: Annotated[str | None, SORT, FILTER, ALERT_TYPE, Fhir("category[0]")]
    """Drug = medication, Non Drug = food or environment."""
    reaction: Annotated[str | None, FILTER, Fhir("reaction[0].manifestation[0].text")]
    reaction_snomed_ct_code: Annotated[
        str | None, SNOMED, Fhir("reaction[0].manifestation[0].coding[snomed].code")
    ]
    severity: Annotated[str | None, SORT, FILTER, SEVERITY, Fhir("reaction[0].severity")]
    certainty: Annotated[str | None, FILTER, Fhir("verificationStatus.coding[0].code")]
    """Confirmed, Likely, Possible."""
    end_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        NotBefore("date"),
        Fhir("clinicalStatus.extension[UKCore-AllergyIntoleranceEnd:endDate].valueDateTime"),
    ]
    end_reason: Annotated[
        str | None, Fhir("clinicalStatus.extension[UKCore-AllergyIntoleranceEnd:reasonEnded].valueString")
    ]
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    staff_code: Annotated[str | None, FILTER, Fhir("recorder.identifier.value")]
    staff_role: Annotated[str | None, FILTER, Fhir("recorder.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_ALLERGIES = ListOperation(
    bundle=BUNDLE,
    operation_id="GpAllergies_GetGpAllergiesByPatientDetailId",
    title="Allergies",
    path="/gp/patients/{patientDetailId}/gp-allergies",
    summary="Allergies and adverse reactions in the GP record, current and ended.",
    item=GpAllergy,
    source=DESIGNED,
    collection="GpAllergiesList",
    store=Store("gp_allergy"),
    submitted=True,
    fhir=(
        Resource(
            "AllergyIntolerance",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-AllergyIntolerance",
            status="active while EndDate is null, else resolved",
        ),
    ),
    hl7v2=("ADT AL1-3 -> Rubric, codes", "AL1-5 -> Reaction", "AL1-6 -> Date"),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpImmunisation(Entry):
    """Vaccinations given, given elsewhere, or declined."""

    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("occurrenceDateTime")]
    rubric: Annotated[
        str, KEY, SORT, FILTER, Fhir("extension[UKCore-VaccinationProcedure].valueCodeableConcept.text")
    ]
    read_code: Annotated[
        str | None,
        KEY,
        FILTER,
        READ2,
        Fhir("extension[UKCore-VaccinationProcedure].valueCodeableConcept.coding[read2].code"),
    ]
    snomed_ct_code: Annotated[
        str | None,
        FILTER,
        SNOMED,
        Fhir("extension[UKCore-VaccinationProcedure].valueCodeableConcept.coding[snomed].code"),
    ]
    given_status: Annotated[str, SORT, FILTER, GIVEN_STATUS, Fhir("status")]
    """Given = completed, Not given = not-done."""
    not_given_reason: Annotated[str | None, FILTER, Fhir("statusReason.text")]
    vaccine_name: Annotated[str | None, SORT, FILTER, Fhir("vaccineCode.text")]
    dmd_code: Annotated[str | None, DMD, Fhir("vaccineCode.coding[dm+d].code")]
    dose_number: Annotated[int | None, SORT, Fhir("protocolApplied[0].doseNumberPositiveInt")]
    target_disease: Annotated[str | None, FILTER, Fhir("protocolApplied[0].targetDisease[0].text")]
    batch_number: Annotated[str | None, FILTER, Fhir("lotNumber")]
    expiry_date: Annotated[Day | None, Fhir("expirationDate")]
    manufacturer: Annotated[str | None, Fhir("manufacturer.display")]
    site: Annotated[str | None, Fhir("site.text")]
    route: Annotated[str | None, Fhir("route.text")]
    dose_quantity: Annotated[str | None, Holds.DECIMAL, Fhir("doseQuantity.value")]
    dose_units: Annotated[str | None, Fhir("doseQuantity.unit")]
    given_at: Annotated[str | None, FILTER, Fhir("location.display")]
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    staff_code: Annotated[str | None, FILTER, Fhir("performer[0].actor.identifier.value")]
    staff_role: Annotated[str | None, FILTER, Fhir("performer[0].actor.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_IMMUNISATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpImmunisations_GetGpImmunisationsByPatientDetailId",
    title="Immunisations",
    path="/gp/patients/{patientDetailId}/gp-immunisations",
    summary="Vaccinations given, given elsewhere, or declined.",
    item=GpImmunisation,
    source=DESIGNED,
    collection="GpImmunisationsList",
    store=Store("gp_immunisation"),
    submitted=True,
    fhir=(
        Resource(
            "Immunization",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Immunization",
            status="from GivenStatus",
        ),
    ),
    hl7v2=(
        "VXU^V04 RXA-3 -> Date",
        "RXA-5 -> VaccineName, DMDCode",
        "RXA-6/RXA-7 -> DoseQuantity, DoseUnits",
        "RXA-15/RXA-16/RXA-17 -> BatchNumber, ExpiryDate, Manufacturer",
        "RXA-18/RXA-20 -> NotGivenReason, GivenStatus",
        "RXR-1/RXR-2 -> Route, Site",
    ),
    other_feeds=(
        "GP system bulk extract",
        "GP Connect Access Record: Structured",
        "NHS immunisation (VDS) events",
    ),
)


class GpEncounter(Entry):
    """Contacts between patient and practice with what was entered at each."""

    date: Annotated[LocalDateTime | None, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("period.start")]
    rubric: Annotated[str | None, KEY, SORT, FILTER, Fhir("reasonCode[0].text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("reasonCode[0].coding[read2].code")]
    notes: Annotated[str | None, FILTER, KEEP_EMPTY, Fhir("text.div")]
    """May be the empty string, as in the sample."""
    staff_code: Annotated[str | None, KEY, FILTER, Fhir("participant[0].individual.identifier.value")]
    staff_role: Annotated[str | None, SORT, FILTER, Fhir("participant[0].individual.display")]
    type: Annotated[str | None, SORT, FILTER, Fhir("type[0].text")]
    snomed_ct_code: Annotated[str | None, HIDDEN, DESIGNED, SNOMED, Fhir("reasonCode[0].coding[snomed].code")]
    tenancy_description: Annotated[str | None, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_ENCOUNTERS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpEncounters_GetGpEncountersByPatientDetailId",
    title="Encounters",
    path="/gp/patients/{patientDetailId}/gp-encounters",
    summary="Contacts between patient and practice with what was entered at each.",
    item=GpEncounter,
    source=KNOWN,
    collection="EncountersResult",
    store=Store("gp_encounter"),
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="finished",
            fixed={
                "class.code": "AMB",
                "serviceType.coding[snomed].code": "788007007",
            },
        ),
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
    known_parts=("collection", "item"),
    evidence="client",
)


class GpObservation(Entry):
    """Measurements and coded findings with a value: blood pressure, weight, peak flow."""

    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("effectiveDateTime")]
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    value: Annotated[str | None, KEY, SORT, Holds.DECIMAL, Fhir("valueQuantity.value")]
    """Text values go to valueString."""
    units: Annotated[str | None, FILTER, Fhir("valueQuantity.unit")]
    range_low: Annotated[str | None, Holds.DECIMAL, Fhir("referenceRange[0].low.value")]
    range_high: Annotated[str | None, Holds.DECIMAL, Fhir("referenceRange[0].high.value")]
    abnormal_flag: Annotated[str | None, FILTER, ABNORMAL_FLAG, Fhir("interpretation[0].coding[0].code")]
    group_id: Annotated[str | None, FILTER]
    """Readings taken together, e.g. both blood pressures: one Observation with components."""
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    staff_code: Annotated[str | None, FILTER, Fhir("performer[0].identifier.value")]
    staff_role: Annotated[str | None, FILTER, Fhir("performer[0].display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_OBSERVATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpObservations_GetGpObservationsByPatientDetailId",
    title="Observations",
    path="/gp/patients/{patientDetailId}/gp-observations",
    summary="Measurements and coded findings with a value: blood pressure, weight, peak flow.",
    item=GpObservation,
    source=DESIGNED,
    collection="GpObservationsList",
    store=Store("gp_observation"),
    submitted=True,
    fhir=(
        Resource(
            "Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            note="vital-sign codes get category vital-signs and the matching UKCore-Observation-VitalSigns-* profile; others category exam",
        ),
    ),
    hl7v2=(
        "ORU^R01 OBX-3 -> Rubric, codes",
        "OBX-5/OBX-6/OBX-7/OBX-8 -> Value, Units, range, AbnormalFlag",
        "OBX-14 -> Date",
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpTestResult(Entry):
    """Laboratory results filed in the GP record, one row per analyte."""

    date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Fhir("effectiveDateTime"),
        Fhir("effectiveDateTime", on="DiagnosticReport"),
    ]
    """Sample taken."""
    report_date: Annotated[
        LocalDateTime | None, SORT, FILTER, Fhir("issued"), Fhir("issued", on="DiagnosticReport")
    ]
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    read_code: Annotated[str | None, FILTER, READ2, Fhir("code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, KEY, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    value: Annotated[str | None, SORT, Holds.DECIMAL, Fhir("valueQuantity.value")]
    units: Annotated[str | None, FILTER, Fhir("valueQuantity.unit")]
    range_low: Annotated[str | None, Holds.DECIMAL, Fhir("referenceRange[0].low.value")]
    range_high: Annotated[str | None, Holds.DECIMAL, Fhir("referenceRange[0].high.value")]
    abnormal_flag: Annotated[str | None, FILTER, ABNORMAL_FLAG, Fhir("interpretation[0].coding[0].code")]
    result_status: Annotated[str, FILTER, RESULT_STATUS, Fhir("status")]
    report_id: Annotated[
        str | None,
        KEY,
        FILTER,
        Fhir("identifier[0].value"),
        Fhir("identifier[0].value", on="DiagnosticReport"),
    ]
    """Groups the analytes of one report."""
    specimen_type: Annotated[str | None, FILTER, Fhir("specimen.display")]
    requested_by: Annotated[str | None, FILTER, Fhir("contained[ServiceRequest].requester.display")]
    filing_comment: Annotated[str | None, Fhir("note[1].text")]
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_TEST_RESULTS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpTestResults_GetGpTestResultsByPatientDetailId",
    title="Test Results",
    path="/gp/patients/{patientDetailId}/gp-test-results",
    summary="Laboratory results filed in the GP record, one row per analyte.",
    item=GpTestResult,
    source=DESIGNED,
    collection="GpTestResultsList",
    store=Store("gp_test_result"),
    submitted=True,
    fhir=(
        Resource(
            "Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation-Lab",
            status="from ResultStatus: P preliminary, F final, C corrected, X cancelled",
            fixed={"category[0].coding[0].code": "laboratory"},
        ),
        Resource(
            "DiagnosticReport",
            key="DiagnosticReport",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-DiagnosticReport-Lab",
            status="from ResultStatus",
            when="ReportId is not null; rows of one report share its identifier",
            fixed={"category[0].coding[0].code": "LAB"},
        ),
    ),
    hl7v2=(
        "ORU^R01 OBR-7/OBR-22 -> Date, ReportDate",
        "OBX-3/OBX-5/OBX-6/OBX-7/OBX-8/OBX-11 -> code, Value, Units, range, AbnormalFlag, ResultStatus",
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpReferral(Entry):
    """Referrals to and from the practice."""

    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("authoredOn")]
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    from_: Annotated[str | None, FILTER, Fhir("requester.display")]
    to: Annotated[str | None, KEY, SORT, FILTER, Fhir("performer[0].display")]
    to_organisation_code: Annotated[str | None, FILTER, Fhir("performer[0].identifier[ods].value")]
    specialty_code: Annotated[str | None, FILTER, Fhir("performerType.coding[specialty].code")]
    specialty_desc: Annotated[str | None, SORT, FILTER, Fhir("performerType.text")]
    priority_code: Annotated[str | None, FILTER, PRIORITY, Fhir("priority")]
    """1 routine, 2 urgent, 3 asap."""
    priority_desc: Annotated[str | None, SORT, FILTER]
    ubrn: Annotated[
        str | None,
        FILTER,
        Dictionary("UNIQUE BOOKING REFERENCE NUMBER (CONVERTED)"),
        Fhir("identifier[ubrn].value"),
    ]
    """E-RS booking reference."""
    status: Annotated[str | None, SORT, FILTER, Fhir("status")]
    """Sent = active, Seen or Closed = completed, Rejected or Cancelled = revoked."""
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_REFERRALS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpReferrals_GetGpReferralsByPatientDetailId",
    title="Referrals",
    path="/gp/patients/{patientDetailId}/gp-referrals",
    summary="Referrals to and from the practice.",
    item=GpReferral,
    source=DESIGNED,
    collection="GpReferralsList",
    store=Store("gp_referral"),
    submitted=True,
    fhir=(
        Resource(
            "ServiceRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest",
            status="from Status",
            fixed={"intent": "order", "category[0].text": "Referral"},
        ),
    ),
    hl7v2=("REF^I12 RF1-7 -> Date", "RF1-2/RF1-3 -> PriorityCode, SpecialtyDesc", "PRD-1/PRD-2 -> From, To"),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured", "e-RS"),
)


class GpRecall(Entry):
    """Diary entries: what is due and when."""

    due_date: Annotated[Day, KEY, FIRST_FIRST, SORT, FILTER, Fhir("occurrenceDateTime")]
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    recall_type: Annotated[str | None, SORT, FILTER, Fhir("category[0].text")]
    """Chronic disease review, Immunisation, Screening, Medication review, Other."""
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Due or Overdue = active, Done = completed, Cancelled = revoked."""
    date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("authoredOn")]
    """Entered."""
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    staff_code: Annotated[str | None, FILTER, Fhir("requester.identifier.value")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_RECALLS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpRecalls_GetGpRecallsByPatientDetailId",
    title="Recalls and Diary",
    path="/gp/patients/{patientDetailId}/gp-recalls",
    summary="Diary entries: what is due and when.",
    item=GpRecall,
    source=DESIGNED,
    collection="GpRecallsList",
    store=Store("gp_recall"),
    submitted=True,
    fhir=(
        Resource(
            "ServiceRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest",
            status="from Status",
            fixed={"intent": "plan"},
        ),
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpDocument(Entry):
    """Letters and scans attached to the GP record."""

    document_id: Annotated[str, KEY, FILTER, Fhir("masterIdentifier.value")]
    """Use in Documents - Content."""
    date: Annotated[LocalDateTime, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("date")]
    rubric: Annotated[str, SORT, FILTER, Fhir("type.text")]
    read_code: Annotated[str | None, FILTER, READ2, Fhir("type.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("type.coding[snomed].code")]
    title: Annotated[str | None, SORT, FILTER, Fhir("description")]
    author_name: Annotated[str | None, FILTER, Fhir("author[0].display")]
    author_organisation: Annotated[str | None, FILTER, Fhir("custodian.display")]
    mime_type: Annotated[str | None, FILTER, Fhir("content[0].attachment.contentType")]
    file_name: Annotated[str | None, Fhir("content[0].attachment.title")]
    size_bytes: Annotated[int | None, SORT, Fhir("content[0].attachment.size")]
    has_content: Annotated[str, FILTER, YES_NO]
    """No = only the index entry is held."""
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_DOCUMENTS = ListOperation(
    bundle=BUNDLE,
    operation_id="GpDocuments_GetGpDocumentsByPatientDetailId",
    title="Documents",
    path="/gp/patients/{patientDetailId}/gp-documents",
    summary="Letters and scans attached to the GP record.",
    item=GpDocument,
    source=DESIGNED,
    collection="GpDocumentsList",
    store=Store("gp_document"),
    submitted=True,
    fhir=(
        Resource(
            "DocumentReference",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-DocumentReference",
            status="current",
            fixed={"docStatus": "final"},
        ),
    ),
    hl7v2=("MDM^T02 TXA-4 -> Date", "TXA-2 -> Rubric", "TXA-9 -> AuthorName", "TXA-12 -> DocumentId"),
    other_feeds=(
        "GP system bulk extract",
        "GP Connect Access Record: Structured",
        "GP Connect Access Document",
    ),
)


class GpFamilyHistory(Entry):
    """Conditions that run in the family."""

    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("date")]
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("condition[0].code.text")]
    read_code: Annotated[str | None, KEY, FILTER, READ2, Fhir("condition[0].code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("condition[0].code.coding[snomed].code")]
    relationship: Annotated[str | None, KEY, SORT, FILTER, Fhir("relationship.text")]
    relationship_snomed_ct_code: Annotated[str | None, SNOMED, Fhir("relationship.coding[snomed].code")]
    age_at_onset: Annotated[int | None, Fhir("condition[0].onsetAge.value")]
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_FAMILY_HISTORY = ListOperation(
    bundle=BUNDLE,
    operation_id="GpFamilyHistory_GetGpFamilyHistoryByPatientDetailId",
    title="Family History",
    path="/gp/patients/{patientDetailId}/gp-family-history",
    summary="Conditions that run in the family.",
    item=GpFamilyHistory,
    source=DESIGNED,
    collection="GpFamilyHistoryList",
    store=Store("gp_family_history"),
    submitted=True,
    fhir=(
        Resource(
            "FamilyMemberHistory",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-FamilyMemberHistory",
            status="completed; relationship NAVU when not recorded",
        ),
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpLifestyle(Entry):
    """Smoking, alcohol, exercise, diet, weight and substance entries."""

    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("effectiveDateTime")]
    category: Annotated[str, KEY, SORT, FILTER, Fhir("category[1].text")]
    """Smoking, Alcohol, Substance use, Exercise, Diet, Weight, Occupation, Housing, Carer."""
    rubric: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    read_code: Annotated[str | None, FILTER, READ2, Fhir("code.coding[read2].code")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    value: Annotated[str | None, SORT, Holds.DECIMAL, Fhir("valueQuantity.value")]
    units: Annotated[str | None, Fhir("valueQuantity.unit")]
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    staff_code: Annotated[str | None, FILTER, Fhir("performer[0].identifier.value")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_LIFESTYLE = ListOperation(
    bundle=BUNDLE,
    operation_id="GpLifestyle_GetGpLifestyleByPatientDetailId",
    title="Lifestyle",
    path="/gp/patients/{patientDetailId}/gp-lifestyle",
    summary="Smoking, alcohol, exercise, diet, weight and substance entries.",
    item=GpLifestyle,
    source=DESIGNED,
    collection="GpLifestyleList",
    store=Store("gp_lifestyle"),
    submitted=True,
    fhir=(
        Resource(
            "Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            fixed={"category[0].coding[0].code": "social-history"},
            note="Smoking uses UKCore-Observation-TobaccoConsumption, Alcohol UKCore-Observation-AlcoholConsumption",
        ),
    ),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpRegistrationDetails(Entry):
    """The patient's registration as the GP system holds it."""

    practice_code: Annotated[str, KEY, Fhir("managingOrganization.identifier[ods].value")]
    practice_name: Annotated[
        str | None, Fhir("managingOrganization.display"), Fhir("contained[Organization].name")
    ]
    practice_telephone: Annotated[str | None, Fhir("contained[Organization].telecom[phone].value")]
    usual_gp_code: Annotated[str | None, Fhir("careManager.identifier[gmp].value")]
    usual_gp_name: Annotated[str | None, Fhir("careManager.display")]
    registration_type: Annotated[str | None, Fhir("type[1].text")]
    """GMS, Temporary, Private, Immediately necessary."""
    registration_status: Annotated[str, Fhir("status")]
    """Registered = active, Applied = planned, Deducted or Deceased = finished."""
    registration_date: Annotated[LocalDateTime | None, KEY, Fhir("period.start")]
    deduction_date: Annotated[LocalDateTime | None, NotBefore("registration_date"), Fhir("period.end")]
    deduction_reason: str | None
    dispensing_patient: Annotated[str | None, YES_NO]
    nominated_pharmacy_code: str | None
    """ODS code."""
    nominated_pharmacy_name: str | None
    residential_institute: str | None
    record_last_updated_date: Annotated[LocalDateTime | None, Fhir("meta.lastUpdated")]
    tenancy_description: Annotated[str, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


GP_REGISTRATION = SingleOperation(
    bundle=BUNDLE,
    operation_id="GpRegistration_GetGpRegistrationByPatientDetailId",
    title="Registration",
    path="/gp/patients/{patientDetailId}/gp-registration",
    summary="The patient's registration as the GP system holds it.",
    item=GpRegistrationDetails,
    source=DESIGNED,
    store=Store("gp_registration"),
    submitted=True,
    fhir=(
        Resource(
            "EpisodeOfCare",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-EpisodeOfCare",
            status="from RegistrationStatus",
            fixed={"type[0].text": "GP registration"},
        ),
    ),
    hl7v2=("ADT PD1-3/PD1-4 -> practice, usual GP",),
    other_feeds=("GP system bulk extract", "GP Connect Access Record: Structured"),
)


class GpSummary(Entry):
    """One-page view of the GP record: problems, medicines, allergies, last contacts."""

    practice_name: str | None
    usual_gp_name: str | None
    registration_status: str | None
    sharing_status: str | None
    last_encounter_date: LocalDateTime | None
    last_medication_review_date: LocalDateTime | None
    record_last_updated_date: LocalDateTime | None
    tenancy_description: str | None
    """Display name of the contributing source."""


GP_SUMMARY = ComposedOperation(
    bundle=BUNDLE,
    operation_id="GpSummary_GetGpSummaryByPatientDetailId",
    title="Summary",
    path="/gp/patients/{patientDetailId}/gp-summary",
    summary="One-page view of the GP record: problems, medicines, allergies, last contacts.",
    item=GpSummary,
    source=DESIGNED,
    sections=(
        Section("ActiveProblems", "ActiveProblem", GP_ACTIVE_PROBLEMS),
        Section("RepeatMedications", "RepeatMedication", GP_REPEAT_MEDICATIONS),
        Section(
            "RecentMedications", "RecentMedication", GP_ISSUED_MEDICATIONS, where=WithinMonths("Date", 12)
        ),
        Section("Allergies", "Allergy", GP_ALLERGIES, where=IsNull("EndDate")),
        Section("RecentEncounters", "RecentEncounter", GP_ENCOUNTERS, limit=3),
        Section("RecentTestResults", "RecentTestResult", GP_TEST_RESULTS, limit=10),
        Section("Immunisations", "Immunisation", GP_IMMUNISATIONS, limit=10),
    ),
    note="Composed at read time; nothing is stored for it. In FHIR read the parts.",
)
