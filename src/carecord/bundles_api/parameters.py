"""Query parameters of a list: `PageNumber`, `PageSize`, `Sort<Field>`, `Filter<Field>`, `…From` and `…To`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from carecord.catalogue.checks import (
    DAY_RULE,
    LOCAL_DATE_TIME_RULE,
    check_day,
    check_decimal,
    check_local_date_time,
)
from carecord.catalogue.model import Holds, Kind, Leaf, Operation
from carecord.catalogue.submission import is_time
from carecord.clinical_store.statements import Condition, Selection, Test
from carecord.kernel.errors import BadRequest, FieldError

PAGE_SIZE = 25
PAGE_SIZE_LIMIT = 200
PAGE_NUMBER_LIMIT = 1_000_000
VALUE_LIMIT = 1_000
PARAMETERS_LIMIT = 50
"""Most parameters of one call, and most characters of one value."""


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What a caller asks of a list: which rows in which order, the values of its filters, and which page."""

    selection: Selection
    values: tuple[Any, ...] = ()
    page_number: int = 1
    page_size: int = PAGE_SIZE

    @property
    def offset(self) -> int:
        return (self.page_number - 1) * self.page_size


Reading = tuple[Test, Any] | str
"""How a value filters and what it is in SQL, or the rule it breaks."""


class Takes(Enum):
    """What kind of value a parameter takes."""

    PAGE = "which page"
    DIRECTION = "asc or desc"
    TEXT = "a text to look for"
    NUMBER = "a number"
    BOOLEAN = "true or false"
    TIME = "a day or a time"
    EARLIEST = "the earliest day or time"
    LATEST = "the latest day or time"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter of an operation, and the field that it sorts or filters by."""

    name: str
    takes: Takes
    leaf: Leaf | None = None


@cache
def _parameters(operation: Operation) -> dict[str, Parameter]:
    """Every parameter of the operation, by its name without regard to case."""
    found = [Parameter("PageNumber", Takes.PAGE), Parameter("PageSize", Takes.PAGE)]
    for leaf in operation.leaves:
        if leaf.field.sortable:
            found.append(Parameter(f"Sort{leaf.parameter}", Takes.DIRECTION, leaf))
        if leaf.field.filterable:
            name = f"Filter{leaf.parameter}"
            if is_time(leaf):
                found.append(Parameter(name, Takes.TIME, leaf))
                found.append(Parameter(f"{name}From", Takes.EARLIEST, leaf))
                found.append(Parameter(f"{name}To", Takes.LATEST, leaf))
            elif leaf.field.kind is Kind.INTEGER or leaf.field.holds is Holds.DECIMAL:
                found.append(Parameter(name, Takes.NUMBER, leaf))
            elif leaf.field.kind is Kind.BOOLEAN:
                found.append(Parameter(name, Takes.BOOLEAN, leaf))
            else:
                found.append(Parameter(name, Takes.TEXT, leaf))
    return {parameter.name.lower(): parameter for parameter in found}


def parameters_of(operation: Operation) -> tuple[Parameter, ...]:
    """Every query parameter that a list operation takes, in the order of its fields."""
    return tuple(_parameters(operation).values())


def parameter_names(operation: Operation) -> list[str]:
    """The names of every query parameter that the operation takes."""
    return [parameter.name for parameter in parameters_of(operation)]


_DEFAULTS: dict[Operation, ListRequest] = {}


def read_list_request(operation: Operation, query: bytes) -> ListRequest:
    """Read the query of a list operation; raises BadRequest that names each parameter at fault.

    A parameter that the operation does not have is an error, never ignored. Names pay no heed to case, as in
    the API that this one follows.
    """
    if not query:
        default = _DEFAULTS.get(operation)
        if default is None:
            default = _DEFAULTS.setdefault(operation, ListRequest(Selection(operation)))
        return default
    known = _parameters(operation)
    conditions: list[Condition] = []
    values: list[Any] = []
    order: list[tuple[Leaf, bool]] = []
    page = {"PageNumber": 1, "PageSize": PAGE_SIZE}
    errors: list[FieldError] = []
    seen: set[str] = set()
    for name, value in _pairs(query):
        parameter = known.get(name.lower())
        if parameter is None:
            errors.append(FieldError(name[:100], "is no parameter of this operation"))
        elif parameter.name in seen:
            errors.append(FieldError(parameter.name, "must be given once"))
        elif parameter.leaf is None:
            rule = _read_page(parameter.name, value, page)
            if rule:
                errors.append(FieldError(parameter.name, rule))
        elif parameter.takes is Takes.DIRECTION:
            if value.lower() in ("asc", "desc"):
                order.append((parameter.leaf, value.lower() == "desc"))
            else:
                errors.append(FieldError(parameter.name, "must be asc or desc"))
        else:
            reading = _READERS[parameter.takes](value)
            if isinstance(reading, str):
                errors.append(FieldError(parameter.name, reading))
            else:
                conditions.append(Condition(parameter.leaf, reading[0]))
                values.append(reading[1])
        if parameter is not None:
            seen.add(parameter.name)
    if errors:
        raise BadRequest("A parameter breaks a rule.", errors=errors)
    return ListRequest(
        Selection(operation, tuple(conditions), tuple(order)),
        tuple(values),
        page["PageNumber"],
        page["PageSize"],
    )


def check_no_parameters(query: bytes) -> None:
    """For an operation that takes no parameters; raises BadRequest that names each one sent."""
    errors = [FieldError(name[:100], "is no parameter of this operation") for name, _ in _pairs(query)]
    if errors:
        raise BadRequest("A parameter breaks a rule.", errors=errors)


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=PARAMETERS_LIMIT,
        )
    except UnicodeDecodeError:
        raise BadRequest("The query must be percent-encoded UTF-8.") from None
    except ValueError:
        raise BadRequest(f"More than {PARAMETERS_LIMIT} parameters.") from None


def _read_page(name: str, value: str, page: dict[str, int]) -> str | None:
    most = PAGE_SIZE_LIMIT if name == "PageSize" else PAGE_NUMBER_LIMIT
    if not (value.isascii() and value.isdigit() and len(value) < 9 and 1 <= int(value) <= most):
        return f"must be a whole number from 1 to {most}"
    page[name] = int(value)
    return None


def _read_text(value: str) -> Reading:
    if not value or "\0" in value:
        return "must not be empty"
    if len(value) > VALUE_LIMIT:
        return f"must not be longer than {VALUE_LIMIT} characters"
    return Test.CONTAINS, value


def _read_number(value: str) -> Reading:
    return check_decimal(value) or (Test.EQUALS, value)


def _read_boolean(value: str) -> Reading:
    if value.lower() not in ("true", "false"):
        return "must be true or false"
    return Test.EQUALS, value.lower() == "true"


def _read_time(value: str) -> Reading:
    if len(value) == 10:
        return check_day(value) or (Test.ON_DAY, value)
    return _time_rule(value) or (Test.AT, value)


def _read_from(value: str) -> Reading:
    return (check_day(value) if len(value) == 10 else _time_rule(value)) or (Test.FROM, value)


def _read_to(value: str) -> Reading:
    if len(value) == 10:
        return check_day(value) or (Test.TO_END_OF_DAY, value)
    return _time_rule(value) or (Test.TO, value)


def _time_rule(value: str) -> str | None:
    return f"{DAY_RULE}, or {LOCAL_DATE_TIME_RULE}" if check_local_date_time(value) else None


_READERS: Mapping[Takes, Callable[[str], Reading]] = {
    Takes.TEXT: _read_text,
    Takes.NUMBER: _read_number,
    Takes.BOOLEAN: _read_boolean,
    Takes.TIME: _read_time,
    Takes.EARLIEST: _read_from,
    Takes.LATEST: _read_to,
}
