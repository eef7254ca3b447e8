"""The pages in a real browser, signed in through a real hub.

Set NBINTERVIEW_ARTIFACTS to a directory to keep screenshots of every page.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    expect,
    sync_playwright,
)

from nbinterview.tokens import room_token
from tests.service.hub_process import RunningHub
from tests.service.service_process import running_service
from tests.service.support import notebook
from tests.service.test_findings_words import watched

TIMEOUT_MS = 20_000


@pytest.fixture(scope="module")
def service(
    hub: RunningHub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHub]:
    """A service process; the hub it belongs to."""
    with running_service(hub, tmp_path_factory.mktemp("service") / "log"):
        yield hub


@pytest.fixture(scope="module")
def chromium(service: RunningHub) -> Iterator[Browser]:
    """A browser in which the service's own host leads to it, as the proxy would."""
    rule = (
        f"MAP nbinterview--service.localhost 127.0.0.1:{service.addresses.service_port}"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={rule}"],
        )
        yield browser
        browser.close()


class Visit:
    """One person's browser; fails a test for what its console complains about."""

    def __init__(self, context: BrowserContext, hub: RunningHub) -> None:
        context.set_default_timeout(TIMEOUT_MS)
        self.context = context
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._listen)
        self._hub = hub

    def _listen(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def sign_in(self, name: str, path: str = "") -> None:
        self.page.goto(self._hub.addresses.service_url + path)
        self.page.locator("#username_input").fill(name)
        self.page.locator("#password_input").fill("x")
        self.page.locator("#login_submit").click()
        self.page.wait_for_url(f"{self._hub.addresses.service_url}**")

    def keep(self, name: str) -> None:
        """Keep a picture of the page, by day and by night."""
        directory = os.environ.get("NBINTERVIEW_ARTIFACTS")
        if directory:
            size = self.page.viewport_size
            for width in sorted({size["width"], 390}) if size else ():
                self.page.set_viewport_size({"width": width, "height": 860})
                for scheme in ("light", "dark"):
                    self.page.emulate_media(color_scheme=scheme)
                    path = Path(directory) / f"service-{name}-{width}-{scheme}.png"
                    self.page.screenshot(path=path, full_page=True)
            if size:
                self.page.set_viewport_size(size)


@pytest.fixture
def visit(chromium: Browser, service: RunningHub) -> Iterator[Any]:
    """Open browsers of their own for people."""
    opened: list[Visit] = []

    def open_one(**options: Any) -> Visit:
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 860}, **options}
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        opened.append(Visit(context, service))
        return opened[-1]

    yield open_one
    complaints = [text for one in opened for text in one.complaints]
    for one in opened:
        one.context.close()
    assert complaints == []


@pytest.fixture
def template(tmp_path: Path) -> Path:
    output = {"output_type": "stream", "name": "stdout", "text": "42\n"}
    cells = notebook()["cells"]
    cells[1]["outputs"] = [output]
    path = tmp_path / "wine.ipynb"
    path.write_text(json.dumps(notebook(*cells)))
    return path


def _operator_creates(service: RunningHub, **body: Any) -> dict[str, Any]:
    answer = httpx.post(
        service.addresses.service_api + "/interviews",
        json={
            "template": notebook(),
            "candidate": "Cara Candidate",
            "interviewers": ["Ines Interviewer"],
            "policy": "standard",
            **body,
        },
        headers={"Authorization": f"Bearer {service.home.secret('operator_token')}"},
        trust_env=False,
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    for invitation, group in zip(
        made["invitations"], ("candidates", "interviewers"), strict=False
    ):
        service.ensure_user(invitation["person"]["hub_name"], group)
    return made


def _names(made: dict[str, Any]) -> tuple[str, str]:
    candidate, interviewer, *_ = made["invitations"]
    return candidate["person"]["hub_name"], interviewer["person"]["hub_name"]


def test_an_interviewer_makes_opens_and_ends_an_interview(
    service: RunningHub, visit: Any, template: Path
) -> None:
    made = _operator_creates(service, title="A first one")
    _, ines = _names(made)
    staff = visit()
    staff.sign_in(ines)
    page = staff.page
    expect(page.get_by_role("heading", name="Interviews", exact=True)).to_be_visible()
    page.get_by_role("textbox", name="Candidate").fill("Nia Okonkwo-Brandt")
    page.get_by_label("Template notebook").set_input_files(template)
    page.get_by_label("Other interviewers").fill("Juan Núñez\nMei Lin")
    page.get_by_label("Title").fill("Data scientist, first talk")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    strict = page.get_by_role("radio", name="Strict")
    told = page.get_by_text("A camera is needed for this interview.")
    expect(told).to_be_hidden()
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowUp")  # round to the last one
    expect(strict).to_be_checked()
    expect(told).to_be_visible()
    page.get_by_role("checkbox", name="Documentation").check()
    staff.keep("home")
    page.get_by_text("Accommodations for this candidate").click()
    page.get_by_label("wider").filter(has_text="1.5").first.select_option(index=2)
    staff.keep("home-accommodations")
    page.get_by_role("button", name="Make interview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Data scientist, first talk"
    )
    expect(page.get_by_text("outputs of 1 cell removed")).to_be_visible()
    expect(page.get_by_text("Scheduled")).to_be_visible()
    expect(page.get_by_text("Allowed: Documentation")).to_be_visible()
    expect(page.get_by_text("only you see this")).to_be_visible()

    page.get_by_role("button", name="Copy link").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert (
        copied
        == page.get_by_role("textbox", name="Link of Nia Okonkwo-Brandt").input_value()
    )
    assert "/hub/invitation?token=" in copied
    staff.keep("interview-scheduled")

    page.get_by_role("button", name="Withdraw the link of Mei Lin").click()
    expect(page.get_by_text("This link was withdrawn.")).to_be_visible()
    page.get_by_role("button", name="New link for Mei Lin").click()
    expect(page.get_by_text("This link was withdrawn.")).to_have_count(0)
    page.get_by_role("button", name="Open the interview").click()
    expect(page.get_by_text("Open now")).to_be_visible()
    staff.keep("interview-open")
    page.get_by_role("link", name="End the interview").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("End “Data scientist")
    staff.keep("end")
    page.get_by_role("button", name="End the interview").click()
    expect(page.get_by_role("link", name="Read the report")).to_be_visible()
    staff.keep("interview-ended")
    page.get_by_role("link", name="Interviews").click()
    expect(page.get_by_role("listitem")).to_have_count(2)


def test_a_fault_in_the_form_is_said_and_the_rest_is_kept(
    service: RunningHub, visit: Any, tmp_path: Path
) -> None:
    _, ines = _names(_operator_creates(service))
    picture = tmp_path / "picture.ipynb"
    picture.write_bytes(b"\x89PNG\r\n")
    staff = visit()
    staff.sign_in(ines)
    page = staff.page
    page.get_by_role("textbox", name="Candidate").fill("Nia")
    page.get_by_role("radio", name="Standard").check()
    page.get_by_label("Template notebook").set_input_files(picture)
    # Chromium logs the 400 of the page itself, at its own time.
    with page.expect_console_message(lambda said: "400" in said.text):
        page.get_by_role("button", name="Make interview").click()
    expect(page.get_by_role("alert")).to_contain_text("not a Jupyter notebook")
    expect(page.get_by_role("textbox", name="Candidate")).to_have_value("Nia")
    staff.keep("home-fault")
    assert len(staff.complaints) == 1
    staff.complaints.clear()


def test_a_candidate_waits_and_is_led_in_when_it_opens(
    service: RunningHub, visit: Any
) -> None:
    made = _operator_creates(service, title="Data scientist, first talk")
    cara, ines = _names(made)
    here = made["interview"]["id"]
    candidate = visit()
    candidate.sign_in(cara)  # home leads a candidate to the interview
    page = candidate.page
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "You are early, and that is fine"
    )
    candidate.keep("waiting")
    # The room's own host leads nowhere in these tests: what counts is the way there.
    led: list[str] = []
    room = f"http://room-{here}.localhost:{service.addresses.port}"

    def go(request: Request) -> None:
        # By a redirect too, which no route sees.
        if request.is_navigation_request() and request.url.startswith(room):
            led.append(request.url)

    page.on("request", go)
    candidate.context.route(f"{room}/**", lambda route: route.fulfill(body="the room"))
    staff = visit()
    staff.sign_in(ines, f"interviews/{here}")
    staff.page.get_by_role("button", name="Open the interview").click()
    page.wait_for_url(f"{room}/**")
    assert led[0] == (
        f"{room}/user/room-{here}/lab/workspaces/{cara}/tree/interview.ipynb"
    )
    staff.page.get_by_role("link", name="End the interview").click()
    staff.page.get_by_role("button", name="End the interview").click()
    page.goto(f"{service.addresses.service_url}interviews/{here}/enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The interview has ended")
    candidate.keep("ended")


def test_a_candidate_contests_and_a_reviewer_decides(
    service: RunningHub, visit: Any
) -> None:
    made = _operator_creates(service, title="Wine prices", reviewer="Rita Reviewer")
    here = made["interview"]["id"]
    cara, _ = _names(made)
    rita = made["invitations"][2]["person"]["hub_name"]
    service.ensure_user(rita, "reviewers")
    room = room_token(service.home.secret("room_key"), here)
    records = {"records": watched(here).records}
    _post(service, f"/rooms/{here}/records", room, json=records)
    _post(service, f"/interviews/{here}/end", service.home.secret("operator_token"))

    candidate = visit()
    candidate.sign_in(cara, f"interviews/{here}/enter")
    page = candidate.page
    candidate.keep("ended-candidate")
    page.get_by_role("link", name="See your record").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your record")
    answer = page.get_by_text("Add to your answer: Looking away")
    answer.focus()
    page.keyboard.press("Enter")
    page.get_by_label("What happened, in your own words").first.fill(
        "The door bell rang, and I looked there."
    )
    page.get_by_role("button", name="Keep my answer").first.click()
    said = page.get_by_text("The door bell rang")
    expect(said).to_be_visible()
    expect(page).to_have_url(re.compile(r"/my-record#entry-e1$"))
    candidate.keep("my-record")
    _wraps(page)

    reviewer = visit()
    reviewer.sign_in(rita, f"interviews/{here}/findings")
    page = reviewer.page
    expect(page.get_by_text("The door bell rang")).to_be_visible()
    page.get_by_role("radio", name="Uphold").check()
    with page.expect_console_message(lambda told: "400" in told.text):
        page.get_by_role("button", name="Keep this decision").click()
    expect(page.get_by_role("alert")).to_contain_text("write why")
    expect(page.get_by_role("radio", name="Uphold")).to_be_checked()
    reviewer.keep("findings-fault")
    reviewer.complaints.clear()
    page.get_by_role("textbox", name="Reason").fill("Text appeared at the same moment.")
    page.get_by_role("button", name="Keep this decision").click()
    expect(page.get_by_role("list").get_by_text("Upheld by Rita")).to_be_visible()
    reviewer.keep("findings")
    _wraps(page)


def _wraps(page: Page) -> None:
    """Hold a page to its width on a phone: only its tables scroll."""
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _post(service: RunningHub, path: str, token: str, **more: Any) -> None:
    answer = httpx.post(
        service.addresses.service_api + path,
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
        timeout=30,
        **more,
    )
    assert answer.is_success, answer.text


def test_a_phone_is_told_kindly_and_may_go_on(service: RunningHub, visit: Any) -> None:
    cara, _ = _names(_operator_creates(service))
    phone = visit(
        viewport={"width": 390, "height": 844},
        user_agent=(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) "
            "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 "
            "Safari/604.1"
        ),
    )
    phone.sign_in(cara)
    page = phone.page
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Please come with a computer"
    )
    phone.keep("phone")
    page.get_by_role("link", name="Go on all the same").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You are early")


def test_somebody_elses_interview_does_not_exist(
    service: RunningHub, visit: Any
) -> None:
    here = _operator_creates(service)["interview"]["id"]
    _, stranger = _names(_operator_creates(service))
    staff = visit()
    staff.sign_in(stranger)
    # Chromium logs the 404 of the page itself, at its own time.
    with staff.page.expect_console_message(lambda said: "404" in said.text):
        staff.page.goto(f"{service.addresses.service_url}interviews/{here}")
    expect(staff.page.get_by_role("heading", level=1)).to_have_text("Not found")
    staff.keep("not-found")
    staff.complaints.clear()
