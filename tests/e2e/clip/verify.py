"""What FaceLandmarker and our engine see in a clip, second by second.

Runs in the evaluate environment (Python MediaPipe), with our packages on the path:

    PYTHONPATH=proctor_widget:service:extensions \\
        EVALUATE_PYTHON tests/e2e/clip/verify.py CLIP.mjpeg

The frames go the way of the live room: reduced to scalars, sent once a second,
judged by the standard policy.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nbinterview_proctor import geometry, replay
from nbinterview_proctor.evaluate import measure
from nbinterview_proctor.policy import Policy, load

BOOT_ID = "00000000-0000-4000-8000-000000000000"
RATE_HZ = 10
START_S = 1_700_000_000.0


def pictures(clip: Path) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the frames of a motion-JPEG file."""
    data = clip.read_bytes()
    for part in data.split(b"\xff\xd9\xff\xd8"):
        frame = b"\xff\xd8" + part.removeprefix(b"\xff\xd8") + b"\xff\xd9"
        yield np.asarray(Image.open(io.BytesIO(frame)).convert("RGB"))


def frames_of(clip: Path, fps: int) -> list[dict[str, Any]]:
    """Return the clip's frames as the worker would send them."""
    found = []
    with measure.meter() as meter:
        for index, picture in enumerate(pictures(clip)):
            if index % (fps // RATE_HZ) == 0:
                found.append(meter.frame(picture, index / fps))
    return [frame for frame in found if frame is not None]


def records(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the journal records of a candidate with this camera."""
    events: list[dict[str, Any]] = [
        {"name": "page", "state": "loaded"},
        {"name": "consent", "sensor": "camera", "granted": True},
        {"name": "camera", "state": "on"},
        {"name": "watch", "state": "started"},
    ]
    found = [_record("event", 0.0, n, {"event": e}) for n, e in enumerate(events, 1)]
    last_s = int(frames[-1]["at_ms"] // 1000)
    for second in range(last_s + 1):
        batch = [f for f in frames if second <= f["at_ms"] / 1000 < second + 1]
        payload = {"frames": batch, "frames_dropped": 0}
        found.append(_record("observations", second + 1.0, 10 + second, payload))
    end = {"kind": "interview.state", "payload": {"state": "ended"}}
    found.append({**end, "at_s": START_S + last_s + 2, "monotonic_ms": None})
    return found


def _record(kind: str, at_s: float, seq: int, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "at_s": START_S + at_s,
        "monotonic_ms": at_s * 1000,
        "payload": {"boot_id": BOOT_ID, "client_seq": seq, **more},
    }


def by_second(frames: list[dict[str, Any]], policy: Policy) -> list[dict[str, Any]]:
    """Return for each second: face counts seen, mean yaw and pitch, picture numbers."""
    state = geometry.initial(policy)
    found: dict[int, list[tuple[dict[str, Any], geometry.Observation]]] = {}
    for frame in frames:
        state, seen = geometry.observe(state, frame, frame["at_ms"] / 1000)
        found.setdefault(int(seen.at_s), []).append((frame, seen))
    return [_second(second, rows) for second, rows in found.items()]


def _second(
    second: int, rows: list[tuple[dict[str, Any], geometry.Observation]]
) -> dict[str, Any]:
    yaws = [seen.yaw_deg for _, seen in rows if seen.yaw_deg is not None]
    pitches = [seen.pitch_deg for _, seen in rows if seen.pitch_deg is not None]
    boxes = [frame["box"] for frame, _ in rows if "box" in frame]
    return {
        "second": second,
        "faces": sorted({frame["faces"] for frame, _ in rows}),
        "yaw_deg": round(float(np.mean(yaws)), 1) if yaws else None,
        "pitch_deg": round(float(np.mean(pitches)), 1) if pitches else None,
        "face_width": round(float(np.mean([b[2] for b in boxes])), 2)
        if boxes
        else None,
        "luma_std": round(float(np.mean([f["luma_std"] for f, _ in rows])), 1),
        "frame_diff": round(float(np.mean([f["frame_diff"] for f, _ in rows])), 2),
    }


def main() -> None:
    """Print what is seen, as a table or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    policy = Policy.from_dict(load("standard"))
    frames = frames_of(given.clip, given.fps)
    outcomes = [
        {"kind": outcome.kind, **outcome.payload}
        for outcome in replay.outcomes(policy, records(frames))
    ]
    seconds = by_second(frames, policy)
    if given.json:
        print(json.dumps({"seconds": seconds, "outcomes": outcomes}))
        return
    for row in seconds:
        print("  ".join(f"{key} {value!s:<6}" for key, value in row.items()))
    for outcome in outcomes:
        print(outcome)


if __name__ == "__main__":
    main()
