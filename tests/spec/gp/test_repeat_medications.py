"""GP - Medications - Repeat, from a feed line to the answer."""

from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line

DORIS = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Heritage", "Forename": "Doris"}
ASPIRIN = {
    "Date": "2021-11-04T00:00:00",
    "ReadCode": "bu23.",
    "Rubric": "ASPIRIN disp tabs 75mg",
    "Quantity": "84",
    "Dosage": "ONE EACH DAY",
    "LastIssuedDate": "2024-03-01T00:00:00",
    "Units": "TAB",
}


def test_each_linked_detail_id_answers_for_the_whole_person(sandpit: Sandpit) -> None:
    sandpit.load(
        tenancy_line(1, "Millbrook Surgery (GP record)"),
        patient_line("P1", **DORIS),
        entry_line("P1", "GpRepeatMedicationsList", ASPIRIN),
    )
    sandpit.load(tenancy_line(2), patient_line("A1", **DORIS))

    answers = [
        sandpit.get(f"/gp/patients/{sandpit.detail_id(*record)}/gp-medications/repeat").json()
        for record in ((1, "P1"), (2, "A1"))
    ]

    item = {
        **ASPIRIN,
        "MixtureId": None,
        "Constituent": None,
        "TenancyDescription": "Millbrook Surgery (GP record)",
    }
    assert answers == [{"GpRepeatMedicationsList": [item], "TotalItemCount": 1}] * 2
