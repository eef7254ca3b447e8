"""Fixtures of the report's tests: one platform and one browser for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.dashboard.recording import hostile_notebook
from tests.dashboard.stage import Made, Stage, stage


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The platform, running."""
    with stage(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture(scope="session")
def honest(platform: Stage) -> Made:
    """An interview with a record."""
    made = platform.make(
        title="Plots and models", candidate="Ada Example", interviewer="Grace Sample"
    )
    platform.ship(made)
    return made


@pytest.fixture(scope="session")
def hostile(platform: Stage) -> Made:
    """An interview whose candidate tried to run something in the reader's browser."""
    made = platform.make(
        title="<script>attacked('title')</script>",
        candidate='"><img src=x onerror=attacked("name")>',
        interviewer="Grace Other",
    )
    platform.ship(made, hostile_notebook())
    return made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser. While it is open no other event loop can run in this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots are kept."""
    return tmp_path_factory.mktemp("artifacts")
