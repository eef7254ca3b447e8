"""Silence: every stretch without proof of watching, and its cause. A pure fold.

Facts go in with the time of the room's steady clock, gaps come out. Two things must be
proved while watching is wanted: that the page's beats come, and, where the candidate
agreed to a camera that once worked, that its pictures are measured and told. A gap
begins with the last moment that was proved. Its cause is decided when it begins, and
again when it ends, since a page that is back often shows why it was away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nbinterview.schemas.live_types import GapCause
from nbinterview_server.beats import Beat
from nbinterview_server.causes import (
    INTERVAL_S,
    WORDS,
    Contact,
    Frames,
    Page,
    other_page,
    why,
    why_it_was,
)

LATE_S = 2.3
"""So late a beat is a gap: 3 s less the way here, a tick of the room and a commit."""
ASK_S = 0.5
"""So late a beat is asked for, and then this often."""
START_S = 2.0
"""A worker that begins, at the start or after a pause, has so much more time."""
FRAMES_LATE_S = 2.6
"""Beats that came for so long with no proof of the camera are a gap of it."""
LOAD_S = 15.0
"""A page that was loaded again finds its camera and its detector in this time."""
RETURN_S = 30.0
"""After its own restart the room takes a page's absence on itself for so long."""
HELD_S = 10.0
"""What waits behind the room's own disk is excused for so long."""


@dataclass(frozen=True)
class Gap:
    """A stretch without proof; times are of the room's steady clock."""

    gap_id: str
    started_s: float
    ended_s: float | None
    cause: GapCause
    detail: str


@dataclass
class Silence:
    """Folds facts; each call returns the gaps that began or ended with it."""

    wanted: bool = False
    stopped: bool = False
    """The candidate's page ended the watching, and the interview goes on."""
    camera_wanted: bool = False
    """The candidate agrees to the camera."""
    camera_worked: bool = False
    full: bool = False
    """The record takes nothing more that a page tells."""
    boot_id: str | None = None
    """The page load that counts."""
    last: Beat | None = None
    """The last beat that fitted."""
    gap: Gap | None = None
    """Of beats."""
    frames_gap: Gap | None = None
    count: int = 0
    """Gaps of this interview so far, at least."""
    _proved_s: float = float("-inf")
    """The last moment that a beat proved, or from which they are due."""
    _grace_s: float = 0.0
    """The next one has so much more time."""
    _contact: Contact = field(default_factory=Contact)
    _frames: Frames = field(default_factory=lambda: Frames(FRAMES_LATE_S))
    _pages: dict[str, Page] = field(default_factory=dict)
    _held_since_s: float | None = None
    _excused_until_s: float = float("-inf")
    _asked_s: float = float("-inf")

    # ------------------------------------------------------------ what is wanted

    def want(self, now_s: float, *, wanted: bool, stopped: bool = False) -> list[Gap]:
        """Say whether watching is due now; `stopped` by the candidate alone."""
        found: list[Gap] = []
        if stopped and not self.stopped:
            found += [*self._end_all(now_s), self._begin(now_s, "stopped")]
        elif not stopped and (self.wanted, self.stopped) != (wanted, False):
            found += self._end_all(now_s)
        if wanted and not self.wanted:
            self._wait_from(now_s, START_S)
        self.wanted, self.stopped = wanted, stopped
        return found

    def camera(self, now_s: float, *, wanted: bool) -> list[Gap]:
        """Say whether the candidate agrees to the camera."""
        if wanted == self.camera_wanted:
            return []
        self.camera_wanted = wanted
        self._frames.wait_from(now_s, LOAD_S)
        return [] if wanted else self._end_frames(now_s)

    def restarted(self, now_s: float, known_s: float) -> list[Gap]:
        """The room began again; `known_s` is until when it was there before."""
        self._contact, self.last = Contact(), None
        if not self.wanted or self.gap is not None:
            return []
        self._wait_from(now_s, RETURN_S)
        return [self._begin(min(known_s, now_s), "room")]

    def _wait_from(self, now_s: float, grace_s: float) -> None:
        self._proved_s, self._grace_s = now_s, grace_s
        self._frames.wait_from(now_s, LOAD_S)

    # ------------------------------------------------------------ what is seen

    def opened(self, boot_id: str) -> None:
        """The page load that counts has a connection from now on."""
        self.boot_id = boot_id
        self._contact.opened()

    def closed(self, *, by_room: bool = False) -> None:
        """Its connection closed; `by_room` for a reason of the room's own."""
        self._contact.closed(by_room=by_room)

    def moved(self) -> None:
        """The lease went from a living page to another."""
        self._contact.moved = True

    def spoke(self, now_s: float) -> None:
        """The page that counts said something that was no beat."""
        self._contact.spoke.note(now_s)

    def answered(self, now_s: float) -> None:
        """Its browser answered a ping at once."""
        self._contact.answered.note(now_s)

    def late_beat(self) -> None:
        """A beat came that was signed in time, and heard too late."""
        self._contact.late_beats += 1

    def observed(self, now_s: float, *, moving: bool) -> None:
        """Measured frames came; `moving` when any differed from the one before it."""
        self._frames.told_s = now_s
        if moving:
            self._frames.moved_s = now_s

    def said(self, boot_id: str, event: Mapping[str, Any]) -> None:
        """A page told an event (`ClientEvent` of live.schema.yaml)."""
        self._pages.setdefault(boot_id, Page()).told(event)
        if event.get("name") == "camera" and event.get("state") == "on":
            self.camera_worked = True

    def beat(self, beat: Beat) -> list[Gap]:
        """A beat of the page that counts fitted."""
        now_s, last = beat.heard_s, self.last
        found: list[Gap] = []
        is_new = last is not None and beat.boot_id != last.boot_id
        if self.wanted and self.gap is not None:
            said = self.gap.cause
            cause = why_it_was(said, self._contact, self._page(), last, beat)
            found += self._end(now_s, cause)
            self._frames.wait_from(now_s, LOAD_S if is_new else FRAMES_LATE_S)
        elif self.wanted and is_new and self._grace_s == 0:
            # A new page load was away in between, however short.
            found.append(self._begin(self._proved_s, other_page(self._contact)))
            found += self._end(now_s, other_page(self._contact))
        if is_new:
            # Its camera opens again; loading again and again gains no more time.
            self._frames.limit_s = LOAD_S
            self._frames.counted = -1
        self._frames.count(beat, FRAMES_LATE_S)
        self._contact.proved()
        self._proved_s, self._grace_s, self.last = now_s, 0.0, beat
        return found

    # ------------------------------------------------------------ time passes

    def asks(self, now_s: float) -> bool:
        """Whether a beat is late now, so that the room should ask for one."""
        if not self.wanted or self.gap is not None or not self._contact.connected:
            return False
        late_s = now_s - self._proved_s - INTERVAL_S - self._grace_s
        if late_s < ASK_S or now_s - self._asked_s < ASK_S:
            return False
        self._asked_s = now_s
        return True

    def tick(self, now_s: float, *, held: bool = False) -> list[Gap]:
        """Say how late it is; `held` while the room itself keeps the page waiting."""
        if not held:
            self._held_since_s = None
        elif self._held_since_s is None:
            self._held_since_s = now_s
        if held:
            self._excused_until_s = now_s + INTERVAL_S
        if not self.wanted:
            return []
        found = self._tick_beats(now_s)
        return found if self.gap else [*found, *self._tick_frames(now_s)]

    def _tick_beats(self, now_s: float) -> list[Gap]:
        if now_s - self._proved_s <= INTERVAL_S + self._grace_s + LATE_S:
            return []
        cause = why(self._contact, self._page())
        if self.gap is not None:
            if self.gap.cause != "room" or self._grace_s == 0:
                return []
            # The room is back for long; that nobody came is no longer its doing.
            self._grace_s = 0.0
            return [*self._end(now_s, "room"), self._begin(now_s, cause)]
        if now_s <= self._excused_until_s:
            held_since_s = self._held_since_s
            if held_since_s is None or now_s - held_since_s < HELD_S:
                return []
            cause = "room"
        return [self._begin(self._proved_s, cause)]

    def _tick_frames(self, now_s: float) -> list[Gap]:
        frames = self._frames
        if not (self.camera_wanted and self.camera_worked) or self.last is None:
            return []
        # By its beats the page is there: else it is they that are missed.
        beaten_s = self.last.heard_s
        if beaten_s - frames.proved_s <= frames.limit_s:
            return self._end_frames(now_s) if frames.counted > 0 else []
        if self.frames_gap is not None or now_s <= self._excused_until_s:
            return []
        cause, detail = frames.why(beaten_s, self._page(), full=self.full)
        self.count += 1
        self.frames_gap = Gap(self._id(), frames.proved_s, None, cause, detail)
        return [self.frames_gap]

    # ------------------------------------------------------------ gaps

    def _page(self) -> Page:
        return self._pages.get(self.boot_id or "", Page())

    def _id(self) -> str:
        return f"gap-{self.count}"

    def _begin(self, started_s: float, cause: GapCause) -> Gap:
        self.count += 1
        self.gap = Gap(self._id(), started_s, None, cause, WORDS[cause])
        return self.gap

    def _end(self, now_s: float, cause: GapCause) -> list[Gap]:
        if self.gap is None:
            return []
        ended = replace(self.gap, ended_s=now_s, cause=cause, detail=WORDS[cause])
        self.gap = None
        return [ended]

    def _end_frames(self, now_s: float) -> list[Gap]:
        if self.frames_gap is None:
            return []
        ended = replace(self.frames_gap, ended_s=now_s)
        self.frames_gap = None
        return [ended]

    def _end_all(self, now_s: float) -> list[Gap]:
        cause = self.gap.cause if self.gap else "unknown"
        return [*self._end(now_s, cause), *self._end_frames(now_s)]
