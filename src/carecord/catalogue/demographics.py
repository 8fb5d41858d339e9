"""Demographics: find a person and read who they are, where they live, who to contact and what may be shared."""

from typing import Annotated

from carecord.catalogue.code_systems import LOCAL, READ2, SNOMED
from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    FIRST_FIRST,
    KEY,
    KNOWN,
    NEWEST_FIRST,
    NOT_FUTURE,
    OURS,
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
    SearchOperation,
    SingleOperation,
    Store,
)
from carecord.catalogue.value_lists import (
    ETHNIC_CATEGORY,
    GENDER,
    MARITAL_STATUS,
    MATCH_GRADE,
    NHS_NUMBER_STATUS,
    YES_NO,
)

BUNDLE = Bundle(
    name="Demographics",
    slug="demographics",
    tagline="Find a person and read who they are, where they live, who to contact and what may be shared",
    scope="demographics.read",
)


class PatientSearchRow(Entry):
    """Finds patient records by name, date of birth, gender, numbers, postcode, GP or practice; one row per source record."""

    class PatientNumber(Part):
        patient_number: Annotated[
            str, Dictionary("LOCAL PATIENT IDENTIFIER"), Fhir("identifier[local].value")
        ]
        """Local number of this source."""
        number_type: Annotated[str | None, Fhir("identifier[local].type.text")]
        is_minor: Annotated[str, YES_NO]
        """Yes = merged away; such rows only with RetrieveMinorNumbers."""

    class LinkedPatient(Part):
        patient_detail_id: Annotated[str, Fhir("link[].other.reference")]
        """Link.type seealso."""
        tenancy_description: str
        patient_number: str | None
        nhs_number: str | None

    patient_detail_id: str
    """Id of this source record; use it in every other call."""
    nhs_number: Annotated[str | None, Dictionary("NHS NUMBER"), Fhir("identifier[nhsNumber].value")]
    """Ten digits, no spaces."""
    nhs_number_verification_status: Annotated[
        str | None,
        NHS_NUMBER_STATUS,
        Dictionary("NHS NUMBER STATUS INDICATOR CODE"),
        Fhir(
            "identifier[nhsNumber].extension[UKCore-NHSNumberVerificationStatus].valueCodeableConcept.coding[0].code"
        ),
    ]
    title: Annotated[str | None, Dictionary("PERSON TITLE"), Fhir("name[official].prefix[0]")]
    forename: Annotated[str | None, Dictionary("PERSON GIVEN NAME"), Fhir("name[official].given[0]")]
    middle_names: Annotated[str | None, Fhir("name[official].given[1]")]
    surname: Annotated[str, FIRST_FIRST, Dictionary("PERSON FAMILY NAME"), Fhir("name[official].family")]
    preferred_name: Annotated[str | None, Fhir("name[usual].text")]
    date_of_birth: Annotated[Day | None, Dictionary("PERSON BIRTH DATE"), Fhir("birthDate")]
    date_of_death: Annotated[Day | None, Dictionary("PERSON DEATH DATE"), Fhir("deceasedDateTime")]
    gender: Annotated[str | None, GENDER, Dictionary("PERSON STATED GENDER CODE"), Fhir("gender")]
    """Mapped 1 male, 2 female, 9 other, X unknown."""
    address_line1: Annotated[str | None, Fhir("address[0].line[0]")]
    address_line2: Annotated[str | None, Fhir("address[0].line[1]")]
    address_line3: Annotated[str | None, Fhir("address[0].city")]
    address_line4: Annotated[str | None, Fhir("address[0].district")]
    address_line5: Annotated[str | None, Fhir("address[0].country")]
    post_code: Annotated[str | None, Dictionary("POSTCODE OF USUAL ADDRESS"), Fhir("address[0].postalCode")]
    gp_code: Annotated[
        str | None,
        Dictionary("GENERAL MEDICAL PRACTITIONER (SPECIFIED)"),
        Fhir("generalPractitioner[0].identifier[gmp].value"),
    ]
    gp_name: Annotated[str | None, Fhir("generalPractitioner[0].display")]
    gp_practice_code: Annotated[
        str | None,
        Dictionary("GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)"),
        Fhir("managingOrganization.identifier[ods].value"),
    ]
    gp_practice_name: Annotated[str | None, Fhir("managingOrganization.display")]
    patient_numbers: list[PatientNumber]
    tenancy_id: Annotated[int, Fhir("meta.tag[tenancy].code")]
    tenancy_description: Annotated[str, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""
    linked_patients: list[LinkedPatient]
    match_score: Annotated[str, OURS, Holds.DECIMAL]
    """Only with Fuzzy: the probability, 0 to 1, that the row's person is meant; the best that any of their records reaches."""
    match_grade: Annotated[str, OURS, MATCH_GRADE]
    """Only with Fuzzy: how far the score may be trusted."""


class PatientSearchRowBody(Entry):
    """What FIND_PATIENT is asked with."""

    all_demographics: bool | None
    """True = fill the address, GP and number fields; false = identifying fields only, others null (meaning designed)."""
    all_tenancies: bool | None
    """Search the records of all sources."""
    date_of_birth: Annotated[str | None, Holds.DAY]
    """YYYY-MM-DD; exact."""
    forename: str | None
    """Starts with, case-insensitive."""
    fuzzy: Annotated[bool | None, OURS]
    """True = names, date of birth, gender, postcode and NHS number need not agree: rows come by how well they do, best first, 50 at most."""
    gender: Annotated[str | None, GENDER]
    """Code; the words male and female are accepted."""
    gp_code: str | None
    """Exact."""
    gp_practice_code: str | None
    """Exact."""
    nhs_number: str | None
    """Exact; spaces ignored."""
    page_number: int | None
    page_size: int | None
    patient_list_id: int | None
    """Only patients on this worklist's patient list."""
    patient_number: str | None
    """Local number; exact."""
    patient_tenancy_id: int | None
    """Only this source's records."""
    post_code: str | None
    """Starts with; spaces ignored."""
    retrieve_minor_numbers: bool | None
    """Also match and return numbers merged away."""
    surname: str | None
    """Starts with, case-insensitive; accents and apostrophes folded."""


FIND_PATIENT = SearchOperation(
    bundle=BUNDLE,
    operation_id="PatientSearch_Search",
    title="Find Patient",
    path="/demographics/patients/search",
    summary="Finds patient records by name, date of birth, gender, numbers, postcode, GP or practice; one row per source record.",
    item=PatientSearchRow,
    source=KNOWN,
    collection="PatientsList",
    store=Store("patient_record"),
    body=PatientSearchRowBody,
    fhir=(
        Resource(
            "Patient",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
            status="active = false when the record was merged away or closed, else true",
        ),
    ),
    hl7v2=(
        "ADT^A04/A05/A28/A31 PID-3 -> NhsNumber, PatientNumbers",
        "PID-5 -> names",
        "PID-7 -> DateOfBirth",
        "PID-8 -> Gender",
        "PID-11 -> address",
        "PID-29 -> DateOfDeath",
        "PID-32 -> NhsNumberVerificationStatus (UK use)",
        "PD1-3/PD1-4 -> practice, GP",
    ),
    known_parts=(
        "operation_id",
        "request_body",
        "meaning of patient detail id and linked ids (docs)",
        "title 'Find Patient' (docs)",
    ),
    evidence="page+docs",
    note="At least one of NhsNumber, PatientNumber, PatientListId, or Surname with one more criterion (Forename, DateOfBirth, PostCode, GPPracticeCode) is needed, unless the client may browse; the known sample with Surname alone is allowed in the sandpit. Method, path and reply are designed (project decision). Fuzzy, MatchScore and MatchGrade are carecord's own: with Fuzzy at least Forename, Surname and DateOfBirth are needed; or Surname or Forename, with DateOfBirth, Gender and PostCode; or NhsNumber with one of Surname, Forename, DateOfBirth, PostCode. Names and PostCode are then whole, without wildcards; former names, short forms and swapped names are looked for always. TotalItemCount tells how many rows there were; the best 50 are given.",
)


class PatientDemographics(Entry):
    """All demographics of one source record."""

    patient_detail_id: str
    nhs_number: Annotated[str | None, Dictionary("NHS NUMBER"), Fhir("identifier[nhsNumber].value")]
    nhs_number_verification_status: Annotated[
        str | None,
        NHS_NUMBER_STATUS,
        Dictionary("NHS NUMBER STATUS INDICATOR CODE"),
        Fhir(
            "identifier[nhsNumber].extension[UKCore-NHSNumberVerificationStatus].valueCodeableConcept.coding[0].code"
        ),
    ]
    patient_number: Annotated[
        str, KEY, Dictionary("LOCAL PATIENT IDENTIFIER"), Fhir("identifier[local].value")
    ]
    """Main local number of the source."""
    title: Annotated[str | None, Fhir("name[official].prefix[0]")]
    forename: Annotated[str | None, Fhir("name[official].given[0]")]
    middle_names: Annotated[str | None, Fhir("name[official].given[1]")]
    surname: Annotated[str, Fhir("name[official].family")]
    preferred_name: Annotated[str | None, Fhir("name[usual].text")]
    previous_surname: Annotated[str | None, Fhir("name[old].family")]
    date_of_birth: Annotated[Day | None, NOT_FUTURE, Dictionary("PERSON BIRTH DATE"), Fhir("birthDate")]
    birth_time: Annotated[str | None, Fhir("birthDate.extension[patient-birthTime].valueDateTime")]
    """HH:MM:SS, newborns only."""
    date_of_death: Annotated[
        Day | None, NOT_FUTURE, Dictionary("PERSON DEATH DATE"), Fhir("deceasedDateTime")
    ]
    death_notification_status: Annotated[
        str | None,
        Fhir(
            "extension[UKCore-DeathNotificationStatus:deathNotificationStatus].valueCodeableConcept.coding[0].code"
        ),
    ]
    """1 informal, 2 formal, U removed."""
    gender: Annotated[str | None, GENDER, Dictionary("PERSON STATED GENDER CODE"), Fhir("gender")]
    birth_sex: Annotated[
        str | None, GENDER, Fhir("extension[UKCore-BirthSex].valueCodeableConcept.coding[0].code")
    ]
    gender_identity: Annotated[
        str | None, Fhir("extension[patient-genderIdentity].valueCodeableConcept.text")
    ]
    """Words of the source."""
    pronouns: Annotated[str | None, Fhir("extension[individual-pronouns:value].valueCodeableConcept.text")]
    ethnic_category_code: Annotated[
        str | None,
        ETHNIC_CATEGORY,
        Dictionary("ETHNIC CATEGORY"),
        Fhir("extension[UKCore-EthnicCategory].valueCodeableConcept.coding[0].code"),
    ]
    ethnic_category_desc: Annotated[
        str | None, Fhir("extension[UKCore-EthnicCategory].valueCodeableConcept.text")
    ]
    marital_status_code: Annotated[
        str | None, MARITAL_STATUS, Dictionary("PERSON MARITAL STATUS"), Fhir("maritalStatus.coding[0].code")
    ]
    marital_status_desc: Annotated[str | None, Fhir("maritalStatus.text")]
    religion_code: Annotated[
        str | None,
        LOCAL,
        Dictionary("RELIGIOUS OR OTHER BELIEF SYSTEM AFFILIATION CODE"),
        Fhir("extension[patient-religion].valueCodeableConcept.coding[0].code"),
    ]
    religion_desc: Annotated[str | None, Fhir("extension[patient-religion].valueCodeableConcept.text")]
    preferred_language_code: Annotated[
        str | None, Dictionary("LANGUAGE CODE (PREFERRED)"), Fhir("communication[0].language.coding[0].code")
    ]
    """ISO 639-1."""
    interpreter_required: Annotated[
        str | None, YES_NO, Fhir("extension[patient-interpreterRequired].valueBoolean")
    ]
    home_telephone: Annotated[str | None, Fhir("telecom[phone].value")]
    mobile_telephone: Annotated[str | None, Fhir("telecom[mobile].value")]
    email_address: Annotated[str | None, Fhir("telecom[email].value")]
    address_line1: Annotated[str | None, Fhir("address[0].line[0]")]
    address_line2: Annotated[str | None, Fhir("address[0].line[1]")]
    address_line3: Annotated[str | None, Fhir("address[0].city")]
    address_line4: Annotated[str | None, Fhir("address[0].district")]
    address_line5: Annotated[str | None, Fhir("address[0].country")]
    post_code: Annotated[str | None, Fhir("address[0].postalCode")]
    uprn: Annotated[str | None, Fhir("address[0].extension[UKCore-AddressKey:value].valueString")]
    """Unique property reference number."""
    gp_code: Annotated[str | None, Fhir("generalPractitioner[0].identifier[gmp].value")]
    gp_name: Annotated[str | None, Fhir("generalPractitioner[0].display")]
    gp_practice_code: Annotated[str | None, Fhir("managingOrganization.identifier[ods].value")]
    gp_practice_name: Annotated[str | None, Fhir("managingOrganization.display")]
    sensitive_address: Annotated[str, YES_NO, Fhir("meta.security[0].code")]
    """Yes = this record or another of the person asks for it: address, telephone, e-mail and practice are withheld (null); security code R."""
    record_status: Annotated[str, Fhir("active")]
    """Active, Merged, Closed."""
    last_updated_date: Annotated[LocalDateTime, Fhir("meta.lastUpdated")]
    tenancy_id: Annotated[int, Fhir("meta.tag[tenancy].code")]
    tenancy_description: Annotated[str, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


WITHHELD = (
    "address_line1",
    "address_line2",
    "address_line3",
    "address_line4",
    "address_line5",
    "post_code",
    "uprn",
    "home_telephone",
    "mobile_telephone",
    "email_address",
    "gp_code",
    "gp_name",
    "gp_practice_code",
    "gp_practice_name",
)
"""What is withheld of a protected person: where they are and can be reached, the practice near by, and the GP, who goes
with the practice."""


DEMOGRAPHICS_DETAILS = SingleOperation(
    bundle=BUNDLE,
    operation_id="PatientDemographics_GetPatientDemographicsByPatientDetailId",
    title="Patient - Demographics",
    path="/demographics/patients/{patientDetailId}/details",
    summary="All demographics of one source record.",
    item=PatientDemographics,
    source=DESIGNED,
    store=Store("patient_record"),
    submitted=True,
    fhir=(
        Resource(
            "Patient",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
            status="active = true when RecordStatus is Active",
        ),
    ),
    hl7v2=(
        "ADT^A01/A04/A08/A28/A31 PID-3 -> NhsNumber, PatientNumber",
        "PID-5 -> names",
        "PID-7/PID-8 -> DateOfBirth, Gender",
        "PID-10/PID-22 -> EthnicCategoryCode",
        "PID-11 -> address",
        "PID-13/PID-14 -> telephones",
        "PID-15 -> PreferredLanguageCode",
        "PID-16 -> MaritalStatusCode",
        "PID-17 -> ReligionCode",
        "PID-29/PID-30 -> DateOfDeath",
        "PD1-3/PD1-4 -> practice, GP",
    ),
)


class LinkedRecord(Entry):
    """Source records believed to be the same person, and records merged into them."""

    patient_detail_id: Annotated[str, Fhir("link[].other.reference")]
    link_type: Annotated[str, SORT, FILTER, Fhir("link[].type")]
    """Linked = seealso, Major = replaces, Minor = replaced-by."""
    linked_date: Annotated[LocalDateTime | None, NEWEST_FIRST, SORT, FILTER]
    link_method: Annotated[str | None, FILTER]
    """NHS number, Matched, By hand, Source merge."""
    link_score: Annotated[str | None, Holds.DECIMAL]
    """Probability when matched."""
    linked_by: str | None
    patient_number: Annotated[str | None, FILTER, Fhir("link[].other.identifier.value")]
    nhs_number: str | None
    nhs_number_verification_status: Annotated[str | None, NHS_NUMBER_STATUS]
    surname: str | None
    forename: str | None
    date_of_birth: Day | None
    post_code: str | None
    tenancy_id: int
    tenancy_description: Annotated[str, SORT, FILTER]
    """Display name of the contributing source."""


LINKED_RECORDS = ListOperation(
    bundle=BUNDLE,
    operation_id="LinkedPatients_GetLinkedPatientsByPatientDetailId",
    title="Patient - Linked Records",
    path="/demographics/patients/{patientDetailId}/linked-records",
    summary="Source records believed to be the same person, and records merged into them.",
    item=LinkedRecord,
    source=DESIGNED,
    collection="LinkedRecordsList",
    store=Store("patient_link"),
    fhir=(
        Resource(
            "Patient",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
            status="one link entry per row on the Patient",
        ),
    ),
    hl7v2=("ADT^A40 MRG-1 -> Minor", "ADT^A24 (link) / A37 (unlink) PID-3"),
)


class PatientAddresse(Entry):
    """Current, temporary and past addresses."""

    address_type: Annotated[str, KEY, SORT, FILTER, Fhir("address[].use")]
    """Home = home, Temporary = temp, Correspondence = billing, Previous = old."""
    start_date: Annotated[
        LocalDateTime | None, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("address[].period.start")
    ]
    end_date: Annotated[
        LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("address[].period.end")
    ]
    address_line1: Annotated[str | None, Fhir("address[].line[0]")]
    address_line2: Annotated[str | None, Fhir("address[].line[1]")]
    address_line3: Annotated[str | None, Fhir("address[].city")]
    address_line4: Annotated[str | None, Fhir("address[].district")]
    address_line5: Annotated[str | None, Fhir("address[].country")]
    post_code: Annotated[
        str | None, KEY, FILTER, Dictionary("POSTCODE OF USUAL ADDRESS"), Fhir("address[].postalCode")
    ]
    uprn: Annotated[str | None, Fhir("address[].extension[UKCore-AddressKey:value].valueString")]
    accommodation_status_code: Annotated[str | None, LOCAL, Dictionary("ACCOMMODATION STATUS CODE")]
    accommodation_status_desc: str | None
    access_information: Annotated[str | None, Fhir("address[].text")]
    """How to get in; shown to care professionals only."""
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


PATIENT_ADDRESSES = ListOperation(
    bundle=BUNDLE,
    operation_id="PatientAddresses_GetAddressesByPatientDetailId",
    title="Patient - Addresses",
    path="/demographics/patients/{patientDetailId}/addresses",
    summary="Current, temporary and past addresses.",
    item=PatientAddresse,
    source=DESIGNED,
    collection="AddressesList",
    store=Store("patient_address", of_unprotected=True),
    submitted=True,
    fhir=(
        Resource(
            "Patient",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
            status="one address entry per row; SensitiveAddress on any record of the person empties the list",
            note="address of Patient, not a resource of its own",
        ),
    ),
    hl7v2=(
        "ADT^A01/A08/A28/A31 PID-11.1-.5 -> lines, postcode",
        "PID-11.7 -> AddressType",
        "PID-11.12 -> StartDate, EndDate",
    ),
)


class PatientContact(Entry):
    """Next of kin, carers, emergency contacts and people with legal authority."""

    contact_role: Annotated[str, KEY, SORT, FILTER, Fhir("relationship[0].text")]
    """Next of kin, Emergency contact, Carer, Parent or guardian, Attorney, Advocate, Dependant."""
    relationship_code: Annotated[str | None, LOCAL, Fhir("relationship[1].coding[0].code")]
    """UK Core person relationship type."""
    relationship_desc: Annotated[str | None, FILTER, Fhir("relationship[1].text")]
    title: Annotated[str | None, Fhir("name[0].prefix[0]")]
    forename: Annotated[str | None, KEY, FILTER, Fhir("name[0].given[0]")]
    surname: Annotated[str | None, KEY, SORT, FILTER, Fhir("name[0].family")]
    date_of_birth: Annotated[Day | None, Fhir("birthDate")]
    gender: Annotated[str | None, GENDER, Fhir("gender")]
    home_telephone: Annotated[str | None, Fhir("telecom[phone].value")]
    mobile_telephone: Annotated[str | None, Fhir("telecom[mobile].value")]
    work_telephone: Annotated[str | None, Fhir("telecom[work].value")]
    email_address: Annotated[str | None, Fhir("telecom[email].value")]
    address_line1: Annotated[str | None, Fhir("address[0].line[0]")]
    address_line2: Annotated[str | None, Fhir("address[0].line[1]")]
    address_line3: Annotated[str | None, Fhir("address[0].city")]
    post_code: Annotated[str | None, Fhir("address[0].postalCode")]
    contact_rank: Annotated[
        int | None, FIRST_FIRST, SORT, Fhir("extension[UKCore-ContactRank].valuePositiveInt")
    ]
    """Order in which to call."""
    lives_with_patient: Annotated[str | None, YES_NO]
    aware_of_diagnosis: Annotated[str | None, YES_NO]
    interpreter_required: Annotated[str | None, YES_NO]
    copy_correspondence: Annotated[
        str | None, YES_NO, Fhir("extension[UKCore-CopyCorrespondenceIndicator].valueBoolean")
    ]
    start_date: Annotated[LocalDateTime | None, SORT, FILTER, Fhir("period.start")]
    end_date: Annotated[LocalDateTime | None, NotBefore("start_date"), Fhir("period.end")]
    notes: str | None
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


PATIENT_CONTACTS = ListOperation(
    bundle=BUNDLE,
    operation_id="PatientContacts_GetContactsByPatientDetailId",
    title="Patient - Contacts",
    path="/demographics/patients/{patientDetailId}/contacts",
    summary="Next of kin, carers, emergency contacts and people with legal authority.",
    item=PatientContact,
    source=DESIGNED,
    collection="ContactsList",
    store=Store("patient_contact"),
    submitted=True,
    fhir=(
        Resource(
            "RelatedPerson",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-RelatedPerson",
            status="active = EndDate is null or in the future",
        ),
    ),
    hl7v2=(
        "ADT NK1-2 -> names",
        "NK1-3 -> RelationshipCode",
        "NK1-4 -> address",
        "NK1-5/NK1-6 -> telephones",
        "NK1-7 -> ContactRole",
        "NK1-8/NK1-9 -> StartDate, EndDate",
    ),
)


class PatientGpRegistration(Entry):
    """Registered practice and GP, current and past, as each source knows them."""

    gp_practice_code: Annotated[
        str,
        KEY,
        FILTER,
        Dictionary("GENERAL MEDICAL PRACTICE CODE (PATIENT REGISTRATION)"),
        Fhir("managingOrganization.identifier[ods].value"),
    ]
    gp_practice_name: Annotated[
        str | None, SORT, FILTER, Fhir("managingOrganization.display"), Fhir("contained[Organization].name")
    ]
    gp_code: Annotated[str | None, FILTER, Fhir("careManager.identifier[gmp].value")]
    gp_name: Annotated[str | None, SORT, FILTER, Fhir("careManager.display")]
    practice_address: Annotated[str | None, Fhir("contained[Organization].address[0].text")]
    practice_telephone: Annotated[str | None, Fhir("contained[Organization].telecom[phone].value")]
    practice_email: Annotated[str | None, Fhir("contained[Organization].telecom[email].value")]
    start_date: Annotated[
        LocalDateTime | None,
        KEY,
        NEWEST_FIRST,
        SORT,
        FILTER,
        Dictionary("START DATE (GMP PATIENT REGISTRATION)"),
        Fhir("period.start"),
    ]
    end_date: Annotated[
        LocalDateTime | None,
        SORT,
        FILTER,
        NotBefore("start_date"),
        Dictionary("END DATE (GMP PATIENT REGISTRATION)"),
        Fhir("period.end"),
    ]
    is_current: Annotated[str, FILTER, YES_NO, Fhir("status")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


PATIENT_GP_REGISTRATIONS = ListOperation(
    bundle=BUNDLE,
    operation_id="PatientGpRegistrations_GetGpRegistrationsByPatientDetailId",
    title="Patient - GP Registration",
    path="/demographics/patients/{patientDetailId}/gp-registrations",
    summary="Registered practice and GP, current and past, as each source knows them.",
    item=PatientGpRegistration,
    source=DESIGNED,
    collection="GpRegistrationsList",
    store=Store("patient_gp_registration"),
    submitted=True,
    fhir=(
        Resource(
            "EpisodeOfCare",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-EpisodeOfCare",
            status="active when IsCurrent is Yes, else finished",
            fixed={"type[0].text": "GP registration"},
        ),
    ),
    hl7v2=("ADT PD1-3 -> GPPracticeCode, GPPracticeName", "ADT PD1-4 -> GPCode, GPName"),
)


class PatientIdentifier(Entry):
    """Every number the person has or had, with minor (merged-away) numbers."""

    identifier_type: Annotated[str, KEY, SORT, FILTER, Fhir("identifier[].type.text")]
    """NHS number, Hospital number, GP number, Social care number, CHI number, H&C number, Passport, Other."""
    identifier_value: Annotated[str, KEY, FILTER, Fhir("identifier[].value")]
    assigning_authority: Annotated[
        str | None,
        FILTER,
        Dictionary("ORGANISATION IDENTIFIER (LOCAL PATIENT IDENTIFIER)"),
        Fhir("identifier[].assigner.display"),
    ]
    """ODS code or name."""
    verification_status: Annotated[
        str | None,
        NHS_NUMBER_STATUS,
        Fhir(
            "identifier[].extension[UKCore-NHSNumberVerificationStatus].valueCodeableConcept.coding[0].code"
        ),
    ]
    """NHS numbers only."""
    is_minor: Annotated[str, FILTER, YES_NO, Fhir("identifier[].use")]
    """Yes = old, No = official or usual."""
    start_date: Annotated[LocalDateTime | None, NEWEST_FIRST, SORT, FILTER, Fhir("identifier[].period.start")]
    end_date: Annotated[
        LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("identifier[].period.end")
    ]
    merged_into_identifier: str | None
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


PATIENT_IDENTIFIERS = ListOperation(
    bundle=BUNDLE,
    operation_id="PatientIdentifiers_GetIdentifiersByPatientDetailId",
    title="Patient - Identifiers",
    path="/demographics/patients/{patientDetailId}/identifiers",
    summary="Every number the person has or had, with minor (merged-away) numbers.",
    item=PatientIdentifier,
    source=DESIGNED,
    collection="IdentifiersList",
    store=Store("patient_identifier"),
    submitted=True,
    fhir=(
        Resource(
            "Patient",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
            status="one identifier entry per row",
        ),
    ),
    hl7v2=(
        "ADT PID-3 repeats -> values",
        "ADT^A40 MRG-1 -> minor number",
        "ADT^A47 MRG-1 (change identifier)",
    ),
)


class CommunicationNeed(Entry):
    """Languages, interpreter, accessible information needs and reasonable adjustments."""

    category: Annotated[str, KEY, SORT, FILTER, Fhir("category[0].text")]
    """Language, Interpreter, Accessible information, Contact preference, Reasonable adjustment, Impairment."""
    description: Annotated[
        str, KEY, FILTER, Fhir("code.text"), Fhir("communication[].language.text", on="Patient")
    ]
    snomed_ct_code: Annotated[str | None, FILTER, SNOMED, Fhir("code.coding[snomed].code")]
    language_code: Annotated[str | None, Fhir("communication[].language.coding[0].code", on="Patient")]
    """ISO 639-1, for Language and Interpreter."""
    interpreter_required: Annotated[
        str | None, YES_NO, Fhir("extension[patient-interpreterRequired].valueBoolean", on="Patient")
    ]
    preferred_contact_method: Annotated[
        str | None,
        Fhir(
            "extension[UKCore-ContactPreference:PreferredContactMethod].valueCodeableConcept.text",
            on="Patient",
        ),
    ]
    """Letter, Visit, Telephone, E-mail, Textphone, By proxy, Sign language, No telephone, SMS."""
    preferred_written_format: Annotated[
        str | None,
        Fhir(
            "extension[UKCore-ContactPreference:PreferredWrittenCommunicationFormat].valueCodeableConcept.text",
            on="Patient",
        ),
    ]
    """Large print, Braille, Audio tape."""
    preferred_contact_times: Annotated[
        str | None,
        Fhir("extension[UKCore-ContactPreference:PreferredContactTimes].valueString", on="Patient"),
    ]
    adjustment_details: Annotated[str | None, Fhir("extension[Graphnet-Comment].valueString")]
    date_recorded: Annotated[LocalDateTime | None, NEWEST_FIRST, SORT, FILTER, Fhir("period.start")]
    review_date: Annotated[Day | None, SORT, FILTER, Fhir("period.end")]
    recorded_by: Annotated[str | None, Fhir("author.display")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


COMMUNICATION_NEEDS = ListOperation(
    bundle=BUNDLE,
    operation_id="CommunicationNeeds_GetCommunicationNeedsByPatientDetailId",
    title="Patient - Communication and Accessibility Needs",
    path="/demographics/patients/{patientDetailId}/communication-needs",
    summary="Languages, interpreter, accessible information needs and reasonable adjustments.",
    item=CommunicationNeed,
    source=DESIGNED,
    collection="CommunicationNeedsList",
    store=Store("communication_need"),
    submitted=True,
    fhir=(
        Resource(
            "Flag",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag",
            status="active until ReviewDate plus one year, else inactive; Language and Contact preference rows go to Patient.communication and extension[UKCore-ContactPreference] instead",
            fixed={"category[1].text": "Reasonable adjustment and communication"},
        ),
        Resource(
            "Patient",
            key="Patient",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient",
            when="part of the record's Patient: the language of Language rows, the interpreter, how to make contact",
        ),
    ),
    hl7v2=("ADT PID-15 -> LanguageCode", "ADT PD1-6 (handicap), PV1-15 (ambulatory status) -> Description"),
)


class SharingStatus(Entry):
    """Whether and for what the record may be shared, and who decided."""

    sharing_type: Annotated[str, KEY, SORT, FILTER, Fhir("category[0].text")]
    """Local shared record, Summary care record, Secondary use, Specific section."""
    status: Annotated[str, SORT, FILTER, Fhir("provision.type")]
    """Agreed = permit, Refused = deny, Not recorded = permit by default, Withdrawn = deny."""
    scope: Annotated[str | None, KEY, FILTER, Fhir("provision.code[0].text")]
    """Whole record or a bundle name."""
    status_date: Annotated[LocalDateTime | None, KEY, NEWEST_FIRST, SORT, FILTER, Fhir("dateTime")]
    expiry_date: Annotated[Day | None, SORT, Fhir("provision.period.end")]
    decided_by: Annotated[str | None, Fhir("performer[0].display")]
    capacity_confirmed: Annotated[str | None, YES_NO]
    recorded_by: str | None
    read_code: Annotated[str | None, READ2, Fhir("category[0].coding[read2].code")]
    snomed_ct_code: Annotated[str | None, SNOMED, Fhir("category[0].coding[snomed].code")]
    reason: str | None
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


SHARING_STATUS = ListOperation(
    bundle=BUNDLE,
    operation_id="SharingStatus_GetSharingStatusByPatientDetailId",
    title="Patient - Consent and Sharing Status",
    path="/demographics/patients/{patientDetailId}/sharing-status",
    summary="Whether and for what the record may be shared, and who decided.",
    item=SharingStatus,
    source=DESIGNED,
    collection="SharingStatusList",
    store=Store("sharing_status"),
    shows_refused=True,
    submitted=True,
    fhir=(
        Resource(
            "Consent",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Consent",
            status="active, inactive when a later row of the same type and scope exists",
            fixed={"scope.coding[0].code": "patient-privacy"},
        ),
    ),
    hl7v2=("ADT PD1-12 (protection indicator) -> Status",),
    other_feeds=("GP extract consent codes",),
    note="Refused or Withdrawn for the whole local shared record hides that source's rows from every operation of every bundle; this list itself stays readable.",
)


class LegalInformation(Entry):
    """Advance decisions, powers of attorney, capacity assessments and deprivation of liberty, as one list."""

    legal_type: Annotated[str, KEY, SORT, FILTER, Fhir("category[0].text")]
    """Advance decision to refuse treatment, Advance statement, Lasting power of attorney, Court-appointed deputy, Mental capacity assessment, Deprivation of liberty, Organ donation, Parental responsibility."""
    description: Annotated[str | None, FILTER, Fhir("provision.code[0].text")]
    snomed_ct_code: Annotated[str | None, SNOMED, Fhir("category[0].coding[snomed].code")]
    decision: Annotated[str | None, Fhir("policyRule.text")]
    start_date: Annotated[LocalDateTime | None, KEY, SORT, FILTER, Fhir("provision.period.start")]
    end_date: Annotated[
        LocalDateTime | None, SORT, FILTER, NotBefore("start_date"), Fhir("provision.period.end")
    ]
    review_date: Annotated[Day | None, SORT]
    person_name: Annotated[str | None, KEY, Fhir("provision.actor[0].reference.display")]
    """Attorney, deputy or assessor."""
    person_relationship: Annotated[str | None, Fhir("provision.actor[0].role.text")]
    person_telephone: str | None
    document_location: Annotated[str | None, Fhir("sourceReference.display")]
    document_id: Annotated[str | None, Fhir("sourceReference.identifier.value")]
    """Id in the Documents bundle."""
    recorded_by: Annotated[str | None, Fhir("performer[0].display")]
    recorded_date: Annotated[LocalDateTime | None, NEWEST_FIRST, SORT, FILTER, Fhir("dateTime")]
    tenancy_description: Annotated[str, SORT, FILTER, Fhir("meta.tag[tenancy].display")]
    """Display name of the contributing source."""


LEGAL_INFORMATION = ListOperation(
    bundle=BUNDLE,
    operation_id="LegalInformation_GetLegalInformationByPatientDetailId",
    title="Patient - Legal Information",
    path="/demographics/patients/{patientDetailId}/legal-information",
    summary="Advance decisions, powers of attorney, capacity assessments and deprivation of liberty, as one list.",
    item=LegalInformation,
    source=DESIGNED,
    collection="LegalInformationList",
    store=Store("legal_information"),
    submitted=True,
    fhir=(
        Resource(
            "Consent",
            profile="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Consent",
            status="active while EndDate is null or in the future, else inactive",
            note="scope adr for advance decisions and statements, else treatment",
        ),
    ),
    other_feeds=("GP extract", "care plan systems"),
)
