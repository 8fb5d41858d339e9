"""The FHIR face: a call is let in, answered, and audited on disk before its answer leaves."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from psycopg import OperationalError
from psycopg import errors as postgres_errors
from psycopg_pool import PoolTimeout
from starlette.types import Receive, Scope, Send

from carecord.access.audit_trail import AuditTrail
from carecord.access.gate import KEY_HEADER, Gate
from carecord.fhir_api import json_text
from carecord.fhir_api.addresses import BASE_PATH, PUBLIC, Address, Addresses, Interaction
from carecord.fhir_api.admission import check_address, rights_of
from carecord.fhir_api.auditing import audit_event, event_of, patient_in_path
from carecord.fhir_api.bodies_in import Body, parse_parameters
from carecord.fhir_api.calls import Call, Handler, Parts, Reply
from carecord.fhir_api.kept import Json
from carecord.fhir_api.negotiation import GENERAL, Preferences, native_preferences, preferences_of
from carecord.fhir_api.outcomes import outcome_of
from carecord.fhir_api.sending import send_reply
from carecord.fhir_api.storing import Turns
from carecord.kernel.errors import CareRecordError, NotAcceptable, Unavailable
from carecord.kernel.faults import log_fault

log = structlog.get_logger()

_KEY_HEADER = KEY_HEADER.lower().encode()


@dataclass(slots=True)
class _Received:
    """What is known of a call however far it comes."""

    trace_id: str
    headers: Mapping[bytes, bytes]
    preferences: Preferences = field(default_factory=Preferences)

    def header(self, name: bytes) -> str | None:
        found = self.headers.get(name)
        return None if found is None else found.decode("latin-1")


class FHIRFace:
    """An ASGI application for all that lies below its base path."""

    def __init__(
        self,
        parts: Parts,
        addresses: Addresses,
        handlers: Mapping[Interaction, Handler],
        *,
        of_types: Mapping[tuple[str, Interaction], Handler],
        public: Mapping[Interaction, Json],
        gate: Gate,
        trail: AuditTrail,
        body_limit_bytes: int,
    ) -> None:
        """`of_types` handle types that are not kept as others are; `public` is what all may read."""
        self.addresses = addresses
        self._parts = parts
        self._handlers = handlers
        self._of_types = of_types
        self._public = {one: json_text.encode(document) for one, document in public.items()}
        self._gate = gate
        self._trail = trail
        self._body_limit_bytes = body_limit_bytes
        self._turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = _Received(os.urandom(16).hex(), dict(scope["headers"]))
        try:
            reply = await self._answer(scope, receive, received)
        except CareRecordError as error:
            reply = refusal(error)
        except (OperationalError, PoolTimeout, postgres_errors.QueryCanceled) as error:
            log.warning("database_unavailable", trace_id=received.trace_id, kind=type(error).__name__)
            reply = refusal(Unavailable())
        except Exception as error:  # noqa: BLE001  The last to catch: whoever calls gets one shape of error.
            # The text of the error may hold a value: only its kind and place are logged.
            log_fault(error, received.trace_id)
            reply = refusal(CareRecordError())
        reply.headers.setdefault("X-Request-Id", received.trace_id)
        await send_reply(
            send,
            reply,
            reply.preferences or received.preferences,
            received.headers,
            head=scope["method"] == "HEAD",
        )

    async def _answer(self, scope: Scope, receive: Receive, received: _Received) -> Reply:
        parameters = parse_parameters(scope["query_string"])
        path = scope["path"].removeprefix(BASE_PATH)
        try:
            received.preferences = preferences_of(parameters, received.headers)
        except NotAcceptable:
            address = self.addresses.find(scope["method"], path)
            if (address.type, address.interaction) != ("Binary", Interaction.READ):
                raise
            received.preferences = native_preferences(received.headers)
        else:
            address = self.addresses.find(scope["method"], path)
        if address.interaction in PUBLIC:
            return self._tell(address.interaction)
        call = await self._let_in(scope["method"], address, parameters, receive, received)
        return await self.dispatch(call, address)

    async def dispatch(self, call: Call, address: Address) -> Reply:
        """Answer if the caller has the right, and write it down. Entries of a batch come here too."""
        if address.interaction in PUBLIC:
            return self._tell(address.interaction)
        try:
            check_address(call.rights, address)
            await self._turns.look(self._parts.writing_pool)
            if call.method == "POST" and address.interaction is Interaction.SEARCH:
                form = await call.body.form()
                call.parameters = [*call.parameters, *specific(form)]
                if any(name in GENERAL for name, _ in form):
                    call.preferences = preferences_of(form, call.headers)
            reply = await self._handler(address)(call)
            reply.preferences = call.preferences
        except CareRecordError as error:
            await self._trail.record(audit_event(call, Reply(), refusal=error))
            raise
        if not reply.audited:
            await self._trail.record(audit_event(call, reply))
        return reply

    async def _let_in(
        self,
        method: str,
        address: Address,
        parameters: Sequence[tuple[str, str]],
        receive: Receive,
        received: _Received,
    ) -> Call:
        identified = await self._gate.identify(
            received.header(b"authorization"),
            received.header(_KEY_HEADER),
            operation_id=".".join(filter(None, ("fhir", address.type, address.name))),
            patient_detail_ids=patient_in_path(address.type, address.id),
            trace_id=received.trace_id,
        )
        return Call(
            parts=self._parts,
            rights=rights_of(identified),
            # HEAD is GET whose body is kept back: it asks for the same right and leaves the same trace.
            method="GET" if method == "HEAD" else method,
            interaction=address.name,
            type=address.type,
            id=address.id,
            version=address.version,
            rest=address.rest,
            parameters=specific(parameters),
            headers=received.headers,
            preferences=received.preferences,
            body=Body(receive, received.headers, self._body_limit_bytes),
            event=event_of(address),
            trace_id=received.trace_id,
        )

    def _handler(self, address: Address) -> Handler:
        if address.operation is not None:
            return address.operation.handler
        if address.type is not None:
            found = self._of_types.get((address.type, address.interaction))
            if found is not None:
                return found
        return self._handlers[address.interaction]

    def _tell(self, interaction: Interaction) -> Reply:
        # SMART's own document is plain JSON; the other is a resource.
        plain = interaction is Interaction.SMART_CONFIGURATION
        return Reply(
            self._public[interaction],
            headers={"Cache-Control": "public, max-age=300"},
            media_type="application/json" if plain else None,
        )


def refusal(error: CareRecordError) -> Reply:
    """An error as it goes out: an OperationOutcome, whatever was asked for."""
    return Reply(json_text.encode(outcome_of(error)), status=error.status, headers=dict(error.headers))


def specific(parameters: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those that say what is asked for, and not in which form."""
    return [(name, value) for name, value in parameters if name not in GENERAL]
