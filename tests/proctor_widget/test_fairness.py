"""The fairness benchmark's short part: its traces, its peers' rules, its sums."""

from __future__ import annotations

import random
from itertools import islice
from typing import Any

import numpy as np
import pytest

from bench.fairness import cheats, honest, peers, summary
from bench.fairness.camera import observe
from bench.fairness.ours import POLICIES, flagged
from bench.fairness.people import Person, chance, person
from bench.fairness.records import START_S, journal
from bench.fairness.scene import Scene, merged
from bench.fairness.session import tried
from nbinterview.schemas import check
from nbinterview_proctor.engine import Fact

SEED, MINUTES = 7, 6.0
KINDS = {"event": "Event", "observations": "Observations"}
SECONDS = round(honest.BEGIN_S + 60 * MINUTES)


def records(scene: Scene) -> list[Fact]:
    seen = observe(scene, chance(SEED, "camera"))
    return journal(scene, seen, chance(SEED, "journal"))


def quiet(number: int = 0) -> Scene:
    """Somebody who sits there, calibrates well, and does nothing at all."""
    scene = Scene(steady(number), SECONDS)
    honest.calibrate(scene, chance(SEED, "calibrate"))
    return scene


def steady(number: int) -> Person:
    """The first person from this number on whom the camera sees well."""
    while True:
        who = person(SEED, number)
        plain = who.calibrates == "well" and who.hz > 2 and not who.poster_width
        plain = plain and who.chair < 0.1
        seen = abs(who.rest_yaw_deg) < 10 and who.face_width > 0.2 and who.luma > 80
        if plain and seen and who.head_share > 0.55 and abs(who.rest_pitch_deg) < 15:
            return who
        number += 1


# ------------------------------------------------------------ the traces


def test_one_seed_gives_one_trace_and_another_another() -> None:
    def made(seed: int) -> list[Fact]:
        scene = honest.session(seed, person(seed, 3), 0, SECONDS)
        seen = observe(scene, chance(seed, "camera"))
        return journal(scene, seen, chance(seed, "journal"))

    assert made(1) == made(1)
    assert made(1) != made(2)


@pytest.mark.parametrize("number", range(4))
def test_what_a_page_would_send_is_on_the_wire(number: int) -> None:
    scene = honest.session(SEED, person(SEED, number), 0, SECONDS)
    for fact in records(scene)[::3]:
        if fact.kind in {"event", "observations"}:
            message = {**fact.payload, "monotonic_ms": fact.monotonic_ms}
            check({**message, "type": fact.kind}, "live", KINDS[fact.kind])


def test_a_cheat_changes_nothing_before_its_first_stretch() -> None:
    who = person(SEED, 2)
    twin = records(honest.session(SEED, who, 0, SECONDS))
    scene, spans = cheats.cheating(SEED, who, 0, SECONDS, "leaves")
    before_s = START_S + min(start_s for start_s, _ in spans) - 3

    def early(facts: list[Fact]) -> list[Fact]:
        return [fact for fact in facts if fact.at_s < before_s and fact.payload]

    assert [f.kind for f in early(records(scene))] == [f.kind for f in early(twin)]


def test_an_empty_chair_is_no_face_and_a_turned_head_is_turned() -> None:
    scene = quiet()
    scene.absent[scene.at(100, 130)] = True
    scene.look(200, 220, 50, 0)
    seen = observe(scene, chance(SEED, "camera"))
    assert not seen.faces[scene.at(101, 129)].any()
    assert seen.faces[scene.at(40, 99)].mean() > 0.95
    turned = seen.yaw_deg[scene.at(202, 219)].mean()
    straight = seen.yaw_deg[scene.at(40, 99)].mean()
    assert turned - straight > 20


# ------------------------------------------------------------ our policies


@pytest.mark.parametrize("policy", POLICIES)
def test_somebody_who_only_sits_there_is_never_flagged(policy: str) -> None:
    assert flagged(policy, records(quiet())) == []


def test_an_empty_chair_for_two_minutes_is_flagged_with_a_camera_only() -> None:
    scene = quiet()
    scene.absent[scene.at(100, 220)] = True
    found = {policy: flagged(policy, records(scene)) for policy in POLICIES}
    assert [flag.rule for flag in found["standard"]] == ["nobody"]
    assert found["standard"][0].touches([(100, 220)], 0)
    assert [flag.rule for flag in found["strict"]] == ["nobody"]
    assert found["no-camera"] == []


def test_two_minutes_in_another_tab_are_flagged_by_all() -> None:
    scene = quiet()
    scene.leave_tab(100, 220)
    for policy in POLICIES:
        assert "tab_hidden" in {flag.rule for flag in flagged(policy, records(scene))}


def test_an_interviewers_pause_stops_the_count() -> None:
    scene = quiet()
    scene.absent[scene.at(100, 220)] = True
    scene.paused.append((99, 225))
    assert flagged("standard", records(scene)) == []


# ------------------------------------------------------------ the peers' rules


def seen(scene: Scene) -> peers.View:
    return peers.view(scene, observe(scene, chance(SEED, "camera")))


def test_nobody_is_flagged_by_a_peer_for_sitting_there() -> None:
    watched = seen(quiet())
    assert {name: rule(watched) for name, rule in peers.PEERS.items()} == {
        name: [] for name in peers.PEERS
    }


def test_two_exits_or_a_long_one() -> None:
    scene = quiet()
    scene.leave_tab(100, 102)
    assert peers.exits(seen(scene)) == []
    scene.leave_tab(150, 152)
    assert len(peers.exits(seen(scene))) == 1
    long = quiet()
    long.leave_tab(100, 110.5)
    assert len(peers.exits(seen(long))) == 1


def test_more_than_ten_frames_in_a_row() -> None:
    scene = quiet()
    scene.absent[scene.at(100, 109)] = True
    assert peers.ten_frames(seen(scene)) == []
    scene.absent[scene.at(100, 115)] = True
    assert [flag.rule for flag in peers.ten_frames(seen(scene))] == [
        "ten frames in a row"
    ]
    scene.absent[scene.at(100, 160)] = True
    assert "10 % of the frames" in [flag.rule for flag in peers.ten_frames(seen(scene))]


def test_the_sixth_strike() -> None:
    scene = quiet()
    for number in range(6):
        assert peers.six_strikes(seen(scene)) == []
        scene.absent[scene.at(60 + 20 * number, 64 + 20 * number)] = True
    (flag,) = peers.six_strikes(seen(scene))
    assert len(flag.spans) == 6


def test_soft_warn_and_hard_timers() -> None:
    def levels(for_s: float) -> list[int]:
        scene = quiet()
        scene.absent[scene.at(100, 100 + for_s)] = True
        return [len(peers.guard(level)(seen(scene))) for level in range(3)]

    assert levels(6) == [0, 0, 0]
    assert levels(8.5) == [1, 0, 0]
    assert levels(11) == [1, 1, 0]
    assert levels(15) == [1, 1, 1]


def test_three_seconds_and_any_blur() -> None:
    scene = quiet()
    scene.absent[scene.at(100, 102.5)] = True
    assert peers.three_seconds(seen(scene)) == []
    scene.absent[scene.at(100, 104)] = True
    assert len(peers.three_seconds(seen(scene))) == 1
    assert peers.any_blur(seen(scene)) == []
    scene.leave_tab(100, 100.2)
    assert len(peers.any_blur(seen(scene))) == 1


# ------------------------------------------------------------ the sums


def result(number: int, kind: str, false: int, *, found: bool) -> dict[str, Any]:
    said = {"false": [["rule", 1.0, 2.0]] * false, "found": ["rule"] * found}
    rules = {name: {**said, "chance": []} for name in (*POLICIES, *peers.PEERS)}
    return {"person": number, "kind": kind, "hours": 1.0, "rules": rules}


def test_measures_by_hand() -> None:
    results = [
        result(0, "tab", 2, found=True),
        result(0, "tab", 0, found=False),
        result(1, "phone", 1, found=True),
        result(2, "phone", 0, found=True),
    ]
    assert summary.per_hour("standard")(results) == pytest.approx(0.75)
    assert summary.wrongly("standard")(results) == pytest.approx(0.5)
    assert summary.found("standard")(results) == pytest.approx(0.75)
    assert summary.found("standard", ["phone"])(results) == pytest.approx(1.0)
    assert len(summary.by_person(results)) == 3
    results[0]["rules"]["standard"]["chance"] = ["rule"]
    assert summary.beyond("standard")(results) == pytest.approx(0.5)


def test_the_bar_is_kept_only_when_the_worse_end_keeps_it() -> None:
    def budget(false: int) -> bool | None:
        kinds = list(cheats.KINDS)
        results = [result(i, kinds[i % 6], 0, found=True) for i in range(120)]
        results[0] = result(0, kinds[0], false, found=True)
        persons = summary.by_person(results)
        made = summary.Rows(persons, random.Random(1), len(results), "")
        (standard,) = islice(made.false(), 1)
        return standard.holds

    assert budget(0) is True  # up to 3 in 120 hours
    assert budget(1) is True
    assert budget(5) is False  # 0.042 an hour, and perhaps twice that


def test_one_session_through_every_rule() -> None:
    said = tried(SEED, 0, 0, MINUTES, POLICIES)
    assert set(said["rules"]) == {*POLICIES, *peers.PEERS}
    assert said["kind"] in cheats.KINDS
    assert said["cheated"]


def test_stretches_that_touch_are_one() -> None:
    assert merged([(5, 6), (0, 2), (1, 3)]) == [(0, 3), (5, 6)]


def test_kinds_of_cheats_are_as_many_as_each_other() -> None:
    kinds = [list(cheats.KINDS)[(3 * p + s) % 6] for p in range(70) for s in range(3)]
    assert np.unique(kinds, return_counts=True)[1].tolist() == [35] * 6
