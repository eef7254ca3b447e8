"""The pure parts: awareness, pacing, configuration, headers, the view."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Encoder

from nbinterview.errors import Invalid, Unavailable
from nbinterview.ledger.records import Record
from nbinterview.schemas import check
from nbinterview_server import headers
from nbinterview_server.app import close_in_order
from nbinterview_server.config import RoomConfig, RoomEnv
from nbinterview_server.documents.awareness import _decode, rewrite
from nbinterview_server.documents.owners import MAX_IDS_PER_PERSON, Owners
from nbinterview_server.pacing import Pace
from nbinterview_server.view import ALL, View, welcome
from tests.extensions.harness import CANDIDATE, INTERVIEWER, room_config

CONFIG = RoomConfig.from_wire(room_config())
ZOE = CONFIG.people[CANDIDATE]
IDA = CONFIG.people[INTERVIEWER]


def update(*states: tuple[int, int, Any]) -> bytes:
    encoder = Encoder()
    encoder.write_var_uint(len(states))
    for client_id, clock, state in states:
        encoder.write_var_uint(client_id)
        encoder.write_var_uint(clock)
        encoder.write_var_string(json.dumps(state))
    return encoder.to_bytes()


# ------------------------------------------------------------------ awareness


@given(st.text(), st.integers(1, 2**53), st.integers(0, 2**31))
def test_whatever_name_a_page_sends_the_platforms_is_seen(
    name: str, client_id: int, clock: int
) -> None:
    sent = update((client_id, clock, {"user": {"name": name}, "x": name}))
    rewritten = rewrite(sent, ZOE, Owners())
    assert rewritten is not None
    ((seen_id, seen_clock, state),) = _decode(rewritten.update)
    assert (seen_id, seen_clock) == (client_id, clock)
    assert state["x"] == name
    assert state["user"]["name"] == "Zoë Müller"


def test_states_of_others_do_not_come_through() -> None:
    owners = Owners()
    rewrite(update((1, 1, {})), IDA, owners)
    assert rewrite(update((1, 2, None)), ZOE, owners) is None
    mixed = rewrite(update((1, 2, {}), (2, 1, {})), ZOE, owners)
    assert mixed is not None
    assert [one[0] for one in _decode(mixed.update)] == [2]
    gone = rewrite(update((1, 3, None)), IDA, owners)
    assert gone is not None
    assert _decode(gone.update) == [(1, 3, None)]
    assert mixed.here == frozenset({2})
    assert gone.here == frozenset()


def test_nobody_takes_all_client_ids() -> None:
    owners = Owners()
    for client_id in range(1, MAX_IDS_PER_PERSON + 1):
        assert owners.claim("p-a", {client_id})
    assert not owners.claim("p-a", {10_000})
    assert owners.claim("p-a", {1, 2})
    assert owners.claim("p-b", {10_000})


def test_an_id_stays_with_the_first_and_the_rooms_are_nobodys() -> None:
    owners = Owners()
    owners.reserve(7)
    assert owners.claim("p-a", {1, 2})
    assert not owners.claim("p-b", {2, 3})
    assert owners.claim("p-b", {3}), "nothing of a refused claim is kept"
    for nobodys in (0, 7):
        assert not owners.claim("p-a", {nobodys})


@given(st.binary(max_size=60))
def test_any_bytes_are_rewritten_or_refused(data: bytes) -> None:
    try:
        rewrite(data, ZOE, Owners())
    except Invalid:
        return


# --------------------------------------------------------------------- pacing


def test_a_burst_passes_and_more_is_slowed() -> None:
    now = 0.0
    pace = Pace(10.0, 5, lambda: now)
    assert [pace.delay_s() for _ in range(5)] == [0.0] * 5
    assert pace.delay_s() == pytest.approx(0.1)
    now = 1.0
    assert pace.delay_s() == 0.0


# -------------------------------------------------------------- configuration


def test_a_room_without_its_variables_says_which() -> None:
    with pytest.raises(Unavailable) as raised:
        RoomEnv.from_env({"NBINTERVIEW_INTERVIEW": "abcdefghij"})
    assert "NBINTERVIEW_ROOM_DIR" in raised.value.detail
    assert "\n" not in raised.value.detail


@pytest.mark.parametrize(
    "field", ["interview", "template", "policy", "allows", "people"]
)
def test_a_config_that_lacks_something_is_refused(field: str) -> None:
    wire = room_config()
    del wire[field]
    with pytest.raises(Invalid) as raised:
        RoomConfig.from_wire(wire)
    assert raised.value.field == field


# -------------------------------------------------------------------- headers


def test_each_inline_script_has_its_hash() -> None:
    html = '<script src="a.js"></script><script>alert(1)</script>'
    policy = headers.page_policy(html)
    # printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    assert "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" in policy
    assert policy.count("sha256-") == 1
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "frame-ancestors 'none'" in policy


def test_nothing_of_jupyter_is_read_from_outside_the_room(tmp_path: Path) -> None:
    from nbinterview_server.launch import jupyter_env

    for name, value in jupyter_env(tmp_path).items():
        assert Path(value).is_relative_to(tmp_path), name
        assert name == "HOME" or not Path(value).is_relative_to(tmp_path / "home")


# ----------------------------------------------------------------------- view


def record(seq: int, kind: str, author: str = "room", **payload: Any) -> Record:
    return Record(
        interview="abcdefghij",
        seq=seq,
        time="2026-01-01T00:00:00.000000Z",
        kind=kind,
        author=author,
        payload=payload,
        salt="0" * 32,
    )


def test_flags_are_told_to_everybody_and_closed_with_their_evidence() -> None:
    view = View("open", CONFIG.people)
    flag: dict[str, Any] = {
        "episode_id": "e1",
        "rule": "nobody",
        "title": "t",
        "started_at": "2026-01-01T00:00:00.000000Z",
        "evidence": {"longest_s": 1.0},
    }
    ((audience, message),) = view.step(record(1, "flag", **flag))
    assert audience == ALL
    assert message["flag"]["ended_at"] is None
    closing: dict[str, Any] = {"ended_at": "later", "evidence": {"longest_s": 9.0}}
    ((audience, message),) = view.step(
        record(2, "flag.closed", episode_id="e1", rule="nobody", **closing)
    )
    assert audience == ALL
    assert message["flag"]["ended_at"] == "later"
    assert message["flag"]["evidence"] == {"longest_s": 9.0}
    assert view.flags["e1"] == message["flag"]
    for who in (ZOE, IDA):
        assert welcome(view, CONFIG, who, {})["flags"] == [message["flag"]]


def test_a_nudge_is_private() -> None:
    view = View("open", CONFIG.people)
    nudge = {"episode_id": "e1", "rule": "nobody", "text": "Are you there?"}
    ((audience, message),) = view.step(record(1, "nudge", **nudge))
    assert audience == {"candidate"}
    check(message, "live", "NudgeMessage")
    assert welcome(view, CONFIG, ZOE, {})["nudges"] == [message["nudge"]]
    assert welcome(view, CONFIG, IDA, {})["nudges"] == []
    assert view.knows_episode("e1")
    assert not view.knows_episode("e2")


def test_what_did_not_count_and_what_was_said_about_it_is_told_to_all() -> None:
    view = View("open", CONFIG.people)
    episode: dict[str, Any] = {
        "episode_id": "e1",
        "rule": "nobody",
        "title": "t",
        "started_at": "2026-01-01T00:00:00.000000Z",
        "ended_at": "2026-01-01T00:00:09.000000Z",
        "because": "short",
        "evidence": {"duration_s": 9.0},
    }
    ((audience, message),) = view.step(record(1, "episode", **episode))
    assert audience == ALL
    check(message, "live", "EpisodeMessage")
    event = {"name": "comment", "episode_id": "e1", "text": "The door bell."}
    said = {"boot_id": "b", "client_seq": 1, "event": event}
    ((audience, comment),) = view.step(record(2, "event", CANDIDATE, **said))
    assert audience == ALL
    check(comment, "live", "CommentMessage")
    for who in (ZOE, IDA):
        told = welcome(view, CONFIG, who, {})
        assert told["episodes"] == [message["episode"]]
        assert told["comments"] == [comment["comment"]]


def test_a_calibration_that_was_practised_does_not_count() -> None:
    view = View("open", CONFIG.people)
    taken: dict[str, Any] = {
        "state": "taken",
        "quality": "good",
        "detail": "",
        "frames": 40,
    }
    ((audience, message),) = view.step(record(1, "calibration", **taken))
    assert audience == ALL
    check(message, "live", "CalibrationMessage")
    view.step(record(2, "calibration", **taken, rehearsal=True))
    assert view.calibration == taken
    # Of a record from before there were places to look at.
    ((_, message),) = view.step(
        record(3, "calibration", yaw_deg=1.0, pitch_deg=2.0, frames=9)
    )
    check(message, "live", "CalibrationMessage")
    assert message["calibration"]["quality"] == "rough"


def test_an_attempt_of_the_kernel_says_nothing_of_how_it_is() -> None:
    view = View("open", CONFIG.people)
    view.step(record(1, "kernel", state="started", detail=""))
    assert view.step(record(2, "kernel", state="attempt", detail="network")) == []
    assert view.kernel is not None
    assert view.kernel["state"] == "idle"


def test_the_kernel_is_busy_until_its_last_run_ends() -> None:
    view = View("open", CONFIG.people)
    told = [
        view.step(record(n, kind))
        for n, kind in enumerate(
            [
                "execution.requested",
                "execution.requested",
                "execution.finished",
                "execution.finished",
            ]
        )
    ]
    states = [[message["state"] for _, message in one] for one in told]
    assert states == [["busy"], ["busy"], [], ["idle"]]
    assert told[0][0][0] == ALL


def test_who_comes_late_is_told_how_the_kernel_is() -> None:
    view = View("open", CONFIG.people)

    def told() -> Any:
        message = welcome(view, CONFIG, CONFIG.people[CANDIDATE], {})
        return message["kernel"]

    assert told() is None
    view.step(record(1, "kernel", state="started", detail=""))
    assert told()["state"] == "idle"
    view.step(record(2, "kernel", state="died", detail="memory"))
    assert told() == {"type": "kernel", "state": "died", "detail": "memory"}
    view.step(record(3, "kernel", state="stopped", detail=""))
    assert told() is None
    view.step(record(4, "execution.requested"))
    view.step(record(5, "room.started"))
    assert told() is None


def test_a_restart_ends_every_connection() -> None:
    view = View("open", CONFIG.people)
    view.step(record(1, "person.joined", CANDIDATE, connection="c1"))
    assert view.present(CANDIDATE)
    view.step(record(2, "room.started"))
    assert not view.present(CANDIDATE)


@pytest.mark.asyncio
async def test_a_part_that_fails_or_hangs_keeps_none_from_closing() -> None:
    closed: list[str] = []

    async def fails() -> None:
        raise RuntimeError("in the middle of it")

    async def hangs() -> None:
        await asyncio.Event().wait()

    async def closes() -> None:
        closed.append("record")

    await close_in_order((fails, hangs, closes), within_s=0.05)
    assert closed == ["record"]
