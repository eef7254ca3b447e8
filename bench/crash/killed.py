"""Writers that are really killed, again and again on one record, at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.crash.points import READERS, Kept, Torn
from bench.crash.trace import ROOT
from bench.crash.writer import ACKS

MANY = 1_000_000
"""Records that a writer would write, if it lived."""
LIVES_S = (0.02, 0.6)
STARTS_WITHIN_S = 60.0


class Killed:
    """One record, and what every writer of it was told."""

    def __init__(self, kind: str, directory: Path, seed: int) -> None:
        self._kind, self._directory, self._seed = kind, directory, seed
        self._chance = random.Random(seed)  # noqa: S311  # no secret
        directory.mkdir(parents=True)
        self.kills = 0
        self.acknowledged: Kept = {}
        self.lost = 0
        self.torn: list[str] = []
        self.longest_s = 0.0

    def run(self, times: int, tell: Callable[[int], None] = lambda _n: None) -> None:
        """Start, kill and reopen so many times."""
        for number in range(times):
            self._kill()
            self._look()
            tell(number + 1)

    def _kill(self) -> None:
        """Start a writer, wait until it has acknowledged something, and kill it."""
        acks = self._directory / ACKS
        before = acks.stat().st_size if acks.exists() else 0
        self._seed += 1
        writer = subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.crash.writer", self._kind),
                *(str(self._directory), str(MANY), str(self._seed)),
            ],
            cwd=ROOT,
        )
        try:
            deadline_s = time.monotonic() + STARTS_WITHIN_S
            while not acks.exists() or acks.stat().st_size == before:
                if writer.poll() is not None or time.monotonic() > deadline_s:
                    raise RuntimeError("the writer wrote nothing")
                time.sleep(0.002)
            time.sleep(self._chance.uniform(*LIVES_S))
        finally:
            writer.kill()
            writer.wait()
        self.kills += 1
        lines = acks.read_text("ascii").splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        self.acknowledged = {int(number): name for number, name in pairs}

    def _look(self) -> None:
        began_s = time.perf_counter()
        try:
            kept = READERS[self._kind](self._directory)
        except Torn as error:
            self.torn.append(f"kill {self.kills}: {error}")
            return
        finally:
            self.longest_s = max(self.longest_s, time.perf_counter() - began_s)
        self.lost += sum(
            kept.get(seq) != name for seq, name in self.acknowledged.items()
        )
