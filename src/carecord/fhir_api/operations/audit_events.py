"""AuditEvent, read and searched: the rows of the audit trail, for those whose scopes name them.

A caller that may see some sources only is shown rows about those alone, and its own. What is asked without a
`date` is looked for in the last `DAYS` days; the self link says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from carecord.catalogue import OPERATIONS as CATALOGUE
from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.json_text import encode
from carecord.fhir_api.moments import Moment
from carecord.fhir_api.operations.asked import Asked, at, refuse, stretch
from carecord.fhir_api.operations.audit_resources import AuditRow, audit_event, outcomes_of
from carecord.fhir_api.operations.entries import entry, outcome_entry, searchset
from carecord.fhir_api.outcomes import Issue, outcome
from carecord.fhir_api.rights import Context, Deed
from carecord.kernel.errors import NotFound
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "audit_events.sql")

DAYS = 31
PAGE_SIZE = 100
PAGE_SIZE_LIMIT = 1000

SEARCH_PARAMETERS = {
    "_id": "token",
    "altid": "token",
    "date": "date",
    "outcome": "token",
    "patient": "reference",
}
"""What AuditEvents are searched by, for the CapabilityStatement; `_count` beside."""

_RESTRICTED = frozenset(one.bundle.slug for one in CATALOGUE if one.restricted)
"""The bundles that hold anything restricted."""

_ID = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([1-9][0-9]{0,17})")
_PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL)
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Search:
    """Which rows are asked for."""

    since: datetime = _EARLIEST
    until: datetime = _LATEST
    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def restrict(self, query: str, **values: Any) -> None:
        self.conditions.append(query)
        self.values |= values


async def read_audit_event(call: Call) -> Reply:
    """One AuditEvent; NotFound where there is none that the caller may see."""
    search = _Search()
    if call.id is None or not _restrict_to_ids(search, [call.id]):
        raise _unknown()
    rows = await _find(call, search, limit=1, after=None)
    if not rows:
        raise _unknown()
    reply = Reply(encode(audit_event(rows[0], base=call.base)), headers={"ETag": 'W/"1"'})
    return _showing(reply, rows)


async def search_audit_events(call: Call) -> Reply:
    """A page of AuditEvents, the newest first."""
    values: dict[str, list[Any]] = {}
    for name, value in call.parameters:
        values.setdefault(name, []).append(value)
    asked, after = Asked(values, {}), None
    warnings: list[Issue] = []
    sealed = asked.text("_page")
    if sealed is not None:
        pairs, *position = call.parts.pages.open(call.page_owner, sealed)
        asked, after = Asked(pairs, {}), tuple(position)
    search, kept = _read_search(asked, strict=call.preferences.strict, warnings=warnings)
    count = (
        asked.count("_count", default=PAGE_SIZE, most=PAGE_SIZE_LIMIT) if asked.text("_count") != "0" else 0
    )
    rows = await _find(call, search, limit=count + 1, after=after)
    page = rows[:count]
    links = {"self": f"{call.base}/AuditEvent?{urlencode(kept, doseq=True)}"}
    if len(rows) > count and page:
        last = page[-1]
        place = [kept | {"_count": [str(count)]}, last.at.isoformat(), str(last.chain_id), last.seq]
        links["next"] = f"{call.base}/AuditEvent?_page={call.parts.pages.seal(call.page_owner, place)}"
    entries = [
        entry(call.base, "AuditEvent", row.id, encode(audit_event(row, base=call.base))) for row in page
    ]
    if warnings:
        entries.append(outcome_entry(outcome(warnings)))
    return _showing(Reply(searchset(entries, links=links)), page)


def _read_search(
    asked: Asked, *, strict: bool, warnings: list[Issue]
) -> tuple[_Search, dict[str, Sequence[Any]]]:
    """The search, and the parameters that it was made of."""
    search = _Search()
    kept: dict[str, Sequence[Any]] = {}
    for name, values in asked.values.items():
        if name == "date":
            for one in values:
                _restrict_date(search, str(one))
        elif name == "patient":
            search.restrict(queries.of_patient, patient=_patient(asked.text(name) or ""))
        elif name == "altid":
            search.restrict(queries.of_agent, agents=_codes(asked.text(name) or ""))
        elif name == "outcome":
            words = [word for code in _codes(asked.text(name) or "") for word in outcomes_of(code)]
            search.restrict(queries.of_outcome, outcomes=words)
        elif name == "_id":
            _restrict_to_ids(search, _codes(asked.text(name) or ""))
        elif name not in ("_count", "_total", "_summary", "_sort"):
            if strict:
                raise refuse(
                    name, f"is no parameter of AuditEvent; it has {', '.join(SEARCH_PARAMETERS)}, _count"
                )
            warnings.append(
                Issue("warning", "not-supported", "The parameter was left out of the search.", name)
            )
            continue
        kept[name] = values
    if search.since == _EARLIEST and "_id" not in kept:
        search.since = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=DAYS
        )
        kept["date"] = [*kept.get("date", ()), f"ge{search.since.date().isoformat()}"]
    return search, kept


def _restrict_date(search: _Search, text: str) -> None:
    found = _PREFIXED.fullmatch(text)
    assert found is not None
    prefix, said = found[1] or "eq", found[2]
    span = stretch("date", said)
    since, until = _bounds(prefix, span)
    search.since, search.until = max(search.since, since), min(search.until, until)


def _bounds(prefix: str, span: Moment) -> tuple[datetime, datetime]:
    """The first moment that meets it and the first that does not; a row's time is one moment."""
    low, high = at(span.low), at(span.high)
    if prefix in ("gt", "sa"):
        return high, _LATEST
    if prefix == "ge":
        return low, _LATEST
    if prefix in ("lt", "eb"):
        return _EARLIEST, low
    if prefix == "le":
        return _EARLIEST, high
    if prefix == "eq":
        return low, high
    raise refuse("date", f"has the prefix {prefix}, by which AuditEvents are not searched")


def _patient(text: str) -> int:
    id_ = text.removeprefix("Patient/")
    if not (id_.isascii() and id_.isdigit() and len(id_) < 19):
        raise refuse("patient", "must be Patient/[id]")
    return int(id_)


def _codes(text: str) -> list[str]:
    """Alternatives set apart by commas, each without its system."""
    return [one.rpartition("|")[2] for one in text.split(",")]


def _restrict_to_ids(search: _Search, ids: Sequence[str]) -> bool:
    found = [match for one in ids if (match := _ID.fullmatch(one))]
    search.restrict(
        queries.of_id, chain_ids=[UUID(one[1]) for one in found], seqs=[int(one[2]) for one in found]
    )
    return bool(found)


async def _find(call: Call, search: _Search, *, limit: int, after: tuple[Any, ...] | None) -> list[AuditRow]:
    deed = Deed.READ if call.id is not None else Deed.SEARCH
    grants = [one for one in call.rights.grants_for(deed, "AuditEvent") if not one.restriction]
    if not grants:
        # They are searched by nothing that a scope could be narrowed by.
        return []
    bound = all(one.context is Context.PATIENT for one in grants)
    tenancies = call.rights.tenancies
    values = search.values | {
        "since": search.since,
        "until": search.until,
        "sources": None if tenancies is None else list(tenancies),
        "asking": call.client_id,
        "sees_restricted": call.rights.restricted_bundles >= _RESTRICTED,
        "within": call.rights.patient if bound else None,
        "after_at": after[0] if after else None,
        "after_chain_id": after[1] if after else None,
        "after_seq": after[2] if after else None,
        "limit": limit,
    }
    conditions = [sql.SQL(one) for one in search.conditions] or [sql.SQL("true")]
    statement = sql.SQL(queries.find_audit_events).format(conditions=sql.SQL(" AND ").join(conditions))
    async with call.parts.pool.connection() as connection:
        return await _rows(connection, statement, values)


async def _rows(
    connection: AsyncConnection[Any], statement: sql.Composed, values: dict[str, Any]
) -> list[AuditRow]:
    async with connection.cursor(row_factory=class_row(AuditRow)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()


def _showing(reply: Reply, rows: Sequence[AuditRow]) -> Reply:
    reply.patient_detail_ids = sorted({one for row in rows for one in row.patient_detail_ids})
    reply.tenancies = sorted({one for row in rows for one in row.tenancies})
    reply.restricted = any(row.restricted for row in rows)
    return reply


def _unknown() -> NotFound:
    return NotFound("There is no such AuditEvent that you may see.", reason="unknown_audit_event")


READ_AUDIT_EVENT = read_audit_event
SEARCH_AUDIT_EVENTS = search_audit_events
