"""Cells run on the server, in the sandbox, and every run is on record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from nbinterview_server.config import NOTEBOOK
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    DocumentPage,
    RoomServer,
    document,
    document_path,
    eventually,
    live,
)

pytestmark = pytest.mark.asyncio

SESSION = {
    "path": NOTEBOOK,
    "type": "notebook",
    "name": NOTEBOOK,
    "kernel": {"name": "nbinterview-python3"},
}


class Cells:
    """Runs code in the answer cell as JupyterLab's page does."""

    def __init__(self, client: httpx.AsyncClient, kernel: str, room_id: str) -> None:
        self.client = client
        self.kernel = kernel
        self._room_id = room_id

    async def ask(self, code: str, cell_id: str = "answer-1") -> httpx.Response:
        metadata = {
            "cell_id": cell_id,
            "document_id": self._room_id,
            "document_path": NOTEBOOK,
            "record_timing": False,
        }
        body = {"code": code, "metadata": metadata}
        return await self.client.post(f"api/kernels/{self.kernel}/execute", json=body)

    async def run(self, code: str, cell_id: str = "answer-1") -> dict[str, Any]:
        queued = await self.ask(code, cell_id)
        assert queued.status_code == 202, queued.text
        return await self.result(queued)

    async def result(self, queued: httpx.Response) -> dict[str, Any]:
        where = queued.headers["Location"].lstrip("/")

        async def done() -> dict[str, Any] | None:
            answer = await self.client.get(where)
            found: dict[str, Any] = answer.json()
            return found if answer.status_code != 202 else None

        found: dict[str, Any] = await eventually(done)
        return found


@asynccontextmanager
async def cells(room: RoomServer, who: str = CANDIDATE) -> AsyncIterator[Cells]:
    path = await document_path(room, who)
    room_id = path.split("?")[0].rsplit("/", 1)[1]
    async with room.client(who) as client:
        session = await client.post("api/sessions", json=SESSION)
        assert session.status_code == 201, session.text
        yield Cells(client, session.json()["kernel"]["id"], room_id)


def outputs(page: DocumentPage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.notebook.ycells[1]["outputs"].to_py()
    return found


async def test_a_run_is_recorded_and_its_output_is_in_the_document(
    room: RoomServer,
) -> None:
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        result = await notebook.run("print('seen by both')\n6 * 7")
        assert result["status"] == "ok"
        await eventually(lambda: len(outputs(page)) == 2)
        assert outputs(page)[1]["data"]["text/plain"] == "42"
    requested = room.records("execution.requested")[-1]
    finished = room.records("execution.finished")[-1]
    assert requested.author == CANDIDATE
    assert requested.payload["code"] == "print('seen by both')\n6 * 7"
    assert requested.payload["cell_id"] == "answer-1"
    assert finished.payload["execution_id"] == requested.payload["execution_id"]
    assert finished.payload["status"] == "ok"
    assert finished.payload["outputs"] == 2
    assert finished.payload["output_bytes"] > 0
    assert finished.payload["execution_count"] == result["execution_count"]
    between = [
        one.author
        for one in room.records("document")
        if requested.seq < one.seq < finished.seq
    ]
    assert "kernel" in between


async def test_a_run_outlives_the_page(room: RoomServer) -> None:
    async with cells(room) as notebook:
        await notebook.ask("import time; time.sleep(1); print('went on')")

    asked = room.records("execution.requested")[-1].payload["execution_id"]

    def went_on() -> bool:
        finished = room.records("execution.finished")
        return asked in [one.payload["execution_id"] for one in finished]

    await eventually(went_on)
    async with document(room, CANDIDATE) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        assert outputs(page)[0]["text"] == "went on\n"


async def test_the_kernel_is_in_the_sandbox(room: RoomServer) -> None:
    probe = f"""
import os, socket
found = [os.getenv("NBINTERVIEW_ROOM_TOKEN"), os.path.exists({str(room.directory)!r})]
try:
    socket.create_connection(("127.0.0.1", {room.port}), 2)
    found.append("network")
except OSError:
    pass
found
"""
    async with cells(room) as notebook:
        result = await notebook.run(probe)
        assert "[None, False]" in result["outputs"]
    layers = room.records("kernel")[0].payload["layers"]
    assert layers["seccomp"] is True


async def test_interrupting_says_who(room: RoomServer) -> None:
    async with cells(room) as notebook, room.client(INTERVIEWER) as interviewer:
        queued = await notebook.ask("print('on'); import time; time.sleep(60)")
        async with document(room, CANDIDATE) as page:
            await eventually(lambda: len(page.sources()) >= 2)
            await eventually(lambda: outputs(page))
            answer = await interviewer.post(f"api/kernels/{notebook.kernel}/interrupt")
            assert answer.status_code == 204
        result = await notebook.result(queued)
        assert result["status"] == "error"
        assert "KeyboardInterrupt" in result["outputs"]
    record = room.records("kernel")[-1]
    assert (record.author, record.payload["state"]) == (INTERVIEWER, "interrupted")


async def test_restarting_ends_what_runs_and_what_waits(room: RoomServer) -> None:
    async with cells(room) as notebook:
        first = await notebook.ask("print('on'); import time; time.sleep(60)")
        second = await notebook.ask("'never'", "another")
        await asyncio.sleep(0)
        answer = await notebook.client.post(f"api/kernels/{notebook.kernel}/restart")
        assert answer.status_code == 200
        assert "restarted" in (await notebook.result(first))["outputs"]
        await notebook.result(second)
        assert (await notebook.run("1 + 1"))["execution_count"] == 1
    states = [one.payload["status"] for one in room.records("execution.finished")]
    assert states[-3:] == ["error", "aborted", "ok"]
    assert "restarted" in [one.payload["state"] for one in room.records("kernel")]


async def test_a_dead_kernel_is_noticed_told_and_replaced(room: RoomServer) -> None:
    async with cells(room) as notebook, live(room, INTERVIEWER) as watcher:
        await watcher.hello()
        result = await notebook.run("import os, signal; os.kill(os.getpid(), 9)")
        assert result["status"] == "error"
        assert "Python stopped by itself" in result["outputs"]

        async def died() -> dict[str, Any] | None:
            message = await watcher.hear("kernel")
            return message if message["state"] == "died" else None

        message = await eventually(died)
        assert "Python stopped by itself" in message["detail"]
        assert (await notebook.run("2 + 2"))["status"] == "ok"
    died_record = [x for x in room.records("kernel") if x.payload["state"] == "died"]
    assert died_record[-1].author == "kernel"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"code": "1", "server": {"url": "http://127.0.0.1:1"}}, "server"),
        ({"code": "1", "metadata": {"cell_id": "a", "evil": 1}}, "metadata.evil"),
        ({"metadata": {}}, "code"),
        ({"code": 1}, "code"),
        ([], "code"),
    ],
)
async def test_unknown_fields_are_refused(
    room: RoomServer, body: Any, field: str
) -> None:
    before = len(room.records("execution.requested"))
    async with cells(room) as notebook:
        answer = await notebook.client.post(
            f"api/kernels/{notebook.kernel}/execute", json=body
        )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["field"] == field
    assert len(room.records("execution.requested")) == before


async def test_an_unknown_kernel_is_not_found(room: RoomServer) -> None:
    async with room.client(CANDIDATE) as client:
        answer = await client.post(
            "api/kernels/00000000-0000-4000-8000-000000000000/execute",
            json={"code": "1"},
        )
    assert answer.status_code == 404
    assert answer.json()["status"] == 404


async def test_a_reviewer_cannot_run(room: RoomServer) -> None:
    async with cells(room) as notebook, room.client(REVIEWER) as reviewer:
        path = f"api/kernels/{notebook.kernel}/execute"
        answer = await reviewer.post(path, json={"code": "1"})
        assert answer.status_code == 403


async def test_there_is_one_kernel_of_one_kind(room: RoomServer) -> None:
    async with cells(room) as notebook:
        client = notebook.client
        for body, status in [
            ({**SESSION, "kernel": {"name": "python3"}}, 400),
            ({**SESSION, "path": "other/evil.ipynb"}, 400),
            ({**SESSION, "type": "console"}, 400),
            ({**SESSION, "cwd": "/"}, 400),
            ({**SESSION, "path": "made-up"}, 409),
        ]:
            answer = await client.post("api/sessions", json=body)
            assert answer.status_code == status, answer.text
            assert answer.json()["message"]
        sessions = (await client.get("api/sessions")).json()
        assert len(sessions) == 1
        path = f"api/sessions/{sessions[0]['id']}"
        for change, status in [
            ({"path": NOTEBOOK}, 200),
            ({"path": "other.ipynb"}, 400),
            ({"kernel": {"name": "nbinterview-python3"}}, 409),
        ]:
            answer = await client.patch(path, json=change)
            assert answer.status_code == status, answer.text


async def test_the_kernels_channel_runs_no_code(room: RoomServer) -> None:
    """What goes through the kernel's websocket would not be on record."""
    async with cells(room) as notebook:
        await notebook.run("ran = False")
        path = f"api/kernels/{notebook.kernel}/channels"
        async with room.socket(CANDIDATE, path) as channel:
            for kind, content in [
                ("execute_request", {"code": "ran = True", "silent": False}),
                ("kernel_info_request", {}),
            ]:
                await channel.send(message(kind, content))
            async with asyncio.timeout(20):
                while "kernel_info_reply" not in str(await channel.recv()):
                    pass
        assert "False" in (await notebook.run("ran"))["outputs"]


def message(kind: str, content: dict[str, Any]) -> str:
    """Return a message of the kernel protocol, as a page sends it."""
    import json

    header = {
        "msg_id": kind,
        "username": "",
        "session": "s",
        "msg_type": kind,
        "version": "5.3",
        "date": "2026-01-01T00:00:00Z",
    }
    whole = {
        "channel": "shell",
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }
    return json.dumps(whole)


async def test_without_a_sandbox_there_is_no_kernel_and_the_page_says_why(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room, bwrap="/nonexistent/bwrap")
    async with room.client(CANDIDATE) as client, live(room, CANDIDATE) as page:
        await page.hello()
        answer = await client.post("api/sessions", json=SESSION)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "/nonexistent/bwrap" in answer.json()["message"]
        told = await page.hear("kernel")
        assert told["state"] == "refused"
        assert "/nonexistent/bwrap" in told["detail"]
    record = room.records("kernel")[-1]
    assert (record.author, record.payload["state"]) == (CANDIDATE, "refused")
