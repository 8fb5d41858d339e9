"""Source records as FHIR Patients."""

from typing import Any

from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS, PATIENT_ADDRESSES, PATIENT_IDENTIFIERS
from carecord.catalogue.samples import sample_of
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping import PatientLink, PatientParts, Source, patient_of
from carecord.fhir_api.mapping.patients import WITHHELD_FIELDS
from carecord.fhir_api.validating import check
from carecord.patient_index.linked_records import LinkType

SOURCE = Source(2, "Eastvale Hospitals NHS Trust (Acute)", "RZ9")
PERSON = {"PatientNumber": "E1", "Surname": "Heritage", "NhsNumber": "9990123454"}


def patient(demographics: dict[str, Any] | None = None, **parts: Any) -> Json:
    parts.setdefault("merged", False)
    return patient_of(PatientParts(2188, SOURCE, PERSON | (demographics or {}), **parts))


def errors(resource: Json) -> list[str]:
    return [one.diagnostics for one in check(resource, type_name="Patient") if one.is_error]


def test_a_patient_of_all_that_may_be_known_is_valid() -> None:
    made = patient(
        sample_of(DEMOGRAPHICS_DETAILS).item | {"BirthTime": "04:05:00", "DeathNotificationStatus": "1"},
        addresses=[sample_of(PATIENT_ADDRESSES).item],
        identifiers=[sample_of(PATIENT_IDENTIFIERS).item],
        communication_needs=[{"Category": "Language", "Description": "Polish", "LanguageCode": "pl"}],
        links=[PatientLink(2301, LinkType.LINKED)],
    )

    assert errors(made) == []
    assert made["_birthDate"]["extension"] == [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
            "valueDateTime": "1946-05-17T04:05:00+01:00",
        }
    ]


def test_a_patient_of_whom_little_is_known_is_valid() -> None:
    made = patient_of(PatientParts(2188, SOURCE, {"Surname": "Heritage"}, merged=False))

    assert errors(made) == []
    assert made["name"] == [{"use": "official", "family": "Heritage"}]
    assert made["active"] is True
    assert "identifier" not in made


def test_an_nhs_number_has_its_system_and_how_far_it_is_verified() -> None:
    nhs, local = patient({"NhsNumberVerificationStatus": "01"})["identifier"]

    assert nhs == {
        "use": "official",
        "system": "https://fhir.nhs.uk/Id/nhs-number",
        "value": "9990123454",
        "extension": [
            {
                "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland",
                            "code": "01",
                            "display": "Number present and verified",
                        }
                    ]
                },
            }
        ],
    }
    assert local == {
        "use": "usual",
        "system": "https://fhir.graphnethealth.com/Id/Local-Identifiers-RZ9",
        "value": "E1",
    }


def test_each_number_stands_once_and_another_organisation_s_is_of_its_system() -> None:
    rows = [
        {"IdentifierType": "NHS number", "IdentifierValue": "9990123454", "IsMinor": "No"},
        {"IdentifierType": "Hospital number", "IdentifierValue": "E1", "AssigningAuthority": "RZ9"},
        {
            "IdentifierType": "Hospital number",
            "IdentifierValue": "7",
            "AssigningAuthority": "RX1",
            "IsMinor": "Yes",
        },
        {"IdentifierType": "Passport", "IdentifierValue": "9", "AssigningAuthority": "Home office"},
    ]
    found = [
        (one["system"].rpartition("/")[2], one["value"]) for one in patient(identifiers=rows)["identifier"]
    ]

    assert found == [
        ("nhs-number", "9990123454"),
        ("Local-Identifiers-RZ9", "E1"),
        ("Local-Identifiers-RX1", "7"),
        ("Local-Identifiers-RZ9", "9"),
    ]


def test_a_sensitive_address_withholds_where_the_person_is_and_the_practice() -> None:
    sample = sample_of(DEMOGRAPHICS_DETAILS).item
    made = patient(sample | {"SensitiveAddress": "Yes"}, addresses=[sample_of(PATIENT_ADDRESSES).item])

    assert not made.keys() & {"address", "telecom", "generalPractitioner", "managingOrganization"}
    assert made["meta"]["security"][0]["code"] == "R"
    assert made["name"][0]["family"] == "Heritage"
    del made["meta"]  # the source is named after the town
    withheld = [str(sample[name]) for name in WITHHELD_FIELDS if sample[name]]
    assert [said for said in withheld if said in str(made)] == []


def test_what_another_record_of_the_person_asks_for_is_withheld_here_too() -> None:
    sample = sample_of(DEMOGRAPHICS_DETAILS).item
    asked_for_here = patient(sample | {"SensitiveAddress": "Yes"})

    assert patient(sample | {"SensitiveAddress": "No"}, is_protected=True) == asked_for_here


def test_a_record_that_was_merged_away_or_closed_is_not_active() -> None:
    assert patient({"RecordStatus": "Active"})["active"] is True
    assert patient({"RecordStatus": "Closed"})["active"] is False
    assert patient(merged=True)["active"] is False
    assert patient(links=[PatientLink(9, LinkType.MINOR)])["active"] is False
    assert patient(links=[PatientLink(9, LinkType.MAJOR)])["active"] is True


def test_links_name_the_other_records_and_what_this_one_is_to_them() -> None:
    made = patient(links=[PatientLink(8, LinkType.LINKED), PatientLink(9, LinkType.MAJOR)])

    assert made["link"] == [
        {"other": {"reference": "Patient/8"}, "type": "seealso"},
        {"other": {"reference": "Patient/9"}, "type": "replaces"},
    ]


def test_gender_and_sex_at_birth_are_told_in_fhir_s_words() -> None:
    def told(code: str) -> tuple[str, str | None]:
        made = patient({"Gender": code, "BirthSex": code})
        coded = [one["valueCodeableConcept"]["coding"][0]["code"] for one in made.get("extension", ())]
        return made["gender"], coded[0] if coded else None

    assert [told(code) for code in "129X"] == [
        ("male", "M"),
        ("female", "F"),
        ("other", "UN"),
        ("unknown", None),
    ]


def test_a_row_of_addresses_stands_in_place_of_the_same_address() -> None:
    home = {"AddressLine1": "14 Orchard Close", "PostCode": "ZZ99 3CZ"}
    rows = [home | {"AddressType": "Home", "StartDate": "2009-08-01T00:00:00"}, {"AddressType": "Temporary"}]

    made = patient(home, addresses=rows)

    assert made["address"] == [
        {
            "use": "home",
            "period": {"start": "2009-08-01"},
            "line": ["14 Orchard Close"],
            "postalCode": "ZZ99 3CZ",
        },
        {"use": "temp"},
    ]


def test_languages_and_ways_of_contact_come_from_the_rows_of_needs_too() -> None:
    made = patient(
        {"PreferredLanguageCode": "en"},
        communication_needs=[
            {"Category": "Language", "Description": "Polish", "LanguageCode": "pl"},
            {"Category": "Language", "Description": "English", "LanguageCode": "en"},
            {"Category": "Interpreter", "Description": "At every visit", "InterpreterRequired": "Yes"},
            {
                "Category": "Contact preference",
                "Description": "By letter",
                "PreferredContactMethod": "Letter",
            },
        ],
    )

    assert [
        (one["language"]["coding"][0]["code"], one.get("preferred")) for one in made["communication"]
    ] == [
        ("en", True),
        ("pl", None),
    ]
    assert {one["url"].rpartition("/")[2]: one.get("valueBoolean") for one in made["extension"]} == {
        "patient-interpreterRequired": True,
        "Extension-UKCore-ContactPreference": None,
    }


def test_a_time_of_birth_that_is_none_is_left_out() -> None:
    assert "_birthDate" not in patient({"DateOfBirth": "2024-02-11", "BirthTime": "morning time"})
