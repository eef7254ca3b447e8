"""What honest candidates do in an hour, as pieces that write into a scene.

Frequencies and durations are assumptions where no source is named; all of them are
here. Nobody reacts to a nudge or a warning, which would only spare false flags.
"""

from __future__ import annotations

import numpy as np

from bench.fairness.people import Chance, Person, chance
from bench.fairness.scene import Blur, Link, Scene, arrivals, lasting

#: Set-up and calibration; the interview begins after it.
BEGIN_S = 30.0
#: What is looked at during calibration, as shares of the screen, or in degrees.
TARGET_S = 2.5
CALIBRATION_S = 5.0
#: From being asked for another screen to the button that says that there is none.
DENIAL_S = 0.8
TARGETS = (
    *("centre", "top_left", "top_right", "bottom_right"),
    *("bottom_left", "keyboard", "notes", "other_screen"),
)


def direction(person: Person, target: str) -> tuple[float, float]:
    """Return where this person looks when asked for a calibration target."""
    x, y = person.screen_yaw_deg, 0.6 * person.screen_yaw_deg
    side = person.notes_side or 1
    return {
        "centre": (0.0, 0.0),
        "top_left": (x, -y),
        "top_right": (-x, -y),
        "bottom_right": (-x, y),
        "bottom_left": (x, y),
        "keyboard": (0.0, 30.0),
        "notes": (side * 22.0, 33.0),
        "other_screen": (person.other_screen_deg, 5.0)
        if person.asked == "shows"
        else (0.0, 0.0),
    }[target]


def session(seed: int, person: Person, number: int, seconds: int) -> Scene:
    """Return one honest session of this person."""
    scene = Scene(person, seconds)
    for piece in PIECES:
        piece(scene, chance(seed, person.number, number, piece.__name__))
    return scene


# ------------------------------------------------------------ the work itself


def work(scene: Scene, c: Chance) -> None:
    """Read, think, type, run, talk, in turns.

    Thinking people look away, more so the harder it is (Glenberg, Schroeder and
    Robertson 1998), also when they talk over video (Doherty-Sneddon and Phelps 2005).
    """
    at_s = BEGIN_S
    while at_s < scene.seconds:
        act = c.choice(["read", "think", "type", "talk"], p=[0.2, 0.25, 0.4, 0.15])
        median_s = {"read": 35, "think": 30, "type": 60, "talk": 40}[str(act)]
        end_s = min(at_s + lasting(c, median_s, 0.6, 8, 240), scene.seconds)
        _read(scene, c, at_s, end_s)
        if act == "think":
            _avert(scene, c, at_s, end_s, share=0.15 + 0.5 * c.random())
        elif act == "talk":
            _avert(scene, c, at_s, end_s, share=0.25)
        elif act == "type":
            _type(scene, c, at_s, end_s)
            if c.random() < 0.7:
                end_s = _run(scene, c, end_s)
        at_s = end_s


def _read(scene: Scene, c: Chance, start_s: float, end_s: float) -> None:
    """Look about the screen, from place to place."""
    x = scene.person.screen_yaw_deg
    at_s = start_s
    while at_s < end_s:
        until_s = min(end_s, at_s + c.uniform(0.6, 3.0))
        scene.look(at_s, until_s, c.uniform(-0.9, 0.9) * x, c.uniform(-0.5, 0.55) * x)
        at_s = until_s


def _avert(
    scene: Scene, c: Chance, start_s: float, end_s: float, *, share: float
) -> None:
    """Look away for 1 to 15 s at a time, so much of the time."""
    share = min(0.85, share * scene.person.averts)
    at_s = start_s + c.uniform(0, 3)
    while at_s < end_s:
        away_s = lasting(c, 3.0, 0.6, 1, 15)
        where = str(c.choice(["up", "aside", "down"], p=[0.35, 0.3, 0.35]))
        yaw, pitch = _averted(where, c)
        scene.look(at_s, min(end_s, at_s + away_s), yaw, pitch)
        at_s += away_s + c.exponential(3.9 * (1 - share) / share) + 0.3


def _averted(where: str, c: Chance) -> tuple[float, float]:
    side = float(c.choice([-1, 1]))
    if where == "up":
        return side * c.uniform(0, 25), -c.uniform(10, 30)
    if where == "aside":
        return side * c.uniform(20, 50), c.uniform(-10, 15)
    return side * c.uniform(0, 25), c.uniform(20, 45)


def _type(scene: Scene, c: Chance, start_s: float, end_s: float) -> None:
    """Type, some with their eyes on the keyboard, with completions and formatters."""
    person = scene.person
    ways = {"keys": "typed", "composing": "composed", "dictation": "composed"}
    scene.type(start_s, end_s, ways[person.input_method], c)
    if person.input_method == "composing":
        scene.type(start_s, start_s + 0.6 * (end_s - start_s), "typed", c)
    for at_s in arrivals(c, 60, start_s, end_s):
        scene.text["completed"][int(at_s)] += c.integers(3, 25)
    if c.random() < 0.05:  # a snippet, a formatter over the whole cell
        scene.text["completed"][int(start_s)] += c.integers(80, 600)
    for at_s in arrivals(c, 15, start_s, end_s):
        scene.text["restored"][int(at_s)] += c.integers(1, 60)
    share = person.keyboard_share
    at_s = start_s + c.uniform(0, 2)
    while at_s < end_s and share > 0.02:
        look_s = lasting(c, 1.2, 0.6, 0.4, 12)
        x = c.normal(0, 6)
        scene.look(at_s, min(end_s, at_s + look_s), x, c.uniform(26, 36))
        at_s += look_s + c.exponential(1.4 * (1 - share) / share) + 0.2


def _run(scene: Scene, c: Chance, at_s: float) -> float:
    """Run a cell, wait, read its output and think it over."""
    takes_s = lasting(c, 1.5, 1.2, 0.1, 60)
    end_s = min(at_s + takes_s + lasting(c, 12, 0.6, 3, 60), scene.seconds)
    if end_s <= at_s:
        return float(scene.seconds)
    scene.runs.append((at_s, min(takes_s, end_s - at_s)))
    _read(scene, c, at_s, end_s)
    _avert(scene, c, at_s + 0.5 * (end_s - at_s), end_s, share=0.4)
    return end_s


def notes(scene: Scene, c: Chance) -> None:
    """Write or read on paper beside the keyboard."""
    person = scene.person
    if not person.notes_side:
        return
    for at_s in arrivals(c, 14, BEGIN_S, scene.seconds):
        end_s = at_s + lasting(c, 7, 0.6, 2, 40)
        yaw = person.notes_side * c.uniform(14, 30)
        scene.look(at_s, end_s, yaw, c.uniform(27, 40))
        scene.idle(at_s, end_s)


def other_screen(scene: Scene, c: Chance) -> None:
    """Look at another screen: the call while talking, now and then a page."""
    yaw, end_s = scene.person.other_screen_deg, scene.seconds
    if not yaw:
        return
    for at_s in arrivals(c, 6, BEGIN_S, end_s):
        scene.look(at_s, at_s + lasting(c, 6, 0.7, 1, 40), yaw + c.normal(0, 6), 5)
    if not scene.person.call_there:
        return
    for begin_s in arrivals(c, 8, BEGIN_S, end_s):  # a question, an answer
        at_s, until_s = begin_s, min(end_s, begin_s + lasting(c, 60, 0.6, 15, 300))
        while at_s < until_s:
            back_s = at_s + c.uniform(2, 7)
            scene.look(at_s, min(until_s, back_s), yaw + c.normal(0, 3), 5)
            at_s = back_s + c.uniform(2, 10)


def calibrate(scene: Scene, c: Chance) -> None:
    """Look at the places that the page shows before the start."""
    person = scene.person
    scene.look(0, BEGIN_S, 0, 0)
    if person.calibrates == "skips":
        scene.events.append((CALIBRATION_S, _calibration("skipped")))
        return
    scene.events.append((CALIBRATION_S, _calibration("began")))
    at_s = CALIBRATION_S
    for target in TARGETS[:-1] if person.displays == "no" else TARGETS:
        scene.events.append((at_s + 0.01, _calibration("target", target)))
        if target == "other_screen" and person.asked == "denies":
            at_s += DENIAL_S
            scene.events.append((at_s, _calibration("left_out", target)))
            break  # it is the last one
        yaw, pitch = direction(person, target)
        late_s = lasting(c, 0.4, 0.3, 0.2, 1.0)
        scene.look(at_s + late_s, at_s + TARGET_S + late_s, yaw, pitch)
        at_s += TARGET_S
    scene.events.append((at_s + 0.02, _calibration("finished")))
    if person.calibrates == "restless":
        for moment_s in arrivals(c, 1000, CALIBRATION_S, at_s):
            scene.look(moment_s, moment_s + 1.2, *_averted("aside", c))


def _calibration(state: str, target: str | None = None) -> dict[str, object]:
    event: dict[str, object] = {"name": "calibration", "state": state}
    return event if target is None else {**event, "target": target}


# ------------------------------------------------------------ the body


def posture(scene: Scene, c: Chance) -> None:
    """Sit differently every few minutes, and never quite still."""
    n = len(scene.yaw)
    for at_s in arrivals(c, 8, 60, scene.seconds):
        scene.posture_yaw[scene.at(at_s, scene.seconds)] = c.normal(0, 3)
        scene.posture_pitch[scene.at(at_s, scene.seconds)] = c.normal(0, 4)
    slow = np.cumsum(c.normal(0, 0.02, n))
    scene.posture_yaw += slow - np.linspace(0, slow[-1], n)
    for at_s in arrivals(c, 10, 60, scene.seconds):  # leans on an elbow
        scene.roll[scene.at(at_s, at_s + lasting(c, 40, 0.7, 5, 240))] = c.normal(0, 9)


def body(scene: Scene, c: Chance) -> None:
    """Drink, stretch, sneeze, rub the face, rest the chin in a hand, bend down."""
    end_s = scene.seconds
    for at_s in arrivals(c, 5, BEGIN_S, end_s):  # drinks
        until_s = at_s + lasting(c, 4, 0.4, 2, 10)
        scene.hidden_face[scene.at(at_s, until_s)] = c.uniform(0.3, 0.7)
        scene.look(at_s, until_s, c.normal(0, 10), -c.uniform(5, 25))
    for at_s in arrivals(c, 6, BEGIN_S, end_s):  # hands over the face
        until_s = at_s + lasting(c, 4, 0.7, 1, 20)
        scene.hidden_face[scene.at(at_s, until_s)] = c.uniform(0.5, 1.0)
    for at_s in arrivals(c, 4, BEGIN_S, end_s):  # chin in the hand, for long
        until_s = at_s + lasting(c, 45, 0.8, 8, 300)
        scene.hidden_face[scene.at(at_s, until_s)] = c.uniform(0.15, 0.45)
    for at_s in arrivals(c, 1.5, BEGIN_S, end_s):  # stretches, leans back
        until_s = at_s + lasting(c, 4, 0.4, 2, 12)
        scene.in_view[scene.at(at_s, until_s)] = c.uniform(0.2, 0.9)
        scene.look(at_s, until_s, c.normal(0, 15), -c.uniform(10, 40))
    for at_s in arrivals(c, 1.0, BEGIN_S, end_s):  # sneezes
        scene.look(at_s, at_s + c.uniform(0.6, 2), c.normal(0, 15), c.uniform(25, 50))
        scene.hidden_face[scene.at(at_s, at_s + 2)] = 0.7
    for at_s in arrivals(c, 0.8 * scene.person.distracted, BEGIN_S, end_s):
        _bend(scene, c, at_s)


def _bend(scene: Scene, c: Chance, at_s: float) -> None:
    """Pick something up from the floor, plug in a charger."""
    until_s = at_s + lasting(c, 4, 0.5, 2, 15)
    scene.in_view[scene.at(at_s, until_s)] = c.uniform(0, 0.4)
    scene.look(at_s, until_s, c.normal(0, 25), c.uniform(30, 60))
    scene.idle(at_s, until_s)


def visitors(scene: Scene, c: Chance) -> None:
    """Somebody passes behind, brings tea; the doorbell rings.

    Faces behind are small and mostly from the side: at 1.5 to 3 m a face is 0.05 to
    0.10 of the picture's width.
    """
    for at_s in arrivals(c, 0.35, BEGIN_S, scene.seconds):  # passes behind
        _other(scene, at_s, at_s + lasting(c, 3, 0.5, 1, 10), c.uniform(0.05, 0.12), c)
    for at_s in arrivals(c, 0.05, BEGIN_S, scene.seconds):  # leans in
        until_s = at_s + lasting(c, 4, 0.5, 2, 12)
        _other(scene, at_s, until_s, c.uniform(0.12, 0.22), c)
        scene.look(at_s, until_s, float(c.choice([-1, 1])) * c.uniform(20, 50), 0)
    for at_s in arrivals(c, 0.15, BEGIN_S, scene.seconds):  # the doorbell
        side = float(c.choice([-1, 1]))
        scene.look(at_s, at_s + lasting(c, 4, 0.5, 2, 12), side * c.uniform(35, 80), 0)
        if c.random() < 0.3:
            _door(scene, c, at_s + 4)


def _door(scene: Scene, c: Chance, at_s: float) -> None:
    """Go to the door; half of the time an interviewer pauses the watching meanwhile."""
    until_s = at_s + lasting(c, 25, 0.5, 10, 90)
    scene.absent[scene.at(at_s, until_s)] = True
    scene.idle(at_s, until_s)
    if c.random() < 0.5:
        scene.paused.append((at_s - 1, until_s + 8))


def _other(scene: Scene, start_s: float, end_s: float, width: float, c: Chance) -> None:
    stretch = scene.at(start_s, end_s)
    scene.other_width[stretch] = width
    scene.other_shows[stretch] = c.uniform(0.1, 0.9)
    scene.other_x[stretch] = c.uniform(0, 0.8)


# ------------------------------------------------------------ light and camera


def light(scene: Scene, c: Chance) -> None:
    """Lamps, clouds, dusk, the screen's own light on glasses."""
    end_s = scene.seconds
    for at_s in arrivals(c, 1.5, BEGIN_S, end_s):
        scene.luma[scene.at(at_s, end_s)] *= c.uniform(0.7, 1.4)
    if scene.person.dusk:
        start = scene.at(c.uniform(300, 1500), end_s)
        n = len(scene.luma[start])
        scene.luma[start] *= np.geomspace(1, c.uniform(0.12, 0.5), n)
        if c.random() < 0.7:
            scene.luma[scene.at(c.uniform(2400, 3500), end_s)] = 90
    np.clip(scene.luma, 6, 235, out=scene.luma)
    if scene.person.glasses:
        for at_s in arrivals(c, 12, BEGIN_S, end_s):
            until_s = at_s + lasting(c, 6, 1.0, 0.5, 120)
            scene.glare[scene.at(at_s, until_s)] = c.uniform(0.05, 0.6)


def camera(scene: Scene, c: Chance) -> None:
    """The camera hangs, is lost and found, the laptop's lid is moved."""
    for at_s in arrivals(c, 0.3, BEGIN_S, scene.seconds):
        scene.frozen[scene.at(at_s, at_s + lasting(c, 1.5, 0.6, 0.4, 8))] = True
    for at_s in arrivals(c, 0.1, BEGIN_S, scene.seconds):
        scene.camera_lost.append((at_s, at_s + lasting(c, 3, 0.8, 0.5, 20)))
    for at_s in arrivals(c, 0.3, BEGIN_S, scene.seconds):
        until_s = at_s + lasting(c, 2, 0.5, 1, 6)
        scene.covered[scene.at(at_s, until_s)] = True
        after = scene.at(until_s, scene.seconds)
        scene.posture_pitch[after] += c.normal(0, 4)  # the lid stands differently


# ------------------------------------------------------------ page, window, link


def windows(scene: Scene, c: Chance) -> None:
    """Look at the clock in another tab, close a pop-up, click into an output."""
    person, end_s = scene.person, scene.seconds
    for at_s in arrivals(c, 0.4 * person.distracted, BEGIN_S, end_s):  # the clock
        scene.leave_tab(at_s, at_s + lasting(c, 1.5, 0.5, 0.5, 5))
    for at_s in arrivals(c, 0.5 * person.distracted, BEGIN_S, end_s):  # notifications
        _blur(scene, at_s, lasting(c, 1.8, 0.6, 0.3, 8), "elsewhere")
    if person.password_manager:
        for at_s in arrivals(c, 0.5, BEGIN_S, end_s):
            _blur(scene, at_s, lasting(c, 3, 0.5, 1, 10), "elsewhere")
    for at_s in arrivals(c, 12, BEGIN_S, end_s):  # outputs, the call, a PDF
        _blur(scene, at_s, lasting(c, 8, 1.0, 0.5, 180), "frame")
    for at_s in arrivals(c, 0.7, BEGIN_S, end_s):  # camera, microphone, clipboard
        _blur(scene, at_s, lasting(c, 5, 0.6, 1, 30), "permission")
    for at_s in arrivals(c, 0.6, BEGIN_S, end_s):  # the call's own dialogs
        _blur(scene, at_s, lasting(c, 8, 0.7, 2, 60), "share")
    for at_s in arrivals(c, 0.4, BEGIN_S, end_s):  # a file, print
        _blur(scene, at_s, lasting(c, 6, 0.6, 2, 40), "dialog")
    for at_s in arrivals(c, 0.3, BEGIN_S, end_s):  # Escape, pressed for something else
        scene.window_only.append((at_s, at_s + lasting(c, 5, 0.7, 1, 60)))


def assistive(scene: Scene, c: Chance) -> None:
    """A magnifier or a screen reader: windows of its own, and another posture."""
    reader = scene.person.reader
    if reader == "none":
        return
    for at_s in arrivals(c, 8, BEGIN_S, scene.seconds):
        _blur(scene, at_s, lasting(c, 1, 0.6, 0.3, 6), "elsewhere")
    if reader == "magnifier":  # close to the screen
        for at_s in arrivals(c, 20, BEGIN_S, scene.seconds):
            stretch = scene.at(at_s, at_s + lasting(c, 30, 0.8, 3, 200))
            scene.zoom[stretch] = c.uniform(1.4, 3.0)
            scene.in_view[stretch] = np.minimum(
                scene.in_view[stretch], c.uniform(0.4, 1.0)
            )
    else:  # listens, and faces the screen much less
        for at_s in arrivals(c, 40, BEGIN_S, scene.seconds):
            yaw = float(c.normal(0, 25))
            scene.look(at_s, at_s + lasting(c, 12, 0.8, 2, 90), yaw, c.uniform(-10, 40))


def clipboard(scene: Scene, c: Chance) -> None:
    """Copy within the notebook; now and then paste what was left from before."""
    for at_s in arrivals(c, 5, BEGIN_S, scene.seconds - 1):
        chars = int(lasting(c, 40, 1.0, 2, 800))
        _paste(scene, at_s, chars, "notebook")
    for at_s in arrivals(c, 0.03, BEGIN_S, scene.seconds - 1):
        _paste(scene, at_s, int(lasting(c, 25, 0.8, 1, 300)), "external")


def _paste(scene: Scene, at_s: float, chars: int, origin: str) -> None:
    event = {"name": "clipboard", "action": "paste", "chars": chars, "origin": origin}
    scene.events.append((at_s, event))
    scene.text["pasted"][int(at_s)] += chars


def interviewers(scene: Scene, c: Chance) -> None:
    """The interviewers write into the notebook too."""
    for at_s in arrivals(c, 3, BEGIN_S, scene.seconds):
        scene.interviewer_chars.append((at_s, int(lasting(c, 80, 1.0, 5, 1000))))


def link(scene: Scene, c: Chance) -> None:
    """A slow network, cuts, a laptop that sleeps."""
    end_s = scene.seconds
    rate = 12.0 if scene.person.network == "poor" else 0.5
    for at_s in arrivals(c, rate, BEGIN_S, end_s):
        scene.links.append(Link(at_s, at_s + lasting(c, 15, 0.8, 2, 120), "slow"))
    rate = 2.0 if scene.person.network == "poor" else 0.15
    for at_s in arrivals(c, rate, BEGIN_S, end_s):
        scene.links.append(Link(at_s, at_s + lasting(c, 10, 0.8, 2, 120), "cut"))
    for at_s in arrivals(c, 0.1, BEGIN_S, end_s - 200):
        until_s = at_s + lasting(c, 40, 0.8, 10, 200)
        scene.links.append(Link(at_s, until_s, "asleep"))
        scene.hidden.append((at_s - 0.2, until_s + 1.5))
        scene.camera_lost.append((until_s + 1.0, until_s + 3.0))
        scene.idle(at_s, until_s + 3)


def _blur(scene: Scene, at_s: float, for_s: float, cause: str) -> None:
    scene.blurs.append(Blur(at_s, at_s + for_s, cause))
    scene.idle(at_s, at_s + for_s)


#: Later ones write over earlier ones.
PIECES = (
    *(posture, work, notes, other_screen, clipboard, interviewers, light, assistive),
    *(body, visitors, camera, windows, link, calibrate),
)
