"""What goes wrong in real interviews: links, cameras, consent, Python, parts that stop.

One platform and two interviews: one that is never opened, for the links, and one
whose room is used by the same candidate from one test to the next.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from nbinterview.home import Home
from nbinterview.tokens import InvitationToken, sign_invitation
from tests.e2e.harness import Platform, headless, wait_for
from tests.e2e.people import (
    FAKE_CAMERA,
    SENSORS,
    Made,
    browser_of_candidate,
    code,
    enter_room,
    is_signed_in,
    notebook_file,
    output,
    part,
    run,
    tracks,
)
from tests.e2e.story import Shots, code_cell, notebook_is_open

CANDIDATE = "Zoë Müller"
INTERVIEWER = "Ines Okonkwo"
TIMEOUT_MS = 30_000
PHONE = "Pixel 7"


# ------------------------------------------------------------------ the stage


@pytest.fixture(scope="module")
def shots(artifacts: Path) -> Shots:
    return Shots(artifacts)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten cells, of which one was run before it was handed in."""
    old = {"output_type": "stream", "name": "stdout", "text": "from elsewhere\n"}
    return notebook_file(
        tmp_path_factory.mktemp("template") / "template.ipynb",
        [
            {"cell_type": "markdown", "source": "# Please answer below"},
            code("1 + 1", outputs=[old], execution_count=7),
            *[code() for _ in range(8)],
        ],
    )


@pytest.fixture(scope="module")
def closed(running: Platform, template: Path) -> Made:
    """An interview that nobody opened yet."""
    return Made.by(
        running,
        template,
        *("--candidate", "Cara Bell", "--interviewer", "Ivo Brandt"),
        *("--interviewer", "Wanda Withdrawn", "--title", "Closed door"),
        *("--policy", "standard"),
    )


@pytest.fixture(scope="module")
def interview(running: Platform, template: Path) -> Made:
    """An interview whose room is open."""
    return Made.by(
        running,
        template,
        *("--candidate", CANDIDATE, "--interviewer", INTERVIEWER),
        *("--title", "When things go wrong", "--policy", "standard", "--start"),
    )


@pytest.fixture(scope="module")
def camera_browser(play: Playwright) -> Iterator[Browser]:
    """A browser with a camera."""
    with headless(play, FAKE_CAMERA) as browser:
        yield browser


@pytest.fixture
def visit(staff_browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Make fresh browser profiles for people who only follow links."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = staff_browser.new_context(**options)
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def asked(interview: Made, shots: Shots) -> Iterator[Callable[..., Page]]:
    """Bring the candidate to the questions, in a browser profile of their own."""
    contexts: list[BrowserContext] = []

    def go(browser: Browser, *allowed: str) -> Page:
        context = browser_of_candidate(browser, *allowed)
        contexts.append(context)
        page = enter_room(context, interview.invitation(CANDIDATE)["url"])
        page.get_by_role("heading", name="Before you start").wait_for()
        return page

    yield go
    for context in contexts:
        for page in context.pages:
            shots.take(page, "left-here")
        context.close()


# ------------------------------------------------------------------ the links


def refused(context: BrowserContext, link: str, shots: Shots, name: str) -> Any:
    """Open a link that does not hold; return status and words."""
    page = context.new_page()
    answer = page.goto(link)
    assert answer is not None
    shots.take(page, f"link-{name}")
    assert page.get_by_role("button").count() == 0
    assert not is_signed_in(context)
    return answer.status, page.locator("main").inner_text()


def test_an_altered_link_says_so_and_signs_nobody_in(
    closed: Made, visit: Callable[..., BrowserContext], shots: Shots
) -> None:
    link = closed.invitation("Cara Bell")["url"][:-3]
    status, words = refused(visit(), link, shots, "altered")
    assert status == 400
    assert "This link is not complete" in words
    assert "copy the whole line" in words


def test_an_expired_link_says_so_and_signs_nobody_in(
    running: Platform, closed: Made, visit: Callable[..., BrowserContext], shots: Shots
) -> None:
    invitation = closed.invitation("Cara Bell")
    token = sign_invitation(
        Home(running.home).secret("invitation_key"),
        InvitationToken(invitation["id"], int(time.time()) - 1),
    )
    link = invitation["url"].partition("token=")[0] + f"token={token}"
    status, words = refused(visit(), link, shots, "expired")
    assert status == 403
    assert "This link has expired" in words
    assert "ask the person who invited you for a new link" in words


def test_a_withdrawn_link_says_so_and_signs_nobody_in(
    running: Platform, closed: Made, visit: Callable[..., BrowserContext], shots: Shots
) -> None:
    invitation = closed.invitation("Wanda Withdrawn")
    said = running.cli("invitation", "withdraw", invitation["id"])
    assert "Wanda Withdrawn" in said
    status, words = refused(visit(), invitation["url"], shots, "withdrawn")
    assert status == 403
    assert "This invitation was withdrawn" in words
    assert "ask them for a new one" in words


def test_opening_a_link_changes_nothing_and_it_works_from_a_second_browser(
    closed: Made, visit: Callable[..., BrowserContext], shots: Shots
) -> None:
    link = closed.invitation("Cara Bell")["url"]
    person = closed.invitation("Cara Bell")["hub_name"]
    reader = closed.invitation("Ivo Brandt")["hub_name"]

    def arrivals() -> list[dict[str, Any]]:
        return [each for each in closed.arrivals(reader) if each["hub_name"] == person]

    first = visit()
    page = first.new_page()
    for _ in range(2):
        page.goto(link)
    assert first.request.head(link).ok
    assert page.get_by_text("Cara Bell").first.is_visible()
    assert not is_signed_in(first)
    assert arrivals() == []

    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("has not opened the room yet").wait_for()
    shots.take(page, "waiting")
    assert is_signed_in(first)
    assert [each["fresh"] for each in arrivals()] == [True]

    second = visit().new_page()
    second.goto(link)
    second.get_by_role("button", name="Sign in").click()
    second.get_by_text("has not opened the room yet").wait_for()
    assert [each["fresh"] for each in arrivals()] == [True, True]
    browsers = {each["browser"] for each in arrivals()}
    assert len(browsers) == 2
    assert all(each.startswith("Chrome on Linux (") for each in browsers)


def test_a_link_of_somebody_else_asks_before_it_signs_anybody_out(
    closed: Made, visit: Callable[..., BrowserContext], shots: Shots
) -> None:
    context = visit()
    page = context.new_page()
    page.goto(closed.invitation("Ivo Brandt")["url"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Ivo Brandt").first.wait_for()
    page.goto(closed.invitation("Cara Bell")["url"])
    shots.take(page, "signed-in-as-another")
    alert = page.get_by_role("alert")
    assert "signed in as Ivo Brandt" in alert.inner_text()
    assert "private window" in alert.inner_text()
    # Saying no leaves everything as it was.
    page.get_by_role("link", name="Stay signed in as Ivo Brandt").click()
    page.get_by_text("Closed door").first.wait_for()
    page.goto(closed.invitation("Cara Bell")["url"])
    page.get_by_role("button", name="Sign in as Cara Bell instead").click()
    page.get_by_text("has not opened the room yet").wait_for()
    assert "Ivo Brandt" not in page.locator("header").first.inner_text()


def test_a_phone_is_told_kindly_what_works(
    closed: Made,
    play: Playwright,
    visit: Callable[..., BrowserContext],
    shots: Shots,
) -> None:
    page = visit(**play.devices[PHONE]).new_page()
    page.goto(closed.invitation("Cara Bell")["url"])
    shots.take(page, "phone-invitation")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Please come with a computer").wait_for()
    shots.take(page, "phone")
    words = page.locator("main").inner_text()
    assert "Closed door" in words
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


# -------------------------------------------------------------- the templates


def refusal(running: Platform, template: Path) -> str:
    """Return why the command line takes this template for no interview."""
    people = ("--candidate", "A", "--interviewer", "B")
    with pytest.raises(AssertionError) as refused:
        Made.by(running, template, *people, "--policy", "standard")
    words = str(refused.value)
    assert "Traceback" not in words
    return words


def test_a_template_that_is_no_notebook_is_refused(
    running: Platform, tmp_path: Path
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("Please answer below.", "utf-8")
    assert "is not a Jupyter notebook: it is not JSON" in refusal(running, text)
    other = tmp_path / "package.json"
    other.write_text(json.dumps({"name": "something else"}), "utf-8")
    assert "is not a Jupyter notebook" in refusal(running, other)
    assert "No such file" in refusal(running, tmp_path / "missing.ipynb")


def test_a_template_that_is_too_large_is_refused(
    running: Platform, tmp_path: Path
) -> None:
    large = notebook_file(tmp_path / "large.ipynb", [code("#" * (3 * 1024 * 1024))])
    words = refusal(running, large)
    assert "at most 2 MiB" in words
    assert "Data belongs in a file beside the notebook" in words


def test_results_in_a_template_are_removed_and_said(closed: Made) -> None:
    assert "outputs of 1 cell removed" in closed.notes
    assert "execution counts of 1 cell removed" in closed.notes


# ---------------------------------------------------------------- the sensors


def test_a_denied_camera_is_no_obstacle_and_on_record(
    interview: Made,
    camera_browser: Browser,
    asked: Callable[..., Page],
    shots: Shots,
) -> None:
    page = asked(camera_browser)
    before = interview.last_seq()
    without_a_camera(page, shots, "denied")
    cell = run(page, 1, "print('without', 'a camera')")
    output(cell, "without a camera").wait_for()
    interview.eventually(
        "the refusal", lambda: {"state": "denied"} in interview.told("camera", before)
    )
    assert flags(interview) == []


def test_a_missing_camera_is_no_obstacle_and_on_record(
    interview: Made, play: Playwright, asked: Callable[..., Page], shots: Shots
) -> None:
    with headless(play) as browser:
        page = asked(browser, "camera")
        before = interview.last_seq()
        without_a_camera(page, shots, "missing")
        interview.eventually(
            "the missing camera",
            lambda: {"state": "missing"} in interview.told("camera", before),
        )
        cell = run(page, 1, "print('no', 'camera')")
        output(cell, "no camera").wait_for()
    assert flags(interview) == []


def without_a_camera(page: Page, shots: Shots, why: str) -> None:
    """Agree to a camera that cannot be used, and start all the same."""
    camera = page.get_by_role("switch", name="Camera")
    if camera.get_attribute("aria-checked") == "false":
        camera.click()
    page.get_by_role("button", name="Continue to the camera check").click()
    page.get_by_text("That is no problem").wait_for()
    shots.take(page, f"camera-{why}")
    page.get_by_role("button", name="Start without a camera").click()
    page.get_by_role("dialog").wait_for(state="detached")
    chip = page.locator(".jp-nbinterview-Chip")
    chip.wait_for()
    assert "camera" not in chip.inner_text()


def flags(interview: Made) -> list[str]:
    """Return the rules of all flags so far."""
    return [record["payload"]["rule"] for record in interview.records("flag")]


def test_who_declines_everything_works_unwatched(
    interview: Made,
    camera_browser: Browser,
    asked: Callable[..., Page],
    shots: Shots,
) -> None:
    page = asked(camera_browser, "camera")
    before = interview.last_seq()
    for switch in page.get_by_role("switch").all():
        if switch.get_attribute("aria-checked") == "true":
            switch.click()
    page.get_by_role("button", name="Start without being watched").click()
    page.get_by_role("button", name="Not watching").wait_for()
    interview.eventually("the start", lambda: interview.told("watch", before))
    cell = run(page, 1, "print('un', 'watched')")
    output(cell, "un watched").wait_for()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    shots.take(page, "declined")
    finished = interview.eventually(
        "the run",
        lambda: interview.records("execution.finished", after_seq=before),
    )
    assert finished[-1]["payload"]["status"] == "ok"
    assert {
        (each["sensor"], each["granted"]) for each in interview.told("consent", before)
    } == {
        ("camera", False),
        ("focus", False),
        ("clipboard", False),
    }
    assert tracks(page) == []
    for watched in ("camera", "clipboard", "visibility", "window_focus", "fullscreen"):
        assert interview.told(watched, before) == [], watched
    measured = interview.records("observations", after_seq=before)
    assert [r["payload"]["frames"] for r in measured if r["payload"]["frames"]] == []


# --------------------------------------------------- the candidate in the room


class Candidate:
    """The candidate, whose page may be closed and come back."""

    def __init__(self, browser: Browser, interview: Made) -> None:
        self.context = browser_of_candidate(browser, "camera")
        self.interview = interview
        self.hub_name = interview.invitation(CANDIDATE)["hub_name"]
        self.page = enter_room(self.context, interview.invitation(CANDIDATE)["url"])

    def agree(self) -> None:
        """Agree to everything and start; the fake camera shows no face."""
        page = self.page
        for sensor in SENSORS:
            switch = page.get_by_role("switch", name=sensor)
            if switch.get_attribute("aria-checked") == "false":
                switch.click()
        page.get_by_role("button", name="Continue to the camera check").click()
        page.get_by_role("button", name="Continue: look at a few places").click()
        page.get_by_role("button", name="Leave it out").click()
        page.get_by_role("button", name="Watching: camera").wait_for()

    def come_back(self) -> Page:
        """Open the interview's page again, as from the history."""
        self.page = self.context.new_page()
        self.page.goto(self.interview.invitation(CANDIDATE)["url"])
        self.page.get_by_role("button", name="Continue").click()
        notebook_is_open(self.page)
        self.page.get_by_role("dialog").wait_for(state="detached")
        return self.page

    def kernel(self, after_seq: int) -> list[tuple[str, str]]:
        """Return what became of the kernel, and who asked."""
        found = self.interview.records("kernel", after_seq=after_seq)
        return [(record["payload"]["state"], record["author"]) for record in found]

    def finished(self, after_seq: int) -> list[str]:
        """Return how runs ended."""
        found = self.interview.records("execution.finished", after_seq=after_seq)
        return [record["payload"]["status"] for record in found]


@pytest.fixture(scope="module")
def candidate(
    camera_browser: Browser, interview: Made, shots: Shots
) -> Iterator[Candidate]:
    """The candidate, watched by every sensor."""
    person = Candidate(camera_browser, interview)
    person.agree()
    yield person
    for page in person.context.pages:
        shots.take(page, "candidate-at-the-end")
    person.context.close()


def test_a_withdrawn_consent_stops_the_camera_at_once_and_the_interview_goes_on(
    interview: Made, candidate: Candidate, shots: Shots
) -> None:
    page = candidate.page

    def frames(after_seq: int) -> int:
        found = interview.records("observations", after_seq=after_seq)
        return sum(len(record["payload"]["frames"]) for record in found)

    interview.eventually("frames", lambda: frames(0) > 0)
    assert tracks(page) == ["live"]
    before = interview.last_seq()
    page.get_by_role("button", name="Watching: camera").click()
    page.get_by_role("switch", name="Camera").click()
    assert tracks(page) == ["ended"]
    shots.take(page, "camera-withdrawn")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Watching: focus, clipboard").wait_for()
    interview.eventually("camera off", lambda: interview.told("camera", before))
    assert interview.told("camera", before) == [{"state": "off"}]
    assert interview.told("consent", before) == [{"sensor": "camera", "granted": False}]
    off = max(record["seq"] for record in interview.records("event", after_seq=before))
    output(run(page, 2, "print('go', 'on')"), "go on").wait_for()
    # The page's heartbeat goes on without a frame in it.
    interview.eventually(
        "heartbeats", lambda: len(interview.records("observations", after_seq=off)) >= 3
    )
    assert frames(off) == 0
    assert tracks(page) == ["ended"]


def test_a_running_cell_is_interrupted_by_its_button(
    candidate: Candidate, shots: Shots
) -> None:
    before = candidate.interview.last_seq()
    page = candidate.page
    cell = run(page, 3, "import time; print('began', flush=True); time.sleep(300)")
    output(cell, "began").wait_for()
    page.locator("[data-command='notebook:interrupt-kernel']").click()
    output(cell, "KeyboardInterrupt").wait_for()
    shots.take(page, "interrupted")
    output(run(page, 3, "print('after', 'it')"), "after it").wait_for()
    candidate.interview.eventually(
        "both ends", lambda: len(candidate.finished(before)) == 2
    )
    assert candidate.finished(before) == ["error", "ok"]
    assert candidate.kernel(before) == [("interrupted", candidate.hub_name)]


def test_python_is_restarted_from_the_menu_while_a_cell_runs(
    candidate: Candidate, shots: Shots
) -> None:
    before = candidate.interview.last_seq()
    page = candidate.page
    cell = run(page, 3, "gone = 1; print('began', flush=True); time.sleep(300)")
    output(cell, "began").wait_for()
    page.locator(".lm-MenuBar-itemLabel", has_text="Kernel").click()
    shots.take(page, "kernel-menu")
    page.locator(".lm-Menu-itemLabel", has_text="Restart Kernel…").first.click()
    page.get_by_role("dialog").get_by_text("Restart", exact=True).click()
    output(cell, "The kernel was restarted").wait_for()
    shots.take(page, "restarted")
    cell = run(page, 3, "print('gone' in globals(), 'is', 'new')")
    output(cell, "False is new").wait_for()
    candidate.interview.eventually(
        "both ends", lambda: len(candidate.finished(before)) == 2
    )
    assert candidate.finished(before) == ["error", "ok"]
    assert candidate.kernel(before) == [("restarted", candidate.hub_name)]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os; os._exit(1)", "Python stopped by itself"),
        (
            "hoard = []\nwhile True: hoard.append(b'x' * 2**24)",
            "it used more memory than it may",
        ),
    ],
    ids=["exit", "memory"],
)
def test_a_cell_that_kills_python_is_told_kindly_and_the_next_one_runs(
    candidate: Candidate, shots: Shots, source: str, why: str, request: Any
) -> None:
    before = candidate.interview.last_seq()
    page = candidate.page
    cell = run(page, 3, source)
    output(cell, why).wait_for()
    note = page.locator(".jp-nbinterview-Notice", has_text="Python was started again")
    note.wait_for()
    shots.take(page, f"kernel-died-{request.node.callspec.id}")
    # Nothing that takes the focus while somebody types.
    assert page.get_by_role("dialog").count() == 0
    candidate.interview.eventually(
        "a new Python", lambda: ("restarted", "room") in candidate.kernel(before)
    )
    assert candidate.kernel(before) == [("died", "kernel"), ("restarted", "room")]
    output(run(page, 3, "print('alive', 'again')"), "alive again").wait_for()
    shots.take(page, f"kernel-again-{request.node.callspec.id}")
    candidate.interview.eventually(
        "both ends", lambda: len(candidate.finished(before)) == 2
    )
    assert candidate.finished(before) == ["error", "ok"]


def test_a_run_outlives_the_page_that_asked_for_it(
    candidate: Candidate, shots: Shots
) -> None:
    before = candidate.interview.last_seq()
    source = (
        "import time\nfor i in range(6): print('tick', i, flush=True); time.sleep(1)"
    )
    output(run(candidate.page, 4, source), "tick 0").wait_for()
    candidate.page.close()
    page = candidate.come_back()
    cell = page.locator(".jp-CodeCell").nth(4)
    shown = cell.locator(".jp-OutputArea")
    expect(shown).to_contain_text("tick 5", timeout=TIMEOUT_MS)
    expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
    shots.take(page, "came-back")
    assert shown.inner_text().split() == [w for i in range(6) for w in ("tick", str(i))]
    candidate.interview.eventually("its end", lambda: candidate.finished(before))
    assert candidate.finished(before) == ["ok"]


def test_work_goes_on_while_the_service_is_away_and_arrives_afterwards(
    running: Platform, interview: Made, candidate: Candidate, shots: Shots
) -> None:
    page = candidate.page
    service = part(running, "nbinterview.service")
    assert service is not None
    before = interview.last_seq()
    service.suspend()
    try:
        code_cell(page, 5).click()
        page.keyboard.type("missed = 'nobody was listening'; missed.upper()", delay=30)
        page.keyboard.press("Shift+Enter")
        cell = page.locator(".jp-CodeCell").nth(5)
        output(cell, "NOBODY WAS LISTENING").wait_for()
        page.get_by_text("Saved", exact=True).wait_for()
        shots.take(page, "service-away")
    finally:
        service.kill()
    wait_for("the service", lambda: answers_again(running, service.pid), timeout_s=30)
    found = interview.eventually(
        "what was typed meanwhile",
        lambda: interview.records("execution.finished", after_seq=before),
    )
    assert found[-1]["payload"]["status"] == "ok"
    numbers = [record["seq"] for record in interview.records()]
    assert numbers == list(range(1, len(numbers) + 1))
    typed = [
        record["payload"]["edit"].get("inserted_chars", 0)
        for record in interview.records("document", after_seq=before)
        if record["author"] == candidate.hub_name
    ]
    assert sum(typed) == len("missed = 'nobody was listening'; missed.upper()")


def answers_again(running: Platform, old_pid: int) -> bool:
    """Return whether the supervisor has started another service, and it answers."""
    service = part(running, "nbinterview.service")
    if service is None or service.pid == old_pid:
        return False
    try:
        running.cli("interview", "list", "--json")
    except AssertionError:
        return False
    return True


@pytest.fixture(scope="module")
def ended(running: Platform, interview: Made, candidate: Candidate) -> Made:
    """The interview after its end, with the candidate's page open until then."""
    expect(candidate.page.get_by_text("The interview has ended")).to_have_count(0)
    running.cli("interview", "end", interview.id)
    return interview


def test_an_ended_interview_says_so_on_the_page_and_by_the_link(
    running: Platform,
    ended: Made,
    candidate: Candidate,
    visit: Callable[..., BrowserContext],
    shots: Shots,
    tmp_path: Path,
) -> None:
    page, interview = candidate.page, ended
    page.get_by_text("The interview has ended", exact=True).wait_for()
    shots.take(page, "ended-page")
    assert page.get_by_text("nothing more is watched").is_visible()
    assert set(tracks(page)) <= {"ended"}
    # The link leads to the candidate's own record, and nowhere else.
    later = visit().new_page()
    later.goto(interview.invitation(CANDIDATE)["url"])
    later.get_by_text("This interview has ended").wait_for()
    shots.take(later, "link-ended")
    later.get_by_role("button", name="Open my record").click()
    later.wait_for_url("**/my-record")
    shots.take(later, "my-record")
    interview.eventually(
        "the end",
        lambda: [
            record
            for record in interview.records("interview.state")
            if record["payload"]["state"] == "ended"
        ],
    )
    target = tmp_path / "record.jsonl.gz"
    running.cli("record", "export", interview.id, str(target))
    with gzip.open(target, "rt", encoding="utf-8") as lines:
        exported = [json.loads(line) for line in lines][1:]
    told = [r["payload"]["event"] for r in exported if r["kind"] == "event"]
    cameras = [each["state"] for each in told if each["name"] == "camera"]
    assert cameras == ["denied", "missing", "on", "off"]
    numbers = [record["seq"] for record in exported]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_record_of_an_ended_interview_ends_with_the_rooms_own_end(
    ended: Made,
) -> None:
    ended.eventually("the room's end", lambda: ended.records("room.stopped"))
    assert ended.records()[-1]["kind"] == "room.stopped"
