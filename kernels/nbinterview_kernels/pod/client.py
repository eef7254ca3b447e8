"""The room's side of the service's three routes for its kernel pod.

`started` and `state` read the service's answers and are pure; `Http` sends. All of it
blocks, so that it serves a thread as well as a loop (`asyncio.to_thread`).
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from nbinterview_kernels.refusal import Refusal, SandboxRefused

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
CURVE_KEYS = ("curve_publickey", "curve_secretkey")
PHASES = ("starting", "running", "ended")
EGRESS = ("denied", "open", "unknown")
MAX_ANSWER_BYTES = 1 << 20
LOOK_S = 25.0
"""How long the service may hold back an answer to a look."""
_MARGIN_S = 10.0
_NO_LONGER_THERE = 404
_ITS_TROUBLE = 500


class Away(Exception):
    """The service did not answer; what it did is not known."""


class PodRefusal(Refusal):
    """One reason why there is no kernel pod."""

    def __str__(self) -> str:
        """Return the words for people."""
        return f"The kernel cannot start: {self.detail}\n{self.remedy}".strip()


class PodRefused(SandboxRefused):
    """No pod, so no kernel: there is never one beside the room instead."""


def refused(code: str, detail: str, remedy: str) -> PodRefused:
    """Return the refusal to raise."""
    return PodRefused(PodRefusal(code, detail, remedy))


@dataclass(frozen=True)
class Answer:
    """What came back of a request."""

    status: int
    body: bytes = b""


class Transport(Protocol):
    """Sends one request to the service. Raises Away."""

    def __call__(
        self, method: str, path: str, body: bytes | None, timeout_s: float
    ) -> Answer:
        """Return the answer, of whatever status."""


@dataclass(frozen=True)
class Started:
    """A pod that runs, or will in a moment: its address and keys."""

    pod: str
    since: str
    fresh: bool
    egress: str
    """Whether its way out is closed, as the service's probe found: of `EGRESS`."""
    connection: dict[str, Any] = field(repr=False)
    """As `jupyter_client` takes it."""


@dataclass(frozen=True)
class State:
    """What has become of the pod."""

    version: str
    phase: str
    death: str | None = None
    words: str = ""
    pod: str | None = None


def started(found: object) -> Started:
    """Read the service's answer to the wish for a kernel. Raises PodRefused."""
    try:
        assert isinstance(found, dict)
        raw = found["connection"]
        address = str(ipaddress.ip_address(found["address"]))
        egress = (found.get("isolation") or {}).get("egress", "unknown")
        # Without keys the kernel would be talked to in the clear: no such kernel.
        keys = {name: _text(raw[name], 40) for name in CURVE_KEYS}
        return Started(
            pod=_text(found["pod"]),
            since=_text(found["since"]),
            fresh=found["fresh"] is True,
            egress=egress if egress in EGRESS else "unknown",
            connection={
                **{name: _port(raw[name]) for name in PORTS},
                **keys,
                "ip": f"[{address}]" if ":" in address else address,
                "transport": "tcp",
                "key": _text(raw["key"]).encode(),
                "signature_scheme": "hmac-sha256",
            },
        )
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _not_understood(type(error).__name__) from error


def state(found: object) -> State:
    """Read the service's answer to a look. Raises PodRefused."""
    try:
        assert isinstance(found, dict)
        assert found["phase"] in PHASES
        death, pod = found.get("death"), found.get("pod")
        return State(
            version=str(found["version"]),
            phase=found["phase"],
            death=None if death is None else _text(death),
            words=str(found.get("words") or ""),
            pod=None if pod is None else _text(pod),
        )
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise _not_understood(type(error).__name__) from error


def _text(value: object, length: int | None = None) -> str:
    if not isinstance(value, str) or not value or length not in (None, len(value)):
        raise ValueError("no such text")
    return value


def _port(value: object) -> int:
    if type(value) is not int or not 0 < value < 65536:
        raise ValueError("no port")
    return value


def _not_understood(what: str) -> PodRefused:
    return refused(
        "pod_answer",
        f"the service's answer about it was not understood ({what}).",
        "Room and service may be of different versions: see the room's log.",
    )


class PodClient:
    """Asks the service for this room's kernel pod, and nothing else."""

    def __init__(self, transport: Transport, interview: str) -> None:
        self._send = transport
        self._path = f"/rooms/{quote(interview, safe='')}/kernel"

    def start(self, *, fresh: bool, timeout_s: float) -> Started:
        """Return the running pod, or a new one when there is none or `fresh`.

        Raises PodRefused.
        """
        body = json.dumps({"fresh": fresh}).encode()
        try:
            answer = self._send("POST", self._path, body, timeout_s)
        except Away as error:
            raise refused(
                "pod_service_away",
                "the service that starts kernels does not answer.",
                "Try again in a moment. A kernel that runs goes on without it.",
            ) from error
        return started(_read(answer))

    def look(self, after: str | None) -> State | None:
        """Wait for news after this version; None when there is no such pod.

        Raises Away, also when the service is not itself.
        """
        path = self._path + (f"?after={quote(after, safe='')}" if after else "")
        answer = self._send("GET", path, None, LOOK_S + _MARGIN_S)
        if _is_gone(answer):
            return None
        try:
            return state(_read(answer))
        except PodRefused as error:
            # A look that fails is no death: the kernel may well run on.
            raise Away(str(error)) from error

    def remove(self, *, timeout_s: float) -> None:
        """Have the pod removed; one that is gone already is fine.

        Raises Away and PodRefused.
        """
        answer = self._send("DELETE", self._path, None, timeout_s)
        if not _is_gone(answer):
            _read(answer)


def _is_gone(answer: Answer) -> bool:
    """Tell whether the service says so; a proxy in its place knows nothing of pods."""
    found = _json(answer)
    return (
        answer.status == _NO_LONGER_THERE
        and isinstance(found, dict)
        and isinstance(found.get("detail"), str)
    )


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body) if answer.body else {}
    except (ValueError, RecursionError):
        return None


def _read(answer: Answer) -> Any:
    found = _json(answer)
    if 200 <= answer.status < 300:
        return found
    words = found.get("detail") if isinstance(found, Mapping) else None
    if not isinstance(words, str) or not words:
        words = f"the service refused with status {answer.status}."
    remedy = "Try again in a moment." if answer.status >= _ITS_TROUBLE else ""
    raise refused("pod_refused", words, remedy)


class Http:
    """Sends requests by HTTP, each on a connection of its own."""

    def __init__(
        self, url: str, token: str, *, context: ssl.SSLContext | None = None
    ) -> None:
        self._url = urlsplit(url.rstrip("/"))
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ValueError(f"no address of a service: {url}")
        self._token = token
        self._context = context

    def __call__(
        self, method: str, path: str, body: bytes | None, timeout_s: float
    ) -> Answer:
        """Return the answer, of whatever status. Raises Away."""
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = self._connection(timeout_s)
        try:
            connection.request(method, self._url.path + path, body, headers)
            response = connection.getresponse()
            found = response.read(MAX_ANSWER_BYTES + 1)
            if len(found) > MAX_ANSWER_BYTES:
                raise Away("The service's answer is too long.")
            return Answer(response.status, found)
        except (OSError, http.client.HTTPException) as error:
            raise Away(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        host = self._url.hostname
        assert host is not None
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, self._url.port, timeout=timeout_s)
        context = self._context or ssl.create_default_context()
        return http.client.HTTPSConnection(
            host, self._url.port, timeout=timeout_s, context=context
        )
