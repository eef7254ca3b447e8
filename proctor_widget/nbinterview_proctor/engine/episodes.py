"""One rule's episodes: debounce, merging, warning, flag, cool-down.

An episode is a stretch of time with one finding. It opens when its signal is
true, survives interruptions shorter than `merge_gap_s`, warns after
`warn_after_s` of finding, flags after `flag_after_s` (never within `notice_s`
of its warning), and ends with the last moment at which the finding was seen.
Time that could not be measured never counts as finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from nbinterview_proctor.engine.outcome import Outcome
from nbinterview_proctor.geometry import SLACK_S
from nbinterview_proctor.policy import Rule

T = TypeVar("T")


@dataclass(frozen=True)
class Debounced(Generic[T]):
    """A value that changes only when several readings in a row agree."""

    value: T
    since_s: float = float("-inf")
    next_value: T | None = None
    next_since_s: float = 0.0
    next_count: int = 0

    def read(self, value: T, at_s: float, needed: int) -> Debounced[T]:
        """Return this with one more reading; a change is dated to its first one."""
        if value == self.value:
            return replace(self, next_value=None, next_count=0)
        again = self.next_count > 0 and value == self.next_value
        since_s = self.next_since_s if again else at_s
        count = self.next_count + 1 if again else 1
        if count >= needed:
            return Debounced(value, since_s)
        return replace(self, next_value=value, next_since_s=since_s, next_count=count)


@dataclass(frozen=True)
class Reading:
    """One measurement for one rule."""

    at_s: float
    value: bool | None
    """True for the finding, False for none, None when it cannot be said."""
    level: float = 0.0
    """How strong; the strongest one's `note` becomes the evidence."""
    note: Mapping[str, float | str | bool] = field(default_factory=dict)


@dataclass(frozen=True)
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
    flagged: bool = False
    read_s: float = 0.0
    """When the last reading came."""
    unmeasured_s: float = 0.0
    """Seconds between first and last that could not be measured."""
    pause_unmeasured_s: float = 0.0
    """The same of the running interruption; counted once the finding goes on."""
    peak: Reading | None = None

    def duration_s(self, at_s: float) -> float:
        """Return the seconds of finding up to `at_s`."""
        running = 0.0 if self.since_s is None else max(0.0, at_s - self.since_s)
        return self.before_s + running

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


@dataclass(frozen=True)
class Track:
    """A rule, its debounced signal, its open episode, and how many there were."""

    rule: Rule
    needed: int
    """Readings in a row that make a change."""
    min_share: float
    signal: Debounced[bool | None] = Debounced(None)
    episode: Episode | None = None
    count: int = 0

    def read(self, reading: Reading, now_s: float) -> tuple[Track, list[Outcome]]:
        """Fold one measurement; `now_s` is when it reached the room."""
        signal = self.signal.read(reading.value, reading.at_s, self.needed)
        track = replace(self, signal=signal)._follow(reading)
        if reading.value is True and signal.value is True:
            return track._escalate(reading, now_s)
        return track._settle(reading.at_s)

    def lapse(self, since_s: float, now_s: float) -> tuple[Track, list[Outcome]]:
        """Nothing is known since `since_s`: interrupt, and end what is over."""
        if self.signal.value is not None:
            start_s = max(since_s, self.signal.since_s)
            track = replace(self, signal=Debounced[bool | None](None, start_s))
            return track._follow(Reading(now_s, None))._settle(now_s)
        track = replace(self, signal=Debounced[bool | None](None, self.signal.since_s))
        return track._settle(now_s)

    def close(self, because: str) -> tuple[Track, list[Outcome]]:
        """End the open episode where it was last seen; then nothing is known."""
        track = replace(self, signal=Debounced[bool | None](None), episode=None)
        episode = self.episode
        if episode is None:
            return track, []
        found = self._cleared(episode) if episode.shown else []
        if episode.flagged:
            evidence = {**self._evidence(episode, episode.last_s), "closed_by": because}
            details = {**self._names(episode), "evidence": evidence}
            found.append(Outcome("flag.closed", details, ended_s=episode.last_s))
        return track, found

    # ---------------------------------------------------------- the steps

    def _follow(self, reading: Reading) -> Track:
        """Open, continue or interrupt the episode as the signal says."""
        episode, signal = self.episode, self.signal
        if episode is not None:
            episode = episode.counted(reading)
        if signal.value is not True:
            if episode is not None and episode.since_s is not None:
                episode = episode.interrupted(signal.since_s)
            return replace(self, episode=episode)
        start_s = signal.since_s
        if episode is not None and episode.since_s is None:
            episode = episode.resumed(start_s)
        count = self.count
        if episode is None:
            count += 1
            name = f"{self.rule.rule}-{count}"
            episode = Episode(name, start_s, start_s, start_s, read_s=reading.at_s)
        return replace(self, count=count, episode=_seen(episode, reading))

    def _escalate(self, reading: Reading, now_s: float) -> tuple[Track, list[Outcome]]:
        episode = self.episode
        assert episode is not None
        found: list[Outcome] = []
        duration_s = episode.duration_s(reading.at_s)
        lasting_s = duration_s
        if episode.told_s is not None:  # warned before: only the new part counts
            lasting_s -= episode.before_s
        if not episode.shown and _reached(lasting_s, self.rule.warn_after_s):
            told_s = now_s if episode.told_s is None else episode.told_s
            episode = replace(episode, shown=True, told_s=told_s)
            told = {**self._names(episode), "text": self.rule.warning}
            found.append(Outcome("warning", told))
        if self._must_flag(episode, duration_s, reading.at_s):
            episode = replace(episode, flagged=True)
            details: dict[str, object] = {
                **self._names(episode),
                "title": self.rule.title,
                "evidence": self._evidence(episode, reading.at_s),
            }
            found.append(Outcome("flag", details, started_s=episode.started_s))
        return replace(self, episode=episode), found

    def _must_flag(self, episode: Episode, duration_s: float, at_s: float) -> bool:
        return (
            not episode.flagged
            and episode.told_s is not None
            and _reached(duration_s, self.rule.flag_after_s)
            and _reached(at_s - episode.told_s, self.rule.notice_s)
            and episode.share >= self.min_share
        )

    def _settle(self, at_s: float) -> tuple[Track, list[Outcome]]:
        """End what has been interrupted for long enough."""
        episode = self.episode
        if episode is None or episode.since_s is not None:
            return self, []
        pause_s = at_s - episode.last_s
        if not _reached(pause_s, self.rule.merge_gap_s):
            return self, []
        if episode.flagged and not _reached(pause_s, self.rule.cooldown_s):
            found = self._cleared(episode) if episode.shown else []
            return replace(self, episode=replace(episode, shown=False)), found
        because = "not measurable" if self.signal.value is None else "ended"
        track, found = self.close(because)
        return replace(track, signal=self.signal), found

    # ---------------------------------------------------------- the words

    def _names(self, episode: Episode) -> dict[str, str]:
        return {"episode_id": episode.episode_id, "rule": self.rule.rule}

    def _cleared(self, episode: Episode) -> list[Outcome]:
        return [Outcome("warning.cleared", self._names(episode))]

    def _evidence(self, episode: Episode, at_s: float) -> dict[str, float | str | bool]:
        peak = episode.peak.note if episode.peak else {}
        return {
            **peak,
            "duration_s": round(episode.duration_s(at_s), 3),
            "parts": episode.parts,
            "measured_share": round(episode.share, 3),
            "claimed_by": "browser",
        }


def _reached(duration_s: float, limit_s: float) -> bool:
    return duration_s >= limit_s - SLACK_S


def _seen(episode: Episode, reading: Reading) -> Episode:
    """Note a reading of a running episode, and its strongest one."""
    if reading.value is not True:
        return episode
    stronger = episode.peak is None or reading.level > episode.peak.level
    peak = reading if stronger else episode.peak
    return replace(episode, last_s=reading.at_s, peak=peak)
