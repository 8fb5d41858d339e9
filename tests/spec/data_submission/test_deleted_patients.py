"""A record that its source had deleted, submitted anew: it is back under its own ID."""

import pytest

from tests.spec.data_submission.conftest import TRUST, Submitter
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

ANN = {"Surname": "Archer", "Forename": "Ann", "DateOfBirth": "1946-05-17"}


@pytest.fixture
def deleted(sources: Sandpit) -> int:
    """The ID of a record of the trust that its feed has deleted."""
    sources.load(
        tenancy_line(TRUST, "Trust", "Acute"),
        patient_line("P1", **ANN, PatientNumber="T-1"),
        {"SourcePatientId": "P1", "Deleted": True, "SourceUpdatedDate": "2026-01-02T09:00:00"},
    )
    record = sources.detail_id(TRUST, "P1")
    assert sources.get(f"/demographics/patients/{record}/details").status_code == 404
    return record


def test_a_patient_created_with_its_number_is_it_again(
    sources: Sandpit, trust: Submitter, deleted: int
) -> None:
    answer = trust.create(**ANN, PatientNumber="T-1", SourceUpdatedDate="2026-01-03T09:00:00")

    body = answer.json()
    assert (answer.status_code, body["PatientDetailId"], body["Outcome"]) == (201, str(deleted), "Created")
    assert sources.get(f"/demographics/patients/{deleted}/details").status_code == 200


def test_one_that_is_older_than_its_deletion_is_ignored(
    sources: Sandpit, trust: Submitter, deleted: int
) -> None:
    answer = trust.create(**ANN, PatientNumber="T-1", SourceUpdatedDate="2026-01-01T09:00:00")

    assert (answer.status_code, answer.json()["Outcome"]) == (200, "Ignored")
    assert sources.get(f"/demographics/patients/{deleted}/details").status_code == 404


def test_it_cannot_be_updated_by_its_id(trust: Submitter, deleted: int) -> None:
    assert trust.update(deleted, **ANN, PatientNumber="T-1").status_code == 404
