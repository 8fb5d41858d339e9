"""For stewards: why two records are linked or not, how a group came to be, and what it was at a time."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from psycopg import Connection

from carecord.bundles_api.data_submission import parse_id
from carecord.bundles_api.documents import choose_media_type
from carecord.bundles_api.face import Answer, Call, Handler, unknown_patient
from carecord.bundles_api.index_operations import (
    AS_OF,
    EXPLANATION,
    FORMATS,
    HISTORY,
    JSON,
    OTHER_PATIENT_DETAIL_ID,
    SVG,
    IndexOperation,
)
from carecord.bundles_api.link_answers import encode, explanation_answer, group_answer, history_answer
from carecord.catalogue.model import Operation
from carecord.kernel.errors import BadRequest, FieldError, NotAcceptable
from carecord.patient_index.explaining import explain
from carecord.patient_index.history import read_group_at, read_history
from carecord.patient_index.instants import parse_instant
from carecord.patient_index.seeing import Viewer, reading_at_once
from carecord.patient_index.waterfall import waterfall

_PARAMETERS_LIMIT = 10
_Found = TypeVar("_Found")


def index_handlers() -> dict[Operation, Handler]:
    """The questions about links, each with what answers it."""
    return {EXPLANATION: answer_explanation, HISTORY: answer_history, AS_OF: answer_group_as_of}


async def answer_explanation(call: Call) -> Answer:
    """JSON, or the waterfall as SVG where the caller accepts that more or says `format=svg`."""
    parameters = _read_parameters(call)
    media_type = _choose_media_type(call, parameters.get("format"))
    a = call.patient_detail_id
    b = parse_id(call.path_values[OTHER_PATIENT_DETAIL_ID], OTHER_PATIENT_DETAIL_ID, unknown_patient)
    if a == b:
        rule = FieldError(OTHER_PATIENT_DETAIL_ID, "must be another record than the first")
        raise BadRequest("Two different records are needed.", errors=[rule])
    found = await _read(call, lambda connection: explain(connection, a, b, viewer=_viewer(call)))
    if media_type == SVG:
        body = waterfall(found.pair, title=f"Records {a} and {b}").encode()
    else:
        body = encode(explanation_answer(found))
    named = {a, b}.union(*((link.record_a, link.record_b) for link in found.path))
    return Answer(
        body,
        media_type=f"{media_type}; charset=utf-8",
        headers=_HEADERS,
        patient_detail_ids=sorted(named.union(*(p for one in found.why for p in one.pairs))),
        tenancies=sorted({one.tenancy_id for one in found.records}),
        restricted=found.shows_sealed,
    )


async def answer_history(call: Call) -> Answer:
    _read_parameters(call)
    asked = call.patient_detail_id
    found = await _read(call, lambda connection: read_history(connection, asked, viewer=_viewer(call)))
    answer = history_answer(found)
    return Answer(
        encode(answer),
        patient_detail_ids=[int(one.patient_detail_id) for one in answer.records],
        tenancies=sorted({one.tenancy_id for one in answer.records}),
        restricted=found.shows_sealed,
    )


async def answer_group_as_of(call: Call) -> Answer:
    parameters = _read_parameters(call)
    asked = call.patient_detail_id
    at = parse_instant(parameters["time"])
    found = await _read(call, lambda connection: read_group_at(connection, asked, at, viewer=_viewer(call)))
    return Answer(
        encode(group_answer(found)),
        patient_detail_ids=[one.patient_detail_id for one in found.records],
        tenancies=sorted({one.tenancy_id for one in found.records}),
    )


_HEADERS = {
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


def _viewer(call: Call) -> Viewer:
    return Viewer(
        tenancies=call.caller.tenancies,
        may_see_sealed=call.holds_scope(call.operation.restricted_scope),
        shows_deleted=False,
    )


async def _read(call: Call, work: Callable[[Connection[Any]], _Found]) -> _Found:
    """What the work reads of one instant, in a worker thread."""

    def run() -> _Found:
        with call.writing_pool.connection() as connection, reading_at_once(connection):
            return work(connection)

    return await asyncio.to_thread(run)


def _read_parameters(call: Call) -> dict[str, str]:
    """The query's parameters; BadRequest names each that is unknown, stands twice, or must be given."""
    assert isinstance(call.operation, IndexOperation)
    known = [one.name for one in call.operation.query]
    needed = {one.name for one in call.operation.query if one.required}
    try:
        pairs = parse_qsl(
            call.query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_PARAMETERS_LIMIT,
        )
    except ValueError:
        raise BadRequest(
            f"The query must be percent-encoded UTF-8, of {_PARAMETERS_LIMIT} parameters at most."
        ) from None
    errors = [
        FieldError(name[:100], "is no parameter of this operation") for name, _ in pairs if name not in known
    ]
    errors += [
        FieldError(name, "must be given once")
        for name in known
        if sum(name == given for given, _ in pairs) > 1
    ]
    errors += [
        FieldError(name, "must be given") for name in sorted(needed.difference(name for name, _ in pairs))
    ]
    if errors:
        raise BadRequest("A parameter breaks a rule.", errors=errors)
    return dict(pairs)


def _choose_media_type(call: Call, wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in FORMATS:
            rule = f"must be {' or '.join(FORMATS)}"
            raise BadRequest("A parameter breaks a rule.", errors=[FieldError("format", rule)])
        return FORMATS[wanted]
    chosen = choose_media_type(call.headers.get(b"accept", b"").decode("latin-1"), SVG)
    if chosen is None:
        raise NotAcceptable(f"An explanation can be given as {JSON} or {SVG}.")
    return chosen
