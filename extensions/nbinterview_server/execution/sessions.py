"""Sessions: how pages find the one kernel of the one notebook.

JupyterLab begins a session under a made-up path and renames it to the
notebook's. Through the same requests a page could start another kernel or
bind a session to another file; so both are read strictly before Jupyter does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.services.sessions.handlers import SessionHandler, SessionRootHandler
from tornado.web import authenticated

from nbinterview.errors import Conflict, Invalid, NBInterviewError
from nbinterview.schemas import shortened
from nbinterview_server.config import KERNEL_NAME, NOTEBOOK

FIELDS = frozenset({"id", "path", "name", "type", "kernel"})
MADE_UP_PATH = re.compile(r"\w[\w.: -]{0,99}")


def check_session(body: object, *, new: bool, kernels: Container[object] = ()) -> None:
    """Raise unless this begins or renames the session of the interview's notebook.

    `kernels` has the ids of those that run.
    """
    if not isinstance(body, Mapping):
        raise Invalid("a session is a JSON object")
    unknown = sorted(set(body) - FIELDS)
    if unknown:
        field = shortened(str(unknown[0]))
        raise Invalid(f"unknown field {field!r}", field=field)
    if body.get("type", "notebook") != "notebook":
        raise Invalid("only notebooks have sessions here", field="type")
    path = body.get("path", NOTEBOOK)
    made_up = new and isinstance(path, str) and MADE_UP_PATH.fullmatch(path)
    if not (path == NOTEBOOK or made_up):
        raise Invalid(f"the only notebook here is {NOTEBOOK}", field="path")
    if body.get("name", NOTEBOOK) != NOTEBOOK:
        raise Invalid(f"the only notebook here is {NOTEBOOK}", field="name")
    _check_kernel(body.get("kernel") or {}, new=new, kernels=kernels)


def _check_kernel(kernel: object, *, new: bool, kernels: Container[object]) -> None:
    if not isinstance(kernel, Mapping) or set(kernel) - {"id", "name"}:
        raise Invalid("a kernel is named by name or id", field="kernel")
    if kernel.get("name") not in {None, KERNEL_NAME}:
        raise Invalid(f"the only kernel here is {KERNEL_NAME}", field="kernel.name")
    kernel_id = kernel.get("id")
    # Jupyter would start a kernel under any id that it does not know.
    known = isinstance(kernel_id, str) and kernel_id in kernels
    if new and kernel_id is not None and not known:
        raise Invalid("there is no such kernel here", field="kernel.id")
    if kernel and not new:
        raise Conflict("The kernel cannot be changed here. You can restart it.")


class ProblemErrors:
    """Answers our errors as problem+json, with the `message` that Lab shows."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer one of our errors; leave the others to Jupyter."""
        raised = (kwargs.get("exc_info") or (None, None, None))[1]
        cause = getattr(raised, "__cause__", None)
        for error in (raised, cause):
            if isinstance(error, NBInterviewError):
                answer(self, error)
                return
        super().write_error(status_code, **kwargs)  # type: ignore[misc]  # a mixin


def answer(handler: Any, error: NBInterviewError) -> None:
    """Finish a request with the problem."""
    handler.set_status(error.status)
    body = json.dumps({**error.problem(), "message": error.detail})
    handler.finish(body, set_content_type="application/problem+json")


class RoomSessions(ProblemErrors, SessionRootHandler):
    """All sessions: at most one."""

    @authenticated
    async def post(self) -> None:
        """Begin the notebook's session, with its kernel."""
        try:
            running = self.kernel_manager.list_kernel_ids()
            check_session(self.get_json_body(), new=True, kernels=running)
        except NBInterviewError as error:
            answer(self, error)
            return
        await ensure_async(super().post())


class RoomSession(ProblemErrors, SessionHandler):
    """The notebook's session."""

    @authenticated
    async def patch(self, session_id: str) -> None:
        """Give it the notebook's path and name."""
        try:
            check_session(self.get_json_body(), new=False)
        except NBInterviewError as error:
            answer(self, error)
            return
        await ensure_async(super().patch(session_id))
