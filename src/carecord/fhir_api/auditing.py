"""What the audit is told of a call of the FHIR face."""

from carecord.access.audit import AuditEvent, EventName, Outcome
from carecord.fhir_api.addresses import Address, Interaction
from carecord.fhir_api.calls import Call, Reply
from carecord.kernel.errors import CareRecordError, NotAllowed, NotAuthenticated, NotFound

_CHANGES = {
    Interaction.CREATE: EventName.RECORD_ENTRIES_SUBMITTED,
    Interaction.UPDATE: EventName.RECORD_ENTRIES_SUBMITTED,
    Interaction.PATCH: EventName.RECORD_ENTRIES_SUBMITTED,
    Interaction.CONDITIONAL_UPDATE: EventName.RECORD_ENTRIES_SUBMITTED,
    Interaction.CONDITIONAL_PATCH: EventName.RECORD_ENTRIES_SUBMITTED,
    Interaction.DELETE: EventName.RECORD_ENTRY_DELETED,
    Interaction.CONDITIONAL_DELETE: EventName.RECORD_ENTRY_DELETED,
    Interaction.BUNDLE: EventName.RECORD_ENTRIES_SUBMITTED,
}


def event_of(address: Address) -> EventName:
    """The kind of event, by the names that the bundles API has for the like."""
    found = _CHANGES.get(address.interaction)
    if address.type == "Patient":
        if found is EventName.RECORD_ENTRIES_SUBMITTED:
            return EventName.RECORD_SUBMITTED
        if found is EventName.RECORD_ENTRY_DELETED:
            return EventName.RECORD_WITHDRAWN
        if address.interaction is Interaction.SEARCH:
            return EventName.PATIENT_SEARCHED
    if found is not None:
        return found
    if address.operation is not None and address.operation.searches:
        return EventName.PATIENT_SEARCHED
    if address.type == "AuditEvent":
        return EventName.AUDIT_READ
    return EventName.PATIENT_READ


def audit_event(call: Call, reply: Reply, *, refusal: CareRecordError | None = None) -> AuditEvent:
    """One row: who asked for what, whose records it showed or changed, and what came of it."""
    event, outcome, reason = call.event, Outcome.ALLOWED, None
    ids = reply.patient_detail_ids or patient_in_path(call.type, call.id)
    if refusal is not None:
        outcome = Outcome.NOT_FOUND if isinstance(refusal, NotFound) else Outcome.REFUSED
        reason = refusal.reason or refusal.issue_code
        if isinstance(refusal, NotAllowed | NotAuthenticated):
            event = EventName.ACCESS_REFUSED
    return AuditEvent(
        event=event,
        client_id=call.client_id,
        user_id=call.rights.caller.user_id,
        operation_id=call.operation_id,
        patient_detail_ids=ids,
        tenancies=reply.tenancies,
        outcome=outcome,
        reason=reason,
        restricted=reply.restricted,
        trace_id=call.trace_id,
    )


_LARGEST_ID = 2**63 - 1


def patient_in_path(type_name: str | None, id_: str | None) -> tuple[int, ...]:
    """Of an address of a Patient: whose."""
    text = id_ if type_name == "Patient" else None
    if text is not None and text.isascii() and text.isdigit() and len(text) <= 19:
        return (int(text),) if int(text) <= _LARGEST_ID else ()
    return ()
