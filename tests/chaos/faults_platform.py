"""Faults of what stands around a room: the hub, the proxy, the platform's key."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from tests.chaos import history as told
from tests.chaos.faults_room import back, heard, key_lost
from tests.chaos.platform import PlatformRoom
from tests.chaos.stage import Stage, Trial, pause

NEW_LOGIN_WITHIN_S = 60.0


async def hub_killed(stage: Stage, seed: int) -> Trial:
    """1: the hub is killed; who is in a room must not notice, who comes gets in."""
    async with stage.trial(seed, name="platform") as trial:
        going = trial.interview
        assert isinstance(going.room, PlatformRoom)
        await pause(going, 0.3, 1.0)
        before = _connections(trial)
        going.room.running.part("hub").kill()
        began_s = time.monotonic()
        await asyncio.to_thread(_sign_in, going.room)
        trial.history.took("a new login", time.monotonic() - began_s)
        await pause(going, 0.5, 1.0)
        if _connections(trial) != before:
            trial.wrong("I1", "sockets of a room were dropped")
    return trial


def _connections(trial: Trial) -> tuple[object, ...]:
    going = trial.interview
    edits = (going.editor.back_s, going.other.back_s)
    return (going.candidate.connections, going.panel.connections, *map(len, edits))


def _sign_in(room: PlatformRoom) -> None:
    deadline_s = time.monotonic() + NEW_LOGIN_WITHIN_S
    while True:
        try:
            _, page = room.enter("interviewer")
        except Exception as error:  # noqa: BLE001  # nobody answers yet
            words = repr(error)
        else:
            if page.status == 200 and room.host in page.url:
                return
            words = f"{page.status} {page.url}"
        if time.monotonic() > deadline_s:
            raise AssertionError(f"nobody can sign in: {words}")
        time.sleep(0.1)


async def proxy_killed(stage: Stage, seed: int) -> Trial:
    """2: the proxy is killed; everybody's sockets end, and all come back."""
    async with stage.trial(seed, name="platform") as trial:
        going = trial.interview
        assert isinstance(going.room, PlatformRoom)
        await pause(going, 0.3, 1.0)
        connections = going.candidate.connections
        going.history.add("fault", told.CAUSE, causes=["offline", "unknown", "frozen"])
        going.room.running.part("proxy").kill()
        await back(going, connections)
        for fact in going.history.of(told.BACK):
            if fact.what["after_s"] > 0:
                trial.history.took("reconnected", fact.what["after_s"])
        await pause(going, 0.5, 1.0)
    return trial


async def key_rotated(stage: Stage, seed: int) -> Trial:
    """20: the platform's key is replaced while an interview goes on."""
    async with stage.trial(seed, name="platform") as trial:
        going = trial.interview
        assert isinstance(going.room, PlatformRoom)
        running = going.room.running
        await pause(going, 0.3, 1.0)
        await heard(going.panel, 0, lambda one: signed_by(one) is not None)
        old = {signed_by(one) for one in going.panel.heard}
        before = len(going.panel.heard)
        await asyncio.to_thread(running.cli, "key", "rotate")
        began_s = time.time()
        at_s = await heard(
            going.panel, before, lambda one: signed_by(one) not in {None, *old}
        )
        trial.history.took("a checkpoint by the new key", at_s - began_s)
    return trial


def signed_by(message: dict[str, Any]) -> str | None:
    """Return the platform's key that countersigned what a panel was shown."""
    seen = message.get("countersignature") if message["type"] == "checkpoint" else None
    return None if seen is None else str(seen["platform_key_id"])


async def keys(stage: Stage, seed: int) -> Trial:
    """20: by the seed, the room's own key or the platform's."""
    play = random.Random(seed).choice((key_rotated, key_lost))
    return await play(stage, seed)
