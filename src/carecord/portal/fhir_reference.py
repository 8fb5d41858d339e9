"""What the reference says of FHIR: all of it from the CapabilityStatement and the catalogue."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from carecord.catalogue.model import Operation
from carecord.fhir_api.addresses import BASE_PATH, Interaction
from carecord.fhir_api.admission import NEEDED
from carecord.fhir_api.calls import Level
from carecord.fhir_api.definitions import Parameter, structure
from carecord.fhir_api.definitions.served import KEPT_AS_SENT, MADE_ON_READING
from carecord.fhir_api.incoming.places import NO_PLACES
from carecord.fhir_api.kept import Json
from carecord.fhir_api.mapping.entries import may_be_restricted
from carecord.fhir_api.operations import OPERATIONS
from carecord.fhir_api.routes import stated
from carecord.fhir_api.searching import parameters_of
from carecord.kernel.settings import Settings
from carecord.portal.fhir_elements import MadeOf, made_of

ADDRESS = "/reference/fhir"

CALLS: Mapping[str, tuple[str, str, str]] = {
    "read": ("GET", "/{id}", "The resource as it is now."),
    "vread": ("GET", "/{id}/_history/{version}", "The resource as it was in a version."),
    "history-instance": ("GET", "/{id}/_history", "Every version of the resource, the newest first."),
    "history-type": ("GET", "/_history", "Every version of every resource of the type, the newest first."),
    "search-type": (
        "GET",
        "",
        "A Bundle of what is found; POST to /_search takes the parameters as a form.",
    ),
    "create": ("POST", "", "A new resource; the server gives the id."),
    "update": ("PUT", "/{id}", "The whole resource anew."),
    "patch": ("PATCH", "/{id}", "Some elements of it, as a JSON Patch."),
    "delete": ("DELETE", "/{id}", "Gone; its versions stay in the history."),
}
"""By R4's code of an interaction: the method, what follows the type in the address, what it does."""

_IN_SHORT = {
    "read": {"read"},
    "search": {"search-type"},
    "history": {"vread", "history-instance", "history-type"},
    "write": {"create", "update", "patch", "delete"},
}
_PLACES = {Level.SYSTEM: "", Level.TYPE: "/{type}", Level.INSTANCE: "/{type}/{{id}}"}


@dataclass(frozen=True)
class InteractionRow:
    """Something that can be done with resources of a type."""

    code: str
    method: str
    path: str
    scope: str
    about: str


@dataclass(frozen=True)
class SearchRow:
    """A search parameter of a type."""

    name: str
    type: str
    about: str
    expression: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class OperationRow:
    """An operation of FHIR's, with the addresses that it is called at."""

    name: str
    calls: tuple[tuple[str, str], ...]
    about: str


@dataclass(frozen=True)
class FHIRReference:
    """All that a page tells of one resource type; `stated` is its part of the CapabilityStatement."""

    stated: Json

    @property
    def type(self) -> str:
        name: str = self.stated["type"]
        return name

    @property
    def address(self) -> str:
        return f"{ADDRESS}/{self.type}"

    @property
    def about(self) -> str:
        """What the type is, in R4's words."""
        return structure(self.type).about.rstrip(".")

    @property
    def writable(self) -> bool:
        return any(one.code == "create" for one in self.interactions)

    @property
    def profiles(self) -> Sequence[str]:
        found: Sequence[str] = self.stated.get("supportedProfile", ())
        return found

    @cached_property
    def interactions(self) -> list[InteractionRow]:
        codes = sorted((one["code"] for one in self.stated["interaction"]), key=list(CALLS).index)
        return [self._interaction(code) for code in codes]

    def _interaction(self, code: str) -> InteractionRow:
        method, path, about = CALLS[code]
        letters = "".join(NEEDED[Interaction(code)])
        return InteractionRow(
            code, method, f"{BASE_PATH}/{self.type}{path}", f"system/{self.type}.{letters}", about
        )

    @property
    def in_short(self) -> str:
        """What can be done with it, in a word for each kind of interaction."""
        codes = {one.code for one in self.interactions}
        return ", ".join(word for word, wanted in _IN_SHORT.items() if wanted <= codes)

    @property
    def conditions(self) -> list[str]:
        """What may hang on a search, or on a version."""
        found = {
            "create by If-None-Exist": self.stated.get("conditionalCreate"),
            "update and patch by a search": self.stated.get("conditionalUpdate"),
            "delete of the one that a search finds": self.stated.get("conditionalDelete") == "single",
            "update to an id of the client's choice": self.stated.get("updateCreate"),
            "read by If-None-Match and If-Modified-Since": self.stated.get("conditionalRead")
            == "full-support",
        }
        return [words for words, holds in found.items() if holds]

    @cached_property
    def parameters(self) -> list[SearchRow]:
        known = parameters_of(self.type)
        return [
            SearchRow(
                name=one["name"],
                type=one["type"],
                about=one.get("documentation") or _sentence(known[one["name"]].about),
                expression=expression_of(self.type, known[one["name"]]) if one["name"] in known else "",
                targets=known[one["name"]].targets if one["name"] in known else (),
            )
            for one in self.stated["searchParam"]
        ]

    @property
    def includes(self) -> Sequence[str]:
        found: Sequence[str] = self.stated.get("searchInclude", ())
        return found

    @property
    def revincludes(self) -> Sequence[str]:
        found: Sequence[str] = self.stated.get("searchRevInclude", ())
        return found

    @cached_property
    def operations(self) -> list[OperationRow]:
        return list(_operations(self.stated.get("operation", ()), self.type))

    @cached_property
    def made_of(self) -> list[MadeOf]:
        return made_of(self.type)

    @cached_property
    def collections(self) -> list[Operation]:
        """The operations of the catalogue whose rows become resources of the type, each once."""
        return list(dict.fromkeys(one.operation for one in self.made_of))

    @property
    def restricted_scopes(self) -> list[str]:
        """Scopes without which some of the resources are not shown."""
        return sorted({one.restricted_scope for one in self.collections if may_be_restricted(one)})

    @property
    def kept(self) -> str:
        """What becomes of a resource that a client sends, in a sentence."""
        if self.type in MADE_ON_READING:
            return "Made when it is read, of what is kept elsewhere. Nobody writes it."
        if self.type == "Patient":
            return "What a client sends is a record of its own source, linked on arrival like any other."
        if self.type in KEPT_AS_SENT:
            return "What a client sends is kept as it is sent; no bundle of the bundles API shows it."
        if self.type in NO_PLACES:
            return f"What a client sends is kept as FHIR alone: {NO_PLACES[self.type]}."
        return (
            "What a client sends becomes a row of the bundles API too, where a collection holds it without"
            " error; otherwise it is kept as FHIR alone."
        )

    @cached_property
    def searched(self) -> str:
        """The words that a search looks through, in lower case."""
        words = ["FHIR R4", self.type, self.about, *(f"${one.name}" for one in self.operations)]
        words += [one.name for one in self.parameters]
        words += [operation.target for operation in self.collections]
        words += dict.fromkeys(
            row.field.rpartition(".")[2].removesuffix("[]")
            for one in self.made_of
            for row in one.rows
            if row.field
        )
        return " ".join(words).lower()


class FHIRFaceReference:
    """What holds for the face as a whole, and each type of it."""

    def __init__(self, settings: Settings) -> None:
        # The statement's date is when a server was started; no page tells of it.
        self.statement = stated(settings, since=datetime(2000, 1, 1, tzinfo=UTC))
        (self.rest,) = self.statement["rest"]
        self.types = {one["type"]: FHIRReference(one) for one in self.rest["resource"]}

    @property
    def base_url(self) -> str:
        url: str = self.statement["implementation"]["url"]
        return url

    @cached_property
    def operations(self) -> list[OperationRow]:
        return list(_operations(self.rest.get("operation", ()), None))

    @property
    def groups(self) -> list[tuple[str, list[FHIRReference]]]:
        """The types by what they are made of."""
        of_rows = [one for one in self.types.values() if one.made_of]
        others = [one for one in self.types.values() if not one.made_of]
        return [
            ("Made of the record's rows", of_rows),
            ("Of what clients send alone", [one for one in others if one.writable]),
            ("Made when it is read", [one for one in others if not one.writable]),
        ]


def expression_of(type_name: str, parameter: Parameter) -> str:
    """What the parameter looks at: the branches that begin with this type; of a composite its parts too."""
    found = " | ".join(
        one
        for one in _branches(parameter.expression)
        if _begins_with(one) in (type_name, "Resource", "DomainResource", None)
    )
    parts = " $ ".join(part.expression for part in parameter.components)
    return f"{found}: {parts}" if parts else found


def _branches(expression: str) -> Iterator[str]:
    """The parts between the bars that stand in no parentheses."""
    depth, start = 0, 0
    for place, sign in enumerate(expression):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            yield expression[start:place].strip()
            start = place + 1
    yield expression[start:].strip()


def _begins_with(branch: str) -> str | None:
    found = re.match(r"\(*([A-Z][A-Za-z]*)", branch)
    return found[1] if found else None


def _operations(listed: Iterable[Json], type_name: str | None) -> Iterator[OperationRow]:
    for one in listed:
        calls = [
            (
                " or ".join(sorted(operation.methods)),
                f"{BASE_PATH}{_PLACES[operation.level].format(type=type_name)}/${operation.name}",
            )
            for operation in OPERATIONS
            if operation.definition == one["definition"]
        ]
        yield OperationRow(one["name"], tuple(calls), one["documentation"])


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "?", "!")) else f"{text}."
