"""For stewards: why two records are linked or not, how a group came to be, and what it was at a time.

Not of the CCAPI's catalogue: a family of its own, with rights of its own. `patient-index.review` lets a
client ask; `patient-index.sealed` shows it sealed decisions too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl

from psycopg import Connection

from carecord.bundles_api.data_submission import parse_id
from carecord.bundles_api.documents import choose_media_type
from carecord.bundles_api.face import Answer, Call, Handler, unknown_patient
from carecord.bundles_api.link_answers import encode, explanation_answer, group_answer, history_answer
from carecord.catalogue.model import DESIGNED, Bundle, Entry, Operation
from carecord.kernel.errors import BadRequest, FieldError, NotAcceptable
from carecord.patient_index.explaining import explain
from carecord.patient_index.history import read_group_at, read_history
from carecord.patient_index.instants import parse_instant
from carecord.patient_index.seeing import Viewer, reading_at_once
from carecord.patient_index.waterfall import waterfall

PATIENT_INDEX = Bundle(
    "Patient Index", "patient-index", "Why records are linked, for stewards", scope="patient-index.review"
)
SEALED_SCOPE = "patient-index.sealed"
SCOPES = (PATIENT_INDEX.scope, SEALED_SCOPE)

_OTHER = "otherPatientDetailId"
_PARAMETERS_LIMIT = 10
_SVG = "image/svg+xml"
_JSON = "application/json"
_FORMATS = {"json": _JSON, "svg": _SVG}
_Found = TypeVar("_Found")


@dataclass(frozen=True, kw_only=True, eq=False)
class IndexOperation(Operation):
    """A question about links. Its answer is no list of entries: `link_answers` has its shape."""

    kind: ClassVar[str] = "index"

    @property
    def restricted_scope(self) -> str:
        return SEALED_SCOPE

    @property
    def event(self) -> str:
        return "link.explained"


EXPLANATION = IndexOperation(
    bundle=PATIENT_INDEX,
    operation_id="PatientIndex_GetExplanation",
    title="Patient Index - Explanation",
    path="/patient-index/patients/{patientDetailId}/explanations/{otherPatientDetailId}",
    summary="Why two source records are one patient's or not: weights, guards, decisions; or a picture.",
    item=Entry,
    source=DESIGNED,
)
HISTORY = IndexOperation(
    bundle=PATIENT_INDEX,
    operation_id="PatientIndex_GetHistory",
    title="Patient Index - History",
    path="/patient-index/patients/{patientDetailId}/history",
    summary="How the group of a source record came to be: each decision, and who came and who left.",
    item=Entry,
    source=DESIGNED,
)
AS_OF = IndexOperation(
    bundle=PATIENT_INDEX,
    operation_id="PatientIndex_GetGroupAsOf",
    title="Patient Index - As Of",
    path="/patient-index/patients/{patientDetailId}/as-of",
    summary="The source records that were one patient's with this one at a time, and the links between them.",
    item=Entry,
    source=DESIGNED,
)


def index_handlers() -> dict[Operation, Handler]:
    """The questions about links, each with what answers it."""
    return {EXPLANATION: answer_explanation, HISTORY: answer_history, AS_OF: answer_group_as_of}


async def answer_explanation(call: Call) -> Answer:
    """JSON, or the waterfall as SVG where the caller accepts that more or says `format=svg`."""
    parameters = _read_parameters(call, "format")
    media_type = _choose_media_type(call, parameters.get("format"))
    a = call.patient_detail_id
    b = parse_id(call.path_values[_OTHER], _OTHER, unknown_patient)
    if a == b:
        rule = FieldError(_OTHER, "must be another record than the first")
        raise BadRequest("Two different records are needed.", errors=[rule])
    found = await _read(call, lambda connection: explain(connection, a, b, viewer=_viewer(call)))
    if media_type == _SVG:
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
        patient_detail_ids=[int(one["PatientDetailId"]) for one in answer["Records"]],
        tenancies=sorted({one["TenancyId"] for one in answer["Records"]}),
        restricted=found.shows_sealed,
    )


async def answer_group_as_of(call: Call) -> Answer:
    parameters = _read_parameters(call, "time")
    asked = call.patient_detail_id
    if "time" not in parameters:
        raise BadRequest("A parameter breaks a rule.", errors=[FieldError("time", "must be given")])
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


def _read_parameters(call: Call, *known: str) -> dict[str, str]:
    """The query's parameters; BadRequest names each that is unknown or stands twice."""
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
    if errors:
        raise BadRequest("A parameter breaks a rule.", errors=errors)
    return dict(pairs)


def _choose_media_type(call: Call, wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in _FORMATS:
            raise BadRequest(
                "A parameter breaks a rule.", errors=[FieldError("format", "must be json or svg")]
            )
        return _FORMATS[wanted]
    chosen = choose_media_type(call.headers.get(b"accept", b"").decode("latin-1"), _SVG)
    if chosen is None:
        raise NotAcceptable(f"An explanation can be given as {_JSON} or {_SVG}.")
    return chosen
