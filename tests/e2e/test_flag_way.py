"""A second face in the camera's picture is soon a flag in the interviewer's page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Playwright

from bench.widget import clips, cost, flagway
from bench.widget.browser import camera_flags
from bench.widget.room import entered
from tests.e2e.harness import Platform, headless

FLAGS = 2
AFTER_INFERENCE_MS, AFTER_PICTURE_MS = 2000.0, 3000.0
"""Far beyond what it takes even on a machine that does ten other things."""


def test_the_clock_says_when_a_state_was_first_shown() -> None:
    numbered = clips.states([("facing", 0.1), ("nobody", 0.1)])
    shown = [(10.0, 4), (43.0, 5), (76.0, 0), (109.0, 2), (142.0, 4), (175.0, 5)]
    # At the very beginning nothing is known of the picture before.
    assert clips.changes(shown, numbered, "nobody") == [142.0]


def test_what_is_told_too_early_or_with_a_face_does_not_count() -> None:
    results = [(90.0, 0), (110.0, 1), (130.0, 0), (150.0, 0), (400.0, 1)]
    assert cost.first_without(results, [100.0, 500.0]) == [30.0]


def test_a_moment_meets_long_gaps_more_often_than_their_number_says() -> None:
    assert cost.met([4.0] * 100 + [100.0]) == 100.0
    assert cost.met([4.0] * 1000 + [10.0]) == 4.0


def test_a_flag_is_painted_soon_after_the_picture_that_completes_it(
    running: Platform, play: Playwright, tmp_path: Path
) -> None:
    """`make bench-widget` measures it with many more, and against its real bars."""
    clip = tmp_path / "visits.mjpeg"
    numbered = clips.write(clip, flagway.scenario(3))
    with (
        headless(play, *camera_flags(clip)) as browser,
        entered(running, browser, clock=True, panel=True) as room,
    ):
        found = flagway.measured(room, numbered, FLAGS)
        most_waiting: int = room.candidate.evaluate("window.seen.mostWaiting")
    assert len(found) >= FLAGS
    for way in found:
        assert 0 < way.after_inference_ms <= AFTER_INFERENCE_MS, way
        assert way.after_inference_ms < way.after_picture_ms <= AFTER_PICTURE_MS, way
        # A flag before its time would be wrong, however soon it came.
        assert way.after_change_ms > 0, way
    assert most_waiting == 1
