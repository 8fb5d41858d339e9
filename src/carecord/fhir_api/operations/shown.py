"""Resources as a caller may see them, named by type and id."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import sql
from psycopg.pq.abc import PGresult

from carecord.fhir_api.calls import Call
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.operations.sight import Statement, sight_of
from carecord.fhir_api.rights import Deed
from carecord.fhir_api.searching.remembering import remembering
from carecord.fhir_api.storing.asking import freshen_asked
from carecord.fhir_api.storing.links import without_unknown_links
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "shown.sql")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

COLUMNS = sql.SQL(queries.columns)
"""What `kept_of` reads, from a row `r`."""


def kept_of(found: PGresult, row: int, *, first: int = 0) -> Kept:
    """A row of an answer whose columns from `first` on are COLUMNS."""
    columns: list[Any] = [found.get_value(row, first + place) for place in range(8)]
    type_name, id_, version, updated_us, patient, tenancy, restricted, body = columns
    return Kept(
        type=type_name.decode(),
        id=id_.decode(),
        version=int(version),
        last_updated=_EPOCH + timedelta(microseconds=int(updated_us)),
        patient_detail_id=None if patient is None else int(patient),
        tenancy_id=int(tenancy),
        restricted=restricted == b"t",
        body=body,
    )


async def freshen_persons(call: Call, patient_detail_ids: Sequence[int]) -> None:
    """Make anew what is stale of these records and those linked with them."""
    found = await call.parts.readers.ask(_stale.question, _stale.arguments({"ids": patient_detail_ids}))
    stale = [int(found.get_value(row, 0) or 0) for row in range(found.ntuples)]
    if stale:
        await freshen_asked(call.parts.writing_pool, stale)


async def read_shown(call: Call, named: Sequence[tuple[str, str]], *, deed: Deed = Deed.READ) -> list[Kept]:
    """Those of the named resources (type and id) that the caller may see, in that order."""
    if not named:
        return []
    types, ids = zip(*named, strict=True)
    sight = sight_of(call.rights, deed, tuple(sorted(set(types))))
    statement = _statement(sight.text, stays=sight.is_plain)
    values = sight.values | {"types": types, "ids": ids}
    found = await call.parts.readers.ask(statement.question, statement.arguments(values))
    kept = [kept_of(found, row) for row in range(found.ntuples)]
    return await without_unknown_links(call.parts.readers, kept, call.rights)


_stale = Statement.of(sql.SQL(queries.stale).format(), stays=True)


@remembering(Statement.size)
def _statement(visible: str, *, stays: bool) -> Statement:
    condition = sql.SQL(visible)
    return Statement.of(sql.SQL(queries.shown).format(columns=COLUMNS, visible=condition), stays=stays)
