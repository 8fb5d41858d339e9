"""One call of the FHIR face past its gate, what answers it, and how an operation is declared."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from psycopg_pool import AsyncConnectionPool, ConnectionPool

from carecord.access.audit import EventName
from carecord.db.readers import Readers
from carecord.fhir_api.bodies_in import Body
from carecord.fhir_api.kept import Json, Kept
from carecord.fhir_api.negotiation import Preferences
from carecord.fhir_api.paging_links import Pages
from carecord.fhir_api.rights import Deed, Rights
from carecord.patient_index.tenancies import Tenancies


@dataclass(frozen=True, slots=True)
class Parts:
    """What the face answers with; the same for every call."""

    readers: Readers
    pool: AsyncConnectionPool[Any]
    writing_pool: ConnectionPool[Any]
    tenancies: Tenancies
    pages: Pages
    base: str
    """The address that every resource's is made of: `https://record.example/fhir/R4`."""
    data_folder: Path
    """Where files that outlive a call may be put, each part in a folder of its own."""


@dataclass(slots=True)
class Call:
    """Who asks for what, and the parts that answer it."""

    parts: Parts
    rights: Rights
    method: str
    """HEAD stands here as GET: the same right, the same trace."""
    interaction: str
    """`read`, `search`, `create` … or the name of an operation, `$everything`."""
    type: str | None
    id: str | None
    version: str | None
    """Of a vread, as it stands in the address."""
    rest: tuple[str, ...]
    """What the path holds after the operation's name: the id of an export's status, say."""
    parameters: Sequence[tuple[str, str]]
    """Query, and the form of a POST, decoded; `_format`, `_pretty` and the like are taken out."""
    headers: Mapping[bytes, bytes]
    preferences: Preferences
    body: Body
    event: EventName
    """What the audit calls it."""
    trace_id: str

    @property
    def base(self) -> str:
        return self.parts.base

    @property
    def client_id(self) -> str:
        return self.rights.caller.client_id

    @property
    def page_owner(self) -> str:
        """Whose next links are, and of what: another's, or of another question, do not count."""
        asked = (self.client_id, self.rights.caller.user_id or "", self.type or "", self.id or "")
        return " ".join((*asked, self.interaction))

    async def read_body(self) -> bytes:
        """The body, unzipped, within the limit, whatever its media type."""
        return await self.body.raw()

    async def read_resource(self) -> Json:
        """The resource of the body, JSON or XML; raises UnsupportedMediaType, BadRequest, BodyTooLarge."""
        return await self.body.resource()

    @property
    def operation_id(self) -> str:
        """What the audit names it: `fhir.Patient.read`, `fhir.$export`."""
        return ".".join(("fhir", *([self.type] if self.type else []), self.interaction))

    def header(self, name: bytes) -> str | None:
        found = self.headers.get(name)
        return None if found is None else found.decode("latin-1")

    def parameter(self, name: str) -> str | None:
        """The first value of a parameter."""
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(slots=True)
class Reply:
    """What goes back, and what the audit must know of it: whose records were shown, of which sources."""

    body: bytes | None = None
    """A resource as JSON, given out in the form that was asked for; or bytes of `media_type`."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str | None = None
    """None where the body is a resource."""
    chunks: AsyncIterator[bytes] | None = None
    """In place of a body: a file in pieces."""
    patient_detail_ids: Sequence[int] = ()
    tenancies: Sequence[int] = ()
    restricted: bool = False
    preferences: Preferences | None = None
    """In which form it goes out, where the body of the call had a say in that."""
    audited: bool = False
    """A change whose audit row was written in its own transaction, or a call that shows nobody."""

    @property
    def last_modified(self) -> datetime | None:
        """What the Last-Modified header says."""
        said = self.headers.get("Last-Modified")
        return None if said is None else parsedate_to_datetime(said)

    def showing(self, *kept: Kept) -> "Reply":
        """The same, with whose records these resources are noted for the audit."""
        self.patient_detail_ids = sorted({*self.patient_detail_ids, *_patients(kept)})
        self.tenancies = sorted({*self.tenancies, *(one.tenancy_id for one in kept)})
        self.restricted = self.restricted or any(one.restricted for one in kept)
        return self


def _patients(kept: Sequence[Kept]) -> set[int]:
    return {one.patient_detail_id for one in kept if one.patient_detail_id is not None}


Handler = Callable[[Call], Awaitable[Reply]]


class Level(StrEnum):
    """Where an operation is called: `[base]/$name`, `[base]/Type/$name`, `[base]/Type/id/$name`."""

    SYSTEM = "system"
    TYPE = "type"
    INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation beside its handler, to which nobody comes without the rights that are named here."""

    level: Level
    type: str | None
    """The resource type; None at the level of the system, or for every type."""
    name: str
    """Without the dollar sign."""
    handler: Handler
    methods: frozenset[str] = frozenset({"GET", "POST"})
    definition: str = ""
    """Its canonical URL, for the CapabilityStatement; one without is not listed there (a status address)."""
    about: str = ""
    """What it answers, in a sentence."""
    needs: tuple[tuple[Deed, str], ...] = ()
    """Deeds on types that the caller's scopes must permit (`*`: on any type at all)."""
    searches: bool = False
    """Whether the audit calls it a search for patients rather than a read of them."""
    takes_rest: bool = False
    """Whether more of a path may follow its name."""
