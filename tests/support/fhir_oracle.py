"""Search once more, slow and plain: every resource is looked at and read by FHIRPath, without index or SQL.

It knows nothing of how the server parses, indexes or asks. What a question means is written here a second
time, from R4's own words.
"""

import calendar
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from carecord.fhir_api.definitions import search_parameters

Json = dict[str, Any]

REQUIRED_SYSTEMS = {
    ("Observation", "status"): "http://hl7.org/fhir/observation-status",
    ("Encounter", "status"): "http://hl7.org/fhir/encounter-status",
    ("Patient", "gender"): "http://hl7.org/fhir/administrative-gender",
}
"""Code elements whose binding names one system, so that it may be searched with it."""

NEWEST_BY = {
    "Observation": ["date"],
    "Encounter": ["date"],
    "Condition": ["onset-date", "recorded-date"],
    "MedicationRequest": ["authoredon"],
}

PERSONAL = ("patient", "subject")
"""Parameters that stand for the whole person."""


@dataclass(frozen=True)
class Criterion:
    """One parameter of a search: the way to it, its modifier, and alternatives as (prefix, value)."""

    code: str
    modifier: str = ""
    values: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, ...], ...] = ()
    """Steps before it: ("chain", parameter, target) or ("has", source, parameter)."""

    def pair(self) -> tuple[str, str]:
        """As it stands in a query."""
        way = "".join(
            f"_has:{step[1]}:{step[2]}:" if step[0] == "has" else f"{step[1]}:{step[2]}."
            for step in self.links
        )
        name = f"{way}{self.code}{f':{self.modifier}' if self.modifier else ''}"
        return name, ",".join(f"{prefix}{value}" for prefix, value in self.values)


@dataclass(repr=False)
class Oracle:
    """All resources, who is linked with whom, and what a caller may see."""

    resources: Sequence[Json]
    person_of: Mapping[int, int]
    record_of: Mapping[tuple[str, str], int]
    now: datetime
    sees: Callable[[Json], bool]
    sees_record: Callable[[int], bool]
    _values: dict[tuple[str, str, str], list[Any]] = field(default_factory=dict)

    def find(self, type_name: str, criteria: Sequence[Criterion], sort: Sequence[str]) -> list[str]:
        """The IDs of all that match, in order."""
        found = [
            one
            for one in self.resources
            if one["resourceType"] == type_name
            and self.sees(one)
            and all(self.fulfils(one, criterion) for criterion in criteria)
        ]
        keys = list(sort) or self.default_sort(type_name, criteria)
        found.sort(key=lambda one: one["id"], reverse=keys[-1].startswith("-"))
        for key in reversed(keys):
            found = self._sorted(found, key)
        return [one["id"] for one in found]

    def default_sort(self, type_name: str, criteria: Sequence[Criterion]) -> list[str]:
        narrowed = [one for one in criteria if one.code != "_lastUpdated" or one.links]
        if type_name in NEWEST_BY and narrowed:
            return ["-" + "/".join(NEWEST_BY[type_name])]
        return ["-_lastUpdated"]

    def _sorted(self, found: list[Json], key: str) -> list[Json]:
        down = key.startswith("-")
        codes = key.removeprefix("-").split("/")
        standing: dict[str, Any] = {}
        for one in found:
            all_values = (self.sort_values(one, code) for code in codes)
            values: list[Any] = next((some for some in all_values if some), [])
            if values:
                standing[one["id"]] = max(values) if down else min(values)
        ranked = sorted(
            (one for one in found if one["id"] in standing), key=lambda one: standing[one["id"]], reverse=down
        )
        if down:
            # A reversed sort keeps the order of equals, as a plain one does.
            ranked = sorted(
                (one for one in found if one["id"] in standing),
                key=lambda one: _Reversed(standing[one["id"]]),
            )
        return ranked + [one for one in found if one["id"] not in standing]

    def sort_values(self, one: Json, code: str) -> list[Any]:
        if code == "_id":
            return [one["id"]]
        if code == "_lastUpdated":
            return [span(one["meta"]["lastUpdated"])[0]]
        kind = search_parameters(one["resourceType"])[code].type
        values = self.values(one, code)
        match kind:
            case "date":
                spans = [span_of(value) for value in values]
                return [low if low is not None else high for low, high in spans]
            case "token":
                codes = [code for value in values for _, code in codings(value) if code]
                texts = [text for value in values for text in texts_of(value)]
                return codes[:1] or texts[:1]
            case "quantity":
                return [bounds(value)[0] for value in values]
            case "reference":
                return [value["reference"] for value in values if "/" in value.get("reference", "")]
            case _:
                return [folded(text) for value in values for text in words(value)]

    def values(self, one: Json, code: str) -> list[Any]:
        type_name = one["resourceType"]
        where = (type_name, one["id"], code)
        if where not in self._values:
            found = expression_of(type_name, code)(one)
            if code == "patient":
                found = [value for value in found if value.get("reference", "").startswith("Patient/")]
            self._values[where] = found
        return self._values[where]

    def fulfils(self, one: Json, criterion: Criterion) -> bool:
        if criterion.links:
            step, *rest = criterion.links
            inner = Criterion(criterion.code, criterion.modifier, criterion.values, tuple(rest))
            return (self._chained if step[0] == "chain" else self._had)(one, step, inner)
        return self.matches(one, criterion)

    def _chained(self, one: Json, step: tuple[str, ...], inner: Criterion) -> bool:
        _, parameter, target = step
        for other in self.resources:
            if other["resourceType"] != target or not self.sees(other) or not self.fulfils(other, inner):
                continue
            if parameter in PERSONAL and target == "Patient":
                if self._same_person(one, int(other["id"])):
                    return True
            elif f"{target}/{other['id']}" in self._references(one, parameter):
                return True
        return False

    def _had(self, one: Json, step: tuple[str, ...], inner: Criterion) -> bool:
        _, source, parameter = step
        for other in self.resources:
            if other["resourceType"] != source or not self.sees(other) or not self.fulfils(other, inner):
                continue
            if parameter in PERSONAL and one["resourceType"] == "Patient":
                if self._same_person(other, int(one["id"])):
                    return True
            elif f"{one['resourceType']}/{one['id']}" in self._references(other, parameter):
                return True
        return False

    def _references(self, one: Json, parameter: str) -> list[str]:
        return [value.get("reference", "") for value in self.values(one, parameter)]

    def _same_person(self, one: Json, record: int) -> bool:
        whose = self.record_of[one["resourceType"], one["id"]]
        return (
            record in self.person_of
            and self.sees_record(record)
            and self.person_of[whose] == self.person_of[record]
        )

    def matches(self, one: Json, criterion: Criterion) -> bool:
        code, type_name = criterion.code, one["resourceType"]
        alternatives = criterion.values
        if code == "_id":
            return any(one["id"] == value for _, value in alternatives)
        if code == "_lastUpdated":
            at = span(one["meta"]["lastUpdated"])[0]
            return any(
                self._compares(prefix, (at, at + timedelta(microseconds=1)), value)
                for prefix, value in alternatives
            )
        values = self.values(one, code)
        parameter = search_parameters(type_name)[code]
        if criterion.modifier == "missing":
            # A composite has a value where an element has all of its parts.
            whole = [
                value
                for value in values
                if all(within(value, part.expression) for part in parameter.components)
            ]
            return (not whole) == (alternatives[0][1] == "true")
        match parameter.type:
            case "token":
                return self._token(one, criterion, values)
            case "reference":
                return any(self._refers(one, code, value, criterion.modifier) for _, value in alternatives)
            case "date":
                return any(
                    self._compares(prefix, span_of(value), sought)
                    for value in values
                    for prefix, sought in alternatives
                )
            case "quantity":
                return any(
                    measures(prefix, value, sought) for value in values for prefix, sought in alternatives
                )
            case "composite":
                parts = [(part.type, part.expression) for part in parameter.components]
                return any(
                    self._composite(element, parts, sought)
                    for element in values
                    for _, sought in alternatives
                )
            case _:
                found = [text for value in values for text in words(value)]
                return any(
                    reads(criterion.modifier, text, sought) for text in found for _, sought in alternatives
                )

    def _token(self, one: Json, criterion: Criterion, values: Sequence[Any]) -> bool:
        sought = [value for _, value in criterion.values]
        if criterion.modifier == "text":
            found = [folded(text) for value in values for text in texts_of(value)]
            return any(re.search(rf"(^| ){re.escape(folded(one))}", text) for text in found for one in sought)
        system = REQUIRED_SYSTEMS.get((one["resourceType"], criterion.code))
        hit = any(
            is_coded(pair, one, system) for value in values for pair in codings(value) for one in sought
        )
        return hit != (criterion.modifier == "not")

    def _refers(self, one: Json, code: str, sought: str, modifier: str) -> bool:
        reference = f"{modifier}/{sought}" if modifier else sought
        if code in PERSONAL and (reference.isdigit() or reference.startswith("Patient/")):
            return self._same_person(one, int(reference.removeprefix("Patient/")))
        found = self._references(one, code)
        return reference in found or any(text.endswith(f"/{reference}") for text in found)

    def _compares(self, prefix: str, value: tuple[Any, Any], sought: str) -> bool:
        low, high = span(sought)
        starts, ends = value[0] or BEGINNING, value[1] or END
        within = low <= starts and ends <= high
        above, below = ends > high, starts < low
        match prefix:
            case "" | "eq":
                return within
            case "ne":
                return not within
            case "gt":
                return above
            case "lt":
                return below
            case "ge":
                return above or within
            case "le":
                return below or within
            case "sa":
                return starts >= high
            case "eb":
                return ends <= low
        gap = max(low - self.now, self.now - high, timedelta(0)) / 10
        return starts < high + gap and ends > low - gap

    def _composite(self, element: Json, parts: Sequence[tuple[str, str]], sought: str) -> bool:
        for (kind, expression), wanted in zip(parts, sought.split("$"), strict=True):
            values = within(element, expression)
            if kind == "token":
                hit = any(is_coded(pair, wanted, None) for value in values for pair in codings(value))
            else:
                found = re.fullmatch(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", wanted)
                assert found is not None
                hit = any(measures(found[1] or "", value, found[2]) for value in values)
            if not hit:
                return False
        return True


class _Reversed:
    """Orders the other way round, and leaves equals equal."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Reversed") -> bool:
        return bool(other.value < self.value)


BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)


@cache
def expression_of(type_name: str, code: str) -> Callable[[Json], list[Any]]:
    """What FHIRPath reads of a resource; what the library cannot resolve is left to the caller."""
    text = re.sub(r"\.where\(resolve\(\) is \w+\)", "", search_parameters(type_name)[code].expression)
    # `as` is of one value by FHIRPath's rules, and of many by R4's intent.
    text = re.sub(r"\.as\((\w+)\)|(?<=\w) as (\w+)", lambda found: f".ofType({found[1] or found[2]})", text)
    compiled = fhirpathpy.compile(text, model=models["r4"])
    return lambda resource: list(compiled(resource))


def within(element: Json, expression: str) -> list[Any]:
    """The part of a composite, read by the names that its expression has."""
    name = expression.split(".")[0]
    kind = re.search(r"\b(?:as|ofType)\((\w+)\)", expression)
    found = element.get(f"{name}{kind[1]}" if kind else name)
    return [] if found is None else [found]


def span_of(value: Any) -> tuple[datetime | None, datetime | None]:
    if isinstance(value, str):
        return span(value)
    start, end = value.get("start"), value.get("end")
    return span(start)[0] if start else None, span(end)[1] if end else None


@cache
def span(text: str) -> tuple[datetime, datetime]:
    """From, and up to but without."""
    if re.fullmatch(r"\d{4}", text):
        return datetime(int(text), 1, 1, tzinfo=UTC), datetime(int(text) + 1, 1, 1, tzinfo=UTC)
    if re.fullmatch(r"\d{4}-\d\d", text):
        year, month = int(text[:4]), int(text[5:])
        start = datetime(year, month, 1, tzinfo=UTC)
        return start, start + timedelta(days=calendar.monthrange(year, month)[1])
    at = datetime.fromisoformat(text)
    at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    if len(text) == 10:
        return at, at + timedelta(days=1)
    clock = re.split(r"[Z+]", text[11:])[0]
    if "." in clock:
        return at, at + timedelta(milliseconds=1)
    return at, at + (timedelta(seconds=1) if clock.count(":") == 2 else timedelta(minutes=1))


def measures(prefix: str, value: Any, sought: str) -> bool:
    """Whether a quantity, or a range of two, compares so with `number|system|code`."""
    number, _, unit = sought.partition("|")
    system, _, code = unit.partition("|")
    some = value if "value" in value else value["low"]
    if system and some.get("system") != system:
        return False
    if code and not (code == some.get("code") or (not system and code == some.get("unit"))):
        return False
    low, high = bounds(value)
    exact = Decimal(number)
    half = half_of_last_digit(exact)
    within = exact - half <= low and high < exact + half
    tenth = abs(exact) / 10
    return {
        "": within,
        "eq": within,
        "ne": not within,
        "gt": high > exact,
        "lt": low < exact,
        "ge": high >= exact,
        "le": low <= exact,
        "sa": low > exact,
        "eb": high < exact,
        "ap": low <= exact + tenth and high >= exact - tenth,
    }[prefix]


def bounds(value: Any) -> tuple[Decimal, Decimal]:
    """A quantity's value; of a range its ends, as far as their digits leave them open."""
    if "value" in value:
        exact = Decimal(str(value["value"]))
        return exact, exact
    low, high = (Decimal(str(value[end]["value"])) for end in ("low", "high"))
    return low - half_of_last_digit(low), high + half_of_last_digit(high)


def half_of_last_digit(number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(10) ** exponent / 2


def codings(value: Any) -> Iterator[tuple[str | None, str | None]]:
    if isinstance(value, bool):
        yield None, "true" if value else "false"
    elif isinstance(value, str):
        yield None, value
    elif "coding" in value or "text" in value:
        for coding in value.get("coding", []):
            yield coding.get("system"), coding.get("code")
    else:
        yield value.get("system"), value.get("code", value.get("value"))


def is_coded(pair: tuple[str | None, str | None], sought: str, required: str | None) -> bool:
    system, code = pair
    if "|" not in sought:
        return code == sought
    wanted_system, _, wanted = sought.partition("|")
    if not wanted_system:
        return system is None and code == wanted
    return (
        (system or required) == wanted_system
        and (not wanted or code == wanted)
        and not (system is None and not wanted)
    )


def texts_of(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    found = [
        value.get("text"),
        value.get("display"),
        *[one.get("display") for one in value.get("coding", [])],
    ]
    found.append(value.get("type", {}).get("text") if isinstance(value.get("type"), dict) else None)
    return [one for one in found if isinstance(one, str)]


def words(value: Any) -> list[str]:
    """What a string parameter reads: a text, or each part of a name or address."""
    if isinstance(value, str):
        return [value]
    parts = [value.get(name) for name in ("text", "family", "given", "prefix", "suffix")]
    parts += [value.get(name) for name in ("line", "city", "district", "state", "postalCode", "country")]
    return [one for part in parts if part for one in (part if isinstance(part, list) else [part])]


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return " ".join("".join(one for one in plain if not unicodedata.combining(one)).lower().split())


def reads(modifier: str, text: str, sought: str) -> bool:
    match modifier:
        case "exact":
            return text == sought
        case "contains":
            return folded(sought) in folded(text)
        case _:
            return folded(text).startswith(folded(sought))
