"""A Patient that a client sends, as the demographics of its source record."""

from typing import Any

import msgspec
import pytest

from carecord.catalogue.submission import InvalidItem
from carecord.fhir_api.incoming import demographics_of, refused
from carecord.fhir_api.incoming.demographics import NO_SURNAME
from carecord.fhir_api.outcomes import InvalidResource
from carecord.kernel.errors import FieldError
from carecord.patient_index.demographics import parse_patient
from carecord.patient_index.normalise import identity_of

NHS = "https://fhir.nhs.uk/Id/nhs-number"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore"
SYSTEM = "https://fhir.hl7.org.uk/CodeSystem/UKCore"


def told(**patient: Any) -> dict[str, Any]:
    """What the Patient says, without what it does not say."""
    found = demographics_of({"resourceType": "Patient", **patient})
    return {name: value for name, value in found.items() if value is not None and name != "RecordStatus"}


def coded(code: str, system: str = SYSTEM, text: str | None = None) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}], **({"text": text} if text else {})}


def extension(name: str, code: str, text: str | None = None) -> dict[str, Any]:
    return {"url": f"{UK_CORE}-{name}", "valueCodeableConcept": coded(code, text=text)}


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "extension": [
        extension("EthnicCategory", "A", "White - British"),
        extension("BirthSex", "F"),
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": False},
    ],
    "identifier": [
        {
            "system": NHS,
            "value": "999 012 3454",
            "extension": [extension("NHSNumberVerificationStatus", "01")],
        },
        {"system": "urn:hospital", "value": "E104477", "type": coded("MR")},
    ],
    "name": [
        {
            "use": "official",
            "prefix": ["Mrs"],
            "given": ["Doris", "May", "Ann"],
            "family": "Heritage",
        },
        {"use": "usual", "text": "Dot"},
        {"use": "maiden", "family": "Field"},
    ],
    "gender": "female",
    "birthDate": "1946-05-17",
    "_birthDate": {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                "valueDateTime": "1946-05-17T04:05:00+01:00",
            }
        ]
    },
    "deceasedDateTime": "2026-01-02T23:30:00Z",
    "maritalStatus": coded("W", text="Widowed"),
    "communication": [{"language": coded("fr")}, {"language": coded("en-GB"), "preferred": True}],
    "telecom": [
        {"system": "phone", "use": "old", "value": "01632 960000"},
        {"system": "phone", "use": "home", "value": "01632 960001"},
        {"system": "phone", "use": "mobile", "value": "07700 900456"},
        {"system": "email", "value": "doris@example.org"},
    ],
    "address": [
        {"use": "old", "line": ["1 Former Street"], "postalCode": "ZZ99 3WZ"},
        {
            "use": "home",
            "line": ["3 Mill Lane", "Flat 2"],
            "city": "Eastvale",
            "district": "Millshire",
            "postalCode": "ZZ99 3CZ",
        },
    ],
    "generalPractitioner": [
        {
            "identifier": {"system": "https://fhir.hl7.org.uk/Id/gmp-number", "value": "G9999981"},
            "display": "Dr A Sen",
        }
    ],
    "managingOrganization": {
        "identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "Y99901"},
        "display": "Millbrook Surgery",
    },
}


def test_a_whole_patient_becomes_demographics_that_the_index_takes() -> None:
    found = told(**PATIENT)
    assert found == {
        "PatientNumber": "E104477",
        "NhsNumber": "9990123454",
        "NhsNumberVerificationStatus": "01",
        "Title": "Mrs",
        "Forename": "Doris",
        "MiddleNames": "May Ann",
        "Surname": "Heritage",
        "PreferredName": "Dot",
        "PreviousSurname": "Field",
        "DateOfBirth": "1946-05-17",
        "BirthTime": "04:05:00",
        "DateOfDeath": "2026-01-02",
        "Gender": "2",
        "BirthSex": "2",
        "EthnicCategoryCode": "A",
        "EthnicCategoryDesc": "White - British",
        "MaritalStatusCode": "W",
        "MaritalStatusDesc": "Widowed",
        "PreferredLanguageCode": "en",
        "InterpreterRequired": "No",
        "HomeTelephone": "01632 960001",
        "MobileTelephone": "07700 900456",
        "EmailAddress": "doris@example.org",
        "AddressLine1": "3 Mill Lane",
        "AddressLine2": "Flat 2",
        "AddressLine3": "Eastvale",
        "AddressLine4": "Millshire",
        "PostCode": "ZZ99 3CZ",
        "GPCode": "G9999981",
        "GPName": "Dr A Sen",
        "GPPracticeCode": "Y99901",
        "GPPracticeName": "Millbrook Surgery",
    }
    record = parse_patient(msgspec.json.encode(found), source_key="a", today="2026-03-01")
    assert (record.number, record.nhs_number, record.active) == ("E104477", "9990123454", True)


def test_what_a_patient_no_longer_says_is_taken_away() -> None:
    """An update replaces the demographics: what it leaves out is null, and not left as it was."""
    found = demographics_of({"resourceType": "Patient"})
    assert set(demographics_of(PATIENT)) - {"PatientNumber"} == set(found)
    assert {name for name, value in found.items() if value is not None} == {"Surname", "RecordStatus"}


def test_an_nhs_number_of_which_nothing_is_said_is_not_traced() -> None:
    found = told(identifier=[{"system": NHS, "value": "9990123454"}])
    assert found["NhsNumberVerificationStatus"] == "02"
    unknown = [extension("NHSNumberVerificationStatus", "certain")]
    found = told(identifier=[{"system": NHS, "value": "9990123454", "extension": unknown}])
    assert found["NhsNumberVerificationStatus"] == "02"
    words = [extension("NHSNumberVerificationStatus", "number-present-and-verified")]
    found = told(identifier=[{"system": NHS, "value": "9990123454", "extension": words}])
    assert found["NhsNumberVerificationStatus"] == "01"


def test_an_nhs_number_whose_check_digit_does_not_hold_is_refused_by_its_element() -> None:
    with pytest.raises(InvalidResource) as invalid:
        told(identifier=[{"system": "urn:x", "value": "1"}, {"system": NHS, "value": "9990123455"}])
    [issue] = invalid.value.issues
    assert issue.expression == "Patient.identifier[1].value"
    assert "9990123455" not in issue.diagnostics


def test_a_record_number_comes_before_other_numbers() -> None:
    licence = {"value": "DL-1", "type": coded("DL")}
    former = {"value": "OLD-1", "use": "old", "type": coded("MR")}
    assert told(identifier=[licence, former, {"value": "N-1"}])["PatientNumber"] == "N-1"
    assert (
        told(identifier=[{"value": "N-1"}, {"value": "M-1", "type": coded("MR")}])["PatientNumber"] == "M-1"
    )
    assert "PatientNumber" not in told(identifier=[former])


@pytest.mark.parametrize(
    ("name", "surname", "forename"),
    [
        ({"family": "Heritage", "given": ["Doris"]}, "Heritage", "Doris"),
        ({"text": "HERITAGE, Doris (Mrs)"}, "HERITAGE", "Doris"),
        ({"text": "Doris Heritage"}, "Heritage", "Doris"),
        ({"text": "Heritage"}, "Heritage", None),
        ({"given": ["Doris"]}, NO_SURNAME, "Doris"),
        ({}, NO_SURNAME, None),
    ],
)
def test_a_name_is_read_as_far_as_it_is_given(
    name: dict[str, Any], surname: str, forename: str | None
) -> None:
    found = demographics_of({"resourceType": "Patient", "name": [name]})
    assert (found["Surname"], found["Forename"]) == (surname, forename)


def test_a_name_that_nobody_gave_identifies_nobody() -> None:
    identity = identity_of(demographics_of({"resourceType": "Patient", "name": [{"given": ["Doris"]}]}))
    assert (identity.surname, identity.surname_parts, identity.forename) == (None, (), "DORIS")


def test_names_and_addresses_that_have_ended_are_former_ones() -> None:
    ended = {"period": {"end": "2020-01-01"}}
    found = told(
        name=[{"family": "Field", **ended}, {"family": "Heritage"}],
        address=[{"line": ["1 Former Street"], **ended}, {"line": ["3 Mill Lane"]}],
    )
    assert (found["Surname"], found["PreviousSurname"]) == ("Heritage", "Field")
    assert found["AddressLine1"] == "3 Mill Lane"


def test_marital_statuses_are_read_by_their_system() -> None:
    hl7 = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
    assert told(maritalStatus=coded("L", hl7))["MaritalStatusCode"] == "P"
    assert "MaritalStatusCode" not in told(maritalStatus=coded("P", hl7))
    assert told(maritalStatus=coded("P"))["MaritalStatusCode"] == "P"


def test_a_year_of_birth_is_no_date_of_birth() -> None:
    assert "DateOfBirth" not in told(birthDate="1946")


def test_a_patient_that_is_restricted_or_closed_is_kept_as_such() -> None:
    found = demographics_of({**PATIENT, "active": False, "meta": {"security": [{"code": "R"}]}})
    assert (found["SensitiveAddress"], found["RecordStatus"]) == ("Yes", "Closed")


def test_what_the_index_refuses_is_told_by_element() -> None:
    invalid = InvalidItem([FieldError("DateOfBirth", "must not lie in the future")])
    [issue] = refused(invalid).issues
    assert (issue.expression, issue.diagnostics) == (
        "Patient.birthDate",
        "DateOfBirth must not lie in the future.",
    )
