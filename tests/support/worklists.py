"""A worklist as a feed line: district nurses' visits by date."""

from typing import Any


def column(column_id: str, data_type: str, *criteria: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A column; `more` are its other keys."""
    return {
        "ColumnId": column_id,
        "Name": f"Column {column_id}",
        "DataType": data_type,
        "Sortable": True,
        "Filterable": True,
        "IsDefaultSort": False,
        "IsMandatoryColumn": False,
        "SearchCriteria": list(criteria),
    } | more


def criterion(criteria_id: str, *available: str, **more: Any) -> dict[str, Any]:
    """A criterion; `available` are its AvailableValues, `more` its other keys."""
    return {
        "IsMandatory": False,
        "CriteriaId": criteria_id,
        "CriteriaContent": None,
        "AvailableValues": list(available),
        "DefaultValue": None,
        "AllowAvailableValuesMultiselect": False,
    } | more


VISIT_DUE = column(
    "c3",
    "DateTime",
    criterion("c3-on-or-before", "Today", "This week", "This month", DefaultValue="This week"),
    IsDefaultSort=True,
)


def row(source_patient_id: str, **cells: str | None) -> dict[str, Any]:
    return {"SourcePatientId": source_patient_id, "Cells": cells}


def worklist_line(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The line of a list with the one column of the known sample; `more` are its other keys."""
    worklist = {
        "WorklistId": "WL-DN-HART",
        "Name": "Hartley district nurses: visits due",
        "WorklistType": "Query",
        "ColumnDefinition": [VISIT_DUE],
        "Rows": list(rows),
    }
    return {"Worklist": worklist | more}
