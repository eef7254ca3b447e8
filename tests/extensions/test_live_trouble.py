"""Pages that make trouble on the live socket, and honest ones in trouble."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.extensions.harness import (
    CANDIDATE,
    RoomServer,
    live,
    room_config,
)
from tests.extensions.stand_in import StandIn

pytestmark = pytest.mark.asyncio

QUOTA_BYTES = 1024 * 1024


class Impatient(RoomServer):
    """Looks every half second whether its pages are there, not every half minute."""

    async def prepare(self) -> None:
        """Say so in Jupyter Server's own settings."""
        await super().prepare()
        config = self.directory / "jupyter" / "config" / "jupyter_server_config.py"
        settings = {"ws_ping_interval": 500, "ws_ping_timeout": 1500}
        with config.open("a", encoding="utf-8") as handle:
            handle.write(f"c.ServerApp.tornado_settings = {settings}\n")


async def test_a_page_that_answers_is_never_taken_for_gone(tmp_path: Path) -> None:
    room = Impatient(tmp_path, StandIn(room_config()))
    try:
        await room.start()
        async with live(room, CANDIDATE) as page:
            await page.hello()
            began_s = time.monotonic()
            while time.monotonic() - began_s < 4:
                await page.event(name="visibility", state="visible")
                assert (await page.hear("ack"))["client_seq"] == page.seq
                await asyncio.sleep(0.2)
        assert "ping timeout" not in room.log()
    finally:
        await asyncio.to_thread(room.stop)
        room.service.close()
