"""Worklists of two systems: who is on them is gathered while the records are written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from carecord.catalogue.samples import sample_of
from carecord.catalogue.worklists import WORKLIST_BEHAVIOUR
from carecord.population.dates import AS_AT, clock, midnight, plus
from carecord.population.feeds import Record
from carecord.population.history import Item
from carecord.population.organisations import SourceSystem, fixed_systems

MOST_ROWS = 200
"""A list of a whole region would be of no use to work through, and would have to be held in memory."""

Cells = dict[str, str | None]


@dataclass(slots=True)
class Worklist:
    """One list: its head, its columns, and how a record earns a place on it."""

    tenancy_id: int
    worklist_id: str
    name: str
    description: str
    category: str
    kind: str
    patient_list_id: int
    owner: str
    columns: list[Item]
    cells_of: Callable[[Record], Cells | None]
    rows: list[Item] = field(default_factory=list)

    def offer(self, record: Record) -> None:
        """Put the record on the list if it belongs there and there is room."""
        if record.system.tenancy_id != self.tenancy_id or len(self.rows) >= MOST_ROWS:
            return
        cells = self.cells_of(record)
        if cells is not None:
            self.rows.append({"SourcePatientId": record.source_patient_id, "Cells": cells})

    def line(self) -> Item:
        return {
            "WorklistId": self.worklist_id,
            "Name": self.name,
            "Description": self.description,
            "Category": self.category,
            "WorklistType": self.kind,
            "PatientListId": self.patient_list_id,
            "OwnerGroup": self.owner,
            "DefaultResultsPerPage": 25,
            "LastRefreshedDate": clock(AS_AT, 6),
            "ColumnDefinition": self.columns,
            "Rows": self.rows,
        }


class Worklists:
    """The lists of a population while it is written."""

    def __init__(self) -> None:
        self._lists = _lists()

    def offer(self, record: Record) -> None:
        """Show a record to every list."""
        for worklist in self._lists:
            worklist.offer(record)

    def lines(self) -> Iterator[tuple[SourceSystem, Item]]:
        """Each list as a feed sends it, with the system that does."""
        for worklist in self._lists:
            yield fixed_systems()[worklist.tenancy_id], worklist.line()


def _column(
    column_id: str, name: str, data_type: str, *, default: bool = False, criterion: str | None = None
) -> Item:
    criteria = []
    if criterion:
        criteria.append(
            {
                "IsMandatory": False,
                "CriteriaId": f"{column_id}-{criterion}",
                "CriteriaContent": name,
                "AvailableValues": [],
                "AllowAvailableValuesMultiselect": False,
            }
        )
    return {
        "ColumnId": column_id,
        "Name": name,
        "DataType": data_type,
        "Sortable": True,
        "Filterable": True,
        "IsDefaultSort": default,
        "IsMandatoryColumn": False,
        "SearchCriteria": criteria,
    }


def _items(record: Record, collection: str) -> Iterator[Any]:
    for entry in record.entries:
        if entry.collection == collection and entry.item is not None:
            yield entry.item


def _nurses_next_visit(record: Record) -> Cells | None:
    visits = [item for item in _items(record, "CommunityContactsList") if item.get("TeamCode") == "DN-HART"]
    due = [item["ContactDate"] for item in visits if item["AttendanceDesc"] == "Planned"]
    due += [item["NextContactDate"] for item in visits if "NextContactDate" in item]
    return {"c3": max(due)} if due else None


def _to_discuss(record: Record) -> Cells | None:
    plan = next(_items(record, "CommunityCarePlansList"), None)
    if plan is None or plan["Status"] != "Active":
        return None
    return {"c1": plan["Title"], "c2": midnight(plus(AS_AT, days=9))}


def _lately_discharged(record: Record) -> Cells | None:
    since = midnight(plus(AS_AT, days=-90))
    for item in _items(record, "DischargesList"):
        if item["DischargeDate"] >= since:
            return {
                "c1": item["DischargeDate"],
                "c2": item["LastWardDesc"],
                "c3": str(item["LengthOfStayDays"]),
            }
    return None


def _waiting(record: Record) -> Cells | None:
    for item in _items(record, "WaitingListEntriesList"):
        if "RemovalDate" not in item:
            return {"c1": str(item["WeeksWaiting"]), "c2": item["ProcedureDesc"], "c3": "false"}
    return None


def _lists() -> tuple[Worklist, ...]:
    sample = sample_of(WORKLIST_BEHAVIOUR).item
    return (
        Worklist(
            tenancy_id=3,
            worklist_id=sample["WorklistId"],
            name=sample["Name"],
            description="Patients on the caseload by next visit",
            category="Community",
            kind="Query",
            patient_list_id=41,
            owner="DN-HART",
            columns=sample["ColumnDefinition"],
            cells_of=_nurses_next_visit,
        ),
        Worklist(
            tenancy_id=3,
            worklist_id="WL-MDT-HART",
            name="Hartley team meeting",
            description="Patients to talk about at the next meeting",
            category="Community",
            kind="Static",
            patient_list_id=42,
            owner="REHAB-E",
            columns=[
                _column("c1", "Plan", "String", criterion="contains"),
                _column("c2", "Meeting", "DateTime", default=True, criterion="on"),
            ],
            cells_of=_to_discuss,
        ),
        Worklist(
            tenancy_id=2,
            worklist_id="WL-DISCHARGED",
            name="Discharged in the last three months",
            description="For the discharge team's telephone calls",
            category="Acute",
            kind="Query",
            patient_list_id=51,
            owner="DISCHARGE",
            columns=[
                _column("c1", "Discharged", "DateTime", default=True, criterion="on-or-after"),
                _column("c2", "Ward", "String", criterion="contains"),
                _column("c3", "Days in hospital", "Integer", criterion="at-least"),
            ],
            cells_of=_lately_discharged,
        ),
        Worklist(
            tenancy_id=2,
            worklist_id="WL-PREOP",
            name="Pre-operative clinic",
            description="Patients waiting for an operation, kept by the clinic",
            category="Acute",
            kind="Static",
            patient_list_id=52,
            owner="PREOP",
            columns=[
                _column("c1", "Weeks waiting", "Integer", default=True, criterion="at-least"),
                _column("c2", "Operation", "String", criterion="contains"),
                _column("c3", "Seen by anaesthetist", "Boolean", criterion="equals"),
            ],
            cells_of=_waiting,
        ),
    )
