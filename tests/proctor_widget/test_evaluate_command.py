"""`nbinterview evaluate` as a person runs it: real clips, models and figures."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbinterview.cli import evaluate
from nbinterview.errors import Unavailable
from nbinterview_proctor import rates
from tests.e2e.clip.build import jpeg, noisy, picture

FPS = 5
INSTALL = re.escape(evaluate.INSTALL)
QUICK = """\
format: 2
name: quick
version: 1
title: Short times, for clips of seconds
extends: standard
findings:
"""
TIMES = """\
    {nudge_after_s: 0.4, warn_after_s: 0.8, flag_after_s: 1.6, notice_s: 0.4,
     record_after_s: 0.4, repeat: null}
"""
CHEAT = (
    ("facing", 4),
    ("nobody", 4),
    ("facing", 2),
    ("two faces", 4),
    ("facing", 2),
    ("turned", 4),
)
LABELS = """\
clip,start_s,end_s,rule,subject,condition
honest,,,,p1,lamp
cheat.mjpeg,4,8,nobody,p2,lamp
cheat.mjpeg,10,14,multiple_faces,,
cheat.mjpeg,16,20,looking_away,,
"""


@pytest.fixture(scope="module")
def python() -> str:
    """Return the interpreter that has MediaPipe."""
    named = os.environ.get("NBINTERVIEW_EVALUATE_PYTHON", "")
    assert named, "NBINTERVIEW_EVALUATE_PYTHON is not set: run ./test, or set it"
    return named


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make clips of seconds: a folder `honest`, a raw `cheat.mjpeg`, and labels."""
    folder = tmp_path_factory.mktemp("clips")
    random = np.random.default_rng(1)
    states = dict.fromkeys(state for state, _ in CHEAT)
    # Two kinds of noise in turn: the same picture twice would stand still.
    seen = {
        state: [jpeg(noisy(picture(state), random)) for _ in range(2)]
        for state in states
    }
    (folder / "honest").mkdir()
    for index in range(6 * FPS):
        (folder / f"honest/{index}.jpg").write_bytes(seen["facing"][index % 2])
    with (folder / "cheat.mjpeg").open("wb") as stream:
        for state, seconds in CHEAT:
            for index in range(seconds * FPS):
                stream.write(seen[state][index % 2])
    (folder / "pictures").mkdir()
    rows = ["file,faces,subject,condition"]
    for number, state in enumerate(states):
        name = f"{state.replace(' ', '-')}.jpg"
        (folder / "pictures" / name).write_bytes(seen[state][0])
        count = {"nobody": "0", "two faces": "2+"}.get(state, "1")
        rows.append(f"{name},{count},p{number % 2},office")
    (folder / "faces.csv").write_text("\n".join(rows) + "\n")
    (folder / "L.csv").write_text(LABELS)
    rules = ("nobody", "multiple_faces", "looking_away")
    (folder / "quick.yaml").write_text(
        QUICK + "".join(f"  {rule}:\n{TIMES}" for rule in rules)
    )
    return folder


def no_internet() -> None:
    """End this process at the first socket that could reach anybody."""
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for family in (socket.AF_INET, socket.AF_INET6):
        rules.add_rule(
            pyseccomp.KILL_PROCESS, "socket", pyseccomp.Arg(0, pyseccomp.EQ, family)
        )
    rules.load()


def run(
    clips: Path, *arguments: str, guard: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbinterview.cli", "evaluate", *arguments],
        cwd=clips,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        preexec_fn=guard,
    )


def test_the_guard_ends_whoever_opens_a_socket() -> None:
    opened = subprocess.run(
        [sys.executable, "-c", "import socket; socket.socket()"],
        preexec_fn=no_internet,
        check=False,
        timeout=60,
    )
    assert opened.returncode == -signal.SIGSYS


@pytest.fixture(scope="module")
def evaluated(python: str, clips: Path) -> subprocess.CompletedProcess[str]:
    """Evaluate both clips once, with everything, where nothing may be reached."""
    options = ["--fps", str(FPS), "--rate-hz", str(FPS), "--policy", "quick.yaml"]
    outputs = ["--labels", "L.csv", "--json", "out.json", "--plots", "plots"]
    done = run(clips, "honest", "cheat.mjpeg", *options, *outputs, guard=no_internet)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def document(
    evaluated: subprocess.CompletedProcess[str], clips: Path
) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((clips / "out.json").read_text())
    return found


def test_clips_go_through_the_rooms_engine(document: dict[str, Any]) -> None:
    honest, cheat = document["clips"]
    assert honest["episodes"] == []
    assert honest["calibration"]["quality"] == "rough"
    assert honest["pictures"] == 6 * FPS
    found = [(each["rule"], each["level"]) for each in cheat["episodes"]]
    assert found == [
        ("nobody", "flag"),
        ("multiple_faces", "flag"),
        ("looking_away", "flag"),
    ]
    states = {each["state"] for each in cheat["timeline"]}
    assert {"screen", "nobody", "multiple_faces", "aside"} <= states
    away = cheat["episodes"][2]
    assert away["start_s"] == pytest.approx(16, abs=0.5)
    assert abs(away["evidence"]["yaw_deg"]) > 30


def test_rates_conditions_and_sweeps_follow_from_labels(
    document: dict[str, Any],
) -> None:
    read = rates.read(document["rates"])
    assert (read["nobody"].found, read["nobody"].cheats) == (1, 1)
    assert read["nobody"].false_episodes == 0
    assert read["nobody"].honest_hours == pytest.approx((6 + 20 - 12) / 3600, rel=0.15)
    lamp = [row for row in document["conditions"] if row["condition"] == "lamp"]
    assert {row["rule"] for row in lamp} >= {"nobody", "any"}
    angles = [
        point["found"]
        for point in document["sweeps"]
        if (point["rule"], point["parameter"]) == ("looking_away", "yaw_deg")
    ]
    assert angles[0] == 1
    assert angles[-1] == 0


def test_words_and_figures_for_people(
    evaluated: subprocess.CompletedProcess[str], clips: Path
) -> None:
    assert "FLAG: Nobody in front of the camera" in evaluated.stdout
    assert "false flags an hour" in evaluated.stdout
    # MediaPipe's notes on its own insides are nobody's business.
    assert "inference_feedback_manager" not in evaluated.stderr
    names = {path.name for path in (clips / "plots").iterdir()}
    assert {
        "timeline-honest.png",
        "timeline-cheat.mjpeg.svg",
        "sweep-looking_away-yaw_deg.png",
        "sweep-nobody-flag_after_s.svg",
    } <= names
    assert (clips / "plots/timeline-honest.png").read_bytes()[:4] == b"\x89PNG"


def test_labelled_pictures_give_the_confusion_with_and_without_a_second_opinion(
    python: str, clips: Path
) -> None:
    done = run(clips, "pictures", "--labels", "faces.csv", "--json", "-")
    assert done.returncode == 0, done.stderr
    pictures = json.loads(done.stdout)["pictures"]
    assert pictures["count"] == 4
    alone = pictures["all"]["without_second_opinion"]
    second = pictures["all"]["with_second_opinion"]
    assert alone["none"]["said"]["none"] == 1
    assert second["none"]["said"]["nobody"] == 1
    assert second["one"]["said"]["nobody"] == 0
    assert second["many"]["said"]["many"] == 1
    assert second["one"]["right_share"]["value"] == 1


def test_ctrl_c_keeps_what_was_seen(python: str, clips: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.mjpeg"
    part = (clips / "cheat.mjpeg").read_bytes()
    long.write_bytes(part * 20)
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "nbinterview.cli", "evaluate", str(long)),
            *("--fps", str(FPS), "--honest", "--json", str(tmp_path / "out.json")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    said = ""
    for line in lines(running, timeout_s=120):
        said = line
        if "pictures/s" in line:
            break
    assert "long.mjpeg" in said
    running.send_signal(signal.SIGINT)
    out, error = running.communicate(timeout=60)
    assert running.returncode == 130, error
    assert "what was seen is kept" in error
    assert "Stopped before the end" in out
    kept = json.loads((tmp_path / "out.json").read_text())
    assert kept["complete"] is False
    [clip] = kept["clips"]
    assert clip["complete"] is False
    assert 0 < clip["pictures"] < 20 * 20 * FPS
    assert kept["rates"][0]["honest_hours"] > 0


def lines(running: subprocess.Popen[str], timeout_s: float) -> Iterator[str]:
    """Yield lines of stderr; a program that says nothing for so long is ended."""
    watchdog = threading.Timer(timeout_s, running.kill)
    watchdog.start()
    try:
        assert running.stderr is not None
        yield from iter(running.stderr.readline, "")
    finally:
        watchdog.cancel()


REFUSED = {
    "gone.mp4": "gone.mp4: there is no such file or folder",
    "zero.mp4": "zero.mp4 is no video that can be read",
    "empty": "empty holds no pictures",
    "single": "single is too short to measure: 1 pictures",
    "honest honest": "A clip is given twice",
    "honest --labels faces.csv": "honest holds no 'facing.jpg'",
    "cheat.mjpeg --labels faces.csv": "give the one folder",
    "honest --labels L.csv": "'cheat.mjpeg', which is none of the clips",
    "honest --labels late.csv": "begin a stretch at 900 s",
    "honest --policy severe": "no policy 'severe'",
    "honest --policy no-camera": "watches no camera",
    "honest --json nowhere/out.json": "there is no such folder",
}
# All in one process, since OpenCV takes a second to load.
ALL = """
import contextlib, io, json, sys
from nbinterview_proctor.evaluate.command import main
told = {}
for line in json.loads(sys.argv[1]):
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        status = main(line.split())
    told[line] = [status, out.getvalue(), error.getvalue()]
print(json.dumps(told))
"""


def test_what_cannot_be_evaluated_is_refused_in_one_line(
    python: str, clips: Path
) -> None:
    (clips / "zero.mp4").write_bytes(b"")
    (clips / "empty").mkdir()
    (clips / "single").mkdir()
    (clips / "single/1.jpg").write_bytes((clips / "honest/0.jpg").read_bytes())
    late = "clip,start_s,end_s,rule\nhonest,900,901,nobody\n"
    (clips / "late.csv").write_text(late)
    done = subprocess.run(
        [python, "-c", ALL, json.dumps(list(REFUSED))],
        cwd=clips,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    for line, (status, out, error) in json.loads(done.stdout).items():
        assert status == 1, line
        assert out == "", line
        assert error.startswith("nbinterview: "), line
        assert error.count("\n") == 1, line
        assert REFUSED[line] in error


def test_a_refusal_reaches_the_command_line(python: str, clips: Path) -> None:
    (clips / "text.mp4").write_text("this is no video")
    done = run(clips, "text.mp4")
    assert done.returncode == 1
    assert done.stderr == "nbinterview: text.mp4 is no video that can be read.\n"


READ = """
import json, sys
from pathlib import Path
import cv2, numpy as np
from nbinterview_proctor.evaluate import clips
path = Path(sys.argv[1])
video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (2000, 64))
for index in range(50):
    video.write(np.full((64, 2000, 3), (0, 0, 5 * index), np.uint8))
video.release()
clip = clips.probe(path, path.name, rate_hz=10, fps=None)
seen = list(clips.samples(clip, 10))
print(json.dumps({
    "duration_s": clip.duration_s,
    "at_s": [each.at_s for each in seen],
    "red": [int(each.rgb[..., 0].mean()) for each in seen],
    "blue": int(seen[-1].rgb[..., 2].mean()),
    "width": seen[0].rgb.shape[1],
}))
"""


def test_a_video_is_read_by_its_own_times_ten_times_a_second(
    python: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [python, "-c", READ, str(tmp_path / "a.avi")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout)
    assert found["duration_s"] == pytest.approx(2.0)
    assert len(found["at_s"]) == 20
    assert found["at_s"] == pytest.approx([i / 10 for i in range(20)], abs=0.041)
    # Red of the picture at that time: 5 levels for each 0.04 s; and no blue.
    assert found["red"] == pytest.approx([125 * s for s in found["at_s"]], abs=6)
    assert found["blue"] < 20
    assert found["width"] == 1280


# ------------------------------------------------------------ the interpreter


def test_without_the_environment_one_line_says_how_to_install_it(
    tmp_path: Path,
) -> None:
    setup = tmp_path / "setup.json"
    setup.write_text(json.dumps({"evaluate_python": ""}))
    with pytest.raises(Unavailable, match=INSTALL):
        evaluate.interpreter({"NBINTERVIEW_SETUP": str(setup)})
    with pytest.raises(Unavailable, match=INSTALL):
        evaluate.interpreter({"NBINTERVIEW_SETUP": str(tmp_path / "none.json")})


def test_an_interpreter_that_lacks_the_models_library_is_not_taken() -> None:
    # The tests' own has no MediaPipe.
    with pytest.raises(Unavailable, match="lacks what evaluation needs"):
        evaluate.interpreter({"NBINTERVIEW_EVALUATE_PYTHON": sys.executable})


def test_set_up_names_the_interpreter(python: str, tmp_path: Path) -> None:
    setup = tmp_path / "setup.json"
    setup.write_text(json.dumps({"evaluate_python": python}))
    found = evaluate.interpreter({"NBINTERVIEW_SETUP": str(setup)})
    assert found == Path(python)


def test_help_needs_no_environment() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbinterview.cli", "evaluate", "--help"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "clip,start_s,end_s,rule" in done.stdout
