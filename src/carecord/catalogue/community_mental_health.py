"""Community / Mental Health: care outside hospital and mental health care: teams, contacts, assessments, plans, legal status."""

from typing import Annotated

from carecord.catalogue.code_systems import ICD10, LOCAL, SNOMED
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
    Part,
    Resource,
    Sensitivity,
    Store,
)
from carecord.catalogue.value_lists import MHA_STATUS, PRIORITY, YES_NO

BUNDLE = Bundle(
    name="Community / Mental Health",
    slug="community-mental-health",
    tagline="Care outside hospital and mental health care: teams, contacts, assessments, plans, legal status",
    scope="community-mental-health.read",
)


class CommunityReferral(Entry):
    """Referrals to community and mental health services and how they ended."""

    care_setting: Annotated[str, SORT, FILTER, Fhir("category[1].text")]
    """Community or Mental health; Mental health rows are restricted."""
    referral_id: Annotated[
        str,
        KEY,
        FILTER,
        Dictionary("SERVICE REQUEST IDENTIFIER"),
        Fhir("identifier[0].value"),
        Fhir("referralRequest[0].identifier.value", on="EpisodeOfCare"),
    ]
    referral_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("REFERRAL REQUEST RECEIVED DATE"),
        Fhir("authoredOn"),
    ]
    source_code: Annotated[
        str | None,
        FILTER,
        LOCAL,
        Dictionary("SOURCE OF REFERRAL FOR COMMUNITY / SOURCE OF REFERRAL FOR MENTAL HEALTH SERVICES"),
        Fhir("extension[UKCore-SourceOfServiceRequest].valueCodeableConcept.coding[0].code"),
    ]
    source_desc: Annotated[
        str | None, FILTER, Fhir("extension[UKCore-SourceOfServiceRequest].valueCodeableConcept.text")
    ]
    referring_organisation: Annotated[
        str | None, FILTER, Dictionary("ORGANISATION IDENTIFIER (REFERRING)"), Fhir("requester.display")
    ]
    referred_by: Annotated[str | None, FILTER]
    reason_code: Annotated[
        str | None,
        LOCAL,
        Dictionary("PRIMARY REASON FOR REFERRAL (COMMUNITY CARE) / (MENTAL HEALTH)"),
        Fhir("reasonCode[0].coding[local].code"),
    ]
    reason: Annotated[str | None, FILTER, Fhir("reasonCode[0].text")]
    priority_code: Annotated[
        str | None,
        FILTER,
        PRIORITY,
        Dictionary("PRIORITY TYPE CODE / CLINICAL RESPONSE PRIORITY TYPE"),
        Fhir("priority"),
    ]
    priority_desc: Annotated[str | None, SORT, FILTER]
    service_type_desc: Annotated[
        str | None,
        SORT,
        FILTER,
        Dictionary("SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE) / (MENTAL HEALTH)"),
        Fhir("code.text"),
        Fhir("type[0].text", on="EpisodeOfCare"),
    ]
    team_code: Annotated[
        str | None,
        FILTER,
        Dictionary("CARE PROFESSIONAL TEAM LOCAL IDENTIFIER"),
        Fhir("performer[0].identifier.value"),
    ]
    team_desc: Annotated[
        str | None, SORT, FILTER, Fhir("performer[0].display"), Fhir("team[0].display", on="EpisodeOfCare")
    ]
    accepted_date: Annotated[LocalDateTime | None, Fhir("period.start", on="EpisodeOfCare")]
    rejection_date: Annotated[LocalDateTime | None, Dictionary("REFERRAL REJECTION DATE")]
    rejection_reason: Annotated[
        str | None,
        Dictionary("REFERRAL REJECTION REASON"),
        Fhir("extension[statusReason].valueCodeableConcept.text"),
    ]
    discharge_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        Dictionary("SERVICE DISCHARGE DATE"),
        Fhir("occurrencePeriod.end"),
        Fhir("period.end", on="EpisodeOfCare"),
    ]
    closure_reason: Annotated[
        str | None,
        Dictionary("REFERRAL CLOSURE REASON"),
        Fhir("extension[statusReason].valueCodeableConcept.text"),
    ]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Waiting or Active = active, Closed = completed, Rejected = revoked."""
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


COMMUNITY_REFERRALS = ListOperation(
    bundle=BUNDLE,
    operation_id="CommunityReferrals_GetReferralsByPatientDetailId",
    title="Referrals",
    path="/community-mental-health/patients/{patientDetailId}/referrals",
    summary="Referrals to community and mental health services and how they ended.",
    item=CommunityReferral,
    source=DESIGNED,
    collection="CommunityReferralsList",
    store=Store("community_referral"),
    submitted=True,
    fhir=(
        Resource(
            "ServiceRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest",
            status="from Status",
            fixed={"intent": "order", "category[0].text": "Referral"},
        ),
        Resource(
            "EpisodeOfCare",
            key="EpisodeOfCare",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-EpisodeOfCare",
            status="waitlist, active or finished from Status",
            when="AcceptedDate is not null",
        ),
    ),
    hl7v2=(
        "REF^I12/I13/I14 RF1-6 -> ReferralId",
        "RF1-7/RF1-8 -> ReferralDate, DischargeDate",
        "RF1-2/RF1-3/RF1-10 -> PriorityCode, ServiceTypeDesc, Reason",
        "PRD -> ReferredBy, TeamDesc",
    ),
    other_feeds=("CSDS CYP101/102", "MHSDS MHS101/102"),
)


class CommunityContact(Entry):
    """Visits, clinics, calls and groups, held and planned."""

    care_setting: Annotated[str, SORT, FILTER, Fhir("serviceType.text")]
    """Community or Mental health; Mental health rows are restricted."""
    contact_id: Annotated[
        str, KEY, FILTER, Dictionary("CARE CONTACT IDENTIFIER"), Fhir("identifier[0].value")
    ]
    referral_id: Annotated[
        str | None, FILTER, Dictionary("SERVICE REQUEST IDENTIFIER"), Fhir("basedOn[0].identifier.value")
    ]
    contact_date: Annotated[
        LocalDateTime, NEWEST_FIRST, SORT, FILTER, Dictionary("CARE CONTACT DATE"), Fhir("period.start")
    ]
    duration_minutes: Annotated[
        int | None, SORT, Dictionary("CLINICAL CONTACT DURATION OF CARE CONTACT"), Fhir("length.value")
    ]
    contact_type: Annotated[str | None, SORT, FILTER, Dictionary("CONSULTATION TYPE"), Fhir("type[0].text")]
    """Initial, Follow-up, Review, Group, Assessment."""
    mechanism_desc: Annotated[
        str | None,
        SORT,
        FILTER,
        Dictionary("CONSULTATION MECHANISM (COMMUNITY CARE) / (MENTAL HEALTH)"),
        Fhir("class.display"),
    ]
    """Face to face, Telephone, Video, Text, Email."""
    subject: Annotated[str | None, Dictionary("CARE CONTACT SUBJECT")]
    """Patient, Carer, Other."""
    location_desc: Annotated[
        str | None, FILTER, Dictionary("ACTIVITY LOCATION TYPE CODE"), Fhir("location[0].location.display")
    ]
    attendance_desc: Annotated[str, SORT, FILTER, Dictionary("ATTENDANCE STATUS"), Fhir("status")]
    """Attended = finished, Planned = planned, Did not attend or Cancelled = cancelled."""
    cancellation_reason: Annotated[str | None, Dictionary("CARE CONTACT CANCELLATION REASON")]
    team_code: Annotated[str | None, FILTER, Fhir("serviceProvider.identifier.value")]
    team_desc: Annotated[str | None, SORT, FILTER, Fhir("serviceProvider.display")]
    staff_name: Annotated[str | None, SORT, FILTER, Fhir("participant[0].individual.display")]
    staff_role: Annotated[str | None, FILTER, Fhir("participant[0].type[0].text")]
    activity_desc: Annotated[
        str | None, FILTER, Dictionary("COMMUNITY CARE ACTIVITY TYPE"), Fhir("reasonCode[0].text")
    ]
    activity_snomed_ct_code: Annotated[
        str | None,
        SNOMED,
        Dictionary("CODED PROCEDURE (CLINICAL TERMINOLOGY)"),
        Fhir("reasonCode[0].coding[snomed].code"),
    ]
    outcome: Annotated[str | None, FILTER]
    notes: Annotated[str | None, FILTER, Fhir("text.div")]
    next_contact_date: Annotated[LocalDateTime | None, SORT]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


COMMUNITY_CONTACTS = ListOperation(
    bundle=BUNDLE,
    operation_id="CommunityContacts_GetContactsByPatientDetailId",
    title="Contacts",
    path="/community-mental-health/patients/{patientDetailId}/contacts",
    summary="Visits, clinics, calls and groups, held and planned.",
    item=CommunityContact,
    source=DESIGNED,
    collection="CommunityContactsList",
    store=Store("community_contact"),
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="from AttendanceDesc",
            note="class HH at home, VR for telephone, video, text and e-mail, else AMB",
        ),
    ),
    hl7v2=(
        "ADT^A04/A08 PV1-19/PV1-44 -> ContactId, ContactDate",
        "SIU^S12-S26 SCH-1/SCH-11/SCH-25 -> planned contacts",
    ),
    other_feeds=("CSDS CYP201/202", "MHSDS MHS201/202"),
)


class CaseloadEntry(Entry):
    """Teams and professionals who hold the patient on their caseload, with the care coordinator."""

    care_setting: Annotated[str, SORT, FILTER, Fhir("category[1].text")]
    """Community or Mental health; Mental health rows are restricted."""
    team_code: Annotated[str, KEY, FILTER, Fhir("managingOrganization[0].identifier.value")]
    team_desc: Annotated[str, SORT, FILTER, Fhir("name")]
    team_type: Annotated[
        str | None,
        SORT,
        FILTER,
        Dictionary("SERVICE OR TEAM TYPE REFERRED TO (MENTAL HEALTH)"),
        Fhir("category[0].text"),
    ]
    team_telephone: Annotated[str | None, Fhir("telecom[phone].value")]
    out_of_hours_telephone: Annotated[str | None, Fhir("telecom[out-of-hours].value")]
    staff_name: Annotated[str | None, KEY, SORT, FILTER, Fhir("participant[0].member.display")]
    staff_role: Annotated[str | None, SORT, FILTER, Fhir("participant[0].role[0].text")]
    staff_telephone: str | None
    is_care_coordinator: Annotated[str, FILTER, YES_NO]
    referral_id: Annotated[str | None, FILTER]
    start_date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("period.start")]
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("period.end")]
    active: Annotated[str, SORT, FILTER, YES_NO, Fhir("status")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


CASELOAD = ListOperation(
    bundle=BUNDLE,
    operation_id="CommunityCaseload_GetCaseloadByPatientDetailId",
    title="Caseload and Teams",
    path="/community-mental-health/patients/{patientDetailId}/caseload",
    summary="Teams and professionals who hold the patient on their caseload, with the care coordinator.",
    item=CaseloadEntry,
    source=DESIGNED,
    collection="CaseloadList",
    store=Store("community_caseload"),
    submitted=True,
    fhir=(
        Resource(
            "CareTeam",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-CareTeam",
            status="active when Active is Yes, else inactive",
        ),
    ),
    hl7v2=("ADT^A04/A08 ROL-3/ROL-4/ROL-5/ROL-6 -> StaffRole, StaffName, StartDate, EndDate",),
    other_feeds=("CSDS CYP102", "MHSDS MHS006/102"),
)


class CommunityAssessment(Entry):
    """Scored and narrative assessments: frailty, pressure risk, PHQ-9, HoNOS and others."""

    class Answers(Part):
        class Answer(Part):
            question: Annotated[str | None, Fhir("item[].text")]
            answer: Annotated[str | None, Fhir("item[].answer[0].valueString")]
            score: Annotated[
                str | None, Holds.DECIMAL, Fhir("item[].answer[0].item[score].answer[0].valueDecimal")
            ]

        answer: list[Answer]
        total_item_count: int

    care_setting: Annotated[str, SORT, FILTER]
    """Community or Mental health; Mental health rows are restricted."""
    assessment_id: Annotated[str, KEY, FILTER, Fhir("identifier.value")]
    assessment_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Dictionary("ASSESSMENT TOOL COMPLETION DATE"),
        Fhir("authored"),
        Fhir("effectiveDateTime", on="Observation"),
    ]
    assessment_type: Annotated[
        str,
        SORT,
        FILTER,
        Fhir("questionnaire.extension[display].valueString"),
        Fhir("code.text", on="Observation"),
    ]
    snomed_ct_code: Annotated[
        str | None,
        FILTER,
        SNOMED,
        Dictionary("CODED ASSESSMENT TOOL TYPE (SNOMED CT)"),
        Fhir("code.coding[snomed].code", on="Observation"),
    ]
    score: Annotated[
        str | None,
        SORT,
        Holds.DECIMAL,
        Dictionary("PERSON SCORE"),
        Fhir("item[score].answer[0].valueDecimal"),
        Fhir("valueQuantity.value", on="Observation"),
    ]
    score_range: Annotated[str | None, Fhir("referenceRange[0].text", on="Observation")]
    interpretation: Annotated[str | None, FILTER, Fhir("item[interpretation].answer[0].valueString")]
    answers: Answers
    summary: Annotated[str | None, FILTER, Fhir("item[summary].answer[0].valueString")]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """In progress = in-progress, Completed = completed, Amended = amended."""
    referral_id: Annotated[str | None, FILTER, Fhir("basedOn[0].identifier.value")]
    team_desc: Annotated[str | None, FILTER, Fhir("performer[1].display", on="Observation")]
    staff_name: Annotated[
        str | None, SORT, FILTER, Fhir("author.display"), Fhir("performer[0].display", on="Observation")
    ]
    staff_role: str | None
    review_date: Annotated[Day | None, SORT]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


COMMUNITY_ASSESSMENTS = ListOperation(
    bundle=BUNDLE,
    operation_id="CommunityAssessments_GetAssessmentsByPatientDetailId",
    title="Assessments",
    path="/community-mental-health/patients/{patientDetailId}/assessments",
    summary="Scored and narrative assessments: frailty, pressure risk, PHQ-9, HoNOS and others.",
    item=CommunityAssessment,
    source=DESIGNED,
    collection="CommunityAssessmentsList",
    store=Store("community_assessment"),
    submitted=True,
    fhir=(
        Resource(
            "QuestionnaireResponse",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-QuestionnaireResponse",
            status="from Status",
        ),
        Resource(
            "Observation",
            key="Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            when="Score is not null",
            fixed={"category[0].coding[0].code": "survey"},
        ),
    ),
    hl7v2=("ORU^R01 OBX-3/OBX-5 with the tool's code -> AssessmentType, Score",),
    other_feeds=("CSDS CYP609/612", "MHSDS MHS606/607"),
)


class CommunityCarePlan(Entry):
    """Care plans of community and mental health teams with problems, goals and actions."""

    class Problems(Part):
        class Problem(Part):
            description: Annotated[str | None, Fhir("addresses[].display")]
            goal: Annotated[str | None, Fhir("goal[].display")]
            intervention: Annotated[str | None, Fhir("activity[].detail.description")]
            responsible: Annotated[str | None, Fhir("activity[].detail.performer[0].display")]
            target_date: Annotated[Day | None, Fhir("activity[].detail.scheduledPeriod.end")]
            outcome: Annotated[str | None, Fhir("activity[].progress[0].text")]

        problem: list[Problem]
        total_item_count: int

    care_setting: Annotated[str, SORT, FILTER, Fhir("category[1].text")]
    """Community or Mental health; Mental health rows are restricted."""
    care_plan_id: Annotated[str, KEY, FILTER, Dictionary("CARE PLAN IDENTIFIER"), Fhir("identifier[0].value")]
    care_plan_type: Annotated[
        str,
        SORT,
        FILTER,
        Dictionary("CARE PLAN TYPE (COMMUNITY CARE) / (MENTAL HEALTH)"),
        Fhir("category[0].text"),
    ]
    title: Annotated[str | None, SORT, FILTER, Fhir("title")]
    created_date: Annotated[
        LocalDateTime, NEWEST_FIRST, SORT, FILTER, Dictionary("CARE PLAN CREATION DATE"), Fhir("created")
    ]
    implementation_date: Annotated[
        LocalDateTime | None, SORT, Dictionary("CARE PLAN IMPLEMENTATION DATE"), Fhir("period.start")
    ]
    last_updated_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        Dictionary("CARE PLAN LAST UPDATED DATE"),
        Fhir("meta.lastUpdated"),
    ]
    review_date: Annotated[Day | None, SORT, FILTER]
    end_date: Annotated[LocalDateTime | None, SORT, Fhir("period.end")]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Draft, Active, On hold, Completed, Cancelled = revoked."""
    agreed_by: Annotated[
        str | None, Dictionary("CARE PLAN CONTENT AGREED BY"), Fhir("contributor[0].display")
    ]
    agreed_date: Annotated[Day | None, Dictionary("CARE PLAN CONTENT AGREED DATE")]
    problems: Problems
    strengths: Annotated[str | None, FILTER, Fhir("description")]
    care_coordinator: Annotated[str | None, FILTER, Fhir("author.display")]
    team_desc: Annotated[str | None, FILTER, Fhir("careTeam[0].display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


COMMUNITY_CARE_PLANS = ListOperation(
    bundle=BUNDLE,
    operation_id="CommunityCarePlans_GetCarePlansByPatientDetailId",
    title="Care Plans",
    path="/community-mental-health/patients/{patientDetailId}/care-plans",
    summary="Care plans of community and mental health teams with problems, goals and actions.",
    item=CommunityCarePlan,
    source=DESIGNED,
    collection="CommunityCarePlansList",
    store=Store("community_care_plan"),
    submitted=True,
    fhir=(
        Resource(
            "CarePlan",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan",
            status="from Status",
            fixed={"intent": "plan"},
        ),
    ),
    hl7v2=("PGL^PC6/PPG^PCG GOL/PRB where a sender has them",),
    other_feeds=("CSDS CYP004/005", "MHSDS MHS008/009"),
)


class MentalHealthDiagnosis(Entry):
    """Coded diagnoses of the mental health record."""

    diagnosis_date: Annotated[
        LocalDateTime | None,
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
    diagnosis_description: Annotated[str | None, SORT, FILTER, Fhir("code.text")]
    confirmed_by: Annotated[str | None, FILTER, Fhir("asserter.display")]
    comments: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str | None, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


MENTAL_HEALTH_DIAGNOSES = ListOperation(
    bundle=BUNDLE,
    operation_id="MentalHealthDiagnoses_GetDiagnosesByPatientDetailId",
    title="Diagnoses",
    path="/community-mental-health/patients/{patientDetailId}/diagnoses",
    summary="Coded diagnoses of the mental health record.",
    item=MentalHealthDiagnosis,
    source=KNOWN,
    collection="MentalHealthDiagnosesList",
    store=Store("mh_diagnosis"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Condition",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition",
            status="clinicalStatus active; verificationStatus confirmed",
            fixed={"category[0].coding[0].code": "encounter-diagnosis"},
        ),
    ),
    hl7v2=("ADT DG1-3/DG1-5/DG1-16 -> codes, DiagnosisDate, ConfirmedBy",),
    other_feeds=("MHSDS MHS601/604/605",),
    known_parts=("item",),
    evidence="client",
)


class CpaEpisode(Entry):
    """Episodes under the Care Programme Approach."""

    active: Annotated[str | None, SORT, FILTER, YES_NO, Fhir("status")]
    start_date: Annotated[
        LocalDateTime | None,
        KEY,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("START DATE (CARE PROGRAMME APPROACH CARE)"),
        Fhir("period.start"),
    ]
    end_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        NotBefore("start_date"),
        Dictionary("END DATE (CARE PROGRAMME APPROACH CARE)"),
        Fhir("period.end"),
    ]
    details: Annotated[str | None, FILTER, Fhir("type[1].text")]
    tenancy_description: Annotated[str | None, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


CPA_EPISODES = ListOperation(
    bundle=BUNDLE,
    operation_id="MentalHealthCpa_GetCpaEpisodesByPatientDetailId",
    title="Care Programme Approach",
    path="/community-mental-health/patients/{patientDetailId}/cpa",
    summary="Episodes under the Care Programme Approach.",
    item=CpaEpisode,
    source=KNOWN,
    collection="CpaEpisodesList",
    store=Store("mh_cpa_episode"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "EpisodeOfCare",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-EpisodeOfCare",
            status="active when Active is Yes, else finished",
            fixed={"type[0].text": "Care Programme Approach"},
        ),
    ),
    other_feeds=("MHSDS MHS701/702 (CPA is being replaced; kept because the sample has it)",),
    known_parts=("item",),
    evidence="client",
)


class MentalHealthRisk(Entry):
    """Risk assessments: to self, to others, from others, neglect, falls."""

    care_setting: Annotated[str, SORT, FILTER]
    """Community or Mental health; Mental health rows are restricted."""
    risk_id: Annotated[str, KEY, FILTER, Fhir("identifier[0].value")]
    assessment_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        NOT_FUTURE,
        SORT,
        FILTER,
        Fhir("occurrenceDateTime"),
        Fhir("period.start", on="Flag"),
    ]
    risk_type: Annotated[str, SORT, FILTER, Fhir("code.text"), Fhir("code.text", on="Flag")]
    """Self-harm or suicide, Harm to others, From others, Neglect, Absconding, Falls, Substance misuse, Safeguarding."""
    risk_level: Annotated[str | None, SORT, FILTER, Fhir("prediction[0].qualitativeRisk.text")]
    """None, Low, Moderate, High, Very high."""
    is_current: Annotated[str, SORT, FILTER, YES_NO]
    details: Annotated[str | None, FILTER, Fhir("note[0].text")]
    triggers_and_warning_signs: Annotated[str | None, FILTER, Fhir("prediction[0].rationale")]
    protective_factors: str | None
    management_plan: Annotated[str | None, FILTER, Fhir("mitigation")]
    last_incident_date: Annotated[Day | None, SORT, FILTER]
    staff_name: Annotated[str | None, FILTER, Fhir("performer.display"), Fhir("author.display", on="Flag")]
    team_desc: Annotated[str | None, FILTER]
    review_date: Annotated[Day | None, SORT]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


MENTAL_HEALTH_RISKS = ListOperation(
    bundle=BUNDLE,
    operation_id="MentalHealthRisks_GetRisksByPatientDetailId",
    title="Risk",
    path="/community-mental-health/patients/{patientDetailId}/risks",
    summary="Risk assessments: to self, to others, from others, neglect, falls.",
    item=MentalHealthRisk,
    source=DESIGNED,
    collection="MentalHealthRisksList",
    store=Store("mh_risk"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource("RiskAssessment", status="final"),
        Resource(
            "Flag",
            key="Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="active",
            when="IsCurrent Yes and RiskLevel High or Very high",
        ),
    ),
    other_feeds=("MHSDS MHS607",),
)


class MentalHealthActPeriod(Entry):
    """Periods under the Mental Health Act, community treatment orders and conditional discharge."""

    period_id: Annotated[
        str,
        KEY,
        FILTER,
        Dictionary("MENTAL HEALTH ACT LEGAL STATUS CLASSIFICATION ASSIGNMENT PERIOD IDENTIFIER"),
        Fhir("identifier[0].value"),
    ]
    legal_status_code: Annotated[
        str,
        FILTER,
        MHA_STATUS,
        Dictionary("MENTAL HEALTH ACT LEGAL STATUS CLASSIFICATION CODE"),
        Fhir("extension[UKCore-LegalStatus:legalStatusClassification].valueCodeableConcept.coding[0].code"),
    ]
    legal_status_desc: Annotated[
        str,
        SORT,
        FILTER,
        Fhir("extension[UKCore-LegalStatus:legalStatusClassification].valueCodeableConcept.text"),
    ]
    start_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("START DATE (MENTAL HEALTH ACT LEGAL STATUS CLASSIFICATION ASSIGNMENT PERIOD)"),
        Fhir("period.start"),
    ]
    expiry_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        Dictionary("EXPIRY DATE (MENTAL HEALTH ACT LEGAL STATUS CLASSIFICATION ASSIGNMENT PERIOD)"),
    ]
    end_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        NotBefore("start_date"),
        Dictionary("END DATE (MENTAL HEALTH ACT LEGAL STATUS CLASSIFICATION ASSIGNMENT PERIOD)"),
        Fhir("period.end"),
    ]
    start_reason: Annotated[str | None, Fhir("reasonCode[0].text")]
    end_reason: Annotated[str | None, FILTER]
    mental_category_code: Annotated[str | None, LOCAL, Dictionary("MENTAL CATEGORY")]
    is_current: Annotated[str, SORT, FILTER, YES_NO, Fhir("status")]
    responsible_clinician: Annotated[str | None, FILTER, Fhir("participant[ATND].individual.display")]
    community_treatment_order: Annotated[str, FILTER, YES_NO]
    conditional_discharge: Annotated[str, FILTER, YES_NO]
    nearest_relative_name: str | None
    consent_to_treatment: str | None
    next_tribunal_date: Annotated[Day | None, SORT]
    site_desc: Annotated[str | None, FILTER, Fhir("serviceProvider.display")]
    ward_desc: Annotated[str | None, FILTER, Fhir("location[0].location.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


MENTAL_HEALTH_ACT_PERIODS = ListOperation(
    bundle=BUNDLE,
    operation_id="MentalHealthActStatus_GetMentalHealthActStatusByPatientDetailId",
    title="Mental Health Act Status",
    path="/community-mental-health/patients/{patientDetailId}/mental-health-act",
    summary="Periods under the Mental Health Act, community treatment orders and conditional discharge.",
    item=MentalHealthActPeriod,
    source=DESIGNED,
    collection="MentalHealthActPeriodsList",
    store=Store("mh_act_period"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Encounter",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter",
            status="in-progress when IsCurrent is Yes, else finished",
            fixed={
                "class.code": "IMP",
                "extension[UKCore-LegalStatus:legalStatusContext].valueCodeableConcept.coding[0].code": "admission",
            },
        ),
    ),
    hl7v2=("ADT^A01/A08 ZMH (local) or OBX with legal status code -> LegalStatusCode, dates",),
    other_feeds=("MHSDS MHS401-405",),
)


class MentalHealthCrisisPlan(Entry):
    """What to do when the person is in crisis, in their words and the team's."""

    class Contacts(Part):
        class Contact(Part):
            name: Annotated[str | None, Fhir("contributor[].display")]
            relationship: str | None
            telephone: str | None

        contact: list[Contact]
        total_item_count: int

    crisis_plan_id: Annotated[str, KEY, FILTER, Fhir("identifier[0].value")]
    created_date: Annotated[
        LocalDateTime, NEWEST_FIRST, SORT, FILTER, Dictionary("CARE PLAN CREATION DATE"), Fhir("created")
    ]
    last_updated_date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("meta.lastUpdated")]
    review_date: Annotated[Day | None, SORT, FILTER]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Draft, Active, Completed, Cancelled = revoked."""
    early_warning_signs: Annotated[
        str | None, FILTER, Fhir("activity[early-warning-signs].detail.description")
    ]
    triggers: Annotated[str | None, FILTER, Fhir("activity[triggers].detail.description")]
    what_i_can_do: Annotated[str | None, FILTER, Fhir("activity[self-care].detail.description")]
    what_others_can_do: Annotated[str | None, FILTER, Fhir("activity[support].detail.description")]
    what_does_not_help: Annotated[str | None, FILTER, Fhir("activity[avoid].detail.description")]
    preferred_treatment: Annotated[str | None, Fhir("activity[treatment].detail.description")]
    treatment_to_avoid: Annotated[str | None, Fhir("activity[treatment-to-avoid].detail.description")]
    contacts: Contacts
    care_of_dependants: Annotated[str | None, Fhir("activity[care-of-dependants].detail.description")]
    crisis_team_telephone: str | None
    agreed_by_patient: Annotated[str | None, FILTER, YES_NO]
    author_name: Annotated[str | None, FILTER, Fhir("author.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


MENTAL_HEALTH_CRISIS_PLAN = ListOperation(
    bundle=BUNDLE,
    operation_id="MentalHealthCrisisPlan_GetCrisisPlansByPatientDetailId",
    title="Crisis Plan",
    path="/community-mental-health/patients/{patientDetailId}/crisis-plans",
    summary="What to do when the person is in crisis, in their words and the team's.",
    item=MentalHealthCrisisPlan,
    source=DESIGNED,
    collection="CrisisPlansList",
    store=Store("mh_crisis_plan"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "CarePlan",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan",
            status="from Status",
            fixed={"intent": "plan", "category[0].text": "Crisis plan"},
        ),
    ),
    other_feeds=("MHSDS MHS008 (crisis plan type)",),
)
