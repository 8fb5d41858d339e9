"""Two people are not made one by a record between them that could be either's."""

from itertools import permutations

import pytest

from carecord.patient_index.deciding import settle
from carecord.patient_index.normalise import identity_of
from carecord.patient_index.scoring import load_model

HOME = {"Surname": "Heritage", "PostCode": "XX1 1AA", "AddressLine1": "1 Made-up Street", "Gender": "2"}
BORN = {"DateOfBirth": "2012-05-17"}
NUMBER, ANOTHER = {"NhsNumber": "9990123454"}, {"NhsNumber": "9991002006"}
VERIFIED = {"NhsNumberVerificationStatus": "01"}

PEOPLE = {
    "twins, and a record without a forename": (
        HOME | BORN | NUMBER | {"Forename": "Doris"},
        HOME | BORN | {"Forename": "Edith"},
        HOME | BORN | NUMBER,
    ),
    "mother and daughter of one name, and a record without a birth date": (
        HOME | {"Forename": "Doris", "DateOfBirth": "1946-05-17"},
        HOME | {"Forename": "Doris", "DateOfBirth": "1971-11-30"},
        HOME | {"Forename": "Doris", "MobileTelephone": "07700 900123"},
    ),
    "two verified numbers, and a record without one": (
        HOME | BORN | VERIFIED | NUMBER | {"Forename": "Doris", "MiddleNames": "Ann"},
        HOME | BORN | VERIFIED | ANOTHER | {"Forename": "Doris", "MiddleNames": "Ann"},
        HOME | BORN | {"Forename": "Doris", "MiddleNames": "Ann"},
    ),
    "one number on two people, and a record with nothing but the number and a surname": (
        HOME | NUMBER | {"Forename": "Doris", "DateOfBirth": "1946-05-17"},
        HOME | NUMBER | {"Forename": "Edith", "DateOfBirth": "1983-08-29"},
        HOME | NUMBER,
    ),
}


@pytest.mark.parametrize("case", PEOPLE)
def test_no_record_between_two_people_brings_them_together(case: str) -> None:
    model = load_model()
    one, other, between = map(identity_of, PEOPLE[case])
    for ids in permutations((1, 2, 3)):
        records = dict(zip(ids, (one, other, between), strict=True))

        settled = settle(model, records, names={i: (1, "abc"[ids.index(i)]) for i in ids})

        assert settled.group[ids[0]] != settled.group[ids[1]]
        assert settled.links or settled.tasks
