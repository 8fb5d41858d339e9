"""Create Patient and Update Patient."""

from typing import Any

import pytest

from tests.spec.data_submission.conftest import GP, OTHER, TRUST, Submitter, errors_of
from tests.support.sandpit import Sandpit, patient_line, tenancy_line

ANN = {"NhsNumber": "9990123454", "DateOfBirth": "1946-05-17", "Surname": "Example", "Forename": "Ann"}


def _details(sandpit: Sandpit, patient_detail_id: int) -> dict[str, Any]:
    answer = sandpit.get(f"/demographics/patients/{patient_detail_id}/details")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _found(sandpit: Sandpit, **criteria: Any) -> list[str]:
    answer = sandpit.post("/demographics/patients/search", criteria)
    assert answer.status_code == 200, answer.text
    return [row["PatientDetailId"] for row in answer.json()["PatientsList"]]


def test_a_new_number_makes_a_record_that_is_found_and_linked_at_once(
    sources: Sandpit, trust: Submitter, engine: Submitter
) -> None:
    gp = engine.new_record(TenancyId=GP, PatientNumber="G-1", **ANN)

    answer = engine.create(PatientNumber="T-1", **ANN)

    body = answer.json()
    new = body["PatientDetailId"]
    assert answer.status_code == 201
    assert body == {
        "PatientDetailId": new,
        "Outcome": "Created",
        "LinkedPatientDetailIds": [str(gp)],
        "PossibleMatches": 0,
        "SubmissionId": body["SubmissionId"],
        "TenancyDescription": "Trust",
    }
    assert sorted(_found(sources, NhsNumber="9990123454")) == sorted([str(gp), new])


def test_possible_matches_are_counted_among_records_that_the_client_may_see(
    sources: Sandpit, trust: Submitter, engine: Submitter
) -> None:
    """Else a number would tell who is known to a source that the client may know nothing of."""
    alike = {"Surname": "Example", "Forename": "Ann", "DateOfBirth": "1946-05-17", "PostCode": "XX1 1AA"}
    verified = {"NhsNumberVerificationStatus": "01"}
    engine.new_record(TenancyId=OTHER, NhsNumber="9990123454", **alike, **verified)

    mine = alike | verified | {"NhsNumber": "9991002006"}
    to_the_trust = trust.create(**mine)
    to_the_engine = engine.create(**mine)

    assert (to_the_trust.status_code, to_the_trust.json()["PossibleMatches"]) == (201, 0)
    assert (to_the_engine.json()["Outcome"], to_the_engine.json()["PossibleMatches"]) == ("Unchanged", 1)


def test_the_same_again_changes_nothing(sources: Sandpit, trust: Submitter) -> None:
    new = trust.new_record(**ANN)
    before = _details(sources, new)

    again = trust.create(**ANN)

    assert (again.status_code, again.json()["Outcome"], again.json()["PatientDetailId"]) == (
        200,
        "Unchanged",
        str(new),
    )
    assert _details(sources, new) == before


def test_a_known_number_updates_its_record(sources: Sandpit, trust: Submitter) -> None:
    new = trust.new_record(**ANN)

    answer = trust.create(**ANN | {"Surname": "Married"})

    assert (answer.status_code, answer.json()["Outcome"]) == (200, "Updated")
    assert _details(sources, new)["Surname"] == "Married"


def test_a_corrected_record_links_elsewhere(engine: Submitter) -> None:
    gp = engine.new_record(TenancyId=GP, **ANN)
    unsure = ANN | {"NhsNumber": None, "DateOfBirth": "1951-08-23"}
    trust = engine.new_record(**unsure)

    linked = engine.update(trust, **ANN).json()["LinkedPatientDetailIds"]
    parted = engine.update(trust, **unsure).json()["LinkedPatientDetailIds"]

    assert (linked, parted) == ([str(gp)], [])


def test_the_local_number_may_change_and_the_old_one_stays_findable(
    sources: Sandpit, trust: Submitter
) -> None:
    new = trust.new_record(**ANN | {"PatientNumber": "OLD"})

    answer = trust.update(new, **ANN | {"PatientNumber": "NEW"})

    assert (answer.status_code, answer.json()["Outcome"]) == (200, "Updated")
    assert _found(sources, PatientNumber="NEW") == [str(new)]
    assert _found(sources, PatientNumber="OLD") == []
    assert _found(sources, PatientNumber="OLD", RetrieveMinorNumbers=True) == [str(new)]


@pytest.mark.parametrize(
    ("stored", "sent", "outcome", "surname"),
    [
        ("2024-03-01T10:00:00", "2024-02-28T10:00:00", "Ignored", "Example"),
        ("2024-03-01T10:00:00", "2024-03-01T10:00:00", "Updated", "Married"),
        ("2024-03-01T10:00:00", "2024-03-01T10:00:00.5", "Updated", "Married"),
        ("2024-03-01T10:00:00", None, "Updated", "Married"),
        (None, "2024-02-28T10:00:00", "Updated", "Married"),
    ],
)
def test_what_is_older_than_the_stored_is_ignored(
    sources: Sandpit, trust: Submitter, stored: str | None, sent: str | None, outcome: str, surname: str
) -> None:
    new = trust.new_record(**ANN, SourceUpdatedDate=stored)

    answer = trust.create(**ANN | {"Surname": "Married"}, SourceUpdatedDate=sent)

    assert (answer.json()["Outcome"], _details(sources, new)["Surname"]) == (outcome, surname)


def test_what_confirms_the_stored_makes_older_words_old(trust: Submitter) -> None:
    trust.new_record(**ANN, SourceUpdatedDate="2024-01-01T00:00:00")
    trust.create(**ANN, SourceUpdatedDate="2024-03-01T00:00:00")

    answer = trust.create(**ANN | {"Surname": "Married"}, SourceUpdatedDate="2024-02-01T00:00:00")

    assert answer.json()["Outcome"] == "Ignored"


def test_what_a_submission_cannot_say_stays_unless_it_no_longer_fits(
    sources: Sandpit, trust: Submitter
) -> None:
    sources.load(
        tenancy_line(TRUST, "Trust", "Acute"),
        patient_line(
            "P1",
            **ANN,
            PatientNumber="T-1",
            Pronouns="she/her",
            GPCode="G9999101",
            GPName="Dr A Sen",
            GPPracticeCode="Y99901",
            GPPracticeName="Millbrook Surgery",
            PostCode="ZZ99 3CZ",
            Uprn="10000000001",
            SensitiveAddress="No",
        ),
    )
    record = sources.detail_id(TRUST, "P1")

    trust.update(record, **ANN, GPCode="G9999101", GPPracticeCode="Y99902", PostCode="ZZ99 3VZ")

    details = _details(sources, record)
    kept = {
        name: details[name] for name in ("Pronouns", "GPName", "GPPracticeName", "GPPracticeCode", "Uprn")
    }
    assert kept == {
        "Pronouns": "she/her",
        "GPName": "Dr A Sen",
        "GPPracticeName": None,
        "GPPracticeCode": "Y99902",
        "Uprn": None,
    }


def test_a_protected_address_stays_protected_when_it_is_not_spoken_of(
    sources: Sandpit, trust: Submitter
) -> None:
    new = trust.new_record(**ANN, SensitiveAddress="Yes", PostCode="ZZ99 3CZ")

    trust.update(new, **ANN, PostCode="ZZ99 3VZ")

    details = _details(sources, new)
    assert (details["SensitiveAddress"], details["PostCode"]) == ("Yes", None)


@pytest.mark.parametrize(
    ("fields", "status", "field", "rule"),
    [
        ({"NhsNumber": "9990123455"}, 422, "NhsNumber", "must be ten digits whose check digit holds"),
        ({"Gender": "7"}, 422, "Gender", "must be one of: 1, 2, 9, X"),
        ({"DateOfBirth": "2024-02-30"}, 422, "DateOfBirth", "must be a day, YYYY-MM-DD"),
        ({"DateOfBirth": "2999-01-01"}, 422, "DateOfBirth", "must not lie in the future"),
        ({"DateOfDeath": "1969-12-31"}, 422, "DateOfDeath", "must not lie before DateOfBirth"),
        ({"DateOfDeath": "2999-12-31"}, 422, "DateOfDeath", "must not lie in the future"),
        ({"Surname": ""}, 422, "Surname", "must not be empty"),
        ({"PatientNumber": ""}, 422, "PatientNumber", "must not be empty"),
        ({"PatientNumber": "9" * 201}, 422, "PatientNumber", "must not be longer than 200 characters"),
        ({"Surname": "x" * 201}, 422, "Surname", "must not be longer than 200 characters"),
        ({"SourceUpdatedDate": "2024-03-01"}, 422, "SourceUpdatedDate", "must be UK local time, "),
        (
            {"SourceUpdatedDate": "2999-03-01T00:00:00"},
            422,
            "SourceUpdatedDate",
            "must not lie in the future",
        ),
        ({"TenancyId": "2"}, 400, "TenancyId", "expected `int`, got `str`"),
        ({"Surname": None}, 400, "Surname", "expected `str`, got `null`"),
        ({"Shoe": 1}, 400, "Shoe", "is no field of this body"),
        ({"Surname": "a\0b"}, 400, "body", "must not hold the character U+0000"),
    ],
)
def test_a_bad_field_is_named_with_its_rule(
    trust: Submitter, fields: dict[str, Any], status: int, field: str, rule: str
) -> None:
    answer = trust.create(**fields)

    assert answer.status_code == status, answer.text
    assert list(errors_of(answer)) == [field]
    assert errors_of(answer)[field].startswith(rule)


@pytest.mark.parametrize("left_out", ["TenancyId", "PatientNumber", "Surname", "DateOfBirth"])
def test_a_field_that_must_be_given_is_named(trust: Submitter, left_out: str) -> None:
    body = {"TenancyId": TRUST, "PatientNumber": "T-1", "Surname": "Example", "DateOfBirth": "1970-01-01"}
    del body[left_out]

    answer = trust.call("POST", "", body)

    assert (answer.status_code, errors_of(answer)) == (400, {left_out: "must be given"})


def test_a_client_writes_for_its_own_sources_alone(
    sources: Sandpit, trust: Submitter, engine: Submitter
) -> None:
    theirs = engine.new_record(TenancyId=OTHER)

    assert errors_of(trust.create(TenancyId=OTHER)) == {
        "TenancyId": "must be a source that the client may write for"
    }
    assert trust.create(TenancyId=OTHER).status_code == 403
    assert trust.create(TenancyId=77).status_code == 403
    assert trust.update(theirs, TenancyId=OTHER).status_code == 404
    assert trust.update(999_999).status_code == 404
    assert trust.update("x").status_code == 400


def test_a_source_that_nobody_knows_is_no_place_for_a_record(engine: Submitter) -> None:
    answer = engine.create(TenancyId=77)

    assert (answer.status_code, list(errors_of(answer))) == (422, ["TenancyId"])


def test_a_record_stays_with_its_source(engine: Submitter) -> None:
    record = engine.new_record()

    answer = engine.update(record, TenancyId=OTHER)

    assert (answer.status_code, list(errors_of(answer))) == (409, ["TenancyId"])


def test_a_number_of_another_record_is_a_conflict(trust: Submitter) -> None:
    trust.new_record(PatientNumber="A")
    b = trust.new_record(PatientNumber="B")
    trust.update(b, PatientNumber="B2")

    taken = trust.update(b, PatientNumber="A")
    former = trust.create(PatientNumber="B")
    back = trust.update(b, PatientNumber="B")

    assert (taken.status_code, list(errors_of(taken))) == (409, ["PatientNumber"])
    assert (former.status_code, list(errors_of(former))) == (409, ["PatientNumber"])
    assert (back.status_code, back.json()["Outcome"]) == (200, "Updated")


def test_a_linked_record_that_the_client_may_not_see_is_not_named(
    trust: Submitter, engine: Submitter
) -> None:
    engine.new_record(TenancyId=GP, **ANN)

    assert trust.create(**ANN).json()["LinkedPatientDetailIds"] == []


def test_numbers_of_two_sources_do_not_meet(engine: Submitter) -> None:
    one = engine.new_record(TenancyId=TRUST, PatientNumber="1")
    other = engine.new_record(TenancyId=OTHER, PatientNumber="1")

    assert one != other
