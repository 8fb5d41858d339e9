"""Each operation has a sample, and each sample is what its declaration says."""

import msgspec
import pytest

from carecord.bundles_api.index_operations import INDEX_OPERATIONS
from carecord.catalogue import OPERATIONS
from carecord.catalogue.model import ComposedOperation, Operation
from carecord.catalogue.samples import sample_of
from carecord.catalogue.shapes import SERVER_OWNED, answer_shape
from carecord.catalogue.submission import parse_item

DAY = "2026-11-01"


@pytest.mark.parametrize(
    "operation", [*OPERATIONS, *INDEX_OPERATIONS], ids=lambda operation: operation.operation_id
)
def test_a_sample_comes_back_as_it_was(operation: Operation) -> None:
    item = sample_of(operation).item
    if isinstance(operation, ComposedOperation):
        sections = {section.name for section in operation.sections}
        item = {name: value for name, value in item.items() if name not in sections}

    read = msgspec.convert(item, answer_shape(operation))

    assert msgspec.json.encode(read) == msgspec.json.encode(item)


def test_whoever_changes_a_sample_changes_only_their_own() -> None:
    for operation in OPERATIONS:
        sample_of(operation).item.clear()

        assert sample_of(operation).item


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if isinstance(operation, ComposedOperation)],
    ids=lambda operation: operation.operation_id,
)
def test_a_sample_of_a_composed_view_has_its_sections_in_order(operation: ComposedOperation) -> None:
    item = sample_of(operation).item
    own = [field.name for field in operation.item.fields]

    assert list(item) == own + [section.name for section in operation.sections]
    for section in operation.sections:
        value = item[section.name]
        if value is None:
            assert section.null_when_empty, section.name
            continue
        shape = answer_shape(section.of, section.leave_out)
        rows = [msgspec.convert(row, shape) for row in value[section.array]]
        assert msgspec.json.encode(rows) == msgspec.json.encode(value[section.array])
        assert value["TotalItemCount"] == len(rows)


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.submitted and operation.target != "details"],
    ids=lambda operation: operation.operation_id,
)
def test_a_sample_can_be_submitted(operation: Operation) -> None:
    own = {field.name for field in operation.item.fields}
    item = {name: value for name, value in sample_of(operation).item.items() if name in own}

    row = parse_item(
        operation, msgspec.json.encode(_without_server_fields(item)), source_item_id="1", today=DAY
    )

    stored = msgspec.json.decode(row.item)
    kept = {name: value for name, value in _without_server_fields(item).items() if value not in (None, [])}
    assert {name: value for name, value in stored.items() if name in kept} == _without_nulls(kept, stored)


def _without_server_fields(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: _without_server_fields(inner) for name, inner in value.items() if name not in SERVER_OWNED
        }
    if isinstance(value, list):
        return [_without_server_fields(inner) for inner in value]
    return value


def _without_nulls(sent: object, stored: object) -> object:
    """What was sent, without the nulls that the stored form leaves out."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        return {
            name: _without_nulls(inner, stored.get(name)) for name, inner in sent.items() if name in stored
        }
    if isinstance(sent, list) and isinstance(stored, list):
        return [_without_nulls(one, other) for one, other in zip(sent, stored, strict=True)]
    return sent
