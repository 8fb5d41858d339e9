"""`GET /metrics`: Prometheus' text format, for a client whose token has the scope."""

import time

from prometheus_client import CollectorRegistry, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from carecord.access.gate import Gate
from carecord.access.scopes import METRICS_READ
from carecord.metrics.index_counts import IndexCounts

PATH = "/metrics"
OPERATION_ID = "Metrics_GetMetrics"

_ACCEPTED, _REFUSED, _FAILED = _OUTCOMES = ("accepted", "refused", "failed")
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The answer to a scrape, for a client whose token has the scope."""

    def __init__(self, gate: Gate, index: IndexCounts) -> None:
        self._gate = gate
        self._index = index
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._registry.register(index)
        self._submissions = Histogram(
            "carecord_submission_seconds",
            "Calls of Data Submission to this process, whole.",
            ["outcome"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        for outcome in _OUTCOMES:
            self._submissions.labels(outcome)

    async def answer(self, request: Request) -> Response:
        # A scrape that is answered leaves no audit row: it shows no patient, and would bury the rows that do.
        await self._gate.check_scope(
            request.headers.get("Authorization"),
            METRICS_READ,
            operation_id=OPERATION_ID,
            trace_id=getattr(request.state, "trace_id", None),
        )
        await self._index.refresh()
        encode, media_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(self._registry), media_type=media_type, headers={"Cache-Control": "no-store"})

    async def time_submission(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer a call of Data Submission, and note how long it took."""
        started = time.perf_counter()
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await app(scope, receive, note)
        finally:
            outcome = _ACCEPTED if status < 400 else _REFUSED if status < 500 else _FAILED
            self._submissions.labels(outcome).observe(time.perf_counter() - started)
