"""The kernel's side of ProctorWidget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import traitlets

from nbinterview import __version__
from nbinterview.errors import Invalid
from nbinterview_proctor import geometry
from nbinterview_proctor.widget import ProctorWidget

GOLDEN = Path(__file__).parent / "golden"
#: A furnished room without anybody, as both models see it.
GONE = {"person": 0.02, "luma_std": 50.0}


def frame(name: str, at_ms: float) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())["frame"]
    return {**found, "at_ms": at_ms}


class Clock:
    """The kernel's clock, which goes with the page's."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


def custom(widget: ProctorWidget, content: dict[str, Any]) -> None:
    """Deliver what the page would send over the comm."""
    data = {"method": "custom", "content": content}
    widget._handle_msg({"content": {"data": data}, "buffers": []})


def send(widget: ProctorWidget, *frames: dict[str, Any], dropped: int = 0) -> None:
    custom(
        widget,
        {
            "type": "frames",
            "frames": list(frames),
            "dropped": dropped,
            "rate_hz": 10,
            "monotonic_ms": max((each["at_ms"] for each in frames), default=0.0),
        },
    )


def event(widget: ProctorWidget, at_ms: float, **said: Any) -> None:
    custom(widget, {"type": "event", "event": said, "monotonic_ms": at_ms})


class Person:
    """Somebody in front of a widget: the page's messages in the page's time."""

    def __init__(self, **traits: Any) -> None:
        self.clock = Clock()
        self.widget = ProctorWidget(clock=self.clock, **traits)
        self.told: list[dict[str, Any]] = []
        self.widget.send = self.told.append
        self.now_ms = 0.0

    def turns_on(self) -> None:
        self.widget.state = "starting"
        event(self.widget, self.now_ms, name="visibility", state="visible")
        event(self.widget, self.now_ms, name="window_focus", focused=True)
        event(self.widget, self.now_ms, name="camera", state="on")
        event(self.widget, self.now_ms, name="detector", state="ready")
        self.widget.state = "measuring"

    def shows(self, name: str, seconds: float, **different: Any) -> None:
        for _ in range(round(seconds * 10)):
            self.now_ms += 100
            self.clock.now_s += 0.1
            send(self.widget, {**frame(name, self.now_ms), **different})


def test_the_page_is_told_the_version_whose_files_it_must_load() -> None:
    assert ProctorWidget().get_state()["version"] == __version__


def test_observations_do_not_travel_back_into_the_notebook() -> None:
    synced = set(ProctorWidget().get_state())
    assert not synced & {"observation", "faces", "yaw_deg", "pitch_deg"}


def test_a_head_is_measured_from_its_own_baseline() -> None:
    person = Person()
    widget = person.widget
    seen: list[geometry.Observation] = []
    widget.on_observation(seen.append)
    person.turns_on()
    person.shows("centre", 6)
    assert len(seen) == 60
    assert widget.faces == 1
    assert widget.yaw_deg == pytest.approx(0, abs=0.1)
    assert widget.pitch_deg == pytest.approx(0, abs=0.1)
    assert widget.observation == seen[-1]


def test_what_cannot_be_said_is_none() -> None:
    person = Person()
    widget = person.widget
    person.turns_on()
    person.shows("centre", 1.5)
    person.shows("covered", 1, luma_mean=60.0)
    assert widget.faces is None
    assert widget.observation is not None
    assert widget.observation.covered


def test_nobody_and_two_are_counted() -> None:
    widget = ProctorWidget()
    send(widget, frame("two-faces", 0))
    assert widget.faces == 2


def test_unknown_fields_are_refused_by_name() -> None:
    widget = ProctorWidget()
    with pytest.raises(Invalid, match="picture"):
        widget._take([{**frame("centre", 0), "picture": "…"}], 0, 0.0)
    assert widget.observation is None


def test_dropped_frames_are_counted_from_each_start() -> None:
    widget = ProctorWidget()
    send(widget, dropped=2)
    send(widget, dropped=3)
    assert widget.frames_dropped == 5
    widget.state = "starting"
    assert widget.frames_dropped == 0


def test_nothing_is_claimed_after_the_camera_went_off() -> None:
    widget = ProctorWidget()
    widget.state = "measuring"
    send(widget, frame("centre", 0))
    widget.state = "off"
    assert widget.faces is None


def test_code_can_ask_and_end() -> None:
    widget = ProctorWidget()
    sent: list[Any] = []
    widget.send = sent.append
    asked: list[bool] = []
    widget.observe(lambda change: asked.append(change["new"]), "asked")
    widget.start()
    widget.stop()
    assert asked == [True, False]
    assert sent == [{"type": "stop"}]


# ------------------------------------------------------------ findings


def test_somebody_who_leaves_is_found_by_the_same_engine() -> None:
    person = Person()
    levels: list[list[str]] = []
    person.widget.on_findings(lambda all_: levels.append([f["level"] for f in all_]))
    person.turns_on()
    person.shows("centre", 6)
    assert person.widget.sensors["camera"]["state"] == "measuring"
    assert person.widget.calibration is not None
    assert person.widget.calibration["quality"] == "rough"
    person.shows("nobody", 1, **GONE, frame_diff=9.0)
    person.shows("nobody", 60, **GONE)
    [found] = person.widget.findings
    assert (found["rule"], found["level"]) == ("nobody", "flag")
    assert found["ended_at"] is None
    steps = [each[0] for each in levels if each]
    assert list(dict.fromkeys(steps)) == ["nudge", "warning", "flag"]
    person.shows("centre", 10)
    [found] = person.widget.findings
    assert found["ended_at"] is not None
    # Back within the cool-down continues it; only after that its sum is known.
    person.shows("centre", 60)
    assert person.widget.findings[0]["evidence"]["duration_s"] == pytest.approx(61, 1)


def test_a_paste_from_elsewhere_and_another_tab_are_found_too() -> None:
    person = Person()
    person.turns_on()
    person.shows("centre", 5)
    pasted = {"action": "paste", "chars": 900, "origin": "external"}
    event(person.widget, person.now_ms, name="clipboard", **pasted)
    event(person.widget, person.now_ms, name="visibility", state="hidden")
    for _ in range(120):
        person.now_ms += 1000
        person.clock.now_s += 1
        send_beat(person)
    found = {each["rule"]: each for each in person.widget.findings}
    assert {"external_paste", "tab_hidden"} <= set(found)
    assert found["external_paste"]["ended_at"] is not None
    assert found["tab_hidden"]["ended_at"] is None


def send_beat(person: Person) -> None:
    beat = {"type": "frames", "frames": [], "dropped": 0, "rate_hz": 0}
    custom(person.widget, {**beat, "monotonic_ms": person.now_ms})


def test_a_guided_calibration_of_the_page_is_taken() -> None:
    person = Person()
    person.turns_on()
    event(person.widget, person.now_ms, name="calibration", state="began")
    for target in ("centre", "top_left", "top_right", "bottom_right", "bottom_left"):
        said = {"state": "target", "target": target}
        event(person.widget, person.now_ms, name="calibration", **said)
        person.shows("centre", 3)
    event(person.widget, person.now_ms, name="calibration", state="finished")
    assert person.widget.calibration is not None
    assert person.widget.calibration["state"] == "taken"
    assert person.widget.calibration["quality"] in ("good", "fair")


def test_another_policy_begins_anew_with_what_holds() -> None:
    person = Person(policy="standard")
    person.turns_on()
    person.shows("centre", 6)
    person.widget.policy = "strict"
    assert person.widget.findings == []
    person.shows("centre", 6)
    assert person.widget.sensors["camera"]["state"] == "measuring"
    assert person.widget.sensors["focus"]["state"] == "measuring"


def test_an_unknown_policy_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(traitlets.TraitError, match="standard"):
        ProctorWidget(policy="severe")


def test_the_page_can_choose_among_policies_that_watch_something() -> None:
    names = [each["name"] for each in ProctorWidget().policies]
    assert {"standard", "strict", "no-camera"} <= set(names)
    assert "unwatched" not in names


def test_a_page_that_opens_later_is_told_all() -> None:
    person = Person()
    person.turns_on()
    person.shows("centre", 6)
    person.told.clear()
    custom(person.widget, {"type": "hello"})
    [told] = person.told
    assert told["type"] == "told"
    assert told["sensors"]["camera"]["state"] == "measuring"
    json.dumps(told)


def test_findings_are_not_saved_into_the_notebook() -> None:
    synced = set(ProctorWidget().get_state())
    assert not synced & {"findings", "sensors", "calibration", "rate_hz"}


def test_an_event_of_an_unknown_kind_is_refused() -> None:
    widget = ProctorWidget()
    with pytest.raises(Invalid):
        widget._hear({"name": "keystroke", "key": "a"}, 0.0)
    assert widget.findings == []


def test_after_the_camera_went_off_nothing_is_left_open() -> None:
    person = Person()
    person.turns_on()
    person.shows("centre", 6)
    person.shows("nobody", 1, **GONE, frame_diff=9.0)
    person.shows("nobody", 30, **GONE)
    assert [f["ended_at"] for f in person.widget.findings] == [None]
    person.widget.state = "off"
    assert all(f["ended_at"] for f in person.widget.findings)
    assert person.widget.sensors["camera"]["state"] == "waiting"
