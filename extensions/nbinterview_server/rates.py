"""How often a person may ask a room, and with what body: behind the door.

Sockets are not counted here: each slows its page by itself, and the document's and the
kernel's know their own limits.
"""

from __future__ import annotations

import html
import json
import re
from typing import Any

from jupyter_server.auth import User
from jupyter_server.base.handlers import APIHandler
from tornado.web import Finish
from tornado.websocket import WebSocketHandler

from nbinterview.errors import Invalid, NBInterviewError, NotFound, TooMany
from nbinterview.rates import Limiter
from nbinterview_server.authorizer import PERSON
from nbinterview_server.bodies import check_body
from nbinterview_server.config import Person
from nbinterview_server.door import READING, below, entry_for
from nbinterview_server.refusals import AllRefusals

MANY = "more requests than its limit"
_RESTART = re.compile(r"/api/kernels/([^/]+)/restart")


class Turnstile:
    """An identity provider behind the door's that counts whom the door let in."""

    def __init__(
        self,
        door: Any,
        limiter: Limiter,
        refusals: AllRefusals,
        base_url: str,
    ) -> None:
        self._door = door
        self._limiter = limiter
        self._refusals = refusals
        self._base_url = base_url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._door, name)

    async def get_user(self, handler: Any) -> User | None:
        """Return the door's answer, or end the request with 429, 400 or 404."""
        user: User | None = await self._door.get_user(handler)
        person = getattr(handler, PERSON, None)
        if isinstance(person, Person) and not isinstance(handler, WebSocketHandler):
            request = handler.request
            path = below(self._base_url, request.path)
            found = entry_for(request.method, path)
            assert found is not None  # the door let it in
            entry = found[0]
            try:
                self._limiter.take(entry.limit, person.hub_name)
                if entry.body is not None and request.method not in READING:
                    check_body(entry.body, request.body)
                _check_kernel(handler, path)
            except (Invalid, NotFound) as error:
                _answer(handler, error)
                raise Finish from error
            except TooMany as error:
                refusals = self._refusals.of(person.hub_name)
                await refusals.note("request", MANY, entry.limit)
                _answer(handler, error)
                raise Finish from error
        return user


def _check_kernel(handler: Any, path: str) -> None:
    """Raise `NotFound` for a kernel to restart that is none: Jupyter says 500."""
    found = _RESTART.fullmatch(path)
    if found and found[1] not in handler.settings["kernel_manager"]:
        raise NotFound("There is no such kernel.")


def _answer(handler: Any, error: NBInterviewError) -> None:
    # Jupyter's log asks who was refused: nobody yet.
    handler.current_user = handler._jupyter_current_user = None
    handler.set_status(error.status)
    if isinstance(error, TooMany):
        handler.set_header("Retry-After", str(error.retry_after_s))
    problem = json.dumps({**error.problem(), "message": error.detail})
    if isinstance(handler, APIHandler):
        handler.finish(problem, set_content_type="application/problem+json")
    elif "text/html" in handler.request.headers.get("Accept", ""):
        handler.set_header("Content-Type", "text/html; charset=UTF-8")
        words = html.escape(error.detail)
        handler.finish(
            f"<!doctype html><title>{error.title}</title><h1>A moment, please</h1>"
            f"<p>{words}</p>"
        )
    else:
        handler.set_header("Content-Type", "application/problem+json")
        handler.finish(problem)
