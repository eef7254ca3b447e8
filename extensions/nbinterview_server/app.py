"""The room's server extension: puts the room into a Jupyter server."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from jupyterlab.commands import get_app_dir
from tornado.routing import PathMatches, Rule

from nbinterview import __version__
from nbinterview.errors import Unavailable
from nbinterview.ids import new_id
from nbinterview.rates import Limiter, limits_from_env
from nbinterview.runner_process import Sandbox
from nbinterview_server.authorizer import Doorkeeper, check_own_routes
from nbinterview_server.checks import CheckHandler, Checks
from nbinterview_server.config import RoomEnv, load_copy
from nbinterview_server.consistency import ConsistencyHandler
from nbinterview_server.documents.collaboration import RoomCollaboration
from nbinterview_server.execution.kernels import RoomKernelManager
from nbinterview_server.execution.restore import Branch, Restorer
from nbinterview_server.execution.runs import Runs
from nbinterview_server.film import FilmHandler, Films
from nbinterview_server.headers import ASSETS, page_headers
from nbinterview_server.live import LiveHandler
from nbinterview_server.rates import Turnstile
from nbinterview_server.room import Room, utc_now
from nbinterview_server.view import kernel_coming

# Handlers of jupyter_server 2.21 and jupyterlab_server 2.28 that leave a request
# without an answer when it fails or is refused.
BROKEN = r"(?:favicon\.ico|robots\.txt|lab/api/licenses/.*)"

CLOSE_S = 10.0
"""For one part of the room to close; the record's own limits are shorter."""
STOP_S = 25.0
"""After this the server ends, whatever still hangs."""

log = logging.getLogger(__name__)


class Absent(JupyterHandler):
    """Stands before a broken handler; the door refuses the request."""

    is_closed = True


class RoomExtension(ExtensionApp):
    """Opens the room, guards every route, serves the live socket."""

    name = "nbinterview_server"

    def initialize_settings(self) -> None:
        """Open the room; nothing of the server answers before."""
        env = RoomEnv.from_env()
        self.room = Room(env, load_copy(env.config_copy))
        # Not into the web application: this extension's settings go over them.
        self.settings["nbinterview_room"] = self.room
        self._guard(self.settings)
        assert self.serverapp is not None
        self._connect_execution(self.serverapp)

    def _guard(self, settings: dict[str, Any]) -> None:
        room = self.room
        door = Doorkeeper(
            settings["identity_provider"],
            room.people,
            room.sockets,
            settings["base_url"],
            state=lambda: room.view.state,
        )
        # Jupyter's error page asks who is there; before anybody is known (a body that
        # is no form) that fails. Nobody is, until the door has said who.
        JupyterHandler._current_user = None
        settings["identity_provider"] = Turnstile(
            door,
            Limiter(limits_from_env()),
            room.refusals,
            settings["base_url"],
        )
        settings["page_config_hook"] = door.page_config_hook
        settings["token"] = ""
        settings["allow_unauthenticated_access"] = False
        index = Path(get_app_dir()) / "static" / "index.html"
        settings["headers"] = {
            **settings.get("headers", {}),
            **page_headers(index.read_text("utf-8")),
        }

    def _connect_execution(self, server: ServerApp) -> None:
        self._kernels: Any = server.kernel_manager
        kernels = self._kernels
        if not isinstance(kernels, RoomKernelManager):
            raise TypeError("a room needs RoomKernelManager; see room_config.configure")
        points = server.extension_manager.extension_points
        self.collaboration: RoomCollaboration = points[RoomCollaboration.name].app
        self.room.runs = Runs(
            self.room.journal,
            kernels,
            self.collaboration,
            new_id=lambda: str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            monotonic=self.room.monotonic,
        )
        kernels.journal, kernels.lives = self.room.journal, self.room.runs
        kernels.restorer = self._restorer()
        kernels.follow(self.room.policy.sandbox)
        env = self.room.env
        self.checks = Checks(
            self.room.journal,
            self.room.view,
            self.room.fanout,
            Sandbox(
                sys.executable,
                env.kernel_python,
                env.bwrap,
                self.room.policy.sandbox.require,
            ),
            new_id=new_id,
            clock=utc_now,
        )

    def _restorer(self) -> Restorer | None:
        room = self.room
        if room.people.config.branch is None:
            return None

        def tell(detail: str) -> None:
            for audience, message in kernel_coming(room.view, detail):
                room.fanout.tell(audience, message)

        branch = Branch.from_wire(room.people.config.branch)
        return Restorer(branch, room.journal, room.runs.held, tell)

    def initialize_handlers(self) -> None:
        """Serve the live socket and the files that the camera's worker needs."""
        assert self.serverapp is not None
        web_app = self.serverapp.web_app
        broken = PathMatches(url_path_join(web_app.settings["base_url"], BROKEN))
        web_app.default_router.rules.insert(0, Rule(broken, Absent))
        assert self.serverapp is not None
        page = self.serverapp.web_app.settings.setdefault("page_config_data", {})
        # Our Lab plugins do nothing at all on a page without it.
        page["nbinterviewRoom"] = "true"
        page["nbinterviewVersion"] = __version__
        page["nbinterviewPageUrl"] = self.room.people.config.page_url
        films = Films(self.room.journal, self.room.people)
        self.handlers.extend(
            [
                (r"/nbinterview/api/v1/live", LiveHandler, {"room": self.room}),
                (r"/nbinterview/api/v1/check", CheckHandler, {"checks": self.checks}),
                (r"/nbinterview/api/v1/film", FilmHandler, {"films": films}),
                (
                    r"/nbinterview/api/v1/consistency",
                    ConsistencyHandler,
                    {"journal": self.room.journal},
                ),
                ASSETS,
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        # Jupyter Server takes SIGINT for a person at a terminal and, where there is
        # none, leaves without stopping anything. The hub stops its servers by it.
        # Heard by the event loop: the stock handler writes to the log, and where it
        # interrupts a line that is being written, the signal is lost.
        loop = asyncio.get_running_loop()
        for sent in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sent, serverapp._signal_stop, sent, None)
        web_app = serverapp.web_app
        try:
            check_own_routes(web_app, web_app.settings["base_url"])
        except Unavailable as error:
            # Anything else Jupyter Server would log, and serve without this extension.
            raise SystemExit(error.detail) from error
        await self.room.start()
        self._kernels.begin(self.room.fanout.tell, monotonic=self.room.monotonic)

    async def stop_extension(self) -> None:
        """Close in order: kernel, document, record. The record is closed always."""
        assert self.serverapp is not None
        # Jupyter Server never ends when a part of it fails while it stops.
        loop = self.serverapp.io_loop
        loop.call_later(STOP_S, loop.stop)
        parts = (
            self.checks.close,
            self._kernels.close,
            self.room.runs.close,
            self.collaboration.close,
            lambda: self.room.close("the server was asked to stop"),
        )
        await close_in_order(parts, within_s=CLOSE_S)


async def close_in_order(
    parts: Iterable[Callable[[], Awaitable[object]]], *, within_s: float
) -> None:
    """Close one part after the other; one that fails or hangs keeps none from it."""
    for close in parts:
        try:
            async with asyncio.timeout(within_s):
                await close()
        except Exception:
            log.exception("a part of the room did not close")
