"""One rule's episodes: debounce, merging, escalation, repetition, cool-down.

An episode is a stretch of time with one finding. It opens when its signal is
true, survives interruptions shorter than `merge_gap_s`, nudges, warns and flags
after so many seconds of finding (never within `notice_s` of its warning), and ends
with the last moment at which the finding was seen. Time that could not be measured
never counts as finding. Many short episodes count as one (`repeat`), after a
warning about them. Ended without a flag, an episode is recorded with the reason
why it does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nbinterview_proctor.engine.episode import (
    Debounced,
    Episode,
    Part,
    Place,
    Reading,
)
from nbinterview_proctor.engine.order import PATIENCE_S
from nbinterview_proctor.engine.outcome import Outcome
from nbinterview_proctor.geometry import SLACK_S
from nbinterview_proctor.policy import Rule

#: Who repeats something is warned at this share of what would flag.
REPEAT_WARNING_SHARE = 0.5
#: And nudged at this one, after half as many times.
REPEAT_NUDGE_SHARE = 0.25
#: So near are two looks to one place; a head's pitch is measured less well.
SAME_ACROSS_DEG = 8.0
SAME_DOWN_DEG = 15.0
_NEVER_S = float("-inf")


@dataclass(frozen=True, slots=True)
class Track:
    """A rule, its debounced signal, its open episode, and what there was before."""

    rule: Rule
    needed: int
    """Readings in a row that make a change."""
    min_share: float
    signal: Debounced[bool | None] = field(default_factory=lambda: Debounced(None))
    episode: Episode | None = None
    count: int = 0
    past: tuple[Part, ...] = ()
    """Ended episodes that may count together; the window of `repeat`."""
    warned_s: float = _NEVER_S
    """When the candidate was last warned of this rule."""
    nudged_s: float = _NEVER_S

    def idle(self, value: bool | None) -> bool:
        """Whether one more such reading changes nothing at all."""
        signal = self.signal
        return (
            self.episode is None
            and value is not True
            and value == signal.value
            and signal.next_count == 0
        )

    def read(self, reading: Reading, now_s: float) -> tuple[Track, list[Outcome]]:
        """Fold one measurement; `now_s` is when it reached the room."""
        needed = reading.needed or self.needed
        signal = self.signal.read(reading.value, reading.at_s, needed)
        track = replace(self, signal=signal)._follow(reading)
        if reading.value is True and signal.value is True:
            return track._escalate(reading, now_s)
        return track._settle(reading.at_s)

    def lapse(self, since_s: float, now_s: float) -> tuple[Track, list[Outcome]]:
        """Nothing is known since `since_s`: interrupt, and end what is over."""
        if self.signal.value is not None:
            start_s = max(since_s, self.signal.since_s)
            track = replace(self, signal=_unknown(start_s))
            return track._follow(Reading(now_s, None))._settle(now_s)
        if self.episode is None and self.signal.next_count == 0:
            return self, []
        track = replace(self, signal=_unknown(self.signal.since_s))
        return track._settle(now_s)

    def close(self, because: str) -> tuple[Track, list[Outcome]]:
        """End the open episode where it was last seen; then nothing is known."""
        track = replace(self, signal=_unknown(), episode=None)
        episode = self.episode
        if episode is None:
            return track, []
        found = self._cleared(episode) if episode.shown else []
        evidence = {**self._evidence(episode, episode.last_s), "closed_by": because}
        details = {**self._names(episode), "evidence": evidence}
        if episode.flagged:
            found.append(Outcome("flag.closed", details, ended_s=episode.last_s))
            return track, found
        why = self._why_not(episode, because)
        duration_s = episode.duration_s(episode.last_s)
        if not _reached(duration_s, self.rule.record_after_s):
            return track, found
        details = {**details, "title": self.rule.title, "because": why}
        found.append(Outcome("episode", details, episode.started_s, episode.last_s))
        if self.rule.repeat is not None and why not in ("allowed", "paused"):
            part = Part(
                episode.started_s,
                episode.last_s,
                duration_s,
                episode.parts,
                episode.place,
            )
            track = replace(track, past=(*track._window(episode.last_s), part))
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
        if reading.value is True:
            episode = episode.seen(reading)
        return replace(self, count=count, episode=episode)

    def _escalate(self, reading: Reading, now_s: float) -> tuple[Track, list[Outcome]]:
        """Nudge, warn and flag, as far as this episode has come."""
        episode = self.episode
        assert episode is not None
        if episode.allowed:
            return self, []
        track, found = self, list[Outcome]()
        duration_s = episode.duration_s(reading.at_s)
        with_it = self._with(episode, duration_s, reading)
        times = len(with_it) + 1
        total_s = duration_s + sum(part.duration_s for part in with_it)
        heard_s = reading.at_s
        if self.rule.notice_s > 0:  # without notice there is nothing to wait for
            heard_s = max(reading.at_s, now_s - self._delay_s)
        if self._must_nudge(episode, duration_s, reading.at_s) or (
            self._must_nudge_repeat(episode, times, total_s, reading.at_s)
        ):
            episode = replace(episode, nudged=True)
            track = replace(track, nudged_s=reading.at_s)
            found.append(self._told(episode, "nudge", self.rule.nudge))
        if self._must_warn(episode, duration_s) or (
            self._must_warn_repeat(episode, times, total_s, reading.at_s)
        ):
            told_s = heard_s if episode.told_s is None else episode.told_s
            episode = replace(episode, shown=True, told_s=told_s)
            track = replace(track, warned_s=heard_s)
            found.append(self._told(episode, "warning", self.rule.warning))
        by_itself = track._must_flag(episode, duration_s, reading.at_s)
        if by_itself or track._must_flag_repeat(episode, times, total_s, reading.at_s):
            earlier = () if by_itself else with_it
            episode = replace(episode, flagged=True, repeated=earlier)
            if not by_itself:
                episode = replace(episode, told_s=track.warned_s)
            track = track if by_itself else replace(track, past=())
            details: dict[str, object] = {
                **self._names(episode),
                "title": self.rule.title,
                "evidence": self._evidence(episode, reading.at_s),
            }
            started_s = earlier[0].started_s if earlier else episode.started_s
            found.append(Outcome("flag", details, started_s=started_s))
        return replace(track, episode=episode), found

    @property
    def _delay_s(self) -> float:
        """How late a measurement may come without delaying what follows a warning.

        A second of delay makes no difference (`order`), as long as at least another
        second is left to come back in.
        """
        return max(0.0, min(PATIENCE_S, self.rule.notice_s - PATIENCE_S))

    def _must_nudge(self, episode: Episode, duration_s: float, at_s: float) -> bool:
        after_s = self.rule.nudge_after_s
        return (
            after_s is not None
            and self._may_nudge(episode, at_s)
            and _reached(duration_s, after_s)
        )

    def _must_nudge_repeat(
        self, episode: Episode, times: int, total_s: float, at_s: float
    ) -> bool:
        repeat = self.rule.repeat
        return (
            repeat is not None
            and self.rule.nudge_after_s is not None
            and self._may_nudge(episode, at_s)
            and 2 * times >= repeat.times
            and times > 1
            and _reached(total_s, REPEAT_NUDGE_SHARE * repeat.total_s)
            and at_s - self.warned_s > repeat.window_s
        )

    def _may_nudge(self, episode: Episode, at_s: float) -> bool:
        quiet_s = at_s - self.nudged_s
        told = episode.nudged or episode.shown or episode.flagged
        return not told and _reached(quiet_s, self.rule.cooldown_s)

    def _must_warn(self, episode: Episode, duration_s: float) -> bool:
        after_s = self.rule.warn_after_s
        if after_s is None or episode.shown:
            return False
        if episode.told_s is not None:  # warned before: only the new part counts
            duration_s -= episode.before_s
        return _reached(duration_s, after_s)

    def _must_warn_repeat(
        self, episode: Episode, times: int, total_s: float, at_s: float
    ) -> bool:
        repeat = self.rule.repeat
        return (
            repeat is not None
            and self.rule.warn_after_s is not None
            and not episode.shown
            and episode.told_s is None
            and times >= repeat.times
            and _reached(total_s, REPEAT_WARNING_SHARE * repeat.total_s)
            and at_s - self.warned_s > repeat.window_s
        )

    def _must_flag(self, episode: Episode, duration_s: float, at_s: float) -> bool:
        return (
            self.rule.flag_after_s is not None
            and not episode.flagged
            and episode.told_s is not None
            and _reached(duration_s, self.rule.flag_after_s)
            and _reached(at_s - episode.told_s, self.rule.notice_s)
            and episode.share >= self.min_share
        )

    def _must_flag_repeat(
        self, episode: Episode, times: int, total_s: float, at_s: float
    ) -> bool:
        repeat = self.rule.repeat
        return (
            repeat is not None
            and not episode.flagged
            and times >= repeat.times
            and _reached(total_s, repeat.total_s)
            and at_s - self.warned_s <= repeat.window_s
            and _reached(at_s - self.warned_s, self.rule.notice_s)
            and episode.share >= self.min_share
        )

    def _window(self, at_s: float) -> tuple[Part, ...]:
        """Return the ended episodes that may still count together."""
        if self.rule.repeat is None:
            return ()
        since_s = at_s - self.rule.repeat.window_s
        return tuple(part for part in self.past if part.started_s >= since_s)

    def _with(
        self, episode: Episode, duration_s: float, reading: Reading
    ) -> tuple[Part, ...]:
        """Return the ended episodes that count together with this one."""
        long_enough = _reached(duration_s, self.rule.record_after_s)
        if not (self.past and reading.adds_up and long_enough):
            return ()
        window = self._window(reading.at_s)
        return tuple(part for part in window if _near(part.place, episode.place))

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

    def _why_not(self, episode: Episode, because: str) -> str:
        """Return why an episode does not count (`Episode` of live.schema.yaml)."""
        rule = self.rule
        if episode.allowed:
            return "allowed"
        if because == "paused":
            return "paused"
        if rule.flag_after_s is None and rule.repeat is None:
            return "recorded_only"
        if episode.share < self.min_share:
            return "too_little_measured"
        return "short"

    def _names(self, episode: Episode) -> dict[str, str]:
        return {"episode_id": episode.episode_id, "rule": self.rule.rule}

    def _told(self, episode: Episode, kind: str, text: str) -> Outcome:
        details = {**self._names(episode), "text": text}
        return Outcome("nudge" if kind == "nudge" else "warning", details)

    def _cleared(self, episode: Episode) -> list[Outcome]:
        return [Outcome("warning.cleared", self._names(episode))]

    def _evidence(self, episode: Episode, at_s: float) -> dict[str, float | str | bool]:
        earlier_s = sum(part.duration_s for part in episode.repeated)
        found: dict[str, float | str | bool] = {
            **(episode.peak.note if episode.peak else {}),
            "duration_s": round(episode.duration_s(at_s) + earlier_s, 3),
            "parts": episode.parts + sum(part.parts for part in episode.repeated),
            "measured_share": round(episode.share, 3),
            "doing": _mostly(episode),
            "claimed_by": "server" if self.rule.sensor == "notebook" else "browser",
            "repeat": bool(episode.repeated),
        }
        if episode.cell_id:
            found["cell_id"] = episode.cell_id
        return found


def _near(one: Place | None, other: Place | None) -> bool:
    """Whether two looks go to one place: a phone lies in one, thoughts are in many."""
    if one is None or other is None:
        return one is other
    return (
        abs(one[0] - other[0]) <= SAME_ACROSS_DEG
        and abs(one[1] - other[1]) <= SAME_DOWN_DEG
    )


def _unknown(since_s: float = _NEVER_S) -> Debounced[bool | None]:
    return Debounced(None, since_s)


def _mostly(episode: Episode) -> str:
    """Return what the notebook was doing for most of the finding."""
    if not episode.doing:
        return "idle"
    return max(episode.doing, key=lambda doing: episode.doing[doing])


def _reached(duration_s: float, limit_s: float) -> bool:
    return duration_s >= limit_s - SLACK_S
