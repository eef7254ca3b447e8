"""The live socket of a real room server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from nbinterview.schemas import check
from tests.extensions.harness import (
    CANDIDATE,
    INTERVIEWER,
    REVIEWER,
    STRANGER,
    RoomServer,
    eventually,
    live,
)

pytestmark = pytest.mark.asyncio

FRAME = {
    "at_ms": 1.0,
    "faces": 1,
    "luma_mean": 100.0,
    "luma_std": 30.0,
    "frame_diff": 2.0,
    "inference_ms": 9.0,
}


async def test_welcome_names_role_people_and_policy(room: RoomServer) -> None:
    async with live(room, INTERVIEWER) as page:
        welcome = await page.hello()
    check(welcome, "live", "Welcome")
    assert welcome["role"] == "interviewer"
    assert welcome["title"] == "Data scientist"
    assert welcome["state"] == "open"
    here = {one["hub_name"]: one["present"] for one in welcome["people"]}
    assert here[INTERVIEWER] is True
    assert here[REVIEWER] is False


async def test_an_acknowledged_event_is_on_disk(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        for n in range(20):
            await page.event(
                name="clipboard", action="copy", chars=n, origin="notebook"
            )
        for n in range(20):
            acknowledged = await page.hear("ack")
            check(acknowledged, "live", "Ack")
            stored = [
                one.facts["client_seq"]
                for one in room.records("event")
                if one.facts["boot_id"] == page.boot_id
            ]
            assert acknowledged["client_seq"] in stored, n
        record = room.records("event")[-1]
        assert record.author == CANDIDATE
        assert record.monotonic_ms == 100.0 * page.seq


async def test_repeats_are_acknowledged_and_stored_once(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.observe([FRAME])
        await page.hear("ack")
        page.seq = 0
        await page.observe([FRAME])
        assert (await page.hear("ack"))["client_seq"] == 1
        boot_id = page.boot_id
    async with live(room, CANDIDATE) as page:
        welcome = await page.hello()
        assert welcome["acknowledged"][boot_id] == 1
    stored = [
        one for one in room.records("observations") if one.facts["boot_id"] == boot_id
    ]
    assert len(stored) == 1


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"name": "visibility", "state": "hidden", "text": "no"}, "event.text"),
        ({"name": "visibility"}, "event.state"),
        ({"name": "visibility", "state": "sideways"}, "event.state"),
        ({"name": "clipboard", "action": "paste", "chars": -1, "origin": "external"},
         "event.chars"),
        ({"name": "screenshot"}, "event.name"),
    ],
)  # fmt: skip
async def test_what_the_schema_does_not_know_is_refused_and_not_stored(
    room: RoomServer, event: dict[str, Any], field: str
) -> None:
    before = len(room.records("event"))
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.event(**event)
        problem = await page.hear("problem")
        check(problem, "live", "Problem")
        assert (problem["status"], problem["field"]) == (400, field)
        assert (problem["boot_id"], problem["client_seq"]) == (page.boot_id, 1)
    assert len(room.records("event")) == before
    refused = room.records("refused")[-1]
    assert refused.author == CANDIDATE
    assert refused.facts["field"] == field


async def test_refused_content_is_not_in_the_record(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.observe([{**FRAME, "picture": "c2VjcmV0"}])
        problem = await page.hear("problem")
        assert problem["field"] == "frames.0.picture"
    assert "c2VjcmV0" not in json.dumps([one.wire() for one in room.records()])


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"type": NaN}', '{"type": "dance"}', '{"a":' * 5000, b"\x00"]
)
async def test_nonsense_is_answered_and_the_page_stays(
    room: RoomServer, text: str | bytes
) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.send_text(text)
        assert (await page.hear("problem"))["status"] == 400
        await page.event(name="page", state="loaded")
        assert (await page.hear("ack"))["client_seq"] == 1


async def test_numbers_that_no_record_can_hold_are_refused(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.event(
            name="clipboard", action="copy", chars=2**70, origin="notebook"
        )
        assert (await page.hear("problem"))["status"] == 400


async def test_a_large_message_is_refused_and_named(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.event(name="detector", state="failed", reason="x" * 70_000)
        problem = await page.hear("problem")
        assert (problem["status"], problem["client_seq"]) == (413, 1)


async def test_events_before_hello_are_refused(room: RoomServer) -> None:
    async with live(room, CANDIDATE) as page:
        await page.event(name="page", state="loaded")
        assert (await page.hear("problem"))["status"] == 409


@pytest.mark.parametrize("who", [INTERVIEWER, REVIEWER])
async def test_only_the_candidates_page_sends_events(
    room: RoomServer, who: str
) -> None:
    before = len(room.records("event"))
    async with live(room, who) as page:
        await page.hello()
        await page.event(name="visibility", state="hidden")
        assert (await page.hear("problem"))["status"] == 403
    assert len(room.records("event")) == before


@pytest.mark.parametrize("who", [STRANGER, None])
async def test_strangers_are_kept_out(room: RoomServer, who: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with room.socket(who, "nbinterview/api/v1/live"):
            pass
    assert refused.value.response.status_code == 403


async def test_other_origins_are_kept_out(room: RoomServer) -> None:
    """A browser sends its cookie and its origin; a token by header is no browser."""
    async with room.client(None) as client:
        answer = await client.get(f"lab?token=is-{CANDIDATE}")
        assert answer.status_code == 200
        cookies = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
    path = "nbinterview/api/v1/live"
    own = f"http://127.0.0.1:{room.port}"
    async with room.socket(None, path, Cookie=cookies, Origin=own):
        pass
    for headers in ({"Origin": "http://evil.test"}, {"Origin": "null"}, {}):
        with pytest.raises(InvalidStatus) as refused:
            async with room.socket(None, path, Cookie=cookies, **headers):
                pass
        assert refused.value.response.status_code == 403


async def test_joining_and_leaving_is_recorded_and_told(room: RoomServer) -> None:
    async with live(room, INTERVIEWER) as watcher:
        await watcher.hello()
        async with live(room, CANDIDATE) as first, live(room, CANDIDATE) as second:
            await first.hello()
            await second.hello()

            async def seen() -> bool:
                people = (await watcher.hear("people"))["people"]
                return any(p["hub_name"] == CANDIDATE and p["present"] for p in people)

            await eventually(seen)
            joined = [x for x in room.records("person.joined") if x.author == CANDIDATE]
            assert [x.facts["again"] for x in joined[-2:]] == [False, True]
        for _ in range(2):
            await watcher.hear("people")

        def left() -> bool:
            open_connections = {
                x.facts["connection"] for x in room.records("person.joined")
            } - {x.facts["connection"] for x in room.records("person.left")}
            return len(open_connections) == 1

        await eventually(left)


async def test_warning_and_flag_reach_whom_they_are_for(room: RoomServer) -> None:
    async with (
        live(room, INTERVIEWER) as interviewer,
        live(room, CANDIDATE) as candidate,
    ):
        await interviewer.hello()
        await candidate.hello()
        await candidate.event(name="consent", sensor="clipboard", granted=True)
        await candidate.event(name="watch", state="started")
        await candidate.event(name="visibility", state="visible")
        await candidate.event(
            name="clipboard", action="paste", chars=900, origin="external"
        )
        flag = await interviewer.hear("flag")
        check(flag, "live", "FlagMessage")
        assert flag["flag"]["rule"] == "external_paste"
        warning = await candidate.hear("warning", "flag")
        check(warning, "live", "WarningMessage")
        # The candidate reads their own record, live.
        assert await candidate.hear("flag") == flag
        episode_id = flag["flag"]["episode_id"]
        await candidate.event(
            name="comment", episode_id=episode_id, text="My own snippets."
        )
        comment = await interviewer.hear("comment")
        check(comment, "live", "CommentMessage")
        assert comment["comment"]["episode_id"] == episode_id
        recorded = room.records("flag")[-1]
        assert recorded.facts["episode_id"] == flag["flag"]["episode_id"]
        assert recorded.author == "room"
        await candidate.event(name="watch", state="stopped")
        closed = await interviewer.hear("flag")
        assert closed["flag"]["ended_at"] is not None
    async with live(room, CANDIDATE) as candidate, live(room, REVIEWER) as reviewer:
        welcome = await candidate.hello()
        check(welcome, "live", "Welcome")
        assert [one["rule"] for one in welcome["flags"]] == ["external_paste"]
        assert [one["rule"] for one in welcome["warnings"]] == ["external_paste"]
        seen = await reviewer.hello()
        check(seen, "live", "Welcome")
        assert seen["flags"] == welcome["flags"]
        assert seen["comments"] == welcome["comments"]
        assert seen["comments"][0]["text"] == "My own snippets."


async def test_a_restarted_room_tells_the_same_and_takes_no_repeat(
    room: RoomServer,
) -> None:
    async with live(room, CANDIDATE) as page:
        await page.hello()
        await page.event(name="consent", sensor="focus", granted=False)
        await page.hear("ack")

        def said() -> bool:
            return bool(room.records("sensor")[-1].facts["sensor"] == "focus")

        await eventually(said)
        before = await page.hello()
        room.kill()
        with pytest.raises(ConnectionClosed):
            await page.hear("nothing more")
    await room.start()
    async with live(room, CANDIDATE) as again:
        again.boot_id = page.boot_id
        after = await again.hello()
        for key in ("consent", "acknowledged", "warnings", "sensors", "state"):
            assert after[key] == before[key], key
        await again.event(name="consent", sensor="focus", granted=True)
        assert (await again.hear("ack"))["client_seq"] == 1
    consents = [
        one.facts["event"]["granted"]
        for one in room.records("event")
        if one.facts["boot_id"] == page.boot_id
    ]
    assert consents == [False]
