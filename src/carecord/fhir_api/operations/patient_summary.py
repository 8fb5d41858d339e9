"""Patient/[id]/$summary: the person's record in short, as an International Patient Summary document."""

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

import msgspec
from jinja2 import Environment, StrictUndefined
from psycopg import sql

from carecord.fhir_api.bundles_out import full_url
from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.instants import instant
from carecord.fhir_api.json_text import decode, encode
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.operations.asked import read_asked
from carecord.fhir_api.operations.entries import document_entry
from carecord.fhir_api.operations.everything import REFERRED, parse_patient_id, unknown_patient
from carecord.fhir_api.operations.shown import COLUMNS, freshen_persons, kept_of, read_shown
from carecord.fhir_api.operations.sight import Statement, sight_of
from carecord.fhir_api.operations.summary_sections import (
    DATES,
    MOST,
    SECTIONS,
    Section,
    detail,
    is_over_by,
    told_by_others,
    what,
    when,
)
from carecord.fhir_api.rights import Deed
from carecord.fhir_api.searching.remembering import remembering
from carecord.kernel.local_time import now as uk_now
from carecord.kernel.sql import load_queries

queries = load_queries(__package__, "summary.sql")

TYPES = tuple(sorted(DATES))
_REFERENCE = re.compile(rf'"reference":"(Patient|{"|".join(REFERRED)})/([A-Za-z0-9.-]{{1,64}})["/]')

_template = Environment(autoescape=True, undefined=StrictUndefined).from_string(
    files(__package__).joinpath("summary_section.html").read_text("utf-8")
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A resource, read, beside how it is kept."""

    kept: Kept
    resource: Json


@dataclass(frozen=True, slots=True)
class _Filled:
    """A section with what it holds; `cut` where there may be more."""

    section: Section
    some: Sequence[_Found]
    cut: bool


async def patient_summary(call: Call) -> Reply:
    """The operation (https://hl7.org/fhir/uv/ips/OperationDefinition-summary.html)."""
    asked = await read_asked(call)
    asked.check_known("identifier", "profile", "graph")
    patient_detail_id = parse_patient_id(call.id)
    await freshen_persons(call, [patient_detail_id])
    own = await read_shown(call, [("Patient", str(patient_detail_id))])
    if not own:
        raise unknown_patient()
    rows = await _read_rows(call, patient_detail_id)
    found = [_Found(row, decode(_body(row))) for row in rows]
    sections = _sections(found, uk_now().date().isoformat())
    told = _without_repetition([one.kept for filled in sections for one in filled.some])
    others = await _read_referred(call, told, own[0])
    return _document(call, own[0], sections, told, others)


async def _read_rows(call: Call, patient_detail_id: int) -> list[Kept]:
    sight = sight_of(call.rights, Deed.READ, TYPES)
    statement = _statement(sight.text, stays=sight.is_plain)
    values = {
        "patient_detail_id": patient_detail_id,
        "types": TYPES,
        "dates": msgspec.json.encode(DATES).decode(),
        "most": msgspec.json.encode(MOST).decode(),
    }
    found = await call.parts.readers.ask(statement.question, statement.arguments(sight.values | values))
    return [kept_of(found, row) for row in range(found.ntuples)]


def _sections(found: Sequence[_Found], today: str) -> list[_Filled]:
    """A type of which as many were found as are looked at may have more."""
    counts = Counter(one.kept.type for one in found)
    cut = {name for name, most in MOST.items() if counts[name] >= most}
    holding = [one for one in found if not is_over_by(one.resource, today)]
    filled = [(section, [one for one in holding if _belongs(one, section)]) for section in SECTIONS]
    repeated = told_by_others([one.resource for _, some in filled for one in some])
    return [
        _Filled(
            section,
            [one for one in some if f"{one.kept.type}/{one.kept.id}" not in repeated],
            not cut.isdisjoint(section.types),
        )
        for section, some in filled
    ]


def _belongs(one: _Found, section: Section) -> bool:
    return one.kept.type in section.types and section.holds(one.resource)


def _without_repetition(shown: Sequence[Kept]) -> list[Kept]:
    return list({(one.type, one.id): one for one in shown}.values())


async def _read_referred(call: Call, told: Sequence[Kept], own: Kept) -> list[Kept]:
    """The person's other Patients and the professionals, places and products that the document refers to."""
    named = dict.fromkeys(
        (found[1], found[2]) for one in (own, *told) for found in _REFERENCE.finditer(_body(one).decode())
    )
    named.pop(("Patient", own.id), None)
    return await read_shown(call, list(named))


def _document(
    call: Call,
    own: Kept,
    sections: Sequence[_Filled],
    told: Sequence[Kept],
    others: Sequence[Kept],
) -> Reply:
    now = instant(datetime.now(UTC))
    author = f"urn:uuid:{uuid.uuid4()}"
    composition: Json = {
        "resourceType": "Composition",
        "status": "final",
        "type": {
            "coding": [
                {"system": "http://loinc.org", "code": "60591-5", "display": "Patient summary Document"}
            ]
        },
        "subject": {"reference": f"{call.base}/Patient/{own.id}"},
        "date": now,
        "author": [{"reference": author, "display": "carecord"}],
        "title": "Patient summary",
        "section": [_section(call, one) for one in sections if one.some or one.section.required],
    }
    device = {"resourceType": "Device", "deviceName": [{"name": "carecord", "type": "model-name"}]}
    entries = [
        document_entry(f"urn:uuid:{uuid.uuid4()}", encode(composition)),
        *(document_entry(full_url(call.base, one), _body(one)) for one in (own, *told, *others)),
        document_entry(author, encode(device)),
    ]
    head = encode({"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid.uuid4()}"})
    body = b'{"resourceType":"Bundle","type":"document","identifier":%b,"timestamp":"%b","entry":[%b]}' % (
        head,
        now.encode(),
        b",".join(entries),
    )
    return Reply(body).showing(own, *told, *others)


def _section(call: Call, filled: _Filled) -> Json:
    section, some = filled.section, filled.some
    withheld = not any(call.rights.may(Deed.READ, one) for one in section.types)
    made: Json = {
        "title": section.title,
        "code": {
            "coding": [{"system": "http://loinc.org", "code": section.code, "display": section.display}]
        },
        "text": {
            "status": "generated",
            "div": _template.render(
                rows=[
                    {
                        "what": what(one.resource),
                        "when": when(one.resource),
                        "detail": detail(section, one.resource),
                    }
                    for one in some
                ],
                detail_title=section.detail_title,
                cut=filled.cut,
                withheld=withheld,
            ),
        },
    }
    if some:
        made["entry"] = [{"reference": f"{call.base}/{one.kept.type}/{one.kept.id}"} for one in some]
    else:
        made["emptyReason"] = _WITHHELD if withheld else _UNAVAILABLE
    return made


_EMPTY = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
_UNAVAILABLE = {"coding": [{"system": _EMPTY, "code": "unavailable", "display": "Unavailable"}]}
"""Nobody has said that the patient has none: only that is `nilknown`."""
_WITHHELD = {"coding": [{"system": _EMPTY, "code": "withheld", "display": "Information Withheld"}]}


def _body(one: Kept) -> bytes:
    assert one.body is not None
    return one.body


@remembering(Statement.size)
def _statement(visible: str, *, stays: bool) -> Statement:
    condition = sql.SQL(visible)
    return Statement.of(sql.SQL(queries.summary).format(columns=COLUMNS, visible=condition), stays=stays)
