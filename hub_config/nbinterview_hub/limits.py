"""How often one address may ask for the hub's pages that need no sign-in."""

from __future__ import annotations

from typing import Any

from tornado import web

from nbinterview.errors import TooMany
from nbinterview.rates import Limiter, address_of, limits_from_env

_LIMITER = "nbinterview_limiter"


class Paced:
    """Goes before a handler class of JupyterHub: counts a request before all else."""

    request: Any
    settings: dict[str, Any]

    async def prepare(self) -> None:
        """Refuse with 429 when one address asks too often."""
        limiter = self.settings.get(_LIMITER)
        if limiter is None:
            limiter = self.settings[_LIMITER] = Limiter(limits_from_env())
        # tornado has read our proxy's X-Forwarded-For already, from its right end.
        address = address_of(self.request.remote_ip, "", 0)
        try:
            limiter.take("invitation-page", address)
        except TooMany as error:
            refusal: Any = web.HTTPError(error.status, error.detail)
            # JupyterHub's error page takes the headers along.
            refusal.headers = {"Retry-After": str(error.retry_after_s)}
            raise refusal from error
        await super().prepare()  # type: ignore[misc]  # of the class it goes before
