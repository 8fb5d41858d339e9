"""The marks of one resource put together: a tree of its elements, with the fields that lead to each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from carecord.catalogue.model import CatalogueError, Field, Leaf
from carecord.fhir_api.mapping.elements import Place, below
from carecord.fhir_api.mapping.paths import Step
from carecord.fhir_api.mapping.slices import brought_by

Lists = tuple[tuple[str, ...], ...]
"""The lists of an item that a field stands in, each by the names that lead to it from the row around it."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A field that leads to an element, or a constant of the declaration."""

    field: Field | None
    lists: Lists = ()
    names: tuple[str, ...] = ()
    constant: str | None = None

    @classmethod
    def of(cls, leaf: Leaf) -> "Reached":
        lists: list[tuple[str, ...]] = []
        names: list[str] = []
        for one in leaf.path:
            names.append(one.name)
            if one.repeats:
                lists.append(tuple(names))
                names = []
        return cls(leaf.field, tuple(lists), tuple(names))

    @property
    def title(self) -> str:
        """The field in words: `What matters to me`."""
        if self.field is None:
            return ""
        return self.field.attribute.replace("_", " ").strip().capitalize().replace(" i ", " I ")


@dataclass(slots=True)
class Node:
    """An element: a value with what leads to it, or an object with its children by JSON name."""

    place: Place | None
    path: str
    """Where its children stand in the definitions: `Encounter.participant`, `CodeableConcept`."""
    words: tuple[str, ...] = ()
    """The steps of the mark that led here."""
    depth: int = 0
    """How many rows of lists within the item are gone through on the way."""
    reached: list[Reached] = field(default_factory=list)
    entries: dict[str, dict[str, "Node"]] = field(default_factory=dict)
    """By JSON name, then by selector; an element that does not repeat has one entry, under the empty name."""
    rows: tuple[str, ...] | None = None
    """The list whose rows it is made of, where it is one for each."""
    fixed: dict[str, object] = field(default_factory=dict)
    selector: str = ""
    called: "Node | None" = None
    """Of a coding: what its concept is called."""

    def add(self, steps: Sequence[Step], reached: Reached) -> None:
        """Lead the field to the element at the end of the steps."""
        node = self
        for step in steps:
            node = node._child(step, reached)
        node.reached.append(reached)

    def _child(self, step: Step, reached: Reached) -> "Node":
        name, place = self._named(step)
        if place.element.repeats != (step.selector is not None) and place.type != "Identifier":
            raise CatalogueError(f"{'.'.join((*self.words, str(step)))}: it {_wrong_number(place)}")
        selector = step.selector or ""
        entries = self.entries.setdefault(name, {})
        key = selector if place.element.repeats else ""
        found = entries.get(key)
        if found is None:
            iterates = step.each and len(reached.lists) > self.depth
            inside = step.selector if place.type == "Resource" else place.inside
            assert inside is not None
            found = entries[key] = Node(
                place,
                inside,
                words=(*self.words, str(step)),
                depth=self.depth + iterates,
                rows=reached.lists[self.depth] if iterates else None,
                fixed=brought_by(f"{self.path}.{step.name}", selector, reached.title),
                selector=selector,
            )
        return found

    def _named(self, step: Step) -> tuple[str, Place]:
        """The JSON name and place of the next element."""
        if self.place is not None and self.place.is_primitive:
            return step.name, below("Element", step.name)
        return step.name, below(self.path, step.name)

    def only(self, name: str) -> "Node | None":
        """The child that does not repeat."""
        return self.entries.get(name, {}).get("")


def _wrong_number(place: Place) -> str:
    return "repeats, and no place in it is named" if place.element.repeats else "does not repeat"
