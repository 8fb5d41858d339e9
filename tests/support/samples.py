"""The catalogue's samples as what a source sends, and variants of them to sort and filter by."""

import copy
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from carecord.catalogue import submissions_by_target
from carecord.catalogue.demographics import DEMOGRAPHICS_DETAILS
from carecord.catalogue.model import Flag, Kind, Leaf, Operation
from carecord.catalogue.samples import sample_of
from carecord.catalogue.shapes import SERVER_OWNED
from carecord.catalogue.submission import is_time
from tests.support.sandpit import Sandpit, entry_line, patient_line, tenancy_line
from tests.support.worklists import row, worklist_line


def submission_of(operation: Operation) -> dict[str, Any]:
    """The sample as a source sends it: without the fields that the server sets, and without sections."""
    own = {field.name for field in operation.item.fields}
    sample = {name: value for name, value in sample_of(operation).item.items() if name in own}
    stripped: dict[str, Any] = _without_server_owned(sample)
    return stripped


def sample_line(source_patient_id: str, target: str, **fields: Any) -> dict[str, Any]:
    """An entry line: the sample of the target's collection with these fields instead.

    A dotted name goes into an object and is written with two underscores: `Specimen__SampleId`.
    """
    item = submission_of(submissions_by_target[target])
    for name, value in fields.items():
        *above, last = name.split("__")
        inner = item
        for one in above:
            inner = inner[one]
        inner[last] = value
    return entry_line(source_patient_id, target, item)


def _without_server_owned(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_server_owned(v) for k, v in value.items() if k not in SERVER_OWNED}
    if isinstance(value, list):
        return [_without_server_owned(one) for one in value]
    return value


def load_every_kind_of_row(sandpit: Sandpit, tenancy_id: int) -> None:
    """A patient P of this source with the sample of every kind of row; in source 1, on a worklist too."""
    rows = [
        entry_line("P", name, submission_of(operation), SourceItemId=f"S-{name}")
        for name, operation in submissions_by_target.items()
        if operation is not DEMOGRAPHICS_DETAILS
    ]
    if tenancy_id == 1:
        rows.append(worklist_line(row("P", c3="2024-04-03T09:00:00")))
    person = patient_line("P", NhsNumber="9990123454", DateOfBirth="1946-05-17", Surname="Heritage")
    assert sandpit.load(tenancy_line(tenancy_id), person, *rows).rejected == 0


def named_source(item: Any, description: str) -> Any:
    """The item with every `TenancyDescription` of this source."""
    if isinstance(item, dict):
        return {
            name: description if name == "TenancyDescription" else named_source(value, description)
            for name, value in item.items()
        }
    if isinstance(item, list):
        return [named_source(one, description) for one in item]
    return item


def variants_of(operation: Operation) -> Iterator[dict[str, Any]]:
    """Four rows that differ in as many fields as their rules allow."""
    sample = submission_of(operation)
    for number in range(4):
        item = copy.deepcopy(sample)
        for leaf in operation.leaves:
            if not leaf.in_list and leaf.exposed and leaf.field.name not in SERVER_OWNED:
                _vary(operation, leaf, item, number)
        yield item


def _vary(operation: Operation, leaf: Leaf, item: dict[str, Any], number: int) -> None:
    *above, last = leaf.name.split(".")
    for name in above:
        item = item[name]
    value, field = item[last], leaf.field
    rows = operation.store.rows if operation.store else None
    told_by_rows = rows is not None and rows.field == leaf.name
    if number == 3 and field.nullable and not told_by_rows and Flag.KEY not in field.flags:
        item[last] = None
    elif value is None or told_by_rows or number in (0, 3):
        return
    elif is_time(leaf):
        item[last] = _earlier(value, weeks=5 * number)
    elif field.kind is Kind.INTEGER:
        item[last] = value + number
    elif field.kind is Kind.STRING and not (
        field.values or field.code_system or field.holds or field.dictionary
    ):
        item[last] = f"{('Änother', 'zebra')[number - 1]} {value}"


def _earlier(text: str, *, weeks: int) -> str:
    moved = (datetime.fromisoformat(text) - timedelta(weeks=weeks)).isoformat()
    return moved[: len(text)]


def path_for(operation: Operation, patient_detail_id: int | str) -> str:
    """The path of a read of this record, its further values those of the sample."""
    path = operation.path.replace("{patientDetailId}", str(patient_detail_id))
    if "{documentId}" in path:
        sample = sample_of(operation).item
        document_id = sample.get("DocumentId") or sample["DocumentInformation"]["DocumentId"]
        path = path.replace("{documentId}", str(document_id))
    return path
