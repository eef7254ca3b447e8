"""The service under a fuzz: every route of its table, by every kind of caller."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from limits import parse

from nbinterview.rates import RATES
from nbinterview.service.access_table import PUBLIC, TABLE
from nbinterview.service.app import create_app
from nbinterview.service.settings import Keys, Settings
from tests.attacks.fuzz_api.inputs import Sent, of_openapi, raw
from tests.attacks.fuzz_api.outcome import Outcome
from tests.service.hub_process import RunningHub, running_hub
from tests.service.support import Clock, Running, link_of, notebook, person_of, record

OTHER = "Zacharias Elsewhere"
RESTORE_EVERY = 200
# Rooms would start in the hub, or the answer would go on for as long as an interview;
# everything else of these routes is in the others.
_STARTS = ("/start", "/enter", "/enter/status", "/branches", "/events")


@asynccontextmanager
async def running_service(hub: RunningHub, directory: Path) -> AsyncIterator[Running]:
    """Run the application beside a hub, with limits that no fuzz meets."""
    keys = Keys(**{name: hub.home.secret(name) for name in Keys.__dataclass_fields__})
    clock = Clock()
    configured = Settings(
        addresses=hub.addresses,
        keys=keys,
        database=directory / "service.sqlite",
        platform_key=directory / "platform_key",
        now=clock,
        room_stop_grace_s=0.1,
        limits={rate.name: parse("1000000/second") for rate in RATES},
    )
    app = create_app(configured)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield Running(app, configured, clock, hub, stack)


async def attack(running: Running, *, n: int, seed_number: int) -> Outcome:
    """Send `n` inputs; return what came back."""
    made = await running.create(reviewer="Rita")
    other = await running.create(candidate=OTHER)
    here, elsewhere = made["interview"]["id"], other["interview"]["id"]
    room = await running.room(here)
    first = [record(here, seq) for seq in (1, 2)]
    await room.post(f"api/v1/rooms/{here}/records", json={"records": first})
    callers = await _callers(running, made, here)
    known = {
        "interview_id": [here, elsewhere],
        "invitation_id": [link_of(made, "candidate")["id"]],
    }
    keys = running.settings.keys
    outcome = Outcome(
        secrets=(
            *(getattr(keys, name) for name in Keys.__dataclass_fields__),
            OTHER,
            str(running.settings.database.parent),
            "site-packages",
            "Traceback",
            "sqlite",
        )
    )
    fields: dict[str, list[Any]] = {
        "template": [notebook(), {}, "{}"],
        "candidate": ["Cara", ""],
        "interviewers": [["Ines"], "Ines"],
        "policy": ["standard", "none"],
        "valid_days": [1, 10**30],
        "at_ms": [0, -1, 10**18],
        "records": [[record(here, 3)], [record(here, 9)], [{}]],
        "browser": ["Firefox"],
        "fresh": [True],
        "hub_name": [person_of(made, "interviewer")],
        "interview": [here, None],
        "after": ["0", str(10**30)],
        "limit": ["1", "-1"],
        "kind": ["event"],
        "state": ["x"],
        "code": ["y"],
    }
    routes = [
        (entry.method, entry.path)
        for entry in (*TABLE, *PUBLIC)
        if not entry.path.endswith(_STARTS)
    ]
    document = running.app.openapi()
    document = {
        **document,
        "paths": {
            path: operations
            for path, operations in document["paths"].items()
            if not path.endswith(_STARTS)
        },
    }
    strategies = [*of_openapi(document, known), raw(routes, known, fields)]
    await _send_all(running, callers, strategies, outcome, n, seed_number)
    return outcome


async def _callers(
    running: Running, made: dict[str, Any], here: str
) -> list[httpx.AsyncClient]:
    keys = running.settings.keys
    reviewer = person_of(made, "reviewer")
    interviewer = await running.person(person_of(made, "interviewer"), "interviewers")
    operator, room = await running.operator(), await running.room(here)
    return [
        await running.client(),
        await running.bearer("A" * 64),
        await running.person(person_of(made, "candidate")),
        await running.person(reviewer, "reviewers"),
        # More often those who reach the handlers.
        *(operator, operator, operator, room, room, interviewer, interviewer),
        await running.bearer(keys.hub_key),
        await running.bearer(keys.report_key),
        await running.ticket(reviewer, here),
        await running.ticket(reviewer, None),
    ]


async def _send_all(
    running: Running,
    callers: list[httpx.AsyncClient],
    strategies: list[st.SearchStrategy[Sent]],
    outcome: Outcome,
    n: int,
    seed_number: int,
) -> None:
    loop = asyncio.get_running_loop()
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(sqlite3.connect(running.settings.database)) as database:
        database.backup(copy)

    def restore() -> None:
        with closing(sqlite3.connect(running.settings.database, timeout=30)) as live:
            copy.backup(live)

    def one(sent: Sent, caller: httpx.AsyncClient) -> None:
        asyncio.run_coroutine_threadsafe(
            _send(running, caller, sent, outcome), loop
        ).result(60)
        if outcome.inputs % RESTORE_EVERY == 0:
            restore()

    each = max(1, n // len(strategies))
    # Raw requests reach more routes than any one operation: the larger share.
    shares = [each // 2 or 1] * (len(strategies) - 1)
    shares.append(max(each, n - sum(shares)))
    for strategy, share in zip(strategies, shares, strict=True):
        test = given(sent=strategy, caller=st.sampled_from(callers))(one)
        test = settings(
            max_examples=share,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )(seed(seed_number)(test))
        await asyncio.to_thread(test)
    copy.close()


async def _send(
    running: Running, caller: httpx.AsyncClient, sent: Sent, outcome: Outcome
) -> None:
    what = f"{sent.method} {sent.path} {sent.body[:200]!r}"
    own = {name: value for name, value in sent.headers.items() if value}
    own.pop("Authorization", None)
    own = {name: _latin(value) for name, value in own.items()}
    try:
        request = caller.build_request(
            sent.method,
            running.settings.origin + sent.path,
            headers=own,
            content=sent.body,
        )
    except (httpx.InvalidURL, UnicodeError):
        return  # no client could send it
    try:
        answer = await caller.send(request)
    except Exception as error:  # noqa: BLE001 (that is what is looked for)
        outcome.failed(what, error)
        return
    outcome.answered(what, answer.status_code, answer.text)


def _latin(value: str) -> str:
    return value.encode("latin-1", "replace").decode("latin-1")


async def run(*, n: int, seed_number: int) -> Outcome:
    """Start everything, attack, stop everything."""
    with tempfile.TemporaryDirectory(prefix="nbi-fuzz-") as text:
        directory = Path(text)
        (directory / "hub").mkdir()
        with running_hub(directory / "hub") as hub:
            async with running_service(hub, directory) as running:
                return await attack(running, n=n, seed_number=seed_number)
