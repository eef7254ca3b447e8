"""Every run comes to an end on record, and the next one runs, whatever goes wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from nbinterview_server.documents.collaboration import RoomWebsocketServer
from nbinterview_server.documents.rooms import RecordedRoom
from nbinterview_server.execution.clients import MAX_MESSAGE_BYTES
from nbinterview_server.execution.runs import Runs
from nbinterview_server.execution.stack import Stack
from tests.extensions.harness import RoomServer, eventually
from tests.extensions.test_execution import cells

pytestmark = pytest.mark.asyncio


def ended(room: RoomServer, code: str) -> Callable[[], str]:
    """Return what tells the status with which the run of `code` is on record."""

    def status() -> str:
        asked = {
            one.facts["execution_id"]
            for one in room.records("execution.requested")
            if one.facts["code"] == code
        }
        return "".join(
            one.facts["status"]
            for one in room.records("execution.finished")
            if one.facts["execution_id"] in asked
        )

    return status


async def test_who_lets_go_first_frees_no_run_and_who_lets_go_last_does() -> None:
    """Two people may restart the kernel at once."""
    runs = Runs(None, None, None, new_id=str, monotonic=time.monotonic)  # type: ignore[arg-type]  # no run is asked
    runs._answering.add("kernel")
    one, other = runs.held("kernel"), runs.held("kernel")
    one.__enter__()
    waiting = asyncio.ensure_future(runs.ready("kernel", None))
    await asyncio.sleep(0)
    other.__enter__()
    one.__exit__(None, None, None)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    other.__exit__(None, None, None)
    await asyncio.wait_for(waiting, 5)


async def test_what_is_no_code_cell_is_on_record_as_not_run(room: RoomServer) -> None:
    async with cells(room) as notebook:
        await notebook.run("'no code cell'", "question-1")
        await eventually(lambda: ended(room, "'no code cell'")() == "aborted")
        await notebook.ask("'nobody looks'", "question-1")
        assert (await notebook.run("'goes on'"))["status"] == "ok"
    assert ended(room, "'nobody looks'")() == "aborted"


async def test_a_kernel_that_says_too_early_that_it_is_idle_stops_nobody(
    room: RoomServer,
) -> None:
    code = "k = get_ipython().kernel; k._publish_status('idle', 'shell')\n"
    code += "for n in range(9): k._publish_status('busy', 'shell')\n"
    code += "import time; time.sleep(4)"
    async with cells(room) as notebook:
        await notebook.run("1")
        queued = await notebook.ask(code)
        await asyncio.sleep(1)
        began_s = time.monotonic()
        await notebook.client.get("api/status")
        assert time.monotonic() - began_s < 2
        assert (await notebook.result(queued))["status"] == "ok"


@pytest.mark.parametrize(
    "code",
    [
        f"get_ipython().set_next_input('x' * {MAX_MESSAGE_BYTES})",
        f"import sys; sys.__stdout__.flush(); print('y' * {MAX_MESSAGE_BYTES})",
    ],
)
async def test_after_a_message_that_is_too_large_runs_go_on(
    room: RoomServer, code: str
) -> None:
    """Each ends a connection: of the answers, or of the outputs."""
    async with cells(room) as notebook:
        await notebook.run(code)
        assert ended(room, code)() in ("ok", "error")
        result = await notebook.run("print('goes on too')")
        assert result["status"] == "ok"
        assert "goes on too" in result["outputs"]


async def test_a_run_that_says_nothing_for_long_is_left_alone(room: RoomServer) -> None:
    async with cells(room) as notebook:
        result = await notebook.run("import time; time.sleep(5); 'patience'")
        assert "patience" in result["outputs"]


class Nobody:
    """The library's side of a kernel that nothing gets to."""

    allow_stdin = False

    def get_kernel(self, _kernel_id: str) -> Nobody:
        return self

    def client(self) -> Nobody:
        return self

    async def wait_for_ready(self) -> None: ...

    def stop_channels(self) -> None: ...


class OddDocument:
    """A document whose cells cannot be written to."""

    async def get_document(self, **_: Any) -> None:
        raise RuntimeError("Key must be of type string")


async def test_an_odd_cell_does_not_stop_the_queue() -> None:
    left: list[str] = []
    stack = Stack(Nobody(), OddDocument(), left.append)
    metadata = {"cell_id": "odd", "document_id": "json:notebook:x"}
    for _ in range(2):
        request = stack.put("kernel", "1", metadata)
        found: dict[str, Any] = {}
        async with asyncio.timeout(5):
            while found.get("pending", True):
                await asyncio.sleep(0.01)
                found = stack.get("kernel", request)
        assert "type string" in found["error"]
    assert left == ["kernel"] * 4  # when it failed, and when it was asked for
    with pytest.raises(asyncio.CancelledError):
        await stack.cancel("kernel")
    await stack.dispose()


async def test_a_room_may_be_made_while_another_is_waited_for() -> None:
    def no_room(path: str) -> Any:
        raise AssertionError(path)

    server = RoomWebsocketServer(no_room, ystore_class=None)

    class Slow(RecordedRoom):
        def __init__(self) -> None: ...

        async def flush(self) -> None:
            server.rooms["another"] = object()

    server.rooms["document"] = Slow()
    await server.flush()
    assert set(server.rooms) == {"document", "another"}
