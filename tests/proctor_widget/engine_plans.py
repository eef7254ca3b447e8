"""Made-up interviews for the properties of the engine: plans, and their records."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.proctor_widget.engine_sim import COVERED, DARK, INTERVIEWER, Page, Record

LIMITED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

# ------------------------------------------------------------ made-up interviews

SCENES: dict[str, dict[str, Any]] = {
    "facing": {},
    "nobody": {"faces": 0, "person": 0.05, "frame_diff": 5.0},
    "two": {"faces": 2},
    "left": {"yaw": 50},
    "up": {"pitch": -25},
    "covered": dict(COVERED),
    "dark": dict(DARK),
    "still": {"frame_diff": 0.0},
    "small": {"box": [0.4, 0.4, 0.05, 0.07], "yaw": 40},
    "hidden": {"faces": 0, "person": 0.9},
    "glare": {"glare_left": 0.8, "yaw": 10},
}
EVENTS: dict[str, dict[str, Any]] = {
    "hide": {"name": "visibility", "state": "hidden"},
    "show": {"name": "visibility", "state": "visible"},
    "blur": {"name": "window_focus", "focused": False, "cause": "elsewhere"},
    "focus": {"name": "window_focus", "focused": True},
    "paste": {
        "name": "clipboard",
        "action": "paste",
        "chars": 90,
        "origin": "external",
    },
    "camera off": {"name": "camera", "state": "off"},
    "camera on": {"name": "camera", "state": "on"},
    "refuse": {"name": "consent", "sensor": "camera", "granted": False},
    "agree": {"name": "consent", "sensor": "camera", "granted": True},
    "stop": {"name": "watch", "state": "stopped"},
    "start": {"name": "watch", "state": "started"},
    "go": {"name": "page", "state": "unloading"},
    "come": {"name": "page", "state": "loaded"},
    "ask": {"name": "window_focus", "focused": False, "cause": "permission"},
    "type": {
        "name": "typing",
        "typed": 9,
        "composed": 0,
        "completed": 0,
        "pasted": 0,
        "dropped": 0,
        "restored": 0,
    },
}

#: What an interviewer does meanwhile.
WATCHING: dict[str, dict[str, Any]] = {
    "pause": {"paused": True, "allows": []},
    "resume": {"paused": False, "allows": []},
    "allow": {"paused": False, "allows": ["documentation", "ai"]},
}

scenes = st.tuples(st.sampled_from(sorted(SCENES)), st.integers(1, 8))
events = st.tuples(st.sampled_from(sorted(EVENTS)), st.just(0))
beats = st.tuples(st.just("beat"), st.integers(1, 8))
gaps = st.tuples(st.just("gap"), st.integers(1, 20))
watching = st.tuples(st.sampled_from(sorted(WATCHING)), st.just(0))
steps = st.lists(
    st.one_of(scenes, scenes, scenes, events, beats, gaps, watching), max_size=14
)
Steps = list[tuple[str, int]]


def interview(plan: Steps, hz: float = 4) -> list[Record]:
    page = Page().started().see(5, hz=hz)
    for what, seconds in plan:
        if what in SCENES:
            page.see(seconds, hz=hz, **SCENES[what])
        elif what in EVENTS:
            page.event(**EVENTS[what])
        elif what in WATCHING:
            page.room("watching", INTERVIEWER, **WATCHING[what])
        elif what == "beat":
            page.beat(seconds)
        else:
            page.wait(seconds).room("gap", what="live", state="began", detail="")
            page.room("gap", what="live", state="ended", detail="")
    return page.room("interview.state", state="ended").records
