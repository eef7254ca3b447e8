"""A flag is in the interviewer's page soon after the frame that completes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bench.flags.latency import quick_policy, times_ms, typing
from bench.rows import p95
from tests.extensions.harness import RoomServer

pytestmark = [pytest.mark.asyncio, pytest.mark.alone]

FLAGS = 8
BAR_MS = 150.0


async def test_a_flag_is_seen_soon_while_people_type(
    make_room: Callable[..., RoomServer],
) -> None:
    """`make bench-flags` measures it with many more."""
    room = await asyncio.to_thread(make_room, policy=quick_policy())
    async with typing(room):
        took_ms = await times_ms(room, FLAGS)
    assert len(took_ms) >= FLAGS
    assert p95(took_ms) <= BAR_MS, took_ms
