"""A simulated candidate's page: journal records as a room would write them."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from nbinterview_proctor import engine, replay
from nbinterview_proctor.policy import Policy, load

CANDIDATE, INTERVIEWER = "p-candidatea", "p-interviewe"
BOOT_ID = "00000000-0000-4000-8000-000000000001"
START_S = 1_800_000_000.0
STANDARD = Policy.from_dict(load("standard"))


def recorded() -> list[dict[str, Any]]:
    """Return the records of an interview that was held before version 2."""
    sample = files("nbinterview") / "samples/recorded.jsonl.gz"
    lines = gzip.decompress(sample.read_bytes()).splitlines()
    return [json.loads(line) for line in lines[1:]]


#: The `standard` of before version 2, with its short times and without opinions.
FORMAT_1 = Policy.from_dict(
    next(r["payload"]["policy"] for r in recorded() if r["kind"] == "room.started")
)
#: Head position of the simulated face while it faces the screen.
OWN_YAW_DEG, OWN_PITCH_DEG = 3.3, 11.6

Record = dict[str, Any]
Frame = dict[str, Any]
#: From seconds since the start to what differs from a face at rest.
Scene = Callable[[float], Mapping[str, Any]]


def pose(yaw_deg: float, pitch_deg: float, roll_deg: float = 0.0) -> list[float]:
    """Return the column-major matrix of a head turned so (yaw, pitch, then roll)."""
    y, p, r = (math.radians(angle) for angle in (yaw_deg, pitch_deg, roll_deg))
    # Three columns of the rotation: R12 = -sin(pitch), R02 / R22 = tan(yaw).
    forward = (math.sin(y) * math.cos(p), -math.sin(p), math.cos(y) * math.cos(p))
    side, up = (
        (math.cos(y), 0.0, -math.sin(y)),
        (
            math.sin(y) * math.sin(p),
            math.cos(p),
            math.cos(y) * math.sin(p),
        ),
    )
    turned = [c * math.cos(r) + u * math.sin(r) for c, u in zip(side, up, strict=True)]
    raised = [u * math.cos(r) - c * math.sin(r) for c, u in zip(side, up, strict=True)]
    return [*turned, 0.0, *raised, 0.0, *forward, 0.0, 0.0, 0.0, -40.0, 1.0]


def frame(at_ms: float = 0.0, **different: Any) -> Frame:
    """Return a `Frame` of a face at rest, but for what is `different`.

    `yaw` and `pitch` are degrees away from the face's own rest.
    """
    yaw, pitch = different.pop("yaw", 0.0), different.pop("pitch", 0.0)
    made: Frame = {
        "at_ms": at_ms,
        "faces": 1,
        "box": [0.35, 0.3, 0.3, 0.4],
        "pose": pose(OWN_YAW_DEG + yaw, OWN_PITCH_DEG + pitch),
        "luma_mean": 120.0,
        "luma_std": 50.0,
        "frame_diff": 0.9,
        "inference_ms": 20.0,
        **different,
    }
    if made["faces"] == 0:
        del made["box"], made["pose"]
    return made


COVERED: Mapping[str, Any] = {"faces": 0, "luma_mean": 60.0, "luma_std": 0.5}
DARK: Mapping[str, Any] = {"faces": 0, "luma_mean": 15.0, "luma_std": 8.0}


class Page:
    """Writes the records of one page, second by second."""

    def __init__(self, boot_id: str = BOOT_ID, start_s: float = 0.0) -> None:
        self.records: list[Record] = []
        self.now_s = start_s
        self._boot_id = boot_id
        self._seq = 0

    def started(self, *sensors: str) -> Page:
        """Consent to the sensors (all if none is named), open the camera, start."""
        for sensor in sensors or STANDARD.sensors:
            self.event(name="consent", sensor=sensor, granted=True)
        if not sensors or "camera" in sensors:
            self.event(name="camera", state="on")
        if not sensors or "focus" in sensors:
            self.event(name="display", extended="no")
        return self.event(name="watch", state="started")

    def event(self, **event: Any) -> Page:
        self._write("event", {"event": event})
        return self

    def see(
        self, seconds: float, scene: Scene | None = None, hz: float = 10, **same: Any
    ) -> Page:
        """Let the camera run, and send its frames once a second."""
        end_s, next_s = self.now_s + seconds, self.now_s
        while self.now_s < end_s - 1e-9:
            self.now_s = min(end_s, self.now_s + 1)
            frames = []
            while next_s < self.now_s - 1e-9:
                different = {**same, **(scene(next_s) if scene else {})}
                frames.append(frame(round(next_s * 1000, 3), **different))
                next_s += 1 / hz
            self.send(frames)
        return self

    def beat(self, seconds: int) -> Page:
        """Only the heartbeat of a page that measures nothing."""
        for _ in range(seconds):
            self.now_s += 1
            self.send([])
        return self

    def send(self, frames: list[Frame], **more: Any) -> Page:
        self._write("observations", {"frames": frames, "frames_dropped": 0, **more})
        return self

    def wait(self, seconds: float) -> Page:
        """Time passes and nothing is sent."""
        self.now_s += seconds
        return self

    def room(self, kind: str, author: str = "room", **payload: Any) -> Page:
        """A record of the room itself, or of somebody's work in it."""
        self.records.append(
            {
                "kind": kind,
                "author": author,
                "at_s": START_S + self.now_s,
                "monotonic_ms": None,
                "payload": payload,
            }
        )
        return self

    def _write(self, kind: str, payload: Mapping[str, Any]) -> None:
        self._seq += 1
        self.records.append(
            {
                "kind": kind,
                "author": CANDIDATE,
                "at_s": START_S + self.now_s,
                "monotonic_ms": self.now_s * 1000,
                "payload": {
                    "boot_id": self._boot_id,
                    "client_seq": self._seq,
                    **payload,
                },
            }
        )


# ------------------------------------------------------------ what comes of it


def outcomes(page: Page, policy: Policy = FORMAT_1) -> list[engine.Outcome]:
    return replay.outcomes(policy, page.records)


def told(page: Page, policy: Policy = FORMAT_1) -> list[tuple[str, str]]:
    """The warnings and flags, in order."""
    return [
        (found.kind, found.payload["rule"])
        for found in outcomes(page, policy)
        if found.kind in {"warning", "flag"}
    ]


def rules(page: Page, kind: str = "flag", policy: Policy = FORMAT_1) -> list[str]:
    return [rule for what, rule in told(page, policy) if what == kind]


def sensors(page: Page, sensor: str) -> list[str]:
    return [
        found.payload["state"]
        for found in outcomes(page)
        if found.kind == "sensor" and found.payload["sensor"] == sensor
    ]


def closed(page: Page, policy: Policy = FORMAT_1) -> dict[str, Any]:
    (found,) = [f.payload for f in outcomes(page, policy) if f.kind == "flag.closed"]
    return found


def leave_tab(page: Page, seconds: int) -> Page:
    """As a browser tells it: the window's focus goes first, and comes back last."""
    page.event(name="window_focus", focused=False, cause="elsewhere")
    page.event(name="visibility", state="hidden").beat(seconds)
    page.event(name="visibility", state="visible").wait(0.05)
    return page.event(name="window_focus", focused=True)
