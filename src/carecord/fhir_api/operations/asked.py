"""What an operation is asked: parameters of the query, or a Parameters resource in the body, read alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from carecord.fhir_api.calls import Call
from carecord.fhir_api.definitions import SERVED, resource_types
from carecord.fhir_api.kept import Json
from carecord.fhir_api.moments import Moment
from carecord.fhir_api.moments import moment as read_moment
from carecord.kernel.errors import BadRequest, FieldError


@dataclass(frozen=True, slots=True)
class Asked:
    """Values by parameter: texts of the query as they are, those of a body as JSON has them."""

    values: Mapping[str, Sequence[Any]]
    resources: Mapping[str, Json]
    """Parameters whose value is a resource."""

    def text(self, name: str) -> str | None:
        """The one value of a parameter; BadRequest where it stands twice or is empty."""
        found = self.values.get(name, ())
        if not found:
            return None
        if len(found) > 1:
            raise refuse(name, "must not stand twice")
        text = str(found[0]) if not isinstance(found[0], bool) else str(found[0]).lower()
        if not text.strip():
            raise refuse(name, "must not be empty")
        return text

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self.text(name)
        if text is None:
            return default
        if text not in ("true", "false"):
            raise refuse(name, "must be true or false")
        return text == "true"

    def count(self, name: str, *, default: int, most: int) -> int:
        """A whole number from 1; more than `most` is as good as `most`."""
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
            raise refuse(name, "must be a whole number from 1")
        return min(int(text), most)

    def since(self, name: str) -> datetime | None:
        """The first moment that an instant or date stands for."""
        text = self.text(name)
        return None if text is None else at(stretch(name, text).low)

    def types(self, name: str) -> tuple[str, ...] | None:
        """Served types, from values set apart by commas; None where none is asked for."""
        found = self.values.get(name, ())
        if not found:
            return None
        named = sorted({one.strip() for text in found for one in str(text).split(",")})
        for one in named:
            if one not in SERVED:
                known = "is not served" if one in resource_types() else "is no resource type"
                raise refuse(name, f"names a type that {known}")
        return tuple(named)

    def check_known(self, *names: str) -> None:
        """BadRequest where a parameter is none of these."""
        for name in (*self.values, *self.resources):
            if name not in names:
                raise refuse(name, f"is no parameter of this operation; it has {', '.join(names)}")


def refuse(parameter: str, rule: str) -> BadRequest:
    return BadRequest("A parameter breaks a rule.", errors=[FieldError(parameter, rule)])


def stretch(name: str, text: str) -> Moment:
    """The stretch of time that a date, dateTime or instant stands for; BadRequest names the parameter."""
    # A plus sign in a query is a blank to those who do not escape it.
    found = read_moment(text.replace(" ", "+"))
    if found is None:
        raise refuse(name, "must be an instant or a date")
    return found


def at(us: int) -> datetime:
    """The instant of so many microseconds since 1970; the last there is for those beyond the calendar."""
    try:
        return _EPOCH + timedelta(microseconds=us)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def read_asked(call: Call) -> Asked:
    """The parameters of a call: of its query, and of the Parameters in its body where it has one."""
    values: dict[str, list[Any]] = {}
    resources: dict[str, Json] = {}
    for name, value in call.parameters:
        values.setdefault(name, []).append(value)
    if call.method == "POST" and await call.read_body():
        body = await call.read_resource()
        if body.get("resourceType") != "Parameters":
            raise BadRequest(
                "The body breaks a rule.",
                errors=[FieldError("resourceType", "must be Parameters")],
            )
        for one in body.get("parameter", ()):
            _add(one, values, resources)
    return Asked(values, resources)


def _add(parameter: Any, values: dict[str, list[Any]], resources: dict[str, Json]) -> None:
    if not isinstance(parameter, dict) or not isinstance(parameter.get("name"), str):
        raise refuse("Parameters.parameter", "must have a name")
    name = parameter["name"]
    if isinstance(parameter.get("resource"), dict):
        if name in resources:
            raise refuse(name, "must not stand twice")
        resources[name] = parameter["resource"]
        return
    found = [value for key, value in parameter.items() if key.startswith("value")]
    if len(found) != 1:
        raise refuse(name, "must have one value")
    values.setdefault(name, []).append(found[0])
