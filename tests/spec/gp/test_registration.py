"""Of several registrations the one that counts is answered."""

from typing import Any

import pytest

from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line


def registered(practice: str, year: int, **more: str) -> dict[str, Any]:
    told = {"PracticeCode": practice, "RegistrationDate": f"{year}-01-01T00:00:00"}
    return told | {"RegistrationStatus": "Registered"} | more


OLD = registered("Y99901", 2001)
ENDED = registered("Y99902", 2020, RegistrationStatus="Deducted", DeductionDate="2021-01-01T00:00:00")
PASSING = registered("Y99903", 2024, RegistrationType="Temporary")
NEW = registered("Y99904", 2022, RegistrationType="GMS")
APPLIED = registered("Y99905", 2025, RegistrationStatus="Applied")


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ([OLD], OLD),
        ([OLD, NEW], NEW),
        ([OLD, ENDED], OLD),
        ([ENDED], ENDED),
        ([NEW, PASSING], NEW),
        ([ENDED, PASSING], PASSING),
        ([OLD, APPLIED], OLD),
        ([ENDED, APPLIED], APPLIED),
        ([OLD, ENDED, PASSING, NEW, APPLIED], NEW),
    ],
)
def test_standing_comes_before_ended_and_lasting_before_passing_and_then_the_newest(
    sandpit: Sandpit, sent: list[dict[str, Any]], answered: dict[str, Any]
) -> None:
    sandpit.load(
        tenancy_line(1), patient_line("P-1"), *(entry_line("P-1", "gp-registration", one) for one in sent)
    )

    answer = sandpit.get(f"/gp/patients/{sandpit.detail_id(1, 'P-1')}/gp-registration").json()

    assert answer["PracticeCode"] == answered["PracticeCode"]
