"""Worklists: which there are, what columns and criteria each has, and its rows for given criteria."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from carecord.bundles_api.answers import encode_list, encode_row, rows_of
from carecord.bundles_api.bodies import read_body
from carecord.bundles_api.face import Answer, Call
from carecord.bundles_api.parameters import check_no_parameters, read_list_request
from carecord.catalogue.checks import check_day, check_decimal, check_local_date_time
from carecord.catalogue.shapes import Shape, answer_shape
from carecord.catalogue.worklists import WORKLIST_BEHAVIOUR, WORKLIST_DATA, WorklistRowBody
from carecord.clinical_store.worklist_reading import (
    ColumnFilter,
    Wanted,
    Worklist,
    WorklistRow,
    find_worklist,
    read_worklist_rows,
    read_worklists,
)
from carecord.clinical_store.worklists import RESULTS_PER_PAGE_LIMIT, comparison_of
from carecord.kernel import local_time
from carecord.kernel.errors import BadRequest, Conflict, FieldError, NotFound

CRITERIA_LIMIT = 50
PAGE_LIMIT = 1_000_000

_Behaviour = answer_shape(WORKLIST_BEHAVIOUR)
_Row = answer_shape(WORKLIST_DATA)


async def answer_worklists(call: Call) -> Answer:
    """A page of the lists of the sources that the caller may see."""
    request = read_list_request(call.operation, call.query)
    async with call.pool.connection() as connection:
        page = await read_worklists(
            connection,
            request.selection,
            tenancies=call.caller.tenancies,
            limit=request.page_size,
            offset=request.offset,
            values=request.values,
        )
    rows = rows_of(call.operation).read(page.items, await call.tenancies.describe(page.tenancies))
    return Answer(encode_list(call.operation, rows, page.total), tenancies=sorted(set(page.tenancies)))


async def answer_behaviour(call: Call) -> Answer:
    """The columns of a list and what they can be searched by."""
    check_no_parameters(call.query)
    async with call.pool.connection() as connection:
        worklist = await _find(call, connection)
    (description,) = await call.tenancies.describe([worklist.tenancy_id])
    behaviour: Any = msgspec.convert(
        {
            "WorklistId": worklist.worklist_id,
            "ColumnDefinition": msgspec.to_builtins(worklist.columns),
            "Name": worklist.name,
            "DefaultResultsPerPage": worklist.default_results_per_page,
            "TenancyDescription": description,
        },
        _Behaviour,
    )
    return Answer(encode_row(behaviour), tenancies=[worklist.tenancy_id])


async def answer_rows(call: Call) -> Answer:
    """The rows that every criterion leaves; of several values for one criterion, any will do.

    Conflict where the caller's behaviour of the list is not the stored one: what it asks by may have changed.
    """
    check_no_parameters(call.query)
    body: Any = read_body(WorklistRowBody, await call.read_body())
    async with call.pool.connection() as connection:
        worklist = await _find(call, connection)
        if body.worklist_id is not None and body.worklist_id != worklist.worklist_id:
            raise _broken([FieldError("WorklistId", "must be the one of the path")])
        if body.worklist_behaviour_results is not None:
            check_behaviour(body.worklist_behaviour_results, worklist)
        filters = read_criteria(body.data_request_criteria, worklist.columns, today=local_time.now().date())
        page_number, page_size = _read_page(body, worklist)
        page = await read_worklist_rows(
            connection,
            worklist,
            filters,
            bundle=call.operation.bundle.slug,
            limit=page_size,
            offset=(page_number - 1) * page_size,
        )
    (description,) = await call.tenancies.describe([worklist.tenancy_id])
    rows = [_row(row, worklist.columns, description) for row in page.rows]
    return Answer(
        encode_list(call.operation, rows, page.total),
        patient_detail_ids=[row.patient_detail_id for row in page.rows],
        tenancies=[worklist.tenancy_id],
    )


async def _find(call: Call, connection: Any) -> Worklist:
    worklist = await find_worklist(
        connection, call.path_values["worklistId"], tenancies=call.caller.tenancies
    )
    if worklist is None:
        raise NotFound("There is no such worklist.", reason="unknown_worklist")
    return worklist


def _row(row: WorklistRow, columns: Sequence[Any], description: str) -> Any:
    cells = [{"ColumnId": one.column_id, "Value": row.cells.get(one.column_id)} for one in columns]
    return msgspec.convert(
        {
            "PatientDetailId": str(row.patient_detail_id),
            "NhsNumber": row.nhs_number,
            "Cells": {"Cell": cells, "TotalItemCount": len(cells)},
            "TenancyDescription": description,
        },
        _Row,
    )


def check_behaviour(sent: Any, worklist: Worklist) -> None:
    """What the caller takes the list to be must be what it is; raises Conflict."""
    same_list = sent.worklist_id in (None, worklist.worklist_id)
    if not same_list or _plain(sent.column_definition) != _plain(worklist.columns):
        raise Conflict(
            "WorklistBehaviourResults is not the list's behaviour as it is now.",
            errors=[FieldError("WorklistBehaviourResults", "must be as Worklist - Behaviour answers it")],
        )


def _plain(columns: Sequence[Shape]) -> Any:
    return msgspec.to_builtins(columns)


def _read_page(body: Any, worklist: Worklist) -> tuple[int, int]:
    page = 1 if body.page is None else body.page
    size = worklist.default_results_per_page if body.results_per_page is None else body.results_per_page
    errors = []
    if not 1 <= page <= PAGE_LIMIT:
        errors.append(FieldError("Page", f"must be a whole number from 1 to {PAGE_LIMIT}"))
    if not 1 <= size <= RESULTS_PER_PAGE_LIMIT:
        errors.append(
            FieldError("ResultsPerPage", f"must be a whole number from 1 to {RESULTS_PER_PAGE_LIMIT}")
        )
    if errors:
        raise _broken(errors)
    return page, size


def read_criteria(sent: Sequence[Any], columns: Sequence[Any], *, today: date) -> list[ColumnFilter]:
    """What the criteria ask of the columns; raises BadRequest that names each at fault.

    A criterion without a value asks nothing. One that must be given and is not takes its default.
    """
    if len(sent) > CRITERIA_LIMIT:
        raise _broken([FieldError("DataRequestCriteria", f"must not be more than {CRITERIA_LIMIT}")])
    known = {one.criteria_id: (column, one) for column in columns for one in column.search_criteria}
    errors: list[FieldError] = []
    wanted: dict[str, list[Wanted]] = {}
    for position, one in enumerate(sent):
        place = f"DataRequestCriteria[{position}]"
        column, criterion = known.get(one.criteria_id, (None, None))
        if column is None or criterion is None:
            errors.append(FieldError(f"{place}.CriteriaId", "is no criterion of this worklist"))
        elif one.column_id not in (None, column.column_id):
            errors.append(FieldError(f"{place}.ColumnId", "must be the column of the criterion"))
        elif not one.selected_value:
            continue
        elif one.criteria_id in wanted and not criterion.allow_available_values_multiselect:
            errors.append(FieldError(f"{place}.CriteriaId", "must be given once"))
        else:
            value = _read_value(column, one.criteria_id, one.selected_value, today)
            if isinstance(value, str):
                errors.append(FieldError(f"{place}.SelectedValue", value))
            else:
                wanted.setdefault(one.criteria_id, []).append(value)
    for criteria_id, (column, criterion) in known.items():
        if criterion.is_mandatory and criteria_id not in wanted and not errors:
            value = _read_value(column, criteria_id, criterion.default_value or "", today)
            if isinstance(value, str):
                errors.append(FieldError("DataRequestCriteria", f"must hold the criterion {criteria_id}"))
            else:
                wanted[criteria_id] = [value]
    if errors:
        raise _broken(errors)
    return [
        ColumnFilter(known[one][0].column_id, known[one][0].data_type, tuple(values))
        for one, values in wanted.items()
    ]


def _read_value(column: Any, criteria_id: str, text: str, today: date) -> Wanted | str:
    """The value that is wanted, or the rule that the text breaks."""
    comparison = comparison_of(column.column_id, criteria_id)
    assert comparison is not None, "lists are checked when they are loaded"
    if column.data_type == "DateTime":
        span = span_of_time(text, today)
        if span is None:
            return "must be a day, a time, or words such as Today, This week or Next month"
        first, until = span
        return Wanted(comparison, first.isoformat(), until.isoformat())
    if column.data_type == "Integer" and (check_decimal(text) or "." in text):
        return "must be a whole number"
    if column.data_type == "Boolean" and text.lower() not in ("true", "false"):
        return "must be true or false"
    if not text or "\0" in text or len(text) > 1_000:
        return "must be text of at most 1000 characters"
    return Wanted(comparison, text)


_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_TURNS = {"last": -1, "this": 0, "next": 1}


def span_of_time(text: str, today: date) -> tuple[datetime, datetime] | None:
    """The span that a day, a time or words name: its first instant, and the first one after it.

    Weeks begin on Monday.
    """
    try:
        return _span_of_words(text.strip().lower(), today) or _span_of_figures(text)
    except OverflowError:
        # The last day that the calendar has.
        return None


def _span_of_words(words: str, today: date) -> tuple[datetime, datetime] | None:
    if words in _DAYS:
        return _days(today + timedelta(days=_DAYS[words]), 1)
    turn, _, unit = words.partition(" ")
    if turn in _TURNS and unit in ("week", "month", "year"):
        return _turn(_TURNS[turn], unit, today)
    return None


def _span_of_figures(text: str) -> tuple[datetime, datetime] | None:
    if check_day(text) is None:
        return _days(date.fromisoformat(text), 1)
    if check_local_date_time(text) is None:
        instant = datetime.fromisoformat(text)
        return instant, instant + timedelta(milliseconds=1)
    return None


def _turn(turn: int, unit: str, today: date) -> tuple[datetime, datetime]:
    if unit == "week":
        return _days(today - timedelta(days=today.weekday()) + timedelta(weeks=turn), 7)
    months = today.year * 12 + today.month - 1 + turn
    first = date(months // 12, months % 12 + 1, 1)
    after = date((months + 1) // 12, (months + 1) % 12 + 1, 1)
    if unit == "year":
        first, after = date(today.year + turn, 1, 1), date(today.year + turn + 1, 1, 1)
    return _days(first, (after - first).days)


def _days(first: date, count: int) -> tuple[datetime, datetime]:
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001  UK local time, as cells are.
    return start, start + timedelta(days=count)


def _broken(errors: Sequence[FieldError]) -> BadRequest:
    return BadRequest("The body breaks a rule.", errors=errors)
