"""Alerts: things to know before treating: allergies, clinical risks, safety warnings."""

from typing import Annotated

from carecord.catalogue.code_systems import SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    KEY,
    KNOWN,
    NEWEST_FIRST,
    SORT,
    Bundle,
    Day,
    Differs,
    Entry,
    Equals,
    Fhir,
    ListOperation,
    LocalDateTime,
    NotBefore,
    Resource,
    Store,
)
from carecord.catalogue.value_lists import ALERT_TYPE, SEVERITY, YES_NO

BUNDLE = Bundle(
    name="Alerts",
    slug="alerts",
    tagline="Things to know before treating: allergies, clinical risks, safety warnings",
    scope="alerts.read",
)


class Alert(Entry):
    """All alerts of a patient, allergies included."""

    category: Annotated[
        str, KEY, SORT, FILTER, Fhir("category[0].text"), Fhir("category[0].coding[local].code")
    ]
    category_comments: Annotated[str | None, FILTER, Fhir("category[0].coding[local].display")]
    alert_type: Annotated[
        str | None,
        KEY,
        SORT,
        FILTER,
        ALERT_TYPE,
        Fhir("category[1].text"),
        Fhir("category[1].coding[local].code"),
    ]
    """Drug and Non Drug are known values; the rest of the list is designed."""
    alert_type_comments: Annotated[str | None, FILTER, Fhir("category[1].coding[local].display")]
    sub_type: Annotated[str | None, KEY, SORT, FILTER, Fhir("code.text")]
    sub_type_comments: Annotated[str | None, FILTER, Fhir("extension[Graphnet-Comment].valueString")]
    description: Annotated[str | None, FILTER]
    """In a Flag: added to code.text after a colon."""
    severity: Annotated[
        str | None, SORT, FILTER, SEVERITY, Fhir("extension[Graphnet-Severity].valueCodeableConcept.text")
    ]
    sub_type_snomed_ct_code: Annotated[str | None, FILTER, DESIGNED, SNOMED, Fhir("code.coding[snomed].code")]
    start_date: Annotated[
        LocalDateTime | None, KEY, NEWEST_FIRST, SORT, FILTER, DESIGNED, Fhir("period.start")
    ]
    end_date: Annotated[
        LocalDateTime | None, SORT, FILTER, DESIGNED, NotBefore("start_date"), Fhir("period.end")
    ]
    review_date: Annotated[Day | None, SORT, DESIGNED]
    status: Annotated[str, SORT, FILTER, DESIGNED, Fhir("status")]
    """Active, Inactive, Entered in error."""
    recorded_by: Annotated[str | None, DESIGNED, Fhir("author.display")]
    tenancy_description: Annotated[str, SORT, FILTER, DESIGNED, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ALERTS = ListOperation(
    bundle=BUNDLE,
    operation_id="Alerts_GetAlertsByPatientDetailId",
    title="Alerts - All",
    path="/alerts/patients/{patientDetailId}/alerts",
    summary="All alerts of a patient, allergies included.",
    item=Alert,
    source=KNOWN,
    collection="AlertsList",
    store=Store("alert"),
    submitted=True,
    fhir=(
        Resource(
            "Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="Active = active, Inactive or EndDate past = inactive; rows of Category Allergies are AllergyIntolerance (see allergies), not Flag",
            note="vendor STU3 Flag used extensions for sub type, severity and comment; here Severity goes to AllergyIntolerance only",
        ),
    ),
    hl7v2=(
        "ADT AL1-2 -> AlertType",
        "AL1-3 -> SubType",
        "AL1-4 -> Severity",
        "AL1-6 -> StartDate",
        "ADT IAM-3/IAM-4/IAM-17 (2.5)",
        "ADT PV1-16 (VIP), PID-30, OBX with local alert code -> Category, SubType",
    ),
    known_parts=(
        "item: Category, CategoryComments, AlertType, AlertTypeComments, SubType, SubTypeComments, Description, Severity (bundle inferred)",
    ),
    evidence="client",
)


class AllergyAlert(Entry):
    """Alerts of the allergy category, across sources."""

    category: Annotated[str, KEY, SORT, FILTER]
    category_comments: Annotated[str | None, FILTER]
    alert_type: Annotated[str | None, KEY, SORT, FILTER, ALERT_TYPE, Fhir("category[0]")]
    """Drug and Non Drug are known values; the rest of the list is designed."""
    alert_type_comments: Annotated[str | None, FILTER]
    sub_type: Annotated[str | None, KEY, SORT, FILTER, Fhir("code.text")]
    sub_type_comments: Annotated[str | None, FILTER, Fhir("note[1].text")]
    description: Annotated[str | None, FILTER, Fhir("note[0].text")]
    """In a Flag: added to code.text after a colon."""
    severity: Annotated[str | None, SORT, FILTER, SEVERITY, Fhir("reaction[0].severity")]
    sub_type_snomed_ct_code: Annotated[str | None, FILTER, DESIGNED, SNOMED, Fhir("code.coding[snomed].code")]
    start_date: Annotated[
        LocalDateTime | None, KEY, NEWEST_FIRST, SORT, FILTER, DESIGNED, Fhir("recordedDate")
    ]
    end_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        DESIGNED,
        NotBefore("start_date"),
        Fhir("clinicalStatus.extension[UKCore-AllergyIntoleranceEnd:endDate].valueDateTime"),
    ]
    review_date: Annotated[Day | None, SORT, DESIGNED]
    status: Annotated[str, SORT, FILTER, DESIGNED, Fhir("clinicalStatus.coding[0].code")]
    """Active, Inactive, Entered in error."""
    recorded_by: Annotated[str | None, DESIGNED, Fhir("recorder.display")]
    reaction: Annotated[str | None, FILTER, DESIGNED, Fhir("reaction[0].manifestation[0].text")]
    reaction_snomed_ct_code: Annotated[
        str | None, DESIGNED, SNOMED, Fhir("reaction[0].manifestation[0].coding[snomed].code")
    ]
    certainty: Annotated[str | None, FILTER, DESIGNED, Fhir("verificationStatus.coding[0].code")]
    """Confirmed, Likely = presumed unconfirmed, Refuted."""
    tenancy_description: Annotated[str, SORT, FILTER, DESIGNED, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


ALLERGY_ALERTS = ListOperation(
    bundle=BUNDLE,
    operation_id="Alerts_GetAllergiesByPatientDetailId",
    title="Alerts - Allergies",
    path="/alerts/patients/{patientDetailId}/allergies",
    summary="Alerts of the allergy category, across sources.",
    item=AllergyAlert,
    source=KNOWN,
    collection="AllergyAlertsList",
    store=Store("alert", rows=Equals("Category", "Allergies")),
    submitted=True,
    fhir=(
        Resource(
            "AllergyIntolerance",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-AllergyIntolerance",
            status="active, or inactive when EndDate is past; verificationStatus confirmed unless Certainty says otherwise",
            fixed={"type": "allergy"},
            note="AlertType Drug = medication, Non Drug = food or environment by code; severity Life threatening also sets criticality high",
        ),
    ),
    hl7v2=(
        "ADT AL1-2 -> AlertType",
        "AL1-3 -> SubType",
        "AL1-4 -> Severity",
        "AL1-5 -> Reaction",
        "AL1-6 -> StartDate",
    ),
    known_parts=(
        "item: Category, CategoryComments, AlertType, AlertTypeComments, SubType, SubTypeComments, Description, Severity (bundle inferred)",
    ),
    evidence="client",
)


class RiskAlert(Entry):
    """Alerts other than allergies: clinical risks, safety and handling warnings."""

    category: Annotated[
        str, KEY, SORT, FILTER, Fhir("category[0].text"), Fhir("category[0].coding[local].code")
    ]
    category_comments: Annotated[str | None, FILTER, Fhir("category[0].coding[local].display")]
    alert_type: Annotated[
        str | None,
        KEY,
        SORT,
        FILTER,
        ALERT_TYPE,
        Fhir("category[1].text"),
        Fhir("category[1].coding[local].code"),
    ]
    """Drug and Non Drug are known values; the rest of the list is designed."""
    alert_type_comments: Annotated[str | None, FILTER, Fhir("category[1].coding[local].display")]
    sub_type: Annotated[str | None, KEY, SORT, FILTER, Fhir("code.text")]
    sub_type_comments: Annotated[str | None, FILTER, Fhir("extension[Graphnet-Comment].valueString")]
    description: Annotated[str | None, FILTER]
    """In a Flag: added to code.text after a colon."""
    severity: Annotated[
        str | None, SORT, FILTER, SEVERITY, Fhir("extension[Graphnet-Severity].valueCodeableConcept.text")
    ]
    sub_type_snomed_ct_code: Annotated[str | None, FILTER, DESIGNED, SNOMED, Fhir("code.coding[snomed].code")]
    start_date: Annotated[
        LocalDateTime | None, KEY, NEWEST_FIRST, SORT, FILTER, DESIGNED, Fhir("period.start")
    ]
    end_date: Annotated[
        LocalDateTime | None, SORT, FILTER, DESIGNED, NotBefore("start_date"), Fhir("period.end")
    ]
    review_date: Annotated[Day | None, SORT, DESIGNED]
    status: Annotated[str, SORT, FILTER, DESIGNED, Fhir("status")]
    """Active, Inactive, Entered in error."""
    recorded_by: Annotated[str | None, DESIGNED, Fhir("author.display")]
    action_required: Annotated[str | None, FILTER, DESIGNED, Fhir("text.div")]
    visible_to_patient: Annotated[str, DESIGNED, YES_NO]
    tenancy_description: Annotated[str, SORT, FILTER, DESIGNED, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


RISK_ALERTS = ListOperation(
    bundle=BUNDLE,
    operation_id="Alerts_GetRisksByPatientDetailId",
    title="Alerts - Risks and Flags",
    path="/alerts/patients/{patientDetailId}/risks",
    summary="Alerts other than allergies: clinical risks, safety and handling warnings.",
    item=RiskAlert,
    source=KNOWN,
    collection="RiskAlertsList",
    store=Store("alert", rows=Differs("Category", "Allergies")),
    submitted=True,
    fhir=(
        Resource(
            "Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="Active = active, Inactive or EndDate past = inactive, Entered in error = entered-in-error",
        ),
    ),
    hl7v2=(
        "ADT OBX-3/OBX-5 with local alert code -> SubType",
        "ADT PV1-15, PV1-16",
        "ADT^A31 ZAL (local) where agreed",
    ),
    known_parts=(
        "item: Category, CategoryComments, AlertType, AlertTypeComments, SubType, SubTypeComments, Description, Severity (bundle inferred)",
    ),
    evidence="client",
)
