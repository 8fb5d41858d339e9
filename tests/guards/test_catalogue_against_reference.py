"""The catalogue holds the whole reference, field for field, and of its own only what is listed."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from carecord.catalogue import BUNDLES, OPERATIONS, operations_by_id
from carecord.catalogue.model import Leaf, ListOperation, Operation, SearchOperation
from carecord.catalogue.shapes import answer_shape

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "catalogue.yaml"


def _reference() -> dict[str, Any]:
    if not REFERENCE.exists():
        return {"bundles": []}
    read: dict[str, Any] = yaml.load(REFERENCE.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return read


BUNDLES_OF_REFERENCE = _reference()["bundles"]
OPERATIONS_OF_REFERENCE = [
    pytest.param(bundle, operation, id=operation["operation_id"])
    for bundle in BUNDLES_OF_REFERENCE
    for operation in bundle["operations"]
]
OURS = {
    (
        "PatientSearch_Search",
        "Fuzzy",
    ): "asks for whom the index thinks may be meant; the reference knows exact criteria",
    ("PatientSearch_Search", "MatchScore"): "how far a row answers a search with Fuzzy",
    (
        "PatientSearch_Search",
        "MatchGrade",
    ): "the same in a word, so that no caller sets a threshold of its own",
}
"""Fields of carecord's own in operations of the reference, and why each is there."""

needs_reference = pytest.mark.skipif(
    not REFERENCE.exists(), reason="the reference catalogue is not part of the project and is not here"
)


@needs_reference
def test_the_bundles_and_their_operations_are_those_of_the_reference() -> None:
    assert [(bundle.name, bundle.slug, bundle.scope) for bundle in BUNDLES] == [
        (bundle["name"], bundle["slug"], bundle["scope"]) for bundle in BUNDLES_OF_REFERENCE
    ]
    assert set(operations_by_id) == {
        operation["operation_id"] for bundle in BUNDLES_OF_REFERENCE for operation in bundle["operations"]
    }


@needs_reference
@pytest.mark.parametrize(("bundle", "known"), OPERATIONS_OF_REFERENCE)
def test_an_operation_is_what_the_reference_says(bundle: dict[str, Any], known: dict[str, Any]) -> None:
    operation = operations_by_id[known["operation_id"]]

    assert {
        "bundle": operation.bundle.slug,
        "title": operation.title,
        "method": operation.method,
        "path": operation.path,
        "kind": operation.kind,
        "source": operation.source.value,
        "sensitivity": operation.sensitivity.value,
        "collection": operation.collection,
        "store": operation.store.name if operation.store else None,
        "order": _order(operation),
        "key": sorted(leaf.name for leaf in operation.key),
    } == {
        "bundle": bundle["slug"],
        "title": known["title"],
        "method": known["method"],
        "path": known["path"],
        "kind": known["kind"],
        "source": known["source"],
        "sensitivity": known["sensitivity"],
        "collection": known["collection"],
        "store": (known["store"] or {}).get("table"),
        "order": known["default_sort"] if known["default_sort"] in _orders(known) else None,
        "key": sorted((known["submission"] or {}).get("natural_key") or []),
    }
    assert [_leaf(leaf) for leaf in operation.leaves if not leaf.field.ours] == [
        _field(field) for field in known["item"]
    ]


@needs_reference
@pytest.mark.parametrize(
    ("bundle", "known"), [one for one in OPERATIONS_OF_REFERENCE if one.values[1].get("request_body")]
)
def test_a_body_is_what_the_reference_says(bundle: dict[str, Any], known: dict[str, Any]) -> None:
    operation = operations_by_id[known["operation_id"]]
    body = getattr(operation, "body", None)
    assert body is not None

    assert [_leaf(leaf) for leaf in body.leaves() if not leaf.field.ours] == [
        _field(field) for field in known["request_body"]
    ]


def test_what_is_of_our_own_is_listed_with_its_reason() -> None:
    bodies = [(operation, getattr(operation, "body", None)) for operation in OPERATIONS]
    sent = [(operation, leaf) for operation, body in bodies if body for leaf in body.leaves()]
    answered = [(operation, leaf) for operation in OPERATIONS for leaf in operation.leaves]

    assert {
        (operation.operation_id, leaf.name) for operation, leaf in (*sent, *answered) if leaf.field.ours
    } == set(OURS)


def test_an_answer_is_the_reference_s_until_something_of_our_own_is_set() -> None:
    for operation_id, name in OURS:
        written = msgspec.json.decode(msgspec.json.encode(answer_shape(operations_by_id[operation_id])()))

        assert name not in written


def _orders(known: dict[str, Any]) -> set[str]:
    return {f"{field['name']} {way}" for field in known["item"] for way in ("asc", "desc")}


def _order(operation: Operation) -> str | None:
    if not isinstance(operation, ListOperation | SearchOperation):
        return None
    return next((f"{leaf.name} {'desc' if newest else 'asc'}" for leaf, newest in operation.order), None)


def _leaf(leaf: Leaf) -> tuple[Any, ...]:
    field = leaf.field
    return (
        leaf.name,
        field.kind.value,
        field.nullable or field.repeats,
        field.sortable,
        field.filterable,
        field.exposed,
        field.values.name if field.values else None,
        field.code_system.name if field.code_system else None,
        field.dictionary,
        field.source.value if field.source else None,
    )


def _field(field: dict[str, Any]) -> tuple[Any, ...]:
    return (
        field["name"],
        field["type"],
        field["nullable"] or field["name"].endswith("[]"),
        field["sortable"],
        field["filterable"],
        field.get("exposed", True),
        field.get("values"),
        field.get("code_system"),
        field.get("nhs_data_dictionary"),
        field.get("source"),
    )
