"""Acute: hospital care: stays, clinics, emergency visits, waiting, diagnoses, operations, letters."""

from typing import Annotated

from carecord.catalogue.code_systems import DMD, ICD10, OPCS4, SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    KEY,
    KNOWN,
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
    NotBefore,
    Resource,
    Store,
)
from carecord.catalogue.value_lists import (
    ADMISSION_METHOD,
    ADMISSION_SOURCE,
    ALERT_TYPE,
    ATTENDANCE_OUTCOME,
    ATTENDED,
    DISCHARGE_DESTINATION,
    DISCHARGE_METHOD,
    FIRST_ATTENDANCE,
    MEDICATION_CONTEXT,
    PATIENT_CLASSIFICATION,
    PRIORITY,
    SEVERITY,
    YES_NO,
)

BUNDLE = Bundle(
    name="Acute",
    slug="acute",
    tagline="Hospital care: stays, clinics, emergency visits, waiting, diagnoses, operations, letters",
    scope="acute.read",
)


class AcuteInpatientEpisode(Entry):
    """Consultant episodes of hospital stays, day cases included."""

    spell_number: Annotated[
        str, KEY, FILTER, Dictionary("HOSPITAL PROVIDER SPELL NUMBER"), Fhir("partOf.identifier[spell].value")
    ]
    episode_number: Annotated[int, KEY, SORT, Dictionary("EPISODE NUMBER")]
    episode_start_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("START DATE (EPISODE)"),
        Fhir("period.start"),
    ]
    episode_end_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        NotBefore("episode_start_date"),
        Dictionary("END DATE (EPISODE)"),
        Fhir("period.end"),
    ]
    admission_date: Annotated[LocalDateTime, SORT, FILTER, Dictionary("START DATE (HOSPITAL PROVIDER SPELL)")]
    discharge_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        NotBefore("admission_date"),
        Dictionary("DISCHARGE DATE (HOSPITAL PROVIDER SPELL)"),
    ]
    admission_method_code: Annotated[
        str | None,
        FILTER,
        ADMISSION_METHOD,
        Dictionary("ADMISSION METHOD CODE (HOSPITAL PROVIDER SPELL)"),
        Fhir("hospitalization.extension[UKCore-AdmissionMethod].valueCodeableConcept.coding[0].code"),
    ]
    admission_method_desc: Annotated[
        str | None,
        FILTER,
        Fhir("hospitalization.extension[UKCore-AdmissionMethod].valueCodeableConcept.text"),
    ]
    admission_source_code: Annotated[
        str | None,
        ADMISSION_SOURCE,
        Dictionary("SOURCE OF ADMISSION CODE (HOSPITAL PROVIDER SPELL)"),
        Fhir("hospitalization.admitSource.coding[0].code"),
    ]
    admission_source_desc: Annotated[str | None, Fhir("hospitalization.admitSource.text")]
    patient_classification_code: Annotated[
        str | None,
        FILTER,
        PATIENT_CLASSIFICATION,
        Dictionary("PATIENT CLASSIFICATION CODE"),
        Fhir("type[0].coding[0].code"),
    ]
    patient_classification_desc: Annotated[str | None, Fhir("type[0].text")]
    consultant_code: Annotated[
        str | None,
        FILTER,
        Dictionary("CONSULTANT CODE"),
        Fhir("participant[ATND].individual.identifier[consultant].value"),
    ]
    consultant_name: Annotated[str | None, SORT, FILTER, Fhir("participant[ATND].individual.display")]
    specialty_code: Annotated[
        str | None,
        FILTER,
        Dictionary("ACTIVITY TREATMENT FUNCTION CODE"),
        Fhir("serviceType.coding[specialty].code"),
    ]
    """Treatment function."""
    specialty_desc: Annotated[str | None, SORT, FILTER, Fhir("serviceType.text")]
    ward_code: Annotated[str | None, FILTER, Fhir("location[0].location.identifier.value")]
    ward_desc: Annotated[str | None, FILTER, Fhir("location[0].location.display")]
    site_code: Annotated[
        str | None,
        FILTER,
        Dictionary("SITE CODE (OF TREATMENT)"),
        Fhir("serviceProvider.identifier[ods].value"),
    ]
    site_desc: Annotated[str | None, FILTER, Fhir("serviceProvider.display")]
    primary_diagnosis_icd10_code: Annotated[
        str | None,
        FILTER,
        ICD10,
        Dictionary("PRIMARY DIAGNOSIS (ICD)"),
        Fhir("contained[Condition].code.coding[icd10].code"),
    ]
    primary_diagnosis_desc: Annotated[str | None, FILTER, Fhir("contained[Condition].code.text")]
    primary_procedure_opcs4_code: Annotated[
        str | None,
        FILTER,
        OPCS4,
        Dictionary("PRIMARY PROCEDURE (OPCS)"),
        Fhir("contained[Procedure].code.coding[opcs4].code"),
    ]
    primary_procedure_desc: Annotated[str | None, Fhir("contained[Procedure].code.text")]
    discharge_method_code: Annotated[
        str | None,
        DISCHARGE_METHOD,
        Dictionary("DISCHARGE METHOD CODE (HOSPITAL PROVIDER SPELL)"),
        Fhir("extension[UKCore-DischargeMethod].valueCodeableConcept.coding[0].code"),
    ]
    discharge_method_desc: Annotated[
        str | None, Fhir("extension[UKCore-DischargeMethod].valueCodeableConcept.text")
    ]
    discharge_destination_code: Annotated[
        str | None,
        DISCHARGE_DESTINATION,
        Dictionary("DISCHARGE DESTINATION CODE (HOSPITAL PROVIDER SPELL)"),
        Fhir("hospitalization.dischargeDisposition.coding[0].code"),
    ]
    discharge_destination_desc: Annotated[str | None, Fhir("hospitalization.dischargeDisposition.text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ACUTE_INPATIENT_EPISODES = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteInpatientEpisodes_GetInpatientEpisodesByPatientDetailId",
    title="Inpatient Episodes",
    path="/acute/patients/{patientDetailId}/inpatient-episodes",
    summary="Consultant episodes of hospital stays, day cases included.",
    item=AcuteInpatientEpisode,
    source=DESIGNED,
    collection="InpatientEpisodesList",
    store=Store("hospital_episode"),
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="in-progress while EpisodeEndDate is null, else finished",
            fixed={"class.code": "IMP"},
            note="part of the Encounter of the spell (ADT bundle); diagnosis names the contained ones",
        ),
    ),
    hl7v2=(
        "ADT^A01/A02/A03 PV1-19 -> SpellNumber",
        "PV1-44/PV1-45 -> AdmissionDate, DischargeDate",
        "PV1-4 -> AdmissionMethodCode (UK use)",
        "PV1-14 -> AdmissionSourceCode",
        "PV1-18 -> PatientClassificationCode",
        "PV1-3 -> ward, site",
        "PV1-9 -> consultant",
        "PV1-10 -> SpecialtyCode",
        "PV1-36/PV1-37 -> discharge method, destination",
        "DG1-3 -> diagnosis",
    ),
    other_feeds=("CDS APC types 120-150, 160-200",),
)


class AcuteOutpatientAppointment(Entry):
    """Clinic appointments, past and future, with what came of them."""

    appointment_id: Annotated[
        str,
        KEY,
        FILTER,
        Dictionary("ATTENDANCE IDENTIFIER"),
        Fhir("identifier[0].value"),
        Fhir("appointment[0].identifier.value", on="Encounter"),
    ]
    date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("APPOINTMENT DATE"),
        Fhir("start"),
        Fhir("period.start", on="Encounter"),
    ]
    duration_minutes: Annotated[int | None, Fhir("minutesDuration")]
    clinic_code: Annotated[
        str | None, FILTER, Dictionary("CLINIC CODE"), Fhir("participant[LOC].actor.identifier.value")
    ]
    clinic_desc: Annotated[str | None, SORT, FILTER, Fhir("participant[LOC].actor.display")]
    consultant_code: Annotated[
        str | None, FILTER, Fhir("participant[ATND].actor.identifier[consultant].value")
    ]
    consultant_name: Annotated[str | None, SORT, FILTER, Fhir("participant[ATND].actor.display")]
    specialty_code: Annotated[
        str | None,
        FILTER,
        Dictionary("ACTIVITY TREATMENT FUNCTION CODE"),
        Fhir("specialty[0].coding[specialty].code"),
        Fhir("serviceType.coding[specialty].code", on="Encounter"),
    ]
    specialty_desc: Annotated[str | None, SORT, FILTER, Fhir("specialty[0].text")]
    site_code: Annotated[
        str | None,
        FILTER,
        Fhir("serviceProvider.identifier[ods].value", on="Encounter"),
        Fhir("participant[site].actor.identifier[ods].value"),
    ]
    site_desc: Annotated[
        str | None,
        FILTER,
        Fhir("participant[site].actor.display"),
        Fhir("serviceProvider.display", on="Encounter"),
    ]
    first_attendance_code: Annotated[
        str | None,
        FILTER,
        FIRST_ATTENDANCE,
        Dictionary("FIRST ATTENDANCE CODE"),
        Fhir("appointmentType.coding[0].code"),
    ]
    first_attendance_desc: Annotated[str | None, Fhir("appointmentType.text")]
    delivery_channel: Annotated[
        str | None,
        FILTER,
        Dictionary("CONSULTATION MEDIUM USED"),
        Fhir("extension[UKCore-DeliveryChannel].valueCodeableConcept.coding[0].code"),
    ]
    """In-person, Telephone, Video."""
    attended_code: Annotated[
        str | None, FILTER, ATTENDED, Dictionary("ATTENDED OR DID NOT ATTEND CODE"), Fhir("status")
    ]
    """5, 6 fulfilled; 7, 3 noshow; 2, 4 cancelled; 0 booked."""
    attended_desc: Annotated[str | None, SORT, FILTER]
    cancellation_reason: Annotated[str | None, Fhir("cancelationReason.text")]
    outcome_code: Annotated[
        str | None,
        FILTER,
        ATTENDANCE_OUTCOME,
        Dictionary("OUTCOME OF ATTENDANCE CODE"),
        Fhir("extension[UKCore-OutcomeOfAttendance].valueCodeableConcept.coding[0].code", on="Encounter"),
    ]
    outcome_desc: Annotated[
        str | None, Fhir("extension[UKCore-OutcomeOfAttendance].valueCodeableConcept.text", on="Encounter")
    ]
    referral_date: Annotated[LocalDateTime | None, SORT, FILTER, Dictionary("REFERRAL REQUEST RECEIVED DATE")]
    referral_source: Annotated[str | None, Dictionary("SOURCE OF REFERRAL FOR OUT-PATIENTS")]
    priority_code: Annotated[str | None, FILTER, PRIORITY, Dictionary("PRIORITY TYPE CODE"), Fhir("priority")]
    ubrn: Annotated[str | None, FILTER, Fhir("basedOn[0].identifier[ubrn].value")]
    reason: Annotated[str | None, FILTER, Fhir("reasonCode[0].text")]
    notes: Annotated[str | None, FILTER, Fhir("comment")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ACUTE_OUTPATIENT_APPOINTMENTS = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteOutpatientAppointments_GetOutpatientAppointmentsByPatientDetailId",
    title="Outpatient Appointments",
    path="/acute/patients/{patientDetailId}/outpatient-appointments",
    summary="Clinic appointments, past and future, with what came of them.",
    item=AcuteOutpatientAppointment,
    source=DESIGNED,
    collection="OutpatientAppointmentsList",
    store=Store("outpatient_appointment"),
    submitted=True,
    fhir=(
        Resource(
            "Appointment",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Appointment",
            status="from AttendedCode",
        ),
        Resource(
            "Encounter",
            key="Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="finished",
            when="AttendedCode 5 or 6",
            fixed={"class.code": "AMB"},
        ),
    ),
    hl7v2=(
        "SIU^S12/S13/S14/S15/S26 SCH-1/SCH-2 -> AppointmentId",
        "SCH-11 -> Date, DurationMinutes",
        "SCH-25 -> AttendedCode",
        "AIL-3 -> clinic",
        "AIP-3 -> consultant",
        "ADT^A04/A05 PV1-8/PV1-9/PV1-10 -> referrer, consultant, SpecialtyCode",
    ),
    other_feeds=("CDS OP type 020/021",),
)


class AcuteEdAttendance(Entry):
    """Visits to emergency departments, urgent treatment centres and minor injury units."""

    attendance_id: Annotated[
        str, KEY, FILTER, Dictionary("EMERGENCY CARE ATTENDANCE IDENTIFIER"), Fhir("identifier[0].value")
    ]
    arrival_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("EMERGENCY CARE ARRIVAL DATE"),
        Fhir("period.start"),
        Fhir("statusHistory[arrived].period.start"),
    ]
    departure_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        NotBefore("arrival_date"),
        Dictionary("EMERGENCY CARE DEPARTURE DATE"),
        Fhir("period.end"),
    ]
    conclusion_date: Annotated[
        LocalDateTime | None,
        Dictionary("EMERGENCY CARE ATTENDANCE CONCLUSION DATE"),
        Fhir("statusHistory[in-progress].period.end"),
    ]
    department_type: Annotated[
        str | None, SORT, FILTER, Dictionary("EMERGENCY CARE DEPARTMENT TYPE"), Fhir("type[0].text")
    ]
    site_code: Annotated[str | None, FILTER, Fhir("serviceProvider.identifier[ods].value")]
    site_desc: Annotated[str | None, FILTER, Fhir("serviceProvider.display")]
    attendance_category: Annotated[
        str | None, FILTER, Dictionary("EMERGENCY CARE ATTENDANCE CATEGORY"), Fhir("type[1].text")
    ]
    arrival_mode_snomed_ct_code: Annotated[
        str | None,
        SNOMED,
        Dictionary("EMERGENCY CARE ARRIVAL MODE (SNOMED CT)"),
        Fhir("extension[UKCore-EncounterTransport:transportType].valueCodeableConcept.coding[snomed].code"),
    ]
    arrival_mode_desc: Annotated[
        str | None,
        FILTER,
        Fhir("extension[UKCore-EncounterTransport:transportType].valueCodeableConcept.text"),
    ]
    ambulance_incident_number: Annotated[
        str | None, FILTER, Fhir("hospitalization.preAdmissionIdentifier.value")
    ]
    referral_source_desc: Annotated[
        str | None,
        Dictionary("EMERGENCY CARE ATTENDANCE SOURCE (SNOMED CT)"),
        Fhir("hospitalization.admitSource.text"),
    ]
    chief_complaint_snomed_ct_code: Annotated[
        str | None,
        FILTER,
        SNOMED,
        Dictionary("EMERGENCY CARE CHIEF COMPLAINT (SNOMED CT)"),
        Fhir("reasonCode[0].coding[snomed].code"),
    ]
    chief_complaint_desc: Annotated[str | None, SORT, FILTER, Fhir("reasonCode[0].text")]
    initial_assessment_date: Annotated[
        LocalDateTime | None,
        Dictionary("EMERGENCY CARE INITIAL ASSESSMENT DATE"),
        Fhir("statusHistory[triaged].period.start"),
    ]
    acuity_snomed_ct_code: Annotated[
        str | None,
        SNOMED,
        Dictionary("EMERGENCY CARE ACUITY (SNOMED CT)"),
        Fhir("priority.coding[snomed].code"),
    ]
    acuity_desc: Annotated[str | None, SORT, FILTER, Fhir("priority.text")]
    seen_date: Annotated[
        LocalDateTime | None,
        Dictionary("EMERGENCY CARE DATE SEEN FOR TREATMENT"),
        Fhir("statusHistory[in-progress].period.start"),
    ]
    diagnosis_snomed_ct_code: Annotated[
        str | None,
        FILTER,
        SNOMED,
        Dictionary("EMERGENCY CARE DIAGNOSIS (SNOMED CT)"),
        Fhir("contained[Condition].code.coding[snomed].code"),
    ]
    diagnosis_desc: Annotated[str | None, SORT, FILTER, Fhir("contained[Condition].code.text")]
    diagnosis_qualifier: Annotated[str | None, Fhir("contained[Condition].verificationStatus.coding[0].code")]
    investigations_desc: Annotated[str | None, Fhir("code.text", on="Investigation")]
    treatments_desc: Annotated[str | None, Fhir("code.text", on="Treatment")]
    safeguarding_concern: Annotated[str | None, YES_NO]
    clinician_name: Annotated[str | None, FILTER, Fhir("participant[ATND].individual.display")]
    decision_to_admit_date: Annotated[LocalDateTime | None, Dictionary("DECIDED TO ADMIT DATE")]
    discharge_status_snomed_ct_code: Annotated[
        str | None,
        SNOMED,
        Dictionary("EMERGENCY CARE DISCHARGE STATUS (SNOMED CT)"),
        Fhir("extension[UKCore-EmergencyCareDischargeStatus].valueCodeableConcept.coding[snomed].code"),
    ]
    discharge_status_desc: Annotated[
        str | None, Fhir("extension[UKCore-EmergencyCareDischargeStatus].valueCodeableConcept.text")
    ]
    discharge_destination_desc: Annotated[
        str | None,
        SORT,
        FILTER,
        Dictionary("EMERGENCY CARE DISCHARGE DESTINATION (SNOMED CT)"),
        Fhir("hospitalization.dischargeDisposition.text"),
    ]
    follow_up_desc: Annotated[str | None, Dictionary("EMERGENCY CARE DISCHARGE FOLLOW UP (SNOMED CT)")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ACUTE_ED_ATTENDANCES = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteEdAttendances_GetEdAttendancesByPatientDetailId",
    title="Emergency Department Attendances",
    path="/acute/patients/{patientDetailId}/ed-attendances",
    summary="Visits to emergency departments, urgent treatment centres and minor injury units.",
    item=AcuteEdAttendance,
    source=DESIGNED,
    collection="EdAttendancesList",
    store=Store("ed_attendance"),
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="in-progress while DepartureDate is null, else finished",
            fixed={"class.code": "EMER", "serviceType.coding[snomed].code": "310000008"},
        ),
        Resource(
            "Procedure",
            key="Investigation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Procedure",
            status="completed",
            when="InvestigationsDesc is not null",
            fixed={"category.text": "Investigation"},
        ),
        Resource(
            "Procedure",
            key="Treatment",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Procedure",
            status="completed",
            when="TreatmentsDesc is not null",
            fixed={"category.text": "Treatment"},
        ),
    ),
    hl7v2=(
        "ADT^A04 PV1-2=E PV1-19 -> AttendanceId",
        "PV1-44/PV1-45 -> ArrivalDate, DepartureDate",
        "PV2-3 -> ChiefComplaintDesc",
        "PV2-38 -> ArrivalModeDesc",
        "DG1-3 -> diagnosis",
        "PV1-36/PV1-37 -> discharge status, destination",
    ),
    other_feeds=("ECDS (CDS type 011 / ECDS v4)",),
    note="Data dictionary names are those of ECDS v3; v4 renames several to URGENT AND EMERGENCY CARE ...",
)


class WaitingListEntry(Entry):
    """What the patient is waiting for in hospital and since when."""

    waiting_list_entry_id: Annotated[
        str, KEY, FILTER, Dictionary("ELECTIVE ADMISSION LIST ENTRY NUMBER"), Fhir("identifier[0].value")
    ]
    list_type: Annotated[str, SORT, FILTER, Fhir("category[0].text")]
    """Inpatient, Day case, Outpatient first, Outpatient follow-up, Diagnostic."""
    date_on_list: Annotated[
        LocalDateTime, NEWEST_FIRST, SORT, FILTER, Dictionary("DECIDED TO ADMIT DATE"), Fhir("authoredOn")
    ]
    original_date_on_list: Annotated[LocalDateTime | None, SORT]
    procedure_opcs4_code: Annotated[
        str | None, FILTER, OPCS4, Dictionary("PRIMARY PROCEDURE (OPCS)"), Fhir("code.coding[opcs4].code")
    ]
    procedure_desc: Annotated[str | None, SORT, FILTER, Fhir("code.text")]
    reason: Annotated[str | None, FILTER, Fhir("reasonCode[0].text")]
    priority_code: Annotated[str | None, FILTER, PRIORITY, Dictionary("PRIORITY TYPE CODE"), Fhir("priority")]
    priority_desc: Annotated[str | None, SORT, FILTER]
    consultant_code: Annotated[str | None, FILTER, Fhir("performer[0].identifier[consultant].value")]
    consultant_name: Annotated[str | None, SORT, FILTER, Fhir("performer[0].display")]
    specialty_code: Annotated[str | None, FILTER, Fhir("performerType.coding[specialty].code")]
    specialty_desc: Annotated[str | None, SORT, FILTER, Fhir("performerType.text")]
    site_desc: Annotated[str | None, Fhir("locationReference[0].display")]
    referral_date: Annotated[LocalDateTime | None, SORT, FILTER]
    pathway_id: Annotated[
        str | None, FILTER, Dictionary("PATIENT PATHWAY IDENTIFIER"), Fhir("requisition.value")
    ]
    rtt_clock_start_date: Annotated[
        LocalDateTime | None, SORT, Dictionary("REFERRAL TO TREATMENT PERIOD START DATE")
    ]
    rtt_status_code: Annotated[str | None, FILTER, Dictionary("REFERRAL TO TREATMENT PERIOD STATUS")]
    rtt_status_desc: str | None
    weeks_waiting: Annotated[int | None, SORT]
    """Computed on the day."""
    to_come_in_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        Dictionary("OFFERED FOR ADMISSION DATE"),
        Fhir("occurrenceDateTime"),
    ]
    suspended_until: Day | None
    removal_date: Annotated[
        LocalDateTime | None, SORT, FILTER, Dictionary("ELECTIVE ADMISSION LIST REMOVAL DATE")
    ]
    removal_reason: Annotated[
        str | None,
        Dictionary("ELECTIVE ADMISSION LIST REMOVAL REASON"),
        Fhir("extension[statusReason].valueCodeableConcept.text"),
    ]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


WAITING_LIST_ENTRIES = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteWaitingList_GetWaitingListEntriesByPatientDetailId",
    title="Waiting List",
    path="/acute/patients/{patientDetailId}/waiting-list",
    summary="What the patient is waiting for in hospital and since when.",
    item=WaitingListEntry,
    source=DESIGNED,
    collection="WaitingListEntriesList",
    store=Store("waiting_list_entry"),
    submitted=True,
    fhir=(
        Resource(
            "ServiceRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest",
            status="active; on-hold while SuspendedUntil is in the future; completed when removed because admitted or seen; revoked when removed otherwise",
            fixed={"intent": "order"},
            note="extension[statusReason] = http://hl7.org/fhir/StructureDefinition/request-statusReason",
        ),
    ),
    hl7v2=(
        "ADT^A05/A14 PV2-8 -> ToComeInDate",
        "ADT^A14 PV2-3 -> Reason",
        "ADT^A27 (cancel) -> RemovalDate",
        "PV1-9/PV1-10 -> consultant, SpecialtyCode",
    ),
    other_feeds=("CDS EAL types 030-110", "waiting list minimum data set"),
)


class AcuteDiagnosis(Entry):
    """Coded hospital diagnoses over all stays and visits."""

    diagnosis_date: Annotated[
        LocalDateTime,
        KEY,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("DIAGNOSIS DATE"),
        Fhir("recordedDate"),
    ]
    icd10_code: Annotated[str | None, KEY, FILTER, ICD10, Fhir("code.coding[icd10].code")]
    snomed_ct_code: Annotated[str | None, KEY, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    diagnosis_description: Annotated[str, SORT, FILTER, Fhir("code.text")]
    diagnosis_type: Annotated[str | None, SORT, FILTER, Fhir("category[1].text")]
    """Primary, Secondary, Comorbidity, Working."""
    sequence: Annotated[int | None, SORT]
    present_on_admission: Annotated[str | None, YES_NO]
    spell_number: Annotated[str | None, KEY, FILTER, Fhir("encounter.identifier[spell].value")]
    confirmed_by: Annotated[str | None, FILTER, Fhir("asserter.display")]
    comments: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ACUTE_DIAGNOSES = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteDiagnoses_GetDiagnosesSummaryByPatientDetailId",
    title="Diagnoses - Summary",
    path="/acute/patients/{patientDetailId}/diagnoses-summary",
    summary="Coded hospital diagnoses over all stays and visits.",
    item=AcuteDiagnosis,
    source=KNOWN,
    collection="DiagnosesSummaryList",
    store=Store("acute_diagnosis"),
    submitted=True,
    fhir=(
        Resource(
            "Condition",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition",
            status="verificationStatus confirmed, provisional for Working; no clinicalStatus unless the source gives one",
            fixed={"category[0].coding[0].code": "encounter-diagnosis"},
        ),
    ),
    hl7v2=(
        "ADT DG1-3 -> codes, description",
        "DG1-5 -> DiagnosisDate",
        "DG1-6/DG1-15 -> DiagnosisType, Sequence",
        "DG1-16 -> ConfirmedBy",
    ),
    other_feeds=("CDS APC/OP coded diagnoses",),
    known_parts=("path", "purpose"),
    evidence="client",
    note="Field names follow the known mental health diagnosis item.",
)


class AcuteAllergy(Entry):
    """Allergies held by hospital systems."""

    allergy_date: Annotated[
        LocalDateTime | None, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("recordedDate")
    ]
    allergy_type: Annotated[str | None, KEY, SORT, FILTER, ALERT_TYPE, Fhir("category[0]")]
    allergen: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    dmd_code: Annotated[str | None, DMD, Fhir("code.coding[dm+d].code")]
    reaction: Annotated[str | None, FILTER, Fhir("reaction[0].manifestation[0].text")]
    reaction_snomed_ct_code: Annotated[
        str | None, SNOMED, Fhir("reaction[0].manifestation[0].coding[snomed].code")
    ]
    severity: Annotated[str | None, SORT, FILTER, SEVERITY, Fhir("reaction[0].severity")]
    certainty: Annotated[str | None, FILTER, Fhir("verificationStatus.coding[0].code")]
    status: Annotated[str, SORT, FILTER, Fhir("clinicalStatus.coding[0].code")]
    """Active, Inactive, Resolved."""
    recorded_by: Annotated[str | None, FILTER, Fhir("recorder.display")]
    comments: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ACUTE_ALLERGIES = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteAllergies_GetAllergiesSummaryByPatientDetailId",
    title="Allergies - Summary",
    path="/acute/patients/{patientDetailId}/allergies-summary",
    summary="Allergies held by hospital systems.",
    item=AcuteAllergy,
    source=KNOWN,
    collection="AllergiesSummaryList",
    store=Store("acute_allergy"),
    submitted=True,
    fhir=(
        Resource(
            "AllergyIntolerance",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-AllergyIntolerance",
            status="from Status; 'no known allergies' is a row with code 716186003 and no reaction",
        ),
    ),
    hl7v2=("ADT AL1-2/AL1-3/AL1-4/AL1-5/AL1-6 -> type, allergen, severity, reaction, date",),
    other_feeds=("e-prescribing allergy export",),
    known_parts=("path", "purpose"),
    evidence="client",
)


class AcuteProcedure(Entry):
    """Operations and other coded procedures in hospital."""

    procedure_date: Annotated[
        LocalDateTime,
        KEY,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("PROCEDURE DATE"),
        Fhir("performedDateTime"),
    ]
    opcs4_code: Annotated[
        str | None, KEY, FILTER, OPCS4, Dictionary("PROCEDURE (OPCS)"), Fhir("code.coding[opcs4].code")
    ]
    snomed_ct_code: Annotated[str | None, KEY, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    procedure_description: Annotated[str, SORT, FILTER, Fhir("code.text")]
    procedure_type: Annotated[str | None, SORT, FILTER, Fhir("category.text")]
    """Primary, Secondary."""
    sequence: Annotated[int | None, SORT]
    laterality: Annotated[str | None, Fhir("bodySite[0].text")]
    spell_number: Annotated[str | None, KEY, FILTER, Fhir("encounter.identifier[spell].value")]
    surgeon_code: Annotated[str | None, FILTER, Fhir("performer[0].actor.identifier[consultant].value")]
    surgeon_name: Annotated[str | None, SORT, FILTER, Fhir("performer[0].actor.display")]
    anaesthetist_name: Annotated[str | None, Fhir("performer[1].actor.display")]
    site_desc: Annotated[str | None, FILTER, Fhir("location.display")]
    indication: Annotated[str | None, Fhir("reasonCode[0].text")]
    outcome: Annotated[str | None, Fhir("outcome.text")]
    complications: Annotated[str | None, Fhir("complication[0].text")]
    comments: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ACUTE_PROCEDURES = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteProcedures_GetProceduresByPatientDetailId",
    title="Procedures",
    path="/acute/patients/{patientDetailId}/procedures",
    summary="Operations and other coded procedures in hospital.",
    item=AcuteProcedure,
    source=DESIGNED,
    collection="AcuteProceduresList",
    store=Store("acute_procedure"),
    submitted=True,
    fhir=(
        Resource(
            "Procedure",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Procedure",
            status="completed; not-done when the source says cancelled",
        ),
    ),
    hl7v2=(
        "ADT PR1-3 -> codes, description",
        "PR1-5 -> ProcedureDate",
        "PR1-11/PR1-8 -> surgeon, anaesthetist",
        "PR1-14 -> Sequence",
    ),
    other_feeds=("CDS APC/OP coded procedures", "theatre system"),
)


class AcuteDischargeSummary(Entry):
    """Discharge summaries section by section (PRSB eDischarge)."""

    document_id: Annotated[str, KEY, FILTER, Fhir("identifier.value")]
    document_date: Annotated[LocalDateTime, SORT, FILTER, Fhir("date")]
    spell_number: Annotated[str | None, FILTER, Fhir("encounter.identifier[spell].value")]
    admission_date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("event[0].period.start")]
    discharge_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        NotBefore("admission_date"),
        Fhir("event[0].period.end"),
    ]
    specialty_desc: Annotated[
        str | None, SORT, FILTER, Fhir("extension[UKCore-CareSettingType].valueCodeableConcept.text")
    ]
    consultant_name: Annotated[str | None, SORT, FILTER, Fhir("attester[0].party.display")]
    author_name: Annotated[str | None, FILTER, Fhir("author[0].display")]
    author_role: str | None
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Draft = preliminary, Final = final, Amended = amended."""
    reason_for_admission: Annotated[str | None, FILTER, Fhir("section[admission-details].text.div")]
    diagnoses: Annotated[str | None, FILTER, Fhir("section[diagnoses].text.div")]
    procedures: Annotated[str | None, FILTER, Fhir("section[procedures].text.div")]
    clinical_summary: Annotated[str | None, FILTER, Fhir("section[clinical-summary].text.div")]
    investigation_results: Annotated[str | None, Fhir("section[investigation-results].text.div")]
    allergies_text: Annotated[str | None, Fhir("section[allergies-and-adverse-reaction].text.div")]
    medication_changes: Annotated[str | None, Fhir("section[medications-and-medical-devices].text.div")]
    social_context: Annotated[str | None, Fhir("section[social-context].text.div")]
    functional_status: Annotated[str | None, Fhir("section[functional-status].text.div")]
    plan_and_requested_actions: Annotated[
        str | None, FILTER, Fhir("section[plan-and-requested-actions].text.div")
    ]
    information_given: Annotated[str | None, Fhir("section[information-and-advice-given].text.div")]
    discharge_destination_desc: Annotated[str | None, Fhir("section[discharge-details].text.div")]
    has_content: Annotated[str, YES_NO]
    """Yes = the letter itself is in Documents under the same DocumentId."""
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ACUTE_DISCHARGE_SUMMARIES = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteDischargeSummaries_GetDischargeSummariesByPatientDetailId",
    title="Discharge Summaries",
    path="/acute/patients/{patientDetailId}/discharge-summaries",
    summary="Discharge summaries section by section (PRSB eDischarge).",
    item=AcuteDischargeSummary,
    source=DESIGNED,
    collection="DischargeSummariesList",
    store=Store("discharge_summary"),
    submitted=True,
    fhir=(
        Resource(
            "Composition",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Composition",
            status="from Status",
            fixed={"type.coding[snomed].code": "373942005", "title": "Discharge summary"},
        ),
    ),
    hl7v2=(
        "MDM^T02/T06/T10 TXA-4/TXA-12/TXA-17 -> DocumentDate, DocumentId, Status",
        "OBX-5 -> sections or attachment",
    ),
    other_feeds=("ITK3 / Transfer of Care FHIR eDischarge",),
)


class AcuteMedication(Entry):
    """Medicines given in hospital or taken home, with changes and why."""

    start_date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("effectivePeriod.start")]
    end_date: Annotated[
        LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("effectivePeriod.end")
    ]
    drug_name: Annotated[str, KEY, SORT, FILTER, Fhir("medicationCodeableConcept.text")]
    dmd_code: Annotated[str | None, FILTER, DMD, Fhir("medicationCodeableConcept.coding[dm+d].code")]
    snomed_ct_code: Annotated[
        str | None, FILTER, SNOMED, Fhir("medicationCodeableConcept.coding[snomed].code")
    ]
    form: str | None
    dose: Annotated[str | None, Holds.DECIMAL, Fhir("dosage[0].doseAndRate[0].doseQuantity.value")]
    dose_units: Annotated[str | None, Fhir("dosage[0].doseAndRate[0].doseQuantity.unit")]
    route: Annotated[str | None, FILTER, Fhir("dosage[0].route.text")]
    frequency: Annotated[str | None, Fhir("dosage[0].timing.code.text")]
    dosage_text: Annotated[str | None, FILTER, Fhir("dosage[0].text")]
    as_required: Annotated[str | None, YES_NO, Fhir("dosage[0].asNeededBoolean")]
    quantity: Annotated[str | None, Holds.DECIMAL]
    medication_context: Annotated[str, KEY, SORT, FILTER, MEDICATION_CONTEXT, Fhir("category.coding[0].code")]
    """Inpatient = inpatient, Discharge = discharge, Leave = leave."""
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Active, Stopped, Completed, On hold, Not given = not-taken."""
    change_status: Annotated[str | None, FILTER]
    """Added, Changed, Stopped, Continued."""
    change_reason: Annotated[str | None, Fhir("note[0].text")]
    indication: Annotated[str | None, FILTER, Fhir("reasonCode[0].text")]
    prescriber_name: Annotated[str | None, FILTER, Fhir("informationSource.display")]
    spell_number: Annotated[str | None, KEY, FILTER, Fhir("context.identifier[spell].value")]
    comments: Annotated[str | None, Fhir("note[1].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ACUTE_MEDICATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="AcuteMedications_GetMedicationsByPatientDetailId",
    title="Medications",
    path="/acute/patients/{patientDetailId}/medications",
    summary="Medicines given in hospital or taken home, with changes and why.",
    item=AcuteMedication,
    source=DESIGNED,
    collection="AcuteMedicationsList",
    store=Store("acute_medication"),
    submitted=True,
    fhir=(
        Resource(
            "MedicationStatement",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-MedicationStatement",
            status="from Status",
        ),
    ),
    hl7v2=(
        "RDE^O11/RAS^O17 RXE-2/RXA-5 -> DrugName, codes",
        "RXE-3/RXE-5 -> Dose, DoseUnits",
        "RXR-1 -> Route",
        "TQ1-3/TQ1-7/TQ1-8 -> Frequency, StartDate, EndDate",
        "ORC-12 -> PrescriberName",
    ),
    other_feeds=("e-prescribing export", "eDischarge medication section"),
)
