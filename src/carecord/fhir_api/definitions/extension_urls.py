"""The extensions that search parameters look into: resources are made and indexed by the names here."""

_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/"
_GRAPHNET = "https://fhir.graphnethealth.com/R4/StructureDefinition/"

NHS_NUMBER_VERIFICATION_STATUS = f"{_UK_CORE}Extension-UKCore-NHSNumberVerificationStatus"
"""On the Patient.identifier that is the NHS number: a CodeableConcept."""

PRESCRIPTION_TYPE = f"{_GRAPHNET}Extension-Prescription-Type"
"""On MedicationStatement and MedicationRequest: a CodeableConcept of PRESCRIPTION_TYPE_SYSTEM."""

PRESCRIPTION_TYPE_SYSTEM = "https://fhir.graphnethealth.com/CodeSystem-PrescriptionType"
"""R (repeat), A (acute), D (repeat dispensed)."""

LAST_ISSUE_DATE = f"{_UK_CORE}Extension-UKCore-MedicationStatementLastIssueDate"
"""On MedicationStatement: a dateTime."""

VACCINATION_PROCEDURE = f"{_UK_CORE}Extension-UKCore-VaccinationProcedure"
"""On Immunization: the act of vaccinating, as a CodeableConcept."""
