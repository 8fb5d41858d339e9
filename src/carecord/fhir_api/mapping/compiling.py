"""A tree of elements becomes a function that makes the resource: done once for each declaration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from carecord.catalogue.code_systems import LOCAL, READ2
from carecord.catalogue.model import CatalogueError, Holds
from carecord.catalogue.value_lists import GENDER
from carecord.fhir_api.definitions import children, value_set
from carecord.fhir_api.mapping import making, systems, values
from carecord.fhir_api.mapping.codes import codes_for, element_of
from carecord.fhir_api.mapping.elements import absent_children, below
from carecord.fhir_api.mapping.making import Make, Row
from carecord.fhir_api.mapping.tree import Node, Reached
from carecord.fhir_api.mapping.units import FIELD_UNITS

_QUANTITIES = frozenset({"Quantity", "Duration", "Age", "Count", "Distance"})
_ITEM = 1
"""The place of the item in a row: before it stands about whom."""


def compiled(root: Node) -> Make:
    """The function that makes the resource of this tree."""
    return _Compiler(root).object(root)


@dataclass(frozen=True, slots=True)
class _Compiler:
    root: Node

    def object(self, node: Node, *, unit: Node | None = None) -> Make:
        if node.place is not None and node.place.type in _QUANTITIES:
            return self._quantity(node, unit)
        _name_codings(node)
        _name_activity(node)
        made: list[tuple[str, Make]] = []
        for name, entries in node.entries.items():
            made += self._children(node, name, entries)
        brought, fixed = _brought(node)
        if node.called is not None:
            brought.append(("display", self._value(node.called)))
        absent = () if node is self.root else absent_children(node.path)
        make = making.element(made, fixed=fixed, brought=brought, absent=absent)
        return making.coding(make) if node.path == "Coding" else make

    def _children(self, node: Node, name: str, entries: dict[str, Node]) -> list[tuple[str, Make]]:
        first = next(iter(entries.values()))
        assert first.place is not None
        if first.place.element.repeats:
            return [(name, making.several([self._entry(one) for one in entries.values()]))]
        made: list[tuple[str, Make]] = []
        if first.reached:
            made.append((name, self._value(first)))
            if first.entries:  # what belongs to a primitive
                made.append((f"_{name}", self._beside(first)))
        elif first.place.is_primitive:
            made.append((f"_{name}", self._beside(first)))
        else:
            made.append((name, self.object(first, unit=self._unit_beside(node, name))))
        if name == "valueQuantity" and (amount := first.only("value")):
            made.append(("valueString", making.words_instead(self._get(amount, amount.reached[0]))))
        return made

    def _entry(self, node: Node) -> tuple[bool, Make]:
        make = self._value(node) if node.reached else self.object(node)
        if node.rows is None:
            return False, make
        return True, making.each(making.field(_ITEM + node.depth - 1, node.rows), make)

    def _beside(self, node: Node) -> Make:
        made = [
            (name, making.several([self._entry(one) for one in entries.values()]))
            for name, entries in node.entries.items()
        ]
        return making.element(made, fixed={})

    def _value(self, node: Node) -> Make:
        return making.first_of([self._one_value(node, reached) for reached in node.reached])

    def _one_value(self, node: Node, reached: Reached) -> Make:
        assert node.place is not None
        if not node.place.is_primitive:
            raise CatalogueError(f"{'.'.join(node.words)}: a {node.place.type} is no value")
        convert = _conversion(node, reached)
        if reached.constant is not None:
            given: Any = reached.constant
            if node.place.type == "boolean":
                given = given == "true"
            return making.constant(given)
        if len(reached.names) == 1 and len(reached.lists) <= node.depth:
            return making.plain_value(_ITEM + len(reached.lists), reached.names[0], convert)
        return making.value(self._get(node, reached), convert)

    def _get(self, node: Node, reached: Reached) -> Make:
        """How the field is found: in the item, in the row gone through, or in the first row that has it."""
        depth = min(len(reached.lists), node.depth)
        beyond = reached.lists[depth:]
        if beyond:
            return making.first_row(_ITEM + depth, beyond, reached.names)
        return making.field(_ITEM + depth, reached.names)

    def _quantity(self, node: Node, unit: Node | None) -> Make:
        amount, said = node.only("value"), node.only("unit") or unit
        if amount is None:
            raise CatalogueError(f"{'.'.join(node.words)}: a unit without a value")
        fields = [reached.field for reached in amount.reached if reached.field]
        fixed = next((FIELD_UNITS[one.attribute] for one in fields if one.attribute in FIELD_UNITS), None)
        return making.quantity(
            making.first_of([self._get(amount, reached) for reached in amount.reached]),
            self._value(said) if said else None,
            fixed=fixed,
        )

    def _unit_beside(self, node: Node, name: str) -> Node | None:
        """A reference range is in the unit of the result."""
        if name in ("low", "high") and (result := self.root.only("valueQuantity")):
            return result.only("unit")
        return None


def _name_codings(node: Node) -> None:
    """What a concept is called stands beside its codes too."""
    text = node.only("text")
    if node.path != "CodeableConcept" or text is None or any(one.field is None for one in text.reached):
        return
    for coding in node.entries.get("coding", {}).values():
        if "display" not in coding.entries:
            place = below("Coding", "display")
            coding.called = Node(place, "string", (*coding.words, "display"), coding.depth, text.reached)


def _name_activity(node: Node) -> None:
    """A named activity of a plan is of that kind, where no field says more."""
    detail = node.only("detail")
    if node.path != "CarePlan.activity" or not node.selector or node.selector.isdigit() or detail is None:
        return
    if "code" not in detail.entries:
        detail.fixed["code"] = {"text": node.selector.replace("-", " ").capitalize()}


def _brought(node: Node) -> tuple[list[tuple[str, Make]], dict[str, Any]]:
    """The system of a code or identifier, and what else the slice brings."""
    fixed: dict[str, Any] = dict(node.fixed)
    brought: list[tuple[str, Make]] = []
    system: str | Callable[[Row], str] | None = None
    if node.path == "Coding" and "code" in node.entries:
        system = _coded_in(node)
    elif node.path == "Identifier" and "value" in node.entries:
        system = systems.IDENTIFIERS.get(node.selector) or _local_identifiers
    if isinstance(system, str):
        fixed["system"] = system
    elif system is not None:
        brought.append(("system", system))
    if node.words[-1].startswith("contained["):
        fixed |= {"resourceType": node.path, "id": node.path.lower()}
        if "subject" in children(node.path):
            brought.append(("subject", _subject))
    return brought, fixed


def _local_identifiers(row: Row) -> str:
    return systems.local_identifiers(row[0].source)


def _local_codes(row: Row) -> str:
    return systems.local_codes(row[0].source)


def _subject(row: Row) -> dict[str, str]:
    return {"reference": f"Patient/{row[0].patient_detail_id}"}


def _coded_in(node: Node) -> str | Callable[[Row], str]:
    """The system of a coding: by its slice, its field's code system, or the element it stands in."""
    if node.selector == LOCAL.name:
        return _local_codes
    if node.selector in systems.CODES:
        return systems.CODES[node.selector]
    for reached in node.entries["code"][""].reached:
        known = reached.field.code_system if reached.field else None
        if known is not None and known is not LOCAL and known.name in systems.CODES:
            return systems.CODES[known.name]
    element = element_of(tuple(word for word in node.words if not word.startswith("coding")))
    return systems.CODED.get(element) or _local_codes


def _is_bound(binding: str | None) -> bool:
    return binding is not None and value_set(binding) is not None


def _conversion(node: Node, reached: Reached) -> Callable[[Any], Any]:
    assert node.place is not None
    if reached.field is not None:
        if (table := codes_for(node.words)) is not None:
            return table
        if reached.field.code_system is READ2:
            return values.read_code
        if node.place.type == "code" and not reached.field.values and _is_bound(node.place.element.binding):
            raise CatalogueError(f"{'.'.join(node.words)}: its words have no codes")
        if reached.field.values is GENDER and node.place.type == "string":
            return GENDER.meanings.get
        if node.place.type == "base64Binary" and (
            reached.field.holds is Holds.BASE64 or node.words[-1] == "hash"
        ):
            return values.as_given
    return values.CONVERSIONS[node.place.type]
