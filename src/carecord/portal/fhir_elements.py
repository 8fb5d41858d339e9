"""Which field of a collection stands in which element of FHIR, as the declarations say."""

from dataclasses import dataclass

from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import Operation, Resource
from carecord.fhir_api.mapping.exceptions import NOT_IN_FHIR
from carecord.fhir_api.mapping.resources import is_general


@dataclass(frozen=True)
class ElementRow:
    """An element, and the field of the collection that it holds, or what it always is."""

    element: str
    field: str | None
    always: str | None


@dataclass(frozen=True)
class MadeOf:
    """How a row of one collection becomes a resource of the type."""

    operation: Operation
    declared: Resource
    rows: tuple[ElementRow, ...]
    left_out: tuple[tuple[str, str], ...]
    """Fields of the collection that reach no element of any resource, with the reason."""

    @property
    def title(self) -> str:
        """The collection, and which of its resources it is where a row becomes several of the type."""
        target, key = self.operation.target, self.declared.key
        return f"{target}: {key}" if key not in ("", self.declared.type) else target


def made_of(type_name: str) -> list[MadeOf]:
    """How each collection becomes resources of the type."""
    return [
        _made_of(operation, declared)
        for operation in OPERATIONS
        if operation.submitted
        for declared in operation.fhir
        if declared.type == type_name
    ]


def _made_of(operation: Operation, declared: Resource) -> MadeOf:
    marked = [
        ElementRow(mark.path, leaf.name, None)
        for leaf in operation.leaves
        for mark in leaf.field.fhir
        if (mark.on or "") == declared.key and not is_general(mark.path)
    ]
    fixed = [ElementRow(path, None, value) for path, value in declared.fixed.items()]
    left_out = [
        (leaf.name, NOT_IN_FHIR[operation.item.__name__, leaf.name])
        for leaf in operation.leaves
        if (operation.item.__name__, leaf.name) in NOT_IN_FHIR
    ]
    return MadeOf(
        operation,
        declared,
        tuple(sorted(marked, key=lambda row: row.element)) + tuple(fixed),
        tuple(left_out) if not declared.key else (),
    )
