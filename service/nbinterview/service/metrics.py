"""Numbers for whoever runs the platform: `metrics`, in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nbinterview.errors import NBInterviewError
from nbinterview.ledger.records import Record, parse_time

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# What a room names as refused comes from a room: so many kinds and no more.
MAX_KINDS = 50
_LAG_S = (0.5, 1, 2, 5, 10, 30, 60, 300, 3600)
_REASONS = {401: "access", 403: "access", 404: "access", 429: "limit"}


class Metrics:
    """What one service counted since its start."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "nbinterview_requests",
            "Answers, by method and status.",
            ["method", "status"],
            registry=self._registry,
        )
        self._refused = Counter(
            "nbinterview_refused",
            "Requests refused: by access, by the interview's state, by limit, by size.",
            ["reason"],
            registry=self._registry,
        )
        self._records = Counter(
            "nbinterview_records_taken", "Records taken.", registry=self._registry
        )
        self._lag_s = Histogram(
            "nbinterview_ingest_lag_seconds",
            "From a record's making in its room to its taking.",
            buckets=_LAG_S,
            registry=self._registry,
        )
        self._in_rooms = Counter(
            "nbinterview_room_refusals",
            "What rooms refused, by kind, as their records say.",
            ["what"],
            registry=self._registry,
        )
        self._interviews = Gauge(
            "nbinterview_interviews",
            "Interviews, by state; each open one has a room.",
            ["state"],
            registry=self._registry,
        )
        self._kinds: set[str] = set()
        for reason in ("access", "state", "limit", "size"):
            self._refused.labels(reason)

    def answered(self, method: str, status: int) -> None:
        """Count an answer."""
        known = method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
        self._requests.labels(method if known else "other", str(status)).inc()

    def refused(self, error: NBInterviewError) -> None:
        """Count what the guard refused."""
        self._refused.labels(_REASONS.get(error.status, "state")).inc()

    def too_large(self) -> None:
        """Count a body that passed its limit."""
        self._refused.labels("size").inc()

    def taken(self, records: Sequence[Record], now: datetime) -> None:
        """Count a batch of a room's records, and what they say was refused there."""
        if not records:
            return
        self._records.inc(len(records))
        lag = now - parse_time(records[-1].time)
        self._lag_s.observe(max(0.0, lag.total_seconds()))
        for record in records:
            if record.kind == "refused" and record.payload is not None:
                count = record.payload.get("count", 1)
                self._in_rooms.labels(self._kind(record.payload)).inc(
                    count if isinstance(count, int) and count > 0 else 1
                )

    def _kind(self, payload: Mapping[str, object]) -> str:
        kind = str(payload.get("what", ""))[:60]
        if kind not in self._kinds and len(self._kinds) >= MAX_KINDS:
            return "other"
        self._kinds.add(kind)
        return kind

    def text(self, interviews: Mapping[str, int]) -> bytes:
        """Return everything, with how many interviews are in each state."""
        for state in {"scheduled", "open", "ended", *interviews}:
            self._interviews.labels(state).set(interviews.get(state, 0))
        return generate_latest(self._registry)


class Counted:
    """ASGI middleware: counts the answers."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and look at the answer's first line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.answered(scope["method"], message["status"])
                if message["status"] == 413:
                    self._metrics.too_large()
            await send(message)

        await self._app(scope, receive, counted)
