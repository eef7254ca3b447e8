"""What a kernel or a page sends has limits: none of it stops the record."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from pycrdt import create_awareness_message
from websockets.exceptions import ConnectionClosed

from nbinterview_kernels.outputs import MAX_ITEM_BYTES, MAX_RUN_BYTES
from nbinterview_server.journal import MAX_RECORD_BYTES
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    document,
    document_path,
    eventually,
    live,
)
from tests.extensions.test_execution import SESSION, cells, outputs

pytestmark = pytest.mark.asyncio

LYING_KERNEL = """
_kernel = get_ipython().kernel
_send, _pack = type(_kernel.session).send, _kernel.session.pack
_lie = {lie}
def _lying(stream, what, content=None, *args, **kwargs):
    if what == "execute_reply":
        content = {{**content, **_lie}}
    return _send(_kernel.session, stream, what, content, *args, **kwargs)
def _deep(content):
    nested = b"[" * {depth} + b"]" * {depth}
    return _pack(content).replace(b'"NESTED"', nested)
object.__setattr__(_kernel.session, "send", _lying)
_kernel.session.pack = _deep
"""


def largest_record(room: RoomServer) -> int:
    return max(len(json.dumps(one.wire())) for one in room.records())


async def shipped(room: RoomServer) -> None:
    """Wait until the service holds all that the room's journal holds."""
    last = room.records()[-1].seq
    await eventually(lambda: len(room.service.records) >= last)


async def test_a_long_output_is_cut_and_says_so(room: RoomServer) -> None:
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        result = await notebook.run("print('x' * 26_000_000)\nstill = 'running'")
        assert result["status"] == "ok"
        await eventually(lambda: "cut" in str(outputs(page)[-1:]))
        text = outputs(page)[0]["text"]
        assert text.startswith("xxx")
        assert len(text) < MAX_ITEM_BYTES + 1000
        assert "1 MiB" in text
        assert "running" in (await notebook.run("still"))["outputs"]
    await shipped(room)
    assert largest_record(room) < 2 * MAX_ITEM_BYTES


async def test_a_large_picture_is_left_out_and_says_so(room: RoomServer) -> None:
    show = "from IPython.display import publish_display_data as show\n"
    bundle = "{'image/png': 'A' * 3_000_000, 'text/plain': 'a picture'}"
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        await notebook.run(f"{show}show({bundle})")
        await eventually(lambda: "cut" in str(outputs(page)[-1:]))
        assert outputs(page)[0]["data"] == {"text/plain": "a picture"}
        assert "1 MiB" in outputs(page)[1]["text"]


async def test_a_run_has_a_limit_in_all(room: RoomServer) -> None:
    show = "from IPython.display import publish_display_data as show\n"
    many = "for _ in range(20): show({'text/html': 'A' * 1_000_000})"
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        assert (await notebook.run(f"{show}{many}\n7 * 6"))["status"] == "ok"
        await eventually(lambda: "8 MiB" in str(outputs(page)[-1:]))
        assert len(json.dumps(outputs(page))) < MAX_RUN_BYTES + 10_000
        notes = [one for one in outputs(page) if one["output_type"] == "stream"]
        assert len(notes) == 1


async def test_an_error_is_cut_too(room: RoomServer) -> None:
    async with cells(room) as notebook, document(room, INTERVIEWER) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        result = await notebook.run("raise ValueError('x' * 20_000_000)")
        assert result["status"] == "error"
        await eventually(lambda: "cut" in str(outputs(page)[-1:]))
        assert outputs(page)[0]["ename"] == "ValueError"
    await shipped(room)
    assert largest_record(room) < MAX_RECORD_BYTES


@pytest.mark.parametrize(
    ("lie", "depth", "status"),
    [
        ({"execution_count": 2**60}, 1, {"ok"}),
        ({"execution_count": -1}, 1, {"ok"}),
        ({"execution_count": "NESTED"}, 500, {"ok"}),
        # The kernel's reply cannot be read, or its junk is left out.
        ({"execution_count": "NESTED"}, 1000, {"ok", "error"}),
        ({"execution_count": "NESTED"}, 100_000, {"error"}),
        ({"status": ["x"]}, 1, {"error"}),
        ({"status": None}, 1, {"error"}),
    ],
)
async def test_a_lying_kernels_run_ends_on_record(
    room: RoomServer, lie: dict[str, Any], depth: int, status: set[str]
) -> None:
    async with cells(room) as notebook:
        code = LYING_KERNEL.format(lie=repr(lie), depth=depth)
        queued = await notebook.ask(code)
        asked = room.records("execution.requested")[-1].facts["execution_id"]

        def finished() -> dict[str, Any] | None:
            for one in room.records("execution.finished"):
                if one.facts["execution_id"] == asked:
                    return dict(one.facts)
            return None

        try:
            payload = await eventually(finished)
            await notebook.result(queued)
        finally:
            path = f"api/kernels/{notebook.kernel}/restart"
            assert (await notebook.client.post(path)).status_code == 200
        assert payload["status"] in status
        if "execution_count" in lie:
            assert payload["execution_count"] is None
        assert (await notebook.run("6 * 7"))["status"] == "ok"


async def test_a_huge_answer_of_the_kernel_is_left_out(room: RoomServer) -> None:
    async with cells(room) as notebook:
        lie = "{'execution_count': 'x' * (34 << 20)}"
        await notebook.run(LYING_KERNEL.format(lie=lie, depth=1))
        path = f"api/kernels/{notebook.kernel}/restart"
        assert (await notebook.client.post(path)).status_code == 200
    await shipped(room)
    assert largest_record(room) < MAX_RECORD_BYTES


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kernel": {"id": "../.."}}, "kernel.id"),
        ({"kernel": {"id": ""}}, "kernel.id"),
        ({"kernel": {"id": ["x"]}}, "kernel.id"),
        ({"kernel": {"id": "9b0b5a8e-0000-4000-8000-000000000000"}}, "kernel.id"),
        ({"path": ".."}, "path"),
        ({"path": "a\0b"}, "path"),
    ],
)
async def test_a_session_names_what_is_there(
    room: RoomServer,
    change: dict[str, Any],
    field: str,
) -> None:
    async with room.client(CANDIDATE) as client:
        before = len(room.records("kernel"))
        answer = await client.post("api/sessions", json={**SESSION, **change})
        assert answer.status_code == 400, answer.text
        assert answer.json()["field"] == field
        assert len(room.records("kernel")) == before


async def test_no_path_of_the_machine_is_in_the_kernels_description(
    room: RoomServer,
) -> None:
    async with room.client(CANDIDATE) as client:
        found = (await client.get("api/kernelspecs")).json()["kernelspecs"]
        (name,) = found
        one = (await client.get(f"api/kernelspecs/{name}")).json()
    for model in (found[name], one):
        assert model["spec"]["display_name"]
        assert model["spec"]["argv"] == []
        assert model["spec"]["metadata"] == {"debugger": False}


async def test_a_long_name_is_not_kept(room: RoomServer) -> None:
    before = len(room.records("refused"))
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.event(name="visibility", state="hidden", **{"k" * 50_000: 1})
        problem = await page.hear("problem")
        assert len(json.dumps(problem)) < 1000
    record = room.records("refused")[before]
    assert len(json.dumps(record.wire())) < 1000


async def test_an_oversize_edit_ends_that_page_only(room: RoomServer) -> None:
    path = await document_path(room, CANDIDATE)
    async with document(room, INTERVIEWER) as other:
        await eventually(lambda: len(other.sources()) >= 2)
        async with document(room, CANDIDATE, path) as page:
            await eventually(lambda: len(page.sources()) >= 2)
            source = page.notebook.ycells[1]["source"]
            source += "y" * 12_000_000
            await asyncio.wait_for(page.connection.wait_closed(), 20)
            assert page.connection.close_code == 1008
            (told,) = page.refused
            assert (told["status"], told["write"]) == (413, 2)
            (record,) = room.records("refused")[-1:]
            assert record.author == CANDIDATE
            assert record.facts["what"] == "document"
            assert "too large" in record.facts["reason"]
        source = other.notebook.ycells[1]["source"]
        source += "\nz = 1"
        async with document(room, CANDIDATE, path) as again:
            await eventually(lambda: "z = 1" in "".join(again.sources()))
            assert "yyy" not in "".join(again.sources())
    assert largest_record(room) < MAX_RECORD_BYTES


async def test_a_flood_of_cursors_ends_the_page(room: RoomServer) -> None:
    async with document(room, CANDIDATE) as page:
        await eventually(lambda: len(page.sources()) >= 2)
        # No states: an update that says nothing, as often as one likes.
        message = create_awareness_message(b"\x00")
        with suppress(ConnectionClosed):
            for _ in range(5_000):
                await page.connection.send(message)
        await asyncio.wait_for(page.connection.wait_closed(), 10)
        assert page.connection.close_code == 1008
