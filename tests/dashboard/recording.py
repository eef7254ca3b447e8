"""A realistic interview as its room would have recorded it.

The document's updates are a real pycrdt notebook's, the findings come from the real
engine, and every record passes `Record` and its schema. Only the clock is played.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_ydoc import YNotebook

from nbinterview.ledger.records import Record, format_time
from nbinterview.schemas import check
from nbinterview_proctor import engine
from nbinterview_proctor.policy import Policy, load
from nbinterview_proctor.replay import fact
from nbinterview_server.documents.edits import EditCounter
from nbinterview_server.documents.rooms import document_payload

INTERVIEW = "abcdefghij"
CANDIDATE = "p-candidate2"
INTERVIEWER = "p-interview2"
START = datetime(2026, 11, 20, 14, 0, 0, tzinfo=UTC)
BOOT = "00000000-0000-4000-8000-000000000001"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

PEOPLE = [
    {
        "hub_name": CANDIDATE,
        "display_name": "Ada Example",
        "initials": "AE",
        "color": "#2b6cb0",
        "role": "candidate",
    },
    {
        "hub_name": INTERVIEWER,
        "display_name": "Grace Sample",
        "initials": "GS",
        "color": "#9c4221",
        "role": "interviewer",
    },
]

ANSWERS = [
    {
        "episode_id": "looking_away-2",
        "text": "My second monitor stands there, with the task on it.",
        "at": "2026-11-21T09:00:00.000000Z",
    },
    {
        "episode_id": None,
        "text": "Thank you for the interview.",
        "at": "2026-11-21T09:01:00.000000Z",
    },
]
DECISIONS = [
    {
        "episode_id": "looking_away-2",
        "decision": "upheld",
        "reason": "A long look to the side.",
        "by": "p-reviewer22",
        "by_name": "Rita Reviewer",
        "at": "2026-11-20T18:00:00.000000Z",
    },
    {
        "episode_id": "looking_away-2",
        "decision": "set_aside",
        "reason": "The monitor explains it.",
        "by": "p-reviewer22",
        "by_name": "Rita Reviewer",
        "at": "2026-11-21T10:00:00.000000Z",
    },
]

# A 2x2 grey PNG.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNoaGhoAAADBgGBr9tz"
    "EQAAAABJRU5ErkJggg=="
)


def template() -> dict[str, Any]:
    """Return the notebook that the candidate finds."""
    return {
        "cells": [
            {
                "cell_type": "markdown",
                "id": "question",
                "metadata": {"editable": False},
                "source": "# Question 1\n\nPlot `y = x²` for *x* from 0 to 10.",
            },
            {
                "cell_type": "code",
                "id": "answer",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": "",
            },
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


# A 24-inch screen at 60 cm, the keyboard below it and notes beside that.
PLACES = {
    "centre": (0.0, 0.0),
    "top_left": (-18.0, -10.0),
    "top_right": (18.0, -10.0),
    "bottom_right": (18.0, 10.0),
    "bottom_left": (-18.0, 10.0),
    "keyboard": (0.0, 28.0),
    "notes": (20.0, 30.0),
}
FRAMES_A_SECOND = 5


def pose(yaw_deg: float, pitch_deg: float = 0.0) -> list[float]:
    """Return a turned head, as MediaPipe gives it: 4x4, column-major."""
    cos, sin = math.cos(math.radians(yaw_deg)), math.sin(math.radians(yaw_deg))
    up, down = math.cos(math.radians(pitch_deg)), math.sin(math.radians(pitch_deg))
    side = [cos, 0, -sin, 0]
    above = [sin * down, up, cos * down, 0]
    return [*side, *above, sin * up, -down, cos * up, 0, 0, 0, -40, 1]


def frame(
    at_ms: float, faces: int, yaw_deg: float, pitch_deg: float, *, dark: bool
) -> dict[str, Any]:
    """Return one frame's scalars; without a face, the second opinion finds nobody."""
    found: dict[str, Any] = {
        "at_ms": at_ms,
        "faces": 0 if dark else faces,
        "luma_mean": 9.0 if dark else 118.0,
        "luma_std": 8.0 if dark else 41.0,
        "frame_diff": 1.4 + math.sin(at_ms / 300) / 2,
        "inference_ms": 12.5,
    }
    if not found["faces"]:
        found["person"] = 0.03
    else:
        found["box"] = [0.33, 0.2, 0.32, 0.5]
        found["pose"] = pose(yaw_deg + math.sin(at_ms / 900), pitch_deg)
        found["mesh_residual"] = 0.02
    if found["faces"] > 1:
        found["second_box"] = [0.05, 0.25, 0.2, 0.3]
        found["second_mesh_residual"] = 0.03
    return found


@dataclass
class Recorder:
    """Writes records as a room does, the engine beside it."""

    policy: Mapping[str, Any]
    candidate: str = CANDIDATE
    interview: str = INTERVIEW
    now: datetime = START
    records: list[Record] = field(default_factory=list)
    client_seq: int = 0

    def __post_init__(self) -> None:
        self.engine = engine.initial(Policy.from_dict(self.policy))
        self.document = YNotebook()
        self._updates: list[tuple[bytes, dict[str, int]]] = []
        edits = EditCounter(self.document.ycells)
        self.document.ydoc.observe(
            lambda event: self._updates.append((event.update, edits.take()))
        )

    def write(
        self,
        kind: str,
        payload: Mapping[str, Any],
        author: str = "room",
        monotonic_ms: float | None = None,
    ) -> None:
        """Append a record and what the engine makes of it."""
        seq = len(self.records) + 1
        salt = hashlib.sha256(f"{self.interview}{seq}".encode()).hexdigest()[:32]
        time = format_time(self.now)
        record = Record(
            self.interview, seq, time, kind, author, payload, salt, monotonic_ms
        )
        check(record.wire(), "record")
        self.records.append(record)
        if kind not in engine.OWN_KINDS:
            self.engine, found = engine.step(self.engine, fact(record.wire()))
            for outcome in found:
                self.write(outcome.kind, outcome.payload)

    @property
    def monotonic_ms(self) -> float:
        """The page's own clock."""
        return (self.now - START).total_seconds() * 1000 + 5000

    def event(self, name: str, **fields: Any) -> None:
        """Record a claim of the candidate's page."""
        self.client_seq += 1
        event = {"name": name, **fields}
        check(event, "live", "ClientEvent")
        payload = {"boot_id": BOOT, "client_seq": self.client_seq, "event": event}
        self.write("event", payload, self.candidate, self.monotonic_ms)

    def watch(
        self,
        seconds: int,
        *,
        faces: int = 1,
        yaw_deg: float = 0.0,
        pitch_deg: float = 0.0,
        dark: bool = False,
        frames: bool = True,
        each_second: Callable[[int], None] | None = None,
    ) -> None:
        """Let time pass, a record of observations a second."""
        head = (yaw_deg, pitch_deg)
        for second in range(seconds):
            self.now += timedelta(seconds=1)
            now_ms = self.monotonic_ms
            shots = [
                frame(now_ms - 1000 * back / FRAMES_A_SECOND, faces, *head, dark=dark)
                for back in reversed(range(FRAMES_A_SECOND))
            ]
            self.client_seq += 1
            payload = {
                "boot_id": BOOT,
                "client_seq": self.client_seq,
                "frames": shots if frames else [],
                "frames_dropped": 0,
            }
            self.write("observations", payload, self.candidate, now_ms)
            if each_second is not None:
                each_second(second)

    def calibrate(self) -> None:
        """Look at every place that the page asks for."""
        self.event("calibration", state="began")
        for target, (yaw_deg, pitch_deg) in PLACES.items():
            self.event("calibration", state="target", target=target)
            self.watch(3, yaw_deg=yaw_deg, pitch_deg=pitch_deg)
        self.event("calibration", state="finished")

    def last(self, kind: str) -> Mapping[str, Any]:
        """The payload of the last record of a kind."""
        return next(r.facts for r in reversed(self.records) if r.kind == kind)

    def comment(self, text: str, episode_id: str | None = None) -> None:
        """Record the candidate's words, to an episode or to the whole."""
        about = {} if episode_id is None else {"episode_id": episode_id}
        self.event("comment", text=text, **about)

    def edit(self, author: str, change: Callable[[YNotebook], None]) -> None:
        """Change the document as a person, and record the update's bytes."""
        change(self.document)
        for update, edit in self._updates:
            payload = document_payload("interview.ipynb", update, edit)
            self.write("document", payload, author)
        self._updates.clear()

    def type(self, author: str, cell: int, text: str) -> None:
        """Add text at the end of a cell's source."""

        def change(notebook: YNotebook) -> None:
            source = notebook.ycells[cell]["source"]
            source += text

        self.edit(author, change)

    def run(
        self,
        author: str,
        cell_id: str,
        *,
        status: str = "ok",
        took_ms: float = 120,
        outputs: list[dict[str, Any]] | None = None,
    ) -> None:
        """Record a run from request to finish."""
        execution = f"{self.interview}-{len(self.records)}"
        asked = {"execution_id": execution, "cell_id": cell_id, "code": "…"}
        self.write("execution.requested", asked, author)
        self.now += timedelta(milliseconds=took_ms)
        finished = {
            "execution_id": execution,
            "cell_id": cell_id,
            "status": status,
            "execution_count": 1,
            "outputs": outputs or [],
            "duration_ms": took_ms,
        }
        self.write("execution.finished", finished, "kernel")


def record_interview(
    interview_id: str = INTERVIEW,
    candidate: str = CANDIDATE,
    interviewer: str = INTERVIEWER,
    notebook: dict[str, Any] | None = None,
) -> tuple[list[Record], dict[str, Any]]:
    """Return the records of one short interview, and its final notebook.

    `notebook` is what the document holds at the end, when it is to be special.
    """
    policy = load("standard")
    room = Recorder(policy, candidate, interview_id)
    people = [(candidate, "candidate"), (interviewer, "interviewer")]
    room.now = START - timedelta(seconds=30)
    versions = {
        "nbinterview": "0.1.0",
        "jupyterlab": "4.6.6",
        "engine": engine.ENGINE_VERSION,
    }
    sandbox = {"kind": "bubblewrap"}
    room.write(
        "room.started", {"versions": versions, "policy": policy, "sandbox": sandbox}
    )
    room.write("kernel", {"state": "started", "detail": ""}, "kernel")
    room.edit("room", lambda notebook: notebook.set(template()))
    room.now = START
    room.write("interview.state", {"state": "open"})
    for hub_name, role in people:
        joined = {
            "role": role,
            "connection": f"c-{role}",
            "browser": FIREFOX,
            "again": False,
        }
        room.write("person.joined", joined, hub_name)
    room.event("page", state="loaded")
    room.event("visibility", state="visible")
    for sensor in ("camera", "focus", "clipboard"):
        room.event("consent", sensor=sensor, granted=True)
    room.event("camera", state="on", width_px=640, height_px=480)
    room.event("detector", state="ready")
    room.event("display", extended="yes")
    room.calibrate()
    room.event("watch", state="started")
    code = "import numpy as np\nimport matplotlib.pyplot as plt\n"
    room.watch(
        20, each_second=lambda s: room.type(candidate, 1, code[s * 3 : s * 3 + 3])
    )
    room.event("visibility", state="hidden")
    room.watch(4, frames=False)
    room.event("visibility", state="visible")
    room.watch(6)
    room.comment("A message from my bank, sorry.", room.last("episode")["episode_id"])
    room.watch(50, faces=0)
    room.type(interviewer, 0, "\n\nTake your time.")
    room.watch(10)
    room.comment("There was a parcel at the door.", "nobody-1")
    room.watch(20, faces=2)
    room.type(candidate, 1, "x = np.linspace(0, 10)\nplt.plot(x, x**2)\n")
    room.run(candidate, "answer", status="error", outputs=[])
    room.watch(20)
    room.run(candidate, "answer", took_ms=640)
    room.watch(8, yaw_deg=50)
    room.watch(20)
    room.watch(120, yaw_deg=50)  # one long look, whatever repeats add up to
    room.watch(10)
    room.event(
        "clipboard", action="paste", chars=420, origin="external", cell_id="answer"
    )
    room.type(candidate, 1, "# pasted\n")
    room.watch(6)
    room.event("visibility", state="hidden")
    room.event("window_focus", focused=False, cause="elsewhere")
    room.watch(18, frames=False)
    room.event("visibility", state="visible")
    room.event("window_focus", focused=True)
    room.watch(8)
    pause = {"allows": [], "reason": "A short break."}
    room.write("watching", {"paused": True, **pause}, interviewer)
    room.watch(6, faces=0)
    back = {"allows": ["documentation"], "reason": "You may look at the documentation."}
    room.write("watching", {"paused": False, **back}, interviewer)
    room.event("visibility", state="hidden")
    room.watch(16, frames=False)
    room.event("visibility", state="visible")
    room.watch(7, dark=True)
    room.comment("The light here is poor today.")
    room.event("consent", sensor="camera", granted=False)
    room.event("camera", state="off")
    room.watch(12, frames=False)
    final = notebook or with_outputs(room.document.get())
    room.edit("room", lambda document: document.set(final))
    room.write("kernel", {"state": "restarted", "detail": "by Grace Sample"})
    room.write("interview.state", {"state": "ended"})
    room.now += timedelta(seconds=2)
    for hub_name, role in people:
        left = {"role": role, "connection": f"c-{role}"}
        room.write("person.left", left, hub_name)
    room.write("room.stopped", {"reason": "ended"})
    return room.records, dict(room.document.get())


def with_outputs(notebook: Any) -> dict[str, Any]:
    """Return a notebook whose answer drew a picture and printed."""
    found: dict[str, Any] = dict(notebook)
    found["cells"][1]["execution_count"] = 2
    found["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "50 points\n"},
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/png": PNG, "text/plain": "<Figure size 640x480>"},
        },
    ]
    return found


def interview(*, sample: bool = False) -> dict[str, Any]:
    """Return the service's answer about the interview."""
    return {
        "id": INTERVIEW,
        "title": "Plots and models",
        "state": "ended",
        "sample": sample,
        "created_at": format_time(START - timedelta(hours=2)),
        "opened_at": format_time(START),
        "ended_at": format_time(START + timedelta(seconds=383)),
        "people": PEOPLE,
        "record": {"last_seq": 400, "last_time": format_time(START), "flags": 4},
        "policy": load("standard"),
        "allows": [],
        "answers": ANSWERS,
        "decisions": DECISIONS,
        "error_rates": None,
        "template": template(),
        "arrivals": [
            {
                "hub_name": CANDIDATE,
                "role": "candidate",
                "at": format_time(START - timedelta(seconds=12)),
                "browser": "Firefox on Linux (abcdefghij)",
                "fresh": True,
            }
        ],
    }


def hostile_notebook() -> dict[str, Any]:
    """Return a notebook that tries everything to act in a reader's browser."""
    script = "<script>attacked('{}')</script>"
    image = "<img src=x onerror=\"attacked('{}')\">"
    svg = "<svg xmlns='http://www.w3.org/2000/svg' onload=\"attacked('svg')\"/>"
    text = "\n\n".join(
        [
            script.format("markdown"),
            image.format("markdown"),
            "[link](javascript:attacked('link')) <javascript:attacked('auto')>",
            "![picture](javascript:attacked('picture))",
            "![far](http://attacker.invalid/pixel.png)",
            "[ref]: javascript:attacked('ref')\n[ref]",
            f"<details open ontoggle=\"attacked('toggle')\"></details>{svg}",
            "```html\n</pre>" + script.format("fence") + "\n```",
            "| a | b |\n|--|--|\n| " + image.format("table") + " | x |",
        ]
    )
    outputs = [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {
                "text/html": script.format("html") + image.format("html"),
                "application/javascript": "attacked('javascript')",
                "text/markdown": script.format("md"),
                "text/plain": "</pre>" + image.format("plain"),
            },
        },
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/svg+xml": svg, "text/plain": "svg"},
        },
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/png": '"onerror="attacked(1)'},
        },
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/png": base64.b64encode(svg.encode()).decode()},
        },
        {"output_type": "stream", "name": "stdout", "text": script.format("stream")},
        {
            "output_type": "error",
            "ename": script.format("ename"),
            "evalue": script.format("evalue"),
            "traceback": ["\x1b[31m" + script.format("trace") + "\x1b[0m"],
        },
    ]
    found = template()
    found["cells"][0]["source"] = text
    found["cells"][1]["source"] = f"# {script.format('source')}\nx = '{svg}'\n"
    found["cells"][1]["outputs"] = outputs
    return found
