"""The application: one process that answers the bundles API, the FHIR API, tokens and the API reference."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog
from psycopg import OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from carecord.access.audit_trail import AuditTrail, open_trail
from carecord.access.gate import Gate
from carecord.access.scopes import SCOPES_BESIDES
from carecord.access.signing_keys import SigningKeys
from carecord.access.token_endpoint import TokenEndpoint
from carecord.access.tokens import Tokens
from carecord.bundles_api.face import BundlesFace, send_problem
from carecord.bundles_api.handlers import handlers
from carecord.bundles_api.index_operations import PATIENT_INDEX
from carecord.bundles_api.link_explanations import index_handlers
from carecord.catalogue import BUNDLES
from carecord.catalogue.data_submission import BUNDLE as DATA_SUBMISSION
from carecord.db.connect import Database, database
from carecord.db.readers import Readers
from carecord.fhir_api.addresses import BASE_PATH as FHIR_PATH
from carecord.fhir_api.face import FHIRFace
from carecord.fhir_api.routes import build_face
from carecord.fhir_api.smart_configuration import SCOPES as SMART_SCOPES
from carecord.kernel.errors import CareRecordError, MethodNotAllowed, NotFound, Unavailable
from carecord.kernel.faults import log_fault
from carecord.kernel.problem import MEDIA_TYPE as PROBLEM
from carecord.kernel.problem import encode_problem
from carecord.kernel.settings import Settings
from carecord.metrics.endpoint import PATH as METRICS_PATH
from carecord.metrics.endpoint import Metrics
from carecord.metrics.index_counts import IndexCounts
from carecord.patient_index.tenancies import Tenancies
from carecord.portal.routes import portal_routes

_HEALTH_S = 3
_WRITERS = 4
"""Connections of one process that change the record at once."""


class CareRecord:
    """Gives each path to its part: a bundle's, the FHIR base's, or the small routes around them."""

    def __init__(self, face: BundlesFace, fhir: FHIRFace, rest: ASGIApp, metrics: Metrics) -> None:
        self.face = face
        self.fhir = fhir
        self.rest = rest
        self._metrics = metrics
        self._bundles = {bundle.slug for bundle in (*BUNDLES, PATIENT_INDEX)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        slug = path[1:].partition("/")[0]
        if slug == DATA_SUBMISSION.slug:
            await self._metrics.time_submission(self.face, scope, receive, send)
        elif slug in self._bundles:
            await self.face(scope, receive, send)
        elif path == FHIR_PATH or path.startswith(f"{FHIR_PATH}/"):
            await self.fhir(scope, receive, send)
        elif path.startswith("/"):
            await self._answer_rest(scope, receive, send)
        else:
            await not_found(scope, receive, send)

    async def _answer_rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        trace_id = uuid.uuid4().hex
        scope.setdefault("state", {})["trace_id"] = trace_id
        try:
            await self.rest(scope, receive, send)
        except Exception as error:  # noqa: BLE001  Starlette has answered it, and would have its text logged.
            log_fault(error, trace_id)


class CrossOrigin:
    """Lets browser apps of these origins call; to all others the application is as without it."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = {origin.encode() for origin in origins}
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[
                "WWW-Authenticate",
                "Retry-After",
                "Content-Disposition",
                "Content-Location",
                "ETag",
                "Last-Modified",
                "Location",
                "X-Progress",
                "X-Request-Id",
            ],
            max_age=3600,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        await (self._shared if origin in self._origins else self._app)(scope, receive, send)


class Health:
    """Whether this process can answer: its database does."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def answer(self, request: Request) -> Response:
        try:
            async with asyncio.timeout(_HEALTH_S), self._pool.connection() as connection:
                await connection.execute("SELECT 1")
        except (OperationalError, PoolTimeout, TimeoutError):
            return JSONResponse({"status": "the database does not answer"}, status_code=503)
        return JSONResponse({"status": "ok"})


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await send_problem(
        send, NotFound("There is no such page."), instance=scope["path"], trace_id=uuid.uuid4().hex
    )


async def answer_refusal(request: Request, error: Exception) -> Response:
    """What goes wrong around the bundles API has the same shape as what goes wrong in it."""
    if isinstance(error, CareRecordError):
        refusal = error
    elif isinstance(error, HTTPException) and error.status_code == MethodNotAllowed.status:
        refusal = MethodNotAllowed(headers=dict(error.headers or {}))
    elif isinstance(error, HTTPException):
        refusal = NotFound("There is no such page.")
    elif isinstance(error, OperationalError | PoolTimeout):
        refusal = Unavailable()
    else:
        refusal = CareRecordError()
    body = encode_problem(refusal, instance=request.url.path, trace_id=request.state.trace_id)
    headers = {"Cache-Control": "no-store"} | refusal.headers
    return Response(body, refusal.status, headers=headers, media_type=PROBLEM)


@contextlib.asynccontextmanager
async def open_app(settings: Settings, database: Database) -> AsyncIterator[CareRecord]:
    """The application with its pool and audit trail open; both close with it."""
    pool = database.open_pool(
        min_size=1, max_size=settings.pool_size, statement_timeout_s=settings.statement_timeout_s
    )
    readers = database.open_readers(most=settings.pool_size, statement_timeout_s=settings.statement_timeout_s)
    writing_pool = database.open_writing_pool(
        max_size=_WRITERS, statement_timeout_s=settings.statement_timeout_s
    )
    async with pool, readers, open_trail(database.url) as trail, IndexCounts(pool) as index_counts:
        with writing_pool:
            yield build_app(settings, readers, pool, writing_pool, trail, index_counts)


def build_app(
    settings: Settings,
    readers: Readers,
    pool: Any,
    writing_pool: Any,
    trail: AuditTrail,
    index_counts: IndexCounts,
) -> CareRecord:
    keys = SigningKeys(settings.data / "keys")
    tokens = Tokens(keys, issuer=settings.base_url, audience=settings.base_url)
    gate = Gate(settings, pool, tokens=tokens, trail=trail)
    tenancies = Tenancies(pool)
    fhir = build_face(
        settings,
        gate=gate,
        trail=trail,
        readers=readers,
        pool=pool,
        writing_pool=writing_pool,
        tenancies=tenancies,
    )
    face = BundlesFace(
        handlers() | index_handlers(),
        gate=gate,
        trail=trail,
        readers=readers,
        pool=pool,
        writing_pool=writing_pool,
        tenancies=tenancies,
        body_limit_bytes=settings.body_limit_bytes,
        submission_limit_bytes=settings.submission_limit_bytes,
        browse_by_surname=settings.browse_by_surname,
    )
    scopes = [
        scope for bundle in (*BUNDLES, PATIENT_INDEX) for scope in (bundle.scope, bundle.restricted_scope)
    ]
    scopes += SCOPES_BESIDES
    metrics = Metrics(gate, index_counts)
    scopes += SMART_SCOPES
    endpoint = TokenEndpoint(settings, pool, tokens=tokens, signing_keys=keys, trail=trail, scopes=scopes)
    rest = Starlette(
        routes=[
            *endpoint.routes(),
            Route("/health", Health(pool).answer),
            Route(METRICS_PATH, metrics.answer, methods=["GET"]),
            *portal_routes(settings, face.handlers),
        ],
        exception_handlers=dict.fromkeys(
            (CareRecordError, HTTPException, OperationalError, PoolTimeout, Exception), answer_refusal
        ),
    )
    rest.router.default = not_found
    return CareRecord(face, fhir, rest, metrics)


class Process:
    """The application as a server process runs it: it opens and closes with the server's lifespan.

    Without settings it reads the environment's; without a database it opens the one they name.
    """

    def __init__(self, settings: Settings | None = None, opened: Database | None = None) -> None:
        self._settings = settings
        self._database = opened
        self.app: CareRecord | None = None
        self._http: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._http is not None and scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with contextlib.AsyncExitStack() as stack:
            try:
                settings = self._settings or _settings_of_the_process()
                opened = self._database or stack.enter_context(database(settings))
                self._http = self.app = await stack.enter_async_context(open_app(settings, opened))
                if settings.cors_origins:
                    self._http = CrossOrigin(self.app, settings.cors_origins.split())
            except CareRecordError as error:
                await send({"type": "lifespan.startup.failed", "message": error.detail})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


def _settings_of_the_process() -> Settings:
    settings = Settings()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(settings.log_level))
    return settings


asgi = Process()
