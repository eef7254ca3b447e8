"""The room's questions to the service: who am I, keep these, what did I tell you."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from nbinterview.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NBInterviewError,
    TooLarge,
    Unavailable,
)
from nbinterview.ledger.records import Record
from nbinterview.schemas.live_types import InterviewState

TIMEOUT_S = 10.0

_REFUSALS: Mapping[int, type[NBInterviewError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    409: Conflict,
    413: TooLarge,
}


@dataclass(frozen=True)
class Shipped:
    """The service's answer to records: what it holds, and how the interview stands."""

    acknowledged_seq: int
    state: InterviewState
    people_revision: int
    """Goes up whenever somebody is let in or put out."""


class Gap(Conflict):
    """The service wants the records from another number on."""

    def __init__(self, detail: str, expected_seq: int) -> None:
        super().__init__(detail)
        self.expected_seq = expected_seq


class ServiceApi:
    """The service's REST for one room. `close` when done."""

    def __init__(
        self,
        api: str,
        interview: str,
        token: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._path = f"/rooms/{interview}"
        self._client = httpx.AsyncClient(
            base_url=api,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_S,
            trust_env=False,
            transport=transport,
        )

    async def room(self) -> dict[str, Any]:
        """Return the room config as the service sent it."""
        answer = await self._ask("GET", self._path)
        found = _read(answer)
        if answer.status_code != 200:
            raise Unavailable(_words(answer.status_code, found))
        return found

    async def ship(self, wires: Sequence[str]) -> Shipped:
        """Send records, as JSON, in order; none asks how the interview stands.

        Raises:
            Gap: the service expects another number.
            Conflict, Forbidden, Invalid, TooLarge: repeating this will not help.
            Unavailable: try again later.
        """
        body = f'{{"records":[{",".join(wires)}]}}'.encode()
        headers = {"Content-Type": "application/json"}
        answer = await self._ask(
            "POST", f"{self._path}/records", content=body, headers=headers
        )
        found = _read(answer)
        if answer.status_code == 200:
            return Shipped(
                int(found["acknowledged_seq"]),
                found["state"],
                int(found["people_revision"]),
            )
        words = _words(answer.status_code, found)
        if answer.status_code == 409 and "expected_seq" in found:
            raise Gap(words, int(found["expected_seq"]))
        raise _REFUSALS.get(answer.status_code, Unavailable)(words)

    async def records(self, *, after: int, limit: int) -> list[Record]:
        """Return this room's own records that the service holds, verified.

        Raises:
            Invalid: one does not match its hash.
            Unavailable: try again later.
        """
        params = {"after": after, "limit": limit}
        answer = await self._ask("GET", f"{self._path}/records", params=params)
        found = _read(answer)
        if answer.status_code != 200:
            raise Unavailable(_words(answer.status_code, found))
        return await asyncio.to_thread(
            lambda: [Record.from_wire(wire) for wire in found["records"]]
        )

    async def _ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, **kwargs)
        except httpx.HTTPError as error:
            raise Unavailable(f"The service does not answer: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _words(status: int, found: Mapping[str, Any]) -> str:
    detail = str(found.get("detail", ""))[:300]
    return f"The service answered {status}. {detail}".strip()
