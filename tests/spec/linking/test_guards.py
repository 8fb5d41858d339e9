"""Guards: pairs that the weights would link, and that a steward sees instead. One case for each."""

from typing import Any

import pytest

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
    "unnamed_newborn": (NO_NUMBER, {"Forename": "Baby", "MiddleNames": None}),
    "other_birthday": (NO_NUMBER, {"DateOfBirth": "1981-11-30"}),
    "one_number_two_people": ({}, {"Forename": "Edith", "MiddleNames": "Rose"}),
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


def test_a_number_whose_tracing_failed_is_no_evidence() -> None:
    assert identity_of(GRACE | {"NhsNumberVerificationStatus": "04"}).nhs_number is None
