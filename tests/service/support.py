"""The running application and what tests need to ask it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.responses import Response

from nbinterview.ledger.records import Record, format_time
from nbinterview.service.settings import Settings
from nbinterview.service.state import State
from nbinterview.tokens import room_token
from tests.service.hub_process import RunningHub

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **delta: float) -> None:
        """Go forward."""
        self.moment += timedelta(**delta)


BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)


@dataclass
class Running:
    """The application with its clock, and ways to ask it as somebody."""

    app: FastAPI
    settings: Settings
    clock: Clock
    hub: RunningHub
    _stack: AsyncExitStack
    _sessions: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def state(self) -> State:
        state = self.app.state.nbinterview
        assert isinstance(state, State)
        return state

    async def client(self, **headers: str) -> httpx.AsyncClient:
        """Return a client of its own, as a program that nobody is signed in at."""
        transport = httpx.ASGITransport(self.app)
        return await self._stack.enter_async_context(
            httpx.AsyncClient(
                transport=transport,
                base_url=self.settings.addresses.service_url,
                headers=headers,
            )
        )

    async def bearer(self, token: str) -> httpx.AsyncClient:
        return await self.client(Authorization=f"Bearer {token}")

    async def operator(self) -> httpx.AsyncClient:
        return await self.bearer(self.settings.keys.operator_token)

    async def room(self, interview_id: str) -> httpx.AsyncClient:
        key = self.settings.keys.room_key
        return await self.bearer(room_token(key, interview_id))

    async def person(self, hub_name: str, *groups: str) -> httpx.AsyncClient:
        """Return a browser in which somebody is signed in."""
        browser = await self.client(
            Origin=self.settings.origin,
            Accept="text/html",
            **{"Sec-Fetch-Site": "same-origin", "User-Agent": BROWSER},
        )
        if hub_name not in self._sessions:
            token = self.hub.token(hub_name, *(groups or ("candidates",)))
            # The very code in which the OAuth callback ends.
            answer = Response()
            await self.state.sign_in.start_session(answer, hub_name, token)
            name, value = answer.headers["set-cookie"].split(";")[0].split("=", 1)
            self._sessions[hub_name] = {name: value}
        browser.cookies.update(self._sessions[hub_name])
        return browser

    async def ticket(self, hub_name: str, interview: str | None) -> httpx.AsyncClient:
        report = await self.bearer(self.settings.keys.report_key)
        answer = await report.post(
            "api/v1/tickets", json={"hub_name": hub_name, "interview": interview}
        )
        assert answer.status_code == 200, answer.text
        return await self.bearer(answer.json()["ticket"])

    async def create(self, **given: Any) -> dict[str, Any]:
        """Make an interview as the operator; return the answer."""
        operator = await self.operator()
        body = {
            "template": notebook(),
            "candidate": "Cara Candidate",
            "interviewers": ["Ines Interviewer"],
            "policy": "standard",
            **given,
        }
        answer = await operator.post("api/v1/interviews", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


Start = Callable[[Settings], Awaitable[Running]]


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    """Return a small template."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": list(cells)
        or [
            {
                "cell_type": "markdown",
                "id": "question",
                "metadata": {},
                "source": "# Question",
            },
            {
                "cell_type": "code",
                "id": "answer",
                "metadata": {},
                "source": "1 + 1",
                "outputs": [],
                "execution_count": None,
            },
        ],
    }


def record(
    interview: str,
    seq: int,
    kind: str = "event",
    payload: dict[str, Any] | None = None,
    author: str = "room",
) -> dict[str, Any]:
    """Return the wire form of a record."""
    moment = START + timedelta(seconds=seq)
    return Record(
        interview=interview,
        seq=seq,
        time=format_time(moment),
        kind=kind,
        author=author,
        payload={"n": seq} if payload is None else payload,
        salt=f"{seq:032x}",
    ).wire()


def person_of(made: dict[str, Any], role: str, index: int = 0) -> str:
    """Return the hub name of somebody in an interview's answer."""
    found = [item for item in made["invitations"] if item["role"] == role]
    name: str = found[index]["person"]["hub_name"]
    return name


def link_of(made: dict[str, Any], role: str, index: int = 0) -> dict[str, Any]:
    """Return somebody's invitation."""
    found: dict[str, Any] = [
        item for item in made["invitations"] if item["role"] == role
    ][index]
    return found


async def eventually(
    what: str, ask: Callable[[], Awaitable[bool]], *, within_s: float = 40
) -> None:
    """Wait until `ask` says yes; fail when it takes too long."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not await ask():
        assert asyncio.get_running_loop().time() < deadline, f"waited for {what}"
        await asyncio.sleep(0.05)


def lines(content: bytes) -> list[dict[str, Any]]:
    """Return the parsed lines of an export."""
    return [json.loads(line) for line in content.splitlines()]
