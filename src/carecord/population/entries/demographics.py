"""What any system holds of who somebody is, beside the record itself."""

from datetime import date

from carecord.catalogue.value_lists import ETHNIC_CATEGORY, MARITAL_STATUS
from carecord.population import names, numbers
from carecord.population.dates import between, midnight, plus
from carecord.population.history import History, Item
from carecord.population.organisations import SourceSystem
from carecord.population.people import Person

RELATIONSHIPS = {
    "Mother": "MTH",
    "Father": "FTH",
    "Daughter": "DAUC",
    "Son": "SONC",
    "Wife": "WIFE",
    "Husband": "HUSB",
}
MADE_UP_RELATIVES = ("Daughter", "Son", "Sister", "Brother", "Friend", "Neighbour")


def patient(person: Person, *, number: str) -> Item:
    """The record as a system without mistakes would send it."""
    practice = person.practice
    return {
        "NhsNumber": person.nhs_number,
        "NhsNumberVerificationStatus": "01",
        "PatientNumber": number,
        "Title": person.title,
        "Forename": person.forename,
        "MiddleNames": person.middle_names,
        "Surname": person.surname,
        "PreferredName": person.preferred_name,
        "PreviousSurname": person.previous_surname,
        "DateOfBirth": person.born.isoformat(),
        "DateOfDeath": person.died.isoformat() if person.died else None,
        "DeathNotificationStatus": "2" if person.died else None,
        "Gender": person.sex,
        "BirthSex": person.sex,
        "EthnicCategoryCode": person.ethnic_category,
        "EthnicCategoryDesc": ETHNIC_CATEGORY.meanings[person.ethnic_category],
        "MaritalStatusCode": person.marital_status,
        "MaritalStatusDesc": MARITAL_STATUS.meanings[person.marital_status].capitalize(),
        "ReligionDesc": person.religion,
        "PreferredLanguageCode": person.language,
        "InterpreterRequired": "No" if person.language == "en" else "Yes",
        "HomeTelephone": person.home_telephone,
        "MobileTelephone": person.mobile_telephone,
        "EmailAddress": person.email,
        **person.address.lines(),
        "GPCode": person.doctor.code,
        "GPName": person.doctor.name,
        "GPPracticeCode": practice.code,
        "GPPracticeName": practice.name,
        "SensitiveAddress": "No",
        "RecordStatus": "Active",
    }


def addresses(history: History, system: SourceSystem) -> None:
    """The home, and the one before it where there was one."""
    person = history.person
    if person.previous_address and person.moved_in > person.born:
        before = between(max(person.born, plus(person.moved_in, weeks=-520)), person.moved_in, history.rng)
        history.add(
            system,
            "AddressesList",
            {
                "AddressType": "Previous",
                "StartDate": midnight(before),
                "EndDate": midnight(person.moved_in),
                **person.previous_address.lines(),
            },
            updated=midnight(person.moved_in),
        )
    rented = history.chance(0.36)
    history.add(
        system,
        "AddressesList",
        {
            "AddressType": "Home",
            "StartDate": midnight(person.moved_in),
            **person.address.lines(),
            "AccommodationStatusCode": "MA04" if rented else "MA01",
            "AccommodationStatusDesc": "Tenant" if rented else "Owner occupier",
        },
        updated=midnight(person.moved_in),
    )


def contact(history: History, system: SourceSystem, role: str = "Next of kin") -> None:
    """Somebody to call: from the household where there is one, else a relative elsewhere."""
    relative = history.household.partner_of(history.person)
    if relative is None and history.person.role == "child":
        relative = history.household.mother() or history.household.people[0]
    if relative is None or relative is history.person:
        _relative_elsewhere(history, system, role)
        return
    if relative.role == "adult" and history.person.role == "child":
        relationship = "Mother" if relative.female else "Father"
    else:
        relationship = "Wife" if relative.female else "Husband"
        if history.person.marital_status != "M":
            relationship = "Partner"
    child = history.person.role == "child" and history.person.age < 18
    history.add(
        system,
        "ContactsList",
        {
            "ContactRole": "Parent or guardian" if child else role,
            "RelationshipCode": RELATIONSHIPS.get(relationship),
            "RelationshipDesc": relationship,
            "Title": relative.title,
            "Forename": relative.forename,
            "Surname": relative.surname,
            "DateOfBirth": relative.born.isoformat(),
            "Gender": relative.sex,
            "HomeTelephone": relative.home_telephone,
            "MobileTelephone": relative.mobile_telephone,
            **{name: value for name, value in relative.address.lines().items() if name != "AddressLine4"},
            "ContactRank": 1,
            "LivesWithPatient": "Yes",
            "InterpreterRequired": "No",
            "CopyCorrespondence": "Yes" if child else "No",
            "StartDate": midnight(history.person.moved_in),
        },
        updated=midnight(history.person.moved_in),
    )


def _relative_elsewhere(history: History, system: SourceSystem, role: str) -> None:
    rng, person = history.rng, history.person
    relationship = rng.choice(MADE_UP_RELATIVES[0 if person.age > 50 else 2 :])
    sex = "1" if relationship in ("Son", "Brother") else "2"
    generation = 28 if relationship in ("Daughter", "Son") else 0
    since = between(max(person.born, date(2012, 1, 1)), plus(person.until, days=-1), rng)
    history.add(
        system,
        "ContactsList",
        {
            "ContactRole": role,
            "RelationshipCode": RELATIONSHIPS.get(relationship),
            "RelationshipDesc": relationship,
            "Forename": names.forename(
                sex=sex, born=person.born.year + generation, origin=person.origin, rng=rng
            ),
            "Surname": person.surname
            if relationship in ("Son", "Brother")
            else names.surname(person.origin, rng),
            "Gender": sex,
            "MobileTelephone": numbers.mobile_telephone(rng),
            "ContactRank": 1,
            "LivesWithPatient": "No",
            "InterpreterRequired": "No",
            "CopyCorrespondence": "No",
            "StartDate": midnight(since),
        },
        updated=midnight(since),
    )


def gp_registrations(history: History, system: SourceSystem, since: date) -> None:
    """The practice that a system has on file."""
    person, practice = history.person, history.practice
    history.add(
        system,
        "GpRegistrationsList",
        {
            "GPPracticeCode": practice.code,
            "GPPracticeName": practice.name,
            "GPCode": person.doctor.code,
            "GPName": person.doctor.name,
            "PracticeAddress": practice.address,
            "PracticeTelephone": practice.telephone,
            "StartDate": midnight(since),
            "EndDate": midnight(person.died) if person.died else None,
            "IsCurrent": "No" if person.died else "Yes",
        },
        updated=midnight(since),
    )


def identifier(
    history: History,
    system: SourceSystem,
    kind: str,
    value: str,
    *,
    since: date,
    ended: date | None = None,
    merged_into: str | None = None,
) -> None:
    """A number of the patient; `ended` or `merged_into` make it an old one."""
    old = ended is not None or merged_into is not None
    history.add(
        system,
        "IdentifiersList",
        {
            "IdentifierType": kind,
            "IdentifierValue": value,
            "AssigningAuthority": "NHS" if kind == "NHS number" else system.organisation_code,
            "VerificationStatus": "01" if kind == "NHS number" else None,
            "IsMinor": "Yes" if old else "No",
            "StartDate": midnight(since),
            "EndDate": midnight(ended) if ended else None,
            "MergedIntoIdentifier": merged_into,
        },
        updated=midnight(ended or since),
    )


def communication_need(
    history: History,
    system: SourceSystem,
    category: str,
    description: str,
    on: date,
    *,
    adjustment: str | None = None,
    method: str | None = None,
    written_format: str | None = None,
) -> None:
    language = history.person.language
    history.add(
        system,
        "CommunicationNeedsList",
        {
            "Category": category,
            "Description": description,
            "LanguageCode": language if category in ("Language", "Interpreter") else None,
            "InterpreterRequired": "Yes" if category == "Interpreter" else "No",
            "PreferredContactMethod": method,
            "PreferredWrittenFormat": written_format,
            "AdjustmentDetails": adjustment,
            "DateRecorded": midnight(on),
            "RecordedBy": "Reception",
        },
        updated=midnight(on),
    )


def sharing(
    history: History,
    system: SourceSystem,
    status: str,
    on: date,
    *,
    reason: str | None = None,
    scope: str = "Whole record",
) -> None:
    """What the person decided about the local shared record."""
    history.add(
        system,
        "SharingStatusList",
        {
            "SharingType": "Local shared record",
            "Status": status,
            "Scope": scope,
            "StatusDate": midnight(on),
            "DecidedBy": "Patient" if history.person.age >= 16 else "Parent",
            "CapacityConfirmed": "Yes",
            "RecordedBy": history.person.doctor.name,
            "ReadCode": {"Agreed": "93C0.", "Refused": "93C1."}.get(status),
            "Reason": reason,
        },
        updated=midnight(on),
    )


def legal(
    history: History,
    system: SourceSystem,
    kind: str,
    on: date,
    *,
    description: str,
    decision: str | None = None,
    person_name: str | None = None,
    relationship: str | None = None,
) -> None:
    """An attorney, an advance decision, an assessment of capacity or a deprivation of liberty."""
    history.add(
        system,
        "LegalInformationList",
        {
            "LegalType": kind,
            "Description": description,
            "Decision": decision,
            "StartDate": midnight(on),
            "PersonName": person_name,
            "PersonRelationship": relationship,
            "PersonTelephone": numbers.mobile_telephone(history.rng) if relationship else None,
            "DocumentLocation": "Copy in the record",
            "RecordedBy": history.person.doctor.name,
            "RecordedDate": midnight(on),
        },
        updated=midnight(on),
    )
