"""Patient lists: which records a worklist names, for those who search among them."""

from typing import Any

from psycopg import AsyncConnection

from carecord.kernel.sql import load_queries

queries = load_queries(__package__)


async def records_on_list(connection: AsyncConnection[Any], patient_list_id: int) -> list[int]:
    """The patient detail IDs on the list; none where there is no such list."""
    cursor = await connection.execute(queries.records_on_list, {"patient_list_id": patient_list_id})
    return [row[0] for row in await cursor.fetchall()]
