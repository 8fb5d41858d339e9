"""Birth details: one row, or none."""

from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line


def test_a_child_has_them_and_one_of_whom_nobody_sent_them_has_none(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(9),
        patient_line("CHILD"),
        sample_line("CHILD", "birth-details", BirthWeightGrams=3410),
        patient_line("ADULT"),
    )

    child, adult = (
        sandpit.get(f"/child-health/patients/{sandpit.detail_id(9, patient)}/birth-details")
        for patient in ("CHILD", "ADULT")
    )

    assert (child.status_code, child.json()["BirthWeightGrams"]) == (200, 3410)
    assert (adult.status_code, adult.content) == (204, b"")
