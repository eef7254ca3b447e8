"""What the candidate's pages claim about themselves, and what follows from it.

There may be more than one page of a candidate (a reload, a second tab), told
apart by `boot_id`. A page counts while it is heard of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbinterview_proctor.geometry import SLACK_S

#: Focus that goes for these is the browser's or the page's own doing, not leaving.
SUSPENDING = frozenset({"dialog", "permission", "share"})
#: A page that spoke less long ago is heard, though nothing else of it may be proved.
SPOKE_S = 2.0
#: No dialog suspends the focus findings for longer.
SUSPENDED_AT_MOST_S = 60.0


@dataclass(frozen=True)
class Page:
    """The last known state of one page load."""

    heard_s: float
    said_s: float = float("-inf")
    """The page's own clock at its last message, as the room's time."""
    gone: bool = False
    hidden: bool = False
    visible_since_s: float = float("-inf")
    left: bool = False
    fullscreen: bool | None = None
    camera: str | None = None
    camera_at_s: float = float("-inf")
    camera_worked: bool = False
    """Whether it was on since the candidate agreed to it."""
    detector: str | None = None
    displays: str | None = None
    """`screen.isExtended`: yes, no, unknown; None where the page did not say."""
    dialog_since_s: float | None = None
    """Since when one of `SUSPENDING` has the focus."""
    dialog_until_s: float = float("-inf")
    """When the last of them was over."""

    def told(self, event: Mapping[str, Any], at_s: float) -> Page:
        """Return this page after one event (`ClientEvent` of live.schema.yaml)."""
        match event.get("name"), event.get("state"):
            case "page", state:
                return replace(self, gone=state == "unloading")
            case "visibility", "hidden":
                return replace(self, hidden=True)
            case "visibility", _:
                since_s = at_s if self.hidden else self.visible_since_s
                return replace(self, hidden=False, visible_since_s=since_s)
            case "window_focus", _:
                return self._focused(event, at_s)
            case "fullscreen", _:
                return replace(self, fullscreen=event["active"])
            case "camera", state:
                worked = self.camera_worked or state == "on"
                return replace(
                    self, camera=state, camera_at_s=at_s, camera_worked=worked
                )
            case "detector", state:
                return replace(self, detector=state)
            case "display", _:
                return replace(self, displays=event["extended"])
        return self

    def _focused(self, event: Mapping[str, Any], at_s: float) -> Page:
        focused, cause = event["focused"], event.get("cause", "elsewhere")
        page = replace(self, left=not focused and cause == "elsewhere")
        if not focused and cause in SUSPENDING:
            return replace(page, dialog_since_s=at_s)
        if self.dialog_since_s is None:
            return page
        return replace(page, dialog_since_s=None, dialog_until_s=at_s)

    def suspended(self, now_s: float, hold_s: float) -> bool:
        """Whether a dialog has the focus, or had it a moment ago."""
        if self.dialog_since_s is not None:
            return now_s - self.dialog_since_s <= SUSPENDED_AT_MOST_S
        return now_s - self.dialog_until_s <= hold_s


@dataclass(frozen=True)
class Claim:
    """What all pages that are heard of say together; None is unknown."""

    hidden: bool | None
    window_left: bool | None
    fullscreen_left: bool | None
    camera: str | None
    """The last camera state told, unless it is unknown."""
    camera_worked: bool
    """Whether any page's camera was on; one that never was cannot be taken away."""
    detector: str | None
    displays: str | None = None
    said_s: float = float("-inf")
    """Until when all of them have told what they had to tell."""
    suspended: bool = False
    """Whether a dialog of the browser or the page excuses what focus does."""


def claim(
    pages: Mapping[str, Page], now_s: float, silence_s: float, hold_s: float = 0.0
) -> Claim:
    """Return what the pages say at `now_s`; a dialog counts for `hold_s` after it."""
    alive = [
        p
        for p in pages.values()
        if not p.gone and now_s - p.heard_s <= silence_s + SLACK_S
    ]
    if not alive:
        return Claim(None, None, None, None, camera_worked=False, detector=None)
    hidden = all(page.hidden for page in alive)
    latest = max(alive, key=lambda page: page.camera_at_s)
    return Claim(
        hidden=hidden,
        window_left=None if hidden else all(page.left for page in alive),
        fullscreen_left=None if hidden else _fullscreen_left(alive),
        camera=latest.camera,
        camera_worked=any(page.camera_worked for page in pages.values()),
        detector=latest.detector,
        displays=next((page.displays for page in alive if page.displays), None),
        said_s=min(page.said_s for page in alive),
        suspended=any(page.suspended(now_s, hold_s) for page in alive),
    )


def last_heard_s(pages: Mapping[str, Page]) -> float:
    """Return when any page was last heard of."""
    return max((page.heard_s for page in pages.values()), default=float("-inf"))


def _fullscreen_left(pages: Iterable[Page]) -> bool | None:
    known = [page.fullscreen for page in pages if page.fullscreen is not None]
    return not any(known) if known else None
