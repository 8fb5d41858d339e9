"""Social Care: council social care: workers, family, referrals, assessments, safeguarding, plans."""

from typing import Annotated

from carecord.catalogue.code_systems import LOCAL, SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    FIRST_FIRST,
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
    Equals,
    Fhir,
    ListOperation,
    LocalDateTime,
    NotBefore,
    Part,
    Resource,
    Section,
    Sensitivity,
    Store,
)
from carecord.catalogue.value_lists import YES_NO

BUNDLE = Bundle(
    name="Social Care",
    slug="social-care",
    tagline="Council social care: workers, family, referrals, assessments, safeguarding, plans",
    scope="social-care.read",
)


class SocialCareCaseWorker(Entry):
    """Workers allocated to the person, now and before."""

    section: Annotated[str, SORT, FILTER]
    """Which section of the whole view the row is in: ActiveCaseWorkers, InactiveCaseWorkers; not repeated inside the whole view."""
    name: Annotated[str, KEY, SORT, FILTER, Fhir("participant[0].member.display")]
    role: Annotated[str | None, KEY, SORT, FILTER, Fhir("participant[0].role[0].text")]
    team_code: Annotated[str | None, FILTER, Fhir("managingOrganization[0].identifier.value")]
    team_desc: Annotated[str | None, SORT, FILTER, Fhir("name")]
    telephone_number: Annotated[str | None, Fhir("telecom[phone].value")]
    email_address: Annotated[str | None, Fhir("telecom[email].value")]
    key_worker_indicator: Annotated[str | None, FILTER, YES_NO]
    start_date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("period.start")]
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("period.end")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SOCIAL_CARE_CASE_WORKERS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareCaseWorkers_GetCaseWorkersByPatientDetailId",
    title="Social Care - Case Workers",
    path="/social-care/patients/{patientDetailId}/case-workers",
    summary="Workers allocated to the person, now and before.",
    item=SocialCareCaseWorker,
    source=DESIGNED,
    collection="CaseWorkersList",
    store=Store("sc_case_worker"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "CareTeam",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-CareTeam",
            status="active for ActiveCaseWorkers, else inactive",
        ),
    ),
    other_feeds=("case management system extract",),
)


class SocialCareRelatedPerson(Entry):
    """Family, carers and others known to social care."""

    section: Annotated[str, SORT, FILTER, DESIGNED]
    """Which section of the whole view the row is in: ActiveRelatedPersons, InactiveRelatedPersons; not repeated inside the whole view."""
    given_name: Annotated[str | None, KEY, SORT, FILTER, Fhir("name[0].given[0]")]
    family_name: Annotated[str | None, KEY, FIRST_FIRST, SORT, FILTER, Fhir("name[0].family")]
    relationship_description: Annotated[str | None, KEY, SORT, FILTER, Fhir("relationship[1].text")]
    address_line1: Annotated[str | None, Fhir("address[0].line[0]")]
    address_line2: Annotated[str | None, Fhir("address[0].line[1]")]
    address_line3: Annotated[str | None, Fhir("address[0].city")]
    address_line4: Annotated[str | None, Fhir("address[0].district")]
    address_line5: Annotated[str | None, Fhir("address[0].country")]
    post_code: Annotated[str | None, FILTER, Fhir("address[0].postalCode")]
    email_address: Annotated[str | None, Fhir("telecom[email].value")]
    telephone_number: Annotated[str | None, Fhir("telecom[phone].value")]
    mobile_number: Annotated[str | None, Fhir("telecom[mobile].value")]
    relationship_flag: Annotated[str | None, SORT, FILTER, Fhir("relationship[0].text")]
    """Known values: Next Of Kin, Dependent."""
    tenancy_description: Annotated[str | None, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SOCIAL_CARE_RELATED_PERSONS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareRelatedPersons_GetRelatedPersonsByPatientDetailId",
    title="Social Care - Related Persons",
    path="/social-care/patients/{patientDetailId}/related-persons",
    summary="Family, carers and others known to social care.",
    item=SocialCareRelatedPerson,
    source=KNOWN,
    collection="RelatedPersonsList",
    store=Store("sc_related_person"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "RelatedPerson",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-RelatedPerson",
            status="active = Section is ActiveRelatedPersons",
        ),
    ),
    other_feeds=("case management system extract",),
    known_parts=("item",),
    evidence="client",
)


class SocialCareReferral(Entry):
    """Contacts and referrals to social care, open and completed."""

    section: Annotated[str, SORT, FILTER, DESIGNED]
    """Which section of the whole view the row is in: ActiveReferrals, CompletedReferrals; not repeated inside the whole view."""
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("date"), Fhir("occurrencePeriod.end")]
    """CompletedReferrals only."""
    date: Annotated[LocalDateTime | None, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("authoredOn")]
    reason: Annotated[str | None, KEY, SORT, FILTER, Fhir("reasonCode[0].text")]
    description: Annotated[str | None, FILTER, Fhir("code.text")]
    requester_code: Annotated[str | None, FILTER, Fhir("requester.identifier.value")]
    requester_desc: Annotated[str | None, SORT, FILTER, Fhir("requester.display")]
    team_code: Annotated[str | None, KEY, FILTER, Fhir("performer[0].identifier.value")]
    team_desc: Annotated[str | None, SORT, FILTER, Fhir("performer[0].display")]
    status: Annotated[str | None, SORT, FILTER, Fhir("status")]
    """Known values: active, completed."""
    tenancy_description: Annotated[str | None, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SOCIAL_CARE_REFERRALS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareReferrals_GetReferralsByPatientDetailId",
    title="Social Care - Referrals",
    path="/social-care/patients/{patientDetailId}/referrals",
    summary="Contacts and referrals to social care, open and completed.",
    item=SocialCareReferral,
    source=KNOWN,
    collection="SocialCareReferralsList",
    store=Store("sc_referral"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "ServiceRequest",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-ServiceRequest",
            status="active = active, completed = completed",
            fixed={"intent": "order", "category[0].text": "Social care referral"},
        ),
    ),
    hl7v2=("REF^I12 RF1-7/RF1-10 -> Date, Reason",),
    other_feeds=("case management system extract", "hospital assessment and discharge notices"),
    known_parts=("item",),
    evidence="client",
)


class SocialCareAssessment(Entry):
    """Adult and child assessments and reviews, with outcome and eligibility."""

    section: Annotated[str, SORT, FILTER]
    """Which section of the whole view the row is in: AdultAssessmentEvents, ChildAssessmentEvents; not repeated inside the whole view."""
    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("executionPeriod.start")]
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("date"), Fhir("executionPeriod.end")]
    type: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    description: Annotated[str | None, FILTER, Fhir("description")]
    outcome: Annotated[str | None, FILTER, Fhir("output[0].valueString")]
    eligibility_decision: Annotated[str | None, SORT, FILTER, Fhir("businessStatus.text")]
    """Eligible, Not eligible, Not decided."""
    primary_support_reason: Annotated[str | None, FILTER, Fhir("reasonCode.text")]
    assessor_name: Annotated[str | None, FILTER, Fhir("owner.display")]
    team_code: Annotated[str | None, FILTER]
    team_desc: Annotated[str | None, SORT, FILTER]
    review_date: Annotated[Day | None, SORT, FILTER]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Planned = requested, In progress = in-progress, Completed, Cancelled."""
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SOCIAL_CARE_ASSESSMENTS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareAssessments_GetAssessmentEventsByPatientDetailId",
    title="Social Care - Assessments",
    path="/social-care/patients/{patientDetailId}/assessments",
    summary="Adult and child assessments and reviews, with outcome and eligibility.",
    item=SocialCareAssessment,
    source=DESIGNED,
    collection="AssessmentEventsList",
    store=Store("sc_assessment_event"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Task",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Task",
            status="from Status",
            fixed={"intent": "order"},
        ),
    ),
    other_feeds=("case management system extract", "adult social care client level data"),
)


class SafeguardingEvent(Entry):
    """Safeguarding concerns, deprivation of liberty, MARAC and missing-person episodes."""

    section: Annotated[str, KEY, SORT, FILTER, Fhir("category[1].text")]
    """Which section of the whole view the row is in: SafeguardingEvents, DOLSEvents, MARACs, MissingPersons; not repeated inside the whole view."""
    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, NOT_FUTURE, SORT, FILTER, Fhir("period.start")]
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("date"), Fhir("period.end")]
    type: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    """E.g. concern, section 42 enquiry, DoLS standard authorisation, MARAC meeting, missing episode."""
    stage: Annotated[str | None, FILTER]
    abuse_type: Annotated[str | None, FILTER, Fhir("category[2].text")]
    location: str | None
    risk_to: str | None
    outcome: Annotated[str | None, FILTER]
    authorisation_expiry_date: Annotated[Day | None, SORT, FILTER]
    """DOLSEvents only."""
    supervisory_body: str | None
    """DOLSEvents only."""
    worker_name: Annotated[str | None, FILTER, Fhir("author.display")]
    team_desc: Annotated[str | None, SORT, FILTER]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Active or Completed."""
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SAFEGUARDING_EVENTS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareSafeguarding_GetSafeguardingByPatientDetailId",
    title="Social Care - Safeguarding",
    path="/social-care/patients/{patientDetailId}/safeguarding",
    summary="Safeguarding concerns, deprivation of liberty, MARAC and missing-person episodes.",
    item=SafeguardingEvent,
    source=DESIGNED,
    collection="SafeguardingList",
    store=Store("sc_safeguarding_event"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="active when Status is Active, else inactive",
            fixed={"category[0].text": "Safeguarding"},
        ),
    ),
    other_feeds=("case management system extract",),
)


class SocialCareCaseEvent(Entry):
    """Meetings, conferences and shared case notes."""

    section: Annotated[str, KEY, SORT, FILTER, Fhir("category[1].text")]
    """Which section of the whole view the row is in: MeetingEvents, CaseNotesEvents; not repeated inside the whole view."""
    date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("sent")]
    type: Annotated[str, KEY, SORT, FILTER, Fhir("category[0].text")]
    title: Annotated[str | None, KEY, SORT, FILTER, Fhir("topic.text")]
    notes: Annotated[str | None, FILTER, Fhir("payload[0].contentString")]
    attendees: Annotated[str | None, FILTER, Fhir("recipient[0].display")]
    outcome: Annotated[str | None, FILTER, Fhir("payload[1].contentString")]
    worker_name: Annotated[str | None, FILTER, Fhir("sender.display")]
    team_desc: Annotated[str | None, SORT, FILTER]
    next_date: Annotated[Day | None, SORT]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SOCIAL_CARE_CASE_EVENTS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareCaseEvents_GetCaseEventsByPatientDetailId",
    title="Social Care - Meetings and Case Notes",
    path="/social-care/patients/{patientDetailId}/case-events",
    summary="Meetings, conferences and shared case notes.",
    item=SocialCareCaseEvent,
    source=DESIGNED,
    collection="CaseEventsList",
    store=Store("sc_case_event"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Communication",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Communication",
            status="completed",
        ),
    ),
    other_feeds=("case management system extract",),
)


class SocialCareRisk(Entry):
    """Risks to the person, hazards to visitors, and special factors."""

    section: Annotated[str, KEY, SORT, FILTER, Fhir("category[1].text")]
    """Which section of the whole view the row is in: Risks, Hazards, SpecialFactors; not repeated inside the whole view."""
    type: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    description: Annotated[str | None, FILTER, Fhir("extension[Graphnet-Comment].valueString")]
    severity: Annotated[
        str | None, SORT, FILTER, Fhir("extension[Graphnet-Severity].valueCodeableConcept.text")
    ]
    """Low, Medium, High."""
    mitigation: Annotated[str | None, FILTER, Fhir("text.div")]
    start_date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("period.start")]
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("period.end")]
    review_date: Annotated[Day | None, SORT]
    recorded_by: Annotated[str | None, FILTER, Fhir("author.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SOCIAL_CARE_RISKS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareRisks_GetRisksByPatientDetailId",
    title="Social Care - Risks, Hazards and Special Factors",
    path="/social-care/patients/{patientDetailId}/risks",
    summary="Risks to the person, hazards to visitors, and special factors.",
    item=SocialCareRisk,
    source=DESIGNED,
    collection="SocialCareRisksList",
    store=Store("sc_risk"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="active while EndDate is null or in the future, else inactive",
            fixed={"category[0].text": "Social care risk"},
        ),
    ),
    other_feeds=("case management system extract",),
)


class ChildStatus(Entry):
    """Child protection plans, child in need plans and care periods."""

    section: Annotated[str, KEY, SORT, FILTER, Fhir("category[1].text")]
    """Which section of the whole view the row is in: ChildProtections, ChildInNeeds, ChildLookAfters; not repeated inside the whole view."""
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Active, Ended."""
    start_date: Annotated[
        LocalDateTime,
        KEY,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("CHILD PROTECTION PLAN START DATE"),
        Fhir("period.start"),
    ]
    end_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        NotBefore("start_date"),
        Dictionary("CHILD PROTECTION PLAN END DATE"),
        Fhir("period.end"),
    ]
    category_code: Annotated[
        str | None, LOCAL, Dictionary("CHILD PROTECTION PLAN REASON CODE"), Fhir("code.coding[local].code")
    ]
    category_desc: Annotated[str | None, SORT, FILTER, Fhir("code.text")]
    legal_status_desc: Annotated[str | None, FILTER, Fhir("category[2].text")]
    """ChildLookAfters only."""
    placement_type_desc: Annotated[str | None, FILTER]
    """ChildLookAfters only."""
    placement_provider: str | None
    local_authority: Annotated[str | None, FILTER]
    worker_name: Annotated[str | None, FILTER, Fhir("author.display")]
    worker_telephone: str | None
    next_review_date: Annotated[Day | None, SORT, FILTER]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


CHILD_STATUS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareChildStatus_GetChildStatusByPatientDetailId",
    title="Social Care - Child Status",
    path="/social-care/patients/{patientDetailId}/child-status",
    summary="Child protection plans, child in need plans and care periods.",
    item=ChildStatus,
    source=DESIGNED,
    collection="ChildStatusList",
    store=Store("sc_child_status"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="active when Status is Active, else inactive",
            fixed={"category[0].text": "Child social care"},
        ),
    ),
    other_feeds=("case management system extract", "CP-IS"),
)


class SocialCareDisability(Entry):
    """Disabilities and impairments social care has recorded."""

    disability_code: Annotated[
        str | None, FILTER, LOCAL, Dictionary("DISABILITY CODE"), Fhir("code.coding[local].code")
    ]
    disability_desc: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    impact_desc: Annotated[
        str | None, FILTER, Dictionary("DISABILITY IMPACT PERCEPTION"), Fhir("severity.text")
    ]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    primary_indicator: Annotated[str | None, FILTER, YES_NO]
    register_type: Annotated[str | None, FILTER, Fhir("category[2].text")]
    """E.g. sight impairment register."""
    equipment: str | None
    start_date: Annotated[LocalDateTime | None, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("onsetDateTime")]
    end_date: Annotated[
        LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("abatementDateTime")
    ]
    notes: Annotated[str | None, FILTER, Fhir("note[0].text")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SOCIAL_CARE_DISABILITIES = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareDisabilities_GetDisabilitiesByPatientDetailId",
    title="Social Care - Disabilities",
    path="/social-care/patients/{patientDetailId}/disabilities",
    summary="Disabilities and impairments social care has recorded.",
    item=SocialCareDisability,
    source=DESIGNED,
    collection="DisabilitiesList",
    store=Store("sc_disability"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Condition",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Condition",
            status="active while EndDate is null, else inactive",
            fixed={"category[0].coding[0].code": "problem-list-item", "category[1].text": "Disability"},
        ),
    ),
    other_feeds=("case management system extract",),
)


class SocialCareClassification(Entry):
    """Client groups and support reasons, current and past."""

    section: Annotated[str, SORT, FILTER]
    """Which section of the whole view the row is in: ActiveClassifications, InactiveClassifications; not repeated inside the whole view."""
    type: Annotated[str, KEY, SORT, FILTER, Fhir("category[1].text")]
    code: Annotated[str | None, FILTER, LOCAL, Fhir("code.coding[local].code")]
    description: Annotated[str, KEY, SORT, FILTER, Fhir("code.text")]
    start_date: Annotated[LocalDateTime, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("period.start")]
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("period.end")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SOCIAL_CARE_CLASSIFICATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareClassifications_GetClassificationsByPatientDetailId",
    title="Social Care - Classifications",
    path="/social-care/patients/{patientDetailId}/classifications",
    summary="Client groups and support reasons, current and past.",
    item=SocialCareClassification,
    source=DESIGNED,
    collection="ClassificationsList",
    store=Store("sc_classification"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="active for ActiveClassifications, else inactive",
            fixed={"category[0].text": "Social care classification"},
        ),
    ),
    other_feeds=("case management system extract",),
)


class SocialCareCarePlan(Entry):
    """Support plans with the services provided under them."""

    class ServiceProvisions(Part):
        class ServiceProvision(Part):
            status: Annotated[str | None, Fhir("activity[].detail.status")]
            """Known values: Proposed, Provisioned."""
            service_type: Annotated[str | None, Fhir("activity[].detail.code.text")]
            service_name: Annotated[str | None, Fhir("activity[].detail.productCodeableConcept.text")]
            comments: Annotated[str | None, Fhir("activity[].detail.description")]
            provider_name: Annotated[str | None, Fhir("activity[].detail.performer[0].display")]
            provider_phone: str | None
            tenancy_description: str | None

        service_provision: list[ServiceProvision]
        total_item_count: int | None

    type: Annotated[str | None, KEY, SORT, FILTER, Fhir("category[0].text")]
    """Value of the known sample."""
    start_date: Annotated[LocalDateTime | None, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("period.start")]
    end_date: Annotated[LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("period.end")]
    status: Annotated[str | None, SORT, FILTER, Fhir("status")]
    """Known value: Active."""
    modified_date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("meta.lastUpdated")]
    review_date: Annotated[LocalDateTime | None, SORT, FILTER]
    tenancy_description: Annotated[str | None, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""
    service_provisions: ServiceProvisions


SOCIAL_CARE_CARE_PLANS = ListOperation(
    bundle=BUNDLE,
    operation_id="SocialCareCarePlans_GetCarePlansByPatientDetailId",
    title="Social Care - Care Plans",
    path="/social-care/patients/{patientDetailId}/care-plans",
    summary="Support plans with the services provided under them.",
    item=SocialCareCarePlan,
    source=KNOWN,
    collection="SocialCareCarePlansList",
    store=Store("sc_care_plan"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    fhir=(
        Resource(
            "CarePlan",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan",
            status="active when Status is Active, completed when EndDate is past, else draft",
            fixed={"intent": "plan"},
            note="activity.detail.status: Proposed = scheduled, Provisioned = in-progress",
        ),
    ),
    other_feeds=("case management system extract",),
    known_parts=("item",),
    evidence="client",
)


class SocialCareRecord(Entry):
    """The social care record in one object, one section per topic."""

    class Summary(Part):
        class CaseNumber(Part):
            case_number: Annotated[str | None, KEY, Fhir("identifier[].value")]
            tenancy_description: Annotated[str | None, Fhir("meta.tag[tenancy].display")]

        case_numbers: list[CaseNumber]
        team: Annotated[str | None, Fhir("team[0].display")]
        disability_indicator: Annotated[str | None, YES_NO]
        interpreter_required_indicator: Annotated[str | None, YES_NO]
        risk_indicator: Annotated[str | None, YES_NO]
        hazard_indicator: Annotated[str | None, YES_NO]
        child_protection_indicator: Annotated[str | None, YES_NO]
        child_in_need_indicator: Annotated[str | None, YES_NO]
        child_looked_after_indicator: Annotated[str | None, YES_NO]
        last_updated_date: Annotated[LocalDateTime | None, Fhir("meta.lastUpdated")]

    summary: Summary


SOCIAL_CARE_RECORD = ComposedOperation(
    bundle=BUNDLE,
    operation_id="SocialCare_GetSocialCareRecordByPatientDetailId",
    title="Social Care - Whole View",
    path="/social-care/patients/{patientDetailId}/record",
    summary="The social care record in one object, one section per topic.",
    item=SocialCareRecord,
    source=KNOWN,
    store=Store("sc_summary"),
    sensitivity=Sensitivity.RESTRICTED,
    submitted=True,
    sections=(
        Section(
            "ActiveCaseWorkers",
            "ActiveCaseWorker",
            SOCIAL_CARE_CASE_WORKERS,
            where=Equals("Section", "ActiveCaseWorkers"),
            leave_out=("Section",),
        ),
        Section(
            "InactiveCaseWorkers",
            "InactiveCaseWorker",
            SOCIAL_CARE_CASE_WORKERS,
            where=Equals("Section", "InactiveCaseWorkers"),
            leave_out=("Section",),
        ),
        Section(
            "ActiveRelatedPersons",
            "ActiveRelatedPerson",
            SOCIAL_CARE_RELATED_PERSONS,
            where=Equals("Section", "ActiveRelatedPersons"),
            leave_out=("Section",),
        ),
        Section(
            "InactiveRelatedPersons",
            "InactiveRelatedPerson",
            SOCIAL_CARE_RELATED_PERSONS,
            where=Equals("Section", "InactiveRelatedPersons"),
            leave_out=("Section",),
        ),
        Section(
            "ActiveReferrals",
            "ActiveReferral",
            SOCIAL_CARE_REFERRALS,
            where=Equals("Section", "ActiveReferrals"),
            leave_out=("Section", "EndDate"),
        ),
        Section(
            "CompletedReferrals",
            "CompletedReferral",
            SOCIAL_CARE_REFERRALS,
            where=Equals("Section", "CompletedReferrals"),
            leave_out=("Section",),
        ),
        Section(
            "AdultAssessmentEvents",
            "AdultAssessmentEvent",
            SOCIAL_CARE_ASSESSMENTS,
            where=Equals("Section", "AdultAssessmentEvents"),
            leave_out=("Section",),
        ),
        Section(
            "SafeguardingEvents",
            "SafeguardingEvent",
            SAFEGUARDING_EVENTS,
            where=Equals("Section", "SafeguardingEvents"),
            leave_out=("Section",),
        ),
        Section(
            "DOLSEvents",
            "DOLSEvent",
            SAFEGUARDING_EVENTS,
            where=Equals("Section", "DOLSEvents"),
            leave_out=("Section",),
        ),
        Section(
            "ChildAssessmentEvents",
            "ChildAssessmentEvent",
            SOCIAL_CARE_ASSESSMENTS,
            where=Equals("Section", "ChildAssessmentEvents"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section(
            "MeetingEvents",
            "MeetingEvent",
            SOCIAL_CARE_CASE_EVENTS,
            where=Equals("Section", "MeetingEvents"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section(
            "CaseNotesEvents",
            "CaseNotesEvent",
            SOCIAL_CARE_CASE_EVENTS,
            where=Equals("Section", "CaseNotesEvents"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section("Risks", "Risk", SOCIAL_CARE_RISKS, where=Equals("Section", "Risks"), leave_out=("Section",)),
        Section(
            "SpecialFactors",
            "SpecialFactor",
            SOCIAL_CARE_RISKS,
            where=Equals("Section", "SpecialFactors"),
            leave_out=("Section",),
        ),
        Section(
            "ChildProtections",
            "ChildProtection",
            CHILD_STATUS,
            where=Equals("Section", "ChildProtections"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section(
            "ChildInNeeds",
            "ChildInNeed",
            CHILD_STATUS,
            where=Equals("Section", "ChildInNeeds"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section(
            "ChildLookAfters",
            "ChildLookAfter",
            CHILD_STATUS,
            where=Equals("Section", "ChildLookAfters"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section(
            "MissingPersons",
            "MissingPerson",
            SAFEGUARDING_EVENTS,
            where=Equals("Section", "MissingPersons"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section(
            "Hazards",
            "Hazard",
            SOCIAL_CARE_RISKS,
            where=Equals("Section", "Hazards"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section(
            "MARACs",
            "MARAC",
            SAFEGUARDING_EVENTS,
            where=Equals("Section", "MARACs"),
            leave_out=("Section",),
            null_when_empty=True,
        ),
        Section("Disabilities", "Disability", SOCIAL_CARE_DISABILITIES),
        Section(
            "ActiveClassifications",
            "ActiveClassification",
            SOCIAL_CARE_CLASSIFICATIONS,
            where=Equals("Section", "ActiveClassifications"),
            leave_out=("Section",),
        ),
        Section(
            "InactiveClassifications",
            "InactiveClassification",
            SOCIAL_CARE_CLASSIFICATIONS,
            where=Equals("Section", "InactiveClassifications"),
            leave_out=("Section",),
        ),
        Section("CarePlans", "CarePlan", SOCIAL_CARE_CARE_PLANS),
    ),
    fhir=(
        Resource(
            "EpisodeOfCare",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-EpisodeOfCare",
            status="active while any case is open, else finished",
            fixed={"type[0].text": "Social care"},
            note="Summary only; the sections map as their own operations",
        ),
    ),
    other_feeds=("case management system extract",),
    known_parts=(
        "section names and order",
        "wrapper shape {<Singular>: [], TotalItemCount}",
        "Summary fields",
        "item fields of related persons, referrals, care plans, service provisions",
        "sections null when not applicable",
    ),
    evidence="client",
    note="Only Summary is stored and submitted here, the sections go to their own collections; indicators may be left null to be worked out from the sections. Hazards, MARACs, MissingPersons, Child* and Meeting/CaseNotes sections are null for a person they do not apply to, as in the known adult sample; inner names of sections that were null there (ChildAssessmentEvent ... MARAC) follow the known wrapper rule and are designed.",
)
