"""The hub's REST API, as far as interviews need it."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

import httpx

from nbinterview.errors import Unavailable

RoomState = Literal["stopped", "starting", "ready", "stopping"]

# A start is answered when the room is up, or after the hub's own limit (10 s).
_TIMEOUT = httpx.Timeout(30, connect=5)


class Hub:
    """Users, groups, shares and rooms; every call may raise `Unavailable`."""

    def __init__(
        self,
        api_url: str,
        token: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=api_url,
            headers={"Authorization": f"token {token}"},
            timeout=_TIMEOUT,
            trust_env=False,
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ensure_user(self, name: str) -> None:
        """Make a hub user unless there is one."""
        await self._call("POST", f"/users/{quote(name)}", ok=(201, 409))

    async def delete_user(self, name: str) -> None:
        """Forget a hub user, names and all; harmless when there is none."""
        await self._call("DELETE", f"/users/{quote(name)}", ok=(204, 404))

    async def add_to_group(self, group: str, name: str) -> None:
        """Put a user into a group that the hub's configuration made."""
        await self._call("POST", f"/groups/{group}/users", json={"users": [name]})

    async def remove_from_group(self, group: str, name: str) -> None:
        """Take a user out of a group; harmless when the hub does not know them."""
        path = f"/groups/{group}/users"
        await self._call("DELETE", path, json={"users": [name]}, ok=(200, 400))

    async def share(self, room: str, name: str) -> None:
        """Let a user enter a room; harmless when repeated."""
        await self._share("POST", room, name)

    async def unshare(self, room: str, name: str) -> None:
        """End a user's right to enter a room; harmless when there is none."""
        await self._share("PATCH", room, name)

    async def _share(self, method: str, room: str, name: str) -> None:
        scopes = [f"access:servers!server={room}/"]
        await self._call(
            method, f"/shares/{room}/", json={"user": name, "scopes": scopes}
        )

    async def room_state(self, room: str) -> RoomState:
        """Return where a room's server stands; a room nobody made is stopped."""
        answer = await self._call("GET", f"/users/{room}/server", ok=(200, 404))
        if answer.status_code == 404:
            return "stopped"
        model = answer.json()
        if model["pending"] == "stop":
            return "stopping"
        if model["ready"]:
            return "ready"
        return "stopped" if model["stopped"] else "starting"

    async def start_room(self, room: str) -> None:
        """Start a room; harmless when it is starting or running."""
        answer = await self._call(
            "POST", f"/users/{room}/server", ok=(201, 202, 400), json={}
        )
        if answer.status_code == 400 and await self.room_state(room) == "stopped":
            raise Unavailable(f"The room could not be started: {_message(answer)}")

    async def stop_room(self, room: str) -> None:
        """Stop a room; harmless when it is not running."""
        await self._call("DELETE", f"/users/{room}/server", ok=(202, 204, 404))

    async def _call(
        self,
        method: str,
        path: str,
        *,
        ok: tuple[int, ...] = (200,),
        json: dict[str, Any] | None = None,
    ) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, json=json)
        except httpx.HTTPError as error:
            raise Unavailable(
                "The hub does not answer at the moment. Try again in a minute."
            ) from error
        if answer.status_code not in ok:
            raise Unavailable(
                f"The hub refused {method} {path} ({answer.status_code}): "
                f"{_message(answer)}"
            )
        return answer


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
