"""The shared notebook of a real room server."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import pytest
from pycrdt import Decoder, Encoder, create_awareness_message, read_message
from websockets.exceptions import InvalidStatus

from nbinterview_server.config import NOTEBOOK
from nbinterview_server.documents.rooms import updates_of
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    STRANGER,
    DocumentPage,
    RoomServer,
    document,
    document_path,
    eventually,
)

pytestmark = pytest.mark.asyncio


def has_cells(page: DocumentPage) -> bool:
    return len(page.sources()) >= 2


def has_received(page: DocumentPage, more_than: int) -> bool:
    return len(page.received) > more_than


async def loaded(*pages: DocumentPage) -> None:
    for page in pages:
        await eventually(partial(has_cells, page))


def write(page: DocumentPage, text: str) -> None:
    """Type at the end of the answer cell."""
    source = page.notebook.ycells[1]["source"]
    source += text


async def test_edits_reach_the_other_and_carry_their_author(room: RoomServer) -> None:
    async with document(room, CANDIDATE) as one, document(room, INTERVIEWER) as two:
        await loaded(one, two)
        write(one, "\ncandidate = 1")
        await eventually(lambda: "candidate = 1" in two.sources()[1])
        write(two, "\ninterviewer = 2")
        await eventually(lambda: "interviewer = 2" in one.sources()[1])
    authors = [one.author for one in room.records("document")]
    assert authors[0] == "room"
    assert authors.index(CANDIDATE) < authors.index(INTERVIEWER)


async def test_nothing_is_broadcast_before_it_is_recorded(room: RoomServer) -> None:
    async with document(room, CANDIDATE) as one, document(room, INTERVIEWER) as two:
        await loaded(one, two)
        two.received.clear()
        for n in range(30):
            write(one, f"\nline_{n}")
            await eventually(partial(has_received, two, n))
            recorded = updates_of(room.records("document"), NOTEBOOK)
            for message in two.received[n:]:
                assert read_message(message[2:]) in recorded


async def test_a_killed_room_is_rebuilt_without_doubled_cells(
    room: RoomServer,
) -> None:
    async with document(room, CANDIDATE) as page:
        await loaded(page)
        write(page, "\nbefore_the_crash = True")
        seq = len(room.records("document"))
        await eventually(lambda: len(room.records("document")) > seq)
        room.kill()
        before = page.sources()
        await asyncio.sleep(0)
    await room.start()
    # The page comes back with what it has, as a browser does.
    path = await document_path(room, CANDIDATE)
    async with document(room, INTERVIEWER, path) as fresh:
        await loaded(fresh)
        assert fresh.sources() == before
        async with room.socket(CANDIDATE, path) as connection:
            page.connection = connection
            running = asyncio.create_task(page.run())
            write(page, "\nafter = True")
            await eventually(lambda: "after = True" in fresh.sources()[1])
            running.cancel()
        assert len(fresh.sources()) == len(before)
    saved = room.directory / "work" / NOTEBOOK
    await eventually(lambda: "before_the_crash" in saved.read_text("utf-8"))


def awareness_of(page: DocumentPage, client_id: int) -> dict[str, Any] | None:
    """Return the newest state of a client that this page was told."""
    found = None
    for message in page.awareness:
        decoder = Decoder(read_message(message[1:]))
        for _ in range(decoder.read_var_uint()):
            about = decoder.read_var_uint()
            decoder.read_var_uint()
            state = json.loads(decoder.read_var_string())
            if about == client_id:
                found = state
    return found


def awareness(client_id: int, clock: int, state: dict[str, Any]) -> bytes:
    encoder = Encoder()
    for number in (1, client_id, clock):
        encoder.write_var_uint(number)
    encoder.write_var_string(json.dumps(state))
    return create_awareness_message(encoder.to_bytes())


async def test_names_in_awareness_are_the_platforms(room: RoomServer) -> None:
    async with document(room, CANDIDATE) as one, document(room, INTERVIEWER) as two:
        await loaded(one, two)
        fake = {"user": {"name": "Ida Ek", "color": "red"}, "cursors": [1]}
        await one.connection.send(awareness(4711, 1, fake))
        state = await eventually(lambda: awareness_of(two, 4711))
        assert state["user"]["display_name"] == "Zoë Müller"
        assert state["user"]["username"] == CANDIDATE
        assert state["cursors"] == [1]


async def test_the_connection_that_a_page_lost_ends_when_it_has_another(
    room: RoomServer,
) -> None:
    path = await document_path(room, CANDIDATE)
    async with room.socket(CANDIDATE, path) as lost, room.socket(CANDIDATE, path) as b:
        await lost.send(awareness(4721, 1, {}))
        await b.send(awareness(4722, 1, {}))
        async with room.socket(CANDIDATE, path) as again:
            await again.send(awareness(4721, 2, {}))
            async with asyncio.timeout(5):
                await lost.wait_closed()
            assert lost.close_code == 1001
            await b.send(awareness(4721, 3, {}))  # sent before, and come late
            await b.send(awareness(4722, 2, {"still": True}))
            async with asyncio.timeout(5):
                async for message in again:
                    if b"still" in message:
                        break


async def test_nobody_speaks_for_anothers_cursor(room: RoomServer) -> None:
    async with document(room, CANDIDATE) as one, document(room, INTERVIEWER) as two:
        await loaded(one, two)
        await two.connection.send(awareness(4712, 1, {"user": {}, "at": "true"}))
        await eventually(lambda: awareness_of(one, 4712))
        await one.connection.send(awareness(4712, 9, {"user": {}, "at": "false"}))
        # Answered in order: when the second has come, the first was refused.
        await one.connection.send(awareness(4713, 1, {"user": {}}))
        await eventually(lambda: awareness_of(two, 4713))
        state = awareness_of(two, 4712)
        assert state is not None
        assert (state["at"], state["user"]["username"]) == ("true", INTERVIEWER)


@pytest.mark.parametrize(
    "message",
    [b"\x01\x05\xff\xff\xff\xff\xff", b"\x00", b"\x01", b"\x00\x00\x02\xff\xff"],
)
async def test_what_yjs_cannot_read_harms_nobody(
    room: RoomServer, message: bytes
) -> None:
    async with document(room, CANDIDATE) as one, document(room, INTERVIEWER) as two:
        await loaded(one, two)
        await one.connection.send(message)
        write(one, f"\nstill_{len(message)}_{message[0]} = 1")
        await eventually(lambda: two.sources() == one.sources())


async def test_a_reviewer_sees_and_cannot_write(room: RoomServer) -> None:
    async with document(room, REVIEWER) as reader, document(room, CANDIDATE) as page:
        await loaded(reader, page)
        write(reader, "\nforbidden = 1")
        write(page, "\nallowed = 1")
        await eventually(lambda: "allowed = 1" in reader.sources()[1])
        assert "forbidden" not in page.sources()[1]
    assert REVIEWER not in {one.author for one in room.records("document")}


async def test_saving_by_message_still_works(room: RoomServer) -> None:
    path = await document_path(room, CANDIDATE)
    encoder = Encoder()
    encoder.write_var_uint(2)
    encoder.write_var_string("save")
    encoder.write_var_uint(7)

    async with room.socket(CANDIDATE, path) as connection:
        await connection.send(encoder.to_bytes())
        async with asyncio.timeout(20):
            async for message in connection:
                if message[0] == 2:
                    assert isinstance(message, bytes)
                    decoder = Decoder(message)
                    decoder.read_var_uint()
                    reply = json.loads(decoder.read_var_string())
                    assert (reply["responseTo"], reply["status"]) == (7, "success")
                    break


@pytest.mark.parametrize("who", [STRANGER, None])
async def test_strangers_do_not_get_the_document(
    room: RoomServer, who: str | None
) -> None:
    path = await document_path(room, CANDIDATE)
    with pytest.raises(InvalidStatus) as refused:
        async with room.socket(who, path):
            pass
    assert refused.value.response.status_code == 403


async def test_other_origins_do_not_get_the_document(room: RoomServer) -> None:
    async with room.client(None) as client:
        await client.get(f"lab?token=is-{CANDIDATE}")
        cookies = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
    path = await document_path(room, CANDIDATE)
    with pytest.raises(InvalidStatus) as refused:
        async with room.socket(None, path, Cookie=cookies, Origin="http://evil.test"):
            pass
    assert refused.value.response.status_code == 403


async def test_there_is_no_other_document(room: RoomServer) -> None:
    path = await document_path(room, CANDIDATE)
    file_id = path.split("?")[0].rsplit(":", 1)[1]
    for other, status in [
        (f"text:file:{file_id}", 403),
        ("json:notebook:00000000-0000-0000-0000-000000000000", 404),
    ]:
        with pytest.raises(InvalidStatus) as refused:
            async with room.socket(CANDIDATE, f"api/collaboration/room/{other}"):
                pass
        assert refused.value.response.status_code == status
