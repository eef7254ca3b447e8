"""What watching costs a page and a machine, in turns with peers that watch the same."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright

from bench.rows import (
    Comparison,
    Report,
    Row,
    compare,
    interleaved,
    interval,
    median,
    p95,
)
from bench.widget import browser, clips
from tests.chromium import CHROMIUM_FLAGS
from tests.e2e.clip import build

PEERS = {
    "tasks-vision": "@mediapipe/tasks-vision 0.10.35 on the page's thread, defaults",
    "human": "@vladmandic/human 3.3.6, mesh and iris only, wasm",
    "webgazer": "webgazer 3.5.3, defaults",
}
VARIANTS = ("ours", *PEERS, "camera")
GAP_BAR, CPU_BAR, LONG_TASK_MS, ABSENT_BAR_MS = 0.10, 0.35, 50.0, 500.0
TIMER_MS = 4.0
SETTLE_S = 3.0
"""After the start, before anything is measured: the first pictures take longest."""


@dataclass
class Steady:
    """Rounds of one variant with somebody who sits still."""

    gaps_ms: list[list[float]] = field(default_factory=list)
    cpu_s: list[list[float]] = field(default_factory=list)
    """Processor seconds in a watched minute."""
    rate_hz: list[float] = field(default_factory=list)
    long_tasks_ms: list[float] = field(default_factory=list)


def steady(
    report: Report, play: Playwright, folder: Path, *, rounds: int, window_s: float
) -> None:
    """Measure the page's gaps and the processor's time, and add the rows."""
    report.look_at_machine()
    clip = build.build(folder / "steady.mjpeg", [("facing", 6)])
    found = {name: Steady() for name in VARIANTS}
    with browser.served() as (origin, _):
        for name in interleaved(VARIANTS, rounds):
            one = found[name]
            _one_turn(one, play, origin, clip, name, window_s)
            print(
                f"  {name}: gap p95 {p95(one.gaps_ms[-1]):.1f} ms, "
                f"{one.cpu_s[-1][0]:.1f} CPU s a minute, {one.rate_hz[-1]:.1f} Hz",
                flush=True,
            )
    chance = report.chance()
    report.add(*_gap_rows(found, chance), *_cpu_rows(found, chance))
    report.add(*_long_task_rows(found, rounds * 2 * window_s))


def _one_turn(
    one: Steady,
    play: Playwright,
    origin: str,
    clip: Path,
    name: str,
    window_s: float,
) -> None:
    with browser.opened(play, origin, clip, name) as (page, family):
        page.wait_for_timeout(SETTLE_S * 1000)
        since_ms: float = page.evaluate("performance.now()")
        page.evaluate("watchGaps()")
        page.wait_for_timeout(window_s * 1000)
        one.gaps_ms.append(page.evaluate("takeGaps()"))
        # Without the timer, which costs something itself.
        before_s, results = family.cpu_s(), page.evaluate("told.results.length")
        page.wait_for_timeout(window_s * 1000)
        spent_s = family.cpu_s() - before_s
        results = page.evaluate("told.results.length") - results
        one.cpu_s.append([spent_s * 60 / window_s])
        one.rate_hz.append(results / window_s)
        one.long_tasks_ms += [
            task["duration_ms"]
            for task in page.evaluate("told.longTasks")
            if task["at_ms"] >= since_ms
        ]


def beyond(gaps_ms: Sequence[float]) -> float:
    """Return the 95th percentile of how much later than due the timer ticked."""
    return max(0.0, p95(gaps_ms) - TIMER_MS)


def met(gaps_ms: Sequence[float]) -> float:
    """Return the gap that 95 % of moments are not longer than: what a key meets."""
    ordered = sorted(gaps_ms)
    left_ms = 0.95 * sum(ordered)
    for gap_ms in ordered:
        left_ms -= gap_ms
        if left_ms <= 0:
            return gap_ms
    return ordered[-1]


def _gap_rows(found: Mapping[str, Steady], chance: random.Random) -> list[Row]:
    ours = found["ours"]
    rows = []
    for name, words in PEERS.items():
        peer = found[name]
        has_bar = name == "tasks-vision"
        rows.append(
            _ratio_row(
                f"gap between ticks of a 4 ms timer, beside {name}, p95",
                "ms",
                compare(ours.gaps_ms, peer.gaps_ms, p95, chance=chance),
                GAP_BAR if has_bar else None,
                f"{len(ours.gaps_ms)} rounds",
                words,
                note="no gap is shorter than the timer's 4 ms" if has_bar else "",
            )
        )
    for statistic, measure in (
        (beyond, "the same beyond the timer's 4 ms, p95"),
        (met, "gap that a moment falls into (weighted by its length), p95"),
    ):
        compared = compare(
            ours.gaps_ms, found["tasks-vision"].gaps_ms, statistic, chance=chance
        )
        n = f"{len(ours.gaps_ms)} rounds"
        rows.append(_ratio_row(measure, "ms", compared, None, n, PEERS["tasks-vision"]))
    return rows


def _cpu_rows(found: Mapping[str, Steady], chance: random.Random) -> list[Row]:
    ours, floor = found["ours"], found["camera"]
    rows = [
        _ratio_row(
            f"CPU seconds of a watched minute, whole browser, beside {name}",
            "s",
            compare(ours.cpu_s, found[name].cpu_s, median, chance=chance),
            CPU_BAR,
            f"{len(ours.cpu_s)} rounds",
            words,
            note=f"ours looks {median(ours.rate_hz):.1f} times a second, "
            f"{name} {median(found[name].rate_hz):.1f} times",
        )
        for name, words in PEERS.items()
    ]
    values = [one[0] for one in floor.cpu_s]
    low, high = interval(values, median, chance=chance)
    rows.append(
        Row(
            "CPU seconds of a minute with the camera alone, nothing measured",
            "s",
            median(values),
            low=low,
            high=high,
            n=f"{len(values)} rounds",
        )
    )
    return rows


def _long_task_rows(found: Mapping[str, Steady], watched_s: float) -> list[Row]:
    ours, peer = found["ours"].long_tasks_ms, found["tasks-vision"].long_tasks_ms
    alone = found["camera"].long_tasks_ms
    return [
        Row(
            f"tasks over {LONG_TASK_MS:g} ms on the page's thread, after the start",
            "tasks",
            len(ours),
            len(peer),
            bar="none of ours",
            holds=not ours,
            n=f"{watched_s:.0f} s each",
            versions=PEERS["tasks-vision"],
            note=f"the longest {max(ours, default=0):.0f} ms; with the camera alone "
            f"there were {len(alone)}",
        )
    ]


def _ratio_row(
    measure: str,
    unit: str,
    one: Comparison,
    bar: float | None,
    n: str,
    versions: str,
    note: str = "",
) -> Row:
    low, high = one.ratio
    return Row(
        measure=measure,
        unit=unit,
        ours=one.ours,
        peer=one.peer,
        ratio=one.ours / one.peer,
        low=low,
        high=high,
        bar=None if bar is None else f"at most {bar:.2f} x peer",
        holds=None if bar is None else high <= bar,
        n=n,
        versions=versions,
        note=note,
    )


def absent(report: Report, play: Playwright, folder: Path, *, count: int) -> None:
    """Measure how soon "no face" is told after the picture in which it vanished."""
    report.look_at_machine()
    scenario = clips.turns(
        "facing", "nobody", between_s=(3.5, 5.5), second_s=2.5, count=10
    )
    clip = folder / "leaving.mjpeg"
    numbered = clips.write(clip, scenario)
    took_ms: dict[str, list[float]] = {}
    with browser.served() as (origin, _):
        for name in ("ours", "tasks-vision"):
            took_ms[name] = []
            with browser.opened(play, origin, clip, name, clock=True) as (
                page,
                _family,
            ):
                # The clip began with the camera: what was shown since then is read too.
                page.wait_for_timeout(7.0 * count * 1000)
                shown = page.evaluate("window.pictures")
                results = page.evaluate("told.results")
            vanished = clips.changes(shown, numbered, "nobody")
            took_ms[name] = first_without(results, vanished)
            print(f"  {name}: {[round(one) for one in took_ms[name]]}", flush=True)
    chance = report.chance()
    low, high = interval(took_ms["ours"], p95, chance=chance)
    report.add(
        Row(
            "face absent, told after its picture, p95",
            "ms",
            p95(took_ms["ours"]),
            p95(took_ms["tasks-vision"]),
            low=low,
            high=high,
            bar=f"at most {ABSENT_BAR_MS:g} ms",
            holds=high <= ABSENT_BAR_MS,
            n=f"{len(took_ms['ours'])} disappearances",
            versions=PEERS["tasks-vision"],
            note="at the same settings as the processor's time; the page reads the "
            "picture's number from the picture",
        )
    )


def first_without(
    results: Sequence[tuple[float, int | None]], vanished_ms: Sequence[float]
) -> list[float]:
    """Return how long after each disappearance a result without a face came, in ms.

    The last disappearance counts only when it was told: it may have been cut off.
    """
    found = []
    for place, since_ms in enumerate(vanished_ms):
        told = next(
            (at for at, faces in results if faces == 0 and at >= since_ms), None
        )
        if told is None:
            assert place == len(vanished_ms) - 1, "a disappearance was never told"
            continue
        found.append(told - since_ms)
    return found


def second_start(report: Report, play: Playwright, folder: Path) -> None:
    """Count what a browser asks for when it measures for the second time."""
    clip = build.build(folder / "nobody.mjpeg", [("nobody", 3)])
    counts = []
    with browser.served() as (origin, asked):
        for _ in range(2):  # and once more, when the browser itself was started anew
            context = play.chromium.launch_persistent_context(
                folder / "profile",
                executable_path="/usr/bin/chromium",
                chromium_sandbox=False,
                permissions=["camera"],
                args=[*CHROMIUM_FLAGS, *browser.camera_flags(clip)],
            )
            try:
                for _ in range(2):
                    asked.clear()
                    page = context.pages[0]
                    page.goto(f"{origin}/page/index.html?variant=ours")
                    # Nobody is there: so both models were needed.
                    browser.until(page, "told.lastFrame?.person !== undefined")
                    counts.append(_files(asked))
            finally:
                context.close()
    first, *later = counts
    report.add(
        Row(
            "requests for worker, WASM and models at a second start",
            "requests",
            max(later),
            bar="none",
            holds=max(later) == 0 and first > 0,
            n="a reload, a new browser, its reload",
            note=f"the first start asked for {first} files",
        )
    )


def _files(asked: Sequence[Any]) -> int:
    return sum(str(path).startswith(browser.FILES) for path in asked)
