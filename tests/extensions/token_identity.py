"""Identity for tests without a hub: the token is the hub name behind `is-`."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth import IdentityProvider, User


class TokenIdentity(IdentityProvider):
    """Believes the token, so that a test can be anybody."""

    async def get_user_token(self, handler: Any) -> User | None:
        token = self.get_token(handler)
        if token is None or not token.startswith("is-"):
            return None
        # The name that a hub user would bring; the room must show its own.
        return User(username=token.removeprefix("is-"), name="from the hub")
