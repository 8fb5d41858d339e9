"""OperationOutcome: what is wrong (or merely doubtful) in words, with the element that it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from carecord.fhir_api.kept import Json
from carecord.kernel.errors import CareRecordError, FieldError, Unprocessable

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. `code` is of http://hl7.org/fhir/issue-type; `diagnostics` holds no patient's value."""

    severity: Severity
    code: str
    diagnostics: str
    expression: str | None = None
    """The element, as `Patient.name[0].given[1]`, or the parameter."""

    @property
    def is_error(self) -> bool:
        return self.severity in ("error", "fatal")


class InvalidResource(Unprocessable):
    """The resource breaks rules of FHIR; each stands in the OperationOutcome with its element."""

    title = "Invalid resource"
    issue_code = "invalid"

    def __init__(self, issues: Sequence[Issue]) -> None:
        self.issues = tuple(issues)
        errors = [FieldError(one.expression or "", one.diagnostics) for one in self.issues if one.is_error]
        super().__init__(errors=errors, reason="invalid_resource")


def outcome(issues: Sequence[Issue]) -> Json:
    """The OperationOutcome of these issues; of none, one that says that all is well."""
    said = issues or (Issue("information", "informational", "Nothing wrong was found."),)
    return {"resourceType": "OperationOutcome", "issue": [_issue(one) for one in said]}


def outcome_of(error: CareRecordError) -> Json:
    """The OperationOutcome of a refusal: an issue for each field at fault, or one for the whole."""
    if isinstance(error, InvalidResource):
        return outcome(error.issues)
    code = error.issue_code
    fields = [Issue("error", code, one.message, one.field or None) for one in error.errors]
    return outcome(fields or [Issue("error", code, error.detail)])


def _issue(issue: Issue) -> Json:
    made: Json = {
        "severity": issue.severity,
        "code": issue.code,
        "diagnostics": issue.diagnostics,
    }
    if issue.expression:
        made["expression"] = [issue.expression]
    return made
