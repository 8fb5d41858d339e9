"""Worklists: lists of patients to work through."""

from typing import Annotated

from carecord.catalogue.model import (
    DESIGNED,
    FILTER,
    FIRST_FIRST,
    KNOWN,
    SORT,
    Bundle,
    Entry,
    ListOperation,
    LocalDateTime,
    Part,
    SearchOperation,
    SingleOperation,
    Store,
)

BUNDLE = Bundle(
    name="Worklists", slug="worklists", tagline="Lists of patients to work through", scope="worklists.read"
)


class Worklist(Entry):
    """Worklists the caller may open."""

    worklist_id: Annotated[str, FILTER]
    name: Annotated[str, FIRST_FIRST, SORT, FILTER]
    description: Annotated[str | None, FILTER]
    category: Annotated[str | None, SORT, FILTER]
    worklist_type: Annotated[str, FILTER]
    """Query = worked out from the store, Static = hand-kept patient list."""
    patient_list_id: Annotated[int | None, FILTER]
    """Usable in Find Patient."""
    owner_group: Annotated[str | None, SORT, FILTER]
    patient_count: Annotated[int | None, SORT]
    """As of LastRefreshedDate."""
    last_refreshed_date: Annotated[LocalDateTime | None, SORT, FILTER]
    tenancy_description: Annotated[str, SORT, FILTER]
    """Display name of the contributing source."""


WORKLISTS_LIST = ListOperation(
    bundle=BUNDLE,
    operation_id="WorkList_GetWorklists",
    title="Worklist - List",
    path="/worklists",
    summary="Worklists the caller may open.",
    item=Worklist,
    source=DESIGNED,
    collection="WorklistsList",
    store=Store("worklist"),
    note="The documented Worklists page implies list and behaviour reads; both are designed.",
)


class WorklistBehaviour(Entry):
    """Columns and search criteria of a worklist."""

    class ColumnDefinition(Part):
        class SearchCriteria(Part):
            is_mandatory: Annotated[bool | None, KNOWN]
            criteria_id: Annotated[str | None, KNOWN]
            criteria_content: Annotated[str | None, KNOWN]
            available_values: Annotated[list[str], KNOWN]
            default_value: Annotated[str | None, KNOWN]
            allow_available_values_multiselect: Annotated[bool | None, KNOWN]

        column_id: Annotated[str | None, KNOWN]
        name: Annotated[str | None, KNOWN]
        data_type: Annotated[str | None, KNOWN]
        """String, Integer, DateTime, Boolean."""
        sortable: Annotated[bool | None, KNOWN]
        filterable: Annotated[bool | None, KNOWN]
        is_default_sort: Annotated[bool | None, KNOWN]
        is_mandatory_column: Annotated[bool | None, KNOWN]
        search_criteria: list[SearchCriteria]

    worklist_id: Annotated[str | None, KNOWN]
    column_definition: list[ColumnDefinition]
    name: str
    default_results_per_page: int
    tenancy_description: str
    """Display name of the contributing source."""


WORKLIST_BEHAVIOUR = SingleOperation(
    bundle=BUNDLE,
    operation_id="WorkList_GetWorklistBehaviour",
    title="Worklist - Behaviour",
    path="/worklists/{worklistId}/behaviour",
    summary="Columns and search criteria of a worklist.",
    item=WorklistBehaviour,
    source=DESIGNED,
    store=Store("worklist"),
    path_parameters={"worklistId": "WorklistId of Worklist - List"},
    note="WorklistId and ColumnDefinition have the shape the known request body of Worklist - Data echoes as WorklistBehaviourResults.",
)


class WorklistRow(Entry):
    """Rows of a worklist for the given criteria."""

    class Cells(Part):
        class Cell(Part):
            column_id: str
            value: str | None
            """Text form of the value; DataType is in the behaviour."""

        cell: list[Cell]
        total_item_count: int

    patient_detail_id: str
    """Open the record with it."""
    nhs_number: str | None
    cells: Cells
    tenancy_description: str
    """Display name of the contributing source."""


class WorklistRowBody(Entry):
    """What WORKLIST_DATA is asked with."""

    class WorklistBehaviourResults(Part):
        class ColumnDefinition(Part):
            class SearchCriteria(Part):
                is_mandatory: bool | None
                criteria_id: str | None
                criteria_content: str | None
                available_values: list[str]
                default_value: str | None
                allow_available_values_multiselect: bool | None

            column_id: str | None
            name: str | None
            data_type: str | None
            """String, Integer, DateTime, Boolean."""
            sortable: bool | None
            filterable: bool | None
            is_default_sort: bool | None
            is_mandatory_column: bool | None
            search_criteria: list[SearchCriteria]

        worklist_id: str | None
        column_definition: list[ColumnDefinition]

    class DataRequestCriteria(Part):
        criteria_id: str | None
        column_id: str | None
        selected_value: str | None

    worklist_behaviour_results: WorklistBehaviourResults | None
    worklist_id: str | None
    data_request_criteria: list[DataRequestCriteria]
    page: int | None
    """1-based."""
    results_per_page: int | None
    """Maximum 200."""


WORKLIST_DATA = SearchOperation(
    bundle=BUNDLE,
    operation_id="WorkList_PostWorklistData",
    title="Worklist - Data",
    path="/worklists/{worklistId}/data",
    summary="Rows of a worklist for the given criteria.",
    item=WorklistRow,
    source=KNOWN,
    collection="WorklistRows",
    store=Store("worklist"),
    body=WorklistRowBody,
    path_parameters={"worklistId": "WorklistId; must equal WorklistId in the body when that is given"},
    known_parts=(
        "operation_id",
        "title",
        "request_body",
        "one required path value (worklist id is inferred)",
    ),
    evidence="page",
    note="WorklistBehaviourResults may be left out; when sent it must match the stored behaviour (409 otherwise).",
)
