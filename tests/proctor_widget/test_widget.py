"""The kernel's side of ProctorWidget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbinterview import __version__
from nbinterview.errors import Invalid
from nbinterview_proctor import geometry
from nbinterview_proctor.widget import ProctorWidget

GOLDEN = Path(__file__).parent / "golden"


def frame(name: str, at_ms: float) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())["frame"]
    return {**found, "at_ms": at_ms}


def send(widget: ProctorWidget, *frames: dict[str, Any], dropped: int = 0) -> None:
    """Deliver what the page would send over the comm."""
    widget._handle_msg(
        {
            "content": {
                "data": {
                    "method": "custom",
                    "content": {
                        "type": "frames",
                        "frames": list(frames),
                        "dropped": dropped,
                    },
                }
            },
            "buffers": [],
        }
    )


def test_the_page_is_told_the_version_whose_files_it_must_load() -> None:
    assert ProctorWidget().get_state()["version"] == __version__


def test_observations_do_not_travel_back_into_the_notebook() -> None:
    synced = set(ProctorWidget().get_state())
    assert not synced & {"observation", "faces", "yaw_deg", "pitch_deg"}


def test_a_head_is_measured_from_its_own_baseline() -> None:
    widget = ProctorWidget()
    seen: list[geometry.Observation] = []
    widget.on_observation(seen.append)
    send(widget, *(frame("centre", 100.0 * i) for i in range(60)))
    assert len(seen) == 60
    assert widget.faces == 1
    assert widget.yaw_deg == pytest.approx(0, abs=0.1)
    assert widget.pitch_deg == pytest.approx(0, abs=0.1)
    assert widget.observation == seen[-1]


def test_what_cannot_be_said_is_none() -> None:
    widget = ProctorWidget()
    send(widget, frame("centre", 0))
    send(widget, *(frame("covered", 100.0 * i) for i in range(1, 5)))
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
        widget._take([{**frame("centre", 0), "picture": "…"}], 0)
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
