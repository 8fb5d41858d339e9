"""What a method and a path of the FHIR face ask for: an interaction, on a type, an instance, a version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from carecord.fhir_api.calls import Level, Operation
from carecord.fhir_api.definitions import resource_types
from carecord.fhir_api.definitions.served import MADE_ON_READING, SERVED
from carecord.kernel.errors import MethodNotAllowed, NotFound

BASE_PATH = "/fhir/R4"


class Interaction(StrEnum):
    """What a client does with resources, by R4's names where it has them."""

    CAPABILITIES = "capabilities"
    SMART_CONFIGURATION = "smart-configuration"
    BUNDLE = "bundle"
    """A batch or a transaction; which of them the body says."""
    READ = "read"
    VREAD = "vread"
    HISTORY_OF_INSTANCE = "history-instance"
    HISTORY_OF_TYPE = "history-type"
    SEARCH = "search-type"
    CREATE = "create"
    UPDATE = "update"
    PATCH = "patch"
    DELETE = "delete"
    CONDITIONAL_UPDATE = "conditional-update"
    CONDITIONAL_PATCH = "conditional-patch"
    CONDITIONAL_DELETE = "conditional-delete"
    OPERATION = "operation"


WRITES = frozenset(
    {
        Interaction.BUNDLE,
        Interaction.CREATE,
        Interaction.UPDATE,
        Interaction.PATCH,
        Interaction.DELETE,
        Interaction.CONDITIONAL_UPDATE,
        Interaction.CONDITIONAL_PATCH,
        Interaction.CONDITIONAL_DELETE,
    }
)
PUBLIC = frozenset({Interaction.CAPABILITIES, Interaction.SMART_CONFIGURATION})
"""What tells of the server and of no patient; anybody may ask."""


@dataclass(frozen=True, slots=True)
class Address:
    """What is asked for. `rest` is what follows the name of an operation."""

    interaction: Interaction
    type: str | None = None
    id: str | None = None
    version: str | None = None
    operation: Operation | None = None
    rest: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As audits and `Call.interaction` name it."""
        return f"${self.operation.name}" if self.operation is not None else self.interaction


_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")

_ON_BASE = {"POST": Interaction.BUNDLE}
_ON_TYPE = {
    "GET": Interaction.SEARCH,
    "POST": Interaction.CREATE,
    "PUT": Interaction.CONDITIONAL_UPDATE,
    "PATCH": Interaction.CONDITIONAL_PATCH,
    "DELETE": Interaction.CONDITIONAL_DELETE,
}
_ON_INSTANCE = {
    "GET": Interaction.READ,
    "PUT": Interaction.UPDATE,
    "PATCH": Interaction.PATCH,
    "DELETE": Interaction.DELETE,
}
_READ_ALONE = frozenset({Interaction.READ, Interaction.SEARCH})
"""What can be asked of types that are made when they are read."""


class Addresses:
    """Finds what a call asks for, operations among the rest."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self._operations = {(one.level, one.type, one.name): one for one in operations}

    def find(self, method: str, path: str) -> Address:
        """`path` is what follows the base, unescaped; raises NotFound or MethodNotAllowed. HEAD is GET."""
        method = "GET" if method == "HEAD" else method
        segments = stripped.split("/") if (stripped := path.strip("/")) else []
        if not segments:
            return Address(_allowed(_ON_BASE, method))
        if segments == ["metadata"]:
            return Address(_allowed({"GET": Interaction.CAPABILITIES}, method))
        if segments == [".well-known", "smart-configuration"]:
            return Address(_allowed({"GET": Interaction.SMART_CONFIGURATION}, method))
        if segments[0].startswith("$"):
            return self._operation(method, Level.SYSTEM, None, None, segments)
        if segments[0] not in SERVED:
            raise _no_such_type(segments[0])
        return self._of_type(method, segments[0], segments[1:])

    def _of_type(self, method: str, type_name: str, segments: list[str]) -> Address:
        made = type_name in MADE_ON_READING
        if not segments:
            return Address(_allowed(_among(_ON_TYPE, read_alone=made), method), type_name)
        first = segments[0]
        if first.startswith("$"):
            return self._operation(method, Level.TYPE, type_name, None, segments)
        if segments == ["_search"]:
            return Address(_allowed({"POST": Interaction.SEARCH}, method), type_name)
        if segments == ["_history"] and not made:
            return Address(_allowed({"GET": Interaction.HISTORY_OF_TYPE}, method), type_name)
        if first.startswith("_"):
            raise NotFound("There is no such address.", reason="unknown_address")
        if not _ID.fullmatch(first):
            raise NotFound("That is no id that a resource can have.", reason="unknown_id")
        return self._of_instance(method, type_name, first, segments[1:])

    def _of_instance(self, method: str, type_name: str, id_: str, segments: list[str]) -> Address:
        made = type_name in MADE_ON_READING
        if not segments:
            return Address(_allowed(_among(_ON_INSTANCE, read_alone=made), method), type_name, id_)
        if segments[0].startswith("$"):
            return self._operation(method, Level.INSTANCE, type_name, id_, segments)
        if segments[0] == "_history" and not made:
            if len(segments) == 1:
                return Address(_allowed({"GET": Interaction.HISTORY_OF_INSTANCE}, method), type_name, id_)
            if len(segments) == 2:
                return Address(
                    _allowed({"GET": Interaction.VREAD}, method), type_name, id_, version=segments[1]
                )
        raise NotFound("There is no such address.", reason="unknown_address")

    def _operation(
        self, method: str, level: Level, type_name: str | None, id_: str | None, segments: list[str]
    ) -> Address:
        name, rest = segments[0][1:], tuple(segments[1:])
        found = self._operations.get((level, type_name, name)) or self._operations.get((level, None, name))
        if found is None or (rest and not found.takes_rest):
            raise NotFound("There is no such operation here.", reason="unknown_operation")
        if method not in found.methods:
            raise _not_allowed(found.methods)
        return Address(Interaction.OPERATION, type_name, id_, operation=found, rest=rest)


def _among(methods: Mapping[str, Interaction], *, read_alone: bool) -> Mapping[str, Interaction]:
    if not read_alone:
        return methods
    return {method: one for method, one in methods.items() if one in _READ_ALONE}


def _allowed(methods: Mapping[str, Interaction], method: str) -> Interaction:
    if method not in methods:
        raise _not_allowed(frozenset(methods))
    return methods[method]


def _no_such_type(name: str) -> NotFound:
    if name in resource_types():
        return NotFound(
            f"R4's type {name} is not kept here; /metadata lists the types that are.",
            reason="type_not_served",
        )
    return NotFound("R4 has no such resource type.", reason="unknown_type")


def _not_allowed(methods: frozenset[str]) -> MethodNotAllowed:
    return MethodNotAllowed(headers={"Allow": ", ".join(sorted(methods))})
