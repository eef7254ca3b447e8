"""The room's questions to the service: who am I, keep these, what did I tell you."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import httpx
import orjson

from nbinterview.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NBInterviewError,
    TooLarge,
    Unavailable,
)
from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
)
from nbinterview.ledger.records import Record
from nbinterview.schemas.live_types import InterviewState

TIMEOUT_S = 10.0
ANOTHER_RECORD = "This is another record"
"""The title of the service's refusal of a checkpoint that does not extend its own."""

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
    countersignature: Countersignature | None = None
    erase: tuple[Mapping[str, Any], ...] = ()
    """What is to be erased here, too: `ErasureOut` of the service."""


class Gap(Conflict):
    """The service wants the records from another number on."""

    def __init__(self, detail: str, expected_seq: int) -> None:
        super().__init__(detail)
        self.expected_seq = expected_seq


class Unlike(Conflict):
    """The service holds another record than this journal; nothing is taken."""


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
        if answer.status_code != 200 or not found:
            raise Unavailable(_words(answer.status_code, found))
        return found

    async def ship(
        self,
        wires: Sequence[bytes],
        checkpoint: Checkpoint | None = None,
        erased: Sequence[str] = (),
    ) -> Shipped:
        """Send records, as JSON, in order; none asks how the interview stands.

        `erased` are the erasures that are done here.

        Raises:
            Gap: the service expects another number.
            Unlike: the service's record is another one.
            Conflict, Forbidden, Invalid, TooLarge: repeating this will not help.
            Unavailable: try again later.
        """
        head = orjson.dumps(checkpoint.wire()) if checkpoint is not None else b"null"
        body = b'{"records":[%b],"checkpoint":%b,"erased":%b}' % (
            b",".join(wires),
            head,
            orjson.dumps(list(erased)),
        )
        headers = {"Content-Type": "application/json"}
        answer = await self._ask(
            "POST", f"{self._path}/records", content=body, headers=headers
        )
        found = _read(answer)
        if answer.status_code == 200:
            return _shipped(found)
        words = _words(answer.status_code, found)
        expected = found.get("expected_seq")
        if answer.status_code == 409 and isinstance(expected, int):
            raise Gap(words, expected)
        if answer.status_code == 409 and found.get("title") == ANOTHER_RECORD:
            raise Unlike(words)
        raise _REFUSALS.get(answer.status_code, Unavailable)(words)

    async def certify(self, public_key: str, *, replaced: bool) -> Certificate:
        """Have the key that this room signs with certified; harmless when repeated.

        Raises:
            Conflict, Forbidden, Invalid: repeating this will not help.
            Unavailable: try again later.
        """
        body = {"public_key": public_key, "replaced": replaced}
        answer = await self._ask("POST", f"{self._path}/key", json=body)
        found = _read(answer)
        if answer.status_code != 200:
            words = _words(answer.status_code, found)
            raise _REFUSALS.get(answer.status_code, Unavailable)(words)
        try:
            return Certificate.from_wire(found)
        except Invalid as error:
            raise Unavailable(_NOT_THE_SERVICE) from error

    async def platform_keys(self) -> tuple[PlatformKey, ...]:
        """Return the platform's public keys. Raises `Unavailable`."""
        answer = await self._ask("GET", "/keys")
        found = _read(answer)
        if answer.status_code != 200 or not isinstance(found.get("keys"), list):
            raise Unavailable(_words(answer.status_code, found))
        try:
            return tuple(PlatformKey.from_wire(one) for one in found["keys"])
        except (Invalid, TypeError, ValueError) as error:
            raise Unavailable(_NOT_THE_SERVICE) from error

    async def records(self, *, after: int, limit: int) -> list[Record]:
        """Return this room's own records that the service holds, verified.

        Raises:
            Invalid: one does not match its hash.
            Unavailable: try again later.
        """
        params = {"after": after, "limit": limit}
        answer = await self._ask("GET", f"{self._path}/records", params=params)
        found = _read(answer)
        wires = found.get("records")
        if answer.status_code != 200 or not isinstance(wires, list):
            raise Unavailable(_words(answer.status_code, found))
        # What the service erased it alone can know; the tree holds it to its hash.
        return await asyncio.to_thread(
            lambda: [Record.from_wire(wire, erased_by_us=True) for wire in wires]
        )

    async def _ask(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, **kwargs)
        except httpx.HTTPError as error:
            raise Unavailable(f"The service does not answer: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


_NOT_THE_SERVICE = (
    "Something else answers in the service's place: a maintenance page, perhaps."
)


def _shipped(found: Mapping[str, Any]) -> Shipped:
    """Return the service's answer; `Unavailable` for a page that is none of its."""
    countersigned = found.get("countersignature")
    erase = found.get("erase") or []
    if found.get("state") not in get_args(InterviewState):
        raise Unavailable(_NOT_THE_SERVICE)
    try:
        return Shipped(
            int(found["acknowledged_seq"]),
            found["state"],
            int(found["people_revision"]),
            Countersignature.from_wire(countersigned) if countersigned else None,
            tuple(dict(one) for one in erase),
        )
    except (KeyError, ValueError, TypeError, OverflowError, Invalid) as error:
        raise Unavailable(_NOT_THE_SERVICE) from error


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(status: int, found: Mapping[str, Any]) -> str:
    detail = str(found.get("detail", ""))[:300]
    return f"The service answered {status}. {detail}".strip()
