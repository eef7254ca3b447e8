"""One interview, from invitation to report, lived through once; tests look at it.

The candidate's camera shows a clip (`CLIP`). Somebody is away for a moment, looks aside
for a moment, and has a visitor for longer: the first two are told quietly and do not
count. What is typed, run and pasted, and the time in another tab, are placed in the
stretches where the clip is honest.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

from nbinterview_proctor.policy import load
from tests.e2e.harness import ROOT, Platform, Traffic, real_window, wait_for

CANDIDATE = "Ada Okafor"
INTERVIEWER = "Grace Lindqvist"
REVIEWER = "Emmy Nakamura"
STRANGER = "Rosalind Meyer"
TEMPLATE = ROOT / "service/nbinterview/samples/interview.ipynb"
OUTSIDE_TEXT = (
    "from sklearn.ensemble import RandomForestClassifier  # from elsewhere, "
    "as are its settings"
)
PLOT = (
    "import matplotlib.pyplot as plt\n"
    "plt.scatter(wines.alcohol, wines.proline, c=wines.target)\n"
    "plt.xlabel('alcohol'); plt.show()"
)
SCREENSHOT_TIMEOUT_MS = 20_000
FINDINGS = load("standard")["findings"]
ANSWER = "It is from my own course notes."

CLIP = (
    ("facing", 55),  # the camera check, seven places to look at, and some work
    ("nobody", 18),  # a nudge after 5 s, a warning after 15 s, no flag
    ("facing", 14),
    ("two faces", 20),  # a flag after 15 s
    ("facing", 10),
    ("turned:50", 12),  # a nudge after 8 s
    ("facing", 60),
)
NOBODY_S, VISITOR_S, ASIDE_S, LEFT_S = 55, 87, 117, 130
"""When nobody, a visitor, a turned head come in the clip; when all are over."""
HIDDEN_S = 17
"""So long the candidate is in another tab: a flag after 15 s."""


@dataclass
class Story:
    """What happened, for the tests to look at."""

    interview: str = ""
    links: dict[str, Any] = field(default_factory=dict)
    camera_started_s: float = 0.0
    panel_flags: list[str] = field(default_factory=list)
    panel_reloads: int = 0
    nudges_shown: list[str] = field(default_factory=list)
    warnings_shown: list[str] = field(default_factory=list)
    answer_in_panel: bool = False
    candidate_cell_seen_by_interviewer: bool = False
    interviewer_edit_seen_by_candidate: bool = False
    names_seen: dict[str, str] = field(default_factory=dict)
    plots: dict[str, int] = field(default_factory=dict)
    report_text: str = ""
    report_flags: list[str] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=Traffic)
    console_errors: list[str] = field(default_factory=list)


class Shots:
    """Screenshots of every page a person sees, numbered in order."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0

    def take(self, page: Page, name: str, *, full_page: bool = False) -> None:
        """Keep what this page shows now."""
        self._count += 1
        page.screenshot(
            path=self._directory / f"{self._count:02}-{name}.png",
            full_page=full_page,
            timeout=SCREENSHOT_TIMEOUT_MS,
        )


def sign_in(page: Page, link: str, shots: Shots, who: str) -> None:
    """Open an invitation and press its button."""
    page.goto(link)
    shots.take(page, f"invitation-{who}")
    page.get_by_role("button", name="Sign in").click()


def code_cell(page: Page, number: int) -> Locator:
    """Return the editor of the n-th code cell, counted from 0."""
    return page.locator(".jp-CodeCell .cm-content").nth(number)


def notebook_is_open(page: Page) -> None:
    """Wait until the shared notebook shows its cells."""
    page.locator(".jp-CodeCell .cm-content").first.wait_for(timeout=90_000)


def type_into(page: Page, number: int, text: str) -> None:
    """Type as a person does: click, then key by key."""
    code_cell(page, number).click()
    for index, line in enumerate(text.split("\n")):
        if index:
            page.keyboard.press("Enter")
        page.keyboard.type(line, delay=15)


def flags_in(page: Page) -> list[str]:
    """Return the rules of the flags in the interviewer's panel, oldest first."""
    found = page.locator("#nbinterview-panel [data-kind=flag]")
    rules = [item.get_attribute("data-rule") or "" for item in found.all()]
    return rules[::-1]


class Interview:
    """The cast and what they do."""

    def __init__(
        self,
        platform: Platform,
        play: Playwright,
        staff: Browser,
        screen: str,
        clip: Path,
        profile: Path,
        artifacts: Path,
    ) -> None:
        self.platform = platform
        self.play = play
        self.staff = staff
        self.screen = screen
        self.clip = clip
        self.profile = profile
        self.artifacts = artifacts
        self.shots = Shots(artifacts)
        self.story = Story()
        self.contexts: list[BrowserContext] = []
        self.ended = False

    def live(self) -> Story:
        """Live through the interview; where it stops, keep what everybody saw."""
        try:
            return self._live()
        except Exception:
            for context in self.contexts:
                for page in context.pages:
                    self.shots.take(page, "stopped-here")
            print("\n".join(self.story.console_errors))
            raise

    def _live(self) -> Story:
        self._create()
        interviewer = self._context()
        panel = self._enter_interviewer(interviewer)
        flags = (
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={self.clip}",
        )
        with real_window(self.play, self.profile, self.screen, *flags) as candidate:
            self.story.traffic.watch(candidate)
            self.contexts.append(candidate)
            elsewhere = self._copy_elsewhere(candidate)
            room = self._enter_candidate(candidate)
            self._work_together(room, panel)
            self._clip_passes(panel, room)
            self._paste_and_leave(room, elsewhere, panel)
            self._end(panel, room)
            self._denied(candidate)
        self._review()
        interviewer.close()
        return self.story

    # -- the parts -----------------------------------------------------------

    def _context(self) -> BrowserContext:
        context = self.staff.new_context(viewport={"width": 1440, "height": 900})
        self.story.traffic.watch(context)
        self.contexts.append(context)
        return context

    def _watch_console(self, page: Page, who: str) -> None:
        page.on(
            "console",
            lambda message: (
                self.story.console_errors.append(f"{who}: {message.text}")
                if message.type == "error" and not self.ended
                else None
            ),
        )

    def _create(self) -> None:
        made = self.platform.cli(
            *("interview", "create", "--template", str(TEMPLATE)),
            *("--candidate", CANDIDATE, "--interviewer", INTERVIEWER),
            *("--reviewer", REVIEWER, "--title", "A look at some wine"),
            *("--policy", "standard", "--start", "--json"),
        )
        self.story.interview = made["id"]
        self.story.links = made["links"]
        other = self.platform.cli(
            *("interview", "create", "--template", str(TEMPLATE)),
            *("--candidate", "Somebody Else", "--interviewer", STRANGER),
            *("--policy", "standard", "--json"),
        )
        self.story.links["stranger"] = other["links"]["interviewer"]

    def _link(self, who: str) -> str:
        link = self.story.links[who]
        return str(link[0] if isinstance(link, list) else link)

    def _enter_interviewer(self, context: BrowserContext) -> Page:
        page = context.new_page()
        self._watch_console(page, "interviewer")
        sign_in(page, self._link("interviewer"), self.shots, "interviewer")
        notebook_is_open(page)
        page.locator("#nbinterview-panel").wait_for()
        self.shots.take(page, "room-interviewer-empty")
        # Counted, so that "without reloading" is a fact.
        page.on("domcontentloaded", lambda _: self._count_reload())
        return page

    def _count_reload(self) -> None:
        self.story.panel_reloads += 1

    def _copy_elsewhere(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.goto("data:text/html,<title>Elsewhere</title><textarea rows=4 cols=90>")
        page.locator("textarea").fill(OUTSIDE_TEXT)
        page.locator("textarea").press("Control+a")
        page.keyboard.press("Control+c")
        return page

    def _enter_candidate(self, context: BrowserContext) -> Page:
        page = context.new_page()
        self._watch_console(page, "candidate")
        sign_in(page, self._link("candidate"), self.shots, "candidate")
        page.get_by_role("switch", name="Camera").wait_for(timeout=90_000)
        notebook_is_open(page)
        self.shots.take(page, "consent")
        for sensor in ("Camera", "This page", "Copy and paste"):
            page.get_by_role("switch", name=sensor).click()
        page.get_by_role("button", name="Continue to the camera check").click()
        page.get_by_label("Your camera picture, seen only by you").wait_for()
        self.story.camera_started_s = time.time()
        page.get_by_text("One face found").wait_for(timeout=15_000)
        self.shots.take(page, "camera-check")
        page.get_by_role("button", name="Continue: look at a few places").click()
        self.shots.take(page, "places")
        page.get_by_role("button", name="Begin").click()
        start = page.get_by_role("button", name="Start the interview")
        start.wait_for(timeout=40_000)
        self.shots.take(page, "places-seen")
        start.click()
        page.get_by_text("Watching:").wait_for()
        return page

    def _until(self, clip_s: float) -> None:
        """Wait for a moment of the clip."""
        time.sleep(max(0.0, self.story.camera_started_s + clip_s - time.time()))

    def _work_together(self, room: Page, panel: Page) -> None:
        """While the clip is honest: type, run, see each other."""
        code_cell(room, 0).click()
        room.keyboard.press("Shift+Enter")
        type_into(room, 2, PLOT)
        room.keyboard.press("Shift+Enter")
        story = self.story
        seen = code_cell(panel, 2)
        wait_for(
            "the candidate's typing",
            lambda: "wines.proline" in (seen.text_content() or ""),
            timeout_s=15,
        )
        story.candidate_cell_seen_by_interviewer = True
        for who, page in (("candidate", room), ("interviewer", panel)):
            image = page.locator(".jp-OutputArea img").first
            image.wait_for(timeout=30_000)
            story.plots[who] = page.locator(".jp-OutputArea img").count()
        type_into(panel, 3, "# Nice. What would you try first?")
        mine = code_cell(room, 3)
        wait_for(
            "the interviewer's typing",
            lambda: "try first" in (mine.text_content() or ""),
            timeout_s=15,
        )
        story.interviewer_edit_seen_by_candidate = True
        people = panel.locator(".jp-nbinterview-People")
        story.names_seen["interviewer"] = people.text_content() or ""
        story.names_seen["candidate"] = room.locator("body").inner_text()
        self.shots.take(room, "room-candidate")
        self.shots.take(panel, "room-interviewer")

    def _clip_passes(self, panel: Page, room: Page) -> None:
        """Nobody, two faces, turned away."""
        self._nudged(room, "nobody", NOBODY_S + 12)
        self.shots.take(room, "nudge-candidate")
        self._warned(room, "nobody", NOBODY_S + 19)
        self.shots.take(room, "warning-candidate")
        self._until(NOBODY_S + 19)
        type_into(room, 1, "wines.target.value_counts()")
        room.keyboard.press("Shift+Enter")
        self._nudged(room, "multiple_faces", VISITOR_S + 10)
        self._warned(room, "multiple_faces", VISITOR_S + 12)
        self._flag_seen(panel, "multiple_faces", VISITOR_S + 20)
        self._nudged(room, "looking_away", ASIDE_S + 14)

    def _nudged(self, room: Page, rule: str, until_s: float) -> None:
        """Wait until the candidate reads this rule's quiet words."""
        line = room.locator(".jp-nbinterview-Nudge", has_text=FINDINGS[rule]["nudge"])
        left_s = self.story.camera_started_s + until_s - time.time()
        line.wait_for(timeout=max(1.0, left_s) * 1000)
        self.story.nudges_shown.append(rule)

    def _warned(self, room: Page, rule: str, until_s: float) -> None:
        """Wait until the candidate reads this rule's words."""
        words: str = FINDINGS[rule]["warning"]
        notice = room.locator(".jp-nbinterview-Notice", has_text=words)
        left_s = self.story.camera_started_s + until_s - time.time()
        notice.wait_for(timeout=max(1.0, left_s) * 1000)
        self.story.warnings_shown.append(rule)

    def _flag_seen(self, panel: Page, rule: str, until_s: float) -> None:
        left_s = self.story.camera_started_s + until_s - time.time()
        panel.locator(
            f"#nbinterview-panel [data-kind=flag][data-rule={rule}]"
        ).wait_for(timeout=max(1.0, left_s) * 1000)

    def _paste_and_leave(self, room: Page, elsewhere: Page, panel: Page) -> None:
        """The clip is honest to its end."""
        self._until(LEFT_S)
        code_cell(room, 3).click()
        room.keyboard.press("Control+End")
        room.keyboard.press("Enter")
        room.keyboard.press("Control+v")
        self._warned(room, "external_paste", LEFT_S + 5)
        self._flag_seen(panel, "external_paste", LEFT_S + 8)
        self._answer(room, panel)
        elsewhere.bring_to_front()
        time.sleep(HIDDEN_S)
        room.bring_to_front()
        self._flag_seen(panel, "tab_hidden", LEFT_S + 55)
        self.shots.take(room, "room-candidate-record")
        self.shots.take(panel, "room-interviewer-flags")
        self.story.panel_flags = flags_in(panel)

    def _answer(self, room: Page, panel: Page) -> None:
        """Answer the last finding in the candidate's own record."""
        room.locator(".jp-nbinterview-Chip").click()
        room.get_by_role("button", name="What is measured, and my record").click()
        finding = room.locator("#nbinterview-record .jp-nbinterview-Finding").filter(
            has_text=FINDINGS["external_paste"]["title"]
        )
        finding.get_by_text("Answer this").click()
        finding.get_by_role("textbox").fill(ANSWER)
        finding.get_by_role("button", name="Put it beside the record").click()
        panel.locator("#nbinterview-panel").get_by_text(ANSWER).wait_for()
        self.story.answer_in_panel = True

    def _end(self, panel: Page, room: Page) -> None:
        self.ended = True
        self.platform.cli("interview", "end", self.story.interview)
        room.get_by_text("ended", exact=False).first.wait_for(timeout=30_000)
        self.shots.take(room, "ended-candidate")

    def _report_url(self) -> str:
        port = self.platform.port
        return (
            f"http://report--service.localhost:{port}/services/report/"
            f"?interview={self.story.interview}"
        )

    def _denied(self, candidate: BrowserContext) -> None:
        page = candidate.new_page()
        answer = page.goto(self._report_url())
        assert answer is not None
        self.story.statuses["candidate"] = answer.status
        self.shots.take(page, "report-candidate-403")
        stranger = self._context()
        page = stranger.new_page()
        sign_in(page, self._link("stranger"), self.shots, "stranger")
        page.wait_for_load_state()
        answer = page.goto(self._report_url())
        assert answer is not None
        self.story.statuses["stranger"] = answer.status
        stranger.close()

    def _review(self) -> None:
        context = self._context()
        page = context.new_page()
        sign_in(page, self._link("reviewer"), self.shots, "reviewer")
        page.get_by_text(CANDIDATE).first.wait_for(timeout=60_000)
        self.shots.take(page, "report-list", full_page=True)
        answer = page.goto(self._report_url())
        assert answer is not None
        self.story.statuses["reviewer"] = answer.status
        page.locator(".flag-card").first.wait_for(timeout=60_000)
        page.get_by_text("RandomForestClassifier").first.wait_for(timeout=60_000)
        self.story.report_text = page.locator("body").inner_text()
        self.story.report_flags = [
            item.get_attribute("data-rule") or ""
            for item in page.locator(".flag-card").all()
        ]
        self.shots.take(page, "report", full_page=True)
        page.emulate_media(color_scheme="dark")
        self.shots.take(page, "report-dark", full_page=True)
        context.close()


def record_sample(platform: Platform, interview: str) -> None:
    """Keep this interview's record as the sample that is shipped, when asked to."""
    if os.environ.get("NBINTERVIEW_RECORD_SAMPLE"):
        target = ROOT / "service/nbinterview/samples/recorded.jsonl.gz"
        platform.cli("record", "export", interview, str(target))
