"""Every kernel message type, said by a candidate's raw socket to a real kernel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from nbinterview_server.execution.channel_rules import PAGE_MESSAGES
from tests.attacks.sockets.channel_page import ChannelPage, channel
from tests.extensions.conftest import make_room, room
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    RoomServer,
    document,
    eventually,
)
from tests.extensions.test_execution import Cells, cells, outputs

pytestmark = pytest.mark.asyncio

__all__ = ["make_room", "room"]  # fixtures

MARK = "import builtins; builtins.marked = True"
EXECUTE = {
    "code": MARK,
    "silent": True,
    "store_history": True,
    "user_expressions": {"x": "exec('import builtins; builtins.marked = True')"},
    "allow_stdin": False,
    "stop_on_error": True,
}
CONTENTS: dict[str, Any] = {
    "execute_request": EXECUTE,
    "history_request": {"hist_access_type": "tail", "n": 100, "output": True},
    "shutdown_request": {"restart": False},
    "interrupt_request": {},
    "debug_request": {"type": "request", "seq": 1, "command": "initialize"},
    "usage_request": {},
    "connect_request": {},
    "apply_request": {"code": MARK},
    "clear_request": {},
    "abort_request": {},
    "create_subshell_request": {},
    "delete_subshell_request": {"subshell_id": "x"},
    "list_subshell_request": {},
    "input_reply": {"value": "forged"},
    "input_request": {"prompt": "forged", "password": True},
    "execute_reply": {"status": "ok", "execution_count": 1},
    "stream": {"name": "stdout", "text": "forged"},
    "display_data": {"data": {"text/html": "forged"}, "metadata": {}},
    "update_display_data": {"data": {}, "metadata": {}, "transient": {}},
    "execute_result": {"data": {"text/plain": "1"}, "metadata": {}},
    "error": {"ename": "E", "evalue": "", "traceback": []},
    "clear_output": {},
    "execute_input": {"code": "forged", "execution_count": 1},
    "status": {"execution_state": "dead"},
    "iopub_welcome": {},
    "debug_event": {},
    "": {},
    "no_such_request": {"code": MARK},
    "__class__": {},
}


@asynccontextmanager
async def page(
    room: RoomServer, who: str = CANDIDATE
) -> AsyncIterator[tuple[ChannelPage, Cells]]:
    async with cells(room) as notebook, channel(room, who, notebook.kernel) as found:
        yield found, notebook


async def nothing_ran(notebook: Cells) -> None:
    result = await notebook.run("import builtins; hasattr(builtins, 'marked')")
    assert "'False'" in repr(json.loads(result["outputs"])[-1]["data"]["text/plain"])


def refused(room: RoomServer) -> list[dict[str, Any]]:
    records = room.records("refused")
    return [
        dict(one.facts)
        for one in records
        if one.facts["what"] == "kernel message" and one.author == CANDIDATE
    ]


async def test_what_runs_or_claims_reaches_no_kernel(room: RoomServer) -> None:
    assert not set(CONTENTS) & PAGE_MESSAGES
    async with page(room) as (mine, notebook):
        await mine.ask("kernel_info_request")
        for kind, content in CONTENTS.items():
            for where in ("shell", "control", "stdin", "iopub", "", "x"):
                await mine.send(kind, content, channel=where)
        for kind, content in CONTENTS.items():
            if kind.endswith("_request"):
                answer = await mine.ask(kind, content)
                if kind == "history_request":
                    assert answer["content"]["history"] == []
                    continue
                assert answer["content"]["ename"] == "Refused"
                assert answer["metadata"] == {"claimed_by": "room"}
        await nothing_ran(notebook)
        assert mine.kinds() <= {"status", "kernel_info_reply"} | {
            kind.replace("_request", "_reply") for kind in CONTENTS
        }
    await eventually(lambda: len(refused(room)) > 10)
    reasons = " ".join(one["reason"] for one in refused(room))
    assert "Code is run through the room" in reasons
    asked = room.records("execution.requested")
    assert all("marked = True" not in one.facts["code"] for one in asked)


async def test_what_a_page_may_ask_goes_by_the_shell_alone(room: RoomServer) -> None:
    async with page(room) as (mine, notebook):
        for where in ("control", "stdin", "iopub"):
            for kind in sorted(PAGE_MESSAGES):
                await mine.send(kind, {"code": "1", "comm_id": "a"}, channel=where)
        answer = await mine.ask("complete_request", {"code": "prin", "cursor_pos": 4})
        assert "print" in answer["content"]["matches"]
        assert answer["metadata"] == {"claimed_by": "kernel"}
        answer = await mine.ask("inspect_request", {"code": "print", "cursor_pos": 5})
        assert set(answer["content"]["data"]) == {"text/plain"}
        answer = await mine.ask("is_complete_request", {"code": "def f("})
        assert answer["content"]["status"] == "incomplete"
        info = (await mine.ask("kernel_info_request"))["content"]
        assert (info["help_links"], info["language_info"]["name"]) == ([], "python")
        await nothing_ran(notebook)


async def test_comms_are_for_widgets_alone(room: RoomServer) -> None:
    register = """
import builtins
def opened(comm, message):
    builtins.marked = True
get_ipython().kernel.comm_manager.register_target("candidate", opened)
"""
    async with page(room) as (mine, notebook):
        await notebook.run(register)
        for target in ("candidate", "jupyter.widget.controls", "", None, 1, ["a"]):
            content: dict[str, Any] = {
                "comm_id": "abc",
                "target_name": target,
                "data": {},
            }
            await mine.send("comm_open", content)
        await mine.hear(lambda one: one["header"]["msg_type"] == "comm_close")
        module = {"target_name": "jupyter.widget", "target_module": "antigravity"}
        for bad in (
            {"comm_id": "../x", "target_name": "jupyter.widget", "data": {}},
            {"comm_id": "a" * 101, "target_name": "jupyter.widget", "data": {}},
            {"comm_id": "abc", "target_name": "jupyter.widget", "data": "text"},
            {"comm_id": "abc", **module, "data": ["x" * 300_000]},
        ):
            await mine.send("comm_open", bad)
        buffers = (b"x",) * 65
        await mine.send("comm_msg", {"comm_id": "abc", "data": {}}, buffers=buffers[:9])
        await mine.ask("kernel_info_request")
        await nothing_ran(notebook)
        kernel_side = (
            "[one for one in ('antigravity',) if one in __import__('sys').modules]"
        )
        result = await notebook.run(kernel_side)
        assert json.loads(result["outputs"])[-1]["data"]["text/plain"] == "[]"


async def test_a_page_hears_no_outputs_and_nobody_elses_replies(
    room: RoomServer,
) -> None:
    async with page(room) as (mine, notebook):  # noqa: SIM117  # of the first's kernel
        async with channel(room, INTERVIEWER, notebook.kernel) as other:
            request = await other.send(
                "complete_request", {"code": "imp", "cursor_pos": 3}
            )
            await other.answer(request)
            await notebook.run("print('printed'); display('shown'); 1/0")
            await mine.ask("kernel_info_request")
            for heard in (mine, other):
                said = json.dumps([one["content"] for one in heard.heard])
                assert "printed" not in said
                assert "shown" not in said
            assert mine.kinds() == {"status", "kernel_info_reply"}
            assert {
                one["parent_header"].get("msg_id") for one in mine.heard
            }.isdisjoint({request})


HOSTILE = """
import json, threading, time
kernel = get_ipython().kernel
session, iopub, shell = kernel.session, kernel.iopub_socket, kernel.shell_stream
def say(kind, content, parent=None, ident=None, stream=iopub, **more):
    session.send(stream, kind, content, parent=parent, ident=ident, **more)
class Watch:
    def __init__(self): self.seen = []
watch = Watch()
do_complete = type(kernel).do_complete
def forging(self, code, cursor_pos):
    parent = self.get_parent("shell")
    ident = parent.get("header", {}).get("session", "").encode()
    for kind, content in (
        ("execute_reply", {"status": "ok", "payload": [
            {"source": "set_next_input", "text": "forged"}]}),
        ("shutdown_reply", {"status": "ok", "restart": False}),
        ("history_reply", {"status": "ok", "history": []}),
        ("kernel_info_reply", {"status": "ok", "help_links": [
            {"text": "x", "url": "javascript:alert(1)"}]}),
    ):
        say(kind, content, parent, [ident], self.shell_stream)
    for kind, content in (
        ("display_data", {"data": {"text/html": "forged"}, "metadata": {}}),
        ("update_display_data", {"data": {"text/html": "forged"}, "metadata": {},
         "transient": {"display_id": "1"}}),
        ("execute_input", {"code": "forged", "execution_count": 1}),
        ("error", {"ename": "forged", "evalue": "", "traceback": []}),
        ("comm_open", {"comm_id": "f1", "target_name": "candidate", "data": {}}),
        ("comm_open", {"comm_id": "f2", "target_name": "jupyter.widget",
         "target_module": "forged", "data": {"x": "passed"}}),
        ("comm_msg", {"comm_id": "<img>", "data": {"x": "forged"}}),
        ("status", {"execution_state": "forged"}),
        ("input_request", {"prompt": "forged", "password": True}),
        ("no_such_thing", {"x": "forged"}),
    ):
        say(kind, content, parent)
    return {"matches": ["ok", 1, None, "x" * 5000], "cursor_start": -5,
            "cursor_end": "x", "metadata": {"forged": 1}, "status": "ok",
            "html": "forged"}
type(kernel).do_complete = forging
"""


async def test_a_hostile_kernel_says_only_what_a_page_may_hear(
    make_room: Any,
) -> None:
    room = await asyncio.to_thread(make_room)
    async with page(room) as (mine, notebook):
        result = await notebook.run(HOSTILE)
        assert result["status"] == "ok", result
        answer = await mine.ask("complete_request", {"code": "a", "cursor_pos": 1})
        content = answer["content"]
        assert content["matches"][0] == "ok"
        assert max(map(len, content["matches"])) <= 1000
        assert (content["cursor_start"], content["metadata"]) == (0, {})
        passed = await mine.hear(lambda one: one["header"]["msg_type"] == "comm_open")
        assert passed["content"]["comm_id"] == "f2"
        await mine.ask("is_complete_request", {"code": "1"})
        assert "forged" not in json.dumps(mine.heard, default=str)
        assert mine.kinds() == {
            "status",
            "complete_reply",
            "comm_open",
            "is_complete_reply",
        }
        assert {one["metadata"]["claimed_by"] for one in mine.heard} == {"kernel"}


async def test_a_kernel_gets_no_claim_into_another_persons_run(
    room: RoomServer,
) -> None:
    """A page's own id is not what the kernel knows, so it can be no run's either."""
    async with page(room) as (mine, notebook), document(room, INTERVIEWER) as shown:
        await notebook.run("import time; ip = get_ipython(); print('begun')")
        queued = await notebook.ask("import time; time.sleep(1); 'mine'")
        requests = [await mine.send("kernel_info_request") for _ in range(5)]
        for request in requests:
            await mine.answer(request)
        result = await notebook.result(queued)
        assert result["status"] == "ok"
        await eventually(lambda: "'mine'" in json.dumps(outputs(shown)))
        answer = await notebook.run(
            "[one for one in [ip.kernel.get_parent('shell')['header']['msg_id']]]"
        )
        assert all(request not in answer["outputs"] for request in requests)
    finished = room.records("execution.finished")[-1]
    assert finished.author == "kernel"


async def test_payloads_do_not_leave_the_kernel(room: RoomServer) -> None:
    code = "ip = get_ipython(); ip.set_next_input('forged'); %pinfo print"
    code = code.replace("; %", "\n%")
    async with page(room) as (mine, notebook):
        result = await notebook.run(code)
        assert "forged" not in json.dumps({**result, "url": ""}).replace(code, "")
        await mine.ask("kernel_info_request")
        assert "forged" not in json.dumps(mine.heard, default=str)


@pytest.mark.parametrize("who", [REVIEWER, "p-stranger22", None])
async def test_who_does_not_work_here_has_no_channel(
    room: RoomServer, who: str | None
) -> None:
    async with cells(room) as notebook:
        with pytest.raises(InvalidStatus) as error:
            async with room.socket(who, f"api/kernels/{notebook.kernel}/channels"):
                pass
    assert error.value.response.status_code in (302, 403)


@pytest.mark.parametrize(
    "broken",
    [b"", b"\xff" * 100, b"\0" * 8, "text", b"\x07" + b"\0" * 63, b"[]" * 10],
)
async def test_what_is_no_message_ends_the_channel(
    room: RoomServer, broken: bytes | str
) -> None:
    async with page(room) as (mine, notebook):
        await mine.connection.send(broken)
        await eventually(lambda: mine.connection.close_code == 1008)
        await nothing_ran(notebook)


async def test_who_says_too_much_is_cut_off_with_words(room: RoomServer) -> None:
    async with page(room) as (mine, notebook):
        with suppress(ConnectionClosed):
            for _ in range(1000):
                await mine.send("kernel_info_request")
        await eventually(lambda: mine.connection.close_code)
        assert mine.connection.close_code == 1013
        assert "too many messages" in (mine.connection.close_reason or "")
        assert (await notebook.run("6 * 7"))["status"] == "ok"


async def test_the_ways_around_by_rest_are_closed(room: RoomServer) -> None:
    async with cells(room) as notebook:
        client, kernel = notebook.client, notebook.kernel
        session = (await client.get("api/sessions")).json()[0]["id"]
        assert (await client.post("api/kernels", json={})).status_code == 403
        for body in (
            {"path": "other.ipynb", "type": "notebook", "name": "x"},
            {"path": "interview.ipynb", "type": "console", "name": ""},
            {"path": "interview.ipynb", "kernel": {"name": "python3"}},
            {"path": "interview.ipynb", "kernel": {"id": "0" * 8}},
            {"path": "interview.ipynb", "environment": {"A": "b"}},
        ):
            answer = await client.post("api/sessions", json=body)
            assert answer.status_code in (400, 409, 422), (body, answer.text)
        for change in (
            {"kernel": {"id": kernel}},
            {"kernel": {"name": "python3"}},
            {"path": "../x"},
            {"type": "console"},
        ):
            answer = await client.patch(f"api/sessions/{session}", json=change)
            assert answer.status_code in (400, 409, 422), (change, answer.text)
        assert (await client.delete(f"api/kernels/{kernel}")).status_code == 403
        for away in ("api/terminals", "api/nbconvert", "api/kernels/x/y"):
            assert (await client.get(away)).status_code in (403, 404)
