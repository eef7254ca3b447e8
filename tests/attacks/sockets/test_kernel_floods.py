"""A hostile kernel says very much: neither the room nor a page has to hold it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.attacks.sockets.channel_page import channel
from tests.extensions.conftest import make_room, room
from tests.extensions.harness import CANDIDATE, INTERVIEWER, RoomServer
from tests.extensions.test_execution import cells

pytestmark = pytest.mark.asyncio

__all__ = ["make_room", "room"]  # fixtures

SPEAK = """
import time
from ipykernel.kernelapp import IPKernelApp
kernel = IPKernelApp.instance().kernel
said, out = kernel.session, kernel.iopub_socket
def flood(messages):
    text = {'name': 'stdout', 'text': 'x' * 1_000_000}
    parent = kernel.get_parent('shell')
    parts = [b'x', *said.serialize(said.msg('stream', text, parent=parent))]
    for _ in range(messages):
        out.send_multipart(parts, copy=False)
"""
COMMS = """
for _ in range(60):
    data = {'x': 'y' * 3_900_000}
    said.send(out, 'comm_msg', {'comm_id': 'a', 'data': data}, ident=b'x')
"""
HUGE = """
parts = [b'x', b'<IDS|MSG>', b'0' * 64, b'{}', b'{}', b'{}', b' ' * 200_000_000]
out.send_multipart(parts, copy=False)
time.sleep(1)
"""


def memory_mib(room: RoomServer) -> float:
    assert room._process is not None
    status = Path(f"/proc/{room._process.pid}/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def most_mib(room: RoomServer, work: asyncio.Task[object]) -> float:
    """Return the most that the room took until this was done."""
    most = memory_mib(room)
    while not work.done():
        await asyncio.wait({work}, timeout=0.05)
        most = max(most, memory_mib(room))
    work.result()
    return most


async def test_pages_hear_so_much_of_widgets_and_no_more(room: RoomServer) -> None:
    async with (
        cells(room) as notebook,
        channel(room, INTERVIEWER, notebook.kernel) as page,
    ):
        await page.ask("kernel_info_request")
        await notebook.run(SPEAK)
        began_s = time.monotonic()
        await notebook.run(COMMS)
        await page.ask("kernel_info_request")
        heard = [one for one in page.heard if one["header"]["msg_type"] == "comm_msg"]
        allowed_bytes = (64 + 8 * (time.monotonic() - began_s)) * 1024 * 1024
        assert 0 < 3_900_000 * len(heard) <= allowed_bytes


async def test_outputs_without_end_do_not_pile_up_in_the_room(room: RoomServer) -> None:
    async with cells(room) as notebook:
        await notebook.run(SPEAK)
        before_mib = memory_mib(room)
        work = asyncio.create_task(notebook.run("flood(16_000)", within_s=120))
        assert await most_mib(room, work) - before_mib < 450
        assert (await notebook.run("'lives'"))["status"] == "ok"


async def test_a_message_larger_than_any_is_not_taken(room: RoomServer) -> None:
    async with (
        cells(room) as notebook,
        channel(room, CANDIDATE, notebook.kernel) as page,
    ):
        await page.ask("kernel_info_request")
        await notebook.run(SPEAK)
        before_mib = memory_mib(room)
        work = asyncio.create_task(notebook.run(HUGE))
        assert await most_mib(room, work) - before_mib < 150
        assert (await notebook.run("'lives'"))["status"] == "ok"
