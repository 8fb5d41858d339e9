"""Reading one source record, as its source has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection, sql

from carecord.kernel.sql import load_queries
from carecord.patient_index.search import protected_condition, shown_condition

queries = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class Record:
    """`demographics` is the JSON of its source; `updated_at`, UK local, its source's word or when it came."""

    tenancy_id: int
    demographics: str
    updated_at: datetime
    merged: bool
    """Whether its source has merged it into another of its records."""
    is_protected: bool
    """Whether its person is: address, contact and practice are withheld."""


async def read_record(
    connection: AsyncConnection[Any], patient_detail_id: int, *, tenancies: Sequence[int] | None
) -> Record | None:
    """The record; None where the caller may not know of it."""
    statement = sql.SQL(queries.read_record).format(
        shown=shown_condition("r", limited=tenancies is not None), protected=protected_condition("r")
    )
    parameters: dict[str, Any] = {"patient_detail_id": patient_detail_id}
    if tenancies is not None:
        parameters["tenancies"] = list(tenancies)
    row = await (await connection.execute(statement, parameters)).fetchone()
    return None if row is None else Record(*row)
