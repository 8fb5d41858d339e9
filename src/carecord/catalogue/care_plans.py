"""Care Plans: plans made with the person: about me, end of life and ReSPECT, the universal care plan."""

from typing import Annotated

from carecord.catalogue.code_systems import SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    KEY,
    NEWEST_FIRST,
    SORT,
    Bundle,
    Day,
    Entry,
    Fhir,
    Holds,
    ListOperation,
    LocalDateTime,
    Part,
    Resource,
    SingleOperation,
    Store,
)
from carecord.catalogue.value_lists import YES_NO

BUNDLE = Bundle(
    name="Care Plans",
    slug="care-plans",
    tagline="Plans made with the person: about me, end of life and ReSPECT, the universal care plan",
    scope="care-plans.read",
)


class EndOfLifePlan(Entry):
    """CPR decision, treatment recommendations, preferences and what is in place."""

    plan_id: Annotated[str, KEY, FILTER, Fhir("identifier[0].value")]
    plan_type: Annotated[str, SORT, FILTER, Fhir("category[1].text")]
    """ReSPECT, DNACPR, EPaCCS, Advance care plan."""
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Active, Superseded = completed, Cancelled = revoked."""
    on_register: Annotated[
        str | None, FILTER, YES_NO, Fhir("component[on-register].valueBoolean", on="Observation")
    ]
    """On the end of life register."""
    cpr_decision: Annotated[
        str | None, SORT, FILTER, Fhir("activity[cpr].detail.code.text"), Fhir("code.text", on="Flag")
    ]
    """CPR attempts recommended, Modified (child), CPR attempts not recommended, Not decided."""
    cpr_snomed_ct_code: Annotated[
        str | None,
        FILTER,
        SNOMED,
        Fhir("activity[cpr].detail.code.coding[snomed].code"),
        Fhir("code.coding[snomed].code", on="Flag"),
    ]
    cpr_decision_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        Fhir("activity[cpr].detail.scheduledPeriod.start"),
        Fhir("period.start", on="Flag"),
    ]
    cpr_review_date: Annotated[Day | None, SORT, FILTER]
    """When the decision is to be looked at again. It holds until it is changed, review or not."""
    cpr_reason: Annotated[str | None, FILTER, Fhir("activity[cpr].detail.description")]
    capacity_for_decision: Annotated[
        str | None, FILTER, Fhir("component[capacity-for-decision].valueString", on="Observation")
    ]
    discussed_with: Annotated[str | None, FILTER, Fhir("contributor[0].display")]
    people_aware: str | None
    senior_clinician: Annotated[str | None, FILTER, Fhir("author.display"), Fhir("author.display", on="Flag")]
    endorsed_by: Annotated[str | None, Fhir("contributor[1].display")]
    care_priority: Annotated[str | None, FILTER, Fhir("activity[priority].detail.description")]
    """Balance between sustaining life and comfort."""
    care_priority_scale: Annotated[
        int | None, Fhir("component[care-priority-scale].valueInteger", on="Observation")
    ]
    """0 = sustain life, 100 = comfort."""
    recommended_treatments: Annotated[str | None, FILTER, Fhir("activity[recommended].detail.description")]
    treatments_not_wanted: Annotated[str | None, FILTER, Fhir("activity[not-wanted].detail.description")]
    ceiling_of_treatment: Annotated[str | None, FILTER, Fhir("activity[ceiling].detail.code.text")]
    diagnosis: Annotated[str | None, FILTER, Fhir("addresses[0].display")]
    prognosis: Annotated[str | None, FILTER, Fhir("component[prognosis].valueString", on="Observation")]
    prognosis_awareness: Annotated[
        str | None, Fhir("component[prognosis-awareness].valueString", on="Observation")
    ]
    preferred_place_of_care: Annotated[
        str | None, SORT, FILTER, Fhir("activity[place-of-care].detail.location.display")
    ]
    preferred_place_of_death: Annotated[
        str | None, SORT, FILTER, Fhir("activity[place-of-death].detail.location.display")
    ]
    preferences_and_wishes: Annotated[str | None, FILTER, Fhir("description")]
    functional_status_tool: Annotated[
        str | None, Fhir("component[functional-status-tool].valueString", on="Observation")
    ]
    functional_status_score: Annotated[
        str | None,
        Holds.DECIMAL,
        Fhir("component[functional-status-score].valueQuantity.value", on="Observation"),
    ]
    anticipatory_medicines: Annotated[
        str | None, FILTER, YES_NO, Fhir("component[anticipatory-medicines].valueBoolean", on="Observation")
    ]
    anticipatory_medicines_location: Annotated[
        str | None, Fhir("component[anticipatory-medicines-location].valueString", on="Observation")
    ]
    syringe_driver: Annotated[
        str | None, YES_NO, Fhir("component[syringe-driver].valueBoolean", on="Observation")
    ]
    advance_decision: Annotated[
        str | None, FILTER, YES_NO, Fhir("component[advance-decision].valueBoolean", on="Observation")
    ]
    """Advance decision to refuse treatment exists."""
    power_of_attorney: Annotated[
        str | None, FILTER, YES_NO, Fhir("component[power-of-attorney].valueBoolean", on="Observation")
    ]
    """Health and welfare."""
    domestic_access: str | None
    consent_to_share: Annotated[str | None, FILTER, YES_NO, Fhir("provision.type", on="Consent")]
    document_id: Annotated[str | None, Fhir("supportingInfo[0].identifier.value")]
    """Signed form in Documents."""
    created_date: Annotated[
        LocalDateTime,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Fhir("created"),
        Fhir("dateTime", on="Consent"),
        Fhir("effectiveDateTime", on="Observation"),
    ]
    last_updated_date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("meta.lastUpdated")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


END_OF_LIFE_PLANS = ListOperation(
    bundle=BUNDLE,
    operation_id="CarePlansEndOfLife_GetEndOfLifePlanByPatientDetailId",
    title="Care Plans - End of Life and ReSPECT",
    path="/care-plans/patients/{patientDetailId}/end-of-life",
    summary="CPR decision, treatment recommendations, preferences and what is in place.",
    item=EndOfLifePlan,
    source=DESIGNED,
    collection="EndOfLifePlansList",
    store=Store("end_of_life_plan"),
    submitted=True,
    fhir=(
        Resource(
            "CarePlan",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan",
            status="active, completed when superseded, revoked when cancelled",
            fixed={"intent": "plan", "category[0].coding[snomed].code": "736373009"},
        ),
        Resource(
            "Flag",
            key="Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="active while the plan is active",
            when="CprDecision is not null",
        ),
        Resource(
            "Consent",
            key="Consent",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Consent",
            status="active",
            fixed={"scope.coding[0].code": "patient-privacy"},
        ),
        Resource(
            "Observation",
            key="Observation",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Observation",
            status="final",
            when="something was recorded",
            fixed={"code.text": "End of life care"},
        ),
    ),
    other_feeds=("EPaCCS extract", "ReSPECT platform", "ambulance service"),
)


class AboutMe(Entry):
    """What the person wants professionals to know (PRSB About me)."""

    about_me_id: Annotated[str, KEY, Fhir("identifier.value")]
    what_matters_to_me: Annotated[str | None, Fhir("item[matters].answer[0].valueString")]
    people_important_to_me: Annotated[str | None, Fhir("item[people].answer[0].valueString")]
    how_i_communicate: Annotated[str | None, Fhir("item[communication].answer[0].valueString")]
    my_wellness: Annotated[str | None, Fhir("item[wellness].answer[0].valueString")]
    please_do: Annotated[str | None, Fhir("item[do].answer[0].valueString")]
    please_dont: Annotated[str | None, Fhir("item[dont].answer[0].valueString")]
    how_and_when_to_support_me: Annotated[str | None, Fhir("item[support].answer[0].valueString")]
    also_worth_knowing: Annotated[str | None, Fhir("item[also].answer[0].valueString")]
    supported_to_write_this_by: Annotated[str | None, Fhir("source.display")]
    supporter_relationship: Annotated[str | None, Fhir("item[supporter-relationship].answer[0].valueString")]
    media_document_id: Annotated[str | None, Fhir("item[media].answer[0].valueReference.identifier.value")]
    """Picture or recording in Documents."""
    created_date: LocalDateTime
    last_updated_date: Annotated[LocalDateTime, Fhir("authored")]
    author_name: Annotated[str | None, Fhir("author.display")]
    tenancy_description: Annotated[str, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ABOUT_ME = SingleOperation(
    bundle=BUNDLE,
    operation_id="CarePlansAboutMe_GetAboutMeByPatientDetailId",
    title="Care Plans - About Me",
    path="/care-plans/patients/{patientDetailId}/about-me",
    summary="What the person wants professionals to know (PRSB About me).",
    item=AboutMe,
    source=DESIGNED,
    store=Store("about_me"),
    submitted=True,
    fhir=(
        Resource(
            "QuestionnaireResponse",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-QuestionnaireResponse",
            status="completed; amended after a change",
        ),
    ),
    other_feeds=("patient portal", "care plan platform"),
    note="Free text in the person's words; the newest entry is returned, older ones stay stored.",
)


class UniversalCarePlan(Entry):
    """Personalised care and support plans: needs, goals, actions, contingency."""

    class Needs(Part):
        class Need(Part):
            description: Annotated[str | None, Fhir("addresses[].display")]
            snomed_ct_code: Annotated[str | None, SNOMED]
            goal: Annotated[str | None, Fhir("goal[].display")]
            goal_confidence: Annotated[str | None, Holds.DECIMAL]
            """0-10."""
            action: Annotated[str | None, Fhir("activity[].detail.description")]
            action_by: Annotated[str | None, Fhir("activity[].detail.performer[0].display")]
            action_when: Annotated[str | None, Fhir("activity[].detail.scheduledString")]
            stage: Annotated[str | None, Fhir("activity[].detail.status")]
            """Suggested = not-started, In progress = in-progress, Done = completed, Stopped = stopped."""
            outcome: Annotated[str | None, Fhir("activity[].progress[0].text")]

        need: list[Need]
        total_item_count: int

    class Contingencies(Part):
        class Contingency(Part):
            trigger: Annotated[str | None, Fhir("activity[contingency*].detail.reasonCode[0].text")]
            what_to_do: Annotated[str | None, Fhir("activity[contingency*].detail.description")]
            who_to_contact: Annotated[str | None, Fhir("activity[contingency*].detail.performer[0].display")]
            anticipatory_medicines: Annotated[
                str | None, Fhir("activity[contingency*].detail.productCodeableConcept.text")
            ]

        contingency: list[Contingency]
        total_item_count: int

    plan_id: Annotated[str, KEY, FILTER, Fhir("identifier[0].value")]
    title: Annotated[str | None, SORT, FILTER, Fhir("title")]
    plan_type: Annotated[str, SORT, FILTER, Fhir("category[0].text")]
    status: Annotated[str, SORT, FILTER, Fhir("status")]
    """Draft, Active, Completed, Cancelled = revoked."""
    created_date: Annotated[LocalDateTime, NEWEST_FIRST, SORT, FILTER, Fhir("created")]
    last_updated_date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("meta.lastUpdated")]
    review_date: Annotated[Day | None, SORT, FILTER]
    strengths: Annotated[str | None, FILTER, Fhir("description")]
    needs: Needs
    contingencies: Contingencies
    coordinator_name: Annotated[str | None, FILTER, Fhir("author.display")]
    coordinator_telephone: str | None
    agreed_with_person: Annotated[str | None, FILTER, YES_NO, Fhir("contributor[0].display")]
    agreed_date: Annotated[Day | None, SORT]
    other_plans: Annotated[str | None, FILTER, Fhir("supportingInfo[0].display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


UNIVERSAL_CARE_PLANS = ListOperation(
    bundle=BUNDLE,
    operation_id="CarePlansUniversal_GetUniversalCarePlansByPatientDetailId",
    title="Care Plans - Universal Care Plan",
    path="/care-plans/patients/{patientDetailId}/universal-care-plans",
    summary="Personalised care and support plans: needs, goals, actions, contingency.",
    item=UniversalCarePlan,
    source=DESIGNED,
    collection="UniversalCarePlansList",
    store=Store("universal_care_plan"),
    submitted=True,
    fhir=(
        Resource(
            "CarePlan",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-CarePlan",
            status="from Status",
            fixed={"intent": "plan", "category[1].coding[snomed].code": "734163000"},
        ),
    ),
    other_feeds=("universal care plan platform (openEHR or FHIR)", "GP template"),
)
