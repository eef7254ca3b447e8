"""Fault 6: the journal's writer dies, at every write and at any moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.crash.killed import Killed
from bench.crash.points import replayed
from bench.crash.trace import traced
from tests.chaos.checker import Verdict
from tests.chaos.history import History
from tests.chaos.stage import Stage, Trial

RECORDS, KILLS = 6, 1


class WithoutPages(Trial):
    """A trial of the record alone."""

    def __init__(self) -> None:
        super().__init__(0)
        self._history = History()
        self.verdict = Verdict()

    @property
    def tested(self) -> list[str]:
        """What is acknowledged and what is torn."""
        return ["I1", "I5"]

    @property
    def history(self) -> History:
        """What was measured."""
        return self._history


async def crashes(stage: Stage, seed: int) -> Trial:
    """6: reopen after every write of a traced writer, and after real kills."""
    trial = WithoutPages()
    await asyncio.to_thread(_crash, trial, stage, seed)
    return trial


def _crash(trial: WithoutPages, stage: Stage, seed: int) -> None:
    with TemporaryDirectory(prefix="nbi-writer-", dir=stage.top) as folder:
        top = Path(folder)
        ops = traced("ours", top / "traced", records=RECORDS, seed=seed)
        found = replayed("ours", ops, seed=seed, random_states=1)
        killed = Killed("ours", top / "killed", seed)
        killed.run(KILLS)
    trial.history.took("recovery", max(found.longest_s, killed.longest_s))
    if found.losing or killed.lost:
        trial.verdict.add("I1", f"{found.losing} states and {killed.lost} records lost")
    for words in [*found.torn, *killed.torn]:
        trial.verdict.add("I5", words)
