"""A 90-minute interview as a film: made in Python, watched in a browser's tab."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from pycrdt import Map

from bench.collab.sizes import typing
from bench.rows import Report, Row, interval, p95
from nbinterview.ledger.film import make_film
from tests.dashboard.test_replay_player import REPLAY, SEEKS, film, shown
from tests.service.core.recording import CANDIDATE, HEADER, Recording, cell

MINUTES, CELLS, PLOTS = 90, 200, 50
PLOT_BYTES = 30_000
SEEK_MS, TAB_MB = 300.0, 300.0
PNG = b"\x89PNG\r\n\x1a\n"


def interview(report: Report) -> Recording:
    """Return the record of a long interview: typed key by key, with plots."""
    chance = report.chance()
    texts = [cell(f"# Cell {number}", id_=f"cell-{number}") for number in range(CELLS)]
    recording = Recording(*texts)
    keys = typing(MINUTES * 60, chance)
    every = len(keys) // PLOTS
    index = 0
    for number, key in enumerate(keys):
        recording.now_s = number * MINUTES * 60 / len(keys)
        if number % 120 == 0:
            index = chance.randrange(CELLS)
        if key == "\b":
            length = len(str(recording.source(index)))
            recording.delete(CANDIDATE, index, length - 1, length)
        else:
            recording.insert(CANDIDATE, index, len(str(recording.source(index))), key)
        if number % every == every - 1:
            plot = base64.b64encode(PNG + chance.randbytes(PLOT_BYTES)).decode()
            output = {
                "output_type": "display_data",
                "data": {"image/png": plot, "text/plain": "<Figure>"},
                "metadata": {},
            }
            with recording.by("kernel") as cells:
                cells[index]["outputs"].append(Map(output))
    return recording


def making(report: Report, *, repeats: int) -> None:
    """Time how long Python takes to make the film."""
    report.look_at_machine()
    records = interview(report).records
    took_s = []
    for _ in range(repeats):
        began_s = time.perf_counter()
        made = make_film(HEADER, records)
        took_s.append(time.perf_counter() - began_s)
    low, high = interval(took_s, p95, chance=report.chance())
    report.add(
        Row(
            f"making the film of {MINUTES} minutes, {CELLS} cells, {PLOTS} plots",
            "s",
            p95(took_s),
            low=low,
            high=high,
            n=f"{repeats} times, {len(records)} records, {len(made['frames'])} frames",
        )
    )


def watching(report: Report, *, seeks: int) -> None:
    """Seek anywhere in the tests' big film, and weigh its tab."""
    report.look_at_machine()
    subprocess.run(["node", "scripts/build.mjs"], cwd=REPLAY, check=True, timeout=120)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        try:
            with shown(browser, film("big")) as page:
                took_ms = list(map(float, page.evaluate(SEEKS, seeks)))
                tab_mb = heaviest_tab_mb(browser)
        finally:
            browser.close()
    low, high = interval(took_ms, p95, chance=report.chance())
    what = f"{MINUTES} minutes, {CELLS} cells, {PLOTS} plots"
    report.add(
        Row(
            f"seek anywhere, {what}, p95",
            "ms",
            p95(took_ms),
            low=low,
            high=high,
            bar=f"at most {SEEK_MS:.0f} ms",
            holds=high <= SEEK_MS,
            n=f"{seeks} seeks",
        ),
        Row(
            f"memory of the tab that replays, {what}",
            "MB",
            tab_mb,
            bar=f"under {TAB_MB:.0f} MB",
            holds=tab_mb < TAB_MB,
            n=f"after {seeks} seeks",
        ),
    )


def heaviest_tab_mb(browser: Browser) -> float:
    """Return the memory of the largest renderer, shared pages by their share."""
    session = browser.new_browser_cdp_session()
    found: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")[
        "processInfo"
    ]
    session.detach()
    return max(_pss_mb(one["id"]) for one in found if one["type"] == "renderer")


def _pss_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1000
