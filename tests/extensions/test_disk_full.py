"""A room whose disk is full: nothing is acknowledged or shown, nothing is lost."""

from __future__ import annotations

import pytest
from websockets.exceptions import ConnectionClosed

from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    RoomServer,
    document,
    eventually,
    live,
)

pytestmark = pytest.mark.asyncio


async def test_an_event_is_not_acknowledged_and_can_be_sent_again(
    room: RoomServer,
) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        room.fill_disk(full=True)
        try:
            await page.event(name="visibility", state="hidden")
            problem = await page.hear("problem", "ack")
            assert (problem["type"], problem["status"]) == ("problem", 503)
            # What comes after must not overtake it.
            with pytest.raises(ConnectionClosed):
                await page.hear("ack")
        finally:
            room.fill_disk(full=False)
    async with live(room, CANDIDATE) as again:
        again.boot_id = page.boot_id
        await again.hello()
        await again.event(name="visibility", state="hidden")
        assert (await again.hear("ack"))["client_seq"] == 1


async def test_an_edit_is_shown_to_nobody_until_it_is_recorded(
    room: RoomServer,
) -> None:
    async with document(room, CANDIDATE) as one, document(room, INTERVIEWER) as two:
        await eventually(lambda: len(one.sources()) >= 2 <= len(two.sources()))
        room.fill_disk(full=True)
        try:
            source = one.notebook.ycells[1]["source"]
            source += "\nkept_back = 1"
            # Whoever comes now gets no answer that would hold the edit.
            async with document(room, INTERVIEWER) as late:
                with pytest.raises(AssertionError):
                    await eventually(late.sources, within_s=2)
            assert "kept_back" not in two.sources()[1]
        finally:
            room.fill_disk(full=False)
        await eventually(lambda: "kept_back" in two.sources()[1])
    assert CANDIDATE in [one.author for one in room.records("document")]
