"""Fields that reach no element of FHIR, each with the reason: a guard holds that there are no others."""

from collections.abc import Mapping
from types import MappingProxyType

_REVIEW = "R4 has no element for the day on which this kind of resource is to be looked at again"
_NO_CONTACT_OF_TEAM = "the resource refers to people and teams by name, and has no place for their telephone"
_NO_TEAM = "the resource names who did it, and has no place for their team or role"
_ANOTHER = "it is told of another record or person, whose own resources say it"
_PATIENT = "it is the Patient's, to whom the resource refers"
_WORDS = "the words of a code that stands in an element which takes the code alone"
_CLOCK = "R4 and UK Core have no element for waiting times and their clocks"
_VENDOR = "a flag or number of the vendor's own, without meaning outside its system"
_DOCUMENT = "the DocumentReference of the same document says it: a Binary is nothing but its bytes"
_COUNTED = "worked out from other rows, which are resources themselves"
_REQUEST = "it belongs to the request that this answers, which is a resource of its own"
_PERSON = "R4 and UK Core have no element for this circumstance of a person"
_STAY = "neither R4 nor UK Core have an element of an Encounter for it"
_FLAG = "a Flag holds what warns and since when; the enquiry behind it has no resource in R4"
_TYPE_SAYS = "the resource's type or status says it"
_ANSWERED = "what comes next is an Appointment or request of its own once it is booked"

_BY_REASON: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    _REVIEW: {
        "LegalInformation": ("ReviewDate",),
        "Alert": ("ReviewDate",),
        "AllergyAlert": ("ReviewDate",),
        "RiskAlert": ("ReviewDate",),
        "CommunityAssessment": ("ReviewDate",),
        "CommunityCarePlan": ("ReviewDate",),
        "MentalHealthRisk": ("ReviewDate",),
        "MentalHealthCrisisPlan": ("ReviewDate",),
        "SocialCareRisk": ("ReviewDate",),
        "SocialCareCarePlan": ("ReviewDate",),
        "ChildStatus": ("NextReviewDate",),
        "UniversalCarePlan": ("ReviewDate",),
        "EndOfLifePlan": ("CprReviewDate",),
        "SocialCareAssessment": ("ReviewDate",),
    },
    _NO_CONTACT_OF_TEAM: {
        "LegalInformation": ("PersonTelephone",),
        "CaseloadEntry": ("StaffTelephone",),
        "MentalHealthCrisisPlan": ("Contacts.Contact[].Telephone", "CrisisTeamTelephone"),
        "ChildStatus": ("WorkerTelephone",),
        "SocialCareCarePlan": ("ServiceProvisions.ServiceProvision[].ProviderPhone",),
        "MaternityPregnancy": ("TeamTelephone",),
        "UniversalCarePlan": ("CoordinatorTelephone",),
    },
    _NO_TEAM: {
        "AcuteDischargeSummary": ("AuthorRole",),
        "Document": ("AuthorRole", "Recipients"),
        "CommunityReferral": ("ReferredBy",),
        "CommunityAssessment": ("StaffRole",),
        "MentalHealthRisk": ("TeamDesc",),
        "MentalHealthCrisisPlan": ("Contacts.Contact[].Relationship",),
        "PathologyResult": ("Report.TypedBy",),
        "SocialCareAssessment": ("TeamCode", "TeamDesc"),
        "SafeguardingEvent": ("TeamDesc", "SupervisoryBody"),
        "SocialCareCaseEvent": ("TeamDesc",),
        "ChildHealthReview": ("TeamDesc",),
        "EndOfLifePlan": ("PeopleAware",),
    },
    _ANOTHER: {
        "PatientIdentifier": ("MergedIntoIdentifier",),
        "AcuteInpatientEpisode": ("AdmissionDate", "DischargeDate"),
        "CaseloadEntry": ("ReferralId",),
        "MaternityDelivery": ("PregnancyId",),
        "BirthDetails": ("MotherPatientDetailId", "MotherNhsNumber"),
        "RadiologyOrder": ("ReportId",),
    },
    _PATIENT: dict.fromkeys(
        ("PathologyResult", "OrderDetails"),
        (
            "PatientIdentifier.PatientNumber",
            "PatientIdentifier.NhsNumber",
            "PatientIdentifier.Name.Forenames",
            "PatientIdentifier.Name.Surname",
            "PatientIdentifier.DateOfBirth",
            "PatientIdentifier.Sex.Code",
            "DistrictNumber",
        ),
    )
    | {"PatientDemographics": ("PatientDetailId",)},
    _WORDS: {
        "GpReferral": ("PriorityDesc",),
        "WaitingListEntry": ("PriorityDesc",),
        "CommunityReferral": ("PriorityDesc",),
        "AcuteOutpatientAppointment": ("AttendedDesc",),
    },
    _CLOCK: {
        "WaitingListEntry": (
            "OriginalDateOnList",
            "ReferralDate",
            "RttClockStartDate",
            "RttStatusCode",
            "RttStatusDesc",
            "WeeksWaiting",
        ),
        "RadiologyOrder": ("RequestReceivedDate",),
        "CommunityReferral": ("RejectionDate",),
    },
    _VENDOR: dict.fromkeys(
        ("PathologyResult", "OrderDetails"),
        (
            "DocumentInformation.TypeId",
            "DocumentInformation.CreationDate",
            "DocumentInformation.DocumentDate",
            "DocumentInformation.IsMedway",
            "DocumentInformation.OrganisationCode",
            "DocumentInformation.ACRSCanCancel",
        ),
    )
    | {"GpObservation": ("GroupId",), "Document": ("VersionNumber",)},
    _DOCUMENT: {"DocumentContent": ("DocumentId", "Title", "FileName", "SizeBytes", "Sha1")},
    _COUNTED: {
        "SocialCareRecord": (
            "Summary.DisabilityIndicator",
            "Summary.InterpreterRequiredIndicator",
            "Summary.RiskIndicator",
            "Summary.HazardIndicator",
            "Summary.ChildProtectionIndicator",
            "Summary.ChildInNeedIndicator",
            "Summary.ChildLookedAfterIndicator",
        ),
        "GpDocument": ("HasContent",),
        "Document": ("HasContent",),
        "AcuteDischargeSummary": ("HasContent",),
        "AcuteInpatientEpisode": ("EpisodeNumber",),
        "AcuteDiagnosis": ("Sequence",),
        "AcuteProcedure": ("Sequence",),
    },
    _REQUEST: {
        "AcuteOutpatientAppointment": ("ReferralDate", "ReferralSource"),
        "PathologyResult": (
            "OrderingParty.Ward",
            "OrderingParty.Site",
            "Specimen.CultureInvestigationDetailsList[].ClinicalDetails",
            "Specimen.InvestigationDetailsList[].ClinicalDetails",
        ),
        "RadiologyReport": ("PatientSourceDesc",),
        "OrderDetails": (
            "OrderingParty.Ward",
            "OrderingParty.Site",
            "Provider.OrderingProvider",
            "Specimen.Type.Department",
        ),
    },
    _PERSON: {
        "PatientAddresse": ("AccommodationStatusCode", "AccommodationStatusDesc"),
        "PatientContact": ("LivesWithPatient", "AwareOfDiagnosis", "InterpreterRequired", "Notes"),
        "SharingStatus": ("CapacityConfirmed", "Reason"),
        "GpRegistrationDetails": (
            "DeductionReason",
            "DispensingPatient",
            "NominatedPharmacyCode",
            "NominatedPharmacyName",
            "ResidentialInstitute",
        ),
        "SocialCareDisability": ("PrimaryIndicator", "Equipment"),
        "EndOfLifePlan": ("DomesticAccess",),
    },
    _STAY: {
        "AcuteEdAttendance": ("SafeguardingConcern", "DecisionToAdmitDate", "FollowUpDesc"),
        "AcuteDiagnosis": ("PresentOnAdmission",),
        "AdtAdmission": ("ExpectedDischargeDate",),
        "AdtTransfer": ("FromConsultantName",),
        "AdtDischarge": ("DischargeReadyDate",),
        "CommunityContact": ("Subject", "CancellationReason", "Outcome"),
        "MentalHealthActPeriod": (
            "ExpiryDate",
            "EndReason",
            "MentalCategoryCode",
            "CommunityTreatmentOrder",
            "ConditionalDischarge",
            "NearestRelativeName",
            "ConsentToTreatment",
            "NextTribunalDate",
        ),
        "MaternityContact": ("Plan",),
        "MaternityDelivery": ("SiteDesc",),
    },
    _FLAG: {
        "RiskAlert": ("VisibleToPatient",),
        "SafeguardingEvent": ("Stage", "Location", "RiskTo", "Outcome", "AuthorisationExpiryDate"),
        "ChildStatus": ("PlacementTypeDesc", "PlacementProvider", "LocalAuthority"),
    },
    _TYPE_SAYS: {
        "AllergyAlert": ("CategoryComments", "AlertTypeComments"),
        "SocialCareReferral": ("Section",),
        "SocialCareAssessment": ("Section",),
        "CommunityAssessment": ("CareSetting",),
        "MentalHealthRisk": ("CareSetting",),
    },
    "authored is when the answers last changed, and there is no other time": {"AboutMe": ("CreatedDate",)},
    _ANSWERED: {
        "CommunityContact": ("NextContactDate",),
        "MaternityContact": ("NextContactDate",),
        "SocialCareCaseEvent": ("NextDate",),
        "ChildScreening": ("FurtherAction", "ReferralDate"),
    },
    "a MedicationStatement tells what is taken: not its form, the amount supplied, or how it changed": {
        "AcuteMedication": ("Form", "Quantity", "ChangeStatus"),
        "GpRepeatMedication": ("Constituent",),
    },
    "a RiskAssessment tells of the outcome feared, not of what guards against it or when it last came": {
        "MentalHealthRisk": ("ProtectiveFactors", "LastIncidentDate"),
    },
    "R4 records agreement by who contributed to a plan, not when or whether all agreed": {
        "MentalHealthCrisisPlan": ("AgreedByPatient",),
        "CommunityCarePlan": ("AgreedDate",),
        "UniversalCarePlan": ("AgreedDate",),
    },
    "images stand in ImagingStudy by DICOM series; a viewer's page and urgency have no element there": {
        "RadiologyReport": ("ImageLink", "UrgentFinding"),
    },
    "an Immunization tells what was given by whom and where, not who agreed to it": {
        "ChildHealthImmunisation": ("ConsentGivenBy", "SchoolName"),
    },
    "a Consent names who decided and who keeps it, and has no element for who wrote it down": {
        "SharingStatus": ("RecordedBy",),
    },
    "a reference to a need or goal carries its words alone": {
        "UniversalCarePlan": ("Needs.Need[].SnomedCTCode", "Needs.Need[].GoalConfidence"),
    },
}

NOT_IN_FHIR: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (entry, name): reason
        for reason, fields in _BY_REASON.items()
        for entry, names in fields.items()
        for name in names
    }
)
"""By the entry and the field's way in it: why FHIR does not say it."""

_SERVERS_TIME = (
    "meta.lastUpdated is when this server last changed the resource, as R4 demands, not its source"
)

ALIKE: Mapping[str, str] = MappingProxyType(
    {
        "TotalItemCount": "the length of a list that stands beside it",
        "TenancyDescription": "stands in meta.tag of every resource, named as the source is at the time",
        "TenancyId": "stands in meta.tag of every resource, from the record itself",
        "LastUpdatedDate": _SERVERS_TIME,
        "RecordLastUpdatedDate": _SERVERS_TIME,
        "ModifiedDate": _SERVERS_TIME,
    }
)
"""By name: fields that are alike in every entry, and come from elsewhere than the item."""

VIEWS: Mapping[str, str] = MappingProxyType(
    {
        "PatientSearch_Search": "finds rows of Patient - Demographics",
        "LinkedPatients_GetLinkedPatientsByPatientDetailId": "links stand in Patient.link",
        "GpSummary_GetGpSummaryByPatientDetailId": "shows rows of other collections side by side",
        "AdtCurrentInpatient_GetCurrentInpatientStatusByPatientDetailId": "worked out from stays and moves",
        "OrderRequest_GetOrdersAndRequestsResultsByPatientDetailId": "rows of Orders - Details in short",
        "WorkList_GetWorklists": "lists to work through are about no patient",
        "WorkList_GetWorklistBehaviour": "lists to work through are about no patient",
        "WorkList_PostWorklistData": "lists to work through show what the record says elsewhere",
    }
)
"""By operation: those that keep no rows of their own, and what in FHIR says what they show."""
