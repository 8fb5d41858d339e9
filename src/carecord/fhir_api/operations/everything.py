"""Patient/[id]/$everything: all that is held about a person, in pages, from one statement each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from psycopg import sql
from psycopg.pq.abc import PGresult

from carecord.db.readers import Readers
from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.definitions import SERVED
from carecord.fhir_api.definitions.served import MADE_ON_READING
from carecord.fhir_api.kept import Kept
from carecord.fhir_api.operations.asked import Asked, read_asked
from carecord.fhir_api.operations.entries import kept_entry, searchset
from carecord.fhir_api.operations.shown import COLUMNS, kept_of, read_shown
from carecord.fhir_api.operations.sight import Statement, sight_of
from carecord.fhir_api.rights import Deed, Rights
from carecord.fhir_api.searching.remembering import remembering
from carecord.fhir_api.storing.asking import freshen_asked
from carecord.fhir_api.storing.links import without_unknown_links
from carecord.fhir_api.visibility import known_update
from carecord.kernel.errors import NotFound
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "everything.sql")

PAGE_SIZE = 100
PAGE_SIZE_LIMIT = 1000

REFERRED = (
    "Device",
    "HealthcareService",
    "Location",
    "Medication",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Questionnaire",
)
"""Types about no patient that come along where the patient's resources refer to them."""

KEPT = tuple(one for one in SERVED if one not in MADE_ON_READING)

_REFERENCE = re.compile(rf'"reference":"({"|".join(REFERRED)})/([A-Za-z0-9.-]{{1,64}})["/]'.encode())
_REMEMBERED = 200
"""How many of those that came along a next link remembers, so that later pages do not repeat them."""
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_START = (-1, "", "")


@dataclass(frozen=True, slots=True)
class Page:
    """Resources in order, each with its place. `stale` are records of which some are yet to be made anew."""

    rows: Sequence[tuple[int, Kept]]
    more: bool
    known: bool
    stale: Sequence[int]


async def patient_everything(call: Call) -> Reply:
    """The operation (https://hl7.org/fhir/R4/operation-patient-everything.html)."""
    asked = await read_asked(call)
    sealed = asked.text("_page")
    if sealed is not None:
        asked.check_known("_page")
        since, types, count, brought, *position = call.parts.pages.open(call.page_owner, sealed)
        page_asked = _Place(
            datetime.fromisoformat(since), tuple(types), count, tuple(position), tuple(brought)
        )
    else:
        page_asked = _read_place(asked)
    patient_detail_id = parse_patient_id(call.id)
    page = await read_fresh(call, patient_detail_id, page_asked)
    referred = await _read_referred(call, page_asked, [one for _, one in page.rows])
    return _reply(call, patient_detail_id, page_asked, page, referred)


@dataclass(frozen=True, slots=True)
class _Place:
    """What is asked for, and after which row."""

    since: datetime
    types: tuple[str, ...]
    count: int
    after: tuple[Any, ...] = _START
    brought: tuple[str, ...] = ()
    """What came along with earlier pages, as `Type/id`."""


def _read_place(asked: Asked) -> _Place:
    asked.check_known("_since", "_type", "_count")
    return _Place(
        asked.since("_since") or _LONG_AGO,
        asked.types("_type") or KEPT,
        asked.count("_count", default=PAGE_SIZE, most=PAGE_SIZE_LIMIT),
    )


def parse_patient_id(text: str | None) -> int:
    """NotFound where it can be no patient detail ID."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise unknown_patient()
    return int(text)


def unknown_patient() -> NotFound:
    return NotFound("There is no such Patient that you may see.", reason="unknown_patient")


async def read_fresh(call: Call, patient_detail_id: int, place: _Place) -> Page:
    """The page, after what is stale was made anew; NotFound where the caller may not know of the patient."""
    page = await read_page(call.parts.readers, call.rights, patient_detail_id, place)
    if page.stale:
        await freshen_asked(call.parts.writing_pool, page.stale)
        page = await read_page(call.parts.readers, call.rights, patient_detail_id, place, anyway=True)
    if not page.known:
        raise unknown_patient()
    kept = await without_unknown_links(call.parts.readers, [one for _, one in page.rows], call.rights)
    return replace(page, rows=[(at, one) for (at, _), one in zip(page.rows, kept, strict=True)])


async def read_page(
    readers: Readers, rights: Rights, patient_detail_id: int, place: _Place, *, anyway: bool = False
) -> Page:
    sight = sight_of(rights, Deed.READ, KEPT)
    statement = _statement(sight.text, stays=sight.is_plain)
    values: dict[str, Any] = {
        "patient_detail_id": patient_detail_id,
        "id": patient_detail_id,
        "types": place.types,
        "since": place.since.isoformat(),
        "after_place": place.after[0],
        "after_type": place.after[1],
        "after_id": place.after[2],
        "limit": place.count + 1,
        "anyway": anyway,
    }
    found = await readers.ask(statement.question, statement.arguments(sight.values | values))
    return _page(found, place.count)


def _page(found: PGresult, count: int) -> Page:
    value = found.get_value
    known = value(0, 0) == b"t"
    stale = [int(one) for one in (value(0, 1) or b"{}")[1:-1].split(b",") if one]
    if value(0, 2) is None:
        return Page((), more=False, known=known, stale=stale)
    rows = [(int(value(n, 2) or 0), kept_of(found, n, first=3)) for n in range(min(found.ntuples, count))]
    return Page(rows, more=found.ntuples > count, known=known, stale=stale)


@remembering(Statement.size)
def _statement(visible: str, *, stays: bool) -> Statement:
    text = sql.SQL(queries.everything)
    updated = known_update(sql.Identifier("r"))
    return Statement.of(text.format(columns=COLUMNS, updated=updated, visible=sql.SQL(visible)), stays=stays)


async def _read_referred(call: Call, place: _Place, rows: Sequence[Kept]) -> list[Kept]:
    """What the rows refer to of REFERRED, and that in its turn, without what earlier pages brought."""
    met = set(place.brought)
    found: list[Kept] = []
    while rows:
        named = {
            (one[1].decode(), one[2].decode()) for row in rows for one in _REFERENCE.finditer(row.body or b"")
        }
        fresh = sorted(one for one in named if "/".join(one) not in met and one[0] in place.types)
        met.update("/".join(one) for one in fresh)
        shown = await read_shown(call, fresh)
        rows = [one for one in shown if one.patient_detail_id is None and one.last_updated >= place.since]
        found += rows
    return found


def _reply(call: Call, patient_detail_id: int, place: _Place, page: Page, referred: Sequence[Kept]) -> Reply:
    address = f"{call.base}/Patient/{patient_detail_id}/$everything"
    links = {"self": address}
    if page.more:
        at, last = page.rows[-1]
        brought = [*place.brought, *(f"{one.type}/{one.id}" for one in referred)][-_REMEMBERED:]
        sealed = [place.since.isoformat(), place.types, place.count, brought, at, last.type, last.id]
        links["next"] = f"{address}?_page={call.parts.pages.seal(call.page_owner, sealed)}"
    rows = [one for _, one in page.rows]
    whole = place.after == _START and not page.more
    body = searchset(
        [
            *(kept_entry(call.base, one) for one in rows),
            *(kept_entry(call.base, one, mode="include") for one in referred),
        ],
        links=links,
        total=len(rows) if whole else None,
    )
    return Reply(body).showing(*rows, *referred)
