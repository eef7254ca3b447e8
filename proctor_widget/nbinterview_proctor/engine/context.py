"""What the notebook was doing, and how text came into it.

Looking down while typing, or up while something runs, is work. And text that comes
by keys, an input method, autocomplete, pasting or undo is accounted for by the page's
`typing` events (sizes, no keys); what comes into the document beyond that is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from nbinterview_proctor.policy import Measuring

Doing = Literal["typing", "running", "thinking", "idle"]
Payload = Mapping[str, Any]

#: Ways in which a page tells that text came in; `TypingEvent` of live.schema.yaml.
WAYS = ("typed", "composed", "completed", "pasted", "dropped", "restored")
#: The page's word on an edit covers a second and is dated to one: an edit is compared
#: when the page was heard with a clock so much later.
SETTLE_S = 3.0
#: Documents come by another way than the page's word, and may be so much slower.
EARLY_S = 10.0
#: An edit is never compared when the page is heard only so much later.
WAIT_S = 30.0
#: An edit that comes a little after a frame was made at the same time.
_ABOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Context:
    """What the candidate's notebook is doing."""

    typed_s: float = float("-inf")
    running: frozenset[str] = frozenset()
    """The candidate's runs that have not finished."""
    ran_s: float = float("-inf")
    """When a run last finished."""
    last_run: str = ""
    """Its execution id."""
    cell_id: str = ""
    """Where the candidate last wrote, pasted or ran something."""

    def doing(self, at_s: float, limits: Measuring) -> Doing:
        """Return what the notebook was doing at `at_s`."""
        if -_ABOUT_S <= at_s - self.typed_s <= limits.typing_hold_s:
            return "typing"
        if self.running:
            return "running"
        return "thinking" if at_s - self.ran_s <= limits.thinking_hold_s else "idle"

    def is_own(self, execution_id: str) -> bool:
        """Whether a run that goes on, or just finished, is the candidate's."""
        return execution_id in self.running or execution_id == self.last_run

    def edited(self, edit: Payload, at_s: float) -> Context:
        """Return this after an edit by the candidate."""
        if edit.get("inserted_chars") or edit.get("deleted_chars"):
            return replace(self, typed_s=max(self.typed_s, at_s))
        return self

    def told(self, event: Payload, at_s: float) -> Context:
        """Return this after a `typing` or `clipboard` event."""
        cell_id = event.get("cell_id", self.cell_id)
        if event["name"] == "typing" and any(event.get(way) for way in WAYS):
            return replace(self, typed_s=max(self.typed_s, at_s), cell_id=cell_id)
        return replace(self, cell_id=cell_id)

    def ran(self, kind: str, payload: Payload, at_s: float) -> Context:
        """Return this after a run was asked for or finished."""
        run = str(payload.get("execution_id", ""))
        if kind == "execution.requested":
            cell_id = str(payload.get("cell_id", self.cell_id))
            return replace(self, running=self.running | {run}, cell_id=cell_id)
        if run not in self.running:
            return self
        return replace(self, running=self.running - {run}, ran_s=at_s, last_run=run)


@dataclass(frozen=True, slots=True)
class Text:
    """How much text came into the document, and how much the page explains."""

    inserted: tuple[tuple[float, int], ...] = ()
    explained: tuple[tuple[float, int], ...] = ()
    heard: bool = False
    """Whether the page tells of typing at all; one that does not explains nothing."""

    def edited(self, edit: Payload, at_s: float) -> Text:
        """Return this with an edit of the candidate's; whole cells are no typing."""
        chars = int(edit.get("inserted_chars", 0))
        if not chars or edit.get("inserted_cells"):
            return self
        return replace(self, inserted=(*self.inserted, (at_s, chars)))

    def told(self, event: Payload, at_s: float) -> Text:
        """Return this with a `typing` event."""
        chars = sum(int(event.get(way, 0)) for way in WAYS)
        return replace(self, explained=(*self.explained, (at_s, chars)), heard=True)

    def recent(self, now_s: float, window_s: float) -> Text:
        """Return this without what is too old to matter."""
        since_s = now_s - window_s - EARLY_S - WAIT_S
        if not (
            (self.inserted and self.inserted[0][0] < since_s)
            or (self.explained and self.explained[0][0] < since_s)
        ):
            return self
        return replace(
            self,
            inserted=tuple(one for one in self.inserted if one[0] >= since_s),
            explained=tuple(one for one in self.explained if one[0] >= since_s),
        )

    def unexplained(self, said_s: float, window_s: float) -> int:
        """Return the characters of the window that no typing event explains.

        `said_s` is until when the page has told what it had to tell.
        """
        until_s = said_s - SETTLE_S
        came = sum(c for at, c in self.inserted if until_s - window_s <= at <= until_s)
        if not came or not self.heard:
            return 0
        # Whatever was told somewhat before or after may be about this text.
        since_s = until_s - window_s - EARLY_S
        return max(0, came - sum(c for at, c in self.explained if at >= since_s))

    def counted(self) -> Text:
        """Return this with nothing left to explain."""
        return Text(heard=self.heard)
