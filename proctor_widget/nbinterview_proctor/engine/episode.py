"""What a rule remembers: a debounced signal, a reading, a stretch of finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

T = TypeVar("T")
Note = Mapping[str, float | str | bool]
Place = tuple[float, float]
"""Where somebody looks, across and down, in degrees of head and eyes together."""

_NEVER_S = float("-inf")


@dataclass(frozen=True, slots=True)
class Debounced(Generic[T]):
    """A value that changes only when several readings in a row agree."""

    value: T
    since_s: float = _NEVER_S
    next_value: T | None = None
    next_since_s: float = 0.0
    next_count: int = 0

    def read(self, value: T, at_s: float, needed: int) -> Debounced[T]:
        """Return this with one more reading; a change is dated to its first one."""
        if value == self.value:
            if self.next_count == 0:
                return self
            return Debounced(self.value, self.since_s)
        again = self.next_count > 0 and value == self.next_value
        since_s = self.next_since_s if again else at_s
        count = self.next_count + 1 if again else 1
        if count >= needed:
            return Debounced(value, since_s)
        return Debounced(self.value, self.since_s, value, since_s, count)


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement for one rule."""

    at_s: float
    value: bool | None
    """True for the finding, False for none, None when it cannot be said."""
    level: float = 0.0
    """How strong; the strongest one's `note` becomes the evidence."""
    note: Note = field(default_factory=dict)
    doing: str = "idle"
    """What the notebook was doing then."""
    cell_id: str = ""
    allowed: bool = False
    """Whether the question allows it; then it is recorded and no more."""
    place: Place | None = None
    """Where to, for a finding that has a place."""
    adds_up: bool = True
    """Whether it may count together with earlier ones."""
    needed: int = 0
    """Readings in a row that make a change; 0 for as many as the track wants."""


@dataclass(frozen=True, slots=True)
class Part:
    """An ended episode that did not count by itself."""

    started_s: float
    ended_s: float
    duration_s: float
    parts: int
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """An open stretch of one finding."""

    episode_id: str
    started_s: float
    since_s: float | None
    """Where the running part began; None while interrupted."""
    last_s: float
    """The last moment at which the finding was seen."""
    before_s: float = 0.0
    """Seconds of finding in the parts before the running one."""
    parts: int = 1
    told_s: float | None = None
    """When the candidate was first warned."""
    shown: bool = False
    """Whether a warning stands that was not cleared."""
    nudged: bool = False
    flagged: bool = False
    repeated: tuple[Part, ...] = ()
    """The earlier episodes that count with this one, once it is flagged."""
    allowed: bool = False
    """Whether the question allowed it at any moment."""
    read_s: float = 0.0
    """When the last reading came."""
    unmeasured_s: float = 0.0
    """Seconds between first and last that could not be measured."""
    pause_unmeasured_s: float = 0.0
    """The same of the running interruption; counted once the finding goes on."""
    peak: Reading | None = None
    doing: Mapping[str, float] = field(default_factory=dict)
    """Seconds of finding by what the notebook was doing."""
    cell_id: str = ""

    def duration_s(self, at_s: float) -> float:
        """Return the seconds of finding up to `at_s`."""
        running = 0.0 if self.since_s is None else max(0.0, at_s - self.since_s)
        return self.before_s + running

    @property
    def place(self) -> Place | None:
        """Where the finding was strongest."""
        return None if self.peak is None else self.peak.place

    @property
    def share(self) -> float:
        """Which share of the time from first to last could be measured."""
        span_s = self.last_s - self.started_s
        return max(0.0, 1 - self.unmeasured_s / span_s) if span_s > 0 else 1.0

    def counted(self, reading: Reading) -> Episode:
        """Return this with the time up to one more reading counted."""
        passed_s = reading.at_s - self.read_s if reading.value is None else 0.0
        if self.since_s is None:
            paused_s = self.pause_unmeasured_s + passed_s
            return replace(self, read_s=reading.at_s, pause_unmeasured_s=paused_s)
        unmeasured_s = self.unmeasured_s + passed_s
        return replace(self, read_s=reading.at_s, unmeasured_s=unmeasured_s)

    def interrupted(self, at_s: float) -> Episode:
        """Return this with its running part ended at `at_s`."""
        last_s = max(self.started_s, at_s)
        before_s = self.duration_s(last_s)
        return replace(self, since_s=None, last_s=last_s, before_s=before_s)

    def resumed(self, at_s: float) -> Episode:
        """Return this with another part begun at `at_s`."""
        return replace(
            self,
            since_s=at_s,
            parts=self.parts + 1,
            unmeasured_s=self.unmeasured_s + self.pause_unmeasured_s,
            pause_unmeasured_s=0.0,
        )

    def seen(self, reading: Reading) -> Episode:
        """Return this with a true reading noted, and whether it is the strongest."""
        stronger = self.peak is None or reading.level > self.peak.level
        passed_s = max(0.0, reading.at_s - self.last_s)
        doing = {
            **self.doing,
            reading.doing: self.doing.get(reading.doing, 0.0) + passed_s,
        }
        return replace(
            self,
            last_s=reading.at_s,
            peak=reading if stronger else self.peak,
            doing=doing,
            cell_id=self.cell_id or reading.cell_id,
            allowed=self.allowed or reading.allowed,
        )
