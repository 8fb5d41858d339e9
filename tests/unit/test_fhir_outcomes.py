"""OperationOutcome: every refusal says what is wrong with which element, in codes that R4 has."""

import pytest

from carecord.fhir_api.definitions import value_set
from carecord.fhir_api.outcomes import InvalidResource, Issue, outcome, outcome_of
from carecord.fhir_api.validating import check
from carecord.kernel import errors
from carecord.kernel.errors import BadRequest, CareRecordError, FieldError, NotFound


def test_an_issue_points_at_its_element() -> None:
    assert outcome(
        [Issue("error", "required", "Patient.link[0].type must be there.", "Patient.link[0].type")]
    ) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "required",
                "diagnostics": "Patient.link[0].type must be there.",
                "expression": ["Patient.link[0].type"],
            }
        ],
    }


def test_nothing_wrong_is_said_too() -> None:
    assert [one["severity"] for one in outcome([])["issue"]] == ["information"]


def test_a_refusal_without_fields_is_one_issue() -> None:
    assert outcome_of(NotFound()) == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "not-found",
                "diagnostics": "There is nothing here that you may see.",
            }
        ],
    }


def test_each_field_of_a_refusal_is_an_issue() -> None:
    error = BadRequest(errors=[FieldError("birthdate", "must be a date"), FieldError("", "must be there")])
    assert [(one["diagnostics"], one.get("expression")) for one in outcome_of(error)["issue"]] == [
        ("must be a date", ["birthdate"]),
        ("must be there", None),
    ]


def test_an_invalid_resource_keeps_its_issues() -> None:
    issues = [
        Issue("error", "value", "Patient.birthDate must be a date.", "Patient.birthDate"),
        Issue("warning", "invariant", "Patient should have narrative.", "Patient"),
    ]
    error = InvalidResource(issues)
    assert error.status == 422
    assert error.errors == (FieldError("Patient.birthDate", "Patient.birthDate must be a date."),)
    assert outcome_of(error) == outcome(issues)


@pytest.mark.parametrize("kind", [*CareRecordError.__subclasses__(), CareRecordError])
def test_every_refusal_makes_an_outcome_that_is_valid(kind: type[CareRecordError]) -> None:
    error = kind([Issue("error", "value", "x", "y")]) if kind is InvalidResource else kind()  # type: ignore[arg-type]
    made = outcome_of(error)
    assert not [one for one in check(made, type_name="OperationOutcome") if one.is_error]


def test_issue_codes_are_of_r4() -> None:
    codes = value_set("http://hl7.org/fhir/ValueSet/issue-type")
    assert codes is not None
    known = codes["http://hl7.org/fhir/issue-type"]
    kinds = [
        one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, CareRecordError)
    ]
    assert {one.issue_code for one in [*kinds, InvalidResource]} <= known
