"""What was seen when, as stretches of one state each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nbinterview_proctor.geometry import Observation


@dataclass(frozen=True)
class Run:
    """From `start_s` to `end_s` the same was seen."""

    start_s: float
    end_s: float
    state: str


class Timeline:
    """Takes observations in order; memory grows with changes, not with time."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def add(self, seen: Observation, until_s: float) -> None:
        """Note what is seen from this observation until the next at `until_s`."""
        state = state_of(seen)
        if self._runs and self._runs[-1].state == state:
            self._runs[-1] = replace(self._runs[-1], end_s=until_s)
        else:
            self._runs.append(Run(seen.at_s, until_s, state))

    @property
    def runs(self) -> list[Run]:
        """The stretches so far, in order."""
        return list(self._runs)


def state_of(seen: Observation) -> str:
    """Return one word for an observation; `cannot be read: why` is no finding."""
    if seen.covered:
        return "camera_covered"
    if seen.frozen:
        return "camera_frozen"
    if seen.faces is not None and seen.faces > 1:
        return "multiple_faces"
    if seen.presence == "nobody":
        return "nobody"
    if not seen.measurable or seen.presence != "face":
        return f"cannot be read: {seen.reason or seen.presence or 'unclear'}"
    return seen.zone or "face"


def smoothed(runs: Sequence[Run], shortest_s: float) -> list[Run]:
    """Return the runs for a reader: what is shorter belongs to what was before."""
    found: list[Run] = []
    for run in runs:
        short = run.end_s - run.start_s < shortest_s
        if found and (short or found[-1].state == run.state):
            found[-1] = replace(found[-1], end_s=run.end_s)
        else:
            found.append(run)
    return found
