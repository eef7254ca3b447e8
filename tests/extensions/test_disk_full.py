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
    watching_frame,
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


async def test_frames_that_waited_are_not_lost(room: RoomServer) -> None:
    """They are written a second later; when that fails the page is told to resend."""
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.observe([watching_frame(50.0)])
        await page.observe([watching_frame(150.0)])
        room.fill_disk(full=True)
        try:
            problem = await page.hear("problem", "ack")
            assert (problem["type"], problem["status"]) == ("problem", 503)
            with pytest.raises(ConnectionClosed):
                await page.hear("ack")
        finally:
            room.fill_disk(full=False)
    async with live(room, CANDIDATE) as again:
        again.boot_id = page.boot_id
        await again.hello()
        for at_ms in (50.0, 150.0):
            await again.observe([watching_frame(at_ms)])

        async def both() -> bool:
            return bool((await again.hear("ack"))["client_seq"] == 2)

        await eventually(both)
    packs = [
        one.facts["frames"]
        for one in room.records("observations")
        if one.facts["boot_id"] == page.boot_id
    ]
    assert [one["at_ms"] for pack in packs for one in pack] == [50.0, 150.0]


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
