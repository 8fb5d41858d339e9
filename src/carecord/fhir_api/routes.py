"""The FHIR face put together: every interaction with what answers it, and what all may read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg_pool import AsyncConnectionPool, ConnectionPool

from carecord.access.audit_trail import AuditTrail
from carecord.access.gate import Gate
from carecord.db.readers import Readers
from carecord.fhir_api.addresses import BASE_PATH, Addresses, Interaction
from carecord.fhir_api.bundles_in import Bundles
from carecord.fhir_api.calls import Handler, Parts
from carecord.fhir_api.capability import capability_statement
from carecord.fhir_api.face import FHIRFace
from carecord.fhir_api.kept import Json
from carecord.fhir_api.operations import OPERATIONS
from carecord.fhir_api.operations.audit_events import (
    READ_AUDIT_EVENT,
    SEARCH_AUDIT_EVENTS,
    SEARCH_PARAMETERS,
)
from carecord.fhir_api.paging_links import Pages
from carecord.fhir_api.reads import history_of, read, vread
from carecord.fhir_api.searches import search
from carecord.fhir_api.smart_configuration import smart_configuration
from carecord.fhir_api.writes import (
    create,
    delete,
    delete_conditionally,
    patch,
    patch_conditionally,
    update,
    update_conditionally,
)
from carecord.kernel.settings import Settings
from carecord.patient_index.tenancies import Tenancies

OF_TYPES: Mapping[tuple[str, Interaction], Handler] = {
    ("AuditEvent", Interaction.READ): READ_AUDIT_EVENT,
    ("AuditEvent", Interaction.SEARCH): SEARCH_AUDIT_EVENTS,
}
"""What answers for types that are not kept as others are."""

HANDLERS: Mapping[Interaction, Handler] = {
    Interaction.READ: read,
    Interaction.VREAD: vread,
    Interaction.HISTORY_OF_INSTANCE: history_of,
    Interaction.HISTORY_OF_TYPE: history_of,
    Interaction.SEARCH: search,
    Interaction.CREATE: create,
    Interaction.UPDATE: update,
    Interaction.PATCH: patch,
    Interaction.DELETE: delete,
    Interaction.CONDITIONAL_UPDATE: update_conditionally,
    Interaction.CONDITIONAL_PATCH: patch_conditionally,
    Interaction.CONDITIONAL_DELETE: delete_conditionally,
}


def stated(settings: Settings, *, since: datetime) -> Json:
    """The CapabilityStatement of a server that was started then."""
    return capability_statement(
        settings.base_url,
        OPERATIONS,
        made_parameters={"AuditEvent": SEARCH_PARAMETERS},
        since=since,
        cors=bool(settings.cors_origins),
    )


def build_face(
    settings: Settings,
    *,
    gate: Gate,
    trail: AuditTrail,
    readers: Readers,
    pool: AsyncConnectionPool[Any],
    writing_pool: ConnectionPool[Any],
    tenancies: Tenancies,
) -> FHIRFace:
    parts = Parts(
        readers=readers,
        pool=pool,
        writing_pool=writing_pool,
        tenancies=tenancies,
        pages=Pages(settings.data / "keys"),
        base=settings.base_url + BASE_PATH,
        data_folder=settings.data,
    )
    addresses = Addresses(OPERATIONS)
    handlers = dict(HANDLERS)
    face = FHIRFace(
        parts,
        addresses,
        handlers,
        of_types=OF_TYPES,
        public={
            Interaction.CAPABILITIES: stated(settings, since=datetime.now(UTC)),
            Interaction.SMART_CONFIGURATION: smart_configuration(settings.base_url),
        },
        gate=gate,
        trail=trail,
        body_limit_bytes=settings.submission_limit_bytes,
    )
    handlers[Interaction.BUNDLE] = Bundles(addresses, face.dispatch).answer
    return face
