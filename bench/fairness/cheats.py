"""Scripted cheating, written over an honest session of the same person.

Each returns the stretches in which it is done. The person goes on with everything else
of the honest session, which without the cheat is its twin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.fairness.honest import BEGIN_S, session
from bench.fairness.people import Chance, Person, chance
from bench.fairness.scene import Scene, Span, lasting

Cheat = Callable[[Scene, Chance], list[Span]]


def cheating(
    seed: int, person: Person, number: int, seconds: int, kind: str
) -> tuple[Scene, list[Span]]:
    """Return the session of this number with a cheat in it, and when it is done."""
    scene = session(seed, person, number, seconds)
    spans = KINDS[kind](scene, chance(seed, person.number, number, "cheat", kind))
    return scene, spans


def stretches(
    scene: Scene, c: Chance, count: tuple[int, int], length: tuple[float, float]
) -> Iterator[Span]:
    """Yield stretches of the session, apart from each other."""
    number = int(c.integers(*count, endpoint=True))
    room_s = (scene.seconds - BEGIN_S - 60) / number
    for i in range(number):
        for_s = min(float(c.uniform(*length)), 0.7 * room_s)
        start_s = BEGIN_S + 30 + i * room_s + float(c.uniform(0, room_s - for_s))
        yield start_s, start_s + for_s


def second_person(scene: Scene, c: Chance) -> list[Span]:
    """Somebody sits down beside and tells the answers; looks are exchanged.

    A shoulder's width away and as near to the camera, so the face is nearly as large,
    often cut by the edge or turned to the screen or the candidate.
    """
    spans = list(stretches(scene, c, (1, 3), (40, 240)))
    side = float(c.choice([-1, 1]))
    for start_s, end_s in spans:
        at_s = start_s
        while at_s < end_s:  # leans in and out of the picture
            until_s = min(end_s, at_s + lasting(c, 15, 0.7, 3, 60))
            stretch = scene.at(at_s, until_s)
            scene.other_width[stretch] = scene.person.face_width * c.uniform(0.6, 0.95)
            scene.other_shows[stretch] = c.uniform(0.2, 1.0)
            scene.other_x[stretch] = 0.02 if side < 0 else 0.72
            at_s = until_s + lasting(c, 5, 0.7, 0.5, 30)
        _glances(scene, c, (start_s, end_s), (side * 45, 0), (1.5, 5), (4, 15))
    return spans


def leaves(scene: Scene, c: Chance) -> list[Span]:
    """Goes out of the room, to ask somebody or to look something up."""
    spans = list(stretches(scene, c, (1, 3), (40, 200)))
    for start_s, end_s in spans:
        scene.absent[scene.at(start_s, end_s)] = True
        scene.idle(start_s, end_s)
    return spans


def phone(scene: Scene, c: Chance) -> list[Span]:
    """Reads from a phone at the side, glance by glance of 2 to 8 s."""
    spans = list(stretches(scene, c, (2, 4), (60, 240)))
    place = float(c.choice([-1, 1])) * c.uniform(35, 60), float(c.uniform(5, 30))
    for span in spans:
        _glances(scene, c, span, place, (2, 8), (1.5, 6))
    return spans


def tab(scene: Scene, c: Chance) -> list[Span]:
    """Goes to another tab for an answer, again and again, 5 to 20 s each time."""
    spans = []
    for start_s, end_s in stretches(scene, c, (2, 4), (40, 150)):
        at_s, last_s = start_s, start_s
        while at_s < end_s:
            last_s = at_s + float(c.uniform(5, 20))
            scene.leave_tab(at_s, last_s)
            at_s = last_s + float(c.uniform(8, 40))
        spans.append((start_s, last_s))
    return spans


def paste(scene: Scene, c: Chance) -> list[Span]:
    """Pastes answers from outside; fetches them where the page cannot see it."""
    spans = []
    for start_s, _ in stretches(scene, c, (2, 5), (10, 20)):
        chars = int(lasting(c, 220, 0.7, 60, 1500))
        event = {"name": "clipboard", "action": "paste", "chars": chars}
        scene.events.append((start_s, {**event, "origin": "external"}))
        scene.text["pasted"][int(start_s)] += chars
        spans.append((start_s, start_s + 1))
    return spans


def copies(scene: Scene, c: Chance) -> list[Span]:
    """Types from a second device that stands beside: look, type, look."""
    spans = list(stretches(scene, c, (1, 3), (120, 400)))
    place = float(c.choice([-1, 1])) * c.uniform(35, 60), float(c.uniform(-5, 20))
    for start_s, end_s in spans:
        scene.type(start_s, end_s, "typed", c)
        _glances(scene, c, (start_s, end_s), place, (1.5, 5), (2, 9))
    return spans


def _glances(
    scene: Scene,
    c: Chance,
    span: Span,
    place: tuple[float, float],
    look_s: tuple[float, float],
    back_s: tuple[float, float],
) -> None:
    at_s, end_s = span
    while at_s < end_s:
        until_s = min(end_s, at_s + float(c.uniform(*look_s)))
        yaw, pitch = place[0] + c.normal(0, 2), place[1] + c.normal(0, 2)
        scene.look(at_s, until_s, float(yaw), float(pitch))
        at_s = until_s + float(c.uniform(*back_s))


KINDS: dict[str, Cheat] = {
    "second_person": second_person,
    "leaves": leaves,
    "phone": phone,
    "tab": tab,
    "paste": paste,
    "copies": copies,
}
