"""Why nothing proves the watching: by facts, and no more than they say. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nbinterview.schemas.live_types import GapCause
from nbinterview_server.beats import INTERVAL_MS, Beat

INTERVAL_S = INTERVAL_MS / 1000
APART_S = 0.6
BROKEN_S = 2.0
SIGNS = 3
"""Of so many signs, each `APART_S` after the other, one came when a beat was due."""

WORDS: Mapping[GapCause, str] = {
    "hidden": "The page was in the background, and the browser stopped it.",
    "frozen": "The page stood still: a computer asleep, a debugger or a frozen tab.",
    "offline": "The page had no connection.",
    "worker": "The page went on speaking, but the part that proves watching did not.",
    "insecure": (
        "The page says that its address is not secure (plain http), where a browser "
        "can sign nothing. It takes an https address to prove the watching."
    ),
    "camera": "The page went on, but no new camera pictures came.",
    "reloaded": "The page was closed or loaded again.",
    "second_tab": "Another tab or device of the candidate took over.",
    "stopped": "The candidate's page ended the watching.",
    "room": "The room itself was away; this says nothing about the candidate.",
    "unknown": "Nothing is heard from the page, though it seems connected.",
}


FULL = (
    "The record of this interview is full and takes no measurements: whether the "
    "camera was watched is not known."
)


@dataclass
class Signs:
    """How often something was seen, at moments that lie apart, without a break."""

    count: int = 0
    last_s: float = float("-inf")

    def note(self, now_s: float) -> None:
        """Count this moment, unless one was counted just before."""
        if now_s - self.last_s > BROKEN_S:
            self.count = 0
        if now_s - self.last_s >= APART_S:
            self.count, self.last_s = self.count + 1, now_s

    @property
    def enough(self) -> bool:
        """Whether it was seen long enough to say that it went on."""
        return self.count >= SIGNS


@dataclass
class Page:
    """What one page load said of itself."""

    hidden: bool = False
    unloading: bool = False
    camera: str | None = None
    detector: str | None = None
    beats: str | None = None
    """Why it can sign none, if it said so."""

    def told(self, event: Mapping[str, Any]) -> None:
        """Take in an event (`ClientEvent` of live.schema.yaml)."""
        match event.get("name"), event.get("state"):
            case "visibility", state:
                self.hidden = state == "hidden"
            case "page", state:
                self.unloading = state == "unloading"
            case "camera", state:
                self.camera = str(state)
            case "detector", state:
                self.detector = str(state)
            case "beats", state:
                self.beats = str(state)


@dataclass
class Contact:
    """What was seen of the page that counts since its last beat."""

    connected: bool = False
    was_closed: bool = False
    by_room: bool = False
    """The room itself closed the connection."""
    moved: bool = False
    """The lease went from a living page to another."""
    late_beats: int = 0
    """Beats that were signed in time and heard too late."""
    spoke: Signs = field(default_factory=Signs)
    """The page said something that was no beat."""
    answered: Signs = field(default_factory=Signs)
    """Its browser answered a ping; one whose page stands still does that too."""

    def opened(self) -> None:
        """A connection of the page was opened: what was seen was of another."""
        self.connected = True
        self.spoke, self.answered = Signs(), Signs()

    def closed(self, *, by_room: bool) -> None:
        """It was closed."""
        self.connected, self.was_closed, self.by_room = False, True, by_room

    def proved(self) -> None:
        """A beat came: all begins anew."""
        self.was_closed = self.by_room = self.moved = False
        self.late_beats = 0
        self.spoke, self.answered = Signs(), Signs()


def why(contact: Contact, page: Page) -> GapCause:
    """Return why no beat comes, as far as it can be known while none does."""
    if contact.moved:
        return "second_tab"
    if not contact.connected:
        if contact.by_room:
            return "room"
        return "reloaded" if page.unloading else "offline"
    if page.beats == "insecure":
        return "insecure"
    if contact.spoke.enough:
        return "worker"
    if page.hidden:
        return "hidden"
    if page.unloading:
        return "reloaded"
    return "frozen" if contact.answered.enough else "unknown"


def other_page(contact: Contact) -> GapCause:
    """Return why another page load beats now."""
    return "second_tab" if contact.moved else "reloaded"


def why_it_was(
    said: GapCause, contact: Contact, page: Page, last: Beat | None, beat: Beat
) -> GapCause:
    """Return why there was no beat, now that `beat` came; `said` was thought before.

    A worker counts the seconds of its life: one that counted while nothing came was
    alive, and one that did not stood still.
    """
    if said in {"room", "second_tab", "insecure"}:
        return said
    if last is not None and beat.boot_id != last.boot_id:
        return other_page(contact)
    if contact.by_room:
        return "room"
    went_on = contact.spoke.enough and contact.late_beats == 0
    if last is None or said == "worker" or went_on:
        return "worker" if went_on else said
    away_s = beat.heard_s - last.heard_s
    counted = beat.number - last.number
    if counted * INTERVAL_S < away_s / 2:
        return "hidden" if said == "hidden" else "frozen"
    if contact.was_closed or not contact.answered.enough:
        return "offline"
    # The line was there and the worker counted: the page between them stood.
    return "hidden" if said == "hidden" or page.hidden else "frozen"


@dataclass
class Frames:
    """The last proof that the camera's pictures are measured and told."""

    limit_s: float
    """How long it may stand; longer while a page opens its camera."""
    counted: int = -1
    advanced_s: float = float("-inf")
    """When the worker's count last rose."""
    told_s: float = float("-inf")
    """When measured frames last came."""
    moved_s: float = float("-inf")
    """When one of them last differed from the one before."""
    dropped: int = 0
    dropping: bool = False
    """Pictures come, but are not measured."""

    @property
    def proved_s(self) -> float:
        """The last moment of which all of it is known."""
        return min(self.advanced_s, self.told_s, self.moved_s)

    def wait_from(self, now_s: float, limit_s: float) -> None:
        """Begin to wait for all of it."""
        self.advanced_s = self.told_s = self.moved_s = now_s
        self.limit_s = limit_s

    def count(self, beat: Beat, limit_s: float) -> None:
        """Take in a beat's counts; once they rise, they may stand for `limit_s`."""
        if beat.frames_seen > max(self.counted, 0):
            self.advanced_s = beat.heard_s
            self.limit_s = limit_s
        self.dropping = beat.frames_dropped > self.dropped
        self.counted, self.dropped = beat.frames_seen, beat.frames_dropped

    def why(self, now_s: float, page: Page, *, full: bool) -> tuple[GapCause, str]:
        """Return why no pictures are proved, and what is seen of it.

        `full` when the record is: of measurements that are told it takes none.
        """
        if page.hidden:
            return "hidden", "The page is in the background and measures nothing."
        untold = now_s - self.told_s > self.limit_s
        # The last told picture is in the count of the beat after it.
        counted_on = self.advanced_s - self.told_s > 2 * INTERVAL_S
        if now_s - self.advanced_s > self.limit_s or (untold and not counted_on):
            if page.camera not in {"on", None}:
                return "camera", f"The page says that its camera is: {page.camera}."
            if page.detector in {"failed", "stopped"}:
                return "worker", f"The page says that its detector {page.detector}."
            if self.dropping:
                return "worker", "Camera pictures come, and none is measured."
            return "camera", "No new camera picture is counted."
        if untold and full:
            return "unknown", FULL
        if untold:
            return "worker", "Camera pictures are counted, and nothing is told of them."
        return "camera", "The same camera picture comes again and again."
