"""The person's own mesh and the camera check's words, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page

from tests.e2e.clip import build

from .conftest import told, wait_until

Launch = Callable[..., Page]

LANDMARKS = 478
FRAME_KEYS_WITH_ARRAYS = {"box", "pose", "second_box"}
SHOW = """() => {
  window.meshes = [];
  watcher.showMesh(points => meshes.push([...points]));
}"""
FRAMES = "told.batches.flatMap(b => b.frames).length"


@pytest.fixture(scope="session")
def behind_tablet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody sits there and holds a dark tablet before the face."""
    still = Image.fromarray(build.picture("facing"))
    ImageDraw.Draw(still).rectangle((220, 110, 430, 380), fill=(40, 40, 45))
    path = tmp_path_factory.mktemp("clip") / "tablet.mjpeg"
    random = np.random.default_rng(1)
    with path.open("wb") as clip:
        for _ in range(60):
            clip.write(build.jpeg(build.noisy(np.asarray(still), random)))
    return path


def opened(page: Page) -> Page:
    page.evaluate("watcher.open()")
    wait_until(page, "told.detector.some(d => d.state === 'ready')")
    return page


def test_the_mesh_is_there_while_it_is_looked_at_and_in_no_report(
    launch: Launch, leaving: Path
) -> None:
    page = launch(camera_clip=leaving)
    page.evaluate(SHOW)  # before there is any detector
    opened(page).evaluate("watcher.start()")
    wait_until(page, "meshes.some(m => m.length === 0)")
    wait_until(page, "meshes.filter(m => m.length > 0).length >= 3")
    for points in page.evaluate("meshes.filter(m => m.length > 0)"):
        assert len(points) == 2 * LANDMARKS
        assert min(points) > 0
        assert max(points) < 1
    for frame in told(page, "batches.flatMap(b => b.frames)"):
        lists = {key for key, value in frame.items() if isinstance(value, list)}
        assert lists <= FRAME_KEYS_WITH_ARRAYS
        assert all(len(frame[key]) <= 16 for key in lists)
    # It outlives the camera, which takes the worker with it.
    page.evaluate("watcher.close(); meshes.length = 0")
    page.evaluate("watcher.open()")
    wait_until(page, "meshes.some(m => m.length > 0)")
    # Off in the worker, too: nothing is handed over that nobody looks at.
    page.evaluate(
        "watcher.showMesh(null);"
        "window.late = 0;"
        "watcher._detector._worker.addEventListener("
        "'message', e => { late += e.data.type === 'mesh'; });"
    )
    seen, so_far = page.evaluate("meshes.length"), page.evaluate(FRAMES)
    wait_until(page, f"{FRAMES} >= {so_far} + 4")
    assert page.evaluate("meshes.length") == seen
    assert page.evaluate("late") <= 1  # one may have been on its way


def test_the_check_says_that_a_face_cannot_be_read_and_not_that_nobody_is_there(
    launch: Launch, behind_tablet: Path
) -> None:
    page = opened(launch(camera_clip=behind_tablet))
    page.get_by_role("status").get_by_text("You are there").wait_for()
    assert "turn towards the camera" in page.inner_text("[role=status]")
    assert page.get_attribute("[data-level]", "data-level") == "attention"
