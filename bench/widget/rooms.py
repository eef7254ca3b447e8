"""What is measured in a real room: typing, a slow computer, and a flag's way."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Locator, Page, Playwright
from playwright.sync_api import TimeoutError as TooLate

from bench.rows import Report, Row, compare, interleaved, interval, p95
from bench.widget import clips, flagway
from bench.widget.browser import Family, camera_flags, until
from bench.widget.room import Room, entered
from tests.e2e.clip import build
from tests.e2e.harness import Platform, headless, platform, wait_for
from tests.e2e.people import SENSORS

KEYS_PER_S = 10.0
TEXT = "the mean of each column and what is missing "
TYPING_BAR = 1.10
INFERENCE_BAR_MS, PICTURE_BAR_MS = 150.0, 400.0
RUNS_S, STANDS_S = 0.02, 0.18
"""A slow computer: a tenth of this one, in slices."""
SLOWEST_HZ = 2
FALLS_WITHIN_S = 60.0
BUSY = f"{SLOWEST_HZ} times a second: this device is busy"


@contextmanager
def _platform(folder: Path) -> Iterator[Platform]:
    (folder / "logs").mkdir()
    with platform(folder / "home", folder / "logs") as running:
        yield running


@contextmanager
def _browser(play: Playwright, clip: Path) -> Iterator[tuple[Browser, Family]]:
    mark = f"--nbinterview-bench={uuid.uuid4()}"
    with headless(play, *camera_flags(clip), mark) as browser:
        yield browser, Family.of(mark)


@contextmanager
def _quiet_room(play: Playwright, folder: Path) -> Iterator[tuple[Room, Family]]:
    clip = build.build(folder / "steady.mjpeg", [("facing", 6)])
    with (
        _platform(folder) as running,
        _browser(play, clip) as (browser, family),
        entered(running, browser) as room,
    ):
        yield room, family


# ------------------------------------------------------------------------ typing


def typing(
    report: Report, play: Playwright, folder: Path, *, rounds: int, keys: int
) -> None:
    """Type in JupyterLab's editor, watched and not, in one page, and add the row."""
    report.look_at_machine()
    took_ms: dict[str, list[list[float]]] = {"watched": [], "not": []}
    with _quiet_room(play, folder) as (room, _):
        page = room.candidate
        page.evaluate("window.watchKeys()")
        _type(page, 30)  # the first keys find cold caches everywhere
        for name in interleaved(tuple(took_ms), rounds):
            _watch(page, on=name == "watched")
            took_ms[name].append(_type(page, keys))
            print(f"  {name}: p95 {p95(took_ms[name][-1]):.1f} ms", flush=True)
    one = compare(took_ms["watched"], took_ms["not"], p95, chance=report.chance())
    low, high = one.ratio
    report.add(
        Row(
            "a key in the notebook to its painting, watched by all sensors, p95",
            "ms",
            one.ours,
            one.peer,
            one.ours / one.peer,
            low,
            high,
            bar=f"at most {TYPING_BAR:.2f} x not watched",
            holds=high <= TYPING_BAR,
            n=f"{rounds} rounds x {keys} keys",
            versions="the same page with every sensor switched off",
        )
    )


def _watch(page: Page, *, on: bool) -> None:
    """Switch all sensors on or off, as the candidate can, and wait until it holds."""
    page.locator(".jp-nbinterview-Chip").click()
    for sensor in SENSORS:
        switch = page.get_by_role("switch", name=sensor)
        if (switch.get_attribute("aria-checked") == "true") != on:
            switch.click()
    page.keyboard.press("Escape")
    if on:
        page.evaluate("window.seen.answers.length = 0")
        until(page, "window.seen.answers.length >= 5", within_s=60)
    else:
        page.get_by_text("Not watching").wait_for()
    page.wait_for_timeout(2000)  # what switching itself costs is over


def _type(page: Page, keys: int) -> list[float]:
    """Type so many keys at an even pace; return how long each took to be painted."""
    editor = page.locator(".jp-CodeCell .cm-content").first
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.evaluate("window.seen.keys_ms.length = 0")
    began_s = time.monotonic()
    for number in range(keys):
        late_s = time.monotonic() - began_s - number / KEYS_PER_S
        if late_s < 0:
            page.wait_for_timeout(-1000 * late_s)
        page.keyboard.press(_key(number))
    until(page, f"window.seen.keys_ms.length >= {keys}", within_s=30)
    found: list[float] = page.evaluate("window.seen.keys_ms.slice()")
    return found


def _key(number: int) -> str:
    key = TEXT[number % len(TEXT)]
    return "Space" if key == " " else key


# --------------------------------------------------------------- a slow computer


@contextmanager
def slowed(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Let processes run for a tenth of the time only, in slices."""
    over = threading.Event()

    def every(what: str) -> None:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                getattr(process, what)()

    def slice_() -> None:
        while not over.wait(RUNS_S):
            every("suspend")
            over.wait(STANDS_S)
            every("resume")

    thread = threading.Thread(target=slice_)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)
        every("resume")


def slow(report: Report, play: Playwright, folder: Path, *, watch_s: float) -> None:
    """Slow the browser's pages down; see the rate fall, the words, and no queue."""
    report.look_at_machine()
    with _quiet_room(play, folder) as (room, family):
        page = room.candidate
        page.locator(".jp-nbinterview-Chip").click()
        page.get_by_role("button", name="What is measured, and my record").click()
        words = page.locator("#nbinterview-record")
        page.set_default_timeout(120_000)
        with slowed(family.renderers()):
            began_s = time.monotonic()
            says_so = _appears(words.get_by_text(BUSY))
            fell_s = time.monotonic() - began_s
            page.evaluate("window.seen.answers.length = 0")
            page.wait_for_timeout(1000 * watch_s)
            answers = page.evaluate("window.seen.answers")
            origin_ms = page.evaluate("performance.timeOrigin")
        most = page.evaluate("window.seen.mostWaiting")
    ages_ms = [told - origin_ms - taken for told, taken, _ in answers]
    half = len(ages_ms) // 2
    older, newer = p95(ages_ms[:half]), p95(ages_ms[half:])
    report.add(
        Row(
            "pictures under way at once on a slow computer",
            "pictures",
            most,
            bar="at most one",
            holds=most <= 1,
            n=f"{len(ages_ms)} pictures in {watch_s:.0f} s",
            note="its browser's pages run a tenth of the time; an answer's age, p95: "
            f"{older:.0f} ms in the first half and {newer:.0f} ms in the second",
        ),
        Row(
            f"until the rate fell to {SLOWEST_HZ} Hz and the page said so",
            "s",
            fell_s,
            bar="it falls and says so",
            holds=says_so,
            n="1 time",
        ),
    )


def _appears(words: Locator) -> bool:
    with suppress(TooLate):
        words.wait_for(timeout=FALLS_WITHIN_S * 1000)
        return True
    return False


# ------------------------------------------------------------------ a flag's way


def flag_way(report: Report, play: Playwright, folder: Path, *, count: int) -> None:
    """Time flags from the camera's picture to the interviewer's page."""
    report.look_at_machine()
    clip = folder / "visits.mjpeg"
    numbered = clips.write(clip, flagway.scenario(12))
    with (
        _platform(folder) as running,
        _browser(play, clip) as (browser, _),
        entered(running, browser, clock=True, panel=True) as room,
    ):
        # The first one finds cold caches everywhere.
        found = flagway.measured(room, numbered, count + 1)[1:]
        rates_hz = sorted(_rates_hz(room))
    rate = f"measured {rates_hz[len(rates_hz) // 2]:g} times a second (median)"
    here = "both pages, the room, its journal and the hub's proxy share the cores"
    chance = report.chance()
    report.add(
        _way_row(
            "the inference that completes it",
            INFERENCE_BAR_MS,
            [one.after_inference_ms for one in found],
            chance,
            note=f"{here}; {rate}",
        ),
        _way_row(
            "the picture that completes it",
            PICTURE_BAR_MS,
            [one.after_picture_ms for one in found],
            chance,
        ),
        _way_row(
            "a second face was shown, less the rule's own duration",
            PICTURE_BAR_MS,
            [one.after_change_ms for one in found],
            chance,
            note="by the clock in the clip; so waiting for the next picture that is "
            "looked at is in it, at the begin and at the end of the rule's time, and "
            "that the model finds a second face only in the picture after the first",
        ),
    )


def _way_row(
    since: str,
    bar_ms: float,
    took_ms: Sequence[float],
    chance: random.Random,
    note: str = "",
) -> Row:
    low, high = interval(took_ms, p95, chance=chance)
    return Row(
        measure=f"flag painted for the interviewer after {since}, p95",
        unit="ms",
        ours=p95(took_ms),
        low=low,
        high=high,
        bar=f"at most {bar_ms:g} ms",
        holds=high <= bar_ms,
        n=f"{len(took_ms)} flags",
        note=note,
    )


def _rates_hz(room: Room) -> list[float]:
    def told() -> list[float]:
        return [
            float(record["payload"]["rate_hz"])
            for record in room.made.records("observations")
            if record["payload"].get("rate_hz")
        ]

    return wait_for("rates in the record", told, timeout_s=20)
