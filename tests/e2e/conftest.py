"""The platform, a virtual screen and browsers, once for all end-to-end tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.e2e.harness import ROOT, Platform, display, headless, platform


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here; give the story the time that its clip needs."""
    for item in items:
        if "e2e" in Path(str(item.path)).parts:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots and logs are kept for people to look at."""
    path = Path(os.environ.get("NBINTERVIEW_ARTIFACTS", ROOT / "test-artifacts"))
    shutil.rmtree(path / "e2e", ignore_errors=True)
    (path / "e2e").mkdir(parents=True)
    return path / "e2e"


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, artifacts: Path
) -> Iterator[Platform]:
    """The platform, as `nbinterview up` starts it."""
    home = tmp_path_factory.mktemp("platform") / "home"
    with platform(home, artifacts) as found:
        yield found


# For a module, not for the session: its event loop would stay open under the
# asynchronous tests of the folders that come after.
@pytest.fixture(scope="module")
def play() -> Iterator[Playwright]:
    """Playwright."""
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="module")
def staff_browser(play: Playwright) -> Iterator[Browser]:
    """A headless Chromium for interviewers and reviewers."""
    with headless(play) as browser:
        yield browser


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """A virtual X display."""
    with display() as name:
        yield name
