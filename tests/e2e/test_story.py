"""One interview from invitation to report, in real browsers on a real camera stream."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright

from tests.e2e.clip.build import build
from tests.e2e.harness import Platform
from tests.e2e.story import (
    ANSWER,
    ASIDE_S,
    CANDIDATE,
    CLIP,
    INTERVIEWER,
    LEFT_S,
    NOBODY_S,
    VISITOR_S,
    Interview,
    Story,
    record_sample,
)

FLAGGED = ["multiple_faces", "external_paste", "tab_hidden"]
# Short, so recorded with the reason why it does not count.
NOT_COUNTED = ["nobody", "looking_away"]

# ipywidgets looks for widgets of an earlier kernel and finds none; MediaPipe's WASM
# writes its news to the error stream.
NO_COMPLAINT = ("Comm not found", "INFO: Created TensorFlow Lite XNNPACK delegate")

# Where each finding begins in the clip, in seconds after the camera started. The
# clip's own seconds; the rest is the time a page needs to see and tell it.
BEGINS_S = {
    "nobody": (NOBODY_S - 1, NOBODY_S + 3),
    "multiple_faces": (VISITOR_S - 1, VISITOR_S + 3),
    "looking_away": (ASIDE_S - 1, ASIDE_S + 3),
    "external_paste": (LEFT_S, LEFT_S + 12),
    "tab_hidden": (LEFT_S, LEFT_S + 35),
}


@pytest.fixture(scope="module")
def story(
    running: Platform,
    play: Playwright,
    staff_browser: Browser,
    screen: str,
    artifacts: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    clip = tmp_path_factory.mktemp("clip") / "story.mjpeg"
    build(clip, CLIP)
    profile = tmp_path_factory.mktemp("profile")
    interview = Interview(
        running, play, staff_browser, screen, clip, profile, artifacts
    )
    lived = interview.live()
    record_sample(running, lived.interview)
    return lived


@pytest.fixture(scope="module")
def records(running: Platform, story: Story, artifacts: Path) -> list[dict[str, Any]]:
    target = artifacts / "record.jsonl.gz"
    running.cli("record", "export", story.interview, str(target))
    with gzip.open(target, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines][1:]


def of_kind(records: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] in kinds]


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_the_record_holds_exactly_the_findings_in_order(
    records: list[dict[str, Any]],
) -> None:
    assert [r["payload"]["rule"] for r in of_kind(records, "flag")] == FLAGGED


def test_what_was_short_is_on_record_and_does_not_count(
    records: list[dict[str, Any]],
) -> None:
    episodes = [one["payload"] for one in of_kind(records, "episode")]
    camera = [one for one in episodes if one["rule"] in NOT_COUNTED]
    assert [one["rule"] for one in camera] == NOT_COUNTED
    assert {one["because"] for one in camera} == {"short"}


def test_no_finding_begins_in_an_honest_stretch(
    story: Story, records: list[dict[str, Any]]
) -> None:
    for record in of_kind(records, "flag", "episode"):
        if record["payload"]["rule"] not in BEGINS_S:
            assert record["kind"] == "episode"  # what a program did, recorded only
            continue
        payload = record["payload"]
        low, high = BEGINS_S[payload["rule"]]
        at_s = seconds(payload["started_at"]) - story.camera_started_s
        assert low <= at_s <= high, payload


def test_every_flag_was_a_warning_first(records: list[dict[str, Any]]) -> None:
    warned: set[str] = set()
    for record in records:
        if record["kind"] == "warning":
            warned.add(record["payload"]["episode_id"])
        elif record["kind"] == "flag":
            assert record["payload"]["episode_id"] in warned


def test_the_candidate_was_told_in_the_page(story: Story) -> None:
    # The tab that is hidden cannot be read: its warning waits for the return.
    assert story.nudges_shown == ["nobody", "multiple_faces", "looking_away"]
    assert story.warnings_shown == ["nobody", "multiple_faces", "external_paste"]


def test_the_candidates_answer_is_beside_the_flag(
    story: Story, records: list[dict[str, Any]]
) -> None:
    assert story.answer_in_panel
    said = [one["payload"]["event"] for one in of_kind(records, "event")]
    [comment] = [event for event in said if event["name"] == "comment"]
    assert comment["text"] == ANSWER
    flagged = {
        one["payload"]["episode_id"]: one["payload"]["rule"]
        for one in of_kind(records, "flag")
    }
    assert flagged[comment["episode_id"]] == "external_paste"


def test_the_calibration_that_counts_is_on_record(
    records: list[dict[str, Any]],
) -> None:
    taken = [one["payload"] for one in of_kind(records, "calibration")]
    assert any(not one.get("rehearsal", False) for one in taken)


def test_no_page_complained(story: Story) -> None:
    complaints = [
        line
        for line in story.console_errors
        if not any(words in line for words in NO_COMPLAINT)
    ]
    assert complaints == []


def test_the_interviewer_saw_each_flag_without_reloading(story: Story) -> None:
    assert story.panel_flags == FLAGGED
    assert story.panel_reloads == 0


def test_typing_shows_in_both_pages(story: Story) -> None:
    assert story.candidate_cell_seen_by_interviewer
    assert story.interviewer_edit_seen_by_candidate


def test_names_come_from_the_platform(story: Story) -> None:
    assert CANDIDATE in story.names_seen["interviewer"]
    assert INTERVIEWER in story.names_seen["candidate"]


def test_the_plot_is_in_both_pages(story: Story) -> None:
    assert story.plots["candidate"] >= 1
    assert story.plots["interviewer"] >= 1


def test_the_report_has_every_finding_in_order(story: Story) -> None:
    assert story.statuses["reviewer"] == 200
    assert story.report_flags == FLAGGED


def test_the_report_shows_the_final_notebook(story: Story) -> None:
    assert "wines.target.value_counts()" in story.report_text
    assert "RandomForestClassifier" in story.report_text


def test_the_report_is_closed_to_candidate_and_other_interviewers(
    story: Story,
) -> None:
    assert story.statuses["candidate"] == 403
    assert story.statuses["stranger"] == 403


def test_no_request_left_this_machine(story: Story) -> None:
    assert story.traffic.hosts
    assert story.traffic.foreign_hosts() == set()


def test_no_picture_and_no_landmark_array_was_sent(story: Story) -> None:
    assert len(story.traffic.sent) > 100
    assert story.traffic.pictures() == []
    assert story.traffic.landmark_arrays() == []


def test_the_record_has_no_gaps_and_every_hash_holds(
    records: list[dict[str, Any]],
) -> None:
    from nbinterview.ledger.records import Record

    checked = [Record.from_wire(record) for record in records]
    assert [record.seq for record in checked] == list(range(1, len(checked) + 1))


def test_every_document_update_has_its_author(records: list[dict[str, Any]]) -> None:
    authors = {record["author"] for record in of_kind(records, "document")}
    people = {
        record["payload"]["role"]: record["author"]
        for record in of_kind(records, "person.joined")
    }
    assert people["candidate"] in authors
    assert people["interviewer"] in authors


def test_executions_are_recorded_with_who_asked(records: list[dict[str, Any]]) -> None:
    asked = of_kind(records, "execution.requested")
    done = {
        r["payload"]["execution_id"] for r in of_kind(records, "execution.finished")
    }
    assert len(asked) >= 3
    assert {r["payload"]["execution_id"] for r in asked} == done
    assert all(r["author"].startswith("p-") for r in asked)


def test_consent_was_recorded_sensor_by_sensor(records: list[dict[str, Any]]) -> None:
    given = {
        record["payload"]["event"]["sensor"]
        for record in of_kind(records, "event")
        if record["payload"]["event"]["name"] == "consent"
        and record["payload"]["event"]["granted"]
    }
    assert given == {"camera", "focus", "clipboard"}
