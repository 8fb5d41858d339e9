"""Bundles that come in: a batch is as many calls in one, a transaction is one change."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog
from psycopg import Connection

from carecord.fhir_api import storing
from carecord.fhir_api.addresses import Address, Addresses
from carecord.fhir_api.auditing import event_of
from carecord.fhir_api.bodies_in import GivenBody
from carecord.fhir_api.bundle_entries import MOST_ENTRIES, Entry, read_entries, read_entry, within
from carecord.fhir_api.bundle_steps import Step, looks_at_others, plan
from carecord.fhir_api.bundles_out import bundle, etag, full_url, response_entry, version_url
from carecord.fhir_api.calls import Call, Reply
from carecord.fhir_api.changing import Change, change
from carecord.fhir_api.kept import Json
from carecord.fhir_api.negotiation import GENERAL
from carecord.fhir_api.outcomes import outcome, outcome_of
from carecord.fhir_api.transactions import carry_out, events_of
from carecord.kernel.errors import BadRequest, BodyTooLarge, CareRecordError, FieldError, Unprocessable
from carecord.kernel.faults import log_fault

log = structlog.get_logger()

_MOST_BYTES = 50_000_000
"""An answer that has grown so large takes no more entries that read."""

Dispatch = Callable[[Call, Address], Awaitable[Reply]]


class Bundles:
    """Answers `POST [base]`. `dispatch` is where every call goes once it is let in."""

    def __init__(self, addresses: Addresses, dispatch: Dispatch) -> None:
        self._addresses = addresses
        self._dispatch = dispatch

    async def answer(self, call: Call) -> Reply:
        """A batch-response or transaction-response."""
        sent = await call.read_resource()
        if sent.get("resourceType") != "Bundle":
            rule = FieldError("resourceType", "must be Bundle")
            raise BadRequest("What is sent here is a Bundle.", errors=[rule])
        match sent.get("type"):
            case "batch":
                return await self._batch(call, sent)
            case "transaction":
                return await self._transaction(call, sent)
            case _:
                rule = FieldError("Bundle.type", "must be batch or transaction")
                raise Unprocessable("The Bundle is neither.", errors=[rule], reason="bundle_type")

    async def _batch(self, call: Call, sent: Json) -> Reply:
        found = sent.get("entry", [])
        if not isinstance(found, list) or len(found) > MOST_ENTRIES:
            rule = FieldError("Bundle.entry", f"must be an array of {MOST_ENTRIES} at most")
            raise BadRequest("The Bundle breaks a rule.", errors=[rule])
        made: list[bytes] = []
        size = 0
        for place, one in enumerate(found):
            made.append(await self._alone(call, one, place) if size < _MOST_BYTES else _left_out(place))
            size += len(made[-1])
        return Reply(bundle("batch-response", made))

    async def _alone(self, call: Call, sent: Any, place: int) -> bytes:
        """An entry of a batch: what goes wrong in it is told in it."""
        try:
            entry = read_entry(sent, place, self._addresses, call.base)
            return _entry_of(call, entry, await self._dispatch(_call_of(call, entry), entry.address))
        except CareRecordError as error:
            return response_entry(error.status, outcome=outcome_of(within(error, place)))
        except Exception as error:  # noqa: BLE001  The other entries have been done, and are told.
            log_fault(error, call.trace_id)
            return response_entry(500, outcome=outcome_of(CareRecordError()))

    async def _transaction(self, call: Call, sent: Json) -> Reply:
        entries = read_entries(sent, self._addresses, call.base)
        steps = plan(call, entries)
        if looks_at_others(steps):
            await storing.freshen_asked(call.parts.writing_pool, None)
        if steps:
            await self._write(call, steps)
        by_place = {step.entry.place: step for step in steps}
        made = []
        for entry in entries:
            step = by_place.get(entry.place)
            if step is not None:
                made.append(_entry_of_step(call, step))
            elif sum(map(len, made)) >= _MOST_BYTES:
                made.append(_left_out(entry.place))
            else:
                # Reading comes last: it sees what the transaction has written, once that is kept.
                made.append(await self._alone_in_transaction(call, entry))
        return Reply(bundle("transaction-response", made), audited=bool(steps))

    async def _write(self, call: Call, steps: Sequence[Step]) -> None:
        def work(connection: Connection[Any]) -> Change:
            carry_out(connection, call, steps)
            return Change(Reply(), events_of(call, steps))

        await change(call, work)

    async def _alone_in_transaction(self, call: Call, entry: Entry) -> bytes:
        try:
            return _entry_of(call, entry, await self._dispatch(_call_of(call, entry), entry.address))
        except CareRecordError as error:
            return response_entry(error.status, outcome=outcome_of(within(error, entry.place)))


def _left_out(place: int) -> bytes:
    """Of an entry for which the answer has no more room: it has not been done."""
    error = BodyTooLarge("The answer is full: ask for this entry in a Bundle of its own.")
    return response_entry(error.status, outcome=outcome_of(within(error, place)))


def _call_of(call: Call, entry: Entry) -> Call:
    """The entry as a call of its own. A resource that was written comes back where that was asked for."""
    address = entry.address
    returns = call.preferences.returns or "minimal"
    return replace(
        call,
        method=entry.method,
        interaction=address.name,
        type=address.type,
        id=address.id,
        version=address.version,
        rest=address.rest,
        parameters=[(name, value) for name, value in entry.parameters if name not in GENERAL],
        headers=entry.headers,
        preferences=replace(call.preferences, returns=returns),
        body=GivenBody(entry.resource),
        event=event_of(address),
    )


def _entry_of(call: Call, entry: Entry, reply: Reply) -> bytes:
    location = reply.headers.get("Location")
    address = location.partition("/_history/")[0] if location is not None else None
    return response_entry(
        reply.status,
        full_url=address,
        body=reply.body if reply.media_type is None else None,
        location=location,
        etag=reply.headers.get("ETag"),
        last_modified=reply.last_modified,
    )


def _entry_of_step(call: Call, step: Step) -> bytes:
    if step.written is None:
        return response_entry(204)
    kept = step.written.kept
    if kept.body is None:
        return response_entry(204, etag=etag(kept))
    returns = call.preferences.returns
    address = full_url(call.base, kept)
    return response_entry(
        201 if step.written.created else 200,
        full_url=address,
        body=kept.body if returns == "representation" else None,
        location=version_url(call.base, kept),
        etag=etag(kept),
        last_modified=kept.last_updated,
        outcome=outcome(step.warnings) if returns == "OperationOutcome" else None,
    )
