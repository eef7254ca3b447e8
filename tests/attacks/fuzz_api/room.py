"""A room's HTTP under a fuzz: every line of the door's table, by everybody in it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from nbinterview.rates import RATES
from nbinterview_server.config import NOTEBOOK
from nbinterview_server.door import TABLE
from tests.attacks.fuzz_api.inputs import Sent, raw
from tests.attacks.fuzz_api.outcome import Outcome
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    STRANGER,
    RoomServer,
    room_config,
)
from tests.extensions.stand_in import TOKEN, StandIn

SESSION = {
    "path": NOTEBOOK,
    "type": "notebook",
    "name": NOTEBOOK,
    "kernel": {"name": "nbinterview-python3"},
}
# A film is a process of its own, a check a kernel: a few, not thousands.
_COSTLY = ("/nbinterview/api/v1/check", "/nbinterview/api/v1/film")


class _Room(RoomServer):
    """With limits that no fuzz meets."""

    def env(self) -> dict[str, str]:
        large = ",".join(f"{rate.name}=1000000/second" for rate in RATES)
        return {**super().env(), "NBINTERVIEW_LIMITS": large}


@contextmanager
def running_room() -> Iterator[RoomServer]:
    """Start a room; stop it at the end."""
    directory = Path(tempfile.mkdtemp(prefix="nbi-fuzz-room-"))
    room = _Room(directory, StandIn(room_config()))
    try:
        asyncio.run(room.start())
        yield room
    finally:
        try:
            room.stop()
        finally:
            room.service.close()
            shutil.rmtree(directory)


def paths() -> st.SearchStrategy[tuple[str, str]]:
    """Return (method, path) of the door's table, and some of nobody's."""
    lines = [
        st.tuples(
            st.sampled_from(sorted(entry.methods)),
            st.from_regex(entry.pattern, fullmatch=True),
        )
        for entry in TABLE
        if not any(entry.pattern.fullmatch(path) for path in _COSTLY)
    ]
    return st.one_of(*lines, st.tuples(st.just("GET"), st.text(max_size=20)))


def inputs(known: dict[str, list[str]]) -> st.SearchStrategy[Sent]:
    """Return requests: the table's paths or nearly so, with any body."""
    fields: dict[str, list[Any]] = {
        "path": [NOTEBOOK, "../x"],
        "type": ["notebook", 1],
        "name": ["x"],
        "kernel": [SESSION["kernel"], {"id": known["kernel"][0]}, {"name": "no"}],
        "code": ["1", "x = input()"],
        "metadata": [{"cell_id": "answer-1", "document_id": "x"}, {}],
        "input": ["y"],
        "format": ["json"],
        "session_id": ["s"],
        "data": [{}],
    }
    aimed = [
        ("POST", "/api/sessions"),
        ("PATCH", "/api/sessions/{session}"),
        ("POST", "/api/kernels/{kernel}/execute"),
        ("POST", "/api/kernels/{kernel}/input"),
        ("GET", "/api/kernels/{kernel}/requests/{request}"),
        ("PUT", "/lab/api/workspaces/{person}"),
        ("PUT", f"/api/collaboration/session/{NOTEBOOK}"),
        ("GET", f"/api/contents/{NOTEBOOK}"),
        ("GET", "/lab/api/settings/{kernel}"),
    ]

    def joined(parts: tuple[tuple[str, str], Sent]) -> Sent:
        (method, path), sent = parts
        safe = quote(path, safe="/:%", errors="replace")
        return Sent(method, safe, sent.headers, sent.body)

    anything = raw(aimed, known, fields)
    return anything | st.tuples(paths(), anything).map(joined)


def attack(room: RoomServer, *, n: int, seed_number: int) -> Outcome:
    """Send `n` inputs; return what came back, and what the log says."""
    with ExitStack() as stack:

        def caller(who: str | None) -> httpx.Client:
            headers = {"Authorization": f"token is-{who}"} if who else {}
            return stack.enter_context(
                httpx.Client(headers=headers, trust_env=False, timeout=60)
            )

        people = (CANDIDATE, INTERVIEWER, REVIEWER, STRANGER, None)
        callers = [caller(who) for who in people]
        begun = callers[0].post(room.url + "api/sessions", json=SESSION)
        begun.raise_for_status()
        session = begun.json()
        known = {
            "session": [session["id"]],
            "kernel": [session["kernel"]["id"]],
            "request": ["00000000-0000-0000-0000-000000000000"],
            "person": [CANDIDATE, INTERVIEWER],
        }
        outcome = Outcome(secrets=(TOKEN, str(room.directory), "site-packages"))

        def one(sent: Sent, caller: httpx.Client) -> None:
            _send(room, caller, sent, outcome)

        test = given(sent=inputs(known), caller=st.sampled_from(callers))(one)
        settings(
            max_examples=n,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )(seed(seed_number)(test))()
    for line in room.log().splitlines():
        if "Uncaught exception" in line or "Task exception was never" in line:
            outcome.unhandled.append(line[:300])
    return outcome


def _send(room: RoomServer, caller: httpx.Client, sent: Sent, outcome: Outcome) -> None:
    what = f"{sent.method} {sent.path} {sent.body[:200]!r}"
    headers = {
        name: value.encode("latin-1", "replace").decode("latin-1")
        for name, value in sent.headers.items()
    }
    url = room.url.rstrip("/") + "/" + sent.path.lstrip("/")
    try:
        request = caller.build_request(
            sent.method, url, headers=headers, content=sent.body
        )
    except (httpx.InvalidURL, UnicodeError):
        return  # no client could send it
    try:
        with caller.stream(
            request.method, request.url, headers=request.headers, content=sent.body
        ) as answer:
            # What streams for ever is not waited for.
            endless = "event-stream" in answer.headers.get("content-type", "")
            body = "" if endless else answer.read().decode("utf-8", "replace")
    except httpx.HTTPError as error:
        outcome.failed(what, error)
        return
    outcome.answered(what, answer.status_code, body)


def run(*, n: int, seed_number: int) -> Outcome:
    """Start a room, attack it, stop it."""
    with running_room() as room:
        return attack(room, n=n, seed_number=seed_number)
