"""A scene as the journal of its room: what the page sends, as it arrives there.

Observations come once a second with the frames of that second, also empty ones; a slow
or cut connection delays messages, brings them at once and some of them twice; a laptop
that sleeps sends nothing. Documents, typing sums, runs, gaps and pauses are as the real
page and room write them, without the texts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bench.fairness.camera import Seen, frames
from bench.fairness.honest import BEGIN_S
from bench.fairness.people import Chance
from bench.fairness.scene import WAYS, Link, Scene, merged
from nbinterview_proctor.engine import Fact

CANDIDATE, INTERVIEWER, ROOM = "p-candidatea", "p-intervieww", "room"
BOOT_ID = "00000000-0000-4000-8000-000000000001"
START_S = 1_800_000_000.0
#: What is watched begins here: the candidate presses Start, then calibrates.
WATCH_S = 3.0
SILENCE_S = 5.0

Payload = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """One message on its way to the room; `page` ones carry a number of their own."""

    sent_s: float
    kind: str
    payload: Payload
    author: str = CANDIDATE
    page: bool = True


def journal(scene: Scene, seen: Seen, c: Chance) -> list[Fact]:
    """Return the facts of the session in the room's order."""
    sent = sorted(
        [*_opening(scene), *_page(scene), *_observations(scene, seen, c)],
        key=lambda message: message.sent_s,
    )
    asleep = [link for link in scene.links if link.kind == "asleep"]
    sent = [m for m in sent if not any(_in(m, link) for link in asleep)]
    links = [link for link in scene.links if link.kind != "asleep"]
    facts = [*_arriving(_numbered(sent), links, c), *_room(scene)]
    facts = sorted(facts, key=lambda fact: fact.at_s)
    return sorted([*facts, *_gaps(facts)], key=lambda fact: fact.at_s)


def _in(message: Sent, link: Link) -> bool:
    return link.start_s <= message.sent_s < link.end_s


# ------------------------------------------------------------ what the page says


def _opening(scene: Scene) -> Iterator[Sent]:
    yield _event(0.2, name="page", state="loaded")
    for sensor in ("camera", "focus", "clipboard"):
        yield _event(0.5, name="consent", sensor=sensor, granted=True)
    yield _event(0.8, name="camera", state="on", width_px=640, height_px=480)
    yield _event(1.5, name="detector", state="ready")
    yield _event(1.6, name="display", extended=scene.person.displays)
    yield _event(1.7, name="fullscreen", active=True)
    yield _event(1.8, name="visibility", state="visible")
    yield _event(1.9, name="window_focus", focused=True)
    yield _event(WATCH_S, name="watch", state="started")


def _event(at_s: float, **event: Any) -> Sent:
    return Sent(at_s, "event", {"event": event})


def _page(scene: Scene) -> Iterator[Sent]:
    """Yield the page's events and the document's updates."""
    for at_s, event in scene.events:
        yield Sent(at_s, "event", {"event": event})
    for start_s, end_s in merged(scene.hidden):
        yield _event(start_s, name="visibility", state="hidden")
        yield _event(end_s, name="visibility", state="visible")
    for start_s, end_s in merged(scene.camera_lost):
        yield _event(start_s, name="camera", state="lost")
        yield _event(end_s, name="camera", state="on")
    for start_s, end_s in merged(scene.window_only):
        yield _event(start_s, name="fullscreen", active=False)
        yield _event(end_s, name="fullscreen", active=True)
    yield from _focus(scene)
    yield from _typing(scene)
    for at_s, for_s in scene.runs:
        run: Payload = {"execution_id": f"run-{at_s:.3f}", "cell_id": "cell-1"}
        asked = {**run, "code": "..."}
        yield Sent(at_s, "execution.requested", asked, page=False)
        done = {**run, "status": "ok", "duration_ms": round(for_s * 1000)}
        yield Sent(at_s + for_s, "execution.finished", done, ROOM, page=False)


def _focus(scene: Scene) -> Iterator[Sent]:
    """Yield where the focus is, whenever that changes: the last to take it has it."""
    for moment_s in sorted({at for b in scene.blurs for at in (b.start_s, b.end_s)}):
        taken = [b for b in scene.blurs if b.start_s <= moment_s < b.end_s]
        if not taken:
            yield _event(moment_s, name="window_focus", focused=True)
            continue
        cause = max(taken, key=lambda b: b.start_s).cause
        yield _event(moment_s, name="window_focus", focused=False, cause=cause)


def _typing(scene: Scene) -> Iterator[Sent]:
    """Yield each second's text, as the document has it and as the page tells it."""
    for second in range(scene.seconds):
        sums = {way: int(scene.text[way][second]) for way in WAYS}
        chars = sum(sums.values())
        whole = chars + int(scene.untold[second])
        edit = {"inserted_chars": whole, "deleted_chars": int(scene.deleted[second])}
        edit = {name: count for name, count in edit.items() if count}
        if edit:
            update: Payload = {"path": "interview.ipynb", "update": "", "edit": edit}
            yield Sent(second + 0.6, "document", update, page=False)
        if chars:
            yield _event(second + 0.95, name="typing", **sums, cell_id="cell-1")


def _observations(scene: Scene, seen: Seen, c: Chance) -> Iterator[Sent]:
    by_second: dict[int, list[Payload]] = defaultdict(list)
    for frame in frames(scene, seen, c):
        by_second[int(frame["at_ms"] // 1000)].append(frame)
    for second in range(int(WATCH_S), scene.seconds):
        payload: Payload = {"frames": by_second[second], "frames_dropped": 0}
        payload["rate_hz"] = scene.person.hz
        yield Sent(second + 1.0, "observations", payload)


# ------------------------------------------------------------ how it arrives


def _numbered(sent: list[Sent]) -> Iterator[Sent]:
    number = 0
    for message in sent:
        if not message.page:
            yield message
            continue
        number += 1
        own = {"boot_id": BOOT_ID, "client_seq": number}
        yield replace(message, payload={**own, **message.payload})


def _arriving(sent: Iterator[Sent], links: list[Link], c: Chance) -> Iterator[Fact]:
    """Yield what arrives and when; one connection keeps its order."""
    arrived_s = 0.0
    for message in sent:
        trouble = next(
            (k for k in links if k.kind != "asleep" and _in(message, k)), None
        )
        delay_s = 0.02 + float(c.exponential(0.02))
        if trouble is not None and trouble.kind == "slow":
            delay_s += float(c.exponential(1.5))
        elif trouble is not None:
            delay_s += trouble.end_s - message.sent_s + 1.0
        arrived_s = max(arrived_s, message.sent_s + delay_s)
        yield _fact(message, arrived_s)
        if trouble is not None and message.page and c.random() < 0.1:
            yield _fact(message, arrived_s + 1e-4)


def _fact(message: Sent, at_s: float) -> Fact:
    monotonic_ms = round(message.sent_s * 1000, 1) if message.page else None
    return Fact(
        kind=message.kind,
        payload=message.payload,
        author=message.author,
        at_s=START_S + at_s,
        monotonic_ms=monotonic_ms,
    )


# ------------------------------------------------------------ what the room says


def _room(scene: Scene) -> Iterator[Fact]:
    yield _said(0.0, "room.started", {"versions": {}, "policy": {}, "sandbox": {}})
    yield _said(0.01, "interview.state", {"state": "open"})
    joined = {"connection": 1, "browser": "", "again": False}
    yield _said(0.02, "person.joined", {"role": "interviewer", **joined}, INTERVIEWER)
    yield _said(0.1, "person.joined", {"role": "candidate", **joined}, CANDIDATE)
    for paused, word in ((True, 0), (False, 1)):
        for span in merged(scene.paused):
            payload = {"paused": paused, "allows": [], "reason": "the door"}
            yield _said(max(span[word], BEGIN_S), "watching", payload, INTERVIEWER)
    for at_s, chars in scene.interviewer_chars:
        edit = {"inserted_chars": chars}
        payload = {"path": "interview.ipynb", "update": "", "edit": edit}
        yield _said(at_s, "document", payload, INTERVIEWER)
    yield _said(scene.seconds + 1.5, "interview.state", {"state": "ended"})


def _said(at_s: float, kind: str, payload: Payload, author: str = ROOM) -> Fact:
    return Fact(kind=kind, payload=payload, author=author, at_s=START_S + at_s)


def _gaps(facts: list[Fact]) -> Iterator[Fact]:
    """Yield the silences that the room notices."""
    heard_s = None
    for fact in facts:
        if fact.monotonic_ms is None:
            continue
        if heard_s is not None and fact.at_s - heard_s > SILENCE_S:
            for state, at_s in (("began", heard_s + SILENCE_S), ("ended", fact.at_s)):
                payload = {"what": "live", "state": state, "detail": ""}
                yield Fact(kind="gap", payload=payload, author=ROOM, at_s=at_s - 1e-5)
        heard_s = fact.at_s
