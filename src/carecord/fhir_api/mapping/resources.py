"""What each submitted operation declares of FHIR, compiled: a function for every resource."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from carecord.catalogue import operations_of_store
from carecord.catalogue.model import (
    CatalogueError,
    Differs,
    Equals,
    IsNotNull,
    IsNull,
    Leaf,
    Operation,
    Resource,
    Rows,
)
from carecord.fhir_api.mapping.compiling import compiled
from carecord.fhir_api.mapping.making import Make, Row, field
from carecord.fhir_api.mapping.paths import parse
from carecord.fhir_api.mapping.tree import Lists, Node, Reached


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the resources of one declaration from an item."""

    declared: Resource
    make: Make
    lists: Lists
    """The lists of the item that it is made for every row of; empty where there is one."""

    @property
    def part(self) -> str:
        return self.declared.key.lower().replace(" ", "-")

    def rows(self, row: Row) -> Iterator[Row]:
        """The rows to make it of. A list without rows stands as one that says nothing."""
        if not self.lists:
            yield row
            return
        yield from _opened(row, self.lists)


def _opened(row: Row, lists: Lists) -> Iterator[Row]:
    first, *rest = lists
    inner = field(len(row) - 1, first)(row) or ()
    for one in inner:
        if rest:
            opened = list(_opened((*row, one), tuple(rest)))
            yield from opened or [(*row, one, *({} for _ in rest))]
        else:
            yield (*row, one)


@dataclass(frozen=True, slots=True)
class Mapped:
    """The makers of an operation, or of several that share a row: the main one first."""

    operation: Operation
    condition: Rows | None
    makers: tuple[Maker, ...]


def maker(declared: Resource, operations: Sequence[Operation]) -> Maker:
    """The maker of a declared resource, from the marks of these operations' fields."""
    marks = [
        (leaf, mark.path)
        for operation in operations
        for leaf in operation.leaves
        for mark in leaf.field.fhir
        if (mark.on or "") == declared.key and not is_general(mark.path)
    ]
    lists = _repeated(declared, marks)
    root = Node(None, declared.type, words=(declared.type,), depth=len(lists))
    for path, word in declared.fixed.items():
        root.add(parse(path), Reached(None, constant=word))
    for leaf, path in marks:
        try:
            root.add(parse(path), Reached.of(leaf))
        except CatalogueError as error:
            raise CatalogueError(f"{operations[0].operation_id}: {leaf.name}: {error}") from None
    return Maker(declared, compiled(root), lists)


def is_general(path: str) -> bool:
    """What every resource has alike, whatever the marks say: the server's own, and the tenancy."""
    return path == "id" or path.startswith("meta.")


def _repeated(declared: Resource, marks: Sequence[tuple[Leaf, str]]) -> Lists:
    """The lists that a further resource is made for every row of; the main one is made once."""
    if not declared.key:
        return ()
    longest: Lists = ()
    for leaf, path in marks:
        lists = Reached.of(leaf).lists
        lists = lists[: len(lists) - sum(step.each for step in parse(path))]
        longest = max(longest, lists, key=len)
    return longest


@cache
def mapped(store: str) -> tuple[Mapped, ...]:
    """How the rows of a store become resources: those with a condition first."""
    submitted = [
        operation for operation in operations_of_store(store) if operation.submitted and operation.fhir
    ]
    submitted.sort(key=lambda one: one.store is None or one.store.rows is None)
    return tuple(_mapped(one, submitted) for one in submitted)


def _mapped(operation: Operation, submitted: Sequence[Operation]) -> Mapped:
    """Rows that several operations submit to, each its own fields, become one resource with all of them."""
    assert operation.store is not None
    condition = operation.store.rows
    makers: list[Maker] = []
    for declared in operation.fhir:
        like = [
            other
            for other in submitted
            if other is operation
            or (
                (other.store is None or other.store.rows is None)
                and any(one.type == declared.type and one.key == declared.key for one in other.fhir)
            )
        ]
        like.sort(key=lambda other: other is not operation)
        makers.append(maker(declared, like))
    return Mapped(operation, condition, tuple(makers))


def holds(condition: Rows | None, item: Mapping[str, Any]) -> bool:
    """Whether the row is one of those that the operation shows."""
    match condition:
        case None:
            return True
        case IsNull(field=name):
            return item.get(name) in (None, "")
        case IsNotNull(field=name):
            return item.get(name) not in (None, "")
        case Equals(field=name, value=wanted):
            return bool(item.get(name) == wanted)
        case Differs(field=name, value=unwanted):
            return bool(item.get(name) != unwanted)
        case _:
            raise CatalogueError("rows of a time span are no kind of their own")


def mapped_row(store: str, item: Mapping[str, Any]) -> Mapped | None:
    """How this row of the store becomes resources; None where nothing is declared for it."""
    return next((one for one in mapped(store) if holds(one.condition, item)), None)
