"""A row of the audit trail as an AuditEvent, in the manner of IHE's Basic Audit Log Patterns (BALP)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carecord.access.audit import EventName, Outcome
from carecord.fhir_api.instants import instant
from carecord.fhir_api.kept import Json

_REST = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "code": "rest",
    "display": "RESTful Operation",
}
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_SIGN_IN = {"system": _DICOM, "code": "110114", "display": "User Authentication"}
_ACTIVITY = {"system": _DICOM, "code": "110100", "display": "Application Activity"}
_APPLICATION = {"coding": [{"system": _DICOM, "code": "110150", "display": "Application"}]}
_USER = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
            "code": "IRCP",
            "display": "information recipient",
        }
    ]
}
_SERVER_TYPE = {
    "system": "http://terminology.hl7.org/CodeSystem/security-source-type",
    "code": "3",
    "display": "Web Server",
}
_INTERACTION = "http://hl7.org/fhir/restful-interaction"
_ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
_PERSON = {"system": _ENTITY, "code": "1", "display": "Person"}
_PATIENT = {"system": _ROLE, "code": "1", "display": "Patient"}
_REQUEST = {
    "system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
    "code": "XrequestId",
}
_RESTRICTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "code": "R",
    "display": "restricted",
}

# What FHIR calls the interactions that the face names in the audit, and the action of each.
_INTERACTIONS = {
    "read": ("read", "R"),
    "vread": ("vread", "R"),
    "history-instance": ("history-instance", "R"),
    "history-type": ("history-type", "R"),
    "search-type": ("search-type", "E"),
    "create": ("create", "C"),
    "update": ("update", "U"),
    "patch": ("patch", "U"),
    "delete": ("delete", "D"),
    "conditional-update": ("update", "U"),
    "conditional-patch": ("patch", "U"),
    "conditional-delete": ("delete", "D"),
    "batch": ("batch", "E"),
    "transaction": ("transaction", "E"),
}
_ACTIONS = {
    EventName.PATIENT_READ: "R",
    EventName.AUDIT_READ: "R",
    EventName.LINK_EXPLAINED: "R",
    EventName.INDEX_EXAMINED: "R",
    EventName.RECORD_SUBMITTED: "U",
    EventName.RECORD_ENTRIES_SUBMITTED: "U",
    EventName.RECORD_ENTRY_DELETED: "D",
    EventName.RECORD_WITHDRAWN: "D",
    EventName.CLIENT_REGISTERED: "C",
    EventName.SUBSCRIPTION_CREATED: "C",
}
_OUTCOMES = {Outcome.ALLOWED.value: "0", Outcome.REFUSED.value: "4", Outcome.NOT_FOUND.value: "4"}
"""AuditEvent.outcome: success, and minor failure, which is the caller's."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row of `audit.event`, without its hashes."""

    chain_id: UUID
    seq: int
    at: datetime
    event: str
    client_id: str | None
    user_id: str | None
    operation_id: str | None
    patient_detail_ids: Sequence[int]
    tenancies: Sequence[int]
    outcome: str
    reason: str | None
    restricted: bool
    trace_id: str | None

    @property
    def id(self) -> str:
        return f"{self.chain_id}-{self.seq}"


def outcomes_of(code: str) -> list[str]:
    """The trail's words for a code of AuditEvent.outcome; none for one that never stands there."""
    return [word for word, one in _OUTCOMES.items() if one == code]


def audit_event(row: AuditRow, *, base: str) -> Json:
    """The AuditEvent of a row. `base` is the address of the FHIR face, by which own systems are named."""
    subtypes, action = _what_was_done(row, base)
    resource: Json = {
        "resourceType": "AuditEvent",
        "id": row.id,
        "meta": {"versionId": "1", "lastUpdated": instant(row.at)},
        "type": _type(row),
        "subtype": subtypes,
        "action": action,
        "recorded": instant(row.at),
        "outcome": _OUTCOMES[row.outcome],
        "agent": _agents(row, base),
        "source": {"observer": {"display": "carecord"}, "type": [_SERVER_TYPE]},
    }
    if row.reason:
        resource["outcomeDesc"] = f"{row.outcome}: {row.reason}"
    entities = _entities(row)
    if entities:
        resource["entity"] = entities
    return resource


def _what_was_done(row: AuditRow, base: str) -> tuple[list[Json], str]:
    own = {"system": f"{base}/CodeSystem/audit-event", "code": row.event}
    last = (row.operation_id or "").rpartition(".")[2]
    if (row.operation_id or "").startswith("fhir."):
        code, action = ("operation", "E") if last.startswith("$") else _INTERACTIONS.get(last, ("", "E"))
        if code:
            return [{"system": _INTERACTION, "code": code}, own], action
    return [own], _ACTIONS.get(EventName(row.event), "E")


def _type(row: AuditRow) -> Json:
    if row.event.startswith("token."):
        return _SIGN_IN
    return _REST if row.operation_id else _ACTIVITY


def _agents(row: AuditRow, base: str) -> list[Json]:
    """The client, and the person it acted for; a command of the operators' names neither."""
    agents: list[Json] = []
    if row.user_id:
        agents.append(
            {
                "type": _USER,
                "who": {"identifier": {"system": f"{base}/NamingSystem/user", "value": row.user_id}},
                "altId": row.user_id,
                "requestor": True,
            }
        )
    if row.client_id or not agents:
        agent: Json = {"type": _APPLICATION, "requestor": not agents}
        if row.client_id:
            agent["who"] = {"identifier": {"system": f"{base}/NamingSystem/client", "value": row.client_id}}
            agent["altId"] = row.client_id
        agents.append(agent)
    return agents


def _entities(row: AuditRow) -> list[Json]:
    entities: list[Json] = []
    for patient_detail_id in row.patient_detail_ids:
        entity: Json = {
            "what": {"reference": f"Patient/{patient_detail_id}"},
            "type": _PERSON,
            "role": _PATIENT,
        }
        if row.restricted:
            entity["securityLabel"] = [_RESTRICTED]
        entities.append(entity)
    if row.trace_id:
        request: Json = {"what": {"identifier": {"value": row.trace_id}}, "type": _REQUEST}
        if row.operation_id:
            request["detail"] = [{"type": "operation", "valueString": row.operation_id}]
        entities.append(request)
    elif row.operation_id:
        entities.append(
            {"name": row.operation_id, "type": {"system": _ENTITY, "code": "4", "display": "Other"}}
        )
    return entities
