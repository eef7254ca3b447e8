"""What another policy, or another engine, would have found in an interview. Pure.

The recorded findings stay what they are: they are what the candidate was told. This
is for choosing a policy, and for appeals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from nbinterview_proctor import replay
from nbinterview_proctor.accommodations import derived, listed, shipped
from nbinterview_proctor.policy import Accommodations, Policy
from nbinterview_proctor.policyold import current
from nbinterview_proctor.rates import Rate
from nbinterview_proctor.score import score

#: Findings of one rule that start and end within this are the same one, unchanged.
SAME_S = 1.0

_NOT_TOLD = (
    "Accommodations cannot be told from this record: it was not made under a policy "
    "that comes with this version. If this candidate had any, they are not in here."
)

Change = Literal["added", "gone", "changed", "same"]


@dataclass(frozen=True)
class Finding:
    """A flag, or an episode that was recorded and did not count."""

    episode_id: str
    rule: str
    title: str
    flagged: bool
    because: str
    """Why it does not count; empty for a flag."""
    started_at: str
    ended_at: str | None
    duration_s: float

    @property
    def start_s(self) -> float:
        """When it began, in seconds since 1970."""
        return datetime.fromisoformat(self.started_at).timestamp()

    @property
    def end_s(self) -> float:
        """When it ended; one that never did ends with what was seen of it."""
        if self.ended_at is None:
            return self.start_s + self.duration_s
        return datetime.fromisoformat(self.ended_at).timestamp()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Difference:
    """One finding before and after; one of the two may be missing."""

    change: Change
    before: Finding | None
    after: Finding | None

    @property
    def one(self) -> Finding:
        """The finding as it is now, or as it was."""
        found = self.after or self.before
        assert found is not None
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Rescored:
    """An interview under a policy: what it finds, and how that adds up."""

    findings: list[Finding]
    score: list[dict[str, Any]]


def rescored(
    records: Sequence[Mapping[str, Any]],
    policy: Policy,
    rates: Mapping[str, Rate] | None = None,
    *,
    whole: Policy | None = None,
) -> Rescored:
    """Fold an interview's records anew under a policy.

    The score has a line for each finding of `whole` (`accommodations.listed`).
    """
    told = replay.rescore(records, policy)
    # With the last record at the end, a sensor that never stopped lasts until then.
    measured = replay.measured(policy, [*told, *map(replay.fact, records[-1:])])
    notebook_s = _length_s(records)
    for rule in policy.active_rules:
        if rule.sensor == "notebook":  # on record all the time
            measured[rule.rule] = notebook_s
    episodes = [fact.payload for fact in told if fact.kind == "episode"]
    lines = score(
        listed(policy, whole),
        replay.flags(told),
        measured,
        episodes=episodes,
        rates=rates,
    )
    return Rescored(findings(told), lines)


def findings(records: Iterable[Any]) -> list[Finding]:
    """Return the flags and episodes among these records, in order of their start."""
    kept = [replay.fact(record) for record in replay.kept(records)]
    found = [_finding(flag, flagged=True) for flag in replay.flags(kept)]
    found += [_finding(f.payload, flagged=False) for f in kept if f.kind == "episode"]
    return sorted(found, key=lambda one: (one.start_s, one.rule))


def _finding(payload: Mapping[str, Any], *, flagged: bool) -> Finding:
    return Finding(
        episode_id=str(payload["episode_id"]),
        rule=current(str(payload["rule"])),
        title=str(payload["title"]),
        flagged=flagged,
        because="" if flagged else str(payload["because"]),
        started_at=str(payload["started_at"]),
        ended_at=payload["ended_at"],
        duration_s=float(payload["evidence"].get("duration_s", 0.0)),
    )


def differences(
    before: Sequence[Finding], after: Sequence[Finding]
) -> list[Difference]:
    """Return what is added, gone, changed or the same, in order of time.

    Two findings are about the same moment when they are of one rule and overlap.
    """
    left = list(after)
    found = []
    for was in before:
        now = next((one for one in left if _same_moment(was, one)), None)
        if now is None:
            found.append(Difference("gone", was, None))
            continue
        left.remove(now)
        change: Change = "same" if _unchanged(was, now) else "changed"
        found.append(Difference(change, was, now))
    found += [Difference("added", None, one) for one in left]
    return sorted(found, key=lambda one: (one.one.start_s, one.one.rule))


def _same_moment(one: Finding, other: Finding) -> bool:
    return (
        one.rule == other.rule
        and one.start_s <= other.end_s + SAME_S
        and other.start_s <= one.end_s + SAME_S
    )


def _unchanged(one: Finding, other: Finding) -> bool:
    return (
        one.flagged == other.flagged
        and one.because == other.because
        and abs(one.start_s - other.start_s) <= SAME_S
        and abs(one.end_s - other.end_s) <= SAME_S
    )


def comparable(recorded: Policy | None, under: Policy) -> Policy:
    """Return the policy without what this interview never asked for.

    Sensors that were not asked for are not measured anyway; the whole screen, which
    nobody asked for, would be found left from the first moment on.
    """
    asked = recorded is None or recorded.fullscreen
    return under if asked else replace(under, fullscreen=False)


def accommodations(recorded: Policy | None) -> Accommodations | None:
    """Return what a record's own policy tells of accommodations; None where it can't.

    They hold under every policy. A record has nothing else of them.
    """
    whole = None if recorded is None else shipped(recorded)
    if recorded is None or whole is None:
        return None
    return derived(recorded, whole)


def notes(
    recorded: Policy | None, under: Policy, *, accommodations_known: bool = True
) -> list[str]:
    """Return what to know before reading one under the other, in words."""
    found = [] if accommodations_known else [_NOT_TOLD]
    if recorded is None:
        return found
    if recorded.format == 1 != under.format:
        found.append(
            "This record is from before version 2: it has no second opinion on who is "
            "in the picture and no calibration, so under this policy it cannot be told "
            "that nobody was there, and only far aside can."
        )
    never = [s for s in under.sensors if s not in recorded.sensors]
    if under.fullscreen and not recorded.fullscreen:
        never.append("the whole screen")
    if never:
        found.append(f"This interview did not ask for {', '.join(never)}.")
    return found


def _length_s(records: Sequence[Mapping[str, Any]]) -> float:
    times = [replay.fact(record).at_s for record in (*records[:1], *records[-1:])]
    return times[-1] - times[0] if times else 0.0
