"""Every field of every collection reaches FHIR, or the list of those that do not says why."""

import datetime
import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from carecord.catalogue import OPERATIONS
from carecord.catalogue.code_systems import CodeSystem
from carecord.catalogue.demographics import (
    COMMUNICATION_NEEDS,
    DEMOGRAPHICS_DETAILS,
    PATIENT_ADDRESSES,
    PATIENT_IDENTIFIERS,
)
from carecord.catalogue.model import Holds, Kind, Leaf, Operation
from carecord.catalogue.samples import sample_of
from carecord.fhir_api.mapping import About, PatientParts, Source, patient_of, resources_of
from carecord.fhir_api.mapping.exceptions import ALIKE, NOT_IN_FHIR, VIEWS

SOURCE = Source(2, "Eastvale Hospitals NHS Trust (Acute)", "RZ9")
ABOUT = About(2188, 1_000_007, SOURCE, datetime.date(2024, 3, 1))
SUBMITTED = [operation for operation in OPERATIONS if operation.submitted]
FIELDS = [
    pytest.param(operation, leaf, id=f"{operation.item.__name__}-{leaf.name}")
    for operation in SUBMITTED
    for leaf in operation.leaves
    if leaf.exposed and leaf.field.name not in ALIKE
]
IN_SUCH_ROWS: dict[tuple[str, str], dict[str, Any]] = {
    ("AcuteOutpatientAppointment", "CancellationReason"): {"AttendedCode": "4"},
    ("Alert", "CategoryComments"): {"Category": "Risks"},
    ("Alert", "AlertTypeComments"): {"Category": "Risks"},
    ("MentalHealthRisk", "IsCurrent"): {"RiskLevel": "High"},
    ("PatientIdentifier", "VerificationStatus"): {"IdentifierType": "NHS number", "IsMinor": "No"},
}
"""Fields that reach FHIR in some rows only: what else the row must say."""

WORDS = (
    "Marked",
    "Cancelled",
    "Inactive",
    "Draft",
    "Ended",
    "Current",
    "Not given",
    "Deducted",
    "In progress",
    "10:11:12",
)
"""Texts that some field takes for a status or a time, or any for what it is."""


def is_listed(operation: Operation, leaf: Leaf) -> bool:
    return (operation.item.__name__, leaf.name) in NOT_IN_FHIR


@pytest.mark.parametrize(("operation", "leaf"), FIELDS)
def test_a_field_reaches_fhir_or_its_exception_says_why_not(operation: Operation, leaf: Leaf) -> None:
    assert reaches(operation, leaf) is not is_listed(operation, leaf)


def test_every_exception_is_a_field_that_is_shown() -> None:
    shown = {(one.item.__name__, leaf.name) for one in SUBMITTED for leaf in one.leaves if leaf.exposed}

    assert set(NOT_IN_FHIR) - shown == set()
    assert set(ALIKE) - {name.rpartition(".")[2] for _, name in shown} == set()


def test_an_operation_that_keeps_no_rows_of_its_own_is_a_view_with_a_reason() -> None:
    reading = {one.operation_id for one in OPERATIONS if not one.submitted and not one.writes}

    assert reading == set(VIEWS)


def reaches(operation: Operation, leaf: Leaf) -> bool:
    """Whether what FHIR says is another when the field says something."""
    base = sample_of(operation).item | IN_SUCH_ROWS.get((operation.item.__name__, leaf.name), {})
    silent = said(operation, changed(base, leaf, None))
    return any(said(operation, changed(base, leaf, value)) != silent for value in candidates(base, leaf))


def said(operation: Operation, item: dict[str, Any]) -> str:
    assert operation.store is not None
    if operation in (DEMOGRAPHICS_DETAILS, PATIENT_ADDRESSES, PATIENT_IDENTIFIERS, COMMUNICATION_NEEDS):
        patient: Any = patient_of(patient_parts(operation, item))
    else:
        patient = None
    made = [one.resource for one in resources_of(operation.store.name, item, about=ABOUT)]
    return json.dumps([patient, made], default=str, sort_keys=True)


def patient_parts(operation: Operation, item: dict[str, Any]) -> PatientParts:
    record = {"PatientNumber": "X1", "Surname": "Made-Up"}
    return PatientParts(
        2188,
        SOURCE,
        item if operation is DEMOGRAPHICS_DETAILS else record,
        merged=False,
        addresses=[item] if operation is PATIENT_ADDRESSES else (),
        identifiers=[item] if operation is PATIENT_IDENTIFIERS else (),
        communication_needs=[item] if operation is COMMUNICATION_NEEDS else (),
    )


def candidates(base: dict[str, Any], leaf: Leaf) -> Iterator[Any]:
    """Values that the field may have: the sample's, then some that any field of its kind may have."""
    field = leaf.field
    found = _value(base, leaf)
    if found is not None:
        yield found
    if field.values is not None:
        yield from field.values.meanings
    elif isinstance(field.code_system, CodeSystem):
        yield "XaBC1"
    elif field.kind is Kind.INTEGER:
        yield 3
    elif field.kind is Kind.BOOLEAN:
        yield True
    elif field.kind in (Kind.DAY, Kind.LOCAL_DATE_TIME) or field.holds in (Holds.DAY, Holds.LOCAL_DATE_TIME):
        yield "2024-02-20T10:11:12"
        yield "2019-02-20T10:11:12"
        yield "2031-02-20T10:11:12"
    elif field.holds in (Holds.DECIMAL, Holds.DECIMAL_OR_TEXT):
        yield "3.50"
    else:
        yield from WORDS


def _value(item: Any, leaf: Leaf) -> Any:
    for field in leaf.path:
        item = item.get(field.name) if item else None
        if field.repeats:
            item = item[0] if item else None
    return item


def changed(base: dict[str, Any], leaf: Leaf, value: Any) -> dict[str, Any]:
    item = deepcopy(base)
    at = item
    for field in leaf.path[:-1]:
        inner = at.get(field.name)
        if field.repeats:
            inner = inner or [{}]
            at[field.name] = inner
            at = inner[0]
        else:
            at[field.name] = at = inner or {}
    last = leaf.path[-1]
    at[last.name] = [value] if last.repeats else value
    return item
