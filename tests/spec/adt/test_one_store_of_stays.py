"""Admissions and discharges are one store of stays: an end closes the stay that was sent before."""

from tests.support.samples import sample_line
from tests.support.sandpit import Sandpit, patient_line, tenancy_line


def test_a_discharge_ends_the_stay_that_its_admission_began(sandpit: Sandpit) -> None:
    began = {"SpellNumber": "SP1", "AdmissionDate": "2024-01-08T09:00:00"}
    sandpit.load(
        tenancy_line(2),
        patient_line("P-1"),
        sample_line(
            "P-1", "AdmissionsList", **began, DischargeDate=None, Status="Admitted", WardDesc="Ward 4B"
        ),
    )
    patient = f"/adt/patients/{sandpit.detail_id(2, 'P-1')}"
    before = sandpit.get(f"{patient}/discharges").json()["TotalItemCount"]

    sandpit.load(
        tenancy_line(2),
        sample_line(
            "P-1", "DischargesList", **began, DischargeDate="2024-01-12T11:00:00", Status="Discharged"
        ),
    )

    admissions = sandpit.get(f"{patient}/admissions").json()
    discharges = sandpit.get(f"{patient}/discharges").json()
    assert (before, admissions["TotalItemCount"], discharges["TotalItemCount"]) == (0, 1, 1)
    (admission,) = admissions["AdmissionsList"]
    told = [admission[name] for name in ("WardDesc", "DischargeDate", "Status")]
    assert told == ["Ward 4B", "2024-01-12T11:00:00", "Discharged"]
