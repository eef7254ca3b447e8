"""A real room server keeps the document: says what is saved, refuses what is not."""

from __future__ import annotations

import asyncio
import json
import random
import re
import stat
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc, Text, create_update_message

from nbinterview_server.config import NOTEBOOK
from nbinterview_server.documents.notebook_file import file_content
from nbinterview_server.documents.outbox import authored_updates
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    DocumentPage,
    RoomServer,
    document,
    document_path,
    eventually,
)
from tests.extensions.test_documents import awareness, awareness_of, loaded, write
from tests.extensions.test_execution import cells
from tests.extensions.yjs_bytes import ANY, item, update, var

pytestmark = pytest.mark.asyncio


def update_of(change: Callable[[YNotebook], None], page: DocumentPage) -> bytes:
    """Return the update of a change made in a copy of the page's document."""
    copy: Doc[Any] = Doc()
    notebook = YNotebook(copy)
    copy.apply_update(page.doc.get_update())
    before = copy.get_state()
    change(notebook)
    return copy.get_update(before)


def append(text: str) -> Callable[[YNotebook], None]:
    def change(notebook: YNotebook) -> None:
        notebook.ycells[1]["source"].insert(0, text)

    return change


def has_saved(page: DocumentPage, count: int) -> bool:
    return page.saved[-1] >= count


def has_saved_any(page: DocumentPage) -> bool:
    return bool(page.saved)


async def closed(page: DocumentPage) -> int | None:
    await asyncio.wait_for(page.connection.wait_closed(), 20)
    return page.connection.close_code


def journal_notebook(room: RoomServer) -> str:
    """Return nbformat JSON of the notebook that the journal alone makes."""
    doc: Doc[Any] = Doc()
    notebook = YNotebook(doc)
    for _, edit in authored_updates(room.records("document"), NOTEBOOK):
        doc.apply_update(edit)
    return file_content(notebook.get()).decode()


def same_sources(one: DocumentPage, two: DocumentPage) -> bool:
    return one.sources() == two.sources()


def move_last_cell_to(notebook: YNotebook, index: int) -> None:
    """Move a cell as JupyterLab does: a copy of it, and the old one deleted."""
    last = len(notebook.ycells) - 1
    with notebook.ydoc.transaction():
        cell = notebook.create_ycell(notebook.get_cell(last))
        del notebook.ycells[last]
        notebook.ycells.insert(index, cell)


async def test_every_write_is_called_saved_when_it_is_on_disk(
    room: RoomServer,
) -> None:
    async with document(room, CANDIDATE) as page:
        await loaded(page)
        await eventually(lambda: page.saved[-1:] == [1])  # its step 2, without effect
        for number in range(2, 12):
            write(page, f"\na_{number} = 1")
            await eventually(partial(has_saved, page, number))
            assert f"a_{number} = 1" in journal_notebook(room)
        assert page.saved == sorted(page.saved)
        assert page.refused == []


async def test_a_write_that_repeats_another_is_saved_and_not_recorded(
    room: RoomServer,
) -> None:
    async with document(room, CANDIDATE) as page:
        await loaded(page)
        whole = page.doc.get_update()
        await eventually(lambda: page.saved)
        before = len(room.records("document"))
        await page.connection.send(create_update_message(whole))
        await eventually(lambda: page.saved[-1] == 2)
        assert len(room.records("document")) == before


@pytest.mark.parametrize(
    "message", [b"\x00\x02\x03\x01\x02\x03", b"\x00\x01\x02\x01", b"\x00\x02"]
)
async def test_what_is_no_update_ends_that_page_only(
    room: RoomServer, message: bytes
) -> None:
    async with document(room, INTERVIEWER) as other:
        await loaded(other)
        async with document(room, CANDIDATE) as page:
            await loaded(page)
            await eventually(lambda: page.saved)
            await page.connection.send(message)
            assert await closed(page) == 1008
            assert (page.refused[0]["status"], page.refused[0]["write"]) == (400, 2)
        record = room.records("refused")[-1]
        assert (record.author, record.facts["write"]) == (CANDIDATE, 2)
        write(other, f"\nalive_{len(message)} = 1")
        count = other.saved[-1]
        await eventually(lambda: other.saved[-1] > count)


async def test_the_others_client_id_is_refused(room: RoomServer) -> None:
    async with document(room, INTERVIEWER) as other, document(room, CANDIDATE) as page:
        await loaded(other, page)
        # The interviewer has only moved a cursor so far.
        await other.connection.send(awareness(other.doc.client_id, 1, {"user": {}}))
        await eventually(lambda: awareness_of(page, other.doc.client_id))
        forger: Doc[Any] = Doc(client_id=other.doc.client_id)
        notebook = YNotebook(forger)
        forger.apply_update(page.doc.get_update())
        before = forger.get_state()
        notebook.ycells[1]["source"] += "forged"
        await page.connection.send(create_update_message(forger.get_update(before)))
        assert await closed(page) == 1008
        assert page.refused[0]["status"] == 403
        assert "forged" not in journal_notebook(room)
        write(other, "\nmine = 1")
        async with document(room, CANDIDATE) as again:
            await eventually(lambda: "mine = 1" in "".join(again.sources()))


async def test_after_a_refusal_nothing_more_of_that_connection_is_taken(
    room: RoomServer,
) -> None:
    async with document(room, CANDIDATE) as page:
        await loaded(page)
        gap: Doc[Any] = Doc(client_id=991)
        text = gap.get("x", type=Text)
        text += "a"
        before = gap.get_state()
        text += "b"
        await page.connection.send(create_update_message(gap.get_update(before)))
        later = update_of(append("too_late"), page)
        await page.connection.send(create_update_message(later))
        assert await closed(page) == 1008
    assert "too_late" not in journal_notebook(room)
    assert sum(one.facts["what"] == "document" for one in room.records("refused"))


async def test_a_reviewers_write_is_on_record_once_and_the_page_stays(
    room: RoomServer,
) -> None:
    before = len(room.records("refused"))
    async with document(room, REVIEWER) as page, document(room, CANDIDATE) as other:
        await loaded(page, other)
        for text in ("no_1", "no_2"):
            write(page, text)
        write(other, "\nyes = 1")
        await eventually(lambda: "yes = 1" in page.sources()[1])
        await eventually(lambda: len(room.records("refused")) > before)
        assert page.saved == []
        assert page.refused == []
    (record,) = room.records("refused")[before:]
    assert record.author == REVIEWER
    assert "no_1" not in json.dumps(record.wire())


async def test_an_update_for_another_document_reaches_none(room: RoomServer) -> None:
    path = await document_path(room, CANDIDATE)
    count = len(room.records("document"))
    async with (
        room.socket(
            CANDIDATE, "api/collaboration/room/JupyterLab:globalAwareness"
        ) as presence,
        document(room, CANDIDATE, path) as page,
    ):
        await loaded(page)
        edit = update_of(append("strayed"), page)
        await presence.send(create_update_message(edit))
        await presence.send(awareness(5, 1, {"user": {}}))
        async with asyncio.timeout(10):
            async for message in presence:
                if message[0] == 1:
                    break  # the update before it was read
        assert "strayed" not in "".join(page.sources())
    assert len(room.records("document")) == count


def found_files(room: RoomServer) -> list[Any]:
    return sorted((room.directory / "work").glob("interview.found-*.ipynb"))


async def test_a_file_edited_behind_the_back_is_kept_beside(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    file = room.directory / "work" / NOTEBOOK
    async with document(room, CANDIDATE) as page:
        await loaded(page)
        write(page, "\nfirst = 1")
        await eventually(lambda: "first = 1" in file.read_text("utf-8"))
        # While the room runs.
        file.write_text(file.read_text("utf-8").replace("first", "foreign"), "utf-8")
        write(page, "\nsecond = 2")
        await eventually(lambda: "second = 2" in file.read_text("utf-8"))
        assert "foreign" not in file.read_text("utf-8")
        assert "foreign" not in "".join(page.sources())
        (kept,) = found_files(room)
        assert "foreign" in kept.read_text("utf-8")
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert re.fullmatch(r"interview\.found-[\dTZ.-]+\.ipynb", kept.name)
        record = await eventually(lambda: room.records("refused")[-1:])
        assert record[0].payload["what"] == "file"
        assert record[0].payload["kept_as"] == kept.name
        async with room.client(INTERVIEWER) as client:
            answer = await client.get(f"api/contents/{kept.name}")
            assert answer.status_code in (403, 404)
    # Before it starts; and not even JSON.
    await asyncio.to_thread(room.stop)
    file.write_text("garbage", "utf-8")
    await room.start()
    async with document(room, CANDIDATE) as page:
        await loaded(page)
        assert "second = 2" in page.sources()[1]
        await eventually(lambda: "second = 2" in file.read_text("utf-8"))
    assert [one.read_text("utf-8") for one in found_files(room)][1:] == ["garbage"]
    assert [one.facts["what"] for one in room.records("refused")] == ["file"] * 2


async def test_a_file_that_is_only_older_is_nobodys_edit(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    file = room.directory / "work" / NOTEBOOK
    for number in range(3):
        async with document(room, CANDIDATE) as page:
            await loaded(page)
            await eventually(lambda: page.saved)
            count = page.saved[-1]
            write(page, f"\nround_{number} = 1")
            await eventually(partial(has_saved, page, count + 1))
            room.kill()
        await room.start()
    async with document(room, INTERVIEWER) as page:
        await loaded(page)
        await eventually(lambda: "round_2" in file.read_text("utf-8"))
    assert found_files(room) == []
    assert room.records("refused") == []


async def test_the_journals_notebook_is_the_live_one_byte_for_byte(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    path = await document_path(room, CANDIDATE)

    async def work(number: int) -> None:
        async with (
            document(room, CANDIDATE, path) as one,
            document(room, INTERVIEWER, path) as two,
            cells(room) as notebook,
        ):
            await loaded(one, two)
            await eventually(lambda: one.saved and two.saved)
            for step in range(5):
                write(one, f"\nx_{number}_{step} = '😀é'")
                source = two.notebook.ycells[1]["source"]
                source.insert(0, f"# {number} {step}\n")
            two.notebook.append_cell(
                {"cell_type": "code", "source": f"{number}", "metadata": {"n": 1.5}}
            )
            await notebook.run(f"print('out', {number})\n{number} + 1")
            await eventually(lambda: len(one.sources()) == len(two.sources()))
            for mover, other, index in ((one, two, 1), (two, one, 1)):
                move_last_cell_to(mover.notebook, index)
                await eventually(partial(same_sources, mover, other))
            del two.notebook.ycells[1]["source"][0:1]
            written = one.saved[-1], two.saved[-1]
            write(two, "\n# the last")
            answer = one.notebook.ycells[1]["source"]  # not the locked question
            answer += "\n# the very last"
            await eventually(
                lambda: (
                    (one.saved[-1], two.saved[-1]) > written
                    and one.sources() == two.sources()
                    and "very last" in "".join(one.sources())
                )
            )

            def the_same() -> bool:
                live = file_content(one.notebook.get()).decode()
                return live == journal_notebook(room)

            await eventually(the_same)

    await work(1)
    room.kill()
    await room.start()
    await work(2)


async def test_an_id_seen_before_a_restart_cannot_be_taken_after_it(
    make_room: Callable[..., RoomServer],
) -> None:
    """Whoever came back first could have the honest person's edits refused."""
    room = await asyncio.to_thread(make_room)
    async with document(room, INTERVIEWER) as page:
        await loaded(page)
        idas = page.doc.client_id
        await page.connection.send(awareness(idas, 1, {"user": {}}))
        await eventually(lambda: awareness_of(page, idas))
    room.kill()
    await room.start()
    dirty = item(ANY, var(1) + b"\x78", parent="state", sub="dirty")
    forged = update((idas, 0, [dirty]))
    async with document(room, CANDIDATE) as thief:
        await loaded(thief)
        await thief.connection.send(awareness(idas, 2, {"user": {}}))
        await thief.connection.send(create_update_message(forged))
        assert await closed(thief) == 1008
    async with document(room, INTERVIEWER) as page:
        page.doc = Doc(client_id=idas)
        await page.connection.send(create_update_message(forged))
        await eventually(lambda: page.saved)
        assert page.refused == []


async def test_what_was_called_saved_is_on_disk_whenever_the_room_dies(
    make_room: Callable[..., RoomServer],
) -> None:
    room = await asyncio.to_thread(make_room)
    chance = random.Random(20261122)
    for life in range(8):
        async with document(room, CANDIDATE) as page:
            await loaded(page)
            await eventually(partial(has_saved_any, page))
            first = page.saved[-1]
            for number in range(200):
                write(page, f"\nx_{life}_{number}_ = 1")
                if number % 7 == 0:
                    await asyncio.sleep(0)
            wanted = first + chance.randrange(1, 190)
            await eventually(partial(has_saved, page, wanted))
            room.kill()
            await asyncio.sleep(0.05)  # what it had sent arrives
            told = page.saved[-1] - first
        # As it lies there, before anybody repairs it.
        found = journal_notebook(room)
        missing = [n for n in range(told) if f"x_{life}_{n}_ " not in found]
        assert missing == []
        await room.start()
