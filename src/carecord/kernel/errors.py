"""Every way carecord refuses, in one tree.

    CareRecordError                 500  something went wrong on our side
    ├── BadRequest                  400  a parameter or a body that breaks a rule; names the field
    ├── NotAuthenticated            401  no token or key, or one that does not count
    ├── NotAllowed                  403  a known caller asks for what it has no right to
    ├── NotFound                    404  no such thing, or the caller may not know of it
    ├── MethodNotAllowed            405  the path exists, the method does not
    ├── NotAcceptable               406  no representation the caller accepts
    ├── Conflict                    409  contradicts what is stored
    ├── Gone                        410  it was there, and has been deleted
    ├── PreconditionFailed          412  the state is not the one that the change was meant for
    ├── BodyTooLarge                413  more than we read
    ├── AddressTooLong              414  a path and query longer than the server reads
    ├── UnsupportedMediaType        415  a body in a form we do not read
    ├── Unprocessable               422  well-formed, but no item of it holds
    ├── TooManyRequests             429  over the rate of the subscription
    ├── HeadersTooLarge             431  header fields larger than the server reads
    ├── Unavailable                 503  a part we need does not answer
    └── SetUpError                       carecord cannot start as it is set up (never over HTTP)

A class is a public text, a status and a FHIR issue code. What only operators may know goes to the log
under the trace id, never into the text. No text holds a patient's value.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field (a parameter, or a path into the body) and the rule it broke."""

    field: str
    message: str


class CareRecordError(Exception):
    """Something went wrong on our side; it is logged under the trace id."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    issue_code: ClassVar[str] = "exception"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or self.title).strip().splitlines()[0]
        self.errors = tuple(errors)
        self.headers = headers or {}
        self.reason = reason
        """One word for the audit row, such as `scope_missing`."""
        super().__init__(self.detail)


class BadRequest(CareRecordError):
    """The request breaks a rule."""

    status = 400
    title = "Bad request"
    issue_code = "invalid"


class NotAuthenticated(CareRecordError):
    """A valid access token and subscription key are needed."""

    status = 401
    title = "Not authenticated"
    issue_code = "login"


class NotAllowed(CareRecordError):
    """This client has no right to this operation."""

    status = 403
    title = "Not allowed"
    issue_code = "forbidden"


class NotFound(CareRecordError):
    """There is nothing here that you may see."""

    status = 404
    title = "Not found"
    issue_code = "not-found"


class MethodNotAllowed(CareRecordError):
    """This path does not take this method."""

    status = 405
    title = "Method not allowed"
    issue_code = "not-supported"


class NotAcceptable(CareRecordError):
    """None of the media types that you accept can be given."""

    status = 406
    title = "Not acceptable"
    issue_code = "not-supported"


class Conflict(CareRecordError):
    """The request contradicts what is stored."""

    status = 409
    title = "Conflict"
    issue_code = "conflict"


class Gone(CareRecordError):
    """It has been deleted."""

    status = 410
    title = "Gone"
    issue_code = "deleted"


class PreconditionFailed(CareRecordError):
    """What is stored is not what the change was meant for."""

    status = 412
    title = "Precondition failed"
    issue_code = "conflict"


class BodyTooLarge(CareRecordError):
    """The body is larger than this route reads."""

    status = 413
    title = "Body too large"
    issue_code = "too-long"


class AddressTooLong(CareRecordError):
    """The address is longer than the server reads."""

    status = 414
    title = "Address too long"
    issue_code = "too-long"


class UnsupportedMediaType(CareRecordError):
    """The body must be JSON."""

    status = 415
    title = "Unsupported media type"
    issue_code = "not-supported"


class Unprocessable(CareRecordError):
    """No item of the request holds."""

    status = 422
    title = "Unprocessable"
    issue_code = "processing"


class TooManyRequests(CareRecordError):
    """The subscription is over its rate; wait and call again."""

    status = 429
    title = "Too many requests"
    issue_code = "throttled"


class HeadersTooLarge(CareRecordError):
    """The header fields are larger than the server reads."""

    status = 431
    title = "Header fields too large"
    issue_code = "too-long"


class Unavailable(CareRecordError):
    """A part that carecord needs does not answer; call again later."""

    status = 503
    title = "Unavailable"
    issue_code = "transient"


class SetUpError(CareRecordError):
    """carecord cannot start as it is set up."""

    title = "Cannot start"
