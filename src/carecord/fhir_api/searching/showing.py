"""How an answer is shown: order, page size, total, what is cut and what comes along."""

from collections.abc import Mapping

from carecord.fhir_api import definitions
from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.indexing import parameters_of
from carecord.fhir_api.searching.literals import BadValue
from carecord.fhir_api.searching.model import Include, SortKey, Summary, Total
from carecord.fhir_api.searching.ordering import sort_key
from carecord.fhir_api.searching.slots import UnknownModifier, UnknownParameter

LARGEST_COUNT = 1000
MOST_SORT_KEYS = 8

SHOWING = (
    "_sort",
    "_count",
    "_total",
    "_totalMethod",
    "_summary",
    "_elements",
    "_include",
    "_revinclude",
)


class Showing:
    """What these parameters ask, each taken as it comes."""

    def __init__(self, type_name: str) -> None:
        self._type = type_name
        self._seen: set[str] = set()
        self.sort: tuple[SortKey, ...] = ()
        self.count: int | None = None
        self.total: Total | None = None
        self.summary = Summary.FALSE
        self.elements: list[str] = []
        self.includes: list[Include] = []
        self.revincludes: list[Include] = []

    def take(self, name: str, value: str) -> None:
        """Raises `BadValue`, `UnknownParameter` or `UnknownModifier`."""
        code, _, modifier = name.partition(":")
        if code in ("_include", "_revinclude"):
            if modifier not in ("", "iterate"):
                raise UnknownModifier(modifier)
            found = _include(value, iterate=modifier == "iterate", reverse=code == "_revinclude")
            (self.includes if code == "_include" else self.revincludes).append(found)
            return
        if modifier:
            raise UnknownModifier(modifier)
        if code in self._seen and code not in ("_elements", "_sort"):
            raise BadValue("it stands twice")
        self._seen.add(code)
        getattr(self, f"_take{code}")(value)

    def _take_sort(self, value: str) -> None:
        keys = [sort_key(self._type, one) for one in value.split(",")]
        self.sort += tuple(keys)
        if len(self.sort) > MOST_SORT_KEYS:
            raise BadValue(f"it has more than {MOST_SORT_KEYS} keys")

    def _take_count(self, value: str) -> None:
        if not (value.isascii() and value.isdecimal()):
            raise BadValue("it is a whole number from 0")
        self.count = min(int(value[:9]), LARGEST_COUNT)

    def _take_total(self, value: str) -> None:
        self.total = Total(_choice(value, Total))

    # How the Python client fhirpy asks for a total.
    def _take_totalMethod(self, value: str) -> None:  # noqa: N802
        _choice(value, {"count": None})
        self.total = Total.ACCURATE

    def _take_summary(self, value: str) -> None:
        self.summary = Summary(_choice(value, Summary))

    def _take_elements(self, value: str) -> None:
        known = {name for element in _top_elements(self._type) for name in (element, element[:-3])}
        for name in value.split(","):
            bare = name.strip().removeprefix(f"{self._type}.")
            if bare not in known:
                raise BadValue(f"it names an element that {self._type} does not have at its top")
            self.elements.append(bare)


def _choice(value: str, allowed: "Mapping[str, object] | type[Summary] | type[Total]") -> str:
    words = list(allowed) if isinstance(allowed, Mapping) else [one.value for one in allowed]
    if value not in words:
        raise BadValue(f"it is one of {', '.join(words)}")
    return value


def _top_elements(type_name: str) -> list[str]:
    return ["id", "meta", *definitions.children(type_name)]


def _include(value: str, *, iterate: bool, reverse: bool) -> Include:
    if value == "*":
        return Include("*", "*", None, iterate)
    source, parameter, target, *more = [*value.split(":"), "", ""][:4]
    if not parameter or any(more) or value.count(":") > 2:
        raise BadValue("it is Type:parameter, Type:parameter:Target, Type:* or *")
    if source not in SERVED or (target and target not in definitions.resource_types()):
        raise UnknownParameter("it names a resource type that this server does not have")
    if parameter != "*":
        found = parameters_of(source).get(parameter)
        if found is None or found.type != "reference":
            raise UnknownParameter(f"it names no reference parameter of {source}")
    return Include(source, parameter, target or None, iterate)
