"""Where a long run stands: a plain line on stderr, after two seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

_QUIET_S = 2.0
_EVERY_S = {True: 0.5, False: 10.0}  # on a terminal, and in a log


class Progress:
    """Tells share, rate and time left of a run of `total` units of work.

    `total` is None where a clip does not say how long it is; then only what was
    done is told. On a terminal the line replaces itself.
    """

    def __init__(
        self, total: float | None, out: TextIO, clock: Callable[[], float]
    ) -> None:
        self._total = total
        self._out = out
        self._clock = clock
        self._terminal = out.isatty()
        self._began_s = self._told_s = clock()
        self._shown = False
        self._before = (0.0, 0)

    def next(self, done: float, pictures: int) -> None:
        """One part is done, of so much work; `at` then counts the one after it."""
        self._before = (self._before[0] + done, self._before[1] + pictures)

    def at(self, done: float, pictures: int, what: str) -> None:
        """Tell where it stands within a part, unless that was told a moment ago."""
        done, pictures = self._before[0] + done, self._before[1] + pictures
        now_s = self._clock()
        lasted_s = now_s - self._began_s
        due_s = _EVERY_S[self._terminal] if self._shown else _QUIET_S
        if now_s - self._told_s < due_s:
            return
        self._told_s, self._shown = now_s, True
        parts = [what, f"{pictures / lasted_s:.1f} pictures/s"]
        if self._total is not None and done > 0:
            share = min(1.0, done / self._total)
            left_s = lasted_s * (1 - share) / share
            parts[1:1] = [f"{100 * share:.0f} %"]
            parts.append(f"{_clock_words(left_s)} left")
        else:
            parts[1:1] = [f"{pictures} pictures"]
        self._write("  ".join(parts))

    def end(self) -> None:
        """Leave the line."""
        if self._shown and self._terminal:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _write(self, line: str) -> None:
        self._out.write(f"\r{line}\x1b[K" if self._terminal else f"{line}\n")
        self._out.flush()


def _clock_words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
