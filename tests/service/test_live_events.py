"""What the staff's pages hear while an interview goes on, and who does not."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from nbinterview.service import live_words
from nbinterview.service.routes import live_events
from tests.service.signed import SigningRoom
from tests.service.streams import listening
from tests.service.support import Running, link_of, person_of, record

FLAG = {"episode_id": "e1", "rule": "faces", "title": "Two faces", "evidence": {}}


async def _opened(running: Running) -> tuple[dict[str, Any], SigningRoom, str]:
    made = await running.create(reviewer="Rita")
    here = made["interview"]["id"]
    return made, SigningRoom(running, here), f"api/v1/interviews/{here}/events"


@pytest.mark.asyncio
async def test_flags_gaps_and_signed_heads_come_as_they_are_recorded(
    running: Running,
) -> None:
    made, room, path = await _opened(running)
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    await room.certify()
    async with listening(running.app, browser, path) as stream:
        first = await stream.next("head")
        assert (first["data"]["last_seq"], first["data"]["signed"]) == (0, None)
        began = {"what": "watching", "gap_id": "g1", "state": "began"}
        sent_at = time.monotonic()
        await room.send(
            [
                *room.write(2),
                *room.write(kind="flag", payload=FLAG),
                *room.write(kind="gap", payload={**began, "cause": "offline"}),
            ],
            room.sign(),
        )
        flag = await stream.next("record")
        gap = await stream.next("record")
        head = await stream.next("head")
        assert time.monotonic() - sent_at < 2.5
    assert (flag["id"], flag["data"]["title"]) == ("3", "Flag")
    assert flag["data"]["detail"] == "Two faces"
    assert (gap["id"], gap["data"]["tone"]) == ("4", "alarm")
    assert gap["data"]["detail"] == "The connection was gone."
    assert (head["data"]["last_seq"], head["data"]["flags"]) == (4, 1)
    assert head["data"]["signed"]["root"] == room.tree.root().hex()


@pytest.mark.asyncio
async def test_a_stream_goes_on_where_the_browser_stopped_hearing(
    running: Running,
) -> None:
    made, room, path = await _opened(running)
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    heard: list[str] = []
    await room.send(room.write(3, kind="flag", payload=FLAG))
    async with listening(running.app, browser, path) as stream:
        heard += [(await stream.next("record"))["id"] for _ in range(2)]
    # Away: more is recorded, some of it of no interest.
    await room.send(room.write(2) + room.write(2, kind="flag", payload=FLAG))
    again = listening(running.app, browser, path, **{"Last-Event-ID": heard[-1]})
    async with again as stream:
        heard += [(await stream.next("record"))["id"] for _ in range(3)]
    assert heard == ["1", "2", "3", "6", "7"]
    async with listening(running.app, browser, f"{path}?after=6") as stream:
        assert (await stream.next("record"))["id"] == "7"
    # What no browser sends is passed over.
    odd = listening(running.app, browser, path, **{"Last-Event-ID": "2; drop"})
    async with odd as stream:
        assert (await stream.next("record"))["id"] == "1"


@pytest.mark.asyncio
async def test_more_than_a_page_comes_whole_and_in_order(running: Running) -> None:
    made, room, path = await _opened(running)
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    await room.send(room.write(450, kind="flag", payload=FLAG))
    async with listening(running.app, browser, f"{path}?once=true") as stream:
        found = await stream.rest()
    ids = [one["id"] for one in found if one["event"] == "record"]
    assert ids == [str(number) for number in range(1, 451)]
    assert found[-1]["event"] == "head"


@pytest.mark.asyncio
async def test_only_the_staff_of_an_interview_hears(running: Running) -> None:
    made, room, path = await _opened(running)
    other = await running.create()
    await room.send(room.write(kind="flag", payload=FLAG))
    strangers = [
        await running.client(),
        await running.person(person_of(made, "candidate")),
        await running.person(person_of(other, "candidate")),
        await running.person(person_of(other, "interviewer"), "interviewers"),
        await running.room(room.interview),
    ]
    for client in strangers:
        async with listening(running.app, client, path) as stream:
            assert stream.status.result() in {401, 403, 404}
    for role, group in (("interviewer", "interviewers"), ("reviewer", "reviewers")):
        browser = await running.person(person_of(made, role), group)
        async with listening(running.app, browser, path) as stream:
            assert stream.status.result() == 200
            assert (await stream.next("record"))["id"] == "1"


@pytest.mark.asyncio
async def test_who_is_withdrawn_is_cut_off_within_five_seconds(
    running: Running,
) -> None:
    made, room, path = await _opened(running)
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    operator = await running.operator()
    async with listening(running.app, browser, path) as stream:
        await stream.next("head")
        link = link_of(made, "interviewer")["id"]
        answer = await operator.post(f"api/v1/invitations/{link}/withdraw")
        assert answer.status_code == 200
        cut_at = time.monotonic()
        over = await stream.next("over", within_s=5)
        await asyncio.wait_for(stream.closed.wait(), 5)
        assert time.monotonic() - cut_at < 5
        assert over["data"]["why"] == "This is not open to you any more."
        # What comes now is heard by nobody.
        await room.send(room.write(kind="flag", payload=FLAG))
        assert await stream.rest() == []


@pytest.mark.asyncio
async def test_who_signs_out_is_cut_off_too(running: Running) -> None:
    made, _, path = await _opened(running)
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    async with listening(running.app, browser, path) as stream:
        await stream.next("head")
        assert (await browser.post("sign-out")).status_code == 303
        await stream.next("over", within_s=5)


@pytest.mark.asyncio
async def test_a_stream_ends_with_its_interview(running: Running) -> None:
    made, room, path = await _opened(running)
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    operator = await running.operator()
    async with listening(running.app, browser, path) as stream:
        await stream.next("head")
        await room.send(room.end())
        await operator.post(f"api/v1/interviews/{room.interview}/end")
        found = await stream.rest()
    assert [one["event"] for one in found][-2:] == ["head", "over"]
    assert found[-1]["data"]["why"] == "The interview has ended."
    assert [one["id"] for one in found if one["event"] == "record"] == ["1", "2"]


@pytest.mark.asyncio
async def test_a_stream_ends_when_its_interview_is_deleted_before_it_began(
    running: Running,
) -> None:
    made, _, path = await _opened(running)
    operator = await running.operator()
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    cara = person_of(made, "candidate")
    async with (
        listening(running.app, browser, path) as stream,
        listening(running.app, operator, path) as other,
    ):
        await stream.next("head")
        await other.next("head")
        assert (await operator.delete(f"api/v1/people/{cara}")).status_code == 200
        for one in (stream, other):
            assert [two["event"] for two in await one.rest()][-1] == "over"


@pytest.mark.asyncio
async def test_streams_of_one_person_are_limited_and_given_back(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_events, "MAX_STREAMS", 1)
    made, _, path = await _opened(running)
    browser = await running.person(person_of(made, "interviewer"), "interviewers")
    async with listening(running.app, browser, path) as stream:
        await stream.next("head")
        async with listening(running.app, browser, path) as second:
            assert second.status.result() == 429
    async with listening(running.app, browser, path) as again:
        assert again.status.result() == 200
        await again.next("head")


@pytest.mark.parametrize(
    ("kind", "payload", "title", "tone"),
    [
        ("flag", FLAG, "Flag", "look"),
        ("warning", {"text": "Please look here."}, "The candidate was told", "plain"),
        ("gap", {"state": "began", "cause": "worker"}, "No proof of watching", "alarm"),
        ("gap", {"what": "live", "state": "ended"}, "Watching goes on", "plain"),
        ("gap", {"state": "began", "cause": "?"}, "No proof of watching", "alarm"),
        ("lease", {"state": "second"}, "A second tab or device is open", "look"),
        ("witness", {"state": "broken"}, "The record was changed", "alarm"),
        ("key", {"state": "replaced"}, "The room has a new signing key", "look"),
        ("room.stopped", {"reason": "idle"}, "The room stopped", "plain"),
        ("interview.state", {"state": "open"}, "The interview began", "plain"),
    ],
)
def test_each_kind_has_words(
    kind: str, payload: dict[str, Any], title: str, tone: str
) -> None:
    line = live_words.told(record("abcdefghij", 1, kind, payload))
    assert line is not None
    assert (line.title, line.tone) == (title, tone)


def test_what_was_erased_says_only_that() -> None:
    wire = {**record("abcdefghij", 1, "flag", FLAG), "payload": None, "salt": None}
    line = live_words.told(wire)
    assert line is not None
    assert (line.title, line.tone) == ("Erased", "plain")


def test_a_first_page_and_a_first_key_are_no_news() -> None:
    for kind, state in (("lease", "taken"), ("key", "made")):
        assert live_words.told(record("abcdefghij", 1, kind, {"state": state})) is None
