"""What a record says of findings, measuring and comments: the pure part."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbinterview import findings
from nbinterview.schemas import live_types
from nbinterview.service.pages import moment
from tests.service.told import CARA, Told


def event(told: Told, **given: Any) -> None:
    """Tell what the candidate's page claims."""
    boot = {"boot_id": "b" * 36, "client_seq": 1}
    told.tell("event", {**boot, "event": given}, CARA)


def watched(interview: str = "aaaaaaaaaa") -> Told:
    """Return an interview with a flag, what led to it, and what did not count."""
    told = Told(interview)
    event(told, name="consent", sensor="camera", granted=True)
    event(told, name="consent", sensor="focus", granted=False)
    told.tell("watching", {"paused": False, "allows": ["documentation"], "reason": ""})
    quality = {"state": "taken", "quality": "good", "frames": 90, "rehearsal": False}
    told.tell("calibration", {**quality, "detail": "All places were seen."})
    told.tell("sensor", {"sensor": "camera", "state": "measuring", "detail": ""})
    told.tell("nudge", {"episode_id": "e1", "rule": "looking_away", "text": "Hint."})
    told.tell("warning", {"episode_id": "e1", "rule": "looking_away", "text": "Away."})
    dark = "Move the lamp in front of you."
    told.tell("sensor", {"sensor": "camera", "state": "unmeasurable", "detail": dark})
    began = told.records[-3]["time"]
    flag = {"episode_id": "e1", "rule": "looking_away", "title": "Looking away"}
    evidence = {"duration_s": 31.0, "yaw_deg": 48.0, "claimed_by": "browser"}
    told.tell("flag", {**flag, "started_at": began, "evidence": {"duration_s": 20.0}})
    event(told, name="comment", episode_id="e1", text="The door\u202e bell.")
    ended = {"ended_at": told.records[-1]["time"], "evidence": evidence}
    told.tell("flag.closed", {"episode_id": "e1", "rule": "looking_away", **ended})
    short = {"episode_id": "e2", "rule": "tab_hidden", "title": "Tab hidden"}
    times = {"started_at": began, "ended_at": began, "because": "allowed"}
    told.tell("episode", {**short, **times, "evidence": {"duration_s": 4.0}})
    event(told, name="comment", text="Thank you all.")
    told.tell("interview.state", {"state": "ended"})
    return told


def test_an_episode_is_one_finding_from_hint_to_flag() -> None:
    record = findings.read(watched().records)
    flag, recorded = record.findings
    assert (flag.outcome, recorded.outcome) == ("flag", "episode")
    assert [words for _, words in flag.told] == ["Hint.", "Away."]
    assert ("seen for", "31 s") in flag.rows
    assert flag.source == "claimed by the browser"
    assert flag.ended_at is not None
    assert recorded.because == "The question allows it."
    assert record.flags == [flag]
    assert record.finding("e2") is recorded
    assert record.finding("e3") is None
    assert record.since_opening_s(flag.started_at) == 6.0


def test_every_finding_has_words_that_its_candidate_reads() -> None:
    for rule in live_types.Rule.__args__:  # type: ignore[attr-defined]  # an alias
        told = Told()
        told.tell("nudge", {"episode_id": "e", "rule": rule, "text": "t"})
        [found] = findings.read(told.records).findings
        assert found.title != rule, rule
        assert found.measured, rule
        assert found.innocent, rule


def test_sensors_are_summed_with_why_they_could_not_measure() -> None:
    camera, focus = findings.read(watched().records).sensors
    assert (camera.title, camera.consent, focus.consent) == (
        "Camera",
        "agreed",
        "not agreed",
    )
    assert (camera.measured, camera.unmeasurable) == ("3.0 s", "6.0 s")
    assert camera.reasons == ["Move the lamp in front of you. (6.0 s)"]


def test_what_happened_along_the_way_is_told_in_order() -> None:
    record = findings.read(watched().records)
    assert [words for _, words in record.notes] == [
        "Camera: agreed",
        "Focus: not agreed",
        "Allowed: documentation.",
        "Your head positions are known well. All places were seen.",
    ]
    answer, whole = record.comments
    assert answer.text == "The door[U+202E] bell."
    assert (answer.episode_id, whole.episode_id) == ("e1", None)


def test_a_pause_and_an_old_calibration_are_told_too() -> None:
    told = Told()
    told.tell("watching", {"paused": True, "allows": [], "reason": "a break"})
    told.tell("watching", {"paused": False, "allows": [], "reason": ""})
    told.tell("calibration", {"yaw_deg": 1.0, "pitch_deg": 2.0, "frames": 30})
    told.tell("calibration", {"quality": "good", "detail": "", "rehearsal": True})
    assert [words for _, words in findings.read(told.records).notes] == [
        "The watching was paused.",
        "The watching goes on.",
        "Your head position was learned in passing.",
    ]


@given(st.permutations(watched().records))
def test_any_order_of_records_is_read(records: list[dict[str, Any]]) -> None:
    record = findings.read(records)
    assert len(record.flags) == 1
    assert len(record.comments) == 2


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "text", "sensor"]), inner)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        *("episode_id", "rule", "title", "text", "started_at", "ended_at", "evidence"),
        *("because", "sensor", "state", "detail", "event", "paused", "allows"),
        *("quality", "rehearsal"),
    ]
)


@given(st.sampled_from(findings.KINDS), st.dictionaries(FIELDS, ANYTHING))
def test_an_imported_record_that_holds_anything_can_be_shown(
    kind: str, payload: dict[str, Any]
) -> None:
    wire = {"kind": kind, "time": "2026-11-22T09:00:00.000000Z", "payload": payload}
    record = findings.read([wire, wire])
    for one in record.findings:
        assert moment(one.started_at)
        assert one.rows is not None
        assert record.since_opening_s(one.started_at) is None


def test_an_empty_record_says_nothing() -> None:
    assert findings.read([]) == findings.OwnRecord([], [], [], None, [])
