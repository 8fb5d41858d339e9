"""Worklists as sources send them: a line becomes a list of patients, with columns to work through it by."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

import msgspec
from psycopg import Connection

from carecord.catalogue.checks import check_decimal, check_local_date_time
from carecord.catalogue.shapes import submission_shape
from carecord.catalogue.submission import InvalidItem, structural_error
from carecord.catalogue.worklists import WorklistBehaviour
from carecord.kernel.errors import FieldError
from carecord.kernel.sql import load_queries

queries = load_queries(__package__)

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
Identifier = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._~-]{1,100}$")]
"""What can stand in a path as it is."""

RESULTS_PER_PAGE_LIMIT = 200
ROWS_LIMIT = 50_000

ColumnDefinition = submission_shape(WorklistBehaviour.ColumnDefinition, frozenset())


class Comparison(Enum):
    """How a criterion compares its column: the end of its CriteriaId, after the column's id."""

    ON_OR_BEFORE = "on-or-before"
    ON_OR_AFTER = "on-or-after"
    BEFORE = "before"
    AFTER = "after"
    ON = "on"
    AT_MOST = "at-most"
    AT_LEAST = "at-least"
    EQUALS = "equals"
    CONTAINS = "contains"


_OF_TYPE: dict[str, tuple[Comparison, ...]] = {
    "DateTime": (
        Comparison.ON_OR_BEFORE,
        Comparison.ON_OR_AFTER,
        Comparison.BEFORE,
        Comparison.AFTER,
        Comparison.ON,
    ),
    "Integer": (Comparison.AT_MOST, Comparison.AT_LEAST, Comparison.EQUALS),
    "String": (Comparison.EQUALS, Comparison.CONTAINS),
    "Boolean": (Comparison.EQUALS,),
}


class WorklistRowLine(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    """One patient of a list; cells by the id of their column."""

    source_patient_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    cells: dict[str, str | None] = {}


class WorklistLine(msgspec.Struct, rename="pascal", forbid_unknown_fields=True):
    """The whole list, as a feed sends it; it takes the place of what the list held before."""

    worklist_id: Identifier
    name: Words
    worklist_type: Literal["Query", "Static"]
    column_definition: list[ColumnDefinition]  # type: ignore[valid-type]
    description: Words | None = None
    category: Words | None = None
    patient_list_id: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    owner_group: Words | None = None
    default_results_per_page: Annotated[int, msgspec.Meta(ge=1, le=RESULTS_PER_PAGE_LIMIT)] = 25
    last_refreshed_date: str | None = None
    rows: Annotated[list[WorklistRowLine], msgspec.Meta(max_length=ROWS_LIMIT)] = []


@dataclass(frozen=True, slots=True)
class SentWorklist:
    """A list that keeps every rule, with the line it came on."""

    line: int
    worklist: WorklistLine


@dataclass(frozen=True, slots=True)
class RefusedWorklist:
    """A list that what is stored stands against."""

    line: int
    error: FieldError


_decode = msgspec.json.Decoder(WorklistLine).decode
_encode = msgspec.json.Encoder(order="sorted").encode


def parse_worklist(raw: bytes | msgspec.Raw, *, line: int) -> SentWorklist:
    """Check a list against its own columns; raises InvalidItem."""
    try:
        worklist = _decode(raw)
    except msgspec.ValidationError as error:
        found = structural_error(error)
        raise InvalidItem([FieldError(f"Worklist.{found.field}", found.message)]) from None
    errors = list(_broken_columns(worklist.column_definition)) or list(_broken_cells(worklist))
    if worklist.last_refreshed_date is not None:
        rule = check_local_date_time(worklist.last_refreshed_date)
        if rule is not None:
            errors.append(FieldError("Worklist.LastRefreshedDate", rule))
    if errors:
        raise InvalidItem(errors[:20])
    return SentWorklist(line, worklist)


def comparison_of(column_id: str, criteria_id: str) -> Comparison | None:
    """What `<ColumnId>-<comparison>` asks, as in `c3-on-or-before`."""
    if not criteria_id.startswith(f"{column_id}-"):
        return None
    suffix = criteria_id[len(column_id) + 1 :]
    return next((one for one in Comparison if one.value == suffix), None)


def _broken_columns(columns: Sequence[Any]) -> Iterable[FieldError]:
    seen: set[str] = set()
    if sum(bool(column.is_default_sort) for column in columns) > 1:
        yield FieldError("Worklist.ColumnDefinition", "must not have two columns to sort by")
    for position, column in enumerate(columns):
        place = f"Worklist.ColumnDefinition[{position}]"
        if not column.column_id or column.column_id in seen:
            yield FieldError(f"{place}.ColumnId", "must be given, and once")
            continue
        seen.add(column.column_id)
        if column.data_type not in _OF_TYPE:
            yield FieldError(f"{place}.DataType", f"must be one of: {', '.join(_OF_TYPE)}")
            continue
        allowed = _OF_TYPE[column.data_type]
        for number, criterion in enumerate(column.search_criteria):
            if comparison_of(column.column_id, criterion.criteria_id or "") not in allowed:
                endings = ", ".join(one.value for one in allowed)
                yield FieldError(
                    f"{place}.SearchCriteria[{number}].CriteriaId",
                    f"must be the ColumnId, a hyphen and one of: {endings}",
                )


def _broken_cells(worklist: WorklistLine) -> Iterable[FieldError]:
    types = {column.column_id: column.data_type for column in worklist.column_definition}  # type: ignore[attr-defined]
    for position, row in enumerate(worklist.rows):
        for column_id, value in row.cells.items():
            kind = types.get(column_id)
            if kind is None:
                rule: str | None = "must be named by the ids of the list's columns"
            else:
                rule = _CELL_RULES[kind](value) if value is not None else None
            if rule is not None:
                yield FieldError(f"Worklist.Rows[{position}].Cells", rule)


_CELL_RULES: dict[str, Callable[[str], str | None]] = {
    "DateTime": check_local_date_time,
    "Integer": lambda text: check_decimal(text) if "." not in text else "must be a whole number",
    "String": lambda text: None,
    "Boolean": lambda text: None if text in ("true", "false") else "must be true or false",
}


def file_worklists(
    connection: Connection[Any], tenancy_id: int, sent: Iterable[SentWorklist]
) -> list[RefusedWorklist]:
    """Store the lists in the caller's transaction, each in the place of what it held before.

    A list that names a patient whom nobody has sent, or an id that another source's list has, is refused.
    """
    return [
        RefusedWorklist(one.line, error)
        for one in sent
        if (error := _file_worklist(connection, tenancy_id, one.worklist)) is not None
    ]


def _file_worklist(connection: Connection[Any], tenancy_id: int, worklist: WorklistLine) -> FieldError | None:
    digest = hashlib.blake2b(_encode(worklist), digest_size=16).digest()
    found = connection.execute(
        queries.worklists_named,
        {"worklist_id": worklist.worklist_id, "patient_list_id": worklist.patient_list_id},
    ).fetchall()
    for worklist_id, owner, known_digest in found:
        if worklist_id != worklist.worklist_id:
            return FieldError("Worklist.PatientListId", "is that of another worklist")
        if owner != tenancy_id:
            return FieldError("Worklist.WorklistId", "is that of another source's worklist")
        if known_digest == digest:
            return None
    keys = [row.source_patient_id for row in worklist.rows]
    records = dict(
        connection.execute(
            queries.records_of_source, {"tenancy_id": tenancy_id, "source_keys": list(set(keys))}
        ).fetchall()
    )
    for position, key in enumerate(keys):
        if key not in records:
            return FieldError(
                f"Worklist.Rows[{position}].SourcePatientId", "is no patient that was sent before"
            )
    connection.execute(
        queries.file_worklist,
        {
            "worklist_id": worklist.worklist_id,
            "tenancy_id": tenancy_id,
            "name": worklist.name,
            "description": worklist.description,
            "category": worklist.category,
            "worklist_type": worklist.worklist_type,
            "patient_list_id": worklist.patient_list_id,
            "owner_group": worklist.owner_group,
            "default_results_per_page": worklist.default_results_per_page,
            "column_definition": msgspec.json.encode(worklist.column_definition).decode(),
            "refreshed_at": worklist.last_refreshed_date,
            "digest": digest,
        },
    )
    connection.execute(queries.empty_worklist, {"worklist_id": worklist.worklist_id})
    connection.execute(
        queries.fill_worklist,
        {
            "worklist_id": worklist.worklist_id,
            "patient_detail_ids": [records[key] for key in keys],
            "cells": [msgspec.json.encode(row.cells).decode() for row in worklist.rows],
        },
    )
    return None
