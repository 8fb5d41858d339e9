"""The resource types that this server serves, and where each of them is kept."""

FROM_THE_CATALOGUE = (
    "Patient",
    "RelatedPerson",
    "AllergyIntolerance",
    "Appointment",
    "Binary",
    "CarePlan",
    "CareTeam",
    "Communication",
    "Composition",
    "Condition",
    "Consent",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "Immunization",
    "Location",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Procedure",
    "QuestionnaireResponse",
    "RiskAssessment",
    "ServiceRequest",
    "Specimen",
    "Task",
)
"""Types that entries become, or hold within (Goal and Location are never made by themselves)."""

KEPT_AS_SENT = (
    "AppointmentResponse",
    "Device",
    "Group",
    "HealthcareService",
    "ImagingStudy",
    "List",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Provenance",
    "Questionnaire",
    "Schedule",
    "Slot",
)
"""Types that the catalogue has no place for: they are kept as FHIR alone, and no bundle shows them."""

MADE_ON_READING = ("AuditEvent",)
"""Types that are made of what is kept elsewhere, and that nobody writes."""

POINTING = ("Binary", "Provenance")
"""Types that belong to the record of what they point at, and are shown to those alone who may see that."""

SERVED = tuple(sorted({*FROM_THE_CATALOGUE, *KEPT_AS_SENT, *MADE_ON_READING}))

CARRIERS = ("Bundle", "CapabilityStatement", "OperationOutcome", "Parameters")
"""Types that requests and answers travel in, and that are not kept."""
