"""The report's pages: sign in, ask the service, and only then start a kernel."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyterhub.services.auth import HubOAuthCallbackHandler
from jupyterhub.singleuser._decorator import allow_unauthenticated
from tornado import web
from tornado.iostream import StreamClosedError
from voila.tornado.handler import TornadoVoilaHandler

from nbinterview.errors import NBInterviewError, NotFound
from nbinterview.home import Addresses
from nbinterview.ids import INTERVIEW_ID
from nbinterview.report.client import ask_ticket
from nbinterview.report.visit import Visit, current_visit

MAX_KERNELS = 4
WAIT_FOR_KERNEL_S = 20.0
# Voila waits for ever when its renderer fails half-way.
RENDER_WITHIN_S = 90.0
_HEARTBEAT = "<script>window.voila_heartbeat()</script>\n"

# What each status means to the person who sees it, and what to do next.
WORDS = {
    400: (
        "The sign-in was not complete",
        "Open the report again from its link, or from the list of interviews.",
    ),
    401: ("Please sign in", "Open the report again from your link."),
    403: (
        "This report is not open to you",
        (
            "Reports are for reviewers, and for the interviewers of that interview. "
            "If you should see it, ask the person who invited you to add you."
        ),
    ),
    404: (
        "There is no such report",
        "Check the address, or pick the interview from the list.",
    ),
    405: ("There is no such report", "Open the report from the list."),
    503: (
        "The report cannot be made at the moment",
        "Nothing is lost: the record is safe. Wait a minute and reload this page.",
    ),
}
SORRY = (
    "Something went wrong",
    (
        "Nothing is lost: the record is safe. Reload this page; if it happens again, "
        "tell the person who runs this platform."
    ),
)


TOOK_TOO_LONG = (
    '<p class="problem" role="alert">This report took too long to make. The record '
    "is safe; please reload this page in a minute.</p>"
)


def requested_interview(arguments: list[str]) -> str | None:
    """Return the id that a query names, None for the list, or raise `NotFound`."""
    if not arguments:
        return None
    if len(arguments) > 1 or INTERVIEW_ID.fullmatch(arguments[0]) is None:
        raise NotFound("No interview has such an id.")
    return arguments[0]


class KindErrors(web.RequestHandler):
    """Error pages in plain words, for every handler of this server."""

    def write_error(self, status_code: int, **_: Any) -> None:
        """Write the page of a status; never the exception's own words."""
        title, advice = WORDS.get(status_code, SORRY)
        template = self.settings["jinja2_env"].get_template("error.html")
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Security-Policy", self.settings["report_csp"])
        self.finish(template.render(title=title, advice=advice, status=status_code))


class PageHandler(KindErrors, TornadoVoilaHandler):  # type: ignore[misc]  # untyped
    """The report's one page."""

    _slots = asyncio.Semaphore(MAX_KERNELS)

    @web.authenticated
    async def get(self, *_: str) -> None:
        """Render the list or one interview, in a kernel that lives as long as this."""
        try:
            visit = await self._admit()
            await asyncio.wait_for(self._slots.acquire(), WAIT_FOR_KERNEL_S)
        except NBInterviewError as error:
            raise web.HTTPError(error.status) from error
        except TimeoutError as error:
            raise web.HTTPError(503) from error
        token = current_visit.set(visit)
        try:
            async with asyncio.timeout(RENDER_WITHIN_S):
                await self._stream()
        except StreamClosedError:
            self.log.info("The reader left before the report was complete.")
        except TimeoutError:
            self.log.warning("A report took longer than %s s", RENDER_WITHIN_S)
            self.write(TOOK_TOO_LONG)
        finally:
            current_visit.reset(token)
            self._slots.release()
            for kernel_id in visit.kernel_ids:
                await self.kernel_manager.shutdown_kernel(kernel_id, now=True)

    async def _stream(self) -> None:
        async for html in self.get_generator():
            # Voila's sign of life is a script, which our policy would not run.
            self.write("<!-- working -->\n" if html == _HEARTBEAT else html)
            await self.flush()

    async def _admit(self) -> Visit:
        addresses: Addresses = self.settings["report_addresses"]
        interview = requested_interview(self.get_query_arguments("interview"))
        ticket = await ask_ticket(
            addresses.service_api,
            self.settings["report_key"],
            hub_name=self.current_user.username,
            interview=interview,
        )
        return Visit(ticket, interview, addresses.service_api, addresses.service_url)


class NotFoundHandler(KindErrors, JupyterHandler):
    """Everything else: the same answer to everybody who is signed in."""

    async def get(self) -> None:
        """Refuse."""
        raise web.HTTPError(404)

    head = post = put = patch = delete = get


class HealthHandler(web.RequestHandler):
    """For the supervisor: the server answers."""

    def get(self) -> None:
        """Say so."""
        self.finish({"status": "ok"})


class CallbackHandler(KindErrors, HubOAuthCallbackHandler):  # type: ignore[misc]  # untyped
    """The return from the hub, with our error page."""

    def initialize(self, hub_auth: Any) -> None:
        """Take the hub's client."""
        self.hub_auth = hub_auth

    @allow_unauthenticated  # type: ignore[untyped-decorator]  # JupyterHub's
    async def get(self) -> None:
        """Exchange the code for a token."""
        await HubOAuthCallbackHandler.get(self)
