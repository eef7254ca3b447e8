"""What must hold of version 2, whatever comes: under times short enough to matter."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbinterview_proctor import engine, replay
from nbinterview_proctor.policy import Policy, Repeat, Rule
from tests.proctor_widget.engine_plans import (
    LIMITED,
    SCENES,
    Steps,
    beats,
    events,
    interview,
    scenes,
    steps,
)
from tests.proctor_widget.engine_sim import DARK, INTERVIEWER, STANDARD, Page, Record

#: One that flags within seconds, alone and by repetition.
NOTICE_S = 2.0


def _quick(rule: Rule) -> Rule:
    if rule.flag_after_s is None or rule.flag_after_s == 0:
        return rule
    return replace(
        rule,
        nudge_after_s=0.5,
        warn_after_s=1.5,
        flag_after_s=4.0,
        notice_s=NOTICE_S,
        merge_gap_s=1.0,
        cooldown_s=4.0,
        record_after_s=0.5,
        repeat=Repeat(total_s=8.0, window_s=60.0, times=2),
    )


QUICK = replace(
    STANDARD,
    rules=MappingProxyType({name: _quick(r) for name, r in STANDARD.rules.items()}),
)


def said(
    records: Sequence[Record], policy: Policy = QUICK
) -> list[tuple[str, dict[str, Any]]]:
    found = replay.outcomes(policy, records)
    return [(one.kind, one.payload) for one in found if one.kind != "sensor"]


def of(records: Sequence[Record], *kinds: str) -> list[dict[str, Any]]:
    return [payload for kind, payload in said(records) if kind in kinds]


def flags(records: Sequence[Record]) -> Counter[str]:
    return Counter(payload["rule"] for payload in of(records, "flag"))


def flagged_s(records: Sequence[Record]) -> dict[str, float]:
    """Seconds under flag, by rule."""
    total: Counter[str] = Counter()
    for payload in of(records, "flag.closed"):
        total[payload["rule"]] += payload["evidence"]["duration_s"]
    return dict(total)


# ------------------------------------------------------------ escalation


@LIMITED
@given(steps)
def test_each_step_follows_the_one_before_and_all_are_closed(plan: Steps) -> None:
    warned: set[str] = set()
    shown, open_flags, over = set[str](), set[str](), set[str]()
    for kind, payload in said(interview(plan)):
        episode = str(payload.get("episode_id"))
        match kind:
            case "nudge":
                assert episode not in shown | open_flags | over
            case "warning":
                assert episode not in shown | over
                warned.add(payload["rule"])
                shown.add(episode)
            case "warning.cleared":
                shown.remove(episode)
            case "flag":
                assert payload["rule"] in warned
                assert episode not in open_flags | over
                open_flags.add(episode)
            case "flag.closed":
                open_flags.remove(episode)
                over.add(episode)
            case "episode":
                assert episode not in open_flags | over
                over.add(episode)
    assert not open_flags
    assert not shown


@LIMITED
@given(steps)
def test_a_flag_has_lasted_as_long_as_its_rule_wants(plan: Steps) -> None:
    for payload in of(interview(plan), "flag"):
        rule, evidence = QUICK.rules[payload["rule"]], payload["evidence"]
        assert rule.flag_after_s is not None
        if evidence["repeat"]:
            assert rule.repeat is not None
            assert evidence["duration_s"] >= rule.repeat.total_s - 0.01
        else:
            assert evidence["duration_s"] >= rule.flag_after_s - 0.01
        assert 0 <= evidence["measured_share"] <= 1


@LIMITED
@given(steps)
def test_the_engine_s_own_records_change_nothing(plan: Steps) -> None:
    state, journal, live = engine.initial(QUICK), list[Any](), list[Any]()
    for record in interview(plan):
        state, found = engine.step(state, replay.fact(record))
        live += found
        journal += [record]
        journal += [
            engine.Fact(one.kind, one.payload, record["at_s"] + 0.3) for one in found
        ]
    assert replay.outcomes(QUICK, journal) == live


# ------------------------------------------------------------ time and order


@LIMITED
@given(steps, st.floats(-1e9, 1e8), st.floats(0, 1e7))
def test_a_shift_of_either_clock_changes_nothing(
    plan: Steps, shift_s: float, page_s: float
) -> None:
    def shapes(records: Sequence[Record]) -> list[tuple[Any, ...]]:
        return [
            (kind, p.get("episode_id"), p.get("evidence", {}).get("parts"))
            for kind, p in said(records)
        ]

    def moved(record: Record) -> Record:
        mono, payload = record["monotonic_ms"], record["payload"]
        frames = [
            {**frame, "at_ms": frame["at_ms"] + page_s * 1000}
            for frame in payload.get("frames", ())
        ]
        return {
            **record,
            "at_s": record["at_s"] + shift_s,
            "monotonic_ms": None if mono is None else mono + page_s * 1000,
            "payload": {**payload, "frames": frames}
            if "frames" in payload
            else payload,
        }

    records = interview(plan, hz=5)  # fifths of a second are no exact floats
    assert shapes([moved(record) for record in records]) == shapes(records)


@LIMITED
@given(steps, st.integers(0, 2**32))
def test_repeated_messages_change_nothing(plan: Steps, seed: int) -> None:
    dice = random.Random(seed)
    records = interview(plan)
    doubled: list[Record] = []
    for record in records:
        doubled.append(record)
        if record["kind"] in {"event", "observations"} and dice.random() < 0.3:
            sent = [r for r in doubled if r["kind"] in {"event", "observations"}]
            doubled.append({**dice.choice(sent), "at_s": record["at_s"]})
    assert said(doubled) == said(records)


def one_by_one(records: Sequence[Record]) -> list[Record]:
    """The same with a message for each frame, as a page sends them."""
    made: list[Record] = []
    for record in records:
        frames = record["payload"].get("frames")
        for frame in frames or [None]:
            payload, at_s, mono = (
                record["payload"],
                record["at_s"],
                record["monotonic_ms"],
            )
            if frame is not None:
                payload = {**payload, "frames": [frame]}
                late_ms = mono - frame["at_ms"] - 20
                at_s, mono = at_s - late_ms / 1000, frame["at_ms"] + 20
            made.append(
                {**record, "payload": payload, "at_s": at_s, "monotonic_ms": mono}
            )
    made.sort(key=lambda record: record["at_s"])
    page = [r for r in made if r["kind"] in {"event", "observations"}]
    for seq, record in enumerate(page, start=1):
        record["payload"] = {**record["payload"], "client_seq": seq}
    return made


def reordered(records: Sequence[Record], dice: random.Random) -> list[Record]:
    """Every message of the page takes up to a second to come."""
    slow = [{**r, "at_s": r["at_s"] + dice.uniform(0, 0.95)} for r in records[:-1]]
    return [*sorted(slow, key=lambda record: record["at_s"]), records[-1]]


@LIMITED
@given(
    st.lists(st.one_of(scenes, scenes, scenes, events, beats), max_size=14),
    st.integers(0, 2**32),
)
def test_messages_that_change_places_within_a_second_change_no_finding(
    plan: Steps, seed: int
) -> None:
    def findings(records: Sequence[Record]) -> list[Any]:
        return sorted(
            (kind, payload["rule"], payload["evidence"]["duration_s"])
            for kind, payload in said(records)
            if kind in {"flag", "flag.closed", "episode"}
        )

    # The room's own end comes when all the page said has come.
    *records, end = one_by_one(interview(plan))
    records = [*records, {**end, "at_s": end["at_s"] + 2}]
    mixed = reordered(records, random.Random(seed))
    assert findings(mixed) == [
        (kind, rule, pytest.approx(lasted_s, abs=0.01))
        for kind, rule, lasted_s in findings(records)
    ]


honest = st.lists(
    st.sampled_from(
        [
            ("facing", 6),
            ("left", 2),
            ("up", 2),
            ("nobody", 1),
            ("hidden", 5),
            ("glare", 5),
            ("dark", 5),
            ("small", 6),
        ]
    ),
    max_size=3,
)


@LIMITED
@given(honest, st.integers(0, 2**32), st.floats(0, 0.5))
def test_dropped_frames_create_no_finding(plan: Steps, seed: int, lost: float) -> None:
    dice = random.Random(seed)
    records = interview([step for one in plan for step in (one, ("facing", 4))], hz=10)
    for record in records:
        frames = record["payload"].get("frames")
        if frames is not None:
            kept = [frame for frame in frames if dice.random() >= lost]
            record["payload"] = {**record["payload"], "frames": kept}
    assert not flags(records)


@LIMITED
@given(
    st.sampled_from(["nobody", "two", "left", "covered"]),
    st.integers(0, 2**32),
    st.floats(0, 0.4),
)
def test_dropped_frames_lose_no_finding(scene: str, seed: int, lost: float) -> None:
    """Ten seconds of it, twice what flags, of which two in five frames are lost."""
    dice = random.Random(seed)
    plan = [("facing", 5), (scene, 10), ("facing", 10)]
    records = interview(plan, hz=10)
    whole = flags(records)
    for record in records:
        frames = record["payload"].get("frames")
        if frames is not None:
            kept = [frame for frame in frames if dice.random() >= lost]
            record["payload"] = {**record["payload"], "frames": kept}
    assert whole
    assert flags(records) == whole


@LIMITED
@given(steps, st.integers(0, 2**32))
def test_dropped_messages_never_break_the_fold(plan: Steps, seed: int) -> None:
    dice = random.Random(seed)
    records = interview(plan)
    kept = [r for r in records if r["kind"] != "observations" or dice.random() >= 0.3]
    opened = Counter(p["episode_id"] for p in of(kept, "flag"))
    ended = Counter(p["episode_id"] for p in of(kept, "flag.closed"))
    assert opened == ended


# ------------------------------------------------------------ what never flags

UNMEASURABLE: list[dict[str, Any]] = [
    dict(DARK),
    SCENES["small"],
    SCENES["hidden"],
    {"glare_right": 0.9, "yaw": 10},
    {"faces": 0},
    {"faces": 0, "frame_diff": 9.0},
    {"faces": 0, "frame_diff": 9.0, "person": 0.4},
    {"box": [-0.2, 0.3, 0.3, 0.4], "pitch": 60},
    {"mesh_residual": 0.5, "yaw": 60},
    {"face_luma_std": 1.0, "yaw": 60},
    {"pose": [0.0] * 16},
    {"pose": None},
    {"faces": 2, "second_box": [0.36, 0.3, 0.3, 0.4]},
    {"faces": 2, "second_box": [0.0, 0.3, 0.2, 0.3], "second_mesh_residual": 0.9},
]


@LIMITED
@given(
    st.lists(st.tuples(st.sampled_from(UNMEASURABLE), st.integers(1, 40)), max_size=6)
)
def test_what_cannot_be_measured_is_never_even_mentioned(
    plan: list[tuple[dict[str, Any], int]],
) -> None:
    page = Page().started().see(8, hz=4)
    for scene, seconds in plan:
        page.see(seconds, hz=4, **scene)
    page.room("interview.state", state="ended")
    assert of(page.records, "nudge", "warning", "flag", "episode") == []


parts = st.lists(st.one_of(scenes, scenes, events, beats), max_size=6)


@LIMITED
@given(parts, parts, st.lists(scenes, max_size=4))
def test_whatever_happens_in_a_pause_changes_nothing_outside(
    before: Steps, after: Steps, meanwhile: Steps
) -> None:
    def with_pause(scene_of: Steps) -> list[tuple[str, dict[str, Any]]]:
        page = [*before, ("pause", 0), *scene_of, ("resume", 0), *after]
        return said(interview(page))

    quiet = [("facing", seconds) for _, seconds in meanwhile]
    assert with_pause(meanwhile) == with_pause(quiet)


@LIMITED
@given(steps)
def test_what_is_allowed_never_flags(plan: Steps) -> None:
    excused = {r.rule for r in QUICK.active_rules if "ai" in r.excused_by}
    plan = [step for step in plan if step[0] not in ("pause", "resume")]
    records = interview([("allow", 0), *plan])
    told = of(records, "nudge", "warning", "flag")
    assert not excused & {payload["rule"] for payload in told}
    reasons = {p["because"] for p in of(records, "episode") if p["rule"] in excused}
    assert reasons <= {"allowed"}


# ------------------------------------------------------------ more is never less

finding = st.sampled_from(["nobody", "two", "left", "covered"])


@LIMITED
@given(finding, st.integers(1, 20), st.integers(1, 10))
def test_more_of_the_same_never_lowers_a_finding(
    scene: str, seconds: int, more: int
) -> None:
    def found(lasting: int) -> dict[str, float]:
        return flagged_s(interview([("facing", 5), (scene, lasting), ("facing", 15)]))

    less, longer = found(seconds), found(seconds + more)
    assert all(longer.get(rule, 0) >= total - 0.01 for rule, total in less.items())


@LIMITED
@given(finding, st.lists(st.integers(1, 6), max_size=6), st.integers(1, 8))
def test_one_more_part_never_lowers_a_finding(
    scene: str, parts: list[int], one_more: int
) -> None:
    """Each six seconds apart, so that they are episodes of their own."""

    def found(*lasting: int) -> tuple[int, float]:
        plan = [step for s in lasting for step in ((scene, s), ("facing", 8))]
        records = interview([("facing", 5), *plan, ("facing", 15)])
        return sum(flags(records).values()), sum(flagged_s(records).values())

    before, after = found(*parts), found(*parts, one_more)
    assert after[0] >= before[0]
    assert after[1] >= before[1] - 0.3  # at four frames a second


# ------------------------------------------------------------ late by more


def test_what_is_late_by_more_than_a_second_is_not_judged() -> None:
    page = Page().started().see(20)
    away = Page(page.records[0]["payload"]["boot_id"], start_s=page.now_s)
    away._seq = 1000
    away.see(30, **SCENES["nobody"])
    late = [{**record, "at_s": record["at_s"] + 8} for record in away.records]
    assert not flags([*page.records, *late[:5]])


def test_a_laptop_that_slept_is_judged_again_when_it_is_back_for_a_while() -> None:
    """Its clock stood still meanwhile."""
    page = Page().started().see(20)
    awake = list(page.records)
    page.see(60, **SCENES["nobody"])
    later = [{**r, "at_s": r["at_s"] + 3600} for r in page.records[len(awake) :]]
    assert flags([*awake, *later]) == {"nobody": 1}
    assert not flags([*awake, *later[:10]])


def test_nothing_waits_for_long_for_what_never_comes() -> None:
    page = Page().started().see(20)
    lost = page.records[10]
    page.see(30, **SCENES["two"])
    kept = [record for record in page.records if record is not lost]
    assert flags(kept) == {"multiple_faces": 1}
    room = Page(start_s=page.now_s + 5).room("watching", INTERVIEWER, paused=True)
    assert of([*kept, *room.records], "flag.closed")
