"""The one shape of every error over HTTP: RFC 9457 problem details, fields at fault, and a trace id."""

import msgspec

from carecord.kernel.errors import CareRecordError

MEDIA_TYPE = "application/problem+json"


class ProblemField(msgspec.Struct):
    """One field and the rule it broke."""

    field: str
    message: str


class Problem(msgspec.Struct, rename={"trace_id": "traceId"}):
    """The body of an error. `errors` is empty when no field is at fault."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemField]
    trace_id: str


def encode_problem(error: CareRecordError, *, instance: str, trace_id: str) -> bytes:
    """The body for an error; `instance` is the path asked for, without its query."""
    return msgspec.json.encode(
        Problem(
            type="about:blank",
            title=error.title,
            status=error.status,
            detail=error.detail,
            instance=instance,
            errors=[ProblemField(one.field, one.message) for one in error.errors],
            trace_id=trace_id,
        )
    )
