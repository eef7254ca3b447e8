"""jupyter-server-nbmodel's routes, behind our own door.

Its `ExecuteHandler` would run code on any server that a request names, and its
handlers ask no authorizer. Ours take known fields only.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import tornado.web
from jsonschema import Draft202012Validator
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.services.kernelspecs.handlers import (
    KernelSpecHandler,
    MainKernelSpecHandler,
)
from jupyter_server_nbmodel.extension import REQUEST_ID_REGEX
from jupyter_server_nbmodel.handlers import RequestHandler

from nbinterview.errors import Invalid, NBInterviewError, NotFound, TooLarge
from nbinterview.schemas import shortened
from nbinterview_server.authorizer import person_of
from nbinterview_server.execution.sessions import RoomSession, RoomSessions, answer

if TYPE_CHECKING:
    from nbinterview_server.execution.runs import Runs

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_CODE_CHARS = 1_000_000
MAX_INPUT_BYTES = 64 * 1024
KERNEL_ID = r"(?P<kernel_id>\w+-\w+-\w+-\w+-\w+)"

_REQUEST = Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["code"],
        "properties": {
            "code": {"type": "string", "maxLength": MAX_CODE_CHARS},
            "metadata": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "cell_id": {"type": "string", "maxLength": 64},
                    "document_id": {"type": "string", "maxLength": 200},
                    "document_path": {"type": "string", "maxLength": 200},
                    "record_timing": {"type": "boolean"},
                },
            },
        },
    }
)


def read_request(body: object) -> tuple[str, dict[str, Any]]:
    """Return code and metadata, or raise `Invalid` naming the field to blame."""
    for error in _REQUEST.iter_errors(body):
        path = [str(part) for part in error.absolute_path]
        if error.validator == "additionalProperties" and isinstance(
            error.instance, dict
        ):
            unknown = sorted(set(error.instance) - set(error.schema["properties"]))
            field = ".".join([*path, *map(shortened, unknown[:1])])
            raise Invalid(f"unknown field {field!r}", field=field)
        raise Invalid("this request cannot be run", field=".".join(path) or "code")
    assert isinstance(body, dict)
    return body["code"], body.get("metadata", {})


class RoomExecuteHandler(APIHandler):
    """Runs one cell of the interview's notebook."""

    def initialize(self, runs: Runs) -> None:
        """Take the runs from the route."""
        self._runs = runs

    @tornado.web.authenticated
    def get(self, kernel_id: str) -> None:
        """Return what is queued or runs, without taking results away."""
        requests = self._runs.stack.pending(kernel_id)
        self.finish(json.dumps({"kernel_id": kernel_id, "requests": requests}))

    @tornado.web.authenticated
    async def post(self, kernel_id: str) -> None:
        """Queue the code; it is on record when this answers."""
        try:
            person = person_of(self)
            code, metadata = read_request(_body(self))
            if kernel_id not in self.kernel_manager:
                raise NotFound("There is no such kernel here.")
            request = await self._runs.ask(person.hub_name, kernel_id, code, metadata)
        except NBInterviewError as error:
            answer(self, error)
            return
        location = f"/api/kernels/{kernel_id}/requests/{request}"
        self.set_status(HTTPStatus.ACCEPTED)
        self.set_header("Location", location)
        queued = {
            "request_id": request,
            "kernel_id": kernel_id,
            "cell_id": metadata.get("cell_id"),
            "document_path": metadata.get("document_path"),
            "pending": True,
            "request_status": "queued",
            "request_url": location,
            "outputs": "[]",
        }
        self.finish(json.dumps(queued))


def _body(handler: APIHandler) -> object:
    size_bytes = len(handler.request.body)
    if size_bytes > MAX_BODY_BYTES:
        raise TooLarge(f"A request has at most {MAX_BODY_BYTES} bytes.")
    return handler.get_json_body()


def read_answer(body: object) -> str:
    """Return the answer to `input()`; `Invalid` or `TooLarge` when it is none."""
    if not isinstance(body, dict) or not isinstance(body.get("input"), str):
        raise Invalid("an answer is a text", field="input")
    for unknown in sorted(set(body) - {"input"})[:1]:
        field = shortened(unknown)
        raise Invalid(f"unknown field {field!r}", field=field)
    answered: str = body["input"]
    if len(answered.encode("utf-8", "replace")) > MAX_INPUT_BYTES:
        raise TooLarge(
            f"An answer has at most {MAX_INPUT_BYTES // 1024} KiB. "
            "A longer text can be put into a cell.",
            field="input",
        )
    return answered


class RoomInputHandler(APIHandler):
    """Answers a cell that asks by `input()`."""

    def initialize(self, runs: Runs) -> None:
        """Take the runs from the route."""
        self._runs = runs

    @tornado.web.authenticated
    async def post(self, kernel_id: str) -> None:
        """Give the kernel an answer; it is on record before."""
        try:
            person = person_of(self)
            value = read_answer(_body(self))
            if kernel_id not in self.kernel_manager:
                raise NotFound("There is no such kernel here.")
            await self._runs.answer(person.hub_name, kernel_id, value)
        except NBInterviewError as error:
            answer(self, error)
            return
        self.set_status(HTTPStatus.CREATED)


class RoomKernelSpecs(MainKernelSpecHandler):
    """The kernel's description, without how and where the server starts it."""

    def finish(self, *args: Any, **kwargs: Any) -> Any:
        """Answer with the descriptions."""
        return super().finish(*_without_commands(self, args), **kwargs)


class RoomKernelSpec(KernelSpecHandler):
    """One kernel's description."""

    def finish(self, *args: Any, **kwargs: Any) -> Any:
        """Answer with the description."""
        return super().finish(*_without_commands(self, args), **kwargs)


def _without_commands(handler: APIHandler, chunks: tuple[Any, ...]) -> tuple[Any, ...]:
    if handler.get_status() != HTTPStatus.OK or not chunks:
        return chunks
    model = json.loads(chunks[0])
    for one in model.get("kernelspecs", {"": model}).values():
        one["spec"] |= {"argv": [], "env": {}}
        one["spec"]["metadata"].pop("kernel_provisioner", None)
    return (json.dumps(model), *chunks[1:])


class RoomExecution(ExtensionApp):
    """The execution extension of a room."""

    name = "nbinterview_execution"

    def initialize_handlers(self) -> None:
        """Serve runs, their results and their questions."""
        assert self.serverapp is not None
        room = self.serverapp.web_app.settings["nbinterview_room"]
        stack = {"execution_stack": room.runs.stack, "name": self.name}
        self.handlers.extend(
            [
                (
                    rf"/api/kernels/{KERNEL_ID}/execute",
                    RoomExecuteHandler,
                    {"runs": room.runs},
                ),
                (r"/api/kernelspecs", RoomKernelSpecs),
                (r"/api/kernelspecs/(?P<kernel_name>[\w.%-]+)", RoomKernelSpec),
                (r"/api/sessions", RoomSessions),
                (r"/api/sessions/(?P<session_id>[\w-]+)", RoomSession),
                (
                    rf"/api/kernels/{KERNEL_ID}/input",
                    RoomInputHandler,
                    {"runs": room.runs},
                ),
                (
                    rf"/api/kernels/{KERNEL_ID}/requests/{REQUEST_ID_REGEX}",
                    RequestHandler,
                    stack,
                ),
            ]
        )
