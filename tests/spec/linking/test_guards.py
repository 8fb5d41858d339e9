"""Guards: pairs that the weights would link, and that a steward sees instead. One case for each."""

from typing import Any

import pytest

from carecord.patient_index.blocking import blocking_keys
from carecord.patient_index.deciding import Verdict, judge
from carecord.patient_index.guards import GUARDS
from carecord.patient_index.normalise import identity_of
from carecord.patient_index.scoring import load_model

GRACE = {
    "NhsNumber": "9990123454",
    "NhsNumberVerificationStatus": "01",
    "Forename": "Grace",
    "MiddleNames": "Ada",
    "Surname": "Testperson",
    "DateOfBirth": "2012-05-17",
    "Gender": "2",
    "PostCode": "XX1 1AA",
    "AddressLine1": "1 High Street",
    "MobileTelephone": "07700 900123",
}
NO_NUMBER = {"NhsNumber": None, "NhsNumberVerificationStatus": "07"}
OTHER_NUMBER = {"NhsNumber": "9991002006"}
UNVERIFIED = {"NhsNumberVerificationStatus": "02"}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "two_verified_numbers": ({}, OTHER_NUMBER),
    "numbers_differ": (UNVERIFIED | OTHER_NUMBER, {"Surname": "Married", "MiddleNames": None}),
    "other_forename": (NO_NUMBER, {"Forename": "Edith"}),
    "other_middle_name": (NO_NUMBER, {"MiddleNames": "Rose"}),
    "too_little_said": (NO_NUMBER, {"Forename": None}),
    "unnamed_newborn": (NO_NUMBER, {"Forename": "Baby", "MiddleNames": None}),
    "other_birthday": (NO_NUMBER, {"DateOfBirth": "1981-11-30"}),
    "one_number_two_people": ({}, {"Forename": "Edith", "MiddleNames": "Rose"}),
    "one_number_two_names": (UNVERIFIED, {"Forename": "Edith", "MiddleNames": None}),
}
"""By guard: how one record differs from Grace's, and how the other does."""


def verdict(a: dict[str, Any], b: dict[str, Any]) -> Verdict:
    return judge(load_model(), identity_of(GRACE | a), identity_of(GRACE | b))


@pytest.mark.parametrize("name", CASES)
def test_a_guard_puts_before_a_steward_what_the_weights_would_link(name: str) -> None:
    found = verdict(*CASES[name])

    assert found.strength >= 0
    assert name in {guard.name for guard in found.guards}
    assert found.outcome == "review"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        # Twins: one middle name is not known, the number of one was taken for the other.
        (UNVERIFIED, UNVERIFIED | {"Forename": "Edith", "MiddleNames": None}),
        ({}, {"Forename": "Henry", "Gender": "1", "MiddleNames": None}),
        # A mother's number.
        ({}, {"DateOfBirth": "1981-11-30", "Forename": "Rose", "MiddleNames": None}),
        ({}, {"DateOfBirth": "1981-11-30"}),
    ],
)
def test_one_number_on_two_people_links_nobody(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert verdict(a, b).outcome != "link"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        # A father's record says no birth date.
        (NO_NUMBER, NO_NUMBER | {"DateOfBirth": None, "MiddleNames": None}),
        # A mother, and her baby filed under her number.
        (NO_NUMBER | {"Forename": "Baby"}, {"DateOfBirth": None, "Forename": "Rose", "MiddleNames": None}),
        # Two numbers, and a name that is not quite the same.
        (UNVERIFIED, UNVERIFIED | OTHER_NUMBER | {"Forename": "Gracia", "MiddleNames": None}),
        # Father and son, ten years in a digit.
        (UNVERIFIED, UNVERIFIED | OTHER_NUMBER | {"DateOfBirth": "2002-05-17"}),
    ],
)
def test_what_could_be_a_relative_s_record_links_nobody(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert verdict(a, b).outcome != "link"


@pytest.mark.parametrize(
    "forename",
    [
        "B/O Sarah",
        "Male Infant",
        "Boy One",
        "Neonate 1",
        "Twin1 Boy",
        "Unnamed Baby",
        "TwinII",
        "First Twin",
        "Quad",
    ],
)
def test_a_newborn_s_name_for_want_of_one_is_no_name(forename: str) -> None:
    found = identity_of(GRACE | {"Forename": forename, "MiddleNames": None})

    assert (found.forename, found.newborn) == (None, True)


@pytest.mark.parametrize("name", ["Unknown Male", "Unidentified", "Trauma Patient", "No Name", "Unknown 3"])
def test_the_name_of_an_unidentified_patient_is_no_name(name: str) -> None:
    found = identity_of(GRACE | {"Forename": name, "Surname": name, "MiddleNames": None})

    assert (found.forename, found.surname, found.surname_parts) == (None, None, ())


@pytest.mark.parametrize(("one", "other"), [("Ellie", "Elsie"), ("Dean", "Sean"), ("Jane", "Jade")])
def test_twins_with_names_a_letter_apart_are_for_a_steward(one: str, other: str) -> None:
    found = verdict(
        NO_NUMBER | {"Forename": one, "MiddleNames": None},
        NO_NUMBER | {"Forename": other, "MiddleNames": None},
    )

    assert found.outcome == "review"
    assert "other_forename" in {guard.name for guard in found.guards}


def test_twins_of_two_sexes_with_like_names_are_for_a_steward() -> None:
    daniel, danielle = (
        {"Forename": name, "Gender": sex, "MiddleNames": None}
        for name, sex in (("Daniel", "1"), ("Danielle", "2"))
    )

    assert verdict(NO_NUMBER | daniel, NO_NUMBER | danielle).outcome == "review"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Forename": "Mohamed", "MiddleNames": None}, {"Forename": "Mohammed", "MiddleNames": None}),
        ({"Forename": "Abdul Rahman"}, {"Forename": "Abdulrahman"}),
        (
            {"Forename": "Yulia", "Surname": "Ivanova"},
            {"Forename": "\u042e\u043b\u0438\u044f", "Surname": "\u0418\u0432\u0430\u043d\u043e\u0432\u0430"},
        ),
        ({"Surname": "Garc\u00eda L\u00f3pez"}, {"Surname": "Garcia"}),
        ({"Surname": "Silva Santos"}, {"Surname": "Santos", "MiddleNames": "Silva"}),
        ({"Surname": "Al-Hassan"}, {"Surname": "Hassan"}),
        ({"Surname": "Kowalska"}, {"Surname": "Kowalski"}),
        ({"Forename": "Mei", "Surname": "Zhang"}, {"Forename": "Zhang", "Surname": "Mei"}),
        ({"Forename": "Muhammad"}, {"Forename": "Mohammed"}),
    ],
)
def test_names_written_in_other_ways_link_without_a_number(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    found = verdict(NO_NUMBER | one, NO_NUMBER | other)

    assert found.outcome == "link"
    model = load_model()
    keys = [
        set(blocking_keys(identity_of(GRACE | NO_NUMBER | sent), model.blocking)) for sent in (one, other)
    ]
    assert keys[0] & keys[1]


def test_every_guard_has_a_case_and_stands_in_the_model() -> None:
    assert set(CASES) == {guard.name for guard in GUARDS} == set(load_model().guards)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({}, {}),
        (NO_NUMBER, {}),
        (NO_NUMBER, NO_NUMBER | {"Forename": "G"}),
        (NO_NUMBER, {"Forename": "Ada"}),
        (NO_NUMBER, {"PostCode": "ZZ99 3VZ", "AddressLine1": None, "MobileTelephone": None}),
        (NO_NUMBER, {"DateOfBirth": "2012-17-05"}),
        (NO_NUMBER, {"DateOfBirth": "2012-01-01"}),
        (NO_NUMBER, {"Forename": "Testperson", "Surname": "Grace"}),
        (NO_NUMBER, {"Surname": "Testperson-Married"}),
        (NO_NUMBER, {"Surname": "Tsetperson"}),
        ({}, {"Surname": "Married", "PostCode": "YY9 9ZZ", "AddressLine1": "9 Other Road"}),
        (UNVERIFIED, UNVERIFIED | OTHER_NUMBER),
    ],
)
def test_the_slips_of_real_feeds_link_all_the_same(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert verdict(a, b).outcome == "link"


@pytest.mark.parametrize(
    "other",
    [
        {"Forename": "Henry", "MiddleNames": None, "DateOfBirth": "1980-02-03", "Gender": "1"},
        {"Forename": "Rose", "MiddleNames": "May", "DateOfBirth": "2015-08-09"},
    ],
)
def test_a_family_at_one_address_with_one_telephone_stays_apart(other: dict[str, Any]) -> None:
    assert verdict(NO_NUMBER, NO_NUMBER | other).outcome == "apart"


@pytest.mark.parametrize(
    ("field", "placeholder"),
    [
        ("Forename", "BABY"),
        ("Forename", "Twin One"),
        ("Forename", "Not known"),
        ("Surname", "UNKNOWN"),
        ("PostCode", "ZZ99 3VZ"),
        ("PostCode", "zz993wz"),
        ("DateOfBirth", "1900-01-01"),
        ("Forename", "BABY GIRL"),
        ("Forename", "Infant"),
        ("Forename", "Triplet 3"),
        ("Surname", "Not Known"),
        ("PostCode", "ZZ99 3CZ"),
        ("MobileTelephone", "00000 000000"),
        ("NhsNumber", "0000000000"),
        ("NhsNumber", "9990123455"),
        ("MobileTelephone", "07000 000000"),
        ("Gender", "9"),
    ],
)
def test_a_placeholder_carries_no_weight(field: str, placeholder: str) -> None:
    assert identity_of(GRACE | {field: placeholder}) == identity_of(GRACE | {field: None}) or (
        field == "Forename" and identity_of(GRACE | {field: placeholder}).forename is None
    )


def test_first_of_january_says_less_than_another_day() -> None:
    same_day = verdict(NO_NUMBER, NO_NUMBER).score
    first = {"DateOfBirth": "2012-01-01"}

    assert verdict(NO_NUMBER | first, NO_NUMBER | first).score.relative_weight < same_day.relative_weight


def test_a_mobile_that_a_family_shares_joins_nobody() -> None:
    """Parents leave one number for all their children."""
    stranger_at_home = {
        "Forename": "Tomasz",
        "Surname": "Wzorowy",
        "DateOfBirth": "1975-04-02",
        "MiddleNames": None,
        "Gender": "1",
    }

    assert verdict(NO_NUMBER, NO_NUMBER | stranger_at_home).outcome == "apart"


def test_a_number_whose_tracing_failed_is_no_evidence() -> None:
    assert identity_of(GRACE | {"NhsNumberVerificationStatus": "04"}).nhs_number is None
